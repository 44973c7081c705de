/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests by surrogates: the model's sigma of the recording against that of recordings that are like it
 * in all but one respect [surrogates]. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "job.h"
#include "surrogates.h"

/* A test that is on its way. */
typedef struct null {
    const ki_entropy_job *j;
    ki_window window;
    int test;
    const double *H, *transposed; /* of the symmetric network */
    const int8_t *row;
    double *sigma; /* [surrogates] */
    char *memory;  /* of the workers */
    uint64_t each;
} null;

/* A copy of the recording to be filled, and room, of one worker. */
typedef struct copy {
    ki_raster raster;
    double *field;
    size_t *room;
} copy;

static void take(ki_cursor *c, const ki_raster *r, int shuffles, copy *s) {
    s->raster = *r;
    s->raster.bits = ki_take(c, (uint64_t)r->units * r->words, sizeof(uint64_t));
    s->field = ki_take(c, r->units, sizeof(double));
    s->room = ki_take(c, shuffles ? 2 * r->trials : 0, sizeof(size_t));
}

/* A stage may be stopped from within the estimate of one surrogate. */
static int stopped(void *user, uint64_t done, uint64_t total) {
    (void)done;
    (void)total;
    return ki_work_spend(user, UINT64_C(1) << 25);
}

static int one_surrogate(void *ctx, ki_work *work, size_t index) {
    const null *t = ctx;
    const uint64_t seed = t->j->spec.seed;
    const ki_run_options run = {1, stopped, work};
    ki_cursor c = {.base = t->memory + (uint64_t)ki_work_thread(work) * t->each};
    copy s;

    take(&c, t->window.raster, t->test == KI_TEST_SHUFFLES, &s);
    if (t->test == KI_TEST_SHIFTS)
        ki_surrogate_shift(&t->window, seed, index, &s.raster);
    else if (t->test == KI_TEST_SHUFFLES)
        ki_surrogate_shuffle(&t->window, seed, index, s.room, &s.raster);
    else
        ki_surrogate_course(&t->window, t->H, t->transposed, t->row, seed, index, s.field,
                            &s.raster);
    const int error = ki_entropy_sigma(&s.raster, &t->j->spec, &run, t->sigma + index);
    if (!error)
        (void)ki_work_tick(work, 1);
    return error;
}

/* What the surrogates say. One without a value counts as at least as much, and the status says so. */
static void judge(const null *t, double found, ki_entropy_outcome *out) {
    const uint64_t all = t->j->spec.surrogates;
    double sum = 0, squares = 0, count = 0;
    uint64_t least = 0;

    for (uint64_t k = 0; k < all; k++) {
        least += t->sigma[k] < found ? 0 : 1;
        sum += isnan(t->sigma[k]) ? 0 : t->sigma[k];
        count += !isnan(t->sigma[k]);
    }
    for (uint64_t k = 0; k < all; k++)
        squares += isnan(t->sigma[k]) ? 0 : pow(t->sigma[k] - sum / count, 2);
    out->mean = sum / count;
    out->deviation = count > 1 ? sqrt(squares / (count - 1)) : NAN;
    out->statistic = found - out->mean;
    out->p_value = (double)(least + 1) / (double)(all + 1);
    out->status = count == (double)all ? KI_CONVERGED : KI_NOT_CONVERGED;
}

static int run_test(ki_entropy_job *j, null *t) {
    const uint64_t all = j->spec.surrogates;
    const ki_run_options run = ki_entropy_stage(j);
    const size_t workers = (size_t)ki_parallel_workers((size_t)all, &run);
    ki_cursor c = {0};
    copy s;

    take(&c, j->raster, t->test == KI_TEST_SHUFFLES, &s);
    t->each = c.used;
    t->memory = c.overflow ? NULL : ki_alloc(workers, c.used);
    t->sigma = t->memory ? ki_alloc((size_t)all, sizeof *t->sigma) : NULL;
    int error = 0;
    if (!t->sigma)
        error = ki_fail(KI_ERR_NOMEM, "%s : no memory for surrogates : fewer threads or units",
                        ki_entropy_test_name(t->test));
    error = error ? error : ki_parallel_work((size_t)all, all, &run, one_surrogate, t);
    if (!error)
        judge(t, j->out.value[KI_MODEL].sigma, j->out.test + t->test);
    ki_free(t->sigma);
    ki_free(t->memory);
    j->stage++;
    return error;
}

double ki_entropy_null_bytes(size_t units, size_t words, uint64_t bins, const ki_entropy_spec *spec,
                             uint64_t estimate, int threads) {
    const ki_run_options run = {.threads = threads};
    const ki_raster shape = {.units = units, .words = words, .trials = (size_t)bins};
    const double workers = ki_parallel_workers((size_t)spec->surrogates, &run);
    const double N = (double)units;
    ki_cursor c = {0};
    copy s;

    take(&c, &shape, (spec->tests >> KI_TEST_SHUFFLES) & 1, &s);
    const double each = c.overflow ? INFINITY : (double)c.used + (double)estimate;
    return workers * each + sizeof(double) * ((double)spec->surrogates + N * (N + 1)) + 128;
}

static ki_window window_of(const ki_entropy_job *j) {
    const size_t first = (size_t)j->spec.first_bin, bins = (size_t)j->spec.bins;

    return (ki_window){j->raster, first, bins ? first + bins : j->raster->bins};
}

/* Whether the trials can be shuffled at all. */
int ki_entropy_check_null(const ki_entropy_job *j) {
    const ki_window window = window_of(j);

    if (!(j->spec.tests & 1u << KI_TEST_SHUFFLES))
        return 0;
    size_t *room = ki_alloc(2 * j->raster->trials, sizeof *room);
    if (!room)
        return ki_fail(KI_ERR_NOMEM, "shuffles : no memory for %zu trials : fewer trials",
                       j->raster->trials);
    const size_t partners = ki_surrogate_partners(&window, room);
    ki_free(room);
    return partners ? 0
                    : ki_fail(KI_ERR_ARGUMENT,
                              "shuffles : no two trials have the same number of bins there : a "
                              "recording with trials");
}

int ki_entropy_null(ki_entropy_job *j, int test) {
    const size_t n = j->raster->units;
    null t = {.j = j, .window = window_of(j), .test = test};

    if (isnan(j->out.value[KI_MODEL].sigma) || (test == KI_TEST_BOOTSTRAP && !j->symmetric_found)) {
        j->out.test[test].status = KI_NOT_CONVERGED;
        return 0;
    }
    if (test != KI_TEST_BOOTSTRAP)
        return run_test(j, &t);
    double *transposed = ki_alloc(n * n, sizeof *transposed);
    int8_t *row = transposed ? ki_alloc(n, sizeof *row) : NULL;
    int error = 0;
    if (!row) {
        error = ki_fail(KI_ERR_NOMEM, "bootstrap : no memory for %zu units : fewer units", n);
    } else {
        memset(row, 0, n);
        for (size_t r = 0; r < j->pass.fitted; r++)
            row[j->unit[r]] = 1;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n; k++)
                transposed[k * n + i] = j->symmetric.J[i * n + k];
        t.H = j->symmetric.H;
        t.transposed = transposed;
        t.row = row;
        error = run_test(j, &t);
    }
    ki_free(row);
    ki_free(transposed);
    return error;
}
