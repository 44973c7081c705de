/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/json.h"

#include <inttypes.h>
#include <stddef.h>

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
