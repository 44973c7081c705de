/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints what ki_reader makes of a file, for tests/python/test_reading.py: a line per array, `name
 * type shape values`, or `name ! sentence`. Exit status 2 and the sentence if the file cannot be
 * opened. */
#include <kinising/kinising.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Elements that came in parts, too. */
static size_t seen;

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

static int same_part(void *user, const ki_part *p) {
    const ki_array *a = user;
    const size_t item = a->type == KI_INT8 ? 1 : 8;
    size_t n[4] = {1, 1, 1, 1}, at[4];

    for (int d = 0; d < p->ndim; d++)
        n[d] = p->shape[d];
    for (at[0] = 0; at[0] < n[0]; at[0]++)
        for (at[1] = 0; at[1] < n[1]; at[1]++)
            for (at[2] = 0; at[2] < n[2]; at[2]++)
                for (at[3] = 0; at[3] < n[3]; at[3]++) {
                    const char *from = p->data;
                    size_t to = 0;

                    for (int d = 0; d < p->ndim; d++) {
                        from += (ptrdiff_t)at[d] * p->stride[d];
                        to = to * a->shape[d] + p->start[d] + at[d];
                    }
                    if (memcmp(from, (const char *)a->data + to * item, item) != 0)
                        return KI_ERR_INTERNAL;
                    seen++;
                }
    return 0;
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
    seen = 0;
    if (a.type != KI_STRING && (ki_reader_parts(r, i, same_part, &a) || seen != count))
        printf("its parts differ");
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
