/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/provenance.h"

#include "shell/team.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

static void json_member(FILE *out, const char *name, const char *value) {
    fprintf(out, ", \"%s\": ", name);
    json_string(out, value);
}

/* The command line, each word quoted for the shell where it needs to be; NULL when memory is out.
 */
static char *command_line(const session *s) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs("kinising", out);
    for (int i = 0; i < s->argc; i++) {
        const char *arg = s->argv[i];
        putc(' ', out);
        /* The command's own name has a blank where it has two words. */
        if (i == 0) {
            fputs(arg, out);
            continue;
        }
        if (arg[0] && strspn(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_-+=.,:/@%") == strlen(arg)) {
            fputs(arg, out);
            continue;
        }
        putc('\'', out);
        for (; *arg; arg++)
            if (*arg == '\'')
                fputs("'\\''", out);
            else
                putc(*arg, out);
        putc('\'', out);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *provenance(const session *s) {
    char *text = NULL, *line = command_line(s), date[32];
    size_t size;
    struct tm utc;
    ki_build_info info;
    FILE *out = line ? open_memstream(&text, &size) : NULL;

    if (!out || ki_get_build_info(&info) != 0 || !gmtime_r(&s->date, &utc) ||
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        if (out)
            fclose(out);
        free(text);
        free(line);
        return NULL;
    }
    fputs("{\"program\": \"kinising\"", out);
    json_member(out, "version", info.version);
    json_member(out, "commit", info.commit);
    if (!s->reproducible)
        json_member(out, "command_line", line);
    if (s->seed_given)
        fprintf(out, ", \"seed\": %" PRIu64, s->seed);
    else
        fputs(", \"seed\": null", out);
    json_member(out, "unit", unit_words[s->unit]);
    json_member(out, "compiler", info.compiler);
    if (!s->reproducible)
        json_member(out, "cpu_features", info.cpu_features);
    json_member(out, "kernels", info.kernels);
    if (!s->reproducible) {
        fprintf(out, ", \"threads\": %" PRIu64,
                s->threads ? s->threads : (uint64_t)(info.max_threads > 0 ? info.max_threads : 1));
        if (team_size() > 1)
            fprintf(out, ", \"ranks\": %d", team_size());
        json_member(out, "date", date);
        fprintf(out, ", \"seconds\": %.6f", session_seconds(s));
    }
    putc('}', out);
    free(line);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
