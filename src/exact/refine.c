/* SPDX-License-Identifier: BSD-3-Clause */
/* Weights of sets of states between which the chain hardly ever moves, by aggregation and
 * disaggregation in turn (Koury, McAllister, Stewart 1984). [exact]
 *
 * The sets are the basins of attraction of the most probable moves. Flows between them are sums of
 * positive terms, weights that balance the flows are found without a subtraction: they are exact
 * however small the flows. */
#include "refine.h"

#include <math.h>
#include <string.h>

#include "elimination.h"

/* So many sets are told apart at most. */
enum { CELLS = 24, ROUNDS = 100 };
#define SETTLED 1e-13

/* The most probable next state: synchronously each spin along its field; asynchronously the flip
 * that is the most probable one, if it is more probable than not. */
static size_t next_of(const ki_chain *c, size_t a) {
    size_t next = a;
    double most = 0.5 / (double)c->n;

    for (size_t i = 0; i < c->n; i++) {
        const size_t bit = (size_t)1 << i;

        if (c->dynamics == KI_SYNC) {
            next = ki_chain_field(c, i, a) < 0 ? next & ~bit : next | bit;
        } else if (c->rate[i * c->states + a] > most) {
            most = c->rate[i * c->states + a];
            next = a ^ bit;
        }
    }
    return next;
}

typedef struct basins {
    const ki_chain *c;
    ki_law *s;
} basins;

static int jump_block(void *ctx, size_t block) {
    const basins *b = ctx;
    const size_t size = ki_chain_block_size(b->c), first = block * size;

    for (size_t a = first; a < first + size; a++)
        b->s->jump[a] = (uint32_t)next_of(b->c, a);
    return 0;
}

/* Names each state by the cycle that it ends in, and puts sets of probability 0 with the first.
 * Returns the number of sets, 0 if there are too many. */
static size_t make_cells(const ki_chain *c, ki_law *s) {
    const unsigned char none = 255;
    basins b = {c, s};
    double mass[CELLS] = {0};
    unsigned char name[CELLS] = {0};
    size_t found = 0, cells = 0;

    ki_chain_for_blocks(c, jump_block, &b);
    /* After n + 1 doublings, more than 2^n moves, every state is in its cycle. */
    for (size_t twice = 0; twice <= c->n; twice++)
        for (size_t a = 0; a < c->states; a++)
            s->jump[a] = s->jump[s->jump[a]];
    memset(s->cell, none, c->states);
    for (size_t a = 0; a < c->states; a++) {
        size_t end = s->jump[a];

        if (s->cell[end] == none) {
            if (found == CELLS)
                return 0;
            const unsigned char cell = (unsigned char)found++;

            for (; s->cell[end] == none; end = next_of(c, end))
                s->cell[end] = cell;
        }
        s->cell[a] = s->cell[end];
        mass[s->cell[a]] += s->p[a];
    }
    for (size_t k = 0; k < found; k++)
        if (mass[k] > 0)
            name[k] = (unsigned char)cells++;
    for (size_t a = 0; a < c->states; a++)
        s->cell[a] = name[s->cell[a]];
    return cells;
}

/* flow[I,J]: probability that moves from set I to set J in a step; mass[I]. */
static int measure_flow(ki_chain *c, ki_law *s, size_t cells, double *flow, double *mass) {
    memset(flow, 0, cells * cells * sizeof *flow);
    memset(mass, 0, cells * sizeof *mass);
    for (size_t from = 0; from < cells; from++) {
        const int error = ki_chain_report(c, 0.95);

        if (error)
            return error;
        for (size_t a = 0; a < c->states; a++) {
            s->z[a] = s->cell[a] == from ? s->p[a] : 0;
            mass[from] += s->z[a];
        }
        ki_chain_step(c, s->z, s->y);
        for (size_t b = 0; b < c->states; b++)
            flow[from * cells + s->cell[b]] += s->y[b];
    }
    return 0;
}

/* Gives the sets new weights, those that balance the flows. Returns the largest relative change of
 * one, and -1 if there are none. Relative, for a set that seems to weigh nothing may be one whose
 * states are not yet weighted right against each other. */
static double balance(ki_law *s, size_t states, size_t cells, double *flow, const double *mass) {
    double weight[CELLS], change = 0;

    for (size_t k = 0; k < cells; k++)
        for (size_t l = 0; l < cells; l++)
            flow[k * cells + l] /= mass[k];
    if (ki_eliminate(cells, flow, weight))
        return -1;
    for (size_t k = 0; k < cells; k++) {
        weight[k] /= mass[k];
        change = fmax(change, fabs(weight[k] - 1));
    }
    for (size_t a = 0; a < states; a++)
        s->p[a] *= weight[s->cell[a]];
    return change;
}

/* Equal weights: that they find back shows that they do. */
static void forget(ki_law *s, size_t states, size_t cells) {
    double mass[CELLS] = {0};

    for (size_t a = 0; a < states; a++)
        mass[s->cell[a]] += s->p[a];
    for (size_t a = 0; a < states; a++)
        s->p[a] /= (double)cells * mass[s->cell[a]];
}

int ki_law_refine(ki_chain *c, ki_law *s, size_t *cells, double *residual, double *error) {
    double *before = ki_krylov_vector(&s->krylov, 0), *flow = ki_krylov_work(&s->krylov);
    double mass[CELLS], residual_before = *residual, last = 1;

    *error = 1;
    *cells = make_cells(c, s);
    if (*cells < 2)
        return 0;
    memcpy(before, s->p, c->states * sizeof *before);
    forget(s, c->states, *cells);
    for (int round = 0; round < ROUNDS; round++) {
        int stopped = measure_flow(c, s, *cells, flow, mass);

        if (stopped)
            return stopped;
        const double change = balance(s, c->states, *cells, flow, mass);
        if (change < 0)
            break;
        stopped = ki_law_polish(c, s, 0, residual);
        if (stopped)
            return stopped;
        /* The changes shrink by a factor a round: what is left is the rest of a geometric row. */
        const double factor = change / last;
        *error = round > 0 && factor < 1 ? fmin(change * factor / (1 - factor), 1) : 1;
        if (round > 0 && change <= SETTLED) {
            *error = change;
            return 0;
        }
        last = change;
    }
    if (*error >= 1) {
        memcpy(s->p, before, c->states * sizeof *before);
        *residual = residual_before;
    }
    return 0;
}
