/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_READ_ELEMENTS_H
#define KI_SRC_IO_READ_ELEMENTS_H

#include "io/read/entry.h"

#include <stddef.h>
#include <stdint.h>

/* `n` bytes, the lowest first. */
uint64_t ki_little_endian(const unsigned char *bytes, size_t n);

/* Strings while they are collected: pointers first, then the text they point to. */
typedef struct ki_strings {
    char **text;
    char *next;
} ki_strings;

ki_strings ki_strings_in(void *out, size_t count);
/* Bytes of text, up to the first of trailing zeros. NULL or why it is no string. */
const char *ki_strings_add(ki_strings *s, size_t index, const unsigned char *text, size_t length);

/* Elements between what was read and the array: their types, byte and index order. */
int ki_elements_put(const ki_reader *r, const ki_entry *e, uint64_t first, size_t n,
                    const unsigned char *raw, void *out, ki_strings *strings);

#endif
