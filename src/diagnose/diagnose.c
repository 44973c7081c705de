/* SPDX-License-Identifier: BSD-3-Clause */
/* A recording from end to end: evidence, draws, misfit, the rule [regime]. */
#include <math.h>
#include <string.h>

#include <kinising/diagnose.h>
#include <kinising/thermo.h>

#include "activity.h"
#include "base/error.h"
#include "base/parallel.h"
#include "curves.h"
#include "infer/evidence.h"
#include "misfit.h"
#include "num/philox.h"
#include "num/sum.h"
#include "options.h"
#include "posterior.h"
#include "regime.h"
#include "summary.h"

#define LARGEST 100.0     /* mu or b: beyond, it is no answer */
#define DRIFT_MARGIN 0.02 /* of r: slow dynamics of their own look like a little drift */
#define DRIFT_SHARE 0.1   /* of the least fraction of a misfit */
#define HISTORY_SHARE 0.03
#define FEWEST_DRAWS 50.0 /* that the importance weights leave */

/* Parts of the work in the order in which they are done, with their share of the progress. */
enum { EVIDENCE, MORE_COSINES, ENTROPY, FIT, MISFIT, DRAWS, CURVES, STAGES };
static const uint64_t share[STAGES] = {400, 200, 250, 50, 50, 50, 150};

typedef struct job {
    const ki_raster *raster;
    const ki_run_options *run;
    int stage;
    ki_evidence_state *state, *more;
    ki_posterior_draws draws;
    double *r, *sigma, *S;   /* [draws] */
    double *sorted;          /* [draws] */
    double *H, *J;           /* [N], [N,N] of Firth's fit */
    double *mean_H, *mean_J; /* of the posterior */
    double r_drifting;       /* r beside units of which the rates drift */
    double kappa_centred;    /* kappa of couplings less the means of their rows and columns */
    ki_diagnosis out;
} job;

/* Progress of a stage as that of all. */
static int stage_progress(void *user, uint64_t done, uint64_t total) {
    const job *j = user;
    uint64_t before = 0, all = 0;

    for (int k = 0; k < STAGES; k++) {
        before += k < j->stage ? share[k] : 0;
        all += share[k];
    }
    const double part = total ? (double)done / (double)total : 0;
    const uint64_t here = (uint64_t)((double)(100 * share[j->stage] - 1) * part);
    return j->run->progress(j->run->progress_user, 100 * before + here, 100 * all);
}

static ki_run_options stage_options(job *j, int stage) {
    ki_run_options run = {.threads = j->run ? j->run->threads : 0};

    j->stage = stage;
    if (j->run && j->run->progress) {
        run.progress = stage_progress;
        run.progress_user = j;
    }
    return run;
}

static void take(ki_cursor *c, job *j) {
    const size_t units = j->raster->units, count = (size_t)j->out.options.draws;

    ki_posterior_take(c, count, &j->draws);
    j->r = ki_take(c, count, sizeof(double));
    j->sigma = ki_take(c, count, sizeof(double));
    j->S = ki_take(c, count, sizeof(double));
    j->sorted = ki_take(c, count, sizeof(double));
    j->H = ki_take(c, units, sizeof(double));
    j->J = ki_take(c, units * units, sizeof(double));
    j->mean_H = ki_take(c, units, sizeof(double));
    j->mean_J = ki_take(c, units * units, sizeof(double));
}

/* The ensemble of most evidence, and its index with the posterior means of the fields. */
static int report(const ki_evidence_state *state, const ki_run_options *run, const job *j,
                  ki_prior *prior, double *g) {
    const ki_posterior network = {.H = j->mean_H, .J = j->mean_J};
    const int error = ki_evidence_report(state, run, prior, &network);

    if (error)
        return error;
    size_t n = 0;
    for (size_t i = 0; i < j->raster->units; i++)
        if (!isnan(j->mean_H[i]))
            j->sorted[n++] = j->mean_H[i];
    *g = ki_regime_index(prior->mu, prior->b, n, j->sorted);
    return 0;
}

/* The ensemble, and how far g moves with twice the cosines. */
static int ensemble(job *j) {
    ki_diagnosis *o = &j->out;
    const ki_run_options quiet = {.threads = j->run ? j->run->threads : 0};
    const int cosines = o->options.cosines > 0 ? o->options.cosines : 0;
    ki_run_options run = stage_options(j, EVIDENCE);
    ki_prior unused;
    double g = NAN, more = NAN;

    int error = ki_evidence_open(j->raster, cosines, &run, &j->state);
    run = stage_options(j, MORE_COSINES);
    if (!error && cosines) {
        error = ki_evidence_more(j->state, 2 * cosines, &run, &j->more);
        if (error == KI_ERR_ARGUMENT) /* a row without a finite covariance: a doubt, no refusal */
            error = 0;
        else
            error = error ? error : report(j->more, &quiet, j, &unused, &more);
    }
    error = error ? error : report(j->state, &quiet, j, &o->prior, &g); /* its means stay */
    o->g_more = more - g;
    o->fitted = o->prior.units;
    return error;
}

static int entropy(job *j) {
    ki_diagnosis *o = &j->out;
    const double N = (double)o->fitted;
    const ki_entropy_spec spec = {.tests = 1u << KI_TEST_Z};
    ki_entropy_result e = {.H = j->H, .J = j->J};
    ki_misfit_scores m = {0};
    ki_run_options run = stage_options(j, ENTROPY);

    int error = ki_entropy_production(j->raster, &spec, &run, &e);
    run = stage_options(j, FIT);
    if (!error) {
        const ki_run_options fit_run = run;
        run = stage_options(j, MISFIT);
        error = ki_misfit_run(j->raster, j->state->data.cosines, &fit_run, &run, &m);
    }
    if (error)
        return error;
    o->silent = e.silent;
    o->saturated = e.saturated;
    o->separated = e.separated;
    o->transitions = e.transitions;
    memcpy(o->misfit, m.test, sizeof o->misfit);
    o->kbar = m.kbar;
    o->n_eff = (double)o->transitions * m.kbar / (N + 1);
    o->sigma = ki_normal_interval(e.value[KI_MODEL].sigma / N, e.value[KI_MODEL].error / N);
    o->S = ki_normal_interval(e.S / N, m.S_error / N);
    o->S_ind = ki_normal_interval(m.independent / N, m.independent_error / N);
    o->r = ki_normal_interval(e.S / m.independent, m.r_error);
    j->r_drifting = e.S / m.drifting;
    return 0;
}

/* Draws of everything that the rule needs. */
static int draw(job *j) {
    ki_diagnosis *o = &j->out;
    const size_t count = j->draws.count;
    const ki_run_options run = stage_options(j, DRAWS);
    const int error = ki_posterior_draw(j->state, o->options.seed, &run, &j->draws);

    if (error)
        return error;
    const double mean = ki_sum(count, j->draws.g) / (double)count;
    const double wider = sqrt(1 + 5 / o->n_eff);
    const uint64_t key[2] = {o->options.seed, UINT64_C(0x656e74726f7079)}; /* "entropy" */
    const ki_sequence sequence = ki_sequence_of(ki_random_key_of(2, key), 0, KI_STREAM_START);
    for (size_t k = 0; k < count; k++) {
        double z[2];
        ki_random_normals(&sequence, 2 * k, 2, z);
        j->draws.g[k] = mean + wider * (j->draws.g[k] - mean);
        j->r[k] = o->r.value + o->r.sd * z[0];
        j->S[k] = o->S.value + o->S.sd * z[0];
        j->sigma[k] = o->sigma.value + o->sigma.sd * z[1];
    }
    o->effective = j->draws.effective;
    o->mu = ki_draws_interval(count, j->draws.mu, j->sorted);
    o->b = ki_draws_interval(count, j->draws.b, j->sorted);
    o->g = ki_draws_interval(count, j->draws.g, j->sorted);
    o->g_more += o->g.value;
    for (size_t k = 0; k < count; k++) {
        const double ratio = j->sigma[k] / j->S[k];
        j->sorted[k] = ratio; /* in place below */
        o->probability[ki_regime_of(&o->options, j->draws.g[k], j->r[k], ratio)] +=
            1 / (double)count;
    }
    o->ratio = ki_draws_interval(count, j->sorted, j->sorted);
    o->ratio.value = o->sigma.value / o->S.value;
    return 0;
}

/* Covariance of J_ij and J_ji, i != j, and their variance; `centred`: less the means of rows and columns, which
 * are known worst where units hardly change, and correlate by themselves. */
static void symmetry(job *j, int centred, double *covariance, double *variance) {
    const ki_evidence_data *d = &j->state->data;
    const size_t n = d->units, all = j->raster->units;
    const double others = (double)(n - 1), pairs = (double)n * others;
    double *const row = j->H, *const column = j->mean_H; /* not needed any more */
    double mean = 0;

    memset(row, 0, n * sizeof *row);
    memset(column, 0, n * sizeof *column);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            if (a != b) {
                const double x = j->J[d->unit[a] * all + d->unit[b]];
                row[a] += centred ? x / others : 0;
                column[b] += centred ? x / others : 0;
                mean += x / pairs;
            }
    mean *= centred ? -1 : 1; /* it is in rows and columns both */
    *covariance = *variance = 0;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            if (a != b) {
                const double x = j->J[d->unit[a] * all + d->unit[b]] - row[a] - column[b] - mean;
                const double y = j->J[d->unit[b] * all + d->unit[a]] - row[b] - column[a] - mean;
                *covariance += x * y / pairs;
                *variance += x * x / pairs;
            }
}

/* Correlation of J_ij and J_ji, and the fourth moment of the couplings. */
static void couplings(job *j) {
    ki_diagnosis *o = &j->out;
    const ki_evidence_data *d = &j->state->data;
    const size_t n = d->units, all = j->raster->units;
    const double pairs = (double)n * (double)(n - 1) / 2;
    double centre = 0, second = 0, fourth = 0, covariance, variance;

    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            centre += a == b ? 0 : j->mean_J[d->unit[a] * all + d->unit[b]] / (2 * pairs);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            if (a != b) {
                const double v = j->mean_J[d->unit[a] * all + d->unit[b]] - centre;
                second += v * v / (2 * pairs);
                fourth += v * v * v * v / (2 * pairs);
            }
    const double scale = d->prior.variance[KI_KIND_COUPLING];
    symmetry(j, 1, &covariance, &variance);
    j->kappa_centred = covariance / scale;
    symmetry(j, 0, &covariance, &variance);
    o->kappa = ki_normal_interval(covariance / scale, variance / sqrt(pairs) / scale);
    o->kurtosis = fourth / (second * second);
    o->mu_kbar = o->mu.value * o->kbar;
}

/* What z of lag-2 and same-bin is of a right model: a fit of N + 1 parameters to T transitions makes variances too
 * small by about (N + 1)/T. */
static double expected_z(const ki_diagnosis *o, int test) {
    const double lost = ((double)o->fitted + 1) / (double)o->transitions;

    return test == KI_MISFIT_LAG2 || test == KI_MISFIT_SAME_BIN
               ? lost * sqrt((double)o->misfit[test].dof / 2)
               : 0;
}

/* Drift moves g much more than it gains in likelihood: couplings take most of it. */
static int is_misfit(const ki_diagnosis *o, int test) {
    const double part = test == KI_MISFIT_DRIFT     ? DRIFT_SHARE
                        : test == KI_MISFIT_HISTORY ? HISTORY_SHARE
                                                    : 1;

    return fabs(o->misfit[test].z) > o->options.misfit_z + expected_z(o, test) &&
           o->misfit[test].fraction > part * o->options.misfit_fraction;
}

/* Whether drift of the rates, which makes r too small, decides on the regime. */
static int is_drift_decisive(const ki_diagnosis *o, double r_drifting) {
    const ki_diagnose_options *t = &o->options;
    const int as_is = ki_regime_of(t, o->g.value, o->r.value, o->ratio.value);

    return fabs(r_drifting - o->r.value) > 3 * o->r.sd + DRIFT_MARGIN &&
           ki_regime_of(t, o->g.value, r_drifting, o->ratio.value) != as_is;
}

static void judge(job *j) {
    ki_diagnosis *o = &j->out;
    const ki_diagnose_options *t = &o->options;
    const double N = (double)o->fitted;
    const double self = fabs(o->prior.self - o->prior.mu / N);
    const double near = o->ratio.value > 1 ? o->ratio.value : 1 / o->ratio.value;
    const int by_sigma = o->g.value < t->critical && o->r.value < t->deterministic;

    o->regime = KI_CANNOT_TELL; /* of which the probability is that of no numbers at all */
    for (int k = KI_ORDERED; k < KI_N_REGIMES; k++)
        if (o->probability[k] > (o->regime ? o->probability[o->regime] : 0))
            o->regime = k;
    const int doubted[KI_N_DOUBTS] = {
        [KI_DOUBT_PROBABILITY] = !o->regime || !(o->probability[o->regime] > t->probability),
        [KI_DOUBT_SPREAD] = !(o->g.sd < t->g_sd),
        [KI_DOUBT_LAG2] = is_misfit(o, KI_MISFIT_LAG2),
        [KI_DOUBT_SAME_BIN] = is_misfit(o, KI_MISFIT_SAME_BIN),
        [KI_DOUBT_DRIFT] = is_misfit(o, KI_MISFIT_DRIFT) || is_misfit(o, KI_MISFIT_HISTORY) ||
                           fabs(o->g_more - o->g.value) > fmax(t->shift, 2 * o->g.sd) ||
                           is_drift_decisive(o, j->r_drifting),
        [KI_DOUBT_SYMMETRY] =
            fmin(fabs(o->kappa.value), fabs(j->kappa_centred)) > fmax(t->kappa, 3 * o->kappa.sd),
        [KI_DOUBT_DATA] =
            o->fitted < 5 || !(o->n_eff > 1) || o->probability[KI_CANNOT_TELL] > 1 - t->probability,
        [KI_DOUBT_EVIDENCE] = o->prior.status != KI_CONVERGED ||
                              (t->cosines > 0 && isnan(o->g_more)) || !(o->prior.b < LARGEST) ||
                              !(fabs(o->prior.mu) < LARGEST) ||
                              !(o->effective * (double)t->draws > FEWEST_DRAWS),
        [KI_DOUBT_SEPARATED] = 2 * o->separated > o->fitted && by_sigma && !(near > 2),
        [KI_DOUBT_SELF] = self > t->self + 3 * o->prior.b / N,
    };
    for (int k = 0; k < KI_N_DOUBTS; k++)
        o->doubts |= doubted[k] ? 1u << k : 0;
    o->verdict = o->doubts ? KI_CANNOT_TELL : o->regime;
    o->cold = o->regime == KI_NEAR_CRITICAL && o->r.value < t->deterministic;
    o->sparse = fabs(o->rate - 0.5) > 0.3 && fabs(o->prior.field) > 0.25;
}

static int describe(job *j) {
    ki_raster_summary s;
    ki_diagnosis *o = &j->out;
    const int error = ki_raster_summarize(j->raster, &s, NULL);

    if (error)
        return error;
    o->units = s.units;
    o->trials = s.trials;
    o->rate = (double)s.spikes / ((double)s.units * (double)s.bins);
    return 0;
}

static int curves(job *j) {
    const ki_run_options run = stage_options(j, CURVES);
    size_t n = 0;

    for (size_t i = 0; i < j->raster->units; i++)
        if (!isnan(j->mean_H[i]))
            j->H[n++] = j->mean_H[i]; /* those of Firth's fit are not needed any more */
    return j->out.options.points ? ki_curves(j->state, &j->draws, j->H, &run, &j->out) : 0;
}

static int diagnose(job *j) {
    int error = describe(j);

    error = error ? error : ensemble(j);
    error = error ? error : entropy(j);
    error = error ? error : draw(j);
    const ki_run_options quiet = {.threads = j->run ? j->run->threads : 0};
    error =
        error ? error
              : ki_activity(j->raster, j->state->data.units, j->state->data.unit, &quiet, &j->out);
    error = error ? error : curves(j);
    if (error)
        return error;
    couplings(j);
    judge(j);
    return 0;
}

/* What the caller wants to keep of the draws. */
static void keep(const job *j, const ki_regime_draws *to) {
    const size_t bytes = j->draws.count * sizeof(double);
    const struct {
        double *to;
        const double *from;
    } all[] = {{to->mu, j->draws.mu}, {to->b, j->draws.b},   {to->g, j->draws.g},
               {to->r, j->r},         {to->sigma, j->sigma}, {to->S, j->S}};

    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        if (all[k].to)
            memcpy(all[k].to, all[k].from, bytes);
}

int ki_diagnose(const ki_raster *raster, const ki_diagnose_options *options,
                const ki_run_options *run, const ki_regime_draws *draws, ki_diagnosis *out) {
    job j = {.raster = raster, .run = run};
    ki_cursor c = {0};
    int error = ki_diagnose_check(raster, options, run, out, &j.out.options);

    if (error)
        return error;
    take(&c, &j);
    void *memory = c.overflow ? NULL : ki_alloc(1, c.used);
    if (!memory)
        return ki_fail(KI_ERR_NOMEM, "diagnose : %llu bytes are not to be had : fewer units",
                       (unsigned long long)c.used);
    c = (ki_cursor){.base = memory};
    take(&c, &j);
    error = diagnose(&j);
    if (!error) {
        *out = j.out;
        if (draws)
            keep(&j, draws);
    }
    ki_evidence_close(j.more);
    ki_evidence_close(j.state);
    ki_free(memory);
    return error;
}
