/* SPDX-License-Identifier: BSD-3-Clause */
/* theta + V tanh(theta) = y against bisection in long double: every size of V and y, both signs,
 * the fold at V = -1, and what must end although it has no good answer. The published solver of
 * this equation goes on until an error of 1e-15 is reached, which on many of these is never. */
#include "ki_test.h"

#include "num/tap.h"

/* tanh of the root on the side of y. */
static double by_bisection(double V, double y) {
    const long double x = fabsl((long double)y);
    /* For V < -1 the function falls up to here, being negative, and rises from here on. */
    long double low = V < -1 ? acoshl(sqrtl(-(long double)V)) : 0;
    long double high = x + fabsl((long double)V) + 1;

    for (int k = 0; k < 500 && y != 0; k++) {
        const long double middle = (low + high) / 2;
        if (middle + V * tanhl(middle) < x)
            low = middle;
        else
            high = middle;
    }
    return y == 0 ? 0 : (double)copysignl(tanhl((low + high) / 2), (long double)y);
}

static const double sizes[] = {0,   1e-300, 1e-12, 1e-3, 0.1, 0.5, 0.9, 1 - 1e-12, 1,
                               1.1, 2,      5,     20,   100, 1e3, 1e6, 1e9};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* Where the slope at the root is small an error of y of one rounding moves tanh(theta) by this. */
static double allowed(double V, double y, double t) {
    const double s = 1 - t * t, slope = fabs(1 + V * s), noise = 3e-16 * (fabs(y) + fabs(V) + 1);
    const double linear = s * noise / slope;
    /* Near V = -1 and y = 0, where theta + V tanh(theta) is theta^3/3, the cube root of that. */
    const double fold = 2 * cbrt(noise);

    return 1e-15 + 4 * (linear < fold && slope > 0 ? linear : fold);
}

static void every_size(void **state) {
    (void)state;
    for (int v = 0; v < 2 * N_SIZES; v++) {
        const double V = (v % 2 ? -1 : 1) * sizes[v / 2];
        for (int i = 0; i < 2 * N_SIZES; i++) {
            const double y = (i % 2 ? -1 : 1) * sizes[i / 2];
            ki_tap_stat stat = {0};
            double t = 55;

            ki_tap(1, &V, &y, &t, &stat);
            const double want = by_bisection(V, y);
            if (!(fabs(t - want) <= allowed(V, y, want))) {
                print_error("V = %g, y = %g: %.17g is not %.17g\n", V, y, t, want);
                fail();
            }
            assert_int_equal(stat.unsolved, 0);
            assert_int_equal(stat.ambiguous, V < -1);
            assert_true(stat.residual <= 1e-16);
        }
    }
}

/* Signs to the last bit, blocks of any length, and an element among others is as alone. */
static void odd_and_long(void **state) {
    (void)state;
    enum { N = 3 * KI_TAP_BLOCK + 5 };
    double V[N], y[N], minus[N], t[N], u[N];
    ki_tap_stat stat = {0};

    for (int i = 0; i < N; i++) {
        V[i] = (double)(i * 37 % 101) / 50 - 0.5;
        y[i] = (double)(i * 53 % 97) / 20 - 2.4;
        minus[i] = -y[i];
    }
    ki_tap(N, V, y, t, &stat);
    ki_tap(N, V, minus, u, &stat);
    for (int i = 0; i < N; i++) {
        assert_true(t[i] == -u[i]);
        assert_close(t[i], by_bisection(V[i], y[i]), 0, 5e-16);
    }
}

/* Where V and y are beyond all measure, and where they are no numbers. */
static void ends_anyway(void **state) {
    (void)state;
    const double V[] = {1e60, 1e300, -1e60, 1e60, INFINITY, NAN, 1, -1, -1};
    const double y[] = {1e60, 1e300, 1e-60, 1e59, 1, 1, INFINITY, 1e-30, 0};
    const int bad[] = {0, 0, 0, 0, 1, 1, 1, 0, 0};
    for (size_t i = 0; i < sizeof V / sizeof V[0]; i++) {
        ki_tap_stat stat = {0};
        double t = 55;

        ki_tap(1, V + i, y + i, &t, &stat);
        if (bad[i]) {
            assert_true(isnan(t));
            assert_int_equal(stat.unsolved, 1);
        } else {
            assert_close(t, by_bisection(V[i], y[i]), 0, i < 7 ? 1e-12 : 2e-5);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size),
        cmocka_unit_test(odd_and_long),
        cmocka_unit_test(ends_anyway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
