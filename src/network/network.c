/* SPDX-License-Identifier: BSD-3-Clause */
/* What a network is made of, and what ensemble it looks like. */
#include <kinising/network.h>

#include "base/check.h"
#include "base/error.h"

#include <inttypes.h>
#include <math.h>

enum { BLOCK = 64 }; /* of rows and columns, so that J and its transpose stay in the cache */

int ki_network_check(const ki_network *network) {
    int error = ki_check_pointer("network", network, "a network");

    error = error ? error : ki_check_pointer("H", network->H, "N fields");
    error = error ? error : ki_check_pointer("J", network->J, "N x N couplings");
    error = error ? error : ki_check_spins(network->n);
    error = error ? error : ki_check_scale("beta", network->beta);
    if (error)
        return error;
    const uint64_t n = network->n;
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(network->H[i]))
            return ki_fail(KI_ERR_ARGUMENT, "H[%" PRIu64 "] : is %g : a finite number", i,
                           network->H[i]);
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t j = 0; j < n; j++)
            if (!isfinite(network->J[i * n + j]))
                return ki_fail(KI_ERR_ARGUMENT,
                               "J[%" PRIu64 ",%" PRIu64 "] : is %g : a finite number", i, j,
                               network->J[i * n + j]);
    return 0;
}

/* A power of two that brings `largest` near 1, so that no square of what is smaller is infinite. */
static double scale_of(double largest) {
    return largest > 0 ? ldexp(1, -ilogb(largest)) : 1;
}

/* Mean, range and sample standard deviation of H. */
static void summarize_fields(const ki_network *w, ki_network_summary *s) {
    const size_t n = (size_t)w->n;
    double sum = 0, square = 0;

    s->H_min = s->H_max = w->H[0];
    for (size_t i = 1; i < n; i++) {
        s->H_min = fmin(s->H_min, w->H[i]);
        s->H_max = fmax(s->H_max, w->H[i]);
    }
    const double scale = scale_of(fmax(fabs(s->H_min), fabs(s->H_max)));
    for (size_t i = 0; i < n; i++)
        sum += scale * w->H[i];
    const double mean = s->H_min == s->H_max ? scale * s->H_min : sum / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (scale * w->H[i] - mean) * (scale * w->H[i] - mean);
    s->H_mean = mean / scale;
    s->dH = n > 1 ? sqrt(3 * square / (double)(n - 1)) / scale : (double)NAN;
}

/* Sums over i != j, row by row. */
typedef struct coupling_sums {
    double scale, mean; /* of the scaled couplings */
    double square, cross;
    double low, high;
    uint64_t not_zero;
} coupling_sums;

static void find_range(const ki_network *w, coupling_sums *c, double *diagonal) {
    const size_t n = (size_t)w->n;

    c->low = INFINITY;
    c->high = -INFINITY;
    *diagonal = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const double x = w->J[i * n + j];

            if (i == j) {
                *diagonal = fmax(*diagonal, fabs(x));
                continue;
            }
            c->low = fmin(c->low, x);
            c->high = fmax(c->high, x);
            c->not_zero += x != 0;
        }
    c->scale = n > 1 ? scale_of(fmax(fabs(c->low), fabs(c->high))) : 1;
}

static void find_mean(const ki_network *w, coupling_sums *c) {
    const size_t n = (size_t)w->n;
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double row = 0;

        for (size_t j = 0; j < n; j++)
            row += j == i ? 0 : c->scale * w->J[i * n + j];
        sum += row;
    }
    /* Equal couplings have no spread, not one of rounding errors. */
    c->mean = c->low == c->high ? c->scale * c->low : sum / ((double)n * (double)(n - 1));
}

/* Second moments about the mean in one block of rows and columns. */
static void add_block(const ki_network *w, coupling_sums *c, size_t i0, size_t j0) {
    const size_t n = (size_t)w->n;
    const size_t i1 = i0 + BLOCK < n ? i0 + BLOCK : n, j1 = j0 + BLOCK < n ? j0 + BLOCK : n;
    double square = 0, cross = 0;

    for (size_t i = i0; i < i1; i++)
        for (size_t j = j0; j < j1; j++) {
            if (i == j)
                continue;
            const double x = c->scale * w->J[i * n + j] - c->mean;
            const double y = c->scale * w->J[j * n + i] - c->mean;
            square += x * x;
            cross += x * y;
        }
    c->square += square;
    c->cross += cross;
}

int ki_network_summarize(const ki_network *network, ki_network_summary *out) {
    ki_network_summary s;
    coupling_sums c = {0};
    int error = ki_network_check(network);

    error = error ? error : ki_check_pointer("out", out, "a place for the summary");
    if (error)
        return error;
    const size_t n = (size_t)network->n;
    const double N = (double)n, pairs = N * (N - 1);

    summarize_fields(network, &s);
    find_range(network, &c, &s.diagonal);
    s.J0 = s.dJ = s.asymmetry = s.density = NAN;
    if (n > 1) {
        find_mean(network, &c);
        for (size_t i = 0; i < n; i += BLOCK)
            for (size_t j = 0; j < n; j += BLOCK)
                add_block(network, &c, i, j);
        s.J0 = N * (c.mean / c.scale);
        s.dJ = sqrt(N * c.square / (pairs - 1)) / c.scale;
        s.asymmetry = c.square > 0 ? c.cross / c.square : (double)NAN;
        s.density = (double)c.not_zero / pairs;
    }
    *out = s;
    return 0;
}
