/* SPDX-License-Identifier: BSD-3-Clause */
/* Stationary law without a subtraction. [exact] */
#include "elimination.h"

#include "num/simd.h"

/* What is left more rarely is never left: no quotient overflows. */
#define NEVER 1e-280

/* States that are eliminated together: one pass over the matrix for all of them. */
enum { PANEL = 8 };

/* to[j] += sum over k of factor[k] from[k, j], `from` with rows `stride` apart. */
KI_CLONES static void add_rows(size_t n, const double *factor, size_t stride, const double *from,
                               double *restrict to) {
    const double *r0 = from, *r1 = r0 + stride, *r2 = r1 + stride, *r3 = r2 + stride;
    const double *r4 = r3 + stride, *r5 = r4 + stride, *r6 = r5 + stride, *r7 = r6 + stride;

    for (size_t j = 0; j < n; j++)
        to[j] +=
            ((factor[0] * r0[j] + factor[1] * r1[j]) + (factor[2] * r2[j] + factor[3] * r3[j])) +
            ((factor[4] * r4[j] + factor[5] * r5[j]) + (factor[6] * r6[j] + factor[7] * r7[j]));
}

KI_CLONES static void add_row(size_t n, double factor, const double *from, double *restrict to) {
    for (size_t j = 0; j < n; j++)
        to[j] += factor * from[j];
}

/* Eliminates states first..end - 1, the last one first: their columns become the chances to go
 * there over that to leave, and their rows are those that states before `first` are still to be
 * given. */
static int eliminate_panel(size_t n, double *matrix, size_t first, size_t end) {
    for (size_t k = end - 1; k + 1 > first && k > 0; k--) {
        const double *row = matrix + k * n;
        double leave = 0;

        for (size_t j = 0; j < k; j++)
            leave += row[j];
        if (!(leave > NEVER))
            return -1;
        for (size_t i = 0; i < k; i++) {
            const size_t from = i < first ? first : 0;
            double *to = matrix + i * n;

            to[k] /= leave;
            if (to[k] > 0)
                add_row(k - from, to[k], row + from, to + from);
        }
    }
    return 0;
}

/* Law of the states 0..k from that of the states before: p_k = sum p_i matrix_ik, where matrix_ik
 * has been divided by the chance to leave k. */
static void add_state(size_t n, const double *matrix, size_t k, double *p) {
    const double large = 1e10;
    double sum = 0;

    for (size_t i = 0; i < k; i++)
        sum += p[i] * matrix[i * n + k];
    p[k] = sum;
    for (size_t i = 0; sum > large && i <= k; i++)
        p[i] /= sum;
}

int ki_eliminate(size_t n, double *matrix, double *p) {
    for (size_t end = n; end > 1;) {
        const size_t first = end > PANEL ? end - PANEL : 0;

        if (eliminate_panel(n, matrix, first, end))
            return -1;
        for (size_t i = 0; i < first; i++)
            add_rows(first, matrix + i * n + first, n, matrix + first * n, matrix + i * n);
        end = first;
    }
    double sum = 0;
    p[0] = 1;
    for (size_t k = 1; k < n; k++)
        add_state(n, matrix, k, p);
    for (size_t a = 0; a < n; a++)
        sum += p[a];
    for (size_t a = 0; a < n; a++)
        p[a] /= sum;
    return 0;
}
