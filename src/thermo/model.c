/* SPDX-License-Identifier: BSD-3-Clause */
/* The estimate by a fitted network [sigma-data]. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "infer/fit.h"
#include "job.h"
#include "num/sum.h"

void ki_entropy_take_model(ki_cursor *c, ki_entropy_job *j) {
    const size_t n = j->raster->units;
    const uint64_t most = 64 * (uint64_t)j->raster->words; /* more folds are refused later */
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
    j->fold = ki_take(c, (j->spec.folds < most ? j->spec.folds : most) + 1, sizeof(size_t));
    j->theta = ki_take(c, n * (n + 1), sizeof(double));
    j->separated = ki_take(c, n, sizeof(int));
    p->leads = ki_take(c, n * KI_LEADS, sizeof(double));
    p->cox_snell = ki_take(c, n, sizeof(double));
    p->psi = ki_take(c, n * KI_BATCHES, sizeof(double));
    j->log_likelihood = ki_take(c, n, sizeof(double));
    p->gram = ki_take(c, n * KI_FLIP_BLOCKS * KI_FLIP_BLOCKS, sizeof(double));
    p->crossed = ki_take(c, n, sizeof(double));
    p->variance = ki_take(c, n * n, sizeof(double));
    p->failed = ki_take(c, n, sizeof(int));
}

int ki_entropy_moments(ki_entropy_job *j) {
    const ki_run_options quiet = {.threads = j->run ? j->run->threads : 0};
    const size_t n = j->raster->units;
    const int error = ki_raster_moments_on(j->raster, j->part.lead[0], j->part.count, &quiet,
                                           j->before, j->after, NULL, j->d);

    for (size_t a = 0; a < n && !error; a++)
        for (size_t b = 0; b < n; b++)
            j->current[a * n + b] = j->d[a * n + b] - j->d[b * n + a];
    return error;
}

/* The network of the recording as rows of units that change. */
int ki_entropy_fit(ki_entropy_job *j, int firth) {
    const size_t n = j->raster->units;
    const ki_fit_spec spec = {.firth = firth};
    const ki_run_options run = ki_entropy_stage(j);
    ki_fit_result f = {.H = j->H, .J = j->J, .status = j->status, .column = j->column};
    ki_pass *p = &j->pass;
    const int error =
        ki_fit_on(j->raster, j->part.lead[0], j->part.count, &spec, &run, &f, j->log_likelihood);

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

double ki_entropy_bias(const ki_entropy_summary *s) {
    return s->instant + ki_sum(KI_LEADS, s->leads) + s->cox_snell;
}

double ki_entropy_error(double variance, double second) {
    return sqrt(fmax(variance - second, second));
}

double ki_entropy_row_sigma(const ki_entropy_job *j, size_t r) {
    const size_t n = j->pass.n, units = j->raster->units;
    double sum = 0;

    for (size_t k = 1; k < n; k++)
        sum += j->theta[r * n + k] * j->current[j->unit[r] * units + j->columns[k]];
    return sum;
}

ki_entropy_summary ki_entropy_summarize(const ki_entropy_job *j) {
    const ki_pass *p = &j->pass;
    const double count = (double)j->part.count, pairs = pairs_of(j);
    ki_entropy_summary s = {.instant = pairs / count, .second = 4 * pairs / (count * count)};
    double psi[KI_BATCHES] = {0}, likelihood = 0;

    for (size_t r = 0; r < p->fitted; r++) {
        s.plugin += ki_entropy_row_sigma(j, r);
        s.cox_snell += p->likelihood ? p->cox_snell[r] : 0;
        s.crossed += p->folds ? p->crossed[r] : 0;
        likelihood += j->log_likelihood[p->unit[r]];
        for (size_t l = 0; l < KI_LEADS; l++)
            s.leads[l] += p->leads[r * KI_LEADS + l];
        for (size_t b = 0; b < p->batches; b++)
            psi[b] += p->psi[r * KI_BATCHES + b];
        if (p->separated[r] && s.status == KI_CONVERGED)
            s.status = KI_SEPARATED;
        if (p->failed[r] || j->status[p->unit[r]] == KI_NOT_CONVERGED)
            s.status = KI_NOT_CONVERGED;
    }
    s.variance = ki_part_variance(j->part.count, p->batches, psi);
    s.S = (0.5 * (double)(p->fitted * p->n) - likelihood) / count;
    if (p->fitted < 2)
        s.status = KI_NOT_CONVERGED;
    return s;
}

int ki_entropy_pass(ki_entropy_job *j, int likelihood, int blocks, int folds) {
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

int ki_entropy_begin(ki_entropy_job *j) {
    const size_t first = (size_t)j->spec.first_bin, bins = (size_t)j->spec.bins;

    ki_part_set(&j->part, first, bins ? bins : j->raster->bins - first);
    if (j->part.count == 0)
        return ki_fail(KI_ERR_ARGUMENT,
                       "raster : no trial has two bins there : at least one transition");
    return 0;
}

int ki_entropy_sigma(const ki_raster *raster, const ki_entropy_spec *spec,
                     const ki_run_options *run, double *sigma) {
    const int likely = spec->likelihood;
    ki_entropy_job j = {
        .raster = raster,
        .spec = {.likelihood = likely, .first_bin = spec->first_bin, .bins = spec->bins},
        .run = run,
        .stages = 2};
    ki_cursor c = {0};

    ki_entropy_take_model(&c, &j);
    char *const base = c.overflow || c.used > SIZE_MAX / 2 ? NULL : ki_alloc((size_t)c.used, 1);
    if (!base)
        return ki_fail(KI_ERR_NOMEM, "entropy : no memory for %zu units : fewer", raster->units);
    c = (ki_cursor){.base = base};
    ki_entropy_take_model(&c, &j);
    int error = ki_entropy_begin(&j);
    error = error ? error : ki_entropy_moments(&j);
    error = error ? error : ki_entropy_fit(&j, likely ? KI_FIRTH_AUTO : KI_FIRTH_ALL);
    error = error ? error : ki_entropy_pass(&j, likely, 0, 0);
    if (!error) {
        const ki_entropy_summary s = ki_entropy_summarize(&j);
        *sigma = s.status == KI_NOT_CONVERGED ? NAN : s.plugin - ki_entropy_bias(&s);
    }
    ki_free(base);
    return error;
}
