/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of one network, and one step of a law: p T and p (1 + G/N). [exact] */
#include "chain.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/parallel.h"
#include "num/matmul.h"
#include "num/simd.h"
#include "num/sum.h"
#include "num/vecmath.h"

#define LARGEST_FIELD 1e305 /* sums of some fields stay finite */
enum { FEW_BLOCKS = 64 };   /* are done before a team of threads is there */
static const ki_run_options alone = {1, NULL, NULL};

int ki_chain_check_size(uint64_t n, int dynamics) {
    if (ki_check_dynamics(dynamics))
        return KI_ERR_ARGUMENT;
    if (n < 1 || n > (dynamics == KI_SYNC ? KI_EXACT_MOST_SYNC : KI_EXACT_MOST_ASYNC))
        return ki_fail(KI_ERR_ARGUMENT,
                       "N : %llu spins cannot be enumerated : %d at most synchronously, %d "
                       "asynchronously; simulation or mean field for more",
                       (unsigned long long)n, KI_EXACT_MOST_SYNC, KI_EXACT_MOST_ASYNC);
    return 0;
}

int ki_chain_check(const ki_network *network, int dynamics, const ki_run_options *run) {
    int error = network ? ki_chain_check_size(network->n, dynamics) : 0;

    error = error ? error : ki_network_check(network);
    if (error)
        return error;
    const size_t n = (size_t)network->n;
    for (size_t i = 0; i < n; i++) {
        double sum = network->beta * fabs(network->H[i]);

        for (size_t j = 0; j < n; j++)
            sum += network->beta * fabs(network->J[i * n + j]);
        if (!(sum <= LARGEST_FIELD))
            return ki_fail(KI_ERR_ARGUMENT,
                           "beta : %g times H and J of spin %zu is a field of up to %g : %g at "
                           "most",
                           network->beta, i, sum, LARGEST_FIELD);
    }
    return ki_check_threads(run ? run->threads : 0);
}

void ki_chain_size(ki_chain *c, size_t n, int dynamics) {
    c->n = n;
    c->dynamics = dynamics;
    c->states = (size_t)1 << n;
    c->low_bits = (n + 1) / 2;
    c->low = (size_t)1 << c->low_bits;
    c->high = c->states / c->low;
}

size_t ki_chain_block_size(const ki_chain *c) {
    return c->states < KI_EXACT_BLOCK ? c->states : KI_EXACT_BLOCK;
}

size_t ki_chain_blocks(const ki_chain *c) {
    return c->states / ki_chain_block_size(c);
}

void ki_chain_lay_out(ki_chain *c, int products, ki_cursor *cursor) {
    const int sync = products && c->dynamics == KI_SYNC;
    const int async = products && c->dynamics == KI_ASYNC;

    c->self = ki_take(cursor, c->n, sizeof *c->self);
    c->x_low = ki_take(cursor, c->n * c->low, sizeof *c->x_low);
    c->x_high = ki_take(cursor, c->n * c->high, sizeof *c->x_high);
    c->U = ki_take(cursor, sync ? c->states * c->low : 0, sizeof *c->U);
    c->V = ki_take(cursor, sync ? c->states * c->high : 0, sizeof *c->V);
    c->space = ki_take(cursor, sync ? ki_matmul_space(c->high, c->low) : 0, sizeof *c->space);
    c->rate = ki_take(cursor, async ? c->n * c->states : 0, sizeof *c->rate);
    c->stay = ki_take(cursor, async ? c->states : 0, sizeof *c->stay);
}

void ki_chain_for_blocks(const ki_chain *c, int (*fn)(void *ctx, size_t block), void *ctx) {
    const size_t blocks = ki_chain_blocks(c);

    /* Nothing here fails: the number of threads has been checked, and there is no progress. */
    (void)!ki_parallel_for(blocks, 1, blocks < FEW_BLOCKS ? &alone : &c->quiet, fn, ctx);
}

int ki_chain_report(ki_chain *c, double part) {
    const ki_run_options *run = c->run;
    const double done = part * KI_EXACT_TOTAL;

    if (!run || !run->progress)
        return 0;
    /* Never backwards, nor as if all were done: a cancellation is still possible. */
    if (done > (double)c->reported && done < KI_EXACT_TOTAL - 1)
        c->reported = (uint64_t)done;
    if (run->progress(run->progress_user, c->reported, KI_EXACT_TOTAL))
        return ki_fail(KI_ERR_CANCELLED, "run : cancelled after %llu of %d : run it again",
                       (unsigned long long)c->reported, KI_EXACT_TOTAL);
    return 0;
}

void ki_chain_fields(const ki_chain *c, size_t i, size_t first, size_t count, double *x) {
    const double *low = c->x_low + i * c->low, *high = c->x_high + i * c->high;

    for (size_t done = 0; done < count;) {
        const size_t state = first + done, l = state & (c->low - 1);
        const size_t stretch = c->low - l < count - done ? c->low - l : count - done;
        const double h = high[state >> c->low_bits];

        for (size_t k = 0; k < stretch; k++)
            x[done + k] = low[l + k] + h;
        done += stretch;
    }
}

static double largest(size_t n, const double *x) {
    double most = 0;

    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(x[k]));
    return most;
}

double ki_chain_largest_field(const ki_chain *c) {
    return largest(c->n * c->low, c->x_low) + largest(c->n * c->high, c->x_high);
}

/* Partial fields of spin i by the spins from bit `first` on, of states of `count` values. */
static void fill_fields(const ki_network *w, size_t i, size_t first, size_t count, double base,
                        double *x) {
    const double *J = w->J + i * w->n + first;

    for (size_t a = 0; a < count; a++) {
        double sum = base;

        for (size_t j = 0; (size_t)1 << j < count; j++)
            sum += w->beta * J[j] * ki_spin(a, j);
        x[a] = sum;
    }
}

/* out [2^bits] of products of up[i] or down[i], bit by bit. */
static void outer(size_t bits, const double *up, const double *down, double *out) {
    out[0] = 1;
    for (size_t i = 0; i < bits; i++)
        for (size_t l = 0; l < (size_t)1 << i; l++) {
            out[l + ((size_t)1 << i)] = out[l] * up[i];
            out[l] *= down[i];
        }
}

static int fill_sync(void *ctx, size_t block) {
    ki_chain *c = ctx;
    const size_t size = ki_chain_block_size(c), first = block * size;

    for (size_t a = first; a < first + size; a++) {
        double up[KI_EXACT_MOST_SYNC], down[KI_EXACT_MOST_SYNC];

        for (size_t i = 0; i < c->n; i++) {
            const double x = ki_chain_field(c, i, a);
            up[i] = 1 / (1 + exp(-2 * x));
            down[i] = 1 / (1 + exp(2 * x));
        }
        outer(c->low_bits, up, down, c->U + a * c->low);
        outer(c->n - c->low_bits, up + c->low_bits, down + c->low_bits, c->V + a * c->high);
    }
    return 0;
}

/* Chance w of a flip at y = 2 s x is 1/(1 + e^y), that of none is 1/(1 + e^-y); both with relative
 * accuracy. */
KI_CLONES static void split(size_t n, const double *y, const double *e, double scale, double *flip,
                            double *stay) {
    for (size_t k = 0; k < n; k++) {
        const double large = scale / (1 + e[k]), small = scale * e[k] / (1 + e[k]);

        flip[k] = y[k] > 0 ? small : large;
        stay[k] += y[k] > 0 ? large : small;
    }
}

static int fill_async(void *ctx, size_t block) {
    ki_chain *c = ctx;
    const size_t size = ki_chain_block_size(c), first = block * size;
    double y[KI_EXACT_BLOCK], e[KI_EXACT_BLOCK];

    memset(c->stay + first, 0, size * sizeof *c->stay);
    for (size_t i = 0; i < c->n; i++) {
        ki_chain_fields(c, i, first, size, y);
        for (size_t k = 0; k < size; k++) {
            y[k] *= 2 * ki_spin(first + k, i);
            e[k] = -fabs(y[k]);
        }
        ki_vexp(size, e, e);
        split(size, y, e, 1 / (double)c->n, c->rate + i * c->states + first, c->stay + first);
    }
    return 0;
}

int ki_chain_fill(ki_chain *c, const ki_network *network, int products) {
    c->beta = network->beta;
    c->J = network->J;
    for (size_t i = 0; i < c->n; i++) {
        c->self[i] = c->beta * c->J[i * c->n + i];
        fill_fields(network, i, 0, c->low, network->beta * network->H[i], c->x_low + i * c->low);
        fill_fields(network, i, c->low_bits, c->high, 0, c->x_high + i * c->high);
    }
    if (products)
        ki_chain_for_blocks(c, c->dynamics == KI_SYNC ? fill_sync : fill_async, c);
    return ki_chain_report(c, 0);
}

typedef struct stepping {
    const ki_chain *c;
    const double *p;
    double *y;
} stepping;

KI_CLONES static void add_product(size_t n, const double *p, const double *rate, double *y) {
    for (size_t k = 0; k < n; k++)
        y[k] += p[k] * rate[k];
}

/* y[k ^ half] += p[k] rate[k]. */
KI_CLONES static void add_across(size_t n, size_t half, const double *p, const double *rate,
                                 double *y) {
    if (half >= 8) {
        for (size_t k = 0; k < n; k += 2 * half)
            for (size_t l = k; l < k + half; l++) {
                y[l] += p[l + half] * rate[l + half];
                y[l + half] += p[l] * rate[l];
            }
        return;
    }
    for (size_t k = 0; k < n; k += 8) {
        double flow[8];
        const size_t count = n < 8 ? n : 8;

        for (size_t l = 0; l < count; l++)
            flow[l] = p[k + l] * rate[k + l];
        for (size_t l = 0; l < count; l++)
            y[k + l] += flow[l ^ half];
    }
}

static int step_block(void *ctx, size_t block) {
    const stepping *s = ctx;
    const ki_chain *c = s->c;
    const size_t size = ki_chain_block_size(c), first = block * size;
    double *y = s->y + first;

    for (size_t k = 0; k < size; k++)
        y[k] = s->p[first + k] * c->stay[first + k];
    for (size_t i = 0; i < c->n; i++) {
        const size_t half = (size_t)1 << i;
        const double *rate = c->rate + i * c->states;

        if (half < size)
            add_across(size, half, s->p + first, rate + first, y);
        else
            add_product(size, s->p + (first ^ half), rate + (first ^ half), y);
    }
    return 0;
}

void ki_chain_step(ki_chain *c, const double *p, double *y) {
    c->products++;
    if (c->dynamics == KI_ASYNC) {
        stepping s = {c, p, y};

        ki_chain_for_blocks(c, step_block, &s);
        return;
    }
    /* y[k,l] = sum_a V[a,k] p_a U[a,l]: narrow, not worth a team of threads. */
    const ki_matrix V = {c->V, 1, c->high}, U = {c->U, c->low, 1};

    (void)!ki_matmul(c->high, c->low, c->states, V, p, U, y, c->low, c->space, &alone);
}

typedef struct summing {
    const ki_chain *c;
    const double *p;
    double *partial;
} summing;

static int sum_block(void *ctx, size_t block) {
    const summing *s = ctx;
    const size_t size = ki_chain_block_size(s->c);

    s->partial[block] = ki_sum(size, s->p + block * size);
    return 0;
}

double ki_chain_sum(const ki_chain *c, const double *p, double *partial) {
    summing s = {c, p, partial};

    ki_chain_for_blocks(c, sum_block, &s);
    return ki_sum(ki_chain_blocks(c), partial);
}

double ki_chain_cost(size_t n, int dynamics) {
    const double states = ldexp(1, (int)n);

    /* A product of matrices is some hundred times as fast as sums from a table in memory. */
    return dynamics == KI_SYNC ? 2 * states * states : 200 * (double)n * states;
}

double ki_chain_longest(size_t n, int dynamics) {
    return fmin(1e8, 3e13 / ki_chain_cost(n, dynamics));
}
