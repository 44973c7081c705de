/* SPDX-License-Identifier: BSD-3-Clause */
#include "philox.h"

#include <math.h>

#include "simd.h"

#define M0 UINT32_C(0xD2511F53)
#define M1 UINT32_C(0xCD9E8D57)
#define W0 UINT32_C(0x9E3779B9)
#define W1 UINT32_C(0xBB67AE85)
enum { ROUNDS = 10, COUNTERS = 16 };

void ki_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t p0 = (uint64_t)M0 * c0, p1 = (uint64_t)M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += W0;
        k1 += W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

ki_random_key ki_random_key_of(size_t n, const uint64_t *word) {
    uint32_t key[2] = {W0, W1};

    for (size_t i = 0; i < n; i++) {
        const uint32_t counter[4] = {(uint32_t)word[i], (uint32_t)(word[i] >> 32), (uint32_t)i,
                                     (uint32_t)n};
        uint32_t out[4];
        ki_philox4x32_10(counter, key, out);
        key[0] = out[0];
        key[1] = out[1];
    }
    return (ki_random_key){{key[0], key[1]}};
}

ki_sequence ki_sequence_of(ki_random_key key, uint64_t realization, unsigned stream) {
    return (ki_sequence){
        key, {(uint32_t)realization, (uint32_t)(realization >> 32) | (uint32_t)stream << 24}};
}

static void one_counter(const ki_sequence *s, uint64_t number, uint32_t out[4]) {
    const uint32_t counter[4] = {(uint32_t)number, (uint32_t)(number >> 32), s->high[0],
                                 s->high[1]};
    ki_philox4x32_10(counter, s->key.word, out);
}

static void group_plain(const ki_sequence *s, uint64_t group, uint32_t *out) {
    for (size_t l = 0; l < COUNTERS; l++) {
        uint32_t four[4];
        one_counter(s, group * COUNTERS + l, four);
        for (size_t w = 0; w < 4; w++)
            out[w * COUNTERS + l] = four[w];
    }
}

#ifdef KI_X86
/* Counters sit in 64-bit lanes of which only the lower halves count: the multiplication reads just
 * those, and the junk above needs no clearing. Even counters and odd ones are kept apart and
 * interleaved at the end. */
typedef struct lanes512 {
    __m512i c0, c1, c2, c3;
} lanes512;

KI_TARGET_V4 static inline void round512(lanes512 *x, __m512i k0, __m512i k1) {
    const __m512i p0 = _mm512_mul_epu32(x->c0, _mm512_set1_epi64(M0));
    const __m512i p1 = _mm512_mul_epu32(x->c2, _mm512_set1_epi64(M1));
    const __m512i h0 = _mm512_shuffle_epi32(p0, _MM_PERM_DDBB);
    const __m512i h1 = _mm512_shuffle_epi32(p1, _MM_PERM_DDBB);
    x->c0 = _mm512_ternarylogic_epi64(h1, x->c1, k0, 0x96);
    x->c1 = p1;
    x->c2 = _mm512_ternarylogic_epi64(h0, x->c3, k1, 0x96);
    x->c3 = p0;
}

KI_TARGET_V4 static inline void store512(uint32_t *out, __m512i even, __m512i odd) {
    const __m512i up = _mm512_shuffle_epi32(odd, _MM_PERM_CCAA);
    _mm512_storeu_si512(out, _mm512_mask_blend_epi32(0xAAAA, even, up));
}

KI_TARGET_V4 static void groups512(const ki_sequence *s, uint64_t first, size_t n, uint32_t *out) {
    for (size_t g = 0; g < n; g++) {
        const uint64_t base = (first + g) * COUNTERS;
        lanes512 x[2];
        for (int odd = 0; odd < 2; odd++) {
            const __m512i number =
                _mm512_add_epi64(_mm512_set1_epi64((long long)base),
                                 _mm512_setr_epi64(odd, odd + 2, odd + 4, odd + 6, odd + 8,
                                                   odd + 10, odd + 12, odd + 14));
            x[odd] = (lanes512){number, _mm512_srli_epi64(number, 32),
                                _mm512_set1_epi64(s->high[0]), _mm512_set1_epi64(s->high[1])};
        }
        uint32_t k0 = s->key.word[0], k1 = s->key.word[1];
        for (int round = 0; round < ROUNDS; round++) {
            const __m512i v0 = _mm512_set1_epi64(k0), v1 = _mm512_set1_epi64(k1);
            round512(&x[0], v0, v1);
            round512(&x[1], v0, v1);
            k0 += W0;
            k1 += W1;
        }
        store512(out + g * KI_GROUP, x[0].c0, x[1].c0);
        store512(out + g * KI_GROUP + 16, x[0].c1, x[1].c1);
        store512(out + g * KI_GROUP + 32, x[0].c2, x[1].c2);
        store512(out + g * KI_GROUP + 48, x[0].c3, x[1].c3);
    }
}

typedef struct lanes256 {
    __m256i c0, c1, c2, c3;
} lanes256;

KI_TARGET_V3 static inline void round256(lanes256 *x, __m256i k0, __m256i k1) {
    const __m256i p0 = _mm256_mul_epu32(x->c0, _mm256_set1_epi64x(M0));
    const __m256i p1 = _mm256_mul_epu32(x->c2, _mm256_set1_epi64x(M1));
    const __m256i h0 = _mm256_srli_epi64(p0, 32), h1 = _mm256_srli_epi64(p1, 32);
    x->c0 = _mm256_xor_si256(_mm256_xor_si256(h1, x->c1), k0);
    x->c1 = p1;
    x->c2 = _mm256_xor_si256(_mm256_xor_si256(h0, x->c3), k1);
    x->c3 = p0;
}

KI_TARGET_V3 static inline void store256(uint32_t *out, __m256i even, __m256i odd) {
    _mm256_storeu_si256((__m256i *)(void *)out,
                        _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA));
}

/* Half a group at a time: eight counters, lanes 8 h .. 8 h + 7 of each word. */
KI_TARGET_V3 static void groups256(const ki_sequence *s, uint64_t first, size_t n, uint32_t *out) {
    for (size_t half = 0; half < 2 * n; half++) {
        const uint64_t base = first * COUNTERS + half * 8;
        lanes256 x[2];
        for (int odd = 0; odd < 2; odd++) {
            const __m256i number =
                _mm256_add_epi64(_mm256_set1_epi64x((long long)base),
                                 _mm256_setr_epi64x(odd, odd + 2, odd + 4, odd + 6));
            x[odd] = (lanes256){number, _mm256_srli_epi64(number, 32),
                                _mm256_set1_epi64x(s->high[0]), _mm256_set1_epi64x(s->high[1])};
        }
        uint32_t k0 = s->key.word[0], k1 = s->key.word[1];
        for (int round = 0; round < ROUNDS; round++) {
            const __m256i v0 = _mm256_set1_epi64x(k0), v1 = _mm256_set1_epi64x(k1);
            round256(&x[0], v0, v1);
            round256(&x[1], v0, v1);
            k0 += W0;
            k1 += W1;
        }
        uint32_t *to = out + half / 2 * KI_GROUP + half % 2 * 8;
        store256(to, x[0].c0, x[1].c0);
        store256(to + 16, x[0].c1, x[1].c1);
        store256(to + 32, x[0].c2, x[1].c2);
        store256(to + 48, x[0].c3, x[1].c3);
    }
}
#endif

void ki_random_groups_at(int level, const ki_sequence *s, uint64_t first, size_t n, uint32_t *out) {
#ifdef KI_X86
    if (level >= KI_LEVEL_V4) {
        groups512(s, first, n, out);
        return;
    }
    if (level >= KI_LEVEL_V3) {
        groups256(s, first, n, out);
        return;
    }
#endif
    (void)level;
    for (size_t g = 0; g < n; g++)
        group_plain(s, first + g, out + g * KI_GROUP);
}

void ki_random_groups(const ki_sequence *s, uint64_t first, size_t n, uint32_t *out) {
    ki_random_groups_at(ki_simd_level(), s, first, n, out);
}

double ki_random_double(const ki_sequence *s, uint64_t index) {
    uint32_t four[4];

    one_counter(s, index / 2, four);
    const uint32_t *two = four + index % 2 * 2;
    const uint64_t bits = (uint64_t)two[0] << 20 ^ two[1] >> 12; /* 52 of them */
    return ((double)bits + 0.5) * 0x1p-52;
}

void ki_random_normals(const ki_sequence *s, uint64_t first, size_t n, double *out) {
    double radius = 0, angle = 0;

    for (size_t i = 0; i < n; i++) {
        const uint64_t index = first + i;
        if (i == 0 || index % 2 == 0) {
            radius = sqrt(-2 * log(ki_random_double(s, index / 2 * 2)));
            angle = 6.28318530717958647693 * ki_random_double(s, index / 2 * 2 + 1);
        }
        out[i] = radius * (index % 2 ? sin(angle) : cos(angle));
    }
}
