/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers: Philox4x32-10 of Salmon, Moraes, Dror, Shaw (SC 2011), counter-based, so that any
 * part of any sequence can be made anywhere. A sequence belongs to (key, realization, stream); its
 * words come in groups of 64 = 16 counters: word w of counter 16 g + l is number 64 g + 16 w + l,
 * which is the order in which vectors of 16 lanes make them. The same words on every machine. */
#ifndef KI_SRC_NUM_PHILOX_H
#define KI_SRC_NUM_PHILOX_H

#include <stddef.h>
#include <stdint.h>

enum { KI_GROUP = 64 };

typedef struct ki_random_key {
    uint32_t word[2];
} ki_random_key;

/* A sequence. Make it with ki_sequence_of(). */
typedef struct ki_sequence {
    ki_random_key key;
    uint32_t high[2]; /* counter words 2 and 3: realization and stream */
} ki_sequence;

/* Streams of one realization, at most 256. */
enum ki_stream {
    KI_STREAM_COUPLING = 0, /* normals of J, or of the fields where there is no J */
    KI_STREAM_FIELD = 1,    /* H */
    KI_STREAM_START = 2,    /* first state */
    KI_STREAM_UPDATE = 3,   /* acceptance */
    KI_STREAM_CHOICE = 4,   /* which spin is next */
    KI_STREAM_RARE = 5,     /* further digits of the acceptance where the first do not decide */
    KI_STREAM_TAIL = 6      /* further digits of normals in the tails */
};

/* The function itself: four random words from a counter and a key. */
void ki_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A key from any number of 64-bit words (seed, parameters as bits). */
ki_random_key ki_random_key_of(size_t n, const uint64_t *word);

/* realization < 2^56, stream < 256. */
ki_sequence ki_sequence_of(ki_random_key key, uint64_t realization, unsigned stream);

/* Groups first..first + n - 1 of the sequence into out[64 n]. */
void ki_random_groups(const ki_sequence *sequence, uint64_t first, size_t n, uint32_t *out);

/* A double in (0, 1) with 52 random bits, from half of counter index/2: a sequence is used either
 * by words or by doubles. */
double ki_random_double(const ki_sequence *sequence, uint64_t index);

/* Standard normals number first..first + n - 1 to double precision, by pairs of doubles (Box and
 * Muller). */
void ki_random_normals(const ki_sequence *sequence, uint64_t first, size_t n, double *out);

/* ki_random_groups() as made for an instruction set level (see simd.h), which the machine must
 * have. */
void ki_random_groups_at(int level, const ki_sequence *sequence, uint64_t first, size_t n,
                         uint32_t *out);

#endif
