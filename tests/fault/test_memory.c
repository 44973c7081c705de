/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation of the theory fails in turn: the call says so, leaves its outputs as they were
 * and frees what it had. */
#include "ki_test.h"

#include <kinising/kinising.h>

#include "fail_alloc.h"

enum { N = 6, SIDE = N + 1 };

typedef struct outputs {
    double column[6][SIDE], C[SIDE * SIDE];
    ki_transient view;
} outputs;

static void fill(outputs *o) {
    memset(o, 0, sizeof *o);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < SIDE; j++)
            o->column[i][j] = 12345;
    for (int i = 0; i < SIDE * SIDE; i++)
        o->C[i] = 12345;
    o->view = (ki_transient){o->column[0], o->column[1], o->column[2], o->column[3],
                             o->column[4], o->column[5], o->C};
}

static void assert_untouched(const outputs *o) {
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < SIDE; j++)
            assert_true(o->column[i][j] == 12345);
    for (int i = 0; i < SIDE * SIDE; i++)
        assert_true(o->C[i] == 12345);
}

typedef int (*call_fn)(outputs *o);

static const ki_theory_params point = {1.5, 1, 0.5, 0.2};
static const ki_run_options one_thread = {1, NULL, NULL};

static int call_sync(outputs *o) {
    return ki_transient_sync(&point, 0.5, N, 1, &one_thread, &o->view);
}

static int call_async(outputs *o) {
    ki_transient_info info;
    return ki_transient_async(&point, 0.5, 1.5, N, 1, 1e-5, &one_thread, &o->view, &info);
}

static int call_map(outputs *o) {
    ki_theory_params p[3] = {point, point, point};
    ki_theory_result r[3];
    memset(r, 0, sizeof r);
    r[0].m = 12345;
    const int error = ki_theory_map(3, p, KI_SYNC, &one_thread, r);
    if (error == 0)
        o->column[0][0] = r[0].m;
    else
        assert_true(r[0].m == 12345);
    return error;
}

static void fails_everywhere(call_fn call, int at_least) {
    outputs o;
    int k;
    for (k = 0;; k++) {
        fill(&o);
        ki_fail_at = k;
        const int error = call(&o);
        ki_fail_at = -1;
        assert_int_equal(ki_live_blocks, 0);
        if (error == 0)
            break;
        assert_int_equal(error, KI_ERR_NOMEM);
        assert_true(ki_is_sentence(ki_last_error()));
        assert_untouched(&o);
        assert_true(k < 1000);
    }
    /* The loop has seen failures at all, and the successful end wrote something. */
    assert_true(k >= at_least);
    assert_true(o.column[0][0] != 12345);
}

static void transient_sync(void **state) {
    (void)state;
    fails_everywhere(call_sync, 3);
}

static void transient_async(void **state) {
    (void)state;
    fails_everywhere(call_async, 7);
}

static void map(void **state) {
    (void)state;
    fails_everywhere(call_map, 1);
}

/* ki_theory, ki_critical and ki_autocorrelation promise to allocate nothing at all. */
static void no_allocation(void **state) {
    (void)state;
    ki_theory_result r;
    double root, C, tau = 1;
    int status;
    ki_fail_at = 0;
    assert_int_equal(ki_theory(&point, KI_SYNC | KI_ASYNC, &r), 0);
    assert_int_equal(ki_critical(&point, KI_BETA, &root, &status), 0);
    assert_int_equal(ki_autocorrelation(&point, KI_ASYNC, 1, &tau, &C), 0);
    ki_fail_at = -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transient_sync),
        cmocka_unit_test(transient_async),
        cmocka_unit_test(map),
        cmocka_unit_test(no_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
