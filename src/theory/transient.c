/* SPDX-License-Identifier: BSD-3-Clause */
/* Synchronous relaxation. [m-sync] [C-sync] [sigma-t] */
#include "transient.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "num/gauss.h"
#include "correlation_map.h"
#include "inner.h"
#include "order_parameters.h"

/* beta <H tanh x> = Int_0^D u [T(u + a) + T(u - a)] du / (2 D), T odd, by Gauss-Legendre panels no
 * longer than the scale of T(y) = E tanh(y + s z); the bracket is 0 below them and 2 above. */
static double box_moment(double s, double D, double a) {
    ki_inner inner;
    const double sure = 20 + 8.7 * s, low = fmin(fmax(a - sure, 0), D), high = fmin(a + sure, D);
    const size_t count = (size_t)ceil((high - low) / fmax(2, s));
    const double half = count ? 0.5 * (high - low) / (double)count : 0;
    double sum = (D - high) * (D + high);
    ki_inner_init(&inner, s, 0, 0, 0, 0);
    for (size_t k = 0; k < count; k++) {
        double y[32], R[32];
        for (size_t i = 0; i < 16; i++) {
            const double u = low + half * (2 * (double)k + 1 + ki_gl16_x[i]);
            y[i] = u + a;
            y[16 + i] = fabs(u - a);
        }
        ki_inner_evaluate(&inner, 32, y, 0, 0, R, NULL, NULL);
        for (size_t i = 0; i < 16; i++) {
            const double u = low + half * (2 * (double)k + 1 + ki_gl16_x[i]);
            const double below = 1 - 2 * R[16 + i];
            sum += half * ki_gl16_w[i] * u * (1 - 2 * R[i] + (u < a ? -below : below));
        }
    }
    return sum / (2 * D);
}

void ki_moment_at(const ki_field *field, double a, ki_moment *out) {
    out->a = a;
    out->M = a * ki_field_gain(field, fabs(a));
    ki_field_averages(field, a, &out->k, &out->S);
    out->B = field->D > 0 ? box_moment(field->s, field->D, fabs(a)) : 0;
}

int ki_check_transient(const char *function, const ki_theory_params *p, double m0, size_t n,
                       size_t lag, size_t most, const ki_transient *out) {
    if (p == NULL || out == NULL)
        return ki_fail(KI_ERR_ARGUMENT, "%s : NULL pointer : pass a point and a result", function);
    const int error = ki_check_point(p, 1) ? KI_ERR_ARGUMENT : ki_check_mean("m0", -1, m0);
    if (error)
        return error;
    if (n < 1 || n > most) {
        return ki_fail(KI_ERR_ARGUMENT, "%s : %zu steps or points are out of range : use 1 to %zu",
                       function, n, most);
    }
    if (lag < 1)
        return ki_fail(KI_ERR_ARGUMENT, "lag : 0 is no lag : use 1 or more");
    if (p->beta * fmax(p->dH, fmax(p->dJ, fabs(p->J0))) > 1e6) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "beta : %g makes beta J0, beta dJ or beta dH exceed 1e6 : transients need a "
                       "finite temperature",
                       p->beta);
    }
    return 0;
}

void ki_copy_column(double *to, const double *from, size_t n) {
    if (to)
        memcpy(to, from, n * sizeof *to);
}

typedef struct relaxation {
    ki_map map; /* noise and box; its mean is not used */
    size_t steps;
    const double *m;         /* [steps+2] */
    const ki_moment *moment; /* [steps+2]: moment[t] holds averages of h_t, built from m[t-1] */
    double *C;               /* [steps+1,steps+1] */
} relaxation;

/* Progress in evaluations of one step. */
typedef struct watch {
    const ki_run_options *run;
    uint64_t done, total;
} watch;

static int is_stopped(watch *w) {
    if (++w->done % 256 || !w->run || !w->run->progress ||
        !w->run->progress(w->run->progress_user, w->done, w->total))
        return 0;
    return ki_fail(KI_ERR_CANCELLED,
                   "run : cancelled after %" PRIu64 " of %" PRIu64 " : run it again", w->done,
                   w->total);
}

/* C(t, t - lag), t = lag..steps, down one diagonal; C(t, 0) = m_t m_0. [C-sync] */
static int diagonal(const relaxation *r, size_t lag, watch *w, double *out) {
    for (size_t t = lag; t <= r->steps; t++) {
        const size_t back = t - lag;
        out[t] = back == 0 ? r->m[t] * r->m[0]
                           : ki_map_general(&r->map, r->moment[t].a, r->moment[back].a, out[t - 1]);
        if (is_stopped(w))
            return KI_ERR_CANCELLED;
    }
    return 0;
}

static int matrix_diagonal(void *ctx, size_t index) {
    const relaxation *r = ctx;
    const size_t lag = index + 1, side = r->steps + 1;
    double c = 0;
    for (size_t t = lag; t <= r->steps; t++) {
        const size_t back = t - lag;
        c = back == 0 ? r->m[t] * r->m[0]
                      : ki_map_general(&r->map, r->moment[t].a, r->moment[back].a, c);
        r->C[t * side + back] = c;
        r->C[back * side + t] = c;
    }
    return 0;
}

static void columns(const relaxation *r, double J, const double *two, double *S, double *Sr,
                    double *sigma) {
    const ki_moment *f = r->moment;
    const double s2 = r->map.s * r->map.s;
    S[0] = Sr[0] = sigma[0] = NAN;
    for (size_t t = 1; t <= r->steps; t++) {
        /* L_{t+1} written out, so that S^r - S has no large terms left. */
        const double B = t > 1 ? f[t - 1].B : 0, k = t > 1 ? f[t - 1].k * two[t] : 0;
        S[t] = f[t].S;
        Sr[t] = f[t + 1].S + (f[t + 1].B - B) + J * r->m[t] * (r->m[t + 1] - r->m[t - 1]) +
                s2 * (f[t + 1].k - k);
        sigma[t] = Sr[t] - S[t];
    }
}

int ki_transient_sync(const ki_theory_params *p, double m0, size_t steps, size_t lag,
                      const ki_run_options *run, const ki_transient *out) {
    int error = ki_check_transient("ki_transient_sync", p, m0, steps, lag,
                                   out && out->C ? 10000 : 10000000, out);
    if (error)
        return error;
    const size_t n = steps + 1;
    double *block = ki_alloc(7 * (n + 1), sizeof *block);
    ki_moment *moment = ki_alloc(n + 1, sizeof *moment);
    double *matrix = out->C ? ki_alloc(n, n * sizeof *matrix) : NULL;
    if (block == NULL || moment == NULL || (out->C && matrix == NULL)) {
        error = ki_fail(KI_ERR_NOMEM, "steps : no memory for %zu of them : ask for fewer", steps);
        goto out;
    }
    double *m = block, *q = m + n + 1, *two = q + n + 1, *S = two + n + 1, *Sr = S + n + 1;
    double *sigma = Sr + n + 1, *time = sigma + n + 1;
    ki_field field;
    relaxation r = {{0, p->beta * p->dJ, p->beta * p->dH, 0, 0}, steps, m, moment, matrix};
    const double J = p->beta * p->J0;
    ki_field_init(&field, r.map.s, r.map.D);
    m[0] = m0;
    watch w = {run, 0, 3 * (uint64_t)n};
    for (size_t t = 1; t <= n && !error; t++) {
        ki_moment_at(&field, J * m[t - 1], &moment[t]);
        m[t] = moment[t].M;
        error = is_stopped(&w);
    }
    error = error ? error : diagonal(&r, 2, &w, two);
    error = error ? error : diagonal(&r, lag, &w, q);
    if (error)
        goto out;
    for (size_t t = 0; t < n; t++) {
        time[t] = (double)t;
        q[t] = t < lag ? NAN : q[t];
    }
    columns(&r, J, two, S, Sr, sigma);
    if (matrix) {
        for (size_t t = 0; t < n; t++)
            matrix[t * n + t] = 1;
        error = ki_parallel_for(steps, 1, run, matrix_diagonal, &r);
        if (error)
            goto out;
        memcpy(out->C, matrix, n * n * sizeof *matrix);
    }
    ki_copy_column(out->t, time, n);
    ki_copy_column(out->m, m, n);
    ki_copy_column(out->q, q, n);
    ki_copy_column(out->S, S, n);
    ki_copy_column(out->Sr, Sr, n);
    ki_copy_column(out->sigma, sigma, n);
out:
    ki_free(matrix);
    ki_free(moment);
    ki_free(block);
    return error;
}
