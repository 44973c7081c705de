/* SPDX-License-Identifier: BSD-3-Clause */
/* cmocka with what it lacks: floating-point comparison that says what it saw. */
#ifndef KI_TEST_H
#define KI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include <kinising/base.h>

/* The sanitized build is for memory, and twenty times slower: cases that only add work are left out. */
#ifdef __SANITIZE_ADDRESS__
enum { KI_SANITIZED = 1 };
#else
enum { KI_SANITIZED = 0 };
#endif

/* |a - b| <= atol + rtol |b|; NaN equals NaN, infinities equal themselves. */
static inline int ki_is_close(double a, double b, double rtol, double atol) {
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    if (isinf(a) || isinf(b))
        return a == b;
    return fabs(a - b) <= atol + rtol * fabs(b);
}

static inline void ki_assert_close(double a, double b, double rtol, double atol, const char *what,
                                   const char *file, int line) {
    if (!ki_is_close(a, b, rtol, atol)) {
        print_error("%s: %.17g is not %.17g: off by %.3g, relative %.3g (allowed %.3g + %.3g)\n",
                    what, a, b, fabs(a - b), fabs(a / b - 1), atol, rtol);
        _fail(file, line);
    }
}

#define assert_close(a, b, rtol, atol) ki_assert_close(a, b, rtol, atol, #a, __FILE__, __LINE__)
/* The same with a sentence of the caller's about where it happened. */
#define assert_close_at(what, a, b, rtol, atol)                                                    \
    ki_assert_close(a, b, rtol, atol, what, __FILE__, __LINE__)

/* ki_last_error() has the form `what : why : what would be right`, on one line. */
static inline int ki_is_sentence(const char *s) {
    const char *first = strstr(s, " : ");
    return first != NULL && strstr(first + 3, " : ") != NULL && strchr(s, '\n') == NULL;
}

/* A refused argument: the last sentence begins with `what`, its subject or that and why. */
static inline void ki_refused(int error, const char *what) {
    const size_t length = strlen(what);
    assert_int_equal(error, KI_ERR_ARGUMENT);
    assert_true(ki_is_sentence(ki_last_error()));
    if (strncmp(ki_last_error(), what, length) != 0 ||
        strncmp(ki_last_error() + length, " : ", 3) != 0)
        fail_msg("not of %s: %s", what, ki_last_error());
}

#endif
