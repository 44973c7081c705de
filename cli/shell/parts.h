/* SPDX-License-Identifier: BSD-3-Clause */
/* A command whose first argument is a command of its own: kinising network draw. */
#ifndef KINISING_CLI_PARTS_H
#define KINISING_CLI_PARTS_H

/* A table of these ends with a name that is NULL. */
typedef struct command_part {
    const char *name, *full; /* "draw", "network draw" */
    const char *summary;
    int (*run)(int argc, char **argv);
} command_part;

/* Runs the part that argv[1] names; --help shows `text`, one paragraph, and the summaries. */
int run_part(const command_part *parts, const char *text, int argc, char **argv);

#endif
