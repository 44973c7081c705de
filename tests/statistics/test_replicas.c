/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replicas of small networks against enumeration of all their states. [model] [sigma-net-sync]
 * [sigma-net-async]
 *
 * Each mean is taken BATCHES times with seeds of its own; (mean - exact)/error is then Student's t
 * with BATCHES - 1 = 39 degrees of freedom, and |t| > LIMIT = 7 has probability 2e-8. About 1200
 * are looked at: were the seeds not fixed, a false alarm in 2e-5 of the runs.
 */
#include "ki_test.h"

#include <stdlib.h>

#include "chain.h"
#include "num/philox.h"
#include "oracle_tables.h"

enum { BATCHES = 40, QUANTITIES = 6 + MAX_N + 3 * MAX_N * MAX_N + MAX_N };
#define LIMIT 7.0

typedef struct statistic {
    double sum, squares;
} statistic;

static void add(statistic *s, double x) {
    s->sum += x;
    s->squares += x * x;
}

static double error_of(const statistic *s) {
    const double mean = s->sum / BATCHES;
    const double variance = (s->squares - BATCHES * mean * mean) / (BATCHES - 1);
    return sqrt(variance > 0 ? variance / BATCHES : 0);
}

static void check(const char *what, size_t i, const statistic *s, double exact) {
    const double mean = s->sum / BATCHES, error = error_of(s);
    /* Fields are in single precision: 1e-6 where there is no spread at all. */
    if (fabs(mean - exact) > LIMIT * error + 1e-6) {
        fail_msg("%s[%zu]: %.10g is not %.10g: t = %.3g", what, i, mean, exact,
                 (mean - exact) / error);
    }
}

typedef struct results {
    statistic m[MAX_N], c[MAX_N * MAX_N], d[MAX_N * MAX_N], edge[MAX_N * MAX_N], spin[MAX_N];
    statistic summary[6], variance[6];
} results;

static void gather(const ki_network *w, const ki_replicas_spec *spec, results *r) {
    const size_t n = w->n;
    memset(r, 0, sizeof *r);
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        double m[MAX_N], c[MAX_N * MAX_N], d[MAX_N * MAX_N], edge[MAX_N * MAX_N], spin[MAX_N];
        const ki_replicas_out out = {m, c, d, spin, edge, NULL, NULL};
        ki_replicas_spec s = *spec;
        ki_ensemble_result e;
        s.seed = batch + 1;
        assert_int_equal(ki_replicas(w, &s, NULL, &e, &out), 0);
        double total = 0;
        for (size_t i = 0; i < n; i++) {
            add(&r->m[i], m[i]);
            add(&r->spin[i], spin[i]);
            total += spin[i];
        }
        for (size_t i = 0; i < n * n; i++) {
            add(&r->c[i], c[i]);
            add(&r->d[i], d[i]);
            add(&r->edge[i], edge[i]);
        }
        /* Two ways to one number. */
        assert_close(total, (double)n * e.sigma, 1e-5, 1e-6);
        assert_close(e.Sr, e.S + e.sigma, 1e-12, 1e-12);
        assert_int_equal(e.realizations, spec->replicas);
        const double mean[6] = {e.m, e.q, e.S, e.Sr, e.sigma, e.activity};
        const double error[6] = {e.m_err, e.q_err, e.S_err, e.Sr_err, e.sigma_err, e.activity_err};
        for (int i = 0; i < 6; i++) {
            add(&r->summary[i], mean[i]);
            add(&r->variance[i], error[i] * error[i]);
        }
    }
}

static void compare(const ki_network *w, const ki_replicas_spec *spec, const chain *k) {
    const size_t n = w->n;
    results r;
    gather(w, spec, &r);
    const double exact[6] = {k->mean, k->q, k->S, k->S + k->sigma, k->sigma, k->activity};
    for (size_t i = 0; i < 6; i++) {
        check("summary (m q S Sr sigma activity)", i, &r.summary[i], exact[i]);
        /* The errors that are reported are the spread that is seen: chi-squared of 39. */
        const double seen = BATCHES * error_of(&r.summary[i]) * error_of(&r.summary[i]);
        if (seen > 1e-14)
            assert_in_range(100 * seen / (r.variance[i].sum / BATCHES), 25, 300);
    }
    const double weight = spec->dynamics == KI_ASYNC ? 0.5 * w->beta : w->beta;
    for (size_t i = 0; i < n; i++) {
        double spin = 0;
        check("m", i, &r.m[i], k->m[i]);
        for (size_t j = 0; j < n; j++) {
            const size_t ij = i * n + j;
            const double edge = i == j && spec->dynamics == KI_ASYNC
                                    ? k->own[i]
                                    : weight * (w->J[ij] - w->J[j * n + i]) * k->d[ij];
            spin += edge;
            check("c", ij, &r.c[ij], k->c[ij]);
            check("d", ij, &r.d[ij], k->d[ij]);
            check("sigma_edge", ij, &r.edge[ij], edge);
        }
        check("sigma_spin", i, &r.spin[i], spin);
    }
    /* The test can see something: errors of sigma far below sigma. */
    assert_true(error_of(&r.summary[4]) < fmax(0.02 * k->sigma, 5e-4));
}

/* A network of independent normals of scale dJ/sqrt(N) around J0/N. */
static void draw(size_t n, uint64_t seed, int zero_diagonal, double *H, double *J) {
    const ki_random_key key = ki_random_key_of(1, &seed);
    const ki_sequence fields = ki_sequence_of(key, 0, KI_STREAM_FIELD);
    const ki_sequence couplings = ki_sequence_of(key, 0, KI_STREAM_COUPLING);
    ki_random_normals(&fields, 0, n, H);
    ki_random_normals(&couplings, 0, n * n, J);
    for (size_t i = 0; i < n * n; i++) {
        J[i] = 0.5 / (double)n + J[i] / sqrt((double)n);
        if (zero_diagonal && i / n == i % n)
            J[i] = 0;
        H[i % n] = i < n ? 0.3 * H[i] : H[i % n];
    }
}

static const ki_replicas_spec window = {
    .dynamics = KI_SYNC, .replicas = 130, .steps = 160, .average = 1, .burn_in = 50};
static const ki_replicas_spec at_end = {
    .dynamics = KI_SYNC, .replicas = 2000, .steps = 60, .start = KI_START_RANDOM};

static void against_enumeration(int dynamics) {
    for (size_t n = 3; n <= 6; n++) {
        for (int end = 0; end < (n == 5 ? 2 : 1); end++) {
            double H[MAX_N], J[MAX_N * MAX_N];
            draw(n, 100 + n, n == 4, H, J);
            const ki_network w = {n, H, J, n % 2 ? 0.8 : 1.2};
            ki_replicas_spec spec = end ? at_end : window;
            spec.dynamics = dynamics;
            spec.start = n % 2 ? KI_START_UP : KI_START_RANDOM;
            chain k;
            enumerate_chain(&w, dynamics, dynamics == KI_SYNC ? 1 : spec.steps / 2, &k);
            compare(&w, &spec, &k);
        }
    }
}

static void synchronous(void **state) {
    (void)state;
    against_enumeration(KI_SYNC);
}

static void asynchronous(void **state) {
    (void)state;
    against_enumeration(KI_ASYNC);
}

/* T = 2 and 3: the overlap with the state one unit of time earlier is not that of long ago. */
static void short_lag(void **state) {
    (void)state;
    double H[MAX_N], J[MAX_N * MAX_N], p[MAX_STATES] = {0};
    draw(5, 7, 1, H, J);
    const ki_network w = {5, H, J, 0.9};
    chain k;
    enumerate_chain(&w, KI_ASYNC, 1, &k);
    for (uint64_t steps = 2; steps <= 3; steps++) {
        /* From all up, s(T - 1) and then T: sum over i of (p_a s_i(a)) T^N s_i. */
        memset(p, 0, sizeof p);
        p[k.states - 1] = 1;
        for (size_t u = 0; u < 5 * (steps - 1); u++)
            apply(&k, 1, p);
        memcpy(k.p, p, sizeof p);
        const double exact = overlap(&k, 5);
        statistic q = {0, 0};
        for (uint64_t batch = 0; batch < BATCHES; batch++) {
            const ki_replicas_spec spec = {
                .dynamics = KI_ASYNC, .replicas = 4000, .steps = steps, .seed = 50 + batch};
            ki_ensemble_result e;
            assert_int_equal(ki_replicas(&w, &spec, NULL, &e, NULL), 0);
            add(&q, e.q);
        }
        check("q", steps, &q, exact);
    }
}

/* A table made by other code: exact_n6. C and D are connected there. */
static void table(void **state) {
    (void)state;
    for (int async = 0; async < 2; async++) {
        double J[36];
        results r;
        ki_replicas_spec spec = window;
        spec.dynamics = async ? KI_ASYNC : KI_SYNC;
        for (size_t i = 0; i < 36; i++)
            J[i] = async && i % 7 == 0 ? 0 : exact_n6_J[i];
        const ki_network w = {6, exact_n6_H, J, exact_n6_beta};
        gather(&w, &spec, &r);
        const double *m = async ? exact_n6_async_zero_diagonal_m : exact_n6_sync_m;
        const double *C = async ? exact_n6_async_zero_diagonal_C : exact_n6_sync_C;
        for (size_t i = 0; i < 36; i++) {
            const double mm = m[i / 6] * m[i % 6];
            check("c", i, &r.c[i], C[i] + mm);
            check("d", i, &r.d[i],
                  async ? exact_n6_async_zero_diagonal_E[i] : exact_n6_sync_D[i] + mm);
            if (i < 6)
                check("m", i, &r.m[i], m[i]);
        }
        check("sigma", 0, &r.summary[4],
              async ? exact_n6_async_zero_diagonal_sigma : exact_n6_sync_sigma);
        if (async) {
            check("activity", 0, &r.summary[5], exact_n6_async_zero_diagonal_activity);
        } else {
            check("S", 0, &r.summary[2], exact_n6_sync_S);
            check("Sr", 0, &r.summary[3], exact_n6_sync_Sr);
        }
    }
}

/* Detailed balance: nothing is produced in the steady state, and on no edge at any time. */
static void symmetric(void **state) {
    (void)state;
    for (int async = 0; async < 2; async++) {
        double H[MAX_N], J[MAX_N * MAX_N], edge[MAX_N * MAX_N];
        draw(6, 11, async, H, J);
        for (size_t i = 0; i < 36; i++)
            J[i] = i / 6 > i % 6 ? J[i % 6 * 6 + i / 6] : J[i];
        const ki_network w = {6, H, J, 1.1};
        ki_replicas_spec spec = window;
        ki_ensemble_result e;
        const ki_replicas_out out = {.sigma_edge = edge};
        spec.dynamics = async ? KI_ASYNC : KI_SYNC;
        assert_int_equal(ki_replicas(&w, &spec, NULL, &e, &out), 0);
        assert_true(fabs(e.sigma) < LIMIT * e.sigma_err && e.sigma_err < 2e-3);
        for (size_t i = 0; i < 36; i++)
            assert_true(i / 6 == i % 6 || edge[i] == 0);
    }
}

/* No couplings: every spin for itself, m = tanh(beta H); synchronously without any spread. */
static void independent(void **state) {
    (void)state;
    const double H[4] = {-0.7, 0, 0.2, 1.5}, J[16] = {0};
    const ki_network w = {4, H, J, 0.9};
    chain k;
    enumerate_chain(&w, KI_ASYNC, window.steps / 2, &k);
    for (int i = 0; i < 4; i++)
        assert_close(k.m[i], tanh(0.9 * H[i]), 1e-12, 1e-12);
    ki_replicas_spec spec = window;
    spec.dynamics = KI_ASYNC;
    compare(&w, &spec, &k);
    enumerate_chain(&w, KI_SYNC, 1, &k);
    spec.dynamics = KI_SYNC;
    compare(&w, &spec, &k);
}

/* <exp(-Sigma)> = 1 for paths of the raster from the stationary state, Sigma with the system's
 * part. */
static void fluctuation_theorem(void **state) {
    (void)state;
    enum { N = 3, R = 40000, BURN = 30, LENGTH = 3, T = BURN + LENGTH };
    double H[N], J[N * N];
    int8_t *raster = malloc((size_t)R * (T + 1) * N);
    assert_non_null(raster);
    draw(N, 23, 0, H, J);
    const ki_network w = {N, H, J, 0.4};
    chain k;
    enumerate_chain(&w, KI_SYNC, 1, &k);
    const ki_replicas_spec spec = {.dynamics = KI_SYNC, .replicas = R, .steps = T, .seed = 5};
    const ki_replicas_out out = {.raster = raster};
    assert_int_equal(ki_replicas(&w, &spec, NULL, NULL, &out), 0);
    double sum = 0, squares = 0, entropy = 0;
    for (size_t r = 0; r < R; r++) {
        size_t before = 0;
        double sigma = 0;
        for (size_t t = BURN; t <= T; t++) {
            size_t a = 0;
            for (size_t i = 0; i < N; i++)
                a |= (size_t)(raster[(r * (T + 1) + t) * N + i] > 0) << i;
            sigma += t == BURN ? log(k.p[a]) : log(k.T[before][a] / k.T[a][before]);
            sigma -= t == T ? log(k.p[a]) : 0;
            before = a;
        }
        sum += exp(-sigma);
        squares += exp(-2 * sigma);
        entropy += sigma / R;
    }
    const double mean = sum / R, error = sqrt((squares / R - mean * mean) / R);
    assert_true(fabs(mean - 1) < 6 * error && error < 0.02); /* 2e-9 */
    assert_true(entropy > 10 * error);
    assert_close(entropy, LENGTH * N * k.sigma, 0.05, 0);
    free(raster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synchronous),         cmocka_unit_test(asynchronous),
        cmocka_unit_test(short_lag),           cmocka_unit_test(table),
        cmocka_unit_test(symmetric),           cmocka_unit_test(independent),
        cmocka_unit_test(fluctuation_theorem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
