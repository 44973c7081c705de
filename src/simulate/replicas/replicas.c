/* SPDX-License-Identifier: BSD-3-Clause */
/* Replicas of one network: what is asked for, the memory it takes, blocks on threads, and the
 * results. */
#include <math.h>
#include <string.h>

#include "blas/blas.h"
#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "network/moments.h"
#include "num/product.h"
#include "num/sum.h"
#include "simulate/engines/estimators.h"
#include "simulate/replicas/block.h"

static void lay_out_job(ki_replicas_job *job, ki_cursor *c) {
    const uint64_t n = job->n;
    job->J = ki_take(c, n * n, sizeof *job->J);
    job->H = ki_take(c, n, sizeof *job->H);
    job->self = ki_take(c, n, sizeof *job->self);
    job->m = ki_take(c, n, sizeof *job->m);
    job->m_before = ki_take(c, n, sizeof *job->m_before);
    job->own = ki_take(c, n, sizeof *job->own);
    job->c = ki_take(c, job->want_c ? n * n : 0, sizeof *job->c);
    job->d = ki_take(c, job->want_d ? n * n : 0, sizeof *job->d);
    uint64_t sums = 0;
    if (job->want_summary && __builtin_mul_overflow(job->spec.replicas, KI_N_SUMS, &sums))
        c->overflow = 1;
    job->sums = ki_take(c, sums, sizeof *job->sums);
}

static void lay_out_block(const ki_replicas_job *job, ki_block *b, ki_cursor *c) {
    const uint64_t n = job->n, matrix = n * job->width;
    const int async = job->spec.dynamics == KI_ASYNC;
    b->x = ki_take(c, matrix, sizeof *b->x);
    b->s = ki_take(c, matrix, sizeof *b->s);
    b->t = ki_take(c, matrix, sizeof *b->t);
    b->y = ki_take(c, matrix, sizeof *b->y);
    b->spin = ki_take(c, async ? 0 : n, sizeof *b->spin);
    b->before = ki_take(c, async ? 0 : n, sizeof *b->before);
    b->sums = ki_take(c, KI_N_SUMS * job->width, sizeof *b->sums);
    b->m = ki_take(c, n, sizeof *b->m);
    b->m_before = ki_take(c, n, sizeof *b->m_before);
    b->own = ki_take(c, n, sizeof *b->own);
    b->c = ki_take(c, job->want_c ? n * job->stride : 0, sizeof *b->c);
    b->d = ki_take(c, job->want_d ? n * job->stride : 0, sizeof *b->d);
    b->across = ki_take(c, job->want_moments ? job->width * job->stride : 0, sizeof *b->across);
    if (async) {
        b->field = ki_take(c, matrix, sizeof *b->field);
        b->state = ki_take(c, matrix, sizeof *b->state);
        b->last = ki_take(c, matrix, sizeof *b->last);
        b->words = ki_take(c, 2 * ((n + KI_GROUP - 1) / KI_GROUP) * KI_GROUP, sizeof *b->words);
        b->past = ki_take(c, n, job->slots > UINT64_MAX / 2 ? UINT64_MAX : 2 * job->slots);
    }
    if (async && job->first_measured == job->spec.steps) {
        b->when = ki_take(c, matrix, sizeof *b->when);
        b->slot = ki_take(c, n, KI_RECENT * sizeof *b->slot);
        b->rest = ki_take(c, matrix, sizeof *b->rest);
        b->pair_sum = ki_take(c, n, sizeof *b->pair_sum);
    }
}

static int check_spec(uint64_t n, const ki_replicas_spec *spec, int threads) {
    int error = ki_check_pointer("spec", spec, "a specification");
    error = error ? error : ki_check_spins(n);
    error = error ? error : ki_check_dynamics(spec->dynamics);
    error = error ? error : ki_check_flag("average", spec->average);
    error = error ? error : ki_check_threads(threads);
    if (error)
        return error;
    if (spec->start != KI_START_UP && spec->start != KI_START_RANDOM) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "start : %d is not possible here : KI_START_UP or KI_START_RANDOM",
                       spec->start);
    }
    if (spec->replicas < 1 || spec->steps < 1) {
        return ki_fail(KI_ERR_ARGUMENT, "%s : 0 is too few : use at least 1",
                       spec->replicas < 1 ? "replicas" : "steps");
    }
    uint64_t updates;
    if (__builtin_mul_overflow(n, spec->replicas, &updates) ||
        __builtin_mul_overflow(updates, spec->steps, &updates) || updates > UINT64_MAX / 8) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "replicas : N = %llu, R = %llu and T = %llu are more than 2^61 updates : "
                       "fewer replicas or steps",
                       (unsigned long long)n, (unsigned long long)spec->replicas,
                       (unsigned long long)spec->steps);
    }
    if (spec->average && spec->burn_in >= spec->steps) {
        return ki_fail(KI_ERR_ARGUMENT, "burn-in : %llu leaves nothing of %llu steps : use less",
                       (unsigned long long)spec->burn_in, (unsigned long long)spec->steps);
    }
    return 0;
}

static ki_replicas_job job_of(uint64_t n, const ki_replicas_spec *spec) {
    ki_replicas_job job = {.spec = *spec, .n = n};
    job.stride = (n + KI_COLUMNS - 1) / KI_COLUMNS * KI_COLUMNS;
    job.width = spec->dynamics == KI_SYNC ? KI_SYNC_WIDTH : KI_ASYNC_WIDTH;
    job.blocks = spec->replicas / job.width + (spec->replicas % job.width != 0);
    job.first_measured = spec->average ? spec->burn_in + 1 : spec->steps;
    job.lag = 1;
    job.first_q = job.first_measured;
    if (spec->dynamics == KI_ASYNC) {
        job.lag = ki_lag(spec->steps);
        job.first_q = ki_first_q(spec->steps, spec->average, spec->burn_in);
        job.slots = spec->steps - job.first_q + 1;
        job.slots = job.slots < job.lag ? job.slots : job.lag;
    }
    /* Sums are at most R times the measured times. */
    const uint64_t count = spec->replicas * (spec->steps - job.first_measured + 1);
    int log2count = 0;
    while (log2count < 63 && (uint64_t)1 << log2count < count)
        log2count++;
    job.bits = 61 - log2count < 40 ? 61 - log2count : 40;
    return job;
}

static int workers_of(const ki_replicas_job *job, int threads) {
    const int workers = threads ? threads : ki_default_threads();
    return (uint64_t)workers > job->blocks ? (int)job->blocks : workers;
}

int ki_replicas_memory(uint64_t n, const ki_replicas_spec *spec, int moments, int threads,
                       uint64_t *bytes) {
    int error = check_spec(n, spec, threads);
    error = error ? error : ki_check_pointer("bytes", bytes, "a place for the result");
    if (error)
        return error;
    ki_replicas_job job = job_of(n, spec);
    job.want_summary = 1;
    job.want_moments = job.want_c = job.want_d = moments;
    ki_block block;
    ki_cursor shared = {0}, each = {0};
    lay_out_job(&job, &shared);
    lay_out_block(&job, &block, &each);
    uint64_t sum;
    if (shared.overflow || each.overflow ||
        __builtin_mul_overflow(each.used, (uint64_t)workers_of(&job, threads), &sum) ||
        __builtin_add_overflow(sum, shared.used, &sum)) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "replicas : N = %llu, R = %llu and T = %llu need more than 2^64 bytes : "
                       "a smaller network, fewer replicas or steps",
                       (unsigned long long)n, (unsigned long long)spec->replicas,
                       (unsigned long long)spec->steps);
    }
    *bytes = sum;
    return 0;
}

/* beta H and beta J in single precision; the flips of asynchronous runs want columns. */
static int convert(const ki_network *network, ki_replicas_job *job) {
    const size_t n = job->n;
    const double largest = 1e30; /* N of them still are finite in single precision */
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        const double h = network->beta * network->H[i];
        if (!(fabs(h) <= largest)) {
            return ki_fail(KI_ERR_ARGUMENT,
                           "H[%zu] : beta H = %g is too large for single precision : 1e30 at most",
                           i, h);
        }
        job->H[i] = (float)h;
        job->large_H |= fabs(h) > 100; /* an error of 1e-5 in the difference */
        double field = fabs(h);
        for (size_t j = 0; j < n; j++) {
            const double x = network->beta * network->J[i * n + j];
            if (!(fabs(x) <= largest)) {
                return ki_fail(KI_ERR_ARGUMENT,
                               "J[%zu,%zu] : beta J = %g is too large for single precision : 1e30 "
                               "at most",
                               i, j, x);
            }
            job->J[job->spec.dynamics == KI_SYNC ? i * n + j : j * n + i] = (float)x;
            field += fabs(x);
        }
        job->self[i] = (float)(network->beta * network->J[i * n + i]);
        most = fmax(most, field);
    }
    /* A spin's own part of sigma is at most 13 times its largest field, or that and ln 2. */
    job->own_bits = job->bits - ilogb(16 * (most + 1)) - 1;
    return 0;
}

typedef struct {
    const ki_replicas_job *job;
    ki_block *block; /* one a worker */
} run_context;

static int run_block(void *context, ki_work *work, size_t index) {
    const run_context *r = context;
    const ki_replicas_job *job = r->job;
    ki_block *b = &r->block[ki_work_thread(work)];
    const uint64_t R = job->spec.replicas, first = index * job->width;
    b->index = index;
    b->live = R - first < job->width ? R - first : job->width;
    memset(b->sums, 0, KI_N_SUMS * job->width * sizeof *b->sums);
    int error = job->spec.dynamics == KI_SYNC ? ki_replicas_sync_block(job, b, work)
                                              : ki_replicas_async_block(job, b, work);
    error = error ? error : ki_replicas_flush(job, b, work);
    if (error || !job->want_summary)
        return error;
    for (size_t k = 0; k < KI_N_SUMS; k++)
        memcpy(job->sums + k * R + first, b->sums + k * job->width, b->live * sizeof *b->sums);
    return 0;
}

/* Mean and standard error of x [n]. */
static void mean_of(size_t n, double *x, double *mean, double *error) {
    *mean = ki_sum(n, x) / (double)n;
    for (size_t i = 0; i < n; i++)
        x[i] = (x[i] - *mean) * (x[i] - *mean);
    *error = n > 1 ? sqrt(ki_sum(n, x) / ((double)n * (double)(n - 1))) : NAN;
}

static void summarize(const ki_replicas_job *job, ki_ensemble_result *out) {
    const size_t R = job->spec.replicas;
    const uint64_t last = job->spec.steps, first = job->first_measured;
    const double scale = 1 / ((double)job->n * (double)(last - first + 1));
    const double q_scale = 1 / ((double)job->n * (double)(last - job->first_q + 1));
    double *m = job->sums, *q = m + KI_SUM_Q * R, *S = m + KI_SUM_S * R;
    double *sigma = m + KI_SUM_SIGMA * R, *activity = m + KI_SUM_ACTIVITY * R;
    for (size_t r = 0; r < R; r++) {
        m[r] *= scale;
        q[r] *= q_scale;
        S[r] *= scale;
        sigma[r] *= scale;
        activity[r] *= scale;
    }
    ki_ensemble_result e = {.realizations = R,
                            .flips = (uint64_t)ki_sum(R, job->sums + KI_SUM_FLIPS * R)};
    mean_of(R, m, &e.m, &e.m_err);
    for (size_t r = 0; r < R; r++) /* of m nothing is needed any more */
        m[r] = S[r] + sigma[r];
    mean_of(R, m, &e.Sr, &e.Sr_err);
    mean_of(R, q, &e.q, &e.q_err);
    mean_of(R, S, &e.S, &e.S_err);
    mean_of(R, sigma, &e.sigma, &e.sigma_err);
    mean_of(R, activity, &e.activity, &e.activity_err);
    *out = e;
}

static void write_moments(const ki_network *network, const ki_replicas_job *job,
                          const ki_replicas_out *out) {
    const size_t n = job->n;
    const double count =
        (double)job->spec.replicas * (double)(job->spec.steps - job->first_measured + 1);
    const double scale = ldexp(1, -job->bits) / count;
    const double weight = ki_edge_weight(job->spec.dynamics, network->beta);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        if (out->m)
            out->m[i] = scale * (double)job->m[i];
        if (out->m_before)
            out->m_before[i] = scale * (double)job->m_before[i];
        for (size_t j = 0; j < n; j++) {
            const size_t ij = i * n + j, upper = i < j ? ij : j * n + i;
            if (out->c)
                out->c[ij] = i == j ? 1 : scale * (double)job->c[upper];
            if (!job->want_d)
                continue;
            const double d = scale * (double)job->d[ij];
            const double edge = i == j ? ldexp((double)job->own[i], -job->own_bits) / count
                                       : ki_edge(weight, network->J, n, i, j, d);
            sum += edge;
            if (out->d)
                out->d[ij] = d;
            if (out->sigma_edge)
                out->sigma_edge[ij] = edge;
        }
        if (out->sigma_spin)
            out->sigma_spin[i] = sum;
    }
}

static void choose(ki_replicas_job *job, int summary, const ki_replicas_out *out) {
    job->want_summary = summary;
    if (out) {
        job->want_c = out->c != NULL;
        job->want_d = out->d || out->sigma_spin || out->sigma_edge;
        job->want_moments = out->m || out->m_before || job->want_c || job->want_d;
        job->raster = out->raster;
    }
    if (!job->want_summary && !job->want_moments)
        job->first_measured = job->spec.steps + 1;
}

/* Shared arrays and one block of arrays a worker, all in one piece; NULL if there is not so much.
 */
static char *allocate(ki_replicas_job *job, ki_block *block, size_t workers) {
    ki_cursor c = {0};
    lay_out_job(job, &c);
    for (size_t w = 0; w < workers; w++)
        lay_out_block(job, &block[w], &c);
    char *memory = c.overflow || c.used > SIZE_MAX ? NULL : ki_alloc(c.used, 1);
    if (memory == NULL)
        return NULL;
    memset(memory, 0, c.used);
    c = (ki_cursor){.base = memory};
    lay_out_job(job, &c);
    for (size_t w = 0; w < workers; w++)
        lay_out_block(job, &block[w], &c);
    return memory;
}

static int run_job(const ki_network *network, ki_replicas_job *job, ki_block *block,
                   const ki_run_options *run) {
    const uint64_t tag = UINT64_C(0x7265706c69636173); /* not the numbers of an ensemble */
    uint64_t beta;
    memcpy(&beta, &network->beta, sizeof beta);
    const uint64_t word[] = {job->spec.seed, tag, job->n, (uint64_t)job->spec.dynamics, beta};
    job->key = ki_random_key_of(sizeof word / sizeof *word, word);
    const int error = convert(network, job);
    if (error)
        return error;
    run_context context = {job, block};
    return ki_parallel_work(job->blocks, job->spec.replicas * job->spec.steps * job->n, run,
                            run_block, &context);
}

int ki_replicas(const ki_network *network, const ki_replicas_spec *spec, const ki_run_options *run,
                ki_ensemble_result *summary, const ki_replicas_out *out) {
    int error = ki_network_check(network);
    error = error ? error : check_spec(network->n, spec, run ? run->threads : 0);
    if (error)
        return error;
    ki_replicas_job job = job_of(network->n, spec);
    choose(&job, summary != NULL, out);
    const size_t workers = (size_t)ki_parallel_workers(job.blocks, run);
    ki_block *block = ki_alloc(workers, sizeof *block);
    char *memory = NULL;
    if (block) {
        memset(block, 0, workers * sizeof *block);
        memory = allocate(&job, block, workers);
    }
    if (memory == NULL) {
        error = ki_fail(KI_ERR_NOMEM,
                        "replicas : no memory for N = %zu, T = %llu and R = %llu on %zu threads : "
                        "fewer threads or less of the others",
                        job.n, (unsigned long long)spec->steps, (unsigned long long)spec->replicas,
                        workers);
    } else {
        ki_blas_begin();
        error = run_job(network, &job, block, run);
        ki_blas_end();
    }
    if (!error && summary)
        summarize(&job, summary);
    if (!error && job.want_moments)
        write_moments(network, &job, out);
    ki_free(memory);
    ki_free(block);
    return error;
}
