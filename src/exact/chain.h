/* SPDX-License-Identifier: BSD-3-Clause */
/* All states of a small network and what takes a law one step further. [exact]
 *
 * A state's number is split into its low and its high bits. Fields are sums of two table entries;
 * synchronously a row of the transition matrix is the outer product of two short vectors, of the
 * low and of the high spins, so that p T = V^T diag(p) U is one product of matrices. */
#ifndef KI_SRC_EXACT_CHAIN_H
#define KI_SRC_EXACT_CHAIN_H

#include <kinising/exact.h>

#include "base/memory.h"

enum { KI_EXACT_BLOCK = 2048 }; /* states that are worked on together; a power of two */

typedef struct ki_chain {
    size_t n, states, low_bits, low, high; /* states = low * high */
    int dynamics;
    double beta;
    const double *J;
    double *self;              /* [n] beta J_ii */
    double *x_low, *x_high;    /* [n,low], [n,high]: beta h_i(a) is the sum of two */
    double *U, *V;             /* synchronous: [states,low], [states,high] */
    double *space;             /* of the product of matrices */
    double *rate, *stay;       /* asynchronous: [n,states] w_i(a)/N, [states] 1 - their sum */
    ki_run_options quiet;      /* threads, without progress: reports are made between products */
    const ki_run_options *run; /* the caller's, may be NULL */
    uint64_t products, reported;
} ki_chain;

enum { KI_EXACT_TOTAL = 1000 }; /* what progress is out of */

/* Checks that do not need memory: dynamics, number of spins, network, fields that stay finite,
 * threads. */
int ki_chain_check(const ki_network *network, int dynamics, const ki_run_options *run);

/* Number of spins and dynamics alone. */
int ki_chain_check_size(uint64_t n, int dynamics);

/* Sets the sizes. */
void ki_chain_size(ki_chain *c, size_t n, int dynamics);

/* Lays out the tables; `products`: those that ki_chain_step() needs too. */
void ki_chain_lay_out(ki_chain *c, int products, ki_cursor *cursor);

/* Fills the tables. Fails by cancellation alone. */
int ki_chain_fill(ki_chain *c, const ki_network *network, int products);

/* y = p T, or p (1 + G/N). All terms have the sign of p's. y != p. */
void ki_chain_step(ki_chain *c, const double *p, double *y);

/* Operations of a step, about. */
double ki_chain_cost(size_t n, int dynamics);

/* The most steps, or updates, that one call may take: minutes of them. */
double ki_chain_longest(size_t n, int dynamics);

/* Tells the caller's progress that `part` of 1 is done; KI_ERR_CANCELLED if that is to be all. */
int ki_chain_report(ki_chain *c, double part);

/* fn(ctx, block) for blocks of KI_EXACT_BLOCK states (or all of fewer) on the threads. */
size_t ki_chain_blocks(const ki_chain *c);
size_t ki_chain_block_size(const ki_chain *c);
void ki_chain_for_blocks(const ki_chain *c, int (*fn)(void *ctx, size_t block), void *ctx);

/* beta h_i of `count` states from `first` on, which share their high bits or start at low bits 0.
 */
void ki_chain_fields(const ki_chain *c, size_t i, size_t first, size_t count, double *x);

/* The same of one state. */
static inline double ki_chain_field(const ki_chain *c, size_t i, size_t a) {
    return c->x_low[i * c->low + (a & (c->low - 1))] + c->x_high[i * c->high + (a >> c->low_bits)];
}

/* Largest |beta h_i|, or a little more. */
double ki_chain_largest_field(const ki_chain *c);

/* Spin i of a state. */
static inline double ki_spin(size_t state, size_t i) {
    return state >> i & 1 ? 1 : -1;
}

/* Sum over chunks in a fixed order, whatever the threads. */
double ki_chain_sum(const ki_chain *c, const double *p, double *partial);

#endif
