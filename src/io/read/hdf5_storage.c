/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the bytes of a dataset are as many as its shape says. HDF5 (1.10 at least) does not ask:
 * it reads beyond its buffers when a damaged shape is larger than the stored bytes, or when a chunk
 * is smaller after decompression than a chunk is. So each deflated chunk is inflated once more
 * here, only to be counted. */
#include "io/read/hdf5_storage.h"

#ifdef KI_HAVE_HDF5

#include "base/memory.h"
#include "io/read/stream.h"

#include <hdf5.h>
#include <string.h>

static const char short_of[] = "is damaged: it is stored in fewer bytes than its shape needs";

/* How chunks are packed. */
typedef struct pipeline {
    int deflate; /* place of that filter, -1 for none */
    int checksum;
} pipeline;

static const char *read_pipeline(hid_t plist, pipeline *p) {
    int n = H5Pget_nfilters(plist);

    *p = (pipeline){.deflate = -1, .checksum = 0};
    if (n < 0)
        return "is damaged";
    for (int k = 0; k < n; k++) {
        unsigned flags, config;
        size_t values = 0;
        H5Z_filter_t filter =
            H5Pget_filter2(plist, (unsigned)k, &flags, &values, NULL, 0, NULL, &config);

        if (filter == H5Z_FILTER_DEFLATE && p->deflate < 0)
            p->deflate = k;
        else if (filter == H5Z_FILTER_FLETCHER32)
            p->checksum = 1;
        else if (filter != H5Z_FILTER_SHUFFLE)
            return "is compressed by a filter other than gzip";
    }
    return NULL;
}

/* Bytes that `size` bytes of a zlib stream make; UINT64_MAX if more than `most`, or none. */
static int inflated_size(const ki_reader *r, const unsigned char *bytes, size_t size, uint64_t most,
                         unsigned char *scratch, uint64_t *out) {
    z_stream z;
    uint64_t made = 0;
    int status = Z_OK;

    *out = UINT64_MAX;
    if (size > UINT32_MAX)
        return 0;
    memset(&z, 0, sizeof z);
    ki_zlib_memory(&z);
    if (inflateInit(&z) != Z_OK)
        return ki_reader_no_memory(r);
    z.next_in = (unsigned char *)bytes; /* zlib does not write there */
    z.avail_in = (uInt)size;
    while (status == Z_OK && made <= most) {
        z.next_out = scratch;
        z.avail_out = KI_READ_BUFFER;
        status = inflate(&z, Z_NO_FLUSH);
        made += KI_READ_BUFFER - z.avail_out;
    }
    inflateEnd(&z);
    if (status == Z_MEM_ERROR)
        return ki_reader_no_memory(r);
    if (status == Z_STREAM_END && made <= most)
        *out = made;
    return 0;
}

/* A chunk of `bytes`; `scratch` as above. */
static int check_chunk(const ki_reader *r, const ki_entry *e, hid_t set, hsize_t index,
                       uint64_t bytes, const pipeline *p, unsigned char *scratch) {
    hsize_t offset[4] = {0}, size = 0;
    unsigned mask = 0;
    uint32_t skipped;
    haddr_t address;
    hid_t space = H5Dget_space(set);
    unsigned char *packed = NULL;
    uint64_t found;
    int error = 0;
    herr_t got = H5Dget_chunk_info(set, space, index, offset, &mask, &address, &size);

    if (space >= 0)
        H5Sclose(space);
    if (got < 0 || size > r->source.size)
        return ki_entry_fail(r, e, KI_ERR_FORMAT, short_of, "a whole file");
    found = size;
    if (p->deflate >= 0 && !(mask & 1u << p->deflate)) {
        packed = ki_alloc((size_t)size, 1);
        if (!packed)
            return ki_reader_no_memory(r);
        found = UINT64_MAX;
        if (H5Dread_chunk(set, H5P_DEFAULT, offset, &skipped, packed) >= 0)
            error = inflated_size(r, packed, (size_t)size, bytes + 4, scratch, &found);
        ki_free(packed);
    }
    if (!error && found != bytes && !(p->checksum && found == bytes + 4))
        error = ki_entry_fail(r, e, KI_ERR_FORMAT, short_of, "a whole file");
    return error;
}

static int check_chunks(const ki_reader *r, const ki_entry *e, hid_t set, hid_t plist) {
    hsize_t shape[4] = {0}, chunks = 0;
    uint64_t bytes = e->item;
    pipeline p;
    const char *why = read_pipeline(plist, &p);
    unsigned char *scratch;
    hid_t space = H5Dget_space(set);
    int error = 0;

    if (!why && (H5Pget_chunk(plist, 4, shape) != e->info.ndim ||
                 H5Dget_num_chunks(set, space, &chunks) < 0))
        why = "is damaged";
    if (space >= 0)
        H5Sclose(space);
    if (why)
        return ki_entry_fail(r, e, KI_ERR_FORMAT, why, "a whole file, compressed by gzip or not");
    for (int d = 0; d < e->info.ndim; d++)
        bytes *= shape[d]; /* its limit was checked when the file was opened */
    scratch = ki_alloc(KI_READ_BUFFER, 1);
    if (!scratch)
        return ki_reader_no_memory(r);
    for (hsize_t k = 0; k < chunks && !error; k++)
        error = check_chunk(r, e, set, k, bytes, &p, scratch);
    ki_free(scratch);
    return error;
}

int ki_hdf5_check_storage(const ki_reader *r, const ki_entry *e, int64_t set, int64_t plist) {
    uint64_t bytes = ki_entry_count(&e->info, e->item) * e->item;
    hsize_t stored = H5Dget_storage_size(set);

    if (H5Pget_layout(plist) == H5D_CHUNKED)
        return check_chunks(r, e, set, plist);
    /* None at all: never written, and read as the fill value. */
    if (stored != 0 && stored != bytes)
        return ki_entry_fail(r, e, KI_ERR_FORMAT, short_of, "a whole file");
    return 0;
}

#else

/* An ISO C file is not empty. */
typedef int ki_no_hdf5_storage;

#endif
