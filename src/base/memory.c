/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>

enum { ALIGNMENT = 64 };

void *ki_alloc(uint64_t count, uint64_t size) {
    if (size && count > (SIZE_MAX - ALIGNMENT) / size)
        return NULL;
    /* aligned_alloc wants a multiple of the alignment; nothing at all still gives a pointer. */
    const size_t bytes = (size_t)(count * size);
    const size_t rounded = (bytes / ALIGNMENT + 1) * ALIGNMENT;
    return aligned_alloc(ALIGNMENT, bytes && bytes % ALIGNMENT == 0 ? bytes : rounded);
}

void ki_free(void *p) {
    free(p);
}

void *ki_take(ki_cursor *c, uint64_t count, uint64_t size) {
    uint64_t bytes, end;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, (uint64_t)63, &bytes) ||
        __builtin_add_overflow(c->used, bytes & ~(uint64_t)63, &end)) {
        c->overflow = 1;
        return NULL;
    }
    void *p = c->base ? c->base + c->used : NULL;
    c->used = end;
    return p;
}
