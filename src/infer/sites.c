/* SPDX-License-Identifier: BSD-3-Clause */
/* Sites of rows [evidence]: Laplace's method, then expectation propagation. Eight rows go together,
 * a panel of groups of them at a time: their covariances are made, then a pass over transitions is
 * divided among tasks (group, segment of transitions), then segments are added in their order. */
#include "sites.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "num/cholesky_lanes.h"

#define LONGEST 3.0     /* step of a parameter */
#define SMALL_STEP 1e-2 /* where Newton's steps end: sites are swept afterwards */
enum { NEWTON_STEPS = 60, PANEL = 16, TASKS = 16 };

/* Transitions per parameter from which on the first steps make do with a part of them. */
enum { PLENTY = 64, LARGEST_STRIDE = 4 };

enum mode { LAPLACE, TILTED, STORED };

void ki_evidence_take(ki_cursor *m, ki_evidence_data *d) {
    d->n = 1 + d->units + d->cosines;
    d->groups = (d->units + KI_LANES - 1) / KI_LANES;
    d->columns.units = d->units;
    d->columns.slow = d->cosines;
    d->columns.count = d->raster->transitions;
    ki_columns_take(m, &d->columns);
    d->stride = d->columns.count / (PLENTY * d->n);
    d->stride = d->stride < 1 ? 1 : d->stride < LARGEST_STRIDE ? d->stride : LARGEST_STRIDE;
    d->sample = d->columns;
    if (d->stride > 1) {
        d->sample.count = (d->columns.count + d->stride - 1) / d->stride;
        ki_columns_take(m, &d->sample);
    }
    d->tau = ki_take(m, d->groups * d->columns.count, sizeof(ki_f8));
    d->nu = ki_take(m, d->groups * d->columns.count, sizeof(ki_f8));
    d->theta = ki_take(m, d->units * d->n, sizeof(double));
    d->precision = ki_take(m, d->units * d->n * d->n, sizeof(double));
    d->weighted = ki_take(m, d->units * d->n, sizeof(double));
    d->change = ki_take(m, d->units, sizeof(double));
}

void ki_evidence_fill(ki_evidence_data *d) {
    ki_columns_fill(&d->columns, d->raster, d->unit);
    if (d->stride > 1)
        ki_columns_thin(&d->columns, d->stride, &d->sample);
}

/* Rows of a group that there are. */
static size_t rows_of(const ki_evidence_data *d, size_t group) {
    const size_t left = d->units - KI_LANES * group;
    return left < KI_LANES ? left : KI_LANES;
}

int ki_evidence_factor(const ki_evidence_data *d, const ki_kinds *prior, size_t group, ki_v8 *u) {
    const size_t n = d->n, p = KI_LANES_WIDTH(n), rows = rows_of(d, group);
    const ki_v8 zero = {0}, one = zero + 1;

    for (size_t j = 0; j < p; j++)
        for (size_t k = j; k < p; k++)
            u[j * p + k] = j == k ? one : zero;
    for (size_t lane = 0; lane < rows; lane++) {
        const size_t i = KI_LANES * group + lane;
        const double *from = d->precision + i * n * n;
        for (size_t j = 0; j < n; j++) {
            for (size_t k = j; k < n; k++)
                u[j * p + k][lane] = from[j * n + k];
            u[j * p + j][lane] += 1 / prior->variance[ki_kind_of(d, i, j)];
        }
    }
    const unsigned failed = ki_cholesky_lanes(p, u);
    if (failed)
        return ki_fail(KI_ERR_ARGUMENT,
                       "diagnose : the posterior of unit %zu has no finite covariance : fewer "
                       "units, or more bins",
                       d->unit[KI_LANES * group + (size_t)__builtin_ctz(failed)]);
    return 0;
}

/* A panel of groups, and how it is passed. */
typedef struct panel {
    ki_evidence_data *data;
    enum mode mode;
    const ki_columns *columns; /* all transitions, or a sample of them */
    size_t first, groups;      /* the panel */
    size_t segments;           /* of the transitions, a task each */
    size_t blocks;             /* of the transitions, of equal length */
    int moving[PANEL];         /* rows of the group are not at their modes */
    double longest[PANEL];     /* last step of a parameter */
    ki_v8 *theta;              /* [PANEL, n] */
    ki_v8 *form;               /* [PANEL, pairs] covariances, doubled off the diagonal */
    ki_v8 *square;             /* [PANEL segments, pairs] sums over segments */
    ki_v8 *sum;                /* [PANEL segments, n] */
    char *memory;
    uint64_t bytes; /* of a worker */
} panel;

static size_t pairs_of(const ki_evidence_data *d) {
    return d->n * (d->n + 1) / 2;
}

/* Memory of a worker: for a pass, or for a covariance. */
typedef struct room {
    ki_tally_space tally;
    ki_v8 *f, *v, *y;  /* [KI_TALLY] */
    ki_v8 *u, *w;      /* [p,p] */
    ki_v8 *goal, *own; /* [p] */
} room;

static void take_room(ki_cursor *m, const ki_evidence_data *d, room *s) {
    const size_t p = KI_LANES_WIDTH(d->n);
    ki_cursor other = *m;

    ki_tally_take(m, &d->columns, &s->tally);
    s->f = ki_take(m, KI_TALLY, sizeof(ki_v8));
    s->v = ki_take(m, KI_TALLY, sizeof(ki_v8));
    s->y = ki_take(m, KI_TALLY, sizeof(ki_v8));
    s->u = ki_take(&other, p * p, sizeof(ki_v8));
    s->w = ki_take(&other, p * p, sizeof(ki_v8));
    s->goal = ki_take(&other, p, sizeof(ki_v8));
    s->own = ki_take(&other, p, sizeof(ki_v8));
    m->used = m->used > other.used ? m->used : other.used;
    m->overflow |= other.overflow;
}

static room room_of(const panel *p, const ki_work *work) {
    ki_cursor memory = {.base = p->memory + (size_t)ki_work_thread(work) * p->bytes};
    room s;

    take_room(&memory, p->data, &s);
    return s;
}

static void take_panel(ki_cursor *m, panel *p) {
    const ki_evidence_data *d = p->data;
    const size_t groups = d->groups < PANEL ? d->groups : PANEL;

    p->theta = ki_take(m, groups * d->n, sizeof(ki_v8));
    p->form = ki_take(m, groups * pairs_of(d), sizeof(ki_v8));
    p->square = ki_take(m, groups * p->segments * pairs_of(d), sizeof(ki_v8));
    p->sum = ki_take(m, groups * p->segments * d->n, sizeof(ki_v8));
}

/* How the transitions are divided, whatever the number of threads. */
static void divide(panel *p, const ki_columns *columns) {
    const ki_evidence_data *d = p->data;
    const size_t groups = d->groups < PANEL ? d->groups : PANEL;

    p->columns = columns;
    p->blocks = (columns->count + KI_TALLY - 1) / KI_TALLY;
    p->segments = (TASKS + groups - 1) / groups;
    p->segments = p->segments < p->blocks ? p->segments : p->blocks;
}

/* The covariance that is in w [p,p], packed. */
static void pack(size_t n, size_t p, const ki_v8 *s, ki_v8 *form) {
    for (size_t j = 0; j < n; j++)
        for (size_t k = j; k < n; k++)
            *form++ = j == k ? s[j * p + k] : 2 * s[j * p + k];
}

/* A step of Newton's method for the rows of a group, none longer than LONGEST. */
static void step(panel *p, size_t g, const ki_v8 *goal) {
    ki_evidence_data *d = p->data;
    const size_t n = d->n, group = p->first + g;

    p->longest[g] = 0;
    for (size_t lane = 0; lane < rows_of(d, group); lane++) {
        double *theta = d->theta + (KI_LANES * group + lane) * n, longest = 0;
        for (size_t k = 0; k < n; k++)
            longest = fmax(longest, fabs(goal[k][lane] - theta[k]));
        const double part = longest > LONGEST ? LONGEST / longest : 1;
        for (size_t k = 0; k < n; k++)
            theta[k] += part * (goal[k][lane] - theta[k]);
        p->longest[g] = fmax(p->longest[g], longest);
    }
}

/* Means that the sites at hand give, and their covariance to form. */
static void move(panel *p, size_t g, room *s) {
    ki_evidence_data *d = p->data;
    const size_t n = d->n, width = KI_LANES_WIDTH(n), group = p->first + g;

    ki_cholesky_lanes_invert(width, s->u, s->w);
    ki_cholesky_lanes_inverse(width, s->w, s->u); /* in place of the factor */
    pack(n, width, s->u, p->form + g * pairs_of(d));
    for (size_t lane = 0; lane < rows_of(d, group); lane++) {
        const size_t i = KI_LANES * group + lane;
        double *theta = d->theta + i * n;
        d->change[i] = 0;
        for (size_t k = 0; k < n; k++) {
            const double moved = fabs(s->goal[k][lane] - theta[k]);
            d->change[i] = fmax(d->change[i], moved / sqrt(s->u[k * width + k][lane]));
            theta[k] = s->goal[k][lane];
        }
    }
}

static void theta_to_lanes(const panel *p, size_t g) {
    const ki_evidence_data *d = p->data;
    const ki_v8 zero = {0};
    ki_v8 *to = p->theta + g * d->n;

    for (size_t k = 0; k < d->n; k++) {
        to[k] = zero;
        for (size_t lane = 0; lane < rows_of(d, p->first + g); lane++)
            to[k][lane] = d->theta[(KI_LANES * (p->first + g) + lane) * d->n + k];
    }
}

static int cancelled(void) {
    return ki_fail(KI_ERR_CANCELLED, "diagnose : cancelled : run it again");
}

static int solve(void *context, ki_work *work, size_t g) {
    panel *p = context;
    ki_evidence_data *d = p->data;
    const size_t n = d->n, width = KI_LANES_WIDTH(n), group = p->first + g;
    const ki_v8 zero = {0};
    room s = room_of(p, work);

    if (p->mode == LAPLACE && !p->moving[g])
        return 0;
    const int error = ki_evidence_factor(d, &d->prior, group, s.u);
    if (error)
        return error;
    for (size_t k = 0; k < width; k++)
        s.goal[k] = zero;
    for (size_t lane = 0; lane < rows_of(d, group); lane++)
        for (size_t k = 0; k < n; k++) {
            const size_t i = KI_LANES * group + lane;
            const int kind = ki_kind_of(d, i, k);
            s.goal[k][lane] =
                d->weighted[i * n + k] + d->prior.mean[kind] / d->prior.variance[kind];
        }
    ki_cholesky_lanes_solve(width, s.u, s.goal);
    if (p->mode == LAPLACE)
        step(p, g, s.goal);
    else
        move(p, g, &s);
    return ki_work_spend(work, 8 * n * n * n) || ki_work_tick(work, 1) ? cancelled() : 0;
}

/* Where block b begins. */
static size_t begin(const panel *p, size_t b) {
    return b * p->columns->count / p->blocks;
}

static size_t length(const panel *p, size_t b) {
    return begin(p, b + 1) - begin(p, b);
}

/* Sites of a block of a group, and their sums. */
static void pass_block(const panel *p, size_t g, size_t b, room *s, ki_v8 *sum, ki_v8 *square) {
    const ki_evidence_data *d = p->data;
    const ki_tally_block block = {p->columns, begin(p, b), length(p, b), &s->tally};
    const size_t at = (p->first + g) * d->columns.count + block.first;
    ki_f8 *tau = d->tau + at, *nu = d->nu + at; /* a sample's are overwritten later */

    if (p->mode == STORED) {
        ki_stored_sites(block.count, tau, nu, s->f, s->v);
    } else {
        ki_tally_targets(&block, p->first + g, s->y);
        ki_tally_fields(&block, p->theta + g * d->n, s->f);
        if (p->mode == LAPLACE) {
            ki_expand(block.count, s->y, s->f, s->v, tau, nu);
        } else {
            ki_tally_quadratic(&block, p->form + g * pairs_of(d), s->v);
            ki_tilt(block.count, s->y, s->f, s->v, tau, nu);
        }
    }
    ki_tally_moments(&block, s->f, sum);
    ki_tally_squares(&block, s->v, square);
}

/* A segment of a group. */
static int pass(void *context, ki_work *work, size_t task) {
    panel *p = context;
    const ki_evidence_data *d = p->data;
    const size_t g = task / p->segments, k = task % p->segments;
    const size_t first = k * p->blocks / p->segments, end = (k + 1) * p->blocks / p->segments;
    ki_v8 *sum = p->sum + task * d->n, *square = p->square + task * pairs_of(d);
    room s = room_of(p, work);

    if (p->mode == LAPLACE && !p->moving[g])
        return 0;
    memset(sum, 0, d->n * sizeof *sum);
    memset(square, 0, pairs_of(d) * sizeof *square);
    for (size_t b = first; b < end; b++) {
        pass_block(p, g, b, &s, sum, square);
        if (ki_work_spend(work, pairs_of(d) * length(p, b) / 2))
            return cancelled();
    }
    return ki_work_tick(work, 1) ? cancelled() : 0;
}

/* Sums over segments to precision and weighted. */
static int gather(void *context, size_t g) {
    panel *p = context;
    ki_evidence_data *d = p->data;
    const size_t n = d->n, group = p->first + g, tasks = g * p->segments;
    ki_v8 *sum = p->sum + tasks * n, *square = p->square + tasks * pairs_of(d);
    const double scale = (double)d->columns.count / (double)p->columns->count;

    if (p->mode == LAPLACE && !p->moving[g])
        return 0;
    for (size_t k = 1; k < p->segments; k++) {
        for (size_t e = 0; e < n; e++)
            sum[e] += sum[k * n + e];
        for (size_t e = 0; e < pairs_of(d); e++)
            square[e] += square[k * pairs_of(d) + e];
    }
    for (size_t lane = 0; lane < rows_of(d, group); lane++) {
        const size_t i = KI_LANES * group + lane;
        double *precision = d->precision + i * n * n;
        for (size_t j = 0, e = 0; j < n; j++) {
            d->weighted[i * n + j] = scale * sum[j][lane];
            for (size_t k = j; k < n; k++, e++)
                precision[j * n + k] = precision[k * n + j] = scale * square[e][lane];
        }
    }
    return 0;
}

/* Progress in rows, over all panels. */
typedef struct relay {
    const ki_run_options *run;
    size_t before, rows, units; /* rows of earlier panels; that a loop stands for; of all */
    int stop;                   /* a loop of one task is over before it can be told */
} relay;

static int tell(void *user, uint64_t done, uint64_t total) {
    relay *r = user;
    const uint64_t rows = r->before + done * r->rows / total;

    r->stop |= r->run->progress(r->run->progress_user, rows, r->units);
    return r->stop;
}

/* A loop over `count` tasks of the panel that stands for its rows, or for nothing. */
static int loop(panel *p, size_t count, ki_work_fn work, const ki_run_options *run, int counts) {
    const size_t units = p->data->units, first = KI_LANES * p->first;
    const size_t end = KI_LANES * (p->first + p->groups);
    relay r = {run, first, counts ? (end < units ? end : units) - first : 0, units, 0};
    const ki_run_options told = {run ? run->threads : 0, run && run->progress ? tell : NULL, &r};

    const int error = ki_parallel_work(count, count, &told, work, p);
    return error ? error : r.stop ? cancelled() : 0;
}

static int pass_panel(panel *p, const ki_run_options *run) {
    const ki_run_options quiet = {.threads = run ? run->threads : 0};

    for (size_t g = 0; g < p->groups; g++)
        theta_to_lanes(p, g);
    const int error = loop(p, p->groups * p->segments, pass, run, 1);
    return error ? error : ki_parallel_for(p->groups, 1, &quiet, gather, p);
}

/* Newton's method from 0, with a sample of the transitions where there are plenty, and sites. */
static int laplace(panel *p, const ki_run_options *run) {
    ki_evidence_data *d = p->data;
    int error = 0, left = 1;

    divide(p, &d->sample);
    for (size_t g = 0; g < p->groups; g++) {
        const size_t i = KI_LANES * (p->first + g);
        memset(d->theta + i * d->n, 0, rows_of(d, p->first + g) * d->n * sizeof *d->theta);
        p->moving[g] = 1;
    }
    for (int turn = 0; turn < NEWTON_STEPS && left && !error; turn++) {
        left = 0;
        error = pass_panel(p, run);
        error = error ? error : loop(p, p->groups, solve, run, 0);
        for (size_t g = 0; g < p->groups; g++) {
            p->moving[g] = p->moving[g] && p->longest[g] >= SMALL_STEP;
            left |= p->moving[g];
        }
    }
    divide(p, &d->columns);
    for (size_t g = 0; g < p->groups; g++)
        p->moving[g] = 1;
    return error ? error : pass_panel(p, run);
}

uint64_t ki_evidence_space(const ki_evidence_data *d, int workers) {
    panel p = {.data = (ki_evidence_data *)(uintptr_t)d};
    ki_cursor m = {0}, worker = {0};
    room s;

    divide(&p, &d->columns);
    take_panel(&m, &p);
    take_room(&worker, d, &s);
    return m.overflow || worker.overflow ? UINT64_MAX : m.used + (uint64_t)workers * worker.used;
}

static int all_rows(ki_evidence_data *d, const ki_run_options *run, enum mode mode) {
    panel p = {.data = d, .mode = mode};
    ki_cursor m = {0}, worker = {0};
    room s;

    divide(&p, &d->columns);
    const int workers = ki_parallel_workers(PANEL * p.segments, run);
    if (workers < 0)
        return workers;
    take_panel(&m, &p);
    take_room(&worker, d, &s);
    p.bytes = worker.used;
    const uint64_t bytes = m.used + (uint64_t)workers * p.bytes;
    char *memory = m.overflow || worker.overflow ? NULL : ki_alloc(1, bytes);
    if (!memory)
        return ki_fail(KI_ERR_NOMEM,
                       "diagnose : %llu bytes are not to be had : fewer threads or units",
                       (unsigned long long)bytes);
    m = (ki_cursor){.base = memory};
    take_panel(&m, &p);
    p.memory = memory + m.used;
    int error = 0;
    for (p.first = 0; p.first < d->groups && !error; p.first += PANEL) {
        p.groups = d->groups - p.first < PANEL ? d->groups - p.first : PANEL;
        if (mode == LAPLACE)
            error = laplace(&p, run);
        else if (mode == TILTED)
            error = loop(&p, p.groups, solve, run, 0);
        if (mode != LAPLACE && !error)
            error = pass_panel(&p, run);
    }
    ki_free(memory);
    return error;
}

int ki_evidence_laplace(ki_evidence_data *d, const ki_run_options *run) {
    return all_rows(d, run, LAPLACE);
}

int ki_evidence_sweep(ki_evidence_data *d, const ki_run_options *run) {
    return all_rows(d, run, TILTED);
}

int ki_evidence_collect(ki_evidence_data *d, const ki_run_options *run) {
    return all_rows(d, run, STORED);
}
