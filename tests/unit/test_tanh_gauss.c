/* SPDX-License-Identifier: BSD-3-Clause */
/* Averages of tanh over Gaussian fields: identities, limits, and the two ways to a pair against
 * each other. Values of elsewhere are in oracle/test_meanfield.c. */
#include "ki_test.h"

#include "num/simd.h"
#include "num/tanh_gauss.h"

#define PI 3.14159265358979323846

static const double spreads[] = {0,   1e-300, 1e-9, 0.01, 0.2, 0.7, 1,   1.6,
                                 3.5, 4.499,  4.5,  6,    30,  1e3, 1e8, 1e300};
static const double fields[] = {0, 1e-300, 0.01, -0.4, 1.3, -5, 25, 1e3, -1e8, 1e300};
enum { SPREADS = sizeof spreads / sizeof *spreads, FIELDS = sizeof fields / sizeof *fields };

static double mean(double g, double s) {
    double m, k;
    ki_tanh_average(g, s, &m, &k);
    return m;
}

static double slope(double g, double s) {
    double m, k;
    ki_tanh_average(g, s, &m, &k);
    return k;
}

static void averages(void **state) {
    (void)state;
    for (int i = 0; i < FIELDS; i++) {
        const double g = fields[i];
        assert_close(mean(g, 0), tanh(g), 0, 4e-16);
        assert_close(mean(g, 1e-300), tanh(g), 0, 4e-16);
        for (int j = 0; j < SPREADS; j++) {
            const double s = spreads[j], m = mean(g, s), k = slope(g, s);
            assert_true(fabs(m) <= 1 && k >= 0 && k <= 1);
            assert_close(mean(-g, s), -m, 0, 5e-15);
            assert_close(slope(-g, s), k, 0, 5e-15);
            if (s >= 1e8) /* sign seen through the noise */
                assert_close(m, erf(g / s / sqrt(2)), 0, 5e-15);
        }
    }
    /* Noise that is made of two: < mean(g + a z, b) > = mean(g, sqrt(a^2 + b^2)), across the change
     * of method at 4.5 too. */
    const double parts[][2] = {{1, 0.3}, {4.3, 1.6}, {1, 4.4}, {3, 4.6}, {0.1, 4.49}, {2, 40}};
    for (int p = 0; p < 6; p++) {
        const double a = parts[p][0], b = parts[p][1];
        double m = 0, k = 0;
        for (int i = -800; i <= 800; i++) {
            const double z = 0.0125 * i, w = 0.0125 * exp(-0.5 * z * z) / sqrt(2 * PI);
            m += w * mean(0.7 + a * z, b);
            k += w * slope(0.7 + a * z, b);
        }
        assert_close(m, mean(0.7, hypot(a, b)), 0, 1e-14);
        assert_close(k, slope(0.7, hypot(a, b)), 0, 1e-14);
    }
}

/* c_1 = s < sech^2 >; sums of squares are < tanh^2 > less what the bound allows. */
static void coefficients(void **state) {
    (void)state;
    static double c[KI_TANH_TERMS];
    for (int i = 0; i < FIELDS; i++) {
        for (int j = 0; j < SPREADS; j++) {
            const double g = fields[i], s = spreads[j], m = mean(g, s), k = slope(g, s);
            double square = 0, rest[KI_TANH_TERMS + 1];
            ki_tanh_hermite(1, &g, &s, KI_TANH_TERMS, c);
            assert_close(c[0], s * k, 1e-12, 1e-14);
            rest[KI_TANH_TERMS] = 0;
            for (size_t n = KI_TANH_TERMS; n-- > 0;) {
                square += c[n] * c[n];
                rest[n] = square;
            }
            const double left = 1 - k - m * m - square;
            assert_true(left > -1e-14 && left <= ki_tanh_tail(s, KI_TANH_TERMS) + 1e-14);
            for (size_t n = 1; n <= KI_TANH_TERMS; n += 1 + n / 6) {
                assert_true(rest[n] <= ki_tanh_tail(s, n) + 1e-28);
                assert_true(n == 1 || ki_tanh_tail(s, n) <= ki_tanh_tail(s, n - 1) + 1e-30);
            }
        }
    }
}

/* The bound is not idle: within some powers of ten of what it bounds. */
static void tails(void **state) {
    (void)state;
    static double c[KI_TANH_TERMS];
    const double g = 0.2;
    for (double s = 0.2; s < 1.5; s *= 1.3) {
        ki_tanh_hermite(1, &g, &s, KI_TANH_TERMS, c);
        for (size_t n = 7; n < KI_TANH_TERMS; n = 2 * n + 1) {
            double rest = 0;
            for (size_t k = n; k < KI_TANH_TERMS; k++)
                rest += c[k] * c[k];
            if (rest > 1e-26)
                assert_true(ki_tanh_tail(s, n) < 1e4 * rest);
        }
    }
}

/* Lanes do not see each other, and fewer terms are the same terms. */
static void lanes(void **state) {
    (void)state;
    const double g[KI_LANES] = {0, 1, -2, 1e4, 0.3, 30, -1e3, 5};
    const double s[KI_LANES] = {0, 1, 0.1, 1e4, 1e-9, 10, 300, 2};
    static double all[KI_LANES * KI_TANH_TERMS], some[3 * 15], one[15];
    ki_tanh_hermite(KI_LANES, g, s, KI_TANH_TERMS, all);
    ki_tanh_hermite(3, g + 4, s + 4, 15, some);
    for (size_t i = 0; i < KI_LANES; i++) {
        ki_tanh_hermite(1, g + i, s + i, 15, one);
        for (size_t n = 0; n < 15; n++) {
            assert_close(all[n * KI_LANES + i], one[n], 0, 5e-15);
            if (i >= 4 && i < 7)
                assert_close(some[n * 3 + i - 4], one[n], 0, 5e-15);
        }
    }
}

static double series(const double *a, const double *b, double rho) {
    double sum = 0;
    for (size_t n = KI_TANH_TERMS; n-- > 0;)
        sum = (sum + a[n] * b[n]) * rho;
    return sum;
}

/* Panels and the series, wherever the series is good for it. */
static void pairs(void **state) {
    (void)state;
    static double a[SPREADS][KI_TANH_TERMS], b[SPREADS][KI_TANH_TERMS];
    const double rhos[] = {0, 1e-12, 0.01, 0.3, 0.7, 0.93, 0.999, 1};
    for (int i = 1; i < SPREADS; i++) {
        const double g1 = 0.4 + (i % 3) * spreads[i], g2 = -0.2 + (i % 3) * spreads[i];
        ki_tanh_hermite(1, &g1, spreads + i, KI_TANH_TERMS, a[i]);
        ki_tanh_hermite(1, &g2, spreads + i, KI_TANH_TERMS, b[i]);
    }
    for (int i = 1; i < SPREADS; i++) {
        for (int j = 1; j < SPREADS; j++) {
            const double s1 = spreads[i], s2 = spreads[j];
            const double g1 = 0.4 + (i % 3) * s1, g2 = -0.2 + (j % 3) * s2;
            const double m = mean(g1, s1) * mean(g2, s2);
            const double tail = sqrt(fmin(ki_tanh_tail(s1, KI_TANH_TERMS), 1) *
                                     fmin(ki_tanh_tail(s2, KI_TANH_TERMS), 1));
            for (int sign = -1; sign <= 1; sign += 2) {
                double last = -2;
                for (int r = 0; r < 8; r++) {
                    const double rho = sign * rhos[r], E = ki_tanh_pair(g1, s1, g2, s2, rho);
                    const double left = tail * pow(rhos[r], KI_TANH_TERMS + 1);
                    if (left < 1e-12)
                        assert_close(E, m + series(a[i], b[j], rho), 0, 3e-14 + left);
                    assert_true(fabs(E) <= 1 + 1e-14);
                    assert_true(sign * E >= last - 2e-14); /* Price: it grows with rho */
                    last = sign * E;
                    assert_close(ki_tanh_pair(g2, s2, g1, s1, rho), E, 0, 1e-14);
                    assert_close(ki_tanh_pair(-g1, s1, -g2, s2, rho), E, 0, 1e-14);
                    assert_close(ki_tanh_pair(-g1, s1, g2, s2, -rho), -E, 0, 1e-14);
                }
            }
        }
    }
}

static void limits(void **state) {
    (void)state;
    for (int i = 0; i < FIELDS; i++) {
        for (int j = 0; j < SPREADS; j++) {
            const double g = fields[i], s = spreads[j], m = mean(g, s);
            assert_close(ki_tanh_pair(g, s, g, s, 1), 1 - slope(g, s), 0, 1e-14);
            assert_close(ki_tanh_pair(g, s, -g, s, -1), slope(g, s) - 1, 0, 1e-14);
            assert_close(ki_tanh_pair(g, s, 0.3, 0.5, 0), m * mean(0.3, 0.5), 0, 1e-14);
            assert_close(ki_tanh_pair(g, s, 0.3, 0, 0.8), m * tanh(0.3), 0, 1e-14);
            assert_close(ki_tanh_pair(g, 0, 1, s, 0.8), tanh(g) * mean(1, s), 0, 1e-14);
        }
    }
    /* Cold: the chance of a quadrant. */
    for (double rho = -1; rho <= 1; rho += 0.0625) {
        assert_close(ki_tanh_pair(0, 1e12, 0, 1e11, rho), 2 / PI * asin(rho), 0, 1e-11);
        assert_close(ki_tanh_pair(0, 1e300, 0, 1e300, rho), 2 / PI * asin(rho), 0, 1e-13);
    }
    for (int k = 2; k <= 14; k++) {
        const double rho = 1 - pow(10, -k);
        assert_close(ki_tanh_pair(0, 1e200, 0, 1e200, rho), 2 / PI * asin(rho), 0, 1e-14);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages), cmocka_unit_test(coefficients), cmocka_unit_test(tails),
        cmocka_unit_test(lanes),    cmocka_unit_test(pairs),        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
