/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings from files and folders. */
#include "data/raster_input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shell/memory.h"
#include "shell/message.h"

/* Lost spikes are worth a warning from this share of all on. */
static const double lost_most = 0.05;

/* A..B of "A:B". */
static int parse_window(raster_options *o) {
    const char *colon = o->window ? strchr(o->window, ':') : NULL;
    refusal no;
    char quoted[QUOTE_SIZE];

    o->file.has_window = o->window != NULL;
    if (!o->window)
        return 0;
    if (colon && parse_real(o->window, (size_t)(colon - o->window), &o->file.from, &no) == 0 &&
        parse_real(colon + 1, strlen(colon + 1), &o->file.to, &no) == 0 &&
        o->file.from < o->file.to)
        return 0;
    return complain(STATUS_USAGE, "--window : %s is no stretch of time : A:B in seconds, A < B",
                    quote_text(quoted, o->window, strlen(o->window)));
}

static int list_units(raster_options *o, int64_t **units) {
    const uint64_t n = o->units.count;

    *units = NULL;
    o->file.n_units = n;
    if (!n)
        return 0;
    if (n > 10000000)
        return complain(STATUS_USAGE, "--units : %" PRIu64 " are too many : 10^7 at most", n);
    double *values = get_memory("--units", n, sizeof *values);
    *units = values ? get_memory("--units", n, sizeof **units) : NULL;
    if (*units) {
        value_list_fill(&o->units, values);
        for (uint64_t k = 0; k < n; k++)
            (*units)[k] = (int64_t)values[k];
    }
    free(values);
    o->file.units = *units;
    return *units ? 0 : STATUS_FAILED;
}

/* The library's sentence with our options: their names stand at its beginning, and behind a colon. */
static int refuse(int error, const char *path) {
    static const char *const names[] = {"axes",   "key",   "bin",       "rate",   "min_rate",
                                        "window", "units", "intervals", "quality"};
    const char *sentence = ki_last_error(), *right = strrchr(sentence, ':');
    static const char without[] = ": without ";
    const char *lead = "", *inner = "";
    const size_t skip =
        right && strncmp(right, without, sizeof without - 1) == 0 ? sizeof without - 1 : 2;
    struct stat st;

    const int there = stat(path, &st) == 0;
    if (error == KI_ERR_IO && there && S_ISDIR(st.st_mode))
        return complain_library(error); /* of a file in it */
    if ((error != KI_ERR_ARGUMENT && error != KI_ERR_FORMAT) || !there)
        return complain_input(error, path);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const size_t length = strlen(names[k]);

        if (strncmp(sentence, names[k], length) == 0 && sentence[length] == ' ')
            lead = "--";
        if (!right || strncmp(right + skip, names[k], length) != 0)
            continue;
        if (right[skip + length] == ' ' || (skip > 2 && right[skip + length] == '\0'))
            inner = "--";
    }
    const int before =
        (int)(right ? right + (*inner ? skip : 2) - sentence : (ptrdiff_t)strlen(sentence));
    char line[1024];
    snprintf(line, sizeof line, "%s%.*s%s%s", lead, before, sentence, inner,
             right ? right + (*inner ? skip : 2) : "");
    if (strncmp(line, "--min_rate", 10) == 0)
        line[5] = '-';
    return complain(STATUS_USAGE, "%s", line);
}

int complain_recording(int error, const char *path) {
    static const char argument[] = "raster : ";
    const size_t length = sizeof argument - 1;
    const char *sentence = ki_last_error();

    if (error == KI_ERR_ARGUMENT && strncmp(sentence, argument, length) == 0)
        return complain(STATUS_USAGE, "%s : %s", path, sentence + length);
    return complain_library(error);
}

static void say(const char *path, const raster_options *o, const ki_raster_summary *s) {
    if (o->quiet && *o->quiet)
        return;
    if (o->notes.outside)
        remark("%s: %" PRIu64 " spikes lie in no bin", path, o->notes.outside);
    if (o->notes.dropped)
        remark("%s: %" PRIu64 " %s left out", path, o->notes.dropped,
               o->notes.dropped == 1 ? "unit is" : "units are");
    const double all = (double)(s->spikes + s->lost);
    if ((double)s->lost > lost_most * all)
        remark("warning: %.1f %% of the spikes (%" PRIu64 " of %.0f) are lost, the second and "
               "later of a unit in one bin: a shorter --bin keeps more",
               100 * (double)s->lost / all, s->lost, all);
}

int raster_read(const char *path, raster_options *o, const char *preferred, ki_raster **out,
                ki_raster_summary *summary) {
    int64_t *units = NULL;
    int status = parse_window(o);

    *out = NULL;
    status = status ? status : list_units(o, &units);
    if (!status) {
        o->file.preferred = preferred;
        int error = ki_recording_read(path, &o->file, o->run, &o->notes, out);

        status = error ? refuse(error, path) : 0;
        if (!status) {
            error = ki_raster_summarize(*out, summary, NULL);
            status = error ? complain_library(error) : 0;
        }
        if (!status)
            say(path, o, summary);
    }
    free(units);
    o->file.units = NULL;
    return status;
}
