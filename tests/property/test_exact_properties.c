/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold for every small network: symmetries, the fluctuation theorem, and that the ways to
 * one number agree. [exact] [sigma-net-sync] [sigma-net-async] */
#include "ki_test.h"

#include "exact_networks.h"

enum { SIZES = 3, SEEDS = 3 };
static const size_t sizes[SIZES] = {4, 7, 10};

typedef void (*property)(const net *w, int dynamics, const found *f);

static void for_networks(property holds) {
    for (size_t k = 0; k < SIZES; k++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
                net w;
                net_draw(&w, sizes[k], 100 * k + seed, 0.5, 0.4 + 0.5 * (double)seed, seed % 2);
                found *f = find(&w.view, dynamics, NULL);
                assert_int_equal(f->r.status, KI_CONVERGED);
                holds(&w, dynamics, f);
                free(f);
            }
        }
    }
}

static void same_numbers(const ki_exact_result *a, const ki_exact_result *b) {
    assert_close(a->S, b->S, 0, 1e-12);
    assert_close(a->Sr, b->Sr, 0, 1e-12);
    assert_close(a->sigma, b->sigma, 0, 1e-12);
    assert_close(a->entropy, b->entropy, 0, 1e-12);
    assert_close(a->activity, b->activity, 0, 1e-12);
    assert_close(a->gap, b->gap, 0, 1e-9);
    assert_close(a->relaxation_time, b->relaxation_time, 1e-7, 0);
}

/* s_i -> g_i s_i: states are renamed, nothing else. */
static void gauge_holds(const net *w, int dynamics, const found *f) {
    const size_t n = w->view.n, turned = 0x5a5 & (((size_t)1 << n) - 1);
    net v = *w;
    net_fix(&v);
    for (size_t i = 0; i < n; i++) {
        v.H[i] *= net_spin(~turned, i);
        for (size_t j = 0; j < n; j++)
            v.J[i * n + j] *= net_spin(~turned, i) * net_spin(~turned, j);
    }
    found *g = find(&v.view, dynamics, NULL);
    same_numbers(&f->r, &g->r);
    for (size_t a = 0; a < (size_t)1 << n; a++)
        assert_close(f->p[a], g->p[a ^ turned], 1e-9, 1e-14);
    for (size_t i = 0; i < n * n; i++) {
        const double sign = net_spin(~turned, i / n) * net_spin(~turned, i % n);
        assert_close(f->C[i], sign * g->C[i], 0, 1e-12);
        assert_close(f->D[i], sign * g->D[i], 0, 1e-12);
        assert_close(f->edge[i], g->edge[i], 0, 1e-12);
    }
    assert_close(fabs(f->m[0] + g->m[0]), 0, 0, 1e-12); /* bit 0 of 0x5a5 is set */
    free(g);
}

/* Spins in another order, across the two halves of a state's number. */
static void permutation_holds(const net *w, int dynamics, const found *f) {
    const size_t n = w->view.n;
    net v = *w;
    net_fix(&v);
#define AT(i) (((i)*3 + 1) % n) /* n is no multiple of 3 */
    for (size_t i = 0; i < n; i++) {
        v.H[AT(i)] = w->H[i];
        for (size_t j = 0; j < n; j++)
            v.J[AT(i) * n + AT(j)] = w->J[i * n + j];
    }
    found *g = find(&v.view, dynamics, NULL);
    same_numbers(&f->r, &g->r);
    for (size_t a = 0; a < (size_t)1 << n; a++) {
        size_t b = 0;
        for (size_t i = 0; i < n; i++)
            b |= (a >> i & 1) << AT(i);
        assert_close(f->p[a], g->p[b], 1e-9, 1e-14);
    }
    for (size_t i = 0; i < n; i++) {
        assert_close(f->m[i], g->m[AT(i)], 0, 1e-12);
        assert_close(f->spin[i], g->spin[AT(i)], 0, 1e-12);
        for (size_t j = 0; j < n; j++)
            assert_close(f->d[i * n + j], g->d[AT(i) * n + AT(j)], 0, 1e-12);
    }
    free(g);
}

/* beta and the scale of H and J are one. */
static void scale_holds(const net *w, int dynamics, const found *f) {
    const size_t n = w->view.n;
    net v = *w;
    net_fix(&v);
    v.view.beta = 1;
    for (size_t i = 0; i < n * n; i++) {
        v.J[i] *= w->view.beta;
        v.H[i % n] = i < n ? v.H[i] * w->view.beta : v.H[i % n];
    }
    found *g = find(&v.view, dynamics, NULL);
    same_numbers(&f->r, &g->r);
    free(g);
}

enum { BINS = 40 };

static void fluctuations_holds(const net *w, int dynamics, const found *f) {
    const double n = (double)w->view.n;
    ki_exact_fluctuation_result r, plain;
    double edges[BINS + 1], probability[BINS], sum = 0, mean = 0;
    assert_int_equal(
        ki_exact_fluctuations(&w->view, dynamics, f->p, BINS, NULL, &r, edges, probability), 0);
    assert_int_equal(ki_exact_fluctuations(&w->view, dynamics, f->p, 0, NULL, &plain, NULL, NULL),
                     0);
    assert_memory_equal(&r, &plain, sizeof r);
    assert_close(r.integral, 1, 0, 1e-10);
    assert_close(r.mean * r.rate, n * f->r.sigma, 1e-10, 1e-12);
    assert_close(r.rate, dynamics == KI_SYNC ? 1 : n * f->r.activity, 1e-12, 0);
    assert_true(r.mean > 0 && r.variance > 0 && r.negative > 0 && r.negative < 0.5);
    const double width = edges[1] - edges[0];
    assert_true(edges[BINS] <= r.largest && edges[BINS] > 0.3 * r.largest);
    for (size_t k = 0; k < BINS; k++) {
        const double ratio = probability[k] / probability[BINS - 1 - k];
        sum += probability[k];
        mean += probability[k] * (edges[k] + edges[k + 1]) / 2;
        assert_close(edges[k], -edges[BINS - k], 1e-12, 0);
        assert_close(edges[k + 1] - edges[k], width, 1e-9, 0);
        /* P(Sigma)/P(-Sigma) = exp(Sigma) for each Sigma of the bin; the last ones hold the rest.
         */
        if (k > BINS / 2 && k < BINS - 1 && probability[k] > 0)
            assert_true(log(ratio) > edges[k] - 1e-9 && log(ratio) < edges[k + 1] + 1e-9);
    }
    assert_close(sum, 1, 0, 1e-12);
    assert_close(mean, r.mean, 0, width);
}

static void symmetric_holds(const net *w, int dynamics, const found *f) {
    net v = *w;
    net_fix(&v);
    net_make_symmetric(&v);
    for (size_t i = 0; i < v.view.n && dynamics == KI_ASYNC; i++)
        v.J[i * v.view.n + i] = 0;
    found *g = find(&v.view, dynamics, NULL);
    ki_exact_fluctuation_result r;
    assert_true(g->r.sigma == 0 && g->r.Sr == g->r.S);
    assert_true(v.view.n > 7 || fabs(net_sigma(&v.view, dynamics, g->p)) < 1e-12);
    assert_int_equal(ki_exact_fluctuations(&v.view, dynamics, g->p, 0, NULL, &r, NULL, NULL), 0);
    assert_true(r.largest < 1e-9 && fabs(r.mean) < 1e-12);
    assert_true(f->r.sigma > 1e-4); /* that of the same network before */
    free(g);
}

/* Lag 1 is the trace of d; asynchronously dC/dtau at 0 is <t_i s_i> - 1; far away it is m^2. */
static void lags_holds(const net *w, int dynamics, const found *f) {
    const size_t n = w->view.n;
    const double far = ceil(40 * f->r.relaxation_time) + 2, small = 1e-5;
    const double tau[] = {0, dynamics == KI_SYNC ? 0 : small, 1, 1, far};
    double C[5], trace = 0, square = 0;
    assert_int_equal(ki_exact_autocorrelation(&w->view, dynamics, f->p, 5, tau, NULL, C), 0);
    for (size_t i = 0; i < n; i++) {
        trace += f->d[i * n + i] / (double)n;
        square += f->m[i] * f->m[i] / (double)n;
    }
    assert_close(C[0], 1, 0, 1e-13);
    assert_close(C[4], square, 0, 1e-12);
    assert_true(C[2] == C[3]);
    if (dynamics == KI_SYNC)
        assert_close(C[2], trace, 0, 1e-13);
    else
        assert_close((C[1] - 1) / small, trace - 1, 0, 1e-4);
}

#define TEST(name)                                                                                 \
    static void name(void **state) {                                                               \
        (void)state;                                                                               \
        for_networks(name##_holds);                                                                \
    }
TEST(gauge)
TEST(permutation)
TEST(scale)
TEST(fluctuations)
TEST(symmetric)
TEST(lags)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauge),        cmocka_unit_test(permutation), cmocka_unit_test(scale),
        cmocka_unit_test(fluctuations), cmocka_unit_test(symmetric),   cmocka_unit_test(lags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
