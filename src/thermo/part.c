/* SPDX-License-Identifier: BSD-3-Clause */
#include "part.h"

#include <math.h>
#include <string.h>

#include "num/simd.h"
#include "raster/count.h"

enum { CHUNK = 64 }; /* words of a row at a time */

void ki_part_take(ki_cursor *c, const ki_raster *raster, ki_part *part) {
    part->raster = raster;
    for (size_t l = 0; l <= KI_LEADS; l++)
        part->lead[l] = ki_take(c, raster->words, sizeof(uint64_t));
}

void ki_part_set(ki_part *part, size_t first, size_t bins) {
    const ki_raster *r = part->raster;

    part->count = 0;
    for (size_t w = 0; w < r->words; w++) {
        uint64_t inside = 0;
        for (size_t b = 0; b < 64; b++)
            inside |= (uint64_t)(64 * w + b >= first && 64 * w + b + 1 < first + bins) << b;
        part->lead[0][w] = r->leads[w] & inside;
        part->count += (size_t)__builtin_popcountll(part->lead[0][w]);
    }
    for (size_t l = 1; l <= KI_LEADS; l++)
        for (size_t w = 0; w < r->words; w++)
            part->lead[l][w] = part->lead[0][w] & ki_raster_next(part->lead[l - 1], r->words, w);
}

/* Bin of transition number `number`; the end if there are not so many. */
static size_t bin_of(const ki_part *part, size_t number) {
    const ki_raster *r = part->raster;

    for (size_t w = 0; w < r->words; w++) {
        uint64_t use = part->lead[0][w];
        const size_t here = (size_t)__builtin_popcountll(use);
        if (number >= here) {
            number -= here;
            continue;
        }
        for (; number > 0; number--)
            use &= use - 1;
        return 64 * w + (size_t)__builtin_ctzll(use);
    }
    return r->bins;
}

void ki_part_edges(const ki_part *part, size_t parts, int even, size_t *bin) {
    const size_t each = part->count / parts, more = part->count % parts;

    for (size_t k = 0; k < parts; k++) {
        /* floor(k T/parts) without overflow */
        const size_t number = k * each + (even ? (k < more ? k : more) : k * more / parts);
        bin[k] = k == 0 ? 0 : bin_of(part, number);
    }
    bin[parts] = part->raster->bins;
}

/* The bits of word w that lie from `first` to `end`. */
static uint64_t between(size_t w, size_t first, size_t end) {
    const size_t low = 64 * w, high = low + 64;
    uint64_t bits = ~UINT64_C(0);

    if (high <= first || low >= end)
        return 0;
    if (first > low)
        bits &= ~UINT64_C(0) << (first - low);
    if (end < high)
        bits &= ~UINT64_C(0) >> (high - end);
    return bits;
}

size_t ki_part_between(const ki_part *part, size_t first, size_t end, uint64_t *mask) {
    size_t count = 0;

    for (size_t w = 0; w < part->raster->words; w++) {
        const uint64_t use = part->lead[0][w] & between(w, first, end);
        count += (size_t)__builtin_popcountll(use);
        if (mask)
            mask[w] = use;
    }
    return count;
}

size_t ki_part_size(size_t count, size_t parts, size_t k) {
    return count / parts + (k < count % parts);
}

double ki_part_variance(size_t count, size_t batches, const double *sum) {
    double all = 0, squares = 0;

    for (size_t b = 0; b < batches; b++)
        all += sum[b] / (double)ki_part_size(count, batches, b) / (double)batches;
    for (size_t b = 0; b < batches; b++) {
        const double mean = sum[b] / (double)ki_part_size(count, batches, b);
        squares += (mean - all) * (mean - all);
    }
    return batches < 2 ? NAN : squares / (double)(batches - 1) / (double)batches;
}

size_t ki_part_space(size_t units) {
    return 2 * CHUNK * units + CHUNK;
}

/* Bits of the rows `after` or before the transitions chosen. */
static void mask_rows(const ki_raster *r, const uint64_t *use, size_t w0, size_t width, int after,
                      uint64_t *out) {
    for (size_t i = 0; i < r->units; i++) {
        const uint64_t *row = ki_raster_row(r, i);
        for (size_t w = 0; w < CHUNK; w++) {
            uint64_t x = 0;
            if (w < width)
                x = (after ? ki_raster_next(row, r->words, w0 + w) : row[w0 + w]) & use[w];
            out[i * CHUNK + w] = x;
        }
    }
}

/* sum[j] += sign times the number of bits in which x and row j of s differ. */
static void add_differences(int level, size_t n, size_t width, const uint64_t *x, const uint64_t *s,
                            double sign, double *sum) {
    for (size_t k = 0; k < n; k += KI_COUNT_ROWS) {
        const uint64_t *rows[KI_COUNT_ROWS];
        uint64_t found[KI_COUNT_ROWS] = {0};
        for (size_t q = 0; q < KI_COUNT_ROWS; q++)
            rows[q] = s + (k + q < n ? k + q : n - 1) * CHUNK;
        ki_count_differences(level, width, x, rows, found);
        for (size_t q = 0; q < KI_COUNT_ROWS && k + q < n; q++)
            sum[k + q] += sign * (double)found[q];
    }
}

void ki_part_currents(const ki_part *part, size_t parts, const size_t *bin, size_t rows,
                      const size_t *unit, uint64_t *space, double *out) {
    const ki_raster *r = part->raster;
    const size_t n = r->units;
    const int level = ki_simd_level();
    uint64_t *s = space, *y = space + CHUNK * n, *use = space + 2 * CHUNK * n;

    memset(out, 0, parts * rows * n * sizeof *out);
    for (size_t k = 0; k < parts; k++) {
        const size_t last = bin[k + 1] > bin[k] ? (bin[k + 1] + 63) / 64 : bin[k] / 64;
        for (size_t w0 = bin[k] / 64; w0 < last; w0 += CHUNK) {
            const size_t width = last - w0 < CHUNK ? last - w0 : CHUNK;
            for (size_t w = 0; w < width; w++)
                use[w] = part->lead[0][w0 + w] & between(w0 + w, bin[k], bin[k + 1]);
            mask_rows(r, use, w0, width, 0, s);
            mask_rows(r, use, w0, width, 1, y);
            for (size_t i = 0; i < rows; i++) {
                double *sum = out + (k * rows + i) * n;
                add_differences(level, n, (width + 7) & ~(size_t)7, s + unit[i] * CHUNK, y, 2, sum);
                add_differences(level, n, (width + 7) & ~(size_t)7, y + unit[i] * CHUNK, s, -2,
                                sum);
            }
        }
    }
}
