/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON as we write it: ASCII, one member a line, numbers that read back as they were. */
#ifndef KINISING_CLI_JSON_H
#define KINISING_CLI_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes a JSON string with its quotes. Anything but ASCII becomes \u escapes, bytes that are not
 * UTF-8 become U+FFFD. */
void json_string(FILE *out, const char *text);

/* A number in full precision; what is not finite is null. */
void json_real(FILE *out, double x);

/* Where a writer stands: objects in objects, and whether a comma is due. */
typedef struct json_writer {
    FILE *out;
    int depth, comma;
} json_writer;

/* Opens a member (name NULL: an element, or the whole) that is an object or, with '[', an array;
 * closes it. */
void json_open(json_writer *j, const char *name, char bracket);
void json_close(json_writer *j, char bracket);
/* Members. A text of NULL is null. */
void json_put_real(json_writer *j, const char *name, double x);
void json_put_count(json_writer *j, const char *name, uint64_t x);
void json_put_flag(json_writer *j, const char *name, int flag);
void json_put_text(json_writer *j, const char *name, const char *text);
void json_put_reals(json_writer *j, const char *name, size_t n, const double *x);
/* A member that is JSON already. */
void json_put_raw(json_writer *j, const char *name, const char *json);

#endif
