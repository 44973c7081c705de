/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments that many functions take, checked in one place with one sentence each. Each returns 0 or
 * KI_ERR_ARGUMENT, with the sentence in ki_last_error(). */
#ifndef KI_SRC_BASE_CHECK_H
#define KI_SRC_BASE_CHECK_H

#include <stdint.h>

#include <kinising/model.h>

/* The most spins that 32-bit indices can number. */
#define KI_MOST_SPINS INT32_MAX

/* 0 (all) to 4096. */
int ki_check_threads(int threads);

/* KI_SYNC or KI_ASYNC, exactly one. */
int ki_check_dynamics(int dynamics);

/* 1 to KI_MOST_SPINS. */
int ki_check_spins(uint64_t n);

/* No NaN, no infinity. */
int ki_check_finite(const char *name, double value);

/* Finite and not negative. */
int ki_check_scale(const char *name, double value);

/* beta, dJ and dH not negative, J0, dJ and dH finite; beta may be infinite unless `finite`. */
int ki_check_point(const ki_theory_params *p, int finite);

/* In [-1, 1]; `index` < 0 is no index. */
int ki_check_mean(const char *name, int64_t index, double value);

/* 0 or 1. */
int ki_check_flag(const char *name, int value);

/* Not NULL; `right` says what would be right, such as "a place for the result". */
int ki_check_pointer(const char *name, const void *pointer, const char *right);

#endif
