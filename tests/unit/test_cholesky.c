/* SPDX-License-Identifier: BSD-3-Clause */
/* Factors, solutions, inverses and determinants of positive definite matrices, and refused ones. */
#include "ki_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "num/cholesky.h"
#include "num/cholesky_lanes.h"

/* A matrix with eigenvalues well above 0. */
static double *matrix(size_t n) {
    double *b = malloc(n * n * sizeof *b), *a = malloc(n * n * sizeof *a);

    assert_true(a && b);
    for (size_t k = 0; k < n * n; k++)
        b[k] = sin((double)(k * k % 1009) + 0.3 * (double)k);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = i == j ? (double)n : 0;
            for (size_t k = 0; k < n; k++)
                sum += b[i * n + k] * b[j * n + k];
            a[i * n + j] = sum;
        }
    free(b);
    return a;
}

static void solutions(void **state) {
    (void)state;
    const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 31, 54, 101};

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s];
        double *a = matrix(n), *l = malloc(n * n * sizeof *l), *inverse = malloc(n * n * sizeof *l);
        double *x = malloc(n * sizeof *x), *half = malloc(n * sizeof *half);
        assert_true(l && inverse && x && half);
        memcpy(l, a, n * n * sizeof *l);
        assert_int_equal(ki_cholesky(n, l, 1e-12), 0);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++) {
                double sum = 0;
                for (size_t k = 0; k <= j; k++)
                    sum += l[i * n + k] * l[j * n + k];
                assert_close(sum, a[i * n + j], 1e-13, 1e-12);
            }
        for (size_t i = 0; i < n; i++)
            half[i] = x[i] = cos((double)i);
        ki_cholesky_solve(n, l, x);
        ki_cholesky_forward(n, l, half);
        ki_cholesky_inverse(n, l, inverse);
        double squares = 0, form = 0;
        for (size_t i = 0; i < n; i++) {
            double sum = 0, by_inverse = 0;
            for (size_t k = 0; k < n; k++) {
                sum += a[i * n + k] * x[k];
                by_inverse += inverse[i * n + k] * cos((double)k);
                assert_true(inverse[i * n + k] == inverse[k * n + i]);
            }
            assert_close(sum, cos((double)i), 1e-11, 1e-11);
            assert_close(by_inverse, x[i], 1e-11, 1e-13);
            squares += half[i] * half[i];
            form += x[i] * cos((double)i);
        }
        assert_close(squares, form, 1e-11, 0);
        free(a);
        free(l);
        free(inverse);
        free(x);
        free(half);
    }
    double two[] = {4, 2, 2, 5};
    assert_int_equal(ki_cholesky(2, two, 0), 0);
    assert_close(ki_cholesky_log_det(2, two), log(16), 1e-15, 0);
}

/* A column that others make up is named. */
static void refusals(void **state) {
    (void)state;
    for (size_t n = 2; n < 12; n++)
        for (size_t bad = 1; bad < n; bad++) {
            double *a = matrix(n);
            for (size_t k = 0; k < n; k++)
                a[bad * n + k] = a[k];
            for (size_t k = 0; k < n; k++)
                a[k * n + bad] = a[k * n];
            assert_int_equal(ki_cholesky(n, a, 1e-12), bad + 1);
            free(a);
        }
    double nan_at[] = {1, 0, 0, NAN};
    assert_int_equal(ki_cholesky(2, nan_at, 0), 2);
}

/* Eight matrices at a time, the fourth of them not positive definite, against one after the other. */
static void lanes(void **state) {
    (void)state;
    const size_t sizes[] = {1, 3, 4, 5, 8, 13, 54};

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s], p = KI_LANES_WIDTH(n);
        double *a = matrix(n), *l = malloc(n * n * sizeof *l), *inverse = malloc(n * n * sizeof *l);
        ki_v8 *u = ki_alloc(3 * p * p + 3 * p, sizeof *u), *w = u + p * p, *v = w + p * p;
        ki_v8 *x = v + p * p, *half = x + p, *variance = half + p;
        assert_true(l && inverse && u);
        for (size_t j = 0; j < p; j++)
            for (size_t k = 0; k < p; k++)
                for (int lane = 0; lane < 8; lane++) {
                    const double rest = j == k, add = j == k ? 10 * lane : 0;
                    const double value = j < n && k < n ? a[j * n + k] + add : rest;
                    u[j * p + k][lane] = lane == 3 && j + 1 == n && k + 1 == n ? -1 : value;
                    half[j][lane] = x[j][lane] = cos((double)j);
                }
        assert_int_equal(ki_cholesky_lanes(p, u), 1 << 3);
        ki_cholesky_lanes_invert(p, u, w);
        ki_cholesky_lanes_inverse(p, w, v);
        ki_cholesky_lanes_variances(p, w, variance);
        ki_cholesky_lanes_solve(p, u, x);
        ki_cholesky_lanes_backward(p, u, half);
        for (int lane = 0; lane < 8; lane += lane == 2 ? 2 : 1) {
            double y[64];
            for (size_t j = 0; j < n; j++)
                for (size_t k = 0; k < n; k++)
                    l[j * n + k] = a[j * n + k] + (j == k ? 10 * lane : 0);
            assert_int_equal(ki_cholesky(n, l, 1e-12), 0);
            ki_cholesky_inverse(n, l, inverse);
            for (size_t j = 0; j < n; j++)
                y[j] = cos((double)j);
            ki_cholesky_solve(n, l, y);
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                assert_close(x[j][lane], y[j], 1e-11, 1e-13);
                assert_close(variance[j][lane], inverse[j * n + j], 1e-11, 0);
                for (size_t k = j; k < n; k++) {
                    assert_close(v[j * p + k][lane], inverse[j * n + k], 1e-10, 1e-13);
                    sum += l[k * n + j] * half[k][lane]; /* u is the transpose of l */
                }
                assert_close(sum, cos((double)j), 1e-11, 1e-12);
            }
        }
        ki_free(u);
        free(inverse);
        free(l);
        free(a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(solutions),
        cmocka_unit_test(lanes),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
