/* SPDX-License-Identifier: BSD-3-Clause */
/* [regime] [shares] from the inside: the evidence by tridiagonal rows, draws against means and variances,
 * steady states with any fields, words and rules, comparisons; cancelling and bad input. */
#include "ki_test.h"

#include "ki_rasters.h"

#include "diagnose/fields.h"
#include "diagnose/posterior.h"
#include "diagnose/regime.h"
#include "diagnose/summary.h"
#include "infer/prior.h"
#include "infer/reduced.h"

enum { N = 9, BINS = 1200, DRAWS = 4000 };

static ki_raster *recording(double mean, double spread, uint64_t seed) {
    double H[N], J[N * N];

    for (size_t i = 0; i < N; i++)
        H[i] = (ki_test_uniform(&seed) - 0.5) * 0.4;
    for (size_t k = 0; k < N * N; k++)
        J[k] = (mean + (ki_test_uniform(&seed) - 0.5) * sqrt(12 * N) * spread) / N;
    int8_t *x = ki_test_course(N, H, J, 1, BINS, seed);
    ki_raster *r = ki_test_raster(N, 1, BINS, x);
    free(x);
    return r;
}

static ki_evidence_state *open_state(const ki_raster *r) {
    ki_evidence_state *s = NULL;

    assert_int_equal(ki_evidence_open(r, 3, NULL, &s), 0);
    return s;
}

static void *reduce(const ki_evidence_state *s, ki_reduced *r) {
    ki_cursor c = {0};

    ki_reduced_take(&c, s->data.units, r);
    void *memory = ki_alloc(1, c.used);
    assert_non_null(memory);
    c = (ki_cursor){.base = memory};
    ki_reduced_take(&c, s->data.units, r);
    assert_int_equal(ki_reduced_make(&s->data, NULL, r), 0);
    return memory;
}

/* The same differences between priors as by the full matrices; means too. */
static void tridiagonal(void **state) {
    (void)state;
    ki_raster *raster = recording(1, 0.8, 3);
    ki_evidence_state *s = open_state(raster);
    const size_t n = s->data.n;
    ki_reduced r;
    void *memory = reduce(s, &r);
    double *mean = malloc(2 * N * n * sizeof *mean), full[3], space[2 * N], zeros[N + 1] = {0};
    ki_kinds priors[3]; /* of cosines all is as it was found */
    const double means[2][3] = {{0.3, -0.1, 0.2}, {-0.05, 0.2, 0}};
    const double variances[2][3] = {{0.01, 0.5, 0.02}, {1e-6, 1e-7, 2}};

    for (int k = 0; k < 3; k++) {
        priors[k] = s->data.prior;
        for (int kind = 0; k && kind < KI_KINDS; kind++) {
            priors[k].mean[kind] = means[k - 1][kind];
            priors[k].variance[kind] = variances[k - 1][kind];
        }
    }
    assert_non_null(mean);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(
            ki_evidence_value(&s->data, priors + k, NULL, full + k, mean, mean + N * n), 0);
        assert_close_at("evidence", ki_reduced_value(&r, priors + k) - ki_reduced_value(&r, priors),
                        full[k] - full[0], 1e-9, 1e-7);
        for (size_t i = 0; i < N; i++) {
            const ki_reduced_row row = ki_reduced_draw(&r, priors + k, i, zeros, space);
            double sum = 0, squares = 0;
            for (size_t q = 0; q < N; q++)
                if (q != i) {
                    sum += mean[i * n + 1 + q];
                    squares += mean[i * n + 1 + q] * mean[i * n + 1 + q];
                }
            assert_close_at("field", row.field, mean[i * n], 1e-6, 1e-9);
            assert_close_at("self", row.self, mean[i * n + 1 + i], 1e-6, 1e-9);
            assert_close_at("sum", row.sum, sum, 1e-6, 1e-9);
            assert_close_at("squares", row.squares, squares, 1e-6, 1e-9);
        }
    }
    free(mean);
    ki_free(memory);
    ki_evidence_close(s);
    ki_raster_free(raster);
}

/* Rows that are drawn have the means and variances of the Gaussian: 4 z-scores below 4.5, a false
 * alarm for another seed once in 4e4. */
static void rows_drawn(void **state) {
    (void)state;
    ki_raster *raster = recording(1, 0.8, 4);
    ki_evidence_state *s = open_state(raster);
    const size_t n = s->data.n, i = 2;
    ki_reduced r;
    void *memory = reduce(s, &r);
    double *mean = malloc(2 * N * n * sizeof *mean), value, space[2 * N], z[N + 1];
    double field = 0, self = 0, field_square = 0, squares = 0, expected = 0;
    uint64_t seed = 7;

    assert_non_null(mean);
    assert_int_equal(ki_evidence_value(&s->data, &s->data.prior, NULL, &value, mean, mean + N * n),
                     0);
    const double *m = mean + i * n, *v = mean + N * n + i * n;
    for (size_t k = 0; k < DRAWS; k++) {
        for (size_t q = 0; q <= N; q++)
            z[q] =
                sqrt(-2 * log(ki_test_uniform(&seed))) * cos(2 * acos(-1) * ki_test_uniform(&seed));
        const ki_reduced_row row = ki_reduced_draw(&r, &s->data.prior, i, z, space);
        field += row.field / DRAWS;
        self += row.self / DRAWS;
        field_square += (row.field - m[0]) * (row.field - m[0]) / DRAWS;
        squares += row.squares / DRAWS;
    }
    for (size_t q = 0; q < N; q++)
        expected += q == i ? 0 : m[1 + q] * m[1 + q] + v[1 + q];
    assert_true(fabs(field - m[0]) < 4.5 * sqrt(v[0] / DRAWS));
    assert_true(fabs(self - m[1 + i]) < 4.5 * sqrt(v[1 + i] / DRAWS));
    assert_true(fabs(field_square / v[0] - 1) < 4.5 * sqrt(2.0 / DRAWS));
    /* N - 1 squares, each with a relative spread of at most sqrt(2) */
    assert_true(fabs(squares / expected - 1) < 4.5 * sqrt(2.0 / DRAWS));
    free(mean);
    ki_free(memory);
    ki_evidence_close(s);
    ki_raster_free(raster);
}

/* Without fields, and with two groups of them, the state is that of the theory. */
static void steady_states(void **state) {
    (void)state;
    const double none[4] = {0}, mu[] = {1.2, 2, 0.6, 4.4}, b[] = {0.5, 0.7, 0.3, 4};
    ki_theory_result t;

    for (size_t k = 0; k < 4; k++)
        for (double x = 0.5; x < 3; x *= 2) {
            const ki_theory_params p = {x, mu[k], b[k], 0};
            const ki_fields_state f = ki_fields_steady(mu[k], b[k], 4, none, x, k % 2);
            assert_int_equal(ki_theory(&p, KI_SYNC, &t), 0);
            assert_close_at("m", fabs(f.m), t.m, 1e-9, 1e-9);
            assert_close_at("q", f.q, t.q, 1e-8, 1e-10);
            assert_close_at("k", f.k, t.k, 1e-9, 0);
            assert_close_at("S", f.S, t.S, 1e-9, 1e-12);
            assert_close_at("sigma", f.sigma, t.sigma, 1e-6, 1e-10);
            /* The field has been on for 32 bins: the geometric series has an end. */
            const double gain = x * mu[k] * t.k;
            assert_close_at("chi", f.chi, t.chi * (1 - pow(gain, KI_RESPONSE_BINS)), 1e-6, 0);
        }
    for (double wide = 100; wide < 1e13; wide *= 1e5) { /* as draws of a bad fit may be; no wait */
        const ki_theory_params p = {1, 0.5, wide, 0};
        assert_int_equal(ki_theory(&p, KI_SYNC, &t), 0);
        assert_close_at("S", ki_fields_steady(0.5, wide, 4, none, 1, 1).S, t.S, 1e-9, 0);
    }
    double many[2000];
    for (int k = 0; k < 2000; k++)
        many[k] = -0.8 + 1.6 * (k + 0.5) / 2000;
    const ki_theory_params p = {1, 1.5, 0.5, 0.8};
    const ki_fields_state f = ki_fields_steady(1.5, 0.5, 2000, many, 1, 1);
    assert_int_equal(ki_theory(&p, KI_SYNC, &t), 0);
    assert_close_at("m with fields", f.m, t.m, 1e-5, 0);
    assert_close_at("q with fields", f.q, t.q, 1e-5, 0);
    assert_close_at("sigma with fields", f.sigma, t.sigma, 1e-5, 0);
    assert_true(isnan(ki_fields_steady(-3, 0.1, 4, none, 1, 1).sigma)); /* a two-cycle */
}

static void rules(void **state) {
    (void)state;
    const ki_diagnose_options o = {
        .critical = 0.9, .ordered = 1.1, .deterministic = 0.5, .weak = 0.8};
    const struct {
        double g, r, ratio;
        int regime;
    } cases[] = {{1.2, 0.3, 9, KI_ORDERED},
                 {1.1, 0.3, 9, KI_NEAR_CRITICAL},
                 {0.9, NAN, NAN, KI_NEAR_CRITICAL},
                 {0.89, 0.49, 1.01, KI_QUASI_DETERMINISTIC},
                 {0.5, 0.49, 1, KI_DETERMINISTIC_REVERSIBLE},
                 {0.5, 0.5, 9, KI_MODERATE},
                 {0.5, 0.8, 9, KI_MODERATE},
                 {-0.5, 0.81, NAN, KI_WEAK},
                 {0.5, NAN, 1, KI_CANNOT_TELL},
                 {NAN, 0.9, 1, KI_CANNOT_TELL},
                 {0.5, 0.1, NAN, KI_CANNOT_TELL}};

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        assert_int_equal(ki_regime_of(&o, cases[k].g, cases[k].r, cases[k].ratio), cases[k].regime);
    assert_string_equal(ki_regime_name(KI_NEAR_CRITICAL), "near-critical");
    assert_string_equal(ki_regime_name(KI_N_REGIMES), "?");
    assert_string_equal(ki_misfit_name(KI_MISFIT_LAG2), "lag-2");
    assert_string_equal(ki_doubt_name(-1), "?");
    for (int k = 0; k < KI_N_DOUBTS; k++)
        assert_true(strlen(ki_doubt_reason(k)) > 5 && strlen(ki_doubt_advice(k)) > 5);
    for (int k = 0; k < KI_N_REGIMES; k++)
        assert_true(strlen(ki_regime_rule(k)) > 5);
    /* mu times the mean of sech^2, at b = 0 in closed form */
    const double H[2] = {0, 1};
    assert_close_at("index", ki_regime_index(2, 0, 2, H), 1 + 1 / (cosh(1) * cosh(1)), 1e-12, 0);
}

typedef struct drawn {
    ki_diagnosis d;
    double x[6][500];
} drawn;

static ki_regime_draws draws_of(drawn *a) {
    return (ki_regime_draws){a->x[0], a->x[1], a->x[2], a->x[3], a->x[4], a->x[5]};
}

static void diagnose_into(const ki_raster *r, drawn *a) {
    const ki_diagnose_options o = {.draws = 500, .cosines = 2};
    const ki_regime_draws draws = draws_of(a);

    assert_int_equal(ki_diagnose(r, &o, NULL, &draws, &a->d), 0);
}

/* A colder network against a warm one, and the other way round. */
static void comparisons(void **state) {
    (void)state;
    ki_raster *warm = recording(0.5, 0.4, 21), *cold = recording(1, 2.5, 22);
    drawn *a = malloc(2 * sizeof *a), *b = a + 1;
    ki_comparison there, back, same;

    assert_non_null(a);
    diagnose_into(warm, a);
    diagnose_into(cold, b);
    const ki_regime_draws from = draws_of(a), to = draws_of(b);
    assert_int_equal(ki_diagnose_compare(&a->d, &from, &b->d, &to, &there), 0);
    assert_int_equal(ki_diagnose_compare(&b->d, &to, &a->d, &from, &back), 0);
    assert_int_equal(ki_diagnose_compare(&a->d, &from, &a->d, &from, &same), 0);
    printf("# rose %.3f nearer %.3f colder %.3f both %.3f by order %.2f by noise %.2f rest %.2f of "
           "%.2f\n",
           there.rose, there.nearer, there.colder, there.both, there.by_order.value,
           there.by_noise.value, there.by_rest.value, there.sigma.value);
    assert_close_at("parts", there.nearer + there.colder + there.both + there.neither, there.rose,
                    1e-9, 0);
    assert_true(there.rose > 0.99 && there.colder + there.both > 0.99);
    assert_true(back.rose < 0.01 && back.r.value > 0.05);
    assert_close_at("forth and back", there.by_noise.value, -back.by_noise.value, 0.1, 0.05);
    assert_true(there.by_noise.low > 0 && there.by_noise.value > fabs(there.by_order.value));
    printf("# itself: rose %.3f nearer %.3f colder %.3f both %.3f\n", same.rose, same.nearer,
           same.colder, same.both);
    assert_true(same.rose > 0.4 && same.rose < 0.6);
    assert_true(fabs(same.distance.value) < 0.01 && fabs(same.r.value) < 0.01);
    assert_int_equal(there.pairs, 500);

    ki_regime_draws missing = from;
    missing.g = NULL;
    there.rose = 7;
    assert_int_equal(ki_diagnose_compare(&a->d, &missing, &b->d, &to, &there), KI_ERR_ARGUMENT);
    assert_string_equal(ki_last_error(), "a : draws of b, g, r or sigma are missing : all four");
    assert_int_equal(ki_diagnose_compare(&a->d, &from, NULL, &to, &there), KI_ERR_ARGUMENT);
    assert_int_equal(ki_diagnose_compare(&a->d, &from, &b->d, NULL, &there), KI_ERR_ARGUMENT);
    assert_true(there.rose == 7);
    free(a);
    ki_raster_free(warm);
    ki_raster_free(cold);
}

/* Networks of the posterior at x = 1 have the entropies of the recording; units without couplings have
 * the response sech^2 H at once and none later. */
static void curves(void **state) {
    (void)state;
    const double zero[N * N] = {0}, fields[N] = {0.8, -0.8, 0.4, -0.4, 0, 0.2, -0.2, 1.2, -1.2};
    int8_t *x = ki_test_course(N, fields, zero, 1, 8 * BINS, 31);
    ki_raster *free_units = ki_test_raster(N, 1, 8 * BINS, x), *raster = recording(1, 1.2, 32);
    const ki_diagnose_options o = {.draws = 200, .cosines = 2, .points = 5};
    ki_diagnosis d;

    assert_int_equal(ki_diagnose(raster, &o, NULL, NULL, &d), 0);
    assert_int_equal(d.points, 5);
    assert_close_at("first x", d.curve[0].x, 0.5, 1e-12, 0);
    assert_close_at("middle x", d.curve[2].x, 1, 1e-12, 0);
    assert_close_at("last x", d.curve[4].x, 2, 1e-12, 0);
    const ki_curve_point *one = d.curve + 2;
    printf("# sigma %.4f of %.4f +- %.4f, S %.4f of %.4f +- %.4f\n", one->sigma.median,
           d.sigma.value, d.sigma.sd, one->S.median, d.S.value, d.S.sd);
    /* Errors of the estimate and of 12 networks: three of them, and 3 % of the simulation. */
    assert_true(fabs(one->sigma.median - d.sigma.value) < 3 * d.sigma.sd + 0.03 * d.sigma.value);
    assert_true(fabs(one->S.median - d.S.value) < 3 * d.S.sd + 0.03 * d.S.value);
    for (int p = 0; p < 5; p++) {
        const ki_curve_point *c = d.curve + p;
        assert_true(c->sigma.low <= c->sigma.median && c->sigma.median <= c->sigma.high);
        assert_true(c->chi.low <= c->chi.median && c->chi.median <= c->chi.high);
        assert_true(p == 0 || (c->S.median < c[-1].S.median && c->exact_S < c[-1].exact_S));
    }
    assert_int_equal(ki_diagnose(free_units, &o, NULL, NULL, &d), 0);
    for (int p = 0; p < 5; p++) {
        double want = 0;
        for (int i = 0; i < N; i++) {
            const double slope = 1 / cosh(d.curve[p].x * fields[i]);
            want += d.curve[p].x * slope * slope / N;
        }
        printf("# x %.2f: chi %.3f [%.3f, %.3f], infinite %.3f, without couplings %.3f\n",
               d.curve[p].x, d.curve[p].chi.median, d.curve[p].chi.low, d.curve[p].chi.high,
               d.curve[p].exact_chi, want);
        assert_close_at("chi of the fit", d.curve[p].exact_chi, want, 0.1, 0);
        assert_close_at("chi simulated", d.curve[p].chi.median, want, 0.15, 0);
    }
    free(x);
    ki_raster_free(free_units);
    ki_raster_free(raster);
}

/* A unit that is silent and one that is saturated change nothing but their counts; nor does the order of
 * units, but for rounding and for the random numbers of rows. */
static void left_out(void **state) {
    (void)state;
    enum { BIG = N + 2 };
    ki_raster *r = recording(1, 0.8, 41);
    int8_t *x = malloc(BINS * (N + BIG)), *wide = x + BINS * N;
    const ki_diagnose_options o = {.draws = 200, .cosines = 2, .points = 2};
    ki_diagnosis d, e;

    assert_non_null(x);
    assert_int_equal(ki_raster_unpack(r, 0, BINS, x), 0);
    for (size_t t = 0; t < BINS; t++) {
        wide[t * BIG] = -1;
        memcpy(wide + t * BIG + 1, x + t * N, N);
        wide[t * BIG + N + 1] = 1;
    }
    ki_raster *s = ki_test_raster(BIG, 1, BINS, wide);
    assert_int_equal(ki_diagnose(r, &o, NULL, NULL, &d), 0);
    assert_int_equal(ki_diagnose(s, &o, NULL, NULL, &e), 0);
    assert_true(e.units == BIG && e.fitted == N && e.silent == 1 && e.saturated == 1);
    assert_true(d.fitted == N && d.silent == 0 && d.saturated == 0);
    const double pairs[][2] = {{d.mu.value, e.mu.value},
                               {d.b.value, e.b.value},
                               {d.g.value, e.g.value},
                               {d.g.sd, e.g.sd},
                               {d.sigma.value, e.sigma.value},
                               {d.S.value, e.S.value},
                               {d.r.sd, e.r.sd},
                               {d.kappa.value, e.kappa.value},
                               {d.kbar, e.kbar},
                               {d.misfit[KI_MISFIT_LAG2].z, e.misfit[KI_MISFIT_LAG2].z},
                               {d.misfit[KI_MISFIT_HISTORY].z, e.misfit[KI_MISFIT_HISTORY].z},
                               {d.autocorrelation.value, e.autocorrelation.value},
                               {d.n_var_m, e.n_var_m},
                               {d.q_minus_m2, e.q_minus_m2},
                               {d.repetition, e.repetition},
                               {d.curve[1].sigma.median, e.curve[1].sigma.median},
                               {d.curve[1].exact_chi, e.curve[1].exact_chi}};
    for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++)
        assert_close(pairs[k][1], pairs[k][0], 1e-6, 1e-9);
    assert_true(d.verdict == e.verdict && d.doubts == e.doubts);
    /* Units from behind. */
    for (size_t t = 0; t < BINS; t++)
        for (size_t i = 0; i < N; i++)
            wide[t * N + i] = x[t * N + N - 1 - i];
    ki_raster *back = ki_test_raster(N, 1, BINS, wide);
    assert_int_equal(ki_diagnose(back, &o, NULL, NULL, &e), 0);
    assert_close(e.prior.mu, d.prior.mu, 1e-4, 0);
    assert_close(e.prior.b, d.prior.b, 1e-4, 0);
    assert_close(e.sigma.value, d.sigma.value, 1e-6, 0);
    assert_close(e.misfit[KI_MISFIT_LAG2].z, d.misfit[KI_MISFIT_LAG2].z, 1e-6, 1e-9);
    assert_close(e.misfit[KI_MISFIT_HISTORY].z, d.misfit[KI_MISFIT_HISTORY].z, 1e-6, 1e-9);
    assert_true(fabs(e.g.value - d.g.value) < 0.5 * d.g.sd);
    free(x);
    ki_raster_free(r);
    ki_raster_free(s);
    ki_raster_free(back);
}

static int stop_after(void *context, uint64_t done, uint64_t total) {
    int *left = context;

    assert_true(done <= total);
    return --*left < 0;
}

static void refused(void **state) {
    (void)state;
    ki_raster *r = recording(1, 0.8, 2), *single = NULL, *silent = NULL;
    const uint64_t one = 1, ten = 10;
    ki_diagnosis d = {.units = 77};
    const struct {
        ki_diagnose_options o;
        const char *sentence;
    } wrong[] = {
        {{.draws = 99}, "draws : 99 : 100..1000000"},
        {{.cosines = 33}, "cosines : 33 : at most 32"},
        {{.points = 1}, "points : 1 : 0, or 2..33"},
        {{.probability = 1}, "probability : 1 : above 0.5, below 1"},
        {{.g_sd = -1}, "g_sd : -1 : above 0"},
        {{.critical = 1.2}, "critical : 1.2 : below ordered, 1.1"},
        {{.deterministic = 0.85}, "deterministic : 0.85 : below weak, 0.8"},
        {{.x_low = 3}, "x_low : 3 : below x_high, 2"},
        {{.misfit_z = NAN}, "misfit_z : nan : above 0"},
    };

    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        assert_int_equal(ki_diagnose(r, &wrong[k].o, NULL, NULL, &d), KI_ERR_ARGUMENT);
        assert_string_equal(ki_last_error(), wrong[k].sentence);
    }
    assert_int_equal(ki_raster_create(3, 1, &one, NAN, &single), 0);
    assert_int_equal(ki_raster_create(3, 1, &ten, NAN, &silent), 0);
    assert_int_equal(ki_diagnose(NULL, NULL, NULL, NULL, &d), KI_ERR_ARGUMENT);
    assert_int_equal(ki_diagnose(r, NULL, NULL, NULL, NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_diagnose(single, NULL, NULL, NULL, &d), KI_ERR_ARGUMENT);
    assert_int_equal(ki_diagnose(silent, NULL, NULL, NULL, &d), KI_ERR_ARGUMENT);
    assert_true(d.units == 77);
    /* Stopped early, in the middle and late. */
    for (int after = 0, done = 0; !done; after = 3 * after + 1) {
        int left = after;
        const ki_diagnose_options o = {.draws = 100, .cosines = 1, .points = 2};
        const ki_run_options run = {.threads = 1, .progress = stop_after, .progress_user = &left};
        const int error = ki_diagnose(r, &o, &run, NULL, &d);
        done = error == 0;
        assert_true(done || (error == KI_ERR_CANCELLED && d.units == 77));
        assert_true(after < 1000000);
    }
    ki_raster_free(r);
    ki_raster_free(single);
    ki_raster_free(silent);
}

/* A few units or bins give an answer all the same, and it is "cannot tell". */
static void too_small(void **state) {
    (void)state;
    uint64_t seed = 1;
    int8_t x[3 * 6];

    for (size_t bins = 3; bins <= 6; bins++) {
        for (size_t k = 0; k < 3 * bins; k++)
            x[k] = ki_test_uniform(&seed) < 0.5 ? 1 : -1;
        ki_raster *r = ki_test_raster(3, 1, bins, x);
        const ki_diagnose_options o = {.draws = 200, .points = 3};
        ki_diagnosis d;
        if (ki_diagnose(r, &o, NULL, NULL, &d) == 0) {
            assert_int_equal(d.verdict, KI_CANNOT_TELL);
            assert_true(d.doubts & 1u << KI_DOUBT_DATA);
        }
        ki_raster_free(r);
    }
}

/* Of numbers that are not all known, nothing is; ln sigma of a frozen network is -inf. */
static void intervals(void **state) {
    (void)state;
    double x[] = {3, 1, 2, 5, 4}, sorted[5];
    const double odd[] = {NAN, INFINITY, -INFINITY};
    ki_interval i = ki_draws_interval(5, x, sorted);

    assert_close_at("mean", i.value, 3, 1e-12, 0);
    assert_close_at("low", i.low, 1.1, 1e-12, 0);
    assert_close_at("high", i.high, 4.9, 1e-12, 0);
    for (size_t k = 0; k < 3; k++) {
        x[2] = odd[k];
        i = ki_draws_interval(5, x, sorted);
        assert_true(isnan(i.value) && isnan(i.sd) && isnan(i.low) && isnan(i.high));
    }
}

/* Three units that hardly leave anything to chance: where the ensemble with twice the cosines is not found
 * there is an answer all the same, "cannot tell", with this doubt. */
static void no_more_cosines(void **state) {
    (void)state;
    enum { FEW = 3, SHORT = 200 };
    static const uint64_t seeds[] = {12, 24, 32, 33, 49, 58};
    const ki_diagnose_options o = {.draws = 100};
    double H[FEW], J[FEW * FEW];

    for (size_t k = 0; k < sizeof seeds / sizeof seeds[0]; k++) {
        uint64_t seed = seeds[k];
        ki_diagnosis d;
        for (size_t i = 0; i < FEW; i++)
            H[i] = 4 * (ki_test_uniform(&seed) - 0.5);
        for (size_t i = 0; i < (size_t)FEW * FEW; i++)
            J[i] = 60 * (ki_test_uniform(&seed) - 0.5);
        int8_t *x = ki_test_course(FEW, H, J, 1, SHORT, seed);
        ki_raster *r = ki_test_raster(FEW, 1, SHORT, x);
        const int error = ki_diagnose(r, &o, NULL, NULL, &d);
        printf("# seed %d: %d, g %.3f, %.3f with more cosines\n", (int)seeds[k], error, d.g.value,
               d.g_more);
        assert_int_equal(error, 0);
        assert_int_equal(d.verdict, KI_CANNOT_TELL);
        assert_true(!isnan(d.g_more) || d.doubts & 1u << KI_DOUBT_EVIDENCE);
        ki_raster_free(r);
        free(x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tridiagonal),   cmocka_unit_test(rows_drawn),
        cmocka_unit_test(steady_states), cmocka_unit_test(rules),
        cmocka_unit_test(comparisons),   cmocka_unit_test(curves),
        cmocka_unit_test(left_out),      cmocka_unit_test(refused),
        cmocka_unit_test(too_small),     cmocka_unit_test(no_more_cosines),
        cmocka_unit_test(intervals)};

    return cmocka_run_group_tests_name("diagnose", tests, NULL, NULL);
}
