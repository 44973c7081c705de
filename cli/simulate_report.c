/* SPDX-License-Identifier: BSD-3-Clause */
/* Points of a study, their averages, and the table. */
#include "simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static const char *dynamics_name(const sim_point *p) {
    return p->spec.dynamics == KI_SYNC ? "sync" : "async";
}

const char *point_name(char out[POINT_NAME], const sim_point *p) {
    const ki_theory_params *t = &p->spec.p;

    snprintf(out, POINT_NAME, "N = %llu, beta = %.6g, J0 = %.6g, dJ = %.6g, dH = %.6g, %s",
             (unsigned long long)p->spec.n, t->beta, t->J0, t->dJ, t->dH, dynamics_name(p));
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

int study_results(sim_study *st) {
    int error = 0;

    for (size_t i = 0; i < st->n && !error; i++) {
        ki_ensemble *e = NULL;
        error = ki_ensemble_unpack(st->points[i].state, st->points[i].size, &e);
        if (!error)
            error = ki_ensemble_result_of(e, &st->points[i].r);
        ki_ensemble_free(e);
    }
    return error ? complain_library(error) : 0;
}

enum { N_COLUMNS = 21, COLUMN_DYNAMICS = 5, COLUMN_ALGORITHM = 20, N_REAL = N_COLUMNS - 2 };
static const char *const column_names[N_COLUMNS] = {
    "N",     "beta",   "J0",    "dJ",        "dH",       "dynamics", "realizations",
    "steps", "m",      "m_err", "q",         "q_err",    "S",        "S_err",
    "Sr",    "Sr_err", "sigma", "sigma_err", "activity", "seconds",  "algorithm"};

static void spread(const session *s, const sim_point *p, double v[N_REAL]) {
    double unit = session_unit(s);
    const ki_ensemble_result *r = &p->r;
    const double values[N_REAL] = {(double)p->spec.n,
                                   p->spec.p.beta,
                                   p->spec.p.J0,
                                   p->spec.p.dJ,
                                   p->spec.p.dH,
                                   (double)r->realizations,
                                   (double)p->spec.steps,
                                   r->m,
                                   r->m_err,
                                   r->q,
                                   r->q_err,
                                   unit * r->S,
                                   unit * r->S_err,
                                   unit * r->Sr,
                                   unit * r->Sr_err,
                                   unit * r->sigma,
                                   unit * r->sigma_err,
                                   r->activity,
                                   s->reproducible ? (double)NAN : p->seconds};

    memcpy(v, values, sizeof values);
}

static int report_table(session *s, const sim_study *st, const ki_array *state, double *numbers) {
    const char **words = (const char **)(numbers + N_REAL * st->n);
    column columns[N_COLUMNS];
    sim_figure figure = {st, s};
    result out = {.columns = columns,
                  .n_columns = N_COLUMNS,
                  .rows = st->n,
                  .arrays = state,
                  .n_arrays = state != NULL,
                  .draw = s->picture ? study_draw : NULL,
                  .figure = &figure};

    for (size_t i = 0; i < st->n; i++) {
        double v[N_REAL];
        spread(s, &st->points[i], v);
        for (size_t c = 0; c < N_REAL; c++)
            numbers[c * st->n + i] = v[c];
        words[i] = dynamics_name(&st->points[i]);
        words[st->n + i] = ki_algorithm_name(st->points[i].spec.algorithm);
    }
    for (size_t c = 0, real = 0; c < N_COLUMNS; c++) {
        columns[c] = (column){.name = column_names[c]};
        if (c == COLUMN_DYNAMICS)
            columns[c].word = words;
        else if (c == COLUMN_ALGORITHM)
            columns[c].word = words + st->n;
        else
            columns[c].real = numbers + real++ * st->n;
    }
    return session_end(s, &out);
}

/* Of points in which hardly anything moved even the error bars are wrong, see KI_FEW_FLIPS. */
static void warn_of_few_flips(const session *s, const sim_study *st) {
    const sim_point *first = NULL;
    size_t count = 0;
    char name[POINT_NAME];

    for (size_t i = 0; i < st->n; i++) {
        const ki_ensemble_result *r = &st->points[i].r;
        if (r->flips < KI_FEW_FLIPS && r->activity < 0.1 && r->realizations > 0) {
            first = first ? first : &st->points[i];
            count++;
        }
    }
    if (count > 0 && !s->quiet)
        remark("warning: %s : only %llu flips were seen, and what is rarer is missing from the "
               "averages and "
               "their errors%s",
               point_name(name, first), (unsigned long long)first->r.flips,
               count > 1 ? "; other points are like it" : "");
}

int study_report(session *s, const sim_study *st, int with_state) {
    const char *command = s->argv[0];
    unsigned char *bytes = NULL;
    ki_array state = {.name = "state", .type = KI_INT8, .ndim = 1};
    double *numbers = get_memory(command, st->n, N_REAL * sizeof(double) + 2 * sizeof(char *));
    int status = numbers ? 0 : STATUS_FAILED;

    if (!status && with_state) {
        if (s->reproducible)
            for (size_t i = 0; i < st->n; i++)
                st->points[i].seconds = (double)NAN;
        bytes = study_pack(st, 0, NULL, 0, &state.shape[0]);
        state.data = bytes;
        if (!bytes)
            status = complain(STATUS_FAILED, "%s : out of memory : fewer points", command);
    }
    if (!status)
        status = report_table(s, st, with_state ? &state : NULL, numbers);
    if (!status)
        warn_of_few_flips(s, st);
    free(bytes);
    free(numbers);
    return status;
}
