/* SPDX-License-Identifier: BSD-3-Clause */
/* Matrices of bins: which axis is which, and their values to bits, part by part. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "raster/raster.h"
#include "recording/arrays.h"
#include "recording/sources.h"

enum { TRIAL, TIME, UNIT, N_AXES };
static const char *const axis_names[N_AXES] = {"trial", "time", "unit"};

/* A matrix that is being read. */
typedef struct matrix {
    ki_reader *r;
    const char *path;
    const ki_array *a;
    int place[N_AXES];     /* of each axis among the dimensions, -1 if there is none */
    size_t extent[N_AXES]; /* 1 where there is none */
    size_t first, bins;    /* of each trial, after the window */
    size_t *row;     /* [extent of units] row in the raster, SIZE_MAX for none; NULL: its own */
    size_t units;    /* rows */
    int64_t *ids;    /* [units]; NULL: 0, 1, ... */
    int64_t *lost;   /* [units of the file] the file's own lost spikes; NULL: not known */
    int64_t *starts; /* the file's own trials; NULL: none */
    size_t n_starts;
    double width;
    ki_raster *raster;
    const ki_run_options *run;
    uint64_t done; /* elements */
} matrix;

static int bad_axes(const char *text) {
    return ki_fail(KI_ERR_ARGUMENT,
                   "axes : \"%.64s\" : time and unit, perhaps trial, in the order of the "
                   "dimensions, such as time,unit",
                   text);
}

/* Names in the order of the dimensions; extent[a] is what stands behind "NAME=", or NULL. */
static int parse_axes(const char *text, int place[N_AXES], const char *extent[N_AXES], int *count) {
    const char *at = text;

    *count = 0;
    for (int a = 0; a < N_AXES; a++) {
        place[a] = -1;
        extent[a] = NULL;
    }
    for (;;) {
        const size_t length = strcspn(at, ",=");
        int found = -1;

        for (int a = 0; a < N_AXES; a++)
            if (strlen(axis_names[a]) == length && strncmp(at, axis_names[a], length) == 0)
                found = a;
        if (found < 0 || place[found] >= 0)
            return bad_axes(text);
        place[found] = (*count)++;
        at += length;
        if (*at == '=') {
            extent[found] = at + 1;
            at += strcspn(at, ",");
        }
        if (*at == '\0')
            break;
        at++;
    }
    return place[TIME] < 0 || place[UNIT] < 0 ? bad_axes(text) : 0;
}

/* "3001 x 10" */
static const char *print_shape(const ki_array *a, char *out, size_t size) {
    size_t used = 0;

    out[0] = '\0';
    for (int d = 0; d < a->ndim && used < size; d++)
        used += (size_t)snprintf(out + used, size - used, "%s%zu", d ? " x " : "", a->shape[d]);
    return out;
}

static int no_axes(const matrix *m) {
    char shape[96];
    const ki_array *a = m->a;
    const int trials = a->ndim >= 3, d = a->ndim - 2;
    const int rows = a->ndim >= 2 && a->shape[d] >= a->shape[d + 1];

    return ki_fail(KI_ERR_ARGUMENT,
                   "axes : %s holds %s of %s : axes %s%s, if the longer one is time", m->path,
                   a->name, print_shape(a, shape, sizeof shape), trials ? "trial," : "",
                   rows ? "time,unit" : "unit,time");
}

static int is_matrix(const ki_array *a) {
    return a->type != KI_STRING && a->ndim >= 2;
}

/* The array that is meant. */
static int choose(matrix *m, const ki_recording_options *o, size_t *out) {
    ki_reader *r = m->r;
    char names[256] = "";
    size_t matrices = 0, used = 0;
    int larger = 0;
    ptrdiff_t found = o->key         ? ki_reader_find(r, o->key)
                      : o->preferred ? ki_reader_find(r, o->preferred)
                                     : -1;

    if (!o->key && found < 0)
        found = ki_reader_find(r, "raster");
    if (found >= 0) {
        *out = (size_t)found;
        return 0;
    }
    for (size_t i = 0; i < ki_reader_count(r); i++)
        larger |= is_matrix(ki_reader_info(r, i)) && ki_array_size(ki_reader_info(r, i)) != 1;
    for (size_t i = 0; i < ki_reader_count(r); i++) {
        const ki_array *a = ki_reader_info(r, i);

        /* MATLAB has one number as a matrix too. */
        if (!is_matrix(a) || (larger && ki_array_size(a) == 1))
            continue;
        *out = i;
        matrices++;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     matrices > 1 ? ", " : "", a->name);
    }
    if (o->key)
        return ki_fail(KI_ERR_ARGUMENT, "key : \"%.64s\" is not in %s : %s%s", o->key, m->path,
                       matrices ? "one of " : "another file, or without key: it has no matrix",
                       names);
    if (matrices != 1)
        return ki_recording_fail(
            m->path,
            matrices ? "key with the name of one" : "a matrix of 0/1 or -1/+1, or spike times",
            matrices ? "holds several matrices: %s" : "holds no matrix%s", names);
    return 0;
}

/* That an axis is as long as is said of it, up to the next comma; `said` NULL: nothing. */
static int check_extent(const matrix *m, int axis, const char *said) {
    const int length = said ? (int)strcspn(said, ",") : 0;
    char number[24];

    snprintf(number, sizeof number, "%zu", m->extent[axis]);
    if (!said || ((size_t)length == strlen(number) && strncmp(said, number, (size_t)length) == 0))
        return 0;
    return ki_fail(KI_ERR_ARGUMENT,
                   "axes : %s is %s long in %s of %s, not %.*s : other axes, or %s=%s",
                   axis_names[axis], number, m->a->name, m->path, length < 32 ? length : 32, said,
                   axis_names[axis], number);
}

/* Axes against dimensions; dimensions in front that have one element are passed over. */
static int match(matrix *m, const char *axes) {
    char shape[96];
    const char *said[N_AXES];
    int count;

    if (!axes)
        return no_axes(m);
    int error = parse_axes(axes, m->place, said, &count);
    if (error)
        return error;
    int more = m->a->ndim - count;
    for (int d = 0; d < more; d++)
        if (m->a->shape[d] != 1)
            more = -1;
    if (more < 0)
        return ki_fail(KI_ERR_ARGUMENT,
                       "axes : %d are named, and %s of %s is %s : one for each dimension", count,
                       m->a->name, m->path, print_shape(m->a, shape, sizeof shape));
    for (int x = 0; x < N_AXES; x++) {
        if (m->place[x] >= 0)
            m->place[x] += more;
        m->extent[x] = m->place[x] < 0 ? 1 : m->a->shape[m->place[x]];
        if (m->extent[x] == 0)
            return ki_recording_fail(m->path, "at least one unit and bin", "%s is %s", m->a->name,
                                     print_shape(m->a, shape, sizeof shape));
        error = error ? error : check_extent(m, x, said[x]);
    }
    if (!error && !said[UNIT] && m->extent[UNIT] > m->extent[TIME] * m->extent[TRIAL])
        return ki_fail(KI_ERR_ARGUMENT,
                       "axes : %s of %s has %zu units and %zu bins : the other way round (%s)? If "
                       "not, unit=%zu for unit",
                       m->a->name, m->path, m->extent[UNIT], m->extent[TIME] * m->extent[TRIAL],
                       m->place[UNIT] < m->place[TIME] ? "time,unit" : "unit,time",
                       m->extent[UNIT]);
    return error;
}

/* Spikes that were lost when the bins were made; of a part of the time it is not known how many. */
static int read_lost(matrix *m, const ki_recording_options *o) {
    const ptrdiff_t lost = ki_find_vector(m->r, "lost");
    size_t n = 0;
    int error = 0;

    if (lost < 0 || o->has_window)
        return 0;
    error = ki_read_wholes(m->r, (size_t)lost, m->path, &m->lost, &n);
    if (!error && n != m->extent[UNIT])
        error = ki_recording_fail(m->path, "as many", "has %zu units and %zu of lost",
                                  m->extent[UNIT], n);
    for (size_t i = 0; !error && i < n; i++)
        if (m->lost[i] < 0)
            error = ki_recording_fail(m->path, "numbers of spikes",
                                      "array lost has %" PRId64 " at place %zu", m->lost[i], i);
    return error;
}

/* What `kinising raster convert` writes beside "raster": bin, trial (first bins), unit, lost. */
static int read_own(matrix *m, const ki_recording_options *o) {
    const ptrdiff_t bin = ki_reader_find(m->r, "bin"), trial = ki_find_vector(m->r, "trial"),
                    unit = ki_find_vector(m->r, "unit");
    double *width = NULL;
    size_t n = 0;
    int error = 0;

    m->width = o->bin > 0 ? o->bin : NAN;
    if (strcmp(m->a->name, "raster") != 0)
        return 0;
    if (!(o->bin > 0) && bin >= 0 && ki_reader_info(m->r, (size_t)bin)->ndim == 0)
        error = ki_read_reals(m->r, (size_t)bin, m->path, &width, &n);
    if (!error && n == 1 && *width > 0 && isfinite(*width))
        m->width = *width;
    ki_free(width);
    if (!error && trial >= 0 && m->place[TRIAL] < 0 && !o->trial_length)
        error = ki_read_wholes(m->r, (size_t)trial, m->path, &m->starts, &m->n_starts);
    for (size_t k = 0; !error && k < m->n_starts; k++)
        if (k ? m->starts[k] <= m->starts[k - 1] || (size_t)m->starts[k] >= m->extent[TIME]
              : m->starts[k] != 0)
            error = ki_recording_fail(m->path, "first bins that rise from 0",
                                      "array trial has %" PRId64 " at place %zu", m->starts[k], k);
    if (!error && unit >= 0)
        error = ki_read_wholes(m->r, (size_t)unit, m->path, &m->ids, &n);
    if (!error && m->ids && n != m->extent[UNIT])
        error = ki_recording_fail(m->path, "as many", "has %zu units and %zu numbers of them",
                                  m->extent[UNIT], n);
    return error ? error : read_lost(m, o);
}

/* Whole bins from `from` to `to`. */
static int cut_window(matrix *m, const ki_recording_options *o) {
    m->first = 0;
    m->bins = m->extent[TIME];
    if (!o->has_window)
        return 0;
    if (isnan(m->width))
        return ki_fail(KI_ERR_ARGUMENT, "window : the bins of %s have no width : bin too", m->path);
    const double from = o->from / m->width, to = o->to / m->width;
    const double slack = 4 * DBL_EPSILON * fmax(fabs(from), fabs(to));
    const double low = fmax(ceil(from - slack), 0);
    const double high = fmin(floor(to + slack), (double)m->bins);
    if (!(low < high))
        return ki_fail(KI_ERR_ARGUMENT,
                       "window : %g to %g s has no whole bin of %s, which ends at %g s : another",
                       o->from, o->to, m->path, (double)m->bins * m->width);
    m->first = (size_t)low;
    m->bins = (size_t)(high - low);
    return 0;
}

/* Rows for the units that are kept. */
static int choose_units(matrix *m, const ki_recording_options *o) {
    size_t kept = 0;

    m->units = m->extent[UNIT];
    if (!o->n_units)
        return 0;
    m->row = ki_alloc(m->units, sizeof *m->row);
    if (!m->row)
        return ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu units : fewer", m->path, m->units);
    for (size_t i = 0; i < m->units; i++)
        m->row[i] = SIZE_MAX;
    if (!m->ids) {
        m->ids = ki_alloc(m->units, sizeof *m->ids);
        if (!m->ids)
            return ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu units : fewer", m->path, m->units);
        for (size_t i = 0; i < m->units; i++)
            m->ids[i] = (int64_t)i;
    }
    for (uint64_t k = 0; k < o->n_units; k++) {
        size_t i = 0;
        const int error = ki_find_unit(m->path, m->ids, m->units, o->units[k], &i);

        if (error)
            return error;
        m->row[i] = 0;
    }
    for (size_t i = 0; i < m->units; i++)
        if (m->row[i] == 0) {
            m->ids[kept] = m->ids[i];
            m->row[i] = kept++;
        }
    m->units = kept;
    return 0;
}

/* First bins of the raster's trials: those of the file, cut into pieces of `length`. */
static int create(matrix *m, uint64_t length) {
    const size_t each = length && length < m->bins ? (size_t)length : m->bins;
    const size_t parts = (m->bins + each - 1) / each;
    const double bytes = (double)m->units * (double)m->extent[TRIAL] * (double)m->bins / 8;
    size_t trials = m->starts ? m->n_starts : m->extent[TRIAL] * parts, n = 0;

    if (bytes > (double)ki_machine_memory())
        return ki_fail(KI_ERR_NOMEM,
                       "%s : %.3g GiB of bits are more than this machine has : fewer units or a "
                       "window",
                       m->path, bytes / 0x1p30);
    uint64_t *bins = ki_alloc(trials, sizeof *bins);
    if (!bins)
        return ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu trials : fewer", m->path, trials);
    for (size_t k = 0; k < trials; k++) {
        if (!m->starts) {
            bins[n++] = k % parts + 1 < parts ? each : m->bins - (parts - 1) * each;
            continue;
        }
        const size_t end = k + 1 < trials ? (size_t)m->starts[k + 1] : m->extent[TIME];
        const size_t from = (size_t)m->starts[k] > m->first ? (size_t)m->starts[k] : m->first;
        const size_t to = end < m->first + m->bins ? end : m->first + m->bins;
        if (from < to)
            bins[n++] = to - from;
    }
    const int error = ki_raster_create(m->units, n, bins, m->width, &m->raster);
    ki_free(bins);
    return error;
}

/* Lost spikes of the units that are kept. */
static int keep_lost(matrix *m) {
    ki_raster *r = m->raster;

    if (!m->lost)
        return 0;
    r->lost_of = ki_alloc(m->units, sizeof *r->lost_of);
    if (!r->lost_of)
        return ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu units : fewer", m->path, m->units);
    for (size_t i = 0; i < m->extent[UNIT]; i++)
        if (!m->row || m->row[i] != SIZE_MAX)
            r->lost_of[m->row ? m->row[i] : i] = (uint64_t)m->lost[i];
    return 0;
}

static int wrong_value(const matrix *m, size_t unit, size_t bin, double value) {
    if (value == 0 || value == -1)
        return ki_recording_fail(
            m->path, "all 0 or 1, or all -1 or 1",
            "%s: unit %zu is %g in bin %zu, and %d was among the values before", m->a->name, unit,
            value, bin, m->raster->minuses ? -1 : 0);
    return ki_recording_fail(m->path, "all 0 or 1, or all -1 or 1 (counts: values > 0 as 1)",
                             "%s: unit %zu is %g in bin %zu", m->a->name, unit, value, bin);
}

static int report(matrix *m, const ki_part *part) {
    uint64_t count = 1;

    for (int d = 0; d < part->ndim; d++)
        count *= part->shape[d];
    m->done += count;
    if (m->run && m->run->progress &&
        m->run->progress(m->run->progress_user, m->done, ki_array_size(m->a)))
        return ki_fail(KI_ERR_CANCELLED, "reading : was stopped by the caller : start it again");
    return 0;
}

/* Of a part: first index, extent and stride of an axis. */
static size_t along(const matrix *m, const ki_part *p, int axis, size_t *n, ptrdiff_t *stride) {
    const int d = m->place[axis];

    *n = d < 0 ? 1 : p->shape[d];
    *stride = d < 0 ? 0 : p->stride[d];
    return d < 0 ? 0 : p->start[d];
}

static int take(void *user, const ki_part *part) {
    matrix *m = user;
    size_t trials, times, units;
    ptrdiff_t by_trial, by_time, by_unit;
    const size_t trial = along(m, part, TRIAL, &trials, &by_trial);
    const size_t time = along(m, part, TIME, &times, &by_time);
    const size_t unit = along(m, part, UNIT, &units, &by_unit);
    const size_t low = time > m->first ? time : m->first;
    const size_t high = time + times < m->first + m->bins ? time + times : m->first + m->bins;

    for (size_t i = 0; i < units && low < high; i++) {
        const size_t row = m->row ? m->row[unit + i] : unit + i;

        for (size_t k = 0; k < trials && row != SIZE_MAX; k++) {
            const char *at = (const char *)part->data + (ptrdiff_t)i * by_unit +
                             (ptrdiff_t)k * by_trial + (ptrdiff_t)(low - time) * by_time;
            double value;
            const ptrdiff_t wrong =
                ki_raster_put(m->raster, row, (trial + k) * m->bins + low - m->first, high - low,
                              at, by_time, part->type, &value);
            if (wrong >= 0)
                return wrong_value(m, unit + i, low + (size_t)wrong, value);
        }
    }
    return report(m, part);
}

static int read_matrix(matrix *m, const ki_recording_options *o) {
    size_t which = 0;
    int error = choose(m, o, &which);

    m->a = error ? NULL : ki_reader_info(m->r, which);
    if (!error && !m->a->type) { /* why not is what reading says */
        ki_array a;
        error = ki_reader_read(m->r, which, &a);
    }
    if (!error && !is_matrix(m->a))
        error = ki_recording_fail(m->path, "one of 0/1 or -1/+1", "%s is no matrix of numbers",
                                  m->a->name);
    error = error ? error : match(m, o->axes);
    error = error ? error : read_own(m, o);
    error = error ? error : cut_window(m, o);
    error = error ? error : choose_units(m, o);
    error = error ? error : create(m, o->trial_length);
    error = error ? error : keep_lost(m);
    return error ? error : ki_reader_parts(m->r, which, take, m);
}

int ki_read_matrix(ki_reader *r, const char *path, const ki_recording_options *o,
                   const ki_run_options *run, ki_recording_notes *notes, ki_raster **out) {
    matrix m = {.r = r, .path = path, .run = run};
    int error = 0;

    if (o->rate > 0)
        error = ki_fail(KI_ERR_ARGUMENT,
                        "rate : %s holds a matrix, not spike times : bin with the width of a bin",
                        path);
    error = error ? error : read_matrix(&m, o);
    ki_free(m.row);
    ki_free(m.starts);
    ki_free(m.lost);
    if (error) {
        ki_free(m.ids);
        ki_raster_free(m.raster);
        return error;
    }
    m.raster->ids = m.ids;
    notes->kind = "matrix";
    notes->dropped = m.extent[UNIT] - m.units;
    *out = m.raster;
    return 0;
}
