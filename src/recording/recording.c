/* SPDX-License-Identifier: BSD-3-Clause */
/* Which kind of recording a file is. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <math.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "raster/raster.h"
#include "recording/arrays.h"
#include "recording/sources.h"

static int check_options(const ki_recording_options *o) {
    const struct {
        const char *name;
        double value;
    } scales[] = {{"bin", o->bin}, {"rate", o->rate}, {"min_rate", o->min_rate}};

    for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
        const int error = ki_check_scale(scales[k].name, scales[k].value);

        if (error)
            return error;
    }
    if (o->has_window && !(isfinite(o->from) && isfinite(o->to) && o->from < o->to))
        return ki_fail(KI_ERR_ARGUMENT, "window : %g to %g s : a beginning, and an end behind it",
                       o->from, o->to);
    return 0;
}

/* Spike times of an open file; *mine tells whether it holds any. */
static int read_times(ki_reader *r, const ki_recording_options *o, ki_trains *t, int *mine) {
    *mine = 1;
    if (ki_is_nwb(r) && !o->key)
        return ki_read_nwb(r, o, t);
    if (ki_is_unit_time(r) && !o->key && !o->axes)
        return ki_read_unit_time(r, o, t);
    if (ki_is_tsgroup(r) && !o->key && !o->axes)
        return ki_read_tsgroup(r, o, t);
    if (!o->axes && ki_is_cells(r, o))
        return ki_read_cells(r, o, t);
    *mine = 0;
    return 0;
}

static int read_file(const char *path, const ki_recording_options *o, const ki_run_options *run,
                     ki_recording_notes *notes, ki_raster **out) {
    ki_reader *r = NULL;
    ki_trains t = {.path = path};
    int mine = 0, error = ki_reader_open(path, &r);

    if (error)
        return error;
    if (o->quality && !ki_is_nwb(r))
        error = ki_fail(KI_ERR_ARGUMENT, "quality : %s has none : a folder of Phy's, or NWB", path);
    if (!error && o->intervals && !ki_is_nwb(r))
        error = ki_fail(KI_ERR_ARGUMENT, "intervals : %s has none : an NWB file", path);
    error = error ? error : read_times(r, o, &t, &mine);
    if (!error)
        error =
            mine ? ki_trains_bin(&t, o, notes, out) : ki_read_matrix(r, path, o, run, notes, out);
    ki_trains_free(&t);
    ki_reader_close(r);
    return error;
}

static int read_folder(const char *path, const ki_recording_options *o, ki_recording_notes *notes,
                       ki_raster **out) {
    ki_trains t = {.path = path};
    int error = 0;

    if (o->intervals)
        error = ki_fail(KI_ERR_ARGUMENT, "intervals : %s is a folder : an NWB file", path);
    error = error ? error : ki_read_phy(path, o, &t);
    error = error ? error : ki_trains_bin(&t, o, notes, out);
    ki_trains_free(&t);
    return error;
}

/* Leaves units with fewer spikes. */
static int drop_slow(ki_raster *r, const char *path, double least, ki_recording_notes *notes) {
    size_t n = 0;

    if (!(least > 0))
        return 0;
    uint64_t *active = ki_alloc(r->units, sizeof *active);
    size_t *rows = ki_alloc(r->units, sizeof *rows);
    ki_raster_summary s;
    int error = active && rows
                    ? ki_raster_summarize(r, &s, active)
                    : ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu units : fewer", path, r->units);
    const double time = (double)r->bins * (isnan(r->width) ? 1 : r->width);
    if (!error && !r->ids && (r->ids = ki_alloc(r->units, sizeof *r->ids)))
        for (size_t i = 0; i < r->units; i++)
            r->ids[i] = (int64_t)i;
    if (!error && !r->ids)
        error = ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu units : fewer", path, r->units);
    for (size_t i = 0; !error && i < r->units; i++)
        if ((double)(active[i] + (r->lost_of ? r->lost_of[i] : 0)) / time >= least)
            rows[n++] = i;
    if (!error && !n)
        error =
            ki_fail(KI_ERR_ARGUMENT, "min_rate : no unit of %s has %g spikes a %s : a lower one",
                    path, least, isnan(r->width) ? "bin" : "second");
    if (!error) {
        notes->dropped += r->units - n;
        ki_raster_keep(r, n, rows);
    }
    ki_free(active);
    ki_free(rows);
    return error;
}

int ki_recording_read(const char *path, const ki_recording_options *options,
                      const ki_run_options *run, ki_recording_notes *notes, ki_raster **out) {
    const ki_recording_options none = {.axes = NULL}, *o = options ? options : &none;
    ki_recording_notes found = {.kind = ""};
    ki_raster *r = NULL;
    struct stat st;
    int error = ki_check_pointer("out", out, "a place for the recording");

    error = error ? error : ki_check_pointer("path", path, "the name of a file");
    error = error ? error : check_options(o);
    if (error)
        return error;
    error = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? read_folder(path, o, &found, &r)
                                                        : read_file(path, o, run, &found, &r);
    error = error ? error : drop_slow(r, path, o->min_rate, &found);
    if (error) {
        ki_raster_free(r);
        return error;
    }
    if (notes)
        *notes = found;
    *out = r;
    return 0;
}
