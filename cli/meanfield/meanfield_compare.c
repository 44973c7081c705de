/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising meanfield --compare: errors of m, C, D and sigma against all states, or a simulation. */
#include "meanfield/meanfield.h"
#include "shell/memory.h"
#include "shell/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_COLUMNS = 14, N_REAL = 11, N_WORDS = 3 };
static const char *const column_names[N_COLUMNS] = {
    "N",     "beta",  "dynamics", "m0",        "t",         "method",  "m_err",
    "C_err", "D_err", "sigma",    "sigma_ref", "sigma_err", "seconds", "status"};
enum { N, BETA, M0, T, M_ERR, C_ERR, D_ERR, SIGMA, SIGMA_REF, SIGMA_ERR, SECONDS };
enum { DYNAMICS, METHOD, STATUS };

typedef struct comparison {
    mf_command *w;
    size_t n, rows, most;
    double *real[N_REAL];       /* [most] each */
    const char **word[N_WORDS]; /* [most] each */
    int bad;                    /* rows that are not "ok" */
} comparison;

static void add_row(comparison *c, const char *method, int status, const double real[N_REAL]) {
    const mf_command *w = c->w;
    const double unit = session_unit(&w->s);
    const size_t row = c->rows++;

    for (size_t k = 0; k < N_REAL; k++)
        c->real[k][row] = k == SIGMA || k == SIGMA_REF || k == SIGMA_ERR ? unit * real[k] : real[k];
    c->real[N][row] = (double)c->n;
    c->real[BETA][row] = w->view.beta;
    c->real[M0][row] = mf_m0(w);
    c->real[T][row] = w->steady ? (double)INFINITY : (double)w->steps;
    if (w->s.reproducible)
        c->real[SECONDS][row] = NAN;
    c->word[DYNAMICS][row] = ki_dynamics_name(mf_dynamics(w));
    c->word[METHOD][row] = method;
    c->word[STATUS][row] = ki_status_name(status);
    c->bad += status != KI_CONVERGED;
}

static int add_reference(comparison *c, const ki_compare *reference, double seconds) {
    ki_compare_reference r;
    const int error = ki_compare_get(reference, &r);

    if (error)
        return complain_library(error);
    const double real[N_REAL] = {
        [M_ERR] = r.m_err,     [C_ERR] = r.C_err,         [D_ERR] = r.D_err,  [SIGMA] = r.sigma,
        [SIGMA_REF] = r.sigma, [SIGMA_ERR] = r.sigma_err, [SECONDS] = seconds};
    add_row(c, c->w->against == MF_EXACT ? "exact" : "simulation", r.status, real);
    return 0;
}

static int add_method(comparison *c, const ki_compare *reference, int method) {
    const ki_run_options run = mf_run_options(c->w);
    const double begun = mf_now();
    ki_compare_result r;
    const int error = ki_compare_method(reference, method, &run, &r);

    if (error)
        return complain_library(error);
    const double real[N_REAL] = {
        [M_ERR] = r.m_err,           [C_ERR] = r.C_err,         [D_ERR] = r.D_err,
        [SIGMA] = r.sigma,           [SIGMA_REF] = r.sigma_ref, [SIGMA_ERR] = r.sigma_err,
        [SECONDS] = mf_now() - begun};
    add_row(c, ki_method_name(method), r.status, real);
    c->w->part++;
    return 0;
}

static int compare_at(comparison *c, double beta) {
    mf_command *w = c->w;
    const ki_compare_spec spec = mf_compare_spec(w);
    const ki_run_options run = mf_run_options(w);
    const double begun = mf_now();
    ki_compare *reference = NULL;

    w->view.beta = beta;
    const int error = ki_compare_create(&w->view, &spec, &run, &reference);
    if (error)
        return complain_library(error);
    int status = add_reference(c, reference, mf_now() - begun);
    w->part++;
    for (int method = 0; method < KI_N_METHODS && !status; method++)
        if (w->methods & 1u << method)
            status = add_method(c, reference, method);
    ki_compare_free(reference);
    return status;
}

static int make_comparison(mf_command *w, comparison *c, size_t n_methods) {
    const char *name = w->s.argv[0];

    *c = (comparison){.w = w, .n = (size_t)w->view.n, .most = w->n_betas * (1 + n_methods)};
    c->real[0] = get_memory(name, c->most, N_REAL * sizeof(double));
    c->word[0] = get_memory(name, c->most, N_WORDS * sizeof(char *));
    if (!c->real[0] || !c->word[0])
        return STATUS_FAILED;
    for (size_t k = 1; k < N_WORDS; k++)
        c->word[k] = c->word[0] + k * c->most;
    for (size_t k = 1; k < N_REAL; k++)
        c->real[k] = c->real[0] + k * c->most;
    return 0;
}

static int write_comparison(const comparison *c) {
    mf_command *w = c->w;
    column columns[N_COLUMNS];
    const mf_rows figure = {
        .w = w,
        .n = c->rows,
        .x = c->real[BETA],
        .y = {c->real[M_ERR], c->real[C_ERR], c->real[D_ERR], c->real[SIGMA_ERR]},
        .method = c->word[METHOD],
        .status = c->word[STATUS]};
    const int is_word[N_COLUMNS] = {[2] = 1, [5] = 1, [13] = 1};

    for (size_t i = 0, k = 0, l = 0; i < N_COLUMNS; i++) {
        columns[i] = (column){.name = column_names[i]};
        if (is_word[i])
            columns[i].word = c->word[l++];
        else
            columns[i].real = c->real[k++];
        if (strncmp(column_names[i], "sigma", 5) == 0)
            columns[i].units = entropy_units(w->s.unit == UNIT_BITS, (unsigned)mf_dynamics(w));
        else if (strcmp(column_names[i], "t") == 0)
            columns[i].units = time_units((unsigned)mf_dynamics(w));
        else if (strcmp(column_names[i], "seconds") == 0)
            columns[i].units = "s";
    }
    const result_axis axes[] = {
        {.name = "beta", .n = w->n_betas, .real = w->betas},
        {.name = "method", .n = c->rows / w->n_betas, .word = c->word[METHOD]}};
    const result out = {.columns = columns,
                        .n_columns = N_COLUMNS,
                        .rows = c->rows,
                        .axes = axes,
                        .n_axes = 2,
                        .draw = mf_draw_errors,
                        .figure = &figure};
    char share[SHARE_SIZE];
    const int status = session_end(&w->s, &out);
    if (status || !c->bad)
        return status;
    return complain(STATUS_UNCONVERGED, "meanfield : a status other than ok in %s : %s",
                    print_share(share, (size_t)c->bad, c->rows, "row"),
                    w->steady ? "a larger --max-steps or --tol for not-steady, another --m0 for "
                                "unstable, a smaller --beta or another --method for the others"
                              : "a smaller --beta, or other methods");
}

int mf_compare(mf_command *w) {
    comparison c = {0};
    size_t n_methods = 0;

    for (int method = 0; method < KI_N_METHODS; method++)
        n_methods += w->methods >> method & 1;
    w->parts = w->n_betas * (n_methods + 1);
    if (w->against == MF_SIMULATION && !w->s.quiet)
        remark("seed %llu", (unsigned long long)session_seed(&w->s));
    session_seed(&w->s);
    int status = make_comparison(w, &c, n_methods);
    for (size_t k = 0; k < w->n_betas && !status; k++)
        status = compare_at(&c, w->betas[k]);
    session_progress(&w->s, 1, 1);
    if (!status)
        status = write_comparison(&c);
    free(c.real[0]);
    free(c.word[0]);
    return status;
}
