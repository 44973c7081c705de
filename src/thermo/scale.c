/* SPDX-License-Identifier: BSD-3-Clause */
/* Units of entropy production, and p-values of many tests. */
#include <kinising/thermo.h>

#include <math.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"

int ki_entropy_scale(const ki_raster *raster, int per, int bits, double *factor) {
    ki_raster_summary s;
    int error = ki_check_pointer("factor", factor, "a place for it");

    error = error ? error : ki_check_flag("bits", bits);
    error = error ? error : ki_raster_summarize(raster, &s, NULL);
    if (error)
        return error;
    if (per < KI_PER_STEP || per > KI_PER_SECOND)
        return ki_fail(KI_ERR_ARGUMENT,
                       "per : %d is unknown : 0 (step), 1 (spin), 2 (spike) or 3 "
                       "(second)",
                       per);
    if (per == KI_PER_SPIKE && s.spikes == 0)
        return ki_fail(KI_ERR_ARGUMENT, "per spike : the recording has none : per step");
    if (per == KI_PER_SECOND && isnan(s.width))
        return ki_fail(KI_ERR_ARGUMENT,
                       "per second : the width of a bin is not known : give it in seconds");
    const double by[] = {1, (double)s.units, (double)s.spikes / (double)s.bins, s.width};
    *factor = (bits ? 1 / log(2) : 1) / by[per];
    return 0;
}

typedef struct ranked {
    double p;
    size_t at;
} ranked;

static int rising(const void *a, const void *b) {
    const ranked *x = a, *y = b;

    return x->p < y->p ? -1 : x->p > y->p ? 1 : x->at < y->at ? -1 : x->at > y->at;
}

int ki_adjust_p(int adjustment, uint64_t n, const double *p, double *q) {
    int error = ki_check_pointer("p", p, "p-values");
    size_t m = 0;

    error = error ? error : ki_check_pointer("q", q, "room for them");
    if (!error && adjustment != KI_ADJUST_BH && adjustment != KI_ADJUST_HOLM)
        error =
            ki_fail(KI_ERR_ARGUMENT, "adjustment : %d is unknown : 0 (bh) or 1 (holm)", adjustment);
    for (size_t i = 0; i < n && !error; i++)
        if (!isnan(p[i]) && !(p[i] >= 0 && p[i] <= 1))
            error = ki_fail(KI_ERR_ARGUMENT, "p : %g of test %zu : from 0 to 1", p[i], i);
    if (error)
        return error;
    ranked *r = ki_alloc((size_t)n, sizeof *r);
    if (!r)
        return ki_fail(KI_ERR_NOMEM, "p : no memory for so many tests : fewer");
    for (size_t i = 0; i < n; i++) {
        q[i] = p[i];
        if (!isnan(p[i]))
            r[m++] = (ranked){p[i], i};
    }
    qsort(r, m, sizeof *r, rising);
    double bound = adjustment == KI_ADJUST_HOLM ? 0 : 1;
    for (size_t k = 0; k < m; k++) {
        const size_t rank = adjustment == KI_ADJUST_HOLM ? k : m - 1 - k;
        const double left = (double)(m - rank), share = (double)m / (double)(rank + 1);
        const double value = fmin(1, r[rank].p * (adjustment == KI_ADJUST_HOLM ? left : share));
        bound = adjustment == KI_ADJUST_HOLM ? fmax(bound, value) : fmin(bound, value);
        q[r[rank].at] = bound;
    }
    ki_free(r);
    return 0;
}
