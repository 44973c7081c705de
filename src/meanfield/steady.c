/* SPDX-License-Identifier: BSD-3-Clause */
/* Steady states: fixed points of the step, found by plain steps first and accelerated ones
 * (Anderson) once the plain ones converge. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "meanfield/handle.h"
#include "num/sum.h"

enum {
    MOST_STEPS_M = 10000, /* where a step is N^2 operations */
    MOST_STEPS = 1000,
    CYCLE = 10,     /* steps that must look like a two-cycle before it is believed */
    PATIENCE = 40,  /* steps without progress before part of a step is halved */
    CHECKS_M = 100, /* steps of a small deviation from a fixed point */
    CHECKS = 24
};
#define LEAST_MIXING 0x1p-8
#define DEVIATION 1e-6
#define ROUNDING 1e-3 /* of the logarithm of a growth over some tens of steps */

#define TOO_FAR 1e6 /* a change of numbers that should be between -1 and 1: they diverge */

/* One run. x is mf->now, F(x) is mf->next; what is iterated is the first mf->length numbers of
 * both. */
typedef struct run {
    ki_meanfield *mf;
    ki_mf_watch watch;
    double tol, mixing; /* part of a step that is taken */
    uint64_t most, steps;
    double change;      /* of the last step, largest element */
    double first, best; /* change of the first step; smallest so far */
    int falling;        /* steps in a row that made it smaller */
    int cycle;          /* steps in a row that went back to where the last but one began */
    int stuck;          /* steps without a smaller change */
    int plain_only;     /* acceleration has led to an unstable fixed point */
} run;

/* next = F(now), of what is iterated. */
static int evaluate(run *r) {
    ki_meanfield *mf = r->mf;

    r->watch.done = r->steps < r->most ? r->steps : r->most - 1;
    const int error = ki_mf_step_to_next(mf, &r->watch.run, !mf->method->m_alone);
    if (error)
        return error;
    const double before = r->change;
    r->change = ki_mf_distance(mf->length, mf->now.m, mf->next.m);
    r->steps++;
    r->falling = r->change < before ? r->falling + 1 : 0;
    r->first = r->change < r->first && isinf(r->first) ? r->change : r->first;
    r->stuck = r->change < r->best ? 0 : r->stuck + 1;
    r->best = r->change < r->best ? r->change : r->best;
    return 0;
}

/* now <- now + mixing (next - now). */
static void advance(run *r) {
    ki_meanfield *mf = r->mf;

    if (r->mixing == 1) {
        ki_mf_swap(mf);
        return;
    }
    for (size_t i = 0; i < mf->length; i++)
        mf->now.m[i] += r->mixing * (mf->next.m[i] - mf->now.m[i]);
    mf->t++;
}

/* Solves the n x n normal equations A x = b, with a little added to the diagonal where A is
 * singular to rounding; columns that are nothing get no weight. */
static void solve(int n, double A[MF_MOST_DEPTH][MF_MOST_DEPTH], const double *b, double *x) {
    double L[MF_MOST_DEPTH][MF_MOST_DEPTH];

    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = A[i][j] * (i == j ? 1 + 1e-12 : 1);

            for (int k = 0; k < j; k++)
                sum -= L[i][k] * L[j][k];
            if (i == j)
                L[i][i] = sum > 1e-14 * A[i][i] && sum > 0 ? sqrt(sum) : INFINITY;
            else
                L[i][j] = sum / L[j][j];
        }
        double sum = b[i];
        for (int k = 0; k < i; k++)
            sum -= L[i][k] * x[k];
        x[i] = sum / L[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            x[i] -= L[k][i] * x[k];
        x[i] /= L[i][i];
    }
}

/* Takes now and next into the history; the newest column is what they differ by from the last ones.
 */
static void remember(run *r, int restart) {
    ki_meanfield *mf = r->mf;
    ki_mf_history *h = &mf->history;
    const double *x = mf->now.m, *g = mf->next.m;

    if (restart) {
        h->columns = 0;
        h->last = -1;
    } else {
        h->last = (h->last + 1) % h->depth;
        h->columns = h->columns < h->depth ? h->columns + 1 : h->depth;
        double *df = h->df[h->last], *dg = h->dg[h->last];
        for (size_t i = 0; i < mf->length; i++) {
            df[i] = g[i] - x[i] - h->f[i];
            dg[i] = g[i] - h->g[i];
        }
    }
    for (size_t i = 0; i < mf->length; i++) {
        h->f[i] = g[i] - x[i];
        h->g[i] = g[i];
    }
}

/* now <- the accelerated next one: that combination of past ones whose change is least. */
static void accelerate(run *r) {
    ki_meanfield *mf = r->mf;
    ki_mf_history *h = &mf->history;
    const int n = h->columns;
    double A[MF_MOST_DEPTH][MF_MOST_DEPTH], b[MF_MOST_DEPTH], weight[MF_MOST_DEPTH];
    double *x = mf->now.m;

    for (int i = 0; i < n; i++) {
        b[i] = ki_dot(mf->length, h->df[i], h->f);
        for (int j = 0; j <= i; j++)
            A[i][j] = A[j][i] = ki_dot(mf->length, h->df[i], h->df[j]);
    }
    solve(n, A, b, weight);
    memcpy(x, h->g, mf->length * sizeof *x);
    for (int c = 0; c < n; c++)
        for (size_t i = 0; i < mf->length; i++)
            x[i] -= weight[c] * h->dg[c][i];
    for (size_t i = 0; i < mf->p.n; i++) /* where magnetizations can be */
        x[i] = x[i] > 1 ? 1 : x[i] < -1 ? -1 : x[i];
    mf->t++;
}

/* A two-cycle: F(F(x)) is x although F(x) is not. history.g keeps the x of the step before. */
static int cycles(run *r) {
    ki_meanfield *mf = r->mf;
    double *before = mf->history.g;
    const double back = r->steps > 1 ? ki_mf_distance(mf->length, mf->next.m, before) : INFINITY;

    r->cycle = back < 1e-3 * r->change && r->change > r->tol ? r->cycle + 1 : 0;
    memcpy(before, mf->now.m, mf->length * sizeof *before);
    return r->cycle >= CYCLE;
}

/* A flow dm/dt = F(m) - m that turns needs small steps: the part that is taken is halved where they
 * make no progress. */
static void adapt(run *r) {
    if (r->mixing < 1 && r->stuck >= PATIENCE && r->mixing > LEAST_MIXING) {
        r->mixing *= 0.5;
        r->best = INFINITY;
        r->stuck = 0;
    }
}

/* Plain steps until they have become much smaller and still do, or forever. Returns 1 if it is time
 * to accelerate, 0 if it is over (r->change tells why) or an error. */
static int plain(run *r) {
    while (r->steps < r->most) {
        const int error = evaluate(r);

        if (error)
            return error;
        if (!(r->change > r->tol) || r->change > TOO_FAR || (r->mixing == 1 && cycles(r)))
            return 0;
        const int now = r->steps >= 8 && r->falling >= 5 && r->change < 0.03 * r->first;
        if (!r->plain_only && (now || (r->falling >= 40 && r->change < 0.3 * r->first)))
            return 1;
        adapt(r);
        advance(r);
    }
    return 0;
}

/* Accelerated steps from now and next on. Returns 1 if the history had to be given up, else as
 * plain(). */
static int accelerated(run *r) {
    const double limit = 10 * r->change;

    r->best = r->change;
    remember(r, 1);
    advance(r);
    while (r->steps < r->most) {
        const int error = evaluate(r);

        if (error || !(r->change > r->tol))
            return error;
        if (r->change > limit || r->change > 1e3 * r->best)
            return 1;
        remember(r, 0);
        accelerate(r);
    }
    return 0;
}

/* now <- x + a small deviation along what a step makes of the one that now has; F(now) is next,
 * F(x) is g. Returns by how much it grew. */
static double deviate(run *r, double mixing, const double *x, const double *g) {
    ki_meanfield *mf = r->mf;
    double *now = mf->now.m, square = 0;

    for (size_t i = 0; i < mf->length; i++) {
        const double d = mixing * (mf->next.m[i] - g[i]) + (1 - mixing) * (now[i] - x[i]);
        now[i] = d;
        square += d * d;
    }
    const double scale = square > 0 ? DEVIATION / sqrt(square) : 0;
    for (size_t i = 0; i < mf->length; i++)
        now[i] = x[i] + scale * now[i];
    return sqrt(square) / DEVIATION;
}

/* Logarithm of the mean factor by which small deviations from x grow, over the later half of some
 * steps, times the number of those; -1 if nothing is left of them. */
static int growth_at(run *r, double mixing, const double *x, const double *g, double *growth) {
    ki_meanfield *mf = r->mf;
    const int full = mf->method->m_alone ? CHECKS_M : CHECKS;
    const int checks = mixing < 1 ? (int)(full / (2 * mixing)) : full;

    *growth = 0;
    /* Mostly uniform and towards 0, with something of every pattern. */
    memcpy(mf->now.m, x, mf->length * sizeof *x);
    for (size_t i = 0; i < mf->p.n; i++) {
        const double part = DEVIATION * (0.5 + 0.5 * sin(3.7 * (double)(i + 1)));
        mf->now.m[i] += x[i] > 0.5 ? -part : part;
    }
    for (int k = 0; k < checks; k++) {
        const int error = ki_mf_step_to_next(mf, &r->watch.run, !mf->method->m_alone);
        if (error)
            return error;
        const double factor = deviate(r, mixing, x, g);
        if (!(factor > 0)) {
            *growth = -1;
            return 0;
        }
        *growth += k >= checks / 2 ? log(factor) : 0;
    }
    return 0;
}

/* Whether small deviations from the fixed point die out; of a flow, with parts of a step as small
 * as it takes. Leaves now and next as they were. */
static int is_stable(run *r, int *stable) {
    ki_meanfield *mf = r->mf;
    double *x = mf->history.df[0], *g = mf->history.dg[0], growth = 0;
    const size_t bytes = mf->length * sizeof *x;

    memcpy(x, mf->now.m, bytes);
    memcpy(g, mf->next.m, bytes);
    *stable = 0;
    for (double mixing = r->mixing; mixing >= LEAST_MIXING && !*stable; mixing *= 0.5) {
        const int error = growth_at(r, mixing, x, g, &growth);
        if (error)
            return error;
        *stable = growth < ROUNDING;
        if (r->mixing == 1)
            break;
    }
    memcpy(mf->now.m, x, bytes);
    memcpy(mf->next.m, g, bytes);
    return 0;
}

/* Finds a fixed point: 0 with *status, or an error. */
static int find(run *r, int *status) {
    ki_meanfield *mf = r->mf;
    const size_t bytes = mf->length * sizeof(double);
    int tries = 0;

    *status = KI_NOT_STEADY;
    while (r->steps < r->most) {
        int stable = 0, error = plain(r);
        const int used = error == 1;

        if (used) {
            memcpy(mf->history.before, mf->now.m, bytes);
            error = accelerated(r);
        }
        if (error < 0)
            return error;
        if (error == 0 && !(r->change <= r->tol))
            return 0; /* out of steps, a cycle, too far, or not finite */
        error = error == 0 ? is_stable(r, &stable) : error;
        if (error < 0)
            return error;
        if (stable || (error == 0 && !used)) {
            *status = stable ? KI_CONVERGED : KI_UNSTABLE;
            return 0;
        }
        /* Acceleration has misled: plain steps from where it began, and if it led to an unstable
         * fixed point, or often, nothing else. */
        memcpy(mf->now.m, mf->history.before, bytes);
        r->first = r->change = INFINITY;
        r->falling = 0;
        r->plain_only = error == 0 || ++tries == 4;
    }
    return 0;
}

/* All that belongs to the fixed point now has, once more or for the first time: where m alone was
 * iterated two whole steps, since D may read C. */
static int complete(run *r) {
    ki_meanfield *mf = r->mf;
    ki_mf_problem *p = &mf->p;
    int error = 0;

    if (mf->spec.dynamics == KI_ASYNC) {
        memcpy(mf->next.m, mf->now.m, mf->length * sizeof(double));
        error = ki_mf_step_to_next(mf, &r->watch.run, 0);
        ki_mf_swap(mf);
        if (!error)
            error = ki_mf_fields(p, mf->now.m);
        p->run = &r->watch.run;
        error = error ? error : mf->method->asynchronous(p, &mf->now);
        p->run = NULL;
        mf->broken |= error != 0;
        return error;
    }
    const int steps = mf->method->m_alone && mf->method->reads_C ? 2 : 1;
    for (int i = 0; i < steps && !error; i++) {
        error = ki_mf_step_to_next(mf, &r->watch.run, 1);
        if (!error)
            ki_mf_swap(mf);
    }
    return error;
}

int ki_meanfield_steady(ki_meanfield *mf, double tol, uint64_t max_steps,
                        const ki_run_options *options, ki_meanfield_info *info) {
    int error = ki_mf_check(mf);

    if (error)
        return error;
    if (!mf->spec.steady)
        return ki_fail(KI_ERR_ARGUMENT, "mf : has no memory for steady states : spec.steady = 1");
    if (!(tol >= 0) || tol > 1)
        return ki_fail(KI_ERR_ARGUMENT, "tol : is %g : 0 (1e-12) to 1", tol);
    run r = {.mf = mf,
             .tol = tol > 0 ? tol : 1e-12,
             .mixing = mf->spec.dynamics == KI_ASYNC ? 0.5 : 1,
             .most = max_steps > 0         ? max_steps
                     : mf->method->m_alone ? MOST_STEPS_M
                                           : MOST_STEPS,
             .first = INFINITY,
             .best = INFINITY,
             .change = INFINITY};
    int status;

    ki_mf_watch_begin(&r.watch, mf, options, r.most);
    error = find(&r, &status);
    error = error ? error : complete(&r);
    if (!error && info) {
        error = ki_mf_fill_info(mf, &r.watch.run, info);
        info->steps = r.steps;
        info->change = r.change;
        info->status = status > info->status ? status : info->status;
    }
    return error;
}
