/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulate/engines/spin_choice.h"

#include <string.h>

ki_chooser ki_chooser_of(ki_random_key key, uint64_t realization, uint32_t n) {
    return (ki_chooser){.sequence = ki_sequence_of(key, realization, KI_STREAM_CHOICE), .n = n};
}

/* The upper half of the product of a word with n, with the words refused that would favour some
 * (Lemire, ACM TOMACS 29, 2019). */
void ki_choose(ki_chooser *c, size_t count, uint32_t *out) {
    const uint32_t refused = (uint32_t)(-c->n % c->n);
    size_t have = 0;

    while (have < count) {
        if (c->left == 0) {
            uint32_t word[KI_GROUP];
            ki_random_groups(&c->sequence, c->groups++, 1, word);
            for (size_t i = 0; i < KI_GROUP; i++) {
                const uint64_t product = (uint64_t)word[i] * c->n;
                c->spare[c->left] = (uint32_t)(product >> 32);
                c->left += (uint32_t)product >= refused;
            }
        }
        const size_t take = c->left < count - have ? c->left : count - have;
        memcpy(out + have, c->spare, take * sizeof *out);
        c->left -= take;
        memmove(c->spare, c->spare + take, c->left * sizeof *out);
        have += take;
    }
}
