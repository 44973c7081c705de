/* SPDX-License-Identifier: BSD-3-Clause */
/* One-time averages over the total field x = a + u + s z: a = beta J0 m, u uniform on (-D, D) with
 * D = beta dH, z standard normal with s = beta dJ. At zero temperature beta is left out of a, D and s. */
#ifndef KI_SRC_THEORY_FIELD_H
#define KI_SRC_THEORY_FIELD_H

#include <stddef.h>

enum { KI_FIELD_NODES = 320 };

typedef struct ki_field {
    double s, D;
    int form;                  /* how the gain is computed; see field.c */
    size_t n;                  /* nodes in use, padded to whole vectors with zero weights */
    double x[KI_FIELD_NODES];  /* nodes of the noise */
    double c2[KI_FIELD_NODES]; /* 2 cosh(2 x) */
    double w[KI_FIELD_NODES];  /* weights */
} ki_field;

/* Prepares the node table, which does not depend on a; s >= 0, D >= 0 finite. */
void ki_field_init(ki_field *f, double s, double D);

/* <tanh x>/a for a >= 0, by continuity <sech^2 x> at a = 0; relative error about 1e-15. [m-sync] */
double ki_field_gain(const ki_field *f, double a);

/* k = <sech^2 x> and S = <ln 2cosh x - x tanh x>, any a, relative accuracy. [k] [S-sync] */
void ki_field_averages(const ki_field *f, double a, double *k, double *S);

/* Zero temperature: <sign x>/a for a >= 0 (s = D = 0: +inf at a = 0) and the density of x at 0. */
double ki_field_gain_zero(double s, double D, double a);
double ki_field_density_zero(double s, double D, double a);

#endif
