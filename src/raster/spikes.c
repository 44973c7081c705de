/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings from spike times. [spike-bins] */
#include "raster.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"

/* Windows that have bins. */
typedef struct spans {
    size_t n;
    double *from;
    uint64_t *bins, *first; /* of each, and its first bin in the recording */
    uint64_t all;
} spans;

/* Seconds that 4 roundings of times of that size are. */
static double slack(double a, double b) {
    return 4 * DBL_EPSILON * fmax(fabs(a), fabs(b));
}

/* How many whole bins lie between two times: what is a border to within roundings of the times is one. Far from
 * 0 these are larger than those of the difference. */
static double whole(double from, double to, double width) {
    const double x = (to - from) / width, near = nearbyint(x);

    return fabs(x - near) <= slack(from, to) / width ? near : floor(x);
}

double ki_bins_end(double time, double width) {
    return (whole(0, time, width) + 1) * width;
}

static int check_pointers(const ki_spikes *s, const ki_windows *w, ki_raster **out) {
    int error = ki_check_pointer("out", out, "a place for the recording");

    error = error ? error : ki_check_pointer("spikes", s, "spikes");
    if (!error && s->count)
        error = ki_check_pointer("time", s->time, "the time of each spike");
    if (!error && s->count)
        error = ki_check_pointer("unit", s->unit, "the unit of each spike");
    if (!error && w && w->count)
        error = ki_check_pointer("from", w->from, "the beginning of each window");
    if (!error && w && w->count)
        error = ki_check_pointer("to", w->to, "the end of each window");
    return error;
}

static int check_spikes(const ki_spikes *s, int negative, double *last) {
    for (uint64_t k = 0; k < s->count; k++) {
        const double t = s->time[k];

        if (!isfinite(t))
            return ki_fail(KI_ERR_ARGUMENT, "time : spike %" PRIu64 " is at %g s : a finite time",
                           k, t);
        if (t < 0 && !negative)
            return ki_fail(KI_ERR_ARGUMENT,
                           "time : spike %" PRIu64 " is at %g s, before 0 : a window that begins "
                           "before it",
                           k, t);
        if (s->unit[k] < 0 || (uint64_t)s->unit[k] >= s->units)
            return ki_fail(KI_ERR_ARGUMENT,
                           "unit : spike %" PRIu64 " is of unit %" PRId64 " : 0 to %" PRIu64, k,
                           s->unit[k], s->units - 1);
        if (t > *last)
            *last = t;
    }
    return 0;
}

static int add_window(spans *w, uint64_t k, double from, double to, double width) {
    if (!isfinite(from) || !isfinite(to) || from > to)
        return ki_fail(KI_ERR_ARGUMENT,
                       "window %" PRIu64 " : %g to %g s : a beginning, and an end behind it", k,
                       from, to);
    const double bins = whole(from, to, width);
    if (bins > (double)(KI_MOST_BINS - w->all))
        return ki_fail(KI_ERR_ARGUMENT,
                       "bin : %g s from %g to %g s are too many bins : 2^40 at most, a larger bin "
                       "or a shorter window",
                       width, from, to);
    if (bins < 1)
        return 0;
    w->from[w->n] = from;
    w->bins[w->n] = (uint64_t)bins;
    w->first[w->n++] = w->all;
    w->all += (uint64_t)bins;
    return 0;
}

static int make_spans(const ki_windows *in, double width, double last, spans *w) {
    const uint64_t n = in && in->count ? in->count : 1;
    int error = 0;

    *w = (spans){.from = ki_alloc((size_t)n, sizeof *w->from),
                 .bins = ki_alloc((size_t)n, sizeof *w->bins),
                 .first = ki_alloc((size_t)n, sizeof *w->first)};
    if (!w->from || !w->bins || !w->first)
        return ki_fail(KI_ERR_NOMEM, "raster : no memory for %" PRIu64 " windows : fewer", n);
    if (!in || !in->count)
        error = add_window(w, 0, 0, ki_bins_end(last, width), width);
    for (uint64_t k = 0; !error && in && k < in->count; k++) {
        if (k && in->from[k] < in->to[k - 1])
            return ki_fail(KI_ERR_ARGUMENT,
                           "window %" PRIu64 " : begins at %g s, before the end of the one before, "
                           "%g s : windows in order, one behind the other",
                           k, in->from[k], in->to[k - 1]);
        error = add_window(w, k, in->from[k], in->to[k], width);
    }
    if (!error && !w->n)
        error = ki_fail(KI_ERR_ARGUMENT, "bin : %g s is longer than every window : a shorter one",
                        width);
    return error;
}

static int create(const ki_spikes *s, const spans *w, double width, uint64_t length,
                  ki_raster **out) {
    uint64_t trials = 0, at = 0;

    for (size_t k = 0; k < w->n; k++)
        trials += length ? (w->bins[k] - 1) / length + 1 : 1;
    uint64_t *bins = ki_alloc((size_t)trials, sizeof *bins);
    if (!bins)
        return ki_fail(KI_ERR_NOMEM, "raster : no memory for %" PRIu64 " trials : fewer", trials);
    for (size_t k = 0; k < w->n; k++)
        for (uint64_t left = w->bins[k], part; left > 0; left -= part) {
            part = length && length < left ? length : left;
            bins[at++] = part;
        }
    const int error = ki_raster_create(s->units, trials, bins, width, out);
    ki_free(bins);
    return error;
}

/* The window that begins last before a time; w->n if there is none. */
static size_t find(const spans *w, double t) {
    size_t low = 0, high = w->n;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (w->from[middle] <= t + slack(t, w->from[middle]))
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low - 1 : w->n;
}

static uint64_t fill(const ki_spikes *s, const spans *w, double width, ki_raster *r) {
    uint64_t outside = 0;

    for (uint64_t k = 0; k < s->count; k++) {
        const double t = s->time[k];
        const size_t window = find(w, t);
        const double bin = window < w->n ? whole(w->from[window], t, width) : -1;

        if (bin < 0 || bin >= (double)w->bins[window]) {
            outside++;
            continue;
        }
        const size_t b = (size_t)(w->first[window] + (uint64_t)bin);
        uint64_t *word = r->bits + (size_t)s->unit[k] * r->words + b / 64;
        const uint64_t bit = UINT64_C(1) << b % 64;
        r->lost_of[s->unit[k]] += (*word & bit) != 0;
        *word |= bit;
    }
    return outside;
}

int ki_raster_bin(const ki_spikes *spikes, double width, const ki_windows *windows,
                  uint64_t *outside, ki_raster **out) {
    spans w = {0};
    ki_raster *r = NULL;
    double last = 0;
    int error = check_pointers(spikes, windows, out);

    error = error ? error : ki_check_spins(spikes->units);
    if (!error && !(width > 0 && isfinite(width)))
        error = ki_fail(KI_ERR_ARGUMENT, "bin : %g seconds : a time > 0", width);
    error = error ? error : check_spikes(spikes, windows && windows->count, &last);
    if (!error && !spikes->count && !(windows && windows->count))
        error = ki_fail(KI_ERR_ARGUMENT, "time : there is no spike : spikes, or a window");
    error = error ? error : make_spans(windows, width, last, &w);
    error = error ? error : create(spikes, &w, width, windows ? windows->trial_length : 0, &r);
    if (!error) {
        r->zeros = 1;
        r->lost_of = ki_alloc(r->units, sizeof *r->lost_of);
        r->ids = ki_alloc(r->units, sizeof *r->ids);
        if (!r->lost_of || !r->ids)
            error = ki_fail(KI_ERR_NOMEM, "raster : no memory for %zu units : fewer", r->units);
    }
    if (!error) {
        for (size_t i = 0; i < r->units; i++) {
            r->lost_of[i] = 0;
            r->ids[i] = spikes->ids ? spikes->ids[i] : (int64_t)i;
        }
        const uint64_t none = fill(spikes, &w, width, r);
        if (outside)
            *outside = none;
        *out = r;
    } else {
        ki_raster_free(r);
    }
    ki_free(w.from);
    ki_free(w.bins);
    ki_free(w.first);
    return error;
}
