/* SPDX-License-Identifier: BSD-3-Clause */
/* What flows to the bath before the steady state, at each time: large networks against the transient
 * of the infinite one, replicas of a small one against all of its states. [sigma-t] [sigma-net-sync]
 * [sigma-net-async]
 *
 * At least 150 realizations, or 40 batches of replicas; at most MOST z-scores, each above 5 by
 * chance one in 1e5 (Student's t of 39): another seed would raise a false alarm in one of 200 runs. */
#include "ensembles.h"

#include "chain.h"

enum { MOST = 1000 };

/* Row T of the transient that begins with the mean m0. */
static averages transient_row(const ki_ensemble_spec *s, double m0) {
    enum { LONGEST = 8 };
    double m[LONGEST + 1], q[LONGEST + 1], S[LONGEST + 1], Sr[LONGEST + 1], sigma[LONGEST + 1];
    const ki_transient out = {.m = m, .q = q, .S = S, .Sr = Sr, .sigma = sigma};
    const size_t T = s->steps;
    assert_true(T <= LONGEST);
    if (s->dynamics == KI_SYNC) {
        assert_int_equal(ki_transient_sync(&s->p, m0, T, 1, NULL, &out), 0);
        return (averages){{m[T], q[T], S[T], Sr[T], sigma[T], (1 - q[T]) / 2}, {0}};
    }
    const ki_run_options one = {1, NULL, NULL};
    const size_t lag = T < 2 ? 1 : T / 2;
    assert_int_equal(ki_transient_async(&s->p, m0, (double)T, T, lag, 1e-5, &one, &out, NULL), 0);
    return (averages){{m[T], q[T], S[T], Sr[T], sigma[T], NAN}, {0}};
}

/* 2 x(2N) - x(N) has no 1/N left. */
static void against_transient(const ki_ensemble_spec *spec, uint64_t realizations) {
    static const int compared[5] = {0, 1, 2, 3, 4};
    ki_ensemble_spec s = *spec;
    const averages exact = transient_row(&s, start_mean_of(&s)), small = simulate(&s, realizations);
    s.n *= 2;
    const averages large = simulate(&s, realizations);
    for (int k = 0; k < 5; k++) {
        const int e = compared[k];
        char what[200];
        snprintf(what, sizeof what, "%s, %s, %s, N %d T %d beta %g J0 %g dJ %g dH %g start %d",
                 estimate_name[e], s.dynamics == KI_SYNC ? "sync" : "async",
                 ki_algorithm_name(s.algorithm), (int)s.n, (int)s.steps, s.p.beta, s.p.J0, s.p.dJ,
                 s.p.dH, s.start);
        ki_check_z(what, 2 * large.mean[e] - small.mean[e], exact.mean[e],
                   hypot(2 * large.error[e], small.error[e]), 2e-5);
    }
    /* The test can see something: what this was measured by before is off by ten times that. */
    assert_true(hypot(2 * large.error[4], small.error[4]) < 0.02);
}

static void each_time(int dynamics) {
    static const ki_theory_params point[] = {
        {1.5, 1, 1, 0.5}, {1, 0.5, 1, 0}, {2, 1, 0.5, 0.3}, {0.6, -1, 0.7, 1}};
    static const uint64_t time[] = {1, 2, 3, 6};
    size_t k = 0;
    for (size_t t = 0; t < 4; t++) {
        for (int start = KI_START_UP; start <= KI_START_THEORY; start++) {
            for (int algorithm = KI_ALGORITHM_DENSE; algorithm <= KI_ALGORITHM_MATRIX_FREE;
                 algorithm++, k++) {
                const int sync = dynamics == KI_SYNC;
                const ki_ensemble_spec s = {.n = sync ? 200 : 100,
                                            .p = point[(k / 2 + t) % 4],
                                            .dynamics = dynamics,
                                            .steps = time[t],
                                            .start = start,
                                            .algorithm = algorithm,
                                            .seed = 70 + k};
                against_transient(&s, sync ? 300 : 250);
            }
        }
    }
}

static void synchronous(void **state) {
    (void)state;
    each_time(KI_SYNC);
}

static void asynchronous(void **state) {
    (void)state;
    each_time(KI_ASYNC);
}

enum { N = 4, BATCHES = 40, EDGES = N * N, QUANTITIES = 2 + EDGES + N };

/* sigma, Sr, edges and spins at a time when the law of the state before the step, or of the state, is
 * p: sums over spins for sigma and Sr. */
static void add_expected(const ki_network *w, int dynamics, const chain *k, const double *p,
                         double weight, double *x) {
    const int async = dynamics == KI_ASYNC;
    double own[N] = {0}, d[EDGES] = {0}, c[EDGES] = {0}, S = 0;
    const double sigma = flow(k, p) * (async ? N : 1);
    for (size_t a = 0; a < k->states; a++) {
        for (size_t i = 0; i < N; i++) {
            const double h = field_of(w, a, i), t = tanh(h), s = spin_of(a, i);
            const double self = w->beta * w->J[i * N + i], H = w->beta * w->H[i];
            S += p[a] * (log(2 * cosh(h)) - h * t);
            own[i] += p[a] * H * (t - s);
            for (size_t j = 0; j < N; j++) {
                d[i * N + j] += p[a] * t * spin_of(a, j);
                c[i * N + j] += p[a] * s * spin_of(a, j);
            }
            if (async) {
                own[i] -= p[a] * (1 - s * t) / 2 * log(cosh(h) / cosh(h - 2 * self * s));
                continue;
            }
            own[i] -= p[a] * log(cosh(h));
            for (size_t b = 0; b < k->states; b++)
                own[i] += p[a] * k->T[a][b] * log(cosh(field_of(w, b, i)));
        }
    }
    x[0] += weight * sigma / N;
    x[1] += weight * (S + sigma) / N;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            const size_t ij = i * N + j, ji = j * N + i;
            if (i == j)
                continue;
            const double edge = w->beta * (w->J[ij] - w->J[ji]) * d[ij] * (async ? 0.5 : 1);
            x[2 + ij] += weight * edge;
            x[2 + EDGES + i] += weight * edge;
            /* The energy of the pair: half of what it loses is i's. */
            own[i] += async ? w->beta * w->J[ij] * (d[ij] + d[ji] - 2 * c[ij]) / 2 : 0;
        }
        x[2 + i * N + i] += weight * own[i];
        x[2 + EDGES + i] += weight * own[i];
    }
}

/* At a single time, and in a window that begins with the start or later. */
static void replicas_before_the_steady_state(void **state) {
    (void)state;
    const double H[N] = {0.4, -0.3, 0.9, 0};
    const double J[EDGES] = {0.2, 0.9,  -0.7, 0.3, -0.8, -0.4, 0.6,  0.5,
                             0.5, -0.9, -0.3, 1.2, 0.1,  0.8,  -0.6, 0.7};
    const ki_network w = {N, H, J, 0.8};
    static chain k;
    for (int c = 0; c < 16; c++) {
        const uint64_t steps = 1 + (uint64_t)c / 4;
        const int average = c % 4 >= 2;
        ki_replicas_spec spec = {.dynamics = c % 2 ? KI_ASYNC : KI_SYNC,
                                 .replicas = 300,
                                 .steps = steps,
                                 .average = average,
                                 .burn_in = average ? steps / 3 : 0,
                                 .start = c / 4 % 2 ? KI_START_RANDOM : KI_START_UP};
        double exact[QUANTITIES] = {0}, p[MAX_STATES];
        ki_stat stat[QUANTITIES] = {{0}};
        k.n = N;
        k.states = 1 << N;
        transitions(&w, spec.dynamics, &k);
        for (size_t a = 0; a < k.states; a++)
            p[a] = spec.start == KI_START_RANDOM ? 1.0 / (1 << N) : a + 1 == k.states;
        const uint64_t first = average ? spec.burn_in + 1 : steps;
        for (uint64_t t = 1; t <= steps; t++) {
            const double weight = t < first ? 0 : 1 / (double)(steps - first + 1);
            if (spec.dynamics == KI_SYNC)
                add_expected(&w, spec.dynamics, &k, p, weight, exact);
            for (int u = 0; u < (spec.dynamics == KI_SYNC ? 1 : N); u++)
                apply(&k, 1, p);
            if (spec.dynamics == KI_ASYNC)
                add_expected(&w, spec.dynamics, &k, p, weight, exact);
        }
        for (int b = 0; b < BATCHES; b++) {
            double x[QUANTITIES];
            ki_ensemble_result e;
            const ki_replicas_out out = {.sigma_edge = x + 2, .sigma_spin = x + 2 + EDGES};
            spec.seed = (uint64_t)(100 * c + b);
            assert_int_equal(ki_replicas(&w, &spec, NULL, &e, &out), 0);
            x[0] = e.sigma;
            x[1] = e.Sr;
            for (size_t i = 0; i < QUANTITIES; i++)
                ki_stat_add(&stat[i], x[i]);
        }
        for (size_t i = 0; i < QUANTITIES; i++) {
            char what[80];
            snprintf(what, sizeof what, "case %d, quantity %d", c, (int)i);
            ki_check_z(what, stat[i].mean, exact[i], ki_stat_error(&stat[i]), 2e-6);
        }
        assert_true(ki_stat_error(&stat[0]) < 0.005);
    }
}

static void no_more_than_stated(void **state) {
    (void)state;
    print_message("# %d z-scores, the largest %.2f\n", ki_z_count, ki_z_largest);
    assert_in_range(ki_z_count, MOST / 2, MOST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synchronous),
        cmocka_unit_test(asynchronous),
        cmocka_unit_test(replicas_before_the_steady_state),
        cmocka_unit_test(no_more_than_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
