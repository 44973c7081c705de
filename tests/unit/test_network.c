/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks: what is refused and in what words, what is drawn, and files. What a user sees of it is
 * tested in tests/cli/test_cli_network.py. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "test_io_files.h"

#include "ki_test.h"

#include <kinising/kinising.h>

#include "num/philox.h"

#include <math.h>

enum { N = 5 };

static void assert_refused(int rc, int error, const char *words) {
    if (rc != error || !strstr(ki_last_error(), words))
        print_error("%d, \"%s\" is not %d, \"%s\"\n", rc, ki_last_error(), error, words);
    assert_int_equal(rc, error);
    assert_true(ki_is_sentence(ki_last_error()));
    assert_non_null(strstr(ki_last_error(), words));
}

static void test_check(void **state) {
    double H[N] = {0}, J[N * N] = {0};
    const ki_network good = {N, H, J, 0};
    ki_network w = good;
    ki_network_summary s;

    (void)state;
    assert_int_equal(ki_network_check(&good), 0);
    assert_refused(ki_network_check(NULL), KI_ERR_ARGUMENT, "network");
    w.n = 0;
    assert_refused(ki_network_check(&w), KI_ERR_ARGUMENT, "N : 0 is out of range");
    w.n = UINT64_C(1) << 31;
    assert_refused(ki_network_check(&w), KI_ERR_ARGUMENT, "N : 2147483648 is out of range");
    w = good;
    w.H = NULL;
    assert_refused(ki_network_check(&w), KI_ERR_ARGUMENT, "H : is NULL");
    w = good;
    w.J = NULL;
    assert_refused(ki_network_check(&w), KI_ERR_ARGUMENT, "J : is NULL");
    w = good;
    w.beta = -1;
    assert_refused(ki_network_check(&w), KI_ERR_ARGUMENT, "beta : -1 is negative");
    w.beta = NAN;
    assert_refused(ki_network_check(&w), KI_ERR_ARGUMENT, "beta : nan is not finite");
    w.beta = INFINITY;
    assert_refused(ki_network_check(&w), KI_ERR_ARGUMENT, "beta : inf is not finite");
    J[3 * N + 1] = -INFINITY;
    J[4 * N] = NAN;
    assert_refused(ki_network_check(&good), KI_ERR_ARGUMENT, "J[3,1] : is -inf");
    assert_refused(ki_network_summarize(&good, &s), KI_ERR_ARGUMENT, "J[3,1]");
    H[2] = NAN;
    assert_refused(ki_network_check(&good), KI_ERR_ARGUMENT, "H[2] : is nan");
}

static void test_draw_refuses(void **state) {
    static const struct {
        ki_theory_params p;
        const char *words;
    } bad[] = {{{-1, 1, 1, 0}, "beta : -1"},       {{INFINITY, 1, 1, 0}, "beta : inf"},
               {{1, NAN, 1, 0}, "J0 : nan"},       {{1, 1, -1, 0}, "dJ : -1"},
               {{1, 1, INFINITY, 0}, "dJ : inf"},  {{1, 1, 1, -0.5}, "dH : -0.5"},
               {{1, 1, 1, NAN}, "dH : nan"},       {{1, 1, 1e308, 0}, "not finite"},
               {{1, -INFINITY, 1, 0}, "J0 : -inf"}};
    const ki_theory_params good = {1, 1, 1, 1};
    double H[1] = {7}, J[1] = {7};

    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_refused(ki_network_draw(1, &bad[k].p, 0, 1, NULL, H, J), KI_ERR_ARGUMENT,
                       bad[k].words);
    assert_refused(ki_network_draw(0, &good, 0, 1, NULL, H, J), KI_ERR_ARGUMENT,
                   "N : 0 is out of range");
    assert_refused(ki_network_draw(UINT64_MAX, &good, 0, 1, NULL, H, J), KI_ERR_ARGUMENT,
                   "N : 18446744073709551615 is out of range");
    assert_refused(ki_network_draw(1, NULL, 0, 1, NULL, H, J), KI_ERR_ARGUMENT, "p : is NULL");
    assert_refused(ki_network_draw(1, &good, 0, 1, NULL, NULL, J), KI_ERR_ARGUMENT, "H : is NULL");
    assert_refused(ki_network_draw(1, &good, 0, 1, NULL, H, NULL), KI_ERR_ARGUMENT, "J : is NULL");
    assert_true(H[0] == 7 && J[0] == 7);
}

/* The numbers that are promised: from which key, stream and index each comes, odd N included, where
 * rows begin in the middle of a pair of normals. */
static void test_draw(void **state) {
    const ki_theory_params p = {1, 2, 3, 0.5};
    const uint64_t words[2] = {UINT64_MAX, N};
    const ki_random_key key = ki_random_key_of(2, words);
    const ki_sequence couplings = ki_sequence_of(key, 0, KI_STREAM_COUPLING);
    const ki_sequence fields = ki_sequence_of(key, 0, KI_STREAM_FIELD);
    double H[N], J[N * N], zero[N * N], z[N * N];

    (void)state;
    assert_int_equal(ki_network_draw(N, &p, 0, UINT64_MAX, NULL, H, J), 0);
    ki_random_normals(&couplings, 0, N * N, z);
    for (int k = 0; k < N * N; k++)
        assert_close(J[k], 2. / N + 3 / sqrt(N) * z[k], 1e-14, 1e-14);
    for (int i = 0; i < N; i++)
        assert_close(H[i], ki_random_double(&fields, (uint64_t)i) - 0.5, 1e-14, 1e-14);
    assert_int_equal(ki_network_draw(N, &p, 1, UINT64_MAX, NULL, H, zero), 0);
    for (int k = 0; k < N * N; k++)
        assert_true(zero[k] == (k % (N + 1) == 0 ? 0 : J[k]));
}

static int stop_half_way(void *user, uint64_t done, uint64_t total) {
    *(uint64_t *)user = done;
    return 2 * done >= total;
}

/* A large one is drawn by rows: the same for any number of threads, and it can be stopped. */
static void test_draw_in_parts(void **state) {
    enum { LARGE = 500 };
    static double H[2][LARGE], J[2][LARGE * LARGE];
    const ki_theory_params p = {1, 2, 3, 0.5};
    uint64_t done = 0;
    ki_run_options run = {.threads = 3};

    (void)state;
    assert_int_equal(ki_network_draw(LARGE, &p, 0, 3, &(ki_run_options){1, NULL, NULL}, H[0], J[0]),
                     0);
    assert_int_equal(ki_network_draw(LARGE, &p, 0, 3, &run, H[1], J[1]), 0);
    assert_memory_equal(H[0], H[1], sizeof H[0]);
    assert_memory_equal(J[0], J[1], sizeof J[0]);
    run.progress = stop_half_way;
    run.progress_user = &done;
    assert_int_equal(ki_network_draw(LARGE, &p, 0, 3, &run, H[1], J[1]), KI_ERR_CANCELLED);
    assert_in_range(done, LARGE / 2, LARGE - 1);
    run.threads = -1;
    assert_refused(ki_network_draw(1, &p, 0, 3, &run, H[1], J[1]), KI_ERR_ARGUMENT, "threads : -1");
}

static void test_file(void **state) {
    static const char *const names[] = {"a.npz", "a.h5"};
    const ki_theory_params p = {1, 2, 3, 0.5};
    double H[N], J[N * N];
    const ki_network w = {N, H, J, 0.25};
    ki_build_info info;

    assert_int_equal(ki_get_build_info(&info), 0);
    assert_int_equal(ki_network_draw(N, &p, 0, 3, NULL, H, J), 0);
    for (int f = 0; f < 1 + info.have_hdf5; f++) {
        const char *path = in(*state, names[f]);
        ki_network_file *back = NULL;

        assert_int_equal(ki_network_write(path, &w, "{}"), 0);
        assert_int_equal(ki_network_read(path, &back), 0);
        assert_int_equal(back->view.n, N);
        assert_true(back->has_beta && back->view.beta == 0.25);
        assert_memory_equal(back->view.H, H, sizeof H);
        assert_memory_equal(back->view.J, J, sizeof J);
        ki_network_file_free(back);
    }
    ki_network_file_free(NULL);
}

static void test_file_refused(void **state) {
    double H[N] = {0}, J[N * N] = {0};
    ki_network w = {N, H, J, 1};
    const ki_array fields = {"H", KI_FLOAT64, 1, {N}, H};
    const ki_array wide[] = {fields, {"J", KI_FLOAT64, 2, {N, N - 1}, J}};
    ki_network_file *back = NULL;
    const char *path = in(*state, "a.npz");

    assert_refused(ki_network_read(path, &back), KI_ERR_IO, "a.npz");
    assert_refused(ki_network_read(NULL, &back), KI_ERR_ARGUMENT, "path");
    assert_refused(ki_network_read(path, NULL), KI_ERR_ARGUMENT, "out");
    assert_int_equal(ki_write_arrays(path, 1, &fields, NULL), 0);
    assert_refused(ki_network_read(path, &back), KI_ERR_FORMAT, "no array J");
    assert_int_equal(ki_write_arrays(path, 2, wide, NULL), 0);
    assert_refused(ki_network_read(path, &back), KI_ERR_FORMAT, "5 x 4");
    assert_null(back);
    H[1] = NAN;
    assert_refused(ki_network_write(in(*state, "b.npz"), &w, NULL), KI_ERR_ARGUMENT, "H[1]");
    assert_int_equal(count_files(*state, 0), 1);
    H[1] = 0;
    assert_refused(ki_network_write(in(*state, "b.csv"), &w, NULL), KI_ERR_FORMAT, "2 dimensions");
}

/* Two spins by hand. */
static void test_summary(void **state) {
    static const double H[2] = {-1, 3}, J[4] = {5, 2, -4, 1};
    const ki_network w = {2, H, J, 1};
    ki_network_summary s;

    (void)state;
    assert_int_equal(ki_network_summarize(&w, &s), 0);
    assert_close(s.J0, -2, 1e-15, 0);
    assert_close(s.dJ, 6, 1e-15, 0); /* sqrt(2) sqrt((9 + 9) / 1) */
    assert_close(s.H_mean, 1, 1e-15, 0);
    assert_close(s.dH, sqrt(24), 1e-15, 0);
    assert_close(s.asymmetry, -1, 1e-15, 0);
    assert_true(s.H_min == -1 && s.H_max == 3 && s.diagonal == 5 && s.density == 1);
    assert_refused(ki_network_summarize(&w, NULL), KI_ERR_ARGUMENT, "out");
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),   cmocka_unit_test(test_draw_refuses),
        cmocka_unit_test(test_draw),    cmocka_unit_test(test_draw_in_parts),
        WITH_FOLDER(test_file),         WITH_FOLDER(test_file_refused),
        cmocka_unit_test(test_summary),
    };

    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
