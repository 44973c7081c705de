/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation of the functions of exact.h fails in turn: they say so, leave their outputs as
 * they were and free what they had. What ki_exact_memory() says is what is taken. [exact] */
#include "ki_test.h"

#include <kinising/exact.h>

#include "base/memory.h"
#include "fail_alloc.h"

enum { N = 4, STATES = 1 << N, LAGS = 3, BINS = 8 };

static const double H[N] = {0.1, 0, -0.3, 0.2};
static const double J[N * N] = {0, 0.5, 0.1, -0.2, 0.3, 0, 0, 0.4, 0.1, -0.7, 0, 0, 1, 0, 0, 0};
static const ki_network network = {N, H, J, 1};

typedef struct outputs {
    ki_exact_result r;
    ki_exact_fluctuation_result f;
    double p[STATES], m[N], C[N * N], D[N * N], c[N * N], d[N * N], spin[N], edge[N * N];
    double lags[LAGS], edges[BINS + 1], probability[BINS];
} outputs;

enum { FUNCTIONS = 4 };

static int call(int function, int dynamics, const ki_run_options *run, outputs *o) {
    static const double even[STATES] = {0.0625, 0.0625, 0.0625, 0.0625, 0.0625, 0.0625,
                                        0.0625, 0.0625, 0.0625, 0.0625, 0.0625, 0.0625,
                                        0.0625, 0.0625, 0.0625, 0.0625};
    static const double tau[LAGS] = {0, 1, 3}, m0[N] = {0};
    const ki_exact_spec spec = {.dynamics = dynamics};
    const ki_exact_out out = {o->p, o->m, o->C, o->D, o->c, o->d, o->spin, o->edge};
    memset(o, 55, sizeof *o);
    switch (function) {
    case 0:
        return ki_exact(&network, &spec, run, &o->r, &out);
    case 1:
        return ki_exact_evolve(&network, dynamics, m0, 3, run, &o->r, &out);
    case 2:
        return ki_exact_autocorrelation(&network, dynamics, even, LAGS, tau, run, o->lags);
    default:
        return ki_exact_fluctuations(&network, dynamics, even, BINS, run, &o->f, o->edges,
                                     o->probability);
    }
}

static void assert_untouched(const outputs *o) {
    outputs before;
    memset(&before, 55, sizeof before);
    assert_memory_equal(o, &before, sizeof before);
}

static void allocations(void **state) {
    (void)state;
    const ki_run_options two = {2, NULL, NULL};
    for (int function = 0; function < FUNCTIONS; function++) {
        for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
            outputs o;
            int k;
            for (k = 0;; k++) {
                ki_fail_at = k;
                const int error = call(function, dynamics, &two, &o);
                ki_fail_at = -1;
                assert_int_equal(ki_live_blocks, 0);
                if (error == 0)
                    break;
                assert_int_equal(error, KI_ERR_NOMEM);
                assert_true(ki_is_sentence(ki_last_error()));
                assert_untouched(&o);
                assert_true(k < 1000);
            }
            assert_true(k > 0);
        }
    }
}

static int stop(void *user, uint64_t done, uint64_t total) {
    (void)user;
    (void)done;
    (void)total;
    return 1;
}

static void cancelled(void **state) {
    (void)state;
    const ki_run_options run = {1, stop, NULL};
    for (int function = 0; function < FUNCTIONS; function++) {
        for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
            outputs o;
            assert_int_equal(call(function, dynamics, &run, &o), KI_ERR_CANCELLED);
            assert_untouched(&o);
            assert_int_equal(ki_live_blocks, 0);
        }
    }
}

/* All is taken at once, but for what goes with times and bins. */
static void memory_is_what_is_said(void **state) {
    (void)state;
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        uint64_t bytes;
        outputs o;
        assert_int_equal(ki_exact_memory(N, dynamics, &bytes), 0);
        size_t most = 0;
        for (int function = 0; function < FUNCTIONS; function++) {
            ki_most_bytes = 0;
            assert_int_equal(call(function, dynamics, NULL, &o), 0);
            most = ki_most_bytes > most ? ki_most_bytes : most;
            assert_true(ki_most_bytes <= bytes);
        }
        assert_int_equal(most, bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(memory_is_what_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
