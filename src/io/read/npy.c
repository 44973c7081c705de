/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading NPY: the header, a Python dict in ASCII, and the elements behind it. */
#include "io/read/npy.h"

#include "base/memory.h"
#include "io/read/elements.h"
#include "io/read/formats.h"
#include "io/read/parts.h"
#include "io/read/stream.h"

#include <string.h>

enum { HEADER_MAX = 1 << 16, WIDTH_MAX = 1 << 28 };

static const char unreadable[] = "is no NPY array: its header makes no sense";

typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_blanks(cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
        c->at++;
}

/* Takes `wanted` after blanks, if it is there. */
static int take(cursor *c, char wanted) {
    skip_blanks(c);
    if (c->at == c->end || *c->at != wanted)
        return 0;
    c->at++;
    return 1;
}

static int take_word(cursor *c, const char *word) {
    size_t length = strlen(word);

    skip_blanks(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
        return 0;
    c->at += length;
    return 1;
}

/* A Python string without escapes: its text, or 0. */
static int take_string(cursor *c, const char **text, size_t *length) {
    char quote;
    const char *end;

    skip_blanks(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return 0;
    quote = *c->at++;
    end = memchr(c->at, quote, (size_t)(c->end - c->at));
    if (!end || memchr(c->at, '\\', (size_t)(end - c->at)))
        return 0;
    *text = c->at;
    *length = (size_t)(end - c->at);
    c->at = end + 1;
    return 1;
}

/* A whole number; 0 if there is none or it is beyond 2^63. */
static int take_count(cursor *c, uint64_t *out) {
    uint64_t value = 0;
    const char *start;

    skip_blanks(c);
    for (start = c->at; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (value > (INT64_MAX - 9) / 10)
            return 0;
        value = 10 * value + (uint64_t)(*c->at - '0');
    }
    *out = value;
    return c->at > start;
}

static const char *take_shape(cursor *c, ki_array *info) {
    info->ndim = 0;
    if (!take(c, '('))
        return unreadable;
    while (!take(c, ')')) {
        uint64_t extent;

        if (!take_count(c, &extent) || extent > PTRDIFF_MAX)
            return unreadable;
        if (info->ndim == 4)
            return "has more than 4 dimensions";
        info->shape[info->ndim++] = (size_t)extent;
        (void)take(c, 'L'); /* Python 2 */
        if (!take(c, ',')) {
            if (!take(c, ')'))
                return unreadable;
            break;
        }
    }
    return NULL;
}

/* "<f8": byte order, kind, and bytes (characters for U). */
static const char *set_type(ki_entry *e, const char *text, size_t length) {
    cursor c = {text, text + length};
    uint64_t width = 0;
    char order = '|';

    if (c.at < c.end && strchr("<>|=", *c.at))
        order = *c.at++;
    if (c.at == c.end)
        return unreadable;
    e->kind = *c.at++;
    if (e->kind == 'O')
        return "holds Python objects";
    if (!take_count(&c, &width) || c.at != c.end || width == 0 || width > WIDTH_MAX)
        return "has elements of a type that is no number";
    e->swapped = order == '>';
    e->item = (size_t)width * (e->kind == 'U' ? 4 : 1);
    switch (e->kind) {
    case 'f':
        e->info.type = KI_FLOAT64;
        return width == 2 || width == 4 || width == 8 ? NULL : "has floats of unusual precision";
    case 'i':
    case 'u':
        e->info.type = e->kind == 'i' && width == 1 ? KI_INT8 : KI_INT64;
        return width == 1 || width == 2 || width == 4 || width == 8 ? NULL : unreadable;
    case 'b':
        e->info.type = KI_INT8;
        return width == 1 ? NULL : unreadable;
    case 'U':
    case 'S':
        e->info.type = KI_STRING;
        return NULL;
    case 'c':
        return "holds complex numbers";
    default:
        return "has elements of a type that is no number";
    }
}

enum { KEY_DESCR = 1, KEY_ORDER = 2, KEY_SHAPE = 4, KEY_ALL = 7 };

static const char *take_value(cursor *c, ki_entry *e, const char *key, size_t length,
                              unsigned *seen) {
    const char *text;
    size_t n;
    unsigned which;

    if (length == 5 && memcmp(key, "descr", 5) == 0) {
        which = KEY_DESCR;
        skip_blanks(c);
        if (c->at < c->end && (*c->at == '[' || *c->at == '('))
            return "is a table of several columns in one";
        if (!take_string(c, &text, &n))
            return unreadable;
        text = set_type(e, text, n);
    } else if (length == 13 && memcmp(key, "fortran_order", 13) == 0) {
        which = KEY_ORDER;
        e->fortran = take_word(c, "True");
        text = e->fortran || take_word(c, "False") ? NULL : unreadable;
    } else if (length == 5 && memcmp(key, "shape", 5) == 0) {
        which = KEY_SHAPE;
        text = take_shape(c, &e->info);
    } else {
        return unreadable;
    }
    if (*seen & which)
        return unreadable;
    *seen |= which;
    return text;
}

static const char *parse_header(ki_entry *e, const char *text, size_t length) {
    cursor c = {text, text + length};
    unsigned seen = 0;

    if (!take(&c, '{'))
        return unreadable;
    while (!take(&c, '}')) {
        const char *key, *why;
        size_t n;

        if (!take_string(&c, &key, &n) || !take(&c, ':'))
            return unreadable;
        why = take_value(&c, e, key, n, &seen);
        if (why)
            return why;
        if (!take(&c, ',')) {
            if (!take(&c, '}'))
                return unreadable;
            break;
        }
    }
    skip_blanks(&c);
    return c.at == c.end && seen == KEY_ALL ? NULL : unreadable;
}

static int fail(const ki_reader *r, const ki_entry *e, const char *why) {
    return ki_entry_fail(r, e, KI_ERR_FORMAT, why,
                         "an array of floats, integers, booleans or strings, 0 to 4 dimensions");
}

/* The fixed part, which says how long the text is. */
static int read_preamble(ki_stream *s, size_t *before, size_t *length) {
    unsigned char b[12];
    int error;

    if (s->entry->size < 10)
        return fail(s->reader, s->entry, "is no NPY array");
    error = ki_stream_read(s, b, 10);
    if (error)
        return error;
    if (memcmp(b, "\x93NUMPY", 6) != 0)
        return fail(s->reader, s->entry, "is no NPY array");
    *before = b[6] == 1 ? 10 : 12;
    *length = (size_t)(b[8] | b[9] << 8);
    if (b[6] < 1 || b[6] > 3)
        return fail(s->reader, s->entry, "is of an unknown NPY version");
    if (b[6] == 1)
        return 0;
    error = ki_stream_read(s, b + 10, 2);
    if (!error && (b[10] || b[11]))
        error = fail(s->reader, s->entry, "has a header of more than 65535 bytes");
    return error;
}

/* The elements must be what the rest of the bytes is. */
static int check_size(const ki_reader *r, const ki_entry *e) {
    uint64_t count = ki_entry_count(&e->info, e->item);

    if (count == UINT64_MAX)
        return fail(r, e, "has a shape too large for any memory");
    if (e->size < e->head || count * e->item != e->size - e->head)
        return ki_entry_fail(r, e, KI_ERR_FORMAT, "is shorter or longer than its shape says",
                             "a whole file");
    return 0;
}

int ki_npy_head(const ki_reader *r, ki_entry *e) {
    ki_stream s;
    size_t before = 0, length = 0;
    char *text = NULL;
    const char *why;
    int error = ki_stream_open(&s, r, e);

    if (error)
        return error;
    error = read_preamble(&s, &before, &length);
    if (!error && length > s.due)
        error = fail(r, e, "ends within its header");
    if (!error && !(text = ki_alloc(length, 1)))
        error = ki_reader_no_memory(r);
    if (!error)
        error = ki_stream_read(&s, text, length);
    if (!error) {
        why = parse_header(e, text, length);
        e->head = before + length;
        error = why ? fail(r, e, why) : check_size(r, e);
    }
    ki_free(text);
    ki_stream_close(&s);
    return error;
}

/* The elements of an array, one after the other as they stand in the file. */
typedef struct elements {
    ki_stream s;
    ki_entry straight; /* the same array in the order of the file */
    unsigned char *raw;
    size_t block; /* as many fit into raw */
} elements;

static void close_elements(elements *x) {
    ki_free(x->raw);
    ki_stream_close(&x->s);
}

/* Behind the header; what was opened is closed after an error. */
static int open_elements(elements *x, const ki_reader *r, const ki_entry *e) {
    int error = ki_stream_open(&x->s, r, e);

    x->raw = NULL;
    if (error)
        return error;
    x->straight = *e;
    x->straight.fortran = 0;
    x->block = e->item < KI_READ_BUFFER ? KI_READ_BUFFER / e->item : 1;
    size_t room = x->block * e->item > HEADER_MAX ? x->block * e->item : HEADER_MAX;
    x->raw = ki_alloc(room, 1);
    if (!x->raw)
        error = ki_reader_no_memory(r);
    for (size_t left = e->head; !error && left > 0;) {
        size_t n = left < room ? left : room;

        error = ki_stream_read(&x->s, x->raw, n);
        left -= n;
    }
    if (error)
        close_elements(x);
    return error;
}

static int read_elements(const ki_reader *r, const ki_entry *e, void *out) {
    uint64_t count = ki_entry_count(&e->info, e->item), done = 0;
    ki_strings strings = {0};
    elements x;
    int error = open_elements(&x, r, e);

    if (error)
        return error;
    if (e->info.type == KI_STRING)
        strings = ki_strings_in(out, (size_t)count);
    while (!error && done < count) {
        size_t n = count - done < x.block ? (size_t)(count - done) : x.block;

        error = ki_stream_read(&x.s, x.raw, n * e->item);
        if (!error)
            error = ki_elements_put(r, e, done, n, x.raw, out, &strings);
        done += n;
    }
    if (!error)
        error = ki_stream_finish(&x.s);
    close_elements(&x);
    return error;
}

static int next_elements(void *state, size_t n, void *out) {
    elements *x = state;
    const ki_reader *r = x->s.reader;
    int error = 0;

    for (size_t done = 0, part; !error && done < n; done += part) {
        part = n - done < x->block ? n - done : x->block;
        error = ki_stream_read(&x->s, x->raw, part * x->straight.item);
        if (!error)
            error = ki_elements_put(r, &x->straight, done, part, x->raw, out, NULL);
    }
    return error;
}

int ki_npy_parts(ki_reader *r, const ki_entry *e, ki_part_fn fn, void *user) {
    elements x;
    int error = open_elements(&x, r, e);

    if (error)
        return error;
    error = ki_parts_in_order(r, e, next_elements, &x, fn, user);
    if (!error)
        error = ki_stream_finish(&x.s);
    close_elements(&x);
    return error;
}

int ki_npy_read(ki_reader *r, const ki_entry *e, void *out) {
    ki_entry again = *e;

    return out ? read_elements(r, e, out) : ki_npy_head(r, &again);
}

/* A bare .npy is an archive of one; without its array there is nothing. */
static int open_npy(ki_reader *r) {
    ki_entry e = {.packed = r->source.size, .size = r->source.size, .end = r->source.size};

    r->entries = ki_alloc(1, sizeof *r->entries);
    e.info.name = ki_entry_name("data", 4);
    if (!r->entries || !e.info.name) {
        ki_free((void *)e.info.name);
        return ki_reader_no_memory(r);
    }
    r->entries[0] = e;
    r->n = 1;
    return ki_npy_head(r, &r->entries[0]);
}

static int probe(const ki_source *source, int *mine) {
    char magic[6];
    int error;

    if (source->size < sizeof magic)
        return 0;
    error = ki_source_read(source, 0, magic, sizeof magic);
    *mine = !error && memcmp(magic, "\x93NUMPY", 6) == 0;
    return error;
}

const ki_reader_format ki_npy_reader = {
    .probe = probe, .open = open_npy, .read = ki_npy_read, .parts = ki_npy_parts};
