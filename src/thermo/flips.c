/* SPDX-License-Identifier: BSD-3-Clause */
#include "flips.h"

#include <string.h>

#include "num/philox.h"
#include "num/simd.h"

enum { EACH = KI_GROUP / 2 /* sign vectors of a group of random words */, MOST_BLOCKS = 64 };

/* Signs s [n,KI_LANES] of the bits of KI_LANES numbers: 1 where they are set, else -1. */
KI_CLONES
static void signs_of(size_t n, const uint64_t *bits, double *s) {
    const ki_i8 zero = {0}, one = zero + 0x3FF0000000000000LL; /* bits of 1.0 */
    ki_i8 off;

    memcpy(&off, bits, sizeof off);
    off = ~off;
    for (size_t k = 0; k < n; k++, off >>= 1) {
        const ki_i8 value = one | off << 63;
        memcpy(s + k * KI_LANES, &value, sizeof value);
    }
}

/* s^T G s of KI_LANES sign vectors s [n,KI_LANES] at once. */
KI_CLONES
static void quadratic(size_t n, const double *gram, const double *s, double *out) {
    ki_v8 all = {0};

    for (size_t k = 0; k < n; k++) {
        ki_v8 sum = {0}, own, a;
        for (size_t l = 0; l < k; l++) {
            memcpy(&a, s + l * KI_LANES, sizeof a);
            sum += gram[k * n + l] * a;
        }
        memcpy(&own, s + k * KI_LANES, sizeof own);
        all += own * (sum + sum + gram[k * n + k] * own);
    }
    memcpy(out, &all, sizeof all);
}

double ki_flip_test(size_t blocks, const double *gram, uint64_t seed, uint64_t flips,
                    double *statistic) {
    const uint64_t key[2] = {seed, UINT64_C(0x666c697073)}; /* "flips" */
    const ki_sequence sequence = ki_sequence_of(ki_random_key_of(2, key), 0, KI_STREAM_CHOICE);
    uint32_t word[KI_GROUP];
    double s[MOST_BLOCKS * KI_LANES], value[KI_LANES];
    uint64_t least = 0;

    for (size_t k = 0; k < blocks * KI_LANES; k++)
        s[k] = 1;
    quadratic(blocks, gram, s, value);
    *statistic = value[0];
    for (uint64_t f = 0; f < flips; f += KI_LANES) {
        uint64_t bits[KI_LANES];
        for (size_t v = 0; v < KI_LANES; v++) {
            if ((f + v) % EACH == 0)
                ki_random_groups(&sequence, (f + v) / EACH, 1, word);
            const uint32_t *pair = word + 2 * ((f + v) % EACH);
            bits[v] = pair[0] | (uint64_t)pair[1] << 32;
        }
        signs_of(blocks, bits, s);
        quadratic(blocks, gram, s, value);
        /* Equal but for rounding is equal. */
        for (size_t v = 0; v < KI_LANES && f + v < flips; v++)
            least += value[v] >= *statistic * (1 - 1e-12);
    }
    return (double)(least + 1) / (double)(flips + 1);
}
