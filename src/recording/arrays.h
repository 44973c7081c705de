/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays of a file, as recordings need them. */
#ifndef KI_SRC_RECORDING_ARRAYS_H
#define KI_SRC_RECORDING_ARRAYS_H

#include <stddef.h>
#include <stdint.h>

#include <kinising/io.h>

/* "path : why : right", control characters of the file's words as '?'. */
int ki_recording_fail(const char *path, const char *right, const char *format, ...) KI_PRINTF(3, 4);

/* Index of an array of numbers of that name in one dimension (others of extent 1); -1. */
ptrdiff_t ki_find_vector(const ki_reader *r, const char *name);

/* Elements of an array of numbers, ki_free()d by the caller. */
int ki_read_reals(ki_reader *r, size_t i, const char *path, double **out, size_t *n);

/* The same of whole numbers. */
int ki_read_wholes(ki_reader *r, size_t i, const char *path, int64_t **out, size_t *n);

/* Index of the unit that is called `id` among ids [n]; KI_ERR_ARGUMENT if there is none, or several. */
int ki_find_unit(const char *path, const int64_t *ids, size_t n, int64_t id, size_t *out);

size_t ki_array_size(const ki_array *a);

#endif
