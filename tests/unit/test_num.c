/* SPDX-License-Identifier: BSD-3-Clause */
/* Elementary functions and quadrature against glibc and GSL. */
#include "ki_test.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_dilog.h>
#include <gsl/gsl_sf_erf.h>

#include "num/gauss.h"
#include "num/root.h"
#include "num/sum.h"
#include "num/vecmath.h"

enum { N = 4001 };

static double x[N], y[N];

static void grid(double low, double high) {
    for (int i = 0; i < N; i++)
        x[i] = low + (high - low) * i / (N - 1);
}

static void exponential(void **state) {
    (void)state;
    grid(-708, 709);
    ki_vexp(N, x, y);
    for (int i = 0; i < N; i++)
        assert_close(y[i], exp(x[i]), 4e-16, 0);
    const double odd[6] = {0, -0.0, -708.5, -INFINITY, -1e300, 1e-300};
    const double expected[6] = {1, 1, 0, 0, 0, 1};
    double got[6];
    ki_vexp(6, odd, got);
    for (int i = 0; i < 6; i++)
        assert_close(got[i], expected[i], 0, 0);
}

static void error_functions(void **state) {
    (void)state;
    grid(-6, 26.5);
    ki_verfc(N, x, y);
    for (int i = 0; i < N; i++) {
        /* exp(-x^2) inherits the rounding of x^2. */
        assert_close(y[i], erfc(x[i]), 4e-15 + 2.3e-16 * x[i] * x[i], 0);
    }
    grid(-4, 4);
    ki_verf(N, x, y);
    for (int i = 0; i < N; i++)
        assert_close(y[i], erf(x[i]), 5e-16, 0);
    grid(-1e-9, 1e-9);
    ki_verf(N, x, y);
    for (int i = 0; i < N; i++)
        assert_close(y[i], erf(x[i]), 3e-16, 0);
    x[0] = 100;
    x[1] = -100;
    x[2] = INFINITY;
    ki_verfc(3, x, y);
    assert_close(y[0], 0, 0, 0);
    assert_close(y[1], 2, 0, 0);
    assert_close(y[2], 0, 0, 0);
}

static void spin_functions(void **state) {
    (void)state;
    grid(-350, 350);
    ki_vsech2(N, x, y);
    for (int i = 0; i < N; i++)
        assert_close(y[i], 1 / (cosh(x[i]) * cosh(x[i])), 2e-15, 0);
    grid(-30, 30);
    ki_vchi(N, x, y);
    for (int i = 0; i < N; i++) {
        const double a = fabs(x[i]), e = exp(-2 * a);
        assert_close(y[i], log1p(e) + 2 * a * e / (1 + e), 1e-15, 0);
    }
    x[0] = 0;
    ki_vchi(1, x, y);
    assert_true(y[0] == log(2));
}

static void chi_tail(void **state) {
    (void)state;
    for (int i = 0; i <= 100; i++) {
        const double t = 0.2 * i, e = exp(-2 * t);
        assert_close(ki_chi_tail(t), -gsl_sf_dilog(-e) + t * log1p(e), 1e-14, 0);
    }
}

/* The box density from its definition, in long double. */
static double box(double v, double w, double D) {
    const long double s = 1.41421356237309504880L * w;
    v = fabs(v);
    return (double)((erfcl((v - D) / s) - erfcl((v + D) / s)) / (4.0L * D));
}

static void box_densities(void **state) {
    (void)state;
    static const double D[] = {0.05, 0.2, 0.249, 0.26, 1, 3, 40};
    for (size_t k = 0; k < sizeof D / sizeof *D; k++) {
        grid(-D[k] - 20, D[k] + 20);
        ki_box_density(N, x, 1, D[k], y);
        for (int i = 0; i < N; i++)
            assert_close(y[i], box(x[i], 1, D[k]), 2e-13, 1e-300);
        assert_close(ki_sum(N, y) * (x[1] - x[0]), 1, 1e-12, 0);
    }
    /* D -> 0 is continuous down to the Gaussian itself. */
    grid(-30, 30);
    static double narrow[N];
    ki_box_density(N, x, 1, 0, y);
    ki_box_density(N, x, 1, 1e-8, narrow);
    for (int i = 0; i < N; i++)
        assert_close(narrow[i], y[i], 3e-13, 1e-300);
}

static void double_box_densities(void **state) {
    (void)state;
    static const double pair[][2] = {{1e-12, 2}, {0.1, 0.2}, {0.2, 5}, {1, 1}, {3, 2}, {0.3, 30}};
    for (size_t k = 0; k < sizeof pair / sizeof *pair; k++) {
        const double a = pair[k][0], D = pair[k][1];
        grid(-a - D - 10, a + D + 10);
        ki_double_box_density(N, x, 1, a, D, y);
        assert_close(ki_sum(N, y) * (x[1] - x[0]), 1, 1e-12, 0);
        static double swapped[N];
        ki_double_box_density(N, x, 1, D, a, swapped);
        for (int i = 0; i < N; i += 37) {
            /* Gauss-Legendre over the narrower box. */
            double sum = 0;
            for (int j = 0; j < 40; j++)
                sum += 0.5 * ki_gl40_w[j] * box(x[i] + fmin(a, D) * ki_gl40_x[j], 1, fmax(a, D));
            assert_close(y[i], sum, 1e-13, 1e-15);
            assert_close(swapped[i], y[i], 0, 1e-15);
        }
    }
}

static void gauss_legendre(void **state) {
    (void)state;
    static const struct {
        int n;
        const double *x, *w;
    } rules[] = {{6, ki_gl6_x, ki_gl6_w},
                 {10, ki_gl10_x, ki_gl10_w},
                 {16, ki_gl16_x, ki_gl16_w},
                 {40, ki_gl40_x, ki_gl40_w}};
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        gsl_integration_glfixed_table *t = gsl_integration_glfixed_table_alloc((size_t)rules[k].n);
        double sum = 0;
        for (int i = 0; i < rules[k].n; i++) {
            double node, weight;
            gsl_integration_glfixed_point(-1, 1, (size_t)i, &node, &weight, t);
            assert_close(rules[k].x[i], node, 1e-15, 1e-16);
            assert_close(rules[k].w[i], weight, 1e-13, 0);
            sum += rules[k].w[i];
        }
        assert_close(sum, 2, 1e-15, 0);
        gsl_integration_glfixed_table_free(t);
    }
    for (int i = 0; i < 16; i++) { /* Int_-1^x t^9 dt, x^15 too: exact for the polynomial */
        double ninth = 0, last = 0;
        for (int j = 0; j < 16; j++) {
            ninth += ki_gl16_integral[i][j] * pow(ki_gl16_x[j], 9);
            last += ki_gl16_integral[i][j] * pow(ki_gl16_x[j], 15);
        }
        assert_close(ninth, (pow(ki_gl16_x[i], 10) - 1) / 10, 0, 1e-15);
        assert_close(last, (pow(ki_gl16_x[i], 16) - 1) / 16, 0, 1e-15);
    }
}

/* The equal-step rule with ki_strip_step reaches rounding for tanh^2 and sech^2 of any width. */
static void strip_step(void **state) {
    (void)state;
    for (double w = 0.02; w < 20; w *= 1.7) {
        double coarse[2] = {0}, fine[2] = {0};
        for (int pass = 0; pass < 2; pass++) {
            const double h = ki_strip_step(w) / (pass ? 3 : 1);
            double *sum = pass ? fine : coarse;
            for (double u = -9 * w; u <= 9 * w; u += h) {
                const double shifted = 0.3 * w + u, t = tanh(shifted);
                const double p = h * exp(-0.5 * u * u / (w * w)) / (w * sqrt(2 * M_PI));
                sum[0] += p * t * t;
                sum[1] += p / (cosh(shifted) * cosh(shifted));
            }
        }
        assert_close(coarse[0], fine[0], 1e-14, 0);
        assert_close(coarse[1], fine[1], 1e-14, 0);
    }
}

static void sums(void **state) {
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        double expected = 0, squares = 0;
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)(i + 1);
            expected += x[i];
            squares += x[i] * x[i];
        }
        assert_close(ki_sum(n, x), expected, 0, 0);
        assert_close(ki_dot(n, x, x), squares, 0, 0);
    }
}

static double cubic(void *ctx, double t) {
    (void)ctx;
    return t * t * t - 2;
}

static double kink(void *ctx, double t) {
    (void)ctx;
    return t < 0.7 ? -1 : 1;
}

static double steep(void *ctx, double t) {
    (void)ctx;
    return expm1(50 * (t - 0.125));
}

static void roots(void **state) {
    (void)state;
    int evaluations = 0;
    assert_close(ki_root_bracketed(cubic, NULL, 0, -2, 4, 62, 1e-15, &evaluations), cbrt(2), 5e-16,
                 0);
    assert_in_range(evaluations, 3, 25);
    evaluations = 0;
    assert_close(
        ki_root_bracketed(steep, NULL, 0, steep(NULL, 0), 1, steep(NULL, 1), 1e-15, &evaluations),
        0.125, 1e-15, 0);
    assert_in_range(evaluations, 3, 60);
    /* A jump is bracketed down to rounding, and exact ends are taken. */
    assert_close(ki_root_bracketed(kink, NULL, 0, -1, 1, 1, 1e-14, &evaluations), 0.7, 1e-13, 0);
    assert_close(ki_root_bracketed(cubic, NULL, 5, 0, 9, 1, 1e-15, &evaluations), 5, 0, 0);
    assert_close(ki_root_bracketed(cubic, NULL, 5, 1, 9, 0, 1e-15, &evaluations), 9, 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponential),    cmocka_unit_test(error_functions),
        cmocka_unit_test(spin_functions), cmocka_unit_test(chi_tail),
        cmocka_unit_test(box_densities),  cmocka_unit_test(double_box_densities),
        cmocka_unit_test(gauss_legendre), cmocka_unit_test(strip_step),
        cmocka_unit_test(sums),           cmocka_unit_test(roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
