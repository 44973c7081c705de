/* SPDX-License-Identifier: BSD-3-Clause */
/* Enumeration beyond its values: the same bits for any number of threads, smallest and frozen
 * networks, bad input, memory, progress. [exact] */
#include "ki_test.h"

#include "exact_networks.h"

static void same_bits_for_any_threads(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 0};
    for (int kind = 0; kind < 3; kind++) {
        const int dynamics = kind ? KI_ASYNC : KI_SYNC;
        const size_t n = kind == 2 ? 17 : 11; /* blocks on threads */
        double H[17], J[17 * 17];
        const ki_theory_params point = {.beta = 1, .J0 = 0.5, .dJ = 1, .dH = 0.3};
        assert_int_equal(ki_network_draw(n, &point, 1, 3, NULL, H, J), 0);
        const ki_network w = {n, H, J, 1};
        const double tau[] = {1, 3};
        double C[2], edges[9], probability[8];
        ki_exact_result r;
        ki_exact_fluctuation_result f;
        double *law = malloc(((size_t)1 << n) * sizeof *law), *first = NULL;
        assert_non_null(law);
        double before[2 + 8 + 9];
        ki_exact_result r_before;
        ki_exact_fluctuation_result f_before;
        for (size_t k = 0; k < 1 + sizeof threads / sizeof *threads; k++) {
            const ki_run_options run = {k ? threads[k - 1] : 1, NULL, NULL};
            const ki_exact_spec spec = {.dynamics = dynamics, .max_products = kind == 2 ? 12 : 0};
            const ki_exact_out out = {.p = law};
            assert_int_equal(ki_exact(&w, &spec, &run, &r, &out), 0);
            assert_int_equal(
                ki_exact_fluctuations(&w, dynamics, law, 8, &run, &f, edges, probability), 0);
            if (kind < 2)
                assert_int_equal(ki_exact_autocorrelation(&w, dynamics, law, 2, tau, &run, C), 0);
            if (k == 0) {
                first = law;
                law = malloc(((size_t)1 << n) * sizeof *law);
                assert_non_null(law);
                r_before = r;
                f_before = f;
                memcpy(before, C, sizeof C);
                memcpy(before + 2, probability, sizeof probability);
                memcpy(before + 10, edges, sizeof edges);
            }
            assert_memory_equal(&r, &r_before, sizeof r);
            assert_memory_equal(&f, &f_before, sizeof f);
            assert_memory_equal(before + 2, probability, sizeof probability);
            assert_memory_equal(before + 10, edges, sizeof edges);
            if (kind < 2)
                assert_memory_equal(before, C, sizeof C);
            if (k)
                assert_memory_equal(law, first, ((size_t)1 << n) * sizeof *law);
        }
        free(law);
        free(first);
    }
}

/* One spin, no temperature, no couplings: nothing is produced, and all is known. */
static void smallest(void **state) {
    (void)state;
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        const double h = 0.4, j = dynamics == KI_SYNC ? 0.3 : 0;
        const ki_network one = {1, &h, &j, 1};
        found *f = find(&one, dynamics, NULL);
        /* Flips: from - with a, from + with b. */
        const double a = 1 / (1 + exp(-2 * (h - j))), b = 1 / (1 + exp(2 * (h + j)));
        assert_close(f->p[1], a / (a + b), 1e-14, 0);
        assert_close(f->r.gap, dynamics == KI_SYNC ? 1 - fabs(1 - a - b) : a + b, 1e-13, 0);
        assert_close(f->r.relaxation_time,
                     dynamics == KI_SYNC ? -1 / log(fabs(1 - a - b)) : 1 / (a + b), 1e-12, 0);
        assert_true(fabs(f->r.sigma) < 1e-15 && f->r.status == KI_CONVERGED);
        free(f);

        net w;
        net_draw(&w, 10, 1, 0.5, 0, 0); /* beta = 0 */
        f = find(&w.view, dynamics, NULL);
        for (size_t s = 0; s < 1 << 10; s++)
            assert_close(f->p[s], 0x1p-10, 1e-14, 0);
        assert_close(f->r.gap, 1, 1e-11, 0);
        assert_close(f->r.relaxation_time, dynamics == KI_SYNC ? 0 : 1, 1e-10, 1e-10);
        assert_close(f->r.S, log(2), 1e-14, 0);
        assert_close(f->r.entropy, log(2), 1e-13, 0);
        assert_true(f->r.sigma == 0 && f->r.activity == 0.5);
        assert_int_equal(f->r.status, KI_CONVERGED);
        free(f);

        net_draw(&w, 6, 2, 0, 1.3, 0); /* J = 0 */
        memset(w.J, 0, sizeof w.J);
        f = find(&w.view, dynamics, NULL);
        for (size_t i = 0; i < 6; i++)
            assert_close(f->m[i], tanh(1.3 * w.H[i]), 1e-13, 1e-15);
        assert_close(f->r.gap, 1, 1e-10, 0);
        assert_true(f->r.sigma == 0 && f->r.status == KI_CONVERGED);
        free(f);
        const ki_exact_spec spec = {.dynamics = dynamics}; /* nothing wanted is fine too */
        assert_int_equal(ki_exact(&one, &spec, NULL, NULL, NULL), 0);
    }
}

static int is_finite_law(const found *f, size_t states) {
    double sum = 0;
    for (size_t a = 0; a < states; a++) {
        if (!(f->p[a] >= 0))
            return 0;
        sum += f->p[a];
    }
    const ki_exact_result *r = &f->r;
    return fabs(sum - 1) < 1e-12 && isfinite(r->S) && isfinite(r->sigma) && isfinite(r->entropy) &&
           isfinite(r->gap) && !isnan(r->relaxation_time) && isfinite(r->residual);
}

/* As cold as doubles go: an end, numbers, and not the claim that all is well where it is not. */
static void frozen(void **state) {
    (void)state;
    static const double betas[] = {30, 1e3, 1e300};
    static const size_t sizes[] = {1, 2, 5, 8, 9, 10, 12};
    int gaps = 0;
    for (size_t k = 0; k < 3; k++) {
        for (size_t l = 0; l < (KI_SANITIZED ? 6 : 7); l++) {
            for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
                net w;
                net_draw(&w, sizes[l], l, 0.5, betas[k], dynamics == KI_ASYNC);
                found *f = find(&w.view, dynamics, NULL);
                ki_exact_fluctuation_result r;
                const double tau[] = {0, 1, 2};
                double C[3], edges[5], probability[4];
                assert_true(is_finite_law(f, (size_t)1 << sizes[l]));
                assert_true(f->r.products < 10000);
                assert_true(f->r.gap > 0 || f->r.status == KI_NOT_CONVERGED);
                gaps += f->r.gap == 0;
                assert_int_equal(
                    ki_exact_fluctuations(&w.view, dynamics, f->p, 4, NULL, &r, edges, probability),
                    0);
                if (dynamics == KI_SYNC || f->r.status == KI_CONVERGED)
                    assert_close(r.integral, 1, 0, 1e-10);
                assert_true(isfinite(r.mean) && !isnan(r.variance) && isfinite(edges[4]));
                assert_close(probability[0] + probability[1] + probability[2] + probability[3], 1,
                             0, 1e-12);
                assert_int_equal(ki_exact_autocorrelation(&w.view, dynamics, f->p, 3, tau, NULL, C),
                                 0);
                assert_true(fabs(C[2]) <= 1 + 1e-12);
                free(f);
            }
        }
    }
    assert_true(gaps > 3);
    /* Two spins that copy each other's opposite: a cycle, whose law depends on the start. */
    const double zero[2] = {0, 0}, swap[4] = {0, -1, -1, 0};
    const ki_network cycle = {2, zero, swap, 1e300};
    found *f = find(&cycle, KI_SYNC, NULL);
    assert_true(f->r.gap == 0 && isinf(f->r.relaxation_time));
    assert_int_equal(f->r.status, KI_NOT_CONVERGED);
    free(f);
}

/* An iteration that may not go on says so; the law it has is one. */
static void few_products(void **state) {
    (void)state;
    net w;
    net_draw(&w, 12, 3, 0.5, 2, 0);
    found *f = calloc(1, sizeof *f);
    assert_non_null(f);
    const ki_exact_spec spec = {.dynamics = KI_SYNC, .max_products = 3};
    const ki_exact_out out = found_out(f);
    assert_int_equal(ki_exact(&w.view, &spec, NULL, &f->r, &out), 0);
    assert_int_equal(f->r.status, KI_NOT_CONVERGED);
    assert_true(is_finite_law(f, 1 << 12) && f->r.residual > 0);
    free(f);
}

static void refused(const ki_network *w, const ki_exact_spec *spec, int threads, const char *what) {
    static found f, before;
    memset(&f, 77, sizeof f);
    memset(&before, 77, sizeof before);
    const ki_exact_out out = found_out(&f);
    const ki_run_options run = {threads, NULL, NULL};
    ki_refused(ki_exact(w, spec, &run, &f.r, &out), what);
    assert_memory_equal(&f, &before, sizeof f);
}

static void bad_input(void **state) {
    (void)state;
    const ki_exact_spec good = {.dynamics = KI_SYNC}, async = {.dynamics = KI_ASYNC};
    net w;
    net_draw(&w, 5, 1, 0, 1, 0);
    static const double many[21 * 21];
    refused(NULL, &good, 1, "network : is NULL");
    refused(&w.view, NULL, 1, "spec : is NULL");
    refused(&(ki_network){5, NULL, w.J, 1}, &good, 1, "H : is NULL");
    refused(&(ki_network){0, w.H, w.J, 1}, &good, 1, "N");
    refused(&(ki_network){15, many, many, 1}, &good, 1, "N : 15 spins cannot be enumerated");
    refused(&(ki_network){21, many, many, 1}, &async, 1, "N : 21 spins cannot be enumerated");
    refused(&(ki_network){5, w.H, w.J, NAN}, &good, 1, "beta");
    refused(&(ki_network){5, w.H, w.J, 1e306}, &good, 1, "beta");
    refused(&w.view, &good, -1, "threads");
    refused(&w.view, &good, 4097, "threads");
    refused(&w.view, &(ki_exact_spec){.dynamics = KI_SYNC | KI_ASYNC}, 1, "dynamics");
    refused(&w.view, &(ki_exact_spec){.dynamics = KI_SYNC, .tol = NAN}, 1, "tol");
    refused(&w.view, &(ki_exact_spec){.dynamics = KI_SYNC, .tol = -1}, 1, "tol");
    w.J[7] = NAN;
    refused(&w.view, &good, 1, "J[1,2]");
    w.J[7] = 0;
    w.H[4] = INFINITY;
    refused(&w.view, &good, 1, "H[4]");
}

/* A law is needed, times in order, bins in pairs; nothing is written. */
static void bad_input_to_the_others(void **state) {
    (void)state;
    net w;
    net_draw(&w, 3, 1, 0, 1, 0);
    double p[8] = {0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125}, m0[3] = {0, 0, 0};
    double tau[2] = {1, 0}, C[2] = {7, 7}, edges[4] = {7, 7, 7, 7}, probability[3] = {7, 7, 7};
    ki_exact_result r = {.S = 7};
    ki_exact_fluctuation_result f = {.mean = 7};
    ki_refused(ki_exact_autocorrelation(&w.view, KI_SYNC, p, 2, tau, NULL, C), "tau[1]");
    ki_refused(ki_exact_autocorrelation(&w.view, KI_SYNC, p, 0, tau, NULL, C), "n");
    ki_refused(ki_exact_autocorrelation(&w.view, KI_SYNC, NULL, 1, tau, NULL, C), "p");
    ki_refused(ki_exact_autocorrelation(&w.view, KI_SYNC, p, 1, NULL, NULL, C), "tau");
    tau[0] = 0.5;
    ki_refused(ki_exact_autocorrelation(&w.view, KI_SYNC, p, 1, tau, NULL, C), "tau[0]");
    tau[0] = NAN;
    ki_refused(ki_exact_autocorrelation(&w.view, KI_ASYNC, p, 1, tau, NULL, C), "tau[0]");
    tau[0] = 1e16;
    ki_refused(ki_exact_autocorrelation(&w.view, KI_ASYNC, p, 1, tau, NULL, C), "tau[0]");
    ki_refused(ki_exact_fluctuations(&w.view, KI_SYNC, p, 3, NULL, &f, edges, probability), "bins");
    ki_refused(ki_exact_fluctuations(&w.view, KI_SYNC, p, 2, NULL, &f, NULL, probability), "edges");
    ki_refused(ki_exact_fluctuations(&w.view, KI_SYNC, p, 1 << 20, NULL, &f, edges, probability),
               "bins");
    ki_refused(ki_exact_fluctuations(&w.view, 0, p, 2, NULL, &f, edges, probability), "dynamics");
    p[3] = -0.125;
    ki_refused(ki_exact_fluctuations(&w.view, KI_SYNC, p, 2, NULL, &f, edges, probability), "p[3]");
    p[3] = 0.5;
    ki_refused(ki_exact_fluctuations(&w.view, KI_SYNC, p, 2, NULL, &f, edges, probability), "p");
    p[3] = NAN;
    ki_refused(ki_exact_autocorrelation(&w.view, KI_SYNC, p, 1, tau, NULL, C), "p[3]");
    ki_refused(ki_exact_evolve(&w.view, KI_SYNC, m0, 0.5, NULL, &r, NULL), "time");
    ki_refused(ki_exact_evolve(&w.view, KI_SYNC, m0, -1, NULL, &r, NULL), "time");
    ki_refused(ki_exact_evolve(&w.view, KI_ASYNC, m0, NAN, NULL, &r, NULL), "time");
    ki_refused(ki_exact_evolve(&w.view, KI_ASYNC, NULL, 1, NULL, &r, NULL), "m0");
    /* What would take hours. */
    m0[1] = 0;
    ki_refused(ki_exact_evolve(&w.view, KI_ASYNC, m0, 1e9, NULL, &r, NULL), "time");
    m0[1] = 1.5;
    ki_refused(ki_exact_evolve(&w.view, KI_ASYNC, m0, 1, NULL, &r, NULL), "m0[1]");
    assert_true(C[0] == 7 && edges[0] == 7 && probability[0] == 7 && r.S == 7 && f.mean == 7);
}

static void memory(void **state) {
    (void)state;
    uint64_t bytes = 7, before = 0;
    for (uint64_t n = 1; n <= KI_EXACT_MOST_SYNC; n++) {
        assert_int_equal(ki_exact_memory(n, KI_SYNC, &bytes), 0);
        assert_true(bytes > before || n == 12); /* the first without elimination */
        before = bytes;
    }
    assert_in_range(bytes, 33 << 20, 50 << 20); /* two tables of 2^14 x 128 */
    for (uint64_t n = 1; n <= KI_EXACT_MOST_ASYNC; n++)
        assert_int_equal(ki_exact_memory(n, KI_ASYNC, &bytes), 0);
    assert_in_range(bytes, 168 << 20, 512 << 20); /* 20 rates a state */
    assert_int_equal(ki_exact_memory(15, KI_SYNC, &bytes), KI_ERR_ARGUMENT);
    assert_int_equal(ki_exact_memory(21, KI_ASYNC, &bytes), KI_ERR_ARGUMENT);
    assert_int_equal(ki_exact_memory(0, KI_ASYNC, &bytes), KI_ERR_ARGUMENT);
    assert_int_equal(ki_exact_memory(5, 0, &bytes), KI_ERR_ARGUMENT);
    assert_int_equal(ki_exact_memory(5, KI_SYNC, NULL), KI_ERR_ARGUMENT);
}

typedef struct watcher {
    uint64_t last;
    int calls, stop_at;
} watcher;

static int watch(void *user, uint64_t done, uint64_t total) {
    watcher *w = user;
    assert_true(done >= w->last && done < total);
    w->last = done;
    return ++w->calls == w->stop_at;
}

/* Progress never goes back; a call that is stopped at any of its reports leaves its outputs alone.
 */
static void progress_and_cancel(void **state) {
    (void)state;
    net w;
    net_draw(&w, 10, 2, 0.5, 1, 1);
    static found f, before;
    static double law[1 << 10];
    const double tau[] = {5};
    double C = 7, edges[3] = {7, 7, 7}, probability[2] = {7, 7};
    ki_exact_fluctuation_result sums = {.mean = 7};
    const ki_exact_out out = found_out(&f);
    memset(&before, 77, sizeof before);
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        const ki_exact_spec spec = {.dynamics = dynamics};
        const ki_exact_out only_law = {.p = law};
        watcher all = {0};
        ki_run_options run = {2, watch, &all};
        assert_int_equal(ki_exact(&w.view, &spec, &run, NULL, &only_law), 0);
        assert_true(all.calls > 20 && all.last > 900);
        for (int at = 1; at <= all.calls; at += 7) {
            watcher some = {.stop_at = at};
            run.progress_user = &some;
            memset(&f, 77, sizeof f);
            assert_int_equal(ki_exact(&w.view, &spec, &run, &f.r, &out), KI_ERR_CANCELLED);
            assert_true(ki_is_sentence(ki_last_error()));
            assert_memory_equal(&f, &before, sizeof f);
        }
        watcher first = {.stop_at = 1};
        run.progress_user = &first;
        const double m0[10] = {0};
        assert_int_equal(ki_exact_evolve(&w.view, dynamics, m0, 5, &run, &f.r, &out),
                         KI_ERR_CANCELLED);
        first.calls = 0;
        first.last = 0;
        assert_int_equal(ki_exact_autocorrelation(&w.view, dynamics, law, 1, tau, &run, &C),
                         KI_ERR_CANCELLED);
        first.calls = 0;
        first.last = 0;
        assert_int_equal(
            ki_exact_fluctuations(&w.view, dynamics, law, 2, &run, &sums, edges, probability),
            KI_ERR_CANCELLED);
        assert_memory_equal(&f, &before, sizeof f);
        assert_true(C == 7 && edges[0] == 7 && probability[0] == 7 && sums.mean == 7);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_for_any_threads),
        cmocka_unit_test(smallest),
        cmocka_unit_test(frozen),
        cmocka_unit_test(few_products),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(bad_input_to_the_others),
        cmocka_unit_test(memory),
        cmocka_unit_test(progress_and_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
