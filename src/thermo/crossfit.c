/* SPDX-License-Identifier: BSD-3-Clause */
/* Crossfit with a network fitted anew without each part [sigma-data]. */
#include <string.h>

#include "infer/fit.h"
#include "job.h"
#include "num/sum.h"

void ki_entropy_take_refit(ki_cursor *c, size_t n, size_t words, ki_refit *r) {
    r->use = ki_take(c, words, sizeof(uint64_t));
    r->bits = ki_take(c, ki_part_space(n), sizeof(uint64_t));
    r->H = ki_take(c, n, sizeof(double));
    r->J = ki_take(c, n * n, sizeof(double));
    r->current = ki_take(c, n * n, sizeof(double));
    r->unit = ki_take(c, n, sizeof(size_t));
    r->status = ki_take(c, n, sizeof(int));
}

/* Options of one of several fits of a stage. */
typedef struct portion {
    ki_run_options run;
    size_t index, all;
} portion;

static int progress(void *user, uint64_t done, uint64_t total) {
    const portion *p = user;
    const double share = total ? (double)done / (double)total : 0;

    return p->run.progress(p->run.progress_user,
                           (uint64_t)(1e6 * ((double)p->index + 0.999 * share)),
                           UINT64_C(1000000) * p->all);
}

int ki_entropy_refit(ki_entropy_job *j, double *sigma, int *converged) {
    const size_t n = j->raster->units, words = j->raster->words;
    const ki_fit_spec spec = {.firth = KI_FIRTH_AUTO};
    const ki_refit *r = &j->refit;
    ki_fit_result f = {.H = r->H, .J = r->J, .status = r->status};
    portion part = {.run = ki_entropy_stage(j), .all = (size_t)j->spec.folds};
    const ki_run_options run = {part.run.threads, part.run.progress ? progress : NULL, &part};
    double sum = 0;

    *converged = 1;
    for (size_t i = 0; i < n; i++)
        r->unit[i] = i;
    ki_part_edges(&j->part, (size_t)j->spec.folds, 0, j->fold);
    for (; part.index < part.all; part.index++) {
        const size_t *edge = j->fold + part.index;
        const size_t count = ki_part_between(&j->part, edge[0], edge[1], r->use);
        for (size_t w = 0; w < words; w++)
            r->use[w] ^= j->part.lead[0][w];
        const int error =
            ki_fit_on(j->raster, r->use, j->part.count - count, &spec, &run, &f, NULL);
        if (error)
            return error;
        ki_part_currents(&j->part, 1, edge, n, r->unit, r->bits, r->current);
        sum += ki_dot(n * n, r->J, r->current);
        for (size_t i = 0; i < n; i++)
            *converged &= r->status[i] != KI_NOT_CONVERGED;
    }
    *sigma = sum / (double)j->part.count;
    j->stage++;
    return 0;
}
