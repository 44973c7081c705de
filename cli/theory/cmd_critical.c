/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising critical: the order-disorder boundary, solved for one parameter. */
#include <math.h>
#include <stdlib.h>

#include "cmd.h"
#include "common/given_network.h"
#include "common/grid.h"
#include "common/grid_plot.h"
#include "plot/plot_option.h"
#include "shell/memory.h"
#include "shell/output.h"

static const command_help critical_help = {
    "critical",
    "Order-disorder boundary of the infinite network, solved for one parameter at every "
    "combination\n"
    "of the other three. Columns: J0, dJ, dH, beta, solve_for (which of them was computed), "
    "status;\n"
    "nan and no-ordered-phase where no value of the parameter orders the network, which is an\n"
    "answer and not a failure.\n",
    "  kinising critical --dJ 0.2,0.5\n"
    "  kinising critical --solve-for dJ --beta 2,10,inf\n",
};

enum { N_COLUMNS = 6, ROW_SIZE = N_PARAMETERS * sizeof(double) + 2 * sizeof(char *) };

typedef struct critical_run {
    session s;
    value_list lists[N_PARAMETERS];
    const char *network; /* whose ensemble is taken */
    int solve_for;       /* enum ki_parameter */
    grid g;
    double *real[N_PARAMETERS]; /* by enum ki_parameter */
    const char **solved, **status;
} critical_run;

/* The parameter solved for is no axis: one value, which the library does not look at. */
static int remove_unknown(critical_run *c, int given) {
    const char *name = parameter_names[c->solve_for];
    value_list *list = &c->lists[c->solve_for];

    if (given)
        return complain(STATUS_USAGE,
                        "--%s : is what --solve-for %s computes : leave --%s out, or "
                        "solve for another parameter",
                        name, name, name);
    *list->ranges = (value_range){1, 1, 1};
    return 0;
}

static int compute(critical_run *c) {
    size_t n = c->g.total;
    ki_run_options run = session_run_options(&c->s);
    double *numbers = get_memory(c->s.argv[0], n, ROW_SIZE);

    if (!numbers)
        return STATUS_FAILED;
    for (int a = 0; a < N_PARAMETERS; a++)
        c->real[a] = numbers + (size_t)a * n;
    c->solved = (const char **)(numbers + N_PARAMETERS * n);
    c->status = c->solved + n;
    for (size_t i = 0; i < n; i++) {
        ki_theory_params p = grid_point(&c->g, i);
        double root;
        int outcome, error = ki_critical(&p, c->solve_for, &root, &outcome);
        if (error)
            return complain_library(error);
        c->real[KI_BETA][i] = p.beta;
        c->real[KI_J0][i] = p.J0;
        c->real[KI_DJ][i] = p.dJ;
        c->real[KI_DH][i] = p.dH;
        c->real[c->solve_for][i] = root;
        c->solved[i] = parameter_names[c->solve_for];
        c->status[i] = ki_status_name(outcome);
        if (run.progress)
            run.progress(run.progress_user, i + 1, n);
    }
    return 0;
}

static int report(critical_run *c) {
    static const char *const labels[N_PARAMETERS] = {"critical β", "critical J_0", "critical ΔJ",
                                                     "critical ΔH"};
    const column columns[N_COLUMNS] = {
        {.name = "J0", .real = c->real[KI_J0]},   {.name = "dJ", .real = c->real[KI_DJ]},
        {.name = "dH", .real = c->real[KI_DH]},   {.name = "beta", .real = c->real[KI_BETA]},
        {.name = "solve_for", .word = c->solved}, {.name = "status", .word = c->status}};
    grid_figure figure = {.g = &c->g,
                          .hidden = c->solve_for,
                          .n_curves = 1,
                          .curves = {{labels[c->solve_for], c->real[c->solve_for], NULL, 0}}};
    result_axis axes[N_PARAMETERS];
    result out = {.columns = columns,
                  .n_columns = N_COLUMNS,
                  .axes = axes,
                  .n_axes = grid_axes(&c->g, axes),
                  .rows = c->g.total,
                  .draw = grid_draw,
                  .figure = &figure};
    return session_end(&c->s, &out);
}

int cmd_critical(int argc, char **argv) {
    critical_run c = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        {.name = "solve-for",
         .kind = OPTION_WORD,
         .target = &c.solve_for,
         .meta = "NAME",
         .help = "beta, J0, dJ or dH",
         .fallback = "beta",
         .words = parameter_names},
        PARAMETER_LISTS(c.lists, LIMIT_INFINITE, "0 to inf"),
        ENSEMBLE_OPTION(&c.network),
        COMMON_OPTIONS(&c.s),
    };
    size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&c.s, &critical_help, options, n);
    if (status == PARSE_DONE)
        status = given_network_lists(&c.s, c.network, options, n, c.lists);
    if (status == PARSE_DONE)
        status = remove_unknown(&c, option_given(options, n, parameter_names[c.solve_for]));
    if (status == PARSE_DONE)
        status = grid_make(&c.g, argv[0], c.lists, ROW_SIZE);
    if (status == PARSE_DONE && c.s.picture)
        status = grid_figure_check(&c.g, c.solve_for, 0);
    if (status == PARSE_DONE)
        status = compute(&c);
    if (status == PARSE_DONE)
        status = report(&c);
    free(c.real[0]);
    grid_free(&c.g);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
