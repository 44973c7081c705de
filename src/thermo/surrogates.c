/* SPDX-License-Identifier: BSD-3-Clause */
#include "surrogates.h"

#include <math.h>
#include <string.h>

#include "num/philox.h"
#include "num/simd.h"

/* Seeds of a surrogate: a sequence of its own for each kind. */
enum { SHIFT, SHUFFLE, COURSE };

static ki_sequence sequence_of(uint64_t seed, int kind, uint64_t index) {
    const uint64_t key[3] = {seed, UINT64_C(0x737572726f6761), (uint64_t)kind}; /* "surroga" */

    return ki_sequence_of(ki_random_key_of(3, key), index, KI_STREAM_CHOICE);
}

static int bit_of(const uint64_t *row, size_t t) {
    return row[t / 64] >> t % 64 & 1;
}

static void set_bit(uint64_t *row, size_t t, int on) {
    const uint64_t bit = UINT64_C(1) << t % 64;

    row[t / 64] = on ? row[t / 64] | bit : row[t / 64] & ~bit;
}

static uint64_t *row_of(ki_raster *r, size_t i) {
    return r->bits + i * r->words;
}

static void copy(const ki_raster *from, ki_raster *to) {
    memcpy(to->bits, from->bits, from->units * from->words * sizeof *to->bits);
}

/* Bins of trial k in the window: *length, from the one returned on. */
static size_t inside(const ki_window *w, size_t k, size_t *length) {
    const uint64_t *starts = w->raster->starts;
    const size_t from = starts[k] > w->first ? (size_t)starts[k] : w->first;
    const size_t end = starts[k + 1] < w->end ? (size_t)starts[k + 1] : w->end;

    *length = end > from ? end - from : 0;
    return from;
}

void ki_surrogate_shift(const ki_window *w, uint64_t seed, uint64_t index, ki_raster *out) {
    const ki_sequence random = sequence_of(seed, SHIFT, index);
    const ki_raster *r = w->raster;

    copy(r, out);
    for (size_t i = 0; i < r->units; i++) {
        const uint64_t *from = ki_raster_row(r, i);
        uint64_t *to = row_of(out, i);
        for (size_t k = 0; k < r->trials; k++) {
            size_t length;
            const size_t first = inside(w, k, &length);
            const double u = ki_random_double(&random, i * r->trials + k);
            size_t t = (size_t)(u * (double)length);
            for (size_t b = 0; b < length; b++, t = t + 1 < length ? t + 1 : 0)
                set_bit(to, first + b, bit_of(from, first + t));
        }
    }
}

/* Trials that are as long together, by the first of them: list [trials]. order[k] is the first one of
 * trial k. */
static void group(const ki_window *w, size_t *list, size_t *order) {
    const size_t trials = w->raster->trials;
    size_t length, other, made = 0;

    for (size_t k = 0; k < trials; k++) {
        (void)inside(w, k, &length);
        for (order[k] = 0; order[k] < k; order[k]++) {
            (void)inside(w, order[k], &other);
            if (other == length)
                break;
        }
    }
    for (size_t k = 0; k < trials; k++)
        for (size_t m = k; m < trials && order[k] == k; m++)
            if (order[m] == k)
                list[made++] = m;
}

/* End of the group of trials that begins at list[first]. */
static size_t group_end(const ki_window *w, const size_t *list, size_t first) {
    size_t length, other, end = first;

    (void)inside(w, list[first], &length);
    for (; end < w->raster->trials; end++) {
        (void)inside(w, list[end], &other);
        if (other != length)
            break;
    }
    return end;
}

size_t ki_surrogate_partners(const ki_window *w, size_t *room) {
    const size_t trials = w->raster->trials;
    size_t partners = 0, length;

    group(w, room, room + trials);
    for (size_t k = 0, end; k < trials; k = end) {
        end = group_end(w, room, k);
        (void)inside(w, room[k], &length);
        partners += end - k > 1 && length > 1 ? end - k : 0;
    }
    return partners;
}

/* A random permutation of the trials of each group among themselves (Fisher, Yates). */
static void permute(const ki_window *w, const ki_sequence *random, uint64_t number,
                    const size_t *list, size_t *order) {
    const size_t trials = w->raster->trials;

    for (size_t k = 0; k < trials; k++)
        order[k] = k;
    for (size_t first = 0, end; first < trials; first = end) {
        end = group_end(w, list, first);
        for (size_t k = end - 1; k > first; k--) {
            const double u = ki_random_double(random, number + k);
            const size_t m = first + (size_t)(u * (double)(k - first + 1));
            const size_t keep = order[list[k]];
            order[list[k]] = order[list[m]];
            order[list[m]] = keep;
        }
    }
}

void ki_surrogate_shuffle(const ki_window *w, uint64_t seed, uint64_t index, size_t *room,
                          ki_raster *out) {
    const ki_sequence random = sequence_of(seed, SHUFFLE, index);
    const ki_raster *r = w->raster;
    size_t *list = room, *order = room + r->trials;

    copy(r, out);
    group(w, list, order);
    for (size_t i = 0; i < r->units; i++) {
        permute(w, &random, i * r->trials, list, order);
        for (size_t k = 0; k < r->trials; k++) {
            size_t length;
            const size_t to = inside(w, k, &length), from = inside(w, order[k], &length);
            for (size_t b = 0; b < length && from != to; b++)
                set_bit(row_of(out, i), to + b, bit_of(ki_raster_row(r, i), from + b));
        }
    }
}

/* field += sign * a, of a spin that acts on all. */
KI_CLONES
static void add_column(size_t n, const double *a, double sign, double *field) {
    for (size_t i = 0; i < n; i++)
        field[i] += sign * a[i];
}

void ki_surrogate_course(const ki_window *w, const double *H, const double *transposed,
                         const int8_t *row, uint64_t seed, uint64_t index, double *field,
                         ki_raster *out) {
    const ki_sequence random = sequence_of(seed, COURSE, index);
    const size_t n = w->raster->units, groups = (n + KI_GROUP - 1) / KI_GROUP;
    uint32_t word[KI_GROUP];

    copy(w->raster, out);
    for (size_t k = 0; k < w->raster->trials; k++) {
        size_t length;
        const size_t first = inside(w, k, &length);
        for (size_t t = first; t + 1 < first + length; t++) {
            memcpy(field, H, n * sizeof *field);
            for (size_t j = 0; j < n; j++)
                add_column(n, transposed + j * n, bit_of(ki_raster_row(out, j), t) ? 1 : -1, field);
            for (size_t i = 0; i < n; i++) {
                if (i % KI_GROUP == 0)
                    ki_random_groups(&random, t * groups + i / KI_GROUP, 1, word);
                const double u = (word[i % KI_GROUP] + 0.5) * 0x1p-32;
                if (row[i])
                    set_bit(row_of(out, i), t + 1, u * (1 + exp(-2 * field[i])) < 1);
            }
        }
    }
}
