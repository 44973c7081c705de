/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/json.h"

#include <inttypes.h>
#include <math.h>

/* Decodes one UTF-8 character; returns its length, 0 if it is malformed, overlong or a surrogate.
 */
static size_t decode_utf8(const unsigned char *s, uint32_t *out) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80                   ? 1
                    : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
                    : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
                    : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                                  : 0;
    if (length <= 1) {
        *out = s[0];
        return length;
    }
    uint32_t c = s[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0u) != 0x80u)
            return 0;
        c = c << 6 | (s[i] & 0x3Fu);
    }
    if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *out = c;
    return length;
}

void json_string(FILE *out, const char *text) {
    const unsigned char *s = (const unsigned char *)text;

    putc('"', out);
    while (*s) {
        uint32_t c;
        size_t length = decode_utf8(s, &c);
        if (length == 0) {
            c = 0xFFFD;
            length = 1;
        }
        s += length;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", (int)c);
        else if (c >= 0x20 && c < 0x7F)
            putc((int)c, out);
        else if (c < 0x10000)
            fprintf(out, "\\u%04" PRIx32, c);
        else
            fprintf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xD800 + ((c - 0x10000) >> 10),
                    0xDC00 + ((c - 0x10000) & 0x3FF));
    }
    putc('"', out);
}

void json_real(FILE *out, double x) {
    if (isfinite(x))
        fprintf(out, "%.17g", x);
    else
        fputs("null", out);
}

/* The comma before, a new line and the name of a member. */
static void begin_member(json_writer *j, const char *name) {
    if (j->comma)
        putc(',', j->out);
    if (j->comma || j->depth)
        fprintf(j->out, "\n%*s", 2 * j->depth, "");
    j->comma = 1;
    if (name) {
        json_string(j->out, name);
        fputs(": ", j->out);
    }
}

void json_open(json_writer *j, const char *name, char bracket) {
    begin_member(j, name);
    putc(bracket, j->out);
    j->depth++;
    j->comma = 0;
}

void json_close(json_writer *j, char bracket) {
    j->depth--;
    if (j->comma)
        fprintf(j->out, "\n%*s", 2 * j->depth, "");
    putc(bracket, j->out);
    j->comma = 1;
}

void json_put_real(json_writer *j, const char *name, double x) {
    begin_member(j, name);
    json_real(j->out, x);
}

void json_put_count(json_writer *j, const char *name, uint64_t x) {
    begin_member(j, name);
    fprintf(j->out, "%" PRIu64, x);
}

void json_put_flag(json_writer *j, const char *name, int flag) {
    begin_member(j, name);
    fputs(flag ? "true" : "false", j->out);
}

void json_put_text(json_writer *j, const char *name, const char *text) {
    begin_member(j, name);
    if (text)
        json_string(j->out, text);
    else
        fputs("null", j->out);
}

void json_put_reals(json_writer *j, const char *name, size_t n, const double *x) {
    begin_member(j, name);
    putc('[', j->out);
    for (size_t i = 0; i < n; i++) {
        if (i)
            fputs(", ", j->out);
        json_real(j->out, x[i]);
    }
    putc(']', j->out);
}

void json_put_raw(json_writer *j, const char *name, const char *json) {
    begin_member(j, name);
    fputs(json, j->out);
}
