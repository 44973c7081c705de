/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising theory: the steady state over a product of parameter lists. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "common/given_network.h"
#include "common/grid.h"
#include "common/model_options.h"
#include "plot/plot_option.h"
#include "shell/memory.h"
#include "shell/output.h"
#include "theory/theory_plot.h"

static const command_help theory_help = {
    "theory",
    "Steady state of the infinite network, exact, at every combination of the parameters given.\n"
    "LIST is 0.5, or 0.5,1,2, or start:stop:count (both ends included), or a mixture; beta runs\n"
    "fastest, then J0, dJ, dH. Columns: beta, J0, dJ, dH, phase, m, q, k, S, Sr, sigma, Sr_async,\n"
    "sigma_async, sigma_over_beta, sigma_async_over_beta, chi, status; S, Sr and sigma per spin "
    "and\n"
    "step, Sr_async and sigma_async per spin and unit time. --tidy prints one row for each "
    "dynamics\n"
    "instead, with the names of simulate: dynamics, m, q, S, Sr, sigma, each of that dynamics.\n",
    "  kinising theory --beta 0:4:101 --dJ 0.5,1 --plot transition.png\n"
    "  kinising theory --beta 0,1,inf --dJ 0.5 --dynamics sync\n"
    "  kinising theory --beta 0.5:2:16 --dJ 0.5 --tidy\n",
};

enum { N_DYNAMICS = 2 };
static const unsigned dynamics_flags[N_DYNAMICS] = {KI_SYNC, KI_ASYNC};

/* A column of numbers: where the library's struct has it, in a row of both dynamics or of one. */
enum { NOWHERE = 0xFFFF };
typedef struct quantity {
    const char *name;
    size_t in_wide, in_tidy[N_DYNAMICS];
    int is_entropy;
} quantity;

#define AT(field) offsetof(ki_theory_result, field)
#define COMMON(field, is_entropy)                                                                  \
    { #field, AT(field), {AT(field), AT(field) }, is_entropy }
#define OF_SYNC(field)                                                                             \
    { #field, AT(field), {AT(field), AT(field##_async) }, 1 }
#define OF_ASYNC(field)                                                                            \
    { #field, AT(field), {NOWHERE, NOWHERE }, 1 }
static const quantity quantities[] = {
    COMMON(m, 0),
    COMMON(q, 0),
    COMMON(k, 0),
    COMMON(S, 1),
    OF_SYNC(Sr),
    OF_SYNC(sigma),
    OF_ASYNC(Sr_async),
    OF_ASYNC(sigma_async),
    {"sigma_over_beta", AT(sigma_over_beta), {AT(sigma_over_beta), AT(sigma_async_over_beta)}, 1},
    OF_ASYNC(sigma_async_over_beta),
    COMMON(chi, 0),
};
enum { N_QUANTITIES = sizeof quantities / sizeof quantities[0] };
enum { N_REAL = N_PARAMETERS + N_QUANTITIES, N_WORDS = 3, N_COLUMNS = N_REAL + N_WORDS };

/* Memory for a point: numbers, words, and the library's structs. */
enum {
    ROW_SIZE = N_REAL * sizeof(double) + N_WORDS * sizeof(char *),
    POINT_SIZE = sizeof(ki_theory_params) + sizeof(ki_theory_result)
};

typedef struct theory_run {
    session s;
    value_list lists[N_PARAMETERS];
    const char *network; /* whose ensemble is taken */
    unsigned dynamics;   /* bits as in enum ki_dynamics: sync 1, async 2 */
    unsigned panels;
    int tidy;
    grid g;
    size_t rows; /* points, with --tidy of each dynamics */
    void *memory;
    ki_theory_params *p;
    ki_theory_result
        *r; /* [points] of all dynamics together; with --tidy [rows] too, from `each` on */
    ki_theory_result *each;
    double *real[N_REAL];
    const char **phase, **status, **name;
} theory_run;

static size_t count_dynamics(const theory_run *t) {
    return (t->dynamics & KI_SYNC ? 1 : 0) + (t->dynamics & KI_ASYNC ? 1 : 0);
}

/* All or nothing, before the first point. */
static int get_room(theory_run *t) {
    const size_t n = t->g.total;
    const size_t copies = t->tidy ? count_dynamics(t) : 1;

    t->rows = n * copies;
    t->memory = get_memory(t->s.argv[0], n,
                           copies * ROW_SIZE + POINT_SIZE +
                               (t->tidy ? copies * sizeof(ki_theory_result) : 0));
    if (!t->memory)
        return STATUS_FAILED;
    for (int c = 0; c < N_REAL; c++)
        t->real[c] = (double *)t->memory + (size_t)c * t->rows;
    t->p = (ki_theory_params *)(t->real[N_REAL - 1] + t->rows);
    t->r = (ki_theory_result *)(t->p + n);
    t->each = t->r + n;
    t->phase = (const char **)(t->tidy ? t->each + t->rows : t->each);
    t->status = t->phase + t->rows;
    t->name = t->status + t->rows;
    return 0;
}

/* One bar over both dynamics, of which the asynchronous one takes nearly all of the time. */
typedef struct tidy_progress {
    session *s;
    double from, to;
} tidy_progress;

static int show_progress(void *user, uint64_t done, uint64_t total) {
    enum { FINE = 1000000 };
    const tidy_progress *p = user;
    const double part = p->from + (p->to - p->from) * ((double)done / (double)total);

    return session_progress(p->s, (uint64_t)(part * (FINE - 1)), FINE);
}

/* Each dynamics by itself; what is drawn is the synchronous state with the asynchronous sigma. */
static int compute_each(theory_run *t, const ki_run_options *options) {
    const size_t n = t->g.total;
    const double border = count_dynamics(t) == 2 ? 0.05 : t->dynamics & KI_SYNC ? 1 : 0;
    tidy_progress progress = {.s = &t->s};
    ki_run_options run = *options;
    ki_theory_result *out = t->each;

    if (run.progress) {
        run.progress = show_progress;
        run.progress_user = &progress;
    }

    for (int d = 0; d < N_DYNAMICS; d++) {
        if (!(t->dynamics & dynamics_flags[d]))
            continue;
        progress.from = d == 0 ? 0 : border;
        progress.to = d == 0 ? border : 1;
        int error = ki_theory_map(n, t->p, dynamics_flags[d], &run, out);
        if (error)
            return error;
        for (size_t i = 0; i < n; i++) {
            if (out == t->each) {
                t->r[i] = out[i];
            } else {
                t->r[i].Sr_async = out[i].Sr_async;
                t->r[i].sigma_async = out[i].sigma_async;
                t->r[i].sigma_async_over_beta = out[i].sigma_async_over_beta;
            }
        }
        out += n;
    }
    return 0;
}

/* The value of a quantity; `dynamics` is N_DYNAMICS for a row of all. */
static double value_of(const ki_theory_result *r, const quantity *q, int dynamics, double unit) {
    const size_t at = dynamics == N_DYNAMICS ? q->in_wide : q->in_tidy[dynamics];
    double value;

    memcpy(&value, (const char *)r + at, sizeof value);
    return q->is_entropy ? unit * value : value;
}

static void fill_rows(theory_run *t, size_t first, const ki_theory_result *r, int dynamics) {
    const double unit = session_unit(&t->s);

    for (size_t i = 0; i < t->g.total; i++) {
        const double p[N_PARAMETERS] = {t->p[i].beta, t->p[i].J0, t->p[i].dJ, t->p[i].dH};
        for (int a = 0; a < N_PARAMETERS; a++)
            t->real[a][first + i] = p[a];
        for (int k = 0; k < N_QUANTITIES; k++)
            if (dynamics == N_DYNAMICS || quantities[k].in_tidy[dynamics] != NOWHERE)
                t->real[N_PARAMETERS + k][first + i] =
                    value_of(&r[i], &quantities[k], dynamics, unit);
        t->phase[first + i] = ki_phase_name(r[i].phase);
        t->status[first + i] = ki_status_name(r[i].status);
        t->name[first + i] = dynamics == N_DYNAMICS ? "" : dynamics_words[dynamics];
    }
}

static int compute(theory_run *t) {
    ki_run_options run = session_run_options(&t->s);
    int status = get_room(t);

    if (status)
        return status;
    for (size_t i = 0; i < t->g.total; i++)
        t->p[i] = grid_point(&t->g, i);
    int error =
        t->tidy ? compute_each(t, &run) : ki_theory_map(t->g.total, t->p, t->dynamics, &run, t->r);
    session_progress(&t->s, 1, 1);
    if (error)
        return complain_library(error);
    if (!t->tidy)
        fill_rows(t, 0, t->r, N_DYNAMICS);
    for (int d = 0, done = 0; t->tidy && d < N_DYNAMICS; d++)
        if (t->dynamics & dynamics_flags[d]) {
            const size_t first = (size_t)done++ * t->g.total;
            fill_rows(t, first, t->each + first, d);
        }
    return 0;
}

/* Returns how many there are. */
static size_t lay_out_columns(const theory_run *t, column columns[N_COLUMNS]) {
    const int bits = t->s.unit == UNIT_BITS;
    size_t n = 0;

    for (int a = 0; a < N_PARAMETERS; a++)
        columns[n++] = (column){.name = parameter_names[a], .real = t->real[a]};
    if (t->tidy)
        columns[n++] = (column){.name = "dynamics", .word = t->name};
    columns[n++] = (column){.name = "phase", .word = t->phase};
    for (int k = 0; k < N_QUANTITIES; k++) {
        const quantity *q = &quantities[k];
        /* In the wide row it is the column that has a dynamics. */
        const unsigned own = q->in_tidy[0] == NOWHERE ? KI_ASYNC : KI_SYNC;
        if (t->tidy && own == KI_ASYNC)
            continue;
        columns[n] = (column){.name = q->name, .real = t->real[N_PARAMETERS + k]};
        if (q->is_entropy)
            columns[n].units = entropy_units(bits, t->tidy ? t->dynamics : own);
        n++;
    }
    columns[n++] = (column){.name = "status", .word = t->status};
    return n;
}

static theory_figure figure_of(const theory_run *t) {
    return (theory_figure){.g = &t->g,
                           .r = t->r,
                           .dynamics = t->dynamics,
                           .panels = t->panels,
                           .bits = t->s.unit == UNIT_BITS};
}

static int report(theory_run *t) {
    column columns[N_COLUMNS];
    const theory_figure figure = figure_of(t);
    result_axis axes[1 + N_PARAMETERS];
    result out = {.columns = columns, .rows = t->rows, .axes = axes};
    size_t bad = 0;

    out.n_columns = lay_out_columns(t, columns);
    if (t->tidy) /* those that are asked for; async alone is the second word */
        axes[out.n_axes++] =
            (result_axis){.name = "dynamics",
                          .n = count_dynamics(t),
                          .word = dynamics_words + (t->dynamics & KI_SYNC ? 0 : 1)};
    out.n_axes += grid_axes(&t->g, axes + out.n_axes);
    if (t->s.picture) {
        out.draw = theory_draw;
        out.figure = &figure;
    }
    char share[SHARE_SIZE];
    int status = session_end(&t->s, &out);
    const ki_theory_result *r = t->tidy ? t->each : t->r;
    for (size_t i = 0; i < t->rows; i++)
        bad += r[i].status != KI_CONVERGED;
    if (status == STATUS_DONE && bad > 0)
        status =
            complain(STATUS_UNCONVERGED, "theory : no convergence in %s : see the status column",
                     print_share(share, bad, t->rows, "row"));
    return status;
}

int cmd_theory(int argc, char **argv) {
    theory_run t = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        PARAMETER_LISTS(t.lists, LIMIT_INFINITE, "0 to inf"),
        ENSEMBLE_OPTION(&t.network),
        {.name = "dynamics",
         .kind = OPTION_WORDS,
         .target = &t.dynamics,
         .meta = "WORDS",
         .help = "sync, async or sync,async; one alone saves time",
         .fallback = "sync,async",
         .words = dynamics_words},
        {.name = "tidy",
         .kind = OPTION_FLAG,
         .target = &t.tidy,
         .help = "one row for each dynamics, with the names of simulate"},
        {.name = "panels",
         .kind = OPTION_WORDS,
         .target = &t.panels,
         .meta = "WORDS",
         .help = "of --plot: m,q,q-m2,k,S,Sr,sigma,chi, ...; default by what varies",
         .words = theory_panel_words},
        COMMON_OPTIONS(&t.s),
    };
    size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&t.s, &theory_help, options, n);
    if (status == PARSE_DONE)
        status = given_network_lists(&t.s, t.network, options, n, t.lists);
    if (status == PARSE_DONE)
        status = grid_make(&t.g, argv[0], t.lists, ROW_SIZE + POINT_SIZE);
    if (status == PARSE_DONE && t.s.picture) {
        const theory_figure figure = figure_of(&t);
        status = theory_figure_check(&figure);
    }
    if (status == PARSE_DONE)
        status = compute(&t);
    if (status == PARSE_DONE)
        status = report(&t);
    free(t.memory);
    grid_free(&t.g);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
