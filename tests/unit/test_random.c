/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers as exact facts: the words of Philox, the same bits on every instruction set level,
 * and what is made of given words. Their statistics are in tests/statistics/test_random_numbers.c.
 */
#include "ki_stat.h"

#include <stdlib.h>

#include "num/draw.h"
#include "num/philox.h"
#include "num/simd.h"

#ifdef KI_HAVE_RANDOM123
#include <Random123/philox.h>
#endif

/* The levels that this machine has. */
/* Word number `index` of a sequence, by its definition. */
static uint32_t word_of(const ki_sequence *q, uint64_t index) {
    const uint64_t within = index % KI_GROUP, number = index / KI_GROUP * 16 + within % 16;
    const uint32_t counter[4] = {(uint32_t)number, (uint32_t)(number >> 32), q->high[0],
                                 q->high[1]};
    uint32_t four[4];
    ki_philox4x32_10(counter, q->key.word, four);
    return four[within / 16];
}

static int levels(int level[3]) {
    static const int all[3] = {KI_LEVEL_PLAIN, KI_LEVEL_V3, KI_LEVEL_V4};
    int n = 0;
    for (int i = 0; i < 3; i++)
        if (all[i] <= ki_simd_level())
            level[n++] = all[i];
    return n;
}

static void fill(ki_plain_rng *r, uint32_t *word, size_t n) {
    for (size_t i = 0; i < n; i++)
        word[i] = (uint32_t)ki_plain_word(r);
}

/* kat_vectors of Random123. */
static void known_answers(void **state) {
    (void)state;
    static const uint32_t known[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
         0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
         0x94fdcceb, 0x5001e420, 0x24126ea1},
    };
    for (int k = 0; k < 3; k++) {
        uint32_t out[4];
        ki_philox4x32_10(known[k], known[k] + 4, out);
        assert_memory_equal(out, known[k] + 6, sizeof out);
    }
}

static void like_random123(void **state) {
    (void)state;
#ifdef KI_HAVE_RANDOM123
    ki_plain_rng r = {1};
    for (int k = 0; k < 20000; k++) {
        philox4x32_ctr_t counter;
        philox4x32_key_t key;
        uint32_t out[4];
        fill(&r, counter.v, 4);
        fill(&r, key.v, 2);
        const philox4x32_ctr_t expected = philox4x32(counter, key);
        ki_philox4x32_10(counter.v, key.v, out);
        assert_memory_equal(out, expected.v, sizeof out);
    }
#else
    skip(); /* the header was not there when this was built */
#endif
}

enum { GROUPS = 21, WORDS = GROUPS * KI_GROUP };

/* Word w of counter 16 g + l is number 64 g + 16 w + l: groups on all levels, single words, and the
 * function itself. Counters pass 2^32 and 2^64. */
static void words(void **state) {
    (void)state;
    static const uint64_t start[] = {
        0, 1, 12345678901, (UINT64_C(1) << 28) - 5, (UINT64_C(1) << 60) - 3, UINT64_MAX - 4};
    int level[3];
    const int n = levels(level);
    ki_plain_rng r = {2};
    for (size_t s = 0; s < sizeof start / sizeof *start; s++) {
        static uint32_t out[WORDS + 1];
        ki_random_key key;
        fill(&r, key.word, 2);
        const uint64_t realization = ki_plain_word(&r) >> 8;
        const unsigned stream = (unsigned)ki_plain_word(&r) & 255;
        const ki_sequence q = ki_sequence_of(key, realization, stream);
        for (size_t groups = 0; groups <= GROUPS; groups += 1 + groups / 4) {
            for (int l = 0; l <= n; l++) {
                memset(out, 0xA5, sizeof out);
                if (l < n)
                    ki_random_groups_at(level[l], &q, start[s], groups, out);
                else
                    ki_random_groups(&q, start[s], groups, out);
                assert_int_equal(out[groups * KI_GROUP], 0xA5A5A5A5);
                for (size_t i = 0; i < groups * KI_GROUP; i++) {
                    const uint64_t number = (start[s] + i / 64) * 16 + i % 16;
                    const uint32_t counter[4] = {
                        (uint32_t)number, (uint32_t)(number >> 32), (uint32_t)realization,
                        (uint32_t)(realization >> 32) | (uint32_t)stream << 24};
                    uint32_t four[4];
                    ki_philox4x32_10(counter, key.word, four);
                    assert_int_equal(out[i], four[i % 64 / 16]);
                    /* By single words as far as their index reaches. */
                    if (start[s] + i / 64 < UINT64_C(1) << 58)
                        assert_int_equal(out[i], word_of(&q, start[s] * 64 + i));
                }
            }
        }
    }
}

static int by_value(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Streams, realizations, keys and positions share no 64 bits; keys hang on every bit and on the
 * number of words. */
static void distinct(void **state) {
    (void)state;
    enum { MANY = 1 << 15 };
    static uint64_t seen[MANY];
    size_t n = 0;
    for (uint64_t k = 0; k < 8; k++) {
        const ki_random_key key = ki_random_key_of(1, &k);
        for (uint64_t realization = 0; realization < 64; realization++) {
            for (unsigned stream = 0; stream < 64; stream++) {
                const uint64_t far = realization < 32 ? realization : realization << 50;
                const ki_sequence q = ki_sequence_of(key, far, stream < 7 ? stream : 4 * stream);
                seen[n++] = (uint64_t)word_of(&q, 0) << 32 | word_of(&q, 1);
            }
        }
    }
    assert_int_equal(n, MANY);
    qsort(seen, n, sizeof *seen, by_value);
    for (size_t i = 1; i < n; i++)
        assert_true(seen[i] != seen[i - 1]); /* 3e-11 by chance */
    const uint64_t zero[8] = {0};
    n = 0;
    for (size_t length = 0; length <= 8; length++) {
        const ki_random_key key = ki_random_key_of(length, zero);
        seen[n++] = (uint64_t)key.word[0] << 32 | key.word[1];
        for (size_t bit = 0; bit < 64 * length; bit++) {
            uint64_t word[8] = {0};
            word[bit / 64] = UINT64_C(1) << bit % 64;
            const ki_random_key other = ki_random_key_of(length, word);
            seen[n++] = (uint64_t)other.word[0] << 32 | other.word[1];
        }
    }
    qsort(seen, n, sizeof *seen, by_value);
    for (size_t i = 1; i < n; i++)
        assert_true(seen[i] != seen[i - 1]);
}

/* Doubles are in (0, 1) by 52 bits of half a counter; normals of any part are those of the whole.
 */
static void doubles(void **state) {
    (void)state;
    const ki_sequence q = ki_sequence_of((ki_random_key){{5, 6}}, 7, 8);
    for (uint64_t i = 0; i < 1000; i++) {
        const uint64_t counter = (i / 2) % 16 + i / 32 * 64 + i % 2 * 32;
        const uint64_t bits =
            (uint64_t)word_of(&q, counter) << 20 | word_of(&q, counter + 16) >> 12;
        const double u = ki_random_double(&q, i);
        assert_true(u > 0 && u < 1 && u == ((double)bits + 0.5) * 0x1p-52);
    }
    double whole[41], part[41];
    ki_random_normals(&q, 100, 41, whole);
    for (size_t first = 0; first < 41; first++) {
        ki_random_normals(&q, 100 + first, 41 - first, part);
        assert_memory_equal(part, whole + first, (41 - first) * sizeof *part);
    }
}

/* The chance of more than z is p again, where erfc() is good to a few 1e-16 of relative error times
 * z^2. */
static void quantile(void **state) {
    (void)state;
    for (int i = 0; i <= 4000; i++) {
        const double p = 0.5 * pow(10, -20.0 * i / 4000) - (i == 0 ? 1e-9 : 0);
        const double z = ki_normal_quantile(p);
        const double q = 0.5 * erfc(z / M_SQRT2), density = exp(-0.5 * z * z) / sqrt(2 * M_PI);
        assert_true(fabs(q - p) / density <= 1e-13 * fmax(1, z));
    }
    /* Digits of tables. */
    assert_close(ki_normal_quantile(0.025), 1.959963984540054235524594430521, 1e-13, 0);
    assert_close(ki_normal_quantile(1e-9), 5.997807015007686871989, 1e-13, 0);
    assert_close(ki_normal_quantile(1e-15), 7.941345326170997, 1e-13, 0);
    assert_close(ki_normal_quantile(1e-20), 9.262340089798408, 1e-13, 0);
}

enum { TAIL = 132600 }; /* as in draw.c */

/* What a word becomes, by its definition; `tail` says in *far that further digits were used. */
static double normal_of(uint32_t word, const ki_sequence *tail, uint64_t index, int *far) {
    const int32_t v = (int32_t)word;
    const double size = v < 0 ? 2147483648.0 + v : 2147483647.0 - v;
    *far = size < TAIL;
    const double p = (size + (*far ? ki_random_double(tail, index) : 0.5)) * 0x1p-32;
    const double z = fmin(4096 * ki_normal_quantile(p), 32767);
    return v < 0 ? -z : z;
}

/* The rounded quantile, but where the central polynomial leaves it between two. */
static void one_normal(uint32_t word, const ki_sequence *tail, uint64_t index, int32_t got,
                       int *tails) {
    int far;
    const double z = normal_of(word, tail, index, &far);
    assert_true(fabs(z - got) <= (far ? 0.5000001 : 0.503));
    *tails += far;
}

static void normals_of_words(void **state) {
    (void)state;
    enum { BATCH = 64 };
    static int32_t out[BATCH * KI_GROUP];
    static uint32_t word[BATCH * KI_GROUP];
    const ki_sequence q = ki_sequence_of((ki_random_key){{1, 2}}, 3, KI_STREAM_COUPLING);
    const ki_sequence tail = ki_sequence_of((ki_random_key){{1, 2}}, 3, KI_STREAM_TAIL);
    int tails = 0;
    for (uint64_t g = 0; g < 1024 * BATCH; g += BATCH) {
        ki_normals16(&q, &tail, g, BATCH, out);
        ki_random_groups(&q, g, BATCH, word);
        for (size_t i = 0; i < BATCH * KI_GROUP; i++) {
            /* All in and near the tails, a part of the rest. */
            const int32_t v = (int32_t)word[i];
            if ((v < 0 ? -1 - v : v) > 2147483647 - 8 * TAIL || i % 64 == g / BATCH % 64)
                one_normal(word[i], &tail, g * KI_GROUP + i, out[i], &tails);
        }
    }
    assert_in_range(tails, 170, 350); /* 2^22 x 6.2e-5 = 259 */
}

/* Words that no sequence would show: the ends, both sides of where the tails begin, all sizes. */
static void normals_of_crafted_words(void **state) {
    (void)state;
    const ki_sequence tail = ki_sequence_of((ki_random_key){{9, 9}}, 1, KI_STREAM_TAIL);
    int level[3], tails = 0, beyond_six = 0, beyond_eight = 0;
    const int n = levels(level);
    for (uint32_t batch = 0; batch < 2048; batch++) {
        uint32_t word[KI_GROUP];
        int32_t out[KI_GROUP], first[KI_GROUP];
        for (uint32_t i = 0; i < KI_GROUP; i++) {
            const uint32_t k = batch * KI_GROUP + i;
            const uint32_t size = batch < 256    ? k / 2
                                  : batch < 512  ? TAIL - 4096 + (k / 2 - 8192)
                                  : batch < 1024 ? (k / 2 - 16384) * UINT32_C(1000)
                                                 : (k / 2 - 32768) * UINT32_C(65535);
            word[i] = k % 2 ? UINT32_C(0x7fffffff) - size : UINT32_C(0x80000000) + size;
        }
        for (int l = 0; l < n; l++) {
            ki_normals16_of_words(level[l], word, &tail, batch * KI_GROUP, l ? out : first);
            assert_true(l == 0 || memcmp(out, first, sizeof out) == 0);
        }
        for (size_t i = 0; i < KI_GROUP; i++) {
            one_normal(word[i], &tail, batch * KI_GROUP + i, first[i], &tails);
            assert_true((first[i] < 0) == ((int32_t)word[i] < 0) || first[i] == 0);
            beyond_six += abs(first[i]) > 6 * 4096;
            beyond_eight += abs(first[i]) >= 32767;
        }
    }
    assert_true(tails > 24500 && beyond_six >= 4 && beyond_eight == 0);
    /* Beyond 8 standard deviations by the further digits alone: cut off there. */
    assert_true(4096 * ki_normal_quantile(0x1p-85) > 32767);
}

/* Bit for bit on all levels, whatever the batches. */
static void levels_agree(void **state) {
    (void)state;
    enum { BLOCKS = 41 };
    int level[3];
    const int n = levels(level);
    const ki_sequence q = ki_sequence_of((ki_random_key){{3, 1}}, 4, KI_STREAM_UPDATE);
    const ki_sequence rare = ki_sequence_of((ki_random_key){{3, 1}}, 4, KI_STREAM_RARE);
    static float x[BLOCKS * 64];
    static const float odd[] = {0,   -0.0f,  1e6f,  -1e6f, 1e-30f, 3e38f, -3e38f, 41.5f,
                                -42, 5.545f, -5.5f, 11.1f, -11.0f, 1e-7f, 60.1f,  -60.2f};
    static int32_t normal[3][BLOCKS * 64];
    static float threshold[3][BLOCKS * 64];
    uint64_t bits[3][BLOCKS + 1];
    ki_plain_rng r = {4};
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < BLOCKS * 64; i++)
            x[i] = i % 7 ? (float)(20 * ki_plain_uniform(&r) - 10) : odd[i / 7 % 16];
        const uint64_t first = round < 100 ? (uint64_t)round : ki_plain_word(&r) >> 8;
        const size_t blocks = (size_t)(round < 100 ? round % (BLOCKS + 1) : BLOCKS);
        for (int l = 0; l < n; l++) {
            ki_normals16_at(level[l], &q, &rare, first, blocks, normal[l]);
            memset(bits[l], 0xA5, sizeof bits[l]);
            ki_draw_spins_at(level[l], &q, &rare, first, blocks, x, bits[l]);
            ki_thresholds_at(level[l], &q, &rare, first, blocks, threshold[l]);
            assert_memory_equal(normal[l], normal[0], blocks * 64 * sizeof(int32_t));
            assert_memory_equal(threshold[l], threshold[0], blocks * 64 * sizeof(float));
            assert_memory_equal(bits[l], bits[0], sizeof bits[l]);
        }
        for (size_t b = 0; b < blocks; b++) { /* one at a time */
            uint64_t one;
            int32_t few[KI_GROUP];
            ki_draw_spins(&q, &rare, first + b, 1, x + 64 * b, &one);
            ki_normals16(&q, &rare, first + b, 1, few);
            assert_true(one == bits[0][b]);
            assert_memory_equal(few, normal[0] + 64 * b, sizeof few);
        }
    }
}

/* Spins of the uniform number that the words spell out: u = (16 bits + 52 further ones)/2^16 < 1/(1
 * + exp(-2x)) is up, with the comparison made in doubles; so many are left to the further ones. */
static void spins_of_words(void **state) {
    (void)state;
    const ki_sequence q = ki_sequence_of((ki_random_key){{8, 1}}, 2, KI_STREAM_UPDATE);
    const ki_sequence rare = ki_sequence_of((ki_random_key){{8, 1}}, 2, KI_STREAM_RARE);
    ki_plain_rng r = {6};
    int undecided = 0;
    for (uint64_t b = 0; b < 6000; b++) {
        float x[64];
        uint64_t bits;
        const double scale = b % 3 == 0 ? 1 : b % 3 == 1 ? 4 : 8;
        for (int i = 0; i < 64; i++)
            x[i] = (float)(scale * (2 * ki_plain_uniform(&r) - 1));
        ki_draw_spins(&q, &rare, b, 1, x, &bits);
        for (uint64_t i = 0; i < 64; i++) {
            const double n = word_of(&q, b / 2 * 64 + i) >> b % 2 * 16 & 0xffff;
            const double p = 1 / (1 + exp(-2 * (double)x[i]));
            const double u = (n + ki_random_double(&rare, b * 64 + i)) / 65536;
            undecided += n / 65536 < p && p < (n + 1) / 65536;
            assert_int_equal(bits >> i & 1, u < p);
        }
    }
    assert_in_range(undecided, 1, 40); /* 384000 / 65536 = 6 */
}

/* Certain spins, and no endless loop for what no field should be. */
static void extreme_fields(void **state) {
    (void)state;
    const ki_sequence q = ki_sequence_of((ki_random_key){{8, 2}}, 2, KI_STREAM_UPDATE);
    const ki_sequence rare = ki_sequence_of((ki_random_key){{8, 2}}, 2, KI_STREAM_RARE);
    static const float certain[] = {60, 1e6f, 3e38f, INFINITY};
    uint64_t bits[100];
    float x[6400];
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < 6400; i++)
            x[i] = i % 2 ? certain[k] : -certain[k];
        ki_draw_spins(&q, &rare, 0, 100, x, bits);
        for (int b = 0; b < 100; b++)
            assert_true(bits[b] == UINT64_C(0xAAAAAAAAAAAAAAAA));
    }
    for (int i = 0; i < 6400; i++)
        x[i] = NAN;
    ki_draw_spins(&q, &rare, 0, 100, x, bits); /* anything, but soon */
}

/* Half the logit of the word's uniform number, to a relative 1e-6 in the smaller chance. */
static void thresholds_of_words(void **state) {
    (void)state;
    enum { BATCH = 512 };
    static float x[BATCH * KI_GROUP];
    const ki_sequence q = ki_sequence_of((ki_random_key){{8, 3}}, 2, KI_STREAM_UPDATE);
    const ki_sequence rare = ki_sequence_of((ki_random_key){{8, 3}}, 2, KI_STREAM_RARE);
    int tails = 0;
    for (uint64_t g = 0; g < 10 * BATCH; g += BATCH) {
        ki_thresholds(&q, &rare, g, BATCH, x);
        for (size_t i = 0; i < BATCH * KI_GROUP; i++) {
            const int32_t v = (int32_t)word_of(&q, g * KI_GROUP + i);
            const double size = v < 0 ? 2147483648.0 + v : 2147483647.0 - v;
            const int far = size < 524288;
            tails += far;
            const double p =
                (size + (far ? ki_random_double(&rare, g * KI_GROUP + i) : 0.5)) * 0x1p-32;
            const double half = 0.5 * (log(p) - log1p(-p));
            /* d p/p = 2 (1 - p) dx, and the last bit of a float is 1e-6 at the ends. */
            assert_true(fabs((double)x[i] - (v < 0 ? -half : half)) < 7e-7);
            assert_true((x[i] > 0) == (v < 0) || x[i] == 0 || fabsf(x[i]) < 1e-6f);
        }
    }
    assert_true(tails >= 1); /* 327680 x 1.5e-5 = 5 */
}

/* All exponents: ulps of the argument matter where tanh is not flat, 3e-7 is promised. */
static void tanh_everywhere(void **state) {
    (void)state;
    enum { BLOCK = 4096 };
    static float x[BLOCK], y[BLOCK];
    for (uint32_t high = 0; high < 0x7f800000 / 512; high += BLOCK) {
        for (uint32_t i = 0; i < BLOCK; i++) {
            const uint32_t bits = (high + i) * 512 + (i * 37 & 511);
            memcpy(&x[i], &bits, sizeof bits);
            x[i] = i % 3 ? x[i] : -x[i];
            x[i] = isfinite(x[i]) ? x[i] : 1;
        }
        ki_vtanhf(BLOCK, x, y);
        for (int i = 0; i < BLOCK; i++) {
            const double t = tanh((double)x[i]);
            /* Below the normal numbers the last bit is coarser than that. */
            assert_true(fabs((double)y[i] - t) <= 3e-7 * fabs(t) + 0x1p-149);
            assert_true(fabsf(y[i]) <= 1);
        }
    }
    const float odd[6] = {0, -0.0f, INFINITY, -INFINITY, 1e38f, -1e38f};
    const float expected[6] = {0, 0, 1, -1, 1, -1};
    for (size_t n = 0; n <= 6; n++) { /* in place, no more than asked for */
        float z[7];
        memcpy(z, odd, sizeof odd);
        z[n] = 0.5f;
        ki_vtanhf(n, z, z);
        for (size_t i = 0; i < n; i++)
            assert_true(z[i] == expected[i]);
        assert_true(z[n] == 0.5f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(like_random123),
        cmocka_unit_test(words),
        cmocka_unit_test(distinct),
        cmocka_unit_test(doubles),
        cmocka_unit_test(quantile),
        cmocka_unit_test(normals_of_words),
        cmocka_unit_test(normals_of_crafted_words),
        cmocka_unit_test(levels_agree),
        cmocka_unit_test(spins_of_words),
        cmocka_unit_test(extreme_fields),
        cmocka_unit_test(thresholds_of_words),
        cmocka_unit_test(tanh_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
