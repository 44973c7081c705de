/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a row is separated [mle]: some theta has y_t theta.x_t >= 0 for all t, and > 0 for some.
 * Newton's steps on such a row end up along such a direction; here one is cleaned and held against
 * all transitions. */
#include "group.h"

#include <math.h>
#include <string.h>

#include "num/cholesky.h"

#define NEAR 1e-4  /* margins that may be meant to be 0, relative to the largest one, at first */
#define NEARLY 0.2 /* ... at last: what comes out is held against all transitions */
#define ZERO 1e-9  /* margins that are taken for 0 */
#define HEAVY 1e4  /* weight of "these margins are 0" against "stay where you are" */
enum { CLEANINGS = 6 };

/* The direction scaled so that its largest margin is 1; the smallest one. */
static int margins(ki_group *g, const ki_fit_row *row, double *v, double *least) {
    const size_t n = g->data->n;
    double most = 0;
    const ki_rows at = {g->data, &g->space, g->work, 1, &row->unit, v};
    const int error = ki_rows_margins(&at, least, &most);

    if (error || !(most > 0)) {
        *least = -INFINITY;
        return error;
    }
    for (size_t k = 0; k < n; k++)
        v[k] /= most;
    *least /= most;
    return 0;
}

/* Takes out of v what changes margins of less than `near`. */
static int clean(ki_group *g, const ki_fit_row *row, double near, double *v) {
    const size_t n = g->data->n;
    double *a = g->square;

    for (size_t k = 0; k < n; k++)
        v[k] /= near;
    const ki_rows at = {g->data, &g->space, g->work, 1, &row->unit, v};
    const int error = ki_rows_squares(&at, KI_NEAR, KI_ROUGH, g->packed);
    if (error)
        return error;
    ki_unpack_pairs(n, g->packed, a);
    for (size_t k = 0; k < n * n; k++)
        a[k] *= HEAVY;
    for (size_t k = 0; k < n; k++)
        a[k * n + k] += 1;
    if (ki_cholesky(n, a, 0) == 0)
        for (int k = 0; k < CLEANINGS; k++)
            ki_cholesky_solve(n, a, v);
    return 0;
}

int ki_group_separated(ki_group *g, const ki_fit_row *row, size_t count, double *directions,
                       int *bordered) {
    const size_t n = g->data->n;
    int error = 0;

    *bordered = 0;
    for (size_t k = 0; k < count && !error && !*bordered; k++) {
        double *v = directions + k * n, least = 0;
        error = margins(g, row, v, &least);
        memcpy(row->scratch, v, n * sizeof *v);
        const double first = least;
        for (double near = NEAR; near < NEARLY && !error && least < -ZERO; near *= 10) {
            if (first < -near)
                continue;
            memcpy(v, row->scratch, n * sizeof *v);
            error = clean(g, row, near, v);
            error = error ? error : margins(g, row, v, &least);
        }
        *bordered = !error && least >= -ZERO;
    }
    return error;
}
