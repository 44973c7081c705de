/* SPDX-License-Identifier: BSD-3-Clause */
/* Maximum likelihood [mle] by Newton's method on groups of rows. Of long recordings a part comes first,
 * whose maximum is a good place to start from. Steps are made with what second derivatives are at
 * hand (the Gram matrix first, then those of the part, then of all data) and with what the last steps
 * showed, until the decrement falls too slowly for what others cost. */
#include "group.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/cholesky.h"
#include "num/sum.h"

#define STEP_GOAL 1e-10  /* of the last step, relative to 1 + |theta| */
#define START_GOAL 3e-8  /* ... where Firth's steps set out from there */
#define SAMPLE_GOAL 3e-3 /* ... of a part of the data */
#define SURE 0.02        /* steps that become shorter by that are Newton's */
#define SHORT 1e-7       /* ... if they are that short */
#define FAR 10.0         /* parameters of a part that are no place to start from */
#define SLOW 0.04       /* decrements that fall less from step to step ask for better derivatives */
#define SLOW_CHEAP 1e-4 /* ... where these cost less than a step */
#define LONGEST 3.0     /* step of a parameter: far away the likelihood is flat */
#define SMALLEST_PIVOT 1e-14
enum {
    MOST_PASSES = 400,
    MOST_PATIENCE = 20,
    CHEAP = 3,       /* second derivatives, against a gradient */
    SUSPICIOUS = 12, /* passes after which steps that stay large are looked at */
    SAMPLE = 8192,   /* transitions of a part of the data, or so many for each regressor: */
    SAMPLE_EACH = 256,
    SAMPLE_PASSES = 12,
    ROUGH_COUNT = 16384, /* transitions from which derivatives of all may be rough */
    ROUGH_RENEWALS = 4   /* and so often */
};

void ki_group_take(ki_cursor *memory, size_t n, size_t most, ki_group *g) {
    ki_rows_take(memory, n, most, &g->space);
    g->theta = ki_take(memory, most * n, sizeof(double));
    g->gradient = ki_take(memory, most * n, sizeof(double));
    g->packed = ki_take(memory, most * ki_pairs(n), sizeof(double));
    g->square = ki_take(memory, n * n, sizeof(double));
    for (size_t i = 0; i < most; i++) {
        ki_fit_row *row = g->row + i;
        double **const vectors[] = {&row->theta, &row->at,   &row->gradient,
                                    &row->slope, &row->step, &row->start};
        for (size_t k = 0; k < sizeof vectors / sizeof vectors[0]; k++)
            *vectors[k] = ki_take(memory, n, sizeof(double));
        row->past = ki_take(memory, 2 * KI_PAST * n, sizeof(double));
        row->scratch = ki_take(memory, (KI_PAST + 1) * n, sizeof(double));
        row->factor = ki_take(memory, n * n, sizeof(double));
    }
}

ki_rows ki_group_gather(ki_group *g, const int *chosen, int trial) {
    const size_t n = g->data->n;

    g->at_work = 0;
    for (size_t i = 0; i < g->rows; i++)
        if (chosen[i]) {
            const size_t k = g->at_work++;
            g->which[k] = i;
            g->unit[k] = g->row[i].unit;
            memcpy(g->theta + k * n, trial ? g->row[i].at : g->row[i].theta, n * sizeof *g->theta);
        }
    return (ki_rows){g->data, &g->space, g->work, g->at_work, g->unit, g->theta};
}

static void start_row(const ki_group *g, ki_fit_row *row) {
    const size_t n = g->data->n;
    const double count = (double)g->data->count;
    const double mean = fmax(fmin(g->after[row->unit], 1 - 1 / count), 1 / count - 1);

    memset(row->theta, 0, n * sizeof *row->theta);
    row->theta[0] = atanh(mean);
    memcpy(row->at, row->theta, n * sizeof *row->at);
    memset(row->step, 0, n * sizeof *row->step);
    row->value = -INFINITY;
    row->decrement = INFINITY;
    row->level = KI_GRAM;
    row->fresh = row->halvings = row->passes = row->lost = row->wants = 0;
    row->bordered = row->slow = row->renewals = row->passed = row->warm = 0;
    row->log_likelihood = NAN;
    row->status = KI_NOT_CONVERGED;
    row->active = 1;
}

static double goal_of(const ki_group *g) {
    return g->spec->firth == KI_FIRTH_ALL ? START_GOAL : STEP_GOAL;
}

void ki_group_start(ki_group *g) {
    g->goal = goal_of(g);
    for (size_t i = 0; i < g->rows; i++)
        start_row(g, g->row + i);
}

static double largest(size_t n, const double *x) {
    double most = 0;

    for (size_t k = 0; k < n; k++)
        most = fabs(x[k]) > most ? fabs(x[k]) : most;
    return most;
}

/* Stride of the blocks of a part of the data; 1 if a part would be much of it. */
static size_t stride_of(const ki_rows_data *d) {
    const size_t sample = SAMPLE > SAMPLE_EACH * d->n ? SAMPLE : SAMPLE_EACH * d->n;
    const size_t stride = d->count / sample;

    return d->updates || d->moment || stride < 4 ? 1 : stride;
}

/* The inverse of the second derivatives at hand, times x. */
static void precondition(const ki_group *g, const ki_fit_row *row, double *x) {
    const size_t n = g->data->n;

    if (row->level != KI_GRAM) {
        ki_cholesky_solve(n, row->factor, x);
        return;
    }
    ki_cholesky_solve(n, g->gram, x);
    for (size_t k = 0; k < n; k++)
        x[k] /= row->weight;
}

/* Keeps what the last step did to the gradient, if the likelihood bends there. */
static void remember(const ki_group *g, ki_fit_row *row) {
    const size_t n = g->data->n;
    double *places = row->past, *changes = row->past + KI_PAST * n, product = 0;

    for (size_t k = 0; k < n; k++)
        product += (row->at[k] - row->theta[k]) * (row->gradient[k] - row->slope[k]);
    if (!(product > 1e-14 * row->decrement))
        return;
    memmove(places + n, places, (KI_PAST - 1) * n * sizeof *places);
    memmove(changes + n, changes, (KI_PAST - 1) * n * sizeof *changes);
    for (size_t k = 0; k < n; k++) {
        places[k] = row->at[k] - row->theta[k];
        changes[k] = row->gradient[k] - row->slope[k];
    }
    row->passed += row->passed < KI_PAST;
}

/* The step from theta: second derivatives at hand, made better by what the last steps showed (the
 * two loops of L-BFGS, Nocedal 1980). */
static void propose(const ki_group *g, ki_fit_row *row) {
    const size_t n = g->data->n;
    const double *places = row->past, *changes = row->past + KI_PAST * n;
    double share[KI_PAST], product[KI_PAST];

    memcpy(row->step, row->gradient, n * sizeof *row->step);
    for (int p = 0; p < row->passed; p++) {
        product[p] = ki_dot(n, places + (size_t)p * n, changes + (size_t)p * n);
        share[p] = ki_dot(n, places + (size_t)p * n, row->step) / product[p];
        for (size_t k = 0; k < n; k++)
            row->step[k] -= share[p] * changes[(size_t)p * n + k];
    }
    precondition(g, row, row->step);
    for (int p = row->passed; p-- > 0;) {
        const double back = ki_dot(n, changes + (size_t)p * n, row->step) / product[p];
        for (size_t k = 0; k < n; k++)
            row->step[k] += (share[p] - back) * places[(size_t)p * n + k];
    }
    const double size = largest(n, row->step);
    for (size_t k = 0; k < n && size > LONGEST; k++)
        row->step[k] *= LONGEST / size;
    row->decrement = ki_dot(n, row->gradient, row->step);
    for (size_t k = 0; k < n; k++)
        row->at[k] = row->theta[k] + row->step[k];
    row->halvings = 0;
}

/* Half of a step that led down. */
static void halve(const ki_group *g, ki_fit_row *row) {
    for (size_t k = 0; k < g->data->n; k++)
        row->at[k] = row->theta[k] + (row->step[k] *= 0.5);
    row->halvings++;
    if (row->halvings == 2 && !(row->level == KI_FULL && row->fresh))
        row->wants = 1;
    else if (row->halvings > 40)
        row->active = 0;
}

/* What second derivatives of all data cost of a gradient. */
static size_t price_of(const ki_group *g) {
    return g->data->n / (g->space.level < KI_LEVEL_V4 ? 4 : 64);
}

/* Slow passes after which better second derivatives are worth their price. */
static int patience(const ki_group *g, const ki_fit_row *row) {
    const size_t price = price_of(g);

    /* Where derivatives of all were needed again, the likelihood is far from a parabola. */
    return row->renewals > 1 || price < 1 ? 1 : price > MOST_PATIENCE ? MOST_PATIENCE : (int)price;
}

/* The trial becomes the place, and the row is done if the next step is small enough: it is then
 * still made. */
static void accept(const ki_group *g, ki_fit_row *row) {
    const size_t n = g->data->n;
    const double before = row->decrement, last = largest(n, row->step);
    const int was_fresh = row->fresh;

    if (isfinite(before))
        remember(g, row);
    memcpy(row->theta, row->at, n * sizeof *row->theta);
    memcpy(row->gradient, row->slope, n * sizeof *row->gradient);
    row->value = row->trial;
    row->fresh = 0;
    propose(g, row);
    const double size = largest(n, row->step), share = last > 0 ? size / last : 1;
    /* After this step there will be about `share` of it to go. */
    const double left = row->level != KI_GRAM && share < SURE && size < fmax(SHORT, 300 * g->goal)
                            ? 3 * share * size
                            : size;
    if (left <= g->goal * (1 + largest(n, row->theta))) {
        memcpy(row->theta, row->at, n * sizeof *row->theta);
        row->value += row->decrement / 2;
        row->status = KI_CONVERGED;
        row->active = 0;
    } else if (row->warm) {
        row->warm = 0;
        row->wants = 1;
    } else if (row->decrement > (price_of(g) < 1 ? SLOW_CHEAP : SLOW) * before) {
        /* What a full step with derivatives of this very place does not gain is rounding. */
        row->lost =
            was_fresh && row->level == KI_FULL && row->decrement < 1e-12 ? row->lost + 1 : 0;
        if (row->lost > 1) {
            row->status = KI_CONVERGED;
            row->active = 0;
        }
        row->slow++;
        row->wants = row->active && row->passes > 1 && row->slow >= patience(g, row);
    }
}

static void judge(const ki_group *g, ki_fit_row *row) {
    const size_t n = g->data->n;

    row->passes++;
    for (size_t k = 1; k < n; k++) {
        row->trial -= g->spec->ridge / 2 * row->at[k] * row->at[k];
        row->slope[k] -= g->spec->ridge * row->at[k];
    }
    if (row->trial >= row->value - 1e-12 * (1 + fabs(row->value)))
        accept(g, row);
    else
        halve(g, row);
    if (row->passes > MOST_PASSES)
        row->active = 0;
}

/* One pass over the data for all rows that are active. */
static int pass(ki_group *g) {
    const size_t n = g->data->n;
    int chosen[KI_ROWS_MOST];

    for (size_t i = 0; i < g->rows; i++)
        chosen[i] = g->row[i].active;
    const ki_rows at = ki_group_gather(g, chosen, 1);
    int error = ki_rows_score(&at, g->value, g->gradient, g->weight);
    for (size_t k = 0; k < at.rows && !error; k++) {
        ki_fit_row *row = g->row + g->which[k];
        memcpy(row->slope, g->gradient + k * n, n * sizeof *row->slope);
        row->trial = g->value[k];
        row->weight = fmax(g->weight[k], 1e-300);
        judge(g, row);
    }
    return error;
}

/* Factors of -(second derivatives) at theta for the rows in `chosen`, by `digits` digits. One that is
 * not positive definite to rounding is a sign of a border, unless they are rough: then *failed. */
static int renew(ki_group *g, const int *chosen, int level, int digits, int *failed) {
    const size_t n = g->data->n, pairs = ki_pairs(n);
    const ki_rows at = ki_group_gather(g, chosen, 0);
    int error = at.rows ? ki_rows_squares(&at, KI_INFORMATION, digits, g->packed) : 0;

    for (size_t k = 0; k < at.rows && !error; k++) {
        ki_fit_row *row = g->row + g->which[k];
        ki_unpack_pairs(n, g->packed + k * pairs, row->factor);
        for (size_t j = 1; j < n; j++)
            row->factor[j * n + j] += g->spec->ridge;
        row->level = level;
        row->fresh = level == KI_FULL;
        row->wants = row->slow = row->passed = 0;
        row->renewals += level == KI_FULL;
        if (ki_cholesky(n, row->factor, SMALLEST_PIVOT)) {
            if (failed) {
                failed[g->which[k]] = 1;
                continue;
            }
            row->active = 0;
            row->lost = -1;
            continue;
        }
        propose(g, row);
    }
    return error;
}

static int renew_all(ki_group *g) {
    const int part = g->data->stride > 1;
    int rough[KI_ROWS_MOST], exact[KI_ROWS_MOST];

    for (size_t i = 0; i < g->rows; i++) {
        const ki_fit_row *row = g->row + i;
        const int wants = row->active && row->wants;
        rough[i] =
            wants && (part || (g->data->count >= ROUGH_COUNT && row->renewals < ROUGH_RENEWALS));
        exact[i] = wants && !rough[i];
    }
    const int error = renew(g, rough, part ? KI_SAMPLED : KI_FULL, KI_ROUGH, exact);
    return error ? error : renew(g, exact, part ? KI_SAMPLED : KI_FULL, KI_EXACT, NULL);
}

/* Rows whose steps stay large, or whose derivatives vanish: is there a direction that never loses? */
static int look_for_borders(ki_group *g) {
    const size_t n = g->data->n;
    int error = 0;

    for (size_t i = 0; i < g->rows && !error; i++) {
        ki_fit_row *row = g->row + i;
        const int vanished = row->lost < 0;
        if (vanished)
            row->lost = 0;
        else if (!row->active || row->passes % SUSPICIOUS || !(row->level == KI_FULL) ||
                 largest(n, row->step) < 1e-3)
            continue;
        if (g->spec->ridge > 0 || g->data->moment)
            continue;
        double *directions = g->theta; /* [3,n]: groups have room for so many */
        for (size_t k = 0; k < n; k++) {
            directions[k] = row->step[k];
            directions[n + k] = row->theta[k] - row->start[k];
            directions[2 * n + k] = row->theta[k];
        }
        memcpy(row->start, row->theta, n * sizeof *row->start);
        error = ki_group_separated(g, row, 3, directions, &row->bordered);
        if (!error && row->bordered) {
            row->status = KI_SEPARATED;
            row->active = 0;
        }
    }
    return error;
}

static int climb(ki_group *g, int most) {
    int error = 0, any = 1;

    for (int k = 0; any && k < most && !error; k++) {
        error = pass(g);
        error = error ? error : renew_all(g);
        error = error || g->data->stride > 1 ? error : look_for_borders(g);
        any = 0;
        for (size_t i = 0; i < g->rows; i++)
            any |= g->row[i].active;
    }
    return error;
}

/* Starts rows where the likelihood of every stride-th block is largest, if that is not far away. */
static int start_from_part(ki_group *g, size_t stride) {
    const ki_rows_data *all = g->data;
    ki_rows_data part = *all;
    const size_t n = all->n;

    part.stride = stride;
    g->data = &part;
    g->goal = SAMPLE_GOAL;
    const int error = climb(g, SAMPLE_PASSES);
    g->data = all;
    g->goal = goal_of(g);
    for (size_t i = 0; i < g->rows; i++) {
        ki_fit_row *row = g->row + i;
        const int near = row->status == KI_CONVERGED && largest(n, row->theta) < FAR;
        const int level = row->level;
        if (near)
            memcpy(row->scratch, row->theta, n * sizeof *row->theta);
        start_row(g, row);
        if (!near)
            continue;
        memcpy(row->theta, row->scratch, n * sizeof *row->theta);
        memcpy(row->at, row->theta, n * sizeof *row->at);
        row->level = level;
        row->warm = price_of(g) < CHEAP || level == KI_GRAM;
    }
    return error;
}

int ki_group_newton(ki_group *g) {
    const size_t stride = stride_of(g->data);
    int error = stride > 1 ? start_from_part(g, stride) : 0;

    for (size_t i = 0; i < g->rows; i++)
        memcpy(g->row[i].start, g->row[i].theta, g->data->n * sizeof(double));
    error = error ? error : climb(g, INT_MAX);
    for (size_t i = 0; i < g->rows && !error; i++) {
        ki_fit_row *row = g->row + i;
        row->log_likelihood = g->data->moment ? NAN : row->value;
        for (size_t k = 1; k < g->data->n; k++)
            row->log_likelihood += g->spec->ridge / 2 * row->theta[k] * row->theta[k];
    }
    return error;
}

int ki_group_errors(ki_group *g, double *errors, double *robust) {
    const size_t n = g->data->n, pairs = ki_pairs(n);
    int chosen[KI_ROWS_MOST];

    for (size_t i = 0; i < g->rows; i++)
        chosen[i] = 1;
    const ki_rows at = ki_group_gather(g, chosen, 0);
    int exact[KI_ROWS_MOST];
    const int many = n > KI_EXACT_COLUMNS;
    int error = ki_rows_information(&at, many ? KI_ROUGH : KI_FINE, g->packed, exact);
    for (size_t i = 0; i < g->rows && !error; i++) {
        ki_fit_row *row = g->row + i;
        ki_unpack_pairs(n, g->packed + i * pairs, row->factor);
        for (size_t j = 1; j < n; j++)
            row->factor[j * n + j] += g->spec->ridge;
        const size_t failed = ki_cholesky(n, row->factor, 0);
        if (!failed)
            ki_cholesky_inverse(n, row->factor, g->square);
        for (size_t k = 0; k < n; k++)
            errors[i * n + k] = failed ? INFINITY : sqrt(g->square[k * n + k]);
        row->lost = failed != 0;
    }
    if (error || !robust)
        return error;
    error = ki_rows_squares(&at, KI_SCORES, many ? KI_FINE : KI_EXACT, g->packed);
    for (size_t i = 0; i < g->rows && !error; i++) {
        const ki_fit_row *row = g->row + i;
        if (!row->lost)
            ki_cholesky_inverse(n, row->factor, g->square);
        for (size_t k = 0; k < n; k++) {
            const double *v = g->square + k * n, *m = g->packed + i * pairs;
            double sum = 0;
            for (size_t a = 0; a < n && !row->lost; a++)
                for (size_t b = a; b < n; b++, m++)
                    sum += (a == b ? 1 : 2) * v[a] * v[b] * *m;
            robust[i * n + k] = row->lost ? INFINITY : sqrt(sum);
        }
    }
    return error;
}
