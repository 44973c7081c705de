/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/values.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shell/message.h"

static int refuse(refusal *no, const char *text, size_t length, const char *why,
                  const char *right) {
    char quoted[QUOTE_SIZE];

    snprintf(no->why, sizeof no->why, "%s %s", quote_text(quoted, text, length), why);
    no->right = right;
    return -1;
}

static int is_word(const char *text, size_t length, const char *word) {
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

int parse_real(const char *text, size_t length, double *out, refusal *no) {
    const char *unsigned_text = text;
    size_t unsigned_length = length;

    if (length == 0) {
        snprintf(no->why, sizeof no->why, "the value is empty");
        no->right = "a number";
        return -1;
    }
    if (*text == '+' || *text == '-') {
        unsigned_text++;
        unsigned_length--;
    }
    if (is_word(unsigned_text, unsigned_length, "nan"))
        return refuse(no, text, length, "is not a number", "a number");
    if (is_word(unsigned_text, unsigned_length, "inf") ||
        is_word(unsigned_text, unsigned_length, "infinity")) {
        *out = *text == '-' ? -(double)INFINITY : (double)INFINITY;
        return 0;
    }
    /* strtod alone would take blanks in front, hexadecimal digits and nan(...). */
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\0' || !strchr("0123456789.eE+-", text[i]))
            return refuse(no, text, length, "is not a number", "a number such as 0.5");
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end != text + length)
        return refuse(no, text, length, "is not a number", "a number such as 0.5");
    if (!isfinite(value))
        return refuse(no, text, length, "is too large", "a number below 1.8e308 in size");
    *out = value;
    return 0;
}

/* A decimal number taken apart: its digits, with perhaps a point among them, times 10^exponent. */
typedef struct decimal {
    const char *digits;
    size_t length;
    int exponent; /* of the last digit */
} decimal;

/* Returns 0, or -1 if it is no number. */
static int take_apart(const char *text, size_t length, decimal *out) {
    const char *end = text + length, *at = text;
    int point = 0, sign = 1, exponent = 0;
    size_t count = 0;

    *out = (decimal){.digits = text};
    for (; at < end && (isdigit((unsigned char)*at) || (*at == '.' && !point)); at++) {
        out->exponent -= point;
        point |= *at == '.';
        count += *at != '.';
    }
    out->length = (size_t)(at - text);
    if (count == 0 || count > 1000)
        return -1;
    if (at == end)
        return 0;
    if (*at != 'e' && *at != 'E')
        return -1;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        sign = *at++ == '-' ? -1 : 1;
    if (at == end)
        return -1;
    for (; at < end; at++) {
        if (!isdigit((unsigned char)*at))
            return -1;
        exponent = exponent > 10000 ? exponent : 10 * exponent + (*at - '0');
    }
    out->exponent += sign * exponent;
    return 0;
}

/* Drops zeros at the end while they stand behind the point. */
static void shorten(decimal *d) {
    while (d->exponent < 0 && d->length > 0 && strchr("0.", d->digits[d->length - 1])) {
        d->exponent += d->digits[d->length - 1] == '0';
        d->length--;
    }
}

/* Puts a digit behind the value; returns -1 if that is 2^64 or more. */
static int push_digit(uint64_t *value, unsigned digit) {
    if (*value > (UINT64_MAX - digit) / 10)
        return -1;
    *value = 10 * *value + digit;
    return 0;
}

int parse_count(const char *text, size_t length, uint64_t *out, refusal *no) {
    uint64_t value = 0;
    int large = 0;
    decimal d;

    if (length == 0) {
        snprintf(no->why, sizeof no->why, "the value is empty");
        no->right = "a whole number";
        return -1;
    }
    if (take_apart(text, length, &d))
        return refuse(no, text, length, "is not a whole number", "a whole number such as 10");
    shorten(&d);
    for (size_t i = 0; i < d.length && !large; i++)
        if (d.digits[i] != '.')
            large = push_digit(&value, (unsigned)(d.digits[i] - '0'));
    if (d.exponent < 0 && (value > 0 || large))
        return refuse(no, text, length, "is not a whole number", "a whole number such as 10");
    for (; value > 0 && d.exponent > 0 && !large; d.exponent--)
        large = push_digit(&value, 0);
    if (large)
        return refuse(no, text, length, "is too large", "a whole number below 2^64");
    *out = value;
    return 0;
}

/* One item of a list, between two commas. */
static int parse_range(const char *text, size_t length, value_range *out, refusal *no) {
    const char *first = memchr(text, ':', length);

    if (!first) {
        if (parse_real(text, length, &out->start, no))
            return -1;
        out->stop = out->start;
        out->count = 1;
        return 0;
    }
    const char *end = text + length;
    const char *second = memchr(first + 1, ':', (size_t)(end - first - 1));
    if (!second)
        return refuse(no, text, length, "is half a range", "start:stop:count");
    if (memchr(second + 1, ':', (size_t)(end - second - 1)))
        return refuse(no, text, length, "has too many colons", "start:stop:count");
    if (first == text || second == first + 1 || second + 1 == end)
        return refuse(no, text, length, "is a range with a part missing", "start:stop:count");
    if (parse_real(text, (size_t)(first - text), &out->start, no) ||
        parse_real(first + 1, (size_t)(second - first - 1), &out->stop, no) ||
        parse_count(second + 1, (size_t)(end - second - 1), &out->count, no))
        return -1;
    if (!isfinite(out->start) || !isfinite(out->stop))
        return refuse(no, text, length, "is a range with an infinite end",
                      "finite ends, and inf as an item of its own (0:4:9,inf)");
    if (out->count == 0)
        return refuse(no, text, length, "is a range of no values", "a count of at least 2");
    if (out->start > out->stop)
        return refuse(no, text, length, "is a reversed range", "start <= stop");
    if (out->count == 1 && out->start < out->stop)
        return refuse(no, text, length, "is a range of one value with two ends",
                      "a count of at least 2, or a single number");
    if (!isfinite(out->stop - out->start))
        return refuse(no, text, length, "is too wide", "a width below 1.8e308");
    return 0;
}

int parse_list(const char *text, size_t length, value_list *out, refusal *no) {
    size_t items = 1, n = 0;
    uint64_t total = 0;

    if (length == 0) {
        snprintf(no->why, sizeof no->why, "the list is empty");
        no->right = "0.5 or 0.5,1,2 or start:stop:count";
        return -1;
    }
    for (size_t i = 0; i < length; i++)
        items += text[i] == ',';
    value_range *ranges = malloc(items * sizeof *ranges);
    if (!ranges)
        return -2;
    for (const char *item = text, *end = text + length; n < items; n++) {
        const char *comma = memchr(item, ',', (size_t)(end - item));
        const char *stop = comma ? comma : end;
        int bad = stop == item
                      ? refuse(no, text, length, "has an empty item", "numbers between the commas")
                      : parse_range(item, (size_t)(stop - item), &ranges[n], no);
        if (bad) {
            free(ranges);
            return -1;
        }
        total = ranges[n].count > UINT64_MAX - total ? UINT64_MAX : total + ranges[n].count;
        item = stop + 1;
    }
    *out = (value_list){ranges, n, total};
    return 0;
}

void value_list_free(value_list *list) {
    free(list->ranges);
    *list = (value_list){NULL, 0, 0};
}

/* numpy.linspace(start, stop, count)[i] to the last bit, so that files join on grid points. */
static double range_value(const value_range *r, uint64_t i) {
    if (i == 0)
        return r->start;
    if (i == r->count - 1)
        return r->stop;
    const double width = r->stop - r->start, steps = (double)(r->count - 1), step = width / steps;
    /* A step below the least double is none: numpy then divides first. */
    const double offset = step == 0 ? (double)i / steps * width : (double)i * step;
    return r->start + offset;
}

void value_list_fill(const value_list *list, double *out) {
    for (size_t r = 0; r < list->n_ranges; r++)
        for (uint64_t i = 0; i < list->ranges[r].count; i++)
            *out++ = range_value(&list->ranges[r], i);
}

const char *print_real(char out[REAL_SIZE], double x) {
    snprintf(out, REAL_SIZE, "%.15g", x);
    if (strtod(out, NULL) != x)
        snprintf(out, REAL_SIZE, "%.17g", x);
    return out;
}

const char *print_bytes(char out[BYTES_SIZE], double bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    int k = 0;

    for (; bytes >= 1000 && k < 5; k++)
        bytes /= 1024;
    snprintf(out, BYTES_SIZE, "%.3g %s", bytes, units[k]);
    return out;
}
