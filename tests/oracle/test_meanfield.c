/* SPDX-License-Identifier: BSD-3-Clause */
/* Mean-field methods against exact values: what the 2021 authors' published program gives for a
 * network of 32 spins, all methods, and a table of Plefka[t-1] by plain quadrature. */
#include "ki_test.h"

#include <kinising/io.h>
#include <kinising/meanfield.h>

#include "num/tanh_gauss.h"
#include "plefka_tables.h"

enum { MOST_N = 32 };

static const char *published; /* a .npz of the published values */
static const ki_run_options one = {.threads = 1};

/* 1e-10 absolutely is promised; this is what is kept. */
#define TOLERANCE 1e-12

static void averages(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof plefka_average / sizeof *plefka_average; i++) {
        double m, k;
        ki_tanh_average(plefka_average[i].g, sqrt(plefka_average[i].Delta), &m, &k);
        assert_close(m, plefka_average[i].m, 0, 1e-14);
        assert_close(k, plefka_average[i].k, 0, 1e-14);
    }
}

static void pairs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof plefka_pair / sizeof *plefka_pair; i++) {
        const double g1 = plefka_pair[i].g1, s1 = sqrt(plefka_pair[i].Delta1);
        const double g2 = plefka_pair[i].g2, s2 = sqrt(plefka_pair[i].Delta2);
        double m1, m2, k;
        ki_tanh_average(g1, s1, &m1, &k);
        ki_tanh_average(g2, s2, &m2, &k);
        char what[160];
        snprintf(what, sizeof what, "C of g %g %g, Delta %g %g, rho %.17g", g1, g2,
                 plefka_pair[i].Delta1, plefka_pair[i].Delta2, plefka_pair[i].rho);
        assert_close_at(what, ki_tanh_pair(g1, s1, g2, s2, plefka_pair[i].rho) - m1 * m2,
                        plefka_pair[i].C, 0, 2e-14);
    }
}

static ki_meanfield *create(size_t n, const double *H, const double *J, double beta, int method) {
    const ki_network network = {n, H, J, beta};
    const ki_meanfield_spec spec = {method, KI_SYNC, 0};
    ki_meanfield *mf = NULL;
    assert_int_equal(ki_meanfield_create(&network, &spec, 1, &mf), 0);
    return mf;
}

static void compare(const char *what, ki_meanfield *mf, size_t n, const double *m, const double *C,
                    const double *D, double m_error, double C_error, double D_error) {
    ki_meanfield_state s;
    assert_int_equal(ki_meanfield_get(mf, &s), 0);
    for (size_t i = 0; i < n; i++)
        assert_close_at(what, s.m[i], m[i], 0, m_error);
    for (size_t i = 0; i < n * n; i++) {
        assert_close_at(what, s.C[i], C[i], 0, C_error);
        assert_close_at(what, s.D[i], D[i], 0, D_error);
    }
}

/* [plefka-t1] from hot to cold, with rows that are equal, opposite, proportional or empty. */
static void plefka_t1(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof plefka_steps / sizeof *plefka_steps; i++) {
        const size_t n = plefka_steps[i].N;
        ki_meanfield *mf =
            create(n, plefka_steps[i].H, plefka_steps[i].J, plefka_steps[i].beta, KI_PLEFKA_T1);
        assert_int_equal(ki_meanfield_start(mf, plefka_steps[i].m0, NULL, NULL), 0);
        for (size_t t = 0; t < plefka_steps[i].steps; t++) {
            char what[64];
            snprintf(what, sizeof what, "network %zu, step %zu", i, t + 1);
            ki_meanfield_info info;
            assert_int_equal(ki_meanfield_step(mf, &one, &info), 0);
            assert_true(info.status == KI_CONVERGED && info.residual == 0);
            compare(what, mf, n, plefka_steps[i].m + t * n, plefka_steps[i].C + t * n * n,
                    plefka_steps[i].D + t * n * n, TOLERANCE, TOLERANCE,
                    TOLERANCE * fmax(1, plefka_steps[i].beta));
        }
        ki_meanfield_free(mf);
    }
}

static ki_array read_array(ki_reader *reader, const char *method, const char *part) {
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", method, *method ? "_" : "", part);
    const ptrdiff_t i = ki_reader_find(reader, name);
    ki_array a;
    assert_true(i >= 0);
    assert_int_equal(ki_reader_read(reader, (size_t)i, &a), 0);
    return a;
}

/* [naive] [plefka-t1t] [plefka-t] [plefka2-t] to rounding, [plefka-t1] to the error of the
 * published quadrature, 20 nodes between -4 and 4. */
static void published_values(void **state) {
    (void)state;
    static const char *names[KI_N_METHODS] = {"naive", "plefka_t1_t", "plefka_t", "plefka_t1",
                                              "plefka2_t"};
    ki_reader *reader;
    assert_int_equal(ki_reader_open(published, &reader), 0);
    ki_array H = read_array(reader, "", "H"), J = read_array(reader, "", "J");
    ki_array beta = read_array(reader, "", "beta"), start = read_array(reader, "", "s0");
    ki_array times = read_array(reader, "", "times");
    const int64_t *when = times.data;
    double m0[MOST_N];
    for (size_t i = 0; i < MOST_N; i++) {
        m0[i] = start.type == KI_FLOAT64 ? ((const double *)start.data)[i]
                                         : (double)((const int64_t *)start.data)[i];
    }
    assert_int_equal(times.type, KI_INT64);
    for (int method = 0; method < KI_N_METHODS; method++) {
        ki_array m = read_array(reader, names[method], "m");
        ki_array C = read_array(reader, names[method], "C");
        ki_array D = read_array(reader, names[method], "D");
        ki_meanfield *mf = create(MOST_N, H.data, J.data, *(const double *)beta.data, method);
        assert_int_equal(ki_meanfield_start(mf, m0, NULL, NULL), 0);
        int64_t t = 0;
        for (uint64_t k = 0; k < times.shape[0]; k++) {
            for (; t < when[k]; t++) {
                ki_meanfield_info info;
                assert_int_equal(ki_meanfield_step(mf, &one, &info), 0);
                assert_int_equal(info.status, KI_CONVERGED);
            }
            const double error = method == KI_PLEFKA_T1 ? 3e-4 : TOLERANCE;
            compare(names[method], mf, MOST_N, (const double *)m.data + k * MOST_N,
                    (const double *)C.data + k * MOST_N * MOST_N,
                    (const double *)D.data + k * MOST_N * MOST_N, error, error, error);
        }
        ki_meanfield_free(mf);
        ki_array_free(&m);
        ki_array_free(&C);
        ki_array_free(&D);
    }
    ki_array_free(&H);
    ki_array_free(&J);
    ki_array_free(&beta);
    ki_array_free(&start);
    ki_array_free(&times);
    ki_reader_close(reader);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages),
        cmocka_unit_test(pairs),
        cmocka_unit_test(plefka_t1),
        cmocka_unit_test(published_values),
    };
    published = argc > 1 ? argv[1] : "reference_plefka_n32.npz";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
