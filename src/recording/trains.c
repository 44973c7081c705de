/* SPDX-License-Identifier: BSD-3-Clause */
#include "recording/trains.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "raster/raster.h"
#include "recording/arrays.h"

void ki_trains_free(ki_trains *t) {
    ki_free(t->time);
    ki_free(t->unit);
    ki_free(t->ids);
    ki_free(t->from);
    ki_free(t->to);
}

static int no_memory(const ki_trains *t) {
    return ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu spikes : a machine with more", t->path,
                   t->n);
}

static int compare(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

size_t ki_trains_row(const int64_t *ids, size_t n, int64_t id) {
    size_t low = 0, high = n;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && ids[low] == id ? low : n;
}

int ki_trains_number(ki_trains *t) {
    size_t units = 0;

    t->ids = ki_alloc(t->n, sizeof *t->ids);
    if (!t->ids)
        return no_memory(t);
    if (t->n)
        memcpy(t->ids, t->unit, t->n * sizeof *t->ids);
    qsort(t->ids, t->n, sizeof *t->ids, compare);
    for (size_t k = 0; k < t->n; k++)
        if (!units || t->ids[units - 1] != t->ids[k])
            t->ids[units++] = t->ids[k];
    t->units = units;
    for (size_t k = 0; k < t->n; k++)
        t->unit[k] = (int64_t)ki_trains_row(t->ids, units, t->unit[k]);
    return 0;
}

void ki_trains_scale(ki_trains *t, double rate) {
    for (size_t k = 0; k < t->n && rate > 0; k++)
        t->time[k] /= rate;
}

int ki_trains_keep(ki_trains *t, const unsigned char *wanted) {
    int64_t *row = ki_alloc(t->units, sizeof *row);
    size_t kept = 0, spikes = 0;

    if (!row)
        return no_memory(t);
    for (size_t i = 0; i < t->units; i++)
        if (wanted[i]) {
            t->ids[kept] = t->ids[i];
            row[i] = (int64_t)kept++;
        }
    for (size_t k = 0; k < t->n; k++)
        if (wanted[t->unit[k]]) {
            t->time[spikes] = t->time[k];
            t->unit[spikes++] = row[t->unit[k]];
        } else if (isfinite(t->time[k])) {
            t->last = fmax(t->last, t->time[k]);
        }
    ki_free(row);
    t->n = spikes;
    t->units = kept;
    return 0;
}

/* The units of `o`, and their spikes. */
static int choose(ki_trains *t, const ki_recording_options *o, size_t *dropped) {
    if (!o->n_units)
        return 0;
    const size_t all = t->units;
    unsigned char *wanted = ki_alloc(all, 1);
    int error = wanted ? 0 : no_memory(t);

    if (!error)
        memset(wanted, 0, all);
    for (uint64_t k = 0; !error && k < o->n_units; k++) {
        size_t i = 0;

        error = ki_find_unit(t->path, t->ids, t->units, o->units[k], &i);
        if (!error)
            wanted[i] = 1;
    }
    error = error ? error : ki_trains_keep(t, wanted);
    ki_free(wanted);
    if (!error)
        *dropped = all - t->units;
    return error;
}

static int set_window(ki_trains *t, double from, double to) {
    ki_free(t->from);
    ki_free(t->to);
    t->from = ki_alloc(1, sizeof *t->from);
    t->to = ki_alloc(1, sizeof *t->to);
    if (!t->from || !t->to)
        return no_memory(t);
    t->from[0] = from;
    t->to[0] = to;
    t->windows = 1;
    return 0;
}

/* Without windows a recording lasts until its last spike, whichever unit has it. */
static int last_as_all(ki_trains *t, double bin) {
    double last = 0;

    for (size_t k = 0; k < t->n; k++)
        last = fmax(last, t->time[k]);
    return t->windows || t->last <= last ? 0 : set_window(t, 0, ki_bins_end(t->last, bin));
}

int ki_trains_check_ends(const ki_trains *t, double from, double to) {
    if (!isnan(from) && !isnan(to))
        return 0;
    return ki_recording_fail(t->path, "a beginning, and an end behind it",
                             "has an interval from %g to %g s", from, to);
}

/* Windows of the file within that of `o`. */
static int clip(ki_trains *t, const ki_recording_options *o) {
    size_t kept = 0;

    if (!o->has_window)
        return 0;
    if (!t->windows)
        return set_window(t, o->from, o->to);
    for (size_t k = 0; k < t->windows; k++) {
        const double from = fmax(t->from[k], o->from), to = fmin(t->to[k], o->to);
        const int error = ki_trains_check_ends(t, t->from[k], t->to[k]);

        if (error)
            return error;
        if (from < to) {
            t->from[kept] = from;
            t->to[kept++] = to;
        }
    }
    t->windows = kept;
    return kept ? 0
                : ki_fail(KI_ERR_ARGUMENT,
                          "window : %g to %g s is in none of the intervals of %s : another",
                          o->from, o->to, t->path);
}

/* Times and intervals that make no bins, in words of the file. */
static int check_times(const ki_trains *t) {
    for (size_t k = 0; k < t->windows; k++) {
        if (!isfinite(t->from[k]) || !isfinite(t->to[k]) || t->from[k] > t->to[k])
            return ki_recording_fail(t->path, "a beginning, and an end behind it",
                                     "has an interval from %g to %g s", t->from[k], t->to[k]);
        if (k && t->from[k] < t->to[k - 1])
            return ki_recording_fail(t->path, "times in order, without overlap",
                                     "has an interval that begins at %g s, before the end of the "
                                     "one before, %g s",
                                     t->from[k], t->to[k - 1]);
    }
    for (size_t k = 0; k < t->n; k++) {
        if (!isfinite(t->time[k]))
            return ki_recording_fail(t->path, "finite times", "spike %zu is at %g s", k,
                                     t->time[k]);
        if (t->time[k] < 0 && !t->windows)
            return ki_fail(
                KI_ERR_ARGUMENT,
                "window : %s has spike %zu at %g s, before 0 : one that begins before it", t->path,
                k, t->time[k]);
    }
    return 0;
}

/* Whether the machine can hold the bits. */
static int check_memory(const ki_trains *t, double bin) {
    double seconds = 0;

    for (size_t k = 0; k < t->windows; k++)
        seconds += t->to[k] - t->from[k];
    for (size_t k = 0; !t->windows && k < t->n; k++)
        seconds = fmax(seconds, t->time[k]);
    const double bytes = seconds / bin / 8 * (double)t->units;
    if (seconds / bin < 0x1p40 && bytes > (double)ki_machine_memory())
        return ki_fail(KI_ERR_NOMEM,
                       "%s : %zu units and %.3g bins are %.3g GiB of bits, more than this machine "
                       "has : a larger bin, or a window",
                       t->path, t->units, seconds / bin, bytes / 0x1p30);
    return 0;
}

int ki_trains_bin(ki_trains *t, const ki_recording_options *o, ki_recording_notes *notes,
                  ki_raster **out) {
    size_t dropped = 0;
    uint64_t outside = 0;

    if (o->axes)
        return ki_fail(KI_ERR_ARGUMENT, "axes : %s holds spike times, not a matrix : without axes",
                       t->path);
    if (!(o->bin > 0))
        return ki_fail(KI_ERR_ARGUMENT,
                       "bin : %s holds spike times, and how long a bin is to be is not said : a "
                       "time in seconds, such as 0.01",
                       t->path);
    int error = choose(t, o, &dropped);
    error = error ? error : clip(t, o);
    if (!error && !t->units)
        error = ki_recording_fail(t->path, "at least one unit", "has no units");
    error = error ? error : check_times(t);
    error = error ? error : last_as_all(t, o->bin);
    error = error ? error : check_memory(t, o->bin);
    if (error)
        return error;
    const ki_spikes spikes = {t->units, t->n, t->time, t->unit, t->ids};
    const ki_windows windows = {t->windows, t->from, t->to, o->trial_length};
    error = ki_raster_bin(&spikes, o->bin, &windows, &outside, out);
    notes->kind = t->kind;
    notes->outside = outside;
    notes->dropped = dropped;
    return error;
}
