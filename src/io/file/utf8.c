/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/file/utf8.h"

int32_t ki_utf8_next(const char **s) {
    const unsigned char *p = (const unsigned char *)*s;
    int32_t code = p[0];
    int32_t least; /* smallest code point that needs so many bytes; longer spellings are invalid */
    int more;

    if (code < 0x80) {
        *s += 1;
        return code;
    }
    if (code >= 0xc2 && code <= 0xdf) {
        more = 1;
        least = 0x80;
        code &= 0x1f;
    } else if (code >= 0xe0 && code <= 0xef) {
        more = 2;
        least = 0x800;
        code &= 0x0f;
    } else if (code >= 0xf0 && code <= 0xf4) {
        more = 3;
        least = 0x10000;
        code &= 0x07;
    } else {
        return -1;
    }
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) /* stops at the NUL of a truncated string too */
            return -1;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return -1;
    *s += more + 1;
    return code;
}
