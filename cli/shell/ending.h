/* SPDX-License-Identifier: BSD-3-Clause */
/* What kind of file a name is of. */
#ifndef KINISING_CLI_ENDING_H
#define KINISING_CLI_ENDING_H

/* From the last dot of a file's name on; "" if it has none. */
const char *file_ending(const char *path);

/* Whether it is a table; not so without a name, NULL. */
int is_csv(const char *path);

#endif
