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
#include "num/sum.h"

#define LONGEST 3.0    /* step of a parameter */
#define NEAR 0.02      /* mean square of the change of fields where Newton's steps end */
#define MOST_KEPT 0.75 /* part of the old sites that stays */
enum { NEWTON_STEPS = 60, PANEL = 16, TASKS = 16 };

/* Transitions per parameter from which on the first steps make do with a part of them. */
enum { PLENTY = 64, LARGEST_STRIDE = 4 };

enum mode { LAPLACE, TILTED, STORED };

static void take_rows(ki_cursor *m, ki_evidence_data *d) {
    d->theta = ki_take(m, d->units * d->n, sizeof(double));
    d->precision = ki_take(m, d->units * d->n * d->n, sizeof(double));
    d->weighted = ki_take(m, d->units * d->n, sizeof(double));
    d->change = ki_take(m, d->units, sizeof(double));
    d->keep = ki_take(m, d->units, sizeof(double));
    d->last = ki_take(m, d->units * d->n, sizeof(double));
}

void ki_evidence_take(ki_cursor *m, ki_evidence_data *d) {
    d->n = 1 + d->units + d->cosines;
    d->groups = (d->units + KI_LANES - 1) / KI_LANES;
    d->columns.units = d->units;
    d->columns.slow = d->cosines;
    d->columns.count = d->raster->transitions;
    d->columns.bins = d->raster->bins;
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
    take_rows(m, d);
}

void ki_evidence_take_more(ki_cursor *m, const ki_evidence_data *from, ki_evidence_data *d) {
    const size_t cosines = d->cosines;

    *d = *from;
    d->cosines = d->columns.slow = cosines;
    d->n = 1 + d->units + cosines;
    ki_columns_take_waves(m, &from->columns, &d->columns);
    d->sample = d->columns;
    d->stride = 1;
    take_rows(m, d);
}

void ki_evidence_fill_more(const ki_evidence_data *from, ki_evidence_data *d) {
    const size_t kept = from->n < d->n ? from->n : d->n;

    ki_columns_fill_waves(&d->columns, d->raster);
    for (size_t i = 0; i < d->units; i++)
        for (size_t k = 0; k < d->n; k++)
            d->theta[i * d->n + k] = k < kept ? from->theta[i * from->n + k] : 0;
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

int ki_evidence_cancelled(void) {
    return ki_fail(KI_ERR_CANCELLED, "diagnose : cancelled : run it again");
}

int ki_evidence_singular(const ki_evidence_data *d, size_t i) {
    return ki_fail(
        KI_ERR_ARGUMENT,
        "diagnose : the posterior of unit %zu has no finite covariance : fewer units, or "
        "more bins",
        d->unit[i]);
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
    return failed ? ki_evidence_singular(d, KI_LANES * group + (size_t)__builtin_ctz(failed)) : 0;
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
    double *slope;             /* [units] along Newton's last steps */
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
    ki_v8 *f, *v, *y; /* [KI_TALLY] */
    ki_v8 *u, *w;     /* [p,p] */
    ki_v8 *goal;      /* [p] */
    double *row;      /* [3,n] */
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
    s->row = ki_take(&other, 3 * d->n, sizeof(double));
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

    p->slope = ki_take(m, d->units, sizeof(double));
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

/* y = u x of one lane. */
static void multiply(size_t n, const ki_v8 *u, size_t lane, const double *x, double *y) {
    const size_t width = KI_LANES_WIDTH(n);

    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t k = j; k < n; k++)
            sum += u[j * width + k][lane] * x[k];
        y[j] = sum;
    }
}

/* Newton's method for one row. Along its last step the slope has fallen, and if it is now steep the
 * other way, half of that step is taken back: far from the mode, where tau is small, steps can be too
 * long. Returns whether fields still move, by the mean square under the weights tau of the step to
 * come: step^T (u^T u) step / sum tau. */
static int step(panel *p, size_t i, size_t lane, room *s) {
    const ki_evidence_data *d = p->data;
    const size_t n = d->n;
    double *theta = d->theta + i * n, *last = d->last + i * n, longest = 0;
    double *next = s->row, *ahead = s->row + n, *behind = s->row + 2 * n;

    for (size_t k = 0; k < n; k++) {
        next[k] = s->goal[k][lane] - theta[k];
        longest = fmax(longest, fabs(next[k]));
    }
    multiply(n, s->u, lane, next, ahead);
    multiply(n, s->u, lane, last, behind);
    const double square = ki_dot(n, ahead, ahead), slope = ki_dot(n, ahead, behind);
    if (slope < -0.5 * p->slope[i]) {
        p->slope[i] /= 2;
        for (size_t k = 0; k < n; k++) {
            last[k] /= 2;
            theta[k] -= last[k];
        }
        return 1;
    }
    const double part = longest > LONGEST ? LONGEST / longest : 1;
    p->slope[i] = part * square;
    for (size_t k = 0; k < n; k++) {
        last[k] = part * next[k];
        theta[k] += last[k];
    }
    return square > NEAR * d->precision[i * n * n];
}

static void newton(panel *p, size_t g, room *s) {
    const size_t group = p->first + g;

    p->moving[g] = 0;
    for (size_t lane = 0; lane < rows_of(p->data, group); lane++)
        p->moving[g] |= step(p, KI_LANES * group + lane, lane, s);
}

/* A row that goes to and fro, moves times `ratio` < 0 from sweep to sweep, comes to rest if it keeps
 * such a part of its sites that this ratio vanishes. */
static double part_to_keep(double kept, double ratio) {
    const double without = (ratio - kept) / (1 - kept), part = without / (without - 1);

    return without >= 0 ? 0 : part < MOST_KEPT ? part : MOST_KEPT;
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
        double *last = d->last + i * n, change = 0, along = 0, before = 0;
        for (size_t k = 0; k < n; k++) {
            const double variance = s->u[k * width + k][lane], moved = s->goal[k][lane] - theta[k];
            change = fmax(change, fabs(moved) / sqrt(variance));
            along += moved * last[k] / variance;
            before += last[k] * last[k] / variance;
            last[k] = moved;
            theta[k] = s->goal[k][lane];
        }
        d->keep[i] = before > 0 ? part_to_keep(d->keep[i], along / before) : 0;
        d->change[i] = change;
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
            s.goal[k][lane] = d->weighted[i * n + k] +
                              d->prior.mean[ki_mean_of(d, i, k)] / d->prior.variance[kind];
        }
    ki_cholesky_lanes_solve(width, s.u, s.goal);
    if (p->mode == TILTED)
        move(p, g, &s);
    else
        newton(p, g, &s);
    return ki_work_spend(work, 8 * n * n * n) || ki_work_tick(work, 1) ? ki_evidence_cancelled()
                                                                       : 0;
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
    ki_v8 keep = {0};

    for (size_t lane = 0; lane < rows_of(d, p->first + g); lane++)
        keep[lane] = d->keep[KI_LANES * (p->first + g) + lane];

    if (p->mode == STORED) {
        ki_stored_sites(block.count, tau, nu, s->f, s->v);
    } else {
        ki_tally_targets(&block, p->first + g, s->y);
        ki_tally_fields(&block, p->theta + g * d->n, s->f);
        if (p->mode == LAPLACE) {
            ki_expand(block.count, s->y, s->f, s->v, tau, nu);
        } else {
            ki_tally_quadratic(&block, p->form + g * pairs_of(d), s->v);
            ki_tilt(block.count, s->y, &keep, s->f, s->v, tau, nu);
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
            return ki_evidence_cancelled();
    }
    return ki_work_tick(work, 1) ? ki_evidence_cancelled() : 0;
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

/* Progress in rows. */
typedef struct relay {
    const ki_run_options *run;
    size_t before, rows, units; /* rows done; that a loop stands for; of all */
    int stop;                   /* a loop of one task is over before it can be told */
} relay;

static int tell(void *user, uint64_t done, uint64_t total) {
    relay *r = user;
    const uint64_t rows = r->before + done * r->rows / total;

    r->stop |= r->run->progress(r->run->progress_user, rows, r->units);
    return r->stop;
}

int ki_evidence_loop(const ki_evidence_data *d, size_t count, ki_work_fn work, void *context,
                     const ki_run_options *run, size_t before, size_t rows) {
    relay r = {run, before, rows, d->units, 0};
    const ki_run_options told = {run ? run->threads : 0, run && run->progress ? tell : NULL, &r};

    const int error = ki_parallel_work(count, count, &told, work, context);
    return error ? error : r.stop ? ki_evidence_cancelled() : 0;
}

/* A loop over `count` tasks of the panel that stands for its rows, or for nothing. */
static int loop(panel *p, size_t count, ki_work_fn work, const ki_run_options *run, int counts) {
    const size_t units = p->data->units, first = KI_LANES * p->first;
    const size_t end = KI_LANES * (p->first + p->groups);

    return ki_evidence_loop(p->data, count, work, p, run, first,
                            counts ? (end < units ? end : units) - first : 0);
}

static int pass_panel(panel *p, const ki_run_options *run) {
    const ki_run_options quiet = {.threads = run ? run->threads : 0};

    for (size_t g = 0; g < p->groups; g++)
        theta_to_lanes(p, g);
    const int error = loop(p, p->groups * p->segments, pass, run, 1);
    return error ? error : ki_parallel_for(p->groups, 1, &quiet, gather, p);
}

/* Newton's method on all transitions or a sample. */
static int climb(panel *p, const ki_columns *columns, const ki_run_options *run) {
    int error = 0, left = 1;

    divide(p, columns);
    for (size_t g = 0; g < p->groups; g++) {
        const size_t row = KI_LANES * (p->first + g), rows = rows_of(p->data, p->first + g);
        memset(p->data->last + row * p->data->n, 0, rows * p->data->n * sizeof(double));
        memset(p->slope + row, 0, rows * sizeof *p->slope);
        p->moving[g] = 1;
    }
    for (int turn = 0; turn < NEWTON_STEPS && left && !error; turn++) {
        error = pass_panel(p, run);
        error = error ? error : loop(p, p->groups, solve, run, 0);
        left = 0;
        for (size_t g = 0; g < p->groups; g++)
            left |= p->moving[g];
    }
    return error;
}

/* Modes from 0, by a sample of the transitions first where there are plenty, and sites. */
static int laplace(panel *p, const ki_run_options *run) {
    ki_evidence_data *d = p->data;
    const size_t first = KI_LANES * p->first, end = KI_LANES * (p->first + p->groups);
    const size_t rows = (end < d->units ? end : d->units) - first;

    memset(d->theta + first * d->n, 0, rows * d->n * sizeof *d->theta);
    const int error = d->stride > 1 ? climb(p, &d->sample, run) : 0;
    return error ? error : climb(p, &d->columns, run);
}

/* The shape of a panel and bytes of a worker, and all bytes. */
static uint64_t measure(panel *p, int threads, int *overflow) {
    const ki_run_options run = {.threads = threads};
    ki_cursor shared = {0}, worker = {0};
    room s;

    divide(p, &p->data->columns);
    take_panel(&shared, p);
    take_room(&worker, p->data, &s);
    p->bytes = worker.used;
    const double workers = ki_parallel_workers(PANEL * p->segments, &run);
    const double all = (double)shared.used + workers * (double)worker.used;
    *overflow |= shared.overflow || worker.overflow || all > 1.8e19;
    return *overflow ? 0 : shared.used + (uint64_t)workers * worker.used;
}

uint64_t ki_evidence_sweep_bytes(const ki_evidence_data *d, int threads, int *overflow) {
    ki_evidence_data shape = *d;
    panel p = {.data = &shape};

    return measure(&p, threads, overflow);
}

static int all_rows(ki_evidence_data *d, const ki_run_options *run, enum mode mode) {
    panel p = {.data = d, .mode = mode};
    int error = 0, overflow = 0;

    const uint64_t bytes = measure(&p, run ? run->threads : 0, &overflow);
    char *memory = overflow ? NULL : ki_alloc(1, bytes);
    if (!memory)
        return ki_fail(KI_ERR_NOMEM,
                       "diagnose : %llu bytes are not to be had : fewer threads or units",
                       (unsigned long long)bytes);
    ki_cursor m = {.base = memory};
    take_panel(&m, &p);
    p.memory = memory + m.used;
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

/* No row has moved in a sweep. */
static void rest(ki_evidence_data *d) {
    memset(d->keep, 0, d->units * sizeof *d->keep);
    memset(d->last, 0, d->units * d->n * sizeof *d->last);
}

int ki_evidence_laplace(ki_evidence_data *d, const ki_run_options *run) {
    const int error = all_rows(d, run, LAPLACE);

    rest(d);
    return error;
}

int ki_evidence_sweep(ki_evidence_data *d, const ki_run_options *run) {
    return all_rows(d, run, TILTED);
}

int ki_evidence_collect(ki_evidence_data *d, const ki_run_options *run) {
    rest(d);
    return all_rows(d, run, STORED);
}
