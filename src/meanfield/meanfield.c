/* SPDX-License-Identifier: BSD-3-Clause */
/* A network, a method and the moments of one time: memory, start, step, and what is read off. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "meanfield/handle.h"
#include "meanfield/methods/methods.h"
#include "num/matmul.h"
#include "num/simd.h"
#include "num/sum.h"

static void lay_out(ki_meanfield *mf, ki_cursor *c) {
    const ki_mf_method *method = mf->method;
    const int full = !method->m_alone; /* a steady state is one of all that is read */
    ki_mf_problem *p = &mf->p;
    const uint64_t n = p->n, pad = KI_PAD(n);
    const uint64_t square = n * n; /* below 2^62 */

    p->J = ki_take(c, square, sizeof(double));
    p->H = ki_take(c, n, sizeof(double));
    p->a = ki_take(c, n, sizeof(double));
    p->g = ki_take(c, n, sizeof(double));
    mf->row = ki_take(c, n, sizeof(double));
    p->stats = ki_take(c, n, sizeof *p->stats);
    p->vector = ki_take(c, n * method->vectors, sizeof(double));
    p->matrix = ki_take(c, square, sizeof(double) * method->matrices);
    p->space = ki_take(c, method->products ? ki_matmul_space(n, n) : 0, sizeof(double));
    if (mf->spec.dynamics == KI_ASYNC && method->products)
        p->matrix = ki_take(c, square, sizeof(double));

    mf->length = pad;
    ki_mf_state *both[2] = {&mf->now, &mf->next};
    for (int i = 0; i < 2; i++) {
        const int C = i == 0 || method->reads_C, D = i == 0 || method->reads_D;
        /* Neighbours in the row, since all sizes are whole vectors but for the last. */
        both[i]->m = ki_take(c, pad, sizeof(double));
        both[i]->C = C ? ki_take(c, square, sizeof(double)) : mf->now.C;
        both[i]->D = D ? ki_take(c, square, sizeof(double)) : mf->now.D;
    }
    if (full && method->reads_C)
        mf->length += KI_PAD(square) + (method->reads_D ? square : 0);
    ki_mf_history *h = &mf->history;
    h->depth = n <= 2048 ? MF_MOST_DEPTH : 2;
    double **vectors[] = {&h->f,     &h->g,     &h->before, &h->df[0], &h->dg[0], &h->df[1],
                          &h->dg[1], &h->df[2], &h->dg[2],  &h->df[3], &h->dg[3]};
    for (int i = 0; mf->spec.steady && i < 3 + 2 * h->depth; i++)
        *vectors[i] = ki_take(c, mf->length, sizeof(double));
}

static int check_spec(const ki_meanfield_spec *spec) {
    if (ki_check_pointer("spec", spec, "what to compute"))
        return KI_ERR_ARGUMENT;
    if (spec->method < 0 || spec->method >= KI_N_METHODS) {
        return ki_fail(KI_ERR_ARGUMENT, "method : %d is unknown : 0 to %d", spec->method,
                       KI_N_METHODS - 1);
    }
    if (ki_check_dynamics(spec->dynamics))
        return KI_ERR_ARGUMENT;
    if (spec->dynamics == KI_ASYNC && !ki_mf_methods[spec->method]->asynchronous) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "dynamics : %s has no asynchronous form : naive or plefka-t1t",
                       ki_method_name(spec->method));
    }
    if (spec->dynamics == KI_ASYNC && !spec->steady) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "dynamics : asynchronous mean fields have no steps : the steady state");
    }
    return 0;
}

static int measure(uint64_t n, const ki_meanfield_spec *spec, uint64_t *bytes) {
    int error = check_spec(spec);

    error = error ? error : ki_check_spins(n);
    if (error)
        return error;
    ki_meanfield mf = {.spec = *spec, .method = ki_mf_methods[spec->method]};
    ki_cursor c = {0};
    mf.p.n = (size_t)n;
    lay_out(&mf, &c);
    if (c.overflow) {
        return ki_fail(KI_ERR_ARGUMENT, "N : %" PRIu64 " spins need more than 2^64 bytes : fewer",
                       n);
    }
    *bytes = c.used + sizeof mf;
    return 0;
}

int ki_meanfield_memory(uint64_t n, const ki_meanfield_spec *spec, uint64_t *bytes) {
    const int error = ki_check_pointer("bytes", bytes, "a place for them");

    return error ? error : measure(n, spec, bytes);
}

/* Spins of a network of which a row operation takes longer than threads wait for each other. */
enum { WORTH_A_TEAM = 96 };

/* Products of such numbers stay finite. */
#define MOST_FIELD 1e30

static int check_network(const ki_network *w, int dynamics) {
    int error = ki_network_check(w);

    for (uint64_t i = 0; !error && i < w->n; i++) {
        const double *J = w->J + i * w->n;
        if (fabs(w->beta * w->H[i]) > MOST_FIELD) {
            error = ki_fail(KI_ERR_ARGUMENT, "H[%" PRIu64 "] : beta H is %g : at most %g", i,
                            w->beta * w->H[i], MOST_FIELD);
        }
        for (uint64_t j = 0; !error && j < w->n; j++) {
            if (fabs(w->beta * J[j]) > MOST_FIELD) {
                error = ki_fail(KI_ERR_ARGUMENT,
                                "J[%" PRIu64 ",%" PRIu64 "] : beta J is %g : at most %g", i, j,
                                w->beta * J[j], MOST_FIELD);
            }
        }
        if (!error && dynamics == KI_ASYNC && J[i] != 0) {
            error = ki_fail(KI_ERR_ARGUMENT,
                            "J[%" PRIu64 ",%" PRIu64 "] : is %g : 0 for asynchronous mean fields",
                            i, i, J[i]);
        }
    }
    return error;
}

int ki_meanfield_create(const ki_network *network, const ki_meanfield_spec *spec, int threads,
                        ki_meanfield **out) {
    uint64_t bytes = 0;

    int error = ki_check_pointer("out", out, "a place for the handle");
    error = error ? error : ki_check_threads(threads);
    error = error ? error : check_spec(spec);
    error = error ? error : check_network(network, spec->dynamics);
    error = error ? error : measure(network->n, spec, &bytes);
    if (error)
        return error;
    ki_meanfield *mf = ki_alloc(1, sizeof *mf);
    ki_cursor c = {.base = ki_alloc(1, bytes)};
    if (!mf || !c.base) {
        ki_free(mf);
        ki_free(c.base);
        return ki_fail(KI_ERR_NOMEM,
                       "meanfield : no memory for %" PRIu64 " bytes : a smaller network", bytes);
    }
    const size_t n = (size_t)network->n;
    *mf = (ki_meanfield){.spec = *spec,
                         .method = ki_mf_methods[spec->method],
                         .threads = n < WORTH_A_TEAM ? 1 : threads,
                         .p.n = n,
                         .memory = c.base};
    lay_out(mf, &c);
    double *J = (double *)mf->p.J, *H = (double *)mf->p.H;
    for (size_t i = 0; i < n; i++)
        H[i] = network->beta * network->H[i];
    for (size_t i = 0; i < n * n; i++)
        J[i] = network->beta * network->J[i];
    memset(mf->now.m, 0, mf->length * sizeof(double)); /* paddings too */
    memset(mf->next.m, 0, mf->length * sizeof(double));
    for (size_t i = 0; i < n; i++)
        mf->row[i] = 1;
    error = ki_meanfield_start(mf, mf->row, NULL, NULL);
    if (error) { /* not for these arguments */
        ki_meanfield_free(mf);
        return error;
    }
    *out = mf;
    return 0;
}

void ki_meanfield_free(ki_meanfield *mf) {
    if (mf) {
        ki_free(mf->memory);
        ki_free(mf);
    }
}

static int check_start(size_t n, const double *m, const double *C, const double *D) {
    for (size_t i = 0; i < n; i++)
        if (ki_check_mean("m", (int64_t)i, m[i]))
            return KI_ERR_ARGUMENT;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            const double x = C ? C[i * n + j] : 0, y = C ? C[j * n + i] : 0;

            if (!isfinite(x) || (D && !isfinite(D[i * n + j]))) {
                return ki_fail(KI_ERR_ARGUMENT, "%s[%zu,%zu] : is %g : a finite number",
                               isfinite(x) ? "D" : "C", i, j, isfinite(x) ? D[i * n + j] : x);
            }
            if (i == j && C && fabs(x - (1 - m[i] * m[i])) > 1e-9) {
                return ki_fail(KI_ERR_ARGUMENT, "C[%zu,%zu] : is %g : 1 - m^2, here %g", i, i, x,
                               1 - m[i] * m[i]);
            }
            if (fabs(x - y) > 1e-9 * (1 + fabs(x))) {
                return ki_fail(KI_ERR_ARGUMENT, "C[%zu,%zu] : is %g and C[%zu,%zu] %g : the same",
                               i, j, x, j, i, y);
            }
        }
    }
    return 0;
}

int ki_meanfield_start(ki_meanfield *mf, const double *m, const double *C, const double *D) {
    int error = ki_check_pointer("mf", mf, "a handle");

    error = error ? error : ki_check_pointer("m", m, "N means");
    error = error ? error : check_start(mf->p.n, m, C, D);
    if (error)
        return error;
    const size_t n = mf->p.n, bytes = n * n * sizeof(double);
    memcpy(mf->now.m, m, n * sizeof *m);
    if (C)
        memcpy(mf->now.C, C, bytes);
    else
        memset(mf->now.C, 0, bytes);
    ki_mf_set_diagonal(&mf->p, &mf->now);
    if (D)
        memcpy(mf->now.D, D, bytes);
    else
        memset(mf->now.D, 0, bytes);
    mf->has_D = D != NULL;
    mf->broken = 0;
    mf->t = 0;
    return 0;
}

static int forward(void *user, uint64_t done, uint64_t total) {
    const ki_mf_watch *w = user;
    (void)done;
    (void)total;
    return w->user->progress(w->user->progress_user, w->done, w->total);
}

void ki_mf_watch_begin(ki_mf_watch *w, const ki_meanfield *mf, const ki_run_options *user,
                       uint64_t total) {
    *w = (ki_mf_watch){.run.threads = mf->threads, .user = user, .total = total};
    if (user && user->threads > 0 && (mf->threads == 0 || user->threads < mf->threads))
        w->run.threads = user->threads;
    if (user && user->progress) {
        w->run.progress = forward;
        w->run.progress_user = w;
    }
}

int ki_mf_step_to_next(ki_meanfield *mf, const ki_run_options *run, int correlations) {
    ki_mf_problem *p = &mf->p;

    p->run = run;
    memset(p->stats, 0, p->n * sizeof *p->stats);
    int error = ki_mf_fields(p, mf->now.m);
    if (!error)
        error = mf->method->magnetizations(p, &mf->now, &mf->next);
    if (!error && correlations)
        error = mf->method->correlations(p, &mf->now, &mf->next);
    p->run = NULL;
    mf->broken |= error != 0;
    return error;
}

void ki_mf_swap(ki_meanfield *mf) {
    const ki_mf_state now = mf->now;

    mf->now = mf->next;
    mf->next = now;
    mf->has_D = 1;
    mf->t++;
}

/* Maxima and counts are exact in any order. */
KI_CLONES double ki_mf_distance(size_t n, const double *x, const double *y) {
    double most = 0, bad = 0;
    KI_SIMD(reduction(max : most) reduction(+ : bad))
    for (size_t i = 0; i < n; i++) {
        const double d = fabs(x[i] - y[i]);
        most = d > most ? d : most;
        bad += d != d ? 1 : 0;
    }
    return bad > 0 ? (double)NAN : most;
}

/* Elements of a row of covariances that are larger than both variances allow; NaN counts. Moments
 * are sums of terms of order 1, and equations are solved to 1e-12, which strong couplings may
 * amplify: what is within 1e-15, or a relative 5e-10, of the bound is rounding. Squares are
 * compared. */
KI_CLONES static double count_larger(size_t n, const double *x, double own, const double *m) {
    double count = 0;
    KI_SIMD(reduction(+ : count))
    for (size_t k = 0; k < n; k++) {
        const double most = own * (1 - m[k]) * (1 + m[k]) * (1 + 1e-9) + 1e-30;
        count += x[k] * x[k] <= most ? 0 : 1;
    }
    return count;
}

typedef struct counting {
    const ki_meanfield *mf;
    double *C, *D; /* [N] of each row */
} counting;

static int count_row(void *ctx, size_t i) {
    const counting *c = ctx;
    const ki_meanfield *mf = c->mf;
    const size_t n = mf->p.n;
    const double *C = mf->now.C + i * n, *m = mf->now.m;
    /* Of the time before: synchronously still there, asynchronously the same. */
    const double *before = mf->spec.dynamics == KI_ASYNC ? m : mf->next.m;

    c->C[i] = count_larger(n - i - 1, C + i + 1, C[i], m + i + 1);
    c->C[i] += fabs(m[i]) <= 1 + 1e-12 ? 0 : 1;
    c->D[i] = count_larger(n, mf->now.D + i * n, C[i], before);
    return 0;
}

/* Counts are exact in any order; p->a, p->g are free between steps. */
static int count_unphysical(ki_meanfield *mf, int threads, ki_meanfield_info *info) {
    const ki_run_options run = {.threads = threads};
    counting c = {mf, mf->p.a, mf->p.g};
    const int error = ki_parallel_for(mf->p.n, 16, &run, count_row, &c);

    info->unphysical = (uint64_t)ki_sum(mf->p.n, c.C);
    info->unphysical_D = (uint64_t)ki_sum(mf->p.n, c.D);
    return error;
}

int ki_mf_fill_info(ki_meanfield *mf, const ki_run_options *run, ki_meanfield_info *info) {
    ki_tap_stat sum = {0};

    for (size_t i = 0; i < mf->p.n; i++) {
        const ki_tap_stat *s = &mf->p.stats[i];
        sum.residual = !(s->residual <= sum.residual) ? s->residual : sum.residual;
        sum.unsolved += s->unsolved;
        sum.ambiguous += s->ambiguous;
    }
    info->steps = mf->t;
    info->residual = sum.residual;
    info->unsolved = sum.unsolved;
    info->ambiguous = sum.ambiguous;
    const int error = count_unphysical(mf, run->threads, info);
    info->status = info->unphysical || info->unphysical_D ? KI_UNPHYSICAL
                   : sum.unsolved                         ? KI_UNSOLVED
                                                          : KI_CONVERGED;
    return error;
}

int ki_mf_check(const ki_meanfield *mf) {
    const int error = ki_check_pointer("mf", mf, "a handle");

    if (!error && mf->broken)
        return ki_fail(KI_ERR_ARGUMENT, "mf : its last step was cancelled : start it again");
    return error;
}

int ki_meanfield_step(ki_meanfield *mf, const ki_run_options *run, ki_meanfield_info *info) {
    ki_mf_watch watch;

    int error = ki_mf_check(mf);
    if (error)
        return error;
    if (mf->spec.dynamics != KI_SYNC)
        return ki_fail(KI_ERR_ARGUMENT,
                       "dynamics : asynchronous mean fields have no steps : the steady state");
    ki_mf_watch_begin(&watch, mf, run, 1);
    error = ki_mf_step_to_next(mf, &watch.run, 1);
    if (error)
        return error;
    ki_mf_swap(mf);
    if (info) {
        error = ki_mf_fill_info(mf, &watch.run, info);
        info->change = ki_mf_distance(mf->length, mf->now.m, mf->next.m);
    }
    return error;
}
