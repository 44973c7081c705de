/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising diagnose, inside: what is asked for, what was found, the page and the reports. */
#ifndef KINISING_CLI_DIAGNOSE_H
#define KINISING_CLI_DIAGNOSE_H

#include <kinising/kinising.h>

#include "data/raster_input.h"
#include "shell/session.h"

enum { DIAGNOSE_MOST = 2, N_DRAWN = 6 };

/* A recording and what was found; sigma and S are in the unit of the session. */
typedef struct diagnosed {
    const char *path;
    ki_diagnosis d;
    double *drawn; /* [N_DRAWN,draws] */
} diagnosed;

typedef struct diagnose_run {
    session s;
    const char *path, *other; /* other: of --compare, or NULL */
    raster_options input;
    text_list reports;
    ki_diagnose_options options;
    uint64_t cosines, points;
    size_t n; /* recordings */
    diagnosed found[DIAGNOSE_MOST];
    ki_comparison change; /* of two */
} diagnose_run;

/* The page on stdout. */
void diagnose_print(const diagnose_run *w);

/* A verdict in a few words: "ordered (probability 0.98)", "cannot tell (most probable: ...)". */
enum { VERDICT_SIZE = 224 };
void diagnose_verdict(const ki_diagnosis *d, char out[VERDICT_SIZE]);

/* The same of what changed from the first recording to the second. */
void diagnose_change(const diagnose_run *w, char out[VERDICT_SIZE]);

/* Rows of the page that are numbers of one recording: what they are, the value in words, and what it
 * is worth. NULL behind the last. A heading has no value. */
enum { CELL_SIZE = 40 };
typedef struct page_row {
    const char *label;
    void (*value)(const ki_diagnosis *d, char out[CELL_SIZE]); /* NULL: a heading */
    const char *note;
    int in_picture;
} page_row;
extern const page_row page_rows[];

/* Whether a file of that name can be written as a report. Returns 0 or the exit status of its message. */
int diagnose_check_report(const char *path);

/* Writes one report. Returns 0 or the exit status of its message. */
int diagnose_report(diagnose_run *w, const char *path);

/* The report in JSON, to be freed, and its length; NULL when memory is out. */
char *diagnose_json(const diagnose_run *w, size_t *length);

#endif
