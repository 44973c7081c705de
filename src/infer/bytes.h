/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of numbers of 8 bits with products of two states: digits of second moments and of quadratic
 * forms. Integers, and so the same on all instruction set levels of num/simd.h. */
#ifndef KI_SRC_INFER_BYTES_H
#define KI_SRC_INFER_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Planes of digits (rows times digits of each), pairs of states, and words of 64 bins of a call at
 * most. */
enum { KI_BYTES_PLANES = 8, KI_BYTES_PAIRS = 3, KI_BYTES_WORDS = 64 };

/* sum[p][r] = sum over bins t of weight[r][t] x_p(t) y_p(t), states as bits (set: 1, clear: -1), r <
 * KI_BYTES_PLANES, p < KI_BYTES_PAIRS; planes of weights 64 KI_BYTES_WORDS bytes apart. */
void ki_bytes_sums(int level, size_t words, const uint8_t *weight,
                   const uint64_t *const x[KI_BYTES_PAIRS], const uint64_t *const y[KI_BYTES_PAIRS],
                   int32_t sum[KI_BYTES_PAIRS][KI_BYTES_PLANES]);

/* Bins of a call, and regressors at most: sums of 32 bits hold so many. */
enum { KI_FORM_BINS = 32, KI_FORM_COLUMNS = 5000 };

/* Fours of columns. */
static inline size_t ki_form_quads(size_t n) {
    return (n + 3) / 4;
}

/* Elements of a matrix in fours (j, q), q = j/4 .. quads - 1, and all of them times 4. */
static inline size_t ki_form_elements(size_t n) {
    size_t fours = 0;

    for (size_t j = 0; j < n; j++)
        fours += ki_form_quads(n) - j / 4;
    return 4 * fours;
}

/* out[r][t] = sum of the elements m_r(j, k) for which states j and k differ in bin t. `matrix`:
 * for each four (j, q), in the order of ki_form_elements(), the elements k = 4q .. 4q + 3 of plane
 * 0, of plane 1, ... Bit 4t + p of quad[2q + t/16], t counted from there: column 4q + p; of
 * spread[2j + t/16]: column j, for every p. */
void ki_bytes_forms(int level, size_t n, const int8_t *matrix, const uint64_t *quad,
                    const uint64_t *spread, int32_t out[KI_BYTES_PLANES][KI_FORM_BINS]);

#endif
