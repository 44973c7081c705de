/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a result came from, as JSON. */
#ifndef KINISING_CLI_PROVENANCE_H
#define KINISING_CLI_PROVENANCE_H

#include "shell/session.h"

/* One line of ASCII JSON, to be freed; NULL when memory is out. */
char *provenance(const session *s);

/* Writes a JSON string with its quotes. Anything but ASCII becomes \u escapes, bytes that are not
 * UTF-8 become U+FFFD. */
void json_string(FILE *out, const char *text);

#endif
