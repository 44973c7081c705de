/* SPDX-License-Identifier: BSD-3-Clause */
#include "count.h"

#include "num/simd.h"

static void plain(size_t words, const uint64_t *x, const uint64_t *const y[KI_COUNT_ROWS],
                  uint64_t sum[KI_COUNT_ROWS]) {
    for (size_t w = 0; w < words; w++)
        for (int r = 0; r < KI_COUNT_ROWS; r++)
            sum[r] += (uint64_t)__builtin_popcountll(x[w] ^ y[r][w]);
}

#ifdef KI_X86
KI_TARGET_V3 static void v3(size_t words, const uint64_t *x, const uint64_t *const y[KI_COUNT_ROWS],
                            uint64_t sum[KI_COUNT_ROWS]) {
    uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;

    for (size_t w = 0; w < words; w++) {
        s0 += (uint64_t)_mm_popcnt_u64(x[w] ^ y[0][w]);
        s1 += (uint64_t)_mm_popcnt_u64(x[w] ^ y[1][w]);
        s2 += (uint64_t)_mm_popcnt_u64(x[w] ^ y[2][w]);
        s3 += (uint64_t)_mm_popcnt_u64(x[w] ^ y[3][w]);
    }
    sum[0] += s0;
    sum[1] += s1;
    sum[2] += s2;
    sum[3] += s3;
}

KI_TARGET_V4 static inline KI_ALWAYS_INLINE __m512i differing(__m512i x, const uint64_t *y) {
    return _mm512_popcnt_epi64(_mm512_xor_si512(x, _mm512_loadu_si512(y)));
}

KI_TARGET_V4 static void v4(size_t words, const uint64_t *x, const uint64_t *const y[KI_COUNT_ROWS],
                            uint64_t sum[KI_COUNT_ROWS]) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;

    for (size_t w = 0; w < words; w += 8) {
        const __m512i a = _mm512_loadu_si512(x + w);
        s0 = _mm512_add_epi64(s0, differing(a, y[0] + w));
        s1 = _mm512_add_epi64(s1, differing(a, y[1] + w));
        s2 = _mm512_add_epi64(s2, differing(a, y[2] + w));
        s3 = _mm512_add_epi64(s3, differing(a, y[3] + w));
    }
    sum[0] += (uint64_t)_mm512_reduce_add_epi64(s0);
    sum[1] += (uint64_t)_mm512_reduce_add_epi64(s1);
    sum[2] += (uint64_t)_mm512_reduce_add_epi64(s2);
    sum[3] += (uint64_t)_mm512_reduce_add_epi64(s3);
}
#endif

void ki_count_differences(int level, size_t words, const uint64_t *x,
                          const uint64_t *const y[KI_COUNT_ROWS], uint64_t sum[KI_COUNT_ROWS]) {
#ifdef KI_X86
    if (level == KI_LEVEL_V4) {
        v4(words, x, y, sum);
        return;
    }
    if (level == KI_LEVEL_V3) {
        v3(words, x, y, sum);
        return;
    }
#endif
    (void)level;
    plain(words, x, y, sum);
}
