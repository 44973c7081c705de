/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders of Phy and Kilosort: a sample and a cluster for each spike. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "recording/arrays.h"
#include "recording/sources.h"

enum { PATH_SIZE = 4096 };

static int join(const char *folder, const char *name, char out[PATH_SIZE]) {
    const int n = snprintf(out, PATH_SIZE, "%s/%s", folder, name);

    return n < PATH_SIZE ? 0
                         : ki_fail(KI_ERR_ARGUMENT, "%s : is too long : a shorter path", folder);
}

/* Whether a failure is that there is no such file. */
static int is_missing(int error) {
    return error == KI_ERR_IO && ki_last_errno() == ENOENT;
}

/* The array of a .npy file. */
static int open_array(const char *folder, const char *name, ki_reader **r) {
    char path[PATH_SIZE];
    int error = join(folder, name, path);

    error = error ? error : ki_reader_open(path, r);
    if (is_missing(error))
        return ki_recording_fail(folder,
                                 "a folder of Phy or Kilosort, with spike_times.npy and "
                                 "spike_clusters.npy",
                                 "has no %s", name);
    return error;
}

static int read_spikes(const char *folder, ki_trains *t) {
    ki_reader *times = NULL, *clusters = NULL;
    size_t n = 0;
    int error = open_array(folder, "spike_times.npy", &times);

    error = error ? error : open_array(folder, "spike_clusters.npy", &clusters);
    error = error ? error : ki_read_reals(times, 0, folder, &t->time, &t->n);
    error = error ? error : ki_read_wholes(clusters, 0, folder, &t->unit, &n);
    if (!error && n != t->n)
        error = ki_recording_fail(folder, "one for each spike",
                                  "has %zu spike_times and %zu spike_clusters", t->n, n);
    ki_reader_close(times);
    ki_reader_close(clusters);
    return error;
}

/* A decimal number > 0 with nothing behind it but blanks and a comment; 0 if it is none. Python's own
 * 30_000 and 2 * 15000 are none, and a locale has no say. */
static double parse_rate(const char *at, const char *end) {
    double mantissa = 0, scale = 1;
    int exponent = 0, digits = 0;

    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    for (int point = 0; at < end && ((*at >= '0' && *at <= '9') || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = 1;
            continue;
        }
        mantissa = 10 * mantissa + (*at - '0');
        exponent -= point;
        digits++;
    }
    if (digits && at < end && (*at == 'e' || *at == 'E')) {
        int power = 0, figures = 0, sign = 1;

        if (++at < end && (*at == '+' || *at == '-'))
            sign = *at++ == '-' ? -1 : 1;
        for (; at < end && *at >= '0' && *at <= '9'; at++, figures++)
            power = power < 1000 ? 10 * power + (*at - '0') : power;
        exponent += sign * power;
        digits = figures ? digits : 0;
    }
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == ';'))
        at++;
    if (!digits || (at < end && *at != '#'))
        return 0;
    for (int k = abs(exponent); k > 0; k--)
        scale *= 10;
    return exponent < 0 ? mantissa / scale : mantissa * scale;
}

/* The number behind "sample_rate =" at the beginning of a line: Python is not run. */
static double find_rate(const char *text, size_t size) {
    static const char name[] = "sample_rate";
    double rate = 0;

    for (size_t at = 0; at < size;) {
        const char *line = text + at, *end = memchr(line, '\n', size - at);
        const size_t length = end ? (size_t)(end - line) : size - at;

        at += length + 1;
        if (length < sizeof name || memcmp(line, name, sizeof name - 1) != 0)
            continue;
        size_t k = sizeof name - 1;
        while (k < length && (line[k] == ' ' || line[k] == '\t'))
            k++;
        if (k < length && line[k] == '=')
            rate = parse_rate(line + k + 1, line + length);
    }
    return isfinite(rate) && rate > 0 ? rate : 0;
}

static int read_rate(const char *folder, const ki_recording_options *o, double *rate) {
    char path[PATH_SIZE];
    void *text = NULL;
    size_t size = 0;
    int error;

    *rate = o->rate;
    if (o->rate > 0)
        return 0;
    error = join(folder, "params.py", path);
    error = error ? error : ki_read_bytes(path, &text, &size);
    if (error && !is_missing(error))
        return error;
    if (!error)
        *rate = find_rate(text, size);
    ki_free_bytes(text);
    if (*rate > 0)
        return 0;
    return ki_fail(KI_ERR_ARGUMENT,
                   "rate : %s has no params.py with a line sample_rate = ... : samples a second, "
                   "such as 30000",
                   folder);
}

/* Where the groups of clusters stand, the user's own before the program's. */
static int open_groups(const char *folder, ki_reader **r, const char **word) {
    static const struct {
        const char *file, *column;
    } tables[] = {{"cluster_group.tsv", "group"},
                  {"cluster_info.tsv", "group"},
                  {"cluster_KSLabel.tsv", "KSLabel"}};
    char path[PATH_SIZE];
    int error = 0;

    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++) {
        error = join(folder, tables[k].file, path);
        error = error ? error : ki_reader_open(path, r);
        *word = tables[k].column;
        if (!is_missing(error))
            return error;
    }
    return ki_recording_fail(folder, "without quality",
                             "has no cluster_group.tsv, cluster_info.tsv or cluster_KSLabel.tsv");
}

/* Spikes of the clusters that have the word alone. */
static int keep(ki_trains *t, const int64_t *ids, const char *const *words, size_t n,
                const char *word) {
    unsigned char *wanted = ki_alloc(t->units, 1);

    if (!wanted)
        return ki_fail(KI_ERR_NOMEM, "%s : no memory for %zu units : fewer", t->path, t->units);
    for (size_t i = 0; i < t->units; i++) {
        wanted[i] = 0;
        for (size_t k = 0; k < n && !wanted[i]; k++)
            wanted[i] = ids[k] == t->ids[i] && strcmp(words[k], word) == 0;
    }
    const int error = ki_trains_keep(t, wanted);
    ki_free(wanted);
    if (error || t->units)
        return error;
    return ki_fail(KI_ERR_ARGUMENT, "quality : %s has no unit of the group %.64s : another",
                   t->path, word);
}

static int choose(const char *folder, const char *word, ki_trains *t) {
    ki_reader *r = NULL;
    ki_array groups = {.data = NULL};
    int64_t *ids = NULL;
    const char *column = "";
    size_t n = 0;
    int error = open_groups(folder, &r, &column);

    if (error)
        return error;
    const ptrdiff_t id = ki_find_vector(r, "cluster_id") >= 0 ? ki_find_vector(r, "cluster_id")
                                                              : ki_find_vector(r, "id");
    const ptrdiff_t group = ki_reader_find(r, column);
    if (id < 0 || group < 0 || ki_reader_info(r, (size_t)group)->type != KI_STRING)
        error = ki_recording_fail(folder, "a table of Phy's",
                                  "its table of groups has no columns cluster_id and %s", column);
    error = error ? error : ki_read_wholes(r, (size_t)id, folder, &ids, &n);
    error = error ? error : ki_reader_read(r, (size_t)group, &groups);
    if (!error)
        error = keep(t, ids, groups.data, n, word);
    ki_free(ids);
    ki_array_free(&groups);
    ki_reader_close(r);
    return error;
}

int ki_read_phy(const char *folder, const ki_recording_options *o, ki_trains *t) {
    double rate = 0;
    int error = read_spikes(folder, t);

    t->kind = "Phy";
    error = error ? error : read_rate(folder, o, &rate);
    error = error ? error : ki_trains_number(t);
    if (error)
        return error;
    ki_trains_scale(t, rate);
    return o->quality ? choose(folder, o->quality, t) : 0;
}
