/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising autocorrelation: C(tau) of the steady state. */
#include <math.h>
#include <stdlib.h>

#include "cmd.h"
#include "common/given_network.h"
#include "common/model_options.h"
#include "plot/plot_option.h"
#include "shell/memory.h"
#include "shell/output.h"
#include "theory/curves.h"

static const command_help autocorrelation_help = {
    "autocorrelation",
    "Autocorrelation C(tau) = [<s(t) s(t - tau)>] of the steady state of the infinite network,\n"
    "exact, at every combination of the lists; rows in the order dH, dJ, J0, beta, tau, the last\n"
    "fastest. Columns: beta, J0, dJ, dH, dynamics, tau, C, status. async: tau = 0..tmax in "
    "--points\n"
    "intervals; sync: tau = 0, 1, .. tmax.\n",
    "  kinising autocorrelation --beta 2 --dJ 0.5 --tmax 5 --points 50\n"
    "  kinising autocorrelation --dynamics sync --J0 -1 --beta 2 --dJ 0.5 --dH 0.5 --tmax 6\n",
};

enum { SYNC = 0, ASYNC = 1, LARGEST_POINTS = 10000000 };
enum { REAL_TAU = N_PARAMETERS, REAL_C, N_REAL };
enum { N_WORDS = 2, ROW_SIZE = N_REAL * sizeof(double) + N_WORDS * sizeof(char *) };

typedef struct autocorrelation_run {
    session s;
    value_list lists[N_PARAMETERS];
    const char *network; /* whose ensemble is taken */
    curves c;
    int dynamics;
    double tmax;
    uint64_t points;
    double *real[N_REAL];
    const char **words; /* dynamics, then status */
    size_t missed;
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

static int get_room(autocorrelation_run *a) {
    const size_t rows = a->c.rows;
    double *numbers = get_memory(a->s.argv[0], rows, ROW_SIZE);

    a->real[0] = numbers;
    if (!numbers)
        return STATUS_FAILED;
    for (int c = 1; c < N_REAL; c++)
        a->real[c] = numbers + (size_t)c * rows;
    a->words = (const char **)(numbers + (size_t)N_REAL * rows);
    return 0;
}

static int compute(autocorrelation_run *a) {
    const size_t length = a->c.length, rows = a->c.rows;
    const int dynamics = a->dynamics == SYNC ? KI_SYNC : KI_ASYNC;
    value_range range = {0, a->tmax, length};
    int status = get_room(a), error = 0;

    if (status)
        return status;
    curves_parameters(&a->c, a->real);
    for (size_t i = 0; i < a->c.points && !error; i++) {
        const ki_theory_params p = curves_point(&a->c, i);
        double *tau = a->real[REAL_TAU] + i * length;
        ki_theory_result state;
        value_list_fill(&(value_list){&range, 1, length}, tau);
        error = ki_theory(&p, (unsigned)dynamics, &state);
        if (!error)
            error = ki_autocorrelation(&p, dynamics, length, tau, a->real[REAL_C] + i * length);
        for (size_t row = i * length, k = 0; k < length && !error; k++, row++) {
            a->words[row] = dynamics_words[a->dynamics];
            a->words[rows + row] = ki_status_name(state.status);
        }
        if (!error && state.status != KI_CONVERGED)
            a->missed++;
    }
    return error ? complain_library(error) : 0;
}

static int report(autocorrelation_run *a) {
    const char *times = time_units(a->dynamics == SYNC ? KI_SYNC : KI_ASYNC);
    result_axis axes[CURVES_AXES];
    const column columns[] = {{.name = "beta", .real = a->real[KI_BETA]},
                              {.name = "J0", .real = a->real[KI_J0]},
                              {.name = "dJ", .real = a->real[KI_DJ]},
                              {.name = "dH", .real = a->real[KI_DH]},
                              {.name = "dynamics", .word = a->words},
                              {.name = "tau", .real = a->real[REAL_TAU], .units = times},
                              {.name = "C", .real = a->real[REAL_C]},
                              {.name = "status", .word = a->words + a->c.rows}};
    plot_curves figure = {.x_label = a->dynamics == SYNC ? "lag τ  (steps)" : "lag τ",
                          .x = a->real[REAL_TAU],
                          .n_panels = 1,
                          .with_points = a->dynamics == SYNC && a->c.length <= 101,
                          .panels = {{"C(τ)", a->real[REAL_C], NULL, 0}}};
    curves_figure head = {.family = NULL};
    int status = a->s.picture ? curves_lay_out(&a->c, a->s.argv[0], &head, &figure) : 0;
    const result out = {.columns = columns,
                        .n_columns = sizeof columns / sizeof columns[0],
                        .rows = a->c.rows,
                        .axes = axes,
                        .n_axes = curves_axes(&a->c, "tau", a->real[REAL_TAU], axes),
                        .draw = plot_draw_curves,
                        .figure = &figure};

    char share[SHARE_SIZE];
    if (!status)
        status = session_end(&a->s, &out);
    free(head.family);
    if (status == STATUS_DONE && a->missed > 0)
        status = complain(STATUS_UNCONVERGED,
                          "autocorrelation : no convergence in %s : see the status column",
                          print_share(share, a->missed, a->c.points, "steady state"));
    return status;
}

int cmd_autocorrelation(int argc, char **argv) {
    autocorrelation_run a = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        PARAMETER_LISTS(a.lists, 0, ">= 0"),
        ENSEMBLE_OPTION(&a.network),
        DYNAMICS_OPTION(&a.dynamics, "async"),
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
        status = given_network_lists(&a.s, a.network, options, n, a.lists);
    if (status == PARSE_DONE)
        status = choose_points(&a, option_given(options, n, "points"));
    if (status == PARSE_DONE)
        status = curves_make(&a.c, argv[0], a.lists, NULL, (size_t)a.points + 1, ROW_SIZE);
    if (status == PARSE_DONE && a.s.picture)
        status = curves_figure_check(&a.c);
    if (status == PARSE_DONE)
        status = compute(&a);
    if (status == PARSE_DONE)
        status = report(&a);
    free(a.real[0]);
    curves_free(&a.c);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
