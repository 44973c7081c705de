/* SPDX-License-Identifier: BSD-3-Clause */
/* Elements of files as this library has them: double, int64_t, int8_t, UTF-8; little-endian, last
 * index fastest. */
#include "io/read/elements.h"

#include "io/file/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

uint64_t ki_little_endian(const unsigned char *bytes, size_t n) {
    uint64_t value = 0;

    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static uint64_t load(const unsigned char *p, size_t item, int swapped) {
    uint64_t value = 0;

    for (size_t i = 0; i < item; i++)
        value |= (uint64_t)p[swapped ? item - 1 - i : i] << 8 * i;
    return value;
}

static double half_to_double(uint64_t bits) {
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023), size;

    if (exponent == 31)
        size = fraction > 0 ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        size = ldexp(fraction, -24);
    else
        size = ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

static double load_float(const unsigned char *p, size_t item, int swapped) {
    uint64_t bits = load(p, item, swapped);
    uint32_t low = (uint32_t)bits;
    float single;
    double value;

    if (item == 2)
        return half_to_double(bits);
    if (item == 4) {
        memcpy(&single, &low, sizeof single);
        return single;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int64_t load_int(const unsigned char *p, size_t item, int swapped) {
    switch (item) {
    case 1:
        return (int8_t)p[0];
    case 2:
        return (int16_t)load(p, 2, swapped);
    case 4:
        return (int32_t)load(p, 4, swapped);
    default:
        return (int64_t)load(p, 8, swapped);
    }
}

/* Place in the array of element k of the file, whose first index runs fastest. */
static size_t from_fortran(const ki_array *a, uint64_t k) {
    size_t place = 0, stride[4], step = 1;

    for (int d = a->ndim - 1; d >= 0; d--) {
        stride[d] = step;
        step *= a->shape[d];
    }
    for (int d = 0; d < a->ndim; d++) {
        place += (size_t)(k % a->shape[d]) * stride[d];
        k /= a->shape[d];
    }
    return place;
}

ki_strings ki_strings_in(void *out, size_t count) {
    return (ki_strings){out, (char *)out + count * sizeof(char *)};
}

const char *ki_strings_add(ki_strings *s, size_t index, const unsigned char *text, size_t length) {
    const char *at = s->next;
    int32_t code;

    while (length > 0 && text[length - 1] == 0)
        length--;
    if (memchr(text, 0, length))
        return "has a string with a NUL inside";
    memcpy(s->next, text, length);
    s->next[length] = '\0';
    while ((code = ki_utf8_next(&at)) > 0)
        ;
    if (code < 0)
        return "has a string that is not UTF-8";
    s->text[index] = s->next;
    s->next += length + 1;
    return NULL;
}

/* numpy's U: UTF-32. */
static const char *add_utf32(ki_strings *s, size_t index, const unsigned char *p, size_t width,
                             int swapped) {
    char *out = s->next;

    while (width > 0 && load(p + 4 * (width - 1), 4, 0) == 0)
        width--;
    s->text[index] = out;
    for (size_t i = 0; i < width; i++) {
        uint32_t c = (uint32_t)load(p + 4 * i, 4, swapped);
        int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};

        if (c == 0)
            return "has a string with a NUL inside";
        if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return "has a string that is not Unicode";
        *out++ = (char)(unsigned char)(lead[more] | c >> 6 * more);
        while (more-- > 0)
            *out++ = (char)(unsigned char)(0x80 | (c >> 6 * more & 0x3f));
    }
    *out++ = '\0';
    s->next = out;
    return NULL;
}

static int bad(const ki_reader *r, const ki_entry *e, const char *why) {
    return ki_entry_fail(r, e, KI_ERR_FORMAT, why, "strings of Unicode text");
}

static int too_large(const ki_reader *r, const ki_entry *e, uint64_t value) {
    char why[96];

    snprintf(why, sizeof why, "has an element %" PRIu64 " too large for a signed integer", value);
    return ki_entry_fail(r, e, KI_ERR_FORMAT, why, "numbers below 2^63, or floats");
}

/* The element at p as element `to` of out. */
static int put_one(const ki_reader *r, const ki_entry *e, const unsigned char *p, size_t to,
                   void *out, ki_strings *strings) {
    const char *why = NULL;
    uint64_t value;

    switch (e->kind) {
    case 'f':
        ((double *)out)[to] = load_float(p, e->item, e->swapped);
        return 0;
    case 'i':
        if (e->item == 1)
            ((int8_t *)out)[to] = (int8_t)*p;
        else
            ((int64_t *)out)[to] = load_int(p, e->item, e->swapped);
        return 0;
    case 'u':
        value = load(p, e->item, e->swapped);
        if (value > INT64_MAX)
            return too_large(r, e, value);
        ((int64_t *)out)[to] = (int64_t)value;
        return 0;
    case 'b':
        ((int8_t *)out)[to] = *p != 0;
        return 0;
    case 'U':
        why = add_utf32(strings, to, p, e->item / 4, e->swapped);
        break;
    default:
        why = ki_strings_add(strings, to, p, e->item);
        break;
    }
    return why ? bad(r, e, why) : 0;
}

int ki_elements_put(const ki_reader *r, const ki_entry *e, uint64_t first, size_t n,
                    const unsigned char *raw, void *out, ki_strings *strings) {
    int straight = !e->fortran || e->info.ndim < 2;
    int error = 0;

    if (straight && ((e->item == 8 && !e->swapped && strchr("fi", e->kind)) ||
                     (e->item == 1 && e->kind == 'i'))) {
        memcpy((char *)out + first * e->item, raw, n * e->item);
        return 0;
    }
    for (size_t k = 0; k < n && !error; k++) {
        size_t to = straight ? (size_t)first + k : from_fortran(&e->info, first + k);

        error = put_one(r, e, raw + k * e->item, to, out, strings);
    }
    return error;
}
