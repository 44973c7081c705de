/* SPDX-License-Identifier: BSD-3-Clause */
/* The stationary law and the slowest mode. [exact] */
#ifndef KI_SRC_EXACT_STATIONARY_H
#define KI_SRC_EXACT_STATIONARY_H

#include "law.h"

/* Law in s->p, and in `r` gap, relaxation_time, residual, gap_residual, law_error and status. Fails
 * by cancellation alone. */
int ki_stationary_find(ki_chain *c, ki_law *s, const ki_exact_spec *spec, ki_exact_result *r);

#endif
