/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_WRITE_ARRAY_H
#define KI_SRC_IO_WRITE_ARRAY_H

#include <kinising/io.h>

#include <stddef.h>

/* What a file is to hold: legal distinct names, known types, extents whose product in bytes fits
 * size_t, valid UTF-8, no NULL where data is due. */
typedef struct ki_content {
    size_t n;
    const ki_array *arrays;
    const ki_label *labels;         /* [n], or NULL */
    const char *provenance;         /* or NULL */
    const ki_array_source *sources; /* [n], or NULL */
} ki_content;

/* That it is so, or KI_ERR_ARGUMENT. */
int ki_content_check(const ki_content *content);

/* What array k is made of while it is written, or NULL if its data is there. */
const ki_array_source *ki_content_source(const ki_content *content, size_t k);

/* Product of the extents, 1 for a scalar. */
size_t ki_array_count(const ki_array *array);

#endif
