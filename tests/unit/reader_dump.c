/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints what ki_reader makes of a file, for tests/python/test_reading.py: a line per array, `name
 * type shape values`, or `name ! sentence`. Exit status 2 and the sentence if the file cannot be
 * opened. */
#include <kinising/kinising.h>

#include <inttypes.h>
#include <stdio.h>

static void print_value(const ki_array *a, size_t k) {
    if (a->type == KI_FLOAT64)
        printf(" %a", ((const double *)a->data)[k]);
    else if (a->type == KI_INT64)
        printf(" %" PRId64, ((const int64_t *)a->data)[k]);
    else if (a->type == KI_INT8)
        printf(" %d", ((const int8_t *)a->data)[k]);
    else
        for (const char *c = ((const char *const *)a->data)[k], *first = c; *c || c == first; c++) {
            printf(c == first ? " x%02x" : "%02x", (unsigned char)*c);
            if (!*c)
                break;
        }
}

static void print_array(ki_reader *r, size_t i) {
    const ki_array *info = ki_reader_info(r, i);
    ki_array a;
    size_t count = 1;

    printf("%s", info->name);
    if (ki_reader_read(r, i, &a)) {
        printf(" ! %s\n", ki_last_error());
        return;
    }
    printf(" %d (", a.type);
    for (int d = 0; d < a.ndim; d++) {
        printf("%zu,", a.shape[d]);
        count *= a.shape[d];
    }
    printf(")");
    for (size_t k = 0; k < count; k++)
        print_value(&a, k);
    printf("\n");
    ki_array_free(&a);
}

int main(int argc, char **argv) {
    ki_reader *r;

    if (argc != 2 || ki_reader_open(argv[1], &r)) {
        printf("%s\n", argc == 2 ? ki_last_error() : "usage: reader_dump FILE");
        return 2;
    }
    for (size_t i = 0; i < ki_reader_count(r); i++)
        print_array(r, i);
    ki_reader_close(r);
    return 0;
}
