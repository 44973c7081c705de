/* SPDX-License-Identifier: BSD-3-Clause */
/* Replicas of one network, inside. Replicas are advanced in blocks of a fixed width, which are what
 * threads share out; matrices of a block are [N, width], so that a row is one spin in all replicas
 * of the block.
 *
 * The sums of m, c and d over replicas and times are integers in units of 2^-bits: blocks add to
 * them in any order and the bits of the result do not depend on it. */
#ifndef KI_SRC_SIMULATE_REPLICAS_BLOCK_H
#define KI_SRC_SIMULATE_REPLICAS_BLOCK_H

#include <kinising/simulate.h>

#include "base/parallel.h"
#include "simulate/engines/spin_choice.h"
#include "num/philox.h"

enum {
    KI_SYNC_WIDTH = 64, /* a machine word a spin; products a tenth slower than twice as wide ones */
    KI_ASYNC_WIDTH = 16, /* replicas run one by one: many blocks for many threads */
    KI_RECENT = 6        /* units of time whose updates are known in order at the end */
};

/* Per replica sums over spins and measured times. Sr is not summed but made from S and sigma. */
enum ki_replica_sum {
    KI_SUM_M,
    KI_SUM_Q,
    KI_SUM_S,
    KI_SUM_SIGMA,
    KI_SUM_ACTIVITY,
    KI_SUM_FLIPS, /* a count, of a whole block in the first of its replicas */
    KI_N_SUMS
};

/* One call of ki_replicas(), as its blocks see it. */
typedef struct ki_replicas_job {
    ki_replicas_spec spec;
    size_t n, width, blocks;
    size_t stride; /* N rounded up for ki_product64() */
    ki_random_key key;
    uint64_t first_measured; /* times first_measured..steps are measured */
    uint64_t first_q, lag;   /* of q: times first_q..steps against those `lag` earlier */
    uint64_t slots;          /* earlier states to be kept for it, asynchronous */
    int want_summary, want_moments, want_c, want_d;
    float *J;     /* [N,N] beta J; transposed if asynchronous */
    float *H;     /* [N] beta H */
    int large_H;  /* so large that it hides the couplings in a field */
    double *sums; /* [KI_N_SUMS, R]; NULL without summary */
    float *self;  /* [N] beta J_ii */
    int64_t *m;   /* [N] sums in units of 2^-bits */
    int64_t *m_before;
    int64_t *c, *d; /* [N,N] likewise, of c the upper triangle; NULL if not wanted */
    int bits;
    int64_t *own; /* [N] sums of the spins' own part of sigma, in units of 2^-own_bits */
    int own_bits;
    int8_t *raster; /* [R,T+1,N] or NULL */
} ki_replicas_job;

/* What one thread works with. */
typedef struct ki_block {
    size_t index, live; /* which block; replicas in it, fewer than `width` in the last one */
    float *x;           /* [N,width] beta h */
    float *s;           /* [N,width] spins +-1 that made x */
    float *t;           /* [N,width] tanh x */
    float *y;           /* [N,width] beta J t */
    uint64_t *spin;     /* [N] spins as bits, synchronous */
    uint64_t *before;   /* [N] those of the step before */
    double *sums;       /* [KI_N_SUMS,width] */
    double *m, *own;    /* [N] */
    double *m_before;   /* [N] */
    float *c, *d;       /* [N,stride] sums not yet added to those of the job, if wanted */
    float *across;      /* [width,stride] t or s transposed */
    int pending;        /* measured times in them */
    float *field;       /* [width,N] beta h, asynchronous; then: */
    int8_t *state;      /* [width,N] spins */
    float *last;        /* [width,N] beta h at the last update, NaN if there was none */
    uint32_t *when;  /* [width,N] the number of that update among the last KI_RECENT N, from 1 on,
                           or 0; NULL where more than one time is measured. With it: */
    uint32_t *slot;  /* [KI_RECENT N] */
    float *rest;     /* [width,N] see estimators.h */
    float *pair_sum; /* [N] */
    uint32_t *words; /* [2, 64 ceil(N/64)] for one unit of time: spins, and random words */
    uint16_t *past;  /* [slots,N] packed earlier states for q */
    ki_chooser chooser[KI_ASYNC_WIDTH];
    uint64_t rare[KI_ASYNC_WIDTH]; /* how much of KI_STREAM_RARE each replica has used */
} ki_block;

/* Adds x, t = tanh(x), and s to the sums; `earlier` [N] (asynchronous) holds the states of the
 * replicas that q compares with, or NULL if there are none. */
int ki_replicas_measure(const ki_replicas_job *job, ki_block *block, const uint16_t *earlier,
                        ki_work *work);

/* y := beta J a */
void ki_replicas_multiply(const ki_replicas_job *job, ki_block *block, const float *a);

/* What the change from the first measured state to the last adds to sigma, synchronous: while x and
 * s are those of the first measured step; and while t and y = beta J t are those of the last one and x
 * the fields of the state it led to (without H if that is large). */
void ki_replicas_flow_begin(const ki_replicas_job *job, ki_block *block);
void ki_replicas_flow_end(const ki_replicas_job *job, ki_block *block);

/* sigma of x, t and s, asynchronous. */
void ki_replicas_heat(const ki_replicas_job *job, ki_block *block);

/* Adds what is pending of c and d to the sums of the job. */
int ki_replicas_flush(const ki_replicas_job *job, ki_block *block, ki_work *work);

/* Runs block->index from the start to the end. */
int ki_replicas_sync_block(const ki_replicas_job *job, ki_block *block, ki_work *work);
int ki_replicas_async_block(const ki_replicas_job *job, ki_block *block, ki_work *work);

/* Spin i of the block's replica `lane` is the sign of start word i: bit `lane` of word[i], 64
 * replicas. */
void ki_replicas_start(const ki_replicas_job *job, uint64_t realization, size_t count,
                       uint64_t *word);

#endif
