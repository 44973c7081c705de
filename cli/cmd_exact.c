/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising exact: all states of one small network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "exact.h"
#include "values.h"

static const command_help exact_help = {
    "exact",
    "The steady state of one network from all of its 2^N states: no sampling, no approximation.\n"
    "Up to 14 spins with --dynamics sync, 20 with async. One row: m_mean, path entropies S and "
    "Sr,\n"
    "entropy production sigma (per spin and step or unit of time), entropy of the system per "
    "spin,\n"
    "and the spectral gap. A .npz or .h5 file also holds m (N), C and D (N,N; connected, D sync\n"
    "only), the raw moments c and d, sigma_spin (N) and sigma_edge (N,N), the law p (2^N; bit i "
    "of\n"
    "a state's number is spin i), relaxation_time, residuals, the autocorrelation, and the\n"
    "distribution of the entropy production of one step or flip. Status 3 and a sentence if the "
    "law\n"
    "or the gap is not exact: frozen networks, whose law depends on the start.\n",
    "  kinising network draw --N 10 --dJ 1 --beta 1.5 -o small.npz\n"
    "  kinising exact --network small.npz\n"
    "  kinising exact --network small.npz -o exact.npz --plot exact.png\n"
    "  kinising exact --network small.npz --dynamics async --zero-diagonal --beta 0.5\n",
};

enum { SYNC = 0, ASYNC = 1, LARGEST_POINTS = 1000000, MOST_BINS = 65536 };
static const char *const dynamics_words[] = {"sync", "async", NULL};
enum { N_COLUMNS = 6 };
static const char *const column_names[N_COLUMNS] = {"m_mean", "S", "Sr", "sigma", "entropy", "gap"};

typedef struct exact_run {
    session s;
    const char *network;
    double beta, tmax;
    uint64_t points, bins;
    int dynamics, zero_diagonal, keep_diagonal;
    ki_exact_spec spec;
    ki_network_file *file;
    ki_network view;
    double *J;   /* without its diagonal */
    int details; /* a file or a picture shows more than the row */
    size_t lags;
    double *arrays; /* one block */
    ki_exact_out out;
    double *tau, *C, *edges, *probability;
    ki_exact_result r;
    ki_exact_fluctuation_result f;
    double row[N_COLUMNS];
} exact_run;

/* Whether a file is to hold more than the row. */
static int wants_arrays(const exact_run *e) {
    const size_t length = e->s.file ? strlen(e->s.file) : 0;

    return length > 0 && (length < 4 || strcmp(e->s.file + length - 4, ".csv") != 0);
}

static int check_options(exact_run *e, const option *options, size_t n) {
    static const char *const shown[] = {"tmax", "points", "bins"};
    char asked[REAL_SIZE];

    e->details = e->s.picture || wants_arrays(e);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (!e->details && option_given(options, n, shown[i]))
            return complain(STATUS_USAGE,
                            "--%s : nothing would show it : with -o FILE.npz, -o FILE.h5 or --plot",
                            shown[i]);
    if (e->zero_diagonal && e->keep_diagonal)
        return complain(STATUS_USAGE,
                        "--zero-diagonal : excludes --keep-diagonal : one of the two");
    if (e->bins % 2)
        return complain(STATUS_USAGE,
                        "--bins : %llu is odd : an even number, as many on each side "
                        "of 0",
                        (unsigned long long)e->bins);
    if (e->dynamics == SYNC && option_given(options, n, "points"))
        return complain(STATUS_USAGE,
                        "--points : does not apply to --dynamics sync : --tmax alone, every whole "
                        "lag up to it is given");
    if (e->dynamics == SYNC && (e->tmax != floor(e->tmax) || e->tmax > LARGEST_POINTS))
        return complain(STATUS_USAGE,
                        "--tmax : %s is no number of steps : a whole number from 1 to %d with "
                        "--dynamics sync",
                        print_real(asked, e->tmax), LARGEST_POINTS);
    e->lags = (e->dynamics == SYNC ? (size_t)e->tmax : (size_t)e->points) + 1;
    return 0;
}

/* Asynchronously a spin that acts on itself changes its own field as it flips. */
static int check_diagonal(exact_run *e) {
    const uint64_t n = e->view.n;

    if (e->zero_diagonal) {
        e->J = get_memory(e->s.argv[0], n * n, sizeof *e->J);
        if (!e->J)
            return STATUS_FAILED;
        memcpy(e->J, e->view.J, n * n * sizeof *e->J);
        for (uint64_t i = 0; i < n; i++)
            e->J[i * n + i] = 0;
        e->view.J = e->J;
        return 0;
    }
    for (uint64_t i = 0; i < n && e->dynamics == ASYNC && !e->keep_diagonal; i++)
        if (e->view.J[i * n + i] != 0)
            return complain(STATUS_USAGE,
                            "J[%llu,%llu] : is %g, and asynchronously a spin that flips would "
                            "change its own field : --zero-diagonal for J_ii = 0, or "
                            "--keep-diagonal for the network as it is",
                            (unsigned long long)i, (unsigned long long)i, e->view.J[i * n + i]);
    return 0;
}

static int check_size(const exact_run *e) {
    const unsigned long long n = e->view.n;

    if (e->dynamics == SYNC && n > KI_EXACT_MOST_SYNC)
        return complain(STATUS_USAGE,
                        "N : %llu spins are too many to enumerate : at most %d with --dynamics "
                        "sync, %d with --dynamics async; kinising simulate --network or kinising "
                        "meanfield for more",
                        n, KI_EXACT_MOST_SYNC, KI_EXACT_MOST_ASYNC);
    if (n > KI_EXACT_MOST_ASYNC)
        return complain(STATUS_USAGE,
                        "N : %llu spins are too many to enumerate : at most %d with --dynamics "
                        "async, %d with --dynamics sync; kinising simulate --network or kinising "
                        "meanfield for more",
                        n, KI_EXACT_MOST_ASYNC, KI_EXACT_MOST_SYNC);
    return 0;
}

static int read_network(exact_run *e, int beta_given) {
    const int error = ki_network_read(e->network, &e->file);

    if (error)
        return complain_input(error, e->network);
    e->view = e->file->view;
    int status = check_size(e);
    status = status ? status : check_diagonal(e);
    if (status)
        return status;
    if (beta_given)
        e->view.beta = e->beta;
    else if (!e->file->has_beta && !e->s.quiet)
        remark("%s has no beta, 1 is taken", e->network);
    return 0;
}

/* Doubles of the results. */
static uint64_t count_arrays(const exact_run *e, uint64_t n) {
    return ((uint64_t)1 << n) + n * (5 * n + 2) + 4 * (uint64_t)e->lags + 2 * e->bins + 1;
}

static int bytes_for(const exact_run *e, uint64_t n, double *bytes) {
    uint64_t library;
    const int error = ki_exact_memory(n, e->spec.dynamics, &library);

    /* Sums of the histogram besides: see ki_exact_fluctuations(). */
    *bytes = (double)library + 8.0 * (double)count_arrays(e, n) + 128.0 * (double)e->bins;
    return error ? complain_library(error) : 0;
}

static void hand_out(exact_run *e) {
    const size_t n = (size_t)e->view.n, square = n * n;
    double *at = e->arrays;

    e->out.p = at;
    e->out.m = at += (size_t)1 << n;
    e->out.sigma_spin = at += n;
    e->out.C = at += n;
    e->out.D = at += square;
    e->out.c = at += square;
    e->out.d = at += square;
    e->out.sigma_edge = at += square;
    e->tau = at += square;
    e->C = at += e->lags;
    e->edges = at += e->lags;
    e->probability = at + e->bins + 1;
}

/* Says what it takes, and whether the machine has it. */
static int take_memory(exact_run *e) {
    const uint64_t n = e->view.n;
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
                        "most %llu spins",
                        (unsigned long long)n, bytes / mib, here / mib, (unsigned long long)fits);
    }
    if (!e->s.quiet)
        remark("N = %llu: %llu states, %.3g MiB of memory", (unsigned long long)n, 1ULL << n,
               bytes / mib);
    e->arrays = get_memory(e->s.argv[0], count_arrays(e, n), sizeof *e->arrays);
    if (!e->arrays)
        return STATUS_FAILED;
    hand_out(e);
    return 0;
}

static void scale(double unit, size_t n, double *x) {
    for (size_t i = 0; i < n; i++)
        x[i] *= unit;
}

static int compute(exact_run *e) {
    const double unit = session_unit(&e->s);
    const size_t n = (size_t)e->view.n;
    const int dynamics = e->spec.dynamics;
    ki_run_options options = session_run_options(&e->s);
    int error = ki_exact(&e->view, &e->spec, &options, &e->r, &e->out);

    if (!error && (e->details || !e->s.quiet))
        error = ki_exact_fluctuations(&e->view, dynamics, e->out.p, e->details ? e->bins : 0,
                                      &options, &e->f, e->edges, e->probability);
    if (!error && e->details) {
        value_range range = {0, e->tmax, e->lags};

        value_list_fill(&(value_list){&range, 1, e->lags}, e->tau);
        error =
            ki_exact_autocorrelation(&e->view, dynamics, e->out.p, e->lags, e->tau, &options, e->C);
    }
    if (options.progress)
        session_progress(&e->s, 1, 1);
    if (error)
        return complain_library(error);
    const ki_exact_result *r = &e->r;
    const double row[N_COLUMNS] = {r->m_mean,       unit * r->S,       unit * r->Sr,
                                   unit * r->sigma, unit * r->entropy, r->gap};
    memcpy(e->row, row, sizeof row);
    scale(unit, n, e->out.sigma_spin);
    scale(unit, n * n, e->out.sigma_edge);
    if (e->details)
        scale(unit, e->bins + 1, e->edges);
    if (!e->s.quiet)
        remark("residual %.2g, relaxation time %.6g%s, <exp(-Sigma)> = %.15g", r->residual,
               r->relaxation_time, dynamics == KI_SYNC ? " steps" : "", e->f.integral);
    return 0;
}

static int write_arrays(void *context, const char *provenance) {
    const exact_run *e = context;
    const size_t n = (size_t)e->view.n, bins = (size_t)e->bins;
    const char *status = ki_status_name(e->r.status);
    const double products = (double)e->r.products;
    const double sigma_error = session_unit(&e->s) * e->r.sigma_error;
    const struct {
        const char *name;
        const double *data;
    } scalars[] = {
        {"relaxation_time", &e->r.relaxation_time},
        {"residual", &e->r.residual},
        {"gap_residual", &e->r.gap_residual},
        {"law_error", &e->r.law_error},
        {"gap_error", &e->r.gap_error},
        {"sigma_error", &sigma_error},
        {"activity", &e->r.activity},
        {"products", &products},
        {"fluctuation", &e->f.integral},
    };
    enum { N_SCALARS = sizeof scalars / sizeof *scalars, MOST = N_COLUMNS + N_SCALARS + 14 };
    ki_array a[MOST];
    size_t k = 0;

    for (size_t c = 0; c < N_COLUMNS; c++)
        a[k++] = (ki_array){column_names[c], KI_FLOAT64, 1, {1}, &e->row[c]};
    for (size_t c = 0; c < N_SCALARS; c++)
        a[k++] = (ki_array){scalars[c].name, KI_FLOAT64, 0, {0}, scalars[c].data};
    a[k++] = (ki_array){"status", KI_STRING, 0, {0}, &status};
    a[k++] = (ki_array){"p", KI_FLOAT64, 1, {(size_t)1 << n}, e->out.p};
    a[k++] = (ki_array){"m", KI_FLOAT64, 1, {n}, e->out.m};
    a[k++] = (ki_array){"C", KI_FLOAT64, 2, {n, n}, e->out.C};
    if (e->dynamics == SYNC)
        a[k++] = (ki_array){"D", KI_FLOAT64, 2, {n, n}, e->out.D};
    a[k++] = (ki_array){"c", KI_FLOAT64, 2, {n, n}, e->out.c};
    a[k++] = (ki_array){"d", KI_FLOAT64, 2, {n, n}, e->out.d};
    a[k++] = (ki_array){"sigma_spin", KI_FLOAT64, 1, {n}, e->out.sigma_spin};
    a[k++] = (ki_array){"sigma_edge", KI_FLOAT64, 2, {n, n}, e->out.sigma_edge};
    a[k++] = (ki_array){"tau", KI_FLOAT64, 1, {e->lags}, e->tau};
    a[k++] = (ki_array){"autocorrelation", KI_FLOAT64, 1, {e->lags}, e->C};
    a[k++] = (ki_array){"sigma_bins", KI_FLOAT64, 1, {bins + 1}, e->edges};
    a[k++] = (ki_array){"sigma_probability", KI_FLOAT64, 1, {bins}, e->probability};
    return ki_write_arrays(e->s.file, k, a, provenance);
}

static int unconverged(const exact_run *e) {
    const ki_exact_result *r = &e->r;

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

static int report(exact_run *e) {
    column columns[N_COLUMNS];
    char title[160];
    int status = 0;
    const exact_figure figure = {.title = title,
                                 .async = e->dynamics == ASYNC,
                                 .bits = e->s.unit == UNIT_BITS,
                                 .n_lags = e->lags,
                                 .n_bins = (size_t)e->bins,
                                 .n_spins = (size_t)e->view.n,
                                 .tau = e->tau,
                                 .C = e->C,
                                 .edges = e->edges,
                                 .probability = e->probability,
                                 .sigma_spin = e->out.sigma_spin};
    const result out = {.columns = columns,
                        .n_columns = N_COLUMNS,
                        .rows = 1,
                        .draw = exact_draw,
                        .figure = &figure};

    for (size_t c = 0; c < N_COLUMNS; c++)
        columns[c] = (column){.name = column_names[c], .real = &e->row[c]};
    snprintf(title, sizeof title, "N = %llu, β = %.6g, %s, σ = %.6g", (unsigned long long)e->view.n,
             e->view.beta, e->dynamics == ASYNC ? "asynchronous" : "synchronous", e->row[3]);
    if (wants_arrays(e)) {
        status = session_write(&e->s, write_arrays, e, "1 row and arrays");
        if (!status && e->s.picture)
            status = exact_draw(&figure, e->s.picture);
        if (!status && e->s.picture && !e->s.quiet)
            remark("drew %s", e->s.picture);
    } else {
        status = session_end(&e->s, &out);
    }
    return !status && e->r.status != KI_CONVERGED ? unconverged(e) : status;
}

static int enumerate(exact_run *e, const option *options, size_t n) {
    if (!e->network)
        return complain(STATUS_USAGE, "exact : no network : --network FILE");
    int status = check_options(e, options, n);

    e->spec.dynamics = e->dynamics == ASYNC ? KI_ASYNC : KI_SYNC;
    if (!status)
        status = read_network(e, option_given(options, n, "beta"));
    if (!status)
        status = take_memory(e);
    if (!status)
        status = compute(e);
    return status ? status : report(e);
}

/* Initialisers of our options. */
#define OUR_OPTIONS(e)                                                                             \
    {.name = "network",                                                                            \
     .kind = OPTION_INPUT,                                                                         \
     .target = &(e)->network,                                                                      \
     .meta = "FILE",                                                                               \
     .help = "H, J and beta, .npz or .h5"},                                                        \
        {.name = "dynamics",                                                                       \
         .kind = OPTION_WORD,                                                                      \
         .target = &(e)->dynamics,                                                                 \
         .meta = "WORD",                                                                           \
         .help = "sync or async",                                                                  \
         .fallback = "sync",                                                                       \
         .words = dynamics_words},                                                                 \
        {.name = "beta",                                                                           \
         .kind = OPTION_REAL,                                                                      \
         .target = &(e)->beta,                                                                     \
         .meta = "X",                                                                              \
         .help = "instead of the file's",                                                          \
         .low = 0,                                                                                 \
         .high = 1e308},                                                                           \
        {.name = "zero-diagonal",                                                                  \
         .kind = OPTION_FLAG,                                                                      \
         .target = &(e)->zero_diagonal,                                                            \
         .help = "J_ii = 0 instead of the file's"},                                                \
        {.name = "keep-diagonal",                                                                  \
         .kind = OPTION_FLAG,                                                                      \
         .target = &(e)->keep_diagonal,                                                            \
         .help = "async: J_ii as it is"},                                                          \
    {                                                                                              \
        .name = "tol", .kind = OPTION_REAL, .target = &(e)->spec.tol, .meta = "X",                 \
        .help = "residual of the law, sum of |pT - p|", .fallback = "1e-14", .low = 1e-15,         \
        .high = 0.01                                                                               \
    }

int cmd_exact(int argc, char **argv) {
    exact_run e = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        OUR_OPTIONS(&e),
        {.name = "tmax",
         .kind = OPTION_REAL,
         .target = &e.tmax,
         .meta = "T",
         .help = "largest lag of the autocorrelation",
         .fallback = "10",
         .low = 0,
         .high = 1e9,
         .limits = LIMIT_OPEN_LOW},
        {.name = "points",
         .kind = OPTION_COUNT,
         .target = &e.points,
         .meta = "N",
         .help = "async: intervals of the autocorrelation",
         .fallback = "100",
         .low = 1,
         .high = LARGEST_POINTS},
        {.name = "bins",
         .kind = OPTION_COUNT,
         .target = &e.bins,
         .meta = "B",
         .help = "of the histogram of the entropy production",
         .fallback = "100",
         .low = 2,
         .high = MOST_BINS},
        {.name = "reproducible",
         .kind = OPTION_FLAG,
         .target = &e.s.reproducible,
         .help = "no times and machines in the files: equal bytes"},
        COMMON_OPTIONS(&e.s),
    };
    const size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&e.s, &exact_help, options, n);
    if (status == PARSE_DONE)
        status = enumerate(&e, options, n);
    free(e.arrays);
    free(e.J);
    ki_network_file_free(e.file);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
