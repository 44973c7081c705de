/* SPDX-License-Identifier: BSD-3-Clause */
#include "bytes.h"

#include <string.h>

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
                  int32_t sum[KI_BYTES_PAIRS][KI_BYTES_PLANES]) {
    for (int p = 0; p < KI_BYTES_PAIRS; p++)
        for (int r = 0; r < KI_BYTES_PLANES; r++) {
            sum[p][r] = 0;
            for (size_t w = 0; w < words; w++)
                sum[p][r] += signed_sum(weight + (size_t)r * STRIDE + 64 * w, x[p][w] ^ y[p][w]);
        }
}

#ifdef KI_X86
/* gcc 12 moves accumulators to memory and back in each turn without this. */
#define KEEP_IN_REGISTER(x) __asm__("" : "+v"(x))

/* Sums over the lanes of eight vectors. */
KI_TARGET_V4 static inline KI_ALWAYS_INLINE __m256i lane_sums(const __m512i v[8]) {
    __m256i half[8];

#pragma GCC unroll 8
    for (int r = 0; r < 8; r++)
        half[r] =
            _mm256_add_epi32(_mm512_castsi512_si256(v[r]), _mm512_extracti64x4_epi64(v[r], 1));
    const __m256i a =
        _mm256_hadd_epi32(_mm256_hadd_epi32(half[0], half[1]), _mm256_hadd_epi32(half[2], half[3]));
    const __m256i b =
        _mm256_hadd_epi32(_mm256_hadd_epi32(half[4], half[5]), _mm256_hadd_epi32(half[6], half[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                            _mm256_permute2x128_si256(a, b, 0x31));
}

KI_TARGET_V4 static void v4(size_t words, const uint8_t *weight,
                            const uint64_t *const x[KI_BYTES_PAIRS],
                            const uint64_t *const y[KI_BYTES_PAIRS],
                            int32_t sum[KI_BYTES_PAIRS][KI_BYTES_PLANES]) {
    const __m512i one = _mm512_set1_epi8(1);
    __m512i all[KI_BYTES_PAIRS][KI_BYTES_PLANES];

#pragma GCC unroll 3
    for (int p = 0; p < KI_BYTES_PAIRS; p++)
#pragma GCC unroll 8
        for (int r = 0; r < KI_BYTES_PLANES; r++)
            all[p][r] = _mm512_setzero_si512();
    for (size_t w = 0; w < words; w++) {
        __m512i product[KI_BYTES_PAIRS];
#pragma GCC unroll 3
        for (int p = 0; p < KI_BYTES_PAIRS; p++) /* -1 where the bits differ, else 1 */
            product[p] = _mm512_or_si512(_mm512_movm_epi8(x[p][w] ^ y[p][w]), one);
#pragma GCC unroll 8
        for (int r = 0; r < KI_BYTES_PLANES; r++) {
            const __m512i a = _mm512_loadu_si512(weight + (size_t)r * STRIDE + 64 * w);
#pragma GCC unroll 3
            for (int p = 0; p < KI_BYTES_PAIRS; p++) {
                all[p][r] = _mm512_dpbusd_epi32(all[p][r], a, product[p]);
                KEEP_IN_REGISTER(all[p][r]);
            }
        }
    }
#pragma GCC unroll 3
    for (int p = 0; p < KI_BYTES_PAIRS; p++)
        _mm256_storeu_si256((__m256i *)sum[p], lane_sums(all[p]));
}

/* Bins of a vector of 32-bit sums, and vectors of a turn. */
enum { BINS = 16, VECTORS = KI_FORM_BINS / BINS };

KI_TARGET_V4 static void forms_v4(size_t n, const int8_t *matrix, const uint64_t *quad,
                                  const uint64_t *spread,
                                  int32_t out[KI_BYTES_PLANES][KI_FORM_BINS]) {
    const size_t quads = ki_form_quads(n);
    const __m512i one = _mm512_set1_epi8(1);
    __m512i all[KI_BYTES_PLANES][VECTORS];

#pragma GCC unroll 8
    for (int r = 0; r < KI_BYTES_PLANES; r++)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++)
            all[r][v] = _mm512_setzero_si512();
    for (size_t j = 0; j < n; j++)
        for (size_t q = j / 4; q < quads; q++, matrix += 4 * KI_BYTES_PLANES) {
            __m512i differ[VECTORS];
#pragma GCC unroll 2
            for (int v = 0; v < VECTORS; v++)
                differ[v] = _mm512_maskz_mov_epi8(
                    quad[q * VECTORS + (size_t)v] ^ spread[j * VECTORS + (size_t)v], one);
#pragma GCC unroll 8
            for (int r = 0; r < KI_BYTES_PLANES; r++) {
                int32_t four;
                memcpy(&four, matrix + 4 * r, sizeof four);
                const __m512i a = _mm512_set1_epi32(four);
#pragma GCC unroll 2
                for (int v = 0; v < VECTORS; v++) {
                    all[r][v] = _mm512_dpbusd_epi32(all[r][v], differ[v], a);
                    KEEP_IN_REGISTER(all[r][v]);
                }
            }
        }
#pragma GCC unroll 8
    for (int r = 0; r < KI_BYTES_PLANES; r++)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++)
            _mm512_storeu_si512(out[r] + BINS * v, all[r][v]);
}
#endif

void ki_bytes_sums(int level, size_t words, const uint8_t *weight,
                   const uint64_t *const x[KI_BYTES_PAIRS], const uint64_t *const y[KI_BYTES_PAIRS],
                   int32_t sum[KI_BYTES_PAIRS][KI_BYTES_PLANES]) {
#ifdef KI_X86
    if (level == KI_LEVEL_V4) {
        v4(words, weight, x, y, sum);
        return;
    }
#endif
    (void)level;
    plain(words, weight, x, y, sum);
}

static void forms_plain(size_t n, const int8_t *matrix, const uint64_t *quad,
                        const uint64_t *spread, int32_t out[KI_BYTES_PLANES][KI_FORM_BINS]) {
    memset(out, 0, KI_BYTES_PLANES * sizeof out[0]);
    for (size_t j = 0; j < n; j++)
        for (size_t q = j / 4; q < ki_form_quads(n); q++, matrix += 4 * KI_BYTES_PLANES)
            for (size_t t = 0; t < KI_FORM_BINS; t++) {
                const uint64_t differ = quad[2 * q + t / 16] ^ spread[2 * j + t / 16];
                for (size_t r = 0; r < KI_BYTES_PLANES; r++)
                    for (size_t k = 0; k < 4; k++)
                        out[r][t] += (differ >> (4 * (t % 16) + k) & 1) ? matrix[4 * r + k] : 0;
            }
}

void ki_bytes_forms(int level, size_t n, const int8_t *matrix, const uint64_t *quad,
                    const uint64_t *spread, int32_t out[KI_BYTES_PLANES][KI_FORM_BINS]) {
#ifdef KI_X86
    if (level == KI_LEVEL_V4) {
        forms_v4(n, matrix, quad, spread, out);
        return;
    }
#endif
    (void)level;
    forms_plain(n, matrix, quad, spread, out);
}
