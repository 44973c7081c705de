/* SPDX-License-Identifier: BSD-3-Clause */
/* Likelihood ratio of the symmetric network [symmetric]. */
#include "chi_squared.h"
#include "infer/fit.h"
#include "job.h"
#include "symmetric.h"

void ki_entropy_take_symmetric(ki_cursor *c, size_t n, ki_network_rows *r) {
    r->H = ki_take(c, n, sizeof(double));
    r->J = ki_take(c, n * n, sizeof(double));
    r->log_likelihood = ki_take(c, n, sizeof(double));
    r->status = ki_take(c, n, sizeof(int));
}

int ki_entropy_symmetric(ki_entropy_job *j) {
    const ki_fit_spec spec = {.firth = KI_FIRTH_AUTO};
    const ki_network_rows *net = &j->symmetric;
    ki_fit_result f = {
        .H = net->H, .J = net->J, .log_likelihood = net->log_likelihood, .status = net->status};
    ki_symmetric s = {.part = &j->part,
                      .fitted = j->pass.fitted,
                      .n = j->pass.n,
                      .unit = j->unit,
                      .column = j->columns,
                      .H = net->H,
                      .J = net->J};
    ki_run_options run = ki_entropy_stage(j);
    ki_entropy_outcome *out = j->out.test + KI_TEST_SYMMETRIC;
    int error = ki_fit_on(j->raster, j->part.lead[0], j->part.count, &spec, &run, &f, NULL),
        failed = 0;

    j->stage++;
    if (error)
        return error;
    double likely = 0;
    for (size_t r = 0; r < s.fitted; r++) {
        likely += net->log_likelihood[j->unit[r]];
        failed |= net->status[j->unit[r]] == KI_NOT_CONVERGED;
        if (net->status[j->unit[r]] == KI_SEPARATED)
            out->status = KI_SEPARATED;
    }
    run = ki_entropy_stage(j);
    error = ki_symmetric_fit(&s, &run);
    j->stage++;
    if (error)
        return error;
    j->symmetric_found = s.converged;
    if (!s.converged || failed || s.ties == 0) {
        out->status = KI_NOT_CONVERGED;
        return 0;
    }
    out->statistic = 2 * (likely - s.log_likelihood);
    out->p_value = ki_chi_squared_tail(out->statistic, (double)s.ties);
    return 0;
}
