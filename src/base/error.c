/* SPDX-License-Identifier: BSD-3-Clause */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char sentence[1024];
static _Thread_local int system_error;

int ki_fail(int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    system_error = 0;
    return error;
}

int ki_fail_errno(int error, int errnum) {
    system_error = errnum;
    return error;
}

const char *ki_last_error(void) {
    return sentence;
}

int ki_last_errno(void) {
    return system_error;
}

const char *ki_strerror(int error) {
    switch (error) {
    case KI_OK:
        return "success";
#define KI_ERROR_CASE(name, number, text)                                                          \
    case name:                                                                                     \
        return text;
        KI_ERROR_LIST(KI_ERROR_CASE)
#undef KI_ERROR_CASE
    default:
        return "unknown error";
    }
}

const char *ki_version(void) {
    return KI_VERSION_STRING;
}
