/* SPDX-License-Identifier: BSD-3-Clause */
/* The scalar equation of every second-order mean field: theta + V tanh(theta) = y. */
#ifndef KI_SRC_NUM_TAP_H
#define KI_SRC_NUM_TAP_H

#include <stddef.h>
#include <stdint.h>

enum { KI_TAP_BLOCK = 64 };

/* How equations went; starts as zeros and is added to. */
typedef struct ki_tap_stat {
    double residual;    /* largest error of a tanh(theta), as far as the last steps tell */
    uint64_t unsolved;  /* errors above 1e-12, or nothing finite */
    uint64_t ambiguous; /* V < -1: up to three roots, the one on the side of y was taken */
} ki_tap_stat;

/* t[i] = tanh(theta), i < n <= KI_TAP_BLOCK, by Newton steps that approach the root from one side;
 * at most some 200 of them whatever V and y are. t(-y) = -t(y) to the last bit. What is not finite
 * in V or y gives NaN. The bits of an element depend on its whole block. */
void ki_tap_block(size_t n, const double *V, const double *y, double *t, ki_tap_stat *stat);

/* The same for any n. */
void ki_tap(size_t n, const double *V, const double *y, double *t, ki_tap_stat *stat);

#endif
