/* SPDX-License-Identifier: BSD-3-Clause */
/* Which realizations are done: a sorted list of ranges that neither overlap nor touch, so that a
 * set has one form only. */
#ifndef KI_SRC_SIMULATE_ENSEMBLE_DONE_H
#define KI_SRC_SIMULATE_ENSEMBLE_DONE_H

#include <stddef.h>
#include <stdint.h>

/* first <= r < last */
typedef struct ki_range {
    uint64_t first, last;
} ki_range;

typedef struct ki_done {
    ki_range *range;
    size_t n, capacity;
} ki_done;

/* Room for `n` ranges; ki_done_add() then cannot fail while there are fewer. 0 or KI_ERR_NOMEM. */
int ki_done_reserve(ki_done *done, size_t n);

/* Adds a range, not empty, of which nothing is done. 0 or KI_ERR_NOMEM. */
int ki_done_add(ki_done *done, ki_range range);

void ki_done_free(ki_done *done);

/* How many of first <= r < last are done. */
uint64_t ki_done_count(const ki_done *done, uint64_t first, uint64_t last);

/* The first range of `a` from r on of which nothing is done, ending at `last` at the latest; empty
 * if there is none. */
ki_range ki_done_gap(const ki_done *done, uint64_t r, uint64_t last);

/* What both have, the first such range; empty if nothing. */
ki_range ki_done_common(const ki_done *a, const ki_done *b);

#endif
