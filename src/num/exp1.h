/* SPDX-License-Identifier: BSD-3-Clause */
/* exp for loops that the compiler is to vectorise, and what is made of it on the spot. */
#ifndef KI_SRC_NUM_EXP1_H
#define KI_SRC_NUM_EXP1_H

#include <string.h>

/* exp on [-708, 709]: x = n ln 2 + r, |r| <= ln2/2, Taylor to r^13 (next term 4e-18). */
static inline double exp1(double x) {
    const double magic = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer */
    const double clamped = x > 709 ? 709 : (x < -708 ? -708 : x);
    const double shifted = clamped * 1.4426950408889634074 + magic;
    const double n = shifted - magic;
    const double r = (clamped - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    /* The low bits of `shifted` hold n; moving them into the exponent field multiplies by 2^n. */
    long long bits;
    memcpy(&bits, &shifted, sizeof bits);
    const unsigned long long scale_bits = ((unsigned long long)bits + 1023ULL) << 52;
    double scale;
    memcpy(&scale, &scale_bits, sizeof scale);
    return x < -708 ? 0 : p * scale;
}

#endif
