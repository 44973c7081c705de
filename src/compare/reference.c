/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference of a comparison: all states, or a simulation in two halves of other random numbers,
 * half the difference of which is the error of their mean. */
#include "compare/reference.h"

#include <math.h>

#include <kinising/exact.h>
#include <kinising/simulate.h>

#include "network/moments.h"

/* Of one half of a simulation: raw moments, then connected ones. */
typedef struct half {
    double *m, *m_before, *c, *d;
    uint64_t replicas;
} half;

static int show_part(void *user, uint64_t done, uint64_t total) {
    const ki_part *p = user;
    const uint64_t fine = 1000;
    const double here = total ? (double)done / (double)total : 0;

    return p->user->progress(p->user->progress_user,
                             p->part * fine + (uint64_t)(here * (double)fine), p->parts * fine);
}

ki_run_options ki_part_options(ki_part *part) {
    ki_run_options run = {.threads = part->user ? part->user->threads : 0};

    if (part->user && part->user->progress) {
        run.progress = show_part;
        run.progress_user = part;
    }
    return run;
}

double ki_rms(size_t n, const double *a, const double *b) {
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum / (double)n);
}

/* The second half has a seed that is far from the first one's, and from that of a neighbouring
 * seed. */
static ki_replicas_spec half_of(const ki_compare_spec *s, int which) {
    const uint64_t first = s->replicas / 2, far = UINT64_C(0x9e3779b97f4a7c15);

    return (ki_replicas_spec){.dynamics = s->dynamics,
                              .replicas = which ? s->replicas - first : first,
                              .steps = s->steady ? s->burn_in + s->window : s->steps,
                              .average = s->steady,
                              .burn_in = s->steady ? s->burn_in : 0,
                              .start = s->m0 == 0 ? KI_START_RANDOM : KI_START_UP,
                              .seed = s->seed + (which ? far : 0)};
}

double ki_reference_numbers(const ki_compare_spec *spec, double n) {
    return spec->against == KI_COMPARE_EXACT ? n * (2 * n + 2) : 2 * n * (2 * n + 2);
}

int ki_reference_work(const ki_compare_spec *spec, uint64_t n, int threads, uint64_t *bytes) {
    if (spec->against == KI_COMPARE_EXACT)
        return ki_exact_memory(n, spec->dynamics, bytes);
    const ki_replicas_spec second = half_of(spec, 1);
    return ki_replicas_memory(n, &second, 1, threads, bytes);
}

/* Raw moments of both halves, in the place of those of the first. */
static void pool(size_t n, half *a, const half *b) {
    const double all = (double)(a->replicas + b->replicas);
    const double wa = (double)a->replicas / all, wb = (double)b->replicas / all;
    double *into[] = {a->m, a->m_before, a->c, a->d};
    const double *from[] = {b->m, b->m_before, b->c, b->d};
    const size_t count[] = {n, n, n * n, n * n};

    for (int k = 0; k < 4; k++)
        for (size_t i = 0; i < count[k]; i++)
            into[k][i] = wa * into[k][i] + wb * from[k][i];
}

/* Connected moments in the place of raw ones, or the other way round. */
static int turn(size_t n, const half *h, int connected) {
    int (*const turned)(uint64_t, const double *, const double *, const double *, double *) =
        connected ? ki_moments_connect : ki_moments_disconnect;
    const int error = turned(n, h->m, h->m, h->c, h->c);

    return error ? error : turned(n, h->m, h->m_before, h->d, h->d);
}

static int pool_connected(size_t n, half *a, half *b) {
    int error = turn(n, a, 0);

    error = error ? error : turn(n, b, 0);
    if (error)
        return error;
    pool(n, a, b);
    return turn(n, a, 1);
}

/* Of connected D, in the order of its elements. [sigma-mf] */
static double sigma_of(const ki_compare *c, const double *D) {
    const ki_network *w = &c->network;
    const size_t n = (size_t)w->n;
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            sum += ki_edge(1, w->J, n, i, j, D[i * n + j]);
    return ki_edge_weight(c->spec.dynamics, w->beta) * sum / (double)n;
}

static int simulate(ki_compare *c, const ki_run_options *user) {
    const size_t n = (size_t)c->network.n;
    ki_compare_reference *r = &c->reference;
    half halves[2], *a = &halves[0], *b = &halves[1];
    double variance = 0; /* of the sum of both sigma */
    int error = 0;

    for (int which = 0; which < 2 && !error; which++) {
        double *at = c->arrays + (size_t)which * (2 * n * n + 2 * n);
        half *h = &halves[which];
        const ki_replicas_spec spec = half_of(&c->spec, which);
        ki_part part = {user, (uint64_t)which, 2};
        const ki_run_options run = ki_part_options(&part);
        ki_ensemble_result summary;

        *h = (half){at, at + n, at + 2 * n, at + 2 * n + n * n, spec.replicas};
        const ki_replicas_out out = {.m = h->m, .c = h->c, .d = h->d, .m_before = h->m_before};
        error = ki_replicas(&c->network, &spec, &run, &summary, &out);
        error = error ? error : turn(n, h, 1);
        if (!error)
            variance += summary.sigma_err * summary.sigma_err;
    }
    if (error)
        return error;
    r->m_err = ki_rms(n, a->m, b->m) / 2;
    r->C_err = ki_rms(n * n, a->c, b->c) / 2;
    r->D_err = ki_rms(n * n, a->d, b->d) / 2;
    /* One number: two halves say nothing about its error, the replicas do. */
    r->sigma_err = sqrt(variance) / 2;
    error = pool_connected(n, a, b);
    r->m = a->m;
    r->C = a->c;
    r->D = a->d;
    r->sigma = sigma_of(c, a->d);
    return error;
}

static int enumerate(ki_compare *c, const ki_run_options *run) {
    const size_t n = (size_t)c->network.n;
    const ki_exact_spec spec = {.dynamics = c->spec.dynamics};
    const ki_exact_out out = {.m = c->arrays, .C = c->arrays + n, .D = c->arrays + n + n * n};
    double *m0 = c->arrays + n + 2 * n * n;
    ki_exact_result found;

    for (size_t i = 0; i < n; i++)
        m0[i] = c->spec.m0;
    const int error = c->spec.steady ? ki_exact(&c->network, &spec, run, &found, &out)
                                     : ki_exact_evolve(&c->network, c->spec.dynamics, m0,
                                                       (double)c->spec.steps, run, &found, &out);
    if (!error)
        c->reference = (ki_compare_reference){
            .m = out.m, .C = out.C, .D = out.D, .sigma = found.sigma, .status = found.status};
    return error;
}

int ki_reference_find(ki_compare *compare, const ki_run_options *run) {
    return compare->spec.against == KI_COMPARE_EXACT ? enumerate(compare, run)
                                                     : simulate(compare, run);
}
