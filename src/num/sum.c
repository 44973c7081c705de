/* SPDX-License-Identifier: BSD-3-Clause */
#include "sum.h"

static double fold8(const double s[8]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

double ki_sum(size_t n, const double *x) {
    double s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++)
            s[l] += x[i + l];
    for (size_t l = 0; i + l < n; l++)
        s[l] += x[i + l];
    return fold8(s);
}

double ki_dot(size_t n, const double *x, const double *y) {
    double s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++)
            s[l] += x[i + l] * y[i + l];
    for (size_t l = 0; i + l < n; l++)
        s[l] += x[i + l] * y[i + l];
    return fold8(s);
}

double ki_sum_squares(size_t n, const double *x, const double *w) {
    double s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++)
            s[l] += x[i + l] * x[i + l] * w[i + l];
    for (size_t l = 0; i + l < n; l++)
        s[l] += x[i + l] * x[i + l] * w[i + l];
    return fold8(s);
}
