/* SPDX-License-Identifier: BSD-3-Clause */
/* Maxima of log-likelihood - lambda sum |J| (- ridge) [mle]: Newton's method on the smooth part, the
 * quadratic model with the penalty solved by coordinate descent. Couplings that leave the maximum
 * are 0 exactly. */
#include "group.h"

#include <math.h>
#include <string.h>

#define GOAL 1e-10 /* of a step, relative to 1 + |theta| */
enum { MOST_PASSES = 300, MOST_SWEEPS = 10000 };

/* Root-finding on one coordinate: the value of parameter k that is best with gradient g there and
 * curvature c. */
static double shrink(double at, double g, double c, double lambda) {
    const double z = c * at + g;

    return z > lambda ? (z - lambda) / c : z < -lambda ? (z + lambda) / c : 0;
}

/* at = maximum of gradient.(x - theta) - (x - theta)^T a (x - theta)/2 - lambda sum_{k > 0} |x_k|. */
static void descend(size_t n, const double *a, const double *gradient, double lambda,
                    const double *theta, double *slope, double *at) {
    memcpy(at, theta, n * sizeof *at);
    memcpy(slope, gradient, n * sizeof *slope); /* gradient of the model at `at` */
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        double change = 0, size = 0;
        for (size_t k = 0; k < n; k++) {
            const double curvature = a[k * n + k];
            const double next = shrink(at[k], slope[k], curvature, k ? lambda : 0);
            const double move = next - at[k];
            size = fmax(size, fabs(next));
            if (move == 0)
                continue;
            change = fmax(change, fabs(move));
            at[k] = next;
            for (size_t j = 0; j < n; j++)
                slope[j] -= a[k * n + j] * move;
        }
        if (change <= 1e-13 * (1 + size))
            return;
    }
}

static double penalty(const ki_group *g, const double *x) {
    double sum = 0;

    for (size_t k = 1; k < g->data->n; k++)
        sum += g->spec->l1 * fabs(x[k]) + g->spec->ridge / 2 * x[k] * x[k];
    return sum;
}

static void propose(ki_group *g, ki_fit_row *row) {
    const size_t n = g->data->n;

    descend(n, row->factor, row->gradient, g->spec->l1, row->theta, row->slope, row->at);
    for (size_t k = 0; k < n; k++)
        row->step[k] = row->at[k] - row->theta[k];
    row->halvings = 0;
}

static double size_of(size_t n, const double *x) {
    double most = 0;

    for (size_t k = 0; k < n; k++)
        most = fabs(x[k]) > most ? fabs(x[k]) : most;
    return most;
}

/* After the score at the trial place is in `slope` and `trial`. */
static void judge(ki_group *g, ki_fit_row *row) {
    const size_t n = g->data->n;
    const double before = size_of(n, row->step);

    row->passes++;
    row->trial -= penalty(g, row->at);
    if (row->trial < row->value - 1e-12 * (1 + fabs(row->value))) {
        for (size_t k = 0; k < n; k++)
            row->at[k] = row->theta[k] + (row->step[k] *= 0.5);
        if (++row->halvings > 50)
            row->active = 0;
        return;
    }
    memcpy(row->theta, row->at, n * sizeof *row->theta);
    for (size_t k = 0; k < n; k++)
        row->gradient[k] = row->slope[k] - (k ? g->spec->ridge * row->theta[k] : 0);
    row->value = row->trial;
    if (row->level != KI_FULL) {
        row->wants = 1;
        return;
    }
    propose(g, row);
    const double size = size_of(n, row->step);
    if (size <= GOAL * (1 + size_of(n, row->theta))) {
        memcpy(row->theta, row->at, n * sizeof *row->theta);
        row->status = KI_CONVERGED;
        row->active = 0;
    } else if (row->passes > MOST_PASSES) {
        row->active = 0;
    } else {
        row->wants = size > 0.1 * before;
    }
}

/* Second derivatives, not factored, for the rows that want them. */
static int renew(ki_group *g) {
    const size_t n = g->data->n, pairs = ki_pairs(n);
    int chosen[KI_ROWS_MOST];

    for (size_t i = 0; i < g->rows; i++)
        chosen[i] = g->row[i].active && g->row[i].wants;
    const ki_rows at = ki_group_gather(g, chosen, 0);
    const int error = at.rows ? ki_rows_squares(&at, KI_INFORMATION, KI_EXACT, g->packed) : 0;
    for (size_t k = 0; k < at.rows && !error; k++) {
        ki_fit_row *row = g->row + g->which[k];
        ki_unpack_pairs(n, g->packed + k * pairs, row->factor);
        for (size_t j = 0; j < n; j++)
            row->factor[j * n + j] =
                row->factor[j * n + j] * (1 + 1e-12) + (j ? g->spec->ridge : 0);
        row->level = KI_FULL;
        row->wants = 0;
        propose(g, row);
    }
    return error;
}

int ki_group_lasso(ki_group *g) {
    const size_t n = g->data->n;
    int error = 0;

    for (int any = 1; any && !error;) {
        int chosen[KI_ROWS_MOST];
        any = 0;
        for (size_t i = 0; i < g->rows; i++)
            any |= chosen[i] = g->row[i].active;
        if (!any)
            break;
        const ki_rows at = ki_group_gather(g, chosen, 1);
        error = ki_rows_score(&at, g->value, g->gradient, g->weight);
        for (size_t k = 0; k < at.rows && !error; k++) {
            ki_fit_row *row = g->row + g->which[k];
            memcpy(row->slope, g->gradient + k * n, n * sizeof *row->slope);
            row->trial = g->value[k];
            judge(g, row);
        }
        error = error ? error : renew(g);
    }
    return error;
}
