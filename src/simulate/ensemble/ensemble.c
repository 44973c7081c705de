/* SPDX-License-Identifier: BSD-3-Clause */
/* An average over disorder: what is asked for, which engine does it, threads that take
 * realizations, and exact sums. */
#include "simulate/ensemble/ensemble.h"

#include <kinising/theory.h>

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"

static const ki_engine *const engines[] = {
    &ki_engine_sync_dense,
    &ki_engine_sync_matrix_free,
    &ki_engine_async_dense,
    &ki_engine_async_matrix_free,
};
enum { N_ENGINES = sizeof engines / sizeof engines[0] };

const char *ki_algorithm_name(int algorithm) {
    static const char *const names[] = {"auto", "dense", "matrix-free"};
    return algorithm >= 0 && algorithm < 3 ? names[algorithm] : "?";
}

#define LARGEST_FIELD 1e30

static int check_parameters(const ki_theory_params *p) {
    const double value[] = {p->J0, p->dJ, p->dH};
    static const char *const name[] = {"J0", "dJ", "dH"};
    const int error = ki_check_point(p, 1);
    if (error)
        return error;
    for (int i = 0; i < 3; i++) {
        /* Fields are in single precision, the noise up to 8 standard deviations. */
        if (p->beta * fabs(value[i]) > LARGEST_FIELD) {
            return ki_fail(KI_ERR_ARGUMENT,
                           "%s : beta %s = %g is too large for single precision : 1e30 at most",
                           name[i], name[i], p->beta * value[i]);
        }
    }
    return 0;
}

static int check_choices(const ki_ensemble_spec *s) {
    int error = ki_check_dynamics(s->dynamics);
    error = error ? error : ki_check_flag("average", s->average);
    error = error ? error : ki_check_flag("zero_diagonal", s->zero_diagonal);
    if (error)
        return error;
    if (s->start < KI_START_UP || s->start > KI_START_THEORY)
        return ki_fail(KI_ERR_ARGUMENT, "start : %d is unknown : one of enum ki_start", s->start);
    if (s->algorithm < KI_ALGORITHM_AUTO || s->algorithm > KI_ALGORITHM_MATRIX_FREE) {
        return ki_fail(KI_ERR_ARGUMENT, "algorithm : %d is unknown : one of enum ki_algorithm",
                       s->algorithm);
    }
    return 0;
}

/* Whether the algorithm can do it at all; both refusals are of matrix-free. */
static const char *obstacle(const ki_ensemble_spec *s, int algorithm) {
    if (algorithm != KI_ALGORITHM_MATRIX_FREE)
        return NULL;
    if (s->zero_diagonal)
        return "zero_diagonal : not possible without a matrix";
    return s->dynamics == KI_ASYNC && s->average
               ? "average : not possible without a matrix in asynchronous dynamics"
               : NULL;
}

int ki_ensemble_check(const ki_ensemble_spec *s) {
    if (ki_check_spins(s->n) || check_parameters(&s->p) || check_choices(s))
        return KI_ERR_ARGUMENT;
    if (s->steps < 1 || s->steps > (UINT64_C(1) << 62) / s->n) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "steps : %llu is out of range : 1 to 2^62 updates of single spins",
                       (unsigned long long)s->steps);
    }
    if (s->average && s->burn_in >= s->steps) {
        return ki_fail(KI_ERR_ARGUMENT, "burn_in : %llu leaves nothing of %llu steps : fewer",
                       (unsigned long long)s->burn_in, (unsigned long long)s->steps);
    }
    const char *why = obstacle(s, s->algorithm);
    return why ? ki_fail(KI_ERR_ARGUMENT, "%s : the dense algorithm", why) : 0;
}

/* The one asked for, or the faster of those that can. */
static const ki_engine *choose_engine(const ki_ensemble_spec *s) {
    const ki_engine *best = NULL;
    for (int i = 0; i < N_ENGINES; i++) {
        const ki_engine *e = engines[i];
        if (e->dynamics == s->dynamics &&
            (s->algorithm ? e->algorithm == s->algorithm : !obstacle(s, e->algorithm)) &&
            (!best || e->seconds(s) < best->seconds(s)))
            best = e;
    }
    return best;
}

/* Fields that do not matter get one value, and -0 is 0: equal meaning, equal specification. */
static ki_ensemble_spec normalized(const ki_ensemble_spec *from) {
    ki_ensemble_spec s = *from;
    s.p.beta += 0.0;
    s.p.J0 += 0.0;
    s.p.dJ += 0.0;
    s.p.dH += 0.0;
    s.burn_in = s.average ? s.burn_in : 0;
    return s;
}

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static int make_plan(const ki_ensemble_spec *s, ki_plan *plan) {
    /* Neither steps nor algorithm: the same networks whatever is done with them. */
    const uint64_t word[] = {s->seed,
                             s->n,
                             bits_of(s->p.beta),
                             bits_of(s->p.J0),
                             bits_of(s->p.dJ),
                             bits_of(s->p.dH),
                             (uint64_t)s->dynamics};
    *plan = (ki_plan){.spec = *s,
                      .key = ki_random_key_of(sizeof word / sizeof word[0], word),
                      .start_mean = s->start == KI_START_UP ? 1 : 0};
    if (s->start == KI_START_THEORY) {
        ki_theory_result theory;
        const int error = ki_theory(&s->p, (unsigned)s->dynamics, &theory);
        if (error)
            return error;
        plan->start_mean = theory.m;
    }
    return 0;
}

int ki_ensemble_create(const ki_ensemble_spec *spec, ki_ensemble **out) {
    int error = ki_check_pointer("spec", spec, "a specification");
    error = error ? error : ki_check_pointer("out", out, "a place for the ensemble");
    error = error ? error : ki_ensemble_check(spec);
    if (error)
        return error;
    ki_ensemble *e = ki_alloc(1, sizeof *e);
    if (!e)
        return ki_fail(KI_ERR_NOMEM, "ensemble : no memory for its sums : a machine with more");
    memset(e, 0, sizeof *e);
    ki_ensemble_spec s = normalized(spec);
    e->engine = choose_engine(&s);
    s.algorithm = e->engine->algorithm;
    error = make_plan(&s, &e->plan);
    if (error) {
        ki_ensemble_free(e);
        return error;
    }
    *out = e;
    return 0;
}

void ki_ensemble_free(ki_ensemble *e) {
    if (e) {
        ki_done_free(&e->done);
        ki_free(e);
    }
}

const ki_ensemble_spec *ki_ensemble_get_spec(const ki_ensemble *e) {
    return &e->plan.spec;
}

/* What no machine has is UINT64_MAX. */
static uint64_t workspace_bytes(const ki_engine *engine, const ki_ensemble_spec *spec) {
    ki_cursor c = {0};
    engine->lay_out(spec, &c);
    return c.overflow ? UINT64_MAX : c.used;
}

int ki_ensemble_memory(const ki_ensemble_spec *spec, uint64_t *bytes) {
    int error = ki_check_pointer("spec", spec, "a specification");
    error = error ? error : ki_check_pointer("bytes", bytes, "a place for the result");
    error = error ? error : ki_ensemble_check(spec);
    if (!error) {
        const ki_ensemble_spec s = normalized(spec);
        const uint64_t each = workspace_bytes(choose_engine(&s), &s);
        *bytes = each < UINT64_MAX - sizeof(ki_sums) ? each + sizeof(ki_sums) : UINT64_MAX;
    }
    return error;
}

/* Realizations are handed out in chunks, so that committing one costs nothing beside the work. */
enum { CHUNK_UPDATES = 1 << 18, CHUNK_MOST = 256 };

/* A range of which nothing is done, and the number of its first chunk. */
typedef struct gap {
    ki_range range;
    size_t chunk;
} gap;

typedef struct worker {
    char *memory; /* of the workspace */
    void *workspace;
    ki_sums sums;    /* of the chunk at hand */
    ki_range chunk;  /* done of it */
    ki_ensemble *of; /* where it goes */
} worker;

typedef struct job {
    ki_ensemble *e;
    gap *gaps;
    size_t n_gaps, n_chunks;
    uint64_t todo, chunk;
    worker *workers;
    int n_workers;
} job;

static uint64_t updates_of(const ki_ensemble_spec *s) {
    return s->n * s->steps;
}

/* Lists what is to do and divides it. */
static int divide(job *j, uint64_t first, uint64_t last, const ki_run_options *run) {
    const ki_done *done = &j->e->done;
    j->todo = last - first - ki_done_count(done, first, last);
    if (j->todo == 0)
        return 0;
    j->gaps = ki_alloc(done->n + 1, sizeof *j->gaps);
    if (!j->gaps) {
        return ki_fail(KI_ERR_NOMEM,
                       "realizations : no memory for a list of %zu ranges : run them "
                       "in order",
                       done->n + 1);
    }
    const uint64_t most = CHUNK_UPDATES / updates_of(&j->e->plan.spec) + 1;
    const uint64_t fair = j->todo / (8 * (uint64_t)ki_parallel_workers(SIZE_MAX, run)) + 1;
    j->chunk = most < fair ? most : fair;
    j->chunk = j->chunk < CHUNK_MOST ? j->chunk : CHUNK_MOST;
    for (uint64_t r = first; r < last;) {
        const ki_range range = ki_done_gap(done, r, last);
        if (range.first < range.last) {
            j->gaps[j->n_gaps++] = (gap){range, j->n_chunks};
            j->n_chunks += (size_t)((range.last - range.first - 1) / j->chunk + 1);
        }
        r = range.last;
    }
    return 0;
}

static ki_range chunk_range(const job *j, size_t c) {
    size_t low = 0, high = j->n_gaps;
    while (high - low > 1) { /* the last gap whose first chunk is not after c */
        const size_t middle = low + (high - low) / 2;
        if (j->gaps[middle].chunk <= c)
            low = middle;
        else
            high = middle;
    }
    const gap *g = &j->gaps[low];
    const uint64_t first = g->range.first + (c - g->chunk) * j->chunk;
    const uint64_t left = g->range.last - first;
    return (ki_range){first, first + (left < j->chunk ? left : j->chunk)};
}

void ki_sums_merge(ki_sums *sums, const ki_sums *from) {
    for (int k = 0; k < KI_N_ESTIMATES; k++) {
        ki_exact_sum_merge(&sums->x[k], &from->x[k]);
        ki_exact_sum_merge(&sums->square[k], &from->square[k]);
    }
}

/* Under the lock: after it the ensemble is whole again. */
static int commit(void *ctx) {
    worker *w = ctx;
    const int error = ki_done_add(&w->of->done, w->chunk);
    if (!error) {
        w->of->count += w->chunk.last - w->chunk.first;
        ki_sums_merge(&w->of->sums, &w->sums);
    }
    return error;
}

static int run_chunk(void *ctx, ki_work *work, size_t c) {
    const job *j = ctx;
    worker *w = &j->workers[ki_work_thread(work)];
    const ki_range range = chunk_range(j, c);
    double out[KI_N_ESTIMATES];
    int error = 0;
    memset(&w->sums, 0, sizeof w->sums);
    w->chunk = (ki_range){range.first, range.first};
    while (!error && w->chunk.last < range.last) {
        error = j->e->engine->realize(&j->e->plan, w->workspace, w->chunk.last, work, out);
        for (int k = 0; k < KI_N_ESTIMATES && !error; k++) {
            ki_exact_sum_add(&w->sums.x[k], out[k]);
            ki_exact_sum_add_square(&w->sums.square[k], out[k]);
        }
        w->chunk.last += error == 0;
    }
    /* What is finished is kept, even of a chunk that is not. */
    const int lost = w->chunk.first < w->chunk.last ? ki_work_commit(work, commit, w) : 0;
    return error ? error : lost;
}

/* Everything the run needs, so that it allocates nothing. */
static int start_workers(job *j, const ki_run_options *run) {
    const ki_plan *plan = &j->e->plan;
    const uint64_t bytes = workspace_bytes(j->e->engine, &plan->spec);
    const int n = ki_parallel_workers(j->n_chunks, run);
    /* Each chunk in work may leave a hole. */
    const int error = ki_done_reserve(&j->e->done, j->e->done.n + (size_t)n + 2);
    if (error)
        return error;
    j->workers = ki_alloc((size_t)n, sizeof *j->workers);
    while (j->workers && j->n_workers < n) {
        worker *w = &j->workers[j->n_workers];
        w->of = j->e;
        w->memory = bytes < SIZE_MAX ? ki_alloc((size_t)bytes, 1) : NULL;
        if (!w->memory)
            break;
        ki_cursor c = {.base = w->memory};
        w->workspace = j->e->engine->lay_out(&plan->spec, &c);
        j->n_workers++;
    }
    if (j->n_workers == n)
        return 0;
    return ki_fail(KI_ERR_NOMEM,
                   "N = %llu : no memory for %d threads of %.3g GiB : fewer threads, or smaller N",
                   (unsigned long long)plan->spec.n, n, (double)bytes / 0x1p30);
}

static void stop_workers(job *j) {
    for (int i = 0; i < j->n_workers; i++)
        ki_free(j->workers[i].memory);
    ki_free(j->workers);
    ki_free(j->gaps);
}

int ki_ensemble_run(ki_ensemble *e, uint64_t first, uint64_t last, const ki_run_options *run) {
    if (ki_check_pointer("ensemble", e, "that of ki_ensemble_create()"))
        return KI_ERR_ARGUMENT;
    if (first > last || last > KI_MAX_REALIZATION) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "realizations : %llu to %llu is no range : first <= last <= 2^56",
                       (unsigned long long)first, (unsigned long long)last);
    }
    job j = {.e = e};
    int error = ki_parallel_work(0, 0, run, run_chunk, &j); /* the options alone */
    if (!error)
        error = divide(&j, first, last, run);
    if (!error && j.n_chunks > 0) {
        const uint64_t updates = updates_of(&e->plan.spec);
        const uint64_t total = j.todo > UINT64_MAX / updates ? UINT64_MAX : j.todo * updates;
        error = start_workers(&j, run);
        if (!error)
            error = ki_parallel_work(j.n_chunks, total, run, run_chunk, &j);
    }
    stop_workers(&j);
    return error;
}

uint64_t ki_ensemble_done(const ki_ensemble *e, uint64_t first, uint64_t last) {
    return first < last ? ki_done_count(&e->done, first, last) : 0;
}

static ki_pair product(ki_pair a, double b_hi, double b_lo) {
    const double hi = a.hi * b_hi;
    return (ki_pair){hi, fma(a.hi, b_hi, -hi) + (a.hi * b_lo + a.lo * b_hi)};
}

/* Mean and its standard error, from n sum(x^2) - sum(x)^2 in twice the precision, so that most
 * digits may cancel. A spread below 2^-48 of the values is rounding noise of theirs and counts as
 * none. */
static void estimate(const ki_exact_sum *x, const ki_exact_sum *square, double n, double *mean,
                     double *error) {
    /* Values of 1e-200 have squares that no double holds. */
    const int room = ki_exact_sum_room(square), up = room > KI_EXACT_LIMBS ? 0 : room / 2;
    const ki_pair s = ki_exact_sum_pair(x, up), s2 = ki_exact_sum_pair(square, 2 * up);
    const ki_pair a = product(s2, n, 0), b = product(s, s.hi, s.lo);
    double difference = (a.hi - b.hi) + (a.lo - b.lo);
    if (difference < 0x1p-96 * a.hi)
        difference = 0;
    *mean = ldexp(s.hi / n, -32 * up);
    *error = n > 1 ? ldexp(sqrt(difference / (n - 1)) / n, -32 * up) : (double)NAN;
}

/* A sum that is a count, unless the state is forged. */
static uint64_t count_of(const ki_exact_sum *sum) {
    const double value = ki_exact_sum_value(sum);
    return value >= 0 && value < 0x1p64 ? (uint64_t)value : 0;
}

int ki_ensemble_result_of(const ki_ensemble *e, ki_ensemble_result *out) {
    if (ki_check_pointer("ensemble", e, "that of ki_ensemble_create()") ||
        ki_check_pointer("out", out, "a place for the result"))
        return KI_ERR_ARGUMENT;
    double mean[KI_N_ESTIMATES], error[KI_N_ESTIMATES];
    for (int k = 0; k < KI_N_ESTIMATES; k++)
        estimate(&e->sums.x[k], &e->sums.square[k], (double)e->count, &mean[k], &error[k]);
    *out = (ki_ensemble_result){
        .realizations = e->count,
        .m = mean[KI_EST_M],
        .m_err = error[KI_EST_M],
        .q = mean[KI_EST_Q],
        .q_err = error[KI_EST_Q],
        .S = mean[KI_EST_S],
        .S_err = error[KI_EST_S],
        .Sr = mean[KI_EST_SR],
        .Sr_err = error[KI_EST_SR],
        .sigma = mean[KI_EST_SIGMA],
        .sigma_err = error[KI_EST_SIGMA],
        .activity = mean[KI_EST_ACTIVITY],
        .activity_err = error[KI_EST_ACTIVITY],
        .flips = count_of(&e->sums.x[KI_EST_FLIPS]),
    };
    return 0;
}

int ki_ensemble_status(const ki_ensemble_result *r) {
    return r->realizations > 0 && r->flips < KI_FEW_FLIPS && r->activity < 0.1 ? KI_HARDLY_MOVED
                                                                               : KI_CONVERGED;
}

uint64_t ki_ensemble_target(const ki_ensemble *e, double rel_err, uint64_t done, uint64_t step,
                            uint64_t most) {
    ki_ensemble_result r;

    if (ki_ensemble_result_of(e, &r))
        return done;
    const ki_theory_params *p = &e->plan.spec.p;
    /* Symmetric couplings: sigma vanishes in the steady state, Sr does not. */
    const int symmetric = e->plan.spec.n == 1 || p->dJ == 0, none = p->beta == 0;
    const double error = symmetric ? r.Sr_err : r.sigma_err;
    const double size = fabs(symmetric ? r.Sr : r.sigma);
    const double flips = fmax(KI_FEW_FLIPS, 1 / (rel_err * rel_err));
    if (none || (error <= rel_err * size && (double)r.flips >= flips) || done >= most)
        return done;
    const uint64_t highest = done > UINT64_MAX / 4 ? UINT64_MAX : 4 * done;
    const double ratio = error / (rel_err * size);
    const double by_flips = flips / fmax((double)r.flips, 0.25);
    /* Not a number: a single realization has no error, sigma may be 0 by chance. */
    const double needed = 1.1 * (double)done * fmax(isnan(ratio) ? 1 : ratio * ratio, by_flips);
    uint64_t next = done > UINT64_MAX - step ? UINT64_MAX : done + step;
    if (needed >= (double)highest)
        next = highest > next ? highest : next;
    else if (needed > (double)next)
        next = (uint64_t)needed;
    return next < most ? next : most;
}
