/* SPDX-License-Identifier: BSD-3-Clause */
#include "exact_sum.h"

#include <math.h>
#include <string.h>

/* A limb takes this many additions of less than 2^32 each before it could overflow, with room to
 * spare. */
enum { MAX_PENDING = 1 << 28 };
static const int64_t LIMB = INT64_C(1) << 32;

/* Carries towards the top; all limbs but the last end up in 0..2^32 - 1. */
static void carry(int64_t *limb) {
    for (int i = 0; i + 1 < KI_EXACT_LIMBS; i++) {
        const int64_t low = limb[i] & (LIMB - 1);
        limb[i + 1] += (limb[i] - low) / LIMB;
        limb[i] = low;
    }
}

static void negate(int64_t *limb) {
    for (int i = 0; i < KI_EXACT_LIMBS; i++)
        limb[i] = -limb[i];
}

void ki_exact_sum_canonical(ki_exact_sum *sum) {
    carry(sum->limb);
    if (sum->limb[KI_EXACT_LIMBS - 1] < 0) {
        negate(sum->limb);
        carry(sum->limb);
        negate(sum->limb);
    }
    sum->pending = 0;
}

/* Adds sign * integer * 2^exponent. */
static void add_integer(ki_exact_sum *sum, int sign, uint64_t integer, int exponent) {
    const unsigned position = (unsigned)(exponent + KI_EXACT_BIAS), shift = position % 32;
    int64_t *limb = sum->limb + position / 32;
    const uint64_t low = (integer & 0xFFFFFFFFu) << shift, high = (integer >> 32) << shift;
    const uint64_t middle = (low >> 32) + (high & 0xFFFFFFFFu); /* below 2^33 */
    limb[0] += sign * (int64_t)(low & 0xFFFFFFFFu);
    limb[1] += sign * (int64_t)middle;
    limb[2] += sign * (int64_t)(high >> 32);
}

static void make_room(ki_exact_sum *sum, uint32_t additions) {
    if (sum->pending > MAX_PENDING - additions) {
        carry(sum->limb);
        sum->pending = 0;
    }
    sum->pending += additions;
}

/* |x| = integer * 2^exponent, x finite. */
static uint64_t split(double x, int *exponent) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int field = (int)(bits >> 52 & 0x7FF);
    const uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    *exponent = (field ? field : 1) - 1075;
    return field ? fraction | UINT64_C(1) << 52 : fraction;
}

void ki_exact_sum_add(ki_exact_sum *sum, double x) {
    int exponent;
    if (!isfinite(x)) {
        sum->special++;
        return;
    }
    const uint64_t integer = split(x, &exponent);
    make_room(sum, 1);
    add_integer(sum, signbit(x) ? -1 : 1, integer, exponent);
}

void ki_exact_sum_add_square(ki_exact_sum *sum, double x) {
    int exponent;
    if (!isfinite(x)) {
        sum->special++;
        return;
    }
    const uint64_t integer = split(x, &exponent);
    const uint64_t low = integer & 0xFFFFFFFFu, high = integer >> 32;
    make_room(sum, 6);
    add_integer(sum, 1, low * low, 2 * exponent);
    add_integer(sum, 1, 2 * low * high, 2 * exponent + 32);
    add_integer(sum, 1, high * high, 2 * exponent + 64);
}

void ki_exact_sum_merge(ki_exact_sum *sum, const ki_exact_sum *from) {
    /* Limbs with carries made are worth one addition each; the top one holds little. */
    ki_exact_sum tidy = *from;
    carry(tidy.limb);
    make_room(sum, 1);
    for (int i = 0; i < KI_EXACT_LIMBS; i++)
        sum->limb[i] += tidy.limb[i];
    sum->special += from->special;
}

/* The size of a canonical sum, rounded. */
static double round_size(const int64_t *limb) {
    int top = KI_EXACT_LIMBS - 1;
    while (top > 0 && limb[top] == 0)
        top--;
    /* 64 leading bits, the lowest of them standing for all that follow. */
    uint64_t word[3] = {0};
    for (int i = 0; i < 3 && i <= top; i++)
        word[i] = (uint64_t)limb[top - i];
    if (word[0] == 0)
        return 0;
    const int spare = __builtin_clzll(word[0]) - 32; /* 0..31 */
    uint64_t lead = word[0] << (32 + spare) | word[1] << spare | word[2] >> (32 - spare);
    uint64_t rest = word[2] << (32 + spare);
    for (int i = 0; i < top - 2; i++)
        rest |= (uint64_t)limb[i];
    /* The value is lead.rest * 2^exponent with lead in [2^63, 2^64). */
    const int exponent = 32 * (top - 1) - spare - KI_EXACT_BIAS;
    if (exponent > 1023 - 63)
        return HUGE_VAL;
    const int drop = exponent + 11 < -1074 ? -1074 - exponent : 11; /* bits that do not fit */
    if (drop > 64)
        return 0;
    uint64_t kept = drop < 64 ? lead >> drop : 0;
    const uint64_t half = UINT64_C(1) << (drop - 1), below = lead & (2 * half - 1);
    kept += below > half || (below == half && (rest || (kept & 1)));
    return ldexp((double)kept, exponent + drop);
}

static double value_of(ki_exact_sum *tidy) {
    ki_exact_sum_canonical(tidy);
    int negative = 0;
    for (int i = 0; i < KI_EXACT_LIMBS && !negative; i++)
        negative = tidy->limb[i] < 0;
    if (negative)
        negate(tidy->limb);
    const double size = round_size(tidy->limb);
    if (negative)
        negate(tidy->limb);
    return negative ? -size : size;
}

double ki_exact_sum_value(const ki_exact_sum *sum) {
    ki_exact_sum tidy = *sum;
    return sum->special ? (double)NAN : value_of(&tidy);
}

int ki_exact_sum_room(const ki_exact_sum *sum) {
    ki_exact_sum tidy = *sum;
    int top = KI_EXACT_LIMBS - 1;

    ki_exact_sum_canonical(&tidy);
    while (top >= 0 && tidy.limb[top] == 0)
        top--;
    const int room = KI_EXACT_BIAS / 32 - top;
    return top < 0 ? KI_EXACT_LIMBS + 1 : room > 0 ? room : 0;
}

ki_pair ki_exact_sum_pair(const ki_exact_sum *sum, int limbs) {
    ki_exact_sum tidy = *sum;
    if (sum->special)
        return (ki_pair){(double)NAN, (double)NAN};
    if (limbs > 0) {
        ki_exact_sum_canonical(&tidy);
        memmove(tidy.limb + limbs, tidy.limb, (size_t)(KI_EXACT_LIMBS - limbs) * sizeof *tidy.limb);
        memset(tidy.limb, 0, (size_t)limbs * sizeof *tidy.limb);
    }
    const double hi = value_of(&tidy);
    if (isinf(hi))
        return (ki_pair){hi, 0};
    ki_exact_sum_add(&tidy, -hi);
    return (ki_pair){hi, value_of(&tidy)};
}
