/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of groups of four units: the states of both are a byte, so that one addition to one of 256
 * sums stands for 16 products of pairs, in the first cache. The sums are turned into those of pairs
 * at the end of a block by additions and subtractions (Walsh, Hadamard). */
#include "tally.h"

#include <string.h>

#include "waves.h"

enum { STATES = 256, HALF = 16 };

static const uint8_t *bytes_of(const ki_tally_block *b, size_t g) {
    return b->columns->before + g * b->columns->stride + b->first;
}

/* Units of byte g that there are. */
static size_t units_of(const ki_columns *c, size_t g) {
    return c->units - 8 * g < 8 ? c->units - 8 * g : 8;
}

KI_CLONES
static void look_up(size_t count, const uint8_t *a, const ki_v8 *table, ki_v8 *f) {
    for (size_t t = 0; t < count; t++)
        f[t] += table[a[t]];
}

KI_CLONES
static void look_up_two(size_t count, const uint8_t *a, const uint8_t *b, const ki_v8 *table,
                        ki_v8 *f) {
    for (size_t t = 0; t < count; t++)
        f[t] += table[a[t]] + table[STATES + b[t]];
}

KI_CLONES
static void put(size_t count, const ki_v8 *x, ki_v8 *f) {
    const ki_v8 value = *x;
    for (size_t t = 0; t < count; t++)
        f[t] = value;
}

/* f_t += sum_j x_j s_j(t), x [N]. */
static void add_states(const ki_tally_block *b, const ki_v8 *x, ki_v8 *f) {
    const ki_columns *c = b->columns;
    ki_v8 *table = b->space->table;

    for (size_t g = 0; g < c->bytes; g += 2) {
        ki_state_sums(units_of(c, g), x + 8 * g, table);
        if (g + 1 == c->bytes) {
            look_up(b->count, bytes_of(b, g), table, f);
        } else {
            ki_state_sums(units_of(c, g + 1), x + 8 * (g + 1), table + STATES);
            look_up_two(b->count, bytes_of(b, g), bytes_of(b, g + 1), table, f);
        }
    }
}

void ki_tally_fields(const ki_tally_block *b, const ki_v8 *theta, ki_v8 *f) {
    const ki_columns *c = b->columns;

    put(b->count, theta, f);
    add_states(b, theta + 1, f);
    ki_waves_fields(b, theta + 1 + c->units, f);
}

KI_CLONES
static void count_up(size_t count, const uint8_t *a, const ki_v8 *w, ki_v8 *table) {
    for (size_t t = 0; t < count; t++)
        table[a[t]] += w[t];
}

KI_CLONES
static void count_up_two(size_t count, const uint8_t *a, const uint8_t *b, const ki_v8 *w,
                         ki_v8 *table) {
    for (size_t t = 0; t < count; t++) {
        const ki_v8 x = w[t];
        table[a[t]] += x;
        table[STATES + b[t]] += x;
    }
}

/* sum[0] += sum_t w_t, sum[1 + u] += sum_t w_t s_u(t) over the N units. */
static void count_states(const ki_tally_block *b, const ki_v8 *w, ki_v8 *sum) {
    const ki_columns *c = b->columns;
    ki_v8 *table = b->space->table, part[9];

    for (size_t g = 0; g < c->bytes; g += 2) {
        const size_t two = g + 1 < c->bytes ? 2 : 1;
        memset(table, 0, two * STATES * sizeof *table);
        if (two == 2)
            count_up_two(b->count, bytes_of(b, g), bytes_of(b, g + 1), w, table);
        else
            count_up(b->count, bytes_of(b, g), w, table);
        for (size_t h = 0; h < two; h++) {
            ki_walsh_sums(8, table + h * STATES, part);
            for (size_t k = 0; k < units_of(c, g + h); k++)
                sum[1 + 8 * (g + h) + k] += part[k];
            if (g + h == 0)
                sum[0] += part[8];
        }
    }
}

void ki_tally_moments(const ki_tally_block *b, const ki_v8 *w, ki_v8 *sum) {
    count_states(b, w, sum);
    ki_waves_moments(b, w, sum + 1 + b->columns->units);
}

KI_CLONES
static void join(size_t count, const uint8_t *low, const uint8_t *high, uint8_t *both) {
    for (size_t t = 0; t < count; t++)
        both[t] = (uint8_t)(high[t] << 4 | low[t]);
}

/* The states of groups g and h of 4 units, g in the low bits. */
static const uint8_t *join_two(const ki_tally_block *b, size_t g, size_t h, int which) {
    uint8_t *index = b->space->index + which * KI_TALLY;

    join(b->count, b->space->half + g * KI_TALLY, b->space->half + h * KI_TALLY, index);
    return index;
}

/* Sums [16] over the low bits of s, and sums over the high ones. */
KI_CLONES
static void margins(const ki_v8 *table, ki_v8 *low, ki_v8 *high) {
    memset(low, 0, HALF * sizeof *low);
    for (size_t h = 0; h < HALF; h++) {
        ki_v8 all = {0};
        for (size_t g = 0; g < HALF; g++) {
            all += table[HALF * h + g];
            low[g] += table[HALF * h + g];
        }
        high[h] = all;
    }
}

/* Adds sums of one group [16] to the field and its units. */
static void add_within(const ki_columns *c, size_t g, const ki_v8 *sums, ki_v8 *packed) {
    const size_t n = ki_columns_width(c);

    for (size_t j = 0; j < 4 && 4 * g + j < c->units; j++) {
        const size_t row = 1 + 4 * g + j;
        for (size_t s = 0; s < HALF; s++) {
            const int on = s >> j & 1;
            ki_v8 *linear = packed + ki_packed(n, 0, row), *at = packed + ki_packed(n, row, row);
            *linear = on ? *linear + sums[s] : *linear - sums[s];
            for (size_t k = j; k < 4 && 4 * g + k < c->units; k++, at++)
                *at = on == (int)(s >> k & 1) ? *at + sums[s] : *at - sums[s];
        }
    }
    if (g == 0)
        for (size_t s = 0; s < HALF; s++)
            packed[0] += sums[s];
}

/* Adds the sums of the states of groups g < h to pairs of their units. */
static void add_between(const ki_columns *c, size_t g, size_t h, ki_v8 *table, ki_v8 *packed) {
    const size_t n = ki_columns_width(c), groups = c->halves;
    ki_v8 low[HALF], high[HALF], part[5], order[5][HALF];

    if (h == g + 1) {
        margins(table, low, high);
        add_within(c, g, low, packed);
        if (h + 1 == groups)
            add_within(c, h, high, packed);
    }
    for (size_t s = 0; s < HALF; s++) {
        ki_walsh_sums(4, table + HALF * s, part);
        for (size_t j = 0; j < 4; j++)
            order[j][s] = part[j];
    }
    for (size_t j = 0; j < 4 && 4 * g + j < c->units; j++) {
        ki_walsh_sums(4, order[j], part);
        for (size_t k = 0; k < 4 && 4 * h + k < c->units; k++)
            packed[ki_packed(n, 1 + 4 * g + j, 1 + 4 * h + k)] += part[k];
    }
}

void ki_tally_squares(const ki_tally_block *b, const ki_v8 *w, ki_v8 *packed) {
    const ki_columns *c = b->columns;
    const size_t groups = c->halves;
    ki_v8 *table = b->space->table;

    ki_tally_split(b);
    for (size_t g = 0; g + 1 < groups; g++)
        for (size_t h = g + 1; h < groups; h += 2) {
            const size_t two = h + 1 < groups ? 2 : 1;
            const uint8_t *first = join_two(b, g, h, 0);
            memset(table, 0, two * STATES * sizeof *table);
            if (two == 2)
                count_up_two(b->count, first, join_two(b, g, h + 1, 1), w, table);
            else
                count_up(b->count, first, w, table);
            for (size_t k = 0; k < two; k++)
                add_between(c, g, h + k, table + k * STATES, packed);
        }
    ki_waves_squares(b, w, packed);
}

/* What the pairs of groups g < h, and those within g (and h, if it is the last one), add. */
KI_CLONES
static void make_pair_table(const ki_columns *c, size_t g, size_t h, const ki_v8 *m, ki_v8 *table) {
    const size_t n = ki_columns_width(c), groups = c->halves;
    const ki_v8 zero = {0};
    ki_v8 low[HALF], high[HALF], x[4];

    for (size_t s = 0; s < HALF; s++)
        low[s] = high[s] = zero;
    for (size_t which = 0; which < 2 && h == g + 1; which++) {
        const size_t at = which ? h : g;
        if (which && h + 1 < groups)
            break;
        for (size_t s = 0; s < HALF; s++)
            for (size_t j = 0; j < 4 && 4 * at + j < c->units; j++) {
                const size_t row = 1 + 4 * at + j;
                ki_v8 sum = m[ki_packed(n, 0, row)];
                for (size_t k = j; k < 4 && 4 * at + k < c->units; k++) {
                    const ki_v8 value = m[ki_packed(n, row, row + k - j)];
                    /* s_j s_k, with s_j taken out */
                    sum = (s >> k & 1) ? sum + value : sum - value;
                }
                ki_v8 *to = which ? high + s : low + s;
                *to = (s >> j & 1) ? *to + sum : *to - sum;
            }
    }
    for (size_t s = 0; s < HALF; s++) {
        for (size_t k = 0; k < 4; k++) {
            x[k] = zero;
            for (size_t j = 0; j < 4 && 4 * h + k < c->units; j++) {
                const ki_v8 value = m[ki_packed(n, 1 + 4 * g + j, 1 + 4 * h + k)];
                x[k] = (s >> j & 1) ? x[k] + value : x[k] - value;
            }
        }
        ki_v8 sum = low[s] - x[0] - x[1] - x[2] - x[3];
        ki_v8 *row = table + s;
        row[0] = sum;
        for (size_t k = 0; k < 4; k++)
            for (size_t p = 0; p < (size_t)1 << k; p++)
                row[HALF * (((size_t)1 << k) + p)] = row[HALF * p] + 2 * x[k];
    }
    for (size_t s = 0; s < STATES && h + 1 == groups && h == g + 1; s++)
        table[s] += high[s / HALF];
}

void ki_tally_quadratic(const ki_tally_block *b, const ki_v8 *m, ki_v8 *q) {
    const ki_columns *c = b->columns;
    const size_t groups = c->halves;
    ki_v8 *table = b->space->table;

    ki_tally_split(b);
    put(b->count, m, q);
    for (size_t g = 0; g + 1 < groups; g++)
        for (size_t h = g + 1; h < groups; h += 2) {
            const uint8_t *first = join_two(b, g, h, 0);
            make_pair_table(c, g, h, m, table);
            if (h + 1 < groups) {
                make_pair_table(c, g, h + 1, m, table + STATES);
                look_up_two(b->count, first, join_two(b, g, h + 1, 1), table, q);
            } else {
                look_up(b->count, first, table, q);
            }
        }
    ki_waves_quadratic(b, m, q);
}

KI_CLONES
void ki_tally_targets(const ki_tally_block *b, size_t group, ki_v8 *y) {
    const ki_i8 lanes = {0, 1, 2, 3, 4, 5, 6, 7}, zero = {0};
    const ki_i8 one = zero + 0x3FF0000000000000LL; /* bits of 1.0 */
    const uint8_t *after = b->columns->after + group * b->columns->stride + b->first;

    for (size_t t = 0; t < b->count; t++) {
        const ki_i8 off = zero + (long long)~after[t];
        const ki_i8 value = one | (off >> lanes & 1) << 63;
        memcpy(y + t, &value, sizeof value);
    }
}
