/* SPDX-License-Identifier: BSD-3-Clause */
#include "bytes.h"

#include "num/simd.h"

enum { STRIDE = 64 * KI_BYTES_WORDS };

/* sum of w where the bit is clear, less that where it is set. */
KI_CLONES
static int32_t signed_sum(const uint8_t *w, uint64_t bits) {
    int32_t sum = 0;

    for (unsigned b = 0; b < 64; b++)
        sum += w[b] * (1 - 2 * (int32_t)(bits >> b & 1));
    return sum;
}

static void plain(size_t words, const uint8_t *weight, const uint64_t *const x[KI_BYTES_PAIRS],
                  const uint64_t *const y[KI_BYTES_PAIRS],
                  int32_t sum[KI_BYTES_PAIRS][KI_BYTES_ROWS]) {
    for (int p = 0; p < KI_BYTES_PAIRS; p++)
        for (int r = 0; r < KI_BYTES_ROWS; r++) {
            sum[p][r] = 0;
            for (size_t w = 0; w < words; w++)
                sum[p][r] += signed_sum(weight + (size_t)r * STRIDE + 64 * w, x[p][w] ^ y[p][w]);
        }
}

#ifdef KI_X86
KI_TARGET_V4 static void v4(size_t words, const uint8_t *weight,
                            const uint64_t *const x[KI_BYTES_PAIRS],
                            const uint64_t *const y[KI_BYTES_PAIRS],
                            int32_t sum[KI_BYTES_PAIRS][KI_BYTES_ROWS]) {
    const __m512i one = _mm512_set1_epi8(1);
    __m512i all[KI_BYTES_PAIRS][KI_BYTES_ROWS];

    for (int p = 0; p < KI_BYTES_PAIRS; p++)
        for (int r = 0; r < KI_BYTES_ROWS; r++)
            all[p][r] = _mm512_setzero_si512();
    for (size_t w = 0; w < words; w++) {
        __m512i product[KI_BYTES_PAIRS];
        for (int p = 0; p < KI_BYTES_PAIRS; p++) /* -1 where the bits differ, else 1 */
            product[p] = _mm512_or_si512(_mm512_movm_epi8(x[p][w] ^ y[p][w]), one);
#pragma GCC unroll 8
        for (int r = 0; r < KI_BYTES_ROWS; r++) {
            const __m512i a = _mm512_loadu_si512(weight + (size_t)r * STRIDE + 64 * w);
            for (int p = 0; p < KI_BYTES_PAIRS; p++)
                all[p][r] = _mm512_dpbusd_epi32(all[p][r], a, product[p]);
        }
    }
    for (int p = 0; p < KI_BYTES_PAIRS; p++)
        for (int r = 0; r < KI_BYTES_ROWS; r++)
            sum[p][r] = _mm512_reduce_add_epi32(all[p][r]);
}
#endif

void ki_bytes_sums(int level, size_t words, const uint8_t *weight,
                   const uint64_t *const x[KI_BYTES_PAIRS], const uint64_t *const y[KI_BYTES_PAIRS],
                   int32_t sum[KI_BYTES_PAIRS][KI_BYTES_ROWS]) {
#ifdef KI_X86
    if (level == KI_LEVEL_V4) {
        v4(words, weight, x, y, sum);
        return;
    }
#endif
    (void)level;
    plain(words, weight, x, y, sum);
}
