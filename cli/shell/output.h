/* SPDX-License-Identifier: BSD-3-Clause */
/* What a command writes: its table, files with their provenance, pictures. */
#ifndef KINISING_CLI_OUTPUT_H
#define KINISING_CLI_OUTPUT_H

#include "shell/result.h"
#include "shell/session.h"

/* Writes the table to -o FILE, or as CSV to stdout without one, and draws if --plot was given.
 * Returns an exit_status. */
int session_end(session *s, const result *r);

/* Whether the disk that a file will be on has room for that many bytes; if not, says so, with what
 * would be right, and returns STATUS_FAILED. `what` is the option that asks for the file. */
int check_disk(const char *what, const char *path, double bytes, const char *right);

/* Whether a file of that name, or the one that it leads to, can be written and is an ordinary one.
 * Returns 0 or the exit status of its message. */
int check_target(const char *path);

/* Calls write(ctx, provenance) with ending signals held, so that no temporary file stays; says what
 * was written. `write` returns 0 or KI_ERR_*. Returns an exit_status. */
int session_write(session *s, int (*write)(void *ctx, const char *provenance), void *ctx,
                  const char *what);

#endif
