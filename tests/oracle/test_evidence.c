/* SPDX-License-Identifier: BSD-3-Clause */
/* [evidence] against a numpy prototype and kinising.reference; its network; threads. */
#include "ki_test.h"

#include "ki_rasters.h"

#include "raster/raster.h"

static const char *path;

/* What must come out without cosines, by a prototype, and with 10, by kinising.reference. */
static const struct {
    const char *name;
    double mu, b, mu_10, b_10;
} expected[] = {
    {"critical_n20", 1.4675197845900316, 0.6534050187208871, 1.4674075542800638,
     0.6536287915092518},
    {"ordered_n20", 2.0677545262219303, 1.0849867403643736, 2.0683330258056403, 1.0853508808620576},
    {"asymmetric_n10", 0.9848223302671604, 1.0894333631462743, 0.9847123003765603,
     1.0894712526236943},
    {"cold_n10", 2.3180254412744956, 1.9754684464865175, 2.3180042475259004, 1.975490856223409},
    {"quasi_n20", 4.34970012461617, 3.916935985565941, 4.350336075520667, 3.9169343106273007},
    {"weak_n20", 0.6641638715270972, 0.30518043052727806, 0.6635135267342147, 0.30526154795333893}};

/* mu <sech^2(b z + field + field_sd z')>, z and z' standard normals, by equal steps. */
static double slope(const ki_prior *p) {
    const double width = sqrt(p->b * p->b + p->field_sd * p->field_sd);
    double sum = 0, all = 0;

    for (int k = -8000; k <= 8000; k++) {
        const double z = k * 1e-3, weight = exp(-z * z / 2), c = cosh(width * z + p->field);
        sum += weight / (c * c);
        all += weight;
    }
    return p->mu * sum / all;
}

static void reference(void **state) {
    (void)state;
    ki_raster *r = ki_test_open_raster(path);
    ki_prior p;
    size_t at = 0;

    assert_int_equal(ki_evidence(r, 0, NULL, &p, NULL), 0);
    printf("# %d sweeps: mu %.6f b %.6f field %.5f %.5f self %.5f %.5f\n", (int)p.sweeps, p.mu, p.b,
           p.field, p.field_sd, p.self, p.self_sd);
    assert_int_equal(p.status, KI_CONVERGED);
    while (at < sizeof expected / sizeof expected[0] && !strstr(path, expected[at].name))
        at++;
    assert_true(at < sizeof expected / sizeof expected[0]);
    assert_close_at("mu", p.mu, expected[at].mu, 5e-4, 0);
    assert_close_at("b", p.b, expected[at].b, 5e-4, 0);
    /* Without drift cosines leave the slope of m at 0 where it is. */
    const double without = slope(&p);
    assert_int_equal(ki_evidence(r, 10, NULL, &p, NULL), 0);
    printf("# with cosines: mu %.6f b %.6f slope %.4f, without %.4f\n", p.mu, p.b, slope(&p),
           without);
    assert_close_at("slope with cosines", slope(&p), without, 3e-3, 0);
    assert_close_at("mu with cosines", p.mu, expected[at].mu_10, 2e-4, 0);
    assert_close_at("b with cosines", p.b, expected[at].b_10, 2e-4, 0);
    ki_raster_free(r);
}

static void threads(void **state) {
    (void)state;
    ki_raster *r = ki_test_open_raster(path);
    const size_t n = r->units;
    double *a = malloc(4 * (n + n * n) * sizeof *a), *b = a + 2 * (n + n * n);
    const ki_posterior first = {a, a + n, a + n + n * n, a + 2 * n + n * n};
    const ki_posterior second = {b, b + n, b + n + n * n, b + 2 * n + n * n};
    const ki_run_options one = {.threads = 1}, three = {.threads = 3};
    ki_prior p, q;

    assert_int_equal(ki_evidence(r, 10, &one, &p, &first), 0);
    assert_int_equal(ki_evidence(r, 10, &three, &q, &second), 0);
    assert_memory_equal(a, b, 2 * (n + n * n) * sizeof *a);
    assert_true(p.mu == q.mu && p.b == q.b && p.sweeps == q.sweeps);
    /* The network is a member of its ensemble: mean and mean square of its posterior. */
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j) {
                const double J = first.J[i * n + j], sd = first.J_sd[i * n + j];
                sum += J;
                squares += (J - p.mu / (double)n) * (J - p.mu / (double)n) + sd * sd;
            }
    const double N = (double)n;
    assert_close_at("mu of the network", sum / (N - 1), p.mu, 1e-4, 0);
    assert_close_at("b of the network", sqrt(squares / (N - 1)), p.b, 1e-4, 0);
    free(a);
    ki_raster_free(r);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(reference), cmocka_unit_test(threads)};

    path = argc > 1 ? argv[1] : "";
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
