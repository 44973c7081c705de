/* SPDX-License-Identifier: BSD-3-Clause */
#include "flips.h"

#include "num/philox.h"
#include "num/sum.h"

enum { EACH = KI_GROUP / 2 }; /* sign vectors of a group of random words */

static double quadratic(size_t n, const double *gram, const double *s) {
    double sum = 0;

    for (size_t k = 0; k < n; k++)
        sum += s[k] * ki_dot(n, gram + k * n, s);
    return sum;
}

double ki_flip_test(size_t blocks, const double *gram, uint64_t seed, uint64_t flips,
                    double *statistic) {
    const uint64_t key[2] = {seed, UINT64_C(0x666c697073)}; /* "flips" */
    const ki_sequence sequence = ki_sequence_of(ki_random_key_of(2, key), 0, KI_STREAM_CHOICE);
    uint32_t word[KI_GROUP];
    double s[64];
    uint64_t least = 0;

    for (size_t k = 0; k < blocks; k++)
        s[k] = 1;
    *statistic = quadratic(blocks, gram, s);
    for (uint64_t f = 0; f < flips; f++) {
        if (f % EACH == 0)
            ki_random_groups(&sequence, f / EACH, 1, word);
        for (size_t k = 0; k < blocks; k++)
            s[k] = word[2 * (f % EACH) + k / 32] >> k % 32 & 1 ? 1 : -1;
        /* Equal but for rounding is equal. */
        least += quadratic(blocks, gram, s) >= *statistic * (1 - 1e-12);
    }
    return (double)(least + 1) / (double)(flips + 1);
}
