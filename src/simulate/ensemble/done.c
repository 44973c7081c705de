/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulate/ensemble/done.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

int ki_done_reserve(ki_done *done, size_t n) {
    if (n <= done->capacity)
        return 0;
    const size_t capacity = n > 2 * done->capacity ? n : 2 * done->capacity;
    ki_range *range = ki_alloc(capacity, sizeof *range);
    if (!range) {
        return ki_fail(KI_ERR_NOMEM,
                       "realizations : no memory for a list of %zu ranges : run them "
                       "in order",
                       capacity);
    }
    if (done->n)
        memcpy(range, done->range, done->n * sizeof *range);
    ki_free(done->range);
    done->range = range;
    done->capacity = capacity;
    return 0;
}

/* The first range that ends after r. */
static size_t find(const ki_done *done, uint64_t r) {
    size_t low = 0, high = done->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (done->range[middle].last > r)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int ki_done_add(ki_done *done, ki_range range) {
    const size_t at = find(done, range.first);
    const int left = at > 0 && done->range[at - 1].last == range.first;
    const int right = at < done->n && done->range[at].first == range.last;
    if (left && right) {
        done->range[at - 1].last = done->range[at].last;
        memmove(done->range + at, done->range + at + 1, (done->n - at - 1) * sizeof range);
        done->n--;
    } else if (left) {
        done->range[at - 1].last = range.last;
    } else if (right) {
        done->range[at].first = range.first;
    } else {
        const int error = ki_done_reserve(done, done->n + 1);
        if (error)
            return error;
        memmove(done->range + at + 1, done->range + at, (done->n - at) * sizeof range);
        done->range[at] = range;
        done->n++;
    }
    return 0;
}

void ki_done_free(ki_done *done) {
    ki_free(done->range);
    *done = (ki_done){0};
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

uint64_t ki_done_count(const ki_done *done, uint64_t first, uint64_t last) {
    uint64_t count = 0;
    for (size_t i = find(done, first); i < done->n && done->range[i].first < last; i++) {
        const uint64_t from = done->range[i].first > first ? done->range[i].first : first;
        count += least(done->range[i].last, last) - from;
    }
    return count;
}

ki_range ki_done_gap(const ki_done *done, uint64_t r, uint64_t last) {
    size_t at = find(done, r);
    if (at < done->n && done->range[at].first <= r)
        r = done->range[at++].last;
    if (r >= last)
        return (ki_range){last, last};
    return (ki_range){r, at < done->n ? least(done->range[at].first, last) : last};
}

ki_range ki_done_common(const ki_done *a, const ki_done *b) {
    for (size_t i = 0; i < a->n; i++) {
        const size_t j = find(b, a->range[i].first);
        if (j < b->n && b->range[j].first < a->range[i].last) {
            const uint64_t from =
                a->range[i].first > b->range[j].first ? a->range[i].first : b->range[j].first;
            return (ki_range){from, least(a->range[i].last, b->range[j].last)};
        }
    }
    return (ki_range){0, 0};
}
