/* SPDX-License-Identifier: BSD-3-Clause */
/* Moments of a law, block by block: within one, the mean of s_j times anything for all j is found
 * by folding, 2 operations a state instead of N. [exact] */
#include "law_moments.h"

#include <math.h>
#include <string.h>

#include "num/sum.h"
#include "num/vecmath.h"

/* A block's share: for each spin the row of c and that of e (N each), then t, own, and in the end
 * S, entropy, flips. */
enum { N_SUMS = 3, SUM_S = 0, SUM_ENTROPY = 1, SUM_FLIPS = 2 };

void ki_law_moments_lay_out(ki_law_moments *k, const ki_chain *c, ki_cursor *cursor) {
    const size_t n = c->n;

    k->room = 2 * n * n + 3 * n + N_SUMS;
    k->m = ki_take(cursor, n, sizeof *k->m);
    k->t = ki_take(cursor, n, sizeof *k->t);
    k->own = ki_take(cursor, n, sizeof *k->own);
    k->c = ki_take(cursor, n * n, sizeof *k->c);
    k->d = ki_take(cursor, n * n, sizeof *k->d);
    k->e = ki_take(cursor, n * n, sizeof *k->e);
    k->partial = ki_take(cursor, ki_chain_blocks(c) * k->room, sizeof *k->partial);
}

/* out[j] = sum of g times s_j over the block from state `first` on, all j < n. g is used up;
 * returns its sum. */
static double fold(size_t n, size_t first, size_t size, double *g, double *out) {
    size_t j = 0;

    /* Bit 0 first: neighbours are added up, and bit 1 becomes bit 0. */
    for (; size > 1; size /= 2, j++) {
        double difference = 0;

        for (size_t k = 0; k < size / 2; k++) {
            const double down = g[2 * k], up = g[2 * k + 1];

            difference += up - down;
            g[k] = down + up;
        }
        out[j] = difference;
    }
    for (; j < n; j++)
        out[j] = ki_spin(first, j) * g[0];
    return g[0];
}

typedef struct taking {
    const ki_chain *c;
    ki_law_moments *k;
    const double *p;
} taking;

static double log_2cosh(double x) {
    return fabs(x) + log1p(exp(-2 * fabs(x)));
}

/* -f ln[cosh x / cosh(x - 2 self s)]: the part of J_ii in sigma, of a spin s in the field x. */
static double own_part(double x, double s, double self, double flip) {
    return flip > 0 ? -flip * (log_2cosh(x) - log_2cosh(x - 2 * self * s)) : 0;
}

static int take_block(void *ctx, size_t block) {
    const taking *t = ctx;
    const ki_chain *c = t->c;
    const size_t n = c->n, size = ki_chain_block_size(c), first = block * size;
    const double *p = t->p + first;
    double x[KI_EXACT_BLOCK], flip[KI_EXACT_BLOCK], g[KI_EXACT_BLOCK];
    double *row_c = t->k->partial + block * t->k->room, *row_e = row_c + n * n;
    double *mean_t = row_e + n * n, *own = mean_t + n, *mean_s = own + n, *sums = mean_s + n;

    memset(row_c, 0, t->k->room * sizeof *row_c);
    for (size_t a = 0; a < size; a++)
        sums[SUM_ENTROPY] -= p[a] > 0 ? p[a] * log(p[a]) : 0;
    for (size_t i = 0; i < n; i++) {
        ki_chain_fields(c, i, first, size, x);
        for (size_t a = 0; a < size; a++)
            flip[a] = -2 * fabs(x[a]);
        ki_vexp(size, flip, flip);
        for (size_t a = 0; a < size; a++) {
            const double s = ki_spin(first + a, i), e = flip[a];

            flip[a] = (s * x[a] > 0 ? e : 1) / (1 + e);
            if (c->dynamics == KI_ASYNC && c->self[i] != 0)
                own[i] += p[a] * own_part(x[a], s, c->self[i], flip[a]);
            g[a] = -2 * s * flip[a] * p[a]; /* (t - s) p */
        }
        mean_t[i] = fold(n, first, size, g, row_e + i * n); /* less that of s */
        for (size_t a = 0; a < size; a++)
            g[a] = ki_spin(first + a, i) * p[a];
        mean_s[i] = fold(n, first, size, g, row_c + i * n);
        sums[SUM_FLIPS] += ki_dot(size, flip, p);
        ki_vchi(size, x, x);
        sums[SUM_S] += ki_dot(size, x, p);
    }
    return 0;
}

void ki_law_moments_take(const ki_chain *c, ki_law_moments *k, const double *p) {
    const size_t n = c->n;
    taking t = {c, k, p};
    double *sum = k->partial;

    ki_chain_for_blocks(c, take_block, &t);
    for (size_t block = 1; block < ki_chain_blocks(c); block++)
        for (size_t i = 0; i < k->room; i++)
            sum[i] += k->partial[block * k->room + i];
    const double *e = sum + n * n, *less = e + n * n;
    memcpy(k->c, sum, n * n * sizeof *k->c);
    memcpy(k->e, e, n * n * sizeof *k->e);
    memcpy(k->own, less + n, n * sizeof *k->own);
    memcpy(k->m, less + 2 * n, n * sizeof *k->m);
    for (size_t i = 0; i < n; i++) {
        k->t[i] = k->m[i] + less[i];
        for (size_t j = 0; j < n; j++)
            k->d[i * n + j] = k->c[i * n + j] + k->e[i * n + j];
        k->c[i * n + i] = 1;
        for (size_t j = 0; j < i; j++)
            k->c[i * n + j] = k->c[j * n + i];
    }
    k->S = less[3 * n + SUM_S];
    k->entropy = less[3 * n + SUM_ENTROPY];
    k->flips = less[3 * n + SUM_FLIPS];
}
