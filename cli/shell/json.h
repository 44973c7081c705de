/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KINISING_CLI_JSON_H
#define KINISING_CLI_JSON_H

#include <stdio.h>

/* Writes a JSON string with its quotes. Anything but ASCII becomes \u escapes, bytes that are not
 * UTF-8 become U+FFFD. */
void json_string(FILE *out, const char *text);

#endif
