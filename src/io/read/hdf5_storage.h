/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_READ_HDF5_STORAGE_H
#define KI_SRC_IO_READ_HDF5_STORAGE_H

#include "io/read/entry.h"

#include <stdint.h>

/* That an open dataset is stored in as many bytes as it needs. */
int ki_hdf5_check_storage(const ki_reader *r, const ki_entry *e, int64_t set, int64_t plist);

#endif
