/* SPDX-License-Identifier: BSD-3-Clause */
/* Intervals. */
#ifndef KI_SRC_DIAGNOSE_SUMMARY_H
#define KI_SRC_DIAGNOSE_SUMMARY_H

#include <stddef.h>

#include <kinising/diagnose.h>

/* Of an estimate with a normal error. */
ki_interval ki_normal_interval(double value, double sd);

/* Of draws x [n]; `sorted` [n] is overwritten and may be x. NaN if one of them is not finite. */
ki_interval ki_draws_interval(size_t n, const double *x, double *sorted);

/* Quantile p of x [n], rising. */
double ki_sorted_quantile(size_t n, const double *x, double p);

/* Sorts x. */
void ki_sort(size_t n, double *x);

#endif
