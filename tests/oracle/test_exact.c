/* SPDX-License-Identifier: BSD-3-Clause */
/* Enumeration against values from elsewhere: a table by other code, laws in closed form, sums over
 * all pairs of states, elimination. [exact] [sigma-net-sync] [sigma-net-async] [sigma-mf] */
#include "ki_test.h"

#include "exact/elimination.h"
#include "exact/job.h"
#include "exact_networks.h"
#include "oracle_tables.h"

/* exact_n6: C and D connected, E = <tanh(beta h_i) s_j>. */
static void table_sync(void **state) {
    (void)state;
    const ki_network w = {6, exact_n6_H, exact_n6_J, exact_n6_beta};
    found *f = find(&w, KI_SYNC, NULL);
    for (size_t i = 0; i < 36; i++) {
        const double mm = exact_n6_sync_m[i / 6] * exact_n6_sync_m[i % 6];
        assert_close(f->m[i % 6], exact_n6_sync_m[i % 6], 0, 1e-12);
        assert_close(f->C[i], exact_n6_sync_C[i], 0, 1e-12);
        assert_close(f->D[i], exact_n6_sync_D[i], 0, 1e-12);
        assert_close(f->c[i], exact_n6_sync_C[i] + mm, 0, 1e-12);
        assert_close(f->d[i], exact_n6_sync_D[i] + mm, 0, 1e-12);
    }
    assert_close(f->r.S, exact_n6_sync_S, 0, 1e-12);
    assert_close(f->r.Sr, exact_n6_sync_Sr, 0, 1e-12);
    assert_close(f->r.sigma, exact_n6_sync_sigma, 0, 1e-12);
    assert_close(f->r.entropy, exact_n6_sync_entropy, 0, 1e-12);
    assert_int_equal(f->r.status, KI_CONVERGED);
    free(f);
}

static void table_async(void **state) {
    (void)state;
    double J[36];
    for (size_t i = 0; i < 36; i++)
        J[i] = i % 7 == 0 ? 0 : exact_n6_J[i];
    const ki_network w = {6, exact_n6_H, J, exact_n6_beta};
    found *f = find(&w, KI_ASYNC, NULL);
    for (size_t i = 0; i < 36; i++) {
        const double *m = exact_n6_async_zero_diagonal_m;
        assert_close(f->m[i % 6], m[i % 6], 0, 1e-12);
        assert_close(f->C[i], exact_n6_async_zero_diagonal_C[i], 0, 1e-12);
        assert_close(f->d[i], exact_n6_async_zero_diagonal_E[i], 0, 1e-12);
        assert_close(f->D[i], exact_n6_async_zero_diagonal_E[i] - m[i / 6] * m[i % 6], 0, 1e-12);
    }
    assert_close(f->r.sigma, exact_n6_async_zero_diagonal_sigma, 0, 1e-12);
    assert_close(f->r.entropy, exact_n6_async_zero_diagonal_entropy, 0, 1e-12);
    assert_close(f->r.activity, exact_n6_async_zero_diagonal_activity, 0, 1e-12);
    free(f);
}

/* sigma by its definition, over all pairs; N = 10 is found by iteration, self-couplings are kept.
 */
static void currents(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 5, 8, 10};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
            for (int zero = 0; zero < 2; zero++) {
                net w;
                net_draw(&w, sizes[k], 10 + k, 0.5, 0.9, zero);
                found *f = find(&w.view, dynamics, NULL);
                const double sigma = net_sigma(&w.view, dynamics, f->p);
                double edges = 0, spins = 0, mean = 0;
                for (size_t i = 0; i < sizes[k] * sizes[k]; i++) {
                    edges += f->edge[i] / (double)sizes[k];
                    spins += i < sizes[k] ? f->spin[i] / (double)sizes[k] : 0;
                    mean += i < sizes[k] ? f->m[i] / (double)sizes[k] : 0;
                }
                assert_close(f->r.sigma, sigma, 0, 1e-12);
                assert_close(edges, sigma, 0, 1e-12);
                assert_close(spins, sigma, 0, 1e-12);
                assert_close(f->r.m_mean, mean, 0, 1e-14);
                assert_close(f->r.Sr, f->r.S + sigma, 0, 1e-12);
                assert_true(sizes[k] < 3 || sigma > 1e-3);
                assert_true(f->r.residual < 1e-14 && f->r.status == KI_CONVERGED);
                free(f);
            }
        }
    }
}

/* The law for symmetric couplings: Boltzmann's if J_ii = 0 (asynchronous), Peretto's (synchronous).
 */
static void equilibrium_law(const ki_network *w, int dynamics, double *law) {
    const size_t states = (size_t)1 << w->n;
    double sum = 0, most = -INFINITY;
    for (size_t a = 0; a < states; a++) {
        double x = 0;
        for (size_t i = 0; i < w->n; i++) {
            const double h = net_field(w, a, i), s = net_spin(a, i);
            const double own = w->beta * w->H[i] * s, cosh2 = fabs(h) + log1p(exp(-2 * fabs(h)));
            x += dynamics == KI_SYNC ? own + cosh2 : (s * h + own) / 2;
        }
        law[a] = x;
        most = fmax(most, x);
    }
    for (size_t a = 0; a < states; a++) {
        law[a] = exp(law[a] - most);
        sum += law[a];
    }
    for (size_t a = 0; a < states; a++)
        law[a] /= sum;
}

/* Asynchronously Boltzmann's law; synchronously Peretto's, exp(beta sum H_i s_i) prod 2 cosh(beta
 * h_i). N = 12 by iteration. */
static void equilibrium(void **state) {
    (void)state;
    for (size_t n = 1; n <= 12; n += n < 8 ? 1 : 4) {
        for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
            net w;
            net_draw(&w, n, 77 + n, 0.3, 1.1, dynamics == KI_ASYNC);
            net_make_symmetric(&w);
            found *f = find(&w.view, dynamics, NULL);
            const size_t states = (size_t)1 << n;
            double *law = malloc(states * sizeof *law);
            assert_non_null(law);
            equilibrium_law(&w.view, dynamics, law);
            for (size_t a = 0; a < states; a++)
                assert_close(f->p[a], law[a], 1e-11, 0);
            assert_true(f->r.sigma == 0);
            for (size_t i = 0; i < n * n; i++)
                assert_true(f->edge[i] == 0);
            free(law);
            free(f);
        }
    }
}

/* Cold networks of 12 spins, with tens of sets of states that are hardly ever left: what is not
 * known is not claimed. */
static void cold_equilibrium(void **state) {
    (void)state;
    /* The third has modes nearer to 1 than the one that the iteration finds. */
    static const struct {
        uint64_t seed;
        double beta;
        int dynamics;
    } cases[] = {{40, 1, KI_SYNC}, {41, 1, KI_ASYNC}, {54, 9, KI_SYNC}};
    static double law[1 << 12];
    int known = 0;
    for (int k = 0; k < (KI_SANITIZED ? 2 : 3); k++) {
        const int dynamics = cases[k].dynamics;
        net w;
        net_draw(&w, 12, cases[k].seed, 0.1, cases[k].beta, dynamics == KI_ASYNC);
        net_make_symmetric(&w);
        found *f = find(&w.view, dynamics, NULL);
        equilibrium_law(&w.view, dynamics, law);
        double off = 0;
        for (size_t a = 0; a < 1 << 12; a++)
            off += fabs(f->p[a] - law[a]);
        if (!(off <= 3 * f->r.law_error + 1e-12)) {
            print_error("case %d: off by %g, said %g, status %d, residual %g, gap %g (%g)\n", k,
                        off, f->r.law_error, f->r.status, f->r.residual, f->r.gap, f->r.gap_error);
            fail();
        }
        assert_true(f->r.status == KI_NOT_CONVERGED || off < 3e-9);
        known += f->r.status == KI_CONVERGED;
        free(f);
    }
    assert_int_equal(known, 2);
}

/* Spins that act in one direction only: the law is there after N steps, lambda_2 is a defective 0,
 * and nothing of it is known but that it is small. */
static void feed_forward(void **state) {
    (void)state;
    for (size_t n = 2; n <= 10; n += 2) {
        net w;
        net_draw(&w, n, 9, 0, 1, 0);
        for (size_t i = 0; i < n; i++)
            for (size_t j = i; j < n; j++)
                w.J[i * n + j] = 0;
        found *f = find(&w.view, KI_SYNC, NULL);
        double *p = malloc(((size_t)1 << n) * sizeof *p), m0[NET_MOST] = {0};
        const ki_exact_out out = {.p = p};
        assert_non_null(p);
        assert_int_equal(ki_exact_evolve(&w.view, KI_SYNC, m0, (double)n, NULL, NULL, &out), 0);
        for (size_t a = 0; a < (size_t)1 << n; a++)
            assert_close(f->p[a], p[a], 1e-10, 1e-13);
        assert_int_equal(f->r.status, KI_CONVERGED);
        assert_true(fabs(f->r.gap - 1) <= 2 * f->r.gap_error + 1e-15);
        free(p);
        free(f);
    }
}

/* The law that the library finds by iteration, by elimination of all states. */
static void eliminate(const ki_network *w, int dynamics, double *p) {
    const size_t states = (size_t)1 << w->n;
    double *matrix = malloc(states * states * sizeof *matrix);
    assert_non_null(matrix);
    for (size_t a = 0; a < states; a++)
        for (size_t b = 0; b < states; b++)
            matrix[a * states + b] = net_rate(w, dynamics, a, b);
    assert_int_equal(ki_eliminate(states, matrix, p), 0);
    free(matrix);
}

/* Rates of 1e-2 to 1e-40 between halves of the states: the residual says nothing about the weights
 * of the halves, and yet they are right. The errors that are reported are true. */
static void hardly_ever_left(void **state) {
    (void)state;
    static const struct {
        double J0, beta;
        int dynamics;
    } cases[] = {
        {2, 2.5, KI_SYNC}, {3, 3, KI_SYNC}, {3, 6, KI_SYNC}, {3, 3, KI_ASYNC}, {3, 6, KI_ASYNC}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        net w;
        static double p[1 << 10];
        net_draw(&w, 10, 5 + k, cases[k].J0, cases[k].beta, cases[k].dynamics == KI_ASYNC);
        for (size_t i = 0; i < 10; i++)
            w.H[i] *= 0.05; /* both halves count */
        found *f = find(&w.view, cases[k].dynamics, NULL);
        eliminate(&w.view, cases[k].dynamics, p);
        double off = 0;
        for (size_t a = 0; a < 1 << 10; a++)
            off += fabs(f->p[a] - p[a]);
        assert_true(off < (f->r.gap > 0 ? 1e-11 : 1e-4));
        assert_true(off < 10 * f->r.law_error + 1e-12);
        assert_true(f->r.law_error < (f->r.gap > 0 ? 2e-11 : 1e-4));
        /* A gap below rounding is not a gap that has been found. */
        if (f->r.gap < 1e-14)
            assert_int_equal(f->r.status, KI_NOT_CONVERGED);
        free(f);
    }
}

/* The iteration finds one of two sets of states and takes the other for empty: what it knows of the
 * inside of that is noise, and so is its first weight. An error is reported that is not smaller
 * than what is there. */
static void empty_but_for_noise(void **state) {
    (void)state;
    double H[10], J[100];
    static double p[1 << 10], law[1 << 10];
    const ki_theory_params point = {.beta = 5, .J0 = 2, .dJ = 0.5, .dH = 0.05};
    assert_int_equal(ki_network_draw(10, &point, 1, 12, NULL, H, J), 0);
    const ki_network w = {10, H, J, 5};
    const ki_exact_spec spec = {.dynamics = KI_ASYNC};
    const ki_exact_out out = {.p = law};
    ki_exact_result r;
    assert_int_equal(ki_exact(&w, &spec, NULL, &r, &out), 0);
    eliminate(&w, KI_ASYNC, p);
    double off = 0;
    for (size_t a = 0; a < 1 << 10; a++)
        off += fabs(law[a] - p[a]);
    assert_true(off < 2 * r.law_error + 1e-12 && off < 0.1);
}

/* Elimination where 1 - T loses everything: a chain of three states with rates 1e-200. */
static void elimination(void **state) {
    (void)state;
    double matrix[9] = {0, 1e-200, 0, 3e-200, 0, 0.5, 0, 1e-3, 0}, p[3];
    assert_int_equal(ki_eliminate(3, matrix, p), 0);
    assert_close(p[1] / p[0], 1.0 / 3, 1e-15, 0);
    assert_close(p[2] / p[1], 500, 1e-15, 0);
    double apart[4] = {0, 1, 0, 0};
    assert_int_equal(ki_eliminate(2, apart, p), -1); /* the last one is never left */
}

static double apply(const ki_network *w, double *p) {
    const size_t states = (size_t)1 << w->n;
    double q[64] = {0}, change = 0;
    for (size_t a = 0; a < states; a++)
        for (size_t b = 0; b < states; b++)
            q[b] += p[a] * net_rate(w, KI_SYNC, a, b);
    for (size_t a = 0; a < states; a++) {
        change += fabs(q[a] - p[a]);
        p[a] = q[a];
    }
    return change;
}

static void evolve_sync(void **state) {
    (void)state;
    enum { N = 5, STATES = 32 };
    net w;
    net_draw(&w, N, 3, 0.5, 1.2, 0);
    static const double m0[N] = {1, -0.3, 0, 0.8, -1};
    double p[STATES], before[STATES];
    for (size_t a = 0; a < STATES; a++) {
        p[a] = 1;
        for (size_t i = 0; i < N; i++)
            p[a] *= (1 + net_spin(a, i) * m0[i]) / 2;
    }
    for (int t = 0; t <= 4; t++) {
        found *f = calloc(1, sizeof *f);
        assert_non_null(f);
        const ki_exact_out out = found_out(f);
        assert_int_equal(ki_exact_evolve(&w.view, KI_SYNC, m0, t, NULL, &f->r, &out), 0);
        double m[N] = {0}, last[N] = {0}, sigma = 0, q = 0;
        for (size_t a = 0; a < STATES; a++) {
            assert_close(f->p[a], p[a], 1e-13, 1e-16);
            for (size_t i = 0; i < N; i++) {
                m[i] += p[a] * net_spin(a, i);
                last[i] += t ? before[a] * net_spin(a, i) : 0;
            }
        }
        for (size_t i = 0; i < N; i++) {
            assert_close(f->m[i], m[i], 0, 1e-14);
            for (size_t j = 0; j < N; j++) {
                double c = 0, d = 0;
                for (size_t a = 0; a < STATES; a++) {
                    c += p[a] * net_spin(a, i) * net_spin(a, j);
                    d += t ? before[a] * tanh(net_field(&w.view, a, i)) * net_spin(a, j) : 0;
                }
                const double D = d - m[i] * last[j];
                q += i == j ? d / N : 0;
                assert_close(f->c[i * N + j], c, 0, 1e-14);
                assert_close(f->C[i * N + j], c - m[i] * m[j], 0, 1e-14);
                assert_close(f->d[i * N + j], t ? d : NAN, 0, 1e-14);
                assert_close(f->D[i * N + j], t ? D : NAN, 0, 1e-14);
                sigma += 1.2 * (w.J[i * N + j] - w.J[j * N + i]) * D / N;
            }
        }
        assert_close(f->r.sigma, t ? sigma : NAN, 0, 1e-14);
        assert_close(f->r.q, t ? q : NAN, 0, 1e-14);
        assert_true(isnan(f->r.gap) && isnan(f->r.residual) && f->r.products == (uint64_t)t);
        free(f);
        memcpy(before, p, sizeof p);
        apply(&w.view, p);
    }
}

/* Small steps of the master equation with their error taken off (Richardson) stand for exp(G t). */
static void evolve_async(void **state) {
    (void)state;
    enum { N = 4, STATES = 16 };
    net w;
    net_draw(&w, N, 4, 0.5, 1.0, 0);
    static const double m0[N] = {0.9, -0.3, 0, 0.2};
    double G[STATES][STATES], start[STATES];
    for (size_t a = 0; a < STATES; a++) {
        double leave = 0;
        start[a] = 1;
        for (size_t b = 0; b < STATES; b++)
            leave += G[a][b] = net_rate(&w.view, KI_ASYNC, a, b);
        G[a][a] = -leave;
        for (size_t i = 0; i < N; i++)
            start[a] *= (1 + net_spin(a, i) * m0[i]) / 2;
    }
    static const double times[] = {0, 0.01, 0.7, 3};
    for (size_t k = 0; k < 4; k++) {
        /* Taylor's series over 64 steps: terms beyond 12 are below 1e-16. */
        double p[STATES];
        memcpy(p, start, sizeof p);
        for (int step = 0; step < 64; step++) {
            double term[STATES], next[STATES];
            memcpy(term, p, sizeof term);
            for (int order = 1; order <= 14; order++) {
                memset(next, 0, sizeof next);
                for (size_t a = 0; a < STATES; a++)
                    for (size_t b = 0; b < STATES; b++)
                        next[b] += term[a] * G[a][b] * (times[k] / 64) / order;
                memcpy(term, next, sizeof term);
                for (size_t a = 0; a < STATES; a++)
                    p[a] += term[a];
            }
        }
        found *f = calloc(1, sizeof *f);
        assert_non_null(f);
        const ki_exact_out out = found_out(f);
        assert_int_equal(ki_exact_evolve(&w.view, KI_ASYNC, m0, times[k], NULL, &f->r, &out), 0);
        for (size_t a = 0; a < STATES; a++)
            assert_close(f->p[a], p[a], 1e-12, 1e-15);
        free(f);
    }
}

/* After a long time the law is the stationary one, and [sigma-mf] is sigma. */
static void evolve_long(void **state) {
    (void)state;
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        net w;
        net_draw(&w, 7, 8, 0.5, 0.7, 1);
        found *f = find(&w.view, dynamics, NULL);
        double m0[7] = {1, 1, 1, -1, 0, 0, 0}, D[49];
        ki_exact_result r;
        const ki_exact_out out = {.D = D};
        assert_int_equal(ki_exact_evolve(&w.view, dynamics, m0, 300, NULL, &r, &out), 0);
        for (size_t i = 0; i < 49; i++)
            assert_close(D[i], f->D[i], 0, 1e-13);
        assert_close(r.entropy, f->r.entropy, 0, 1e-13);
        /* The magnetizations' own part of the raw form is 0 in the steady state. */
        assert_close(r.sigma, f->r.sigma, 0, 1e-12);
        free(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_sync),
        cmocka_unit_test(table_async),
        cmocka_unit_test(currents),
        cmocka_unit_test(equilibrium),
        cmocka_unit_test(cold_equilibrium),
        cmocka_unit_test(feed_forward),
        cmocka_unit_test(hardly_ever_left),
        cmocka_unit_test(elimination),
        cmocka_unit_test(empty_but_for_noise),
        cmocka_unit_test(evolve_sync),
        cmocka_unit_test(evolve_async),
        cmocka_unit_test(evolve_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
