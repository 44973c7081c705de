/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising exact: a row for each beta, and what a file holds besides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exact/exact.h"
#include "plot/plot.h"
#include "shell/ending.h"
#include "shell/memory.h"
#include "shell/output.h"

enum { N_COLUMNS = 12, N_REAL = 10, N_SCALARS = 9, N_ARRAYS = N_SCALARS + 12 };
static const char *const column_names[N_COLUMNS] = {
    "N", "beta", "dynamics", "m_mean", "m", "q", "S", "Sr", "sigma", "entropy", "gap", "status"};
enum { COLUMN_DYNAMICS = 2, COLUMN_M = 4, COLUMN_STATUS = 11 };
enum { N, BETA, M_MEAN, M, Q, S, SR, SIGMA, ENTROPY, GAP };
enum { RELAXATION_TIME = 0, SIGMA_ERROR = 5 };
static const char *const scalar_names[N_SCALARS] = {"relaxation_time", "residual",  "gap_residual",
                                                    "law_error",       "gap_error", "sigma_error",
                                                    "activity",        "products",  "fluctuation"};
enum { CALLS = 3 }; /* of the library for each beta, for the progress */

typedef struct table {
    exact_run *e;
    size_t n, states, kept; /* spins; betas whose arrays stay: all, or one at a time */
    double *arrays;         /* one block: */
    double *p, *m, *C, *D, *c, *d, *sigma_spin, *sigma_edge; /* [kept, ...] */
    double *tau, *lags, *edges, *probability;                /* [lags], [kept, ...] */
    double *numbers;                                         /* one block: */
    double *real[N_REAL];                                    /* [n_betas] */
    double *scalar[N_SCALARS];                               /* [n_betas] */
    const char **words;    /* dynamics and status, [n_betas] each */
    size_t bad, first_bad; /* rows that are not "ok" */
    ki_exact_result worst; /* the first of them */
    uint64_t call, calls;
} table;

int exact_wants_arrays(const exact_run *e) {
    return e->s.file && !is_csv(e->s.file);
}

int exact_wants_details(const exact_run *e) {
    return exact_wants_arrays(e) || (e->s.picture && e->beta_list.count <= 1);
}

/* Doubles of the arrays of one beta, tau aside. */
static uint64_t count_arrays(const exact_run *e, uint64_t n) {
    return ((uint64_t)1 << n) + n * (5 * n + 2) + e->lags + 2 * e->bins + 1;
}

static uint64_t count_kept(const exact_run *e) {
    return exact_wants_arrays(e) ? e->n_betas : 1;
}

static int bytes_for(const exact_run *e, uint64_t n, double *bytes) {
    uint64_t library;
    const int error = ki_exact_memory(n, e->spec.dynamics, &library);

    /* Sums of the histogram and of the lags besides: see ki_exact_fluctuations(). */
    *bytes = (double)library + 8.0 * (double)count_kept(e) * (double)count_arrays(e, n) +
             128.0 * (double)e->bins + 56.0 * (double)e->lags;
    return error ? complain_library(error) : 0;
}

static double *take(double **at, size_t count) {
    double *here = *at;

    *at += count;
    return here;
}

static void lay_out(table *t) {
    const exact_run *e = t->e;
    const size_t n = t->n, square = t->kept * n * n;
    double *at = t->arrays, *number = t->numbers;

    t->p = take(&at, t->kept * t->states);
    t->m = take(&at, t->kept * n);
    t->sigma_spin = take(&at, t->kept * n);
    t->C = take(&at, square);
    t->D = take(&at, square);
    t->c = take(&at, square);
    t->d = take(&at, square);
    t->sigma_edge = take(&at, square);
    t->lags = take(&at, t->kept * e->lags);
    t->edges = take(&at, t->kept * (e->bins + 1));
    t->probability = take(&at, t->kept * e->bins);
    t->tau = at;
    for (size_t k = 0; k < N_REAL; k++)
        t->real[k] = take(&number, e->n_betas);
    for (size_t k = 0; k < N_SCALARS; k++)
        t->scalar[k] = take(&number, e->n_betas);
}

/* Says what it takes, and whether the machine has it. */
static int take_memory(table *t) {
    const exact_run *e = t->e;
    const char *name = e->s.argv[0];
    const uint64_t n = t->n;
    const double here = machine_memory(), mib = 1024.0 * 1024.0;
    double bytes, least;
    int status = bytes_for(e, n, &bytes);

    if (status)
        return status;
    if (!(bytes < here)) {
        uint64_t fits = n - 1;

        while (fits > 1 && !bytes_for(e, fits, &least) && !(least < here))
            fits--;
        return complain(STATUS_FAILED,
                        "N : %llu spins need %.3g MiB of memory, this machine has %.3g MiB : at "
                        "most %llu spins%s",
                        (unsigned long long)n, bytes / mib, here / mib, (unsigned long long)fits,
                        count_kept(e) > 1 ? ", or fewer --beta" : "");
    }
    if (!e->s.quiet)
        remark("N = %llu: %llu states, %.3g MiB of memory", (unsigned long long)n, 1ULL << n,
               bytes / mib);
    t->arrays = get_memory(name, t->kept * count_arrays(e, n) + e->lags, sizeof *t->arrays);
    t->numbers = get_memory(name, e->n_betas, (N_REAL + N_SCALARS) * sizeof *t->numbers);
    t->words = get_memory(name, e->n_betas, 2 * sizeof *t->words);
    if (!t->arrays || !t->numbers || !t->words)
        return STATUS_FAILED;
    lay_out(t);
    return 0;
}

/* All of the calls as one whole, in thousandths of each. */
static int show_progress(void *user, uint64_t done, uint64_t total) {
    table *t = user;
    const uint64_t fine = 1000;
    const double here = total ? (double)done / (double)total : 0;

    return session_progress(&t->e->s, t->call * fine + (uint64_t)(here * (double)(fine - 1)),
                            t->calls * fine);
}

static void scale(double unit, size_t n, double *x) {
    for (size_t i = 0; i < n; i++)
        x[i] *= unit;
}

/* Everything of one beta, in place `k` of the table. */
static int fill_row(table *t, size_t row, const ki_exact_result *r,
                    const ki_exact_fluctuation_result *f) {
    const exact_run *e = t->e;
    const double unit = session_unit(&e->s);
    const double real[N_REAL] = {[N] = (double)t->n,
                                 [BETA] = e->view.beta,
                                 [M_MEAN] = r->m_mean,
                                 [M] = r->m_mean,
                                 [Q] = r->q,
                                 [S] = unit * r->S,
                                 [SR] = unit * r->Sr,
                                 [SIGMA] = unit * r->sigma,
                                 [ENTROPY] = unit * r->entropy,
                                 [GAP] = r->gap};
    const double scalar[N_SCALARS] = {
        r->relaxation_time,    r->residual, r->gap_residual,     r->law_error, r->gap_error,
        unit * r->sigma_error, r->activity, (double)r->products, f->integral};

    for (size_t k = 0; k < N_REAL; k++)
        t->real[k][row] = real[k];
    for (size_t k = 0; k < N_SCALARS; k++)
        t->scalar[k][row] = scalar[k];
    t->words[row] = ki_dynamics_name(e->spec.dynamics);
    t->words[e->n_betas + row] = ki_status_name(r->status);
    if (r->status != KI_CONVERGED && t->bad++ == 0) {
        t->first_bad = row;
        t->worst = *r;
    }
    if (!e->s.quiet && e->n_betas > 1)
        remark("beta = %.6g: residual %.2g, relaxation time %.6g%s, <exp(-Sigma)> = %.15g",
               e->view.beta, r->residual, r->relaxation_time,
               e->dynamics == EXACT_SYNC ? " steps" : "", f->integral);
    else if (!e->s.quiet)
        remark("residual %.2g, relaxation time %.6g%s, <exp(-Sigma)> = %.15g", r->residual,
               r->relaxation_time, e->dynamics == EXACT_SYNC ? " steps" : "", f->integral);
    return 0;
}

static int compute(table *t, size_t row) {
    exact_run *e = t->e;
    const double unit = session_unit(&e->s);
    const size_t n = t->n, k = t->kept > 1 ? row : 0, bins = (size_t)e->bins;
    const int details = exact_wants_details(e), dynamics = e->spec.dynamics;
    double *p = t->p + k * t->states, *edges = t->edges + k * (bins + 1);
    const ki_exact_out out = {.p = p,
                              .m = t->m + k * n,
                              .C = t->C + k * n * n,
                              .D = t->D + k * n * n,
                              .c = t->c + k * n * n,
                              .d = t->d + k * n * n,
                              .sigma_spin = t->sigma_spin + k * n,
                              .sigma_edge = t->sigma_edge + k * n * n};
    ki_run_options options = session_run_options(&e->s);
    ki_exact_result r;
    ki_exact_fluctuation_result f = {.integral = NAN};

    if (options.progress) {
        options.progress = show_progress;
        options.progress_user = t;
    }
    e->view.beta = e->betas[row];
    int error = ki_exact(&e->view, &e->spec, &options, &r, &out);
    t->call++;
    if (!error && (details || !e->s.quiet))
        error = ki_exact_fluctuations(&e->view, dynamics, p, details ? bins : 0, &options, &f,
                                      edges, t->probability + k * bins);
    t->call++;
    if (!error && details)
        error = ki_exact_autocorrelation(&e->view, dynamics, p, e->lags, t->tau, &options,
                                         t->lags + k * e->lags);
    t->call++;
    if (error)
        return complain_library(error);
    scale(unit, n, out.sigma_spin);
    scale(unit, n * n, out.sigma_edge);
    if (details)
        scale(unit, bins + 1, edges);
    return fill_row(t, row, &r, &f);
}

/* The arrays of a file beside its columns, with what their numbers and dimensions are. */
typedef struct file_arrays {
    ki_array arrays[N_ARRAYS];
    ki_label labels[N_ARRAYS];
    size_t n;
} file_arrays;

/* An array of the axes named, and of beta before them if there are several. */
static void add_array(const table *t, file_arrays *f, const char *name, const char *units,
                      const char *const axes[2], const size_t extents[2], const double *data) {
    ki_array *a = &f->arrays[f->n];
    ki_label *label = &f->labels[f->n++];

    *a = (ki_array){.name = name, .type = KI_FLOAT64, .data = data};
    *label = (ki_label){.units = units};
    if (t->e->n_betas > 1) {
        label->axes[0] = "beta";
        a->shape[a->ndim++] = t->e->n_betas;
    }
    for (size_t d = 0; d < 2 && axes[d]; d++) {
        label->axes[a->ndim] = axes[d];
        a->shape[a->ndim++] = extents[d];
    }
}

static void lay_out_arrays(const table *t, file_arrays *f) {
    const exact_run *e = t->e;
    const size_t n = t->n, bins = (size_t)e->bins;
    const char *sigma = entropy_units(e->s.unit == UNIT_BITS, (unsigned)e->spec.dynamics);
    const char *nats = e->s.unit == UNIT_BITS ? "bits" : "nats";
    const char *times = time_units((unsigned)e->spec.dynamics);
    const char *scalar_units[N_SCALARS] = {[RELAXATION_TIME] = times, [SIGMA_ERROR] = sigma};
    const struct {
        const char *name, *units, *axes[2];
        size_t extents[2];
        const double *data;
    } all[] = {
        {"p", NULL, {"state"}, {t->states}, t->p},
        {"m", NULL, {"spin"}, {n}, t->m},
        {"C", NULL, {"spin", "from_spin"}, {n, n}, t->C},
        {"D", NULL, {"spin", "from_spin"}, {n, n}, e->dynamics == EXACT_SYNC ? t->D : NULL},
        {"c", NULL, {"spin", "from_spin"}, {n, n}, t->c},
        {"d", NULL, {"spin", "from_spin"}, {n, n}, t->d},
        {"sigma_spin", sigma, {"spin"}, {n}, t->sigma_spin},
        {"sigma_edge", sigma, {"spin", "from_spin"}, {n, n}, t->sigma_edge},
        {"autocorrelation", NULL, {"tau"}, {e->lags}, t->lags},
        {"sigma_bins", nats, {"edge"}, {bins + 1}, t->edges},
        {"sigma_probability", NULL, {"bin"}, {bins}, t->probability},
    };

    for (size_t s = 0; s < N_SCALARS; s++)
        add_array(t, f, scalar_names[s], scalar_units[s], (const char *const[2]){NULL},
                  (const size_t[2]){0}, t->scalar[s]);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (all[k].data)
            add_array(t, f, all[k].name, all[k].units, all[k].axes, all[k].extents, all[k].data);
    f->arrays[f->n] = (ki_array){"tau", KI_FLOAT64, 1, {e->lags}, t->tau};
    f->labels[f->n++] = (ki_label){.units = times, .axes = {"tau"}};
}

/* Columns of the table; in a file with arrays m is the one of every spin. */
static size_t lay_out_columns(const table *t, int arrays, column *columns) {
    size_t k = 0;

    for (size_t c = 0, real = 0; c < N_COLUMNS; c++) {
        column here = {.name = column_names[c]};
        const char *entropy =
            entropy_units(t->e->s.unit == UNIT_BITS, (unsigned)t->e->spec.dynamics);

        if (c == COLUMN_DYNAMICS)
            here.word = t->words;
        else if (c == COLUMN_STATUS)
            here.word = t->words + t->e->n_betas;
        else
            here.real = t->real[real++];
        if (strncmp(here.name, "S", 1) == 0 || strcmp(here.name, "sigma") == 0)
            here.units = entropy;
        else if (strcmp(here.name, "entropy") == 0)
            here.units = t->e->s.unit == UNIT_BITS ? "bits/spin" : "nats/spin";
        if (!(arrays && c == COLUMN_M))
            columns[k++] = here;
    }
    return k;
}

static int unconverged(const table *t) {
    const ki_exact_result *r = &t->worst;
    char share[SHARE_SIZE];

    if (t->e->n_betas > 1)
        return complain(STATUS_UNCONVERGED,
                        "exact : a status other than ok in %s, the first at beta = %.6g : smaller "
                        "--beta, or each alone, which says why",
                        print_share(share, t->bad, t->e->n_betas, "row"),
                        t->e->betas[t->first_bad]);
    if (r->gap == 0)
        return complain(STATUS_UNCONVERGED,
                        "exact : a mode does not decay within rounding, the law depends on the "
                        "start or is that of a cycle : a smaller --beta");
    if (r->law_error >= 1)
        return complain(
            STATUS_UNCONVERGED,
            "exact : the chain hardly ever moves between sets of states, and nothing is "
            "known of their weights : a smaller --beta");
    if (r->gap_error > 0.5 * r->gap)
        return complain(STATUS_UNCONVERGED,
                        "exact : the gap is %.2g with an error of %.2g : a smaller --beta", r->gap,
                        r->gap_error);
    return complain(
        STATUS_UNCONVERGED,
        "exact : not exact enough, residual %.2g, errors of law %.2g and sigma %.2g : a "
        "smaller --beta, or a larger --tol for the residual",
        r->residual, r->law_error, r->sigma_error);
}

static int draw_one(const void *figure, const char *picture) {
    const table *t = figure;
    const exact_run *e = t->e;
    char title[160];

    snprintf(title, sizeof title, "N = %zu, β = %.6g, %s, σ = %.6g", t->n, e->betas[0],
             e->dynamics == EXACT_ASYNC ? "asynchronous" : "synchronous", t->real[SIGMA][0]);
    const exact_figure f = {.title = title,
                            .async = e->dynamics == EXACT_ASYNC,
                            .bits = e->s.unit == UNIT_BITS,
                            .n_lags = e->lags,
                            .n_bins = (size_t)e->bins,
                            .n_spins = t->n,
                            .tau = t->tau,
                            .C = t->lags,
                            .edges = t->edges,
                            .probability = t->probability,
                            .sigma_spin = t->sigma_spin};
    return exact_draw(&f, picture);
}

/* Curves over beta. */
static int draw_several(const void *figure, const char *picture) {
    const table *t = figure;
    const exact_run *e = t->e;
    char title[96], entropy[64], sigma[64];
    const char *units = entropy_units(e->s.unit == UNIT_BITS, (unsigned)e->spec.dynamics);

    snprintf(title, sizeof title, "N = %zu, %s", t->n,
             e->dynamics == EXACT_ASYNC ? "asynchronous" : "synchronous");
    snprintf(entropy, sizeof entropy, "S, dashed S^r  (%s)", units);
    snprintf(sigma, sizeof sigma, "σ  (%s)", units);
    const plot_curves f = {.title = title,
                           .x_label = "inverse temperature β",
                           .n = e->n_betas,
                           .x = t->real[BETA],
                           .n_families = 1,
                           .n_panels = 5,
                           .panels = {{.label = "mean m", .y = t->real[M]},
                                      {.label = "autocorrelation q", .y = t->real[Q]},
                                      {.label = entropy, .y = t->real[S], .dashed = t->real[SR]},
                                      {.label = sigma, .y = t->real[SIGMA]},
                                      {.label = "spectral gap", .y = t->real[GAP]}}};
    return plot_draw_curves(&f, picture);
}

static int report(const table *t) {
    exact_run *e = t->e;
    const int with_arrays = exact_wants_arrays(e);
    column columns[N_COLUMNS];
    file_arrays file = {.n = 0};
    const size_t n_columns = lay_out_columns(t, with_arrays, columns);

    if (with_arrays)
        lay_out_arrays(t, &file);
    const result out = {.columns = columns,
                        .n_columns = n_columns,
                        .rows = e->n_betas,
                        .arrays = file.arrays,
                        .labels = file.labels,
                        .n_arrays = file.n,
                        .draw = e->n_betas > 1 ? draw_several : draw_one,
                        .figure = t};
    const int status = session_end(&e->s, &out);

    return !status && t->bad ? unconverged(t) : status;
}

int exact_tabulate(exact_run *e) {
    table t = {.e = e,
               .n = (size_t)e->view.n,
               .states = (size_t)1 << e->view.n,
               .kept = (size_t)count_kept(e),
               .calls = CALLS * (uint64_t)e->n_betas};
    int status = take_memory(&t);

    if (!status) {
        value_range range = {0, e->tmax, e->lags};
        value_list_fill(&(value_list){&range, 1, e->lags}, t.tau);
    }
    for (size_t row = 0; row < e->n_betas && !status; row++)
        status = compute(&t, row);
    session_progress(&e->s, 1, 1);
    if (!status)
        status = report(&t);
    free(t.arrays);
    free(t.numbers);
    free(t.words);
    return status;
}
