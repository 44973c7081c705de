/* SPDX-License-Identifier: BSD-3-Clause */
/* What sums over transitions need of each of them: functions of targets y (-1, 1, or 0 where a
 * transition does not count) and fields h of one row in a block of KI_BLOCK bins. */
#ifndef KI_SRC_INFER_KERNELS_H
#define KI_SRC_INFER_KERNELS_H

/* Residuals y - tanh h (-tanh h with `moment`) to `residual`; adds the sum of sech^2 h and the
 * number of transitions to *weight and *count. Returns what the block adds to the log-likelihood.
 * e [KI_BLOCK] is work space; residual may be h. */
double ki_score_row(const double *y, const double *h, double *e, int moment, double *residual,
                    double *weight, double *count);

/* sech^2 h, with `scores` (y - tanh h)^2, in place of the fields. */
void ki_weigh_row(const double *y, double *h, double *e, int scores);

/* 1 where |h| < 1, else 0, in place of the fields. */
void ki_mark_near(const double *y, double *h);

/* -tanh h sech^2 h q in place of the fields. */
void ki_leverage_row(const double *y, double *h, double *e, const double *q);

#endif
