/* SPDX-License-Identifier: BSD-3-Clause */
/* What the synchronous and the asynchronous relaxation share. */
#ifndef KI_SRC_THEORY_TRANSIENT_H
#define KI_SRC_THEORY_TRANSIENT_H

#include <kinising/theory.h>

#include "field.h"

/* One-time averages while the magnetization is m: what depends on the field built from it. */
typedef struct ki_moment {
    double a; /* beta J0 m */
    double M; /* <tanh x> */
    double k; /* <sech^2 x> */
    double S; /* <ln 2cosh x - x tanh x> */
    double B; /* beta <H tanh x> */
} ki_moment;

void ki_moment_at(const ki_field *field, double a, ki_moment *out);

/* Argument checks common to both; 0 or KI_ERR_ARGUMENT. */
int ki_check_transient(const char *function, const ki_theory_params *p, double m0, size_t n,
                       size_t lag, size_t most, const ki_transient *out);

/* Copies finished columns (NULL ones are skipped). */
void ki_copy_column(double *to, const double *from, size_t n);

#endif
