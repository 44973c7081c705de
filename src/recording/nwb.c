/* SPDX-License-Identifier: BSD-3-Clause */
/* NWB 2: the table of units, spike times of all behind each other with the ends of each unit's. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "recording/arrays.h"
#include "recording/sources.h"

int ki_is_nwb(const ki_reader *r) {
    return ki_reader_find(r, "units/spike_times") >= 0;
}

static int no_memory(const ki_trains *t) {
    return ki_fail(KI_ERR_NOMEM, "%s : no memory for its spikes : a machine with more", t->path);
}

/* Where the parts of a column end: rising, and no further than it. */
static int read_ends(ki_reader *r, const char *name, size_t all, ki_trains *t, int64_t **ends,
                     size_t *n) {
    const ptrdiff_t at = ki_find_vector(r, name);

    if (at < 0)
        return ki_recording_fail(t->path, "an NWB 2 file with a whole table of units", "has no %s",
                                 name);
    int error = ki_read_wholes(r, (size_t)at, t->path, ends, n);
    for (size_t i = 0; !error && i < *n; i++)
        if ((*ends)[i] < (i ? (*ends)[i - 1] : 0) || (uint64_t)(*ends)[i] > all)
            error = ki_recording_fail(t->path, "ends that rise up to the number of elements",
                                      "%s[%zu] is %" PRId64 ", and there are %zu elements", name, i,
                                      (*ends)[i], all);
    return error;
}

static int read_spikes(ki_reader *r, ki_trains *t) {
    int64_t *ends = NULL;
    const ptrdiff_t ids = ki_find_vector(r, "units/id");
    size_t n = 0;
    int error =
        ki_read_reals(r, (size_t)ki_reader_find(r, "units/spike_times"), t->path, &t->time, &t->n);

    error = error ? error : read_ends(r, "units/spike_times_index", t->n, t, &ends, &t->units);
    if (!error && t->units && (size_t)ends[t->units - 1] != t->n)
        error =
            ki_recording_fail(t->path, "an index that ends with them",
                              "has %zu spike times, and units/spike_times_index ends at %" PRId64,
                              t->n, ends[t->units - 1]);
    if (!error && ids >= 0)
        error = ki_read_wholes(r, (size_t)ids, t->path, &t->ids, &n);
    if (!error && ids >= 0 && n != t->units)
        error =
            ki_recording_fail(t->path, "as many", "has %zu units and %zu of units/id", t->units, n);
    t->unit = error ? NULL : ki_alloc(t->n, sizeof *t->unit);
    if (!error && ids < 0)
        t->ids = ki_alloc(t->units, sizeof *t->ids);
    if (!error && (!t->unit || !t->ids))
        error = no_memory(t);
    for (size_t i = 0, k = 0; !error && i < t->units; i++) {
        if (ids < 0)
            t->ids[i] = (int64_t)i;
        for (; k < (size_t)ends[i]; k++)
            t->unit[k] = (int64_t)i;
    }
    ki_free(ends);
    return error;
}

typedef struct stretch {
    double from, to;
} stretch;

static int compare(const void *a, const void *b) {
    const double x = ((const stretch *)a)->from, y = ((const stretch *)b)->from;

    return (x > y) - (x < y);
}

/* Windows become what they and the `n` stretches have in common. */
static int intersect(ki_trains *t, stretch *s, size_t n) {
    double *from = ki_alloc(t->windows + n, sizeof *from);
    double *to = ki_alloc(t->windows + n, sizeof *to);
    size_t i = 0, k = 0, found = 0;

    if (!from || !to) {
        ki_free(from);
        ki_free(to);
        return no_memory(t);
    }
    qsort(s, n, sizeof *s, compare);
    while (i < t->windows && k < n) {
        const double a = fmax(t->from[i], s[k].from), b = fmin(t->to[i], s[k].to);

        if (a < b && found < t->windows + n) {
            from[found] = a;
            to[found++] = b;
        }
        if (t->to[i] < s[k].to)
            i++;
        else
            k++;
    }
    ki_free(t->from);
    ki_free(t->to);
    t->from = from;
    t->to = to;
    t->windows = found;
    return 0;
}

static int everywhere(ki_trains *t) {
    t->from = ki_alloc(1, sizeof *t->from);
    t->to = ki_alloc(1, sizeof *t->to);
    if (!t->from || !t->to)
        return no_memory(t);
    t->from[0] = -INFINITY;
    t->to[0] = INFINITY;
    t->windows = 1;
    return 0;
}

static int is_kept(const ki_recording_options *o, int64_t id) {
    int kept = o->n_units == 0;

    for (uint64_t k = 0; k < o->n_units; k++)
        kept |= o->units[k] == id;
    return kept;
}

/* Units of the quality that is asked for, [units]; *wanted stays NULL if none is. */
static int read_quality(ki_reader *r, const ki_recording_options *o, const ki_trains *t,
                        unsigned char **wanted) {
    static const char *const columns[] = {"units/quality", "units/group", "units/KSLabel"};
    ki_array words = {.data = NULL};
    ptrdiff_t at = -1;
    size_t found = 0;

    if (!o->quality)
        return 0;
    for (size_t c = 0; c < sizeof columns / sizeof *columns && at < 0; c++) {
        at = ki_reader_find(r, columns[c]);
        if (at >= 0 && ki_reader_info(r, (size_t)at)->type != KI_STRING)
            at = -1;
    }
    if (at < 0)
        return ki_recording_fail(t->path, "without quality",
                                 "has no words in units/quality, units/group or units/KSLabel");
    int error = ki_reader_read(r, (size_t)at, &words);
    if (!error && ki_array_size(&words) != t->units)
        error = ki_recording_fail(t->path, "as many", "has %zu units and %zu of %s", t->units,
                                  ki_array_size(&words), words.name);
    *wanted = error ? NULL : ki_alloc(t->units, 1);
    if (!error && !*wanted)
        error = no_memory(t);
    for (size_t i = 0; !error && i < t->units; i++) {
        (*wanted)[i] = strcmp(((const char *const *)words.data)[i], o->quality) == 0;
        found += (*wanted)[i];
    }
    ki_array_free(&words);
    return error || found
               ? error
               : ki_fail(KI_ERR_ARGUMENT, "quality : %s has no unit of the group %.64s : another",
                         t->path, o->quality);
}

/* Times at which all units that are kept were observed. */
static int read_observed(ki_reader *r, size_t at, const ki_recording_options *o,
                         const unsigned char *wanted, ki_trains *t) {
    double *x = NULL;
    int64_t *ends = NULL;
    size_t n = 0, units = 0;
    int error = ki_read_reals(r, at, t->path, &x, &n);

    if (!error && (ki_reader_info(r, at)->ndim != 2 || ki_reader_info(r, at)->shape[1] != 2))
        error = ki_recording_fail(t->path, "a start and an end each",
                                  "units/obs_intervals has not two columns");
    error = error ? error : read_ends(r, "units/obs_intervals_index", n / 2, t, &ends, &units);
    if (!error && units != t->units)
        error = ki_recording_fail(t->path, "as many", "has %zu units and %zu of obs_intervals",
                                  t->units, units);
    error = error ? error : everywhere(t);
    for (size_t i = 0; !error && i < units; i++) {
        const size_t first = i ? (size_t)ends[i - 1] : 0;

        if (!is_kept(o, t->ids[i]) || (wanted && !wanted[i]))
            continue;
        for (size_t k = first; !error && k < (size_t)ends[i]; k++)
            error = ki_trains_check_ends(t, x[2 * k], x[2 * k + 1]);
        if (!error)
            error = intersect(t, (stretch *)x + first, (size_t)ends[i] - first);
    }
    if (!error && (!t->windows || isinf(t->from[0]) || isinf(t->to[t->windows - 1])))
        error = ki_recording_fail(t->path, "fewer units, or intervals none",
                                  "has no time at which all units were observed");
    ki_free(x);
    ki_free(ends);
    return error;
}

static int list_tables(const ki_reader *r, char *out, size_t size) {
    static const char head[] = "intervals/", tail[] = "/start_time";
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < ki_reader_count(r); i++) {
        const char *name = ki_reader_info(r, i)->name;
        const size_t length = strlen(name);

        if (length > sizeof head + sizeof tail - 2 && strncmp(name, head, sizeof head - 1) == 0 &&
            strcmp(name + length - (sizeof tail - 1), tail) == 0 && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? ", " : "",
                                     (int)(length - sizeof head - sizeof tail + 2),
                                     name + sizeof head - 1);
    }
    return used > 0;
}

/* A table of intervals, in order of time. */
static int read_table(ki_reader *r, const char *name, ki_trains *t) {
    char from[256], to[256], tables[160];
    double *a = NULL, *b = NULL;
    size_t n = 0, m = 0;

    snprintf(from, sizeof from, "intervals/%s/start_time", name);
    snprintf(to, sizeof to, "intervals/%s/stop_time", name);
    const ptrdiff_t i = ki_find_vector(r, from), k = ki_find_vector(r, to);
    if (i < 0 || k < 0)
        return ki_fail(KI_ERR_ARGUMENT, "intervals : %s has no table of that name : %s", t->path,
                       list_tables(r, tables, sizeof tables) ? tables : "none, it has no tables");
    int error = ki_read_reals(r, (size_t)i, t->path, &a, &n);
    error = error ? error : ki_read_reals(r, (size_t)k, t->path, &b, &m);
    if (!error && (n != m || !n))
        error = ki_recording_fail(t->path, "one of each",
                                  "intervals/%s has %zu starts and %zu ends", name, n, m);
    stretch *s = error ? NULL : ki_alloc(n, sizeof *s);
    if (!error && !s)
        error = no_memory(t);
    for (size_t j = 0; !error && j < n; j++)
        s[j] = (stretch){a[j], b[j]};
    if (!error)
        qsort(s, n, sizeof *s, compare);
    for (size_t j = 0; !error && j < n; j++) {
        a[j] = s[j].from;
        b[j] = s[j].to;
    }
    ki_free(s);
    t->from = a;
    t->to = b;
    t->windows = n;
    return error;
}

static int read_windows(ki_reader *r, const ki_recording_options *o, const unsigned char *wanted,
                        ki_trains *t) {
    const ptrdiff_t observed = ki_reader_find(r, "units/obs_intervals");

    if (o->intervals && strcmp(o->intervals, "none") == 0)
        return 0;
    if (o->intervals && strcmp(o->intervals, "obs_intervals") != 0)
        return read_table(r, o->intervals, t);
    if (observed >= 0)
        return read_observed(r, (size_t)observed, o, wanted, t);
    return o->intervals ? ki_recording_fail(t->path, "intervals none", "has no obs_intervals") : 0;
}

int ki_read_nwb(ki_reader *r, const ki_recording_options *o, ki_trains *t) {
    unsigned char *wanted = NULL;

    t->kind = "NWB";
    if (o->rate > 0)
        return ki_fail(KI_ERR_ARGUMENT, "rate : times of NWB are seconds : without it");
    int error = read_spikes(r, t);
    error = error ? error : read_quality(r, o, t, &wanted);
    error = error ? error : read_windows(r, o, wanted, t);
    if (!error && wanted)
        error = ki_trains_keep(t, wanted);
    ki_free(wanted);
    return error;
}
