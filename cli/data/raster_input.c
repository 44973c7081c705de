/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings from files of arrays. */
#include "data/raster_input.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/memory.h"
#include "shell/message.h"

enum { TRIAL, TIME, UNIT, N_AXES };
static const char *const axis_names[N_AXES] = {"trial", "time", "unit"};

/* Place of each axis among the dimensions of the array, -1 if there is none. */
typedef struct layout {
    int place[N_AXES];
    int count;
} layout;

static int bad_axes(const char *text) {
    char quoted[QUOTE_SIZE];

    return complain(STATUS_USAGE,
                    "--axes : %s : time and unit, perhaps trial, in the order of the dimensions, "
                    "such as time,unit",
                    quote_text(quoted, text, strlen(text)));
}

static int parse_axes(const char *text, layout *l) {
    const char *at = text;

    l->count = 0;
    for (int a = 0; a < N_AXES; a++)
        l->place[a] = -1;
    for (;;) {
        const size_t length = strcspn(at, ",");
        int found = -1;
        for (int a = 0; a < N_AXES; a++)
            if (strlen(axis_names[a]) == length && strncmp(at, axis_names[a], length) == 0)
                found = a;
        if (found < 0 || l->place[found] >= 0)
            return bad_axes(text);
        l->place[found] = l->count++;
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    return l->place[TIME] < 0 || l->place[UNIT] < 0 ? bad_axes(text) : 0;
}

/* "3001 x 10" */
static const char *print_shape(const ki_array *a, char *out, size_t size) {
    size_t used = 0;

    out[0] = '\0';
    for (int d = 0; d < a->ndim && used < size; d++)
        used += (size_t)snprintf(out + used, size - used, "%s%zu", d ? " x " : "", a->shape[d]);
    return out;
}

/* No guess is made: the sentence says what is likely. */
static int no_axes(const char *path, const ki_array *a) {
    char shape[96];
    const int trials = a->ndim >= 3, d = a->ndim - 2;
    const int rows = a->ndim >= 2 && a->shape[d] >= a->shape[d + 1];

    return complain(STATUS_USAGE,
                    "--axes : %s holds %s of %s : --axes %s%s, if the longer one is time", path,
                    a->name, print_shape(a, shape, sizeof shape), trials ? "trial," : "",
                    rows ? "time,unit" : "unit,time");
}

static int is_matrix(const ki_array *a) {
    return a->type != KI_STRING && a->ndim >= 2;
}

/* The array that is meant. */
static int choose(ki_reader *r, const char *path, const char *key, const char *preferred,
                  size_t *out) {
    char names[256] = "";
    ptrdiff_t found = key ? ki_reader_find(r, key) : preferred ? ki_reader_find(r, preferred) : -1;
    size_t matrices = 0, used = 0;

    if (!key && found < 0)
        found = ki_reader_find(r, "raster");
    if (found >= 0) {
        *out = (size_t)found;
        return 0;
    }
    for (size_t i = 0; i < ki_reader_count(r); i++) {
        const ki_array *a = ki_reader_info(r, i);
        if (!is_matrix(a))
            continue;
        *out = i;
        matrices++;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     matrices > 1 ? ", " : "", a->name);
    }
    if (key) {
        char quoted[QUOTE_SIZE];
        return complain(STATUS_USAGE, "--key : %s is not in %s : one of %s",
                        quote_text(quoted, key, strlen(key)), path,
                        matrices ? names : "another file, this one has no matrix");
    }
    if (matrices != 1)
        return complain(STATUS_USAGE, "%s : %s : %s%s", path,
                        matrices ? "holds several matrices" : "holds no matrix",
                        matrices ? "--key " : "one of 0/1 or -1/+1", matrices ? names : "");
    return 0;
}

/* Axes against dimensions; dimensions in front that have one element are passed over. */
static int match(const char *path, const raster_options *o, const ki_array *a, layout *l) {
    char shape[96];

    if (!o->axes)
        return no_axes(path, a);
    int status = parse_axes(o->axes, l);
    if (status)
        return status;
    int more = a->ndim - l->count;
    for (int d = 0; d < more; d++)
        if (a->shape[d] != 1)
            more = -1;
    if (more < 0)
        return complain(STATUS_USAGE,
                        "--axes : %d are named, and %s of %s is %s : one for each "
                        "dimension",
                        l->count, a->name, path, print_shape(a, shape, sizeof shape));
    for (int x = 0; x < N_AXES; x++)
        if (l->place[x] >= 0)
            l->place[x] += more;
    for (int d = 0; d < a->ndim; d++)
        if (a->shape[d] == 0)
            return complain(STATUS_USAGE, "%s : %s is %s : at least one unit and bin", path,
                            a->name, print_shape(a, shape, sizeof shape));
    return 0;
}

static size_t extent(const ki_array *a, int place) {
    return place < 0 ? 1 : a->shape[place];
}

/* Bytes from one index of a dimension to the next. */
static ptrdiff_t stride(const ki_array *a, int place) {
    size_t bytes = a->type == KI_INT8 ? 1 : 8;

    for (int d = place + 1; d < a->ndim; d++)
        bytes *= a->shape[d];
    return place < 0 ? 0 : (ptrdiff_t)bytes;
}

/* Trials of the file, each cut into parts of `trial_length`. */
static uint64_t *cut(size_t trials, size_t bins, uint64_t length, size_t *count) {
    const size_t each = length && length < bins ? (size_t)length : bins;
    const size_t parts = (bins + each - 1) / each;
    uint64_t *out = get_memory("trials", trials * parts, sizeof *out);

    *count = trials * parts;
    for (size_t k = 0; out && k < *count; k++)
        out[k] = k % parts + 1 < parts ? each : bins - (parts - 1) * each;
    return out;
}

static int convert(const char *path, const raster_options *o, const ki_array *a, const layout *l,
                   ki_raster **out) {
    const size_t trials = extent(a, l->place[TRIAL]), bins = extent(a, l->place[TIME]);
    size_t count;
    uint64_t *each = cut(trials, bins, o->trial_length, &count);

    if (!each)
        return STATUS_FAILED;
    int error =
        ki_raster_create(extent(a, l->place[UNIT]), count, each, o->bin > 0 ? o->bin : NAN, out);
    free(each);
    if (error)
        return complain_library(error);
    for (size_t k = 0; k < trials && !error; k++) {
        const ki_raster_values values = {
            (const char *)a->data + (ptrdiff_t)k * stride(a, l->place[TRIAL]), a->type,
            stride(a, l->place[TIME]), stride(a, l->place[UNIT])};
        error = ki_raster_fill(*out, k * bins, bins, &values);
    }
    if (error) {
        ki_raster_free(*out);
        *out = NULL;
        return complain_input(error, path);
    }
    return 0;
}

int raster_read(const char *path, const raster_options *o, const char *preferred, ki_raster **out) {
    ki_reader *r = NULL;
    ki_array a;
    layout l;
    size_t which = 0;
    int error = ki_reader_open(path, &r);

    *out = NULL;
    if (error)
        return complain_input(error, path);
    int status = choose(r, path, o->key, preferred, &which);
    if (!status && !is_matrix(ki_reader_info(r, which)))
        status = complain(STATUS_USAGE, "%s : %s is no matrix of numbers : one of 0/1 or -1/+1",
                          path, ki_reader_info(r, which)->name);
    if (!status)
        status = match(path, o, ki_reader_info(r, which), &l);
    if (!status) {
        error = ki_reader_read(r, which, &a);
        if (error) {
            status = complain_input(error, path);
        } else {
            status = convert(path, o, &a, &l, out);
            ki_array_free(&a);
        }
    }
    ki_reader_close(r);
    return status;
}
