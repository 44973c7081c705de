/* SPDX-License-Identifier: BSD-3-Clause */
#include "root.h"

#include <float.h>
#include <math.h>

double ki_root_bracketed(ki_scalar_fn f, void *ctx, double a, double fa, double b, double fb,
                         double rtol, int *evaluations) {
    double c = a, fc = fa, t = 0.5;
    if (fa == 0)
        return a;
    if (fb == 0)
        return b;
    /* b is the newest point, [a, b] the bracket after each exchange, c the point that left it. The
     * first step is a secant: bracket ends here are usually good ones. */
    t = fa / (fa - fb);
    t = fmin(fmax(t, 1e-3), 1 - 1e-3);
    for (int i = 0; i < 200; i++) {
        const double x = a + t * (b - a);
        const double fx = f(ctx, x);
        ++*evaluations;
        if (signbit(fx) == signbit(fa)) {
            c = a;
            fc = fa;
        } else {
            c = b;
            fc = fb;
            b = a;
            fb = fa;
        }
        a = x;
        fa = fx;
        const double best = fabs(fa) < fabs(fb) ? a : b;
        const double width = fabs(b - a);
        const double tolerance = 0.5 * (rtol + 2 * DBL_EPSILON) * fabs(best) / width;
        if (fa == 0 || fb == 0 || tolerance >= 0.5 || width == 0)
            return best;
        /* Inverse quadratic interpolation only where it is monotone between the points. */
        const double xi = (a - b) / (c - b), phi = (fa - fb) / (fc - fb);
        t = 0.5;
        if (phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi) {
            t = fa / (fb - fa) * fc / (fb - fc) +
                (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb);
        }
        t = fmin(fmax(t, tolerance), 1 - tolerance);
    }
    return fabs(fa) < fabs(fb) ? a : b;
}
