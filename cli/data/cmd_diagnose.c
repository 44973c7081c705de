/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising diagnose: which regime a recording is in, on one page. */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "data/diagnose.h"
#include "shell/memory.h"

static const command_help diagnose_help = {
    "diagnose",
    "Which regime a recording is in: ordered, near-critical, quasi-deterministic disordered,\n"
    "deterministic reversible, moderate disordered or weak; or that it cannot be told, why, and "
    "what\n"
    "to try. High entropy production has two causes, closeness to the order-disorder transition "
    "and\n"
    "nearly deterministic disorder: the page shows what tells them apart. FILE as for kinising "
    "fit.\n"
    "Of the network (J_ij of mean mu/N and deviation b/sqrt(N), beta is 1): g = mu <sech^2(b z + "
    "H)>,\n"
    "1 at the critical line; r = S/S of independent units; sigma/S; each with 95 %. A verdict "
    "needs "
    "a\n"
    "regime of --probability, g known to --g-sd, and a model that fits. One line of the page "
    "begins\n"
    "with \"verdict:\". All numbers, posterior draws and curves are in a report.json.\n",
    "  kinising network draw --N 20 --dJ 0.5 --beta 1.5 -o network.npz\n"
    "  kinising simulate --network network.npz --replicas 1 --steps 10000 --raster r.npz\n"
    "  kinising diagnose r.npz --axes time,unit\n"
    "  kinising diagnose r.npz --axes time,unit --report r.json --quiet\n",
};

/* sigma and S in the unit of the session. */
static void rescale(const session *s, diagnosed *found) {
    ki_diagnosis *d = &found->d;
    const double unit = session_unit(s);
    const size_t draws = (size_t)d->options.draws;
    ki_interval *interval[] = {&d->sigma, &d->S, &d->S_ind};

    for (size_t k = 0; k < sizeof interval / sizeof *interval; k++) {
        interval[k]->value *= unit;
        interval[k]->sd *= unit;
        interval[k]->low *= unit;
        interval[k]->high *= unit;
    }
    for (uint64_t k = 0; k < d->points; k++) {
        ki_band *band[] = {&d->curve[k].sigma, &d->curve[k].S};
        for (int i = 0; i < 2; i++) {
            band[i]->low *= unit;
            band[i]->median *= unit;
            band[i]->high *= unit;
        }
        d->curve[k].exact_sigma *= unit;
        d->curve[k].exact_S *= unit;
    }
    for (size_t k = 4 * draws; k < N_DRAWN * draws; k++)
        found->drawn[k] *= unit;
}

static ki_regime_draws draws_of(const diagnosed *found) {
    const size_t draws = (size_t)found->d.options.draws;
    double *at = found->drawn;

    return (ki_regime_draws){
        at, at + draws, at + 2 * draws, at + 3 * draws, at + 4 * draws, at + 5 * draws};
}

/* One bar for all recordings. */
static int show_progress(void *user, uint64_t done, uint64_t total) {
    diagnose_run *w = user;
    const uint64_t all = w->other ? 2 : 1;

    return session_progress(&w->s, w->n * total + done, all * total);
}

static int diagnose_one(diagnose_run *w, const char *path) {
    diagnosed *found = &w->found[w->n];
    ki_raster *raster = NULL;
    ki_raster_summary summary;
    uint64_t bytes = 0;
    const size_t draws = (size_t)w->options.draws;
    int status = raster_read(path, &w->input, NULL, &raster, &summary);

    if (status)
        return status;
    int error =
        ki_diagnose_memory(summary.units, summary.bins, &w->options, (int)w->s.threads, &bytes);
    status = error ? complain_library(error) : check_memory(w->s.argv[0], bytes, 1);
    if (status) {
        ki_raster_free(raster);
        return status;
    }
    found->path = path;
    found->drawn = get_memory(w->s.argv[0], N_DRAWN * draws, sizeof *found->drawn);
    status = found->drawn ? 0 : STATUS_FAILED;
    if (!status) {
        found->d.options.draws = w->options.draws;
        const ki_regime_draws arrays = draws_of(found);
        ki_run_options run = session_run_options(&w->s);
        if (run.progress) {
            run.progress = show_progress;
            run.progress_user = w;
        }
        error = ki_diagnose(raster, &w->options, &run, &arrays, &found->d);
        status = error ? complain_recording(error, path) : 0;
    }
    ki_raster_free(raster);
    if (!status) {
        rescale(&w->s, found);
        w->n++;
    }
    return status;
}

static int compare(diagnose_run *w) {
    const ki_regime_draws a = draws_of(&w->found[0]), b = draws_of(&w->found[1]);
    const int error = ki_diagnose_compare(&w->found[0].d, &a, &w->found[1].d, &b, &w->change);

    return error ? complain_library(error) : 0;
}

static int diagnose(diagnose_run *w) {
    int status = 0;

    if (w->options.critical >= w->options.ordered)
        return complain(STATUS_USAGE, "--critical : %g, and --ordered is %g : one below it",
                        w->options.critical, w->options.ordered);
    if (w->options.deterministic >= w->options.weak)
        return complain(STATUS_USAGE, "--deterministic : %g, and --weak is %g : one below it",
                        w->options.deterministic, w->options.weak);
    w->options.cosines = w->cosines ? (int)w->cosines : -1;
    w->options.points = w->reports.n ? (int)w->points : 0;
    w->options.seed = session_seed(&w->s);
    status = diagnose_one(w, w->path);
    if (!status && w->other)
        status = diagnose_one(w, w->other);
    if (!status && w->other)
        status = compare(w);
    for (size_t k = 0; k < w->reports.n && !status; k++)
        status = diagnose_report(w, w->reports.item[k]);
    if (!status)
        diagnose_print(w);
    return status;
}

/* An option that is one of the thresholds. */
#define THRESHOLD(w, member, word, words, standard, least, most, which)                            \
    {                                                                                              \
        .name = word, .kind = OPTION_REAL, .target = &(w)->options.member, .meta = "X",            \
        .help = words, .fallback = standard, .low = least, .high = most, .limits = which           \
    }
#define THRESHOLD_OPTIONS(w)                                                                       \
    THRESHOLD(w, probability, "probability", "least probability of a verdict", "0.9", 0.5,         \
              0.999999, 0),                                                                        \
        THRESHOLD(w, g_sd, "g-sd", "largest deviation of g", "0.15", 0, 1e6, LIMIT_OPEN_LOW),      \
        THRESHOLD(w, critical, "critical", "near-critical from this g on", "0.9", 0, 1e6,          \
                  LIMIT_OPEN_LOW),                                                                 \
        THRESHOLD(w, ordered, "ordered", "ordered above this g", "1.1", 0, 1e6, LIMIT_OPEN_LOW),   \
        THRESHOLD(w, deterministic, "deterministic", "r below it is nearly deterministic", "0.5",  \
                  0, 0.999999, LIMIT_OPEN_LOW),                                                    \
        THRESHOLD(w, weak, "weak", "weak above this r", "0.8", 0, 0.999999, LIMIT_OPEN_LOW),       \
        THRESHOLD(w, misfit_z, "misfit-z", "a misfit has a larger z ...", "5", 0, 1e6,             \
                  LIMIT_OPEN_LOW),                                                                 \
        THRESHOLD(w, misfit_fraction, "misfit-fraction",                                           \
                  "... and a larger share of the fit's gain", "0.01", 0, 1e6, LIMIT_OPEN_LOW),     \
        THRESHOLD(w, kappa, "kappa", "largest correlation of J_ij and J_ji", "0.3", 0, 1e6,        \
                  LIMIT_OPEN_LOW),                                                                 \
        THRESHOLD(w, self, "self", "largest mean self-coupling", "0.3", 0, 1e6, LIMIT_OPEN_LOW),   \
        THRESHOLD(w, shift, "shift", "largest change of g with twice the cosines", "0.1", 0, 1e6,  \
                  LIMIT_OPEN_LOW)

/* How it is done, and what is written. */
#define DIAGNOSE_OPTIONS(w)                                                                        \
    {.name = "compare",                                                                            \
     .kind = OPTION_INPUT,                                                                         \
     .target = &(w)->other,                                                                        \
     .meta = "FILE",                                                                               \
     .help = "a second recording, read in the same way, beside the first"},                        \
        {.name = "report",                                                                         \
         .kind = OPTION_OUTPUTS,                                                                   \
         .target = &(w)->reports,                                                                  \
         .meta = "FILE",                                                                           \
         .help = "draw .png, .pdf or .svg (needs gnuplot) or write .json; may be given again",     \
         .check = diagnose_check_report},                                                          \
        {.name = "cosines",                                                                        \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->cosines,                                                                  \
         .meta = "K",                                                                              \
         .help = "slow waves that take up drift, 0 for none",                                      \
         .fallback = "10",                                                                         \
         .low = 0,                                                                                 \
         .high = 32},                                                                              \
        {.name = "draws",                                                                          \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->options.draws,                                                            \
         .meta = "K",                                                                              \
         .help = "of the posterior",                                                               \
         .fallback = "2000",                                                                       \
         .low = 100,                                                                               \
         .high = 1e6},                                                                             \
    {                                                                                              \
        .name = "points", .kind = OPTION_COUNT, .target = &(w)->points, .meta = "K",               \
        .help = "of the curves in a report", .fallback = "13", .low = 2,                           \
        .high = KI_MOST_CURVE_POINTS                                                               \
    }

int cmd_diagnose(int argc, char **argv) {
    diagnose_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        RECORDING_OPTION(&w.path), RASTER_OPTIONS(&w.input),  DIAGNOSE_OPTIONS(&w),
        THRESHOLD_OPTIONS(&w),     REPRODUCIBLE_OPTION(&w.s), COMMON_OPTIONS_WITHOUT_FILES(&w.s),
    };
    const size_t n = sizeof options / sizeof options[0];

    w.reports.item = malloc((size_t)argc * sizeof *w.reports.item);
    if (!w.reports.item)
        return complain(STATUS_FAILED, "diagnose : out of memory : a machine with more");
    w.input.quiet = &w.s.quiet;
    int status = session_begin(&w.s, &diagnose_help, options, n);
    if (status == PARSE_DONE)
        status = diagnose(&w);
    for (size_t k = 0; k < DIAGNOSE_MOST; k++)
        free(w.found[k].drawn);
    free(w.reports.item);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
