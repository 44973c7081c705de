/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers as samples: moments, uniformity, correlations, tails, and the chances of spins.
 *
 * At most MOST z-scores are looked at, each with a chance of 5.7e-7 to be above 5: another seed
 * would raise a false alarm with probability 3e-4. With any argument the samples are 64 times as
 * large, and the tails are seen. */
#include "ki_stat.h"

#include <stdlib.h>

#include "num/draw.h"
#include "num/philox.h"
#include "simulate/engines/spin_choice.h"

enum { MOST = 500, BATCH = 256, WORDS = BATCH * KI_GROUP };

static int larger; /* 64, or 1 */

static uint64_t batches(uint64_t quick) {
    return quick * (uint64_t)larger;
}

static ki_sequence sequence(uint64_t realization, unsigned stream) {
    return ki_sequence_of((ki_random_key){{0x4b696e69, 0x73696e67}}, realization, stream);
}

/* chi^2 of counts with chances p. */
static void check_bins(const char *what, size_t n, const double *count, const double *p,
                       double total) {
    double chi2 = 0;
    for (size_t i = 0; i < n; i++) {
        const double expected = total * p[i];
        chi2 += (count[i] - expected) * (count[i] - expected) / expected;
    }
    ki_check_z(what, ki_chi2_z(chi2, (double)n - 1), 0, 1, 0);
}

/* Bits, bytes, and products of neighbours in the order they are used in. */
static void words(void **state) {
    (void)state;
    static const size_t lag[] = {1, 2, 3, 15, 16, 17, 32, 48, 63, 64, 65, 128, 1024};
    enum { LAGS = sizeof lag / sizeof *lag };
    static uint32_t word[WORDS];
    static double bytes[4][256], uniform[256];
    double bit[32] = {0}, product[LAGS] = {0}, terms[LAGS] = {0}, total = 0;
    const ki_sequence q = sequence(1, 0);
    memset(bytes, 0, sizeof bytes);
    for (uint64_t b = 0; b < batches(128); b++) {
        ki_random_groups(&q, b * BATCH, BATCH, word);
        unsigned ones[32] = {0}, byte[4][256] = {{0}};
        for (size_t i = 0; i < WORDS; i++) {
            for (int k = 0; k < 32; k++)
                ones[k] += word[i] >> k & 1;
            for (int k = 0; k < 4; k++)
                byte[k][word[i] >> 8 * k & 255]++;
        }
        for (int k = 0; k < 32; k++)
            bit[k] += ones[k];
        for (int k = 0; k < 1024; k++)
            bytes[k / 256][k % 256] += byte[k / 256][k % 256];
        for (size_t l = 0; l < LAGS; l++) {
            for (size_t i = lag[l]; i < WORDS; i++) {
                product[l] += ((double)word[i] * 0x1p-32 - 0.5 + 0x1p-33) *
                              ((double)word[i - lag[l]] * 0x1p-32 - 0.5 + 0x1p-33);
            }
            terms[l] += (double)(WORDS - lag[l]);
        }
        total += WORDS;
    }
    for (int k = 0; k < 32; k++)
        ki_check_count("bit", bit[k], total, 0.5);
    for (int k = 0; k < 256; k++)
        uniform[k] = 1.0 / 256;
    for (int k = 0; k < 4; k++)
        check_bins("bytes", 256, bytes[k], uniform, total);
    for (size_t l = 0; l < LAGS; l++)
        ki_check_z("product at a lag", 12 * product[l] / sqrt(terms[l]), 0, 1, 0);
}

/* Equal bits of words at one place of two sequences: each bit agrees half of the time. */
static void sequences_are_independent(void **state) {
    (void)state;
    static uint32_t a[WORDS], b[WORDS];
    for (int kind = 0; kind < 4; kind++) {
        double equal = 0, total = 0;
        for (uint64_t r = 0; r < batches(16); r++) {
            ki_sequence p = sequence(r, (unsigned)(r % 7)), q = p;
            uint64_t first = 0;
            switch (kind) {
            case 0:
                q = sequence(r + 1, (unsigned)(r % 7));
                break;
            case 1:
                q = sequence(r, (unsigned)(r % 7) + 1);
                break;
            case 2:
                q.key.word[0] ^= 1;
                break;
            default:
                first = UINT64_C(1) << (16 + r % 16); /* far along */
            }
            ki_random_groups(&p, 0, BATCH, a);
            ki_random_groups(&q, first, BATCH, b);
            for (size_t i = 0; i < WORDS; i++)
                equal += 32 - __builtin_popcount(a[i] ^ b[i]);
            total += 32.0 * WORDS;
        }
        ki_check_count("bits of two sequences", equal, total, 0.5);
    }
}

/* All about the 16-bit normals from how often each value occurs. */
enum { VALUES = 1 << 16, BINS = 64 };

static double above(double value) { /* chance of more than so many units */
    return 0.5 * erfc(value / 4096 / M_SQRT2);
}

static void check_histogram(const double *count, double total) {
    double moment[5] = {0}, bin[BINS] = {0}, p[BINS];
    for (int v = 0; v < VALUES; v++) {
        const double z = (v - VALUES / 2) * KI_NORMAL_UNIT;
        for (int k = 1; k <= 4; k++)
            moment[k] += count[v] * pow(z, k) / total;
    }
    /* Rounding adds unit^2/12 to the variance, and 6 times that of variance to the fourth. */
    const double unit = 0x1p-24 / 12;
    ki_check_z("mean of normals", moment[1], 0, 1 / sqrt(total), 0);
    ki_check_z("variance of normals", moment[2], 1 + unit, sqrt(2 / total), 0);
    ki_check_z("skewness of normals", moment[3], 0, sqrt(15 / total), 0);
    ki_check_z("kurtosis of normals", moment[4], 3 + 6 * unit, sqrt(96 / total), 0);
    double edge = VALUES / 2 + 0.5, before = 1;
    for (int b = 0; b < BINS; b++) { /* from below; edges between two values */
        const double left = b == 0 ? -1 : edge;
        const double q = (b + 1.0) / BINS;
        edge = b == BINS - 1 ? VALUES
               : q < 0.5     ? rint(-4096 * ki_normal_quantile(q)) + 0.5
               : q > 0.5     ? rint(4096 * ki_normal_quantile(1 - q)) + 0.5
                             : 0.5;
        edge += b == BINS - 1 ? 0 : VALUES / 2;
        const double after = b == BINS - 1 ? 0 : above(edge - VALUES / 2);
        p[b] = before - after;
        before = after;
        for (int v = 0; v < VALUES; v++)
            bin[b] += v > left && v < edge ? count[v] : 0;
    }
    check_bins("64 bins of normals", BINS, bin, p, total);
    for (int side = -1; side <= 1; side += 2) {
        for (int sigma = 1; sigma <= 6; sigma++) {
            double beyond = 0;
            for (int v = sigma * 4096 + 1; v < VALUES / 2; v++)
                beyond += count[VALUES / 2 + side * v];
            ki_check_count("normals beyond 1..6 sigma", beyond, total, above(sigma * 4096 + 0.5));
        }
    }
}

static void normals(void **state) {
    (void)state;
    static const size_t lag[] = {1, 2, 16, 32, 63, 64, 128};
    enum { LAGS = sizeof lag / sizeof *lag };
    static int32_t z[WORDS];
    double *count = calloc(VALUES, sizeof *count), total = 0;
    double product[LAGS] = {0}, terms[LAGS] = {0};
    const ki_sequence q = sequence(2, KI_STREAM_COUPLING), tail = sequence(2, KI_STREAM_TAIL);
    assert_non_null(count);
    for (uint64_t b = 0; b < batches(512); b++) {
        ki_normals16(&q, &tail, b * BATCH, BATCH, z);
        for (size_t i = 0; i < WORDS; i++) {
            assert_in_range(z[i] + 32768, 1, 65535);
            count[z[i] + VALUES / 2]++;
        }
        total += WORDS;
        for (size_t l = 0; l < LAGS && b % 64 == 0; l++) {
            for (size_t i = lag[l]; i < WORDS; i++)
                product[l] += (double)z[i] * z[i - lag[l]] * 0x1p-24;
            terms[l] += (double)(WORDS - lag[l]);
        }
    }
    for (size_t l = 0; l < LAGS; l++)
        ki_check_z("product of normals at a lag", product[l] / sqrt(terms[l]), 0, 1, 0);
    check_histogram(count, total);
    free(count);
}

/* Doubles and the normals made of them in double precision. */
static void doubles(void **state) {
    (void)state;
    enum { MANY = 4096 };
    static double z[MANY];
    double u_bin[BINS] = {0}, z_bin[BINS] = {0}, p[BINS], total = 0;
    ki_stat u2 = {0}, z1 = {0}, z2 = {0}, z4 = {0}, pair = {0};
    const ki_sequence q = sequence(3, 1);
    for (uint64_t b = 0; b < batches(32); b++) {
        ki_random_normals(&q, b * MANY, MANY, z);
        for (size_t i = 0; i < MANY; i++) {
            const double u = ki_random_double(&q, b * MANY + i), half = 0.5 * erfc(z[i] / M_SQRT2);
            u_bin[(int)(u * BINS)]++;
            z_bin[(int)fmin(half * BINS, BINS - 1)]++;
            ki_stat_add(&u2, u * u);
            ki_stat_add(&z1, z[i]);
            ki_stat_add(&z2, z[i] * z[i]);
            ki_stat_add(&z4, z[i] * z[i] * z[i] * z[i]);
            if (i % 2) /* made of the same two doubles */
                ki_stat_add(&pair, z[i] * z[i - 1]);
        }
        total += MANY;
    }
    for (int b = 0; b < BINS; b++)
        p[b] = 1.0 / BINS;
    check_bins("bins of doubles", BINS, u_bin, p, total);
    check_bins("bins of double normals", BINS, z_bin, p, total);
    ki_check_z("squares of doubles", u2.mean, 1.0 / 3, sqrt(4.0 / 45 / total), 0);
    ki_check_z("mean of double normals", z1.mean, 0, 1 / sqrt(total), 0);
    ki_check_z("variance of double normals", z2.mean, 1, sqrt(2 / total), 0);
    ki_check_z("kurtosis of double normals", z4.mean, 3, sqrt(96 / total), 0);
    ki_check_z("pairs of double normals", pair.mean, 0, sqrt(2 / total), 0);
}

/* 1/(1 + exp(-2x)) in samples of 64 x `blocks` spins; first words and fields as simulations have.
 */
static double ups(float x, uint64_t r, uint64_t first, size_t blocks) {
    static float field[64 * BATCH];
    uint64_t bits[BATCH];
    double count = 0;
    const ki_sequence q = sequence(r, KI_STREAM_UPDATE), rare = sequence(r, KI_STREAM_RARE);
    for (size_t i = 0; i < 64 * BATCH; i++)
        field[i] = x;
    for (size_t b = 0; b < blocks; b += BATCH) {
        const size_t n = blocks - b < BATCH ? blocks - b : BATCH;
        ki_draw_spins(&q, &rare, first + b, n, field, bits);
        for (size_t k = 0; k < n; k++)
            count += __builtin_popcountll(bits[k]);
    }
    return count;
}

static void spins(void **state) {
    (void)state;
    const size_t blocks = (size_t)batches(1024);
    for (int k = -100; k <= 100; k++) {
        const float x = (float)(k % 2 ? 0.04 * k : 0.2 * k); /* -20..20, and more of -4..4 */
        const double e = exp(-2 * fabs((double)x)), p = e / (1 + e), total = 64.0 * (double)blocks;
        const double count = ups(x, (uint64_t)(1000 + k), 17, blocks);
        /* Of the two the one that is less likely. */
        ki_check_count("spins", x < 0 ? count : total - count, total, p);
    }
}

/* Chances of a few in a million, which 16 bits alone cannot tell apart. */
static void rare_spins(void **state) {
    (void)state;
    static const float field[] = {4, 5, 5.2f, 5.545f, 6};
    const size_t blocks = (size_t)batches(1 << 15); /* 2e6, or 1.3e8 */
    for (int k = 0; k < 5; k++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            const double e = exp(-2 * (double)field[k]), p = e / (1 + e);
            const double total = 64.0 * (double)blocks;
            const double count = ups((float)sign * field[k], (uint64_t)(2000 + k), 0, blocks);
            ki_check_count("rare spins", sign < 0 ? count : total - count, total, p);
        }
    }
}

/* Neighbours, and the two blocks that share a group. */
static void spins_are_independent(void **state) {
    (void)state;
    static float field[64 * BATCH];
    static uint64_t bits[BATCH];
    double neighbours = 0, shared = 0, next = 0, total = 0;
    memset(field, 0, sizeof field);
    const ki_sequence q = sequence(4, KI_STREAM_UPDATE), rare = sequence(4, KI_STREAM_RARE);
    for (uint64_t b = 0; b < batches(64); b++) {
        ki_draw_spins(&q, &rare, b * BATCH, BATCH, field, bits);
        for (size_t k = 0; k < BATCH; k += 2) {
            const uint64_t x = bits[k], y = bits[k + 1], z = bits[(k + 2) % BATCH];
            neighbours += __builtin_popcountll(x ^ (x >> 1 | x << 63));
            shared += __builtin_popcountll(x ^ y);
            next += __builtin_popcountll(y ^ z);
            total += 64;
        }
    }
    ki_check_count("neighbouring spins", neighbours, total, 0.5);
    ki_check_count("spins of one group", shared, total, 0.5);
    ki_check_count("spins of two groups", next, total, 0.5);
}

/* How often a field is above its threshold. */
static void thresholds(void **state) {
    (void)state;
    static const float field[] = {-20,  -10,  -7,   -6, -5, -3,   -1, -0.3f,
                                  0.1f, 0.5f, 1.5f, 2,  4,  5.5f, 8,  12};
    enum { FIELDS = sizeof field / sizeof *field };
    static float x[WORDS];
    double count[FIELDS] = {0}, total = 0;
    const ki_sequence q = sequence(5, KI_STREAM_UPDATE), rare = sequence(5, KI_STREAM_RARE);
    for (uint64_t b = 0; b < batches(64); b++) {
        ki_thresholds(&q, &rare, b * BATCH, BATCH, x);
        for (int k = 0; k < FIELDS; k++) {
            unsigned hits = 0;
            for (size_t i = 0; i < WORDS; i++)
                hits += field[k] < 0 ? field[k] > x[i] : field[k] <= x[i];
            count[k] += hits;
        }
        total += WORDS;
    }
    for (int k = 0; k < FIELDS; k++) {
        const double e = exp(-2 * fabs((double)field[k]));
        ki_check_count("above thresholds", count[k], total, e / (1 + e));
    }
}

/* Each spin equally often, and words refused so that none is favoured: 2^32 words give 2 or 3 to
 * each of 3 2^29 spins, depending on the spin modulo 3. */
static void choices(void **state) {
    (void)state;
    static const uint32_t size[] = {2, 3, 7, 16, 60, UINT32_C(3) << 29};
    static uint32_t out[1000];
    for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
        const uint32_t n = size[k], bins = n > 60 ? 3 : n;
        double count[60] = {0}, pair[60] = {0}, p[60], total = 0, pairs = 0;
        ki_chooser c = ki_chooser_of((ki_random_key){{1, (uint32_t)k}}, 7, n);
        for (uint64_t b = 0; b < batches(500); b++) {
            const size_t want = 1 + (size_t)b % 1000;
            ki_choose(&c, want, out);
            for (size_t i = 0; i < want; i++) {
                assert_true(out[i] < n);
                count[out[i] % bins]++;
                if (i) { /* the difference of two is uniform too */
                    pair[(out[i] + bins - out[i - 1] % bins) % bins]++;
                    pairs++;
                }
            }
            total += (double)want;
        }
        for (uint32_t i = 0; i < bins; i++)
            p[i] = 1.0 / bins;
        check_bins("choices", bins, count, p, total);
        check_bins("two choices", bins, pair, p, pairs);
    }
    ki_chooser one = ki_chooser_of((ki_random_key){{1, 1}}, 7, 1);
    ki_choose(&one, 1000, out);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(out[i], 0);
}

static void no_more_than_stated(void **state) {
    (void)state;
    print_message("# %d z-scores, the largest %.2f\n", ki_z_count, ki_z_largest);
    assert_in_range(ki_z_count, MOST / 2, MOST);
}

int main(int argc, char **argv) {
    (void)argv;
    larger = argc > 1 ? 64 : 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(sequences_are_independent),
        cmocka_unit_test(normals),
        cmocka_unit_test(doubles),
        cmocka_unit_test(spins),
        cmocka_unit_test(rare_spins),
        cmocka_unit_test(spins_are_independent),
        cmocka_unit_test(thresholds),
        cmocka_unit_test(choices),
        cmocka_unit_test(no_more_than_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
