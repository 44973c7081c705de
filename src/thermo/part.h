/* SPDX-License-Identifier: BSD-3-Clause */
/* Transitions of a recording, counted one after another: divided into parts, with the currents
 * y_i s_j - y_j s_i of each. */
#ifndef KI_SRC_THERMO_PART_H
#define KI_SRC_THERMO_PART_H

#include "base/memory.h"
#include "raster/raster.h"

enum { KI_LEADS = 5 };

/* Transitions of a window. */
typedef struct ki_part {
    const ki_raster *raster;
    uint64_t *lead[KI_LEADS + 1]; /* [words] bins from which l + 1 transitions follow, one after
                                     another in one trial; lead[0] are the transitions */
    size_t count;
} ki_part;

/* Hands out the masks of a part. */
void ki_part_take(ki_cursor *c, const ki_raster *raster, ki_part *part);

/* The transitions within `bins` bins from `first` on. */
void ki_part_set(ki_part *part, size_t first, size_t bins);

/* bin[k], k = 0..parts: where part k of equal numbers of transitions begins, number floor(k T/parts);
 * if `even`, the T % parts first ones have one more instead. bin[parts] is the end. */
void ki_part_edges(const ki_part *part, size_t parts, int even, size_t *bin);

/* Transitions in the bins from `first` to `end`; if mask [words] is not NULL they are set in it. */
size_t ki_part_between(const ki_part *part, size_t first, size_t end, uint64_t *mask);

/* Transitions of part number k of `parts` even ones of all `count`. */
size_t ki_part_size(size_t count, size_t parts, size_t k);

/* Variance of the mean over all `count` transitions by those of `batches` even parts of them, whose sums
 * are `sum`; NaN for fewer than two. */
double ki_part_variance(size_t count, size_t batches, const double *sum);

/* Words of work space of ki_part_currents(). */
size_t ki_part_space(size_t units);

/* out [parts,rows,N]: sum over the transitions of each part of y_i s_j - y_j s_i, for i = unit[row]
 * and all j. */
void ki_part_currents(const ki_part *part, size_t parts, const size_t *bin, size_t rows,
                      const size_t *unit, uint64_t *space, double *out);

#endif
