/* SPDX-License-Identifier: BSD-3-Clause */
/* CSV: a header row and one row per element, nothing else. */
#include "io/file/failure.h"
#include "io/write/formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int check(const char *path, const ki_content *content) {
    const ki_array *arrays = content->arrays;
    char why[256];

    for (size_t k = 0; k < content->n; k++) {
        if (ki_content_source(content, k))
            return ki_io_fail(KI_ERR_FORMAT, path, "a .csv takes no array part by part",
                              "use .npz or .h5");
        if (arrays[k].ndim != 1) {
            snprintf(why, sizeof why, "a .csv holds 1-D arrays only and %.64s has %d dimensions",
                     arrays[k].name, arrays[k].ndim);
            return ki_io_fail(KI_ERR_FORMAT, path, why, "use .npz or .h5");
        }
        if (arrays[k].shape[0] != arrays[0].shape[0]) {
            snprintf(why, sizeof why, "columns differ in length, %.64s has %zu rows and %.64s %zu",
                     arrays[0].name, arrays[0].shape[0], arrays[k].name, arrays[k].shape[0]);
            return ki_io_fail(KI_ERR_FORMAT, path, why,
                              "use .npz or .h5, or columns of one length");
        }
    }
    return 0;
}

static int put_text(ki_atomic *out, const char *text) {
    return ki_atomic_write(out, text, strlen(text));
}

/* %.17g brings a double back bit for bit. printf takes the decimal sign from the locale of the
 * program we live in; a CSV must not. */
static int put_float(ki_atomic *out, double x) {
    char text[64];
    size_t used = 0;

    if (isnan(x))
        return put_text(out, "nan");
    if (isinf(x))
        return put_text(out, x < 0 ? "-inf" : "inf");
    snprintf(text, sizeof text, "%.17g", x);
    for (size_t i = 0; text[i]; i++)
        if (strchr("0123456789+-e", text[i]))
            text[used++] = text[i];
        else if (text[used - 1] != '.') /* a decimal sign of several bytes becomes one point */
            text[used++] = '.';
    return ki_atomic_write(out, text, used);
}

static int put_int(ki_atomic *out, int64_t x) {
    char text[32];

    snprintf(text, sizeof text, "%" PRId64, x);
    return put_text(out, text);
}

/* Quotes when RFC 4180 asks for it, and when the bare text would read as something else: a leading
 * '#' as a comment, an empty only field as no row at all. */
static int put_string(ki_atomic *out, const char *text, int only) {
    const char *quote;
    int error;

    if (!strpbrk(text, ",\"\r\n") && text[0] != '#' && !(only && text[0] == '\0'))
        return put_text(out, text);
    error = ki_atomic_write(out, "\"", 1);
    while (!error && (quote = strchr(text, '"')) != NULL) {
        error = ki_atomic_write(out, text, (size_t)(quote - text) + 1);
        if (!error)
            error = ki_atomic_write(out, "\"", 1);
        text = quote + 1;
    }
    if (!error)
        error = put_text(out, text);
    return error ? error : ki_atomic_write(out, "\"", 1);
}

static int put_field(ki_atomic *out, const ki_array *column, size_t row, int only) {
    switch (column->type) {
    case KI_FLOAT64:
        return put_float(out, ((const double *)column->data)[row]);
    case KI_INT64:
        return put_int(out, ((const int64_t *)column->data)[row]);
    case KI_INT8:
        return put_int(out, ((const int8_t *)column->data)[row]);
    default:
        return put_string(out, ((const char *const *)column->data)[row], only);
    }
}

static int write_csv(ki_atomic *out, const ki_content *content) {
    const ki_array *arrays = content->arrays;
    const size_t n = content->n;
    int error = 0;

    for (size_t k = 0; k < n && !error; k++) {
        error = put_text(out, arrays[k].name);
        if (!error)
            error = ki_atomic_write(out, k + 1 < n ? "," : "\n", 1);
    }
    for (size_t row = 0; row < arrays[0].shape[0] && !error; row++) {
        for (size_t k = 0; k < n && !error; k++) {
            error = put_field(out, &arrays[k], row, n == 1);
            if (!error)
                error = ki_atomic_write(out, k + 1 < n ? "," : "\n", 1);
        }
    }
    return error;
}

const ki_writer_format ki_csv_writer = {
    .ending = ".csv", .provenance_beside = 1, .check = check, .write = write_csv};
