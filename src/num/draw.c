/* SPDX-License-Identifier: BSD-3-Clause */
#include "draw.h"

#include <math.h>
#include <string.h>

#include "simd.h"

/* Polynomials were fitted at Chebyshev points with 40-digit arithmetic. Products are added by
 * fmaf() everywhere, so that compilers for different processors have nothing left to contract. */

static inline float as_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t as_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* -ln a to an absolute error of 1e-7, a positive and normal: a = 2^n (1 + f), f around 0. */
static inline float minus_log(float a) {
    const uint32_t shifted = as_bits(a) - UINT32_C(0x3f3504f3); /* sqrt(1/2) */
    const int32_t n = (int32_t)shifted >> 23;
    const float f = as_float((shifted & UINT32_C(0x007fffff)) + UINT32_C(0x3f3504f3)) - 1.0f;
    /* Estrin's order: four short chains instead of a long one. */
    const float f2 = f * f, f4 = f2 * f2;
    const float p0 = fmaf(-0.499999963821f, f, 0.999999974131f);
    const float p1 = fmaf(-0.250013521855f, f, 0.333341932861f);
    const float p2 = fmaf(-0.165779928968f, f, 0.199559333584f);
    const float p3 = fmaf(-0.142692582062f, f, 0.149774012801f);
    const float low = fmaf(p1, f2, p0), high = fmaf(p3, f2, p2);
    const float p = fmaf(fmaf(0.08533313083f, f4, high), f4, low);
    return -fmaf((float)n, 0.693147180560f, p * f);
}

/* 2^y, relative error 1e-7, |y| <= 126. */
static inline float exp2_1(float y) {
    const float shifted = y + 12582912.0f; /* 1.5 * 2^23: rounds to an integer */
    const float r = y - (shifted - 12582912.0f);
    float p = 0.000154614446986f;
    p = fmaf(p, r, 0.00134004281776f);
    p = fmaf(p, r, 0.00961805667852f);
    p = fmaf(p, r, 0.0555032722667f);
    p = fmaf(p, r, 0.240226509223f);
    p = fmaf(p, r, 0.693147206703f);
    p = fmaf(p, r, 1.0f);
    return as_float(as_bits(p) + (as_bits(shifted) << 23));
}

/* The magnitude of a word as a distance from the end of the distribution: p = (magnitude + 1/2) /
 * 2^32 is the chance of more than |z|. Below TAIL the polynomial in ln(4 p (1 - p)) is not used. */
static inline uint32_t magnitude(uint32_t word) {
    const int32_t v = (int32_t)word;
    return UINT32_C(0x7fffffff) - (uint32_t)(v ^ (v >> 31));
}
enum { TAIL = 132600 };

/* z over 2^-12 for a group of words; right where the magnitude is at least TAIL. z = x P(w), x =
 * erf(z/sqrt2), w = -ln(1 - x^2) <= 9. Returns how many are to be done otherwise. */
static inline KI_ALWAYS_INLINE uint32_t central_group(const uint32_t *word, int32_t *out) {
    uint32_t rare = 0;

#pragma omp simd reduction(+ : rare)
    for (size_t i = 0; i < KI_GROUP; i++) {
        const uint32_t far = magnitude(word[i]);
        rare += far < TAIL;
        const float p = ((float)(int32_t)far + 0.5f) * 0x1p-32f;
        const float x = (float)(int32_t)word[i] * 0x1p-31f + 0x1p-32f;
        const float w = minus_log(4 * fmaf(-p, p, p));
        const float u = w - 4.5f, u2 = u * u, u4 = u2 * u2;
        const float z0 = fmaf(0.31259117204f, u, 2.78760243883f);
        const float z1 = fmaf(-4.84820654343e-6f, u, -0.0104189672376f);
        const float z2 = fmaf(-1.88913154546e-5f, u, 0.000116562211265f);
        const float z3 = fmaf(9.36104652003e-8f, u, 1.30842530506e-6f);
        const float z4 = fmaf(3.16257176681e-9f, u, -3.74884940009e-8f);
        const float z5 = fmaf(-4.50122342164e-11f, u, 2.63395415918e-10f);
        const float low = fmaf(z1, u2, z0), high = fmaf(z3, u2, z2);
        const float z = fmaf(fmaf(fmaf(z5, u2, z4), u4, high), u4, low);
        /* Fused by name: compilers fuse it only where there is an instruction. */
        const float scaled = fmaf(z, x * 4096.0f, 12582912.0f);
        out[i] = (int32_t)(as_bits(scaled) - UINT32_C(0x4B400000));
    }
    return rare;
}

static uint32_t central(const uint32_t *word, int32_t *out) {
    return central_group(word, out);
}
#ifdef KI_X86
KI_TARGET_V3 static uint32_t central_v3(const uint32_t *word, int32_t *out) {
    return central_group(word, out);
}
KI_TARGET_V4 static uint32_t central_v4(const uint32_t *word, int32_t *out) {
    return central_group(word, out);
}
#endif

/* Newton's method on ln Q(z), which is concave and close to a parabola: monotone from the left. */
double ki_normal_quantile(double p) {
    const double goal = log(p);
    double z = p < 0.1 ? sqrt(-2 * goal - log(-12.566370614359172954 * goal) > 1
                                  ? -2 * goal - log(-12.566370614359172954 * goal)
                                  : 1)
                       : 0;

    for (int i = 0; i < 60; i++) {
        const double q = 0.5 * erfc(z * 0.70710678118654752440);
        const double density = 0.39894228040143267794 * exp(-0.5 * z * z);
        const double step = (log(q) - goal) * q / density;
        z += step;
        if (fabs(step) < 1e-13 * (1 + z))
            break;
    }
    return z;
}

static int32_t tail_normal(uint32_t word, const ki_sequence *tail, uint64_t index) {
    const double p = ((double)magnitude(word) + ki_random_double(tail, index)) * 0x1p-32;
    const double z = fmin(ki_normal_quantile(p) * 4096, 32767);
    return (int32_t)lrint((int32_t)word < 0 ? -z : z);
}

void ki_normals16_of_words(int level, const uint32_t *word, const ki_sequence *tail, uint64_t first,
                           int32_t *out) {
#ifdef KI_X86
    const uint32_t rare = level >= KI_LEVEL_V4   ? central_v4(word, out)
                          : level >= KI_LEVEL_V3 ? central_v3(word, out)
                                                 : central(word, out);
#else
    const uint32_t rare = central(word, out);
    (void)level;
#endif
    for (size_t i = 0; rare && i < KI_GROUP; i++)
        if (magnitude(word[i]) < TAIL)
            out[i] = tail_normal(word[i], tail, first + i);
}

void ki_normals16_at(int level, const ki_sequence *seq, const ki_sequence *tail, uint64_t first,
                     size_t groups, int32_t *out) {
    enum { BATCH = 8 };
    uint32_t word[BATCH * KI_GROUP];

    for (size_t g = 0; g < groups; g += BATCH) {
        const size_t n = groups - g < BATCH ? groups - g : BATCH;
        ki_random_groups_at(level, seq, first + g, n, word);
        for (size_t b = 0; b < n; b++) {
            ki_normals16_of_words(level, word + b * KI_GROUP, tail, (first + g + b) * KI_GROUP,
                                  out + (g + b) * KI_GROUP);
        }
    }
}

void ki_normals16(const ki_sequence *seq, const ki_sequence *tail, uint64_t first, size_t groups,
                  int32_t *out) {
    ki_normals16_at(ki_simd_level(), seq, tail, first, groups, out);
}

/* With u = (n + v)/65536, v uniform, u < 1/(1 + e) is certain or impossible for nearly every n. */
#define CERTAIN (65536.0f * (1 - 1e-6f))
#define IMPOSSIBLE (65536.0f * (1 + 1e-6f))
#define MINUS_2_OVER_LN2 -2.88539008178f

typedef struct decision {
    uint64_t plus, open; /* certainly +1; not decided */
} decision;

static decision decide(const float *x, const uint32_t *word, int shift) {
    decision d = {0, 0};

    for (unsigned i = 0; i < 64; i++) {
        const float n = (float)(int32_t)(word[i] >> shift & 0xffff);
        float y = x[i] * MINUS_2_OVER_LN2;
        y = y < 120 ? y : 120;
        y = y > -120 ? y : -120;
        const float weight = 1 + exp2_1(y);
        const int yes = fmaf(n, weight, weight) <= CERTAIN, no = n * weight >= IMPOSSIBLE;
        d.plus |= (uint64_t)yes << i;
        d.open |= (uint64_t)(!yes && !no) << i;
    }
    return d;
}

#ifdef KI_X86
KI_TARGET_V4 static inline __m512 exp2_512(__m512 y) {
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    const __m512 shifted = _mm512_add_ps(y, magic);
    const __m512 r = _mm512_sub_ps(y, _mm512_sub_ps(shifted, magic));
    __m512 p = _mm512_set1_ps(0.000154614446986f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.00134004281776f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.00961805667852f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.0555032722667f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.240226509223f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.693147206703f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_castsi512_ps(_mm512_add_epi32(
        _mm512_castps_si512(p), _mm512_slli_epi32(_mm512_castps_si512(shifted), 23)));
}

KI_TARGET_V4 static decision decide_v4(const float *x, const uint32_t *word, int shift) {
    decision d = {0, 0};

#pragma GCC unroll 4
    for (unsigned v = 0; v < 4; v++) {
        const __m512i w = _mm512_loadu_si512(word + 16 * v);
        const __m512 n = _mm512_cvtepi32_ps(_mm512_and_si512(
            _mm512_srl_epi32(w, _mm_cvtsi32_si128(shift)), _mm512_set1_epi32(0xffff)));
        __m512 y = _mm512_mul_ps(_mm512_loadu_ps(x + 16 * v), _mm512_set1_ps(MINUS_2_OVER_LN2));
        y = _mm512_min_ps(y, _mm512_set1_ps(120));
        y = _mm512_max_ps(y, _mm512_set1_ps(-120));
        const __m512 weight = _mm512_add_ps(_mm512_set1_ps(1), exp2_512(y));
        const uint64_t yes = _mm512_cmp_ps_mask(_mm512_fmadd_ps(n, weight, weight),
                                                _mm512_set1_ps(CERTAIN), _CMP_LE_OQ);
        const uint64_t no =
            _mm512_cmp_ps_mask(_mm512_mul_ps(n, weight), _mm512_set1_ps(IMPOSSIBLE), _CMP_GE_OQ);
        d.plus |= yes << 16 * v;
        d.open |= (~(yes | no) & 0xffff) << 16 * v;
    }
    return d;
}

KI_TARGET_V3 static inline __m256 exp2_256(__m256 y) {
    const __m256 magic = _mm256_set1_ps(12582912.0f);
    const __m256 shifted = _mm256_add_ps(y, magic);
    const __m256 r = _mm256_sub_ps(y, _mm256_sub_ps(shifted, magic));
    __m256 p = _mm256_set1_ps(0.000154614446986f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.00134004281776f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.00961805667852f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.0555032722667f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.240226509223f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.693147206703f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    return _mm256_castsi256_ps(_mm256_add_epi32(
        _mm256_castps_si256(p), _mm256_slli_epi32(_mm256_castps_si256(shifted), 23)));
}

KI_TARGET_V3 static decision decide_v3(const float *x, const uint32_t *word, int shift) {
    decision d = {0, 0};

    for (unsigned v = 0; v < 8; v++) {
        const __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)(word + 8 * v));
        const __m256 n = _mm256_cvtepi32_ps(_mm256_and_si256(
            _mm256_srl_epi32(w, _mm_cvtsi32_si128(shift)), _mm256_set1_epi32(0xffff)));
        __m256 y = _mm256_mul_ps(_mm256_loadu_ps(x + 8 * v), _mm256_set1_ps(MINUS_2_OVER_LN2));
        y = _mm256_min_ps(y, _mm256_set1_ps(120));
        y = _mm256_max_ps(y, _mm256_set1_ps(-120));
        const __m256 weight = _mm256_add_ps(_mm256_set1_ps(1), exp2_256(y));
        const uint64_t yes = (unsigned)_mm256_movemask_ps(
            _mm256_cmp_ps(_mm256_fmadd_ps(n, weight, weight), _mm256_set1_ps(CERTAIN), _CMP_LE_OQ));
        const uint64_t no = (unsigned)_mm256_movemask_ps(
            _mm256_cmp_ps(_mm256_mul_ps(n, weight), _mm256_set1_ps(IMPOSSIBLE), _CMP_GE_OQ));
        d.plus |= yes << 8 * v;
        d.open |= (~(yes | no) & 0xff) << 8 * v;
    }
    return d;
}
#endif

static uint64_t settle(decision d, const float *x, const uint32_t *word, int shift,
                       const ki_sequence *rare, uint64_t index) {
    for (; d.open; d.open &= d.open - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(d.open);
        const double n = (double)(word[i] >> shift & 0xffff);
        const double v = ki_random_double(rare, index + i);
        const double e = exp(-2.0 * fabs((double)x[i])), small = e / (1 + e);
        /* The smaller of the two chances keeps its relative accuracy. */
        const int plus =
            x[i] < 0 ? (n + v) * 0x1p-16 < small : ((65535 - n) + (1 - v)) * 0x1p-16 >= small;
        d.plus |= (uint64_t)plus << i;
    }
    return d.plus;
}

uint64_t ki_spins_of_words(int level, const uint32_t *word, const ki_sequence *rare, uint64_t block,
                           const float *x) {
    const int shift = block % 2 ? 16 : 0;
    decision d;
#ifdef KI_X86
    d = level >= KI_LEVEL_V4   ? decide_v4(x, word, shift)
        : level >= KI_LEVEL_V3 ? decide_v3(x, word, shift)
                               : decide(x, word, shift);
#else
    (void)level;
    d = decide(x, word, shift);
#endif
    return settle(d, x, word, shift, rare, block * 64);
}

void ki_draw_spins_at(int level, const ki_sequence *update, const ki_sequence *rare, uint64_t first,
                      size_t blocks, const float *x, uint64_t *bits) {
    enum { BATCH = 8 };
    uint32_t word[BATCH * KI_GROUP];

    for (size_t b = 0; b < blocks;) {
        const uint64_t group = (first + b) / 2, last = (first + blocks - 1) / 2;
        const size_t n = last - group + 1 < BATCH ? (size_t)(last - group + 1) : BATCH;
        ki_random_groups_at(level, update, group, n, word);
        for (; b < blocks && (first + b) / 2 < group + n; b++) {
            bits[b] = ki_spins_of_words(level, word + ((first + b) / 2 - group) * KI_GROUP, rare,
                                        first + b, x + 64 * b);
        }
    }
}

void ki_draw_spins(const ki_sequence *update, const ki_sequence *rare, uint64_t first,
                   size_t blocks, const float *x, uint64_t *bits) {
    ki_draw_spins_at(ki_simd_level(), update, rare, first, blocks, x, bits);
}

enum { THRESHOLD_TAIL = 1 << 19 };

/* Right where the magnitude (see there) is at least THRESHOLD_TAIL; returns how many are not. */
static inline KI_ALWAYS_INLINE uint32_t thresholds_body(const uint32_t *word, float *x) {
    uint32_t rare = 0;

#pragma omp simd reduction(+ : rare)
    for (size_t i = 0; i < KI_GROUP; i++) {
        const uint32_t far = magnitude(word[i]);
        rare += far < THRESHOLD_TAIL;
        const float p = ((float)(int32_t)far + 0.5f) * 0x1p-32f;
        const float half = 0.5f * (minus_log(p) - minus_log(1 - p));
        x[i] = (int32_t)word[i] < 0 ? half : -half;
    }
    return rare;
}

static uint32_t thresholds(const uint32_t *word, float *x) {
    return thresholds_body(word, x);
}
#ifdef KI_X86
KI_TARGET_V3 static uint32_t thresholds_v3(const uint32_t *word, float *x) {
    return thresholds_body(word, x);
}
KI_TARGET_V4 static uint32_t thresholds_v4(const uint32_t *word, float *x) {
    return thresholds_body(word, x);
}
#endif

void ki_thresholds_at(int level, const ki_sequence *update, const ki_sequence *rare, uint64_t first,
                      size_t groups, float *x) {
    uint32_t word[KI_GROUP];
#ifdef KI_X86
    uint32_t (*const fn)(const uint32_t *, float *) = level >= KI_LEVEL_V4   ? thresholds_v4
                                                      : level >= KI_LEVEL_V3 ? thresholds_v3
                                                                             : thresholds;
#else
    uint32_t (*const fn)(const uint32_t *, float *) = thresholds;
#endif

    for (size_t g = 0; g < groups; g++) {
        float *out = x + g * KI_GROUP;
        ki_random_groups_at(level, update, first + g, 1, word);
        if (fn(word, out) == 0)
            continue;
        for (size_t i = 0; i < KI_GROUP; i++) {
            if (magnitude(word[i]) < THRESHOLD_TAIL) {
                const double p = ((double)magnitude(word[i]) +
                                  ki_random_double(rare, (first + g) * KI_GROUP + i)) *
                                 0x1p-32;
                const double half = 0.5 * (log1p(-p) - log(p));
                out[i] = (float)((int32_t)word[i] < 0 ? half : -half);
            }
        }
    }
}

void ki_thresholds(const ki_sequence *update, const ki_sequence *rare, uint64_t first,
                   size_t groups, float *x) {
    ki_thresholds_at(ki_simd_level(), update, rare, first, groups, x);
}

KI_CLONES void ki_vtanhf(size_t n, const float *x, float *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float a = fabsf(x[i]);
        /* Near 0 a series, elsewhere (1 - e)/(1 + e), e = exp(-2a). */
        const float v = a < 0.3f ? a * a : 0.09f;
        float s = 0.02186948853615520282f; /* 62/2835 */
        s = fmaf(s, v, -0.05396825396825396825f);
        s = fmaf(s, v, 0.13333333333333333333f);
        s = fmaf(s, v, -0.33333333333333333333f);
        const float series = fmaf(s * v, a, a);
        const float b = a < 43 ? a : 43;
        const float e = exp2_1(b * -2.88539008178f);
        const float far = (1 - e) / (1 + e);
        const float t = a < 0.3f ? series : far;
        y[i] = x[i] < 0 ? -t : t;
    }
}
