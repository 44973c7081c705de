/* SPDX-License-Identifier: BSD-3-Clause */
/* Firth's penalised likelihood [firth]: finite for every row, and without the bias of first order.
 * Steps are F^-1 times the modified score, which leaves out how F changes: alone they would come near like a
 * geometric series, or jump to and fro. The last few of them say how the step depends on the place
 * (Anderson 1965), and by that the place is found where it vanishes. From the maximum of the
 * likelihood they are of the order 1/T, and each about 1/T of the one before. */
#include "group.h"

#include <math.h>
#include <string.h>

#include "num/cholesky.h"
#include "num/sum.h"

#define GOAL 1e-10  /* of what the steps to come amount to, relative to 1 + |theta| */
#define SURE 0.02   /* steps that become shorter by that come near fast */
#define LONGEST 3.0 /* step of a parameter: far away F is flat */
enum { MOST_PASSES = 2000, DEPTH = 4 /* steps that are remembered, at most KI_PAST */ };

static double largest(size_t n, const double *x) {
    double most = 0;

    for (size_t k = 0; k < n; k++)
        most = fabs(x[k]) > most ? fabs(x[k]) : most;
    return most;
}

/* Log-likelihoods and gradients at the trial places; at the maxima of the likelihood they are known. */
static int score_places(ki_group *g, const ki_rows *at, int first) {
    const size_t n = g->data->n;
    const int error = first ? 0 : ki_rows_score(at, g->value, g->gradient, g->weight);

    for (size_t k = 0; k < at->rows && !error; k++) {
        ki_fit_row *row = g->row + g->which[k];
        if (first) {
            g->value[k] = row->log_likelihood;
            memset(row->scratch, 0, n * sizeof *row->scratch);
        } else {
            memcpy(row->scratch, g->gradient + k * n, n * sizeof *row->scratch);
        }
    }
    return error;
}

/* Value and factor of F at the trial places. Rows that went up are `accepted`. For the `first` step
 * from the maxima of the likelihood few digits will do; nothing is held against their determinants. */
static int try_places(ki_group *g, const int *chosen, int first, int *accepted) {
    const size_t n = g->data->n, pairs = ki_pairs(n);
    const ki_rows at = ki_group_gather(g, chosen, 1);
    int exact[KI_ROWS_MOST], error = score_places(g, &at, first);

    error = error ? error : ki_rows_information(&at, first ? KI_ROUGH : KI_FAIR, g->packed, exact);
    for (size_t k = 0; k < at.rows && !error; k++) {
        ki_fit_row *row = g->row + g->which[k];
        const double noise = exact[k] ? 0 : 1e-6 * (double)n;
        row->exact = exact[k];
        row->passes++;
        ki_unpack_pairs(n, g->packed + k * pairs, row->factor);
        const int flat = ki_cholesky(n, row->factor, 0) != 0;
        row->trial = flat ? -INFINITY : g->value[k] + 0.5 * ki_cholesky_log_det(n, row->factor);
        if (!flat && row->trial >= row->value - 1e-11 * (1 + fabs(row->trial)) - noise) {
            accepted[g->which[k]] = 1;
            row->value = first ? -INFINITY : row->trial;
            row->log_likelihood = g->value[k];
            memcpy(row->theta, row->at, n * sizeof *row->theta);
            memcpy(row->gradient, row->scratch, n * sizeof *row->gradient);
            continue;
        }
        /* First the plain step instead of the extrapolated one, then ever less of it. */
        for (size_t j = 0; j < n && row->passed > 1; j++)
            row->step[j] = 2 * row->slope[j];
        row->passed = row->passed ? 1 : 0;
        for (size_t j = 0; j < n; j++)
            row->at[j] = row->theta[j] + (row->step[j] *= 0.5);
        if (++row->halvings > 60)
            row->active = 0;
    }
    return error;
}

/* l^T x, for lengths in the metric of F. */
static void to_metric(size_t n, const double *l, const double *x, double *out) {
    for (size_t k = 0; k < n; k++)
        out[k] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++)
            out[k] += l[i * n + k] * x[i];
}

/* Differences of places and steps, the newest at front, as far as `past` goes. */
static void remember(ki_fit_row *row, size_t n) {
    double *places = row->past, *steps = row->past + DEPTH * n;

    if (row->passed > 0) {
        memmove(places + n, places, (DEPTH - 1) * n * sizeof *places);
        memmove(steps + n, steps, (DEPTH - 1) * n * sizeof *steps);
        for (size_t k = 0; k < n; k++) {
            places[k] = row->theta[k] - row->start[k];
            steps[k] = row->step[k] - row->slope[k];
        }
    }
    if (row->passed <= DEPTH)
        row->passed++;
    memcpy(row->start, row->theta, n * sizeof *row->start);
    memcpy(row->slope, row->step, n * sizeof *row->slope);
}

/* The step made better by those before it: what is left of it where the differences cannot make it
 * vanish, and the way that they say. `work` [(DEPTH + 1), n]. */
static void extrapolate(ki_fit_row *row, size_t n, double *work) {
    const size_t m = (size_t)row->passed - 1;
    const double *places = row->past, *steps = row->past + DEPTH * n;
    double gram[DEPTH * DEPTH], share[DEPTH];
    double *own = work + DEPTH * n;

    for (size_t a = 0; a < m; a++)
        to_metric(n, row->factor, steps + a * n, work + a * n);
    to_metric(n, row->factor, row->step, own);
    for (size_t a = 0; a < m; a++) {
        share[a] = ki_dot(n, work + a * n, own);
        for (size_t b = 0; b < m; b++)
            gram[a * m + b] = ki_dot(n, work + a * n, work + b * n) * (a == b ? 1 + 1e-12 : 1);
    }
    if (m == 0 || ki_cholesky(m, gram, 1e-11) != 0) {
        row->passed = 1;
        return;
    }
    ki_cholesky_solve(m, gram, share);
    for (size_t k = 0; k < n; k++) {
        own[k] = row->step[k];
        for (size_t a = 0; a < m; a++)
            own[k] -= share[a] * (places[a * n + k] + steps[a * n + k]);
    }
    if (largest(n, own) <= LONGEST)
        memcpy(row->step, own, n * sizeof *own);
}

/* Next steps of the rows in `chosen`; `factor` is of their place. */
static int next_steps(ki_group *g, const int *chosen, int digits) {
    const size_t n = g->data->n, pairs = ki_pairs(n);
    const ki_rows at = ki_group_gather(g, chosen, 0);

    for (size_t k = 0; k < at.rows; k++) {
        const ki_fit_row *row = g->row + g->which[k];
        double *m = g->packed + k * pairs;
        ki_cholesky_inverse(n, row->factor, g->square);
        for (size_t a = 0; a < n; a++)
            for (size_t b = a; b < n; b++)
                *m++ = (a == b ? 1 : 2) * g->square[a * n + b];
        memcpy(g->gradient + k * n, row->gradient, n * sizeof(double));
    }
    const int error = at.rows ? ki_rows_leverage(&at, g->packed, digits, g->gradient) : 0;
    for (size_t k = 0; k < at.rows && !error; k++) {
        ki_fit_row *row = g->row + g->which[k];
        memcpy(row->step, g->gradient + k * n, n * sizeof *row->step);
        ki_cholesky_solve(n, row->factor, row->step);
        const double size = largest(n, row->step), last = largest(n, row->slope);
        if (row->passed > 0 && last > 0)
            row->share = fmax(row->share, size / last);
        for (size_t j = 0; j < n && size > LONGEST; j++)
            row->step[j] *= LONGEST / size;
        remember(row, n);
        extrapolate(row, n, row->scratch);
        for (size_t j = 0; j < n; j++)
            row->at[j] = row->theta[j] + row->step[j];
        row->halvings = 0;
        /* After this step there will be no more than `share` of it to go. */
        const double longest = fmax(size, largest(n, row->step));
        const double left =
            row->passes > 1 && row->share < SURE && !row->bordered ? row->share * longest : longest;
        if (left <= GOAL * (1 + largest(n, row->theta))) {
            memcpy(row->theta, row->at, n * sizeof *row->theta);
            row->log_likelihood += ki_dot(n, row->gradient, row->step);
            row->active = 0;
            row->status = row->bordered ? KI_SEPARATED : KI_CONVERGED;
        } else if (row->passes > MOST_PASSES) {
            row->active = 0;
        }
    }
    return error;
}

/* One step of the rows in `chosen`. Digits are chosen row by row: what a row becomes does not depend on
 * the others. */
static int step_rows(ki_group *g, const int *chosen, int first) {
    int fine[KI_ROWS_MOST] = {0}, exact[KI_ROWS_MOST] = {0}, accepted[KI_ROWS_MOST] = {0};
    int error = try_places(g, chosen, first, accepted);

    for (size_t i = 0; i < g->rows; i++) {
        fine[i] = accepted[i] && !g->row[i].exact;
        exact[i] = accepted[i] && g->row[i].exact;
    }
    error = error ? error : next_steps(g, fine, first ? KI_ROUGH : KI_FINE);
    return error ? error : next_steps(g, exact, KI_EXACT);
}

int ki_group_firth(ki_group *g) {
    int chosen[KI_ROWS_MOST], any = 0, error = 0;

    for (size_t i = 0; i < g->rows; i++) {
        ki_fit_row *row = g->row + i;
        any |= chosen[i] = row->active && row->status == KI_CONVERGED;
        if (!row->active)
            continue;
        memcpy(row->at, row->theta, g->data->n * sizeof *row->at);
        memset(row->step, 0, g->data->n * sizeof *row->step);
        row->value = -INFINITY;
        row->share = 0;
        row->passes = row->halvings = row->passed = 0;
        row->status = KI_NOT_CONVERGED;
    }
    if (any)
        error = step_rows(g, chosen, 1);
    for (any = 1; any && !error;) {
        any = 0;
        for (size_t i = 0; i < g->rows; i++)
            any |= chosen[i] = g->row[i].active;
        error = any ? step_rows(g, chosen, 0) : 0;
    }
    return error;
}
