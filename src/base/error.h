/* SPDX-License-Identifier: BSD-3-Clause */
/* Failure reporting inside the library: set this thread's sentence and return the number. */
#ifndef KI_SRC_BASE_ERROR_H
#define KI_SRC_BASE_ERROR_H

#include <kinising/base.h>

/* Stores "what : why : what would be right" for ki_last_error() and returns `error`, so that
 * `return ki_fail(KI_ERR_ARGUMENT, "dJ : %g is negative : dJ >= 0", dJ);` is the whole idiom. */
int ki_fail(int error, const char *format, ...) KI_PRINTF(2, 3);

/* Adds the system's number to the failure that has just got its sentence, for ki_last_errno(), and
 * returns `error`. */
int ki_fail_errno(int error, int errnum);

#endif
