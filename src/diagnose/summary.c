/* SPDX-License-Identifier: BSD-3-Clause */
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/sum.h"

ki_interval ki_normal_interval(double value, double sd) {
    const double half = 1.959963984540054 * sd;

    return (ki_interval){value, sd, value - half, value + half};
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void ki_sort(size_t n, double *x) {
    qsort(x, n, sizeof *x, compare);
}

double ki_sorted_quantile(size_t n, const double *x, double p) {
    const double at = p * (double)(n - 1);
    const size_t k = (size_t)at;
    const double part = at - (double)k;

    return k + 1 < n ? x[k] + part * (x[k + 1] - x[k]) : x[n - 1];
}

ki_interval ki_draws_interval(size_t n, const double *x, double *sorted) {
    const double mean = ki_sum(n, x) / (double)n;
    double square = 0;

    if (!isfinite(mean))
        return (ki_interval){NAN, NAN, NAN, NAN};
    for (size_t k = 0; k < n; k++)
        square += (x[k] - mean) * (x[k] - mean);
    if (sorted != x)
        memcpy(sorted, x, n * sizeof *sorted);
    ki_sort(n, sorted);
    return (ki_interval){mean, sqrt(square / (double)(n - 1)), ki_sorted_quantile(n, sorted, 0.025),
                         ki_sorted_quantile(n, sorted, 0.975)};
}
