/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising network draw | info | convert: network files. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "common/given_network.h"
#include "common/model_options.h"
#include "shell/ending.h"
#include "shell/memory.h"
#include "shell/output.h"

static const char group_help[] =
    "Network files: H (N), J (N,N), beta (one number). J[i,j] acts from spin j at t-1 on spin i at "
    "t.\n";
static const command_help draw_help = {
    "network draw",
    "Draws couplings J_ij ~ Normal(J0/N, dJ^2/N) and fields H_i ~ Uniform(-dH, dH), and writes "
    "them\n"
    "with beta. The same seed and N give the same numbers; J0, dJ and dH shift and scale them.\n",
    "  kinising network draw --N 200 --J0 1 --dJ 0.5 --beta 2 --seed 7 -o network.npz\n",
};
static const command_help info_help = {
    "network info",
    "The ensemble that a network looks like. Columns: N, beta, J0, dJ (N times the mean and "
    "sqrt(N)\n"
    "times the deviation of J_ij, i != j), H_mean, H_min, H_max, dH (half-width of the uniform "
    "fields\n"
    "of the same variance), asymmetry (correlation of J_ij and J_ji: 1 symmetric, 0 independent),\n"
    "diagonal (largest |J_ii|), density (share of J_ij that is not 0), has_beta (0: none in the "
    "file).\n",
    "  kinising network draw --N 50 -o network.npz\n"
    "  kinising network info network.npz\n",
};
static const command_help convert_help = {
    "network convert",
    "Reads a network from .npz or .h5, with numbers of any type, and writes it in the format of "
    "the\n"
    "ending of -o, perhaps changed.\n",
    "  kinising network draw --N 50 -o network.npz\n"
    "  kinising network convert network.npz --rescale 0.5 -o warmer.h5\n",
};

enum { LARGEST_N = 0x7FFFFFFF };

typedef struct network_run {
    session s;
    ki_theory_params p;
    uint64_t n;
    int zero_diagonal, transpose, absorb;
    double rescale, beta;
    given_network given;
    double *H, *J;   /* drawn or changed; one block that begins at H */
    ki_network view; /* what is written */
} network_run;

/* An output that holds a matrix, before anything is computed. */
static int check_output(const network_run *w) {

    if (w->s.to_stdout)
        return complain(STATUS_USAGE,
                        "-o - : stdout takes a table, and a network is none : -o FILE.npz or -o "
                        "FILE.h5");
    if (!w->s.file)
        return complain(STATUS_USAGE, "%s : no output file : -o FILE.npz or -o FILE.h5",
                        w->s.argv[0]);
    if (is_csv(w->s.file))
        return complain(STATUS_USAGE, "-o : a .csv holds no matrix : a .npz or .h5 file");
    return 0;
}

/* Memory for N fields and N^2 couplings, once or several times. */
static int check_size(const char *name, uint64_t n, size_t times) {
    return check_memory(name, n * (n + 1), times * sizeof(double));
}

static int take_arrays(network_run *w, uint64_t n) {
    w->H = get_memory(w->s.argv[0], n * (n + 1), sizeof(double));
    if (!w->H)
        return STATUS_FAILED;
    w->J = w->H + n;
    return 0;
}

static int write_network(void *ctx, const char *provenance) {
    const network_run *w = ctx;

    return ki_network_write(w->s.file, &w->view, provenance);
}

static int write_file(network_run *w, const char *more) {
    char what[80];

    snprintf(what, sizeof what, "N = %" PRIu64 "%s", w->view.n, more);
    return session_write(&w->s, write_network, w, what);
}

static int draw(network_run *w) {
    char seed[40];
    int status = check_output(w);

    /* The image of a .h5 file is a second one. */
    if (!status)
        status = check_size(w->s.argv[0], w->n, 2);
    if (!status)
        status = take_arrays(w, w->n);
    if (status)
        return status;
    const ki_run_options run = session_run_options(&w->s);
    int error =
        ki_network_draw(w->n, &w->p, w->zero_diagonal, session_seed(&w->s), &run, w->H, w->J);
    if (error)
        return complain_library(error);
    w->view = (ki_network){.n = w->n, .H = w->H, .J = w->J, .beta = w->p.beta};
    snprintf(seed, sizeof seed, ", seed %" PRIu64, w->s.seed);
    return write_file(w, seed);
}

static int network_draw(int argc, char **argv) {
    network_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        {.name = "N",
         .kind = OPTION_COUNT,
         .target = &w.n,
         .meta = "N",
         .help = "number of spins",
         .fallback = "100",
         .low = 1,
         .high = LARGEST_N},
        PARAMETER_VALUES(&w.p),
        {.name = "zero-diagonal",
         .kind = OPTION_FLAG,
         .target = &w.zero_diagonal,
         .help = "J_ii = 0 instead of drawn"},
        OUTPUT_OPTION(&w.s, "the network, .npz or .h5; required"),
        COMMON_OPTIONS_WITHOUT_FILES(&w.s),
    };

    int status = session_begin(&w.s, &draw_help, options, sizeof options / sizeof options[0]);
    if (status == PARSE_DONE)
        status = draw(&w);
    free(w.H);
    return status == PARSE_HELP ? STATUS_DONE : status;
}

static int show(network_run *w) {
    ki_network_summary s;
    int status = given_network_read(&w->given, &w->s, 1);

    if (status)
        return status;
    int error = ki_network_summarize(&w->given.file->view, &s);
    if (error)
        return complain_library(error);
    const double n = (double)w->given.file->view.n, has_beta = w->given.file->has_beta;
    const column columns[] = {{.name = "N", .real = &n},
                              {.name = "beta", .real = &w->given.file->view.beta},
                              {.name = "J0", .real = &s.J0},
                              {.name = "dJ", .real = &s.dJ},
                              {.name = "H_mean", .real = &s.H_mean},
                              {.name = "H_min", .real = &s.H_min},
                              {.name = "H_max", .real = &s.H_max},
                              {.name = "dH", .real = &s.dH},
                              {.name = "asymmetry", .real = &s.asymmetry},
                              {.name = "diagonal", .real = &s.diagonal},
                              {.name = "density", .real = &s.density},
                              {.name = "has_beta", .real = &has_beta}};
    result out = {.columns = columns, .n_columns = sizeof columns / sizeof columns[0], .rows = 1};
    return session_end(&w->s, &out);
}

static int network_info(int argc, char **argv) {
    network_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        {.name = "FILE", .kind = OPTION_POSITIONAL, .target = &w.given.path},
        OUTPUT_OPTION(&w.s, "write .csv, .npz or .h5; - for CSV on stdout, as without it"),
        COMMON_OPTIONS_WITHOUT_FILES(&w.s),
    };

    int status = session_begin(&w.s, &info_help, options, sizeof options / sizeof options[0]);
    if (status == PARSE_DONE)
        status = show(&w);
    given_network_free(&w.given);
    return status == PARSE_HELP ? STATUS_DONE : status;
}

/* A changed copy of the couplings and fields, `factor` times as large. */
static void change(network_run *w, double factor) {
    const ki_network *from = &w->given.file->view;
    const size_t n = (size_t)from->n;

    for (size_t i = 0; i < n; i++) {
        w->H[i] = factor * from->H[i];
        for (size_t j = 0; j < n; j++)
            w->J[i * n + j] = factor * (w->transpose ? from->J[j * n + i] : from->J[i * n + j]);
        if (w->zero_diagonal)
            w->J[i * n + i] = 0;
    }
    w->view.H = w->H;
    w->view.J = w->J;
}

static int convert(network_run *w, int beta_given) {
    const int changed = w->zero_diagonal || w->transpose || w->absorb;
    int status = check_output(w);

    if (!status)
        status = given_network_read(&w->given, &w->s, changed ? 3 : 2);
    if (status)
        return status;
    given_network_say_beta(&w->given, &w->s, beta_given);
    w->view = w->given.file->view;
    if (beta_given)
        w->view.beta = w->beta;
    w->view.beta *= w->rescale;
    if (isinf(w->view.beta))
        return complain(STATUS_USAGE, "--rescale : beta would be infinite : a smaller factor");
    if (changed) {
        status = take_arrays(w, w->view.n);
        if (status)
            return status;
        change(w, w->absorb ? w->view.beta : 1);
        if (w->absorb)
            w->view.beta = 1;
    }
    return write_file(w, "");
}

static int network_convert(int argc, char **argv) {
    network_run w = {.s = {.argc = argc, .argv = argv}, .rescale = 1};
    option options[] = {
        {.name = "FILE", .kind = OPTION_POSITIONAL, .target = &w.given.path},
        OUTPUT_OPTION(&w.s, "the result, .npz or .h5; required"),
        {.name = "rescale",
         .kind = OPTION_REAL,
         .target = &w.rescale,
         .meta = "X",
         .help = "multiply beta",
         .low = 0,
         .high = INFINITY},
        {.name = "beta",
         .kind = OPTION_REAL,
         .target = &w.beta,
         .meta = "X",
         .help = "set beta",
         .low = 0,
         .high = INFINITY},
        {.name = "zero-diagonal",
         .kind = OPTION_FLAG,
         .target = &w.zero_diagonal,
         .help = "J_ii = 0"},
        {.name = "transpose",
         .kind = OPTION_FLAG,
         .target = &w.transpose,
         .help = "for files whose J[i,j] acts from i on j"},
        {.name = "absorb-beta",
         .kind = OPTION_FLAG,
         .target = &w.absorb,
         .help = "multiply H and J by beta, after the above, and make beta 1"},
        COMMON_OPTIONS_WITHOUT_FILES(&w.s),
    };
    size_t n = sizeof options / sizeof options[0];

    options[1].limits = LIMIT_IN_PLACE; /* all is read before anything is written */
    int status = session_begin(&w.s, &convert_help, options, n);
    if (status == PARSE_DONE && option_given(options, n, "beta") &&
        option_given(options, n, "rescale"))
        status = complain(STATUS_USAGE, "--rescale : changes what --beta sets : one of the two");
    if (status == PARSE_DONE)
        status = convert(&w, option_given(options, n, "beta"));
    free(w.H);
    given_network_free(&w.given);
    return status == PARSE_HELP ? STATUS_DONE : status;
}

const command_part network_parts[] = {
    {"draw", "network draw", "a network of the ensemble, at random", network_draw},
    {"info", "network info", "what a network file holds", network_info},
    {"convert", "network convert", "another format, temperature or convention", network_convert},
    {NULL, NULL, NULL, NULL}};

int cmd_network(int argc, char **argv) {
    return run_part(network_parts, group_help, argc, argv);
}
