/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured on the replicas of a block, synchronous and asynchronous. */
#include <math.h>
#include <string.h>

#include "num/draw.h"
#include "num/product.h"
#include "num/simd.h"
#include "num/vecmath.h"
#include "simulate/engines/estimators.h"
#include "simulate/replicas/block.h"

/* So many times are added up in single precision before they become integers: rounding errors are
 * those of 64 + 16 additions, below 3e-6 of the moment at worst. */
enum { PENDING = 16 };

static int64_t fixed(double x, double scale) {
    return (int64_t)rint(x * scale);
}

typedef struct {
    const ki_replicas_job *job;
    ki_block *block;
} flush_context;

/* Rows of n, `stride` apart; a triangle begins at the diagonal. */
KI_CLONES static void add_fixed(size_t n, int triangle, double scale, const float *from,
                                size_t stride, int64_t *to) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = triangle ? i : 0; j < n; j++)
            to[i * n + j] += fixed((double)from[i * stride + j], scale);
}

static int commit(void *context) {
    const flush_context *f = context;
    const ki_replicas_job *job = f->job;
    ki_block *block = f->block;
    const double scale = ldexp(1, job->bits);
    for (size_t i = 0; i < job->n; i++) {
        job->m[i] += fixed(block->m[i], scale);
        job->m_before[i] += fixed(block->m_before[i], scale);
        job->own[i] += fixed(block->own[i], ldexp(1, job->own_bits));
        block->m[i] = block->m_before[i] = block->own[i] = 0;
    }
    if (job->want_c)
        add_fixed(job->n, 1, scale, block->c, job->stride, job->c);
    if (job->want_d)
        add_fixed(job->n, 0, scale, block->d, job->stride, job->d);
    block->pending = 0;
    return 0;
}

int ki_replicas_flush(const ki_replicas_job *job, ki_block *block, ki_work *work) {
    flush_context f = {job, block};
    return block->pending ? ki_work_commit(work, commit, &f) : 0;
}

/* Sums of one spin over the replicas. Synchronously s is the state before, which q compares with;
 * else m and activity are those of s, q is added by add_overlaps() and sigma by ki_replicas_heat().
 */
static inline void add_row(size_t width, float H, double coupling, const float *x, const float *t,
                           const float *s, const float *y, const double *chi, double *sums,
                           int sync) {
    double *m = sums + KI_SUM_M * width, *q = sums + KI_SUM_Q * width;
    double *S = sums + KI_SUM_S * width, *sigma = sums + KI_SUM_SIGMA * width;
    double *activity = sums + KI_SUM_ACTIVITY * width;
#pragma omp simd
    for (size_t l = 0; l < width; l++) {
        const double overlap = (double)(t[l] * s[l]);
        S[l] += chi[l];
        sigma[l] += sync ? coupling * (double)(t[l] * (x[l] - H)) - (double)(s[l] * y[l]) : 0;
        activity[l] += 0.5 - 0.5 * overlap;
        m[l] += sync ? (double)t[l] : (double)s[l];
        q[l] += sync ? overlap : 0;
    }
}

KI_CLONES static void add_rows(const ki_replicas_job *job, ki_block *b) {
    const size_t width = job->width;
    const int sync = job->spec.dynamics == KI_SYNC;
    for (size_t i = 0; i < job->n; i++) {
        const size_t row = i * width;
        double chi[KI_SYNC_WIDTH];
        for (size_t l = 0; l < width; l++)
            chi[l] = (double)b->x[row + l];
        ki_vchi(width, chi, chi);
        add_row(width, job->H[i], job->large_H ? 0 : 1, b->x + row, b->t + row, b->s + row,
                b->y + row, chi, b->sums, sync);
    }
}

/* sigma += t (beta J s), in y, for those networks where x - beta H has not the digits. */
KI_CLONES static void add_coupling(const ki_replicas_job *job, ki_block *b) {
    double *sigma = b->sums + KI_SUM_SIGMA * job->width;
    for (size_t i = 0; i < job->n; i++) {
        const float *t = b->t + i * job->width, *y = b->y + i * job->width;
#pragma omp simd
        for (size_t l = 0; l < job->width; l++)
            sigma[l] += (double)(t[l] * y[l]);
    }
}

static void add_overlaps(const ki_replicas_job *job, ki_block *b, const uint16_t *earlier) {
    double *q = b->sums + KI_SUM_Q * job->width;
    for (size_t i = 0; i < job->n; i++) {
        for (size_t l = 0; l < job->width; l++) {
            const int up = earlier[i] >> l & 1;
            q[l] += (double)(up ? b->s[i * job->width + l] : -b->s[i * job->width + l]);
        }
    }
}

/* to [N,N] += a [N,live] b^T, or its upper triangle and some more. */
static void add_products(const ki_replicas_job *job, ki_block *block, const float *a,
                         const float *b, int triangle, float *to) {
    const size_t n = job->n, width = job->width, stride = job->stride;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < width; l++)
            block->across[l * stride + i] = b[i * width + l];
    for (size_t column = 0; column < n; column += KI_COLUMNS) {
        const size_t rows = triangle && column + KI_COLUMNS < n ? column + KI_COLUMNS : n;
        ki_product64(rows, block->live, a, width, block->across + column, stride,
                     block->pending ? KI_PRODUCT_SUM : KI_PRODUCT_ALONE, NULL, to + column, stride);
    }
}

static void add_moments(const ki_replicas_job *job, ki_block *b) {
    const float *own = job->spec.dynamics == KI_SYNC ? b->t : b->s;
    for (size_t i = 0; i < job->n; i++) {
        double sum = 0, before = 0;
        for (size_t l = 0; l < b->live; l++) {
            sum += (double)own[i * job->width + l];
            before += (double)b->s[i * job->width + l];
        }
        b->m[i] += sum;
        b->m_before[i] += before;
    }
    if (job->want_c)
        add_products(job, b, own, own, 1, b->c);
    if (job->want_d)
        add_products(job, b, b->t, b->s, 0, b->d);
    b->pending++;
}

int ki_replicas_measure(const ki_replicas_job *job, ki_block *block, const uint16_t *earlier,
                        ki_work *work) {
    const size_t n = job->n, width = job->width;
    ki_vtanhf(n * width, block->x, block->t);
    if (job->want_summary) {
        if (job->spec.dynamics == KI_SYNC) {
            if (job->large_H) {
                ki_replicas_multiply(job, block, block->s);
                add_coupling(job, block);
            }
            ki_replicas_multiply(job, block, block->t);
        }
        add_rows(job, block);
        if (earlier)
            add_overlaps(job, block, earlier);
    }
    if (job->spec.dynamics == KI_ASYNC && (job->want_summary || job->want_d))
        ki_replicas_heat(job, block);
    if (job->want_moments)
        add_moments(job, block);
    return block->pending == PENDING ? ki_replicas_flush(job, block, work) : 0;
}
