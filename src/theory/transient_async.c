/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asynchronous relaxation. [C-async]
 *
 * One row c_j = C(t, t_j), t_j = j h <= t, moves in t by Runge-Kutta of fourth order:
 *     dc_j/dt = -c_j + B(t, t_j),   B(t, t') = <tanh h(t) s(t')>
 *             = e^-t' M_t m_0 + Int_0^t' e^-(t'-u) F(C(t, u); m_t, m_u) du,
 * where the integral over the row is cumulative and of fourth order too (cubics through neighbouring
 * nodes, the exponential exact). The row grows by C(t, t) = 1 each step. The whole is repeated with
 * half the step until two passes agree; the leading error is then taken off (Richardson).
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "num/gauss.h"
#include "correlation_map.h"
#include "transient.h"

enum { MAX_STEPS = 3200 };

/* Weights of e^-(h-x) f(x) on [0, h] for f through four (three, two) equally spaced nodes. */
typedef struct cumulative {
    double decay;   /* e^-h */
    double w[3][4]; /* interval is the first, second or third of the cubic's */
    double quadratic[2][3];
    double linear[2];
} cumulative;

static double lagrange(int nodes, int k, double x) {
    double value = 1;
    for (int j = 0; j < nodes; j++)
        value *= j == k ? 1 : (x - j) / (k - j);
    return value;
}

static double moment(double h, int nodes, int k, int interval) {
    double sum = 0;
    for (int i = 0; i < 16; i++) {
        const double x = 0.5 * (1 + ki_gl16_x[i]);
        sum += 0.5 * h * ki_gl16_w[i] * exp(-h * (1 - x)) * lagrange(nodes, k, interval + x);
    }
    return sum;
}

static void cumulative_init(cumulative *c, double h) {
    c->decay = exp(-h);
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 3; i++)
            c->w[i][k] = moment(h, 4, k, i);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 2; i++)
            c->quadratic[i][k] = moment(h, 3, k, i);
    c->linear[0] = moment(h, 2, 0, 0);
    c->linear[1] = moment(h, 2, 1, 0);
}

/* Int over the interval j, j+1 of a table of n nodes. */
static double cumulative_step(const cumulative *c, const double *f, size_t n, size_t j) {
    if (n == 2)
        return c->linear[0] * f[0] + c->linear[1] * f[1];
    if (n == 3)
        return c->quadratic[j][0] * f[0] + c->quadratic[j][1] * f[1] + c->quadratic[j][2] * f[2];
    const size_t first = j == 0 ? 0 : (j + 2 < n ? j - 1 : n - 4);
    const double *w = c->w[j - first];
    return w[0] * f[first] + w[1] * f[first + 1] + w[2] * f[first + 2] + w[3] * f[first + 3];
}

/* One pass with step h; arrays are indexed by step. */
typedef struct pass {
    ki_map map;
    ki_field field;
    double J, m0, h;
    size_t steps;
    const ki_run_options *threads; /* without progress: reports are per step */
    int round, last;               /* of passes, each with twice the steps; the last expected */
    double *m;                     /* [2 steps+1], half steps included */
    ki_moment *at;                 /* [2 steps+1] */
    cumulative rule;
    double *row, *stage, *slope, *sum, *F, *integrand; /* [steps+1] each */
    /* What the running right-hand side works on. */
    const double *now;
    const ki_moment *then;
} pass;

static int row_term(void *ctx, size_t j) {
    pass *s = ctx;
    s->F[j] = ki_map_general(&s->map, s->then->a, s->at[2 * j].a, fmin(s->now[j], 1));
    return 0;
}

/* dc/dt of nodes 0..n-1 at half step `half`. */
static int right_hand_side(pass *s, const double *c, size_t n, size_t half, double *out) {
    s->now = c;
    s->then = &s->at[half];
    const int error = ki_parallel_for(n, 8, s->threads, row_term, s);
    double integral = 0, weight = s->at[half].M * s->m0;
    for (size_t j = 0; j < n && error == 0; j++) {
        if (j > 0) {
            integral = s->rule.decay * integral + cumulative_step(&s->rule, s->F, n, j - 1);
            weight *= s->rule.decay;
        }
        out[j] = -c[j] + weight + integral;
    }
    return error;
}

static int advance(pass *s, size_t n, size_t step) {
    static const double node[4] = {0, 0.5, 0.5, 1}, weight[4] = {1, 2, 2, 1};
    const double h = s->h;
    for (size_t j = 0; j < n; j++)
        s->sum[j] = s->slope[j] = 0;
    for (int k = 0; k < 4; k++) {
        for (size_t j = 0; j < n; j++)
            s->stage[j] = s->row[j] + node[k] * h * s->slope[j];
        const size_t half = 2 * step + (k == 0 ? 0 : (k == 3 ? 2 : 1));
        const int error = right_hand_side(s, s->stage, n, half, s->slope);
        if (error)
            return error;
        for (size_t j = 0; j < n; j++)
            s->sum[j] += weight[k] * s->slope[j];
    }
    for (size_t j = 0; j < n; j++)
        s->row[j] += h / 6 * s->sum[j];
    s->row[n] = 1;
    return 0;
}

/* m at whole and half steps, dm/dt = -m + M(m), Runge-Kutta with quarter steps inside. */
static void magnetization(pass *s) {
    const double h = 0.25 * s->h;
    ki_moment now;
    s->m[0] = s->m0;
    for (size_t i = 0; i <= 2 * s->steps; i++) {
        double m = s->m[i];
        ki_moment_at(&s->field, s->J * m, &s->at[i]);
        for (int quarter = 0; quarter < 2 && i < 2 * s->steps; quarter++) {
            double slope[4], at = m;
            for (int k = 0; k < 4; k++) {
                const double a = s->J * at;
                now.M = a * ki_field_gain(&s->field, fabs(a));
                slope[k] = now.M - at;
                at = m + (k == 2 ? h : 0.5 * h) * slope[k];
            }
            m += h / 6 * (slope[0] + 2 * slope[1] + 2 * slope[2] + slope[3]);
        }
        if (i < 2 * s->steps)
            s->m[i + 1] = m;
    }
}

/* Where a pass leaves its results: columns at every `stride`-th step. */
typedef struct columns {
    double *m, *q, *S, *Sr, *sigma, *C;
} columns;

static void record(pass *s, size_t step, double lagged, size_t n_out, size_t stride, size_t lag,
                   const columns *out) {
    const size_t i = step / stride;
    const ki_moment *f = &s->at[2 * step];
    double integral = 0;
    for (size_t j = 0; j <= step; j++)
        s->integrand[j] = s->at[2 * j].k * s->row[j];
    for (size_t j = 0; j < step; j++)
        integral = s->rule.decay * integral + cumulative_step(&s->rule, s->integrand, step + 1, j);
    const double m = s->m[2 * step], s2 = s->map.s * s->map.s;
    out->m[i] = m;
    out->q[i] = i < lag ? NAN : s->row[(i - lag) * stride];
    out->S[i] = f->S;
    out->sigma[i] = s->J * m * (f->M - m) + (f->B - lagged) + s2 * (f->k - integral);
    out->Sr[i] = f->S + out->sigma[i];
    for (size_t j = 0; out->C && j <= i; j++)
        out->C[i * (n_out + 1) + j] = out->C[j * (n_out + 1) + i] = s->row[j * stride];
}

/* Reports how much of the passes that are expected is done; work grows like steps squared. */
static int is_cancelled(const pass *s, const ki_run_options *run, size_t step) {
    const double part = (double)step / (double)s->steps, fine = 1e6;

    if (!run || !run->progress)
        return 0;
    const double before = (ldexp(1, 2 * s->round) - 1) / 3;
    const double total = (ldexp(1, 2 * s->last + 2) - 1) / 3;
    const double done = before + ldexp(part * part, 2 * s->round);
    return run->progress(run->progress_user, (uint64_t)(done * fine), (uint64_t)(total * fine));
}

static int run_pass(pass *s, size_t n_out, size_t stride, size_t lag, const ki_run_options *run,
                    const columns *out) {
    cumulative half_rule;
    double lagged = 0; /* beta <H s>, d/dt = -it + B */
    cumulative_init(&s->rule, s->h);
    cumulative_init(&half_rule, 0.5 * s->h);
    magnetization(s);
    s->row[0] = 1;
    for (size_t step = 0; step <= s->steps; step++) {
        if (step % stride == 0)
            record(s, step, lagged, n_out, stride, lag, out);
        if (step == s->steps)
            break;
        /* Cubic through the half steps around the two that make this step. */
        double B[5];
        for (size_t i = 0; i < 3; i++)
            B[i] = s->at[2 * step + i].B;
        lagged = half_rule.decay * lagged + half_rule.quadratic[0][0] * B[0] +
                 half_rule.quadratic[0][1] * B[1] + half_rule.quadratic[0][2] * B[2];
        lagged = half_rule.decay * lagged + half_rule.quadratic[1][0] * B[0] +
                 half_rule.quadratic[1][1] * B[1] + half_rule.quadratic[1][2] * B[2];
        const int error = advance(s, step + 1, step);
        if (error)
            return error;
        if (is_cancelled(s, run, step + 1))
            return ki_fail(KI_ERR_CANCELLED, "run : cancelled : run it again");
    }
    return 0;
}

static int allocate_and_run(pass *s, size_t n_out, size_t stride, size_t lag,
                            const ki_run_options *run, const columns *out) {
    const size_t n = s->steps + 2;
    double *block = ki_alloc(8 * n, sizeof *block);
    s->at = ki_alloc(2 * n, sizeof *s->at);
    int error;
    if (block == NULL || s->at == NULL) {
        error = ki_fail(KI_ERR_NOMEM, "tmax : no memory for %zu steps : ask for a shorter time",
                        s->steps);
    } else {
        s->m = block;
        s->row = block + 2 * n;
        s->stage = s->row + n;
        s->slope = s->stage + n;
        s->sum = s->slope + n;
        s->F = s->sum + n;
        s->integrand = s->F + n;
        error = run_pass(s, n_out, stride, lag, run, out);
    }
    ki_free(s->at);
    ki_free(block);
    return error;
}

static void split_block(double *block, size_t n, int matrix, columns *out) {
    out->m = block;
    out->q = out->m + n;
    out->S = out->q + n;
    out->Sr = out->S + n;
    out->sigma = out->Sr + n;
    out->C = matrix ? out->sigma + n : NULL;
}

/* Largest difference of the two passes over 15 (the fourth-order error of the finer one), and the
 * finer one improved by it. */
static double richardson(double *fine, const double *coarse, size_t count) {
    double error = 0;
    for (size_t i = 0; i < count; i++) {
        const double change = (fine[i] - coarse[i]) / 15;
        if (!isnan(change)) {
            error = fmax(error, fabs(change));
            fine[i] += change;
        }
    }
    return error;
}

int ki_transient_async(const ki_theory_params *p, double m0, double tmax, size_t n, size_t lag,
                       double tol, const ki_run_options *run, const ki_transient *out,
                       ki_transient_info *info) {
    int error = ki_check_transient("ki_transient_async", p, m0, n, lag, MAX_STEPS / 2, out);
    if (error)
        return error;
    if (!(tmax > 0) || isinf(tmax))
        return ki_fail(KI_ERR_ARGUMENT, "tmax : %g is no time : use a finite time > 0", tmax);
    if (!(tol >= 1e-12 && tol <= 1e-2))
        return ki_fail(KI_ERR_ARGUMENT, "tol : %g is out of range : use 1e-12 to 1e-2", tol);
    size_t stride = (size_t)fmin(ceil(tmax / (double)n / 0.25), 1e9);
    if (2 * n * stride > MAX_STEPS) { /* two passes are the least */
        return ki_fail(
            KI_ERR_ARGUMENT,
            "tmax : %g in %zu points takes more than %d steps : use a shorter time or fewer "
            "points",
            tmax, n, MAX_STEPS);
    }
    const ki_run_options threads = {run ? run->threads : 0, NULL, NULL};
    const size_t side = n + 1, count = 5 * side + (out->C ? side * side : 0);
    double *block[2] = {ki_alloc(count, sizeof(double)), ki_alloc(count, sizeof(double))};
    double *keep = ki_alloc(count, sizeof(double));
    columns column[2];
    ki_transient_info result = {INFINITY, 0, KI_NOT_CONVERGED};
    pass s = {.map = {0, p->beta * p->dJ, p->beta * p->dH, 0, 0},
              .J = p->beta * p->J0,
              .m0 = m0,
              .threads = &threads,
              .last = 2};
    if (block[0] == NULL || block[1] == NULL || keep == NULL) {
        error = ki_fail(KI_ERR_NOMEM, "n : no memory for %zu points : ask for fewer", n);
        goto out;
    }
    ki_field_init(&s.field, s.map.s, s.map.D);
    split_block(block[0], side, out->C != NULL, &column[0]);
    split_block(block[1], side, out->C != NULL, &column[1]);
    int current = 0;
    for (int round = 0;; round++, stride *= 2) {
        if (n * stride > MAX_STEPS)
            break;
        s.round = round;
        if (s.last < round)
            s.last = round;
        s.steps = n * stride;
        s.h = tmax / (double)s.steps;
        error = allocate_and_run(&s, n, stride, lag, run, &column[current]);
        if (error)
            goto out;
        if (round > 0) {
            memcpy(keep, block[current], count * sizeof(double));
            result.error = richardson(keep, block[1 - current], count);
            result.steps = s.steps;
            if (result.error <= tol) {
                result.status = KI_CONVERGED;
                break;
            }
            /* Of fourth order: a round makes the error some 16 times smaller. */
            s.last = round + (int)fmin(ceil(log2(result.error / tol) / 4), 20);
        }
        current = 1 - current;
    }
    for (size_t i = 0; out->t && i < side; i++)
        out->t[i] = tmax * (double)i / (double)n;
    split_block(keep, side, out->C != NULL, &column[0]);
    ki_copy_column(out->m, column[0].m, side);
    ki_copy_column(out->q, column[0].q, side);
    ki_copy_column(out->S, column[0].S, side);
    ki_copy_column(out->Sr, column[0].Sr, side);
    ki_copy_column(out->sigma, column[0].sigma, side);
    ki_copy_column(out->C, column[0].C, side * side);
    if (info)
        *info = result;
out:
    ki_free(block[0]);
    ki_free(block[1]);
    ki_free(keep);
    return error;
}
