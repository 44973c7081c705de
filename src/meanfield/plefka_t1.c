/* SPDX-License-Identifier: BSD-3-Clause */
/* [plefka-t1] Plefka[t-1]. */
#include "base/error.h"
#include "method.h"

static int none(mf_problem *p, const mf_state *before, mf_state *after) {
    (void)p;
    (void)before;
    (void)after;
    return ki_fail(KI_ERR_UNSUPPORTED, "method : plefka-t1 is being written : another one");
}

const mf_method ki_mf_plefka_t1 = {
    .name = "plefka-t1", .m_alone = 1, .reads_C = 1, .magnetizations = none, .correlations = none};
