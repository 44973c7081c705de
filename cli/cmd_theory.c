/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising theory: the steady state over a product of parameter lists. */
#include <math.h>
#include <stdlib.h>

#include "cmd.h"
#include "grid.h"
#include "report.h"

static const command_help theory_help = {
    "theory",
    "Steady state of the infinite network, exact, at every combination of the parameters given.\n"
    "LIST is 0.5, or 0.5,1,2, or start:stop:count (both ends included), or a mixture; beta runs\n"
    "fastest, then J0, dJ, dH. Columns: beta, J0, dJ, dH, phase, m, q, k, S, Sr, sigma, "
    "sigma_async,\n"
    "sigma_over_beta, sigma_async_over_beta, chi, status; S, Sr and sigma per spin and step,\n"
    "sigma_async per spin and unit time.\n",
    "  kinising theory --beta 0:4:101 --dJ 0.5,1 --plot transition.png\n"
    "  kinising theory --beta 0,1,inf --dJ 0.5 --dynamics sync\n",
};

enum { N_REAL = 14, N_COLUMNS = 16 };
static const char *const column_names[N_COLUMNS] = {"beta",
                                                    "J0",
                                                    "dJ",
                                                    "dH",
                                                    "phase",
                                                    "m",
                                                    "q",
                                                    "k",
                                                    "S",
                                                    "Sr",
                                                    "sigma",
                                                    "sigma_async",
                                                    "sigma_over_beta",
                                                    "sigma_async_over_beta",
                                                    "chi",
                                                    "status"};
enum { COLUMN_PHASE = 4, COLUMN_STATUS = 15 };
/* Memory for a point: numbers, two words, and the library's structs. */
enum {
    ROW_SIZE = N_REAL * sizeof(double) + 2 * sizeof(char *) + sizeof(ki_theory_params) +
               sizeof(ki_theory_result)
};

static const char *const dynamics_words[] = {"sync", "async", NULL};

typedef struct theory_run {
    session s;
    value_list lists[N_PARAMETERS];
    unsigned dynamics; /* bits as in enum ki_dynamics: sync 1, async 2 */
    grid g;
    ki_theory_params *p;
    ki_theory_result *r;
    double *real[N_REAL];
    const char **phase, **status;
} theory_run;

/* One result as numbers in the order of the columns, without the words. */
static void spread(const ki_theory_params *p, const ki_theory_result *r, double unit, double *v) {
    const double values[N_REAL] = {p->beta,
                                   p->J0,
                                   p->dJ,
                                   p->dH,
                                   r->m,
                                   r->q,
                                   r->k,
                                   unit * r->S,
                                   unit * r->Sr,
                                   unit * r->sigma,
                                   unit * r->sigma_async,
                                   unit * r->sigma_over_beta,
                                   unit * r->sigma_async_over_beta,
                                   r->chi};
    for (int c = 0; c < N_REAL; c++)
        v[c] = values[c];
}

static int compute(theory_run *t) {
    const char *name = t->s.argv[0];
    size_t n = t->g.total;
    ki_run_options run = session_run_options(&t->s);

    /* All or nothing, before the first point: numbers, words, and the library's structs. */
    double *numbers = get_memory(name, n, ROW_SIZE);
    if (!numbers)
        return STATUS_FAILED;
    for (int c = 0; c < N_REAL; c++)
        t->real[c] = numbers + (size_t)c * n;
    t->p = (ki_theory_params *)(numbers + N_REAL * n);
    t->r = (ki_theory_result *)(t->p + n);
    t->phase = (const char **)(t->r + n);
    t->status = t->phase + n;
    for (size_t i = 0; i < n; i++)
        t->p[i] = grid_point(&t->g, i);
    int error = ki_theory_map(n, t->p, t->dynamics, &run, t->r);
    session_progress(&t->s, 1, 1);
    if (error)
        return complain_library(error);
    for (size_t i = 0; i < n; i++) {
        double v[N_REAL];
        spread(&t->p[i], &t->r[i], session_unit(&t->s), v);
        for (int c = 0; c < N_REAL; c++)
            t->real[c][i] = v[c];
        t->phase[i] = ki_phase_name(t->r[i].phase);
        t->status[i] = ki_status_name(t->r[i].status);
    }
    return 0;
}

static void lay_out_columns(const theory_run *t, column columns[N_COLUMNS]) {
    int real = 0;

    for (int c = 0; c < N_COLUMNS; c++) {
        columns[c] = (column){.name = column_names[c]};
        if (c == COLUMN_PHASE)
            columns[c].word = t->phase;
        else if (c == COLUMN_STATUS)
            columns[c].word = t->status;
        else
            columns[c].real = t->real[real++];
    }
}

/* Numbers of the columns in theory_run.real. */
enum { REAL_M = 4, REAL_Q = 5, REAL_S = 7, REAL_SR = 8, REAL_SIGMA = 9, REAL_ASYNC = 10 };

static void lay_out_figure(const theory_run *t, grid_figure *f, double *spin_glass) {
    int bits = t->s.unit == UNIT_BITS;
    const char *per_step = bits ? "σ  (bits/spin/step)" : "σ  (nats/spin/step)";
    const char *per_time = bits ? "dσ/dt  (bits/spin/unit time)" : "dσ/dt  (nats/spin/unit time)";
    const char *entropies =
        bits ? "S, S^r dashed  (bits/spin/step)" : "S, S^r dashed  (nats/spin/step)";
    const char *entropy = bits ? "S  (bits/spin/step)" : "S  (nats/spin/step)";
    int sync = (t->dynamics & KI_SYNC) != 0, async = (t->dynamics & KI_ASYNC) != 0;
    /* m, q and S are the synchronous state's when there is one. */
    int state = sync ? BOUNDARY_MIRRORED : BOUNDARY_FERROMAGNET;

    *f = (grid_figure){.g = &t->g, .hidden = -1, .with_boundary = 1};
    for (size_t i = 0; i < t->g.total; i++)
        spin_glass[i] = fmax(t->real[REAL_Q][i] - t->real[REAL_M][i] * t->real[REAL_M][i], 0);
    f->curves[f->n_curves++] = (plot_panel){"m", t->real[REAL_M], NULL, state};
    f->curves[f->n_curves++] = (plot_panel){"q", t->real[REAL_Q], NULL, state};
    f->curves[f->n_curves++] = (plot_panel){sync ? entropies : entropy, t->real[REAL_S],
                                            sync ? t->real[REAL_SR] : NULL, state};
    f->fields[f->n_fields++] = (plot_field){"m", t->real[REAL_M], 0, state};
    f->fields[f->n_fields++] = (plot_field){"q − m^2", spin_glass, 1, state};
    f->fields[f->n_fields++] = (plot_field){entropy, t->real[REAL_S], 0, state};
    if (sync) {
        f->curves[f->n_curves++] = (plot_panel){per_step, t->real[REAL_SIGMA], NULL, state};
        f->fields[f->n_fields++] = (plot_field){per_step, t->real[REAL_SIGMA], 1, state};
    }
    if (async) {
        f->curves[f->n_curves++] =
            (plot_panel){per_time, t->real[REAL_ASYNC], NULL, BOUNDARY_FERROMAGNET};
        f->fields[f->n_fields++] =
            (plot_field){per_time, t->real[REAL_ASYNC], 1, BOUNDARY_FERROMAGNET};
    }
}

static int report(theory_run *t) {
    column columns[N_COLUMNS];
    grid_figure figure;
    result out = {.columns = columns, .n_columns = N_COLUMNS, .rows = t->g.total};
    double *spin_glass = NULL;
    size_t bad = 0;

    lay_out_columns(t, columns);
    if (t->s.picture) {
        spin_glass = get_memory(t->s.argv[0], t->g.total, sizeof *spin_glass);
        if (!spin_glass)
            return STATUS_FAILED;
        lay_out_figure(t, &figure, spin_glass);
        out.draw = grid_draw;
        out.figure = &figure;
    }
    int status = session_end(&t->s, &out);
    free(spin_glass);
    for (size_t i = 0; i < t->g.total; i++)
        bad += t->r[i].status != KI_CONVERGED;
    if (status == STATUS_DONE && bad > 0)
        status = complain(STATUS_UNCONVERGED,
                          "theory : %zu of %zu points did not converge : see the "
                          "status column",
                          bad, t->g.total);
    return status;
}

int cmd_theory(int argc, char **argv) {
    theory_run t = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        PARAMETER_LISTS(t.lists, LIMIT_INFINITE, "0 to inf"),
        {.name = "dynamics",
         .kind = OPTION_WORDS,
         .target = &t.dynamics,
         .meta = "WORDS",
         .help = "sync, async or sync,async; one alone saves time",
         .fallback = "sync,async",
         .words = dynamics_words},
        COMMON_OPTIONS(&t.s),
    };
    size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&t.s, &theory_help, options, n);
    if (status == PARSE_DONE)
        status = grid_make(&t.g, argv[0], t.lists, ROW_SIZE);
    if (status == PARSE_DONE && t.s.picture)
        status = grid_figure_check(&t.g, -1, 1);
    if (status == PARSE_DONE)
        status = compute(&t);
    if (status == PARSE_DONE)
        status = report(&t);
    free(t.real[0]);
    grid_free(&t.g);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
