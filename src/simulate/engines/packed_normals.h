/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors of N normals in 16 bits, laid out for products over them: in blocks of 64 spins (fewer in
 * a small network), two vectors side by side. They are the columns of J, or the z_k of
 * [matrix-free]. */
#ifndef KI_SRC_SIMULATE_ENGINES_PACKED_NORMALS_H
#define KI_SRC_SIMULATE_ENGINES_PACKED_NORMALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "num/philox.h"

typedef struct ki_vectors {
    size_t blocks, width, pairs; /* of 64 spins; lanes of a block; of vectors */
    uint32_t *pair;              /* [blocks][pairs][width], two of 16 bits each */
} ki_vectors;

/* Room for `count` of them. */
void ki_vectors_take(ki_vectors *v, uint64_t n, size_t count, ki_cursor *c);

/* Draws vector `number` from the groups that belong to `position` of the sequence. The even one of
 * a pair comes first: it clears the other. */
void ki_vectors_draw(ki_vectors *v, const ki_sequence *seq, const ki_sequence *tail, size_t number,
                     uint64_t position);

/* A row of coefficients c split into 14 and 12 bits. */
typedef struct ki_row {
    int16_t *high, *low; /* [count, rounded up to even] */
    double unit;         /* c = unit (4096 high + low) */
} ki_row;

/* Room for `count` coefficients. */
void ki_row_take(ki_row *row, size_t count, ki_cursor *c);

/* Splits c[count], sqrt of the sum of squares at most `norm`: the sums below then fit 32 bits. */
void ki_row_split(ki_row *row, size_t count, const double *c, double norm);

/* out[width] = scale * sum over k < count of c_k z_k, for a block. */
void ki_vectors_sum(const ki_vectors *v, size_t block, size_t count, const ki_row *row,
                    double scale, float *out);

#endif
