/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising meanfield --compare: errors of m, C, D and sigma against all states, or a simulation. */
#define _XOPEN_SOURCE 700

#include "meanfield.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_COLUMNS = 14, N_REAL = 11, N_WORDS = 3 };
static const char *const column_names[N_COLUMNS] = {
    "N",     "beta",  "dynamics", "m0",        "t",         "method",  "m_err",
    "C_err", "D_err", "sigma",    "sigma_ref", "sigma_err", "seconds", "status"};
enum { N, BETA, M0, T, M_ERR, C_ERR, D_ERR, SIGMA, SIGMA_REF, SIGMA_ERR, SECONDS };
enum { DYNAMICS, METHOD, STATUS };

/* What methods are held against: connected moments, and their own errors. */
typedef struct reference {
    const double *m, *C, *D; /* [N], [N,N] */
    double sigma, m_err, C_err, D_err, sigma_err, seconds;
    const char *status;
} reference;

/* Of one half of a simulation: raw moments, then connected ones. */
typedef struct half {
    double *m, *m_before, *c, *d;
    uint64_t replicas;
} half;

typedef struct comparison {
    mf_command *w;
    size_t n, rows, most;
    double *arrays; /* what `reference` and `halves` point into */
    half halves[2];
    double *real[N_REAL];       /* [most] each */
    const char **word[N_WORDS]; /* [most] each */
    int bad;                    /* rows that are not "ok" */
} comparison;

static double now(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Both halves have the seed of the command in theirs, neither has that of a neighbouring one. */
static ki_replicas_spec spec_of(const mf_command *w, int which) {
    const uint64_t first = w->replicas / 2, far = UINT64_C(0x9e3779b97f4a7c15);

    return (ki_replicas_spec){.dynamics = w->async ? KI_ASYNC : KI_SYNC,
                              .replicas = which ? w->replicas - first : first,
                              .steps = w->steady ? w->burn_in + w->window : w->steps,
                              .average = w->steady,
                              .burn_in = w->steady ? w->burn_in : 0,
                              .start = w->m0 == 0 ? KI_START_RANDOM : KI_START_UP,
                              .seed = w->s.seed + (which ? far : 0)};
}

/* Numbers that the reference is kept in. */
static double numbers_of(const mf_command *w, double n) {
    return w->against == MF_EXACT ? n * (2 * n + 1) : 2 * n * (2 * n + 2);
}

int mf_reference_memory(const mf_command *w, uint64_t n, double *arrays, double *work) {
    uint64_t bytes = 0;
    int error;

    if (w->against == MF_EXACT) {
        error = ki_exact_memory(n, w->async ? KI_ASYNC : KI_SYNC, &bytes);
    } else {
        const ki_replicas_spec spec = spec_of(w, 1);
        error = ki_replicas_memory(n, &spec, 1, (int)w->s.threads, &bytes);
    }
    *arrays = sizeof(double) * numbers_of(w, (double)n);
    *work = (double)bytes;
    return error;
}

/* sigma of connected D. [sigma-mf] */
static double sigma_of(const comparison *c, const double *D) {
    const ki_network *network = &c->w->view;
    const size_t n = c->n;
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            sum += (network->J[i * n + j] - network->J[j * n + i]) * D[i * n + j];
    return (c->w->async ? 0.5 : 1) * network->beta * sum / (double)n;
}

static double rms(size_t n, const double *a, const double *b) {
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum / (double)n);
}

/* Connected moments of a half, in the place of the raw ones. */
static void connect(const comparison *c, half *h) {
    const size_t n = c->n;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            h->c[i * n + j] -= h->m[i] * h->m[j];
            h->d[i * n + j] -= h->m[i] * h->m_before[j];
        }
}

/* Raw moments of both halves, in the place of those of the first. */
static void pool(const comparison *c, half *a, const half *b) {
    const size_t n = c->n;
    const double all = (double)(a->replicas + b->replicas);
    const double wa = (double)a->replicas / all, wb = (double)b->replicas / all;
    double *into[] = {a->m, a->m_before, a->c, a->d};
    const double *from[] = {b->m, b->m_before, b->c, b->d};
    const size_t count[] = {n, n, n * n, n * n};

    for (int k = 0; k < 4; k++)
        for (size_t i = 0; i < count[k]; i++)
            into[k][i] = wa * into[k][i] + wb * from[k][i];
}

/* The inverse of connect(). */
static void disconnect(const comparison *c, half *h) {
    const size_t n = c->n;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            h->c[i * n + j] += h->m[i] * h->m[j];
            h->d[i * n + j] += h->m[i] * h->m_before[j];
        }
}

/* The simulation, in two halves of other random numbers: half their difference is the error of
 * their mean. */
static int simulate(comparison *c, reference *r) {
    const ki_run_options run = mf_run_options(c->w);
    const double begun = now();
    const size_t n = c->n;
    half *a = &c->halves[0], *b = &c->halves[1];
    double variance = 0; /* of the sum of both sigma */

    for (int which = 0; which < 2; which++) {
        half *h = &c->halves[which];
        const ki_replicas_spec spec = spec_of(c->w, which);
        const ki_replicas_out out = {.m = h->m, .c = h->c, .d = h->d, .m_before = h->m_before};
        ki_ensemble_result summary;
        const int error = ki_replicas(&c->w->view, &spec, &run, &summary, &out);
        if (error)
            return complain_library(error);
        variance += summary.sigma_err * summary.sigma_err;
        h->replicas = spec.replicas;
        connect(c, h);
        c->w->part++;
    }
    r->m_err = rms(n, a->m, b->m) / 2;
    r->C_err = rms(n * n, a->c, b->c) / 2;
    r->D_err = rms(n * n, a->d, b->d) / 2;
    /* One number: two halves say nothing about its error, the replicas do. */
    r->sigma_err = sqrt(variance) / 2;
    disconnect(c, a);
    disconnect(c, b);
    pool(c, a, b);
    connect(c, a);
    r->m = a->m;
    r->C = a->c;
    r->D = a->d;
    r->sigma = sigma_of(c, a->d);
    r->status = "ok";
    r->seconds = now() - begun;
    return 0;
}

static int enumerate(comparison *c, reference *r) {
    const mf_command *w = c->w;
    const size_t n = c->n;
    const int dynamics = w->async ? KI_ASYNC : KI_SYNC;
    const ki_exact_spec spec = {.dynamics = dynamics};
    const ki_run_options run = mf_run_options(c->w);
    const ki_exact_out out = {.m = c->arrays, .C = c->arrays + n, .D = c->arrays + n + n * n};
    const double begun = now();
    ki_exact_result found;

    const int error = w->steady ? ki_exact(&w->view, &spec, &run, &found, &out)
                                : ki_exact_evolve(&w->view, dynamics, w->m_start, (double)w->steps,
                                                  &run, &found, &out);
    if (error)
        return complain_library(error);
    c->w->part++;
    *r = (reference){.m = out.m,
                     .C = out.C,
                     .D = out.D,
                     .sigma = found.sigma,
                     .seconds = now() - begun,
                     .status = ki_status_name(found.status)};
    return 0;
}

static void add_row(comparison *c, const char *method, const char *status,
                    const double real[N_REAL]) {
    const size_t row = c->rows++;

    for (size_t k = 0; k < N_REAL; k++)
        c->real[k][row] = real[k];
    c->real[N][row] = (double)c->n;
    c->real[BETA][row] = c->w->view.beta;
    c->real[M0][row] = mf_m0(c->w);
    c->real[T][row] = c->w->steady ? (double)INFINITY : (double)c->w->steps;
    if (c->w->s.reproducible)
        c->real[SECONDS][row] = NAN;
    c->word[DYNAMICS][row] = mf_dynamics_words[c->w->async];
    c->word[METHOD][row] = method;
    c->word[STATUS][row] = status;
    c->bad += strcmp(status, "ok") != 0;
}

static int compare_method(comparison *c, int method, const reference *r) {
    mf_command *w = c->w;
    mf_job job = {.method = method};
    const size_t n = c->n;
    const double unit = session_unit(&w->s);
    ki_meanfield_state s;

    int status = mf_run(w, &w->view, &job, NULL, NULL);
    const int error = status ? 0 : ki_meanfield_get(job.mf, &s);
    if (error)
        status = complain_library(error);
    if (!status) {
        const double real[N_REAL] = {
            [M_ERR] = rms(n, s.m, r->m),     [C_ERR] = rms(n * n, s.C, r->C),
            [D_ERR] = rms(n * n, s.D, r->D), [SIGMA] = unit * s.sigma,
            [SIGMA_REF] = unit * r->sigma,   [SIGMA_ERR] = unit * fabs(s.sigma - r->sigma),
            [SECONDS] = job.seconds};
        add_row(c, ki_method_name(method), ki_status_name(job.info.status), real);
    }
    mf_end(&job);
    return status;
}

static int compare_at(comparison *c, double beta) {
    mf_command *w = c->w;
    const double unit = session_unit(&w->s);
    reference r = {0};

    w->view.beta = beta;
    int status = w->against == MF_EXACT ? enumerate(c, &r) : simulate(c, &r);
    if (status)
        return status;
    const double real[N_REAL] = {[M_ERR] = r.m_err,
                                 [C_ERR] = r.C_err,
                                 [D_ERR] = r.D_err,
                                 [SIGMA] = unit * r.sigma,
                                 [SIGMA_REF] = unit * r.sigma,
                                 [SIGMA_ERR] = unit * r.sigma_err,
                                 [SECONDS] = r.seconds};
    add_row(c, w->against == MF_EXACT ? "exact" : "simulation", r.status, real);
    for (int method = 0; method < KI_N_METHODS && !status; method++)
        if (w->methods & 1u << method)
            status = compare_method(c, method, &r);
    return status;
}

static int make_comparison(mf_command *w, comparison *c, size_t n_methods) {
    const char *name = w->s.argv[0];
    const size_t n = (size_t)w->view.n;

    *c = (comparison){.w = w, .n = n, .most = w->n_betas * (1 + n_methods)};
    c->arrays = get_memory(name, (uint64_t)numbers_of(w, (double)n), sizeof *c->arrays);
    c->real[0] = get_memory(name, c->most, N_REAL * sizeof(double));
    c->word[0] = get_memory(name, c->most, N_WORDS * sizeof(char *));
    if (!c->arrays || !c->real[0] || !c->word[0])
        return STATUS_FAILED;
    for (size_t k = 1; k < N_WORDS; k++)
        c->word[k] = c->word[0] + k * c->most;
    for (size_t k = 1; k < N_REAL; k++)
        c->real[k] = c->real[0] + k * c->most;
    for (size_t k = 0; k < 2 && w->against == MF_SIMULATION; k++) {
        half *h = &c->halves[k];
        h->m = c->arrays + k * (2 * n * n + 2 * n);
        h->m_before = h->m + n;
        h->c = h->m_before + n;
        h->d = h->c + n * n;
    }
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
    }
    const result out = {.columns = columns,
                        .n_columns = N_COLUMNS,
                        .rows = c->rows,
                        .draw = mf_draw_errors,
                        .figure = &figure};
    const int status = session_end(&w->s, &out);
    if (status || !c->bad)
        return status;
    return complain(STATUS_UNCONVERGED,
                    "meanfield : %d of %zu rows have a status other than ok : %s", c->bad, c->rows,
                    w->steady ? "a larger --max-steps or --tol for not-steady, another --m0 for "
                                "unstable, a smaller --beta or another --method for the others"
                              : "a smaller --beta, or other methods");
}

int mf_compare(mf_command *w) {
    comparison c = {0};
    size_t n_methods = 0;

    for (int method = 0; method < KI_N_METHODS; method++)
        n_methods += w->methods >> method & 1;
    w->parts = w->n_betas *
               (n_methods * (w->steady ? 1 : w->steps) + (w->against == MF_SIMULATION ? 2 : 1));
    if (w->against == MF_SIMULATION && !w->s.quiet)
        remark("seed %llu", (unsigned long long)session_seed(&w->s));
    session_seed(&w->s);
    int status = make_comparison(w, &c, n_methods);
    for (size_t k = 0; k < w->n_betas && !status; k++)
        status = compare_at(&c, w->betas[k]);
    session_progress(&w->s, 1, 1);
    if (!status)
        status = write_comparison(&c);
    free(c.arrays);
    free(c.real[0]);
    free(c.word[0]);
    return status;
}
