/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising transient: relaxation from a random start with a given mean. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "common/given_network.h"
#include "common/model_options.h"
#include "plot/plot_option.h"
#include "shell/ending.h"
#include "shell/memory.h"
#include "shell/output.h"
#include "theory/curves.h"

static const command_help transient_help = {
    "transient",
    "Relaxation of the infinite network from a random start with mean m0, exact, at every\n"
    "combination of the lists; rows in the order m0, dH, dJ, J0, beta, t, the last fastest.\n"
    "Columns: beta, J0, dJ, dH, dynamics, m0, lag, t, m, q = C(t, t - lag), S, Sr, sigma, status,\n"
    "where sigma is the entropy flow to the bath; nan where a quantity does not exist yet. sync\n"
    "goes by --steps, async by --tmax and --points.\n",
    "  kinising transient --beta 2 --dJ 0.5 --m0 0.1,0.5,1 --steps 30 --plot relaxation.png\n"
    "  kinising transient --dynamics async --beta 2 --dJ 0.5 --tmax 5 --points 50\n",
};

enum { SYNC = 0, ASYNC = 1, LARGEST_MATRIX = 10000 };
enum {
    REAL_M0 = N_PARAMETERS,
    REAL_LAG,
    REAL_T,
    REAL_M,
    REAL_Q,
    REAL_S,
    REAL_SR,
    REAL_SIGMA,
    N_REAL
};
enum { N_WORDS = 2, ROW_SIZE = N_REAL * sizeof(double) + N_WORDS * sizeof(char *) };
static const char *const panel_words[] = {"m", "q", "S", "Sr", "sigma", NULL}; /* from REAL_M on */

typedef struct transient_run {
    session s;
    value_list lists[N_PARAMETERS], m0;
    const char *network; /* whose ensemble is taken */
    curves c;
    int dynamics, two_time;
    unsigned panels; /* bit i for panel_words[i]; 0: the usual ones */
    double tmax, lag_value, tol;
    uint64_t steps, points;
    size_t n, lag; /* intervals of the output, lag in intervals */
    double *real[N_REAL], *matrix;
    const char **words; /* dynamics, then status */
    double error;       /* the largest estimate that misses `tol`, 0 if none does */
    size_t missed;
} transient_run;

/* Options that belong to the other dynamics are a misunderstanding, not something to pass over. */
static int check_applicable(const transient_run *t, const option *options, size_t n) {
    static const char *const sync_only[] = {"steps", NULL};
    static const char *const async_only[] = {"tmax", "points", "tol", NULL};
    const char *const *names = t->dynamics == SYNC ? async_only : sync_only;

    for (; *names; names++)
        if (option_given(options, n, *names))
            return complain(STATUS_USAGE, "--%s : does not apply to --dynamics %s : %s", *names,
                            dynamics_words[t->dynamics],
                            t->dynamics == SYNC ? "--steps, or --dynamics async"
                                                : "--tmax and --points, or --dynamics sync");
    return 0;
}

static int check_lag(transient_run *t, int given) {
    double interval = t->dynamics == SYNC ? 1 : t->tmax / (double)t->points;
    double lag = given ? t->lag_value / interval : 1, whole = round(lag);
    char asked[REAL_SIZE], allowed[REAL_SIZE];

    t->n = (size_t)(t->dynamics == SYNC ? t->steps : t->points);
    if (whole < 1 || fabs(lag - whole) > 1e-9 * whole)
        return complain(STATUS_USAGE, "--lag : %s is not a multiple of %s : a multiple of %s",
                        print_real(asked, t->lag_value), print_real(allowed, interval),
                        t->dynamics == SYNC ? "one step" : "the output interval tmax/points");
    if (whole > (double)t->n)
        return complain(STATUS_USAGE, "--lag : %s is longer than the run : at most %s",
                        print_real(asked, t->lag_value),
                        print_real(allowed, interval * (double)t->n));
    t->lag = (size_t)whole;
    return 0;
}

static int check_two_time(const transient_run *t) {
    const char *file = t->s.file;

    if (!t->two_time)
        return 0;
    if (!file)
        return complain(STATUS_USAGE,
                        "--two-time : a matrix does not go to stdout : -o FILE.npz or "
                        "FILE.h5");
    if (is_csv(file))
        return complain(STATUS_USAGE, "--two-time : a .csv file holds no matrix : -o FILE.npz or "
                                      "FILE.h5");
    if (t->n > LARGEST_MATRIX)
        return complain(STATUS_USAGE, "--two-time : %zu steps make too large a matrix : at most %d",
                        t->n, LARGEST_MATRIX);
    return 0;
}

/* What no option can be judged for alone. */
static int check_together(transient_run *t, const option *options, size_t n) {
    int status = check_applicable(t, options, n);

    if (!status)
        status = check_lag(t, option_given(options, n, "lag"));
    return status ? status : check_two_time(t);
}

static int get_room(transient_run *t) {
    const size_t rows = t->c.rows, length = t->c.length;
    double *numbers = get_memory(t->s.argv[0], rows, ROW_SIZE);

    t->real[0] = numbers;
    if (!numbers)
        return STATUS_FAILED;
    for (int c = 1; c < N_REAL; c++)
        t->real[c] = numbers + (size_t)c * rows;
    t->words = (const char **)(numbers + (size_t)N_REAL * rows);
    if (t->two_time)
        t->matrix = get_memory(t->s.argv[0], (uint64_t)rows * length, sizeof(double));
    return t->two_time && !t->matrix ? STATUS_FAILED : 0;
}

/* One point; `outcome` is an enum ki_status. Returns 0 or KI_ERR_*. */
static int compute_point(transient_run *t, size_t i, const ki_run_options *run, int *outcome) {
    const size_t at = i * t->c.length;
    const ki_theory_params p = curves_point(&t->c, i);
    ki_transient out = {.t = t->real[REAL_T] + at,
                        .m = t->real[REAL_M] + at,
                        .q = t->real[REAL_Q] + at,
                        .S = t->real[REAL_S] + at,
                        .Sr = t->real[REAL_SR] + at,
                        .sigma = t->real[REAL_SIGMA] + at,
                        .C = t->matrix ? t->matrix + at * t->c.length : NULL};
    ki_transient_info info;

    *outcome = KI_CONVERGED;
    if (t->dynamics == SYNC)
        return ki_transient_sync(&p, curves_m0(&t->c, i), t->n, t->lag, run, &out);
    int error = ki_transient_async(&p, curves_m0(&t->c, i), t->tmax, t->n, t->lag, t->tol, run,
                                   &out, &info);
    if (!error && info.status != KI_CONVERGED) {
        *outcome = info.status;
        t->missed++;
        t->error = fmax(t->error, info.error);
    }
    return error;
}

static int compute(transient_run *t) {
    const size_t length = t->c.length, rows = t->c.rows;
    const double interval = t->dynamics == SYNC ? 1 : t->tmax / (double)t->n;
    const double unit = session_unit(&t->s);
    curves_progress progress = {&t->s, 0, t->c.points};
    ki_run_options run = session_run_options(&t->s);
    int status = get_room(t), error = 0;

    if (status)
        return status;
    if (run.progress) {
        run.progress = curves_show_progress;
        run.progress_user = &progress;
    }
    curves_parameters(&t->c, t->real);
    for (; progress.at < t->c.points && !error; progress.at++) {
        int outcome;
        error = compute_point(t, progress.at, &run, &outcome);
        for (size_t row = progress.at * length, k = 0; k < length && !error; k++, row++) {
            t->real[REAL_M0][row] = curves_m0(&t->c, progress.at);
            t->real[REAL_LAG][row] = (double)t->lag * interval;
            for (int c = REAL_S; c <= REAL_SIGMA; c++)
                t->real[c][row] *= unit;
            t->words[row] = dynamics_words[t->dynamics];
            t->words[rows + row] = ki_status_name(outcome);
        }
    }
    session_progress(&t->s, 1, 1);
    return error ? complain_library(error) : 0;
}

/* S is drawn together with Sr, unless they are chosen by name. */
static void lay_out_figure(const transient_run *t, plot_curves *f) {
    static const char *const labels[][2] = {
        {"m", "m"},
        {"q = C(t, t − lag)", "q = C(t, t − lag)"},
        {"S  (nats/spin)", "S  (bits/spin)"},
        {"S^r  (nats/spin)", "S^r  (bits/spin)"},
        {"entropy flow σ  (nats/spin/step)", "entropy flow σ  (bits/spin/step)"},
        {"entropy flow σ  (nats/spin/unit time)", "entropy flow σ  (bits/spin/unit time)"}};
    const int bits = t->s.unit == UNIT_BITS, sync = t->dynamics == SYNC;
    const unsigned both = 1u << (REAL_SR - REAL_M);

    f->x_label = sync ? "time t  (steps)" : "time t";
    f->x = t->real[REAL_T];
    f->with_points = sync && t->c.length <= 101;
    for (int c = REAL_M; c <= REAL_SIGMA; c++) {
        const unsigned panels = t->panels ? t->panels : ~both;
        if (!(panels & 1u << (c - REAL_M)))
            continue;
        plot_panel *panel = &f->panels[f->n_panels++];
        panel->label = labels[c - REAL_M + (c == REAL_SIGMA && !sync)][bits];
        panel->y = t->real[c];
        if (!t->panels && c == REAL_S) {
            panel->label = bits ? "S, S^r dashed  (bits/spin)" : "S, S^r dashed  (nats/spin)";
            panel->dashed = t->real[REAL_SR];
        }
    }
}

/* A matrix [n,n] for each point: the lists come first if they are two at most, else the points. */
static void shape_matrix(const result_axis *lists, size_t n_lists, size_t points, ki_array *matrix,
                         ki_label *label) {
    const size_t n = matrix->shape[0];
    size_t varying = 0;

    for (size_t a = 0; a < n_lists; a++)
        varying += lists[a].n > 1;
    matrix->ndim = 0;
    for (size_t a = 0; a < n_lists && varying <= 2; a++)
        if (lists[a].n > 1) {
            label->axes[matrix->ndim] = lists[a].name;
            matrix->shape[matrix->ndim++] = lists[a].n;
        }
    if (varying > 2) {
        label->axes[0] = "point";
        matrix->shape[matrix->ndim++] = points;
    }
    for (int k = 0; k < 2; k++) {
        label->axes[matrix->ndim] = k == 0 ? "t" : "other_t";
        matrix->shape[matrix->ndim++] = n;
    }
}

static int report(transient_run *t) {
    const size_t length = t->c.length;
    const unsigned dynamics = t->dynamics == SYNC ? KI_SYNC : KI_ASYNC;
    const char *entropy = entropy_units(t->s.unit == UNIT_BITS, dynamics);
    const char *times = time_units(dynamics);
    const column columns[] = {{.name = "beta", .real = t->real[KI_BETA]},
                              {.name = "J0", .real = t->real[KI_J0]},
                              {.name = "dJ", .real = t->real[KI_DJ]},
                              {.name = "dH", .real = t->real[KI_DH]},
                              {.name = "dynamics", .word = t->words},
                              {.name = "m0", .real = t->real[REAL_M0]},
                              {.name = "lag", .real = t->real[REAL_LAG], .units = times},
                              {.name = "t", .real = t->real[REAL_T], .units = times},
                              {.name = "m", .real = t->real[REAL_M]},
                              {.name = "q", .real = t->real[REAL_Q]},
                              {.name = "S", .real = t->real[REAL_S], .units = entropy},
                              {.name = "Sr", .real = t->real[REAL_SR], .units = entropy},
                              {.name = "sigma", .real = t->real[REAL_SIGMA], .units = entropy},
                              {.name = "status", .word = t->words + t->c.rows}};
    ki_array matrix = {
        .name = "C", .type = KI_FLOAT64, .ndim = 2, .shape = {length, length}, .data = t->matrix};
    ki_label label = {0};
    result_axis axes[CURVES_AXES];
    plot_curves figure = {0};
    curves_figure head = {.family = NULL};

    const size_t n_axes = curves_axes(&t->c, "t", t->real[REAL_T], axes);
    shape_matrix(axes, n_axes - 1, t->c.points, &matrix, &label);
    int status = t->s.picture ? curves_lay_out(&t->c, t->s.argv[0], &head, &figure) : 0;
    lay_out_figure(t, &figure);
    result out = {.columns = columns,
                  .n_columns = sizeof columns / sizeof columns[0],
                  .rows = t->c.rows,
                  .axes = axes,
                  .n_axes = n_axes,
                  .arrays = &matrix,
                  .labels = &label,
                  .n_arrays = t->matrix != NULL,
                  .draw = plot_draw_curves,
                  .figure = &figure};
    if (!status)
        status = session_end(&t->s, &out);
    free(head.family);
    if (status == STATUS_DONE && t->missed > 0)
        status = complain(STATUS_UNCONVERGED,
                          "transient : error estimate %.2g misses --tol %.2g : a "
                          "larger --tol, or more --points",
                          t->error, t->tol);
    return status;
}

static int transient(transient_run *t, const option *options, size_t n) {
    int status = check_together(t, options, n);

    if (!status)
        status = curves_make(&t->c, t->s.argv[0], t->lists, &t->m0, t->n + 1, ROW_SIZE);
    if (!status && t->s.picture)
        status = curves_figure_check(&t->c);
    if (!status)
        status = compute(t);
    return status ? status : report(t);
}

#define OUR_OPTIONS(t)                                                                             \
    DYNAMICS_OPTION(&(t)->dynamics, "sync"),                                                       \
        {.name = "m0",                                                                             \
         .kind = OPTION_LIST,                                                                      \
         .target = &(t)->m0,                                                                       \
         .meta = "LIST",                                                                           \
         .help = "mean of the start, -1 to 1",                                                     \
         .fallback = "1",                                                                          \
         .low = -1,                                                                                \
         .high = 1},                                                                               \
        {.name = "steps",                                                                          \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(t)->steps,                                                                    \
         .meta = "T",                                                                              \
         .help = "sync: number of steps",                                                          \
         .fallback = "50",                                                                         \
         .low = 1,                                                                                 \
         .high = 1e7},                                                                             \
        {.name = "tmax",                                                                           \
         .kind = OPTION_REAL,                                                                      \
         .target = &(t)->tmax,                                                                     \
         .meta = "T",                                                                              \
         .help = "async: last time",                                                               \
         .fallback = "10",                                                                         \
         .low = 0,                                                                                 \
         .high = INFINITY,                                                                         \
         .limits = LIMIT_OPEN_LOW},                                                                \
        {.name = "points",                                                                         \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(t)->points,                                                                   \
         .meta = "N",                                                                              \
         .help = "async: output intervals",                                                        \
         .fallback = "100",                                                                        \
         .low = 1,                                                                                 \
         .high = 1e4},                                                                             \
        {.name = "tol",                                                                            \
         .kind = OPTION_REAL,                                                                      \
         .target = &(t)->tol,                                                                      \
         .meta = "X",                                                                              \
         .help = "async: absolute error wanted",                                                   \
         .fallback = "1e-6",                                                                       \
         .low = 1e-12,                                                                             \
         .high = 1e-2},                                                                            \
        {.name = "lag",                                                                            \
         .kind = OPTION_REAL,                                                                      \
         .target = &(t)->lag_value,                                                                \
         .meta = "L",                                                                              \
         .help = "of q: steps, or time (a multiple of tmax/points); default one of them",          \
         .low = 0,                                                                                 \
         .high = INFINITY,                                                                         \
         .limits = LIMIT_OPEN_LOW},                                                                \
        {.name = "two-time",                                                                       \
         .kind = OPTION_FLAG,                                                                      \
         .target = &(t)->two_time,                                                                 \
         .help = "add the matrix C(t,t') to the .npz or .h5 file"},                                \
    {                                                                                              \
        .name = "panels", .kind = OPTION_WORDS, .target = &(t)->panels, .meta = "WORDS",           \
        .help = "of --plot: some of m,q,S,Sr,sigma (default all)", .words = panel_words            \
    }

int cmd_transient(int argc, char **argv) {
    transient_run t = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        PARAMETER_LISTS(t.lists, 0, ">= 0"),
        ENSEMBLE_OPTION(&t.network),
        OUR_OPTIONS(&t),
        COMMON_OPTIONS(&t.s),
    };
    size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&t.s, &transient_help, options, n);
    if (status == PARSE_DONE)
        status = given_network_lists(&t.s, t.network, options, n, t.lists);
    if (status == PARSE_DONE)
        status = transient(&t, options, n);
    free(t.real[0]);
    free(t.matrix);
    curves_free(&t.c);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
