/* SPDX-License-Identifier: BSD-3-Clause */
#include "recording/arrays.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

int ki_recording_fail(const char *path, const char *right, const char *format, ...) {
    char why[384];
    va_list args;

    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    for (char *c = why; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return ki_fail(KI_ERR_FORMAT, "%s : %s : %s", path, why, right);
}

size_t ki_array_size(const ki_array *a) {
    size_t count = 1;

    for (int d = 0; d < a->ndim; d++)
        count *= a->shape[d];
    return count;
}

ptrdiff_t ki_find_vector(const ki_reader *r, const char *name) {
    const ptrdiff_t i = ki_reader_find(r, name);
    int long_ones = 0;

    if (i < 0)
        return -1;
    const ki_array *a = ki_reader_info(r, (size_t)i);
    for (int d = 0; d < a->ndim; d++)
        long_ones += a->shape[d] != 1;
    return a->type && a->type != KI_STRING && a->ndim && long_ones <= 1 ? i : -1;
}

int ki_read_reals(ki_reader *r, size_t i, const char *path, double **out, size_t *n) {
    ki_array a;
    int error = ki_reader_read(r, i, &a);

    if (error)
        return error;
    const size_t count = ki_array_size(&a);
    double *x = ki_alloc(count, sizeof *x);
    if (!x)
        error = ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu numbers : a machine with more", path,
                        count);
    else if (a.type == KI_STRING)
        error = ki_recording_fail(path, "numbers", "array %s holds strings", a.name);
    for (size_t k = 0; !error && k < count; k++)
        x[k] = a.type == KI_FLOAT64 ? ((const double *)a.data)[k]
               : a.type == KI_INT64 ? (double)((const int64_t *)a.data)[k]
                                    : (double)((const int8_t *)a.data)[k];
    ki_array_free(&a);
    if (error) {
        ki_free(x);
        return error;
    }
    *out = x;
    *n = count;
    return 0;
}

int ki_read_wholes(ki_reader *r, size_t i, const char *path, int64_t **out, size_t *n) {
    double *x = NULL;
    size_t count = 0;
    int error = ki_read_reals(r, i, path, &x, &count);
    int64_t *whole = NULL;

    if (error)
        return error;
    whole = ki_alloc(count, sizeof *whole);
    if (!whole)
        error = ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu numbers : a machine with more", path,
                        count);
    for (size_t k = 0; !error && k < count; k++)
        if (!(fabs(x[k]) <= 0x1p53) || x[k] != floor(x[k]))
            error = ki_recording_fail(path, "whole numbers", "array %s has %g at place %zu",
                                      ki_reader_info(r, i)->name, x[k], k);
        else
            whole[k] = (int64_t)x[k];
    ki_free(x);
    if (error) {
        ki_free(whole);
        return error;
    }
    *out = whole;
    *n = count;
    return 0;
}

int ki_find_unit(const char *path, const int64_t *ids, size_t n, int64_t id, size_t *out) {
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        if (ids[i] == id) {
            *out = i;
            found++;
        }
    if (found > 1)
        return ki_fail(KI_ERR_ARGUMENT,
                       "units : %zu units of %s have the number %" PRId64 " : another one", found,
                       path, id);
    if (!found)
        return ki_fail(KI_ERR_ARGUMENT,
                       "units : %s has no unit %" PRId64 " : one of its %zu units, from %" PRId64
                       " to %" PRId64,
                       path, id, n, n ? ids[0] : 0, n ? ids[n - 1] : 0);
    return 0;
}
