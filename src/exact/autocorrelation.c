/* SPDX-License-Identifier: BSD-3-Clause */
/* Stationary autocorrelation: the law weighted by one spin after the other, taken on in time.
 * [exact] */
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "job.h"
#include "num/sum.h"

typedef struct lags {
    ki_chain chain;
    double *v, *y, *spin; /* [states]: p s_i taken on; s_i or tanh(beta h_i) */
    double *partial;      /* [blocks] */
    /* Not laid out with the others: as many as times are asked for. */
    uint64_t n;
    const double *tau;
    double *C, *weight;
    ki_poisson *law;
} lags;

void ki_lags_lay_out(void *job, size_t n, int dynamics, ki_cursor *cursor) {
    lags only_measured, *l = job ? job : &only_measured;

    ki_chain_size(&l->chain, n, dynamics);
    ki_chain_lay_out(&l->chain, 1, cursor);
    l->v = ki_take(cursor, l->chain.states, sizeof *l->v);
    l->y = ki_take(cursor, l->chain.states, sizeof *l->y);
    l->spin = ki_take(cursor, l->chain.states, sizeof *l->spin);
    l->partial = ki_take(cursor, ki_chain_blocks(&l->chain), sizeof *l->partial);
}

static int check(const ki_network *network, int dynamics, const double *p, uint64_t n,
                 const double *tau, const ki_run_options *run, const double *C) {
    int error = ki_chain_check(network, dynamics, run);

    error = error ? error : ki_check_law((size_t)1 << network->n, p);
    if (error)
        return error;
    if (ki_check_pointer("tau", tau, "times") || ki_check_pointer("C", C, "an array"))
        return KI_ERR_ARGUMENT;
    if (n < 1 || n > SIZE_MAX / 64)
        return ki_fail(KI_ERR_ARGUMENT, "n : %llu times : at least 1, and as many as fit",
                       (unsigned long long)n);
    /* N functions are taken along, asynchronously N updates a unit of time. */
    const double spins = (double)network->n, updates = dynamics == KI_SYNC ? spins : spins * spins;
    const double longest = floor(ki_chain_longest((size_t)network->n, dynamics) / updates);
    for (uint64_t k = 0; k < n; k++) {
        if (!(tau[k] >= 0) || tau[k] > longest)
            return ki_fail(KI_ERR_ARGUMENT, "tau[%llu] : is %g : 0 to %g for so many spins",
                           (unsigned long long)k, tau[k], longest);
        if (dynamics == KI_SYNC && tau[k] != floor(tau[k]))
            return ki_fail(KI_ERR_ARGUMENT, "tau[%llu] : is %g : a whole number of steps",
                           (unsigned long long)k, tau[k]);
        if (k > 0 && tau[k] < tau[k - 1])
            return ki_fail(KI_ERR_ARGUMENT, "tau[%llu] : %g comes after %g : ascending times",
                           (unsigned long long)k, tau[k], tau[k - 1]);
    }
    return 0;
}

static int dot_block(void *ctx, size_t block) {
    const lags *l = ctx;
    const size_t size = ki_chain_block_size(&l->chain), first = block * size;

    l->partial[block] = ki_dot(size, l->v + first, l->spin + first);
    return 0;
}

static double overlap(lags *l) {
    ki_chain_for_blocks(&l->chain, dot_block, l);
    return ki_sum(ki_chain_blocks(&l->chain), l->partial);
}

static int advance(lags *l, double part) {
    const int error = ki_chain_report(&l->chain, part);

    if (error)
        return error;
    ki_chain_step(&l->chain, l->v, l->y);
    double *v = l->v;
    l->v = l->y;
    l->y = v;
    return 0;
}

/* Lag 0 is 1; the last step of a lag is the mean given the state before, tanh(beta h_i). */
static int add_sync(lags *l, size_t i) {
    const double spins = (double)l->chain.n, last = l->tau[l->n - 1];
    double done = 1;

    ki_chain_fields(&l->chain, i, 0, l->chain.states, l->spin);
    for (size_t a = 0; a < l->chain.states; a++)
        l->spin[a] = tanh(l->spin[a]);
    for (uint64_t k = 0; k < l->n; k++) {
        if (l->tau[k] == 0) {
            l->C[k] += 1 / spins;
            continue;
        }
        if (k > 0 && l->tau[k] == l->tau[k - 1]) {
            l->C[k] = l->C[k - 1];
            continue;
        }
        for (; done < l->tau[k]; done++) {
            const int error = advance(l, ((double)i + done / last) / spins);

            if (error)
                return error;
        }
        l->C[k] += overlap(l) / spins;
    }
    return 0;
}

/* c_k = sum_a (p s_i (1 + G/N)^k)_a s_i(a), and the Poisson mean of it for each time. */
static int add_async(lags *l, size_t i) {
    const double spins = (double)l->chain.n;
    const uint64_t last = l->law[l->n - 1].last;

    for (size_t a = 0; a < l->chain.states; a++)
        l->spin[a] = ki_spin(a, i);
    for (uint64_t j = 0; j < l->n; j++)
        l->weight[j] = l->law[j].weight;
    for (uint64_t k = 0;; k++) {
        const double c = k == 0 ? 1 : overlap(l);

        for (uint64_t j = 0; j < l->n; j++)
            if (k >= l->law[j].first && k <= l->law[j].last) {
                l->C[j] += l->weight[j] * c / spins;
                l->weight[j] *= l->law[j].mean / (double)(k + 1);
            }
        if (k == last)
            return 0;
        const int error = advance(l, ((double)i + (double)k / (double)last) / spins);
        if (error)
            return error;
    }
}

static int correlate(lags *l, const ki_network *network, const double *p) {
    int error = ki_chain_fill(&l->chain, network, 1);

    for (uint64_t j = 0; j < l->n; j++) {
        l->C[j] = 0;
        l->law[j] =
            ki_poisson_of(l->chain.dynamics == KI_ASYNC ? (double)l->chain.n * l->tau[j] : 0);
    }
    for (size_t i = 0; i < l->chain.n && !error; i++) {
        for (size_t a = 0; a < l->chain.states; a++)
            l->v[a] = p[a] * ki_spin(a, i);
        error = l->chain.dynamics == KI_SYNC ? add_sync(l, i) : add_async(l, i);
    }
    return error;
}

int ki_exact_autocorrelation(const ki_network *network, int dynamics, const double *p, uint64_t n,
                             const double *tau, const ki_run_options *run, double *C) {
    lags l = {.n = n, .tau = tau};
    int error = check(network, dynamics, p, n, tau, run, C);

    if (error)
        return error;
    char *memory = ki_exact_allocate(ki_lags_lay_out, &l, (size_t)network->n, dynamics);
    if (!memory)
        return KI_ERR_NOMEM;
    l.law = ki_alloc((size_t)n, sizeof *l.law + 2 * sizeof *l.C);
    if (l.law) {
        l.C = (double *)(l.law + n);
        l.weight = l.C + n;
        ki_chain_begin(&l.chain, run);
        error = correlate(&l, network, p);
    } else {
        error = ki_fail(KI_ERR_NOMEM, "exact : no memory for %llu times : fewer",
                        (unsigned long long)n);
    }
    if (!error)
        memcpy(C, l.C, (size_t)n * sizeof *C);
    ki_free(l.law);
    ki_free(memory);
    return error;
}
