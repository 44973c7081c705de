/* SPDX-License-Identifier: BSD-3-Clause */
/* The exact theory against values it had no part in: the tables of make_tables.py (mpmath), the
 * reference values of the project, closed forms.
 *   [m-sync] [q-sync] [k] [S-sync] [Sr-sync] [sigma-sync] [sigma-async] [chi] [T0] [two-cycle]
 *   [critical] [sigma-t] [C-sync] [C-async], all of the [model]. */
#include "ki_test.h"

#include <kinising/kinising.h>

#include "oracle_tables.h"

/* The promises of theory.h. Next to the critical point m and what follows from it are ill-conditioned:
 * 1e-8 at a relative distance of 1e-6, of which the temperature itself is rounded at 1e-16. */
#define SYNC 1e-10
#define ASYNC 1e-8
#define CRITICAL 1e-8

static double distance_from_critical(const ki_theory_params *p) {
    double root;
    int status;
    ki_theory_params mirror = *p;
    mirror.J0 = fabs(p->J0);
    if (isinf(p->beta) || ki_critical(&mirror, KI_BETA, &root, &status) || status != KI_CONVERGED)
        return INFINITY;
    return fabs(p->beta / root - 1);
}

static void value(const char *name, const ki_theory_params *p, double got, double exact,
                  double rtol) {
    char where[160];
    snprintf(where, sizeof where, "%s at beta %.17g J0 %g dJ %g dH %g", name, p->beta, p->J0, p->dJ,
             p->dH);
    if (isnan(exact)) /* not in the table */
        return;
    /* Below 1e-300 nothing is promised but that it is as small. */
    assert_close_at(where, got, exact, rtol, fabs(exact) < 1e-300 ? 1e-300 : 0);
}

static void theory_tables(void **state) {
    (void)state;
    const size_t n = sizeof theory_table / sizeof *theory_table;
    size_t near = 0;
    assert_true(n >= 60);
    for (size_t i = 0; i < n; i++) {
        const ki_theory_params p = {theory_table[i].beta, theory_table[i].J0, theory_table[i].dJ,
                                    theory_table[i].dH};
        ki_theory_result r;
        assert_int_equal(ki_theory(&p, KI_SYNC | KI_ASYNC, &r), 0);
        assert_int_equal(r.status, KI_CONVERGED);
        const double away = distance_from_critical(&p);
        const double order = away < 1e-5 ? CRITICAL : SYNC;
        near += away < 1e-5;
        value("m", &p, r.m, theory_table[i].m, order);
        value("q", &p, r.q, theory_table[i].q, order);
        value("chi", &p, r.chi, theory_table[i].chi, order);
        value("k", &p, r.k, theory_table[i].k, SYNC);
        value("S", &p, r.S, theory_table[i].S, SYNC);
        value("Sr", &p, r.Sr, theory_table[i].Sr, SYNC);
        value("sigma", &p, r.sigma, theory_table[i].sigma, SYNC);
        value("sigma_over_beta", &p, r.sigma_over_beta, theory_table[i].sigma_over_beta, SYNC);
        value("sigma_async", &p, r.sigma_async, theory_table[i].sigma_async, ASYNC);
        value("sigma_async_over_beta", &p, r.sigma_async_over_beta,
              theory_table[i].sigma_async_over_beta, ASYNC);
        assert_string_equal(ki_phase_name(r.phase), theory_table[i].phase);
    }
    assert_true(near >= 6); /* the points at a distance of 1e-6 are among them */
}

/* The project's older reference values, said to be good to 1e-11 (1e-9 for sigma_async, which is true
 * up to beta = 2; at beta = 4 and 20 with dJ = 1 they are off by 2e-9 and 9e-7, see the table above). */
static void reference_values(void **state) {
    (void)state;
    const size_t n = sizeof reference_theory / sizeof *reference_theory;
    assert_int_equal(n, 20);
    for (size_t i = 0; i < n; i++) {
        const ki_theory_params p = {reference_theory[i].beta, reference_theory[i].J0,
                                    reference_theory[i].dJ, reference_theory[i].dH};
        ki_theory_result r;
        assert_int_equal(ki_theory(&p, KI_SYNC | KI_ASYNC, &r), 0);
        assert_close(r.m, reference_theory[i].m, 2e-11, 0);
        assert_close(r.q, reference_theory[i].q, 2e-11, 1e-30);
        assert_close(r.k, reference_theory[i].k, 2e-11, 0);
        assert_close(r.S, reference_theory[i].S, 2e-11, 0);
        assert_close(r.Sr, reference_theory[i].Sr, 2e-11, 0);
        assert_close(r.sigma, reference_theory[i].sigma, 2e-11, 0);
        assert_close(r.sigma_async, reference_theory[i].sigma_async,
                     p.beta * p.dJ > 10 ? 2e-6 : 1e-8, 0);
    }
}

static int parameter(const char *name) {
    static const char *const names[] = {"beta", "J0", "dJ", "dH"};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    fail_msg("unknown parameter %s", name);
    return -1;
}

static void critical_tables(void **state) {
    (void)state;
    const size_t n = sizeof critical_table / sizeof *critical_table;
    size_t none = 0;
    assert_true(n >= 12);
    for (size_t i = 0; i < n; i++) {
        const ki_theory_params p = {critical_table[i].beta, critical_table[i].J0,
                                    critical_table[i].dJ, critical_table[i].dH};
        double root;
        int status;
        assert_int_equal(ki_critical(&p, parameter(critical_table[i].phase), &root, &status), 0);
        none += isnan(critical_table[i].root) ? 1 : 0;
        assert_int_equal(status,
                         isnan(critical_table[i].root) ? KI_NO_ORDERED_PHASE : KI_CONVERGED);
        /* Where the line runs almost along beta the root is ill-conditioned. */
        assert_close(root, critical_table[i].root, critical_table[i].root > 20 ? 1e-12 : 1e-13, 0);
    }
    assert_true(none >= 1);
}

static void transient_tables(void **state) {
    (void)state;
    const size_t n = sizeof transient_table / sizeof *transient_table;
    assert_true(n >= 24);
    for (size_t i = 0; i < n; i++) {
        enum { STEPS = 20 };
        const ki_theory_params p = {transient_table[i].beta, transient_table[i].J0,
                                    transient_table[i].dJ, transient_table[i].dH};
        const size_t t = (size_t)transient_table[i].t;
        double m[STEPS + 1], q[STEPS + 1], S[STEPS + 1], Sr[STEPS + 1], sigma[STEPS + 1];
        const ki_transient out = {NULL, m, q, S, Sr, sigma, NULL};
        assert_true(t <= STEPS);
        assert_int_equal(ki_transient_sync(&p, transient_table[i].m0, STEPS, 2, NULL, &out), 0);
        assert_close(m[t], transient_table[i].m, 1e-12, 1e-13);
        assert_close(S[t], transient_table[i].S, 1e-12, 1e-13);
        assert_close(Sr[t], transient_table[i].Sr, 1e-11, 1e-12);
        assert_close(sigma[t], transient_table[i].sigma, 1e-11, 1e-12);
        if (t >= 2)
            assert_close(q[t], transient_table[i].C2, 1e-11, 1e-12);
    }
}

static void autocorrelation_tables(void **state) {
    (void)state;
    const size_t n = sizeof autocorrelation_table / sizeof *autocorrelation_table;
    assert_true(n >= 20);
    for (size_t i = 0; i < n; i++) {
        const ki_theory_params p = {autocorrelation_table[i].beta, autocorrelation_table[i].J0,
                                    autocorrelation_table[i].dJ, autocorrelation_table[i].dH};
        double C;
        assert_int_equal(ki_autocorrelation(&p, KI_ASYNC, 1, &autocorrelation_table[i].tau, &C), 0);
        assert_close(C, autocorrelation_table[i].C, 0, 1e-9);
    }
}

/* Zero temperature without field, closed forms: m = erf(J0 m/(sqrt2 dJ)), F(c) = (2/pi) arcsin c. */
static void zero_temperature(void **state) {
    (void)state;
    const ki_theory_params disordered = {INFINITY, 1, 1, 0};
    ki_theory_result r;
    assert_int_equal(ki_theory(&disordered, KI_SYNC, &r), 0);
    assert_close(r.sigma_over_beta, sqrt(2 / M_PI), 1e-15, 0);
    assert_close(r.chi, sqrt(2 / M_PI) / (1 - sqrt(2 / M_PI)), 1e-14, 0);
    assert_true(isinf(r.sigma) && r.S == 0 && r.k == 0 && r.m == 0 && r.q == 0);
    const ki_theory_params ordered = {INFINITY, 2, 1, 0};
    assert_int_equal(ki_theory(&ordered, KI_SYNC, &r), 0);
    assert_close(erf(2 * r.m / M_SQRT2), r.m, 1e-15, 0);
    /* Defect 8-9 of the survey of peers: the boundary at T = 0 is sqrt(2/pi), not beta = 13.4's. */
    double root;
    int status;
    assert_int_equal(ki_critical(&ordered, KI_DJ, &root, &status), 0);
    assert_close(root, 2 * sqrt(2 / M_PI), 1e-14, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(theory_tables),          cmocka_unit_test(reference_values),
        cmocka_unit_test(critical_tables),        cmocka_unit_test(transient_tables),
        cmocka_unit_test(autocorrelation_tables), cmocka_unit_test(zero_temperature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
