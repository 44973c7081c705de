/* SPDX-License-Identifier: BSD-3-Clause */
/* [evidence] on small recordings: the maximum over the prior, drift, units that never change, trials,
 * cancelling, bad input. */
#include "ki_test.h"

#include "ki_rasters.h"

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

    *d = (ki_evidence_data){.raster = r, .cosines = 2, .units = N, .unit = unit};
    for (size_t i = 0; i < N; i++)
        unit[i] = i;
    ki_evidence_take(&memory, d);
    void *all = ki_alloc(1, memory.used);
    assert_non_null(all);
    memory = (ki_cursor){.base = all};
    ki_evidence_take(&memory, d);
    ki_evidence_fill(d);
    d->prior = (ki_kinds){{1.0 / N, 0, 0, 0}, {1.0 / N, 1, 1, 1}};
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

static int stop(void *context, uint64_t done, uint64_t total) {
    (void)context;
    (void)done;
    (void)total;
    return 1;
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
    ki_raster_free(r);
    ki_raster_free(single);
    ki_raster_free(silent);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(maximum), cmocka_unit_test(left_out),
                                       cmocka_unit_test(drift), cmocka_unit_test(refused)};

    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
