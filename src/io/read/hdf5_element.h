/* SPDX-License-Identifier: BSD-3-Clause */
/* What all that reads HDF5 has in common; empty without it. */
#ifndef KI_SRC_IO_READ_HDF5_ELEMENT_H
#define KI_SRC_IO_READ_HDF5_ELEMENT_H

#ifdef KI_HAVE_HDF5

#include "io/file/hdf5_session.h"
#include "io/read/entry.h"

#include <hdf5.h>
#include <stdint.h>

/* What a reader holds of HDF5. */
typedef struct ki_hdf5_file {
    hid_t id;
    uint64_t links; /* that were looked at */
    ki_hdf5_session session;
} ki_hdf5_file;

/* HDF5's words for what failed. */
const char *ki_hdf5_reason(const ki_reader *r);
int ki_hdf5_fail_entry(const ki_reader *r, const ki_entry *e);
/* What HDF5 is to convert elements to, and a look at those that are unsigned. */
hid_t ki_hdf5_memory_type(const ki_entry *e);
int ki_hdf5_check_unsigned(const ki_reader *r, const ki_entry *e, const uint64_t *x, uint64_t n);

#endif
#endif
