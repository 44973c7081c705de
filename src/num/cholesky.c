/* SPDX-License-Identifier: BSD-3-Clause */
#include "cholesky.h"

#include <math.h>
#include <string.h>

#include "simd.h"

/* Rows of a tile: dot products of so many rows with as many others are made at a time. */
enum { TILE = 4 };

/* s[p][q] = sum_k a_p[k] b_q[k], k < n, rows `stride` apart. */
KI_CLONES
static void dots(size_t n, size_t stride, const double *a, const double *b, size_t rows,
                 size_t columns, double s[TILE][TILE]) {
    const size_t whole = n / KI_LANES * KI_LANES;

    if (rows == TILE && columns == TILE) {
        ki_v8 sum[TILE][TILE] = {0};
        for (size_t k = 0; k < whole; k += KI_LANES) {
            ki_v8 x[TILE];
            for (int q = 0; q < TILE; q++)
                memcpy(&x[q], b + (size_t)q * stride + k, sizeof x[q]);
            for (int p = 0; p < TILE; p++) {
                ki_v8 y;
                memcpy(&y, a + (size_t)p * stride + k, sizeof y);
                for (int q = 0; q < TILE; q++)
                    sum[p][q] += y * x[q];
            }
        }
        for (int p = 0; p < TILE; p++)
            for (int q = 0; q < TILE; q++)
                s[p][q] = ((sum[p][q][0] + sum[p][q][4]) + (sum[p][q][2] + sum[p][q][6])) +
                          ((sum[p][q][1] + sum[p][q][5]) + (sum[p][q][3] + sum[p][q][7]));
    } else {
        for (size_t p = 0; p < rows; p++)
            for (size_t q = 0; q < columns; q++) {
                ki_v8 sum = {0};
                for (size_t k = 0; k < whole; k += KI_LANES) {
                    ki_v8 x, y;
                    memcpy(&x, b + q * stride + k, sizeof x);
                    memcpy(&y, a + p * stride + k, sizeof y);
                    sum += y * x;
                }
                s[p][q] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) +
                          ((sum[1] + sum[5]) + (sum[3] + sum[7]));
            }
    }
    for (size_t p = 0; p < rows; p++)
        for (size_t q = 0; q < columns; q++)
            for (size_t k = whole; k < n; k++)
                s[p][q] += a[p * stride + k] * b[q * stride + k];
}

/* The block on the diagonal at column j, of `size` rows, from which earlier columns were taken. */
static size_t diagonal(size_t n, double *a, size_t j, size_t size, const double *before,
                       double small) {
    for (size_t q = 0; q < size; q++) {
        double *row = a + (j + q) * n + j;
        double pivot = row[q];
        for (size_t k = 0; k < q; k++)
            pivot -= row[k] * row[k];
        if (!(pivot > small * before[q]))
            return j + q + 1;
        row[q] = sqrt(pivot);
        for (size_t p = q + 1; p < size; p++) {
            double *below = a + (j + p) * n + j, sum = below[q];
            for (size_t k = 0; k < q; k++)
                sum -= below[k] * row[k];
            below[q] = sum / row[q];
        }
    }
    return 0;
}

size_t ki_cholesky(size_t n, double *a, double small) {
    for (size_t j = 0; j < n; j += TILE) {
        const size_t columns = n - j < TILE ? n - j : TILE;
        double before[TILE];
        for (size_t q = 0; q < columns; q++)
            before[q] = a[(j + q) * n + j + q];
        for (size_t i = j; i < n; i += TILE) {
            const size_t rows = n - i < TILE ? n - i : TILE;
            double s[TILE][TILE];
            dots(j, n, a + i * n, a + j * n, rows, columns, s);
            for (size_t p = 0; p < rows; p++)
                for (size_t q = 0; q < columns && (i > j || q <= p); q++)
                    a[(i + p) * n + j + q] -= s[p][q];
            if (i == j) {
                const size_t failed = diagonal(n, a, j, columns, before, small);
                if (failed)
                    return failed;
                continue;
            }
            for (size_t p = 0; p < rows; p++)
                for (size_t q = 0; q < columns; q++) {
                    const double *l = a + (j + q) * n + j;
                    double *row = a + (i + p) * n + j;
                    for (size_t k = 0; k < q; k++)
                        row[q] -= row[k] * l[k];
                    row[q] /= l[q];
                }
        }
    }
    return 0;
}

void ki_cholesky_forward(size_t n, const double *l, double *x) {
    for (size_t i = 0; i < n; i++) {
        double s[TILE][TILE];
        dots(i, 0, l + i * n, x, 1, 1, s);
        x[i] = (x[i] - s[0][0]) / l[i * n + i];
    }
}

/* By columns of l^T, which are rows of l. */
KI_CLONES
void ki_cholesky_solve(size_t n, const double *l, double *x) {
    ki_cholesky_forward(n, l, x);
    for (size_t i = n; i-- > 0;) {
        const double v = x[i] /= l[i * n + i];
        for (size_t k = 0; k < i; k++)
            x[k] -= l[i * n + k] * v;
    }
}

/* l^-1 by rows in the lower half (row i of it holds column i of l^-1, so that its elements stand
 * together), then products of its rows. */
void ki_cholesky_inverse(size_t n, const double *l, double *inverse) {
    /* u = l^-T, row-major, upper: row c is column c of l^-1. */
    for (size_t c = 0; c < n; c++) {
        double *u = inverse + c * n;
        memset(u, 0, n * sizeof *u);
        u[c] = 1 / l[c * n + c];
        for (size_t i = c + 1; i < n; i++) {
            double s[TILE][TILE];
            dots(i - c, 0, l + i * n + c, u + c, 1, 1, s);
            u[i] = -s[0][0] / l[i * n + i];
        }
    }
    /* inverse_ab = sum_{k >= max(a,b)} u_ak u_bk: row a needs itself and the rows below, which are
     * still u. */
    for (size_t a = 0; a < n; a++) {
        double *row = inverse + a * n, s[TILE][TILE], own = 0;
        dots(n - a, 0, row + a, row + a, 1, 1, s);
        own = s[0][0];
        for (size_t b = a + 1; b < n; b++) {
            const double *other = inverse + b * n + b;
            dots(n - b, 0, row + b, other, 1, 1, s);
            /* u_ab is needed no more once element b is made: sums of later b start behind it. */
            row[b] = s[0][0];
        }
        row[a] = own;
    }
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < a; b++)
            inverse[a * n + b] = inverse[b * n + a];
}

double ki_cholesky_log_det(size_t n, const double *l) {
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += log(l[i * n + i]);
    return 2 * sum;
}
