/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "shell/message.h"
#include "shell/provenance.h"
#include "shell/same_file.h"
#include "shell/signals.h"
#include "shell/values.h"

/* A word as a CSV cell; ours need no quotes. Numbers follow numpy's spelling, without "-nan". */
static void print_cell(const column *c, size_t row) {
    if (c->word)
        fputs(c->word[row], stdout);
    else if (isnan(c->real[row]))
        fputs("nan", stdout);
    else
        printf("%.17g", c->real[row]);
}

static int print_table(const result *r) {
    const size_t last = r->n_columns - 1;

    for (size_t c = 0; c <= last; c++)
        printf("%s%c", r->columns[c].name, c < last ? ',' : '\n');
    /* A reader that has gone, or a full disk, ends the work. */
    for (size_t row = 0; row < r->rows && !ferror(stdout); row++)
        for (size_t c = 0; c <= last && !ferror(stdout); c++) {
            print_cell(&r->columns[c], row);
            putchar(c < last ? ',' : '\n');
        }
    return finish_stdout(STATUS_DONE);
}

/* Signals wait while an ordinary file is written, which takes a temporary file. A FIFO or a device is
 * written as it is, and its reader may never come: signals end the program there. */
static int hold_while_writing(const char *path, signal_actions *before) {
    struct stat st;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return 0;
    signals_hold(before);
    return 1;
}

static int write_file(const session *s, const result *r) {
    result_arrays a;
    char *origin = NULL;
    int status = STATUS_FAILED;

    if (result_arrays_make(s->file, r, &a) || !(origin = provenance(s))) {
        complain(STATUS_FAILED, "%s : out of memory : a smaller run", s->argv[0]);
    } else {
        signal_actions before;
        const int held = hold_while_writing(s->file, &before);
        int error = ki_write_labelled(s->file, a.n, a.arrays, a.labels, origin);
        if (held)
            signals_release(&before);
        status = error ? complain_library(error) : STATUS_DONE;
        if (!error && !s->quiet)
            remark("wrote %s (%zu row%s)", s->file, r->rows, r->rows == 1 ? "" : "s");
    }
    free(origin);
    result_arrays_free(&a);
    return status;
}

int session_write(session *s, int (*write)(void *ctx, const char *provenance), void *ctx,
                  const char *what) {
    signal_actions before;
    char *origin = provenance(s);

    if (!origin)
        return complain(STATUS_FAILED, "%s : out of memory : a smaller run", s->argv[0]);
    const int held = hold_while_writing(s->file, &before);
    int error = write(ctx, origin);
    if (held)
        signals_release(&before);
    free(origin);
    if (error)
        return complain_library(error);
    if (!s->quiet)
        remark("wrote %s (%s)", s->file, what);
    return STATUS_DONE;
}

int session_end(session *s, const result *r) {
    int status = STATUS_DONE;

    if (s->file)
        status = write_file(s, r);
    /* The picture goes before stdout, so that `| head` does not cost it. */
    if (!status && s->picture && r->draw) {
        status = r->draw(r->figure, s->picture);
        if (!status && !s->quiet)
            remark("drew %s", s->picture);
    }
    if (!s->file) {
        int printed = print_table(r);
        status = status ? status : printed;
    }
    return status;
}

int check_disk(const char *what, const char *path, double bytes, const char *right) {
    char place[PLACE_SIZE], needed[BYTES_SIZE], there[BYTES_SIZE];
    struct stat st;
    struct statvfs disk;

    if (written_place(path, place) || (stat(place, &st) == 0 && !S_ISREG(st.st_mode)))
        return 0; /* what is no file has no disk */
    char *slash = strrchr(place, '/');
    if (slash)
        slash[slash == place] = '\0';
    /* File systems without a size of their own say 0. */
    if (statvfs(slash ? place : ".", &disk) != 0 || disk.f_blocks == 0)
        return 0;
    const double room = (double)disk.f_bavail * (double)disk.f_frsize;
    if (bytes <= room)
        return 0;
    return complain(STATUS_FAILED, "%s : %s takes %s, and its disk has %s left : %s", what, path,
                    print_bytes(needed, bytes), print_bytes(there, room), right);
}

int check_target(const char *path) {
    struct stat st;
    signal_actions before;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return complain(STATUS_FAILED, "%s : is not an ordinary file : the name of a file", path);
    signals_hold(&before);
    const int error = ki_check_bytes(path); /* makes a file for a moment */
    signals_release(&before);
    return error ? complain_library(error) : 0;
}
