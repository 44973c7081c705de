/* SPDX-License-Identifier: BSD-3-Clause */
/* Points of a study, their averages, and the table. */
#include "simulate/study.h"
#include "shell/memory.h"
#include "shell/output.h"

#include <math.h>
#include <stdlib.h>

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

static int status_of(const sim_settings *set, const ki_ensemble *e, uint64_t target) {
    if (set->rel_err > 0 && ki_ensemble_target(e, set->rel_err, target, 1, UINT64_MAX) > target)
        return KI_NOT_CONVERGED;
    return KI_CONVERGED;
}

int study_results(sim_study *st) {
    int error = 0;

    for (size_t i = 0; i < st->n && !error; i++) {
        ki_ensemble *e = NULL;
        error = ki_ensemble_unpack(st->points[i].state, st->points[i].size, &e);
        if (!error)
            error = ki_ensemble_result_of(e, &st->points[i].r);
        if (!error)
            st->points[i].status = status_of(&st->set, e, st->points[i].target);
        ki_ensemble_free(e);
    }
    return error ? complain_library(error) : 0;
}

/* The lists whose product the points are, slowest first; found from the points, so that merge has
 * what simulate had. */
enum { N_LISTS = 6 };
typedef struct study_lists {
    result_axis axes[N_LISTS];
    size_t n;       /* 0 if the points are no product */
    double *values; /* [N_LISTS, points], to be freed, as `words` */
    const char **words;
} study_lists;

static double coordinate(const sim_point *p, int list) {
    const double of[N_LISTS] = {p->spec.dynamics, p->spec.p.dH,      p->spec.p.dJ,
                                p->spec.p.J0,     (double)p->spec.n, p->spec.p.beta};

    return of[list];
}

/* How many steps of `stride` points it takes until a list slower than `list` moves on. */
static size_t list_length(const sim_study *st, int list, size_t stride) {
    size_t n = 1;

    for (; n * stride < st->n; n++)
        for (int slower = 0; slower < list; slower++)
            if (coordinate(&st->points[n * stride], slower) != coordinate(st->points, slower))
                return n;
    return n;
}

static int find_lists(const session *s, const sim_study *st, study_lists *l) {
    static const char *const names[N_LISTS] = {"dynamics", "dH", "dJ", "J0", "N", "beta"};
    size_t stride[N_LISTS], total = 1;

    l->values = get_memory(s->argv[0], st->n, N_LISTS * sizeof(double));
    l->words = get_memory(s->argv[0], st->n, sizeof(char *));
    if (!l->values || !l->words)
        return STATUS_FAILED;
    l->n = N_LISTS;
    for (int a = N_LISTS - 1; a >= 0; a--) {
        double *values = l->values + (size_t)a * st->n;
        stride[a] = total;
        l->axes[a] = (result_axis){names[a], list_length(st, a, total), values, NULL};
        for (size_t k = 0; k < l->axes[a].n; k++)
            values[k] = coordinate(&st->points[k * total], a);
        total *= l->axes[a].n;
    }
    for (size_t k = 0; k < l->axes[0].n; k++)
        l->words[k] = dynamics_name(&st->points[k * stride[0]]);
    for (size_t i = 0; i < st->n; i++)
        for (int a = 0; a < N_LISTS; a++)
            if (coordinate(&st->points[i], a) != l->axes[a].real[i / stride[a] % l->axes[a].n])
                l->n = 0;
    l->axes[0].real = NULL;
    l->axes[0].word = l->words;
    return 0;
}

static int report_table(session *s, const sim_study *st, const ki_array *state, unsigned panels,
                        double *numbers) {
    const char **words = (const char **)(numbers + SIM_NUMBERS * st->n);
    column columns[SIM_COLUMNS];
    sim_figure figure = {st, s, panels};
    study_lists lists = {.n = 0};
    unsigned dynamics = 0;
    result out = {.columns = columns,
                  .n_columns = SIM_COLUMNS,
                  .rows = st->n,
                  .arrays = state,
                  .n_arrays = state != NULL,
                  .draw = s->picture ? study_draw : NULL,
                  .figure = &figure};

    for (size_t i = 0; i < st->n; i++) {
        const sim_point *p = &st->points[i];
        const ki_ensemble_spec *spec = &p->spec;
        const sim_row row = {.n = spec->n,
                             .steps = spec->steps,
                             .burn_in = spec->burn_in,
                             .p = spec->p,
                             .dynamics = spec->dynamics,
                             .start = spec->start,
                             .average = spec->average,
                             .zero_diagonal = spec->zero_diagonal,
                             .seconds = p->seconds,
                             .r = &p->r,
                             .algorithm = ki_algorithm_name(spec->algorithm),
                             .status = p->status};
        sim_fill(s, &row, i, st->n, numbers, words);
        dynamics |= (unsigned)spec->dynamics;
    }
    sim_columns(s, dynamics, st->n, numbers, words, columns);
    int status = find_lists(s, st, &lists);
    out.axes = lists.axes;
    out.n_axes = lists.n;
    if (!status)
        status = session_end(s, &out);
    free(lists.values);
    free(lists.words);
    return status;
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

int study_report(session *s, const sim_study *st, int with_state, unsigned panels) {
    const char *command = s->argv[0];
    unsigned char *bytes = NULL;
    ki_array state = {.name = "state", .type = KI_INT8, .ndim = 1};
    double *numbers =
        get_memory(command, st->n, SIM_NUMBERS * sizeof(double) + SIM_WORDS * sizeof(char *));
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
        status = report_table(s, st, with_state ? &state : NULL, panels, numbers);
    if (!status)
        warn_of_few_flips(s, st);
    free(bytes);
    free(numbers);
    return status;
}
