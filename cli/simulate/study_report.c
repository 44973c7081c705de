/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulate/study_report.h"

#include <math.h>
#include <stdlib.h>

#include "shell/memory.h"
#include "shell/output.h"
#include "simulate/checkpoint.h"
#include "simulate/simulate_row.h"
#include "simulate/study_plot.h"

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
        l->words[k] = ki_dynamics_name(st->points[k * stride[0]].spec.dynamics);
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
        if (ki_ensemble_status(r) != KI_CONVERGED) {
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
