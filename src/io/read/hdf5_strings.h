/* SPDX-License-Identifier: BSD-3-Clause */
/* Strings in HDF5. */
#ifndef KI_SRC_IO_READ_HDF5_STRINGS_H
#define KI_SRC_IO_READ_HDF5_STRINGS_H

#include "io/read/entry.h"

#include <stddef.h>
#include <stdint.h>

enum { KI_HDF5_STRING_BYTES = 16 }; /* of one of variable length, besides its text */

/* Strings of fixed length. */
int ki_hdf5_read_fixed(const ki_reader *r, const ki_entry *e, int64_t set, void *out,
                       uint64_t count);

/* Strings of variable length, kind 'V'. With `out` NULL: the bytes of their texts, each with its NUL, into *bytes;
 * else the strings, whose texts must fit into *bytes. */
int ki_hdf5_read_variable(const ki_reader *r, const ki_entry *e, int64_t set, void *out,
                          uint64_t *bytes);

#endif
