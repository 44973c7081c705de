/* SPDX-License-Identifier: BSD-3-Clause */
/* The law in time, from independent spins: by steps, or by the Poisson number of updates that time
 * holds (uniformisation). [exact] [sigma-mf] */
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "job.h"

typedef struct evolution {
    ki_chain chain;
    ki_law_moments now, last;
    double *p, *y, *sum; /* [states] */
} evolution;

void ki_evolve_lay_out(void *job, size_t n, int dynamics, ki_cursor *cursor) {
    evolution only_measured, *e = job ? job : &only_measured;

    ki_chain_size(&e->chain, n, dynamics);
    ki_chain_lay_out(&e->chain, 1, cursor);
    ki_law_moments_lay_out(&e->now, &e->chain, cursor);
    ki_law_moments_lay_out(&e->last, &e->chain, cursor);
    e->p = ki_take(cursor, e->chain.states, sizeof *e->p);
    e->y = ki_take(cursor, e->chain.states, sizeof *e->y);
    e->sum = ki_take(cursor, dynamics == KI_ASYNC ? e->chain.states : 0, sizeof *e->sum);
}

static int check(const ki_network *network, int dynamics, const double *m0, double time,
                 const ki_run_options *run) {
    const int error = ki_chain_check(network, dynamics, run);

    if (error)
        return error;
    if (ki_check_pointer("m0", m0, "N means"))
        return KI_ERR_ARGUMENT;
    for (uint64_t i = 0; i < network->n; i++)
        if (ki_check_mean("m0", (int64_t)i, m0[i]))
            return KI_ERR_ARGUMENT;
    const double updates = dynamics == KI_SYNC ? 1 : (double)network->n;
    const double longest = floor(ki_chain_longest((size_t)network->n, dynamics) / updates);
    if (!(time >= 0) || time > longest)
        return ki_fail(KI_ERR_ARGUMENT, "time : is %g : 0 to %g for so many spins", time, longest);
    if (dynamics == KI_SYNC && time != floor(time))
        return ki_fail(KI_ERR_ARGUMENT, "time : is %g : a whole number of steps", time);
    return 0;
}

/* Independent spins. */
static void start(const ki_chain *c, const double *m0, double *p) {
    p[0] = 1;
    for (size_t i = 0; i < c->n; i++)
        for (size_t a = 0, half = (size_t)1 << i; a < half; a++) {
            p[a + half] = p[a] * ((1 + m0[i]) / 2);
            p[a] *= (1 - m0[i]) / 2;
        }
}

static void swap(evolution *e) {
    double *p = e->p;

    e->p = e->y;
    e->y = p;
}

static int step_sync(evolution *e, double time) {
    for (double t = 0; t < time; t++) {
        const int error = ki_chain_report(&e->chain, t / time);

        if (error)
            return error;
        ki_chain_step(&e->chain, e->p, e->y);
        swap(e);
    }
    return 0;
}

typedef struct adding {
    const evolution *e;
    double weight;
} adding;

static int add_block(void *ctx, size_t block) {
    const adding *a = ctx;
    const size_t size = ki_chain_block_size(&a->e->chain), first = block * size;

    for (size_t k = first; k < first + size; k++)
        a->e->sum[k] += a->weight * a->e->p[k];
    return 0;
}

/* p exp(G t) = sum_k Poisson(k; N t) p (1 + G/N)^k. */
static int step_async(evolution *e, double time) {
    const ki_poisson law = ki_poisson_of((double)e->chain.n * time);
    double weight = law.weight;

    memset(e->sum, 0, e->chain.states * sizeof *e->sum);
    for (uint64_t k = 0;; k++) {
        const int error = ki_chain_report(&e->chain, (double)k / (double)(law.last + 1));

        if (error)
            return error;
        if (k >= law.first) {
            adding a = {e, weight};

            ki_chain_for_blocks(&e->chain, add_block, &a);
            weight *= law.mean / (double)(k + 1);
        }
        if (k == law.last)
            break;
        ki_chain_step(&e->chain, e->p, e->y);
        swap(e);
    }
    memcpy(e->p, e->sum, e->chain.states * sizeof *e->p);
    return 0;
}

static int evolve(evolution *e, const ki_network *network, const double *m0, double time) {
    int error = ki_chain_fill(&e->chain, network, 1);

    if (error)
        return error;
    start(&e->chain, m0, e->p);
    error = e->chain.dynamics == KI_SYNC ? step_sync(e, time) : step_async(e, time);
    if (error)
        return error;
    ki_law_moments_take(&e->chain, &e->now, e->p);
    if (e->chain.dynamics == KI_SYNC && time > 0)
        ki_law_moments_take(&e->chain, &e->last, e->y);
    return 0;
}

int ki_exact_evolve(const ki_network *network, int dynamics, const double *m0, double time,
                    const ki_run_options *run, ki_exact_result *result, const ki_exact_out *out) {
    evolution e = {0};
    int error = check(network, dynamics, m0, time, run);

    if (error)
        return error;
    char *memory = ki_exact_allocate(ki_evolve_lay_out, &e, (size_t)network->n, dynamics);
    if (!memory)
        return KI_ERR_NOMEM;
    ki_chain_begin(&e.chain, run);
    error = evolve(&e, network, m0, time);
    if (!error) {
        const ki_law_moments *last = dynamics == KI_ASYNC ? &e.now : time > 0 ? &e.last : NULL;
        ki_exact_result r = {.gap = NAN,
                             .relaxation_time = NAN,
                             .residual = NAN,
                             .gap_residual = NAN,
                             .law_error = NAN,
                             .gap_error = NAN,
                             .sigma_error = NAN,
                             .products = e.chain.products};

        ki_exact_summarize(&e.chain, &e.now, last, &r);
        r.sigma = ki_exact_write(&e.chain, &e.now, last, KI_OF_CONNECTED, out);
        r.Sr = r.S + r.sigma;
        if (out && out->p)
            memcpy(out->p, e.p, e.chain.states * sizeof *out->p);
        if (result)
            *result = r;
    }
    ki_free(memory);
    return error;
}
