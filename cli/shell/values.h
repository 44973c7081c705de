/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers and lists of numbers as users write them: 0.5 | 0.5,1,2 | start:stop:count. */
#ifndef KINISING_CLI_VALUES_H
#define KINISING_CLI_VALUES_H

#include <stddef.h>
#include <stdint.h>

/* Why a text was refused, and what would have been right. */
typedef struct refusal {
    char why[192];
    const char *right;
} refusal;

/* `count` evenly spaced values, both ends included and exact: numpy.linspace, bit for bit. */
typedef struct value_range {
    double start, stop;
    uint64_t count;
} value_range;

/* A list is kept as written, so that 0:1:2000000000 takes no memory before it has been judged. */
typedef struct value_list {
    value_range *ranges;
    size_t n_ranges;
    uint64_t count; /* values in all ranges; saturates at UINT64_MAX */
} value_list;

/* Each parser takes `length` bytes of `text`, returns 0 and fills `out`, or -1 and fills `no`. */

/* A decimal number or inf; never nan, never out of range of a double. */
int parse_real(const char *text, size_t length, double *out, refusal *no);

/* A whole number 0..2^64-1, exactly, in any decimal spelling: 10000, 1e4, 1.5e3. */
int parse_count(const char *text, size_t length, uint64_t *out, refusal *no);

/* A list; on success `out` owns memory until value_list_free(). -2 when memory is out. */
int parse_list(const char *text, size_t length, value_list *out, refusal *no);

void value_list_free(value_list *list);

/* The shortest of 15 or 17 digits that reads back as `x`. Returns `out`. */
enum { REAL_SIZE = 32 };
const char *print_real(char out[REAL_SIZE], double x);

/* "1.5 GiB". Returns `out`. */
enum { BYTES_SIZE = 32 };
const char *print_bytes(char out[BYTES_SIZE], double bytes);

/* Writes the `count` values of the list to `out`. */
void value_list_fill(const value_list *list, double *out);

#endif
