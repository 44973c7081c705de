/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw and connected moments, and the entropy production that they make. */
#include "network/moments.h"

#include <kinising/network.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "num/sum.h"

enum { SQUARE = 32 }; /* rows and columns, so that J and its transpose stay in the cache */

/* out = in + sign row column^T. */
static int combine(uint64_t n, const double *row, const double *column, const double *in,
                   double sign, double *out) {
    int error = ki_check_spins(n);

    error = error ? error : ki_check_pointer("row", row, "N means");
    error = error ? error : ki_check_pointer("column", column, "N means");
    error = error ? error : ki_check_pointer("moments", in, "N x N of them");
    error = error ? error : ki_check_pointer("result", out, "room for N x N");
    for (size_t i = 0; !error && i < n; i++)
        for (size_t j = 0; j < n; j++)
            out[i * n + j] = in[i * n + j] + sign * (row[i] * column[j]);
    return error;
}

int ki_moments_connect(uint64_t n, const double *row, const double *column, const double *raw,
                       double *connected) {
    return combine(n, row, column, raw, -1, connected);
}

int ki_moments_disconnect(uint64_t n, const double *row, const double *column,
                          const double *connected, double *raw) {
    return combine(n, row, column, connected, 1, raw);
}

typedef struct edges {
    size_t n;
    const double *J, *d, *own;
    double weight;
    double *spin, *edge;
} edges;

static int rows_of_edges(void *ctx, size_t task) {
    const edges *e = ctx;
    const size_t n = e->n, i0 = task * SQUARE, i1 = i0 + SQUARE < n ? i0 + SQUARE : n;
    double sum[SQUARE] = {0};

    for (size_t j0 = 0; j0 < n; j0 += SQUARE) {
        const size_t j1 = j0 + SQUARE < n ? j0 + SQUARE : n;
        for (size_t i = i0; i < i1; i++) {
            double part = 0;

            for (size_t j = j0; j < j1; j++) {
                double x = ki_edge(e->weight, e->J, n, i, j, e->d[i * n + j]);

                if (i == j && e->own)
                    x = e->own[i];
                part += x;
                if (e->edge)
                    e->edge[i * n + j] = x;
            }
            sum[i - i0] += part;
        }
    }
    for (size_t i = i0; i < i1; i++)
        e->spin[i] = sum[i - i0];
    return 0;
}

int ki_edges(size_t n, const double *J, double weight, const double *d, const double *own,
             const ki_run_options *run, double *spin, double *edge) {
    edges e = {n, J, d, own, weight, spin, edge};

    return ki_parallel_for((n + SQUARE - 1) / SQUARE, 1, run, rows_of_edges, &e);
}

int ki_moments_sigma(const ki_network *network, int dynamics, const double *d, const double *own,
                     const ki_run_options *run, double *sigma, double *spin, double *edge) {
    int error = ki_network_check(network);

    error = error ? error : ki_check_dynamics(dynamics);
    error = error ? error : ki_check_threads(run ? run->threads : 0);
    error = error ? error : ki_check_pointer("d", d, "N x N moments");
    if (error)
        return error;
    const size_t n = (size_t)network->n;
    const ki_run_options quiet = {.threads = run ? run->threads : 0};
    double *room = spin ? NULL : ki_alloc(n, sizeof *room), *into = spin ? spin : room;
    if (!into)
        return ki_fail(KI_ERR_NOMEM, "sigma : no memory for %zu numbers : a smaller network", n);
    error = ki_edges(n, network->J, ki_edge_weight(dynamics, network->beta), d, own, &quiet, into,
                     edge);
    if (!error && sigma)
        *sigma = ki_sum(n, into) / (double)n;
    ki_free(room);
    return error;
}
