/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_FILE_UTF8_H
#define KI_SRC_IO_FILE_UTF8_H

#include <stdint.h>

/* Decodes the code point at *s and moves *s past it; -1 (and *s unmoved) if it is not valid UTF-8.
 * The terminating NUL decodes to 0. */
int32_t ki_utf8_next(const char **s);

#endif
