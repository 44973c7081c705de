/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of groups of four units: the states of both are a byte, so that one addition to one of 256
 * sums stands for 16 products of pairs, in the first cache. The sums are turned into those of pairs
 * at the end of a block by additions and subtractions (Walsh, Hadamard). */
#include "tally.h"

#include <math.h>
#include <string.h>

enum { STATES = 256, HALF = 16 };

void ki_columns_take(ki_cursor *m, ki_columns *c) {
    c->bytes = (c->units + 7) / 8;
    c->halves = c->units > 8 ? (c->units + 3) / 4 : 2;
    c->stride = (c->count + 63) / 64 * 64;
    c->before = ki_take(m, c->bytes * c->stride, 1);
    c->after = ki_take(m, c->bytes * c->stride, 1);
    c->wave = ki_take(m, c->slow * c->stride, sizeof(double));
}

static void fill_states(ki_columns *c, const ki_raster *r, const uint64_t *bits, size_t unit) {
    uint8_t *before = c->before + unit / 8 * c->stride, *after = c->after + unit / 8 * c->stride;
    size_t at = 0;

    for (size_t w = 0; w < r->words; w++) {
        const uint64_t on = bits[w], next = ki_raster_next(bits, r->words, w);
        for (uint64_t use = r->leads[w]; use; use &= use - 1, at++) {
            const int bit = __builtin_ctzll(use);
            before[at] |= (uint8_t)((on >> bit & 1) << unit % 8);
            after[at] |= (uint8_t)((next >> bit & 1) << unit % 8);
        }
    }
}

void ki_columns_fill_waves(ki_columns *c, const ki_raster *r) {
    size_t at = 0;

    for (size_t w = 0; w < r->words && c->slow; w++)
        for (uint64_t use = r->leads[w]; use; use &= use - 1, at++) {
            const double bin = (double)(64 * w) + __builtin_ctzll(use) + 0.5;
            const double angle = acos(-1) * bin / (double)r->bins;
            for (size_t k = 0; k < c->slow; k++)
                c->wave[k * c->stride + at] = cos((double)(k + 1) * angle);
        }
}

void ki_columns_fill(ki_columns *c, const ki_raster *r, const size_t *unit) {
    memset(c->before, 0, c->bytes * c->stride);
    memset(c->after, 0, c->bytes * c->stride);
    for (size_t u = 0; u < c->units; u++)
        fill_states(c, r, ki_raster_row(r, unit[u]), u);
    ki_columns_fill_waves(c, r);
}

void ki_columns_take_waves(ki_cursor *m, const ki_columns *from, ki_columns *to) {
    const size_t slow = to->slow;

    *to = *from;
    to->slow = slow;
    to->wave = ki_take(m, slow * to->stride, sizeof(double));
}

void ki_columns_thin(const ki_columns *from, size_t stride, ki_columns *to) {
    for (size_t g = 0; g < to->bytes; g++)
        for (size_t t = 0; t < to->count; t++) {
            to->before[g * to->stride + t] = from->before[g * from->stride + stride * t];
            to->after[g * to->stride + t] = from->after[g * from->stride + stride * t];
        }
    for (size_t k = 0; k < to->slow; k++)
        for (size_t t = 0; t < to->count; t++)
            to->wave[k * to->stride + t] = from->wave[k * from->stride + stride * t];
}

void ki_tally_take(ki_cursor *m, const ki_columns *c, ki_tally_space *s) {
    s->half = ki_take(m, 2 * c->bytes * KI_TALLY, 1);
    s->index = ki_take(m, 2 * KI_TALLY, 1);
    s->table = ki_take(m, 2 * STATES, sizeof(ki_v8));
    s->more = ki_take(m, KI_TALLY, sizeof(ki_v8));
    s->sum = ki_take(m, c->units + 1, sizeof(ki_v8));
}

static const uint8_t *bytes_of(const ki_tally_block *b, size_t g) {
    return b->columns->before + g * b->columns->stride + b->first;
}

static const double *wave_of(const ki_tally_block *b, size_t k) {
    return b->columns->wave + k * b->columns->stride + b->first;
}

/* Units of byte g that there are. */
static size_t units_of(const ki_columns *c, size_t g) {
    return c->units - 8 * g < 8 ? c->units - 8 * g : 8;
}

/* table[s] = start + sum_k x_k s_k over the `units` units of a byte. */
KI_CLONES
static void make_table(size_t units, const ki_v8 *start, const ki_v8 *x, ki_v8 *table) {
    ki_v8 low = *start;

    for (size_t k = 0; k < units; k++)
        low -= x[k];
    table[0] = low;
    for (size_t k = 0; k < units; k++)
        for (size_t s = 0; s < (size_t)1 << k; s++)
            table[((size_t)1 << k) + s] = table[s] + 2 * x[k];
    for (size_t s = (size_t)1 << units; s < STATES; s++) /* bits that are never set */
        table[s] = table[0];
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

KI_CLONES
static void add_wave(size_t count, const double *wave, const ki_v8 *x, ki_v8 *f) {
    const ki_v8 value = *x;
    for (size_t t = 0; t < count; t++)
        f[t] += wave[t] * value;
}

/* f_t += sum_j x_j s_j(t), x [N]. */
static void add_states(const ki_tally_block *b, const ki_v8 *x, ki_v8 *f) {
    const ki_columns *c = b->columns;
    const ki_v8 zero = {0};
    ki_v8 *table = b->space->table;

    for (size_t g = 0; g < c->bytes; g += 2) {
        make_table(units_of(c, g), &zero, x + 8 * g, table);
        if (g + 1 == c->bytes) {
            look_up(b->count, bytes_of(b, g), table, f);
        } else {
            make_table(units_of(c, g + 1), &zero, x + 8 * (g + 1), table + STATES);
            look_up_two(b->count, bytes_of(b, g), bytes_of(b, g + 1), table, f);
        }
    }
}

void ki_tally_fields(const ki_tally_block *b, const ki_v8 *theta, ki_v8 *f) {
    const ki_columns *c = b->columns;

    put(b->count, theta, f);
    add_states(b, theta + 1, f);
    for (size_t k = 0; k < c->slow; k++)
        add_wave(b->count, wave_of(b, k), theta + 1 + c->units + k, f);
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

/* sum[k] = sum_s x_s s_k for the `bits` bits k of s, sum[bits] = sum_s x_s; x is overwritten. */
KI_CLONES
static void first_order(size_t bits, ki_v8 *x, ki_v8 *sum) {
    for (size_t k = 0; k < bits; k++) {
        const size_t left = (size_t)1 << (bits - 1 - k);
        ki_v8 all = x[1] - x[0];
        x[0] += x[1];
        for (size_t s = 1; s < left; s++) {
            all += x[2 * s + 1] - x[2 * s];
            x[s] = x[2 * s] + x[2 * s + 1];
        }
        sum[k] = all;
    }
    sum[bits] = x[0];
}

/* sum[u] += sum_t w_t s_u(t) over the N units, *total += sum_t w_t unless NULL. */
static void count_states(const ki_tally_block *b, const ki_v8 *w, ki_v8 *sum, ki_v8 *total) {
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
            first_order(8, table + h * STATES, part);
            for (size_t k = 0; k < units_of(c, g + h); k++)
                sum[8 * (g + h) + k] += part[k];
            if (total && g + h == 0)
                *total += part[8];
        }
    }
}

KI_CLONES
static void weigh(size_t count, const double *wave, const ki_v8 *w, ki_v8 *out) {
    for (size_t t = 0; t < count; t++)
        out[t] = wave[t] * w[t];
}

KI_CLONES
static void sum_waves(size_t count, const double *a, const double *b, const ki_v8 *w, ki_v8 *sum) {
    ki_v8 first = {0}, second = {0};

    for (size_t t = 0; t < count; t++) {
        const ki_v8 x = w[t];
        first += a[t] * x;
        second += b[t] * x;
    }
    sum[0] += first;
    sum[1] += second;
}

/* sum[k] += sum_t w_t z_k(t), k from..K-1. */
static void count_waves(const ki_tally_block *b, size_t from, const ki_v8 *w, ki_v8 *sum) {
    ki_v8 two[2];

    for (size_t k = from; k < b->columns->slow; k += 2) {
        const size_t other = k + 1 < b->columns->slow ? k + 1 : k;
        memset(two, 0, sizeof two);
        sum_waves(b->count, wave_of(b, k), wave_of(b, other), w, two);
        sum[k - from] += two[0];
        if (other > k)
            sum[other - from] += two[1];
    }
}

void ki_tally_moments(const ki_tally_block *b, const ki_v8 *w, ki_v8 *sum) {
    count_states(b, w, sum + 1, sum);
    count_waves(b, 0, w, sum + 1 + b->columns->units);
}

/* States of 4 units each. */
KI_CLONES
static void split(size_t count, const uint8_t *both, uint8_t *low, uint8_t *high) {
    for (size_t t = 0; t < count; t++) {
        low[t] = both[t] & 15;
        high[t] = both[t] >> 4;
    }
}

KI_CLONES
static void join(size_t count, const uint8_t *low, const uint8_t *high, uint8_t *both) {
    for (size_t t = 0; t < count; t++)
        both[t] = (uint8_t)(high[t] << 4 | low[t]);
}

static void split_all(const ki_tally_block *b) {
    for (size_t g = 0; g < b->columns->bytes; g++)
        split(b->count, bytes_of(b, g), b->space->half + 2 * g * KI_TALLY,
              b->space->half + (2 * g + 1) * KI_TALLY);
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
        first_order(4, table + HALF * s, part);
        for (size_t j = 0; j < 4; j++)
            order[j][s] = part[j];
    }
    for (size_t j = 0; j < 4 && 4 * g + j < c->units; j++) {
        first_order(4, order[j], part);
        for (size_t k = 0; k < 4 && 4 * h + k < c->units; k++)
            packed[ki_packed(n, 1 + 4 * g + j, 1 + 4 * h + k)] += part[k];
    }
}

void ki_tally_squares(const ki_tally_block *b, const ki_v8 *w, ki_v8 *packed) {
    const ki_columns *c = b->columns;
    const size_t n = ki_columns_width(c), groups = c->halves;
    ki_v8 *table = b->space->table;

    split_all(b);
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
    for (size_t k = 0; k < c->slow; k++) {
        const size_t column = 1 + c->units + k;
        ki_v8 *sum = b->space->sum;
        memset(sum, 0, (c->units + 1) * sizeof *sum);
        weigh(b->count, wave_of(b, k), w, b->space->more);
        count_states(b, b->space->more, sum + 1, sum);
        for (size_t j = 0; j <= c->units; j++)
            packed[ki_packed(n, j, column)] += sum[j];
        count_waves(b, k, b->space->more, packed + ki_packed(n, column, column));
    }
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

KI_CLONES
static void add_products(size_t count, const double *wave, const ki_v8 *x, ki_v8 *f) {
    for (size_t t = 0; t < count; t++)
        f[t] += wave[t] * x[t];
}

void ki_tally_quadratic(const ki_tally_block *b, const ki_v8 *m, ki_v8 *q) {
    const ki_columns *c = b->columns;
    const size_t n = ki_columns_width(c), groups = c->halves;
    ki_v8 *table = b->space->table, *more = b->space->more;

    split_all(b);
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
    for (size_t k = 0; k < c->slow; k++) {
        const size_t column = 1 + c->units + k;
        ki_v8 *x = b->space->sum;
        for (size_t j = 0; j <= c->units; j++)
            x[j] = m[ki_packed(n, j, column)];
        put(b->count, x, more);
        add_states(b, x + 1, more);
        for (size_t l = k; l < c->slow; l++)
            add_wave(b->count, wave_of(b, l), m + ki_packed(n, column, 1 + c->units + l), more);
        add_products(b->count, wave_of(b, k), more, q);
    }
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
