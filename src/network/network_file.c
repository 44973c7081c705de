/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks in files: H (N), J (N, N), beta (one number, optional). */
#include <kinising/io.h>
#include <kinising/network.h>

#include "base/error.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_PATH = 160 };

/* What ki_network_file_free() frees; `file` comes first, its address is the handle. */
typedef struct owned {
    ki_network_file file;
    double *H, *J;
} owned;

static int fail(int error, const char *path, const char *why, const char *right) {
    const size_t length = strlen(path);
    const int cut = length > SHOWN_PATH;

    return ki_fail(error, "%s%s : %s : %s", cut ? "..." : "",
                   cut ? path + length - SHOWN_PATH : path, why, right);
}

static const char form[] =
    "a network file has H (N), J (N,N) and beta (one number, may be missing)";

/* Its place in the file, -1 if it is missing. The shape is not looked at. */
static int find(const char *path, const ki_reader *r, const char *key, ptrdiff_t *index) {
    const ki_array *info;
    char why[96];

    *index = ki_reader_find(r, key);
    if (*index < 0)
        return 0;
    info = ki_reader_info(r, (size_t)*index);
    if (info->type != KI_STRING)
        return 0; /* what cannot be read says so when it is read */
    snprintf(why, sizeof why, "%s holds text", key);
    return fail(KI_ERR_FORMAT, path, why, form);
}

static int need(const char *path, const ki_reader *r, const char *key, ptrdiff_t *index) {
    char why[96];
    int error = find(path, r, key, index);

    if (error || *index >= 0)
        return error;
    snprintf(why, sizeof why, "has no array %s", key);
    return fail(KI_ERR_FORMAT, path, why, form);
}

/* "3 x 4", "a scalar". */
static void describe(const ki_array *a, char out[112]) {
    size_t used = 0;

    if (a->ndim == 0)
        snprintf(out, 112, "a scalar");
    for (int d = 0; d < a->ndim; d++)
        used += (size_t)snprintf(out + used, 112 - used, d ? " x %zu" : "%zu", a->shape[d]);
}

static int bad_shape(const char *path, const char *key, const ki_array *a) {
    char shape[112], why[192];

    describe(a, shape);
    snprintf(why, sizeof why, "the shape of %s is %s%s", key, shape,
             a->ndim == 1 ? " (one dimension)" : "");
    return fail(KI_ERR_FORMAT, path, why, form);
}

/* Numbers of any type as doubles, to be freed by ki_free. */
static int read_doubles(const char *path, ki_reader *r, ptrdiff_t index, double **out) {
    ki_array a;
    size_t count = 1;
    double *x;
    int error = ki_reader_read(r, (size_t)index, &a);

    if (error)
        return error;
    if (a.type == KI_FLOAT64) {
        *out = (double *)a.data;
        return 0;
    }
    for (int d = 0; d < a.ndim; d++)
        count *= a.shape[d];
    x = ki_alloc(count, sizeof *x);
    if (!x)
        error = fail(KI_ERR_NOMEM, path, "no memory left for reading it", "a machine with more");
    for (size_t k = 0; !error && k < count; k++)
        x[k] = a.type == KI_INT64 ? (double)((const int64_t *)a.data)[k]
                                  : (double)((const int8_t *)a.data)[k];
    ki_array_free(&a);
    if (!error)
        *out = x;
    return error;
}

static int read_beta(const char *path, ki_reader *r, ptrdiff_t index, ki_network_file *file) {
    const ki_array *info;
    double *x = NULL;
    int error;

    file->view.beta = 1;
    file->has_beta = index >= 0;
    if (index < 0)
        return 0;
    info = ki_reader_info(r, (size_t)index);
    for (int d = 0; d < info->ndim; d++)
        if (info->shape[d] != 1)
            return bad_shape(path, "beta", info);
    error = read_doubles(path, r, index, &x);
    if (!error)
        file->view.beta = *x;
    ki_free(x);
    return error;
}

/* Shapes first, so that nothing large is read in vain. */
static int check_shapes(const char *path, const ki_reader *r, ptrdiff_t H, ptrdiff_t J,
                        uint64_t *n) {
    const ki_array *fields = ki_reader_info(r, (size_t)H);
    const ki_array *couplings = ki_reader_info(r, (size_t)J);
    char why[128];

    if (fields->type && (fields->ndim != 1 || fields->shape[0] == 0))
        return bad_shape(path, "H", fields);
    if (couplings->type && (couplings->ndim != 2 || couplings->shape[0] != couplings->shape[1]))
        return bad_shape(path, "J", couplings);
    if (fields->type && couplings->type && fields->shape[0] != couplings->shape[0]) {
        snprintf(why, sizeof why, "H has %zu elements and J is %zu x %zu", fields->shape[0],
                 couplings->shape[0], couplings->shape[1]);
        return fail(KI_ERR_FORMAT, path, why, form);
    }
    *n = fields->shape[0];
    return 0;
}

static int read_network(const char *path, ki_reader *r, owned *o) {
    ptrdiff_t H, J, beta;
    int error = need(path, r, "H", &H);

    if (!error)
        error = need(path, r, "J", &J);
    if (!error)
        error = find(path, r, "beta", &beta);
    if (!error)
        error = check_shapes(path, r, H, J, &o->file.view.n);
    if (!error)
        error = read_beta(path, r, beta, &o->file);
    if (!error)
        error = read_doubles(path, r, H, &o->H);
    if (!error)
        error = read_doubles(path, r, J, &o->J);
    if (error)
        return error;
    o->file.view.H = o->H;
    o->file.view.J = o->J;
    return ki_network_check(&o->file.view);
}

int ki_network_read(const char *path, ki_network_file **out) {
    ki_reader *r = NULL;
    owned *o;
    int error;

    if (!out)
        return ki_fail(KI_ERR_ARGUMENT, "out : is NULL : a place for the network");
    error = ki_reader_open(path, &r);
    if (error)
        return error;
    o = ki_alloc(1, sizeof *o);
    if (!o) {
        error = fail(KI_ERR_NOMEM, path, "no memory left for reading it", "a machine with more");
    } else {
        *o = (owned){.H = NULL};
        error = read_network(path, r, o);
    }
    ki_reader_close(r);
    if (error)
        ki_network_file_free(o ? &o->file : NULL);
    else
        *out = &o->file;
    return error;
}

void ki_network_file_free(ki_network_file *network) {
    owned *o = (owned *)network;

    if (!o)
        return;
    ki_free(o->H);
    ki_free(o->J);
    ki_free(o);
}

int ki_network_write(const char *path, const ki_network *network, const char *provenance) {
    int error = ki_network_check(network);

    if (error)
        return error;
    const size_t n = (size_t)network->n;
    const ki_array arrays[] = {
        {.name = "H", .type = KI_FLOAT64, .ndim = 1, .shape = {n}, .data = network->H},
        {.name = "J", .type = KI_FLOAT64, .ndim = 2, .shape = {n, n}, .data = network->J},
        {.name = "beta", .type = KI_FLOAT64, .ndim = 0, .data = &network->beta}};

    return ki_write_arrays(path, 3, arrays, provenance);
}
