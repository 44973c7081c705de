/* SPDX-License-Identifier: BSD-3-Clause */
/* Leading eigenvalue of p -> p T or p -> p (1 + G/N) from the left, by Arnoldi's method with thick
 * restarts (Krylov-Schur; Stewart 2001). [exact] */
#ifndef KI_SRC_EXACT_KRYLOV_H
#define KI_SRC_EXACT_KRYLOV_H

#include "chain.h"

/* Which eigenvalue leads. */
enum ki_krylov_kind {
    KI_KRYLOV_LAW,     /* that nearest to 1, in all of space: the stationary law */
    KI_KRYLOV_MODULUS, /* largest modulus, among vectors of sum 0 */
    KI_KRYLOV_REAL     /* largest real part, among vectors of sum 0 */
};

typedef struct ki_krylov {
    size_t states, most, stride; /* `most` columns of B, which has stride = most + 1 rows */
    double *q;                   /* [most + 1, states] orthonormal */
    double *B;                   /* [most, stride] column-major: A q = q B */
    double *T, *Z, *re, *im, *work;
    double *partial; /* [blocks, stride] sums of blocks */
    double *h;       /* [stride] */
    int *select;
} ki_krylov;

#define KI_SLOW 1e-3 /* eigenvalues nearer to 1 go with sets of states hardly ever left */

typedef struct ki_krylov_outcome {
    double re, im;    /* the eigenvalue, im >= 0 */
    double residual;  /* of its vector, as the iteration sees it */
    double condition; /* reciprocal, of the eigenvalue: 1 is best */
    double t[4];      /* of a pair: A (q0 q1) = (q0 q1) t, column-major */
    double nearest;   /* least |1 - eigenvalue| among those seen */
    double next;      /* the same of those that are not slow */
    size_t slow;      /* how many are */
    uint64_t products;
    int converged;
    int invariant;  /* the space was exhausted: all eigenvalues of the start are there */
    size_t vectors; /* 1, or 2 for a pair: q[0] and q[1] span what stays in it; 0 after failure */
} ki_krylov_outcome;

void ki_krylov_size(ki_krylov *k, const ki_chain *c);
void ki_krylov_lay_out(ki_krylov *k, const ki_chain *c, ki_cursor *cursor);

/* Vector j of the basis. */
static inline double *ki_krylov_vector(const ki_krylov *k, size_t j) {
    return k->q + j * k->states;
}

/* Room for a square matrix of up to ki_krylov.most rows, between runs. */
static inline double *ki_krylov_work(const ki_krylov *k) {
    return k->work;
}

/* From the vector in q[0], which need not be normalised. `tol`: residual wanted; a mode is
 * iterated on to the rounding of its eigenvalue. Progress goes from `from` to `to`. Fails by cancellation alone. */
int ki_krylov_run(ki_chain *c, ki_krylov *k, enum ki_krylov_kind kind, double tol, uint64_t most,
                  double from, double to, ki_krylov_outcome *out);

#endif
