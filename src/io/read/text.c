/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables in text: RFC 4180, and what other programs make of it. */
#include "io/read/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NOTHING = -1 };

static int damaged(const ki_text *t, const char *why) {
    char text[128];

    snprintf(text, sizeof text, "line %" PRIu64 " %s", t->line, why);
    return ki_io_fail(KI_ERR_FORMAT, t->reader->path, text,
                      "a table of cells between commas, tabs, semicolons or blanks");
}

static int fill(ki_text *t) {
    const ki_source *source = &t->reader->source;
    const uint64_t left = source->size - t->at;

    t->used = 0;
    t->have = left < sizeof t->buffer ? (size_t)left : sizeof t->buffer;
    const int error = t->have ? ki_source_read(source, t->at, t->buffer, t->have) : 0;
    if (error)
        t->have = 0;
    t->at += t->have;
    return error;
}

/* The next byte, which stays; NOTHING at the end. */
static int peek(ki_text *t, int *byte) {
    const int error = t->used == t->have ? fill(t) : 0;

    *byte = t->used < t->have ? t->buffer[t->used] : NOTHING;
    return error;
}

/* To the beginning of the next line. */
static int skip_line(ki_text *t) {
    int byte = 0, error = 0;

    while (!error && byte != NOTHING && byte != '\n') {
        error = peek(t, &byte);
        t->used += byte != NOTHING;
    }
    t->line++;
    return error;
}

static int find_separator(const ki_text *t) {
    static const char known[] = "\t,;";
    const unsigned char *line = t->buffer + t->used;
    const unsigned char *end = memchr(line, '\n', t->have - t->used);
    const size_t length = end ? (size_t)(end - line) : t->have - t->used;

    for (const char *c = known; *c; c++)
        if (memchr(line, *c, length))
            return *c;
    return ' ';
}

int ki_text_begin(ki_text *t, const ki_reader *r) {
    int byte = 0;

    *t = (ki_text){.reader = r, .line = 1, .last = 1};
    int error = fill(t);
    if (!error && t->have >= 3 && memcmp(t->buffer, "\xef\xbb\xbf", 3) == 0)
        t->used = 3;
    for (error = error ? error : peek(t, &byte); !error && byte == '#';) {
        error = skip_line(t);
        error = error ? error : peek(t, &byte);
    }
    if (error)
        return error;
    /* The first line from the beginning of the buffer on. */
    t->at -= t->have - t->used;
    error = fill(t);
    t->separator = find_separator(t);
    return error;
}

static int is_blank(const ki_text *t, int byte) {
    return byte == ' ' || byte == '\r' || (byte == '\t' && t->separator != '\t');
}

static int put(ki_text *t, int byte) {
    if (t->length == KI_CELL_MOST)
        return damaged(t, "has a cell of more than 1023 bytes");
    if (byte < ' ' && byte != '\t')
        return damaged(t, "has a control character");
    t->cell[t->length++] = (char)byte;
    return 0;
}

/* Between quotes; two of them are one. */
static int take_quoted(ki_text *t) {
    int byte, error;

    for (t->used++;; t->used++) {
        error = peek(t, &byte);
        if (!error && (byte == NOTHING || byte == '\n'))
            error = damaged(t, "ends within quotes");
        if (error)
            return error;
        if (byte == '"') {
            t->used++;
            error = peek(t, &byte);
            if (error || byte != '"')
                return error;
        }
        error = put(t, byte);
        if (error)
            return error;
    }
}

static int take_plain(ki_text *t) {
    int byte, error = peek(t, &byte);

    while (!error && byte != NOTHING && byte != '\n' && byte != t->separator) {
        error = put(t, is_blank(t, byte) ? ' ' : byte);
        t->used++;
        error = error ? error : peek(t, &byte);
    }
    while (t->length && t->cell[t->length - 1] == ' ')
        t->length--;
    return error;
}

static int skip_blanks(ki_text *t, int *byte) {
    int error = peek(t, byte);

    while (!error && is_blank(t, *byte)) {
        t->used++;
        error = peek(t, byte);
    }
    return error;
}

int ki_text_next(ki_text *t) {
    int byte, error = skip_blanks(t, &byte);

    t->length = 0;
    while (!error && t->last && byte == '\n') {
        t->used++;
        t->line++;
        error = skip_blanks(t, &byte);
    }
    t->end = t->last && byte == NOTHING;
    if (error || t->end)
        return error;
    error = byte == '"' ? take_quoted(t) : take_plain(t);
    error = error ? error : skip_blanks(t, &byte);
    if (error)
        return error;
    t->cell[t->length] = '\0';
    t->last = byte == '\n' || byte == NOTHING;
    if (!t->last && t->separator != ' ' && byte != t->separator)
        return damaged(t, "has something behind a quoted cell");
    t->used += !t->last && byte == t->separator;
    return 0;
}

/* Digits that a double holds exactly, divided by an exact power of ten: correctly rounded. */
static int simple_number(const char *s, double *out) {
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const int minus = *s == '-';
    uint64_t value = 0;
    int digits = 0, behind = -1;

    for (s += minus; *s; s++) {
        if (*s == '.' && behind < 0) {
            behind = 0;
        } else if (*s >= '0' && *s <= '9' && digits < 15) {
            value = 10 * value + (uint64_t)(*s - '0');
            digits++;
            behind += behind >= 0;
        } else {
            return 0;
        }
    }
    *out = (double)value / powers[behind > 0 ? behind : 0];
    if (minus)
        *out = -*out;
    return digits > 0;
}

static int is_word(const char *s) {
    static const char *const words[] = {"nan", "inf", "infinity"};

    s += *s == '-' || *s == '+';
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strcasecmp(s, words[k]) == 0)
            return 1;
    return 0;
}

int ki_text_number(const ki_text *t, double *out) {
    char *end;

    if (!t->length) {
        *out = NAN;
        return 1;
    }
    if (simple_number(t->cell, out))
        return 1;
    if (!is_word(t->cell) && strspn(t->cell, "0123456789+-.eE") != t->length)
        return 0;
    *out = strtod(t->cell, &end);
    return end == t->cell + t->length;
}
