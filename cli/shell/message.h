/* SPDX-License-Identifier: BSD-3-Clause */
/* What the program says on stderr, and the exit status that goes with it. */
#ifndef KINISING_CLI_MESSAGE_H
#define KINISING_CLI_MESSAGE_H

#include <stddef.h>

#include <kinising/base.h>

enum exit_status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,      /* the machine said no: disk, memory, a missing program */
    STATUS_USAGE = 2,       /* the user asked for something that makes no sense */
    STATUS_UNCONVERGED = 3, /* ran and wrote its result, but not every number is good */
    STATUS_SIGNAL = 128     /* and the number of the signal that ended the work in order */
};

/* Prints the one line "kinising: <what> : <why> : <what would be right>", given without the
 * program's name, and returns `status`. Control characters are shown as '?', so that it stays one
 * line. */
int complain(int status, const char *format, ...) KI_PRINTF(2, 3);

/* ki_last_error() with options called as users call them. Borrowed until the next call. */
const char *library_sentence(void);

/* The same for a failed library call: library_sentence() and the status that fits `error`. */
int complain_library(int error);

/* The same for the file that an input option names: one that cannot be opened is wrong use. */
int complain_input(int error, const char *path);

/* Whether a progress bar stands on the terminal's line, which the next message then takes away. */
void message_bar(int stands);

/* A line of good news, "kinising: ...". */
void remark(const char *format, ...) KI_PRINTF(1, 2);

/* Flushes stdout. If anything written there was lost, says so once and returns STATUS_FAILED, else
 * `status`. A reader that has gone (head) is no news: then only the status tells. */
int finish_stdout(int status);

/* "the only row", "all 3 rows", "2 of 3 rows" of things called `what`. Returns `out`. */
enum { SHARE_SIZE = 64 };
const char *print_share(char out[SHARE_SIZE], size_t some, size_t all, const char *what);

/* Room for quote_text(). */
enum { QUOTE_SIZE = 64 };

/* Copies `length` bytes of the user's text between double quotes; what does not fit is replaced by
 * "...". Returns `out`. */
const char *quote_text(char out[QUOTE_SIZE], const char *text, size_t length);

#endif
