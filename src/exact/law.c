/* SPDX-License-Identifier: BSD-3-Clause */
/* A law and what steps of the chain do to it. [exact] */
#include "law.h"

#include <math.h>
#include <string.h>

#define SETTLED 1e-13  /* relative change of a law that is as good as it gets */
#define UNSETTLED 1e-4 /* relative change of a state that is noise, */
#define NOISE 1e-11    /* if all of them together are less probable */
enum { SWEEPS = 4 };

void ki_law_lay_out(ki_law *s, const ki_chain *c, ki_cursor *cursor) {
    const size_t small = c->n <= KI_ELIMINATION_MOST ? c->states : 0;

    ki_krylov_size(&s->krylov, c);
    ki_krylov_lay_out(&s->krylov, c, cursor);
    s->matrix = ki_take(cursor, small * small, sizeof *s->matrix);
    s->p = ki_take(cursor, c->states, sizeof *s->p);
    s->y = ki_take(cursor, c->states, sizeof *s->y);
    s->z = ki_take(cursor, c->states, sizeof *s->z);
    s->partial = ki_take(cursor, 2 * ki_chain_blocks(c), sizeof *s->partial);
    s->jump = ki_take(cursor, c->states, sizeof *s->jump);
    s->cell = ki_take(cursor, c->states, sizeof *s->cell);
}

/* p T - p and how much p changes. */
typedef struct difference {
    const ki_chain *c;
    const double *p, *y;
    double *partial;
} difference;

static int difference_block(void *ctx, size_t block) {
    const difference *d = ctx;
    const size_t size = ki_chain_block_size(d->c), first = block * size;
    double sum = 0, most = 0;

    for (size_t a = first; a < first + size; a++) {
        const double change = fabs(d->y[a] - d->p[a]);

        sum += change;
        if (d->y[a] > 1e-290)
            most = fmax(most, change / d->y[a]);
    }
    d->partial[2 * block] = sum;
    d->partial[2 * block + 1] = most;
    return 0;
}

double ki_law_change(const ki_chain *c, const ki_law *s, double *relative) {
    difference d = {c, s->p, s->y, s->partial};
    double *partial = s->partial, sum = 0;

    ki_chain_for_blocks(c, difference_block, &d);
    *relative = 0;
    for (size_t block = 0; block < ki_chain_blocks(c); block++) {
        sum += partial[2 * block];
        *relative = fmax(*relative, partial[2 * block + 1]);
    }
    return sum;
}

typedef struct scaling {
    const ki_chain *c;
    double *p;
    double factor;
} scaling;

/* Scales and takes out what rounding has made negative. */
static int scale_block(void *ctx, size_t block) {
    const scaling *s = ctx;
    const size_t size = ki_chain_block_size(s->c), first = block * size;

    for (size_t a = first; a < first + size; a++)
        s->p[a] = fmax(s->p[a] * s->factor, 0);
    return 0;
}

void ki_law_normalise(const ki_chain *c, double *p, double *partial) {
    for (int pass = 0; pass < 2; pass++) {
        scaling s = {c, p, 1 / ki_chain_sum(c, p, partial)};

        ki_chain_for_blocks(c, scale_block, &s);
    }
}

/* Empties states that still change much though hardly anything is in them: noise, that would take
 * long to decay where nothing flows in. What belongs there comes back with the next steps. */
static void sweep(const ki_chain *c, ki_law *s) {
    double mass = 0;

    for (size_t a = 0; a < c->states; a++)
        mass += fabs(s->y[a] - s->p[a]) > UNSETTLED * s->y[a] ? s->p[a] : 0;
    for (size_t a = 0; mass < NOISE && a < c->states; a++)
        if (fabs(s->y[a] - s->p[a]) > UNSETTLED * s->y[a])
            s->y[a] = 0;
}

int ki_law_polish(ki_chain *c, ki_law *s, int sweeping, double *residual) {
    const size_t most = 11 + 4 * c->n;

    for (size_t i = 0;; i++) {
        double relative;
        const int error = ki_chain_report(c, 0.5);

        if (error)
            return error;
        ki_chain_step(c, s->p, s->y);
        *residual = ki_law_change(c, s, &relative);
        if (i >= most || relative <= SETTLED)
            return 0;
        if (sweeping && i % (most / SWEEPS) == most / SWEEPS - 1)
            sweep(c, s);
        memcpy(s->p, s->y, c->states * sizeof *s->p);
        ki_law_normalise(c, s->p, s->partial);
    }
}
