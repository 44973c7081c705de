/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays part by part. */
#ifndef KI_SRC_IO_READ_PARTS_H
#define KI_SRC_IO_READ_PARTS_H

#include "io/read/entry.h"

#include <stddef.h>

/* Elements of a part, where memory of our own is taken for it. */
enum { KI_PART_ELEMENTS = 1 << 16 };

/* The next `n` elements of the file into `out`, converted. */
typedef int (*ki_next_fn)(void *state, size_t n, void *out);

/* Bytes of an element as it is handed out. */
size_t ki_part_item(const ki_entry *e);

/* Parts into a whole, row-major array. */
typedef struct ki_gather {
    const ki_array *info;
    char *out;
} ki_gather;
int ki_part_gather(void *gather, const ki_part *part);

/* Parts of an array whose elements come one after the other: the last index fastest, or the first if
 * e->fortran. */
int ki_parts_in_order(const ki_reader *r, const ki_entry *e, ki_next_fn next, void *state,
                      ki_part_fn take, void *user);

#endif
