/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of equal g in the plane of mu and b [regime]. */
#include <math.h>

#include <kinising/diagnose.h>

#include "base/check.h"
#include "num/tanh_gauss.h"

int ki_regime_border(const ki_prior *prior, double g, size_t n, const double *b, double *mu) {
    int error = ki_check_pointer("prior", prior, "an ensemble");

    error = error ? error : ki_check_finite("g", g);
    error = error ? error : ki_check_finite("field", prior->field);
    error = error ? error : ki_check_scale("field_sd", prior->field_sd);
    error = error || !n ? error : ki_check_pointer("b", b, "an array of n numbers");
    error = error || !n ? error : ki_check_pointer("mu", mu, "a place for n numbers");
    for (size_t k = 0; k < n && !error; k++)
        error = ki_check_scale("b", b[k]);
    for (size_t k = 0; k < n && !error; k++) {
        double mean, slope;
        ki_tanh_average(prior->field, hypot(b[k], prior->field_sd), &mean, &slope);
        mu[k] = g / slope;
    }
    return error;
}
