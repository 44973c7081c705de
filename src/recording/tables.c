/* SPDX-License-Identifier: BSD-3-Clause */
/* Spike times in files of plain arrays: columns, TsGroups, cells. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "recording/arrays.h"
#include "recording/sources.h"

int ki_is_unit_time(const ki_reader *r) {
    return ki_reader_find(r, "unit") >= 0 && ki_reader_find(r, "time") >= 0;
}

/* Index of a column of numbers, or what it is instead. */
static int find_column(ki_reader *r, const char *path, const char *name, size_t *at) {
    const ptrdiff_t i = ki_find_vector(r, name);
    ki_array a = {.data = NULL};
    char *end;

    if (i >= 0) {
        *at = (size_t)i;
        return 0;
    }
    int error = ki_reader_read(r, (size_t)ki_reader_find(r, name), &a);
    if (!error && a.type != KI_STRING)
        error = ki_recording_fail(path, "a list of numbers", "%s has %d dimensions", name, a.ndim);
    for (size_t k = 0; !error && k < ki_array_size(&a); k++) {
        const char *text = ((const char *const *)a.data)[k];

        (void)strtod(text, &end);
        if (end == text || *end)
            error =
                ki_recording_fail(path, "numbers", "%s of spike %zu is \"%.64s\"", name, k, text);
    }
    if (!error)
        error = ki_recording_fail(path, "numbers", "%s is text", name);
    ki_array_free(&a);
    return error;
}

/* A unit and a time for each spike. */
static int read_pairs(ki_reader *r, const char *unit, const char *time, ki_trains *t) {
    size_t times = 0, at[2] = {0};
    int error = find_column(r, t->path, unit, &at[0]);

    error = error ? error : find_column(r, t->path, time, &at[1]);
    error = error ? error : ki_read_wholes(r, at[0], t->path, &t->unit, &t->n);
    error = error ? error : ki_read_reals(r, at[1], t->path, &t->time, &times);
    if (!error && times != t->n)
        error = ki_recording_fail(t->path, "one of each for a spike",
                                  "has %zu elements of %s and %zu of %s", t->n, unit, times, time);
    return error ? error : ki_trains_number(t);
}

int ki_read_unit_time(ki_reader *r, const ki_recording_options *o, ki_trains *t) {
    t->kind = "unit,time";
    const int error = read_pairs(r, "unit", "time", t);

    ki_trains_scale(t, error ? 0 : o->rate);
    return error;
}

int ki_is_tsgroup(const ki_reader *r) {
    return ki_find_vector(r, "t") >= 0 && ki_find_vector(r, "index") >= 0 &&
           ki_find_vector(r, "start") >= 0 && ki_find_vector(r, "end") >= 0;
}

/* Units that have no spikes are in `keys`, which rise. */
static int add_silent(ki_reader *r, ki_trains *t) {
    const ptrdiff_t at = ki_find_vector(r, "keys");
    int64_t *keys = NULL;
    size_t n = 0;

    if (at < 0)
        return 0;
    int error = ki_read_wholes(r, (size_t)at, t->path, &keys, &n);
    for (size_t i = 1; !error && i < n; i++)
        if (keys[i] <= keys[i - 1])
            error = ki_recording_fail(t->path, "rising numbers", "its keys do not rise");
    for (size_t s = 0; !error && s < t->n; s++) {
        const int64_t id = t->ids[t->unit[s]];
        const size_t row = ki_trains_row(keys, n, id);

        if (row == n)
            error = ki_recording_fail(t->path, "all units in keys", "its keys have no unit %lld",
                                      (long long)id);
        t->unit[s] = (int64_t)row;
    }
    if (error) {
        ki_free(keys);
        return error;
    }
    ki_free(t->ids);
    t->ids = keys;
    t->units = n;
    return 0;
}

int ki_read_tsgroup(ki_reader *r, const ki_recording_options *o, ki_trains *t) {
    size_t ends = 0;

    t->kind = "TsGroup";
    if (o->rate > 0)
        return ki_fail(KI_ERR_ARGUMENT, "rate : times of a TsGroup are seconds : without it");
    int error = read_pairs(r, "index", "t", t);
    error = error ? error : add_silent(r, t);
    error = error ? error
                  : ki_read_reals(r, (size_t)ki_find_vector(r, "start"), t->path, &t->from,
                                  &t->windows);
    error =
        error ? error : ki_read_reals(r, (size_t)ki_find_vector(r, "end"), t->path, &t->to, &ends);
    if (!error && ends != t->windows)
        error = ki_recording_fail(t->path, "one of each", "has %zu starts and %zu ends", t->windows,
                                  ends);
    return error;
}

/* "NAME{": length of NAME, 0 if it is no cell. */
static size_t cell_of(const char *name) {
    const char *brace = strrchr(name, '{');

    return brace && strcmp(name + strlen(name) - 1, "}") == 0 ? (size_t)(brace - name) : 0;
}

static int in_cells(const char *name, const char *key) {
    const size_t length = cell_of(name);

    return length && (!key || (strlen(key) == length && strncmp(name, key, length) == 0));
}

int ki_is_cells(const ki_reader *r, const ki_recording_options *o) {
    if (o->key && ki_reader_find(r, o->key) >= 0)
        return 0;
    for (size_t i = 0; i < ki_reader_count(r); i++)
        if (in_cells(ki_reader_info(r, i)->name, o->key))
            return 1;
    return 0;
}

/* Cells are one array's: spikes of all in one row. */
static int count_cells(const ki_reader *r, const char *key, ki_trains *t) {
    const char *first = NULL;

    for (size_t i = 0; i < ki_reader_count(r); i++) {
        const ki_array *a = ki_reader_info(r, i);
        const size_t length = cell_of(a->name);

        if (!in_cells(a->name, key))
            continue;
        if (first && (cell_of(first) != length || strncmp(first, a->name, length) != 0))
            return ki_recording_fail(t->path, "--key with the name of one",
                                     "has several cell arrays, %.*s and %.*s",
                                     (int)(cell_of(first) < 64 ? cell_of(first) : 64), first,
                                     (int)(length < 64 ? length : 64), a->name);
        first = first ? first : a->name;
        t->units++;
        t->n += a->type && a->type != KI_STRING ? ki_array_size(a) : 0;
    }
    return 0;
}

int ki_read_cells(ki_reader *r, const ki_recording_options *o, ki_trains *t) {
    size_t at = 0, unit = 0;
    int error = count_cells(r, o->key, t);

    t->kind = "cells";
    if (error)
        return error;
    t->time = ki_alloc(t->n, sizeof *t->time);
    t->unit = ki_alloc(t->n, sizeof *t->unit);
    t->ids = ki_alloc(t->units, sizeof *t->ids);
    if (!t->time || !t->unit || !t->ids)
        return ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu spikes : a machine with more", t->path,
                       t->n);
    for (size_t i = 0; !error && i < ki_reader_count(r); i++) {
        double *times = NULL;
        size_t n = 0;

        if (!in_cells(ki_reader_info(r, i)->name, o->key))
            continue;
        error = ki_read_reals(r, i, t->path, &times, &n);
        for (size_t k = 0; !error && k < n; k++, at++) {
            t->time[at] = times[k];
            t->unit[at] = (int64_t)unit;
        }
        ki_free(times);
        t->ids[unit] = (int64_t)unit;
        unit++;
    }
    ki_trains_scale(t, error ? 0 : o->rate);
    return error;
}
