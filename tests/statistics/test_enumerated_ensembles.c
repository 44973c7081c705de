/* SPDX-License-Identifier: BSD-3-Clause */
/* Averages over disorder of one to four spins against enumeration: networks drawn by plain code,
 * for each of which all states and all expectations are exact. [model] [matrix-free]
 * [sigma-net-sync] [sigma-net-async]
 *
 * At least 800 networks; at most MOST z-scores, above 5 by chance one in 2e6: another seed would
 * raise a false alarm in one of 4000 runs. */
#include "ensembles.h"

#include "chain.h"

enum { MOST = 420, LONGEST = 8 };

static int larger; /* 10, or 1 */

static void draw(const ki_ensemble_spec *s, ki_plain_rng *rng, double *H, double *J) {
    const double n = (double)s->n;
    for (size_t i = 0; i < s->n; i++) {
        H[i] = s->p.dH * (2 * ki_plain_uniform(rng) - 1);
        for (size_t j = 0; j < s->n; j++) {
            J[i * s->n + j] = s->p.J0 / n + s->p.dJ / sqrt(n) * ki_plain_normal(rng);
            J[i * s->n + j] *= s->zero_diagonal && i == j ? 0 : 1;
        }
    }
}

/* What a measurement is expected to give for the law p of the state: sums over spins. */
static void expected(const ki_ensemble_spec *s, const ki_network *w, const chain *k,
                     const double *p, double out[ESTIMATES]) {
    const int async = s->dynamics == KI_ASYNC;
    out[4] += flow(k, p) * (async ? (double)k->n : 1);
    for (size_t a = 0; a < k->states; a++) {
        for (size_t i = 0; i < k->n; i++) {
            const double x = field_of(w, a, i), t = tanh(x), si = spin_of(a, i);
            out[0] += p[a] * (async ? si : t);
            out[1] += p[a] * (async ? 0 : t * si);
            out[2] += p[a] * (log(2 * cosh(x)) - x * t);
            out[5] += p[a] * (1 - si * t) / 2;
        }
    }
}

static void start_law(const chain *k, double mean, double *p) {
    for (size_t a = 0; a < k->states; a++) {
        p[a] = 1;
        for (size_t i = 0; i < k->n; i++)
            p[a] *= (1 + mean * spin_of(a, i)) / 2;
    }
}

/* The six expectations of one network. */
static void exact(const ki_ensemble_spec *s, const ki_network *w, double start_mean,
                  double out[ESTIMATES]) {
    static chain k;
    double p[LONGEST + 1][MAX_STATES] = {{0}}, overlaps = 0, q = 0;
    const size_t T = s->steps, lag = T < 2 ? 1 : T / 2, updates = s->dynamics == KI_SYNC ? 1 : s->n;
    const size_t first = s->average ? s->burn_in + 1 : T;
    k.n = s->n;
    k.states = (size_t)1 << s->n;
    transitions(w, s->dynamics, &k);
    start_law(&k, start_mean, p[0]);
    for (size_t t = 1; t <= T; t++) {
        memcpy(p[t], p[t - 1], sizeof p[t]);
        for (size_t u = 0; u < updates; u++)
            apply(&k, 1, p[t]);
    }
    memset(out, 0, ESTIMATES * sizeof *out);
    for (size_t t = first; t <= T; t++) {
        expected(s, w, &k, p[s->dynamics == KI_SYNC ? t - 1 : t], out);
        if (s->dynamics == KI_ASYNC && (t == T || (s->average && t >= s->burn_in + lag))) {
            memcpy(k.p, p[t - lag], sizeof k.p);
            q += overlap(&k, lag * updates);
            overlaps++;
        }
    }
    for (int e = 0; e < ESTIMATES; e++)
        out[e] /= (double)(T - first + 1) * (double)s->n;
    out[1] = s->dynamics == KI_ASYNC ? q / overlaps : out[1];
    out[3] = out[2] + out[4];
}

static averages by_enumeration(const ki_ensemble_spec *s, int networks, ki_plain_rng *rng) {
    ki_stat stat[ESTIMATES] = {{0}};
    double H[MAX_N], J[MAX_N * MAX_N], out[ESTIMATES];
    const ki_network w = {s->n, H, J, s->p.beta};
    const double start = start_mean_of(s);
    for (int r = 0; r < networks; r++) {
        draw(s, rng, H, J);
        exact(s, &w, start, out);
        for (int e = 0; e < ESTIMATES; e++)
            ki_stat_add(&stat[e], out[e]);
    }
    return averages_of(stat);
}

static const ki_theory_params point[] = {
    {0.5, 1, 1, 0.7}, {1, 0.5, 1.5, 0}, {2, -1, 0.7, 0.4}, {1.2, 1.5, 0.5, 0.3}, {3, 0.3, 1, 0.2},
};

/* All there is to choose, in turn. */
static void every_choice(int dynamics, int algorithm) {
    static const uint64_t steps[] = {1, 2, 3, 7};
    ki_plain_rng rng = {(uint64_t)(10 * dynamics + algorithm)};
    for (size_t k = 0; k < 16; k++) {
        const int can_average = dynamics == KI_SYNC || algorithm == KI_ALGORITHM_DENSE;
        const ki_ensemble_spec s = {.n = 1 + (k + k / 4) % (k % 8 ? 3 : 4),
                                    .p = point[k % 5],
                                    .dynamics = dynamics,
                                    .steps = steps[k % 4],
                                    .average = can_average && k / 4 % 2,
                                    .burn_in = can_average && k / 4 % 2 ? steps[k % 4] / 2 : 0,
                                    .start = (int)(k % 3),
                                    .algorithm = algorithm,
                                    .zero_diagonal = algorithm == KI_ALGORITHM_DENSE && k % 5 == 3,
                                    .seed = 31 + k};
        const averages all = by_enumeration(&s, 1200 * larger, &rng);
        const averages got = simulate(&s, 4000 * (uint64_t)larger);
        agree(&s, &got, &all);
    }
}

static void synchronous_dense(void **state) {
    (void)state;
    every_choice(KI_SYNC, KI_ALGORITHM_DENSE);
}

static void synchronous_matrix_free(void **state) {
    (void)state;
    every_choice(KI_SYNC, KI_ALGORITHM_MATRIX_FREE);
}

static void asynchronous_dense(void **state) {
    (void)state;
    every_choice(KI_ASYNC, KI_ALGORITHM_DENSE);
}

static void asynchronous_matrix_free(void **state) {
    (void)state;
    every_choice(KI_ASYNC, KI_ALGORITHM_MATRIX_FREE);
}

/* After a long time: the stationary state, and the entropy production by its definition, sum p_a
 * T_ab ln(p_a T_ab / p_b T_ba), which for single spins is sum p w_i ln[w_i(s)/w_i(s^i)]. */
static void stationary(void **state) {
    (void)state;
    enum { N = 3, T = 40, LONG = 120 };
    static chain k;
    ki_plain_rng rng = {5};
    double H[N], J[N * N];
    for (int c = 0; c < 8; c++) {
        ki_ensemble_spec s = {.n = N,
                              .p = {c & 1 ? 0.5 : 0.8, 0.5, 1, c & 1 ? 0.6 : 0.2},
                              .dynamics = c & 2 ? KI_ASYNC : KI_SYNC,
                              .steps = T,
                              .average = c == 4 || c == 6,
                              .burn_in = c == 4 || c == 6 ? T / 2 : 0,
                              .algorithm = c & 4 ? KI_ALGORITHM_DENSE : KI_ALGORITHM_MATRIX_FREE,
                              .seed = 900 + (uint64_t)c};
        const ki_network w = {N, H, J, s.p.beta};
        const double unit = s.dynamics == KI_ASYNC ? N : 1;
        ki_stat sigma = {0}, m = {0}, activity = {0}, q = {0};
        for (int r = 0; r < 800 * larger; r++) {
            draw(&s, &rng, H, J);
            k.n = N;
            k.states = 1 << N;
            transitions(&w, s.dynamics, &k);
            start_law(&k, 1, k.p);
            for (int t = 0; t < LONG; t++)
                apply(&k, 1, k.p);
            double up_spins = 0, flips = 0;
            for (size_t a = 0; a < k.states; a++) {
                for (size_t i = 0; i < N; i++) {
                    up_spins += k.p[a] * spin_of(a, i) / N;
                    flips += k.p[a] * (a >> i & 1 ? 1 - up(&w, a, i) : up(&w, a, i)) / N;
                }
            }
            ki_stat_add(&sigma, unit * entropy_production(&k));
            ki_stat_add(&m, up_spins);
            ki_stat_add(&activity, flips);
            ki_stat_add(&q, s.dynamics == KI_SYNC ? 1 - 2 * flips : overlap(&k, T / 2 * N));
        }
        const averages got = simulate(&s, 4000 * (uint64_t)larger);
        const ki_stat *all[4] = {&m, &q, &sigma, &activity};
        static const int which[4] = {0, 1, 4, 5};
        for (int e = 0; e < 4; e++) {
            ki_check_z(estimate_name[which[e]], got.mean[which[e]], all[e]->mean,
                       hypot(got.error[which[e]], ki_stat_error(all[e])), 0);
        }
    }
}

/* <exp(-Sigma)> = 1 for the path of one network from a random start, far from its stationary state,
 * seen once in each unit of time: Sigma with what the system's own law adds. */
static void fluctuation_theorem(void **state) {
    (void)state;
    enum { N = 3, R = 40000, T = 3 };
    static int8_t raster[(size_t)R * (T + 1) * N];
    static chain one, many;
    const double H[N] = {0.3, -0.2, 0.1};
    const double J[N * N] = {0.2, 0.9, -0.7, -0.8, 0.1, 0.6, 0.5, -0.9, -0.3};
    const ki_network w = {N, H, J, 0.15};
    for (int async = 0; async < 2; async++) {
        double p[MAX_STATES];
        const ki_replicas_spec spec = {.dynamics = async ? KI_ASYNC : KI_SYNC,
                                       .replicas = R,
                                       .steps = T,
                                       .start = KI_START_RANDOM,
                                       .seed = 8};
        const ki_replicas_out out = {.raster = raster};
        assert_int_equal(ki_replicas(&w, &spec, NULL, NULL, &out), 0);
        one.n = many.n = N;
        one.states = many.states = 1 << N;
        transitions(&w, spec.dynamics, &one);
        for (size_t a = 0; a < one.states; a++) { /* rows of T, or of T^N */
            memset(many.T[a], 0, sizeof many.T[a]);
            many.T[a][a] = 1;
            for (int u = 0; u < (async ? N : 1); u++)
                apply(&one, 1, many.T[a]);
        }
        start_law(&many, 0, p);
        for (int t = 0; t < T; t++)
            apply(&many, 1, p);
        ki_stat exponential = {0}, entropy = {0};
        for (size_t r = 0; r < R; r++) {
            double sigma = log(1.0 / (1 << N));
            size_t before = 0;
            for (size_t t = 0; t <= T; t++) {
                size_t a = 0;
                for (size_t i = 0; i < N; i++)
                    a |= (size_t)(raster[(r * (T + 1) + t) * N + i] > 0) << i;
                sigma += t ? log(many.T[before][a] / many.T[a][before]) : 0;
                sigma -= t == T ? log(p[a]) : 0;
                before = a;
            }
            ki_stat_add(&exponential, exp(-sigma));
            ki_stat_add(&entropy, sigma);
        }
        ki_check_z("<exp(-Sigma)>", exponential.mean, 1, ki_stat_error(&exponential), 0);
        assert_true(ki_stat_error(&exponential) < 0.01);
        assert_true(entropy.mean > 10 * ki_stat_error(&entropy) && entropy.mean > 0.05);
    }
}

static void no_more_than_stated(void **state) {
    (void)state;
    print_message("# %d z-scores, the largest %.2f\n", ki_z_count, ki_z_largest);
    assert_in_range(ki_z_count, MOST / 2, MOST);
}

int main(int argc, char **argv) {
    (void)argv;
    larger = argc > 1 ? 10 : 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synchronous_dense),   cmocka_unit_test(synchronous_matrix_free),
        cmocka_unit_test(asynchronous_dense),  cmocka_unit_test(asynchronous_matrix_free),
        cmocka_unit_test(stationary),          cmocka_unit_test(fluctuation_theorem),
        cmocka_unit_test(no_more_than_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
