/* SPDX-License-Identifier: BSD-3-Clause */
/* Products in double precision against plain loops: every level, shapes that fit nothing, strides,
 * transposes, scales, symmetric results, several threads, and nothing written outside. */
#include "ki_test.h"

#include <stdlib.h>

#include "base/memory.h"
#include "num/matmul.h"
#include "num/simd.h"

enum { MOST = 300, STRIDE = 310 };

static double a[STRIDE * STRIDE], b[STRIDE * STRIDE], c[STRIDE * STRIDE], scale[MOST];

/* Whole numbers and halves, so that sums are exact and an error is one of place, not of rounding.
 */
static void fill(void) {
    for (int i = 0; i < STRIDE * STRIDE; i++) {
        a[i] = (double)(i * 7 % 23) - 11;
        b[i] = (double)(i * 5 % 19) - 8.5;
        c[i] = -77;
    }
    for (int i = 0; i < MOST; i++)
        scale[i] = (double)(i % 3) + 0.5;
}

static double element(ki_matrix x, size_t i, size_t k) {
    return x.x[i * x.row + k * x.column];
}

static double one(ki_matrix x, ki_matrix y, const double *factor, size_t i, size_t j, size_t k) {
    double sum = 0;
    for (size_t l = 0; l < k; l++)
        sum += element(x, i, l) * (factor ? factor[l] : 1) * element(y, l, j);
    return sum;
}

static void check(int level, const size_t shape[3], int flags) {
    const size_t m = shape[0], n = flags & 8 ? m : shape[1], k = shape[2];
    const ki_matrix x = flags & 1 ? (ki_matrix){a, 1, STRIDE} : (ki_matrix){a, STRIDE, 1};
    /* For a symmetric result b is the transpose of a. */
    const ki_matrix y = flags & 8   ? (ki_matrix){x.x, x.column, x.row}
                        : flags & 2 ? (ki_matrix){b, 1, STRIDE}
                                    : (ki_matrix){b, STRIDE, 1};
    const double *factor = flags & 4 ? scale : NULL;
    const ki_run_options run = {.threads = 1 + flags % 3};
    double *space = ki_alloc(ki_matmul_space(m, n), sizeof *space);

    fill();
    assert_non_null(space);
    assert_int_equal(
        ki_matmul_at(level, m, n, k, x, factor, y, c + 3, STRIDE, flags >> 3 & 1, space, &run), 0);
    for (size_t i = 0; i < MOST + 3; i++) {
        for (size_t j = 0; j < STRIDE; j++) {
            const int in = i < m && j >= 3 && j < n + 3;
            const double want = in ? one(x, y, factor, i, j - 3, k) : -77;
            if (c[i * STRIDE + j] != want) {
                print_error("level %d, %zu x %zu x %zu, flags %d: c[%zu,%zu] = %g, not %g\n", level,
                            m, n, k, flags, i, j, c[i * STRIDE + j], want);
                fail();
            }
        }
    }
    ki_free(space);
}

static void every_shape(void **state) {
    (void)state;
    static const int levels[] = {KI_LEVEL_PLAIN, KI_LEVEL_V3, KI_LEVEL_V4};
    static const size_t shapes[][3] = {{1, 1, 1},   {8, 24, 256}, {9, 25, 257}, {97, 3, 40},
                                       {5, 100, 7}, {200, 50, 1}, {96, 48, 300}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        for (int flags = 0; flags < 16; flags++) {
            for (size_t l = 0; l < 3; l++)
                if (levels[l] <= ki_simd_level())
                    check(levels[l], shapes[s], flags);
        }
    }
}

static int stop(void *user, uint64_t done, uint64_t total) {
    (void)user;
    return done < total;
}

static void can_be_cancelled(void **state) {
    (void)state;
    const ki_run_options run = {.threads = 1, .progress = stop};
    const ki_matrix x = {a, STRIDE, 1};
    double *space = ki_alloc(ki_matmul_space(MOST, MOST), sizeof *space);
    fill();
    assert_non_null(space);
    assert_int_equal(ki_matmul(MOST, MOST, MOST, x, NULL, x, c, STRIDE, space, &run),
                     KI_ERR_CANCELLED);
    ki_free(space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape),
        cmocka_unit_test(can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
