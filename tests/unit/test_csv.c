/* SPDX-License-Identifier: BSD-3-Clause */
/* .csv files, to the byte, and the provenance beside them. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "test_io_files.h"

#include <kinising/kinising.h>

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>

static const double two[] = {1.5, -0.0};
static const ki_array column = {
    .name = "x", .type = KI_FLOAT64, .ndim = 1, .shape = {2}, .data = two};

/* Both functions must refuse `path` with the system's reason for `errnum`. */
static void refuse(const char *path, int errnum) {
    assert_failure(ki_check_writable(path), KI_ERR_IO, strerror(errnum));
    assert_failure(ki_write_arrays(path, 1, &column, "{}"), KI_ERR_IO, strerror(errnum));
}

static void test_csv_text(void **state) {
    static const double x[] = {0.1, -0.0, NAN, INFINITY, -INFINITY, 1e-320, 1.0 / 3., -DBL_MAX, 2};
    static const int64_t i[] = {0, 1, -1, INT64_MAX, INT64_MIN, 5, 6, 7, 8};
    static const char *const s[] = {"plain", "",    "a,b", "say \"so\"", "two\nlines",
                                    "# no",  "a#b", "\r",  "\xc3\xa9"};
    const ki_array a[] = {
        {"x", KI_FLOAT64, 1, {9}, x}, {"i", KI_INT64, 1, {9}, i}, {"s", KI_STRING, 1, {9}, s}};
    const char *path = in(*state, "a.csv");

    assert_int_equal(ki_write_arrays(path, 3, a, "{\"a\":\n 1}\r\n"), 0);
    assert_content(path, "x,i,s\n"
                         "0.10000000000000001,0,plain\n"
                         "-0,1,\n"
                         "nan,-1,\"a,b\"\n"
                         "inf,9223372036854775807,\"say \"\"so\"\"\"\n"
                         "-inf,-9223372036854775808,\"two\nlines\"\n"
                         "9.9998886718268301e-321,5,\"# no\"\n"
                         "0.33333333333333331,6,a#b\n"
                         "-1.7976931348623157e+308,7,\"\r\"\n"
                         "2,8,\xc3\xa9\n");
    assert_content(in(*state, "a.csv.json"), "{\"a\":\n 1}\r\n");
    assert_int_equal(count_files(*state, 0), 2);
}

static void test_csv_small(void **state) {
    static const char *const s[] = {"", "y"};
    const ki_array empty = {"x", KI_FLOAT64, 1, {0}, NULL};
    const ki_array only = {"s", KI_STRING, 1, {2}, s};
    const double minus_nan[] = {copysign(NAN, -1.0)};
    const ki_array negative = {"x", KI_FLOAT64, 1, {1}, minus_nan};

    assert_int_equal(ki_write_arrays(in(*state, "0.csv"), 1, &empty, NULL), 0);
    assert_content(in(*state, "0.csv"), "x\n");
    assert_int_equal(ki_write_arrays(in(*state, "1.csv"), 1, &only, ""), 0);
    assert_content(in(*state, "1.csv"), "s\n\"\"\ny\n");
    assert_content(in(*state, "1.csv.json"), "\n");
    assert_int_equal(ki_write_arrays(in(*state, "2.csv"), 1, &negative, NULL), 0);
    assert_content(in(*state, "2.csv"), "x\nnan\n");
}

/* Provenance goes beside a .csv, and only there; without any, what is there stays. */
static void test_csv_provenance(void **state) {
    const char *path = in(*state, "a.csv"), *beside = in(*state, "a.csv.json");
    const char *pipe = in(*state, "p.csv");
    char text[16] = {0};

    assert_int_equal(ki_write_arrays(path, 1, &column, "{\"seed\": 1}"), 0);
    assert_content(path, "x\n1.5\n-0\n");
    assert_content(beside, "{\"seed\": 1}\n");
    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    assert_content(beside, "{\"seed\": 1}\n");
    assert_int_equal(ki_write_arrays(path, 1, &column, "{}\n"), 0);
    assert_content(beside, "{}\n");
    assert_int_equal(count_files(*state, 1), 2);
    assert_int_equal(ki_write_arrays(in(*state, "a.npz"), 1, &column, "{}"), 0);
    assert_int_equal(count_files(*state, 1), 1);

    assert_int_equal(mkfifo(pipe, 0600), 0);
    int reader = open(pipe, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(ki_check_writable(pipe), 0);
    assert_int_equal(ki_write_arrays(pipe, 1, &column, "{}"), 0);
    assert_int_equal(read(reader, text, sizeof text), 9);
    assert_string_equal(text, "x\n1.5\n-0\n");
    close(reader);
    assert_int_equal(count_files(*state, 0), 1);
}

/* Where the file beside it cannot be written, the .csv is not either. */
static void test_csv_nothing_alone(void **state) {
    const char *path = in(*state, "a.csv"), *beside = in(*state, "a.csv.json");

    spill(path, "old");
    assert_int_equal(mkdir(beside, 0777), 0);
    refuse(path, EISDIR);
    assert_non_null(strstr(ki_last_error(), "a.csv.json : "));
    assert_content(path, "old");
    assert_int_equal(count_files(*state, 0), 2);
    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    assert_int_equal(rmdir(beside), 0);
    assert_int_equal(symlink("none/a.json", beside), 0);
    refuse(path, ENOENT);
    assert_int_equal(count_files(*state, 0), 2);
}

/* The provenance lies beside the file, not beside a link to it. */
static void test_csv_behind_link(void **state) {
    const char *link = in(*state, "link.csv"), *folder = in(*state, "sub");

    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(symlink("sub/real.csv", link), 0);
    assert_int_equal(ki_check_writable(link), 0);
    assert_int_equal(ki_write_arrays(link, 1, &column, "{}"), 0);
    assert_content(in(*state, "sub/real.csv"), "x\n1.5\n-0\n");
    assert_content(in(*state, "sub/real.csv.json"), "{}\n");
    assert_int_equal(count_files(*state, 0), 2);
    assert_int_equal(unlink(in(*state, "sub/real.csv.json")), 0);
    assert_int_equal(mkdir(in(*state, "sub/real.csv.json"), 0777), 0);
    refuse(link, EISDIR);
    assert_int_equal(count_files(folder, 1), 2);
}

/* Random bit patterns, all exponents: every finite double comes back as it was. */
static void test_csv_exact(void **state) {
    enum { COUNT = 20000 };
    double *x = malloc(COUNT * sizeof *x);
    const ki_array a = {"x", KI_FLOAT64, 1, {COUNT}, x};
    uint64_t bits = 88172645463325252u;
    char *text;
    char *at;

    assert_non_null(x);
    for (int k = 0; k < COUNT; k++)
        do {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            memcpy(&x[k], &bits, sizeof bits);
        } while (!isfinite(x[k]));
    assert_int_equal(ki_write_arrays(in(*state, "x.csv"), 1, &a, NULL), 0);
    text = slurp(in(*state, "x.csv"), NULL);
    at = text + 2;
    for (int k = 0; k < COUNT; k++) {
        double back = strtod(at, &at);

        assert_memory_equal(&back, &x[k], sizeof back);
        assert_int_equal(*at++, '\n');
    }
    assert_int_equal(*at, '\0');
    free(text);
    free(x);
}

static void test_csv_locale(void **state) {
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8", "de_DE",
                                        "fr_FR"};
    int commas = 0;

    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (!setlocale(LC_NUMERIC, names[k]) || strcmp(localeconv()->decimal_point, ".") == 0)
            continue;
        commas++;
        assert_int_equal(ki_write_arrays(in(*state, "x.csv"), 1, &column, NULL), 0);
        assert_content(in(*state, "x.csv"), "x\n1.5\n-0\n");
    }
    setlocale(LC_NUMERIC, "C");
    if (!commas)
        skip();
}

static void test_csv_shapes(void **state) {
    const ki_array scalar[] = {column, {"y", KI_FLOAT64, 0, {0}, two}};
    const ki_array matrix[] = {column, {"y", KI_FLOAT64, 2, {2, 1}, two}};
    const ki_array shorter[] = {column, {"y", KI_FLOAT64, 1, {1}, two}};
    const char *path = in(*state, "a.csv");

    spill(path, "old");
    assert_failure(ki_write_arrays(path, 2, scalar, NULL), KI_ERR_FORMAT, "y has 0 dimensions");
    assert_failure(ki_write_arrays(path, 2, matrix, NULL), KI_ERR_FORMAT, "y has 2 dimensions");
    assert_failure(ki_write_arrays(path, 2, shorter, NULL), KI_ERR_FORMAT, "x has 2 rows and y 1");
    assert_content(path, "old");
    assert_int_equal(count_files(*state, 0), 1);
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_csv_text),        WITH_FOLDER(test_csv_small),
        WITH_FOLDER(test_csv_provenance),  WITH_FOLDER(test_csv_nothing_alone),
        WITH_FOLDER(test_csv_behind_link), WITH_FOLDER(test_csv_exact),
        WITH_FOLDER(test_csv_locale),      WITH_FOLDER(test_csv_shapes),
    };

    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
