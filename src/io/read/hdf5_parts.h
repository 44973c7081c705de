/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_READ_HDF5_PARTS_H
#define KI_SRC_IO_READ_HDF5_PARTS_H

#include "io/read/entry.h"

#include <stdint.h>

/* Parts of an open dataset whose storage has been checked: whole chunks, as far as there are any. */
int ki_hdf5_parts(const ki_reader *r, const ki_entry *e, int64_t set, ki_part_fn take, void *user);

#endif
