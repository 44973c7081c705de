/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation of ki_replicas() fails in turn: it says so, leaves its outputs as they were and
 * frees what it had; a run that is cancelled frees everything too. */
#include "ki_test.h"

#include <kinising/simulate.h>

#include "fail_alloc.h"

enum { N = 5, R = 130, T = 6 };

typedef struct outputs {
    ki_ensemble_result summary;
    double m[N], c[N * N], d[N * N], spin[N], edge[N * N], before[N];
} outputs;

static const double H[N] = {0.1, 0, -0.3, 0.2, 0};
static const double J[N * N] = {0, 0.5, 0.1, -0.2, 0, 0.3, 0, 0, 0.4, 0, 0.1, -0.7};
static const ki_network network = {N, H, J, 1};

static int call(int dynamics, const ki_run_options *run, outputs *o) {
    const ki_replicas_spec spec = {.dynamics = dynamics, .replicas = R, .steps = T, .average = 1};
    const ki_replicas_out out = {o->m, o->c, o->d, o->spin, o->edge, NULL, o->before};
    memset(o, 55, sizeof *o);
    return ki_replicas(&network, &spec, run, &o->summary, &out);
}

static void assert_untouched(const outputs *o) {
    outputs before;
    memset(&before, 55, sizeof before);
    assert_memory_equal(o, &before, sizeof before);
}

static void allocations(void **state) {
    (void)state;
    const ki_run_options two = {2, NULL, NULL};
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        outputs o;
        int k;
        for (k = 0;; k++) {
            ki_fail_at = k;
            const int error = call(dynamics, &two, &o);
            ki_fail_at = -1;
            assert_int_equal(ki_live_blocks, 0);
            if (error == 0)
                break;
            assert_int_equal(error, KI_ERR_NOMEM);
            assert_true(ki_is_sentence(ki_last_error()));
            assert_untouched(&o);
            assert_true(k < 1000);
        }
        assert_true(k >= 2 && o.m[0] > -1 && o.m[0] < 1);
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
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        outputs o;
        assert_int_equal(call(dynamics, &run, &o), KI_ERR_CANCELLED);
        assert_untouched(&o);
        assert_int_equal(ki_live_blocks, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations),
        cmocka_unit_test(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
