/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of arguments: what passes, what does not, and the whole sentence; the lists of words. */
#include "ki_test.h"

#include <math.h>

#include <kinising/kinising.h>

#include "base/check.h"

static void refused(int error, const char *sentence) {
    assert_int_equal(error, KI_ERR_ARGUMENT);
    assert_string_equal(ki_last_error(), sentence);
}

static void ranges(void **state) {
    (void)state;
    assert_int_equal(ki_check_threads(0), 0);
    assert_int_equal(ki_check_threads(4096), 0);
    refused(ki_check_threads(-1), "threads : -1 is out of range : 0 (all) to 4096");
    refused(ki_check_threads(4097), "threads : 4097 is out of range : 0 (all) to 4096");
    assert_int_equal(ki_check_spins(1), 0);
    assert_int_equal(ki_check_spins(2147483647), 0);
    refused(ki_check_spins(0), "N : 0 is out of range : 1 to 2147483647");
    refused(ki_check_spins(UINT64_C(2147483648)),
            "N : 2147483648 is out of range : 1 to 2147483647");
    assert_int_equal(ki_check_flag("average", 0) | ki_check_flag("average", 1), 0);
    refused(ki_check_flag("average", 2), "average : 2 is neither : 0 or 1");
    assert_int_equal(ki_check_pointer("J", state, "couplings"), 0);
    refused(ki_check_pointer("J", NULL, "couplings"), "J : is NULL : couplings");
}

static void choices(void **state) {
    (void)state;
    assert_int_equal(ki_check_dynamics(KI_SYNC) | ki_check_dynamics(KI_ASYNC), 0);
    refused(ki_check_dynamics(0), "dynamics : 0 is unknown : synchronous (1) or asynchronous (2)");
    refused(ki_check_dynamics(KI_SYNC | KI_ASYNC),
            "dynamics : 3 is unknown : synchronous (1) or asynchronous (2)");
}

static void numbers(void **state) {
    (void)state;
    assert_int_equal(ki_check_finite("J0", -1e308), 0);
    refused(ki_check_finite("J0", NAN), "J0 : nan is not finite : a finite number");
    refused(ki_check_finite("J0", -INFINITY), "J0 : -inf is not finite : a finite number");
    assert_int_equal(ki_check_scale("dJ", 0) | ki_check_scale("dJ", -0.0), 0);
    refused(ki_check_scale("dJ", -0.5), "dJ : -0.5 is negative : a value >= 0");
    refused(ki_check_scale("dJ", INFINITY), "dJ : inf is not finite : a finite number");
    assert_int_equal(ki_check_mean("m0", -1, -1) | ki_check_mean("m0", -1, 1), 0);
    refused(ki_check_mean("m0", -1, 1.5), "m0 : 1.5 is no magnetization : -1 to 1");
    refused(ki_check_mean("m", 3, NAN), "m[3] : nan is no magnetization : -1 to 1");
}

static void points(void **state) {
    (void)state;
    const ki_theory_params good = {2, -1, 0.5, 0.1};
    ki_theory_params p = good;
    assert_int_equal(ki_check_point(&p, 1), 0);
    p.beta = INFINITY;
    assert_int_equal(ki_check_point(&p, 0), 0);
    refused(ki_check_point(&p, 1), "beta : inf is not finite : a finite number");
    p.beta = -INFINITY;
    refused(ki_check_point(&p, 0), "beta : -inf is not finite : a finite number");
    p.beta = NAN;
    refused(ki_check_point(&p, 0), "beta : nan is not finite : a finite number");
    p = good;
    p.J0 = INFINITY;
    refused(ki_check_point(&p, 0), "J0 : inf is not finite : a finite number");
    p = good;
    p.dJ = -1;
    refused(ki_check_point(&p, 0), "dJ : -1 is negative : a value >= 0");
    p = good;
    p.dH = NAN;
    refused(ki_check_point(&p, 0), "dH : nan is not finite : a finite number");
}

/* The numbers are part of the interface: they are in files and in other languages' bindings. */
static void words(void **state) {
    (void)state;
    static const char *const status[] = {
        "ok",       "not-converged", "no-ordered-phase", "unsolved", "not-steady",
        "unstable", "unphysical",    "separated",        "silent",   "saturated",
        "no-root",  "too-short",     "few-flips",        "?"};
    static const char *const method[] = {"naive",     "plefka-t1t", "plefka-t",
                                         "plefka-t1", "plefka2-t",  "?"};
    static const char *const phase[] = {"paramagnetic", "ferromagnetic", "two-cycle", "?"};
    for (size_t i = 0; i < sizeof status / sizeof *status; i++)
        assert_string_equal(ki_status_name((int)i), status[i]);
    for (int i = 0; i < 6; i++)
        assert_string_equal(ki_method_name(i), method[i]);
    for (int i = 0; i < 4; i++)
        assert_string_equal(ki_phase_name(i), phase[i]);
    static const char *const start[] = {"up", "random", "theory", "?"};
    static const char *const dynamics[] = {"?", "sync", "async", "?"};
    for (int i = 0; i < 4; i++) {
        assert_string_equal(ki_start_name(i), start[i]);
        assert_string_equal(ki_dynamics_name(i), dynamics[i]);
    }
    assert_int_equal(KI_N_METHODS, 5);
    assert_string_equal(ki_status_name(-1), "?");
    assert_string_equal(ki_status_meaning(KI_NO_ORDERED_PHASE),
                        "there is no order-disorder transition");
    assert_string_equal(ki_status_meaning(999), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges), cmocka_unit_test(choices), cmocka_unit_test(numbers),
        cmocka_unit_test(points), cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
