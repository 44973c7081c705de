/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a file will be written, and whether two names are one file. */
#ifndef KINISING_CLI_SAME_FILE_H
#define KINISING_CLI_SAME_FILE_H

enum { PLACE_SIZE = 4096 };

/* The path that writing to `path` will make or replace: symbolic links are followed, those that
 * lead to nothing yet too. Returns 0 or an errno. */
int written_place(const char *path, char out[PLACE_SIZE]);

#endif
