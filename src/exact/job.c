/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory, checks and results that the functions of exact.h share. [exact] */
#include "job.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/parallel.h"
#include "network/moments.h"
#include "num/sum.h"

char *ki_exact_allocate(ki_lay_out_fn lay_out, void *job, size_t n, int dynamics) {
    ki_cursor cursor = {0};

    lay_out(job, n, dynamics, &cursor);
    cursor.base = ki_alloc(cursor.used, 1);
    if (!cursor.base) {
        ki_fail(KI_ERR_NOMEM,
                "exact : no memory for all states of N = %zu, %llu bytes : fewer "
                "spins",
                n, (unsigned long long)cursor.used);
        return NULL;
    }
    cursor.used = 0;
    lay_out(job, n, dynamics, &cursor);
    return cursor.base;
}

void ki_chain_begin(ki_chain *c, const ki_run_options *run) {
    c->run = run;
    c->quiet = (ki_run_options){.threads = run ? run->threads : 0};
    c->products = c->reported = 0;
}

int ki_check_law(size_t states, const double *p) {
    if (ki_check_pointer("p", p, "the stationary law"))
        return KI_ERR_ARGUMENT;
    for (size_t a = 0; a < states; a++)
        if (!(p[a] >= 0) || isinf(p[a]))
            return ki_fail(KI_ERR_ARGUMENT, "p[%zu] : is %g : a probability", a, p[a]);
    const double sum = ki_sum(states, p);
    if (fabs(sum - 1) > 1e-6)
        return ki_fail(KI_ERR_ARGUMENT, "p : its sum is %.10g : a law, of sum 1", sum);
    return 0;
}

void ki_exact_summarize(const ki_chain *c, const ki_law_moments *k, const ki_law_moments *last,
                        ki_exact_result *r) {
    const double spins = (double)c->n;
    double q = 0;

    for (size_t i = 0; last && i < c->n; i++)
        q += c->dynamics == KI_SYNC ? last->d[i * c->n + i] : k->m[i] * k->m[i];
    r->q = last ? q / spins : (double)NAN;
    r->m_mean = ki_sum(c->n, k->m) / spins;
    r->S = k->S / spins;
    r->entropy = k->entropy / spins;
    r->activity = k->flips / spins;
}

/* From e, which differs from d by what is symmetric and keeps its digits where hardly a spin flips. */
static double sigma_of(const ki_chain *c, const ki_law_moments *last, enum ki_made_of made_of) {
    const size_t n = c->n;
    const double weight = ki_edge_weight(c->dynamics, c->beta);
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            const double e = last->e[i * n + j] - last->e[j * n + i];
            const double own =
                made_of == KI_OF_RAW ? 0 : last->t[i] * last->m[j] - last->t[j] * last->m[i];

            sum += ki_edge(weight, c->J, n, i, j, e - own);
        }
        sum += last->own[i];
    }
    return sum / (double)n;
}

static void write_edges(const ki_chain *c, const ki_law_moments *last, enum ki_made_of made_of,
                        const ki_exact_out *out) {
    const size_t n = c->n;
    const double weight = ki_edge_weight(c->dynamics, c->beta);

    for (size_t i = 0; i < n; i++) {
        double spin = 0;

        for (size_t j = 0; j < n; j++) {
            const size_t ij = i * n + j;
            double d = last ? last->d[ij] : (double)NAN;

            if (last && made_of == KI_OF_CONNECTED)
                d -= last->t[i] * last->m[j];
            const double edge = last && i == j ? last->own[i] : ki_edge(weight, c->J, n, i, j, d);
            spin += edge;
            if (out->sigma_edge)
                out->sigma_edge[ij] = edge;
        }
        if (out->sigma_spin)
            out->sigma_spin[i] = spin;
    }
}

static void copy(size_t n, const double *from, double *to) {
    for (size_t i = 0; to && i < n; i++)
        to[i] = from ? from[i] : (double)NAN;
}

double ki_exact_write(const ki_chain *c, const ki_law_moments *now, const ki_law_moments *last,
                      enum ki_made_of made_of, const ki_exact_out *out) {
    const size_t n = c->n;

    if (out) {
        write_edges(c, last, made_of, out);
        copy(n, now->m, out->m);
        copy(n * n, now->c, out->c);
        copy(n * n, now->c, out->C);
        copy(n * n, last ? last->d : NULL, out->d);
        copy(n * n, last ? last->d : NULL, out->D);
    }
    /* Nothing of these arguments can be wrong. */
    if (out && out->C)
        (void)!ki_moments_connect(n, now->m, now->m, out->C, out->C);
    if (out && out->D && last)
        (void)!ki_moments_connect(n, last->t, last->m, out->D, out->D);
    return last ? sigma_of(c, last, made_of) : NAN;
}

/* From the mode to one side until weights are below 1e-20 of its own: where, and their sum. */
static double side(double mean, double mode, int up, double *weight, double *sum) {
    double k = mode;

    for (*weight = 1; *weight > 1e-20 && (up || k > 0); *sum += *weight) {
        *weight *= up ? mean / (k + 1) : k / mean;
        k += up ? 1 : -1;
    }
    return k;
}

ki_poisson ki_poisson_of(double mean) {
    ki_poisson law = {.mean = mean, .weight = 1};
    double last, sum = 1;

    if (mean > 0) {
        law.last = (uint64_t)side(mean, floor(mean), 1, &last, &sum);
        law.first = (uint64_t)side(mean, floor(mean), 0, &law.weight, &sum);
        law.weight /= sum;
    }
    return law;
}
