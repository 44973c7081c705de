/* SPDX-License-Identifier: BSD-3-Clause */
#include "columns.h"

#include <math.h>
#include <string.h>

/* The number of pieces, and memory of their waves. */
static void take_waves(ki_cursor *m, ki_columns *c) {
    const size_t pieces = KI_PIECES * c->slow;

    c->pieces = pieces < c->bins ? pieces : c->bins;
    c->start = ki_take(m, c->pieces + 1, sizeof *c->start);
    c->wave = ki_take(m, c->pieces * c->slow, sizeof(double));
}

void ki_columns_take(ki_cursor *m, ki_columns *c) {
    c->bytes = (c->units + 7) / 8;
    c->halves = c->units > 8 ? (c->units + 3) / 4 : 2;
    c->stride = (c->count + 63) / 64 * 64;
    c->before = ki_take(m, c->bytes * c->stride, 1);
    c->after = ki_take(m, c->bytes * c->stride, 1);
    take_waves(m, c);
}

void ki_columns_take_waves(ki_cursor *m, const ki_columns *from, ki_columns *to) {
    const size_t slow = to->slow;

    *to = *from;
    to->slow = slow;
    take_waves(m, to);
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

static void fill_cosines(ki_columns *c) {
    for (size_t p = 0; p < c->pieces; p++)
        for (size_t k = 0; k < c->slow; k++)
            c->wave[p * c->slow + k] =
                cos(acos(-1) * (double)(k + 1) * ((double)p + 0.5) / (double)c->pieces);
}

void ki_columns_fill_waves(ki_columns *c, const ki_raster *r) {
    size_t at = 0, piece = 0;

    for (size_t w = 0; w < r->words; w++)
        for (uint64_t use = r->leads[w]; use; use &= use - 1, at++) {
            const size_t bin = 64 * w + (size_t)__builtin_ctzll(use);
            while (piece <= bin * c->pieces / c->bins && piece < c->pieces)
                c->start[piece++] = at;
        }
    while (piece <= c->pieces)
        c->start[piece++] = at;
    fill_cosines(c);
}

void ki_columns_fill(ki_columns *c, const ki_raster *r, const size_t *unit) {
    memset(c->before, 0, c->bytes * c->stride);
    memset(c->after, 0, c->bytes * c->stride);
    for (size_t u = 0; u < c->units; u++)
        fill_states(c, r, ki_raster_row(r, unit[u]), u);
    ki_columns_fill_waves(c, r);
}

void ki_columns_thin(const ki_columns *from, size_t stride, ki_columns *to) {
    for (size_t g = 0; g < to->bytes; g++)
        for (size_t t = 0; t < to->count; t++) {
            to->before[g * to->stride + t] = from->before[g * from->stride + stride * t];
            to->after[g * to->stride + t] = from->after[g * from->stride + stride * t];
        }
    for (size_t p = 0; p <= to->pieces; p++)
        to->start[p] = (from->start[p] + stride - 1) / stride;
    fill_cosines(to);
}

void ki_tally_take(ki_cursor *m, const ki_columns *c, ki_tally_space *s) {
    const size_t halves = 16 * c->halves;

    s->half = ki_take(m, 2 * c->bytes * KI_TALLY, 1);
    s->index = ki_take(m, 2 * KI_TALLY, 1);
    s->table = ki_take(m, halves > 512 ? halves : 512, sizeof(ki_v8));
    s->piece = ki_take(m, KI_PIECES_AT_ONCE * (1 + c->units), sizeof(ki_v8));
}

/* States of 4 units each. */
KI_CLONES
static void split(size_t count, const uint8_t *both, uint8_t *low, uint8_t *high) {
    for (size_t t = 0; t < count; t++) {
        low[t] = both[t] & 15;
        high[t] = both[t] >> 4;
    }
}

void ki_tally_split(const ki_tally_block *b) {
    for (size_t g = 0; g < b->columns->bytes; g++)
        split(b->count, b->columns->before + g * b->columns->stride + b->first,
              b->space->half + 2 * g * KI_TALLY, b->space->half + (2 * g + 1) * KI_TALLY);
}

KI_CLONES
void ki_walsh_sums(size_t bits, ki_v8 *x, ki_v8 *sum) {
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

KI_CLONES
void ki_state_sums(size_t bits, const ki_v8 *x, ki_v8 *table) {
    ki_v8 low = {0};

    for (size_t k = 0; k < bits; k++)
        low -= x[k];
    table[0] = low;
    for (size_t k = 0; k < bits; k++)
        for (size_t s = 0; s < (size_t)1 << k; s++)
            table[((size_t)1 << k) + s] = table[s] + 2 * x[k];
}
