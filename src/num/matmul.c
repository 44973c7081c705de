/* SPDX-License-Identifier: BSD-3-Clause */
#include "matmul.h"

#include <string.h>

#include "base/parallel.h"
#include "simd.h"

/* A block of K_BLOCK columns of a and rows of b is packed at a time: a in panels of a few rows, b
 * in panels of a few vectors of columns, each panel with its k one after another. A tile, the
 * product of two panels, stays in registers while k runs. The panel of b is in the first cache
 * while the rows of a task go by, those in the second. */
enum { K_BLOCK = 256, MOST_ROWS = 8, MOST_COLUMNS = 24, TASK_ROWS = 96 };

/* Multiply-adds, some 50 microseconds of them: below, threads that wait for each other cost more.
 */
#define WORTH_A_TEAM 2e6

typedef struct product {
    size_t m, n, k;
    ki_matrix a, b;
    const double *scale;
    double *c;
    size_t c_stride;
    int symmetric;
    size_t rows, columns;          /* of a tile */
    size_t row_panels, col_panels; /* number of panels */
    size_t first, depth;           /* the block of k at hand */
    double *a_packs, *b_packs;
    void (*tile)(size_t depth, const double *a, const double *b, double *c, size_t c_stride,
                 int add);
} product;

/* c [rows, vectors x lanes] = or += a b, of two packed panels. */
#define KERNEL(name, target, lanes, rows, vectors)                                                 \
    typedef double name##_v __attribute__((vector_size(8 * (lanes))));                             \
    target static void name(size_t depth, const double *a, const double *b, double *c,             \
                            size_t c_stride, int add) {                                            \
        name##_v sum[rows][vectors];                                                               \
        for (int r = 0; r < (rows); r++) {                                                         \
            for (int v = 0; v < (vectors); v++) {                                                  \
                sum[r][v] = (name##_v){0};                                                         \
            }                                                                                      \
        }                                                                                          \
        for (size_t k = 0; k < depth; k++, a += (rows), b += (vectors) * (lanes)) {                \
            name##_v x[vectors];                                                                   \
            for (int v = 0; v < (vectors); v++) {                                                  \
                memcpy(&x[v], b + v * (lanes), sizeof x[v]);                                       \
            }                                                                                      \
            for (int r = 0; r < (rows); r++) {                                                     \
                for (int v = 0; v < (vectors); v++) {                                              \
                    sum[r][v] += a[r] * x[v];                                                      \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        for (int r = 0; r < (rows); r++, c += c_stride) {                                          \
            for (int v = 0; v < (vectors); v++) {                                                  \
                if (add) {                                                                         \
                    name##_v before;                                                               \
                    memcpy(&before, c + v * (lanes), sizeof before);                               \
                    sum[r][v] += before;                                                           \
                }                                                                                  \
                memcpy(c + v * (lanes), &sum[r][v], sizeof sum[r][v]);                             \
            }                                                                                      \
        }                                                                                          \
    }

KERNEL(plain, , 2, 4, 2)
#ifdef KI_X86
KERNEL(v3, KI_TARGET_V3, 4, 4, 3)
KERNEL(v4, KI_TARGET_V4, 8, 8, 3)
#endif

static void set_level(product *p, int level) {
    p->rows = 4;
    p->columns = 4;
    p->tile = plain;
#ifdef KI_X86
    if (level >= KI_LEVEL_V4) {
        p->rows = 8;
        p->columns = 24;
        p->tile = v4;
    } else if (level >= KI_LEVEL_V3) {
        p->columns = 12;
        p->tile = v3;
    }
#else
    (void)level;
#endif
    p->row_panels = (p->m + p->rows - 1) / p->rows;
    p->col_panels = (p->n + p->columns - 1) / p->columns;
}

/* `width` lines of x from `line` on, those beyond `lines` being zero, as one panel. */
static void pack_panel(ki_matrix x, size_t lines, size_t line, size_t width, size_t first,
                       size_t depth, const double *scale, double *out) {
    const size_t there = lines - line < width ? lines - line : width;
    const double *from = x.x + line * x.row + first * x.column;

    if (x.row == 1) {
        for (size_t k = 0; k < depth; k++, from += x.column)
            memcpy(out + k * width, from, there * sizeof *out);
    } else {
        for (size_t i = 0; i < there; i++)
            for (size_t k = 0; k < depth; k++)
                out[k * width + i] = from[i * x.row + k * x.column];
    }
    for (size_t k = 0; there < width && k < depth; k++)
        memset(out + k * width + there, 0, (width - there) * sizeof *out);
    for (size_t k = 0; scale && k < depth; k++)
        for (size_t i = 0; i < there; i++)
            out[k * width + i] *= scale[first + k];
}

/* Index of a panel: those of a, then those of b. */
static int pack(void *ctx, size_t i) {
    const product *p = ctx;

    if (i < p->row_panels) {
        pack_panel(p->a, p->m, i * p->rows, p->rows, p->first, p->depth, p->scale,
                   p->a_packs + i * p->rows * p->depth);
    } else {
        const size_t j = i - p->row_panels;
        const ki_matrix turned = {p->b.x, p->b.column, p->b.row};
        pack_panel(turned, p->n, j * p->columns, p->columns, p->first, p->depth, NULL,
                   p->b_packs + j * p->columns * p->depth);
    }
    return 0;
}

/* Tiles that hang over the edge of c, by way of a whole one. */
static void edge_tile(const product *p, size_t row, size_t column, const double *a,
                      const double *b) {
    double whole[MOST_ROWS * MOST_COLUMNS];
    const size_t rows = p->m - row < p->rows ? p->m - row : p->rows;
    const size_t columns = p->n - column < p->columns ? p->n - column : p->columns;

    p->tile(p->depth, a, b, whole, p->columns, 0);
    for (size_t i = 0; i < rows; i++) {
        double *c = p->c + (row + i) * p->c_stride + column;

        for (size_t j = 0; j < columns; j++)
            c[j] = whole[i * p->columns + j] + (p->first ? c[j] : 0);
    }
}

static int multiply(void *ctx, size_t task) {
    const product *p = ctx;
    const size_t first = task * (TASK_ROWS / p->rows);
    const size_t end = first + TASK_ROWS / p->rows;
    const size_t last = end < p->row_panels ? end : p->row_panels;

    for (size_t j = 0; j < p->col_panels; j++) {
        const size_t column = j * p->columns;
        const double *b = p->b_packs + column * p->depth;

        for (size_t i = first; i < last; i++) {
            const size_t row = i * p->rows;
            const double *a = p->a_packs + row * p->depth;

            if (p->symmetric && column + p->columns <= row)
                break; /* below the diagonal, and the rest of the column too */
            if (row + p->rows <= p->m && column + p->columns <= p->n) {
                p->tile(p->depth, a, b, p->c + row * p->c_stride + column, p->c_stride,
                        p->first > 0);
            } else {
                edge_tile(p, row, column, a, b);
            }
        }
    }
    return 0;
}

/* Copies the upper half of a few rows of blocks to the lower one. */
enum { MIRROR = 32 };
static int mirror(void *ctx, size_t task) {
    const product *p = ctx;
    const size_t i0 = task * MIRROR, i1 = i0 + MIRROR < p->m ? i0 + MIRROR : p->m;

    for (size_t j0 = 0; j0 < i1; j0 += MIRROR) {
        for (size_t i = i0; i < i1; i++) {
            const size_t j1 = j0 + MIRROR < i ? j0 + MIRROR : i;
            for (size_t j = j0; j < j1; j++)
                p->c[i * p->c_stride + j] = p->c[j * p->c_stride + i];
        }
    }
    return 0;
}

size_t ki_matmul_space(size_t m, size_t n) {
    return (m + MOST_ROWS + n + MOST_COLUMNS + 8) * (size_t)K_BLOCK;
}

int ki_matmul_at(int level, size_t m, size_t n, size_t k, ki_matrix a, const double *scale,
                 ki_matrix b, double *c, size_t c_stride, int symmetric, double *space,
                 const ki_run_options *run) {
    product p = {.m = m,
                 .n = n,
                 .k = k,
                 .a = a,
                 .b = b,
                 .scale = scale,
                 .c = c,
                 .c_stride = c_stride,
                 .symmetric = symmetric};
    ki_run_options here = run ? *run : (ki_run_options){0};
    int error = 0;

    if ((double)m * (double)n * (double)k < WORTH_A_TEAM)
        here.threads = 1;
    set_level(&p, level);
    p.a_packs = space;
    p.b_packs = space + p.row_panels * p.rows * K_BLOCK;
    const size_t task_panels = TASK_ROWS / p.rows;
    const size_t tasks = (p.row_panels + task_panels - 1) / task_panels;
    for (p.first = 0; p.first < k && !error; p.first += K_BLOCK) {
        p.depth = k - p.first < K_BLOCK ? k - p.first : K_BLOCK;
        error = ki_parallel_for(p.row_panels + p.col_panels, 16, &here, pack, &p);
        if (!error)
            error = ki_parallel_for(tasks, 1, &here, multiply, &p);
    }
    if (symmetric && !error)
        error = ki_parallel_for((m + MIRROR - 1) / MIRROR, 4, &here, mirror, &p);
    return error;
}

int ki_matmul(size_t m, size_t n, size_t k, ki_matrix a, const double *scale, ki_matrix b,
              double *c, size_t c_stride, double *space, const ki_run_options *run) {
    return ki_matmul_at(ki_simd_level(), m, n, k, a, scale, b, c, c_stride, 0, space, run);
}

int ki_matmul_symmetric(size_t n, size_t k, ki_matrix a, const double *scale, ki_matrix b,
                        double *c, size_t c_stride, double *space, const ki_run_options *run) {
    return ki_matmul_at(ki_simd_level(), n, n, k, a, scale, b, c, c_stride, 1, space, run);
}
