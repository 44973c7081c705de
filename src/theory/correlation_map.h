/* SPDX-License-Identifier: BSD-3-Clause */
/* The map of two-time autocorrelations,
 *     F(c; a, b) = < E tanh(a + u + s x) tanh(b + u + s y) >,  corr(x, y) = c,            [C-sync]
 * u uniform on (-D, D) and shared; at zero temperature tanh becomes sign. */
#ifndef KI_SRC_THEORY_CORRELATION_MAP_H
#define KI_SRC_THEORY_CORRELATION_MAP_H

#include <stddef.h>

/* Noise and mean of a steady state; a >= 0, s >= 0, D >= 0. */
typedef struct ki_map {
    double a, s, D;
    int zero_temperature;
    int rough; /* ki_map_defect and ki_map_value to 1e-8 only, at a fifth of the cost */
} ki_map;

/* 1 - F(1 - p; a, a) with relative accuracy, 0 <= p <= 1; *slope (may be NULL) gets dF/dc. */
double ki_map_defect(const ki_map *map, double p, double *slope);

/* F(c; a, a) with relative accuracy when it is small, 0 <= c <= 1/2; *slope gets dF/dc. */
double ki_map_value(const ki_map *map, double c, double *slope);

/* F(c; a, b) for any -1 < c < 1 and signs of a, b (map->a is not used); absolute accuracy about
 * 1e-14. At zero temperature s must be positive. */
double ki_map_general(const ki_map *map, double a, double b, double c);

#endif
