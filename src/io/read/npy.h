/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_READ_NPY_H
#define KI_SRC_IO_READ_NPY_H

#include "io/read/entry.h"

/* Reads the header of an array: info, kind, item, swapped, fortran, head. */
int ki_npy_head(const ki_reader *r, ki_entry *e);

/* The readers of an array behind such a header, for a table of formats. */
int ki_npy_read(ki_reader *r, const ki_entry *e, void *out);
int ki_npy_parts(ki_reader *r, const ki_entry *e, ki_part_fn take, void *user);

#endif
