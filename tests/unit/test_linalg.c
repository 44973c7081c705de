/* SPDX-License-Identifier: BSD-3-Clause */
/* Products against plain loops in double, and the number of BLAS threads around them. */
#include "ki_test.h"

#include <stdlib.h>

#include "blas/blas.h"
#include "blas/linalg.h"
#include "num/product.h"
#include "num/simd.h"

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
                    for (int k = 0; k < K; k++)
                        sum += element(a, ta, i, k) * element(b, tb, k, j);
                }
                assert_close(c[i * STRIDE + j], sum, 1e-5, 1e-3);
            }
        }
        assert_true(c[M * STRIDE] == before[M * STRIDE]);
    }
}

/* 64 columns at every level the machine has; rows that are no multiple of anything. */
static void product64(void **state) {
    (void)state;
    const int levels[] = {KI_LEVEL_PLAIN, KI_LEVEL_V3, KI_LEVEL_V4};
    float row[13];
    for (int kind = 0; kind < 9; kind++) {
        const int level = levels[kind % 3], start = kind / 3;
        if (level > ki_simd_level())
            continue;
        for (int m = 0; m <= 13; m++) {
            fill();
            for (int i = 0; i < 13; i++)
                row[i] = (float)i - 3;
            ki_product64_at(level, (size_t)m, K, a, STRIDE, b + 1, STRIDE,
                            (enum ki_product_start)start, start == KI_PRODUCT_ROW ? row : NULL,
                            c + 2, STRIDE);
            for (int i = 0; i < 14; i++) {
                for (int j = 0; j < STRIDE; j++) {
                    double sum = before[i * STRIDE + j];
                    if (i < m && j >= 2 && j < 66) {
                        sum = start == KI_PRODUCT_ROW ? row[i] : start == KI_PRODUCT_SUM ? sum : 0;
                        for (int k = 0; k < K; k++)
                            sum += element(a, 0, i, k) * element(b, 0, k, j - 1);
                    }
                    assert_close(c[i * STRIDE + j], sum, 1e-5, 1e-3);
                }
            }
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
        cmocka_unit_test(product64),
        cmocka_unit_test(one_thread_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
