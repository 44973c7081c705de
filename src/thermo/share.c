/* SPDX-License-Identifier: BSD-3-Clause */
/* Shares of units and pairs in the entropy production, with errors and p-values. */
#include <math.h>

#include "flips.h"
#include "job.h"
#include "num/sum.h"

void ki_entropy_shares(const ki_entropy_job *j) {
    const ki_pass *p = &j->pass;
    const size_t n = j->raster->units, parts = p->blocks;
    const double count = (double)j->part.count;
    const ki_entropy_result *o = &j->out;

    for (size_t i = 0; i < n; i++) {
        if (o->unit)
            o->unit[i] = 0;
        if (o->unit_error)
            o->unit_error[i] = 0;
        if (o->unit_p)
            o->unit_p[i] = NAN;
    }
    for (size_t r = 0; r < p->fitted; r++) {
        const size_t i = p->unit[r];
        const double others = (double)(p->n - 1) - j->column[i];
        if (o->unit)
            o->unit[i] = ki_entropy_row_sigma(j, r) - others / count -
                         ki_sum(KI_LEADS, p->leads + r * KI_LEADS) -
                         (p->likelihood ? p->cox_snell[r] : 0);
        if (o->unit_error)
            o->unit_error[i] = ki_entropy_error(
                ki_part_variance(&j->part, p->batches, p->batch, p->psi + r * KI_BATCHES),
                3 * others / (count * count));
        if (o->unit_p && parts) {
            double statistic;
            o->unit_p[i] = ki_flip_test(parts, p->gram + r * KI_FLIP_BLOCKS * KI_FLIP_BLOCKS,
                                        j->spec.seed, j->spec.flips, &statistic);
        }
    }
    for (size_t a = 0; a < n && (o->pair || o->pair_p); a++)
        for (size_t b = 0; b < n; b++) {
            const int both = a != b && j->column[a] && j->column[b] && j->status[a] != KI_SILENT &&
                             j->status[b] != KI_SILENT && j->status[a] != KI_SATURATED &&
                             j->status[b] != KI_SATURATED;
            const double force = j->J[a * n + b] - j->J[b * n + a];
            if (o->pair)
                o->pair[a * n + b] = a == b ? NAN
                                     : both ? force * j->current[a * n + b] - 2 / count
                                            : 0;
            if (o->pair_p)
                o->pair_p[a * n + b] =
                    both ? erfc(fabs(force) /
                                sqrt(2 * (p->variance[a * n + b] + p->variance[b * n + a])))
                         : NAN;
        }
}
