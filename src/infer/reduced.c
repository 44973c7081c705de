/* SPDX-License-Identifier: BSD-3-Clause */
#include "reduced.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "num/cholesky.h"
#include "num/sum.h"

void ki_reduced_take(ki_cursor *c, size_t units, ki_reduced *r) {
    r->units = units;
    r->m = units - 1;
    double **const vectors[] = {&r->diagonal, &r->beside, &r->ones,
                                &r->field,    &r->self,   &r->weighted};
    for (size_t k = 0; k < sizeof vectors / sizeof vectors[0]; k++)
        *vectors[k] = ki_take(c, units * r->m, sizeof(double));
    r->corner = ki_take(c, units * 3, sizeof(double));
    r->corner_weighted = ki_take(c, units * 2, sizeof(double));
}

/* x -= v 2 v.x / v.v, given twice = 2/v.v. */
static void reflect(size_t n, const double *v, double twice, double *x) {
    const double along = twice * ki_dot(n, v, x);

    for (size_t k = 0; k < n; k++)
        x[k] -= along * v[k];
}

/* a [m,m], both halves, becomes tridiagonal by reflections, which act on the vectors too. */
static void tridiagonalize(size_t m, double *a, double *diagonal, double *beside, size_t count,
                           double *const *vector, double *space) {
    double *v = space, *w = space + m;

    for (size_t k = 0; k + 1 < m; k++) {
        const size_t n = m - k - 1;
        const double *column = a + k * m + k + 1; /* of the row: symmetric */
        const double norm = sqrt(ki_dot(n, column, column));
        diagonal[k] = a[k * m + k];
        beside[k] = column[0];
        if (n == 1 || norm == 0 || ki_dot(n - 1, column + 1, column + 1) == 0)
            continue;
        memcpy(v, column, n * sizeof *v);
        v[0] += copysign(norm, v[0]);
        beside[k] = -copysign(norm, column[0]);
        const double twice = 2 / ki_dot(n, v, v);
        double *block = a + (k + 1) * m + k + 1;
        for (size_t i = 0; i < n; i++)
            w[i] = twice * ki_dot(n, block + i * m, v);
        const double along = twice / 2 * ki_dot(n, v, w);
        for (size_t i = 0; i < n; i++)
            w[i] -= along * v[i];
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                block[i * m + j] -= v[i] * w[j] + w[i] * v[j];
        for (size_t x = 0; x < count; x++)
            reflect(n, v, twice, vector[x] + k + 1);
    }
    diagonal[m - 1] = a[m * m - 1];
    beside[m - 1] = 0;
}

typedef struct job {
    const ki_evidence_data *data;
    ki_reduced *reduced;
    char *memory;
    uint64_t bytes; /* of a worker */
} job;

typedef struct room {
    double *slow, *solved; /* [cosines,cosines], [cosines] */
    double *full;          /* [units + 1,units + 1] sums without cosines */
    double *weighted;      /* [units + 1] */
    double *a;             /* [m,m] */
    double *space;         /* [2 units] */
    double *cross;         /* [units + 1,cosines] */
} room;

static void take_room(ki_cursor *c, const ki_evidence_data *d, room *s) {
    const size_t n = d->units + 1, slow = d->cosines;

    s->slow = ki_take(c, slow * slow, sizeof(double));
    s->solved = ki_take(c, slow, sizeof(double));
    s->full = ki_take(c, n * n, sizeof(double));
    s->weighted = ki_take(c, n, sizeof(double));
    s->a = ki_take(c, n * n, sizeof(double));
    s->space = ki_take(c, 2 * n, sizeof(double));
    s->cross = ki_take(c, n * slow, sizeof(double));
}

/* Sums of row i with the cosines integrated out. */
static int without_cosines(const ki_evidence_data *d, size_t i, room *s) {
    const size_t n = d->units + 1, slow = d->cosines;
    const double *F = d->precision + i * d->n * d->n, *h = d->weighted + i * d->n;

    for (size_t a = 0; a < n; a++)
        memcpy(s->full + a * n, F + a * d->n, n * sizeof *s->full);
    memcpy(s->weighted, h, n * sizeof *s->weighted);
    if (slow == 0)
        return 0;
    for (size_t a = 0; a < slow; a++) {
        memcpy(s->slow + a * slow, F + (n + a) * d->n + n, slow * sizeof *s->slow);
        s->slow[a * slow + a] += 1 / d->prior.variance[KI_KIND_SLOW];
    }
    if (ki_cholesky(slow, s->slow, 0))
        return ki_evidence_singular(d, i);
    for (size_t a = 0; a < slow; a++)
        s->solved[a] = h[n + a] + d->prior.mean[KI_KINDS + a] / d->prior.variance[KI_KIND_SLOW];
    ki_cholesky_forward(slow, s->slow, s->solved);
    for (size_t a = 0; a < n; a++) {
        double *row = s->cross + a * slow;
        memcpy(row, F + a * d->n + n, slow * sizeof *row);
        ki_cholesky_forward(slow, s->slow, row);
        s->weighted[a] -= ki_dot(slow, row, s->solved);
        for (size_t b = 0; b <= a; b++) {
            s->full[a * n + b] -= ki_dot(slow, row, s->cross + b * slow);
            s->full[b * n + a] = s->full[a * n + b];
        }
    }
    return 0;
}

static int do_row(void *context, ki_work *work, size_t i) {
    const job *j = context;
    ki_reduced *r = j->reduced;
    const size_t n = r->units + 1, m = r->m, own = i + 1;
    ki_cursor memory = {.base = j->memory + (size_t)ki_work_thread(work) * j->bytes};
    room s;

    take_room(&memory, j->data, &s);
    const int error = without_cosines(j->data, i, &s);
    if (error)
        return error;
    double *const vector[] = {r->ones + i * m, r->field + i * m, r->self + i * m,
                              r->weighted + i * m};
    for (size_t a = 1, p = 0; a < n; a++) {
        if (a == own)
            continue;
        for (size_t b = 1, q = 0; b < n; b++)
            if (b != own)
                s.a[p * m + q++] = s.full[a * n + b];
        vector[0][p] = 1;
        vector[1][p] = s.full[a * n];
        vector[2][p] = s.full[a * n + own];
        vector[3][p++] = s.weighted[a];
    }
    tridiagonalize(m, s.a, r->diagonal + i * m, r->beside + i * m, 4, vector, s.space);
    r->corner[3 * i] = s.full[0];
    r->corner[3 * i + 1] = s.full[own];
    r->corner[3 * i + 2] = s.full[own * n + own];
    r->corner_weighted[2 * i] = s.weighted[0];
    r->corner_weighted[2 * i + 1] = s.weighted[own];
    return ki_work_spend(work, 2 * n * n * n) ? ki_evidence_cancelled() : 0;
}

int ki_reduced_make(const ki_evidence_data *d, const ki_run_options *run, ki_reduced *r) {
    const int workers = ki_parallel_workers(d->units, run);
    ki_cursor measure = {0};
    room s;
    job j = {.data = d, .reduced = r};

    if (workers < 0)
        return workers;
    take_room(&measure, d, &s);
    j.bytes = measure.used;
    j.memory = ki_alloc((size_t)workers, j.bytes);
    if (!j.memory)
        return ki_fail(KI_ERR_NOMEM,
                       "diagnose : %d times %llu bytes are not to be had : fewer threads", workers,
                       (unsigned long long)j.bytes);
    const int error = ki_parallel_work(d->units, d->units, run, do_row, &j);
    ki_free(j.memory);
    return error;
}

/* The two by two system of field and self-coupling that is left when the couplings are integrated out. */
typedef struct corner {
    double ff, fs, ss, f, s;
} corner;

static corner corner_of(const ki_reduced *r, const ki_kinds *prior, size_t i) {
    const double vf = prior->variance[KI_KIND_FIELD], vs = prior->variance[KI_KIND_SELF];

    return (corner){r->corner[3 * i] + 1 / vf, r->corner[3 * i + 1], r->corner[3 * i + 2] + 1 / vs,
                    r->corner_weighted[2 * i] + prior->mean[KI_KIND_FIELD] / vf,
                    r->corner_weighted[2 * i + 1] + prior->mean[KI_KIND_SELF] / vs};
}

static double row_value(const ki_reduced *r, const ki_kinds *prior, size_t i) {
    const size_t m = r->m;
    const double *a = r->diagonal + i * m, *o = r->beside + i * m, *ones = r->ones + i * m,
                 *f = r->field + i * m, *s = r->self + i * m, *h = r->weighted + i * m;
    const double v = prior->variance[KI_KIND_COUPLING], lift = prior->mean[KI_KIND_COUPLING] / v;
    corner c = corner_of(r, prior, i);
    double yf = 0, ys = 0, yh = 0, part = 0, product = 1, logs = 0, square = 0;

    for (size_t k = 0; k < m; k++) {
        const double pivot = a[k] + 1 / v - (k ? o[k - 1] * part : 0);
        const double inverse = 1 / pivot;
        yf = f[k] - part * yf;
        ys = s[k] - part * ys;
        yh = h[k] + lift * ones[k] - part * yh;
        part = o[k] * inverse;
        c.ff -= yf * yf * inverse;
        c.fs -= yf * ys * inverse;
        c.ss -= ys * ys * inverse;
        c.f -= yf * yh * inverse;
        c.s -= ys * yh * inverse;
        square += yh * yh * inverse;
        product *= pivot;
        if (k % 4 == 3) { /* pivots are at most about T: no overflow */
            logs += log(product);
            product = 1;
        }
    }
    const double determinant = c.ff * c.ss - c.fs * c.fs;
    square += (c.ss * c.f * c.f - 2 * c.fs * c.f * c.s + c.ff * c.s * c.s) / determinant;
    return (square - logs - log(product) - log(determinant)) / 2;
}

double ki_reduced_value(const ki_reduced *r, const ki_kinds *prior) {
    const double rows = (double)r->units;
    double sum = 0;

    for (int kind = 0; kind < KI_KINDS; kind++) {
        const double v = prior->variance[kind], mean = prior->mean[kind];
        const double count = kind == KI_KIND_COUPLING ? rows * (double)r->m : rows;
        sum -= count * (log(v) + mean * mean / v) / 2;
    }
    for (size_t i = 0; i < r->units; i++)
        sum += row_value(r, prior, i);
    return sum;
}

ki_reduced_row ki_reduced_draw(const ki_reduced *r, const ki_kinds *prior, size_t i,
                               const double *z, double *space) {
    const size_t m = r->m;
    const double *a = r->diagonal + i * m, *o = r->beside + i * m, *ones = r->ones + i * m,
                 *f = r->field + i * m, *s = r->self + i * m, *h = r->weighted + i * m;
    const double v = prior->variance[KI_KIND_COUPLING], lift = prior->mean[KI_KIND_COUPLING] / v;
    double *inverse = space, *part = space + m;
    corner c = corner_of(r, prior, i);
    double yf = 0, ys = 0, yh = 0, last = 0, u = 0;
    ki_reduced_row out = {0};

    for (size_t k = 0; k < m; k++) {
        inverse[k] = 1 / (a[k] + 1 / v - (k ? o[k - 1] * last : 0));
        yf = f[k] - last * yf;
        ys = s[k] - last * ys;
        yh = h[k] + lift * ones[k] - last * yh;
        part[k] = last = o[k] * inverse[k];
        c.ff -= yf * yf * inverse[k];
        c.fs -= yf * ys * inverse[k];
        c.ss -= ys * ys * inverse[k];
        c.f -= yf * yh * inverse[k];
        c.s -= ys * yh * inverse[k];
    }
    /* Field and self-coupling by the Cholesky factor of their two by two precision. */
    const double l11 = sqrt(c.ff), l21 = c.fs / l11, l22 = sqrt(fmax(c.ss - l21 * l21, 1e-300));
    const double first = c.f / l11, second = (c.s - l21 * first) / l22;
    out.self = (second + z[m + 1]) / l22;
    out.field = (first + z[m] - l21 * out.self) / l11;
    double y = 0;
    last = 0;
    for (size_t k = 0; k < m; k++) { /* part[k - 1] is over: inverse and right side in its place */
        y = h[k] + lift * ones[k] - f[k] * out.field - s[k] * out.self - last * y;
        last = part[k];
        space[k] = y * inverse[k] + sqrt(inverse[k]) * z[k];
    }
    for (size_t k = m; k-- > 0;) {
        u = space[k] - (k + 1 < m ? part[k] * u : 0);
        out.sum += ones[k] * u;
        out.squares += u * u;
    }
    return out;
}
