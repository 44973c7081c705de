/* SPDX-License-Identifier: BSD-3-Clause */
#include "dot16.h"

#include <math.h>
#include <string.h>

#include "simd.h"

static void dot_plain(size_t width, size_t pairs, size_t stride, const int16_t *a,
                      const uint32_t *index, const int16_t *c, int32_t *acc) {
    for (size_t p = 0; p < pairs; p++) {
        const int16_t *row = a + (index ? index[p] : p) * stride * 2;
        for (size_t i = 0; i < width; i++) {
            const int32_t sum = row[2 * i] * c[2 * p] + row[2 * i + 1] * c[2 * p + 1];
            acc[i] = (int32_t)((uint32_t)acc[i] + (uint32_t)sum);
        }
    }
}

#ifdef KI_X86
static inline int32_t pair_of(const int16_t *c) {
    int32_t both;
    memcpy(&both, c, sizeof both);
    return both;
}

/* `index` may be NULL for all pairs. `n` registers of 16 lanes and one or two coefficient vectors;
 * n and `two` are constants where it is called, so that the sums stay in registers. */
KI_TARGET_V4 static inline KI_ALWAYS_INLINE void
dot_v4(unsigned n, int two, size_t pairs, size_t stride, const int16_t *a, const uint32_t *index,
       const int16_t *c, const int16_t *d, int32_t *acc, int32_t *bcc) {
    __m512i s[4], t[4];

    for (unsigned v = 0; v < n; v++) {
        s[v] = _mm512_loadu_si512(acc + 16 * v);
        t[v] = two ? _mm512_loadu_si512(bcc + 16 * v) : _mm512_setzero_si512();
    }
    for (size_t p = 0; p < pairs; p++) {
        const __m512i x = _mm512_set1_epi32(pair_of(c + 2 * p));
        const __m512i y = two ? _mm512_set1_epi32(pair_of(d + 2 * p)) : x;
        for (unsigned v = 0; v < n; v++) {
            const __m512i z =
                _mm512_loadu_si512(a + ((index ? index[p] : p) * stride + 16 * v) * 2);
            s[v] = _mm512_dpwssd_epi32(s[v], z, x);
            if (two)
                t[v] = _mm512_dpwssd_epi32(t[v], z, y);
        }
    }
    for (unsigned v = 0; v < n; v++) {
        _mm512_storeu_si512(acc + 16 * v, s[v]);
        if (two)
            _mm512_storeu_si512(bcc + 16 * v, t[v]);
    }
}

KI_TARGET_V4 static void some512(size_t width, size_t pairs, size_t stride, const int16_t *a,
                                 const uint32_t *index, const int16_t *c, int32_t *acc) {
    switch (width / 16) {
    case 1:
        dot_v4(1, 0, pairs, stride, a, index, c, c, acc, acc);
        break;
    case 2:
        dot_v4(2, 0, pairs, stride, a, index, c, c, acc, acc);
        break;
    case 3:
        dot_v4(3, 0, pairs, stride, a, index, c, c, acc, acc);
        break;
    default:
        dot_v4(4, 0, pairs, stride, a, index, c, c, acc, acc);
    }
}

KI_TARGET_V4 static void two512(size_t width, size_t pairs, size_t stride, const int16_t *a,
                                const int16_t *c, const int16_t *d, int32_t *acc, int32_t *bcc) {
    switch (width / 16) {
    case 1:
        dot_v4(1, 1, pairs, stride, a, NULL, c, d, acc, bcc);
        break;
    case 2:
        dot_v4(2, 1, pairs, stride, a, NULL, c, d, acc, bcc);
        break;
    case 3:
        dot_v4(3, 1, pairs, stride, a, NULL, c, d, acc, bcc);
        break;
    default:
        dot_v4(4, 1, pairs, stride, a, NULL, c, d, acc, bcc);
    }
}

/* 16 lanes, two registers. */
KI_TARGET_V3 static inline KI_ALWAYS_INLINE void dot256(size_t pairs, size_t stride,
                                                        const int16_t *a, const uint32_t *index,
                                                        const int16_t *c, int32_t *acc) {
    __m256i s0 = _mm256_loadu_si256((const __m256i *)(const void *)acc);
    __m256i s1 = _mm256_loadu_si256((const __m256i *)(const void *)(acc + 8));

    for (size_t p = 0; p < pairs; p++) {
        const __m256i x = _mm256_set1_epi32(pair_of(c + 2 * p));
        const __m256i *z = (const __m256i *)(const void *)(a + (index ? index[p] : p) * stride * 2);
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_loadu_si256(z), x));
        s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_loadu_si256(z + 1), x));
    }
    _mm256_storeu_si256((__m256i *)(void *)acc, s0);
    _mm256_storeu_si256((__m256i *)(void *)(acc + 8), s1);
}

KI_TARGET_V3 static void some256(size_t width, size_t pairs, size_t stride, const int16_t *a,
                                 const uint32_t *index, const int16_t *c, int32_t *acc) {
    for (size_t i = 0; i < width; i += 16)
        dot256(pairs, stride, a + 2 * i, index, c, acc + i);
}

KI_TARGET_V3 static void two256(size_t pairs, size_t stride, const int16_t *a, const int16_t *c,
                                const int16_t *d, int32_t *acc, int32_t *bcc) {
    __m256i s0 = _mm256_loadu_si256((const __m256i *)(const void *)acc);
    __m256i s1 = _mm256_loadu_si256((const __m256i *)(const void *)(acc + 8));
    __m256i t0 = _mm256_loadu_si256((const __m256i *)(const void *)bcc);
    __m256i t1 = _mm256_loadu_si256((const __m256i *)(const void *)(bcc + 8));

    for (size_t p = 0; p < pairs; p++) {
        const __m256i x = _mm256_set1_epi32(pair_of(c + 2 * p));
        const __m256i y = _mm256_set1_epi32(pair_of(d + 2 * p));
        const __m256i *z = (const __m256i *)(const void *)(a + p * stride * 2);
        const __m256i z0 = _mm256_loadu_si256(z), z1 = _mm256_loadu_si256(z + 1);
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(z0, x));
        s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(z1, x));
        t0 = _mm256_add_epi32(t0, _mm256_madd_epi16(z0, y));
        t1 = _mm256_add_epi32(t1, _mm256_madd_epi16(z1, y));
    }
    _mm256_storeu_si256((__m256i *)(void *)acc, s0);
    _mm256_storeu_si256((__m256i *)(void *)(acc + 8), s1);
    _mm256_storeu_si256((__m256i *)(void *)bcc, t0);
    _mm256_storeu_si256((__m256i *)(void *)(bcc + 8), t1);
}
#endif

void ki_dot16_some_at(int level, size_t width, size_t pairs, size_t stride, const int16_t *a,
                      const uint32_t *index, const int16_t *c, int32_t *acc) {
#ifdef KI_X86
    if (level >= KI_LEVEL_V4) {
        some512(width, pairs, stride, a, index, c, acc);
        return;
    }
    if (level >= KI_LEVEL_V3) {
        some256(width, pairs, stride, a, index, c, acc);
        return;
    }
#endif
    (void)level;
    dot_plain(width, pairs, stride, a, index, c, acc);
}

void ki_dot16_at(int level, size_t width, size_t pairs, size_t stride, const int16_t *a,
                 const int16_t *c, int32_t *acc) {
    ki_dot16_some_at(level, width, pairs, stride, a, NULL, c, acc);
}

void ki_dot16_two_at(int level, size_t width, size_t pairs, size_t stride, const int16_t *a,
                     const int16_t *c, const int16_t *d, int32_t *acc, int32_t *bcc) {
#ifdef KI_X86
    if (level >= KI_LEVEL_V4) {
        two512(width, pairs, stride, a, c, d, acc, bcc);
        return;
    }
    if (level >= KI_LEVEL_V3) {
        for (size_t i = 0; i < width; i += 16)
            two256(pairs, stride, a + 2 * i, c, d, acc + i, bcc + i);
        return;
    }
#endif
    (void)level;
    dot_plain(width, pairs, stride, a, NULL, c, acc);
    dot_plain(width, pairs, stride, a, NULL, d, bcc);
}

void ki_dot16(size_t width, size_t pairs, size_t stride, const int16_t *a, const int16_t *c,
              int32_t *acc) {
    ki_dot16_at(ki_simd_level(), width, pairs, stride, a, c, acc);
}

void ki_dot16_some(size_t width, size_t pairs, size_t stride, const int16_t *a,
                   const uint32_t *index, const int16_t *c, int32_t *acc) {
    ki_dot16_some_at(ki_simd_level(), width, pairs, stride, a, index, c, acc);
}

void ki_dot16_two(size_t width, size_t pairs, size_t stride, const int16_t *a, const int16_t *c,
                  const int16_t *d, int32_t *acc, int32_t *bcc) {
    ki_dot16_two_at(ki_simd_level(), width, pairs, stride, a, c, d, acc, bcc);
}

KI_CLONES void ki_add16(size_t n, int sign, const int16_t *column, int32_t *x) {
    if (sign > 0) {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            x[i] += column[i];
    } else {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            x[i] -= column[i];
    }
}

KI_CLONES void ki_axpy16(size_t n, float a, const int16_t *column, float *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = fmaf(a, (float)column[i], y[i]);
}

static void differences_plain(size_t n, size_t words, const uint64_t *state, const uint64_t *past,
                              uint32_t *counts) {
    for (size_t k = 0; k < n; k++) {
        const uint64_t *other = past + k * words;
        int sum = 0;
        for (size_t w = 0; w < words; w++)
            sum += __builtin_popcountll(state[w] ^ other[w]);
        counts[k] = (uint32_t)sum;
    }
}

#ifdef KI_X86
KI_TARGET_V3 static void differences_v3(size_t n, size_t words, const uint64_t *state,
                                        const uint64_t *past, uint32_t *counts) {
    for (size_t k = 0; k < n; k++) {
        const uint64_t *other = past + k * words;
        long long sum = 0;
        for (size_t w = 0; w < words; w++)
            sum += _mm_popcnt_u64(state[w] ^ other[w]);
        counts[k] = (uint32_t)sum;
    }
}

KI_TARGET_V4 static void differences_v4(size_t n, size_t words, const uint64_t *state,
                                        const uint64_t *past, uint32_t *counts) {
    for (size_t k = 0; k < n; k++) {
        const uint64_t *other = past + k * words;
        __m512i sum = _mm512_setzero_si512();
        size_t w = 0;
        for (; w + 8 <= words; w += 8) {
            sum = _mm512_add_epi64(
                sum, _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(state + w),
                                                          _mm512_loadu_si512(other + w))));
        }
        if (w < words) {
            const __mmask8 rest = (__mmask8)((1u << (words - w)) - 1);
            sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(_mm512_xor_si512(
                                            _mm512_maskz_loadu_epi64(rest, state + w),
                                            _mm512_maskz_loadu_epi64(rest, other + w))));
        }
        counts[k] = (uint32_t)_mm512_reduce_add_epi64(sum);
    }
}
#endif

void ki_differences(size_t n, size_t words, const uint64_t *state, const uint64_t *past,
                    uint32_t *counts) {
#ifdef KI_X86
    const int level = ki_simd_level();
    if (level >= KI_LEVEL_V4) {
        differences_v4(n, words, state, past, counts);
        return;
    }
    if (level >= KI_LEVEL_V3) {
        differences_v3(n, words, state, past, counts);
        return;
    }
#endif
    differences_plain(n, words, state, past, counts);
}

static uint64_t weighted_plain(size_t n, size_t words, const uint64_t *plane, const uint64_t *x,
                               const uint64_t *y) {
    uint64_t sum = 0;
    for (size_t b = 0; b < n; b++) {
        uint64_t count = 0;
        for (size_t w = 0; w < words; w++)
            count += (uint64_t)__builtin_popcountll(plane[b * words + w] & (x[w] ^ y[w]));
        sum += count << b;
    }
    return sum;
}

#ifdef KI_X86
KI_TARGET_V3 static uint64_t weighted_v3(size_t n, size_t words, const uint64_t *plane,
                                         const uint64_t *x, const uint64_t *y) {
    uint64_t sum = 0;
    for (size_t b = 0; b < n; b++) {
        uint64_t count = 0;
        for (size_t w = 0; w < words; w++)
            count += (uint64_t)_mm_popcnt_u64(plane[b * words + w] & (x[w] ^ y[w]));
        sum += count << b;
    }
    return sum;
}

KI_TARGET_V4 static uint64_t weighted_v4(size_t n, size_t words, const uint64_t *plane,
                                         const uint64_t *x, const uint64_t *y) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t w = 0; w < words; w += 8) {
        const __mmask8 rest = (__mmask8)(words - w < 8 ? (1u << (words - w)) - 1 : 0xff);
        const __m512i differ = _mm512_xor_si512(_mm512_maskz_loadu_epi64(rest, x + w),
                                                _mm512_maskz_loadu_epi64(rest, y + w));
        for (size_t b = 0; b < n; b++) {
            const __m512i bits =
                _mm512_and_si512(differ, _mm512_maskz_loadu_epi64(rest, plane + b * words + w));
            sum = _mm512_add_epi64(
                sum, _mm512_sll_epi64(_mm512_popcnt_epi64(bits), _mm_cvtsi64_si128((long long)b)));
        }
    }
    return (uint64_t)_mm512_reduce_add_epi64(sum);
}
#endif

uint64_t ki_weighted_difference(size_t n, size_t words, const uint64_t *plane, const uint64_t *x,
                                const uint64_t *y) {
#ifdef KI_X86
    const int level = ki_simd_level();
    if (level >= KI_LEVEL_V4)
        return weighted_v4(n, words, plane, x, y);
    if (level >= KI_LEVEL_V3)
        return weighted_v3(n, words, plane, x, y);
#endif
    return weighted_plain(n, words, plane, x, y);
}
