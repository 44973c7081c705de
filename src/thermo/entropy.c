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

enum { USUAL_FOLDS = 10, USUAL_FLIPS = 1999, MOST_FLIPS = 1000000 };

static ki_entropy_spec complete(const ki_entropy_spec *spec) {
    ki_entropy_spec s = spec ? *spec : (ki_entropy_spec){0};

    s.estimators = s.estimators ? s.estimators : 1u << KI_MODEL;
    s.tests = s.tests ? s.tests : 1u << KI_TEST_Z | 1u << KI_TEST_FLIPS;
    s.folds = s.folds ? s.folds : USUAL_FOLDS;
    s.flips = s.flips ? s.flips : USUAL_FLIPS;
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
    const int error = ki_check_flag("likelihood", s->likelihood);
    return error ? error : ki_check_flag("refit", s->refit);
}

/* One allocation for all: measured first, then handed out. */
static void take(ki_cursor *c, ki_entropy_job *j) {
    const size_t n = j->raster->units;
    ki_pass *p = &j->pass;

    ki_part_take(c, j->raster, &j->part);
    j->before = ki_take(c, n, sizeof(double));
    j->after = ki_take(c, n, sizeof(double));
    j->d = ki_take(c, n * n, sizeof(double));
    j->current = ki_take(c, n * n, sizeof(double));
    j->H = ki_take(c, n, sizeof(double));
    j->J = ki_take(c, n * n, sizeof(double));
    j->status = ki_take(c, n, sizeof(int));
    j->column = ki_take(c, n, sizeof(int8_t));
    j->unit = ki_take(c, n, sizeof(size_t));
    j->columns = ki_take(c, n + 1, sizeof(size_t));
    j->kept = ki_take(c, n, sizeof(size_t));
    if (j->spec.refit)
        ki_entropy_take_refit(c, n, j->raster->words, &j->refit);
    if (j->spec.tests & 1u << KI_TEST_SYMMETRIC)
        ki_entropy_take_symmetric(c, n, &j->symmetric);
    j->fold = ki_take(c, j->spec.folds + 1, sizeof(size_t));
    j->theta = ki_take(c, n * (n + 1), sizeof(double));
    j->separated = ki_take(c, n, sizeof(int));
    p->leads = ki_take(c, n * KI_LEADS, sizeof(double));
    p->cox_snell = ki_take(c, n, sizeof(double));
    p->psi = ki_take(c, n * KI_BATCHES, sizeof(double));
    p->log_likelihood = ki_take(c, n, sizeof(double));
    p->gram = ki_take(c, n * KI_FLIP_BLOCKS * KI_FLIP_BLOCKS, sizeof(double));
    p->crossed = ki_take(c, n, sizeof(double));
    p->variance = ki_take(c, n * n, sizeof(double));
    p->failed = ki_take(c, n, sizeof(int));
}

/* Bytes of the bounds and tests that are asked for. */
static uint64_t most_of_stages(const ki_entropy_spec *s, size_t units, size_t words, uint64_t fit,
                               int threads) {
    const double pairs = (double)units * ((double)units - 1) / 2;
    const int mtur = (s->estimators >> KI_MTUR) & 1 && pairs < 64 * (double)words;
    const int maxent = (s->estimators >> KI_MAXENT) & 1;
    const uint64_t a = mtur ? ki_entropy_mtur_bytes(units, words, threads) : 0;
    const uint64_t b = maxent ? ki_entropy_maxent_bytes(units, words, fit, threads) : 0;

    const uint64_t c = s->tests & 1u << KI_TEST_SYMMETRIC ? ki_symmetric_bytes(units, threads) : 0;
    const uint64_t more = a > b ? a : b;

    return more > c ? more : c;
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
    const ki_raster shape = {.units = (size_t)units, .words = (size_t)((bins + 511) / 512 * 8)};
    ki_entropy_job j = {.raster = &shape, .spec = s};
    ki_cursor c = {0};
    take(&c, &j);
    const double workers = ki_parallel_workers((size_t)units, &run);
    const uint64_t each =
        ki_pass_bytes(shape.units, shape.units + 1, shape.words, KI_FLIP_BLOCKS, &overflow);
    const double pass = workers * (double)each, work = pass > (double)fit ? pass : (double)fit;
    const double stages = (double)most_of_stages(&s, shape.units, shape.words, fit, threads);
    const double all = (double)c.used + (work > stages ? work : stages);
    *bytes = c.overflow || overflow || all > 1.8e19 ? UINT64_MAX : (uint64_t)all;
    return 0;
}

/* The network of the recording as rows of units that change. */
static int fit(ki_entropy_job *j, int firth) {
    const size_t n = j->raster->units;
    const ki_fit_spec spec = {.firth = firth};
    const ki_run_options run = ki_entropy_stage(j);
    ki_fit_result f = {.H = j->H, .J = j->J, .status = j->status, .column = j->column};
    ki_pass *p = &j->pass;
    const int error = ki_fit_on(j->raster, j->part.lead[0], j->part.count, &spec, &run, &f);

    j->stage++;
    if (error)
        return error;
    p->n = 1;
    p->fitted = 0;
    j->columns[0] = 0;
    for (size_t i = 0; i < n; i++) {
        if (j->column[i])
            j->columns[p->n++] = i;
        if (j->status[i] != KI_SILENT && j->status[i] != KI_SATURATED)
            j->unit[p->fitted++] = i;
    }
    j->n_kept = 0;
    for (size_t r = 0; r < p->fitted; r++) {
        const size_t i = j->unit[r];
        if (j->column[i])
            j->kept[j->n_kept++] = i;
        j->separated[r] = j->status[i] == KI_SEPARATED;
        j->theta[r * p->n] = j->H[i];
        for (size_t k = 1; k < p->n; k++)
            j->theta[r * p->n + k] = j->J[i * n + j->columns[k]];
    }
    return 0;
}

/* Pairs (i, j) of a row and a column, i != j. */
static double pairs_of(const ki_entropy_job *j) {
    double count = 0;

    for (size_t r = 0; r < j->pass.fitted; r++)
        count += (double)(j->pass.n - 1) - j->column[j->unit[r]];
    return count;
}

/* What one network says. */
typedef struct summary {
    double plugin, instant, leads[KI_LEADS], cox_snell, variance, second, S, crossed;
    int status;
} summary;

static double bias_of(const summary *s) {
    return s->instant + ki_sum(KI_LEADS, s->leads) + s->cox_snell;
}

static double error_of(double variance, double second) {
    return sqrt(fmax(variance - second, second));
}

static double row_sigma(const ki_entropy_job *j, size_t r) {
    const size_t n = j->pass.n, units = j->raster->units;
    double sum = 0;

    for (size_t k = 1; k < n; k++)
        sum += j->theta[r * n + k] * j->current[j->unit[r] * units + j->columns[k]];
    return sum;
}

static summary summarize(const ki_entropy_job *j) {
    const ki_pass *p = &j->pass;
    const double count = (double)j->part.count, pairs = pairs_of(j);
    summary s = {.instant = pairs / count, .second = 4 * pairs / (count * count)};
    double psi[KI_BATCHES] = {0}, likelihood = 0;

    for (size_t r = 0; r < p->fitted; r++) {
        s.plugin += row_sigma(j, r);
        s.cox_snell += p->likelihood ? p->cox_snell[r] : 0;
        s.crossed += p->folds ? p->crossed[r] : 0;
        likelihood += p->log_likelihood[r];
        for (size_t l = 0; l < KI_LEADS; l++)
            s.leads[l] += p->leads[r * KI_LEADS + l];
        for (size_t b = 0; b < p->batches; b++)
            psi[b] += p->psi[r * KI_BATCHES + b];
        if (p->separated[r] && s.status == KI_CONVERGED)
            s.status = KI_SEPARATED;
        if (p->failed[r] || j->status[p->unit[r]] == KI_NOT_CONVERGED)
            s.status = KI_NOT_CONVERGED;
    }
    s.variance = ki_part_variance(&j->part, p->batches, p->batch, psi);
    s.S = (0.5 * (double)(p->fitted * p->n) - likelihood) / count;
    if (p->fitted < 2)
        s.status = KI_NOT_CONVERGED;
    return s;
}

static int run_pass(ki_entropy_job *j, int likelihood, int blocks, int folds) {
    const ki_run_options run = ki_entropy_stage(j);
    ki_pass *p = &j->pass;
    const size_t count = j->part.count;

    p->part = &j->part;
    p->unit = j->unit;
    p->column = j->columns;
    p->theta = j->theta;
    p->separated = j->separated;
    p->current = j->current;
    p->likelihood = likelihood;
    p->batches = count < KI_BATCHES ? count : KI_BATCHES;
    p->blocks = !blocks ? 0 : count < KI_FLIP_BLOCKS ? count : KI_FLIP_BLOCKS;
    p->folds = folds ? (size_t)j->spec.folds : 0;
    p->fold = j->fold;
    ki_part_edges(&j->part, p->batches, 1, p->batch);
    if (p->blocks)
        ki_part_edges(&j->part, p->blocks, 0, p->block);
    if (p->folds)
        ki_part_edges(&j->part, p->folds, 0, j->fold);
    const int error = ki_pass_run(p, &run);
    j->stage++;
    return error;
}

/* Shares of units and pairs. */
static void share(const ki_entropy_job *j) {
    const ki_pass *p = &j->pass;
    const size_t n = j->raster->units, parts = p->blocks;
    const double count = (double)j->part.count;
    const ki_entropy_result *o = &j->out;

    for (size_t i = 0; i < n; i++) {
        if (o->unit)
            o->unit[i] = 0;
        if (o->unit_error)
            o->unit_error[i] = 0;
        if (o->unit_p)
            o->unit_p[i] = NAN;
    }
    for (size_t r = 0; r < p->fitted; r++) {
        const size_t i = p->unit[r];
        const double others = (double)(p->n - 1) - j->column[i];
        if (o->unit)
            o->unit[i] = row_sigma(j, r) - others / count -
                         ki_sum(KI_LEADS, p->leads + r * KI_LEADS) -
                         (p->likelihood ? p->cox_snell[r] : 0);
        if (o->unit_error)
            o->unit_error[i] =
                error_of(ki_part_variance(&j->part, p->batches, p->batch, p->psi + r * KI_BATCHES),
                         3 * others / (count * count));
        if (o->unit_p && parts) {
            double statistic;
            o->unit_p[i] = ki_flip_test(parts, p->gram + r * KI_FLIP_BLOCKS * KI_FLIP_BLOCKS,
                                        j->spec.seed, j->spec.flips, &statistic);
        }
    }
    for (size_t a = 0; a < n && (o->pair || o->pair_p); a++)
        for (size_t b = 0; b < n; b++) {
            const int both = a != b && j->column[a] && j->column[b] && j->status[a] != KI_SILENT &&
                             j->status[b] != KI_SILENT && j->status[a] != KI_SATURATED &&
                             j->status[b] != KI_SATURATED;
            const double force = j->J[a * n + b] - j->J[b * n + a];
            if (o->pair)
                o->pair[a * n + b] = a == b ? NAN
                                     : both ? force * j->current[a * n + b] - 2 / count
                                            : 0;
            if (o->pair_p)
                o->pair_p[a * n + b] =
                    both ? erfc(fabs(force) /
                                sqrt(2 * (p->variance[a * n + b] + p->variance[b * n + a])))
                         : NAN;
        }
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

static void keep(ki_entropy_job *j, int estimator, double sigma, double bias, const summary *s) {
    const int none = s->status == KI_NOT_CONVERGED;

    j->out.value[estimator] =
        (ki_entropy_value){none ? NAN : sigma, none ? NAN : error_of(s->variance, s->second),
                           none ? NAN : bias, s->status};
}

static void keep_model(ki_entropy_job *j, const summary *s) {
    ki_entropy_result *o = &j->out;
    const double z = (s->plugin - bias_of(s)) / sqrt(s->second);
    const int none = s->status == KI_NOT_CONVERGED;

    keep(j, KI_MODEL, s->plugin - bias_of(s), bias_of(s), s);
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
            (ki_entropy_outcome){none ? NAN : z, none ? NAN : erfc(z / sqrt(2)) / 2,
                                 s->status == KI_NOT_CONVERGED ? s->status : 0};
    if (j->spec.tests & 1u << KI_TEST_FLIPS && !none)
        test_flips(j);
}

static int moments(ki_entropy_job *j) {
    const ki_run_options quiet = {.threads = j->run ? j->run->threads : 0};
    const size_t n = j->raster->units;
    const int error = ki_raster_moments_on(j->raster, j->part.lead[0], j->part.count, &quiet,
                                           j->before, j->after, NULL, j->d);

    for (size_t a = 0; a < n && !error; a++)
        for (size_t b = 0; b < n; b++)
            j->current[a * n + b] = j->d[a * n + b] - j->d[b * n + a];
    return error;
}

/* What is of the likeliest network. */
static int likeliest(ki_entropy_job *j) {
    const unsigned asked = j->spec.estimators;
    const int flips = (j->spec.tests >> KI_TEST_FLIPS) & 1, crossfit = (asked >> KI_CROSSFIT) & 1;
    int error = fit(j, KI_FIRTH_AUTO);

    error = error ? error : run_pass(j, 1, flips && j->spec.likelihood, crossfit && !j->spec.refit);
    if (error)
        return error;
    summary s = summarize(j);
    if (asked & 1u << KI_PLUGIN)
        keep(j, KI_PLUGIN, s.plugin, bias_of(&s), &s);
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
    int error = moments(j);

    j->stages = (asked & likely && !j->spec.likelihood ? 4u : 2u) + ((asked >> KI_MTUR) & 1) +
                3 * ((asked >> KI_MAXENT) & 1) + 2 * ((j->spec.tests >> KI_TEST_SYMMETRIC) & 1) +
                ((asked >> KI_CROSSFIT) & (unsigned)refit);
    if (!error && (asked & likely || j->spec.likelihood))
        error = likeliest(j);
    if (!error && !j->spec.likelihood) {
        error = fit(j, KI_FIRTH_ALL);
        error = error ? error : run_pass(j, 0, flips, 0);
        if (error)
            return error;
        const summary s = summarize(j);
        keep_model(j, &s);
    }
    if (!error && asked & 1u << KI_MTUR)
        error = ki_entropy_mtur(j);
    if (!error && asked & 1u << KI_MAXENT)
        error = ki_entropy_maxent(j);
    if (!error && j->spec.tests & 1u << KI_TEST_SYMMETRIC)
        error = ki_entropy_symmetric(j);
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
    const size_t first = (size_t)j->spec.first_bin, n = r->units;

    ki_part_set(&j->part, first, j->spec.bins ? (size_t)j->spec.bins : r->bins - first);
    if (j->part.count == 0)
        return ki_fail(KI_ERR_ARGUMENT,
                       "raster : no trial has two bins there : at least one transition");
    if (j->spec.estimators & 1u << KI_CROSSFIT &&
        (j->spec.folds < 2 || j->spec.folds > j->part.count))
        return ki_fail(KI_ERR_ARGUMENT,
                       "folds : %" PRIu64 " of %zu transitions : at least 2, at most one for each",
                       j->spec.folds, j->part.count);
    const ki_entropy_value no_value = {NAN, NAN, NAN, KI_CONVERGED};
    const ki_entropy_outcome no_test = {NAN, NAN, KI_CONVERGED};
    for (int e = 0; e < KI_N_ESTIMATORS; e++)
        j->out.value[e] = no_value;
    for (int t = 0; t < KI_N_TESTS; t++)
        j->out.test[t] = no_test;
    const int error = produce(j);
    if (!error)
        share(j);
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
                                .pair_p = out->pair_p};
    error = run_job(&j);
    if (!error)
        *out = j.out;
    ki_free(base);
    return error;
}
