/* SPDX-License-Identifier: BSD-3-Clause */
/* Boxes of a dataset. HDF5 decompresses a chunk anew for each box that touches it, so boxes are made of
 * whole chunks. */
#include "io/read/hdf5_parts.h"

#ifdef KI_HAVE_HDF5

#include "base/memory.h"
#include "io/read/hdf5_element.h"
#include "io/read/parts.h"

#include <hdf5.h>

enum { BOX_ELEMENTS = 1 << 20 };

/* In HDF5's order of dimensions, which is the array's or, with e->fortran, its reverse. */
typedef struct boxes {
    int ndim;
    hsize_t extent[4], size[4], start[4];
} boxes;

/* Grows the smallest box, fast dimensions first, by whole chunks. */
static int plan(const ki_reader *r, const ki_entry *e, hid_t set, boxes *b) {
    hid_t plist = H5Dget_create_plist(set);
    hsize_t chunk[4] = {1, 1, 1, 1};
    uint64_t count = 1;

    if (plist < 0)
        return ki_hdf5_fail_entry(r, e);
    if (H5Pget_layout(plist) == H5D_CHUNKED)
        (void)H5Pget_chunk(plist, 4, chunk);
    H5Pclose(plist);
    *b = (boxes){.ndim = e->info.ndim};
    for (int d = 0; d < b->ndim; d++) {
        b->extent[d] = e->info.shape[e->fortran ? b->ndim - 1 - d : d];
        b->size[d] = chunk[d] < b->extent[d] ? chunk[d] : b->extent[d];
        count *= b->size[d];
    }
    for (int d = b->ndim - 1; d >= 0 && 2 * count <= BOX_ELEMENTS; d--) {
        const uint64_t times = BOX_ELEMENTS / count;
        const hsize_t all = (b->extent[d] + b->size[d] - 1) / b->size[d];

        count /= b->size[d];
        b->size[d] *= times < all ? times : all;
        if (b->size[d] > b->extent[d])
            b->size[d] = b->extent[d];
        count *= b->size[d];
    }
    return 0;
}

/* The box at the start: how many elements it has. */
static uint64_t describe(const boxes *b, const ki_entry *e, hsize_t shape[4], ki_part *part) {
    const size_t item = ki_part_item(e);
    uint64_t count = 1;

    part->type = e->info.type;
    part->ndim = b->ndim;
    for (int d = b->ndim - 1; d >= 0; d--) {
        const int to = e->fortran ? b->ndim - 1 - d : d;
        const hsize_t left = b->extent[d] - b->start[d];

        shape[d] = left < b->size[d] ? left : b->size[d];
        part->start[to] = (size_t)b->start[d];
        part->shape[to] = (size_t)shape[d];
        part->stride[to] = (ptrdiff_t)(count * item);
        count *= shape[d];
    }
    return count;
}

static int read_box(const ki_reader *r, const ki_entry *e, hid_t set, const boxes *b,
                    const hsize_t shape[4], void *data) {
    hid_t file = H5Dget_space(set);
    hid_t memory = b->ndim ? H5Screate_simple(b->ndim, shape, NULL) : H5Screate(H5S_SCALAR);
    int failed = file < 0 || memory < 0;

    if (!failed && b->ndim)
        failed = H5Sselect_hyperslab(file, H5S_SELECT_SET, b->start, NULL, shape, NULL) < 0;
    if (!failed)
        failed = H5Dread(set, ki_hdf5_memory_type(e), memory, file, H5P_DEFAULT, data) < 0;
    const int error = failed ? ki_hdf5_fail_entry(r, e) : 0;
    if (memory >= 0)
        H5Sclose(memory);
    if (file >= 0)
        H5Sclose(file);
    return error;
}

static int advance(boxes *b) {
    for (int d = b->ndim - 1; d >= 0; d--) {
        b->start[d] += b->size[d];
        if (b->start[d] < b->extent[d])
            return 1;
        b->start[d] = 0;
    }
    return 0;
}

int ki_hdf5_parts(const ki_reader *r, const ki_entry *e, int64_t set, ki_part_fn take, void *user) {
    boxes b;
    hsize_t shape[4] = {0};
    ki_part part = {.data = NULL};
    int error, more = 1;

    if (ki_entry_count(&e->info, e->item) == 0)
        return 0;
    error = plan(r, e, set, &b);
    if (error)
        return error;
    void *data = ki_alloc((size_t)describe(&b, e, shape, &part), ki_part_item(e));
    if (!data)
        return ki_reader_no_memory(r);
    part.data = data;
    while (more && !error) {
        const uint64_t count = describe(&b, e, shape, &part);

        error = read_box(r, e, set, &b, shape, data);
        if (!error && e->kind == 'u')
            error = ki_hdf5_check_unsigned(r, e, data, count);
        error = error ? error : take(user, &part);
        more = advance(&b);
    }
    ki_free(data);
    return error;
}

#else

/* An ISO C file is not empty. */
typedef int ki_no_hdf5_parts;

#endif
