/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising entropy: entropy production of a recording. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "data/raster_input.h"
#include "shell/ending.h"
#include "shell/memory.h"
#include "shell/output.h"
#include "shell/session.h"
#include "shell/values.h"

static const command_help entropy_help = {
    "entropy",
    "Entropy production of a recording: how far it is from one that runs as well backwards, with "
    "its\n"
    "bias, a standard error and tests of reversibility. FILE as for kinising fit.\n"
    "Estimators: model (of the network by Firth's penalised likelihood, bias taken off), plugin "
    "(of\n"
    "the likeliest network, its bias not taken off), crossfit (couplings of one part, moments of\n"
    "another), mtur and maxent (lower bounds by the thermodynamic uncertainty relation and by the\n"
    "process of largest entropy that has the currents; need no model).\n"
    "Tests: z (sigma of model over its deviation where it is 0; in the row model if there is one) "
    "and\n"
    "flips (blocks turned round in time at random; needs no model), symmetric (likelihood ratio of "
    "the\n"
    "network with J = J^T), bootstrap (surrogates from that network): rows of their own.\n"
    "Not of reversibility: shifts (units shifted in time: no coupling) and shuffles (trials "
    "shuffled,\n"
    "unit by unit: nothing beyond the stimulus). In rows of surrogates sigma and sigma_err are "
    "their\n"
    "mean and deviation, and the statistic is sigma of the recording less that mean.\n"
    "With -o a .npz or .h5 file also holds H, J, and of each unit and each pair of units sigma, "
    "its\n"
    "error, p-values, and these adjusted for how many there are by --adjust.\n"
    "Columns: estimator, sigma, sigma_err, bias, S, Sr, test, hypothesis, statistic, p_value, "
    "unit, N,\n"
    "fitted (units that change), separated, transitions, from and to (bins), seed, status.\n",
    "  kinising network draw --N 20 --dJ 0.5 -o network.npz\n"
    "  kinising simulate --network network.npz --replicas 1 --steps 5000 --raster r.npz\n"
    "  kinising entropy r.npz --axes time,unit --estimator model,plugin,crossfit\n"
    "  kinising entropy r.npz --axes time,unit --windows 5 --per spin --unit bits\n",
};

static const char *const estimator_words[] = {"model", "plugin", "crossfit",
                                              "mtur",  "maxent", NULL};
static const char *const test_words[] = {"z",      "flips",    "symmetric", "bootstrap",
                                         "shifts", "shuffles", NULL};
static const char *const per_words[] = {"step", "spin", "spike", "second", NULL};
static const char *const adjust_words[] = {"bh", "holm", NULL};
static const char *const no_word = "none";

enum { N_REAL = 14, N_WORD = 5, ROWS_EACH = KI_N_ESTIMATORS + KI_N_TESTS, MOST_WINDOWS = 100000 };
enum {
    SIGMA,
    SIGMA_ERR,
    BIAS,
    S,
    SR,
    STATISTIC,
    P_VALUE,
    UNITS,
    FITTED,
    SEPARATED,
    TRANSITIONS,
    FROM,
    TO,
    SEED
};
enum { ESTIMATOR, TEST, HYPOTHESIS, UNIT, STATUS };

typedef struct entropy_run {
    session s;
    const char *path;
    raster_options input;
    unsigned estimators, tests;
    int per, adjust, refit;
    uint64_t folds, flips, surrogates, windows;
    /* Read and made: */
    ki_raster *raster;
    ki_raster_summary summary;
    size_t n, rows, most;
    double scale, *matrices; /* H, unit and so on, then J, pair ... */
    double *real;            /* [N_REAL,most] */
    const char **word;       /* [N_WORD,most] */
    ki_entropy_result found; /* of the whole recording */
    int bad, is_short;
} entropy_run;

static void set_word(entropy_run *w, int k, const char *word) {
    w->word[(size_t)k * w->most + w->rows] = word;
}

static void set_real(entropy_run *w, int k, double value) {
    w->real[(size_t)k * w->most + w->rows] = value;
}

static const char *unit_name(const entropy_run *w) {
    static const char *const names[2][4] = {
        {"nats/step", "nats/spin/step", "nats/spike", "nats/s"},
        {"bits/step", "bits/spin/step", "bits/spike", "bits/s"}};

    return names[w->s.unit == UNIT_BITS][w->per];
}

/* What all rows of a window have; then the row is complete. */
static void end_row(entropy_run *w, const ki_entropy_result *o, uint64_t from, uint64_t to,
                    int status) {
    set_word(w, UNIT, unit_name(w));
    set_word(w, STATUS, ki_status_name(status));
    set_real(w, UNITS, (double)w->n);
    set_real(w, FITTED, (double)o->fitted);
    set_real(w, SEPARATED, (double)o->separated);
    set_real(w, TRANSITIONS, (double)o->transitions);
    set_real(w, FROM, (double)from);
    set_real(w, TO, (double)to);
    set_real(w, SEED, (double)w->s.seed);
    w->bad |= status == KI_NOT_CONVERGED;
    w->is_short |= status == KI_TOO_SHORT;
    w->rows++;
}

static void set_test(entropy_run *w, int test, const ki_entropy_outcome *t) {
    set_word(w, TEST, test < 0 ? no_word : ki_entropy_test_name(test));
    set_word(w, HYPOTHESIS, test < 0 ? no_word : ki_entropy_test_hypothesis(test));
    set_real(w, STATISTIC, t ? t->statistic : NAN);
    set_real(w, P_VALUE, t ? t->p_value : NAN);
}

static void add_rows(entropy_run *w, const ki_entropy_result *o, uint64_t from, uint64_t to) {
    for (int e = 0; e < KI_N_ESTIMATORS; e++) {
        const ki_entropy_value *v = o->value + e;
        const int z = e == KI_MODEL && w->tests & 1u << KI_TEST_Z;
        if (!(w->estimators & 1u << e))
            continue;
        set_word(w, ESTIMATOR, ki_estimator_name(e));
        set_real(w, SIGMA, v->sigma * w->scale);
        set_real(w, SIGMA_ERR, v->error * w->scale);
        set_real(w, BIAS, v->bias * w->scale);
        set_real(w, S, o->S * w->scale);
        set_real(w, SR, (o->S + v->sigma) * w->scale);
        set_test(w, z ? KI_TEST_Z : -1, z ? o->test + KI_TEST_Z : NULL);
        end_row(w, o, from, to, v->status);
    }
    for (int t = 0; t < KI_N_TESTS; t++) {
        if (!(w->tests & 1u << t) || (t == KI_TEST_Z && w->estimators & 1u << KI_MODEL))
            continue;
        set_word(w, ESTIMATOR, no_word);
        for (int k = SIGMA; k <= SR; k++)
            set_real(w, k, NAN);
        set_test(w, t, o->test + t);
        if (t >= KI_TEST_BOOTSTRAP) {
            set_real(w, SIGMA, o->test[t].mean * w->scale);
            set_real(w, SIGMA_ERR, o->test[t].deviation * w->scale);
            set_real(w, STATISTIC, o->test[t].statistic * w->scale);
        }
        end_row(w, o, from, to, o->test[t].status);
    }
}

static int take_memory(entropy_run *w, const ki_entropy_spec *spec) {
    const uint64_t n = w->n;
    uint64_t bytes;
    const int error = ki_entropy_memory(n, w->summary.bins, spec, (int)w->s.threads, &bytes);

    if (error)
        return complain_library(error);
    const int status = check_memory(w->s.argv[0], bytes + 8 * (5 * n + 5 * n * n), 1);
    if (status)
        return status;
    w->most = ROWS_EACH * (1 + (size_t)w->windows);
    w->matrices = get_memory(w->s.argv[0], 5 * n + 5 * n * n, sizeof *w->matrices);
    w->real = get_memory(w->s.argv[0], N_REAL * w->most, sizeof *w->real);
    w->word = get_memory(w->s.argv[0], N_WORD * w->most, sizeof *w->word);
    if (!w->matrices || !w->real || !w->word)
        return STATUS_FAILED;
    double *at = w->matrices, *square = at + 5 * n;
    w->found = (ki_entropy_result){.H = at,
                                   .unit = at + n,
                                   .unit_error = at + 2 * n,
                                   .unit_p = at + 3 * n,
                                   .J = square,
                                   .pair = square + n * n,
                                   .pair_p = square + 2 * n * n,
                                   .pair_error = square + 4 * n * n};
    return 0;
}

static int estimate(entropy_run *w) {
    ki_entropy_spec spec = {.estimators = w->estimators,
                            .tests = w->tests,
                            .folds = w->folds,
                            .refit = w->refit,
                            .flips = w->flips,
                            .surrogates = w->surrogates,
                            .seed = session_seed(&w->s)};
    const ki_run_options run = session_run_options(&w->s);
    int status = take_memory(w, &spec);

    if (status)
        return status;
    int error = ki_entropy_production(w->raster, &spec, &run, &w->found);
    if (!error)
        add_rows(w, &w->found, 0, w->summary.bins);
    for (uint64_t k = 0; k < w->windows && !error; k++) {
        const double width = (double)w->summary.bins / (double)w->windows;
        ki_entropy_result o = {.S = 0};
        spec.first_bin = (uint64_t)(width * (double)k);
        const uint64_t end =
            k + 1 < w->windows ? (uint64_t)(width * (double)(k + 1)) : w->summary.bins;
        spec.bins = end - spec.first_bin;
        error = ki_entropy_production(w->raster, &spec, &run, &o);
        if (!error)
            add_rows(w, &o, spec.first_bin, end);
    }
    return error ? complain_recording(error, w->path) : 0;
}

/* Adjusted p-values of units, and of pairs, each of which counts once. */
static int adjust(entropy_run *w) {
    const size_t n = w->n;
    double *unit_q = w->matrices + 4 * n, *pair_q = w->matrices + 5 * n + 3 * n * n;
    const double *p = w->found.pair_p;
    int error = ki_adjust_p(w->adjust, n, w->found.unit_p, unit_q);

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            pair_q[i * n + j] = i < j ? p[i * n + j] : NAN;
    error = error ? error : ki_adjust_p(w->adjust, n * n, pair_q, pair_q);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            pair_q[i * n + j] = pair_q[j * n + i];
    return error ? complain_library(error) : 0;
}

static void warn(const entropy_run *w) {
    const ki_entropy_result *o = &w->found;
    const double parameters = (double)o->fitted + 1;

    if (w->s.quiet)
        return;
    if (o->silent || o->saturated)
        remark("units left out: %llu never active, %llu always active",
               (unsigned long long)o->silent, (unsigned long long)o->saturated);
    if (2 * o->separated > o->fitted)
        remark("most units (%llu of %llu) are separated: sigma is low by some 10 to 20 %%, its "
               "error too small",
               (unsigned long long)o->separated, (unsigned long long)o->fitted);
    else if (o->separated)
        remark("%llu of %llu units are separated: Firth's penalty keeps their couplings finite",
               (unsigned long long)o->separated, (unsigned long long)o->fitted);
    if ((double)o->transitions < 20 * parameters)
        remark("%llu transitions for %.0f parameters of each unit: biases beyond the first order "
               "may be left",
               (unsigned long long)o->transitions, parameters);
    if (w->tests & 1u << KI_TEST_SYMMETRIC &&
        (double)o->transitions < 2 * (double)o->fitted * (double)o->fitted)
        remark("the likelihood ratio (symmetric) rejects too often with fewer than 2 N^2 "
               "transitions: "
               "bootstrap does not");
}

typedef struct file_arrays {
    ki_array arrays[10];
    ki_label labels[10];
    size_t n;
} file_arrays;

static void add_array(file_arrays *f, const char *name, size_t n, int square, const char *units,
                      const double *data) {
    f->arrays[f->n] = (ki_array){name, KI_FLOAT64, square ? 2 : 1, {n, n}, data};
    f->labels[f->n++] = (ki_label){.units = units, .axes = {"spin", square ? "from_spin" : NULL}};
}

static int report(entropy_run *w) {
    static const char *const order[] = {
        "estimator",   "sigma",     "sigma_err", "bias", "S",     "Sr",     "test",
        "hypothesis",  "statistic", "p_value",   "unit", "N",     "fitted", "separated",
        "transitions", "from",      "to",        "seed", "status"};
    static const int word_of[] = {[0] = ESTIMATOR + 1,
                                  [6] = TEST + 1,
                                  [7] = HYPOTHESIS + 1,
                                  [10] = UNIT + 1,
                                  [18] = STATUS + 1};
    const size_t n = w->n, n_columns = sizeof order / sizeof *order;
    const char *units = unit_name(w);
    column columns[sizeof order / sizeof *order];
    file_arrays f = {.n = 0};
    size_t real = 0;

    for (size_t c = 0; c < n_columns; c++) {
        columns[c] = (column){.name = order[c], .units = c > 0 && c < 6 ? units : NULL};
        if (word_of[c])
            columns[c].word = w->word + (size_t)(word_of[c] - 1) * w->most;
        else
            columns[c].real = w->real + real++ * w->most;
    }
    for (size_t k = n; k < 3 * n; k++)
        w->matrices[k] *= w->scale;
    for (size_t k = 0; k < n * n; k++)
        w->found.pair[k] *= w->scale;
    for (size_t k = 0; k < n * n; k++)
        w->found.pair_error[k] *= w->scale;
    add_array(&f, "H", n, 0, NULL, w->found.H);
    add_array(&f, "J", n, 1, NULL, w->found.J);
    add_array(&f, "sigma_unit", n, 0, units, w->found.unit);
    add_array(&f, "sigma_unit_err", n, 0, units, w->found.unit_error);
    add_array(&f, "p_unit", n, 0, NULL, w->found.unit_p);
    add_array(&f, "q_unit", n, 0, NULL, w->matrices + 4 * n);
    add_array(&f, "sigma_pair", n, 1, units, w->found.pair);
    add_array(&f, "sigma_pair_err", n, 1, units, w->found.pair_error);
    add_array(&f, "p_pair", n, 1, NULL, w->found.pair_p);
    add_array(&f, "q_pair", n, 1, NULL, w->matrices + 5 * n + 3 * n * n);
    const result out = {.columns = columns,
                        .n_columns = n_columns,
                        .rows = w->rows,
                        .arrays = f.arrays,
                        .labels = f.labels,
                        .n_arrays = w->s.file && !is_csv(w->s.file) ? f.n : 0};
    warn(w);
    const int status = session_end(&w->s, &out);
    if (status || !(w->bad || w->is_short))
        return status;
    if (!w->bad)
        return complain(STATUS_UNCONVERGED,
                        "entropy : no more transitions than pairs of units (mtur), or sigma above "
                        "half the logarithm of their number (maxent) : fewer units, or a longer "
                        "recording");
    return complain(STATUS_UNCONVERGED,
                    "entropy : fewer than two units change in some window, or a fit did not end : "
                    "a longer recording");
}

static int entropy(entropy_run *w) {
    int status = raster_read(w->path, &w->input, NULL, &w->raster, &w->summary);

    if (status)
        return status;
    if (w->per == KI_PER_SECOND && isnan(w->summary.width))
        return complain(STATUS_USAGE, "--per second : the bins of %s have no width : --bin too",
                        w->path);
    const int error = ki_entropy_scale(w->raster, w->per, w->s.unit == UNIT_BITS, &w->scale);
    if (error)
        return complain_library(error);
    w->n = (size_t)w->summary.units;
    if (w->windows > w->summary.bins / 2)
        return complain(STATUS_USAGE, "--windows : %llu of %llu bins : at least two bins in each",
                        (unsigned long long)w->windows, (unsigned long long)w->summary.bins);
    status = estimate(w);
    status = status ? status : adjust(w);
    return status ? status : report(w);
}

/* Initialisers of our options. */
#define ENTROPY_OPTIONS(w)                                                                         \
    {.name = "estimator",                                                                          \
     .kind = OPTION_WORDS,                                                                         \
     .target = &(w)->estimators,                                                                   \
     .meta = "LIST",                                                                               \
     .help = "some of model, plugin, crossfit, mtur, maxent",                                      \
     .fallback = "model",                                                                          \
     .words = estimator_words},                                                                    \
        {.name = "tests",                                                                          \
         .kind = OPTION_WORDS,                                                                     \
         .target = &(w)->tests,                                                                    \
         .meta = "LIST",                                                                           \
         .help = "some of z, flips, symmetric, bootstrap, shifts, shuffles",                       \
         .fallback = "z,flips",                                                                    \
         .words = test_words},                                                                     \
        {.name = "per",                                                                            \
         .kind = OPTION_WORD,                                                                      \
         .target = &(w)->per,                                                                      \
         .meta = "WORD",                                                                           \
         .help = "step (the whole network), spin (step and unit), spike or second",                \
         .fallback = "step",                                                                       \
         .words = per_words},                                                                      \
        {.name = "folds",                                                                          \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->folds,                                                                    \
         .meta = "K",                                                                              \
         .help = "parts of crossfit",                                                              \
         .fallback = "10",                                                                         \
         .low = 2,                                                                                 \
         .high = 1e6},                                                                             \
        {.name = "refit",                                                                          \
         .kind = OPTION_FLAG,                                                                      \
         .target = &(w)->refit,                                                                    \
         .help = "crossfit: fit anew without each part, not by one step from the fit to all"},     \
        {.name = "flips",                                                                          \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->flips,                                                                    \
         .meta = "K",                                                                              \
         .help = "random flips of time",                                                           \
         .fallback = "1999",                                                                       \
         .low = 1,                                                                                 \
         .high = 1e6},                                                                             \
        {.name = "surrogates",                                                                     \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->surrogates,                                                               \
         .meta = "R",                                                                              \
         .help = "recordings of each of bootstrap, shifts, shuffles",                              \
         .fallback = "199",                                                                        \
         .low = 1,                                                                                 \
         .high = 1e6},                                                                             \
        {.name = "windows",                                                                        \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->windows,                                                                  \
         .meta = "K",                                                                              \
         .help = "further rows: K parts of the recording, each for itself",                        \
         .low = 1,                                                                                 \
         .high = MOST_WINDOWS},                                                                    \
    {                                                                                              \
        .name = "adjust", .kind = OPTION_WORD, .target = &(w)->adjust, .meta = "WORD",             \
        .help = "p-values of units and pairs: bh (Benjamini, Hochberg) or holm", .fallback = "bh", \
        .words = adjust_words                                                                      \
    }

int cmd_entropy(int argc, char **argv) {
    entropy_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        RECORDING_OPTION(&w.path),
        RASTER_OPTIONS(&w.input),
        ENTROPY_OPTIONS(&w),
        REPRODUCIBLE_OPTION(&w.s),
        OUTPUT_OPTION(&w.s, "the table as .csv; with arrays as .npz or .h5; - for stdout"),
        COMMON_OPTIONS_WITHOUT_FILES(&w.s),
    };
    const size_t n = sizeof options / sizeof options[0];

    w.input.quiet = &w.s.quiet;
    int status = session_begin(&w.s, &entropy_help, options, n);
    if (status == PARSE_DONE)
        status = entropy(&w);
    ki_raster_free(w.raster);
    free(w.matrices);
    free(w.real);
    free(w.word);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
