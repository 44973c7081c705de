/* SPDX-License-Identifier: BSD-3-Clause */
/* Two recordings [shares]. */
#include <math.h>

#include <kinising/diagnose.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "fields.h"
#include "regime.h"
#include "summary.h"

#define MARGIN 0.05 /* of |ln g| and r: less is no change */
enum { MOST_SHARES = 100, NODES = 5 };

/* Fields in the place of a Gaussian, of its mean and variance: enough where fields are no main thing. */
static const double node[NODES] = {-1.4681, -0.5869, 0, 0.5869, 1.4681};

static int check_one(const char *name, const ki_diagnosis *d, const ki_regime_draws *draws) {
    int error = ki_check_pointer(name, d, "a diagnosis");

    error = error ? error : ki_check_pointer(name, draws, "the draws of the diagnosis");
    if (!error && !(draws->b && draws->g && draws->r && draws->sigma))
        error =
            ki_fail(KI_ERR_ARGUMENT, "%s : draws of b, g, r or sigma are missing : all four", name);
    if (!error && d->options.draws < 2)
        error = ki_fail(KI_ERR_ARGUMENT, "%s : %llu draws : at least 2", name,
                        (unsigned long long)d->options.draws);
    return error;
}

/* ln sigma of the infinite network with this g and b. */
static double infinite(const ki_prior *p, double g, double b, int up) {
    double H[NODES];

    for (int k = 0; k < NODES; k++)
        H[k] = p->field + p->field_sd * node[k];
    const double mu = g / ki_regime_index(1, b, NODES, H);
    return log(ki_fields_steady(mu, b, NODES, H, 1, up).sigma);
}

/* Both shares of pair (k, q), in the fields of a and of b alike. */
static void share(const ki_diagnosis *a, const ki_diagnosis *b, const ki_regime_draws *from,
                  size_t k, const ki_regime_draws *to, size_t q, double *order, double *noise) {
    const ki_diagnosis *const d[] = {a, b};

    *order = *noise = 0;
    for (int f = 0; f < 2; f++) {
        const int up = d[f]->rate >= 0.5;
        const double aa = infinite(&d[f]->prior, from->g[k], from->b[k], up);
        const double ab = infinite(&d[f]->prior, from->g[k], to->b[q], up);
        const double ba = infinite(&d[f]->prior, to->g[q], from->b[k], up);
        const double bb = infinite(&d[f]->prior, to->g[q], to->b[q], up);
        *order += (ba - aa + bb - ab) / 4;
        *noise += (ab - aa + bb - ba) / 4;
    }
}

/* Room for values of the pairs. */
typedef struct values {
    double *sigma, *distance, *r, *order, *noise, *rest;
} values;

static void take(ki_cursor *c, size_t pairs, values *v) {
    double **const all[] = {&v->sigma, &v->distance, &v->r, &v->order, &v->noise, &v->rest};

    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        *all[k] = ki_take(c, pairs, sizeof(double));
}

/* One pair counted. */
static void count(double from_g, double to_g, double from_r, double to_r, double each,
                  ki_comparison *out) {
    const int nearer = fabs(log(to_g)) < fabs(log(from_g)) - MARGIN;
    const int colder = to_r < from_r - MARGIN;

    out->rose += each;
    *(nearer ? colder ? &out->both : &out->nearer : colder ? &out->colder : &out->neither) += each;
}

static void compare(const ki_diagnosis *a, const ki_regime_draws *from, const ki_diagnosis *b,
                    const ki_regime_draws *to, size_t pairs, values *v, ki_comparison *out) {
    const size_t steps = pairs / MOST_SHARES ? pairs / MOST_SHARES : 1;
    size_t positive = 0, shares = 0;

    for (size_t k = 0; k < pairs; k++) {
        const size_t q = (k + pairs / 2) % pairs; /* not the same random numbers */
        const double g = fmax(from->g[k], 1e-9), h = fmax(to->g[q], 1e-9);
        v->distance[k] = fabs(log(h)) - fabs(log(g));
        v->r[k] = to->r[q] - from->r[k];
        if (to->sigma[q] > from->sigma[k])
            count(g, h, from->r[k], to->r[q], 1 / (double)pairs, out);
        const int both = to->sigma[q] > 0 && from->sigma[k] > 0;
        const double change = both ? log(to->sigma[q] / from->sigma[k]) : 0;
        if (both)
            v->sigma[positive++] = change;
        if (both && k % steps == 0 && from->g[k] > 0 && to->g[q] > 0) {
            share(a, b, from, k, to, q, v->order + shares, v->noise + shares);
            v->rest[shares] = change - v->order[shares] - v->noise[shares];
            shares++;
        }
    }
    const ki_interval none = {NAN, NAN, NAN, NAN};
    out->sigma = positive > 1 ? ki_draws_interval(positive, v->sigma, v->sigma) : none;
    out->distance = ki_draws_interval(pairs, v->distance, v->distance);
    out->r = ki_draws_interval(pairs, v->r, v->r);
    out->by_order = shares > 1 ? ki_draws_interval(shares, v->order, v->order) : none;
    out->by_noise = shares > 1 ? ki_draws_interval(shares, v->noise, v->noise) : none;
    out->by_rest = shares > 1 ? ki_draws_interval(shares, v->rest, v->rest) : none;
}

int ki_diagnose_compare(const ki_diagnosis *a, const ki_regime_draws *draws_a,
                        const ki_diagnosis *b, const ki_regime_draws *draws_b, ki_comparison *out) {
    const unsigned of_rule = 1u << KI_DOUBT_PROBABILITY | 1u << KI_DOUBT_SPREAD;
    int error = check_one("a", a, draws_a);

    error = error ? error : check_one("b", b, draws_b);
    error = error ? error : ki_check_pointer("out", out, "a place for the result");
    if (error)
        return error;
    const uint64_t most = a->options.draws < b->options.draws ? a->options.draws : b->options.draws;
    const size_t pairs = (size_t)most;
    ki_comparison result = {.pairs = most, .doubts = (a->doubts | b->doubts) & ~of_rule};
    values v;
    ki_cursor c = {0};
    take(&c, pairs, &v);
    void *memory = ki_alloc(1, c.used);
    if (!memory)
        return ki_fail(KI_ERR_NOMEM, "compare : no memory for %zu draws : fewer", pairs);
    c = (ki_cursor){.base = memory};
    take(&c, pairs, &v);
    compare(a, draws_a, b, draws_b, pairs, &v, &result);
    ki_free(memory);
    *out = result;
    return 0;
}
