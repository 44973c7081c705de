/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading ZIP files by their central directory, as APPNOTE.TXT 4.3 to 4.5 has it: stored and
 * deflated members, and the 64-bit records. What stands in local headers is not needed but for its
 * length. */
#include "io/read/reader.h"

#include "base/memory.h"

#include <string.h>

enum {
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    CENTRAL_SIZE = 46,
    LOCAL_SIZE = 30,
    COMMENT_MAX = 0xffff,
    MEMBERS_MAX = 10000 /* looking for equal names is quadratic */
};

/* Where the central directory is. */
typedef struct directory {
    uint64_t start, size, members;
    uint64_t limit; /* where the end records begin */
} directory;

static uint64_t little(const unsigned char *bytes, int n) {
    uint64_t value = 0;

    for (int i = 0; i < n; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

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
    at = little(locator + 8, 8);
    if (memcmp(locator, "PK\6\7", 4) != 0 || at > end - LOCATOR_SIZE - END64_SIZE)
        return damaged(r, "its zip directory is damaged");
    error = ki_source_read(&r->source, at, record, sizeof record);
    if (error)
        return error;
    if (memcmp(record, "PK\6\6", 4) != 0)
        return damaged(r, "its zip directory is damaged");
    d->members = little(record + 32, 8);
    d->size = little(record + 40, 8);
    d->start = little(record + 48, 8);
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

        if (memcmp(p, "PK\5\6", 4) == 0 && little(p + 20, 2) == i - END_SIZE) {
            end = p;
            at = size - i;
        }
    }
    if (!error && !end)
        error = damaged(r, "its zip directory is missing, so it was cut off or damaged");
    if (!error) {
        d->members = little(end + 10, 2);
        d->size = little(end + 12, 4);
        d->start = little(end + 16, 4);
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
        uint64_t tag = little(extra + at, 2);
        size_t size = (size_t)little(extra + at + 2, 2);
        size_t used = 0;

        at += 4;
        if (size > length - at)
            return -1;
        for (int k = 0; tag == 1 && k < 3; k++) {
            if (*fields[k] != 0xffffffff)
                continue;
            if (used + 8 > size)
                return -1;
            *fields[k] = little(extra + at + used, 8);
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
    name = (size_t)little(p + 28, 2);
    extra = (size_t)little(p + 30, 2);
    comment = (size_t)little(p + 32, 2);
    *used = CENTRAL_SIZE + name + extra + comment;
    if (*used > left)
        return damaged(r, "its zip directory is damaged");
    flags = little(p + 8, 2);
    method = little(p + 10, 2);
    e->zipped = 1;
    e->deflated = method == 8;
    e->refused = (flags & 1) || (method != 0 && method != 8);
    e->crc = (uint32_t)little(p + 16, 4);
    e->packed = little(p + 20, 4);
    e->size = little(p + 24, 4);
    e->at = little(p + 42, 4);
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

int ki_zip_list(ki_reader *r) {
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

static void *z_alloc(void *opaque, unsigned count, unsigned size) {
    (void)opaque;
    return ki_alloc(count, size);
}

static void z_free(void *opaque, void *p) {
    (void)opaque;
    ki_free(p);
}

void ki_zlib_memory(z_stream *z) {
    z->zalloc = z_alloc;
    z->zfree = z_free;
}

static int bad_member(const ki_stream *s, const char *why) {
    return ki_entry_fail(s->reader, s->entry, KI_ERR_FORMAT, why, "a whole file");
}

/* Finds the first byte behind the local header, and that the sizes can be true. */
static int open_member(ki_stream *s) {
    const ki_entry *e = s->entry;
    unsigned char local[LOCAL_SIZE];
    int error;

    if (e->refused)
        return ki_entry_fail(s->reader, e, KI_ERR_FORMAT,
                             "is encrypted or compressed in an unusual way",
                             "stored or deflated members, as numpy writes them");
    if (e->at > e->end || e->end - e->at < LOCAL_SIZE)
        return bad_member(s, "lies outside the file");
    error = ki_source_read(&s->reader->source, e->at, local, sizeof local);
    if (error)
        return error;
    if (memcmp(local, "PK\3\4", 4) != 0)
        return bad_member(s, "does not begin where the directory says");
    s->at = e->at + LOCAL_SIZE + little(local + 26, 2) + little(local + 28, 2);
    if (s->at > e->end || e->packed > e->end - s->at)
        return bad_member(s, "reaches beyond the end of the file");
    if (e->deflated ? e->size / KI_RATIO_MAX > e->packed : e->size != e->packed)
        return bad_member(s, "claims to be larger than its bytes can be");
    return 0;
}

int ki_stream_open(ki_stream *s, const ki_reader *r, const ki_entry *e) {
    int error = 0;

    memset(s, 0, sizeof *s);
    s->reader = r;
    s->entry = e;
    s->left = e->packed;
    s->due = e->size;
    if (e->zipped)
        error = open_member(s);
    if (error || !e->deflated)
        return error;
    s->buffer = ki_alloc(KI_READ_BUFFER, 1);
    ki_zlib_memory(&s->z);
    if (!s->buffer || inflateInit2(&s->z, -MAX_WBITS) != Z_OK) {
        ki_free(s->buffer);
        s->buffer = NULL;
        return ki_reader_no_memory(r);
    }
    return 0;
}

static int inflate_some(ki_stream *s, unsigned char *out, size_t size, size_t *made) {
    int status;

    if (s->z.avail_in == 0 && s->left > 0) {
        size_t take = s->left < KI_READ_BUFFER ? (size_t)s->left : KI_READ_BUFFER;
        int error = ki_source_read(&s->reader->source, s->at, s->buffer, take);

        if (error)
            return error;
        s->at += take;
        s->left -= take;
        s->z.next_in = s->buffer;
        s->z.avail_in = (uInt)take;
    }
    s->z.next_out = out;
    s->z.avail_out = size < KI_READ_BUFFER ? (uInt)size : KI_READ_BUFFER;
    size = s->z.avail_out;
    status = inflate(&s->z, Z_NO_FLUSH);
    *made = size - s->z.avail_out;
    if (status == Z_MEM_ERROR)
        return ki_reader_no_memory(s->reader);
    if (status != Z_OK && status != Z_STREAM_END)
        return bad_member(s, "is damaged: its compressed bytes make no sense");
    if (*made == 0 && (status == Z_STREAM_END || s->left == 0))
        return bad_member(s, "is damaged: its compressed bytes end too early");
    return 0;
}

int ki_stream_read(ki_stream *s, void *out, size_t size) {
    unsigned char *to = out;

    if (size > s->due)
        return bad_member(s, "ends too early");
    s->due -= size;
    while (size > 0) {
        size_t made = size;
        int error;

        if (s->entry->deflated) {
            error = inflate_some(s, to, size, &made);
        } else {
            error = ki_source_read(&s->reader->source, s->at, to, size);
            s->at += size;
            s->left -= size;
        }
        if (error)
            return error;
        if (s->entry->zipped && made > 0)
            s->crc = (uint32_t)crc32_z(s->crc, to, made);
        to += made;
        size -= made;
    }
    return 0;
}

int ki_stream_finish(ki_stream *s) {
    if (s->due > 0)
        return bad_member(s, "has bytes behind its elements");
    if (s->entry->zipped && s->crc != s->entry->crc)
        return bad_member(s, "is damaged: its checksum is wrong");
    return 0;
}

void ki_stream_close(ki_stream *s) {
    if (s->buffer)
        inflateEnd(&s->z);
    ki_free(s->buffer);
    s->buffer = NULL;
}
