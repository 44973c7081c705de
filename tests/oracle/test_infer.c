/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits against reference values from numpy (make_inference.py): [mle], its errors and criteria, [firth],
 * [nmf], [tap], [ms]; silent units, separated rows, trials. */
#include "ki_test.h"

#include "ki_rasters.h"

#include "raster/raster.h"

static const char *path;

typedef struct file {
    ki_reader *reader;
    ki_array kept;
    size_t n, kept_count;
    ki_raster *r;
} file;

/* 1 and the array, if the file has it. */
static int get(const file *f, const char *name, ki_array *out) {
    const ptrdiff_t i = ki_reader_find(f->reader, name);

    if (i >= 0)
        assert_int_equal(ki_reader_read(f->reader, (size_t)i, out), 0);
    return i >= 0;
}

static file open_case(void) {
    file f = {0};

    assert_int_equal(ki_reader_open(path, &f.reader), 0);
    assert_true(get(&f, "kept", &f.kept));
    f.kept_count = f.kept.shape[0];
    f.r = ki_test_read_raster(f.reader);
    f.n = f.r->units;
    return f;
}

static void close_case(file *f) {
    ki_raster_free(f->r);
    ki_array_free(&f->kept);
    ki_reader_close(f->reader);
}

/* Elements of the kept units against "method_name", vectors or matrices. */
static void check(const file *f, const char *method, const char *name, const double *x,
                  double tolerance) {
    char key[64], where[128];
    ki_array a;

    snprintf(key, sizeof key, "%s_%s", method, name);
    assert_true(get(f, key, &a));
    const int64_t *kept = f->kept.data;
    const double *expected = a.data;
    for (size_t p = 0; p < f->kept_count; p++)
        for (size_t q = 0; q < (a.ndim == 2 ? f->kept_count : 1); q++) {
            snprintf(where, sizeof where, "%s of unit %d, %d", key, (int)kept[p], (int)kept[q]);
            const size_t at =
                a.ndim == 2 ? (size_t)kept[p] * f->n + (size_t)kept[q] : (size_t)kept[p];
            const double right = a.ndim == 2 ? expected[p * f->kept_count + q] : expected[p];
            assert_close_at(where, x[at], right, tolerance, tolerance);
        }
    ki_array_free(&a);
}

static void check_estimates(const file *f, const char *method, const ki_fit_result *o,
                            double tolerance, int errors) {
    check(f, method, "H", o->H, tolerance);
    check(f, method, "J", o->J, tolerance);
    if (errors) {
        check(f, method, "H_err", o->H_err, tolerance);
        check(f, method, "J_err", o->J_err, tolerance);
    }
}

static void likelihood(void **state) {
    (void)state;
    file f = open_case();
    ki_fit_result o = ki_test_result(f.n);
    ki_array separated, criteria;

    assert_int_equal(ki_fit(f.r, NULL, NULL, &o), 0);
    assert_true(get(&f, "separated", &separated));
    for (size_t i = 0; i < f.n; i++)
        assert_int_equal(o.status[i] == KI_SEPARATED, ((const int8_t *)separated.data)[i]);
    if (get(&f, "ml_criteria", &criteria)) {
        const double *c = criteria.data;
        check_estimates(&f, "ml", &o, 1e-8, 1);
        check(&f, "ml", "log_likelihood_unit", o.log_likelihood, 1e-10);
        assert_close(o.total, c[0], 1e-11, 0);
        assert_close(o.aic, c[1], 1e-11, 0);
        assert_close(o.bic, c[2], 1e-11, 0);
        ki_array_free(&criteria);
    }
    ki_array_free(&separated);
    ki_test_free_result(&o);
    close_case(&f);
}

static void firth(void **state) {
    (void)state;
    file f = open_case();
    ki_fit_result o = ki_test_result(f.n);
    const ki_fit_spec spec = {.firth = KI_FIRTH_ALL};

    assert_int_equal(ki_fit(f.r, &spec, NULL, &o), 0);
    check_estimates(&f, "firth", &o, strstr(path, "separated") ? 1e-7 : 1e-8, 1);
    ki_test_free_result(&o);
    close_case(&f);
}

static void closed_forms(void **state) {
    (void)state;
    file f = open_case();
    ki_fit_result o = ki_test_result(f.n);

    for (int method = KI_FIT_NMF; method <= KI_FIT_MS; method++) {
        const ki_fit_spec spec = {.method = method};
        char key[16];
        snprintf(key, sizeof key, "%s_H", ki_fit_method_name(method));
        if (ki_reader_find(f.reader, key) < 0)
            continue;
        assert_int_equal(ki_fit(f.r, &spec, NULL, &o), 0);
        check_estimates(&f, ki_fit_method_name(method), &o, 1e-8, 0);
        for (size_t i = 0; i < f.n; i++)
            assert_int_equal(o.status[i] == KI_NO_ROOT, isnan(o.H[i]));
    }
    ki_test_free_result(&o);
    close_case(&f);
}

/* Units that never change are named, and are constants to the others. */
static void constants(void **state) {
    (void)state;
    file f = open_case();
    ki_fit_result o = ki_test_result(f.n);
    size_t constant = 0;

    assert_int_equal(ki_fit(f.r, NULL, NULL, &o), 0);
    for (size_t i = 0; i < f.n; i++) {
        const int up = o.status[i] == KI_SATURATED;
        constant += up || o.status[i] == KI_SILENT;
        assert_int_equal(o.column[i], !(up || o.status[i] == KI_SILENT));
        if (o.column[i])
            continue;
        const double h = log(2 * (double)o.transitions + 1) / 2;
        assert_close(o.H[i], up ? h : -h, 1e-14, 0);
        assert_true(o.log_likelihood[i] == 0);
        for (size_t j = 0; j < f.n; j++)
            assert_true(o.J[i * f.n + j] == 0 && o.J[j * f.n + i] == 0 &&
                        isnan(o.J_err[j * f.n + i]));
    }
    assert_int_equal(constant, f.n - f.kept_count);
    ki_test_free_result(&o);
    close_case(&f);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likelihood),
        cmocka_unit_test(firth),
        cmocka_unit_test(closed_forms),
        cmocka_unit_test(constants),
    };

    if (argc != 2)
        return 2;
    path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
