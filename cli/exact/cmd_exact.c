/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising exact: all states of one small network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "common/model_options.h"
#include "exact/exact.h"
#include "plot/plot_option.h"
#include "shell/memory.h"

static const command_help exact_help = {
    "exact",
    "The steady state of one network from all of its 2^N states: no sampling, no approximation.\n"
    "Up to 14 spins with --dynamics sync, 20 with async. A row for each beta: N, beta, dynamics,\n"
    "m_mean (m of the other commands, too), q, path entropies S and Sr, entropy production sigma "
    "(per\n"
    "spin and step or unit of time), entropy of the system per spin, spectral gap and status; q is "
    "of\n"
    "lag 1, asynchronously of a long lag. A .npz or .h5 file also holds m (N), C and D (N,N; "
    "connected,\n"
    "D sync only), the raw moments c and d, sigma_spin (N) and sigma_edge (N,N), the law p (2^N; "
    "bit "
    "i\n"
    "of a state's number is spin i), relaxation_time, residuals, the autocorrelation, and the\n"
    "distribution of the entropy production of one step or flip, all of them for each of several "
    "betas,\n"
    "beta first. Exit status 3 and a sentence if a law or a gap is not exact: frozen networks, "
    "whose\n"
    "law depends on the start.\n",
    "  kinising network draw --N 10 --dJ 1 --beta 1.5 -o small.npz\n"
    "  kinising exact --network small.npz\n"
    "  kinising exact --network small.npz -o exact.npz --plot exact.png\n"
    "  kinising exact --network small.npz --dynamics async --zero-diagonal --beta 0.5\n"
    "  kinising exact --network small.npz --beta 0.2:2:10 --plot curves.png\n",
};

enum { LARGEST_POINTS = 1000000, MOST_BINS = 65536 };

static int check_options(exact_run *e, const option *options, size_t n) {
    static const char *const shown[] = {"tmax", "points", "bins"};
    char asked[REAL_SIZE];

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (!exact_wants_details(e) && option_given(options, n, shown[i]))
            return complain(
                STATUS_USAGE,
                "--%s : nothing would show it : with -o FILE.npz, -o FILE.h5 or the --plot "
                "of one beta",
                shown[i]);
    if (e->beta_list.count > 1000000)
        return complain(STATUS_USAGE, "--beta : %llu values are too many : at most 1000000",
                        (unsigned long long)e->beta_list.count);
    if (e->zero_diagonal && e->keep_diagonal)
        return complain(STATUS_USAGE,
                        "--zero-diagonal : excludes --keep-diagonal : one of the two");
    if (e->bins % 2)
        return complain(STATUS_USAGE,
                        "--bins : %llu is odd : an even number, as many on each side "
                        "of 0",
                        (unsigned long long)e->bins);
    if (e->dynamics == EXACT_SYNC && option_given(options, n, "points"))
        return complain(STATUS_USAGE,
                        "--points : does not apply to --dynamics sync : --tmax alone, every whole "
                        "lag up to it is given");
    if (e->dynamics == EXACT_SYNC && (e->tmax != floor(e->tmax) || e->tmax > LARGEST_POINTS))
        return complain(STATUS_USAGE,
                        "--tmax : %s is no number of steps : a whole number from 1 to %d with "
                        "--dynamics sync",
                        print_real(asked, e->tmax), LARGEST_POINTS);
    e->lags = (e->dynamics == EXACT_SYNC ? (size_t)e->tmax : (size_t)e->points) + 1;
    return 0;
}

/* Asynchronously a spin that acts on itself changes its own field as it flips. */
static int check_diagonal(exact_run *e) {
    if (e->zero_diagonal)
        return given_network_zero_diagonal(&e->given, &e->s);
    const unsigned long long i = given_network_self_coupled(&e->given), n = e->given.view.n;
    if (e->dynamics == EXACT_SYNC || e->keep_diagonal || i == n)
        return 0;
    return complain(STATUS_USAGE,
                    "J[%llu,%llu] : is %g, and asynchronously a spin that flips would change its "
                    "own field : --zero-diagonal for J_ii = 0, or --keep-diagonal for the network "
                    "as it is",
                    i, i, e->given.view.J[i * n + i]);
}

static int check_size(const exact_run *e, unsigned long long n) {
    if (e->dynamics == EXACT_SYNC && n > KI_EXACT_MOST_SYNC)
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
    /* Before it is read: a network of thousands of spins is no small file. */
    int status = check_size(e, given_network_size(e->given.path));

    status = status ? status : given_network_read(&e->given, &e->s, 1);
    status = status ? status : check_diagonal(e);
    e->view = e->given.view;
    return status ? status
                  : given_network_betas(&e->given, &e->s, &e->beta_list, beta_given, &e->betas,
                                        &e->n_betas);
}

static int enumerate(exact_run *e, const option *options, size_t n) {
    if (!e->given.path)
        return complain(STATUS_USAGE, "exact : no network : --network FILE");
    int status = check_options(e, options, n);

    e->spec.dynamics = e->dynamics == EXACT_ASYNC ? KI_ASYNC : KI_SYNC;
    if (!status)
        status = read_network(e, option_given(options, n, "beta"));
    return status ? status : exact_tabulate(e);
}

/* Initialisers of our options. */
#define OUR_OPTIONS(e)                                                                             \
    NETWORK_OPTION(&(e)->given.path), DYNAMICS_OPTION(&(e)->dynamics, "sync"),                     \
        {.name = "beta",                                                                           \
         .kind = OPTION_LIST,                                                                      \
         .target = &(e)->beta_list,                                                                \
         .meta = "LIST",                                                                           \
         .help = "instead of the file's; one, or several",                                         \
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
        REPRODUCIBLE_OPTION(&e.s),
        COMMON_OPTIONS(&e.s),
    };
    const size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&e.s, &exact_help, options, n);
    if (status == PARSE_DONE)
        status = enumerate(&e, options, n);
    free(e.betas);
    given_network_free(&e.given);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
