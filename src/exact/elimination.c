/* SPDX-License-Identifier: BSD-3-Clause */
/* Stationary law without a subtraction. [exact] */
#include "stationary.h"

#include "num/simd.h"

/* What is left more rarely is never left: no quotient overflows. */
#define NEVER 1e-280

KI_CLONES static void add_row(size_t n, double factor, const double *from, double *to) {
    for (size_t j = 0; j < n; j++)
        to[j] += factor * from[j];
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
    for (size_t k = n - 1; k > 0; k--) {
        const double *row = matrix + k * n;
        double leave = 0;

        for (size_t j = 0; j < k; j++)
            leave += row[j];
        if (!(leave > NEVER))
            return -1;
        for (size_t i = 0; i < k; i++) {
            matrix[i * n + k] /= leave;
            if (matrix[i * n + k] > 0)
                add_row(k, matrix[i * n + k], row, matrix + i * n);
        }
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
