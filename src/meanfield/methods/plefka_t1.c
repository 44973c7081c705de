/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * [plefka-t1] Spins of the time before are independent, fields therefore Gaussian:
 *     x_i = g_i + sqrt(Delta_i) z_i,  Delta_i = sum_j J_ij^2 a'_j,  C_ik = Cov(tanh x_i, tanh x_k).
 * In Hermite polynomials tanh x_i = sum_n c_n^i He_n(z_i)/sqrt(n!), and C_ik is the power series
 * sum_{n >= 1} c_n^i c_n^k rho_ik^n: N sets of coefficients in the place of N^2/2 double integrals.
 * After n terms at most |rho|^(n+1) sqrt(rest_i rest_k) is left, rest_i = sum_{k > n} (c_k^i)^2,
 * which ki_tanh_tail() bounds; few terms are needed unless |rho| is near 1 and the spins are cold.
 * Pairs that the longest series does not reach are integrated one by one.
 */
#include "meanfield/methods/method.h"

#include <math.h>
#include <string.h>

#include "num/matmul.h"
#include "num/simd.h"
#include "num/tanh_gauss.h"

#define ALLOWED 1e-13 /* error of an element of C by the end of its series */

/* Series have 8 2^level - 1 terms, so that the powers of rho in the bounds are repeated squares. */
enum { LEVELS = 7, ROWS = 4, G = KI_LANES };
/* Vectors of N: what magnetizations() leaves to correlations(), bounds, coefficients. */
enum { V_SPREAD, V_SLOPE, V_PRODUCT, V_INVERSE, V_LEVEL, V_ROOT, V_TAIL };
enum { V_COEFFICIENT = V_TAIL + LEVELS, V_ALL = V_COEFFICIENT + KI_TANH_TERMS };

typedef struct job {
    ki_mf_problem *p;
    const ki_mf_state *before;
    ki_mf_state *after;
} job;

static double *vector(const ki_mf_problem *p, size_t which) {
    return p->vector + which * p->n;
}

static size_t terms_of(int level) {
    return ((size_t)G << level) - 1;
}

/* Spins of a group and their coefficients: c_n of spin i of the group at [(n - 1) lanes + i]. */
static size_t lanes_of(const ki_mf_problem *p, size_t group) {
    return p->n - group * G < G ? p->n - group * G : G;
}

static double *coefficients(const ki_mf_problem *p, size_t group) {
    return vector(p, V_COEFFICIENT) + group * G * KI_TANH_TERMS;
}

static int one_magnetization(void *ctx, size_t i) {
    const job *b = ctx;
    const ki_mf_problem *p = b->p;
    double *spread = vector(p, V_SPREAD) + i;
    *spread = sqrt(ki_mf_variance(p, i));
    ki_tanh_average(p->g[i], *spread, b->after->m + i, vector(p, V_SLOPE) + i);
    return 0;
}

static int magnetizations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    job b = {p, before, after};
    return ki_mf_rows(p, one_magnetization, &b);
}

/* max of P_ik^2 / P_kk, by lanes: compilers do not agree on a largest number's being a reduction.
 */
KI_CLONES static double largest_share(size_t n, const double *row, const double *inverse) {
    double most[G] = {0};
    size_t k = 0;
    for (; k + G <= n; k += G) {
        for (size_t l = 0; l < G; l++) {
            const double v = row[k + l] * row[k + l] * inverse[k + l];
            most[l] = v > most[l] ? v : most[l];
        }
    }
    for (size_t l = 0; k + l < n; l++) {
        const double v = row[k + l] * row[k + l] * inverse[k + l];
        most[l] = v > most[l] ? v : most[l];
    }
    for (size_t l = 1; l < G; l++)
        most[0] = most[l] > most[0] ? most[l] : most[0];
    return most[0];
}

/* The level at which spin i is done with every other one, and bounds of its rest up to there. */
static int level_of(const ki_mf_problem *p, size_t i, const double *row, double m) {
    const double *inverse = vector(p, V_INVERSE);
    const double slope = vector(p, V_SLOPE)[i], spread = vector(p, V_SPREAD)[i];
    const double variance = fmin(fmax(1 - slope - m * m, 1e-16), 1);
    const double before = largest_share(i, row, inverse);
    const double after = largest_share(p->n - i - 1, row + i + 1, inverse + i + 1);
    const double share = fmax(before, after) * inverse[i];
    double power = fmin(sqrt(share) * (1 + 1e-12), 1);
    power = pow(power, G);
    double *tail = vector(p, V_TAIL) + i;
    int level = 0;
    for (;; power *= power) {
        tail[(size_t)level * p->n] = sqrt(fmin(variance, ki_tanh_tail(spread, terms_of(level))));
        if (level == LEVELS - 1 || power * tail[(size_t)level * p->n] <= ALLOWED)
            break;
        level++;
    }
    for (int k = level + 1; k < LEVELS; k++)
        tail[(size_t)k * p->n] = tail[(size_t)level * p->n];
    return level;
}

static int one_expansion(void *ctx, size_t group) {
    const job *b = ctx;
    const ki_mf_problem *p = b->p;
    const size_t first = group * G, lanes = lanes_of(p, group);
    int level = 0;
    for (size_t i = first; i < first + lanes; i++) {
        const int own = level_of(p, i, b->after->C + i * p->n, b->after->m[i]);
        level = own > level ? own : level;
        vector(p, V_ROOT)[i] = sqrt((1 - b->after->m[i]) * (1 + b->after->m[i]));
    }
    vector(p, V_LEVEL)[first] = level;
    ki_tanh_hermite(lanes, p->g + first, vector(p, V_SPREAD) + first, terms_of(level),
                    coefficients(p, group));
    return 0;
}

/* Correlations of the fields of ROWS spins with those of a group, from rows of P = J diag(a') J^T.
 * Where both rows of J are the same P_ik^2 = P_ii P_kk, and rho is 1 to the last bit. */
KI_CLONES static void field_correlations(const double *P, const double *own, const double *others,
                                         double *rho) {
    for (size_t r = 0; r < ROWS; r++) {
#pragma omp simd
        for (size_t k = 0; k < G; k++) {
            const double square = own[r] * others[k];
            const double v = square > 0 ? P[r * G + k] / sqrt(square) : 0;
            rho[r * G + k] = v > 1 ? 1 : v < -1 ? -1 : v;
        }
    }
}

/* bound = power tail tail' and its largest; power squared for the next level. */
KI_CLONES static double bounds(const double *own, const double *others, double *power,
                               double *bound) {
    double most = 0;
    for (size_t r = 0; r < ROWS; r++) {
#pragma omp simd reduction(max : most)
        for (size_t k = 0; k < G; k++) {
            const double x = power[r * G + k], v = x * (own[r] * others[k]);
            most = v > most ? v : most;
            bound[r * G + k] = v;
            power[r * G + k] = x * x;
        }
    }
    return most;
}

/* The lowest level that serves all pairs, or the highest; and the bounds at it. */
static int level_for(const ki_mf_problem *p, size_t i, size_t rows, size_t first, size_t lanes,
                     const double *rho, double *bound) {
    double power[ROWS * G], own[ROWS] = {0}, others[G] = {0};
    for (size_t j = 0; j < ROWS * G; j++) {
        const double square = rho[j] * rho[j];
        power[j] = square * square * square * square;
    }
    for (int level = 0;; level++) {
        const double *tail = vector(p, V_TAIL + (size_t)level);
        memcpy(own, tail + i, rows * sizeof *tail);
        memcpy(others, tail + first, lanes * sizeof *tail);
        const double most = bounds(own, others, power, bound);
        if (level == LEVELS - 1 || most <= ALLOWED)
            return level;
    }
}

/* sum[r] = sum_{n = 1}^terms own_n others_n rho^n, from the last term on. */
KI_CLONES static void series(size_t terms, size_t rows, const double *own, size_t own_lanes,
                             const double *others, size_t lanes, const double *rho, double *sum) {
    ki_v8 s[ROWS] = {{0}}, x[ROWS];
    double c[ROWS] = {0};
    memcpy(x, rho, sizeof x);
    for (size_t n = terms; n-- > 0;) {
        ki_v8 v = {0};
        if (lanes == G && rows == ROWS) {
            memcpy(&v, others + n * G, sizeof v);
            memcpy(c, own + n * own_lanes, sizeof c);
        } else {
            memcpy(&v, others + n * lanes, lanes * sizeof *others);
            memcpy(c, own + n * own_lanes, rows * sizeof *own);
        }
        for (size_t r = 0; r < ROWS; r++)
            s[r] = s[r] * x[r] + c[r] * v;
    }
    for (size_t r = 0; r < ROWS; r++)
        s[r] *= x[r];
    memcpy(sum, s, sizeof s);
}

/* Covariances of spins i .. i + rows - 1 with those of group `other`, below the diagonal. */
static void strip(const job *b, size_t i, size_t rows, size_t other, double *sum) {
    const ki_mf_problem *p = b->p;
    const size_t first = other * G, lanes = lanes_of(p, other), group = i / G;
    const double *product = vector(p, V_PRODUCT), *level = vector(p, V_LEVEL);
    const double *g = p->g, *s = vector(p, V_SPREAD), *m = b->after->m;
    double P[ROWS * G] = {0}, rho[ROWS * G], bound[ROWS * G], own[ROWS] = {0}, others[G] = {0};
    memcpy(own, product + i, rows * sizeof *own);
    memcpy(others, product + first, lanes * sizeof *others);
    for (size_t r = 0; r < rows; r++) {
        const size_t below = i + r - first;
        memcpy(P + r * G, b->after->C + (i + r) * p->n + first,
               (below < lanes ? below : lanes) * sizeof *P);
    }
    field_correlations(P, own, others, rho);
    const int needed = level_for(p, i, rows, first, lanes, rho, bound);
    const int known = (int)fmin(level[group * G], level[first]);
    series(terms_of(needed < known ? needed : known), rows, coefficients(p, group) + i % G,
           lanes_of(p, group), coefficients(p, other), lanes, rho, sum);
    for (size_t j = 0; needed == LEVELS - 1 && j < ROWS * G; j++) {
        if (bound[j] > ALLOWED) {
            const size_t x = i + j / G, y = first + j % G;
            sum[j] = ki_tanh_pair(g[x], s[x], g[y], s[y], rho[j]) - m[x] * m[y];
        }
    }
}

/* Rows of a group, and the columns that mirror them. */
static int one_group(void *ctx, size_t group) {
    const job *b = ctx;
    const size_t n = b->p->n, first = group * G, rows = lanes_of(b->p, group);
    const double *root = vector(b->p, V_ROOT);
    double *C = b->after->C;
    for (size_t other = 0; other <= group; other++) {
        const size_t lanes = lanes_of(b->p, other);
        _Alignas(64) double tile[G * G];
        for (size_t r = 0; r < rows; r += ROWS)
            strip(b, first + r, rows - r < ROWS ? rows - r : ROWS, other, tile + r * G);
        for (size_t r = 0; r < rows; r++) {
            for (size_t k = 0; k < lanes; k++) {
                const size_t i = first + r, j = other * G + k;
                /* Rounding may be more than all that saturated spins can have. */
                const double most = root[i] * root[j], c = tile[r * G + k];
                if (j < i)
                    C[i * n + j] = C[j * n + i] = c > most ? most : c < -most ? -most : c;
            }
        }
    }
    return 0;
}

static int scale_row(void *ctx, size_t i) {
    const job *b = ctx;
    const size_t n = b->p->n;
    const double slope = vector(b->p, V_SLOPE)[i];
    for (size_t j = 0; j < n; j++)
        b->after->D[i * n + j] *= slope;
    return 0;
}

static int correlations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    const size_t n = p->n, groups = (n + G - 1) / G;
    const ki_matrix J = {p->J, n, 1}, turned = {p->J, 1, n};
    job b = {p, before, after};
    int error = ki_matmul_symmetric(n, n, J, p->a, turned, after->C, n, p->space, p->run);
    for (size_t i = 0; !error && i < n; i++) {
        const double product = after->C[i * n + i];
        vector(p, V_PRODUCT)[i] = product;
        vector(p, V_INVERSE)[i] = product > 0 ? 1 / product : 0;
    }
    error = error ? error : ki_parallel_for(groups, 1, p->run, one_expansion, &b);
    error = error ? error : ki_parallel_for(groups, 1, p->run, one_group, &b);
    if (!error) {
        ki_mf_set_diagonal(p, after);
        error = ki_matmul(n, n, n, J, NULL, (ki_matrix){before->C, n, 1}, after->D, n, p->space,
                          p->run);
    }
    return error ? error : ki_mf_rows(p, scale_row, &b);
}

const ki_mf_method ki_mf_plefka_t1 = {
    .vectors = V_ALL,
    .products = 1,
    .reads_C = 1,
    .m_alone = 1,
    .magnetizations = magnetizations,
    .correlations = correlations,
};
