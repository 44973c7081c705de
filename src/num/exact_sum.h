/* SPDX-License-Identifier: BSD-3-Clause */
/* Exact sums of doubles and of their squares: an integer wide enough for all of them. The order of
 * the terms and the way they are grouped cannot matter, to the last bit. */
#ifndef KI_SRC_NUM_EXACT_SUM_H
#define KI_SRC_NUM_EXACT_SUM_H

#include <stdint.h>

/* Limb i counts in units of 2^(32 i - 2160): below the square of the smallest subnormal (2^-2148),
 * up to 2^63 times the square of the largest double (2^2111). */
enum { KI_EXACT_LIMBS = 134, KI_EXACT_BIAS = 2160 };

/* A sum; all zero is zero. */
typedef struct ki_exact_sum {
    int64_t limb[KI_EXACT_LIMBS]; /* of any sign, carries pending */
    uint32_t pending;             /* additions since the carries were last made */
    uint64_t special;             /* terms that were NaN or infinite */
} ki_exact_sum;

/* A number as an unevaluated sum, |lo| <= ulp(hi)/2. */
typedef struct ki_pair {
    double hi, lo;
} ki_pair;

/* Adds x, or x^2 without rounding. NaN and infinities are counted apart. */
void ki_exact_sum_add(ki_exact_sum *sum, double x);
void ki_exact_sum_add_square(ki_exact_sum *sum, double x);

/* Adds all of `from`. */
void ki_exact_sum_merge(ki_exact_sum *sum, const ki_exact_sum *from);

/* The one form that each value has: all limbs of one sign and below 2^32 in size, nothing pending.
 * Equal sums then have equal bytes. */
void ki_exact_sum_canonical(ki_exact_sum *sum);

/* The value rounded to nearest, ties to even; infinite if too large, NaN if there were special
 * terms. */
double ki_exact_sum_value(const ki_exact_sum *sum);

/* The value times 2^(32 limbs), limbs >= 0, to twice the precision of a double: sums of squares may
 * be too small for one. */
ki_pair ki_exact_sum_pair(const ki_exact_sum *sum, int limbs);

/* How many limbs the value could move up and still be below 2^32, 0 if none; more than 134 for
 * zero. */
int ki_exact_sum_room(const ki_exact_sum *sum);

#endif
