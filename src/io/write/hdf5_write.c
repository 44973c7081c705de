/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing HDF5.
 *
 * The file is built in memory (HDF5's core driver) and its image written by ki_atomic_write. A
 * library that writes behind caches can find the disk full as late as at exit, in its own clean-up,
 * with no caller left to tell; an image cannot. The price is memory for the compressed file while
 * it is written, twice. */
#include "io/file/failure.h"
#include "io/write/formats.h"

#ifdef KI_HAVE_HDF5

#include "base/memory.h"
#include "io/file/hdf5_session.h"

#include <hdf5.h>
#include <stdio.h>
#include <string.h>

enum {
    IMAGE_STEP = 1 << 20,  /* growth of the image in memory */
    CHUNK_BYTES = 1 << 20, /* HDF5's chunk cache holds one */
    CHUNK_FROM = 1 << 12,  /* smaller arrays lie in one piece, uncompressed */
    DEFLATE_LEVEL = 4
};

/* An array in the form HDF5 takes it. */
typedef struct source {
    hid_t in_memory; /* types, to be closed unless `borrowed` */
    hid_t in_file;
    int borrowed;
    size_t item;      /* bytes per element */
    const void *data; /* the array's own, or `copy` */
    char *copy;
} source;

/* A file being written. */
typedef struct job {
    ki_atomic *out;
    ki_hdf5_session session;
} job;

static int fail_hdf5(const job *j) {
    char why[256] = "HDF5 failed";

    if (j->session.reason[0])
        snprintf(why, sizeof why, "HDF5 failed: %s", j->session.reason);
    return ki_io_fail(KI_ERR_IO, j->out->path, why, "more free memory, or .npz");
}

static int fail_memory(const job *j) {
    return ki_io_fail(KI_ERR_NOMEM, j->out->path, "no memory left for writing it",
                      "more memory, or .npz");
}

/* A UTF-8 string type of `size` bytes padded with zeros, or H5T_VARIABLE. */
static hid_t string_type(size_t size) {
    hid_t type = H5Tcopy(H5T_C_S1);

    if (type >= 0 && (H5Tset_size(type, size) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
                      (size != H5T_VARIABLE && H5Tset_strpad(type, H5T_STR_NULLPAD) < 0))) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

static void close_source(source *s) {
    if (!s->borrowed && s->in_memory >= 0)
        H5Tclose(s->in_memory);
    ki_free(s->copy);
}

/* Strings go in at one fixed width, which compresses and which every reader knows. */
static int open_strings(const job *j, const ki_array *a, size_t count, source *s) {
    const char *const *text = a->data;

    s->borrowed = 0;
    s->item = 1;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(text[i]);

        if (length > s->item)
            s->item = length;
    }
    s->in_memory = s->in_file = string_type(s->item);
    if (s->in_memory < 0)
        return fail_hdf5(j);
    s->copy = ki_alloc(count, s->item);
    if (!s->copy)
        return fail_memory(j);
    s->data = s->copy;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(text[i]);

        memset(s->copy + i * s->item, 0, s->item);
        memcpy(s->copy + i * s->item, text[i], length);
    }
    return 0;
}

static int open_source(const job *j, const ki_array *a, size_t count, source *s) {
    *s = (source){.borrowed = 1, .item = 8, .data = a->data, .copy = NULL};
    if (a->type == KI_STRING)
        return open_strings(j, a, count, s);
    if (a->type == KI_FLOAT64) {
        s->in_memory = H5T_NATIVE_DOUBLE;
        s->in_file = H5T_IEEE_F64LE;
    } else if (a->type == KI_INT64) {
        s->in_memory = H5T_NATIVE_INT64;
        s->in_file = H5T_STD_I64LE;
    } else {
        s->item = 1;
        s->in_memory = H5T_NATIVE_INT8;
        s->in_file = H5T_STD_I8LE;
    }
    return 0;
}

/* Chunks of at most CHUNK_BYTES, cut along the slowest index first so that each is one stretch. */
static void chunk_shape(const ki_array *a, size_t item, hsize_t chunk[4]) {
    hsize_t bytes = item;

    for (int d = 0; d < a->ndim; d++) {
        chunk[d] = a->shape[d];
        bytes *= chunk[d];
    }
    for (int d = 0; d < a->ndim; d++) {
        hsize_t row = bytes / chunk[d];

        if (bytes <= CHUNK_BYTES)
            return;
        chunk[d] = row < CHUNK_BYTES ? CHUNK_BYTES / row : 1;
        bytes = row * chunk[d];
    }
}

/* Creation properties: no time stamp, so that the same arrays give the same bytes. */
static hid_t dataset_properties(const ki_array *a, size_t count, size_t item) {
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    herr_t status;

    if (plist < 0)
        return plist;
    status = H5Pset_obj_track_times(plist, 0);
    if (status >= 0 && a->ndim > 0 && count > 0 && count >= CHUNK_FROM / item &&
        H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) {
        hsize_t chunk[4];

        chunk_shape(a, item, chunk);
        status = H5Pset_chunk(plist, a->ndim, chunk);
        if (status >= 0)
            status = H5Pset_shuffle(plist);
        if (status >= 0)
            status = H5Pset_deflate(plist, DEFLATE_LEVEL);
    }
    if (status < 0) {
        H5Pclose(plist);
        return -1;
    }
    return plist;
}

static hid_t array_space(const ki_array *a) {
    hsize_t shape[4];

    if (a->ndim == 0)
        return H5Screate(H5S_SCALAR);
    for (int d = 0; d < a->ndim; d++)
        shape[d] = a->shape[d];
    return H5Screate_simple(a->ndim, shape, NULL);
}

/* An attribute of one string, or with `ndim` 1 of `n`; NULL is empty. Of variable length, as h5py has them: those of
 * fixed size end at 64 kB. */
static int put_attribute(const job *j, hid_t object, const char *name, int ndim, hsize_t n,
                         const char *const *text) {
    const char *all[4] = {"", "", "", ""};
    hid_t type = string_type(H5T_VARIABLE);
    hid_t space = ndim ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_SCALAR);
    hid_t attribute = -1;
    int bad;

    for (hsize_t k = 0; k < n; k++)
        if (text[k])
            all[k] = text[k];
    bad = type < 0 || space < 0 ||
          (attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
          H5Awrite(attribute, type, all) < 0;
    if (attribute >= 0 && H5Aclose(attribute) < 0)
        bad = 1;
    bad = bad ? fail_hdf5(j) : 0;
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return bad;
}

static int put_label(const job *j, hid_t set, const ki_array *a, const ki_label *label) {
    int error = 0, named = 0;

    if (!label)
        return 0;
    if (label->units)
        error = put_attribute(j, set, "units", 0, 1, &label->units);
    for (int d = 0; d < a->ndim; d++)
        named |= label->axes[d] != NULL;
    return error || !named ? error
                           : put_attribute(j, set, "axes", 1, (hsize_t)a->ndim, label->axes);
}

/* The elements of a stretch that is one chunk, or what is left of it: `at` its first index, `extent` its shape. */
static int put_stretch(const job *j, hid_t set, hid_t type, int ndim, const hsize_t *at,
                       const hsize_t *extent, const void *block) {
    hid_t to = H5Dget_space(set), from = H5Screate_simple(ndim, extent, NULL);
    const int bad = to < 0 || from < 0 ||
                    H5Sselect_hyperslab(to, H5S_SELECT_SET, at, NULL, extent, NULL) < 0 ||
                    H5Dwrite(set, type, from, to, H5P_DEFAULT, block) < 0;

    if (to >= 0)
        H5Sclose(to);
    if (from >= 0)
        H5Sclose(from);
    return bad ? fail_hdf5(j) : 0;
}

/* Chunk by chunk: those of chunk_shape() follow one another in the order of the elements. */
static int put_streamed(const job *j, hid_t set, const source *s, const ki_array *a,
                        const ki_array_source *supply) {
    const size_t all = ki_array_count(a);
    hsize_t chunk[4], at[4], extent[4];
    size_t most = 1;
    int error = 0;

    if (all == 0)
        return 0;
    chunk_shape(a, s->item, chunk);
    for (int d = 0; d < a->ndim; d++)
        most *= (size_t)chunk[d];
    void *block = ki_alloc(most, s->item);
    if (!block)
        return fail_memory(j);
    for (size_t first = 0, count; first < all && !error; first += count) {
        size_t rest = first;

        count = 1;
        for (int d = a->ndim - 1; d >= 0; d--) {
            at[d] = rest % a->shape[d];
            rest /= a->shape[d];
            extent[d] = a->shape[d] - at[d] < chunk[d] ? a->shape[d] - at[d] : chunk[d];
            count *= (size_t)extent[d];
        }
        error = supply->read(supply->user, first, count, block);
        error = error ? error : put_stretch(j, set, s->in_memory, a->ndim, at, extent, block);
    }
    ki_free(block);
    return error;
}

static int put_array(const job *j, hid_t file, const ki_array *a, const ki_label *label,
                     const ki_array_source *supply) {
    size_t count = ki_array_count(a);
    hid_t space = -1;
    hid_t plist = -1;
    hid_t set = -1;
    source s;
    int error = open_source(j, a, count, &s);
    int bad = 0;

    if (!error) {
        space = array_space(a);
        plist = dataset_properties(a, count, s.item);
        if (space >= 0 && plist >= 0)
            set = H5Dcreate2(file, a->name, s.in_file, space, H5P_DEFAULT, plist, H5P_DEFAULT);
        bad = set < 0 || (count > 0 && !supply &&
                          H5Dwrite(set, s.in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, s.data) < 0);
        if (!bad && supply)
            error = put_streamed(j, set, &s, a, supply);
        if (!bad && !error)
            error = put_label(j, set, a, label);
        /* Closing writes the last chunks. */
        if (set >= 0 && H5Dclose(set) < 0)
            bad = 1;
        if (bad && !error)
            error = fail_hdf5(j);
    }
    if (plist >= 0)
        H5Pclose(plist);
    if (space >= 0)
        H5Sclose(space);
    close_source(&s);
    return error;
}

static int write_image(const job *j, hid_t file) {
    ssize_t size;
    void *image;
    int error;

    if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || (size = H5Fget_file_image(file, NULL, 0)) < 0)
        return fail_hdf5(j);
    image = ki_alloc((size_t)size, 1);
    if (!image)
        return fail_memory(j);
    if (H5Fget_file_image(file, image, (size_t)size) != size)
        error = fail_hdf5(j);
    else
        error = ki_atomic_write(j->out, image, (size_t)size);
    ki_free(image);
    return error;
}

static int write_file(const job *j, const ki_content *content) {
    static unsigned long long label; /* changed by one thread at a time, as all of this */
    char name[64];
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    hid_t file = -1;
    int error = 0;

    /* The name is a label: nothing is stored under it without a backing store. But it must be one
     * that nobody else in the process has; another copy of this code has another `label`. */
    snprintf(name, sizeof name, "kinising-%p-%llu.h5", (const void *)&label, label);
    label++;
    if (access < 0 || H5Pset_fapl_core(access, IMAGE_STEP, 0) < 0 ||
        (file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access)) < 0)
        error = fail_hdf5(j);
    for (size_t k = 0; k < content->n && !error; k++)
        error =
            put_array(j, file, &content->arrays[k], content->labels ? &content->labels[k] : NULL,
                      ki_content_source(content, k));
    if (!error && content->provenance)
        error = put_attribute(j, file, "provenance", 0, 1, &content->provenance);
    if (!error)
        error = write_image(j, file);
    if (file >= 0)
        H5Fclose(file);
    if (access >= 0)
        H5Pclose(access);
    return error;
}

static int write_hdf5(ki_atomic *out, const ki_content *content) {
    job j = {.out = out};
    int error;

    ki_hdf5_begin(&j.session);
    error = write_file(&j, content);
    ki_hdf5_end(&j.session);
    return error;
}

const ki_writer_format ki_hdf5_writer = {.ending = ".h5", .write = write_hdf5};

#else

static int available(const char *path) {
    return ki_io_fail(KI_ERR_UNSUPPORTED, path, "this build has no HDF5", "use .npz or .csv");
}

const ki_writer_format ki_hdf5_writer = {.ending = ".h5", .available = available};

#endif
