/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising autocorrelation: C(tau) of the steady state. */
#include <math.h>
#include <stdlib.h>

#include "cmd.h"
#include "grid.h"
#include "report.h"

static const command_help autocorrelation_help = {
    "autocorrelation",
    "Autocorrelation C(tau) = [<s(t) s(t - tau)>] of the steady state of the infinite network,\n"
    "exact. Columns: tau, C. async: tau = 0..tmax in --points intervals; sync: tau = 0, 1, .. "
    "tmax.\n",
    "  kinising autocorrelation --beta 2 --dJ 0.5 --tmax 5 --points 50\n"
    "  kinising autocorrelation --dynamics sync --J0 -1 --beta 2 --dJ 0.5 --dH 0.5 --tmax 6\n",
};

enum { SYNC = 0, ASYNC = 1, LARGEST_POINTS = 10000000 };
static const char *const dynamics_words[] = {"sync", "async", NULL};

typedef struct autocorrelation_run {
    session s;
    ki_theory_params p;
    int dynamics;
    double tmax;
    uint64_t points;
    double *tau, *C;
} autocorrelation_run;

/* Number of intervals; synchronous lags are whole steps. */
static int choose_points(autocorrelation_run *a, int points_given) {
    char asked[REAL_SIZE];

    if (a->dynamics == ASYNC)
        return 0;
    if (points_given)
        return complain(STATUS_USAGE,
                        "--points : does not apply to --dynamics sync : --tmax alone, "
                        "every whole tau up to it is given");
    if (a->tmax != floor(a->tmax) || a->tmax > LARGEST_POINTS)
        return complain(STATUS_USAGE,
                        "--tmax : %s is no number of steps : a whole number from 1 "
                        "to %d with --dynamics sync",
                        print_real(asked, a->tmax), LARGEST_POINTS);
    a->points = (uint64_t)a->tmax;
    return 0;
}

static int compute(autocorrelation_run *a) {
    size_t rows = (size_t)a->points + 1;

    a->tau = get_memory(a->s.argv[0], rows, 2 * sizeof(double));
    if (!a->tau)
        return STATUS_FAILED;
    a->C = a->tau + rows;
    value_range range = {0, a->tmax, rows};
    value_list_fill(&(value_list){&range, 1, rows}, a->tau);
    int error =
        ki_autocorrelation(&a->p, a->dynamics == SYNC ? KI_SYNC : KI_ASYNC, rows, a->tau, a->C);
    return error ? complain_library(error) : 0;
}

static int report(autocorrelation_run *a) {
    size_t rows = (size_t)a->points + 1;
    const column columns[] = {{.name = "tau", .real = a->tau}, {.name = "C", .real = a->C}};
    char title[160];

    parameter_title(&a->p, title, sizeof title);
    plot_curves figure = {.title = title,
                          .x_label = a->dynamics == SYNC ? "lag τ  (steps)" : "lag τ",
                          .n = rows,
                          .x = a->tau,
                          .n_families = 1,
                          .n_panels = 1,
                          .with_points = a->dynamics == SYNC && rows <= 101,
                          .panels = {{"C(τ)", a->C, NULL, 0}}};
    result out = {.columns = columns,
                  .n_columns = 2,
                  .rows = rows,
                  .draw = plot_draw_curves,
                  .figure = &figure};
    return session_end(&a->s, &out);
}

int cmd_autocorrelation(int argc, char **argv) {
    autocorrelation_run a = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        PARAMETER_VALUES(&a.p),
        {.name = "dynamics",
         .kind = OPTION_WORD,
         .target = &a.dynamics,
         .meta = "WORD",
         .help = "sync or async",
         .fallback = "async",
         .words = dynamics_words},
        {.name = "tmax",
         .kind = OPTION_REAL,
         .target = &a.tmax,
         .meta = "T",
         .help = "largest lag",
         .fallback = "10",
         .low = 0,
         .high = INFINITY,
         .limits = LIMIT_OPEN_LOW},
        {.name = "points",
         .kind = OPTION_COUNT,
         .target = &a.points,
         .meta = "N",
         .help = "async: intervals",
         .fallback = "100",
         .low = 1,
         .high = LARGEST_POINTS},
        COMMON_OPTIONS(&a.s),
    };
    size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&a.s, &autocorrelation_help, options, n);
    if (status == PARSE_DONE)
        status = choose_points(&a, option_given(options, n, "points"));
    if (status == PARSE_DONE)
        status = compute(&a);
    if (status == PARSE_DONE)
        status = report(&a);
    free(a.tau);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
