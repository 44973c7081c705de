/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of arrays: those of a bare file, and of stored and deflated members of a ZIP file. */
#include "io/read/stream.h"

#include "base/memory.h"
#include "io/read/elements.h"

#include <string.h>

enum { LOCAL_SIZE = 30 }; /* of the header before a member, without names */

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

    if (e->at > e->end || e->end - e->at < LOCAL_SIZE)
        return bad_member(s, "lies outside the file");
    error = ki_source_read(&s->reader->source, e->at, local, sizeof local);
    if (error)
        return error;
    if (memcmp(local, "PK\3\4", 4) != 0)
        return bad_member(s, "does not begin where the directory says");
    s->at = e->at + LOCAL_SIZE + ki_little_endian(local + 26, 2) + ki_little_endian(local + 28, 2);
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
