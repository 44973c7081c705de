/* SPDX-License-Identifier: BSD-3-Clause */
/* Entropy production of recordings from end to end [sigma-data] [flips]. */
#include <kinising/infer.h>
#include <kinising/thermo.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "flips.h"
#include "infer/fit.h"
#include "job.h"
#include "num/sum.h"
#include "symmetric.h"

enum { USUAL_FOLDS = 10, USUAL_FLIPS = 1999, USUAL_SURROGATES = 199, MOST_FLIPS = 1000000 };

static const ki_entropy_outcome no_test = {NAN, NAN, NAN, NAN, KI_CONVERGED};

/* Tests that need the symmetric network, and those by surrogates. */
static const unsigned symmetric_ones = 1u << KI_TEST_SYMMETRIC | 1u << KI_TEST_BOOTSTRAP;
static const unsigned surrogate_ones =
    1u << KI_TEST_BOOTSTRAP | 1u << KI_TEST_SHIFTS | 1u << KI_TEST_SHUFFLES;

static ki_entropy_spec complete(const ki_entropy_spec *spec) {
    ki_entropy_spec s = spec ? *spec : (ki_entropy_spec){0};

    s.estimators = s.estimators ? s.estimators : 1u << KI_MODEL;
    s.tests = s.tests ? s.tests : 1u << KI_TEST_Z | 1u << KI_TEST_FLIPS;
    s.folds = s.folds ? s.folds : USUAL_FOLDS;
    s.flips = s.flips ? s.flips : USUAL_FLIPS;
    s.surrogates = s.surrogates ? s.surrogates : USUAL_SURROGATES;
    return s;
}

static int check_spec(const ki_entropy_spec *s) {
    if (s->estimators >> KI_N_ESTIMATORS)
        return ki_fail(KI_ERR_ARGUMENT,
                       "estimators : %u has unknown bits : those of the list in thermo.h",
                       s->estimators);
    if (s->tests >> KI_N_TESTS)
        return ki_fail(KI_ERR_ARGUMENT,
                       "tests : %u has unknown bits : those of the list in thermo.h", s->tests);
    if (s->flips > MOST_FLIPS)
        return ki_fail(KI_ERR_ARGUMENT, "flips : %" PRIu64 " are too many : at most %d", s->flips,
                       MOST_FLIPS);
    if (s->surrogates > MOST_FLIPS)
        return ki_fail(KI_ERR_ARGUMENT, "surrogates : %" PRIu64 " are too many : at most %d",
                       s->surrogates, MOST_FLIPS);
    const int error = ki_check_flag("likelihood", s->likelihood);
    return error ? error : ki_check_flag("refit", s->refit);
}

/* One allocation for all: measured first, then handed out. */
static void take(ki_cursor *c, ki_entropy_job *j) {
    const size_t n = j->raster->units;

    ki_entropy_take_model(c, j);
    j->pair_room = ki_take(c, KI_BATCHES * KI_PAIR_ROWS * n, sizeof(double));
    j->pair_bits = ki_take(c, ki_part_space(n), sizeof(uint64_t));
    if (j->spec.refit)
        ki_entropy_take_refit(c, n, j->raster->words, &j->refit);
    if (j->spec.tests & symmetric_ones)
        ki_entropy_take_symmetric(c, n, &j->symmetric);
}

/* Bytes of the bounds and tests that are asked for. */
static uint64_t most_of_stages(const ki_entropy_spec *s, size_t units, size_t words, uint64_t fit,
                               int threads) {
    const double pairs = (double)units * ((double)units - 1) / 2;
    const int mtur = (s->estimators >> KI_MTUR) & 1 && pairs < 64 * (double)words;
    const int maxent = (s->estimators >> KI_MAXENT) & 1;
    const uint64_t a = mtur ? ki_entropy_mtur_bytes(units, words, threads) : 0;
    const uint64_t b = maxent ? ki_entropy_maxent_bytes(units, words, fit, threads) : 0;

    const uint64_t c = s->tests & symmetric_ones ? ki_symmetric_bytes(units, threads) : 0;
    const uint64_t more = a > b ? a : b;

    return more > c ? more : c;
}

/* Bytes of one estimate on one thread, and of all tests by surrogates. */
static double surrogate_bytes(const ki_entropy_spec *s, const ki_raster *shape, uint64_t bins,
                              int threads, int *overflow) {
    const ki_fit_spec firth = {.firth = KI_FIRTH_ALL};
    ki_entropy_job j = {.raster = shape};
    ki_cursor c = {0};
    uint64_t fit = 0;

    if (!(s->tests & surrogate_ones) || ki_fit_memory(shape->units, &firth, 1, &fit))
        return 0;
    ki_entropy_take_model(&c, &j);
    *overflow |= c.overflow;
    const uint64_t pass =
        ki_pass_bytes(shape->units, shape->units + 1, shape->words, KI_FLIP_BLOCKS, overflow);
    return ki_entropy_null_bytes(shape->units, shape->words, bins, s,
                                 c.used + (pass > fit ? pass : fit), threads);
}

int ki_entropy_memory(uint64_t units, uint64_t bins, const ki_entropy_spec *spec, int threads,
                      uint64_t *bytes) {
    const ki_fit_spec firth = {.firth = KI_FIRTH_ALL};
    uint64_t fit = 0;
    int overflow = 0;
    int error = ki_check_pointer("bytes", bytes, "a place for the number");
    const ki_entropy_spec s = complete(spec);

    error = error ? error : check_spec(&s);
    error = error ? error : ki_fit_memory(units, &firth, threads, &fit);
    if (error)
        return error;
    const ki_run_options run = {.threads = threads};
    const ki_raster shape = {.units = (size_t)units,
                             .words = (size_t)(bins / 512 + (bins % 512 > 0)) * 8};
    ki_entropy_job j = {.raster = &shape, .spec = s};
    ki_cursor c = {0};
    take(&c, &j);
    const double workers = ki_parallel_workers((size_t)units, &run);
    const uint64_t each =
        ki_pass_bytes(shape.units, shape.units + 1, shape.words, KI_FLIP_BLOCKS, &overflow);
    const double pass = workers * (double)each, work = pass > (double)fit ? pass : (double)fit;
    const double stages = (double)most_of_stages(&s, shape.units, shape.words, fit, threads);
    const double surrogates = surrogate_bytes(&s, &shape, bins, threads, &overflow);
    const double most = work > stages ? work : stages;
    const double all = (double)c.used + (most > surrogates ? most : surrogates);
    *bytes = c.overflow || overflow || all > 1.8e19 ? UINT64_MAX : (uint64_t)all;
    return 0;
}

/* The flips of the whole network. */
static void test_flips(ki_entropy_job *j) {
    const ki_pass *p = &j->pass;
    const size_t size = p->blocks * p->blocks;
    ki_entropy_outcome *t = &j->out.test[KI_TEST_FLIPS];
    double all[KI_FLIP_BLOCKS * KI_FLIP_BLOCKS] = {0};

    for (size_t r = 0; r < p->fitted; r++)
        for (size_t k = 0; k < size; k++)
            all[k] += p->gram[r * KI_FLIP_BLOCKS * KI_FLIP_BLOCKS + k];
    t->p_value = ki_flip_test(p->blocks, all, j->spec.seed, j->spec.flips, &t->statistic);
    t->status = KI_CONVERGED;
}

/* A value that is NaN was not made: information without some part was singular. */
static void keep(ki_entropy_job *j, int estimator, double sigma, double bias,
                 const ki_entropy_summary *s) {
    const int none = s->status == KI_NOT_CONVERGED || isnan(sigma);

    j->out.value[estimator] = (ki_entropy_value){
        none ? NAN : sigma, none ? NAN : ki_entropy_error(s->variance, s->second),
        none ? NAN : bias, none ? KI_NOT_CONVERGED : s->status};
}

static void keep_model(ki_entropy_job *j, const ki_entropy_summary *s) {
    ki_entropy_result *o = &j->out;
    const double z = (s->plugin - ki_entropy_bias(s)) / sqrt(s->second);
    const int none = s->status == KI_NOT_CONVERGED;

    keep(j, KI_MODEL, s->plugin - ki_entropy_bias(s), ki_entropy_bias(s), s);
    o->S = none ? NAN : s->S;
    o->plugin = s->plugin;
    o->bias_instant = s->instant;
    memcpy(o->bias_leads, s->leads, sizeof o->bias_leads);
    o->bias_cox_snell = s->cox_snell;
    o->variance = s->variance;
    o->variance_second = s->second;
    o->transitions = j->part.count;
    o->fitted = j->pass.fitted;
    for (size_t i = 0; i < j->raster->units; i++) {
        o->separated += j->status[i] == KI_SEPARATED;
        o->silent += j->status[i] == KI_SILENT;
        o->saturated += j->status[i] == KI_SATURATED;
    }
    if (j->spec.tests & 1u << KI_TEST_Z)
        o->test[KI_TEST_Z] =
            (ki_entropy_outcome){none ? NAN : z, none ? NAN : erfc(z / sqrt(2)) / 2, NAN, NAN,
                                 s->status == KI_NOT_CONVERGED ? s->status : 0};
    if (!(j->spec.tests & 1u << KI_TEST_FLIPS))
        return;
    if (none)
        o->test[KI_TEST_FLIPS].status = KI_NOT_CONVERGED;
    else
        test_flips(j);
}

/* What is of the likeliest network. */
static int likeliest(ki_entropy_job *j) {
    const unsigned asked = j->spec.estimators;
    const int flips = (j->spec.tests >> KI_TEST_FLIPS) & 1, crossfit = (asked >> KI_CROSSFIT) & 1;
    int error = ki_entropy_fit(j, KI_FIRTH_AUTO);

    error = error ? error
                  : ki_entropy_pass(j, 1, flips && j->spec.likelihood, crossfit && !j->spec.refit);
    if (error)
        return error;
    ki_entropy_summary s = ki_entropy_summarize(j);
    if (asked & 1u << KI_PLUGIN)
        keep(j, KI_PLUGIN, s.plugin, ki_entropy_bias(&s), &s);
    if (j->spec.likelihood)
        keep_model(j, &s);
    if (crossfit && j->spec.refit) {
        int converged;
        error = ki_entropy_refit(j, &s.crossed, &converged);
        s.status = error || converged ? s.status : KI_NOT_CONVERGED;
    }
    const double share = (double)j->spec.folds / (double)(j->spec.folds - 1);
    if (crossfit && !error)
        keep(j, KI_CROSSFIT, s.crossed, s.cox_snell * share, &s);
    return error;
}

static int produce(ki_entropy_job *j) {
    const unsigned asked = j->spec.estimators, likely = 1u << KI_PLUGIN | 1u << KI_CROSSFIT;
    const int flips = (j->spec.tests >> KI_TEST_FLIPS) & 1, refit = j->spec.refit;
    int error = ki_entropy_moments(j);

    j->stages = (asked & likely && !j->spec.likelihood ? 4u : 2u) + ((asked >> KI_MTUR) & 1) +
                3 * ((asked >> KI_MAXENT) & 1) + (j->spec.tests & symmetric_ones ? 2u : 0u) +
                (unsigned)__builtin_popcount(j->spec.tests & surrogate_ones) +
                ((asked >> KI_CROSSFIT) & (unsigned)refit);
    if (!error && (asked & likely || j->spec.likelihood))
        error = likeliest(j);
    if (!error && !j->spec.likelihood) {
        error = ki_entropy_fit(j, KI_FIRTH_ALL);
        error = error ? error : ki_entropy_pass(j, 0, flips, 0);
        if (error)
            return error;
        const ki_entropy_summary s = ki_entropy_summarize(j);
        keep_model(j, &s);
    }
    if (!error && asked & 1u << KI_MTUR)
        error = ki_entropy_mtur(j);
    if (!error && asked & 1u << KI_MAXENT)
        error = ki_entropy_maxent(j);
    if (!error && j->spec.tests & symmetric_ones)
        error = ki_entropy_symmetric(j);
    if (!(j->spec.tests & 1u << KI_TEST_SYMMETRIC))
        j->out.test[KI_TEST_SYMMETRIC] = no_test;
    for (int t = KI_TEST_BOOTSTRAP; t <= KI_TEST_SHUFFLES && !error; t++)
        if (j->spec.tests & 1u << t)
            error = ki_entropy_null(j, t);
    return error;
}

static int check(const ki_raster *raster, const ki_entropy_spec *s, const ki_run_options *run,
                 const ki_entropy_result *out) {
    int error = ki_check_pointer("raster", raster, "a recording");

    error = error ? error : ki_check_pointer("out", out, "a place for the result");
    error = error ? error : ki_check_threads(run ? run->threads : 0);
    error = error ? error : check_spec(s);
    if (!error && (s->first_bin >= raster->bins || s->bins > raster->bins - s->first_bin))
        error = ki_fail(KI_ERR_ARGUMENT,
                        "window : %" PRIu64 " bins from bin %" PRIu64 " : the recording has %zu",
                        s->bins, s->first_bin, raster->bins);
    return error;
}

static int run_job(ki_entropy_job *j) {
    const ki_raster *r = j->raster;
    const size_t n = r->units;
    int error = ki_entropy_begin(j);

    error = error ? error : ki_entropy_check_null(j);
    if (error)
        return error;
    if (j->spec.estimators & 1u << KI_CROSSFIT &&
        (j->spec.folds < 2 || j->spec.folds > j->part.count))
        return ki_fail(KI_ERR_ARGUMENT,
                       "folds : %" PRIu64 " of %zu transitions : at least 2, at most one for each",
                       j->spec.folds, j->part.count);
    const ki_entropy_value no_value = {NAN, NAN, NAN, KI_CONVERGED};
    for (int e = 0; e < KI_N_ESTIMATORS; e++)
        j->out.value[e] = no_value;
    for (int t = 0; t < KI_N_TESTS; t++)
        j->out.test[t] = no_test;
    error = produce(j);
    error = error ? error : ki_entropy_shares(j);
    for (size_t i = 0; i < n && !error; i++) {
        if (j->out.H)
            j->out.H[i] = j->H[i];
        if (j->out.unit_status)
            j->out.unit_status[i] = j->status[i];
        for (size_t k = 0; k < n && j->out.J; k++)
            j->out.J[i * n + k] = j->J[i * n + k];
    }
    return error;
}

int ki_entropy_production(const ki_raster *raster, const ki_entropy_spec *spec,
                          const ki_run_options *run, ki_entropy_result *out) {
    ki_entropy_job j = {.raster = raster, .spec = complete(spec), .run = run};
    ki_cursor c = {0};
    int error = check(raster, &j.spec, run, out);

    if (error)
        return error;
    take(&c, &j);
    char *const base = c.overflow || c.used > SIZE_MAX / 2 ? NULL : ki_alloc((size_t)c.used, 1);
    if (!base)
        return ki_fail(KI_ERR_NOMEM, "entropy : no memory for %zu units : fewer", raster->units);
    c = (ki_cursor){.base = base};
    take(&c, &j);
    /* The pointers in, the numbers anew. */
    j.out = (ki_entropy_result){.H = out->H,
                                .J = out->J,
                                .unit_status = out->unit_status,
                                .unit = out->unit,
                                .unit_error = out->unit_error,
                                .unit_p = out->unit_p,
                                .pair = out->pair,
                                .pair_error = out->pair_error,
                                .pair_p = out->pair_p};
    error = run_job(&j);
    if (!error)
        *out = j.out;
    ki_free(base);
    return error;
}
