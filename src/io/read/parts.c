/* SPDX-License-Identifier: BSD-3-Clause */
/* Boxes of an array whose elements come in the order of the file. */
#include "io/read/parts.h"

#include "base/memory.h"

#include <string.h>

size_t ki_part_item(const ki_entry *e) {
    return e->info.type == KI_INT8 ? 1 : 8;
}

/* Boxes: all of the fast dimensions, `piece` of one, 1 of the slow ones. In the order of the file, the
 * slowest dimension first. */
typedef struct plan {
    size_t extent[4], index[4];
    size_t piece;
    int ndim, split; /* the dimension that is cut into pieces; -1: all is one box */
} plan;

static plan make_plan(const ki_entry *e) {
    plan p = {.ndim = e->info.ndim, .split = -1};
    size_t inner = 1;

    for (int d = 0; d < p.ndim; d++)
        p.extent[d] = e->info.shape[e->fortran ? p.ndim - 1 - d : d];
    for (int d = p.ndim - 1; d >= 0; d--) {
        if (p.extent[d] > KI_PART_ELEMENTS / inner) {
            p.split = d;
            p.piece = KI_PART_ELEMENTS / inner;
            break;
        }
        inner *= p.extent[d];
    }
    return p;
}

/* The box that begins at the index. */
static size_t describe(const plan *p, const ki_entry *e, ki_part *part) {
    const size_t item = ki_part_item(e);
    size_t count = 1;

    part->type = e->info.type;
    part->ndim = p->ndim;
    for (int d = p->ndim - 1; d >= 0; d--) {
        const int to = e->fortran ? p->ndim - 1 - d : d;
        const size_t left = p->extent[d] - p->index[d];

        part->start[to] = p->index[d];
        part->shape[to] = d > p->split      ? left
                          : d < p->split    ? 1
                          : left < p->piece ? left
                                            : p->piece;
        part->stride[to] = (ptrdiff_t)(count * item);
        count *= part->shape[to];
    }
    return count;
}

/* To the next box; 0 after the last. */
static int advance(plan *p) {
    for (int d = p->split; d >= 0; d--) {
        p->index[d] += d == p->split ? p->piece : 1;
        if (p->index[d] < p->extent[d])
            return 1;
        p->index[d] = 0;
    }
    return 0;
}

int ki_parts_in_order(const ki_reader *r, const ki_entry *e, ki_next_fn next, void *state,
                      ki_part_fn take, void *user) {
    ki_part part = {.data = NULL};
    int error = 0, more = 1;

    if (ki_entry_count(&e->info, e->item) == 0)
        return 0;
    plan p = make_plan(e);
    void *data = ki_alloc(KI_PART_ELEMENTS, ki_part_item(e));
    if (!data)
        return ki_reader_no_memory(r);
    part.data = data;
    while (more && !error) {
        error = next(state, describe(&p, e, &part), data);
        error = error ? error : take(user, &part);
        more = advance(&p);
    }
    ki_free(data);
    return error;
}

int ki_part_gather(void *gather, const ki_part *part) {
    const ki_gather *g = gather;
    const size_t item = part->type == KI_INT8 ? 1 : 8;
    size_t extent[4] = {1, 1, 1, 1}, to[4] = {0}, at[4], step = item;

    for (int d = part->ndim - 1; d >= 0; d--) {
        extent[d] = part->shape[d];
        to[d] = step;
        step *= g->info->shape[d];
    }
    for (at[0] = 0; at[0] < extent[0]; at[0]++)
        for (at[1] = 0; at[1] < extent[1]; at[1]++)
            for (at[2] = 0; at[2] < extent[2]; at[2]++)
                for (at[3] = 0; at[3] < extent[3]; at[3]++) {
                    const char *from = part->data;
                    char *out = g->out;

                    for (int d = 0; d < part->ndim; d++) {
                        from += (ptrdiff_t)at[d] * part->stride[d];
                        out += (part->start[d] + at[d]) * to[d];
                    }
                    memcpy(out, from, item);
                }
    return 0;
}
