/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that fails: link with -Wl,--wrap=ki_alloc and set `ki_fail_at` to let the k-th allocation from
 * now fail (0 is the next); -1 never. Every allocation of the library goes through ki_alloc. */
#ifndef KI_FAIL_ALLOC_H
#define KI_FAIL_ALLOC_H

#include <stddef.h>
#include <stdint.h>

static int ki_fail_at = -1;
static int ki_live_blocks;
static size_t ki_most_bytes; /* of one allocation; for the test to set back */

void *__real_ki_alloc(uint64_t count, uint64_t size);
void *__wrap_ki_alloc(uint64_t count, uint64_t size);
void *__wrap_ki_alloc(uint64_t count, uint64_t size) {
    if (ki_fail_at == 0)
        return NULL;
    ki_fail_at -= ki_fail_at > 0;
    void *p = __real_ki_alloc(count, size);
    ki_live_blocks += p != NULL;
    ki_most_bytes = count * size > ki_most_bytes ? count * size : ki_most_bytes;
    return p;
}

void __real_ki_free(void *p);
void __wrap_ki_free(void *p);
void __wrap_ki_free(void *p) {
    ki_live_blocks -= p != NULL;
    __real_ki_free(p);
}

#endif
