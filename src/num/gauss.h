/* SPDX-License-Identifier: BSD-3-Clause */
/* Quadrature rules. */
#ifndef KI_SRC_NUM_GAUSS_H
#define KI_SRC_NUM_GAUSS_H

/* Gauss-Legendre nodes (ascending) and weights on [-1, 1]. */
extern const double ki_gl6_x[6], ki_gl6_w[6];
extern const double ki_gl10_x[10], ki_gl10_w[10];
extern const double ki_gl16_x[16], ki_gl16_w[16];
extern const double ki_gl40_x[40], ki_gl40_w[40];

/* Indefinite integration: row i integrates the interpolating polynomial from -1 to node i. */
extern const double ki_gl16_integral[16][16];

/* Step of the equal-step rule on the real line for Int f(x) N(x; mean, w^2) dx, f analytic and
 * bounded in the strip |Im x| < pi/2 (tanh and what is made of it), relative error about 1e-15:
 * moving the line by id costs exp(-2 pi d/h) times the growth exp(d^2/2w^2) of the Gaussian; d is
 * pi/2 where the poles stop it, and 2 pi w^2/h, its best value, before that. */
double ki_strip_step(double w);

#endif
