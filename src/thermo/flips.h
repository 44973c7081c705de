/* SPDX-License-Identifier: BSD-3-Clause */
/* Random signs of blocks [flips]. */
#ifndef KI_SRC_THERMO_FLIPS_H
#define KI_SRC_THERMO_FLIPS_H

#include <stddef.h>
#include <stdint.h>

/* Share of sign vectors s, of the one that is all ones and `flips` random ones, with s.gram s at least
 * that of the former: *statistic. gram [blocks,blocks], blocks <= 64. */
double ki_flip_test(size_t blocks, const double *gram, uint64_t seed, uint64_t flips,
                    double *statistic);

#endif
