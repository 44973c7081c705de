/* SPDX-License-Identifier: BSD-3-Clause */
#include "product.h"

#include <string.h>

#include "simd.h"

/* The operands of one call; the kernels go over them in tiles of a few rows and vectors, which stay
 * in registers while k runs: per k a tile loads its vectors of b once and each element of a once.
 */
typedef struct product {
    size_t m, k;
    const float *a, *b, *row;
    float *c;
    size_t a_stride, b_stride, c_stride;
    enum ki_product_start start;
} product;

/* A kernel for vectors of `lanes` floats: tiles of rows x vectors, then single rows. What the
 * product is added to comes last, so that rounding errors grow with k alone. */
#define KERNEL(name, target, lanes, rows, vectors)                                                 \
    typedef float name##_v __attribute__((vector_size(4 * (lanes))));                              \
    target static inline KI_ALWAYS_INLINE void name##_tile(const product *p, size_t i,             \
                                                           size_t column, int height) {            \
        const float *a = p->a + i * p->a_stride, *b = p->b + column;                               \
        float *c = p->c + i * p->c_stride + column;                                                \
        name##_v sum[rows][vectors];                                                               \
        for (int r = 0; r < height; r++)                                                           \
            for (int v = 0; v < (vectors); v++)                                                    \
                sum[r][v] = (name##_v){0};                                                         \
        for (size_t k = 0; k < p->k; k++, b += p->b_stride) {                                      \
            name##_v x[vectors];                                                                   \
            for (int v = 0; v < (vectors); v++)                                                    \
                memcpy(&x[v], b + v * (lanes), sizeof x[v]);                                       \
            for (int r = 0; r < height; r++) {                                                     \
                const float factor = a[(size_t)r * p->a_stride + k];                               \
                for (int v = 0; v < (vectors); v++)                                                \
                    sum[r][v] += factor * x[v];                                                    \
            }                                                                                      \
        }                                                                                          \
        for (int r = 0; r < height; r++, c += p->c_stride) {                                       \
            const float more = p->start == KI_PRODUCT_ROW ? p->row[i + (size_t)r] : 0;             \
            for (int v = 0; v < (vectors); v++) {                                                  \
                name##_v before = (name##_v){0} + more;                                            \
                if (p->start == KI_PRODUCT_SUM)                                                    \
                    memcpy(&before, c + v * (lanes), sizeof before);                               \
                sum[r][v] += before;                                                               \
                memcpy(c + v * (lanes), &sum[r][v], sizeof before);                                \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    target static void name(const product *p) {                                                    \
        for (size_t column = 0; column < KI_COLUMNS; column += (lanes) * (vectors)) {              \
            size_t i = 0;                                                                          \
            for (; i + (rows) <= p->m; i += (rows))                                                \
                name##_tile(p, i, column, rows);                                                   \
            for (; i < p->m; i++)                                                                  \
                name##_tile(p, i, column, 1);                                                      \
        }                                                                                          \
    }

/* 16 registers of 4 floats each. */
KERNEL(plain, , 4, 4, 2)
#ifdef KI_X86
KERNEL(v3, KI_TARGET_V3, 8, 6, 2)
KERNEL(v4, KI_TARGET_V4, 16, 4, 4)
#endif

void ki_product64_at(int level, size_t m, size_t k, const float *a, size_t a_stride, const float *b,
                     size_t b_stride, enum ki_product_start start, const float *row, float *c,
                     size_t c_stride) {
    const product p = {m, k, a, b, row, c, a_stride, b_stride, c_stride, start};
#ifdef KI_X86
    if (level >= KI_LEVEL_V4) {
        v4(&p);
        return;
    }
    if (level >= KI_LEVEL_V3) {
        v3(&p);
        return;
    }
#else
    (void)level;
#endif
    plain(&p);
}

void ki_product64(size_t m, size_t k, const float *a, size_t a_stride, const float *b,
                  size_t b_stride, enum ki_product_start start, const float *row, float *c,
                  size_t c_stride) {
    ki_product64_at(ki_simd_level(), m, k, a, a_stride, b, b_stride, start, row, c, c_stride);
}
