/* SPDX-License-Identifier: BSD-3-Clause */
/* Krylov-Schur iteration. [exact] */
#include "krylov.h"

#include <math.h>
#include <string.h>

#include "blas/linalg.h"
#include "num/simd.h"
#include "num/sum.h"

/* BREAKDOWN: a vector this small beyond those there is rounding. Convergence is looked for every
 * LOOK vectors, and given up after so many restarts that have not halved the residual. A mode that
 * has converged is improved until its eigenvalue is known to FINE, which a residual is far from
 * where left and right eigenvectors are nearly orthogonal, or FINISHING restarts do not help. */
#define BREAKDOWN 1e-14
#define FINE 1e-14
enum {
    SMALL_MOST = 40,
    LARGE_MOST = 24,
    LARGE_N = 17,
    LOOK = 8,
    PATIENCE = 200,
    FINISHING = 2,
    PIECE = 128
};

void ki_krylov_size(ki_krylov *k, const ki_chain *c) {
    const size_t most = c->n < LARGE_N ? SMALL_MOST : LARGE_MOST;

    k->states = c->states;
    k->most = most < c->states ? most : c->states;
    k->stride = k->most + 1;
}

void ki_krylov_lay_out(ki_krylov *k, const ki_chain *c, ki_cursor *cursor) {
    const size_t square = k->most * k->most;

    k->q = ki_take(cursor, k->stride * k->states, sizeof *k->q);
    k->B = ki_take(cursor, k->stride * k->most, sizeof *k->B);
    k->T = ki_take(cursor, square, sizeof *k->T);
    k->Z = ki_take(cursor, square, sizeof *k->Z);
    k->re = ki_take(cursor, k->most, sizeof *k->re);
    k->im = ki_take(cursor, k->most, sizeof *k->im);
    k->work = ki_take(cursor, square + 8 * k->most, sizeof *k->work);
    k->partial = ki_take(cursor, ki_chain_blocks(c) * k->stride, sizeof *k->partial);
    k->h = ki_take(cursor, k->stride, sizeof *k->h);
    k->select = ki_take(cursor, k->most, sizeof *k->select);
}

/* What the threads share: vectors 0..count - 1 of the basis and one more, v. */
typedef struct sweep {
    const ki_krylov *k;
    size_t block_size, count, kept;
    double *v;
    double factor;
} sweep;

static void take_dots(const sweep *s, size_t block) {
    const size_t first = block * s->block_size;

    for (size_t j = 0; j < s->count; j++)
        s->k->partial[block * s->k->stride + j] =
            ki_dot(s->block_size, ki_krylov_vector(s->k, j) + first, s->v + first);
}

KI_CLONES static void subtract(size_t n, double h, const double *q, double *v) {
    for (size_t a = 0; a < n; a++)
        v[a] -= h * q[a];
}

static void subtract_all(const sweep *s, size_t block) {
    const size_t first = block * s->block_size;

    for (size_t j = 0; j < s->count; j++)
        subtract(s->block_size, s->k->h[j], ki_krylov_vector(s->k, j) + first, s->v + first);
}

/* One pass over the basis each: the time goes into reading it. */
static int shift_and_dot(void *ctx, size_t block) {
    const sweep *s = ctx;
    double *v = s->v + block * s->block_size;

    for (size_t a = 0; s->factor != 0 && a < s->block_size; a++)
        v[a] -= s->factor;
    take_dots(s, block);
    return 0;
}

static int subtract_and_dot(void *ctx, size_t block) {
    subtract_all(ctx, block);
    take_dots(ctx, block);
    return 0;
}

static int square_block(void *ctx, size_t block) {
    const sweep *s = ctx;
    const double *v = s->v + block * s->block_size;

    s->k->partial[block] = ki_dot(s->block_size, v, v);
    return 0;
}

/* Writes over the sums of the dots, which are in h by now. */
static int subtract_and_square(void *ctx, size_t block) {
    subtract_all(ctx, block);
    return square_block(ctx, block);
}

static int scale_block(void *ctx, size_t block) {
    const sweep *s = ctx;
    double *v = s->v + block * s->block_size;

    for (size_t a = 0; a < s->block_size; a++)
        v[a] = (v[a] - s->factor) * s->k->h[0];
    return 0;
}

/* (v - shift) times a factor. */
static void scale(const ki_chain *c, const ki_krylov *k, double shift, double factor, double *v) {
    sweep s = {.k = k, .block_size = ki_chain_block_size(c), .v = v, .factor = shift};

    k->h[0] = factor;
    ki_chain_for_blocks(c, scale_block, &s);
}

static double norm(const ki_chain *c, const ki_krylov *k, double *v) {
    sweep s = {.k = k, .block_size = ki_chain_block_size(c), .v = v};

    ki_chain_for_blocks(c, square_block, &s);
    return sqrt(ki_sum(ki_chain_blocks(c), k->partial));
}

/* What is to be taken from v to have sum 0: the part along the stationary law, whose right
 * eigenvector is 1. */
static double mean_of(const ki_chain *c, const ki_krylov *k, const double *v) {
    return ki_chain_sum(c, v, k->partial) / (double)k->states;
}

static void collect(const ki_chain *c, ki_krylov *k, size_t count, double *b) {
    for (size_t j = 0; j < count; j++) {
        k->h[j] = 0;
        for (size_t block = 0; block < ki_chain_blocks(c); block++)
            k->h[j] += k->partial[block * k->stride + j];
        b[j] += k->h[j];
    }
}

/* Shifts v, makes it orthogonal to the first `count` vectors, twice, adds the coefficients to b and
 * returns the length that is left. */
static double orthogonalise(const ki_chain *c, ki_krylov *k, size_t count, double shift, double *v,
                            double *b) {
    sweep s = {
        .k = k, .block_size = ki_chain_block_size(c), .count = count, .v = v, .factor = shift};

    ki_chain_for_blocks(c, shift_and_dot, &s);
    collect(c, k, count, b);
    ki_chain_for_blocks(c, subtract_and_dot, &s);
    collect(c, k, count, b);
    ki_chain_for_blocks(c, subtract_and_square, &s);
    return sqrt(ki_sum(ki_chain_blocks(c), k->partial));
}

KI_CLONES static void combine(size_t count, size_t kept, size_t states, size_t n, const double *Z,
                              double *q, double *out) {
    memset(out, 0, kept * PIECE * sizeof *out);
    for (size_t r = 0; r < count; r++)
        for (size_t j = 0; j < kept; j++)
            for (size_t a = 0; a < n; a++)
                out[j * PIECE + a] += Z[j * count + r] * q[r * states + a];
    for (size_t j = 0; j < kept; j++)
        memcpy(q + j * states, out + j * PIECE, n * sizeof *q);
}

/* The first `kept` vectors become sums with the columns of Z over the first `count`. */
static int rotate_block(void *ctx, size_t block) {
    const sweep *s = ctx;
    const ki_krylov *k = s->k;
    double out[(SMALL_MOST + 1) * PIECE];

    for (size_t done = 0; done < s->block_size; done += PIECE) {
        const size_t n = s->block_size - done < PIECE ? s->block_size - done : PIECE;

        combine(s->count, s->kept, k->states, n, k->Z, k->q + block * s->block_size + done, out);
    }
    return 0;
}

static void rotate(const ki_chain *c, const ki_krylov *k, size_t count, size_t kept) {
    sweep s = {.k = k, .block_size = ki_chain_block_size(c), .count = count, .kept = kept};

    ki_chain_for_blocks(c, rotate_block, &s);
}

/* How much an eigenvalue is wanted. */
static double rank_of(enum ki_krylov_kind kind, double re, double im) {
    return kind == KI_KRYLOV_LAW ? -hypot(1 - re, im) : kind == KI_KRYLOV_REAL ? re : hypot(re, im);
}

/* Schur form of the first j columns with the leading eigenvalue in front. Returns how many columns
 * belong to it; 0 if LAPACK fails. */
static size_t decompose(ki_krylov *k, enum ki_krylov_kind kind, size_t j, double *condition) {
    size_t best = 0;

    for (size_t column = 0; column < j; column++)
        memcpy(k->T + column * j, k->B + column * k->stride, j * sizeof *k->T);
    if (ki_schur(j, k->T, k->Z, k->re, k->im, k->work))
        return 0;
    for (size_t i = 1; i < j; i++)
        if (rank_of(kind, k->re[i], k->im[i]) > rank_of(kind, k->re[best], k->im[best]))
            best = i;
    const int pair = k->im[best] != 0;
    for (size_t i = 0; i < j; i++)
        k->select[i] = i == best || (pair && i == best + (k->im[best] > 0 ? 1 : (size_t)-1));
    if (ki_schur_reorder(j, k->select, k->T, k->Z, k->re, k->im, condition, k->work))
        return 0;
    return k->im[0] != 0 ? 2 : 1;
}

/* Selects for a restart: those in front, and the largest of the others. Returns how many. */
static size_t choose_kept(ki_krylov *k, size_t leading, size_t j) {
    size_t kept = leading;

    for (size_t i = 0; i < j; i++)
        k->select[i] = i < leading;
    while (kept < j / 2) {
        size_t best = j;

        for (size_t i = 0; i < j; i++)
            if (!k->select[i] &&
                (best == j || hypot(k->re[i], k->im[i]) > hypot(k->re[best], k->im[best])))
                best = i;
        if (best == j)
            break;
        const int pair = k->im[best] != 0;
        k->select[best] = 1;
        if (pair)
            k->select[k->im[best] > 0 ? best + 1 : best - 1] = 1;
        kept += pair ? 2 : 1;
    }
    return kept;
}

/* What is left is as after `kept` steps: A q = q B, and one more vector. Returns `kept`. */
static size_t restart(const ki_chain *c, ki_krylov *k, size_t leading, size_t j, double beta) {
    const size_t kept = choose_kept(k, leading, j);

    if (ki_schur_reorder(j, k->select, k->T, k->Z, k->re, k->im, NULL, k->work))
        return 0;
    rotate(c, k, j, kept);
    memcpy(ki_krylov_vector(k, kept), ki_krylov_vector(k, j), k->states * sizeof *k->q);
    memset(k->B, 0, k->stride * k->most * sizeof *k->B);
    for (size_t column = 0; column < kept; column++) {
        memcpy(k->B + column * k->stride, k->T + column * j, kept * sizeof *k->B);
        k->B[column * k->stride + kept] = beta * k->Z[column * j + j - 1];
    }
    return kept;
}

/* One more vector: A q[j] = sum of q B. Returns its length before it was made 1. */
static double extend(ki_chain *c, ki_krylov *k, enum ki_krylov_kind kind, size_t j) {
    double *v = ki_krylov_vector(k, j + 1), *b = k->B + j * k->stride;

    ki_chain_step(c, ki_krylov_vector(k, j), v);
    const double shift = kind == KI_KRYLOV_LAW ? 0 : mean_of(c, k, v);
    memset(b, 0, k->stride * sizeof *b);
    const double beta = orthogonalise(c, k, j + 1, shift, v, b);
    b[j + 1] = beta;
    if (beta > BREAKDOWN)
        scale(c, k, 0, 1 / beta, v);
    return beta;
}

static void fill_outcome(const ki_krylov *k, size_t leading, size_t j, double beta,
                         ki_krylov_outcome *out) {
    out->vectors = leading;
    out->re = k->re[0];
    out->im = fabs(k->im[0]);
    out->residual = beta * hypot(k->Z[j - 1], leading > 1 ? k->Z[2 * j - 1] : 0);
    for (size_t i = 0; leading > 1 && i < 4; i++)
        out->t[i] = k->T[i / 2 * j + i % 2];
    out->nearest = out->next = INFINITY;
    out->slow = 0;
    for (size_t i = 0; i < j; i++) {
        const double away = hypot(1 - k->re[i], k->im[i]);

        out->nearest = fmin(out->nearest, away);
        out->next = away < KI_SLOW ? out->next : fmin(out->next, away);
        out->slow += away < KI_SLOW;
    }
}

int ki_krylov_run(ki_chain *c, ki_krylov *k, enum ki_krylov_kind kind, double tol, uint64_t most,
                  double from, double to, ki_krylov_outcome *out) {
    const uint64_t before = c->products;
    double best = INFINITY, first = 0, part = 0;
    int waited = 0;

    memset(out, 0, sizeof *out);
    if (kind != KI_KRYLOV_LAW)
        scale(c, k, mean_of(c, k, k->q), 1, k->q);
    scale(c, k, 0, 1 / norm(c, k, k->q), k->q);
    for (size_t j = 0;;) {
        const double beta = extend(c, k, kind, j);
        const int error = ki_chain_report(c, from + (to - from) * part);

        if (error)
            return error;
        j++;
        out->products = c->products - before;
        out->invariant = !(beta > BREAKDOWN);
        const int stop = out->invariant || out->products >= most;
        if (!stop && j < k->most && j % LOOK)
            continue;
        const size_t leading = decompose(k, kind, j, &out->condition);
        if (leading == 0) {
            out->converged = 0;
            out->vectors = 0;
            return 0;
        }
        fill_outcome(k, leading, j, beta, out);
        out->converged = out->residual <= tol || out->invariant;
        const double fine = kind == KI_KRYLOV_LAW ? tol : fmin(tol, FINE * out->condition);
        first = first > 0 ? first : out->residual;
        if (first > tol)
            part = fmin(fmax(log(first / fmax(out->residual, tol)) / log(first / tol), 0), 1);
        if (out->residual < best / 2) {
            best = out->residual;
            waited = 0;
        } else if (j == k->most) {
            waited++;
        }
        if (stop || out->residual <= fine || waited > (out->converged ? FINISHING : PATIENCE)) {
            rotate(c, k, j, leading);
            return 0;
        }
        if (j == k->most && (j = restart(c, k, leading, j, beta)) == 0) {
            out->vectors = 0;
            return 0;
        }
    }
}
