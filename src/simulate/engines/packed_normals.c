/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulate/engines/packed_normals.h"

#include <math.h>

#include "num/dot16.h"
#include "num/draw.h"
#include "num/simd.h"

/* Blocks drawn together; pairs summed in 32 bits. With rows of norm 1 the sum of `high` is below
 * 2^14 times the length of 2 PAIRS normals; that of `low`, some 2^23 times a normal number of
 * variance 2 PAIRS, would have to be eight standard deviations off. */
enum { BATCH = 16, PAIRS = 512 };

static uint64_t block_width(uint64_t n) {
    return n < 64 ? (n + 15) / 16 * 16 : 64;
}

static uint64_t blocks_of(uint64_t n) {
    return n / 64 + (n % 64 != 0);
}

void ki_vectors_take(ki_vectors *v, uint64_t n, size_t count, ki_cursor *c) {
    *v = (ki_vectors){.blocks = (size_t)blocks_of(n),
                      .width = (size_t)block_width(n),
                      .pairs = count / 2 + count % 2};
    v->pair = ki_take(c, v->pairs, v->blocks * v->width * sizeof *v->pair);
}

KI_CLONES static void store_half(size_t width, int odd, const int32_t *z, uint32_t *pair) {
    if (odd) {
#pragma omp simd
        for (size_t i = 0; i < width; i++)
            pair[i] |= (uint32_t)z[i] << 16;
    } else {
#pragma omp simd
        for (size_t i = 0; i < width; i++)
            pair[i] = (uint32_t)z[i] & 0xffff;
    }
}

void ki_vectors_draw(ki_vectors *v, const ki_sequence *seq, const ki_sequence *tail, size_t number,
                     uint64_t position) {
    int32_t z[BATCH * KI_GROUP];

    for (size_t first = 0; first < v->blocks; first += BATCH) {
        const size_t count = v->blocks - first < BATCH ? v->blocks - first : BATCH;
        ki_normals16(seq, tail, position * v->blocks + first, count, z);
        for (size_t b = 0; b < count; b++) {
            store_half(v->width, number % 2 != 0, z + KI_GROUP * b,
                       v->pair + ((first + b) * v->pairs + number / 2) * v->width);
        }
    }
}

void ki_row_take(ki_row *row, size_t count, ki_cursor *c) {
    row->high = ki_take(c, count / 2 + count % 2, 2 * sizeof *row->high);
    row->low = ki_take(c, count / 2 + count % 2, 2 * sizeof *row->low);
}

void ki_row_split(ki_row *row, size_t count, const double *c, double norm) {
    const double scale = norm > 0 ? norm : 1, per_unit = 0x1p26 / scale;

    for (size_t k = 0; k < count; k++) {
        const int32_t q = (int32_t)lrint(c[k] * per_unit);
        const int32_t high = (q + 2048) >> 12;
        row->high[k] = (int16_t)high;
        row->low[k] = (int16_t)(q - high * 4096);
    }
    if (count % 2)
        row->high[count] = row->low[count] = 0;
    row->unit = scale * 0x1p-26;
}

/* sum = a high + b low, on top of what was there if there is more than one part. */
KI_CLONES static void combine(size_t width, float a, const int32_t *high, float b,
                              const int32_t *low, int more, float *sum) {
#pragma omp simd
    for (size_t i = 0; i < width; i++) {
        const float last = more ? sum[i] : 0;
        sum[i] = last + fmaf(a, (float)high[i], b * (float)low[i]);
    }
}

void ki_vectors_sum(const ki_vectors *v, size_t block, size_t count, const ki_row *row,
                    double scale, float *out) {
    const size_t pairs = (count + 1) / 2;
    const uint32_t *z = v->pair + block * v->pairs * v->width;
    const double unit = scale * row->unit * KI_NORMAL_UNIT;
    const float fine = (float)unit, coarse = (float)(4096 * unit);

    for (size_t first = 0; first < pairs || first == 0; first += PAIRS) {
        const size_t n = pairs - first < PAIRS ? pairs - first : PAIRS;
        int32_t high[64] = {0}, low[64] = {0};
        ki_dot16_two(v->width, n, v->width, (const int16_t *)(z + first * v->width),
                     row->high + 2 * first, row->low + 2 * first, high, low);
        combine(v->width, coarse, high, fine, low, first > 0, out);
    }
}
