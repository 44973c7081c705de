/* SPDX-License-Identifier: BSD-3-Clause */
/* Small random networks, and what is known of them without the library. */
#ifndef KI_EXACT_NETWORKS_H
#define KI_EXACT_NETWORKS_H

#include <stdlib.h>

#include <kinising/exact.h>

#include "ki_stat.h"

enum { NET_MOST = 14 };

typedef struct net {
    double H[NET_MOST], J[NET_MOST * NET_MOST];
    ki_network view;
} net;

/* J_ij = J0/N + normal/sqrt(N), H_i = 0.3 normal. `net_fix` must follow a copy. */
static inline void net_fix(net *w) {
    w->view.H = w->H;
    w->view.J = w->J;
}

static inline void net_draw(net *w, size_t n, uint64_t seed, double J0, double beta,
                            int zero_diagonal) {
    ki_plain_rng r = {seed};
    for (size_t i = 0; i < n; i++)
        w->H[i] = 0.3 * ki_plain_normal(&r);
    for (size_t i = 0; i < n * n; i++) {
        w->J[i] = J0 / (double)n + ki_plain_normal(&r) / sqrt((double)n);
        if (zero_diagonal && i / n == i % n)
            w->J[i] = 0;
    }
    w->view.n = n;
    w->view.beta = beta;
    net_fix(w);
}

static inline void net_make_symmetric(net *w) {
    const size_t n = w->view.n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            w->J[i * n + j] = w->J[j * n + i];
}

static inline double net_spin(size_t state, size_t i) {
    return state >> i & 1 ? 1 : -1;
}

/* beta h_i. */
static inline double net_field(const ki_network *w, size_t state, size_t i) {
    double h = w->H[i];
    for (size_t j = 0; j < w->n; j++)
        h += w->J[i * w->n + j] * net_spin(state, j);
    return w->beta * h;
}

/* T_ab, or for a != b G_ab, from one state to another. */
static inline double net_rate(const ki_network *w, int dynamics, size_t a, size_t b) {
    double p = 1;
    if (dynamics == KI_ASYNC) {
        const size_t change = a ^ b;
        if (change == 0 || (change & (change - 1)) != 0)
            return 0;
        const size_t i = (size_t)__builtin_ctzll(change);
        return 1 / (1 + exp(2 * net_spin(a, i) * net_field(w, a, i)));
    }
    for (size_t i = 0; i < w->n; i++)
        p /= 1 + exp(-2 * net_spin(b, i) * net_field(w, a, i));
    return p;
}

/* (1/N) sum over pairs of p_a T_ab ln(p_a T_ab / p_b T_ba). */
static inline double net_sigma(const ki_network *w, int dynamics, const double *p) {
    const size_t states = (size_t)1 << w->n;
    double sum = 0;
    for (size_t a = 0; a < states; a++) {
        for (size_t b = 0; b < a; b++) {
            const double forth = p[a] * net_rate(w, dynamics, a, b);
            const double back = p[b] * net_rate(w, dynamics, b, a);
            if (forth > 0 && back > 0)
                sum += (forth - back) * log(forth / back);
        }
    }
    return sum / (double)w->n;
}

/* Everything that ki_exact() gives, for up to NET_MOST spins. */
typedef struct found {
    ki_exact_result r;
    double p[1 << NET_MOST], m[NET_MOST], spin[NET_MOST];
    double C[NET_MOST * NET_MOST], D[NET_MOST * NET_MOST], c[NET_MOST * NET_MOST],
        d[NET_MOST * NET_MOST], edge[NET_MOST * NET_MOST];
} found;

static inline ki_exact_out found_out(found *f) {
    return (ki_exact_out){f->p, f->m, f->C, f->D, f->c, f->d, f->spin, f->edge};
}

static inline found *find(const ki_network *w, int dynamics, const ki_run_options *run) {
    found *f = calloc(1, sizeof *f);
    const ki_exact_spec spec = {.dynamics = dynamics};
    assert_non_null(f);
    const ki_exact_out out = found_out(f);
    assert_int_equal(ki_exact(w, &spec, run, &f->r, &out), 0);
    return f;
}

#endif
