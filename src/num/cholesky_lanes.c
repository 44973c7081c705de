/* SPDX-License-Identifier: BSD-3-Clause */
#include "cholesky_lanes.h"

#include <math.h>
#include <string.h>

enum { TILE = 4 };

static void root(ki_v8 *x) {
    for (int k = 0; k < KI_LANES; k++)
        (*x)[k] = sqrt((*x)[k]);
}

/* c[q][r] -= sum_i a[i p + q] b[i p + r], i < count. */
KI_CLONES
static void subtract_columns(size_t count, size_t p, const ki_v8 *a, const ki_v8 *b,
                             ki_v8 c[TILE][TILE]) {
    ki_v8 sum[TILE][TILE];

    memcpy(sum, c, sizeof sum);
    for (size_t i = 0; i < count; i++, a += p, b += p)
        for (int q = 0; q < TILE; q++)
            for (int r = 0; r < TILE; r++)
                sum[q][r] -= a[q] * b[r];
    memcpy(c, sum, sizeof sum);
}

static void get(size_t p, const ki_v8 *a, ki_v8 c[TILE][TILE]) {
    for (size_t q = 0; q < TILE; q++)
        memcpy(c[q], a + q * p, sizeof c[q]);
}

static void put(size_t p, const ki_v8 c[TILE][TILE], ki_v8 *a) {
    for (size_t q = 0; q < TILE; q++)
        memcpy(a + q * p, c[q], sizeof c[q]);
}

/* The factor of a tile on the diagonal, and bits of the lanes that have none. */
static unsigned factor_tile(ki_v8 c[TILE][TILE]) {
    const ki_v8 zero = {0};
    unsigned failed = 0;

    for (int q = 0; q < TILE; q++) {
        for (int i = 0; i < q; i++)
            for (int r = q; r < TILE; r++)
                c[q][r] -= c[i][q] * c[i][r];
        for (int k = 0; k < KI_LANES; k++)
            failed |= (unsigned)!(c[q][q][k] > 0) << k;
        root(&c[q][q]);
        for (int r = 0; r < q; r++)
            c[q][r] = zero;
        for (int r = q + 1; r < TILE; r++)
            c[q][r] /= c[q][q];
    }
    return failed;
}

unsigned ki_cholesky_lanes(size_t p, ki_v8 *a) {
    unsigned failed = 0;
    ki_v8 d[TILE][TILE], c[TILE][TILE];

    for (size_t j = 0; j < p; j += TILE) {
        get(p, a + j * p + j, d);
        subtract_columns(j, p, a + j, a + j, d);
        failed |= factor_tile(d);
        put(p, d, a + j * p + j);
        for (size_t k = j + TILE; k < p; k += TILE) {
            get(p, a + j * p + k, c);
            subtract_columns(j, p, a + j, a + k, c);
            for (int q = 0; q < TILE; q++)
                for (int r = 0; r < TILE; r++) {
                    for (int i = 0; i < q; i++)
                        c[q][r] -= d[i][q] * c[i][r];
                    c[q][r] /= d[q][q];
                }
            put(p, c, a + j * p + k);
        }
    }
    return failed;
}

/* c[q][r] -= sum_i a[q p + i] b[i p + r], i < count. */
KI_CLONES
static void subtract_product(size_t count, size_t p, const ki_v8 *a, const ki_v8 *b,
                             ki_v8 c[TILE][TILE]) {
    ki_v8 sum[TILE][TILE];

    memcpy(sum, c, sizeof sum);
    for (size_t i = 0; i < count; i++)
        for (int q = 0; q < TILE; q++)
            for (int r = 0; r < TILE; r++)
                sum[q][r] -= a[(size_t)q * p + i] * b[i * p + (size_t)r];
    memcpy(c, sum, sizeof sum);
}

void ki_cholesky_lanes_invert(size_t p, const ki_v8 *u, ki_v8 *w) {
    ki_v8 c[TILE][TILE];

    memset(w, 0, p * p * sizeof *w);
    for (size_t end = p; end > 0; end -= TILE) {
        const size_t j = end - TILE;
        for (size_t k = j; k < p; k += TILE) {
            memset(c, 0, sizeof c);
            for (int q = 0; q < TILE && k == j; q++)
                c[q][q] += 1;
            /* Rows of w down to the diagonal of its column. */
            subtract_product(k + TILE - end, p, u + j * p + end, w + end * p + k, c);
            for (int q = TILE - 1; q >= 0; q--)
                for (int r = 0; r < TILE; r++) {
                    const ki_v8 *row = u + (j + (size_t)q) * p + j;
                    for (int i = q + 1; i < TILE; i++)
                        c[q][r] -= row[i] * c[i][r];
                    c[q][r] /= row[q];
                }
            put(p, c, w + j * p + k);
        }
    }
}

KI_CLONES
static void forward(size_t p, const ki_v8 *u, ki_v8 *x) {
    for (size_t j = 0; j < p; j++) {
        const ki_v8 *row = u + j * p, value = x[j] / row[j];
        x[j] = value;
        for (size_t k = j + 1; k < p; k++)
            x[k] -= row[k] * value;
    }
}

KI_CLONES
void ki_cholesky_lanes_backward(size_t p, const ki_v8 *u, ki_v8 *x) {
    for (size_t j = p; j-- > 0;) {
        const ki_v8 *row = u + j * p;
        ki_v8 value = x[j];
        for (size_t k = j + 1; k < p; k++)
            value -= row[k] * x[k];
        x[j] = value / row[j];
    }
}

void ki_cholesky_lanes_solve(size_t p, const ki_v8 *u, ki_v8 *x) {
    forward(p, u, x);
    ki_cholesky_lanes_backward(p, u, x);
}

/* c[q][r] = sum_i a[q p + i] b[r p + i], i < count. */
KI_CLONES
static void multiply_rows(size_t count, size_t p, const ki_v8 *a, const ki_v8 *b,
                          ki_v8 c[TILE][TILE]) {
    ki_v8 sum[TILE][TILE] = {0};

    for (size_t i = 0; i < count; i++)
        for (int q = 0; q < TILE; q++)
            for (int r = 0; r < TILE; r++)
                sum[q][r] += a[(size_t)q * p + i] * b[(size_t)r * p + i];
    memcpy(c, sum, sizeof sum);
}

void ki_cholesky_lanes_inverse(size_t p, const ki_v8 *w, ki_v8 *s) {
    ki_v8 c[TILE][TILE];

    for (size_t j = 0; j < p; j += TILE)
        for (size_t k = j; k < p; k += TILE) {
            multiply_rows(p - k, p, w + j * p + k, w + k * p + k, c);
            put(p, c, s + j * p + k);
        }
}

KI_CLONES
void ki_cholesky_lanes_variances(size_t p, const ki_v8 *w, ki_v8 *variance) {
    for (size_t j = 0; j < p; j++) {
        ki_v8 sum = {0};
        for (size_t k = j; k < p; k++)
            sum += w[j * p + k] * w[j * p + k];
        variance[j] = sum;
    }
}
