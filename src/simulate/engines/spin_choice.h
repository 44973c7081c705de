/* SPDX-License-Identifier: BSD-3-Clause */
/* Which spin is updated next. */
#ifndef KI_SRC_SIMULATE_ENGINES_SPIN_CHOICE_H
#define KI_SRC_SIMULATE_ENGINES_SPIN_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "num/philox.h"

typedef struct ki_chooser {
    ki_sequence sequence;
    uint32_t n;
    uint64_t groups; /* that have been used */
    size_t left;     /* choices in `spare` */
    uint32_t spare[KI_GROUP];
} ki_chooser;

ki_chooser ki_chooser_of(ki_random_key key, uint64_t realization, uint32_t n);

/* The next `count` spins, each of the n equally likely. */
void ki_choose(ki_chooser *chooser, size_t count, uint32_t *out);

#endif
