/* SPDX-License-Identifier: BSD-3-Clause */
/* NPZ: a ZIP file of stored (uncompressed) members, each one array in numpy's NPY format 1.0.
 * Sources: numpy's "NPY format" page; PKWARE's APPNOTE.TXT sections 4.3 to 4.5. Time stamps are the
 * earliest a ZIP can say, so that the same arrays give the same bytes. */
#include "base/memory.h"
#include "io/file/failure.h"
#include "io/file/utf8.h"
#include "io/write/formats.h"
#include "io/write/npz.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#if defined(__BYTE_ORDER__)
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "elements are written as they lie in memory, which NPY '<' types need little-endian");
#endif

enum {
    NPY_HEADER_MAX = 256,
    BLOCK_BYTES = 1 << 18, /* of an array that is made while it is written */
    NAME_MAX_BYTES = 260,  /* a name of at most 255 and ".npy" */
    DOS_DATE = 1 << 5 | 1  /* 1980-01-01 */
};

typedef struct member {
    uint64_t size;
    uint64_t offset;
    uint32_t crc;
} member;

typedef struct npz {
    ki_atomic *out;
    uint64_t at; /* bytes written so far */
    uint64_t zip64_from;
    void *block; /* [BLOCK_BYTES]; NULL if every array is in memory */
} npz;

/* A record under construction. */
typedef struct record {
    unsigned char byte[512];
    size_t used;
} record;

static void put(record *r, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        r->byte[r->used++] = (unsigned char)(value >> 8 * i & 0xff);
}

static void put_bytes(record *r, const char *bytes, size_t size) {
    memcpy(r->byte + r->used, bytes, size);
    r->used += size;
}

static int emit(npz *z, const void *data, size_t size) {
    z->at += size;
    return ki_atomic_write(z->out, data, size);
}

/* Takes the bytes of a member: first for the checksum, which precedes them, then for the file. */
typedef int (*sink_fn)(void *ctx, const void *data, size_t size);

static int sink_crc(void *ctx, const void *data, size_t size) {
    uint32_t *crc = ctx;

    if (size > 0) /* crc32_z starts anew when given NULL, the data of an empty array */
        *crc = (uint32_t)crc32_z(*crc, data, size);
    return 0;
}

static int sink_file(void *ctx, const void *data, size_t size) {
    return emit(ctx, data, size);
}

static const char *string_at(const ki_array *a, size_t i) {
    return ((const char *const *)a->data)[i];
}

/* Code points of the longest string; 1 at least, as numpy has it. */
static size_t string_width(const ki_array *a, size_t count) {
    size_t width = 1;

    for (size_t i = 0; i < count; i++) {
        const char *s = string_at(a, i);
        size_t points = 0;

        while (ki_utf8_next(&s) > 0)
            points++;
        if (points > width)
            width = points;
    }
    return width;
}

/* numpy's '<U' elements: UTF-32, padded with zeros to one width. */
static int send_strings(const ki_array *a, size_t count, size_t width, sink_fn sink, void *ctx) {
    uint32_t block[1024];
    size_t used = 0;
    int error = 0;

    for (size_t i = 0; i < count && !error; i++) {
        const char *s = string_at(a, i);

        for (size_t k = 0; k < width && !error; k++) {
            block[used++] = *s ? (uint32_t)ki_utf8_next(&s) : 0;
            if (used == sizeof block / sizeof *block) {
                error = sink(ctx, block, sizeof block);
                used = 0;
            }
        }
    }
    return error ? error : sink(ctx, block, used * sizeof *block);
}

/* The elements of an array, `item` bytes each, `width` characters if they are strings. */
static int send_elements(const npz *z, const ki_array *a, const ki_array_source *source,
                         size_t item, size_t width, sink_fn sink, void *ctx) {
    const size_t count = ki_array_count(a), most = BLOCK_BYTES / item;
    int error = 0;

    if (a->type == KI_STRING)
        return send_strings(a, count, width, sink, ctx);
    if (!source)
        return sink(ctx, a->data, count * item);
    for (size_t first = 0, part; first < count && !error; first += part) {
        part = count - first < most ? count - first : most;
        error = source->read(source->user, first, part, z->block);
        error = error ? error : sink(ctx, z->block, part * item);
    }
    return error;
}

/* The NPY header: magic, version, and a Python dict padded so that the data starts at 64 n. */
static size_t npy_header(const ki_array *a, size_t width, char header[NPY_HEADER_MAX]) {
    char type[32];
    size_t used = 10;
    size_t text;

    if (a->type == KI_STRING)
        snprintf(type, sizeof type, "<U%zu", width);
    else
        snprintf(type, sizeof type, "%s",
                 a->type == KI_FLOAT64 ? "<f8"
                 : a->type == KI_INT64 ? "<i8"
                                       : "|i1");
    used += (size_t)snprintf(header + used, NPY_HEADER_MAX - used,
                             "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
    for (int d = 0; d < a->ndim; d++)
        used += (size_t)snprintf(header + used, NPY_HEADER_MAX - used, d ? " %zu," : "%zu,",
                                 a->shape[d]);
    if (a->ndim > 1) /* "(3, 4)" but "(3,)": Python reads both, numpy writes these */
        used--;
    used += (size_t)snprintf(header + used, NPY_HEADER_MAX - used, "), }");
    while (used % 64 != 63)
        header[used++] = ' ';
    header[used++] = '\n';
    text = used - 10;
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(text & 0xff);
    header[9] = (char)(text >> 8);
    return used;
}

static size_t member_name(const ki_array *a, char name[NAME_MAX_BYTES]) {
    return (size_t)snprintf(name, NAME_MAX_BYTES, "%s.npy", a->name);
}

/* The fields that local and central records share, from "version needed" to "extra length". */
static void put_common(record *r, const member *m, int large, size_t name, size_t extra) {
    uint64_t size = large ? UINT32_MAX : m->size;

    put(r, large ? 45 : 20, 2);
    put(r, 0, 2); /* flags */
    put(r, 0, 2); /* method: stored */
    put(r, 0, 2); /* time */
    put(r, DOS_DATE, 2);
    put(r, m->crc, 4);
    put(r, size, 4); /* compressed */
    put(r, size, 4); /* and not */
    put(r, name, 2);
    put(r, extra, 2);
}

static int local_record(npz *z, const ki_array *a, const member *m) {
    char name[NAME_MAX_BYTES];
    size_t length = member_name(a, name);
    int large = m->size >= z->zip64_from;
    record r = {.used = 0};

    put(&r, 0x04034b50, 4);
    put_common(&r, m, large, length, large ? 20 : 0);
    put_bytes(&r, name, length);
    if (large) {
        put(&r, 0x0001, 2);
        put(&r, 16, 2);
        put(&r, m->size, 8);
        put(&r, m->size, 8);
    }
    return emit(z, r.byte, r.used);
}

static int central_record(npz *z, const ki_array *a, const member *m) {
    char name[NAME_MAX_BYTES];
    size_t length = member_name(a, name);
    int large = m->size >= z->zip64_from || m->offset >= z->zip64_from;
    record r = {.used = 0};

    put(&r, 0x02014b50, 4);
    put(&r, 3 << 8 | 45, 2); /* made on Unix, so that the permissions below count */
    put_common(&r, m, large, length, large ? 28 : 0);
    put(&r, 0, 2); /* comment */
    put(&r, 0, 2); /* disk */
    put(&r, 0, 2); /* internal attributes */
    put(&r, UINT64_C(0100644) << 16, 4);
    put(&r, large ? UINT32_MAX : m->offset, 4);
    put_bytes(&r, name, length);
    if (large) {
        put(&r, 0x0001, 2);
        put(&r, 24, 2);
        put(&r, m->size, 8);
        put(&r, m->size, 8);
        put(&r, m->offset, 8);
    }
    return emit(z, r.byte, r.used);
}

static int end_records(npz *z, uint64_t members, uint64_t start) {
    uint64_t end = z->at;
    uint64_t size = end - start;
    int large = members >= UINT16_MAX || end >= z->zip64_from;
    record r = {.used = 0};

    if (large) {
        put(&r, 0x06064b50, 4);
        put(&r, 44, 8); /* what follows in this record */
        put(&r, 3 << 8 | 45, 2);
        put(&r, 45, 2);
        put(&r, 0, 4);
        put(&r, 0, 4);
        put(&r, members, 8);
        put(&r, members, 8);
        put(&r, size, 8);
        put(&r, start, 8);
        put(&r, 0x07064b50, 4);
        put(&r, 0, 4);
        put(&r, end, 8);
        put(&r, 1, 4);
    }
    put(&r, 0x06054b50, 4);
    put(&r, 0, 4); /* disks */
    put(&r, large ? UINT16_MAX : members, 2);
    put(&r, large ? UINT16_MAX : members, 2);
    put(&r, large ? UINT32_MAX : size, 4);
    put(&r, large ? UINT32_MAX : start, 4);
    put(&r, 0, 2); /* comment */
    return emit(z, r.byte, r.used);
}

static int write_member(npz *z, const ki_array *a, const ki_array_source *source, member *m) {
    char header[NPY_HEADER_MAX];
    size_t count = ki_array_count(a);
    size_t width = a->type == KI_STRING ? string_width(a, count) : 0;
    size_t item = a->type == KI_STRING ? 4 : a->type == KI_INT8 ? 1 : 8;
    size_t bytes;
    size_t length = npy_header(a, width, header);
    int error;

    if (width > 0 && count > 0 && width > SIZE_MAX / 4 / count)
        return ki_io_fail(KI_ERR_ARGUMENT, z->out->path,
                          "an array of strings is too large for numpy", "shorter strings, or .h5");
    bytes = count * item * (a->type == KI_STRING ? width : 1);
    m->size = length + (uint64_t)bytes;
    m->offset = z->at;
    m->crc = (uint32_t)crc32_z(0, (const unsigned char *)header, length);
    error = send_elements(z, a, source, item, width, sink_crc, &m->crc);
    if (!error)
        error = local_record(z, a, m);
    if (!error)
        error = emit(z, header, length);
    return error ? error : send_elements(z, a, source, item, width, sink_file, z);
}

int ki_npz_write(ki_atomic *out, const ki_content *content, uint64_t zip64_from) {
    npz z = {.out = out, .at = 0, .zip64_from = zip64_from};
    const size_t n = content->n;
    const ki_array *arrays = content->arrays;
    const ki_array last = {
        .name = "provenance", .type = KI_STRING, .ndim = 0, .data = &content->provenance};
    size_t members = n + (content->provenance ? 1 : 0);
    member *table = ki_alloc(members, sizeof *table);
    uint64_t start;
    int error = 0;

    for (size_t k = 0; k < n && !z.block && !error; k++)
        if (ki_content_source(content, k) && !(z.block = ki_alloc(BLOCK_BYTES, 1)))
            error = ki_io_no_memory(out->path, "writing");
    if (!table)
        error = ki_io_no_memory(out->path, "writing");
    for (size_t k = 0; k < members && !error; k++)
        error = write_member(&z, k < n ? &arrays[k] : &last,
                             k < n ? ki_content_source(content, k) : NULL, &table[k]);
    start = z.at;
    for (size_t k = 0; k < members && !error; k++)
        error = central_record(&z, k < n ? &arrays[k] : &last, &table[k]);
    if (!error)
        error = end_records(&z, members, start);
    ki_free(z.block);
    ki_free(table);
    return error;
}

static int write_npz(ki_atomic *out, const ki_content *content) {
    return ki_npz_write(out, content, KI_NPZ_ZIP64_FROM);
}

const ki_writer_format ki_npz_writer = {.ending = ".npz", .write = write_npz};
