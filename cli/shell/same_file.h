/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a file will be written, and that no file of a command is lost under another one. */
#ifndef KINISING_CLI_SAME_FILE_H
#define KINISING_CLI_SAME_FILE_H

#include "shell/options.h"

enum { PLACE_SIZE = 4096 };

/* The path that writing to `path` will make or replace: symbolic links are followed, those that
 * lead to nothing yet too. Returns 0 or an errno. */
int written_place(const char *path, char out[PLACE_SIZE]);

/* Refuses a file that would be written over another one of the same command, an input or an output,
 * by whatever names. Returns 0 or the exit status of its message. */
int refuse_same_files(const option *options, size_t n);

#endif
