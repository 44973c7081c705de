/* SPDX-License-Identifier: BSD-3-Clause */
#include "chi_squared.h"

#include <math.h>

double ki_chi_squared_tail(double x, double freedom) {
    const double a = freedom / 2, z = x / 2;

    if (isnan(x) || !(freedom > 0))
        return NAN;
    if (!(z > 0))
        return 1;
    const double front = exp(a * log(z) - z - lgamma(a));
    if (z < a + 1) { /* series of the lower tail */
        double term = 1 / a, sum = term;
        for (double k = a + 1; term > 1e-17 * sum; k++)
            sum += term *= z / k;
        return fmax(0, 1 - front * sum);
    }
    /* Continued fraction of the upper tail, by Lentz. */
    double b = z + 1 - a, c = 1e300, d = 1 / b, h = d, change = 0;
    for (double k = 1; fabs(change - 1) > 1e-16 && k < 1e6; k++) {
        b += 2;
        d = 1 / (b - k * (k - a) * d);
        c = b - k * (k - a) / c;
        h *= change = d * c;
    }
    return front * h;
}
