/* SPDX-License-Identifier: BSD-3-Clause */
/* The formats that can be read, each in a file of its own. */
#ifndef KI_SRC_IO_READ_FORMATS_H
#define KI_SRC_IO_READ_FORMATS_H

#include "io/read/entry.h"

extern const ki_reader_format ki_npz_reader;
extern const ki_reader_format ki_npy_reader;
extern const ki_reader_format ki_hdf5_reader;
extern const ki_reader_format ki_mat_reader;
extern const ki_reader_format ki_csv_reader;

#endif
