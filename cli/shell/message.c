/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long enough for two file names of the usual limit of 4096 bytes. */
enum { LINE_SIZE = 9216 };

static int bar; /* a progress bar stands on the line */

void message_bar(int stands) {
    bar = stands;
}

static void print_line(const char *format, va_list args) {
    char line[LINE_SIZE];

    if (vsnprintf(line, sizeof line, format, args) < 0)
        return;
    for (unsigned char *c = (unsigned char *)line; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
    /* One call, so that lines of several processes on one terminal do not mix. */
    fprintf(stderr, "%skinising: %s\n", bar ? "\r\033[K" : "", line);
    bar = 0;
}

int complain(int status, const char *format, ...) {
    va_list args;

    va_start(args, format);
    print_line(format, args);
    va_end(args);
    return status;
}

const char *library_sentence(void) {
    static const struct {
        const char *field, *option;
    } names[] = {{"burn_in : ", "--burn-in : "},
                 {"zero_diagonal : ", "--zero-diagonal : "},
                 {"solve_for : ", "--solve-for : "},
                 {"max_steps : ", "--max-steps : "},
                 {"ki_theory_map : ", "theory : "}};
    static char out[LINE_SIZE];
    const char *sentence = ki_last_error();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const size_t length = strlen(names[i].field);
        if (strncmp(sentence, names[i].field, length) == 0) {
            snprintf(out, sizeof out, "%s%s", names[i].option, sentence + length);
            return out;
        }
    }
    return sentence;
}

int complain_library(int error) {
    const char *sentence = library_sentence();
    int wrong_use = error == KI_ERR_ARGUMENT || error == KI_ERR_FORMAT;

    if (sentence[0] == '\0')
        return complain(STATUS_FAILED, "library : %s : nothing more is known", ki_strerror(error));
    return complain(wrong_use ? STATUS_USAGE : STATUS_FAILED, "%s", sentence);
}

int complain_input(int error, const char *path) {
    int openable = 0;

    if (error == KI_ERR_IO) {
        struct stat st;
        openable = stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
    }
    int status = complain_library(error);
    return error == KI_ERR_IO && !openable ? STATUS_USAGE : status;
}

void remark(const char *format, ...) {
    va_list args;

    va_start(args, format);
    print_line(format, args);
    va_end(args);
}

const char *print_share(char out[SHARE_SIZE], size_t some, size_t all, const char *what) {
    if (all == 1)
        snprintf(out, SHARE_SIZE, "the only %s", what);
    else if (some == all)
        snprintf(out, SHARE_SIZE, "all %zu %ss", all, what);
    else
        snprintf(out, SHARE_SIZE, "%zu of %zu %ss", some, all, what);
    return out;
}

int finish_stdout(int status) {
    static int told; /* the stream keeps its error, and we are asked again at the end */
    int lost = ferror(stdout), reason = errno;

    if (!lost && fflush(stdout) != 0) {
        lost = 1;
        reason = errno;
    }
    if (!lost)
        return status;
    if (!told && reason != EPIPE)
        complain(STATUS_FAILED,
                 "standard output : %s : a place that can be written, with free space",
                 strerror(reason));
    told = 1;
    return STATUS_FAILED;
}

const char *quote_text(char out[QUOTE_SIZE], const char *text, size_t length) {
    const size_t room = QUOTE_SIZE - 6; /* two quotes, "..." and the terminator */
    size_t kept = length <= room ? length : room;
    /* A UTF-8 character is not cut in two. */
    while (kept < length && kept > 0 && ((unsigned char)text[kept] & 0xC0u) == 0x80u)
        kept--;
    char *end = out;
    *end++ = '"';
    memcpy(end, text, kept);
    end += kept;
    *end++ = '"';
    if (kept < length) {
        memcpy(end, "...", 3);
        end += 3;
    }
    *end = '\0';
    return out;
}
