/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising fit: a network from a recording. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "common/model_options.h"
#include "data/fit.h"
#include "shell/ending.h"
#include "shell/memory.h"

static const command_help fit_help = {
    "fit",
    "A network from a recording: fields H_i and couplings J_ij (from unit j on unit i, one bin\n"
    "later, beta = 1) of which it is a likely course, with errors. FILE is any that kinising "
    "raster\n"
    "reads: a matrix of 0/1 or -1/+1 with --axes, spike times with --bin. The .npz or .h5 file of "
    "-o\n"
    "is a network that simulate, exact, meanfield and theory take (H, J, beta), with H_err, "
    "J_err,\n"
    "log_likelihood_unit, status_unit and fitted (0: a column of J that the data say nothing of).\n"
    "Methods: mle (maximum likelihood), nmf, tap, ms (closed forms of mean fields). A row whose\n"
    "likelihood has no finite maximum is separated: it is named, and fitted with Firth's penalty.\n"
    "Units that never change are silent or saturated: constants, with J = 0.\n"
    "Several values of --ridge or --l1: the one that predicts best what is held out is taken.\n"
    "Columns: method, N, trials, transitions, dynamics, bin, step, ridge, l1, firth, beta, J0, dJ "
    "(N\n"
    "times the mean and sqrt(N) times the deviation of J_ij, i != j), log_likelihood, aic, bic,\n"
    "parameters, held_out (bits per spike), separated, constant, no_root, unfitted (numbers of "
    "units),\n"
    "status.\n",
    "  kinising network draw --N 20 --dJ 0.5 -o network.npz\n"
    "  kinising simulate --network network.npz --replicas 1 --steps 5000 --raster r.npz\n"
    "  kinising fit r.npz --axes time,unit -o fit.npz\n"
    "  kinising fit r.npz --axes time,unit --ridge 0,3,10,30 --folds 5 -o fit.npz\n",
};

static const char *const method_words[] = {"mle", "nmf", "tap", "ms", NULL};
enum { MOST_PENALTIES = 1000 };

static int check_penalties(const fit_run *w) {
    const uint64_t ridges = w->ridges.count, ones = w->ones.count;

    if (ridges > 1 && ones > 1)
        return complain(STATUS_USAGE, "--l1 : a list, and --ridge is one too : several values of "
                                      "one of them");
    if (ridges > MOST_PENALTIES || ones > MOST_PENALTIES)
        return complain(STATUS_USAGE, "%s : %llu values are too many : at most %d",
                        ridges > ones ? "--ridge" : "--l1",
                        (unsigned long long)(ridges > ones ? ridges : ones), MOST_PENALTIES);
    if ((ridges > 1 || ones > 1) && !w->folds && !(w->holdout > 0))
        return complain(STATUS_USAGE,
                        "%s : several values, and nothing says which is best : --holdout 0.2 or "
                        "--folds 5",
                        ridges > 1 ? "--ridge" : "--l1");
    return 0;
}

static int check_options(const fit_run *w, const option *options, size_t n) {
    if (is_csv(w->s.file))
        return complain(STATUS_USAGE, "-o : a .csv holds no matrix : a .npz or .h5 file");
    if (w->folds && w->holdout > 0)
        return complain(STATUS_USAGE, "--folds : --holdout is another way : one of them");
    if (w->updates_path && !w->async)
        return complain(STATUS_USAGE,
                        "--updates : synchronous dynamics updates all units : --dynamics async");
    if (w->updates_path && w->input.file.min_rate > 0)
        return complain(STATUS_USAGE, "--min-rate : of --updates it would keep the units that are "
                                      "drawn often : --units with those to keep");
    if (w->async && !w->updates_path && !option_given(options, n, "step"))
        return complain(STATUS_USAGE,
                        "--dynamics async : when units were updated is not known : --updates FILE, "
                        "or --step with the time from bin to bin (1: as many updates as units)");
    if (option_given(options, n, "step") && (!w->async || w->updates_path))
        return complain(STATUS_USAGE, "--step : is of asynchronous data without update times : "
                                      "--dynamics async and no --updates");
    return check_penalties(w);
}

static int read_recording(fit_run *w) {
    w->input.quiet = &w->s.quiet;
    ki_raster_summary updates;
    int status = raster_read(w->path, &w->input, NULL, &w->raster, &w->summary);

    if (!status && w->updates_path)
        status = raster_read(w->updates_path, &w->input, "updates", &w->updates, &updates);
    if (status)
        return status;
    w->n = (size_t)w->summary.units;
    w->spec = (ki_fit_spec){.method = w->method,
                            .firth = w->firth,
                            .dynamics = w->async ? KI_ASYNC : KI_SYNC,
                            .updates = w->updates,
                            .step = w->step};
    return 0;
}

/* Everything that the result needs, after it is known that the machine has what the fit takes. */
static int take_memory(fit_run *w) {
    const uint64_t n = w->n, matrices = w->robust ? 3 : 2;
    uint64_t bytes;
    const int error = ki_fit_memory(n, &w->spec, (int)w->s.threads, &bytes);

    if (error)
        return complain_library(error);
    const uint64_t own = 8 * matrices * n * (n + 1);
    int status = check_memory(w->s.argv[0], bytes + own + 16 * n, 1);
    if (status)
        return status;
    w->numbers = get_memory(w->s.argv[0], matrices * n * (n + 1) + n, sizeof(double));
    w->status = get_memory(w->s.argv[0], n, sizeof *w->status);
    w->column = get_memory(w->s.argv[0], n, sizeof *w->column);
    if (!w->numbers || !w->status || !w->column)
        return STATUS_FAILED;
    double *at = w->numbers;
    w->fit = (ki_fit_result){.H = at,
                             .J = at + n,
                             .H_err = at + n * (n + 1),
                             .J_err = at + n * (n + 1) + n,
                             .log_likelihood = at + matrices * n * (n + 1),
                             .status = w->status,
                             .column = w->column};
    if (w->robust) {
        w->fit.H_robust = at + 2 * n * (n + 1);
        w->fit.J_robust = w->fit.H_robust + n;
    }
    return 0;
}

static int list_penalties(fit_run *w) {
    const value_list *list = w->ones.count > 1 ? &w->ones : &w->ridges;
    double one;

    w->tried = list->count ? (size_t)list->count : 1;
    w->penalty = get_memory(w->s.argv[0], 2 * w->tried, sizeof *w->penalty);
    if (!w->penalty)
        return STATUS_FAILED;
    w->worth = w->penalty + w->tried;
    w->penalty[0] = 0;
    if (list->count)
        value_list_fill(list, w->penalty);
    if (w->ridges.count == 1) {
        value_list_fill(&w->ridges, &one);
        w->spec.ridge = one;
    }
    if (w->ones.count == 1) {
        value_list_fill(&w->ones, &one);
        w->spec.l1 = one;
    }
    return 0;
}

static void set_penalty(const fit_run *w, double value, ki_fit_spec *spec) {
    if (w->ridges.count > 1)
        spec->ridge = value;
    else if (w->ones.count > 1)
        spec->l1 = value;
}

/* What is held out decides on the penalty. */
static int choose_penalty(fit_run *w) {
    size_t best = 0;

    w->held = NAN;
    if (!w->folds && !(w->holdout > 0))
        return 0;
    for (size_t k = 0; k < w->tried; k++) {
        const ki_run_options run = session_run_options(&w->s);
        ki_held_out held = {0};
        ki_fit_spec spec = w->spec;
        char value[REAL_SIZE];
        set_penalty(w, w->penalty[k], &spec);
        const int error = ki_fit_holdout(w->raster, &spec, w->holdout, w->folds, &run, &held);
        if (error)
            return complain_recording(error, w->path);
        w->worth[k] = held.bits;
        if (w->worth[k] > w->worth[best] || isnan(w->worth[best]))
            best = k;
        if (w->tried > 1 && !w->s.quiet)
            remark("%s %s: %.6g bits per spike held out", w->ones.count > 1 ? "l1" : "ridge",
                   print_real(value, w->penalty[k]), held.bits);
    }
    set_penalty(w, w->penalty[best], &w->spec);
    w->held = w->worth[best];
    return 0;
}

static int fit(fit_run *w, const option *options, size_t n) {
    int status = check_options(w, options, n);

    status = status ? status : read_recording(w);
    status = status ? status : list_penalties(w);
    status = status ? status : take_memory(w);
    status = status ? status : choose_penalty(w);
    if (status)
        return status;
    const ki_run_options run = session_run_options(&w->s);
    const int error = ki_fit(w->raster, &w->spec, &run, &w->fit);
    return error ? complain_recording(error, w->path) : fit_report(w);
}

/* Initialisers of our options. */
#define HOW_OPTIONS(w)                                                                             \
    {.name = "method",                                                                             \
     .kind = OPTION_WORD,                                                                          \
     .target = &(w)->method,                                                                       \
     .meta = "WORD",                                                                               \
     .help = "mle, nmf, tap or ms",                                                                \
     .fallback = "mle",                                                                            \
     .words = method_words},                                                                       \
        {.name = "firth",                                                                          \
         .kind = OPTION_WORD,                                                                      \
         .target = &(w)->firth,                                                                    \
         .meta = "WORD",                                                                           \
         .help = "which rows get Firth's penalty: auto (separated ones), all or none",             \
         .fallback = "auto",                                                                       \
         .words = fit_firth_words},                                                                \
        {.name = "ridge",                                                                          \
         .kind = OPTION_LIST,                                                                      \
         .target = &(w)->ridges,                                                                   \
         .meta = "LIST",                                                                           \
         .help = "penalty (X/2) sum_j J_ij^2 of each row, in nats",                                \
         .low = 0,                                                                                 \
         .high = 1e300},                                                                           \
        {.name = "l1",                                                                             \
         .kind = OPTION_LIST,                                                                      \
         .target = &(w)->ones,                                                                     \
         .meta = "LIST",                                                                           \
         .help = "penalty X sum_j |J_ij| of each row, in nats: many J_ij become 0",                \
         .low = 0,                                                                                 \
         .high = 1e300},                                                                           \
    {                                                                                              \
        .name = "robust", .kind = OPTION_FLAG, .target = &(w)->robust,                             \
        .help = "the file also holds sandwich errors, H_robust and J_robust"                       \
    }

#define HOLD_OPTIONS(w)                                                                            \
    {.name = "holdout",                                                                            \
     .kind = OPTION_REAL,                                                                          \
     .target = &(w)->holdout,                                                                      \
     .meta = "SHARE",                                                                              \
     .help = "predict the last SHARE of each trial from the rest",                                 \
     .low = 0,                                                                                     \
     .high = 0.999999,                                                                             \
     .limits = LIMIT_OPEN_LOW},                                                                    \
        {.name = "folds",                                                                          \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->folds,                                                                    \
         .meta = "K",                                                                              \
         .help = "predict each of K parts of the recording from the others",                       \
         .low = 2,                                                                                 \
         .high = 1e9},                                                                             \
        {.name = "dynamics",                                                                       \
         .kind = OPTION_WORD,                                                                      \
         .target = &(w)->async,                                                                    \
         .meta = "WORD",                                                                           \
         .help = "sync: all units are drawn in each bin; async: see --updates, --step",            \
         .fallback = "sync",                                                                       \
         .words = dynamics_words},                                                                 \
        {.name = "updates",                                                                        \
         .kind = OPTION_INPUT,                                                                     \
         .target = &(w)->updates_path,                                                             \
         .meta = "FILE",                                                                           \
         .help = "async: matrix like the recording's, 1 where a unit was drawn in a bin"},         \
    {                                                                                              \
        .name = "step", .kind = OPTION_REAL, .target = &(w)->step, .meta = "X",                    \
        .help = "async without --updates: mean number of times a unit was drawn per bin",          \
        .low = 0, .high = 1e6, .limits = LIMIT_OPEN_LOW                                            \
    }

int cmd_fit(int argc, char **argv) {
    fit_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        RECORDING_OPTION(&w.path),
        RASTER_OPTIONS(&w.input),
        HOW_OPTIONS(&w),
        HOLD_OPTIONS(&w),
        {.name = "reproducible",
         .kind = OPTION_FLAG,
         .target = &w.s.reproducible,
         .help = "no times and machines in the files: equal bytes"},
        OUTPUT_OPTION(&w.s, "the network, .npz or .h5; - for the table on stdout, as without it"),
        COMMON_OPTIONS_WITHOUT_FILES(&w.s),
    };
    const size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&w.s, &fit_help, options, n);
    if (status == PARSE_DONE)
        status = fit(&w, options, n);
    ki_raster_free(w.raster);
    ki_raster_free(w.updates);
    free(w.numbers);
    free(w.status);
    free(w.column);
    free(w.penalty);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
