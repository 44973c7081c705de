/* SPDX-License-Identifier: BSD-3-Clause */
#include "symmetric.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "infer/rows.h"
#include "num/sum.h"

/* Rows of a group; Newton's steps, of conjugate gradients for one, and halvings; products from which
 * on threads are worth while. */
enum { MOST = 16, STEPS = 60, GRADIENTS = 3000, HALVINGS = 40, LARGE = 1 << 22 };

/* Gain of a step below which it is the last. */
#define SMALL 1e-9

/* Parameters are matrices [fitted,n] of which tied elements are equal: sums over all elements are the
 * scalar product, and a gradient becomes one of them when tied elements are averaged. */
typedef struct job {
    ki_symmetric *fit;
    const ki_run_options *run;
    ki_rows_data data;
    size_t size;     /* fitted n */
    size_t *partner; /* [fitted,n] element that is tied to this one; itself where none is */
    double *theta, *next, *gradient, *step, *rest, *search, *image, *scale; /* [fitted,n] */
    double *value, *weight;                                                 /* [fitted] */
    double *information;                                                    /* [fitted, pairs] */
    char *memory;                                                           /* of the workers */
    uint64_t each;
    const double *at; /* where the loop over rows is: theta or next */
    int wants_information;
    double log_likelihood; /* at `at` */
} job;

static void take(ki_cursor *c, size_t fitted, size_t n, job *j) {
    double **const matrix[] = {&j->theta, &j->next,   &j->gradient, &j->step,
                               &j->rest,  &j->search, &j->image,    &j->scale};

    j->size = fitted * n;
    j->partner = ki_take(c, fitted * n, sizeof(size_t));
    for (size_t k = 0; k < sizeof matrix / sizeof *matrix; k++)
        *matrix[k] = ki_take(c, fitted * n, sizeof(double));
    j->value = ki_take(c, fitted, sizeof(double));
    j->weight = ki_take(c, fitted, sizeof(double));
    j->information = ki_take(c, fitted, ki_pairs(n) * sizeof(double));
}

static uint64_t worker_bytes(size_t n) {
    ki_cursor c = {0};
    ki_rows_space space;

    ki_rows_take(&c, n, MOST, &space);
    return c.used;
}

uint64_t ki_symmetric_bytes(size_t units, int threads) {
    const ki_run_options run = {.threads = threads};
    const uint64_t workers = (uint64_t)ki_parallel_workers((units + MOST - 1) / MOST, &run);
    ki_cursor c = {0};
    job j;

    take(&c, units, units + 1, &j);
    return c.overflow ? UINT64_MAX : c.used + workers * worker_bytes(units + 1);
}

/* Which elements are one number. */
static void tie(job *j) {
    ki_symmetric *f = j->fit;
    const size_t n = f->n;

    f->ties = 0;
    for (size_t k = 0; k < j->size; k++)
        j->partner[k] = k;
    /* Rows and columns both rise by unit. */
    for (size_t r = 0; r < f->fitted; r++) {
        size_t other = 0, own = 1;
        while (own < n && f->column[own] < f->unit[r])
            own++;
        if (own == n || f->column[own] != f->unit[r])
            continue;
        for (size_t k = 1; k < n; k++) {
            while (other < f->fitted && f->unit[other] < f->column[k])
                other++;
            if (other == f->fitted || f->unit[other] != f->column[k])
                continue;
            j->partner[r * n + k] = other * n + own;
            f->ties += other > r;
        }
    }
}

/* Averages tied elements. */
static void project(const job *j, double *x) {
    for (size_t k = 0; k < j->size; k++) {
        const size_t p = j->partner[k];
        if (p > k)
            x[k] = x[p] = (x[k] + x[p]) / 2;
    }
}

static int some_rows(void *ctx, ki_work *work, size_t index) {
    job *j = ctx;
    const ki_symmetric *f = j->fit;
    const size_t n = f->n, first = index * MOST;
    ki_cursor c = {.base = j->memory + (uint64_t)ki_work_thread(work) * j->each};
    ki_rows_space space;

    ki_rows_take(&c, n, MOST, &space);
    const ki_rows rows = {&j->data,
                          &space,
                          work,
                          f->fitted - first < MOST ? f->fitted - first : MOST,
                          f->unit + first,
                          j->at + first * n};
    int error = ki_rows_score(&rows, j->value + first, j->gradient + first * n, j->weight + first);
    if (!error && j->wants_information)
        error =
            ki_rows_squares(&rows, KI_INFORMATION, KI_FINE, j->information + first * ki_pairs(n));
    return error;
}

/* Log-likelihood and its gradient among symmetric ones, and the information if it is wanted. */
static int evaluate(job *j, const double *at, int information) {
    const size_t groups = (j->fit->fitted + MOST - 1) / MOST;

    j->at = at;
    j->wants_information = information;
    const int error = ki_parallel_work(groups, groups, j->run, some_rows, j);
    if (error)
        return error;
    j->log_likelihood = 0;
    for (size_t r = 0; r < j->fit->fitted; r++)
        j->log_likelihood += j->value[r];
    project(j, j->gradient);
    return 0;
}

/* One row of image = F search. */
static int multiply_row(void *ctx, size_t r) {
    const job *j = ctx;
    const size_t n = j->fit->n;
    const double *f = j->information + r * ki_pairs(n), *x = j->search + r * n;
    double *y = j->image + r * n;

    memset(y, 0, n * sizeof *y);
    for (size_t a = 0; a < n; a++) {
        y[a] += f[0] * x[a];
        for (size_t b = a + 1; b < n; b++) {
            y[a] += f[b - a] * x[b];
            y[b] += f[b - a] * x[a];
        }
        f += n - a;
    }
    return 0;
}

/* Newton's step by conjugate gradients, divided by the diagonal. */
static int newton_step(job *j) {
    const ki_run_options all = {.threads = j->run ? j->run->threads : 0}, alone = {.threads = 1};
    const size_t size = j->size, n = j->fit->n;
    double left = 0, first;

    for (size_t r = 0; r < j->fit->fitted; r++) {
        const double *f = j->information + r * ki_pairs(n);
        for (size_t a = 0; a < n; f += n - a, a++)
            j->scale[r * n + a] = f[0];
    }
    project(j, j->scale);
    for (size_t k = 0; k < size; k++) {
        j->step[k] = 0;
        j->rest[k] = j->gradient[k];
        j->search[k] = j->scale[k] > 0 ? j->rest[k] / j->scale[k] : 0;
        left += j->rest[k] * j->search[k];
    }
    first = left;
    for (int i = 0; i < GRADIENTS && left > 1e-20 * first; i++) {
        const int error =
            ki_parallel_for(j->fit->fitted, 1, size * n > LARGE ? &all : &alone, multiply_row, j);
        if (error)
            return error;
        project(j, j->image);
        const double curvature = ki_dot(size, j->search, j->image), before = left;
        if (!(curvature > 0))
            return 0;
        left = 0;
        for (size_t k = 0; k < size; k++) {
            j->step[k] += before / curvature * j->search[k];
            j->rest[k] -= before / curvature * j->image[k];
            left += j->scale[k] > 0 ? j->rest[k] * j->rest[k] / j->scale[k] : 0;
        }
        for (size_t k = 0; k < size; k++)
            j->search[k] =
                (j->scale[k] > 0 ? j->rest[k] / j->scale[k] : 0) + left / before * j->search[k];
    }
    return 0;
}

/* theta += step, or so much of it that gains; *moved is 0 where nothing does. The gradient is that of
 * the new place. */
static int advance(job *j, double gain, int information, int *moved) {
    const double before = j->log_likelihood;
    double share = 1;

    *moved = 0;
    for (int i = 0; i < HALVINGS; i++, share /= 2) {
        for (size_t k = 0; k < j->size; k++)
            j->next[k] = j->theta[k] + share * j->step[k];
        const int error = evaluate(j, j->next, information);
        if (error)
            return error;
        /* Rounding of the sum is no loss. */
        if (j->log_likelihood >= before + 1e-4 * share * gain - 1e-13 * fabs(before)) {
            memcpy(j->theta, j->next, j->size * sizeof *j->theta);
            *moved = 1;
            return 0;
        }
    }
    return 0;
}

static int climb(job *j) {
    ki_symmetric *f = j->fit;
    double last = INFINITY;
    int moved = 1, error = evaluate(j, j->theta, 1);

    f->converged = 0;
    for (int i = 0; i < STEPS && !error && moved; i++) {
        error = newton_step(j);
        const double gain = ki_dot(j->size, j->gradient, j->step);
        if (error || !(gain >= 0))
            return error;
        /* Information of an earlier place is good enough while steps get small fast. */
        const int renew = i == 0 || gain > 1e-3 * last;
        last = gain;
        error = advance(j, gain, renew && gain > SMALL, &moved);
        f->converged = !error && gain <= SMALL;
        if (f->converged)
            break;
    }
    f->log_likelihood = j->log_likelihood;
    return error;
}

/* Between the network and the matrix of parameters. */
static void copy(const job *j, int back) {
    const ki_symmetric *f = j->fit;
    const size_t n = f->n, units = f->part->raster->units;

    for (size_t r = 0; r < f->fitted; r++)
        for (size_t k = 0; k < n; k++) {
            double *from = k ? f->J + f->unit[r] * units + f->column[k] : f->H + f->unit[r];
            double *to = j->theta + r * n + k;
            *(back ? from : to) = *(back ? to : from);
        }
}

int ki_symmetric_fit(ki_symmetric *f, const ki_run_options *run) {
    const ki_raster *r = f->part->raster;
    const size_t groups = (f->fitted + MOST - 1) / MOST;
    job j = {.fit = f,
             .run = run,
             .data = {.raster = r,
                      .use = f->part->lead[0],
                      .count = f->part->count,
                      .n = f->n,
                      .column = f->column},
             .each = worker_bytes(f->n)};
    ki_cursor c = {0};

    take(&c, f->fitted, f->n, &j);
    const uint64_t workers = (uint64_t)ki_parallel_workers(groups, run);
    const uint64_t bytes = c.used + workers * j.each;
    char *base = c.overflow || bytes > SIZE_MAX / 2 ? NULL : ki_alloc((size_t)bytes, 1);
    if (!base)
        return ki_fail(KI_ERR_NOMEM, "symmetric : no memory for %zu units : fewer units", r->units);
    c = (ki_cursor){.base = base};
    take(&c, f->fitted, f->n, &j);
    j.memory = base + c.used;
    tie(&j);
    copy(&j, 0);
    project(&j, j.theta);
    const int error = climb(&j);
    if (!error)
        copy(&j, 1);
    ki_free(base);
    return error;
}
