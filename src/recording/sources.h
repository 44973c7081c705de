/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of recordings. Each fills `t`, which the caller frees after an error too. */
#ifndef KI_SRC_RECORDING_SOURCES_H
#define KI_SRC_RECORDING_SOURCES_H

#include <kinising/io.h>
#include <kinising/recording.h>

#include "recording/trains.h"

/* Whether an open file is one, and its spikes. */
int ki_is_nwb(const ki_reader *r);
int ki_read_nwb(ki_reader *r, const ki_recording_options *o, ki_trains *t);
int ki_is_unit_time(const ki_reader *r);
int ki_read_unit_time(ki_reader *r, const ki_recording_options *o, ki_trains *t);
int ki_is_tsgroup(const ki_reader *r);
int ki_read_tsgroup(ki_reader *r, const ki_recording_options *o, ki_trains *t);
int ki_is_cells(const ki_reader *r, const ki_recording_options *o);
int ki_read_cells(ki_reader *r, const ki_recording_options *o, ki_trains *t);

/* A folder of Phy's or Kilosort's. */
int ki_read_phy(const char *folder, const ki_recording_options *o, ki_trains *t);

/* A matrix of bins. */
int ki_read_matrix(ki_reader *r, const char *path, const ki_recording_options *o,
                   const ki_run_options *run, ki_recording_notes *notes, ki_raster **out);

#endif
