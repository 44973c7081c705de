/* SPDX-License-Identifier: BSD-3-Clause */
/* The stationary law, by elimination or by Krylov-Schur iteration and refinement, and the slowest
 * mode. [exact] */
#include "stationary.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "elimination.h"
#include "num/sum.h"
#include "refine.h"

#define DEFAULT_TOL 1e-14
#define GAP_TOL 1e-12       /* residual of the slowest mode */
#define ROUNDING 1e-14      /* of an eigenvalue */
#define MOST_LAW_ERROR 1e-9 /* above it the law has not converged */
#define MOST_GAP_ERROR 0.5  /* relative: what is known of the law follows to such a factor */
#define DEFECTIVE 1e-3      /* an eigenvalue below is no better known than to its size */
#define LOOSE 1e-12         /* error of the law from which on it is refined, */
#define REFINED 1e-11       /* what weights of sets are known to, at best */
#define WRONG 1e-10         /* and eliminated where it can be */
/* Up to so many spins the law is found by elimination, exactly whatever the gap; up to
 * KI_ELIMINATION_MOST where iteration has not found it. */
enum { ELIMINATION_FIRST = 9 };
enum { LEAST_PRODUCTS = 600, MOST_PRODUCTS = 100000 };
#define OPERATIONS 5e10 /* of the products that are tried, some ten seconds */

static void fill_matrix(const ki_chain *c, double *matrix) {
    for (size_t a = 0; a < c->states; a++) {
        double *row = matrix + a * c->states;

        if (c->dynamics == KI_SYNC) {
            const double *u = c->U + a * c->low, *v = c->V + a * c->high;

            for (size_t b = 0; b < c->states; b++)
                row[b] = u[b & (c->low - 1)] * v[b >> c->low_bits];
            continue;
        }
        memset(row, 0, c->states * sizeof *row);
        for (size_t i = 0; i < c->n; i++)
            row[a ^ (size_t)1 << i] = c->rate[i * c->states + a];
    }
}

/* The law by iteration from equal probabilities. */
static int iterate(ki_chain *c, ki_law *s, double tol, uint64_t most, double *residual) {
    double want = tol;
    uint64_t used = 0;

    for (size_t a = 0; a < c->states; a++)
        s->p[a] = 1;
    for (int attempt = 0; attempt < 3; attempt++, want /= 10) {
        ki_krylov_outcome o;

        memcpy(s->krylov.q, s->p, c->states * sizeof *s->p);
        int error = ki_krylov_run(c, &s->krylov, KI_KRYLOV_LAW, want, most - used, 0, 0.5, &o);
        if (error)
            return error;
        used += o.products;
        memcpy(s->p, s->krylov.q, c->states * sizeof *s->p);
        ki_law_normalise(c, s->p, s->partial);
        error = ki_law_polish(c, s, 1, residual);
        if (error || *residual <= tol || !o.converged || used >= most)
            return error;
    }
    return 0;
}

/* |v A - lambda v| of the vector (|v| = 1) that the iteration has found. */
static double mode_residual(ki_chain *c, ki_law *s, const ki_krylov_outcome *o) {
    const double *q[2] = {ki_krylov_vector(&s->krylov, 0), ki_krylov_vector(&s->krylov, 1)};
    double square[2] = {0, 0};

    for (size_t v = 0; v < o->vectors; v++) {
        ki_chain_step(c, q[v], s->y);
        for (size_t a = 0; a < c->states; a++) {
            const double image = o->vectors == 1
                                     ? o->re * q[0][a]
                                     : o->t[2 * v] * q[0][a] + o->t[2 * v + 1] * q[1][a];
            s->y[a] -= image;
        }
        square[v] = ki_dot(c->states, s->y, s->y);
    }
    if (o->vectors == 1)
        return sqrt(square[0]);
    /* (t01, lambda - t00) is the eigenvector of the 2 x 2 block; the diagonal of that is re. */
    const double u = o->t[2], w = o->im;
    return sqrt((u * u * square[0] + w * w * square[1]) / (u * u + w * w));
}

/* Fixed numbers without any symmetry, so that every mode is in them. */
static void scatter(size_t n, double *v) {
    for (size_t a = 0; a < n; a++) {
        uint64_t z = (uint64_t)(a + 1) * UINT64_C(0x9E3779B97F4A7C15);

        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        v[a] = (double)((z ^ z >> 31) >> 11) * 0x1p-52 - 1;
    }
}

static void fill_gap(const ki_chain *c, const ki_krylov_outcome *o, ki_exact_result *r) {
    const double modulus = hypot(o->re, o->im), rounding = 4 * DBL_EPSILON;
    const double scale = c->dynamics == KI_SYNC ? 1 : (double)c->n;

    r->gap = scale * (1 - (c->dynamics == KI_SYNC ? modulus : o->re));
    r->gap_error = scale * (r->gap_residual + DBL_EPSILON) / fmax(o->condition, 1e-300);
    /* The condition of a pair is that of its mean: two that are nearly one are worse. */
    if (modulus < DEFECTIVE)
        r->gap_error = fmax(r->gap_error, scale * modulus);
    if (r->gap <= scale * rounding)
        r->gap = 0;
    if (c->dynamics == KI_ASYNC || r->gap == 0)
        r->relaxation_time = 1 / r->gap;
    else
        r->relaxation_time = modulus > fmax(rounding, r->gap_error) ? -1 / log(modulus) : 0;
}

/* What a residual makes of the law, when the next eigenvalue is so far from 1, as far as is known,
 * and is so well conditioned (1 is best): both are what the slowest mode does to an error. */
static double error_of_law(double residual, double away, double condition) {
    const double sure = (away - ROUNDING) * condition;

    if (!(sure > 0))
        return 1;
    return residual > 0 ? fmin((residual + DBL_EPSILON) / sure, 1) : 0;
}

/* Each p_a to a relative error of so many roundings, and the sum is 1. */
static double error_of_elimination(size_t states, const double *p) {
    double most = 0;

    for (size_t a = 0; a < states; a++)
        most = fmax(most, p[a]);
    return 2 * (double)states * DBL_EPSILON * (1 - most);
}

/* Returns 1 if the law has been found by elimination. */
static int eliminate(ki_chain *c, ki_law *s, ki_exact_result *r) {
    double relative;

    fill_matrix(c, s->matrix);
    if (ki_eliminate(c->states, s->matrix, s->p))
        return 0;
    ki_chain_step(c, s->p, s->y);
    r->residual = ki_law_change(c, s, &relative);
    r->law_error = error_of_elimination(c->states, s->p);
    return 1;
}

/* How many products are tried when nothing is said. */
static uint64_t most_products(const ki_chain *c) {
    const double most = OPERATIONS / ki_chain_cost(c->n, c->dynamics);

    return most < LEAST_PRODUCTS  ? LEAST_PRODUCTS
           : most > MOST_PRODUCTS ? MOST_PRODUCTS
                                  : (uint64_t)most;
}

/* What is known of an iterated law, once the slowest mode is: better weights of sets of states that
 * are hardly ever left, or else elimination. */
static int refine(ki_chain *c, ki_law *s, const ki_krylov_outcome *o, ki_exact_result *r) {
    r->law_error = error_of_law(r->residual, o->nearest, o->condition);
    if (r->law_error > LOOSE) {
        size_t cells;
        double weights;
        const int error = ki_law_refine(c, s, &cells, &r->residual, &weights);

        if (error)
            return error;
        /* Of many modes that are all near 1 the iteration may have missed the slowest. */
        if (weights < 1 && o->slow < cells) {
            r->law_error = weights + REFINED + error_of_law(r->residual, o->next, 1);
        } else if (cells != 1 && r->law_error > WRONG) {
            r->law_error = 1;
            r->gap_error = fmax(r->gap_error, r->gap);
        }
    }
    /* A gap that is not seen says nothing about what else there is that slow. */
    if (!(r->gap_error <= MOST_GAP_ERROR * r->gap))
        r->law_error = 1;
    if (c->n <= KI_ELIMINATION_MOST && r->law_error > WRONG)
        eliminate(c, s, r);
    return 0;
}

int ki_stationary_find(ki_chain *c, ki_law *s, const ki_exact_spec *spec, ki_exact_result *r) {
    const double tol = spec->tol > 0 ? spec->tol : DEFAULT_TOL;
    const uint64_t most = spec->max_products ? spec->max_products : most_products(c);
    const int exact = c->n <= ELIMINATION_FIRST && eliminate(c, s, r);
    int error = exact ? 0 : iterate(c, s, tol, most, &r->residual);

    if (error)
        return error;
    ki_krylov_outcome o;
    scatter(c->states, s->krylov.q);
    error =
        ki_krylov_run(c, &s->krylov, c->dynamics == KI_SYNC ? KI_KRYLOV_MODULUS : KI_KRYLOV_REAL,
                      fmax(tol, GAP_TOL), most, 0.5, 0.95, &o);
    if (error)
        return error;
    r->gap_residual = o.vectors ? mode_residual(c, s, &o) : INFINITY;
    fill_gap(c, &o, r);
    error = exact ? 0 : refine(c, s, &o, r);
    if (error)
        return error;
    r->products = c->products;
    r->status = (o.converged || exact) && r->residual <= tol && r->law_error <= MOST_LAW_ERROR &&
                        r->gap_error <= MOST_GAP_ERROR * r->gap
                    ? KI_CONVERGED
                    : KI_NOT_CONVERGED;
    return 0;
}
