/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulate/study.h"

#include <stdio.h>
#include <stdlib.h>

#include "shell/message.h"

void study_free(sim_study *st) {
    for (size_t i = 0; st->points && i < st->n; i++)
        free(st->points[i].state);
    free(st->points);
    *st = (sim_study){0};
}

/* total * k / n without overflow; n is at most 10^6. */
static uint64_t share(uint64_t total, uint64_t k, uint64_t n) {
    return total / n * k + total % n * k / n;
}

void study_range(const sim_settings *set, uint64_t target, uint64_t *first, uint64_t *last) {
    *first = share(target, set->shard, set->shards);
    *last = share(target, set->shard + 1, set->shards);
}

uint64_t first_gap(const ki_ensemble *e, uint64_t *r, uint64_t last, uint64_t most) {
    uint64_t low = *r, high = last;

    /* The first that is not done: all in [r, low) are, not all in [r, high). */
    if (ki_ensemble_done(e, *r, last) == last - *r)
        return *r = last;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (ki_ensemble_done(e, *r, middle) == middle - *r)
            low = middle;
        else
            high = middle;
    }
    *r = low;
    high = last - low < most ? last : low + most;
    if (ki_ensemble_done(e, low, high) == 0)
        return high;
    while (high - low > 1) { /* nothing in [r, low) is done, something in [r, high) */
        uint64_t middle = low + (high - low) / 2;
        if (ki_ensemble_done(e, *r, middle) == 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const char *point_name(char out[POINT_NAME], const sim_point *p) {
    const ki_theory_params *t = &p->spec.p;

    snprintf(out, POINT_NAME, "N = %llu, beta = %.6g, J0 = %.6g, dJ = %.6g, dH = %.6g, %s",
             (unsigned long long)p->spec.n, t->beta, t->J0, t->dJ, t->dH,
             ki_dynamics_name(p->spec.dynamics));
    return out;
}

int point_store(sim_point *p, const ki_ensemble *e) {
    size_t size = ki_ensemble_pack(e, NULL);
    unsigned char *state = malloc(size);

    if (!state)
        return complain(STATUS_FAILED, "simulate : out of memory : fewer points");
    ki_ensemble_pack(e, state);
    free(p->state);
    p->state = state;
    p->size = size;
    return 0;
}

static int status_of(const sim_settings *set, const ki_ensemble *e, uint64_t target,
                     const ki_ensemble_result *r) {
    if (set->rel_err > 0 && ki_ensemble_target(e, set->rel_err, target, 1, UINT64_MAX) > target)
        return KI_NOT_CONVERGED;
    return ki_ensemble_status(r);
}

int study_results(sim_study *st) {
    int error = 0;

    for (size_t i = 0; i < st->n && !error; i++) {
        ki_ensemble *e = NULL;
        error = ki_ensemble_unpack(st->points[i].state, st->points[i].size, &e);
        if (!error)
            error = ki_ensemble_result_of(e, &st->points[i].r);
        if (!error)
            st->points[i].status = status_of(&st->set, e, st->points[i].target, &st->points[i].r);
        ki_ensemble_free(e);
    }
    return error ? complain_library(error) : 0;
}
