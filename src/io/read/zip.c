/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading ZIP files by their central directory, as APPNOTE.TXT 4.3 to 4.5 has it: stored and
 * deflated members, and the 64-bit records. What stands in local headers is not needed but for its
 * length. */
#include "base/memory.h"
#include "io/read/elements.h"
#include "io/read/formats.h"
#include "io/read/npy.h"

#include <string.h>

enum {
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    CENTRAL_SIZE = 46,
    COMMENT_MAX = 0xffff,
    MEMBERS_MAX = 10000 /* looking for equal names is quadratic */
};

/* Where the central directory is. */
typedef struct directory {
    uint64_t start, size, members;
    uint64_t limit; /* where the end records begin */
} directory;

static int damaged(const ki_reader *r, const char *why) {
    return ki_io_fail(KI_ERR_FORMAT, r->path, why, "a whole .npz file as numpy writes it");
}

/* The 64-bit end record, which stands before its locator. */
static int find_end64(const ki_reader *r, uint64_t end, directory *d) {
    unsigned char locator[LOCATOR_SIZE], record[END64_SIZE];
    uint64_t at;
    int error;

    if (end < LOCATOR_SIZE + END64_SIZE)
        return damaged(r, "its zip directory is damaged");
    error = ki_source_read(&r->source, end - LOCATOR_SIZE, locator, sizeof locator);
    if (error)
        return error;
    at = ki_little_endian(locator + 8, 8);
    if (memcmp(locator, "PK\6\7", 4) != 0 || at > end - LOCATOR_SIZE - END64_SIZE)
        return damaged(r, "its zip directory is damaged");
    error = ki_source_read(&r->source, at, record, sizeof record);
    if (error)
        return error;
    if (memcmp(record, "PK\6\6", 4) != 0)
        return damaged(r, "its zip directory is damaged");
    d->members = ki_little_endian(record + 32, 8);
    d->size = ki_little_endian(record + 40, 8);
    d->start = ki_little_endian(record + 48, 8);
    d->limit = at;
    return 0;
}

/* The end record is at the end of the file but for a comment. */
static int find_end(const ki_reader *r, directory *d) {
    uint64_t size = r->source.size;
    size_t tail = size < END_SIZE + COMMENT_MAX ? (size_t)size : END_SIZE + COMMENT_MAX;
    unsigned char *bytes = ki_alloc(tail, 1);
    const unsigned char *end = NULL;
    uint64_t at = 0;
    int error;

    if (!bytes)
        return ki_reader_no_memory(r);
    error = ki_source_read(&r->source, size - tail, bytes, tail);
    for (size_t i = END_SIZE; !error && !end && i <= tail; i++) {
        const unsigned char *p = bytes + tail - i;

        if (memcmp(p, "PK\5\6", 4) == 0 && ki_little_endian(p + 20, 2) == i - END_SIZE) {
            end = p;
            at = size - i;
        }
    }
    if (!error && !end)
        error = damaged(r, "its zip directory is missing, so it was cut off or damaged");
    if (!error) {
        d->members = ki_little_endian(end + 10, 2);
        d->size = ki_little_endian(end + 12, 4);
        d->start = ki_little_endian(end + 16, 4);
        d->limit = at;
        if (d->members == 0xffff || d->size == 0xffffffff || d->start == 0xffffffff)
            error = find_end64(r, at, d);
    }
    ki_free(bytes);
    if (!error && (d->start > d->limit || d->size > d->limit - d->start))
        error = damaged(r, "its zip directory is damaged");
    if (!error && d->members > d->size / CENTRAL_SIZE)
        error = damaged(r, "its zip directory is damaged");
    if (!error && d->members > MEMBERS_MAX)
        error = ki_io_fail(KI_ERR_FORMAT, r->path, "has more than 10000 members",
                           "fewer and larger arrays");
    return error;
}

/* Sizes and offset that did not fit 32 bits, in this order, in the extra field with tag 1. */
static int read_large(const unsigned char *extra, size_t length, ki_entry *e) {
    uint64_t *const fields[] = {&e->size, &e->packed, &e->at};
    size_t at = 0;

    while (length - at >= 4) {
        uint64_t tag = ki_little_endian(extra + at, 2);
        size_t size = (size_t)ki_little_endian(extra + at + 2, 2);
        size_t used = 0;

        at += 4;
        if (size > length - at)
            return -1;
        for (int k = 0; tag == 1 && k < 3; k++) {
            if (*fields[k] != 0xffffffff)
                continue;
            if (used + 8 > size)
                return -1;
            *fields[k] = ki_little_endian(extra + at + used, 8);
            used += 8;
        }
        if (tag == 1)
            return 0;
        at += size;
    }
    return e->size == 0xffffffff || e->packed == 0xffffffff || e->at == 0xffffffff ? -1 : 0;
}

/* One record of the directory; *used becomes its length. */
static int read_central(const ki_reader *r, const directory *d, const unsigned char *p, size_t left,
                        ki_entry *e, size_t *used) {
    size_t name, extra, comment;
    const char *text = (const char *)p + CENTRAL_SIZE;
    uint64_t flags, method;

    if (left < CENTRAL_SIZE || memcmp(p, "PK\1\2", 4) != 0)
        return damaged(r, "its zip directory is damaged");
    name = (size_t)ki_little_endian(p + 28, 2);
    extra = (size_t)ki_little_endian(p + 30, 2);
    comment = (size_t)ki_little_endian(p + 32, 2);
    *used = CENTRAL_SIZE + name + extra + comment;
    if (*used > left)
        return damaged(r, "its zip directory is damaged");
    flags = ki_little_endian(p + 8, 2);
    method = ki_little_endian(p + 10, 2);
    e->zipped = 1;
    e->deflated = method == 8;
    if ((flags & 1) || (method != 0 && method != 8)) {
        e->refusal = "is encrypted or compressed in an unusual way";
        e->wanted = "stored or deflated members, as numpy writes them";
    }
    e->crc = (uint32_t)ki_little_endian(p + 16, 4);
    e->packed = ki_little_endian(p + 20, 4);
    e->size = ki_little_endian(p + 24, 4);
    e->at = ki_little_endian(p + 42, 4);
    e->end = d->start;
    if (read_large(p + CENTRAL_SIZE + name, extra, e) || memchr(text, 0, name))
        return damaged(r, "its zip directory is damaged");
    if (name >= 4 && memcmp(text + name - 4, ".npy", 4) == 0)
        name -= 4;
    e->info.name = ki_entry_name(text, name);
    return e->info.name ? 0 : ki_reader_no_memory(r);
}

static int distinct(const ki_reader *r) {
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(r->entries[i].info.name, r->entries[k].info.name) == 0)
                return ki_entry_fail(r, &r->entries[i], KI_ERR_FORMAT, "is there twice",
                                     "each name once");
    return 0;
}

static int list_members(ki_reader *r) {
    directory d = {0};
    unsigned char *bytes = NULL;
    size_t at = 0;
    int error = find_end(r, &d);

    if (error)
        return error;
    bytes = ki_alloc((size_t)d.size, 1);
    r->entries = ki_alloc((size_t)d.members, sizeof *r->entries);
    if (!bytes || !r->entries)
        error = ki_reader_no_memory(r);
    else
        error = ki_source_read(&r->source, d.start, bytes, (size_t)d.size);
    while (!error && r->n < d.members) {
        size_t used = 0;
        ki_entry e = {0};

        error = read_central(r, &d, bytes + at, (size_t)d.size - at, &e, &used);
        if (!error)
            r->entries[r->n++] = e;
        at += used;
    }
    if (!error && at != d.size)
        error = damaged(r, "its zip directory is damaged");
    ki_free(bytes);
    return error ? error : distinct(r);
}

static int is_damage(int error) {
    return error == KI_ERR_FORMAT || error == KI_ERR_UNSUPPORTED;
}

/* What cannot be read is listed all the same; the reason comes again when it is asked for. */
static int list_heads(ki_reader *r) {
    for (size_t i = 0; i < r->n; i++) {
        ki_entry *e = &r->entries[i];
        int error = e->refusal ? 0 : ki_npy_head(r, e);

        if (error && !is_damage(error))
            return error;
        if (error)
            e->info = (ki_array){.name = e->info.name};
    }
    return 0;
}

static int open_zip(ki_reader *r) {
    int error = list_members(r);

    return error ? error : list_heads(r);
}

/* A member, or the end of an archive of none. */
static int probe(const ki_source *source, int *mine) {
    char magic[4];
    int error = 0;

    if (source->size < sizeof magic)
        return 0;
    error = ki_source_read(source, 0, magic, sizeof magic);
    *mine = !error && (memcmp(magic, "PK\3\4", 4) == 0 || memcmp(magic, "PK\5\6", 4) == 0);
    return error;
}

const ki_reader_format ki_npz_reader = {
    .probe = probe, .open = open_zip, .read = ki_npy_read, .parts = ki_npy_parts};
