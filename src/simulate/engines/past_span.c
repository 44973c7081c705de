/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulate/engines/past_span.h"

#include <math.h>
#include <string.h>

#include "num/dot16.h"
#include "num/simd.h"
#include "simulate/engines/estimators.h"

static uint64_t factor_length(uint64_t capacity) {
    return capacity * (capacity + 1) / 2;
}

void ki_span_take(ki_span *span, uint64_t n, size_t capacity, ki_cursor *c) {
    *span = (ki_span){.n = n, .words = ki_words(n), .capacity = capacity};
    span->state = ki_take(c, capacity, span->words * sizeof *span->state);
    span->factor = ki_take(c, factor_length(capacity), sizeof *span->factor);
    span->inverse = ki_take(c, capacity, sizeof *span->inverse);
    span->row = ki_take(c, capacity, sizeof *span->row);
    span->count = ki_take(c, capacity, sizeof *span->count);
    ki_row_take(&span->split, capacity, c);
}

static double *column(const ki_span *span, size_t j) {
    return span->factor + j * span->capacity - (j * j - j) / 2;
}

/* b := L^-1 b for the first `rank` columns, four at a time; returns |b|^2. `inverse` holds 1/L_jj.
 */
KI_CLONES static double solve(size_t rank, size_t capacity, const double *factor,
                              const double *inverse, double *b) {
    const double *c0 = factor;
    double norm = 0;
    size_t j = 0;

    for (; j + 4 <= rank; j += 4) {
        const double *c1 = c0 + (capacity - j), *c2 = c1 + (capacity - j - 1),
                     *c3 = c2 + (capacity - j - 2);
        double *x = b + j;
        const double y0 = x[0] * inverse[j];
        const double y1 = (x[1] - y0 * c0[1]) * inverse[j + 1];
        const double y2 = (x[2] - y0 * c0[2] - y1 * c1[1]) * inverse[j + 2];
        const double y3 = (x[3] - y0 * c0[3] - y1 * c1[2] - y2 * c2[1]) * inverse[j + 3];
        x[0] = y0;
        x[1] = y1;
        x[2] = y2;
        x[3] = y3;
        norm += (y0 * y0 + y1 * y1) + (y2 * y2 + y3 * y3);
        const size_t rest = rank - j;
#pragma omp simd
        for (size_t i = 4; i < rest; i++)
            x[i] -= (y0 * c0[i] + y1 * c1[i - 1]) + (y2 * c2[i - 2] + y3 * c3[i - 3]);
        c0 = c3 + (capacity - j - 3);
    }
    for (; j < rank; j++) {
        const double y = b[j] * inverse[j];
        b[j] = y;
        norm += y * y;
        for (size_t i = 1; i < rank - j; i++)
            b[j + i] -= y * c0[i];
        c0 += capacity - j;
    }
    return norm;
}

int ki_span_add(ki_span *span, const uint64_t *state) {
    const double two_over_n = 2 / (double)span->n;

    ki_differences(span->rank, span->words, state, span->state, span->count);
    for (size_t k = 0; k < span->rank; k++)
        span->row[k] = 1 - two_over_n * span->count[k];
    const double norm = solve(span->rank, span->capacity, span->factor, span->inverse, span->row);
    const int fresh = 1 - norm > KI_DEPENDENT && span->rank < span->capacity;
    if (fresh) {
        const size_t r = span->rank++;
        span->row[r] = sqrt(1 - norm);
        span->inverse[r] = 1 / span->row[r];
        for (size_t j = 0; j <= r; j++)
            column(span, j)[r - j] = span->row[j];
        memcpy(span->state + r * span->words, state, span->words * sizeof *state);
    }
    ki_row_split(&span->split, span->rank, span->row, 1);
    return fresh;
}

void ki_span_project(ki_span *span, const float *x) {
    const double one_over_n = 1 / (double)span->n;

    for (size_t k = 0; k < span->rank; k++) {
        span->row[k] =
            one_over_n * ki_signed_sum((size_t)span->n, x, span->state + k * span->words);
    }
    const double norm = solve(span->rank, span->capacity, span->factor, span->inverse, span->row);
    ki_row_split(&span->split, span->rank, span->row, sqrt(norm));
}
