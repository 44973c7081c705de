/* SPDX-License-Identifier: BSD-3-Clause */
/* Integer products and counts against plain loops, on every instruction set level: exact, modulo
 * 2^32 as promised. */
#include "ki_stat.h"

#include "num/dot16.h"
#include "num/simd.h"

enum { PAIRS = 1100, STRIDE = 80, WIDTH = 64, SLACK = 16 };

static int16_t a[PAIRS * STRIDE * 2], c[PAIRS * 2], d[PAIRS * 2];
static uint32_t order[PAIRS];
static ki_plain_rng rng = {11};

static int16_t number(int kind) {
    const uint64_t w = ki_plain_word(&rng);
    switch (kind) {
    case 0: /* as they come in simulations */
        return (int16_t)((int)(w & 0x3fff) - 0x2000);
    case 1: /* anything: sums wrap around */
        return (int16_t)w;
    default: /* the ends, but not two lowest ones times two lowest ones, whose sum alone is 2^31 */
        return (int16_t)(w & 1 ? INT16_MAX : w & 2 ? -INT16_MAX : 0);
    }
}

/* acc[i] += the sum over the pairs, modulo 2^32. */
static void plain(size_t width, size_t pairs, size_t stride, const uint32_t *index,
                  const int16_t *coefficient, int32_t *acc) {
    for (size_t i = 0; i < width; i++) {
        uint32_t sum = (uint32_t)acc[i];
        for (size_t p = 0; p < pairs; p++) {
            const int16_t *x = a + ((index ? index[p] : p) * stride + i) * 2;
            sum += (uint32_t)(x[0] * coefficient[2 * p]);
            sum += (uint32_t)(x[1] * coefficient[2 * p + 1]);
        }
        acc[i] = (int32_t)sum;
    }
}

typedef struct sums {
    int32_t one[WIDTH + SLACK], two[WIDTH + SLACK], some[WIDTH + SLACK], again[WIDTH + SLACK];
} sums;

static void at(int level, size_t width, size_t pairs, size_t stride, sums *s) {
    if (level < 0) { /* by the dispatcher */
        ki_dot16(width, pairs, stride, a, c, s->one);
        ki_dot16_two(width, pairs, stride, a, c, d, s->again, s->two);
        ki_dot16_some(width, pairs, stride, a, order, d, s->some);
        return;
    }
    ki_dot16_at(level, width, pairs, stride, a, c, s->one);
    ki_dot16_two_at(level, width, pairs, stride, a, c, d, s->again, s->two);
    ki_dot16_some_at(level, width, pairs, stride, a, order, d, s->some);
}

static void one_size(size_t width, size_t pairs, size_t stride) {
    static const int level[] = {-1, KI_LEVEL_PLAIN, KI_LEVEL_V3, KI_LEVEL_V4};
    sums begin, expected, got;
    for (size_t i = 0; i < WIDTH + SLACK; i++) {
        begin.one[i] = (int32_t)ki_plain_word(&rng);
        begin.two[i] = (int32_t)ki_plain_word(&rng);
        begin.some[i] = (int32_t)ki_plain_word(&rng);
        begin.again[i] = (int32_t)ki_plain_word(&rng);
    }
    expected = begin;
    plain(width, pairs, stride, NULL, c, expected.one);
    plain(width, pairs, stride, NULL, c, expected.again);
    plain(width, pairs, stride, NULL, d, expected.two);
    plain(width, pairs, stride, order, d, expected.some);
    for (size_t l = 0; l < sizeof level / sizeof *level; l++) {
        if (level[l] <= ki_simd_level()) {
            got = begin;
            at(level[l], width, pairs, stride, &got);
            assert_memory_equal(&got, &expected, sizeof got);
        }
    }
}

static void products(void **state) {
    (void)state;
    static const size_t pairs[] = {0,  1,  2,  3,  4,  5,   6,   7,   8,   9,   15,   16,
                                   17, 31, 32, 33, 63, 127, 128, 129, 511, 513, 1024, PAIRS};
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < sizeof a / sizeof *a; i++)
            a[i] = number(kind);
        for (size_t p = 0; p < PAIRS; p++) {
            c[2 * p] = number(kind);
            c[2 * p + 1] = number(kind);
            d[2 * p] = number(kind);
            d[2 * p + 1] = number(kind);
            order[p] = (uint32_t)(ki_plain_word(&rng) % PAIRS);
        }
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
            for (size_t width = 16; width <= WIDTH; width += 16) {
                one_size(width, pairs[k], width);
                one_size(width, pairs[k], STRIDE);
            }
        }
    }
}

static void columns(void **state) {
    (void)state;
    int32_t x[512 + 1], y[512 + 1];
    float f[512 + 1], g[512 + 1];
    for (size_t n = 0; n <= 512; n += 16) {
        const float factor = (float)(ki_plain_uniform(&rng) - 0.5);
        for (size_t i = 0; i <= n; i++) {
            a[i] = number(1);
            x[i] = y[i] = (int32_t)ki_plain_word(&rng) / 2;
            f[i] = g[i] = (float)ki_plain_uniform(&rng);
        }
        ki_add16(n, 1, a, x);
        for (size_t i = 0; i < n; i++) {
            y[i] += a[i];
            g[i] = fmaf(factor, (float)a[i], g[i]);
        }
        assert_memory_equal(x, y, (n + 1) * sizeof *x);
        ki_add16(n, -1, a, x);
        ki_add16(n, -1, a, x);
        for (size_t i = 0; i < n; i++)
            y[i] -= 2 * a[i];
        assert_memory_equal(x, y, (n + 1) * sizeof *x);
        ki_axpy16(n, factor, a, f);
        assert_memory_equal(f, g, (n + 1) * sizeof *f);
    }
}

static uint64_t ones(uint64_t x) {
    uint64_t n = 0;
    for (; x; x &= x - 1)
        n++;
    return n;
}

static void differences(void **state) {
    (void)state;
    enum { STATES = 9, MOST = 40 };
    uint64_t now[MOST], past[STATES * MOST];
    uint32_t counts[STATES + 1];
    for (size_t words = 0; words <= MOST; words++) {
        for (size_t w = 0; w < words; w++)
            now[w] = ki_plain_word(&rng);
        for (size_t w = 0; w < STATES * words; w++) /* the first two: the same, the opposite */
            past[w] = w < words ? now[w] : w < 2 * words ? ~now[w - words] : ki_plain_word(&rng);
        for (size_t n = 0; n <= STATES; n++) {
            memset(counts, 0xA5, sizeof counts);
            ki_differences(n, words, now, past, counts);
            for (size_t k = 0; k < n; k++) {
                uint64_t expected = 0;
                for (size_t w = 0; w < words; w++)
                    expected += ones(now[w] ^ past[k * words + w]);
                assert_int_equal(counts[k], expected);
            }
            assert_int_equal(counts[n], 0xA5A5A5A5);
        }
        assert_true(counts[0] == 0 && counts[1] == 64 * words);
    }
}

static void weighted_differences(void **state) {
    (void)state;
    enum { PLANES = 13, MOST = 40 };
    uint64_t plane[PLANES * MOST], x[MOST], y[MOST];
    for (size_t words = 0; words <= MOST; words++) {
        for (size_t planes = 0; planes <= PLANES; planes++) {
            uint64_t expected = 0;
            for (size_t w = 0; w < words; w++) {
                x[w] = ki_plain_word(&rng);
                y[w] = planes == PLANES ? ~x[w] : ki_plain_word(&rng);
            }
            for (size_t b = 0; b < planes; b++) {
                for (size_t w = 0; w < words; w++) {
                    plane[b * words + w] = ki_plain_word(&rng);
                    expected += ones(plane[b * words + w] & (x[w] ^ y[w])) << b;
                }
            }
            assert_true(ki_weighted_difference(planes, words, plane, x, y) == expected);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(columns),
        cmocka_unit_test(differences),
        cmocka_unit_test(weighted_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
