/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising simulate: averages over disorder of finite networks, over a product of lists. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd.h"
#include "common/grid.h"
#include "common/model_options.h"
#include "plot/plot_option.h"
#include "shell/memory.h"
#include "shell/team.h"
#include "simulate/checkpoint.h"
#include "simulate/replicas_run.h"
#include "simulate/run_options.h"
#include "simulate/study_plot.h"
#include "simulate/study_report.h"
#include "simulate/study_run.h"

static const command_help simulate_help = {
    "simulate",
    "Exact simulation of finite networks, averaged over disorder: every realization draws its own\n"
    "couplings and fields. One row for each combination, in the order dynamics, dH, dJ, J0, N, "
    "beta,\n"
    "beta fastest. Columns: N, beta, J0, dJ, dH, dynamics, realizations, steps, start, average,\n"
    "burn_in, zero_diagonal, then m, q, S, Sr and sigma each with its standard error, activity\n"
    "(probability that an update flips its spin), seconds, algorithm, status. They are those of\n"
    "step T = --steps (asynchronously of the time T), as in row T of transient: sigma is the "
    "entropy\n"
    "that flows to the bath, in the steady state the entropy production. The same numbers for any\n"
    "number of threads, shards, ranks and resumptions.\n"
    "Replicas of one network: simulate --network FILE, or simulate --raster FILE for one that is\n"
    "drawn here; see --network FILE --help, --raster FILE --help.\n",
    "  kinising simulate --N 32,128,512 --beta 0.5:2:16 --dJ 0.5 --plot finite.png\n"
    "  kinising simulate --N 1024 --realizations 4000 --checkpoint run.ck -o run.npz\n"
    "  kinising simulate --N 100 --shard 1/8 -o part1.npz   # then: kinising merge part*.npz\n",
};

static const char *const start_words[] = {"up", "random", "theory", NULL};
static const char *const algorithm_words[] = {"auto", "dense", "matrix-free", NULL};

typedef struct simulate_options {
    session s;
    value_list lists[N_PARAMETERS], sizes;
    unsigned dynamics, panels;
    uint64_t realizations, steps, burn_in, max_realizations;
    int average, start, algorithm, zero_diagonal;
    double rel_err, every;
    const char *network, *raster; /* never set: such calls go to replicas_run.c */
    const char *checkpoint, *shard;
    file_lock lock; /* of the checkpoint */
    grid g;
    double *n; /* the list of sizes */
    sim_study st;
} simulate_options;

/* "k/n" with 0 <= k <= n; n means 0, so that both ways of counting work. */
static int parse_shard(const char *text, sim_settings *set) {
    const char *slash = strchr(text, '/');
    uint64_t k, n;
    refusal no;
    char quoted[QUOTE_SIZE];

    if (!slash || parse_count(text, (size_t)(slash - text), &k, &no) ||
        parse_count(slash + 1, strlen(slash + 1), &n, &no) || n == 0 || n > 1000000 || k > n)
        return complain(STATUS_USAGE, "--shard : %s is no part of a whole : k/n, such as 3/8",
                        quote_text(quoted, text, strlen(text)));
    set->shard = k % n;
    set->shards = n;
    return 0;
}

static int has_ending(const char *path, const char *end) {
    size_t length = strlen(path), n = strlen(end);

    return length >= n && strcasecmp(path + length - n, end) == 0;
}

static int check_shard(simulate_options *o) {
    const char *file = o->s.file;

    if (!o->shard)
        return 0;
    int status = parse_shard(o->shard, &o->st.set);
    if (!status && o->rel_err > 0)
        status = complain(STATUS_USAGE, "--rel-err : no part knows the error of the whole : "
                                        "--realizations with --shard");
    if (!status && (!file || (!has_ending(file, ".npz") && !has_ending(file, ".h5"))))
        status = complain(STATUS_USAGE, "--shard : its state needs a file that holds more than a "
                                        "table : -o FILE.npz or FILE.h5");
    return status;
}

static int check_options(simulate_options *o, const option *options, size_t n) {
    sim_settings *set = &o->st.set;

    session_seed(&o->s);
    *set = (sim_settings){.realizations = o->realizations,
                          .max_realizations = o->max_realizations,
                          .rel_err = o->rel_err,
                          .shards = 1};
    if (option_given(options, n, "burn-in") && !o->average)
        return complain(STATUS_USAGE, "--burn-in : nothing is averaged over time : with --average");
    if (o->average && o->burn_in >= o->steps)
        return complain(STATUS_USAGE,
                        "--burn-in : %llu leaves nothing of %llu steps : fewer than --steps",
                        (unsigned long long)o->burn_in, (unsigned long long)o->steps);
    if (option_given(options, n, "max-realizations") && o->rel_err == 0)
        return complain(STATUS_USAGE, "--max-realizations : limits --rel-err, which is not given : "
                                      "--realizations alone");
    if (o->rel_err > 0 && o->max_realizations < o->realizations)
        return complain(STATUS_USAGE,
                        "--max-realizations : %llu is fewer than --realizations %llu : at least "
                        "as many",
                        (unsigned long long)o->max_realizations,
                        (unsigned long long)o->realizations);
    if (option_given(options, n, "checkpoint-every") && !o->checkpoint)
        return complain(STATUS_USAGE, "--checkpoint-every : there is no checkpoint : with "
                                      "--checkpoint FILE");
    if (o->checkpoint && strcmp(o->checkpoint, "-") == 0)
        return complain(STATUS_USAGE, "--checkpoint - : stdout takes a table, and this is none : "
                                      "--checkpoint FILE");
    return check_shard(o);
}

static ki_ensemble_spec spec_at(const simulate_options *o, int dynamics, uint64_t size,
                                size_t row) {
    return (ki_ensemble_spec){.n = size,
                              .p = grid_point(&o->g, row),
                              .dynamics = dynamics,
                              .steps = o->steps,
                              .average = o->average,
                              .burn_in = o->burn_in,
                              .start = o->start,
                              .algorithm = o->algorithm,
                              .zero_diagonal = o->zero_diagonal,
                              .seed = o->s.seed};
}

static int make_point(const simulate_options *o, const ki_ensemble_spec *spec, sim_point *p) {
    ki_ensemble *e = NULL;

    if (ki_ensemble_create(spec, &e))
        return complain(STATUS_USAGE, "%s", library_sentence());
    p->spec = *ki_ensemble_get_spec(e);
    p->target = o->realizations;
    int status = point_store(p, e);
    ki_ensemble_free(e);
    return status;
}

static size_t count_dynamics(const simulate_options *o) {
    return o->dynamics == (KI_SYNC | KI_ASYNC) ? 2 : 1;
}

/* The parameters of the grid, with the sizes between beta and J0, for each dynamics. */
static int make_points(simulate_options *o) {
    static const int dynamics[] = {KI_SYNC, KI_ASYNC};
    size_t sizes = (size_t)o->sizes.count, n_beta = o->g.n[KI_BETA];
    size_t both = count_dynamics(o), rest = o->g.total / n_beta;
    sim_study *st = &o->st;

    st->points = get_memory("simulate", o->g.total * sizes * both, sizeof(sim_point));
    if (!st->points)
        return STATUS_FAILED;
    memset(st->points, 0, o->g.total * sizes * both * sizeof(sim_point));
    for (int d = 0; d < 2; d++)
        for (size_t r = 0; r < rest && (o->dynamics & (unsigned)dynamics[d]); r++)
            for (size_t i = 0; i < sizes; i++)
                for (size_t b = 0; b < n_beta; b++) {
                    ki_ensemble_spec spec =
                        spec_at(o, dynamics[d], (uint64_t)o->n[i], r * n_beta + b);
                    int status = make_point(o, &spec, &st->points[st->n++]);
                    if (status)
                        return status;
                }
    return 0;
}

static int make_study(simulate_options *o) {
    /* A packed state is some 500 bytes at first and may become 2000. */
    enum { POINT_SIZE = sizeof(sim_point) + 2000 };
    const uint64_t n =
        o->sizes.count < UINT64_MAX / 2 ? o->sizes.count * count_dynamics(o) : UINT64_MAX;
    int status = grid_check_count("simulate", o->lists, n);

    if (!status) /* too much is refused before the lists are written out */
        status = grid_make(&o->g, "simulate", o->lists, (size_t)n * POINT_SIZE);
    if (status)
        return status;
    o->n = get_memory("simulate", o->sizes.count, sizeof *o->n);
    if (!o->n)
        return STATUS_FAILED;
    value_list_fill(&o->sizes, o->n);
    return make_points(o);
}

/* The largest N that fits into `bytes` a thread, 0 if none. */
static uint64_t largest_size(ki_ensemble_spec spec, double bytes) {
    uint64_t low = 0, high = spec.n, need;

    while (high - low > 1) {
        spec.n = low + (high - low) / 2;
        if (ki_ensemble_memory(&spec, &need) == 0 && (double)need <= bytes)
            low = spec.n;
        else
            high = spec.n;
    }
    return low;
}

static int refuse_memory(const sim_point *p, double need, double threads, double here) {
    const double gib = 0x1p30;
    char right[160];
    size_t used = 0;
    uint64_t other = 0;
    ki_ensemble_spec spec = p->spec;

    spec.algorithm = KI_ALGORITHM_MATRIX_FREE;
    right[0] = '\0';
    if (need <= here)
        used += (size_t)snprintf(right, sizeof right, "--threads %.0f, or ", floor(here / need));
    if (p->spec.algorithm == KI_ALGORITHM_DENSE && ki_ensemble_memory(&spec, &other) == 0 &&
        (double)other <= here)
        used += (size_t)snprintf(right + used, sizeof right - used, "--algorithm matrix-free, or ");
    snprintf(right + used, sizeof right - used, "N up to %llu",
             (unsigned long long)largest_size(p->spec, here / threads));
    return complain(STATUS_FAILED,
                    "simulate : N = %llu needs %.3g GiB, %.3g GiB for each of %.0f threads, and "
                    "this machine has %.3g GiB : %s",
                    (unsigned long long)p->spec.n, need * threads / gib, need / gib, threads,
                    here / gib, right);
}

/* Before anything runs: whether the largest point fits into this machine. */
static int check_size(simulate_options *o) {
    double here = machine_memory(), worst = 0;
    const sim_point *largest = NULL;
    ki_build_info info;

    if (ki_get_build_info(&info))
        return complain_library(KI_ERR_INTERNAL);
    /* Processes of one machine share its processors, unless each is bound to some of its own. */
    if (!o->s.threads && team_size() > 1)
        o->s.threads = (uint64_t)fmax(1, info.max_threads / team_on_this_machine());
    double threads = o->s.threads ? (double)o->s.threads : (double)info.max_threads;
    const uint64_t most = o->rel_err > 0 ? o->max_realizations : o->realizations;
    threads = fmin(threads, (double)most) * team_on_this_machine();
    for (size_t i = 0; i < o->st.n; i++) {
        uint64_t need;
        int error = ki_ensemble_memory(&o->st.points[i].spec, &need);
        if (error)
            return complain_library(error);
        if ((double)need > worst) {
            worst = (double)need;
            largest = &o->st.points[i];
        }
    }
    return worst * threads <= here ? 0 : refuse_memory(largest, worst, threads, here);
}

/* Goes on from the checkpoint if there is one. */
static int resume(simulate_options *o) {
    void *bytes = NULL;
    size_t size = 0;
    sim_study saved = {0};

    if (!o->checkpoint || access(o->checkpoint, F_OK) != 0)
        return 0; /* nothing yet, or what writing will complain about */
    int error = ki_read_bytes(o->checkpoint, &bytes, &size);
    if (error)
        return complain_input(error, o->checkpoint);
    int status = study_unpack(o->checkpoint, bytes, size, &saved);
    ki_free_bytes(bytes);
    if (!status)
        status = study_resume(o->checkpoint, &o->st, &saved);
    study_free(&saved);
    if (!status && !o->s.quiet)
        remark("going on from %s", o->checkpoint);
    return status;
}

static int run_and_report(simulate_options *o) {
    sim_run run = {.s = &o->s, .st = &o->st, .checkpoint = o->checkpoint, .every = o->every};

    int status = study_run(&run);
    file_lock_release(&o->lock);
    if (!status)
        status = study_results(&o->st);
    if (!status)
        status = study_report(&o->s, &o->st, o->shard != NULL, o->panels);
    if (!status && run.save_failed)
        status = complain(STATUS_FAILED,
                          "%s : the last checkpoint could not be written : the result is complete",
                          o->checkpoint);
    if (!status && run.capped)
        status =
            complain(STATUS_UNCONVERGED,
                     "simulate : %d of %zu points did not reach --rel-err %g, or flips enough to "
                     "believe it, within %llu realizations : a larger --max-realizations",
                     run.capped, o->st.n, o->rel_err, (unsigned long long)o->max_realizations);
    return status;
}

static int simulate(simulate_options *o, const option *options, size_t n) {
    int status = check_options(o, options, n);

    if (!status)
        status = make_study(o);
    if (!status && o->s.picture)
        status = study_plot_check(&o->st, o->panels);
    if (!status)
        status = check_size(o);
    if (!status && o->checkpoint)
        status = study_lock(o->checkpoint, o->s.quiet, &o->lock);
    if (!status)
        status = resume(o);
    if (status)
        return status;
    if (!option_given(options, n, "seed") && !o->s.quiet)
        remark("seed %llu", (unsigned long long)o->s.seed);
    return run_and_report(o);
}

#define OUR_OPTIONS(o)                                                                             \
    {.name = "dynamics",                                                                           \
     .kind = OPTION_WORDS,                                                                         \
     .target = &(o)->dynamics,                                                                     \
     .meta = "WORDS",                                                                              \
     .help = "sync, async or sync,async",                                                          \
     .fallback = "sync",                                                                           \
     .words = dynamics_words},                                                                     \
        {.name = "realizations",                                                                   \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(o)->realizations,                                                             \
         .meta = "R",                                                                              \
         .help = "networks drawn at each point",                                                   \
         .fallback = "100",                                                                        \
         .low = 1,                                                                                 \
         .high = 0x1p56},                                                                          \
        STEPS_OPTION(&(o)->steps), AVERAGE_OPTION(&(o)->average), BURN_IN_OPTION(&(o)->burn_in),   \
        {.name = "start",                                                                          \
         .kind = OPTION_WORD,                                                                      \
         .target = &(o)->start,                                                                    \
         .meta = "WORD",                                                                           \
         .help = "up, random, or with the m of theory",                                            \
         .fallback = "up",                                                                         \
         .words = start_words},                                                                    \
        {.name = "algorithm",                                                                      \
         .kind = OPTION_WORD,                                                                      \
         .target = &(o)->algorithm,                                                                \
         .meta = "WORD",                                                                           \
         .help = "auto (the faster), dense or matrix-free",                                        \
         .fallback = "auto",                                                                       \
         .words = algorithm_words},                                                                \
        {.name = "zero-diagonal",                                                                  \
         .kind = OPTION_FLAG,                                                                      \
         .target = &(o)->zero_diagonal,                                                            \
         .help = "no spin acts on itself (dense)"},                                                \
        {.name = "network",                                                                        \
         .kind = OPTION_INPUT,                                                                     \
         .target = &(o)->network,                                                                  \
         .meta = "FILE",                                                                           \
         .help = "replicas of this one instead: simulate --network FILE --help"},                  \
        {.name = "replicas",                                                                       \
         .kind = OPTION_ELSEWHERE,                                                                 \
         .help = "is of replicas of one network : with --network FILE or --raster FILE"},          \
        {.name = "raster",                                                                         \
         .kind = OPTION_OUTPUT,                                                                    \
         .target = &(o)->raster,                                                                   \
         .meta = "FILE",                                                                           \
         .help = "one network, and all its spins: simulate --raster FILE --help"},                 \
        {.name = "rel-err",                                                                        \
         .kind = OPTION_REAL,                                                                      \
         .target = &(o)->rel_err,                                                                  \
         .meta = "X",                                                                              \
         .help = "until sigma's relative error is X, and max(100, 1/X^2) flips were seen",         \
         .low = 0,                                                                                 \
         .high = 1,                                                                                \
         .limits = LIMIT_OPEN_LOW},                                                                \
        {.name = "max-realizations",                                                               \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(o)->max_realizations,                                                         \
         .meta = "R",                                                                              \
         .help = "where --rel-err gives up",                                                       \
         .fallback = "10000000",                                                                   \
         .low = 1,                                                                                 \
         .high = 0x1p56},                                                                          \
        {.name = "checkpoint",                                                                     \
         .kind = OPTION_OUTPUT,                                                                    \
         .target = &(o)->checkpoint,                                                               \
         .meta = "FILE",                                                                           \
         .help = "save finished realizations here; the same command goes on"},                     \
        {.name = "checkpoint-every",                                                               \
         .kind = OPTION_REAL,                                                                      \
         .target = &(o)->every,                                                                    \
         .meta = "SECONDS",                                                                        \
         .help = "how often",                                                                      \
         .fallback = "10",                                                                         \
         .low = 0,                                                                                 \
         .high = 1e9},                                                                             \
        {.name = "shard",                                                                          \
         .kind = OPTION_TEXT,                                                                      \
         .target = &(o)->shard,                                                                    \
         .meta = "K/N",                                                                            \
         .help = "part K of N of the realizations; see kinising merge"},                           \
        REPRODUCIBLE_OPTION(&(o)->s)

int cmd_simulate(int argc, char **argv) {
    if (simulate_has_option(argc, argv, "--network"))
        return simulate_network(argc, argv);
    if (simulate_has_option(argc, argv, "--raster"))
        return simulate_drawn(argc, argv);
    simulate_options o = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        {.name = "N",
         .kind = OPTION_COUNTS,
         .target = &o.sizes,
         .meta = "LIST",
         .help = "numbers of spins",
         .fallback = "100",
         .low = 1,
         .high = 2147483647},
        PARAMETER_LISTS(o.lists, 0, ">= 0"),
        OUR_OPTIONS(&o),
        PANELS_OPTION(&o.panels),
        COMMON_OPTIONS(&o.s),
    };
    size_t n = sizeof options / sizeof options[0], seed = option_index(options, n, "seed");

    options[seed].help = "of the random numbers (default 1)";
    int status = session_begin(&o.s, &simulate_help, options, n);
    if (status == PARSE_DONE)
        status = simulate(&o, options, n);
    file_lock_release(&o.lock);
    study_free(&o.st);
    free(o.n);
    grid_free(&o.g);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
