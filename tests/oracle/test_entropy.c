/* SPDX-License-Identifier: BSD-3-Clause */
/* Entropy production of recordings against reference values from numpy (make_inference.py): plug-in, biases,
 * corrected, errors, crossfit, S; the bound mtur; p-values of flips. [sigma-data] [flips] [mtur] [symmetric] */
#include "ki_test.h"

#include "ki_rasters.h"

static const char *path;

enum {
    PLUGIN,
    INSTANT,
    LEADS,
    COX_SNELL = 7,
    CORRECTED,
    VARIANCE,
    SECOND,
    ERROR,
    CROSSFIT,
    NUMBERS
};

/* 1 and the numbers, if the file has them. */
static int get(ki_reader *reader, const char *name, size_t n, double *out) {
    const ptrdiff_t i = ki_reader_find(reader, name);
    ki_array a;

    if (i < 0)
        return 0;
    assert_int_equal(ki_reader_read(reader, (size_t)i, &a), 0);
    memcpy(out, a.data, n * sizeof *out);
    ki_array_free(&a);
    return 1;
}

static void check(const double *right, const ki_entropy_result *o, double tolerance) {
    const ki_entropy_value *m = &o->value[KI_MODEL];

    assert_close_at("plugin", o->plugin, right[PLUGIN], tolerance, 0);
    assert_close_at("instant", o->bias_instant, right[INSTANT], 1e-14, 0);
    for (size_t l = 0; l < 5; l++)
        assert_close_at("lead", o->bias_leads[l], right[LEADS + l], tolerance, tolerance);
    assert_close_at("Cox and Snell", o->bias_cox_snell, right[COX_SNELL], tolerance, tolerance);
    assert_close_at("corrected", m->sigma, right[CORRECTED], tolerance, tolerance);
    assert_close_at("bias", m->bias, right[PLUGIN] - right[CORRECTED], tolerance, tolerance);
    assert_close_at("variance", o->variance, right[VARIANCE], tolerance, 0);
    assert_close_at("second", o->variance_second, right[SECOND], 1e-14, 0);
    assert_close_at("error", m->error, right[ERROR], tolerance, 0);
    assert_close_at("z", o->test[KI_TEST_Z].statistic, right[CORRECTED] / sqrt(right[SECOND]),
                    tolerance, 1e4 * tolerance);
    assert_true(o->test[KI_TEST_FLIPS].p_value > 0 && o->test[KI_TEST_FLIPS].p_value <= 1);
}

static void firth(void **state) {
    (void)state;
    const double tolerance = strstr(path, "separated") ? 1e-6 : 1e-8;
    ki_entropy_result o = {.S = 0};
    double right[NUMBERS], S;
    ki_reader *reader;

    assert_int_equal(ki_reader_open(path, &reader), 0);
    ki_raster *r = ki_test_read_raster(reader);
    assert_true(get(reader, "entropy_firth", NUMBERS, right));
    assert_int_equal(ki_entropy_production(r, NULL, NULL, &o), 0);
    check(right, &o, tolerance);
    if (get(reader, "S", 1, &S)) {
        assert_close_at("S", o.S, S, 1e-8, 0);
        assert_int_equal(o.value[KI_MODEL].status, KI_CONVERGED);
    } else {
        assert_int_equal(o.value[KI_MODEL].status, KI_SEPARATED);
        assert_int_equal(o.separated, 8);
    }
    ki_raster_free(r);
    ki_reader_close(reader);
}

static void likelihood(void **state) {
    (void)state;
    const ki_entropy_spec spec = {
        .estimators = 1u << KI_MODEL | 1u << KI_PLUGIN | 1u << KI_CROSSFIT, .likelihood = 1};
    ki_entropy_result o = {.S = 0};
    double right[NUMBERS];
    ki_reader *reader;

    assert_int_equal(ki_reader_open(path, &reader), 0);
    ki_raster *r = ki_test_read_raster(reader);
    assert_int_equal(ki_entropy_production(r, &spec, NULL, &o), 0);
    if (get(reader, "entropy_ml", NUMBERS, right)) {
        check(right, &o, 1e-8);
        assert_close_at("plugin", o.value[KI_PLUGIN].sigma, right[PLUGIN], 1e-8, 0);
        assert_close_at("its error", o.value[KI_PLUGIN].error, right[ERROR], 1e-8, 0);
        assert_close_at("crossfit", o.value[KI_CROSSFIT].sigma, right[CROSSFIT], 1e-8, 0);
    }
    ki_raster_free(r);
    ki_reader_close(reader);
}

/* mtur, and crossfit of two and of ten parts that are fitted anew. */
enum { MTUR, TWO, TEN, BOUNDS };

static void mtur(void **state) {
    (void)state;
    const ki_entropy_spec spec = {.estimators = 1u << KI_MTUR, .tests = 1u << KI_TEST_Z};
    ki_entropy_result o = {.S = 0};
    double right[BOUNDS];
    ki_reader *reader;

    assert_int_equal(ki_reader_open(path, &reader), 0);
    ki_raster *r = ki_test_read_raster(reader);
    assert_true(get(reader, "bounds", BOUNDS, right));
    for (int threads = 1; threads <= 2; threads++) {
        const ki_run_options run = {.threads = threads};
        assert_int_equal(ki_entropy_production(r, &spec, &run, &o), 0);
        assert_close_at("mtur", o.value[KI_MTUR].sigma, right[MTUR], 1e-11, 0);
        assert_int_equal(o.value[KI_MTUR].status, KI_CONVERGED);
    }
    ki_raster_free(r);
    ki_reader_close(reader);
}

static void refits(void **state) {
    (void)state;
    double right[BOUNDS];
    ki_reader *reader;

    assert_int_equal(ki_reader_open(path, &reader), 0);
    ki_raster *r = ki_test_read_raster(reader);
    assert_true(get(reader, "bounds", BOUNDS, right));
    for (int k = TWO; k <= TEN; k++) {
        const ki_entropy_spec spec = {.estimators = 1u << KI_CROSSFIT,
                                      .tests = 1u << KI_TEST_FLIPS,
                                      .folds = k == TWO ? 2 : 10,
                                      .refit = 1};
        ki_entropy_result o = {.S = 0};
        assert_int_equal(ki_entropy_production(r, &spec, NULL, &o), 0);
        if (!isnan(right[k]))
            assert_close_at("crossfit", o.value[KI_CROSSFIT].sigma, right[k], 1e-8, 0);
        assert_true(o.value[KI_CROSSFIT].error > 0);
    }
    ki_raster_free(r);
    ki_reader_close(reader);
}

static void symmetric(void **state) {
    (void)state;
    double right[3]; /* log-likelihood, ratio, degrees of freedom */
    ki_reader *reader;

    assert_int_equal(ki_reader_open(path, &reader), 0);
    ki_raster *r = ki_test_read_raster(reader);
    for (int threads = 1; threads <= 2 && get(reader, "symmetric", 3, right); threads++) {
        const ki_entropy_spec spec = {.tests = 1u << KI_TEST_SYMMETRIC};
        const ki_run_options run = {.threads = threads};
        ki_entropy_result o = {.S = 0};
        assert_int_equal(ki_entropy_production(r, &spec, &run, &o), 0);
        assert_int_equal(o.test[KI_TEST_SYMMETRIC].status, KI_CONVERGED);
        assert_close_at("ratio", o.test[KI_TEST_SYMMETRIC].statistic, right[1], 1e-8, 0);
        assert_true(isnan(o.test[KI_TEST_Z].p_value));
    }
    ki_raster_free(r);
    ki_reader_close(reader);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(firth), cmocka_unit_test(likelihood),
                                       cmocka_unit_test(mtur), cmocka_unit_test(refits),
                                       cmocka_unit_test(symmetric)};

    if (argc != 2)
        return 2;
    path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
