/* SPDX-License-Identifier: BSD-3-Clause */
/* Engines against each other, against plain code, and where averages over disorder are integrals.
 * [model] [matrix-free] [sigma-net-sync] [sigma-net-async] [S-sync] [Sr-sync]
 *
 * At least 250 realizations each: Student's t above 5 has a chance of about 1e-6, at most MOST are
 * looked at (four times as many with any argument): another seed would raise a false alarm in less
 * than one of 1000 (250) runs. */
#include "ensembles.h"

enum { MOST = 1000, LARGE = 4 };

static int large;

static const ki_theory_params point[] = {
    {0, 1, 1, 0},     {0.4, 1, 0.5, 0.7}, {1, 1, 1, 0.7},      {1.36, 1, 0.5, 0},
    {2, 1, 0.5, 0.7}, {3, -1.5, 1, 0},    {5, 1, 2, 0},        {5, 0.5, 1, 0.7},
    {2, 1, 0, 0.7},   {0.8, 0, 1, 0},     {1.5, -1, 0.5, 0.7},
};
enum { POINTS = sizeof point / sizeof *point };

/* Dense and matrix-free on each size, T > N among them; what else there is to choose in turn. */
static void pair_of_engines(int dynamics, size_t round) {
    static const uint64_t size[] = {1, 2, 3, 16, 33, 64, 65, 200}, time[] = {1, 2, 5, 40};
    size_t k = round * 5;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        for (size_t t = 0; t < sizeof time / sizeof *time; t++, k++) {
            const int average = dynamics == KI_SYNC && k / 2 % 2;
            ki_ensemble_spec s = {.n = size[i],
                                  .p = point[(k * 3 + round) % POINTS],
                                  .dynamics = dynamics,
                                  .steps = time[t],
                                  .average = average,
                                  .burn_in = average ? time[t] / 3 : 0,
                                  .start = (int)(k % 3),
                                  .algorithm = KI_ALGORITHM_DENSE,
                                  .seed = 1000 + k};
            const uint64_t cost = size[i] * time[t], most = large ? 4000 : 300,
                           budget = large ? 400000 : 20000;
            const uint64_t R = cost * most > budget ? budget / cost + 250 : most;
            if (!large && cost > 1000)
                continue;
            const averages dense = simulate(&s, R);
            s.algorithm = KI_ALGORITHM_MATRIX_FREE;
            s.seed += 100000; /* the same seed has the same fields and starts */
            const averages free = simulate(&s, R);
            agree(&s, &free, &dense);
        }
    }
}

static void synchronous(void **state) {
    (void)state;
    for (size_t round = 0; round < (large ? LARGE : 1); round++)
        pair_of_engines(KI_SYNC, round);
}

static void asynchronous(void **state) {
    (void)state;
    for (size_t round = 0; round < (large ? LARGE : 1); round++)
        pair_of_engines(KI_ASYNC, round);
}

/* The dense engines with and without J_ii, at the end and in windows. */
static void against_plain_code(void **state) {
    (void)state;
    const uint64_t size[] = {1, 2, 5, 16, large ? 65 : 33}, time[] = {3, 4, 7, 6, 8};
    ki_plain_rng rng = {77};
    size_t k = 0;
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics += KI_ASYNC - KI_SYNC) {
        for (int choice = 0; choice < 4; choice++) {
            for (size_t i = 0; i < 5; i++, k++) {
                const ki_ensemble_spec s = {.n = size[i],
                                            .p = point[1 + k % (POINTS - 1)],
                                            .dynamics = dynamics,
                                            .steps = time[i],
                                            .average = choice % 2,
                                            .burn_in = choice % 2 ? k % 3 : 0,
                                            .start = (int)(k / 2 % 3),
                                            .algorithm = KI_ALGORITHM_DENSE,
                                            .zero_diagonal = choice / 2,
                                            .seed = 5000 + k};
                ki_stat stat[ESTIMATES] = {{0}};
                const int R = (size[i] > 20 ? 250 : 400) * (large ? 4 : 1);
                const double start = start_mean_of(&s);
                for (int r = 0; r < R; r++) {
                    double out[ESTIMATES];
                    plain_realize(&s, start, &rng, out);
                    for (int e = 0; e < ESTIMATES; e++)
                        ki_stat_add(&stat[e], out[e]);
                }
                const averages own = averages_of(stat), dense = simulate(&s, 2 * (uint64_t)R);
                agree(&s, &dense, &own);
            }
        }
    }
}

/* Averages over the field H + mean + spread z of one spin: m, S. */
static void one_field(const ki_theory_params *p, double mean, double spread, double out[2]) {
    enum { Z = 400, U = 200 }; /* midpoints: exact in z, 1e-5 in H */
    double weight = 0;
    memset(out, 0, 2 * sizeof *out);
    for (int a = -Z; a <= Z; a++) {
        const double z = 8.0 * a / Z, w = exp(-0.5 * z * z);
        for (int b = 0; b < (p->dH > 0 ? U : 1); b++) {
            const double H = p->dH > 0 ? p->dH * ((2.0 * b + 1) / U - 1) : 0;
            const double x = p->beta * (H + mean + spread * z), t = tanh(x);
            out[0] += w * t;
            out[1] += w * (fabs(x) + log1p(exp(-2 * fabs(x))) - x * t);
            weight += w;
        }
    }
    for (int i = 0; i < 2; i++)
        out[i] /= weight;
}

/* The first step from all up: independent fields Normal(J0, dJ^2) + H whatever N. Without J_ii one
 * coupling less makes the field. */
static void first_step(void **state) {
    (void)state;
    static const uint64_t size[] = {1, 2, 7, 64, 100, 1000};
    for (size_t k = 0; k < 2 * POINTS; k++) {
        const uint64_t N = size[k % 6];
        ki_ensemble_spec s = {.n = N,
                              .p = point[k / 2],
                              .dynamics = KI_SYNC,
                              .steps = 1,
                              .algorithm = k % 2 ? KI_ALGORITHM_MATRIX_FREE : KI_ALGORITHM_DENSE,
                              .zero_diagonal = k % 4 == 0,
                              .seed = k};
        const double n = (double)N, part = s.zero_diagonal ? (n - 1) / n : 1;
        const uint64_t R = (N > 500 ? 250u : 500u) * (large ? LARGE : 1u);
        double one[2], m[2], S[2];
        one_field(&s.p, part * s.p.J0, sqrt(part) * s.p.dJ, one);
        if (!s.zero_diagonal) {
            const ki_transient out = {.m = m, .S = S};
            assert_int_equal(ki_transient_sync(&s.p, 1, 1, 1, NULL, &out), 0);
            assert_close(one[0], m[1], 0, 3e-5);
            assert_close(one[1], S[1], 0, 3e-5);
        }
        const averages got = simulate(&s, R);
        const averages exact = {
            {one[0], one[0], one[1], got.mean[3], got.mean[4], (1 - one[0]) / 2}, {0}};
        agree(&s, &got, &exact);
    }
}

/* Nothing flows at infinite temperature, in no realization. */
static void infinite_temperature(void **state) {
    (void)state;
    for (int k = 0; k < 32; k++) {
        ki_ensemble_spec s = {.n = k % 3 == 0 ? 70 : 5,
                              .p = {0, 1, 1, 0.5},
                              .dynamics = k & 1 ? KI_ASYNC : KI_SYNC,
                              .steps = 1 + (uint64_t)k % 5,
                              .average = k & 2 ? 1 : 0,
                              .start = k & 4 ? KI_START_RANDOM : KI_START_UP,
                              .algorithm = k & 8 ? KI_ALGORITHM_DENSE : KI_ALGORITHM_MATRIX_FREE,
                              .zero_diagonal = (k & 24) == 24,
                              .seed = 3};
        if (s.dynamics == KI_ASYNC)
            s.average = s.algorithm == KI_ALGORITHM_DENSE ? s.average : 0;
        const averages a = simulate(&s, 50);
        assert_true(a.mean[4] == 0 && a.error[4] == 0);
        assert_true(a.mean[3] == a.mean[2]);
    }
}

/* Symmetric couplings, of one spin or without disorder: what flows in is what the state has changed,
 * and nothing in the steady state. */
static void symmetric(void **state) {
    (void)state;
    for (int k = 0; k < 12; k++) {
        const int single = k % 3 == 0, async = k / 3 % 2;
        ki_ensemble_spec s = {.n = single ? 1 : 40,
                              .p = {0.7, 1, single ? 1 : 0, 0.5},
                              .dynamics = async ? KI_ASYNC : KI_SYNC,
                              .steps = 40,
                              .average = k % 3 == 2,
                              .burn_in = k % 3 == 2 ? 20 : 0,
                              .start = KI_START_THEORY,
                              .algorithm = k / 6 ? KI_ALGORITHM_DENSE : KI_ALGORITHM_MATRIX_FREE,
                              .zero_diagonal = async,
                              .seed = 9};
        if (async) /* where a spin's own coupling would count */
            s.algorithm = KI_ALGORITHM_DENSE;
        const averages a = simulate(&s, 400);
        ki_check_z("sigma of symmetric couplings", a.mean[4], 0, a.error[4], 0);
        assert_true(a.error[4] < 0.03);
    }
}

static void no_more_than_stated(void **state) {
    (void)state;
    print_message("# %d z-scores, the largest %.2f\n", ki_z_count, ki_z_largest);
    assert_in_range(ki_z_count, MOST / 2, MOST * (large ? LARGE : 1));
}

int main(int argc, char **argv) {
    (void)argv;
    large = argc > 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synchronous),          cmocka_unit_test(asynchronous),
        cmocka_unit_test(against_plain_code),   cmocka_unit_test(first_step),
        cmocka_unit_test(infinite_temperature), cmocka_unit_test(symmetric),
        cmocka_unit_test(no_more_than_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
