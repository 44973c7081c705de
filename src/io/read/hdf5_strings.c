/* SPDX-License-Identifier: BSD-3-Clause */
/* Strings in HDF5. Those of variable length are a length and a place in a "global heap", which are read here from the
 * file itself: libhdf5 (1.10) copies what a heap has into the room of a length that says something else.
 * Source: HDF5 File Format Specification 3.0, sections III.E (global heap) and VIII. */
#include "io/read/hdf5_strings.h"

#ifdef KI_HAVE_HDF5

#include "base/memory.h"
#include "io/read/elements.h"
#include "io/read/hdf5_element.h"
#include "io/read/stream.h"

#include <hdf5.h>
#include <string.h>

enum {
    HEAP_HEAD = 16,    /* "GCOL", version, size */
    OBJECT_HEAD = 16,  /* index, references, size */
    OBJECTS = 1 << 16, /* of a heap */
    MOST_READ = 16     /* times the file, for all heaps that are looked into */
};

static int damaged(const ki_reader *r, const ki_entry *e, const char *why) {
    return ki_entry_fail(r, e, KI_ERR_FORMAT, why, "a whole file");
}

int ki_hdf5_read_fixed(const ki_reader *r, const ki_entry *e, int64_t set, void *out,
                       uint64_t count) {
    hid_t type = H5Dget_type(set);
    unsigned char *raw = ki_alloc((size_t)count, e->item);
    ki_strings strings = ki_strings_in(out, (size_t)count);
    int error = 0;

    if (!raw)
        error = ki_reader_no_memory(r);
    else if (type < 0 || H5Tget_size(type) != e->item ||
             (count && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0))
        error = ki_hdf5_fail_entry(r, e);
    for (uint64_t i = 0; !error && i < count; i++) {
        const unsigned char *text = raw + i * e->item;
        const unsigned char *end = memchr(text, 0, e->item);
        const char *why =
            ki_strings_add(&strings, (size_t)i, text, end ? (size_t)(end - text) : e->item);

        if (why)
            error = ki_entry_fail(r, e, KI_ERR_FORMAT, why, "strings of Unicode text");
    }
    ki_free(raw);
    if (type >= 0)
        H5Tclose(type);
    return error;
}

/* Undoes deflation: `size` bytes become `bytes`. */
static int inflate_chunk(const ki_reader *r, const ki_entry *e, const unsigned char *packed,
                         size_t size, unsigned char *out, size_t bytes) {
    z_stream z;

    memset(&z, 0, sizeof z);
    ki_zlib_memory(&z);
    if (size > UINT32_MAX || bytes > UINT32_MAX)
        return damaged(r, e, "has a chunk too large for zlib");
    if (inflateInit(&z) != Z_OK)
        return ki_reader_no_memory(r);
    z.next_in = (unsigned char *)packed; /* zlib does not write there */
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)bytes;
    const int status = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    if (status == Z_MEM_ERROR)
        return ki_reader_no_memory(r);
    return status == Z_STREAM_END && z.avail_out == 0
               ? 0
               : damaged(r, e, "is damaged: its compressed bytes make no sense");
}

/* The first bytes of all elements, then the second ones, ... put back into elements. */
static void unshuffle(unsigned char *to, const unsigned char *from, size_t bytes) {
    const size_t n = bytes / KI_HDF5_STRING_BYTES;

    for (size_t b = 0; b < KI_HDF5_STRING_BYTES; b++)
        for (size_t i = 0; i < n; i++)
            to[i * KI_HDF5_STRING_BYTES + b] = from[b * n + i];
}

/* A chunk as it is in the file becomes `bytes` bytes of elements in one of two rooms; the filters of writing, the last
 * one first. */
static int undo_filters(const ki_reader *r, const ki_entry *e, hid_t plist, unsigned mask,
                        size_t size, unsigned char *room[2], size_t bytes) {
    int error = 0;

    for (int k = H5Pget_nfilters(plist) - 1; k >= 0 && !error; k--) {
        unsigned flags, config;
        size_t values = 0;
        const H5Z_filter_t filter =
            H5Pget_filter2(plist, (unsigned)k, &flags, &values, NULL, 0, NULL, &config);
        unsigned char *from = room[0];

        if (mask & 1u << k)
            continue;
        if (filter == H5Z_FILTER_DEFLATE)
            error = inflate_chunk(r, e, from, size, room[1], bytes);
        else if (filter == H5Z_FILTER_SHUFFLE && size == bytes)
            unshuffle(room[1], from, bytes);
        else
            error = damaged(r, e, "is compressed by a filter other than gzip");
        size = bytes;
        room[0] = room[1];
        room[1] = from;
    }
    return error || size == bytes
               ? error
               : damaged(r, e, "is damaged: it is stored in fewer bytes than its shape needs");
}

/* Elements of chunk `index` into raw [count]. */
static int read_chunk(const ki_reader *r, const ki_entry *e, hid_t set, hid_t plist, hsize_t index,
                      unsigned char *raw, uint64_t count) {
    hsize_t offset = 0, size = 0, length = 0;
    haddr_t address = HADDR_UNDEF;
    unsigned mask = 0;
    hid_t space = H5Dget_space(set);
    const herr_t got = H5Dget_chunk_info(set, space, index, &offset, &mask, &address, &size);

    if (space >= 0)
        H5Sclose(space);
    if (got < 0 || H5Pget_chunk(plist, 1, &length) != 1 || offset >= count || length == 0 ||
        length > SIZE_MAX / KI_HDF5_STRING_BYTES || size > r->source.size)
        return damaged(r, e, "is damaged: its chunks make no sense");
    const size_t bytes = (size_t)length * KI_HDF5_STRING_BYTES;
    const size_t most = size > bytes ? (size_t)size : bytes;
    unsigned char *first = ki_alloc(most, 1), *second = ki_alloc(most, 1);
    unsigned char *room[2] = {first, second};
    int error = first && second ? ki_source_read(&r->source, address, first, (size_t)size)
                                : ki_reader_no_memory(r);

    error = error ? error : undo_filters(r, e, plist, mask, (size_t)size, room, bytes);
    if (!error) {
        const uint64_t n = length < count - offset ? length : count - offset;
        memcpy(raw + offset * KI_HDF5_STRING_BYTES, room[0], n * KI_HDF5_STRING_BYTES);
    }
    ki_free(first);
    ki_free(second);
    return error;
}

/* The elements as they are stored; what was never written is all zeros. */
static int read_stored(const ki_reader *r, const ki_entry *e, hid_t set, hid_t plist,
                       unsigned char *raw, uint64_t count) {
    const H5D_layout_t layout = H5Pget_layout(plist);
    hsize_t chunks = 0;
    int error = 0;

    memset(raw, 0, count * KI_HDF5_STRING_BYTES);
    if (layout == H5D_CONTIGUOUS) {
        const haddr_t at = H5Dget_offset(set);

        return at == HADDR_UNDEF
                   ? 0
                   : ki_source_read(&r->source, at, raw, count * KI_HDF5_STRING_BYTES);
    }
    if (layout != H5D_CHUNKED || e->info.ndim != 1)
        return ki_entry_fail(r, e, KI_ERR_FORMAT, "holds strings of variable length in chunks",
                             "one dimension of them, or strings of fixed length");
    hid_t space = H5Dget_space(set);
    if (H5Dget_num_chunks(set, space, &chunks) < 0)
        error = ki_hdf5_fail_entry(r, e);
    if (space >= 0)
        H5Sclose(space);
    for (hsize_t k = 0; k < chunks && !error; k++)
        error = read_chunk(r, e, set, plist, k, raw, count);
    return error;
}

/* The heap that was looked into last. */
typedef struct heap {
    uint64_t address, left; /* bytes that may still be read of heaps */
    unsigned char *bytes;
    size_t size, used;  /* objects are below `used` */
    size_t at[OBJECTS]; /* of each object, 0 if there is none */
} heap;

/* Reads a heap and finds its objects. */
static int open_heap(const ki_reader *r, const ki_entry *e, heap *h, uint64_t address) {
    unsigned char head[HEAP_HEAD];
    int error = ki_source_read(&r->source, address, head, sizeof head);

    memset(h->at, 0, h->used * sizeof *h->at);
    h->used = 0;
    h->address = 0;
    ki_free(h->bytes);
    h->bytes = NULL;
    if (error)
        return error;
    const uint64_t size = ki_little_endian(head + 8, 8);
    if (memcmp(head, "GCOL\1", 5) != 0 || size < HEAP_HEAD || size > h->left ||
        size > r->source.size - address)
        return damaged(r, e, "is damaged: its strings are not where it says");
    h->left -= size;
    h->bytes = ki_alloc((size_t)size, 1);
    if (!h->bytes)
        return ki_reader_no_memory(r);
    error = ki_source_read(&r->source, address, h->bytes, (size_t)size);
    h->size = (size_t)size;
    for (size_t at = HEAP_HEAD; !error && h->size - at >= OBJECT_HEAD;) {
        const size_t index = (size_t)ki_little_endian(h->bytes + at, 2);
        const uint64_t length = ki_little_endian(h->bytes + at + 8, 8);

        if (index == 0) /* what is free is at the end */
            break;
        if (length > h->size - at - OBJECT_HEAD)
            return damaged(r, e, "is damaged: its strings do not fit where they are");
        h->at[index] = at;
        h->used = index >= h->used ? index + 1 : h->used;
        at += OBJECT_HEAD + (size_t)length;
        at += at % 8 ? 8 - at % 8 : 0;
        at = at < h->size ? at : h->size;
    }
    h->address = error ? 0 : address;
    return error;
}

/* The text of a stored element; NULL and length 0 for none. */
static int find_text(const ki_reader *r, const ki_entry *e, heap *h, const unsigned char *element,
                     const unsigned char **text, size_t *length) {
    const uint64_t size = ki_little_endian(element, 4), address = ki_little_endian(element + 4, 8);
    const uint64_t index = ki_little_endian(element + 12, 4);
    int error = 0;

    *text = NULL;
    *length = 0;
    if (size == 0 || address == 0)
        return 0;
    if (address != h->address)
        error = open_heap(r, e, h, address);
    if (error)
        return error;
    if (index >= h->used || !h->at[index] ||
        size > ki_little_endian(h->bytes + h->at[index] + 8, 8))
        return damaged(r, e, "is damaged: its strings are not where it says");
    *text = h->bytes + h->at[index] + OBJECT_HEAD;
    *length = (size_t)size;
    return 0;
}

/* All texts: counted, or put into `out`. */
static int take_texts(const ki_reader *r, const ki_entry *e, heap *h, const unsigned char *raw,
                      uint64_t count, void *out, uint64_t *bytes) {
    ki_strings strings = {0};
    uint64_t used = 0;
    int error = 0;

    if (out)
        strings = ki_strings_in(out, (size_t)count);
    for (uint64_t i = 0; i < count && !error; i++) {
        const unsigned char *text;
        const char *why = NULL;
        size_t length;

        error = find_text(r, e, h, raw + i * KI_HDF5_STRING_BYTES, &text, &length);
        used += error ? 0 : length + 1;
        if (!error && out && used > *bytes)
            why = "was changed while it was read";
        else if (!error && out)
            why = ki_strings_add(&strings, (size_t)i, text ? text : raw, length);
        if (why)
            error = ki_entry_fail(r, e, KI_ERR_FORMAT, why, "strings of Unicode text");
    }
    /* The same text many times is not what programs write, and would take memory beyond the file's. */
    if (!error && used > r->source.size + count)
        error = damaged(r, e, "claims to be larger than its file can hold");
    if (!error && !out)
        *bytes = used;
    return error;
}

/* Places are 8 bytes, and counted from the beginning of the file. */
static int check_places(const ki_reader *r, const ki_entry *e) {
    const ki_hdf5_file *file = r->state;
    hid_t plist = H5Fget_create_plist(file->id);
    size_t address = 0, size = 0;
    hsize_t block = 1;
    const int good = plist >= 0 && H5Pget_sizes(plist, &address, &size) >= 0 && address == 8 &&
                     size == 8 && H5Pget_userblock(plist, &block) >= 0 && block == 0;

    if (plist >= 0)
        H5Pclose(plist);
    return good ? 0
                : ki_entry_fail(r, e, KI_ERR_FORMAT,
                                "holds strings of variable length in an unusual file",
                                "strings of fixed length");
}

int ki_hdf5_read_variable(const ki_reader *r, const ki_entry *e, int64_t set, void *out,
                          uint64_t *bytes) {
    const ki_hdf5_file *file = r->state;
    const uint64_t count = ki_entry_count(&e->info, KI_HDF5_STRING_BYTES);
    hid_t plist = H5Dget_create_plist(set);
    unsigned char *raw = ki_alloc((size_t)count, KI_HDF5_STRING_BYTES);
    heap *h = ki_alloc(1, sizeof *h);
    int error = plist < 0 ? ki_hdf5_fail_entry(r, e) : check_places(r, e);

    if (!error && (!raw || !h))
        error = ki_reader_no_memory(r);
    (void)H5Fflush(file->id, H5F_SCOPE_GLOBAL); /* of what this process writes there itself */
    error = error ? error : read_stored(r, e, set, plist, raw, count);
    if (!error) {
        memset(h, 0, sizeof *h);
        h->left = r->source.size < UINT64_MAX / MOST_READ ? MOST_READ * r->source.size : UINT64_MAX;
        error = take_texts(r, e, h, raw, count, out, bytes);
        ki_free(h->bytes);
    }
    ki_free(h);
    ki_free(raw);
    if (plist >= 0)
        H5Pclose(plist);
    return error;
}

#else

/* An ISO C file is not empty. */
typedef int ki_no_hdf5_strings;

#endif
