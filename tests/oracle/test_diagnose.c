/* SPDX-License-Identifier: BSD-3-Clause */
/* [regime] on recordings of which the network is known: mu, b, g, kappa, entropies, the verdict; threads. */
#include "ki_test.h"

#include "ki_rasters.h"

#include "raster/raster.h"

static const char *path;

/* The networks that the recordings were drawn with, and values of a numpy prototype. */
static const struct {
    const char *name;
    double mu, b, g; /* of the network */
    double sigma, S,
        kappa; /* of the recording: corrected, whole network; per unit; of Firth's fit */
    int regime;
    unsigned doubts;
} known[] = {
    /* g is at the border: 1.1016. */
    {"critical_n20", 1.4684180872766635, 0.6558731428825634, 1.1016371009108012, 2.123486147328043,
     0.3936666301433867, 0.15432164754718689, KI_ORDERED, 1u << KI_DOUBT_PROBABILITY},
    {"ordered_n20", 2.057053658646867, 1.069344566904302, 1.1956722388636, 1.6690507549670652,
     0.21543796820052907, 0.15249147569643648, KI_ORDERED, 0},
    {"quasi_n20", 4.394005903808199, 3.9633866981604355, 0.8625948539756596, 32.36668956370589,
     0.13145474128045373, -0.0003446145210536366, KI_QUASI_DETERMINISTIC, 0},
    {"weak_n20", 0.6642934501739074, 0.29804064274559106, 0.6137509357743164, 1.506176352671738,
     0.637183497283625, 0.02000324280917132, KI_WEAK, 0}};

static void four_regimes(void **state) {
    (void)state;
    ki_raster *r = ki_test_open_raster(path);
    size_t k = 0;
    ki_diagnosis d;

    while (!strstr(path, known[k].name))
        assert_true(++k < sizeof known / sizeof known[0]);
    assert_int_equal(ki_diagnose(r, NULL, NULL, NULL, &d), 0);
    printf(
        "# mu %.4f +- %.4f b %.4f +- %.4f g %.4f +- %.4f with more cosines %.4f, effective %.2f\n",
        d.mu.value, d.mu.sd, d.b.value, d.b.sd, d.g.value, d.g.sd, d.g_more, d.effective);
    /* Three standard deviations, each a false alarm once in 370. */
    assert_true(fabs(d.mu.value - known[k].mu) < 3 * d.mu.sd);
    assert_true(fabs(d.b.value - known[k].b) < 3 * d.b.sd);
    assert_true(fabs(d.g.value - known[k].g) < 3 * d.g.sd);
    assert_true(d.mu.low < d.mu.value && d.mu.value < d.mu.high);
    assert_close_at("sigma", d.sigma.value * (double)r->units, known[k].sigma, 1e-6, 0);
    assert_close_at("S", d.S.value, known[k].S, 1e-6, 0);
    assert_close_at("kappa", d.kappa.value, known[k].kappa, 0.05, 1e-3);
    assert_close_at("ratio", d.ratio.value, d.sigma.value / d.S.value, 1e-12, 0);
    assert_int_equal(d.regime, known[k].regime);
    assert_int_equal(d.doubts, known[k].doubts);
    assert_int_equal(d.verdict, known[k].doubts ? KI_CANNOT_TELL : known[k].regime);
    assert_true(d.effective > 0.3);
    for (int test = 0; test < KI_N_MISFITS; test++)
        assert_true(fabs(d.misfit[test].z) < 4 &&
                    d.misfit[test].dof > (test == KI_MISFIT_HISTORY ? 0 : 100));
    double all = 0;
    for (int regime = 0; regime < KI_N_REGIMES; regime++)
        all += d.probability[regime];
    assert_close_at("probabilities", all, 1, 1e-9, 0);
    ki_raster_free(r);
}

static void threads(void **state) {
    (void)state;
    ki_raster *r = ki_test_open_raster(path);
    const ki_diagnose_options o = {.draws = 300, .seed = 5, .cosines = 3};
    const ki_run_options one = {.threads = 1}, three = {.threads = 3};
    double a[2][6][300];
    ki_diagnosis d[2];

    memset(d, 0, sizeof d);
    for (int k = 0; k < 2; k++) {
        const ki_regime_draws to = {a[k][0], a[k][1], a[k][2], a[k][3], a[k][4], a[k][5]};
        assert_int_equal(ki_diagnose(r, &o, k ? &three : &one, &to, d + k), 0);
    }
    assert_memory_equal(a[0], a[1], sizeof a[0]);
    assert_memory_equal(d, d + 1, sizeof d[0]);
    ki_raster_free(r);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(four_regimes), cmocka_unit_test(threads)};

    path = argc > 1 ? argv[1] : "";
    return cmocka_run_group_tests_name("diagnose", tests, NULL, NULL);
}
