/* SPDX-License-Identifier: BSD-3-Clause */
/* The only place that calls malloc: overflow-checked, zeroing nothing, 64-byte aligned. */
#ifndef KI_SRC_BASE_MEMORY_H
#define KI_SRC_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* count * size bytes aligned to 64, or NULL if these are more than there are addresses or when memory
 * is out (count 0 gives a valid pointer). The caller reports KI_ERR_NOMEM with its own sentence and
 * frees with ki_free. */
void *ki_alloc(uint64_t count, uint64_t size);
void ki_free(void *p);

/* Memory as a row of arrays: measured first, with base NULL, then handed out. */
typedef struct ki_cursor {
    char *base;
    uint64_t used;
    int overflow; /* the sum of all does not fit into 64 bits */
} ki_cursor;

/* The next array, aligned to 64 bytes; NULL while measuring. */
void *ki_take(ki_cursor *c, uint64_t count, uint64_t size);

#endif
