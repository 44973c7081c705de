/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels.h"

#include <math.h>
#include <string.h>

#include "num/simd.h"
#include "num/vecmath.h"
#include "raster/block.h"

/* exp(-2|h|) of one row. */
static void decay(const double *h, double *e) {
    for (size_t t = 0; t < KI_BLOCK; t++)
        e[t] = -2 * fabs(h[t]);
    ki_vexp(KI_BLOCK, e, e);
}

/* a where the mask is set, b elsewhere: vectors are neither given to functions nor returned, since
 * their way depends on the instruction set. */
#define CHOOSE(mask, a, b) ((ki_v8)(((ki_i8)(a) & (mask)) | ((ki_i8)(b) & ~(mask))))

/* KI_LANES doubles from x + t on. */
#define LOAD(name, x)                                                                              \
    ki_v8 name;                                                                                    \
    memcpy(&name, (x) + t, sizeof name)

/* What a block adds to the log-likelihood of a row; residuals y - tanh h to `residual` (-tanh h
 * with `moment`), and the sum of sech^2 h and the number of transitions to the two sums. With
 * 1 + exp(-2|h|) multiplied up, there is one logarithm for KI_BLOCK / KI_LANES of them. */
KI_CLONES
double ki_score_row(const double *y, const double *h, double *e, int moment, double *residual,
                    double *weight, double *count) {
    const ki_v8 zero = {0}, one = zero + 1, two = zero + 2;
    ki_v8 product = one, sum = zero, squares = zero, used = zero;
    double all = 0;

    decay(h, e);
    for (size_t t = 0; t < KI_BLOCK; t += KI_LANES) {
        LOAD(a, y);
        LOAD(b, h);
        LOAD(x, e);
        const ki_v8 on = a * a, half = one / (one + x), size = CHOOSE(b < zero, -b, b);
        /* y - tanh h = 2 y right/(1 + x) */
        const ki_v8 right = CHOOSE(a * b > zero, x, one);
        const ki_v8 th = CHOOSE(b < zero, x - one, one - x) * half * on;
        const ki_v8 rest = moment ? -th : two * a * right * half;
        product *= one + x * on;
        sum += (moment ? zero : a * b) - size * on;
        squares += x * half * half * on;
        used += on;
        memcpy(residual + t, &rest, sizeof rest);
    }
    for (size_t k = 0; k < KI_LANES; k++) {
        all += sum[k] - log(product[k]);
        *weight += 4 * squares[k];
        *count += used[k];
    }
    return all;
}

/* Weights of one row in place of its fields. */
KI_CLONES
void ki_weigh_row(const double *y, double *h, double *e, int scores) {
    const ki_v8 zero = {0}, one = zero + 1, four = zero + 4;

    decay(h, e);
    for (size_t t = 0; t < KI_BLOCK; t += KI_LANES) {
        LOAD(a, y);
        LOAD(b, h);
        LOAD(x, e);
        const ki_v8 half = one / (one + x), right = CHOOSE(a * b > zero, x, one) * half;
        const ki_v8 w = four * (scores ? right * right : x * half * half) * a * a;
        memcpy(h + t, &w, sizeof w);
    }
}

void ki_mark_near(const double *y, double *h) {
    for (size_t t = 0; t < KI_BLOCK; t++)
        h[t] = fabs(h[t]) < 1 ? y[t] * y[t] : 0;
}

/* -tanh h sech^2 h q in place of the fields. */
KI_CLONES
void ki_leverage_row(const double *y, double *h, double *e, const double *q) {
    const ki_v8 zero = {0}, one = zero + 1, four = zero + 4;

    decay(h, e);
    for (size_t t = 0; t < KI_BLOCK; t += KI_LANES) {
        LOAD(a, y);
        LOAD(b, h);
        LOAD(x, e);
        LOAD(leverage, q);
        const ki_v8 half = one / (one + x);
        const ki_v8 th = CHOOSE(b < zero, one - x, x - one) * half;
        const ki_v8 value = th * four * x * half * half * a * a * leverage;
        memcpy(h + t, &value, sizeof value);
    }
}
