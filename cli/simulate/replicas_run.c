/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising simulate --network, and --raster without it: replicas of one network. */
#include "simulate/replicas_run.h"

#include <stdlib.h>
#include <string.h>

#include "common/given_network.h"
#include "common/model_options.h"
#include "shell/ending.h"
#include "shell/memory.h"
#include "shell/output.h"
#include "shell/team.h"
#include "shell/values.h"
#include "simulate/run_options.h"
#include "simulate/simulate_row.h"

static const command_help network_help = {
    "simulate",
    "With --network: independent replicas of one network, advanced together. One row, with the\n"
    "columns of every simulate: averages over spins with standard errors over replicas, which are\n"
    "the realizations; J0, dJ and dH are those the network looks like. A .npz or .h5 file also\n"
    "holds m (N) (the mean over spins is m_mean there), the raw moments c and d (N,N; d[i,j] =\n"
    "<s_i(t) s_j(t-1)>, asynchronously <tanh(beta h_i) s_j>), m_before (N) of the states s_j in d\n"
    "(connected is d[i,j] - m[i] m_before[j]), and the entropy flow to the bath of each spin and\n"
    "edge, sigma_spin (N) and sigma_edge (N,N), whose sum is N sigma; the diagonal holds what "
    "flows\n"
    "by a spin's own change. There are no checkpoints of replicas.\n",
    "  kinising network draw --N 50 --dJ 0.5 --beta 2 -o network.npz\n"
    "  kinising simulate --network network.npz --replicas 1000 --average --burn-in 50 -o "
    "moments.npz\n"
    "  kinising simulate --network network.npz --replicas 10 --raster spins.npz\n",
};

static const command_help drawn_help = {
    "simulate",
    "With --raster and without --network: a network is drawn, the one of network draw with the "
    "same\n"
    "N, parameters and seed, and the spins of its replicas are written. Everything else is as "
    "with\n"
    "--network FILE.\n",
    "  kinising simulate --N 20 --beta 4 --J0 0.2 --steps 5000 --raster spins.npz\n"
    "  kinising diagnose spins.npz --axes time,unit\n",
};

static const char *const start_words[] = {"up", "random", NULL};

enum { N_MOMENTS = 6 };

typedef struct network_run {
    session s;
    const char *raster_file;
    double beta;
    int dynamics, start;
    ki_replicas_spec spec;
    given_network given;
    uint64_t n; /* without a file: spins, parameters, and the block of H and J */
    ki_theory_params p;
    int zero_diagonal;
    double *drawn;
    ki_network view; /* at the beta of the run */
    ki_replicas_out out;
    double *arrays; /* one block: m, m_before, sigma_spin, c, d, sigma_edge */
    double numbers[SIM_NUMBERS];
    const char *words[SIM_WORDS];
} network_run;

/* Whether a file is to hold matrices. */
static int wants_moments(const network_run *w) {
    return w->s.file && !is_csv(w->s.file);
}

static int check_options(network_run *w, const option *options, size_t n) {
    const ki_replicas_spec *spec = &w->spec;

    if (option_given(options, n, "burn-in") && !spec->average)
        return complain(STATUS_USAGE, "--burn-in : nothing is averaged over time : with --average");
    if (spec->average && spec->burn_in >= spec->steps)
        return complain(STATUS_USAGE,
                        "--burn-in : %llu leaves nothing of %llu steps : fewer than --steps",
                        (unsigned long long)spec->burn_in, (unsigned long long)spec->steps);
    if (is_csv(w->raster_file))
        return complain(STATUS_USAGE, "--raster : a .csv holds no spins : a .npz or .h5 file");
    if (w->raster_file && strcmp(w->raster_file, "-") == 0)
        return complain(STATUS_USAGE,
                        "--raster - : stdout takes a table, and spins are none : a .npz "
                        "or .h5 file");
    const int error = w->raster_file ? ki_check_writable(w->raster_file) : 0;
    return error ? complain_library(error) : 0;
}

static int read_network(network_run *w, int beta_given) {
    const int status = given_network_read(&w->given, &w->s, 1);

    if (status)
        return status;
    w->view = w->given.view;
    if (beta_given)
        w->view.beta = w->beta;
    given_network_say_beta(&w->given, &w->s, beta_given);
    return 0;
}

static int draw_network(network_run *w) {
    const uint64_t n = w->n;

    if (check_memory(w->s.argv[0], n * (n + 1), sizeof(double)))
        return STATUS_FAILED;
    w->drawn = get_memory(w->s.argv[0], n * (n + 1), sizeof(double));
    if (!w->drawn)
        return STATUS_FAILED;
    const ki_run_options run = session_run_options(&w->s);
    const int error = ki_network_draw(n, &w->p, w->zero_diagonal, session_seed(&w->s), &run,
                                      w->drawn, w->drawn + n);
    w->view = (ki_network){.n = n, .H = w->drawn, .J = w->drawn + n, .beta = w->p.beta};
    return error ? complain_library(error) : 0;
}

/* Bytes of all spins, 0 if they are not asked for. */
static double raster_size(const network_run *w) {
    return w->raster_file
               ? (double)w->spec.replicas * (double)(w->spec.steps + 1) * (double)w->view.n
               : 0;
}

/* Says how large the raster will be, if there is room for it. */
static int check_raster(const network_run *w) {
    const double spins = raster_size(w);
    char bytes[BYTES_SIZE];

    if (!w->raster_file)
        return 0;
    const int status = check_disk("--raster", w->raster_file, spins, "fewer replicas or steps");
    if (!status && !w->s.quiet)
        remark("raster: %s will be written to %s", print_bytes(bytes, spins), w->raster_file);
    return status;
}

/* What the library takes and what the results are, together. */
static int take_memory(network_run *w) {
    const uint64_t n = w->view.n, moments = wants_moments(w) ? n * (3 * n + 3) : 0;
    const ki_replicas_spec *spec = &w->spec;
    const double spins = raster_size(w);
    uint64_t bytes;

    const int error = ki_replicas_memory(n, spec, moments > 0, (int)w->s.threads, &bytes);
    if (error)
        return complain_library(error);
    const double all = (double)bytes + (double)moments * sizeof(double) + spins;
    if (all >= 0x1p63 || check_memory(w->s.argv[0], (uint64_t)all, 1))
        return all >= 0x1p63
                   ? complain(STATUS_FAILED,
                              "simulate : %g bytes are needed : fewer replicas or steps", all)
                   : STATUS_FAILED;
    if (moments) {
        w->arrays = get_memory(w->s.argv[0], moments, sizeof(double));
        if (!w->arrays)
            return STATUS_FAILED;
        w->out.m = w->arrays;
        w->out.m_before = w->out.m + n;
        w->out.sigma_spin = w->out.m_before + n;
        w->out.c = w->out.sigma_spin + n;
        w->out.d = w->out.c + n * n;
        w->out.sigma_edge = w->out.d + n * n;
    }
    if (w->raster_file) {
        w->out.raster = get_memory(w->s.argv[0], (uint64_t)spins, 1);
        if (!w->out.raster)
            return STATUS_FAILED;
    }
    return 0;
}

static int run(network_run *w) {
    const double unit = session_unit(&w->s);
    ki_run_options options = session_run_options(&w->s);
    const size_t n = (size_t)w->view.n;
    ki_ensemble_result r;
    ki_network_summary looks;

    if (options.progress)
        options.progress = session_rate;
    if (!w->s.quiet)
        remark("seed %llu%s", (unsigned long long)w->s.seed,
               team_size() > 1 ? ", replicas run on the first rank alone" : "");
    int error = ki_network_summarize(&w->view, &looks);
    if (!error)
        error = ki_replicas(&w->view, &w->spec, &options, &r, &w->out);
    if (error)
        return complain_library(error);
    for (size_t i = 0; w->arrays && i < n; i++)
        w->out.sigma_spin[i] *= unit;
    for (size_t i = 0; w->arrays && i < n * n; i++)
        w->out.sigma_edge[i] *= unit;
    const sim_row row = {.n = n,
                         .steps = w->spec.steps,
                         .burn_in = w->spec.burn_in,
                         .p = {w->view.beta, looks.J0, looks.dJ, looks.dH},
                         .dynamics = w->spec.dynamics,
                         .start = w->spec.start,
                         .average = w->spec.average,
                         .zero_diagonal = looks.diagonal == 0,
                         .seconds = session_seconds(&w->s),
                         .r = &r,
                         .algorithm = "replicas",
                         .status = KI_CONVERGED};
    sim_fill(&w->s, &row, 0, 1, w->numbers, w->words);
    return 0;
}

static ki_array array_of(const column *c) {
    return (ki_array){.name = c->name,
                      .type = c->word ? KI_STRING : KI_FLOAT64,
                      .ndim = 1,
                      .shape = {1},
                      .data = c->word ? (const void *)c->word : (const void *)c->real};
}

static int write_moments(void *context, const char *provenance) {
    const network_run *w = context;
    const size_t n = (size_t)w->view.n;
    column row[SIM_COLUMNS];
    ki_array a[SIM_COLUMNS + N_MOMENTS];
    ki_label labels[SIM_COLUMNS + N_MOMENTS] = {{0}};

    sim_columns(&w->s, (unsigned)w->spec.dynamics, 1, w->numbers, w->words, row);
    row[SIM_COLUMN_M].name = "m_mean"; /* in a file that holds the array m */
    row[SIM_COLUMN_M + 1].name = "m_mean_err";
    for (size_t c = 0; c < SIM_COLUMNS; c++)
        a[c] = array_of(&row[c]);
    for (size_t c = 0; c < SIM_COLUMNS; c++)
        labels[c].units = row[c].units;
    const char *entropy = entropy_units(w->s.unit == UNIT_BITS, (unsigned)w->spec.dynamics);
    const struct {
        const char *name;
        int ndim;
        const double *data;
        const char *units;
    } moments[N_MOMENTS] = {{"m", 1, w->out.m, NULL},
                            {"c", 2, w->out.c, NULL},
                            {"d", 2, w->out.d, NULL},
                            {"sigma_spin", 1, w->out.sigma_spin, entropy},
                            {"sigma_edge", 2, w->out.sigma_edge, entropy},
                            {"m_before", 1, w->out.m_before, NULL}};
    for (size_t k = 0; k < N_MOMENTS; k++) {
        a[SIM_COLUMNS + k] =
            (ki_array){moments[k].name, KI_FLOAT64, moments[k].ndim, {n, n}, moments[k].data};
        labels[SIM_COLUMNS + k].units = moments[k].units;
        for (int d = 0; d < moments[k].ndim; d++)
            labels[SIM_COLUMNS + k].axes[d] = d == 0 ? "spin" : "from_spin";
    }
    return ki_write_labelled(w->s.file, SIM_COLUMNS + N_MOMENTS, a, labels, provenance);
}

/* The spins, and the columns of the row that say what they are: parameters and status. */
static int write_raster(void *context, const char *provenance) {
    const network_run *w = context;
    column row[SIM_COLUMNS];
    ki_array a[SIM_COLUMNS];
    ki_label labels[SIM_COLUMNS] = {{0}};
    size_t n = 0;

    a[n] = (ki_array){"raster",
                      KI_INT8,
                      3,
                      {(size_t)w->spec.replicas, (size_t)w->spec.steps + 1, (size_t)w->view.n},
                      w->out.raster};
    labels[n++] = (ki_label){.axes = {"replica", "time", "spin"}};
    sim_columns(&w->s, (unsigned)w->spec.dynamics, 1, w->numbers, w->words, row);
    for (size_t c = 0; c < SIM_COLUMNS; c++)
        if (c < SIM_COLUMN_M || c == SIM_COLUMN_STATUS) {
            a[n] = array_of(&row[c]);
            labels[n++].units = row[c].units;
        }
    return ki_write_labelled(w->raster_file, n, a, labels, provenance);
}

static int report(network_run *w) {
    const char *file = w->s.file;
    column columns[SIM_COLUMNS];
    int status = 0;
    char what[80];

    if (w->raster_file) {
        w->s.file = w->raster_file; /* which the remark names */
        status = session_write(&w->s, write_raster, w, "raster: replica, time, spin");
        w->s.file = file;
    }
    if (status)
        return status;
    if (w->arrays) {
        snprintf(what, sizeof what, "N = %llu", (unsigned long long)w->view.n);
        return session_write(&w->s, write_moments, w, what);
    }
    sim_columns(&w->s, (unsigned)w->spec.dynamics, 1, w->numbers, w->words, columns);
    const result out = {.columns = columns, .n_columns = SIM_COLUMNS, .rows = 1};
    return session_end(&w->s, &out);
}

static int simulate(network_run *w, const option *options, size_t n) {
    int status = check_options(w, options, n);

    if (!status)
        status = w->n ? draw_network(w) : read_network(w, option_given(options, n, "beta"));
    w->spec.dynamics = w->dynamics ? KI_ASYNC : KI_SYNC;
    w->spec.start = w->start ? KI_START_RANDOM : KI_START_UP;
    w->spec.seed = session_seed(&w->s);
    if (!status)
        status = check_raster(w);
    if (!status)
        status = take_memory(w);
    if (!status)
        status = run(w);
    return status ? status : report(w);
}

/* What simulate knows without --network. */
#define OF_ENSEMBLES(word)                                                                         \
    {                                                                                              \
        .name = word, .kind = OPTION_ELSEWHERE,                                                    \
        .help = "is of averages over drawn networks : without --network and --raster"              \
    }

#define OPTIONS_OF_ENSEMBLES                                                                       \
    OF_ENSEMBLES("realizations"), OF_ENSEMBLES("algorithm"), OF_ENSEMBLES("rel-err"),              \
        OF_ENSEMBLES("max-realizations"), OF_ENSEMBLES("checkpoint"),                              \
        OF_ENSEMBLES("checkpoint-every"), OF_ENSEMBLES("shard"), {                                 \
        .name = "plot", .kind = OPTION_ELSEWHERE,                                                  \
        .help = "one row is no curve : -o FILE.npz, and a plot of the arrays there"                \
    }

/* Options of replicas, wherever their network is from. */
#define OPTIONS_OF_REPLICAS(w, usual)                                                              \
    DYNAMICS_OPTION(&(w)->dynamics, "sync"),                                                       \
        {.name = "replicas",                                                                       \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->spec.replicas,                                                            \
         .meta = "R",                                                                              \
         .help = "independent copies",                                                             \
         .fallback = usual,                                                                        \
         .low = 1,                                                                                 \
         .high = 0x1p56},                                                                          \
        STEPS_OPTION(&(w)->spec.steps), AVERAGE_OPTION(&(w)->spec.average),                        \
        BURN_IN_OPTION(&(w)->spec.burn_in),                                                        \
        {.name = "start",                                                                          \
         .kind = OPTION_WORD,                                                                      \
         .target = &(w)->start,                                                                    \
         .meta = "WORD",                                                                           \
         .help = "up or random",                                                                   \
         .fallback = "up",                                                                         \
         .words = start_words},                                                                    \
        {.name = "raster",                                                                         \
         .kind = OPTION_OUTPUT,                                                                    \
         .target = &(w)->raster_file,                                                              \
         .meta = "FILE",                                                                           \
         .help = "write all spins, raster (R,T+1,N), .npz or .h5"},                                \
        REPRODUCIBLE_OPTION(&(w)->s), OPTIONS_OF_ENSEMBLES,                                        \
        OUTPUT_OPTION(&(w)->s, "write .csv, .npz or .h5; - for CSV on stdout, as without it"),     \
        COMMON_OPTIONS_WITHOUT_FILES(&(w)->s)

static int run_command(network_run *w, const command_help *help, option *options, size_t n) {
    int status = session_begin(&w->s, help, options, n);

    if (status == PARSE_DONE)
        status = simulate(w, options, n);
    free(w->arrays);
    free(w->out.raster);
    free(w->drawn);
    given_network_free(&w->given);
    return status == PARSE_HELP ? STATUS_DONE : status;
}

int simulate_network(int argc, char **argv) {
    network_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        NETWORK_OPTION(&w.given.path),
        {.name = "beta",
         .kind = OPTION_REAL,
         .target = &w.beta,
         .meta = "X",
         .help = "instead of the file's",
         .low = 0,
         .high = 1e308},
        OF_ENSEMBLES("N"),
        OF_ENSEMBLES("J0"),
        OF_ENSEMBLES("dJ"),
        OF_ENSEMBLES("dH"),
        OF_ENSEMBLES("zero-diagonal"),
        OPTIONS_OF_REPLICAS(&w, "100"),
    };

    return run_command(&w, &network_help, options, sizeof options / sizeof options[0]);
}

int simulate_drawn(int argc, char **argv) {
    network_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        {.name = "N",
         .kind = OPTION_COUNT,
         .target = &w.n,
         .meta = "N",
         .help = "number of spins",
         .fallback = "100",
         .low = 1,
         .high = 2147483647},
        PARAMETER_VALUES(&w.p),
        {.name = "zero-diagonal",
         .kind = OPTION_FLAG,
         .target = &w.zero_diagonal,
         .help = "J_ii = 0 instead of drawn"},
        OPTIONS_OF_REPLICAS(&w, "1"),
    };

    return run_command(&w, &drawn_help, options, sizeof options / sizeof options[0]);
}

int simulate_has_option(int argc, char **argv, const char *name) {
    const size_t length = strlen(name);

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], name, length) == 0 &&
            (argv[i][length] == '\0' || argv[i][length] == '='))
            return 1;
    return 0;
}
