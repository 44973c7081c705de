/* SPDX-License-Identifier: BSD-3-Clause */
/* The entropy that flows from replicas to the bath [sigma-t], beyond what d says of it in the steady
 * state. Every spin's part goes to sigma of its replica and to the spin's own diagonal element of
 * the edges, which is all that differs from [sigma-net-sync] and [sigma-net-async]. */
#include <math.h>
#include <string.h>

#include "num/simd.h"
#include "num/vecmath.h"
#include "simulate/engines/estimators.h"
#include "simulate/replicas/block.h"

/* out = ln 2cosh(z); small = exp(-2|z|) is left behind. */
static void log_2cosh(size_t n, const double *z, double *small, double *out) {
    for (size_t l = 0; l < n; l++)
        small[l] = -2 * fabs(z[l]);
    ki_vchi(n, z, out);
    ki_vexp(n, small, small);
    for (size_t l = 0; l < n; l++)
        out[l] += fabs(z[l]) * (1 - small[l]) / (1 + small[l]);
}

static void add(const ki_replicas_job *job, ki_block *b, size_t i, const double *part) {
    double *sigma = b->sums + KI_SUM_SIGMA * job->width;
    double own = 0;
    for (size_t l = 0; l < job->width; l++)
        sigma[l] += part[l];
    for (size_t l = 0; l < b->live; l++)
        own += part[l];
    b->own[i] += own;
}

void ki_replicas_flow_begin(const ki_replicas_job *job, ki_block *b) {
    const size_t width = job->width;
    if (job->large_H)
        ki_replicas_multiply(job, b, b->s);
    for (size_t i = 0; i < job->n; i++) {
        const float *x = b->x + i * width, *y = b->y + i * width, *s = b->s + i * width;
        const double H = (double)job->H[i];
        double z[KI_SYNC_WIDTH], small[KI_SYNC_WIDTH], part[KI_SYNC_WIDTH];
        for (size_t l = 0; l < width; l++)
            z[l] = job->large_H ? H + (double)y[l] : (double)x[l];
        log_2cosh(width, z, small, part);
        for (size_t l = 0; l < width; l++)
            part[l] = -part[l] - H * (double)s[l];
        add(job, b, i, part);
    }
}

void ki_replicas_flow_end(const ki_replicas_job *job, ki_block *b) {
    const size_t width = job->width;
    for (size_t i = 0; i < job->n; i++) {
        const float *x = b->x + i * width, *y = b->y + i * width, *t = b->t + i * width;
        const double H = (double)job->H[i];
        double z[KI_SYNC_WIDTH], off[KI_SYNC_WIDTH], small[KI_SYNC_WIDTH], part[KI_SYNC_WIDTH];
        double mean[KI_SYNC_WIDTH];
        for (size_t l = 0; l < width; l++) {
            z[l] = job->large_H ? H + (double)x[l] : (double)x[l];
            mean[l] = H + (double)y[l];
            off[l] = job->large_H ? (double)(x[l] - y[l]) : z[l] - mean[l];
        }
        log_2cosh(width, z, small, part);
        for (size_t l = 0; l < width; l++)
            small[l] = -2 * fabs(mean[l]);
        ki_vexp(width, small, small);
        for (size_t l = 0; l < width; l++) {
            const double slope = copysign((1 - small[l]) / (1 + small[l]), mean[l]);
            part[l] += H * (double)t[l] - (job->n > 1 ? slope * off[l] : 0);
        }
        add(job, b, i, part);
    }
}

/* r of ki_updates_sum(), the field of the spin itself standing for those of the others. */
static double kept(double field) {
    const double y = fmin(field * field, 1e100);
    return y * (1 + y) / (1 + y + y * y);
}

/* sum over pairs i before j of rest_j (J_ji + J_ij) s_i, see estimators.h, for one replica. */
KI_CLONES static void add_pairs(const ki_replicas_job *job, ki_block *b, size_t lane) {
    const size_t n = job->n, slots = KI_RECENT * n;
    const int8_t *s = b->state + lane * n;
    const uint32_t *when = b->when + lane * n;
    float *sum = b->pair_sum;
    double *sigma = b->sums + KI_SUM_SIGMA * job->width + lane;
    memset(b->slot, 0, slots * sizeof *b->slot);
    memset(sum, 0, n * sizeof *sum);
    for (size_t i = 0; i < n; i++) {
        const float *column = job->J + i * n, spin = (float)s[i];
        if (when[i]) {
            b->slot[when[i] - 1] = (uint32_t)i + 1;
            continue;
        }
#pragma omp simd
        for (size_t k = 0; k < n; k++)
            sum[k] += spin * column[k];
    }
    for (size_t u = 0; u < slots; u++) {
        if (!b->slot[u])
            continue;
        const size_t j = b->slot[u] - 1;
        const float *column = job->J + j * n, spin = (float)s[j];
        const double part = (double)b->rest[lane * n + j] * (double)sum[j];
        *sigma += part;
        b->own[j] += part;
#pragma omp simd
        for (size_t k = 0; k < n; k++)
            sum[k] += spin * column[k];
    }
    memset(sum, 0, n * sizeof *sum);
    for (size_t u = slots; u-- > 0;) {
        if (!b->slot[u])
            continue;
        const size_t i = b->slot[u] - 1;
        const float *column = job->J + i * n, rest = b->rest[lane * n + i];
        const double part = (double)s[i] * (double)sum[i];
        *sigma += part;
        b->own[i] += part;
#pragma omp simd
        for (size_t k = 0; k < n; k++)
            sum[k] += rest * column[k];
    }
    for (size_t i = 0; i < n; i++) {
        const double part = when[i] ? 0 : (double)s[i] * (double)sum[i];
        *sigma += part;
        b->own[i] += part;
    }
}

/* What the edges have, t_i (J_ij - J_ji) s_j/2, is not the spins' own. */
static void leave_edges(const ki_replicas_job *job, ki_block *b) {
    const size_t width = job->width;
    if (job->large_H)
        ki_replicas_multiply(job, b, b->s);
    for (size_t i = 0; i < job->n; i++) {
        const size_t row = i * width;
        for (size_t l = 0; l < b->live; l++) {
            const float coupling = job->large_H ? b->y[row + l] : b->x[row + l] - job->H[i];
            b->own[i] -= 0.5 * (double)(b->t[row + l] * coupling);
        }
    }
    ki_replicas_multiply(job, b, b->t);
    for (size_t i = 0; i < job->n; i++)
        for (size_t l = 0; l < b->live; l++)
            b->own[i] += 0.5 * (double)(b->s[i * width + l] * b->y[i * width + l]);
}

void ki_replicas_heat(const ki_replicas_job *job, ki_block *b) {
    const size_t n = job->n, width = job->width;
    for (size_t i = 0; i < n; i++) {
        const double H = (double)job->H[i], self = (double)job->self[i];
        double flip[KI_ASYNC_WIDTH], eta[KI_ASYNC_WIDTH], part[KI_ASYNC_WIDTH];
        for (size_t l = 0; l < width; l++) {
            const double s = (double)b->s[i * width + l], last = (double)b->last[l * n + i];
            flip[l] = 2 * s * (double)b->x[i * width + l];
            eta[l] = isnan(last) ? 0 : 2 * s * last;
        }
        ki_vexp(width, flip, flip);
        ki_vexp(width, eta, eta);
        for (size_t l = 0; l < width; l++) {
            const double x = (double)b->x[i * width + l], s = (double)b->s[i * width + l];
            const double last = (double)b->last[l * n + i],
                         r = n == 1 ? 0 : kept(isnan(last) ? 0 : last);
            const double noise = isnan(last) ? 0 : 2 * s / (1 + eta[l]), f = 1 / (1 + flip[l]);
            part[l] =
                -2 * s * f * (x - self * s) - (self != 0 ? f * ki_self_change(x, s, self) : 0);
            part[l] += isnan(last) ? 0 : noise * (H + r * (last - H));
            if (b->when)
                b->rest[l * n + i] = (float)((1 - r) * noise);
        }
        add(job, b, i, part);
    }
    for (size_t l = 0; b->when && l < b->live; l++)
        add_pairs(job, b, l);
    if (job->want_d)
        leave_edges(job, b);
}
