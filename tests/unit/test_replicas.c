/* SPDX-License-Identifier: BSD-3-Clause */
/* Replicas beyond their statistics: the same bits for any number of threads, odd sizes, bad input,
 * memory, progress, rasters. */
#include "ki_test.h"

#include <stdlib.h>

#include <kinising/simulate.h>

#include "blas/blas.h"
#include "num/philox.h"

enum { N = 37, R = 150, T = 21 };

static double H[N], J[N * N];
static const ki_network network = {N, H, J, 1.1};

static int draw(void **state) {
    (void)state;
    const ki_random_key key = {{1, 2}};
    const ki_sequence fields = ki_sequence_of(key, 0, KI_STREAM_FIELD);
    const ki_sequence couplings = ki_sequence_of(key, 0, KI_STREAM_COUPLING);
    ki_random_normals(&fields, 0, N, H);
    ki_random_normals(&couplings, 0, (size_t)N * N, J);
    for (size_t i = 0; i < (size_t)N * N; i++) {
        J[i] /= sqrt(N);
        H[i % N] = i < N ? 0.2 * H[i] : H[i % N];
    }
    return 0;
}

typedef struct everything {
    ki_ensemble_result summary;
    double m[N], c[N * N], d[N * N], spin[N], edge[N * N], before[N];
    int8_t raster[R * (T + 1) * N];
} everything;

static ki_replicas_out view_of(everything *e) {
    return (ki_replicas_out){e->m, e->c, e->d, e->spin, e->edge, e->raster, e->before};
}

static everything *simulate(const ki_replicas_spec *spec, int threads) {
    everything *e = calloc(1, sizeof *e); /* the padding is compared too */
    assert_non_null(e);
    const ki_replicas_out out = view_of(e);
    const ki_run_options run = {threads, NULL, NULL};
    assert_int_equal(ki_replicas(&network, spec, &run, &e->summary, &out), 0);
    return e;
}

static void same_bits_for_any_threads(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 7, 0, 1};
    for (int kind = 0; kind < 4; kind++) {
        const ki_replicas_spec spec = {.dynamics = kind & 1 ? KI_ASYNC : KI_SYNC,
                                       .replicas = R,
                                       .steps = T,
                                       .average = kind >> 1,
                                       .burn_in = 2,
                                       .start = kind >> 1,
                                       .seed = 9};
        everything *first = simulate(&spec, 1);
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            everything *again = simulate(&spec, threads[i]);
            assert_memory_equal(again, first, sizeof *first);
            free(again);
        }
        ki_replicas_spec other = spec;
        other.seed++;
        everything *different = simulate(&other, 1);
        assert_memory_not_equal(different->raster, first->raster, sizeof first->raster);
        free(different);
        free(first);
    }
}

static double log_2cosh(double x) {
    return log(2 * cosh(x));
}

/* What the last step of a replica, from s to next, adds to the spins' own part of sigma. */
static void add_own(const double *t, const int8_t *s, const int8_t *next, double *own) {
    const double beta = network.beta;
    for (size_t i = 0; i < N; i++) {
        double before = beta * H[i], after = before, mean = before;
        for (size_t j = 0; j < N; j++) {
            before += beta * J[i * N + j] * s[j];
            after += beta * J[i * N + j] * next[j];
            mean += beta * J[i * N + j] * t[j];
        }
        own[i] += (beta * H[i] * (t[i] - s[i]) + log_2cosh(after) - log_2cosh(before) -
                   tanh(mean) * (after - mean)) /
                  R;
    }
}

/* m, c and d of the state before the last, made from the raster by the definitions. What an
 * asynchronous spin has of sigma for itself is not in the raster. */
static void moments_are_those_of_the_raster(void **state) {
    (void)state;
    for (int async = 0; async < 2; async++) {
        const ki_replicas_spec spec = {
            .dynamics = async ? KI_ASYNC : KI_SYNC, .replicas = R, .steps = T, .seed = 3};
        everything *e = simulate(&spec, 2), *own = calloc(1, sizeof *own);
        assert_non_null(own);
        double q = 0, sigma = 0, activity = 0, S = 0;
        for (size_t r = 0; r < R; r++) {
            const int8_t *s = e->raster + (r * (T + 1) + (async ? T : T - 1)) * N;
            const int8_t *past = e->raster + (r * (T + 1) + T - T / 2) * N;
            double t[N];
            for (size_t i = 0; i < N; i++) {
                double h = H[i];
                for (size_t j = 0; j < N; j++)
                    h += J[i * N + j] * s[j];
                t[i] = tanh(network.beta * h);
                S += (log(2 * cosh(network.beta * h)) - network.beta * h * t[i]) / (N * R);
                q += (async ? s[i] * past[i] : t[i] * s[i]) / (N * R);
                activity += (1 - t[i] * s[i]) / 2 / (N * R);
            }
            if (!async)
                add_own(t, s, s + N, own->spin);
            for (size_t i = 0; i < N; i++) {
                own->m[i] += (async ? s[i] : t[i]) / R;
                own->before[i] += (double)s[i] / R;
                for (size_t j = 0; j < N; j++) {
                    own->c[i * N + j] += (i == j ? 1 : async ? s[i] * s[j] : t[i] * t[j]) / R;
                    own->d[i * N + j] += t[i] * s[j] / R;
                }
            }
        }
        for (size_t i = 0; i < N; i++) {
            assert_close(e->m[i], own->m[i], 0, 3e-6);
            assert_close(e->before[i], own->before[i], 0, 1e-9);
            for (size_t j = 0; j < N; j++) {
                const size_t ij = i * N + j;
                const double edge =
                    i == j ? (async ? e->edge[ij] : own->spin[i])
                           : network.beta * (J[ij] - J[j * N + i]) * own->d[ij] / (async ? 2 : 1);
                assert_close(e->c[ij], own->c[ij], 0, 3e-6);
                assert_close(e->d[ij], own->d[ij], 0, 3e-6);
                assert_close(e->edge[ij], edge, 0, 1e-5);
                sigma += edge / N;
            }
        }
        assert_close(e->summary.q, q, 0, 3e-6);
        assert_close(e->summary.S, S, 0, 3e-6);
        assert_close(e->summary.sigma, sigma, 0, 1e-5);
        assert_close(e->summary.activity, activity, 0, 3e-6);
        free(own);
        free(e);
    }
}

/* A window of one is the state at the end; starting all up shows at t = 0; spins are +-1. */
static void window_of_one_and_start(void **state) {
    (void)state;
    for (int async = 0; async < 2; async++) {
        ki_replicas_spec spec = {
            .dynamics = async ? KI_ASYNC : KI_SYNC, .replicas = R, .steps = T, .seed = 3};
        everything *end = simulate(&spec, 2);
        spec.average = 1;
        spec.burn_in = T - 1;
        everything *one = simulate(&spec, 1);
        assert_memory_equal(end, one, sizeof *end);
        for (size_t k = 0; k < sizeof end->raster; k++) {
            const int at_start = k % ((T + 1) * N) < N;
            assert_true(end->raster[k] == 1 || (end->raster[k] == -1 && !at_start));
        }
        spec.start = KI_START_RANDOM;
        everything *random = simulate(&spec, 1);
        long sum = 0;
        for (size_t k = 0; k < sizeof end->raster; k++)
            sum += k % ((T + 1) * N) < N ? random->raster[k] : 0;
        assert_true(labs(sum) < 6 * 75); /* of 5550 coins */
        assert_memory_not_equal(random->raster, random->raster + (T + 1) * N, N);
        free(end);
        free(one);
        free(random);
    }
}

/* Asynchronous q is that of states in the window T/2 = 10 apart, or of the last one. */
static void overlaps_in_the_window(void **state) {
    (void)state;
    static const uint64_t burn_in[] = {0, 1, 2, 10, 11, 12, 20};
    static const int first[] = {10, 11, 12, 20, 21, 21, 21};
    for (size_t k = 0; k < sizeof burn_in / sizeof *burn_in; k++) {
        const ki_replicas_spec spec = {.dynamics = KI_ASYNC,
                                       .replicas = R,
                                       .steps = T,
                                       .average = 1,
                                       .burn_in = burn_in[k],
                                       .seed = 8};
        everything *e = simulate(&spec, 2);
        long sum = 0;
        for (size_t r = 0; r < R; r++) {
            const int8_t *s = e->raster + r * (T + 1) * N;
            for (int t = first[k]; t <= T; t++)
                for (int i = 0; i < N; i++)
                    sum += s[t * N + i] * s[(t - T / 2) * N + i];
        }
        assert_close(e->summary.q, (double)sum / ((double)N * R * (T - first[k] + 1)), 1e-12,
                     1e-14);
        free(e);
    }
}

static void one_of_everything(void **state) {
    (void)state;
    const double h = 0.4, j = 0.3;
    const ki_network one = {1, &h, &j, 1};
    for (int async = 0; async < 2; async++) {
        double m, c, d, edge, spin, before;
        int8_t raster[2];
        ki_ensemble_result e;
        const ki_replicas_out out = {&m, &c, &d, &spin, &edge, raster, &before};
        const ki_replicas_spec spec = {
            .dynamics = async ? KI_ASYNC : KI_SYNC, .replicas = 1, .steps = 1, .seed = 1};
        assert_int_equal(ki_replicas(&one, &spec, NULL, &e, &out), 0);
        const double s = raster[1], x = 0.4 + 0.3 * s, after = x - 0.6 * s, t = tanh(0.7);
        const double step = 0.4 * (t - 1) + log_2cosh(x) - log_2cosh(0.7);
        const double heat = (tanh(x) - s) * 0.4 -
                            (1 - s * tanh(x)) / 2 * (log_2cosh(x) - log_2cosh(after)) +
                            (s - t) * 0.4;
        assert_true(c == 1 && edge == spin && raster[0] == 1);
        assert_true(before == (async ? raster[1] : 1));
        assert_close(edge, async ? heat : step, 1e-6, 1e-7);
        assert_close(e.sigma, edge, 1e-6, 1e-7);
        assert_close(m, async ? raster[1] : tanh(0.7), 1e-6, 0);
        assert_close(d, tanh(async ? 0.4 + 0.3 * raster[1] : 0.7) * (async ? raster[1] : 1), 1e-6,
                     0);
        assert_true(isnan(e.m_err) && isnan(e.sigma_err) && e.realizations == 1);
        assert_close(e.m, m, 1e-12, 0);
        /* Nothing wanted is fine too. */
        assert_int_equal(ki_replicas(&one, &spec, NULL, NULL, NULL), 0);
    }
}

/* What cannot flip does not, and fields as large as they may be stay numbers. */
static void frozen(void **state) {
    (void)state;
    const double zero[3] = {0, 0, 0};
    const double strong[9] = {0, 9e29, 0, 0, 9e29, 0, 9e29, 0, 0};
    const ki_network w = {3, zero, strong, 1};
    for (int async = 0; async < 2; async++) {
        double m[3];
        ki_ensemble_result e;
        const ki_replicas_out out = {.m = m};
        const ki_replicas_spec spec = {
            .dynamics = async ? KI_ASYNC : KI_SYNC, .replicas = 70, .steps = 40, .seed = 1};
        assert_int_equal(ki_replicas(&w, &spec, NULL, &e, &out), 0);
        assert_true(m[0] == 1 && m[1] == 1 && m[2] == 1);
        assert_true(e.S == 0 && e.q == 1 && e.activity == 0);
    }
}

/* Fields a million times the couplings do not hide them: the summary's sigma is that of the edges.
 */
static void large_fields(void **state) {
    (void)state;
    static double fields[N];
    for (size_t i = 0; i < N; i++)
        fields[i] = i % 2 ? H[i] : i % 4 ? 1e6 : -1e6;
    const ki_network w = {N, fields, J, 1.1};
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        const ki_replicas_spec spec = {.dynamics = dynamics, .replicas = R, .steps = T, .seed = 3};
        everything *e = calloc(1, sizeof *e);
        assert_non_null(e);
        const ki_replicas_out out = view_of(e);
        assert_int_equal(ki_replicas(&w, &spec, NULL, &e->summary, &out), 0);
        double sum = 0;
        for (size_t i = 0; i < N; i++)
            sum += e->spin[i] / N;
        assert_true(sum > 0.01);
        assert_close(e->summary.sigma, sum, 1e-5, 0);
        assert_true(e->summary.flips > 100 && e->summary.flips < (uint64_t)N * R / 2);
        free(e);
    }
}

/* Only steps count as flips, a start that is measured itself does not. */
static void flips_of_the_dynamics(void **state) {
    (void)state;
    static double strong[N];
    const ki_replicas_spec spec = {
        .dynamics = KI_SYNC, .replicas = R, .steps = T, .average = 1, .seed = 3};
    for (int sign = -1; sign <= 1; sign += 2) { /* all turn in the first step, or none ever does */
        for (size_t i = 0; i < N; i++)
            strong[i] = sign * 1e3;
        const ki_network w = {N, strong, J, 1};
        ki_ensemble_result summary;
        assert_int_equal(ki_replicas(&w, &spec, NULL, &summary, NULL), 0);
        assert_int_equal(summary.flips, sign < 0 ? N * R : 0);
    }
}

static void refused(const ki_network *w, const ki_replicas_spec *spec, int threads,
                    const char *word) {
    static everything e, before;
    memset(&e, 77, sizeof e);
    memset(&before, 77, sizeof before);
    const ki_replicas_out out = view_of(&e);
    const ki_run_options run = {threads, NULL, NULL};
    assert_int_equal(ki_replicas(w, spec, &run, &e.summary, &out), KI_ERR_ARGUMENT);
    assert_true(ki_is_sentence(ki_last_error()));
    if (strstr(ki_last_error(), word) == NULL)
        fail_msg("\"%s\" does not say %s", ki_last_error(), word);
    assert_memory_equal(&e, &before, sizeof e);
}

static void nothing_flows_from_one_spin(void **state) {
    (void)state;
    const double zero = 0;
    for (int k = 0; k < 24; k++) {
        const double self = k % 3 ? 0.7 : -1.3;
        const ki_network one = {1, &zero, &self, k / 12 ? 2.1 : 0.6};
        const ki_replicas_spec spec = {.dynamics = k % 2 ? KI_ASYNC : KI_SYNC,
                                       .replicas = R,
                                       .steps = 1 + 20 * (uint64_t)(k / 4 % 3),
                                       .average = k / 2 % 2};
        ki_ensemble_result e;
        double edge = 1, spin = 1;
        const ki_replicas_out out = {.sigma_edge = &edge, .sigma_spin = &spin};
        assert_int_equal(ki_replicas(&one, &spec, NULL, &e, &out), 0);
        if (e.sigma != 0 || e.sigma_err != 0 || edge != 0 || spin != 0)
            fail_msg("case %d: sigma %g +- %g, edge %g, spin %g", k, e.sigma, e.sigma_err, edge,
                     spin);
    }
}

static void bad_input(void **state) {
    (void)state;
    const ki_replicas_spec good = {.dynamics = KI_SYNC, .replicas = R, .steps = T};
    static double bad[N * N];
    const double values[] = {NAN, INFINITY, -INFINITY, 1e300};
    for (size_t i = 0; i < 4; i++) {
        memcpy(bad, J, sizeof bad);
        bad[2 * N + 3] = values[i];
        refused(&(ki_network){N, H, bad, 1.1}, &good, 1, "J[2,3]");
        memcpy(bad, H, sizeof H);
        bad[5] = values[i];
        refused(&(ki_network){N, bad, J, 1.1}, &good, 1, "H[5]");
        refused(&(ki_network){N, H, J, i < 3 ? values[i] : -1}, &good, 1, "beta");
    }
    refused(NULL, &good, 1, "NULL");
    refused(&network, NULL, 1, "spec : is NULL");
    refused(&(ki_network){N, NULL, J, 1}, &good, 1, "NULL");
    refused(&(ki_network){0, H, J, 1}, &good, 1, "N");
    refused(&network, &good, -1, "threads");
    refused(&network, &good, 4097, "threads");
    ki_replicas_spec s = good;
    s.replicas = 0;
    refused(&network, &s, 1, "replicas");
    s.replicas = UINT64_MAX;
    refused(&network, &s, 1, "2^61");
    s = good;
    s.steps = 0;
    refused(&network, &s, 1, "steps");
    s.steps = UINT64_MAX;
    refused(&network, &s, 1, "2^61");
    s = good;
    s.dynamics = KI_SYNC | KI_ASYNC;
    refused(&network, &s, 1, "dynamics");
    s = good;
    s.start = KI_START_THEORY;
    refused(&network, &s, 1, "start");
    s = good;
    s.average = 1;
    s.burn_in = T;
    refused(&network, &s, 1, "burn-in");
}

static void memory(void **state) {
    (void)state;
    ki_replicas_spec spec = {.dynamics = KI_SYNC, .replicas = 1000, .steps = T};
    uint64_t one, two, few, many, past;
    assert_int_equal(ki_replicas_memory(512, &spec, 1, 1, &one), 0);
    assert_int_equal(ki_replicas_memory(512, &spec, 1, 2, &two), 0);
    assert_int_equal(ki_replicas_memory(512, &spec, 0, 1, &few), 0);
    assert_int_equal(ki_replicas_memory(512, &spec, 0, 4096, &many), 0);
    assert_true(one < two && few < one);
    assert_in_range(few, 4 * 512 * 512, 3 << 20);
    assert_true((many - few) % 15 == 0); /* of 16 blocks */
    spec.dynamics = KI_ASYNC;
    spec.average = 1;
    spec.steps = 100000;
    assert_int_equal(ki_replicas_memory(512, &spec, 0, 1, &past), 0);
    assert_in_range(past, 2 * 512 * 49000, 2 * 512 * 52000 + (3 << 20));
    const uint64_t before = past;
    assert_int_equal(ki_replicas_memory(1 << 29, &spec, 1, 1, &past), 0);
    assert_true(past > UINT64_C(1) << 62);
    past = before;
    assert_int_equal(ki_replicas_memory(0, &spec, 1, 1, &past), KI_ERR_ARGUMENT);
    assert_int_equal(ki_replicas_memory(512, NULL, 1, 1, &past), KI_ERR_ARGUMENT);
    assert_int_equal(ki_replicas_memory(512, &spec, 1, -1, &past), KI_ERR_ARGUMENT);
    assert_int_equal(ki_replicas_memory(INT32_MAX, &spec, 1, 4096, &past), KI_ERR_ARGUMENT);
    assert_int_equal(past, before);
    assert_int_equal(ki_replicas_memory(512, &spec, 1, 1, NULL), KI_ERR_ARGUMENT);
    /* More memory than there is is an error like any other. */
    spec.replicas = UINT64_C(1) << 44;
    spec.steps = 1;
    ki_ensemble_result e;
    assert_int_equal(ki_replicas(&network, &spec, NULL, &e, NULL), KI_ERR_NOMEM);
    assert_true(ki_is_sentence(ki_last_error()));
}

static int stop_at(void *user, uint64_t done, uint64_t total) {
    uint64_t *seen = user;
    assert_true(done > seen[0] && done <= total && total == (uint64_t)N * R * T);
    seen[0] = done;
    return done >= seen[1];
}

static void progress_and_cancel(void **state) {
    (void)state;
    for (int async = 0; async < 2; async++) {
        const ki_replicas_spec spec = {
            .dynamics = async ? KI_ASYNC : KI_SYNC, .replicas = R, .steps = T, .average = 1};
        static everything e, before;
        ki_replicas_out out = view_of(&e);
        out.raster = NULL;
        uint64_t seen[2] = {0, 1};
        const ki_run_options run = {2, stop_at, seen};
        memset(&e, 77, sizeof e);
        memset(&before, 77, sizeof before);
        assert_int_equal(ki_replicas(&network, &spec, &run, &e.summary, &out), KI_ERR_CANCELLED);
        assert_true(ki_is_sentence(ki_last_error()));
        assert_memory_equal(&e, &before, sizeof e);
        seen[0] = 0;
        seen[1] = UINT64_MAX;
        assert_int_equal(ki_replicas(&network, &spec, &run, &e.summary, &out), 0);
        assert_int_equal(seen[0], (uint64_t)N * R * T);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_for_any_threads),
        cmocka_unit_test(moments_are_those_of_the_raster),
        cmocka_unit_test(window_of_one_and_start),
        cmocka_unit_test(overlaps_in_the_window),
        cmocka_unit_test(one_of_everything),
        cmocka_unit_test(frozen),
        cmocka_unit_test(large_fields),
        cmocka_unit_test(flips_of_the_dynamics),
        cmocka_unit_test(nothing_flows_from_one_spin),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(memory),
        cmocka_unit_test(progress_and_cancel),
    };
    return cmocka_run_group_tests(tests, draw, NULL);
}
