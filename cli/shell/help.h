/* SPDX-License-Identifier: BSD-3-Clause */
/* What --help shows of a command: a page to read, or the same for programs that make manual pages and
 * completions of it. */
#ifndef KINISING_CLI_HELP_H
#define KINISING_CLI_HELP_H

#include <stddef.h>

#include "shell/options.h"

/* What stands around the options. */
typedef struct command_help {
    const char *name;
    const char *text;    /* a paragraph, ends with a newline */
    const char *example; /* lines that run as they stand, each ends with a newline */
} command_help;

/* Writes the help of a command to stdout; `common` options come last under a heading of their own. */
void options_help(const command_help *help, const option *options, size_t n, size_t n_common);

/* From now on options_help() writes one line of JSON for each command instead of a page. */
void help_as_json(void);

/* A line that begins the help of a command, and says where it stands among the others. */
void help_json_command(const char *name, const char *group, const char *summary);

/* The same for a command of two words, after the line of the first. */
void help_json_part(const char *name, const char *summary);

/* A line that begins the other options of the same command, when `mode` is given. */
void help_json_mode(const char *mode);

#endif
