/* SPDX-License-Identifier: BSD-3-Clause */
#include "products.h"

#include <string.h>

#include "num/simd.h"

enum { ROWS = 4 };

/* Tiles of up to ROWS rows stay in registers: of fields `vectors` vectors of bins while regressors
 * go by, of moments `columns` regressors while bins go by. */
#define KERNELS(name, target, lanes, vectors, columns)                                             \
    typedef double name##_v __attribute__((vector_size(8 * (lanes))));                             \
    target static inline KI_ALWAYS_INLINE void name##_field_tile(                                  \
        int rows, size_t n, const double *theta, const double *x, double *h) {                     \
        name##_v sum[ROWS][vectors];                                                               \
        for (int r = 0; r < rows; r++)                                                             \
            for (int v = 0; v < (vectors); v++)                                                    \
                sum[r][v] = (name##_v){0};                                                         \
        for (size_t k = 0; k < n; k++, x += KI_ROWS_STRIDE) {                                      \
            name##_v a[vectors];                                                                   \
            for (int v = 0; v < (vectors); v++)                                                    \
                memcpy(&a[v], x + v * (lanes), sizeof a[v]);                                       \
            for (int r = 0; r < rows; r++)                                                         \
                for (int v = 0; v < (vectors); v++)                                                \
                    sum[r][v] += theta[(size_t)r * n + k] * a[v];                                  \
        }                                                                                          \
        for (int r = 0; r < rows; r++)                                                             \
            for (int v = 0; v < (vectors); v++)                                                    \
                memcpy(h + r * KI_BLOCK + v * (lanes), &sum[r][v], sizeof sum[r][v]);              \
    }                                                                                              \
    target static void name##_fields(size_t rows, size_t n, const double *theta, const double *x,  \
                                     double *h) {                                                  \
        for (size_t i = 0; i < rows; i += ROWS, theta += ROWS * n, h += ROWS * KI_BLOCK)           \
            for (size_t t = 0; t < KI_BLOCK; t += (vectors) * (lanes))                             \
                switch (rows - i) {                                                                \
                case 1:                                                                            \
                    name##_field_tile(1, n, theta, x + t, h + t);                                  \
                    break;                                                                         \
                case 2:                                                                            \
                    name##_field_tile(2, n, theta, x + t, h + t);                                  \
                    break;                                                                         \
                case 3:                                                                            \
                    name##_field_tile(3, n, theta, x + t, h + t);                                  \
                    break;                                                                         \
                default:                                                                           \
                    name##_field_tile(ROWS, n, theta, x + t, h + t);                               \
                }                                                                                  \
    }                                                                                              \
    target static inline KI_ALWAYS_INLINE void name##_moment_tile(                                 \
        int rows, int width, size_t n, const double *a, const double *x, double *out) {            \
        name##_v sum[ROWS][columns];                                                               \
        for (int r = 0; r < rows; r++)                                                             \
            for (int c = 0; c < width; c++)                                                        \
                sum[r][c] = (name##_v){0};                                                         \
        for (size_t t = 0; t < KI_BLOCK; t += (lanes)) {                                           \
            name##_v b[columns];                                                                   \
            for (int c = 0; c < width; c++)                                                        \
                memcpy(&b[c], x + (size_t)c * KI_ROWS_STRIDE + t, sizeof b[c]);                    \
            for (int r = 0; r < rows; r++) {                                                       \
                name##_v w;                                                                        \
                memcpy(&w, a + r * KI_BLOCK + t, sizeof w);                                        \
                for (int c = 0; c < width; c++)                                                    \
                    sum[r][c] += w * b[c];                                                         \
            }                                                                                      \
        }                                                                                          \
        for (int r = 0; r < rows; r++)                                                             \
            for (int c = 0; c < width; c++) {                                                      \
                double all = 0;                                                                    \
                for (int q = 0; q < (lanes); q++)                                                  \
                    all += sum[r][c][q];                                                           \
                out[(size_t)r * n + (size_t)c] += all;                                             \
            }                                                                                      \
    }                                                                                              \
    target static void name##_moments(size_t rows, size_t n, const double *a, const double *x,     \
                                      double *out) {                                               \
        for (size_t k = 0; k < n; k += (columns))                                                  \
            for (size_t i = 0; i < rows; i++) {                                                    \
                const double *from = a + i * KI_BLOCK, *y = x + k * KI_ROWS_STRIDE;                \
                double *to = out + i * n + k;                                                      \
                if (n - k < (columns))                                                             \
                    for (size_t c = 0; c < n - k; c++)                                             \
                        name##_moment_tile(1, 1, n, from, y + c * KI_ROWS_STRIDE, to + c);         \
                else if (rows - i < ROWS)                                                          \
                    name##_moment_tile(1, columns, n, from, y, to);                                \
                else {                                                                             \
                    name##_moment_tile(ROWS, columns, n, from, y, to);                             \
                    i += ROWS - 1;                                                                 \
                }                                                                                  \
            }                                                                                      \
    }

KERNELS(plain, , 2, 2, 2)
#ifdef KI_X86
KERNELS(v3, KI_TARGET_V3, 4, 2, 2)
KERNELS(v4, KI_TARGET_V4, 8, 4, 4)
#endif

void ki_fields(int level, size_t rows, size_t n, const double *theta, const double *x, double *h) {
#ifdef KI_X86
    if (level >= KI_LEVEL_V4) {
        v4_fields(rows, n, theta, x, h);
        return;
    }
    if (level >= KI_LEVEL_V3) {
        v3_fields(rows, n, theta, x, h);
        return;
    }
#endif
    (void)level;
    plain_fields(rows, n, theta, x, h);
}

void ki_add_moments(int level, size_t rows, size_t n, const double *a, const double *x,
                    double *out) {
#ifdef KI_X86
    if (level >= KI_LEVEL_V4) {
        v4_moments(rows, n, a, x, out);
        return;
    }
    if (level >= KI_LEVEL_V3) {
        v3_moments(rows, n, a, x, out);
        return;
    }
#endif
    (void)level;
    plain_moments(rows, n, a, x, out);
}
