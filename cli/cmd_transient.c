/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising transient: relaxation from a random start with a given mean. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd.h"
#include "grid.h"
#include "report.h"

static const command_help transient_help = {
    "transient",
    "Relaxation of the infinite network from a random start with mean m0, exact.\n"
    "Columns: t, m, q = C(t, t - lag), S, Sr, sigma, where sigma is the entropy flow to the bath;\n"
    "nan where a quantity does not exist yet. sync goes by --steps, async by --tmax and "
    "--points.\n",
    "  kinising transient --beta 2 --dJ 0.5 --m0 0.1 --steps 30\n"
    "  kinising transient --dynamics async --beta 2 --dJ 0.5 --tmax 5 --points 50\n",
};

enum { SYNC = 0, ASYNC = 1, N_COLUMNS = 6, LARGEST_MATRIX = 10000 };
static const char *const dynamics_words[] = {"sync", "async", NULL};
static const char *const column_names[N_COLUMNS] = {"t", "m", "q", "S", "Sr", "sigma"};

typedef struct transient_run {
    session s;
    ki_theory_params p;
    int dynamics, two_time;
    double m0, tmax, lag_value, tol;
    uint64_t steps, points;
    size_t n, lag; /* intervals of the output, lag in intervals */
    double *columns, *matrix;
    ki_transient_info info;
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
    size_t length = file ? strlen(file) : 0;

    if (!t->two_time)
        return 0;
    if (!file)
        return complain(STATUS_USAGE,
                        "--two-time : a matrix does not go to stdout : -o FILE.npz or "
                        "FILE.h5");
    if (length >= 4 && strcasecmp(file + length - 4, ".csv") == 0)
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

static int compute(transient_run *t) {
    size_t rows = t->n + 1;
    ki_run_options run = session_run_options(&t->s);
    int error;

    t->columns = get_memory(t->s.argv[0], rows, N_COLUMNS * sizeof(double));
    if (!t->columns)
        return STATUS_FAILED;
    if (t->two_time) {
        t->matrix = get_memory(t->s.argv[0], (uint64_t)rows * rows, sizeof(double));
        if (!t->matrix)
            return STATUS_FAILED;
    }
    double *c = t->columns;
    ki_transient out = {.t = c,
                        .m = c + rows,
                        .q = c + 2 * rows,
                        .S = c + 3 * rows,
                        .Sr = c + 4 * rows,
                        .sigma = c + 5 * rows,
                        .C = t->matrix};
    if (t->dynamics == SYNC)
        error = ki_transient_sync(&t->p, t->m0, t->n, t->lag, &run, &out);
    else
        error =
            ki_transient_async(&t->p, t->m0, t->tmax, t->n, t->lag, t->tol, &run, &out, &t->info);
    session_progress(&t->s, 1, 1);
    if (error)
        return complain_library(error);
    for (size_t i = 3 * rows; i < 6 * rows; i++)
        c[i] *= session_unit(&t->s);
    return 0;
}

static void lay_out_figure(const transient_run *t, plot_curves *f, char *title, size_t size) {
    int bits = t->s.unit == UNIT_BITS;
    const double *c = t->columns;
    size_t rows = t->n + 1;
    int sync = t->dynamics == SYNC;

    parameter_title(&t->p, title, size);
    *f = (plot_curves){.title = title,
                       .x_label = sync ? "time t  (steps)" : "time t",
                       .n = rows,
                       .x = c,
                       .n_families = 1,
                       .with_points = sync && rows <= 101,
                       .n_panels = 4};
    f->panels[0] = (plot_panel){"m", c + rows, NULL, 0};
    f->panels[1] = (plot_panel){"q = C(t, t − lag)", c + 2 * rows, NULL, 0};
    f->panels[2] = (plot_panel){bits ? "S, S^r dashed  (bits/spin)" : "S, S^r dashed  (nats/spin)",
                                c + 3 * rows, c + 4 * rows, 0};
    f->panels[3] = (plot_panel){sync   ? bits ? "entropy flow σ  (bits/spin/step)"
                                              : "entropy flow σ  (nats/spin/step)"
                                : bits ? "entropy flow σ  (bits/spin/unit time)"
                                       : "entropy flow σ  (nats/spin/unit time)",
                                c + 5 * rows, NULL, 0};
}

static int report(transient_run *t) {
    column columns[N_COLUMNS];
    size_t rows = t->n + 1;
    char title[160];
    plot_curves figure;
    ki_array matrix = {
        .name = "C", .type = KI_FLOAT64, .ndim = 2, .shape = {rows, rows}, .data = t->matrix};

    for (int c = 0; c < N_COLUMNS; c++)
        columns[c] = (column){.name = column_names[c], .real = t->columns + (size_t)c * rows};
    lay_out_figure(t, &figure, title, sizeof title);
    result out = {.columns = columns,
                  .n_columns = N_COLUMNS,
                  .rows = rows,
                  .arrays = &matrix,
                  .n_arrays = t->matrix != NULL,
                  .draw = plot_draw_curves,
                  .figure = &figure};
    int status = session_end(&t->s, &out);
    if (status == STATUS_DONE && t->dynamics == ASYNC && t->info.status != KI_CONVERGED)
        status = complain(STATUS_UNCONVERGED,
                          "transient : error estimate %.2g misses --tol %.2g : a "
                          "larger --tol, or more --points",
                          t->info.error, t->tol);
    return status;
}

int cmd_transient(int argc, char **argv) {
    transient_run t = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        PARAMETER_VALUES(&t.p),
        {.name = "dynamics",
         .kind = OPTION_WORD,
         .target = &t.dynamics,
         .meta = "WORD",
         .help = "sync or async",
         .fallback = "sync",
         .words = dynamics_words},
        {.name = "m0",
         .kind = OPTION_REAL,
         .target = &t.m0,
         .meta = "X",
         .help = "mean of the start, -1 to 1",
         .fallback = "1",
         .low = -1,
         .high = 1},
        {.name = "steps",
         .kind = OPTION_COUNT,
         .target = &t.steps,
         .meta = "T",
         .help = "sync: number of steps",
         .fallback = "50",
         .low = 1,
         .high = 1e7},
        {.name = "tmax",
         .kind = OPTION_REAL,
         .target = &t.tmax,
         .meta = "T",
         .help = "async: last time",
         .fallback = "10",
         .low = 0,
         .high = INFINITY,
         .limits = LIMIT_OPEN_LOW},
        {.name = "points",
         .kind = OPTION_COUNT,
         .target = &t.points,
         .meta = "N",
         .help = "async: output intervals",
         .fallback = "100",
         .low = 1,
         .high = 1e4},
        {.name = "tol",
         .kind = OPTION_REAL,
         .target = &t.tol,
         .meta = "X",
         .help = "async: absolute error wanted",
         .fallback = "1e-6",
         .low = 1e-12,
         .high = 1e-2},
        {.name = "lag",
         .kind = OPTION_REAL,
         .target = &t.lag_value,
         .meta = "L",
         .help = "of q: steps, or time (a multiple of tmax/points); default one of them",
         .low = 0,
         .high = INFINITY,
         .limits = LIMIT_OPEN_LOW},
        {.name = "two-time",
         .kind = OPTION_FLAG,
         .target = &t.two_time,
         .help = "add the matrix C(t,t') to the .npz or .h5 file"},
        COMMON_OPTIONS(&t.s),
    };
    size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&t.s, &transient_help, options, n);
    if (status == PARSE_DONE)
        status = check_together(&t, options, n);
    if (status == PARSE_DONE)
        status = compute(&t);
    if (status == PARSE_DONE)
        status = report(&t);
    free(t.columns);
    free(t.matrix);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
