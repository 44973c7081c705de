/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading MATLAB's MAT-files of version 5 to 7: arrays of numbers, alone, in cells and in fields. A
 * reader of our own, since matio 1.5.23 does not come to an end on damaged files, and takes memory
 * for a whole variable at once. */
#include "base/memory.h"
#include "io/read/elements.h"
#include "io/read/formats.h"
#include "io/read/parts.h"
#include "io/read/stream.h"

#include <stdio.h>
#include <string.h>

enum {
    HEADER_SIZE = 128,
    TAG_SIZE = 8,
    ENTRIES_MOST = 100000,
    DEEPEST = 8, /* cells in cells */
    NAME_MOST = 63,
    FIELDS_MOST = 4096,
    PATH_MOST = 512
};

/* Types of elements, and classes of arrays. */
enum { MI_INT8 = 1, MI_INT32 = 5, MI_UINT32 = 6, MI_MATRIX = 14, MI_COMPRESSED = 15 };
enum { MX_CELL = 1, MX_STRUCT = 2, MX_CHAR = 4, MX_SPARSE = 5, MX_DOUBLE = 6, MX_UINT64 = 15 };
enum { FLAG_LOGICAL = 2, FLAG_COMPLEX = 8 };

static const char whole[] = "a whole .mat file";
static const char numbers[] = "an array of numbers, full and real, of 2 to 4 dimensions";

/* A variable: an element of the file. Entries of it have its index in `at` and the place of their
 * elements in it, after decompression, in `head`. */
typedef struct mat_file {
    int swapped;
    ki_entry *tops; /* where each is; room of them */
    size_t n, room;
    ki_stream s; /* in one of them, if `open` */
    int open;
    size_t top;
    uint64_t place; /* bytes read of it */
    unsigned char scratch[KI_READ_BUFFER];
} mat_file;

/* An array that is being listed. */
typedef struct context {
    ki_reader *r;
    mat_file *m;
    size_t top;
} context;

typedef struct tag {
    uint32_t type;
    uint64_t size;
    int small;     /* the data are in the tag itself */
    uint64_t next; /* where the element after it begins */
} tag;

static int damaged(const ki_reader *r, const char *why) {
    return ki_io_fail(KI_ERR_FORMAT, r->path, why, whole);
}

static uint64_t whole_number(const mat_file *m, const unsigned char *p, size_t n) {
    uint64_t value = 0;

    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)p[m->swapped ? n - 1 - i : i] << 8 * i;
    return value;
}

static void leave(mat_file *m) {
    if (m->open)
        ki_stream_close(&m->s);
    m->open = 0;
}

static int take(context *c, void *out, size_t size) {
    int error = ki_stream_read(&c->m->s, out, size);

    c->m->place += size;
    return error;
}

/* On to byte `place` of the variable. */
static int go(context *c, uint64_t place) {
    mat_file *m = c->m;
    int error = 0;

    if (m->open && (m->top != c->top || m->place > place))
        leave(m);
    if (!m->open) {
        const ki_entry *e = &m->tops[c->top];

        error = ki_stream_open(&m->s, c->r, e);
        if (error)
            return error;
        m->s.at = e->at;
        m->open = 1;
        m->top = c->top;
        m->place = 0;
    }
    if (!m->s.entry->deflated) {
        if (place - m->place > m->s.due)
            return damaged(c->r, "ends within an array");
        m->s.at += place - m->place;
        m->s.due -= place - m->place;
        m->place = place;
    }
    while (!error && m->place < place) {
        const uint64_t left = place - m->place;

        error = take(c, m->scratch, left < sizeof m->scratch ? (size_t)left : sizeof m->scratch);
    }
    return error;
}

/* The tag at `place`; its data, and all of the element, end before `end`. */
static int read_tag(context *c, uint64_t place, uint64_t end, tag *t) {
    unsigned char bytes[TAG_SIZE];
    int error = end < place || end - place < TAG_SIZE ? damaged(c->r, "ends within an array") : 0;

    error = error ? error : go(c, place);
    error = error ? error : take(c, bytes, sizeof bytes);
    if (error)
        return error;
    t->type = (uint32_t)whole_number(c->m, bytes, 4);
    t->size = whole_number(c->m, bytes + 4, 4);
    t->small = t->type >> 16 != 0;
    if (t->small) {
        t->size = t->type >> 16;
        t->type &= 0xffff;
        t->next = place + TAG_SIZE;
        return t->size <= 4 ? 0 : damaged(c->r, "has a damaged array");
    }
    t->next = place + TAG_SIZE + t->size;
    if (t->next > end)
        return damaged(c->r, "has an array that is larger than what it is in");
    if (t->type != MI_COMPRESSED && t->next % 8)
        t->next += 8 - t->next % 8;
    return 0;
}

static uint64_t data_of(uint64_t place, const tag *t) {
    return place + (t->small ? 4 : TAG_SIZE);
}

/* An element of a certain type with at most `room` bytes, in `out`. */
static int read_small(context *c, uint64_t *place, uint64_t end, uint32_t type, void *out,
                      size_t room, size_t *size) {
    tag t;
    int error = read_tag(c, *place, end, &t);

    if (!error && (t.type != type || t.size > room))
        error = damaged(c->r, "has a damaged array");
    error = error ? error : go(c, data_of(*place, &t));
    error = error ? error : take(c, out, (size_t)t.size);
    if (error)
        return error;
    *size = (size_t)t.size;
    *place = t.next;
    return 0;
}

/* What stands before the elements of every array. */
typedef struct head {
    unsigned class, flags;
    size_t ndim;
    uint64_t dims[32], count; /* count saturates */
    char name[NAME_MOST + 1];
} head;

static int read_head(context *c, uint64_t *place, uint64_t end, head *h) {
    unsigned char flags[8], dims[128];
    size_t size = 0;
    int error = read_small(c, place, end, MI_UINT32, flags, sizeof flags, &size);

    if (!error && size != sizeof flags)
        error = damaged(c->r, "has a damaged array");
    error = error ? error : read_small(c, place, end, MI_INT32, dims, sizeof dims, &h->ndim);
    if (!error && (h->ndim % 4 || h->ndim < 8))
        error = damaged(c->r, "has a damaged array");
    size = 0;
    error = error ? error : read_small(c, place, end, MI_INT8, h->name, NAME_MOST, &size);
    if (error)
        return error;
    h->name[size] = '\0';
    const uint64_t word = whole_number(c->m, flags, 4);
    h->class = word & 0xff;
    h->flags = word >> 8 & 0xff;
    h->ndim /= 4;
    h->count = 1;
    for (size_t d = 0; d < h->ndim; d++) {
        h->dims[d] = whole_number(c->m, dims + 4 * d, 4);
        h->count = h->dims[d] && h->count > UINT32_MAX / h->dims[d] ? UINT64_MAX >> 8
                                                                    : h->count * h->dims[d];
    }
    return 0;
}

static int list(context *c, const char *name, ki_entry e) {
    e.info.name = ki_entry_name(name, strlen(name));
    e.at = c->top;
    return ki_entry_add(c->r, e, ENTRIES_MOST);
}

static int list_refused(context *c, const char *name, const char *why) {
    return list(c, name, (ki_entry){.refusal = why, .wanted = numbers});
}

/* numpy's kind and the bytes of stored numbers; 0 for other types. */
static char stored_kind(uint32_t type, size_t *item) {
    static const struct {
        char kind;
        unsigned char item;
    } types[] = {{0, 0},   {'i', 1}, {'u', 1}, {'i', 2}, {'u', 2}, {'i', 4}, {'u', 4},
                 {'f', 4}, {0, 0},   {'f', 8}, {0, 0},   {0, 0},   {'i', 8}, {'u', 8}};

    if (type >= sizeof types / sizeof *types)
        return 0;
    *item = types[type].item;
    return types[type].kind;
}

static int list_numbers(context *c, const char *name, const head *h, uint64_t place, uint64_t end) {
    ki_entry e = {.fortran = 1, .swapped = c->m->swapped};
    tag t;

    if (h->flags & FLAG_COMPLEX)
        return list_refused(c, name, "holds complex numbers");
    if (h->ndim > 4)
        return list_refused(c, name, "has more than 4 dimensions");
    int error = read_tag(c, place, end, &t);
    if (error)
        return error;
    e.kind = stored_kind(t.type, &e.item);
    if (!e.kind || t.size % e.item || t.size / e.item != h->count)
        return damaged(c->r, "has an array of another size than its shape says");
    e.info.ndim = (int)h->ndim;
    for (size_t d = 0; d < h->ndim; d++)
        e.info.shape[d] = (size_t)h->dims[d];
    if (h->flags & FLAG_LOGICAL && e.item == 1)
        e.kind = 'b';
    e.info.type = e.kind == 'f' ? KI_FLOAT64 : e.item == 1 && e.kind != 'u' ? KI_INT8 : KI_INT64;
    e.head = (size_t)data_of(place, &t);
    e.size = t.size;
    return list(c, name, e);
}

static int list_array(context *c, const char *name, uint64_t place, uint64_t end, int depth,
                      uint64_t *next);

/* Arrays in a row, as cells and fields are; `label` makes the name of the k-th. */
static int list_cells(context *c, const char *name, const head *h, uint64_t place, uint64_t end,
                      int depth) {
    char label[PATH_MOST];
    int error = 0;

    if (h->count > (end - place) / TAG_SIZE)
        return damaged(c->r, "has more cells than bytes");
    for (uint64_t k = 0; !error && k < h->count; k++) {
        snprintf(label, sizeof label, "%s{%llu}", name, (unsigned long long)k + 1);
        error = list_array(c, label, place, end, depth + 1, &place);
    }
    return error;
}

static int list_fields(context *c, const char *name, const head *h, uint64_t place, uint64_t end,
                       int depth) {
    unsigned char bytes[4];
    size_t size = 0;
    tag t;
    char label[PATH_MOST];
    int error = read_small(c, &place, end, MI_INT32, bytes, sizeof bytes, &size);

    if (error)
        return error;
    const uint64_t length = size == 4 ? whole_number(c->m, bytes, 4) : 0;
    error = read_tag(c, place, end, &t);
    if (error)
        return error;
    if (t.type != MI_INT8 || length < 1 || length > NAME_MOST + 1 || t.size % length ||
        t.size / length > FIELDS_MOST)
        return damaged(c->r, "has a damaged structure");
    const uint64_t fields = t.size / length;
    if (h->count && fields > (end - t.next) / TAG_SIZE / h->count)
        return damaged(c->r, "has more fields than bytes");
    char *names = ki_alloc((size_t)t.size, 1);
    if (!names)
        return ki_reader_no_memory(c->r);
    error = go(c, data_of(place, &t));
    error = error ? error : take(c, names, (size_t)t.size);
    place = t.next;
    for (uint64_t k = 0; !error && k < h->count * fields; k++) {
        const char *field = names + k % fields * length;
        const void *stop = memchr(field, 0, (size_t)length);
        const int used = (int)(stop ? (const char *)stop - field : (ptrdiff_t)length);

        if (h->count == 1)
            snprintf(label, sizeof label, "%s.%.*s", name, used, field);
        else
            snprintf(label, sizeof label, "%s(%llu).%.*s", name,
                     (unsigned long long)(k / fields) + 1, used, field);
        error = list_array(c, label, place, end, depth + 1, &place);
    }
    ki_free(names);
    return error;
}

static int list_array(context *c, const char *name, uint64_t place, uint64_t end, int depth,
                      uint64_t *next) {
    head h = {0};
    tag t;
    int error = read_tag(c, place, end, &t);

    if (!error && t.type != MI_MATRIX)
        error = damaged(c->r, "has an element where an array should be");
    if (error)
        return error;
    *next = t.next;
    if (t.size == 0) /* an empty cell */
        return list(c, name,
                    (ki_entry){.info = {.type = KI_FLOAT64, .ndim = 2}, .kind = 'f', .item = 8});
    const uint64_t stop = place + TAG_SIZE + t.size;
    place += TAG_SIZE;
    error = read_head(c, &place, stop, &h);
    if (error)
        return error;
    if (h.name[0] && !depth)
        name = h.name;
    if (depth == DEEPEST)
        return list_refused(c, name, "is too deep in other arrays");
    if (h.class == MX_CELL)
        return list_cells(c, name, &h, place, stop, depth);
    if (h.class == MX_STRUCT)
        return list_fields(c, name, &h, place, stop, depth);
    if (h.class >= MX_DOUBLE && h.class <= MX_UINT64)
        return list_numbers(c, name, &h, place, stop);
    return list_refused(c, name,
                        h.class == MX_SPARSE ? "is sparse (full(x) is not)"
                        : h.class == MX_CHAR ? "holds text"
                                             : "is no array of numbers");
}

/* Where the variable is whose tag stands at `at`; *next is where the one after it is. */
static int find_top(ki_reader *r, uint64_t at, uint64_t *next) {
    mat_file *m = r->state;
    unsigned char bytes[TAG_SIZE];
    ki_entry e = {.info = {.name = "of a .mat file"}, .at = at};
    int error = ki_source_read(&r->source, at, bytes, sizeof bytes);

    if (error)
        return error;
    const uint64_t type = whole_number(m, bytes, 4), size = whole_number(m, bytes + 4, 4);
    if (type != MI_MATRIX && type != MI_COMPRESSED)
        return damaged(r, "has an element where an array should be");
    if (size > r->source.size - at - TAG_SIZE || (type == MI_COMPRESSED && size < 2))
        return damaged(r, "was cut off");
    *next = at + TAG_SIZE + size;
    e.packed = e.size = size + TAG_SIZE;
    if (type == MI_COMPRESSED) { /* a zlib stream: deflated bytes behind two others */
        e.at += TAG_SIZE + 2;
        e.packed = size - 2;
        e.size = e.packed * KI_RATIO_MAX + TAG_SIZE;
        e.deflated = 1;
    }
    if (m->n == m->room) {
        const size_t room = m->room ? 2 * m->room : 16;
        ki_entry *tops = ki_alloc(room, sizeof *tops);

        if (!tops)
            return ki_reader_no_memory(r);
        if (m->n)
            memcpy(tops, m->tops, m->n * sizeof *tops);
        leave(m); /* its stream borrows an entry */
        ki_free(m->tops);
        m->tops = tops;
        m->room = room;
    }
    m->tops[m->n++] = e;
    return 0;
}

static int open_mat(ki_reader *r) {
    mat_file *m = ki_alloc(1, sizeof *m);
    char order[2];
    int error;

    if (!m)
        return ki_reader_no_memory(r);
    m->tops = NULL;
    m->n = m->room = 0;
    m->open = 0;
    r->state = m;
    error = ki_source_read(&r->source, HEADER_SIZE - 2, order, sizeof order);
    m->swapped = order[0] == 'M';
    for (uint64_t at = HEADER_SIZE, next = 0; !error && at < r->source.size; at = next) {
        if (r->source.size - at < TAG_SIZE)
            return damaged(r, "was cut off");
        error = find_top(r, at, &next);
        if (!error) {
            context c = {r, m, m->n - 1};
            uint64_t behind;

            error = list_array(&c, "unnamed", 0, m->tops[c.top].size, 0, &behind);
        }
    }
    return error;
}

typedef struct numbers_at {
    context c;
    ki_entry straight;
} numbers_at;

static int next_numbers(void *state, size_t n, void *out) {
    numbers_at *x = state;
    const size_t most = KI_READ_BUFFER / 8;
    int error = 0;

    for (size_t done = 0, part; !error && done < n; done += part) {
        part = n - done < most ? n - done : most;
        error = take(&x->c, x->c.m->scratch, part * x->straight.item);
        if (!error)
            error = ki_elements_put(x->c.r, &x->straight, done, part, x->c.m->scratch, out, NULL);
    }
    return error;
}

static numbers_at numbers_of(ki_reader *r, const ki_entry *e) {
    numbers_at x = {.c = {r, r->state, (size_t)e->at}, .straight = *e};

    x.straight.fortran = 0;
    return x;
}

static int parts_mat(ki_reader *r, const ki_entry *e, ki_part_fn fn, void *user) {
    numbers_at x = numbers_of(r, e);
    int error = ki_entry_count(&e->info, e->item) ? go(&x.c, e->head) : 0;

    return error ? error : ki_parts_in_order(r, e, next_numbers, &x, fn, user);
}

static int read_mat(ki_reader *r, const ki_entry *e, void *out) {
    mat_file *m = r->state;
    context c = {r, m, (size_t)e->at};
    const uint64_t count = ki_entry_count(&e->info, e->item);
    int error = count ? go(&c, e->head) : 0;

    for (uint64_t done = 0, part; !error && done < count; done += part) {
        part = count - done < KI_READ_BUFFER / 8 ? count - done : KI_READ_BUFFER / 8;
        error = take(&c, m->scratch, (size_t)part * e->item);
        if (!error)
            error = ki_elements_put(r, e, done, (size_t)part, m->scratch, out, NULL);
    }
    return error;
}

static void close_mat(ki_reader *r) {
    mat_file *m = r->state;

    if (!m)
        return;
    leave(m);
    ki_free(m->tops);
    ki_free(m);
    r->state = NULL;
}

/* Version 1.0 and the mark of the byte order, behind 124 bytes of text. */
static int probe(const ki_source *source, int *mine) {
    unsigned char b[4];
    int error;

    *mine = 0;
    if (source->size < HEADER_SIZE)
        return 0;
    error = ki_source_read(source, HEADER_SIZE - sizeof b, b, sizeof b);
    *mine = !error && (memcmp(b, "\0\1IM", 4) == 0 || memcmp(b, "\1\0MI", 4) == 0);
    return error;
}

const ki_reader_format ki_mat_reader = {
    .probe = probe, .open = open_mat, .read = read_mat, .parts = parts_mat, .close = close_mat};
