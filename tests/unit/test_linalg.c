/* SPDX-License-Identifier: BSD-3-Clause */
/* Products against plain loops in double, and the number of BLAS threads around them. */
#include "ki_test.h"

#include <stdlib.h>

#include "base/blas.h"
#include "num/linalg.h"

#ifdef KI_HAVE_OPENBLAS
extern int openblas_get_num_threads(void);
extern void openblas_set_num_threads(int threads);
#endif

enum { M = 7, N = 70, K = 33, STRIDE = 80 };

static float a[STRIDE * STRIDE], b[STRIDE * STRIDE], c[STRIDE * STRIDE], before[STRIDE * STRIDE];

static void fill(void) {
    for (int i = 0; i < STRIDE * STRIDE; i++) {
        a[i] = (float)(i % 11) - 5.25F;
        b[i] = (float)(i % 13) - 6.5F;
        before[i] = c[i] = (float)(i % 5);
    }
}

static double element(const float *x, int transposed, int i, int j) {
    return transposed ? x[j * STRIDE + i] : x[i * STRIDE + j];
}

static void sgemm(void **state) {
    (void)state;
    for (int flags = 0; flags < 8; flags++) {
        const int ta = flags & 1, tb = flags >> 1 & 1;
        const float beta = flags & 4 ? 1.0F : 0.0F;
        fill();
        ki_sgemm(M, N, K, (ki_smatrix){a, STRIDE, ta}, (ki_smatrix){b, STRIDE, tb}, beta, c,
                 STRIDE);
        for (int i = 0; i < M; i++) {
            for (int j = 0; j < STRIDE; j++) {
                double sum = before[i * STRIDE + j];
                if (j < N) {
                    sum *= beta;
                    for (int k = 0; k < K; k++) {
                        sum += element(a, ta, i, k) * element(b, tb, k, j);
                    }
                }
                assert_close(c[i * STRIDE + j], sum, 1e-5, 1e-3);
            }
        }
        assert_true(c[M * STRIDE] == before[M * STRIDE]);
    }
}

static void ssyrk(void **state) {
    (void)state;
    fill();
    ki_ssyrk(N, K, a, STRIDE, 1, c, STRIDE);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = before[i * STRIDE + j];
            for (int k = 0; k < K && j >= i; k++) {
                sum += element(a, 0, i, k) * element(a, 0, j, k);
            }
            assert_close(c[i * STRIDE + j], sum, 1e-5, 1e-3);
        }
    }
}

static void one_thread_and_back(void **state) {
    (void)state;
    assert_true(strlen(ki_blas_name()) > 0);
#ifdef KI_HAVE_OPENBLAS
    assert_int_equal(strncmp(ki_blas_name(), "OpenBLAS ", 9), 0);
    openblas_set_num_threads(2);
    const int threads = openblas_get_num_threads();
    ki_blas_begin();
    ki_blas_begin();
    assert_int_equal(openblas_get_num_threads(), 1);
    ki_blas_end();
    assert_int_equal(openblas_get_num_threads(), 1);
    ki_blas_end();
    assert_int_equal(openblas_get_num_threads(), threads);
    /* What somebody else has set meanwhile stays. */
    ki_blas_begin();
    openblas_set_num_threads(2);
    ki_blas_end();
    assert_int_equal(openblas_get_num_threads(), 2);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgemm),
        cmocka_unit_test(ssyrk),
        cmocka_unit_test(one_thread_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
