/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits and entropy production of simulated recordings against the networks that they are of: errors,
 * biases, tests of reversibility, and what must not change them. [mle] [firth] [sigma-data] [flips]
 *
 * Some 20 z-scores and counts, each beyond 5 by chance about one in 1e6 (means of 100 recordings and
 * more): another seed would raise a false alarm in one of 3e4 runs. bench/calibration.py has the
 * same for large networks. */
#include "ki_stat.h"

#include "chain.h"
#include "ki_rasters.h"

enum { BURN_IN = 100 };

/* Couplings of deviation b/sqrt(N) and fields of deviation `field`; symmetric if asked. */
static void draw(size_t n, double b, double field, int symmetric, ki_plain_rng *rng, double *H,
                 double *J) {
    for (size_t i = 0; i < n; i++) {
        H[i] = field * ki_plain_normal(rng);
        for (size_t j = 0; j < n; j++)
            J[i * n + j] = b / sqrt((double)n) * ki_plain_normal(rng);
    }
    for (size_t i = 0; symmetric && i < n; i++)
        for (size_t j = 0; j < i; j++)
            J[i * n + j] = J[j * n + i];
}

/* T transitions of the steady state. */
static ki_raster *record(size_t n, const double *H, const double *J, size_t T, ki_plain_rng *rng) {
    int8_t *x = ki_test_course(n, H, J, 1, BURN_IN + T + 1, ki_plain_word(rng));
    ki_raster *r = ki_test_raster(n, 1, T + 1, x + BURN_IN * n);
    free(x);
    return r;
}

/* A fit that ended: no row of these recordings lacks a maximum for long. */
static void fit(size_t n, const ki_raster *r, int firth, ki_fit_result *o) {
    assert_int_equal(ki_fit(r, &(ki_fit_spec){.firth = firth}, NULL, o), 0);
    for (size_t i = 0; i < n; i++)
        assert_true(o->status[i] == KI_CONVERGED || o->status[i] == KI_SEPARATED);
}

typedef struct coverage {
    double cells, J, H, slope_above, slope_below;
} coverage;

static void count(size_t n, const double *H, const double *J, const ki_fit_result *o, coverage *c) {
    for (size_t i = 0; i < n; i++) {
        c->H += fabs(o->H[i] - H[i]) < 1.959964 * o->H_err[i];
        for (size_t j = 0; j < n; j++) {
            const size_t at = i * n + j;
            c->J += fabs(o->J[at] - J[at]) < 1.959964 * o->J_err[at];
            c->slope_above += o->J[at] * J[at];
            c->slope_below += J[at] * J[at];
        }
    }
    c->cells += (double)n;
}

/* 95 % intervals of H and J hold the truth in 95 % of all cells, by either fit. */
static void errors_of_fits(void **state) {
    enum { N = 6, RUNS = 150 };
    static const int firth[] = {KI_FIRTH_NONE, KI_FIRTH_ALL};
    ki_plain_rng rng = {21};
    coverage c[2] = {{0}};
    double H[N], J[N * N];
    (void)state;
    if (KI_SANITIZED)
        skip();
    ki_fit_result o = ki_test_result(N);
    for (int run = 0; run < RUNS; run++) {
        draw(N, 1, 0.3, 0, &rng, H, J);
        ki_raster *r = record(N, H, J, 2000, &rng);
        for (int k = 0; k < 2; k++) {
            fit(N, r, firth[k], &o);
            count(N, H, J, &o, &c[k]);
        }
        ki_raster_free(r);
    }
    for (int k = 0; k < 2; k++) {
        ki_check_count("J", c[k].J, c[k].cells * N, 0.95);
        ki_check_count("H", c[k].H, c[k].cells, 0.95);
        assert_close(c[k].J / c[k].cells / N, 0.95, 0, 0.02);
    }
    ki_test_free_result(&o);
}

/* Errors of J fall like 1/sqrt(T), and are 1/sqrt(F). */
static void errors_by_length(void **state) {
    enum { N = 6, RUNS = 60, TIMES = 3 };
    ki_plain_rng rng = {22};
    ki_stat fall[TIMES - 1] = {{0}}, relative[TIMES] = {{0}};
    double H[N], J[N * N];
    (void)state;
    if (KI_SANITIZED)
        skip();
    ki_fit_result o = ki_test_result(N);
    for (int run = 0; run < RUNS; run++) {
        double before = 0;
        draw(N, 1, 0.3, 0, &rng, H, J);
        for (size_t k = 0, T = 1000; k < TIMES; k++, T *= 4) {
            double squares = 0, expected = 0;
            ki_raster *r = record(N, H, J, T, &rng);
            fit(N, r, KI_FIRTH_ALL, &o);
            for (size_t at = 0; at < N * N; at++) {
                squares += (o.J[at] - J[at]) * (o.J[at] - J[at]);
                expected += o.J_err[at] * o.J_err[at];
            }
            ki_stat_add(&relative[k], log(squares / expected));
            if (k > 0)
                ki_stat_add(&fall[k - 1], log(before / squares) / log(4));
            before = squares;
            ki_raster_free(r);
        }
    }
    for (int k = 0; k < TIMES; k++) /* mean of ln chi2_36/36: -1/36 */
        ki_check_z("squared error over its estimate", relative[k].mean, -1. / (N * N),
                   ki_stat_error(&relative[k]), 0.03);
    for (int k = 0; k + 1 < TIMES; k++)
        ki_check_z("power of T", -fall[k].mean, -1, ki_stat_error(&fall[k]), 0.03);
    ki_test_free_result(&o);
}

/* Long recordings, where what is left to gain is near rounding, end too: by the same maximum as
 * likelihood to a part of the error. */
static void long_recordings(void **state) {
    enum { N = 10, RUNS = 4 };
    ki_plain_rng rng = {29};
    double H[N], J[N * N];
    (void)state;
    if (KI_SANITIZED)
        skip();
    ki_fit_result o = ki_test_result(N), p = ki_test_result(N);
    for (int run = 0; run < RUNS; run++) {
        draw(N, 1, 0.3, 0, &rng, H, J);
        ki_raster *r = record(N, H, J, 30000, &rng);
        fit(N, r, KI_FIRTH_ALL, &o);
        fit(N, r, KI_FIRTH_NONE, &p);
        for (size_t k = 0; k < N * N; k++)
            assert_true(fabs(o.J[k] - p.J[k]) < 0.2 * p.J_err[k]);
        ki_raster_free(r);
    }
    ki_test_free_result(&o);
    ki_test_free_result(&p);
}

/* Likelihood alone makes couplings of short recordings too large by some per cent; Firth does not. */
static void bias_of_fits(void **state) {
    enum { N = 6, RUNS = 250 };
    static const int firth[] = {KI_FIRTH_AUTO, KI_FIRTH_ALL};
    ki_plain_rng rng = {23};
    ki_stat slope[2] = {{0}};
    double H[N], J[N * N];
    (void)state;
    if (KI_SANITIZED)
        skip();
    ki_fit_result o = ki_test_result(N);
    for (int run = 0; run < RUNS; run++) {
        draw(N, 1, 0.3, 0, &rng, H, J);
        ki_raster *r = record(N, H, J, 300, &rng);
        for (int k = 0; k < 2; k++) {
            coverage c = {0};
            fit(N, r, firth[k], &o);
            count(N, H, J, &o, &c);
            ki_stat_add(&slope[k], c.slope_above / c.slope_below);
        }
        ki_raster_free(r);
    }
    ki_check_z("slope of Firth's couplings", slope[1].mean, 1, ki_stat_error(&slope[1]), 0.003);
    assert_true(slope[0].mean - 1 > 5 * ki_stat_error(&slope[0]));
    assert_true(slope[0].mean - slope[1].mean > 0.02);
    ki_test_free_result(&o);
}

static ki_entropy_result estimate(const ki_raster *r, unsigned estimators, uint64_t flips) {
    ki_entropy_result o = {0};
    const ki_entropy_spec spec = {.estimators = estimators, .flips = flips};
    assert_int_equal(ki_entropy_production(r, &spec, NULL, &o), 0);
    return o;
}

/* The interval of `model` holds the truth (all states) in 95 % of recordings; `plugin` is too large by
 * its bias, and the other two are not. */
static void errors_of_sigma(void **state) {
    enum { N = 5, RUNS = 400, T = 700 };
    static const double spread[] = {0.7, 1.5};
    ki_plain_rng rng = {24};
    (void)state;
    if (KI_SANITIZED)
        skip();
    chain *k = malloc(sizeof *k);
    assert_non_null(k);
    for (size_t c = 0; c < 2; c++) {
        double H[N], J[N * N], covered = 0;
        ki_stat off[KI_N_ESTIMATORS] = {{0}}, without = {0};
        draw(N, spread[c], 0.3, 0, &rng, H, J);
        enumerate_chain(&(ki_network){.n = N, .H = H, .J = J, .beta = 1}, KI_SYNC, 1, k);
        for (int run = 0; run < RUNS; run++) {
            ki_raster *r = record(N, H, J, T, &rng);
            const ki_entropy_result o =
                estimate(r, 1u << KI_MODEL | 1u << KI_PLUGIN | 1u << KI_CROSSFIT, 1);
            for (int e = 0; e <= KI_CROSSFIT; e++)
                ki_stat_add(&off[e], o.value[e].sigma - N * k->sigma);
            ki_stat_add(&without,
                        o.value[KI_PLUGIN].sigma - o.value[KI_PLUGIN].bias - N * k->sigma);
            covered +=
                fabs(o.value[KI_MODEL].sigma - N * k->sigma) < 1.959964 * o.value[KI_MODEL].error;
            ki_raster_free(r);
        }
        ki_check_count("interval of sigma", covered, RUNS, 0.95);
        ki_check_z("model", off[KI_MODEL].mean, 0, ki_stat_error(&off[KI_MODEL]), 0);
        ki_check_z("plugin less its bias", without.mean, 0, ki_stat_error(&without), 0);
        if (c == 0) { /* where it is not small beside what one recording deviates by */
            assert_true(off[KI_PLUGIN].mean > 5 * ki_stat_error(&off[KI_PLUGIN]));
            assert_true(fabs(off[KI_CROSSFIT].mean) < 0.5 * off[KI_PLUGIN].mean);
        }
    }
    free(k);
}

/* Reversible networks are called irreversible in 5 % at most, and by the interval at 0 in 5 % at most;
 * irreversible ones nearly always. */
static void sizes_of_tests(void **state) {
    enum { N = 5, RUNS = 500, T = 1000 };
    static const double level[] = {0.05, 0.01};
    ki_plain_rng rng = {25};
    double alarms[2][2] = {{0}}, covered = 0, found[2] = {0};
    (void)state;
    if (KI_SANITIZED)
        skip();
    for (int run = 0; run < RUNS; run++) {
        double H[N], J[N * N];
        const int symmetric = run % 5 < 4;
        draw(N, symmetric ? 1 : 1.2, 0.3, symmetric, &rng, H, J);
        ki_raster *r = record(N, H, J, T, &rng);
        const ki_entropy_result o = estimate(r, 1u << KI_MODEL, 999);
        for (int t = 0; t < 2; t++) {
            const double p = o.test[t == 0 ? KI_TEST_Z : KI_TEST_FLIPS].p_value;
            for (int l = 0; symmetric && l < 2; l++)
                alarms[t][l] += p <= level[l];
            found[t] += !symmetric && p <= 0.05;
        }
        covered += symmetric && fabs(o.value[KI_MODEL].sigma) < 1.959964 * o.value[KI_MODEL].error;
        ki_raster_free(r);
    }
    const double reversible = RUNS * 4 / 5;
    for (int t = 0; t < 2; t++) {
        for (int l = 0; l < 2; l++) /* no more than the level by chance; timid is allowed */
            ki_check_count(t == 0 ? "z" : "flips", fmax(alarms[t][l], reversible * level[l]),
                           reversible, level[l]);
        assert_true(alarms[t][0] > 0);
        assert_true(found[t] > 0.9 * (RUNS - reversible));
    }
    ki_check_count("interval at 0", fmin(covered, 0.95 * reversible), reversible, 0.95);
}

/* Transitions taken backwards: <y_i s_j> becomes <s_i y_j>, so that sum J_ij dD_ij of one and the same
 * network changes its sign exactly. A network that is fitted anew is one of the backward course, which no
 * kinetic Ising network makes exactly: its sigma is positive again, and smaller here. */
static void reversed_time(void **state) {
    enum { N = 6, BINS = 4001 };
    ki_plain_rng rng = {26};
    double H[N], J[N * N], d[2][N * N], sum[2] = {0};
    int8_t back[BINS * N];
    ki_fit_result o = ki_test_result(N);
    ki_raster *r[2];
    (void)state;
    draw(N, 1.2, 0, 0, &rng, H, J);
    int8_t *x = ki_test_course(N, H, J, 1, BURN_IN + BINS, 5);
    for (size_t t = 0; t < BINS; t++)
        memcpy(back + t * N, x + (BURN_IN + BINS - 1 - t) * N, N);
    r[0] = ki_test_raster(N, 1, BINS, x + BURN_IN * N);
    r[1] = ki_test_raster(N, 1, BINS, back);
    fit(N, r[0], KI_FIRTH_NONE, &o);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(ki_raster_moments(r[k], NULL, NULL, NULL, NULL, d[k]), 0);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++)
                sum[k] += o.J[i * N + j] * (d[k][i * N + j] - d[k][j * N + i]);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            assert_true(d[1][i * N + j] == d[0][j * N + i]);
    assert_close(sum[1], -sum[0], 1e-12, 0);
    const ki_entropy_result forth = estimate(r[0], 1u << KI_PLUGIN | 1u << KI_MODEL, 999),
                            back_again = estimate(r[1], 1u << KI_PLUGIN | 1u << KI_MODEL, 999);
    assert_close(forth.value[KI_PLUGIN].sigma, sum[0], 1e-9, 0);
    assert_true(forth.value[KI_MODEL].sigma > 20 * forth.value[KI_MODEL].error);
    assert_true(back_again.value[KI_MODEL].sigma > 0.4 * forth.value[KI_MODEL].sigma);
    assert_true(forth.test[KI_TEST_FLIPS].p_value < 0.01);
    assert_true(back_again.test[KI_TEST_FLIPS].p_value < 0.01);
    for (int k = 0; k < 2; k++)
        ki_raster_free(r[k]);
    ki_test_free_result(&o);
    free(x);
}

/* Trials in any order are the same transitions: nothing leads from one into the next. Only the batches
 * of the error and the blocks of the flips are others. */
static void order_of_trials(void **state) {
    enum { N = 5, TRIALS = 40, BINS = 51 };
    ki_plain_rng rng = {27};
    double H[N], J[N * N];
    int8_t other[TRIALS * BINS * N];
    (void)state;
    draw(N, 1, 0.3, 0, &rng, H, J);
    int8_t *x = ki_test_course(N, H, J, TRIALS, BINS, 6);
    for (size_t k = 0; k < TRIALS; k++) /* 17 and 40 have no common factor */
        memcpy(other + k * BINS * N, x + (17 * k + 3) % TRIALS * BINS * N, (size_t)BINS * N);
    ki_raster *a = ki_test_raster(N, TRIALS, BINS, x), *b = ki_test_raster(N, TRIALS, BINS, other);
    ki_raster *joined = ki_test_raster(N, 1, TRIALS * BINS, x);
    const unsigned all = 1u << KI_MODEL | 1u << KI_PLUGIN;
    const ki_entropy_result p = estimate(a, all, 1), q = estimate(b, all, 1),
                            one = estimate(joined, all, 1);
    for (int e = KI_MODEL; e <= KI_PLUGIN; e++) {
        assert_close(q.value[e].sigma, p.value[e].sigma, 1e-8, 0);
        assert_close(q.value[e].bias, p.value[e].bias, 1e-8, 0);
        assert_close(q.value[e].error, p.value[e].error, 0.5, 0);
        assert_true(fabs(one.value[e].sigma / p.value[e].sigma - 1) >
                    1e-4); /* the test can see it */
    }
    assert_close(q.S, p.S, 1e-9, 0);
    assert_int_equal(p.transitions, TRIALS * (BINS - 1));
    ki_raster_free(a);
    ki_raster_free(b);
    ki_raster_free(joined);
    free(x);
}

/* Units in another order and 0/1 for +-1: the same, by exactly the same bits for the latter. */
static void units_and_codes(void **state) {
    enum { N = 5, BINS = 1500 };
    static const size_t order[N] = {3, 0, 4, 2, 1};
    ki_plain_rng rng = {28};
    double H[N], J[N * N];
    int8_t other[BINS * N], coded[BINS * N];
    (void)state;
    draw(N, 1, 0.3, 0, &rng, H, J);
    int8_t *x = ki_test_course(N, H, J, 1, BINS, 7);
    for (size_t t = 0; t < BINS; t++) {
        for (size_t i = 0; i < N; i++) {
            other[t * N + i] = x[t * N + order[i]];
            coded[t * N + i] = x[t * N + i] > 0;
        }
    }
    ki_raster *r[3] = {ki_test_raster(N, 1, BINS, x), ki_test_raster(N, 1, BINS, other),
                       ki_test_raster(N, 1, BINS, coded)};
    const unsigned all = 1u << KI_MODEL | 1u << KI_PLUGIN | 1u << KI_CROSSFIT;
    const ki_entropy_result a = estimate(r[0], all, 99), b = estimate(r[1], all, 99),
                            c = estimate(r[2], all, 99);
    for (int e = 0; e <= KI_CROSSFIT; e++) {
        assert_close(b.value[e].sigma, a.value[e].sigma, 1e-8, 0);
        assert_close(b.value[e].error, a.value[e].error, 1e-7, 0);
        assert_true(c.value[e].sigma == a.value[e].sigma && c.value[e].error == a.value[e].error);
    }
    assert_close(b.test[KI_TEST_FLIPS].statistic, a.test[KI_TEST_FLIPS].statistic, 1e-7, 0);
    for (int k = 0; k < 3; k++)
        ki_raster_free(r[k]);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_fits),  cmocka_unit_test(errors_by_length),
        cmocka_unit_test(long_recordings), cmocka_unit_test(bias_of_fits),
        cmocka_unit_test(errors_of_sigma), cmocka_unit_test(sizes_of_tests),
        cmocka_unit_test(reversed_time),   cmocka_unit_test(order_of_trials),
        cmocka_unit_test(units_and_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
