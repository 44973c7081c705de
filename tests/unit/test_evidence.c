/* SPDX-License-Identifier: BSD-3-Clause */
/* [evidence] on small recordings: the maximum over the prior, drift, units that never change, trials,
 * cancelling, bad input. */
#include "ki_test.h"

#include "ki_rasters.h"

#include "infer/evidence.h"
#include "infer/prior.h"

enum { N = 8, BINS = 1500 };

static ki_raster *recording(size_t trials, uint64_t seed, int8_t **values) {
    double H[N] = {0}, J[N * N];

    for (size_t k = 0; k < N * N; k++)
        J[k] = 0.1 + (ki_test_uniform(&seed) - 0.5) * 0.8;
    int8_t *x = ki_test_course(N, H, J, trials, BINS / trials, seed);
    ki_raster *r = ki_test_raster(N, trials, BINS / trials, x);
    if (values)
        *values = x;
    else
        free(x);
    return r;
}

/* Rows of which all is at hand. */
static void *rows_of(ki_raster *r, ki_evidence_data *d, size_t *unit) {
    ki_cursor memory = {0};

    *d = (ki_evidence_data){.raster = r, .cosines = 2, .units = r->units, .unit = unit};
    for (size_t i = 0; i < r->units; i++)
        unit[i] = i;
    ki_evidence_take(&memory, d);
    void *all = ki_alloc(1, memory.used);
    assert_non_null(all);
    memory = (ki_cursor){.base = all};
    ki_evidence_take(&memory, d);
    ki_evidence_fill(d);
    d->prior = (ki_kinds){{1.0 / N}, {1.0 / N, 1, 1, 1, 1}};
    return all;
}

/* No small change of the six numbers has more evidence, and the slopes vanish. */
static void maximum(void **state) {
    (void)state;
    ki_raster *r = recording(1, 5, NULL);
    ki_evidence_data d;
    size_t unit[N];
    void *memory = rows_of(r, &d, unit);
    double best, more, less;

    assert_int_equal(ki_evidence_laplace(&d, NULL), 0);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(ki_evidence_sweep(&d, NULL), 0);
        assert_int_equal(ki_evidence_maximize(&d, NULL), 0);
    }
    assert_int_equal(ki_evidence_value(&d, &d.prior, NULL, &best, NULL, NULL), 0);
    for (size_t k = 0; k < 2 * KI_KINDS; k++) {
        ki_kinds up = d.prior, down = d.prior;
        const size_t kind = k / 2;
        if (k % 2 == 0) {
            up.mean[kind] += 0.05 * sqrt(d.prior.variance[kind]);
            down.mean[kind] -= 0.05 * sqrt(d.prior.variance[kind]);
        } else {
            up.variance[kind] *= 1.05;
            down.variance[kind] /= 1.05;
        }
        assert_int_equal(ki_evidence_value(&d, &up, NULL, &more, NULL, NULL), 0);
        assert_int_equal(ki_evidence_value(&d, &down, NULL, &less, NULL, NULL), 0);
        assert_true(more <= best + 1e-7 && less <= best + 1e-7);
        if (d.prior.variance[kind] > 1e-4) /* else it is where the least variance holds it */
            assert_true(fabs(more - less) < 0.1 * (2 * best - more - less) + 1e-6);
    }
    ki_free(memory);
    ki_raster_free(r);
}

/* A recording of n units whose couplings have mean mu/n and standard deviation b/sqrt(n). */
static ki_raster *drawn(size_t n, double mu, double b, size_t bins, uint64_t seed) {
    double *H = calloc(n, sizeof *H), *J = malloc(n * n * sizeof *J);

    assert_true(H && J);
    for (size_t k = 0; k < n * n; k++)
        J[k] = mu / (double)n + b * sqrt(12 / (double)n) * (ki_test_uniform(&seed) - 0.5);
    int8_t *x = ki_test_course(n, H, J, 1, bins, seed);
    ki_raster *r = ki_test_raster(n, 1, bins, x);
    free(x);
    free(J);
    free(H);
    return r;
}

/* From an open evidence to one with more cosines, or fewer, it is not far. */
static void other_cosines(void **state) {
    (void)state;
    ki_raster *r = drawn(12, 1.2, 0.8, 3000, 8);
    ki_evidence_state *first, *more;
    ki_prior p, q;
    const int cosines[] = {4, 9};

    for (int k = 0; k < 2; k++) {
        assert_int_equal(ki_evidence_open(r, cosines[k], NULL, &first), 0);
        assert_int_equal(ki_evidence_more(first, cosines[1 - k], NULL, &more), 0);
        assert_int_equal(ki_evidence_report(more, NULL, &p, NULL), 0);
        assert_int_equal(ki_evidence(r, cosines[1 - k], NULL, &q, NULL), 0);
        assert_int_equal(p.status, KI_CONVERGED);
        assert_close(p.mu, q.mu, 1e-4, 0);
        assert_close(p.b, q.b, 1e-4, 0);
        assert_close(p.self_sd, q.self_sd, 1e-3, 0);
        assert_true(p.sweeps <= q.sweeps && p.units == q.units);
        ki_evidence_close(more);
        assert_int_equal(ki_evidence_more(first, 65, NULL, &more), KI_ERR_ARGUMENT);
        assert_null(more);
        ki_evidence_close(first);
    }
    ki_raster_free(r);
}

/* Where nothing drifts cosines take nothing: with a fixed variance of their coefficients they raised
 * mu and b of so short a recording by several percent. */
static void no_drift(void **state) {
    (void)state;
    ki_raster *r = drawn(16, 1.2, 1.5, 1000, 12);
    ki_prior without, with;

    assert_int_equal(ki_evidence(r, 0, NULL, &without, NULL), 0);
    assert_int_equal(ki_evidence(r, 10, NULL, &with, NULL), 0);
    printf("# mu %.6f %.6f b %.6f %.6f\n", without.mu, with.mu, without.b, with.b);
    assert_close(with.mu, without.mu, 1e-2, 0);
    assert_close(with.b, without.b, 1e-2, 0);
    ki_raster_free(r);
}

/* Where most transitions are certain (cold, or all the same), Newton's steps and sweeps go too far
 * unless they are held. */
static void cold(void **state) {
    (void)state;
    const struct {
        size_t n, bins;
        double mu, b;
        uint64_t seed;
    } cases[] = {{24, 10000, 4, 3.5, 1}, {20, 1000, 2, 0.5, 1}, {12, 600, 2, 0.5, 1}};

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        ki_raster *r = drawn(cases[k].n, cases[k].mu, cases[k].b, cases[k].bins, cases[k].seed);
        ki_prior p;
        assert_int_equal(ki_evidence(r, 10, NULL, &p, NULL), 0);
        printf("# %d sweeps, status %d: mu %.4f b %.4f\n", (int)p.sweeps, p.status, p.mu, p.b);
        assert_int_equal(p.status, KI_CONVERGED);
        assert_close(p.mu, cases[k].mu, 0.3, 0);
        assert_close(p.b, cases[k].b, 0.1, 0.4);
        ki_raster_free(r);
    }
}

static void left_out(void **state) {
    (void)state;
    int8_t *x, *wide = malloc(BINS * (N + 2));
    ki_raster *r = recording(3, 11, &x);
    double J[(N + 2) * (N + 2)], H[N + 2];
    ki_posterior network = {.H = H, .J = J};
    ki_prior p, q;

    /* A silent unit in front, a saturated one behind. */
    for (size_t t = 0; t < BINS; t++) {
        wide[t * (N + 2)] = -1;
        memcpy(wide + t * (N + 2) + 1, x + t * N, N);
        wide[t * (N + 2) + N + 1] = 1;
    }
    ki_raster *s = ki_test_raster(N + 2, 3, BINS / 3, wide);
    assert_int_equal(ki_evidence(r, 10, NULL, &p, NULL), 0);
    assert_int_equal(ki_evidence(s, 10, NULL, &q, &network), 0);
    assert_true(p.units == N && q.units == N && p.mu == q.mu && p.b == q.b);
    assert_true(isnan(H[0]) && isnan(H[N + 1]) && isfinite(H[1]));
    assert_true(isnan(J[1]) && isnan(J[(N + 2) * 1]) && isfinite(J[(N + 2) * 1 + 1]));
    free(x);
    free(wide);
    ki_raster_free(r);
    ki_raster_free(s);
}

/* Independent units with a common drift look coupled, unless the cosines take it. */
static void drift(void **state) {
    (void)state;
    uint64_t seed = 3;
    int8_t *x = malloc(BINS * N);
    ki_prior with, without;

    for (size_t t = 0; t < BINS; t++)
        for (size_t i = 0; i < N; i++)
            x[t * N + i] =
                ki_test_uniform(&seed) < 0.5 + 0.4 * sin(7.0 * (double)t / BINS) ? 1 : -1;
    ki_raster *r = ki_test_raster(N, 1, BINS, x);
    assert_int_equal(ki_evidence(r, 0, NULL, &without, NULL), 0);
    assert_int_equal(ki_evidence(r, 10, NULL, &with, NULL), 0);
    assert_true(without.mu > 0.5 && fabs(with.mu) < 0.15);
    free(x);
    ki_raster_free(r);
}

/* Modes and a sweep of more rows than a panel has: neither the order of units matters nor the number
 * of threads. */
static void many_units(void **state) {
    (void)state;
    enum { MANY = 132, SHORT = 500, WIDE = MANY + 3 };
    const int threads[] = {1, 3, 1};
    double *H = calloc(MANY, sizeof *H), *J = malloc(MANY * MANY * sizeof *J);
    int8_t *x[3];
    uint64_t seed = 4;
    ki_evidence_data d[3];
    ki_raster *r[3];
    void *memory[3];
    size_t unit[3][MANY];

    assert_true(H && J);
    for (size_t k = 0; k < MANY * MANY; k++)
        J[k] = 1.0 / MANY + 0.3 * (ki_test_uniform(&seed) - 0.5);
    for (int k = 0; k < 3; k++)
        x[k] = ki_test_course(MANY, H, J, 1, SHORT, 9);
    for (size_t t = 0; t < SHORT; t++)
        for (size_t i = 0; i < MANY; i++)
            x[2][t * MANY + i] = x[0][t * MANY + MANY - 1 - i];
    for (int k = 0; k < 3; k++) {
        const ki_run_options run = {.threads = threads[k]};
        r[k] = ki_test_raster(MANY, 1, SHORT, x[k]);
        memory[k] = rows_of(r[k], d + k, unit[k]);
        assert_int_equal(ki_evidence_laplace(d + k, &run), 0);
        for (int sweep = 0; sweep < 5; sweep++)
            assert_int_equal(ki_evidence_sweep(d + k, &run), 0);
        free(x[k]);
    }
    assert_memory_equal(d[0].theta, d[1].theta, MANY * WIDE * sizeof(double));
    assert_memory_equal(d[0].precision, d[1].precision, MANY * WIDE * WIDE * sizeof(double));
    for (size_t i = 0; i < MANY; i++)
        for (size_t k = 0; k < MANY; k++)
            assert_close(d[0].theta[i * WIDE + 1 + k], d[2].theta[(MANY - 1 - i) * WIDE + MANY - k],
                         0, 0.1);
    for (int k = 0; k < 3; k++) {
        ki_free(memory[k]);
        ki_raster_free(r[k]);
    }
    free(J);
    free(H);
}

/* Recordings that say little or are deterministic have finite numbers, converged or not. */
static void odd(void **state) {
    (void)state;
    const struct {
        size_t n, bins, period;
    } cases[] = {{2, 3, 2}, {2, 4, 2}, {10, 600, 10}, {10, 600, 2}, {9, 600, 600}, {4, 40, 3}};

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const size_t n = cases[k].n, bins = cases[k].bins, period = cases[k].period;
        int8_t *x = malloc(bins * n);
        ki_prior p = {0};
        assert_non_null(x);
        for (size_t t = 0; t < bins; t++)
            for (size_t i = 0; i < n; i++)
                x[t * n + i] = (t + (period < 600 ? i : 0)) % period < (period + 1) / 2 ? 1 : -1;
        ki_raster *r = ki_test_raster(n, 1, bins, x);
        assert_int_equal(ki_evidence(r, 3, NULL, &p, NULL), 0);
        assert_true(isfinite(p.mu) && isfinite(p.b) && isfinite(p.field) && isfinite(p.field_sd));
        assert_true(isfinite(p.self) && isfinite(p.self_sd) && p.sweeps <= 40);
        ki_raster_free(r);
        free(x);
    }
}

static int stop(void *context, uint64_t done, uint64_t total) {
    (void)context;
    (void)done;
    (void)total;
    return 1;
}

/* Stops at a report that is some way on. */
static int stop_later(void *context, uint64_t done, uint64_t total) {
    int *left = context;
    assert_true(done <= total && total == N);
    return --*left < 0;
}

/* Whichever report is answered so, it is cancelled, and quickly. */
static void cancelled(void **state) {
    (void)state;
    ki_raster *r = recording(1, 2, NULL);
    int reports = 0;

    for (int k = 0, error = KI_ERR_CANCELLED; error; k += 7) {
        int left = k;
        const ki_run_options run = {1, stop_later, &left};
        ki_prior p = {.mu = 7};
        error = ki_evidence(r, 10, &run, &p, NULL);
        assert_true(error == 0 || (error == KI_ERR_CANCELLED && p.mu == 7));
        assert_true(error == 0 ? left >= 0 : left == -1);
        reports = k;
    }
    assert_true(reports > 20);
    ki_raster_free(r);
}

static void refused(void **state) {
    (void)state;
    ki_raster *r = recording(1, 2, NULL);
    ki_raster *single = NULL, *silent = NULL;
    const uint64_t one = 1, ten = 10;
    const ki_run_options cancelled = {.threads = 1, .progress = stop};
    ki_prior p = {.mu = 7};

    assert_int_equal(ki_raster_create(3, 1, &one, NAN, &single), 0);
    assert_int_equal(ki_raster_create(3, 1, &ten, NAN, &silent), 0);
    assert_int_equal(ki_evidence(NULL, 10, NULL, &p, NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_evidence(r, 10, NULL, NULL, NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_evidence(r, -1, NULL, &p, NULL), KI_ERR_ARGUMENT);
    assert_string_equal(ki_last_error(), "cosines : -1 : 0..64");
    assert_int_equal(ki_evidence(single, 10, NULL, &p, NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_evidence(silent, 10, NULL, &p, NULL), KI_ERR_ARGUMENT);
    assert_string_equal(ki_last_error(),
                        "raster : 0 of 3 units change : at least two units that change");
    assert_int_equal(ki_evidence(r, 10, &cancelled, &p, NULL), KI_ERR_CANCELLED);
    assert_true(p.mu == 7);
    uint64_t bytes = 1, more = 1;
    assert_int_equal(ki_evidence_memory(80, 100000, 10, 1, &bytes), 0);
    assert_int_equal(ki_evidence_memory(80, 100000, 10, 2, &more), 0);
    assert_true(bytes > 64000000 && bytes < 120000000);
    ki_build_info build;
    assert_int_equal(ki_get_build_info(&build), 0);
    assert_true(build.have_threads ? more > bytes : more == bytes);
    assert_int_equal(ki_evidence_memory(UINT64_C(1) << 30, 10, 10, 1, &bytes), 0);
    assert_true(bytes == UINT64_MAX);
    assert_int_equal(ki_evidence_memory(10, UINT64_MAX, 10, 1, &bytes), 0);
    assert_true(bytes == UINT64_MAX);
    assert_int_equal(ki_evidence_memory(0, 10, 10, 1, &bytes), KI_ERR_ARGUMENT);
    assert_int_equal(ki_evidence_memory(10, 10, 65, 1, &bytes), KI_ERR_ARGUMENT);
    assert_int_equal(ki_evidence_memory(10, 10, 0, 1, NULL), KI_ERR_ARGUMENT);
    ki_raster_free(r);
    ki_raster_free(single);
    ki_raster_free(silent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maximum),  cmocka_unit_test(other_cosines), cmocka_unit_test(no_drift),
        cmocka_unit_test(cold),     cmocka_unit_test(many_units),    cmocka_unit_test(odd),
        cmocka_unit_test(left_out), cmocka_unit_test(drift),         cmocka_unit_test(cancelled),
        cmocka_unit_test(refused)};

    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
