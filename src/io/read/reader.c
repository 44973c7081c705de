/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading files of arrays: what kind of file it is, and what all kinds have in common. */
#include "io/read/reader.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

int ki_entry_fail(const ki_reader *r, const ki_entry *e, int error, const char *why,
                  const char *right) {
    char text[256];

    snprintf(text, sizeof text, "array %.64s %s", e->info.name, why);
    for (char *c = text; *c; c++) /* the name is the file's, the sentence is one line */
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return ki_io_fail(error, r->path, text, right);
}

char *ki_entry_name(const char *name, size_t length) {
    char *copy = ki_alloc(length + 1, 1);

    if (copy) {
        memcpy(copy, name, length);
        copy[length] = '\0';
    }
    return copy;
}

uint64_t ki_entry_count(const ki_array *info, size_t item) {
    /* Strings take their own bytes, a NUL and a pointer. */
    uint64_t most = PTRDIFF_MAX / ((uint64_t)item + 9), count = 1;
    int empty = 0;

    for (int d = 0; d < info->ndim; d++)
        if (info->shape[d] == 0)
            empty = 1;
        else if (info->shape[d] > most / count)
            return UINT64_MAX;
        else
            count *= info->shape[d];
    return empty ? 0 : count;
}

int ki_reader_no_memory(const ki_reader *r) {
    return ki_io_fail(KI_ERR_NOMEM, r->path, "no memory left for reading it",
                      "a machine with more, or a smaller file");
}

static int is_damage(int error) {
    return error == KI_ERR_FORMAT || error == KI_ERR_UNSUPPORTED;
}

/* What cannot be read is listed all the same; the reason comes again when it is asked for. */
static int list_heads(ki_reader *r) {
    for (size_t i = 0; i < r->n; i++) {
        ki_entry *e = &r->entries[i];
        int error = ki_npy_head(r, e);

        if (error && !is_damage(error))
            return error;
        if (error)
            e->info = (ki_array){.name = e->info.name};
    }
    return 0;
}

/* A bare .npy is an archive of one; without its array there is nothing. */
static int list_npy(ki_reader *r) {
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

/* HDF5's signature stands at 0 or, behind a block of the user's, at 512, 1024, 2048, ...,
 * wherever in the file that is. */
static int find_hdf5_signature(const ki_reader *r, int *found) {
    char bytes[8];
    int error = 0;

    *found = 0;
    for (uint64_t at = 0; !error && !*found; at = at ? 2 * at : 512) {
        if (r->source.size < sizeof bytes || at > r->source.size - sizeof bytes)
            break;
        error = ki_source_read(&r->source, at, bytes, sizeof bytes);
        *found = !error && memcmp(bytes, "\x89HDF\r\n\x1a\n", sizeof bytes) == 0;
    }
    return error;
}

static int list(ki_reader *r) {
    char magic[6] = {0};
    int is_hdf5;
    int error =
        ki_source_read(&r->source, 0, magic, r->source.size < 6 ? (size_t)r->source.size : 6);

    if (error)
        return error;
    if (memcmp(magic, "PK\3\4", 4) == 0 || memcmp(magic, "PK\5\6", 4) == 0) {
        r->format = KI_READER_NPZ;
        error = ki_zip_list(r);
        return error ? error : list_heads(r);
    }
    if (memcmp(magic, "\x93NUMPY", 6) == 0) {
        r->format = KI_READER_NPY;
        return list_npy(r);
    }
    error = find_hdf5_signature(r, &is_hdf5);
    if (error)
        return error;
    if (is_hdf5) {
        r->format = KI_READER_HDF5;
        return ki_hdf5_list(r);
    }
    return ki_io_fail(KI_ERR_FORMAT, r->path,
                      r->source.size ? "is no file of a kind that is known" : "is empty",
                      "a .npz, .npy or .h5 file");
}

int ki_reader_open(const char *path, ki_reader **out) {
    ki_source source;
    ki_reader *r;
    int error;

    if (!out)
        return ki_fail(KI_ERR_ARGUMENT, "out : is NULL : a place for the reader");
    error = ki_source_open(&source, path);
    if (error)
        return error;
    r = ki_alloc(1, sizeof *r);
    if (!r) {
        ki_source_close(&source);
        return ki_io_no_memory(path, "reading");
    }
    *r = (ki_reader){.source = source, .format = -1};
    r->path = ki_entry_name(path, strlen(path));
    r->source.path = r->path;
    if (!r->path)
        error = ki_io_no_memory(path, "reading");
    else
        error = list(r);
    if (error)
        ki_reader_close(r);
    else
        *out = r;
    return error;
}

void ki_reader_close(ki_reader *r) {
    if (!r)
        return;
    if (r->format == KI_READER_HDF5)
        ki_hdf5_close(r);
    for (size_t i = 0; i < r->n; i++)
        ki_free((void *)r->entries[i].info.name);
    ki_free(r->entries);
    ki_free(r->path);
    ki_source_close(&r->source);
    ki_free(r);
}

size_t ki_reader_count(const ki_reader *r) {
    return r->n;
}

const ki_array *ki_reader_info(const ki_reader *r, size_t i) {
    return i < r->n ? &r->entries[i].info : NULL;
}

ptrdiff_t ki_reader_find(const ki_reader *r, const char *name) {
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->entries[i].info.name, name) == 0)
            return (ptrdiff_t)i;
    return -1;
}

static size_t bytes_of(const ki_entry *e) {
    size_t count = (size_t)ki_entry_count(&e->info, e->item);

    switch (e->info.type) {
    case KI_INT8:
        return count;
    case KI_STRING:
        return count * (sizeof(char *) + e->item + 1);
    default:
        return count * 8;
    }
}

/* Why an array of type 0 has no type, found again. */
static int refuse(ki_reader *r, const ki_entry *e) {
    ki_entry again = *e;
    int error;

    if (e->refusal)
        return ki_entry_fail(r, e, KI_ERR_FORMAT, e->refusal, "an array in the file itself");
    error = r->format == KI_READER_HDF5 ? ki_hdf5_fetch(r, e, NULL) : ki_npy_head(r, &again);

    return error ? error
                 : ki_entry_fail(r, e, KI_ERR_FORMAT, "was changed while it was read",
                                 "a file that nobody writes to");
}

int ki_reader_read(ki_reader *r, size_t i, ki_array *out) {
    const ki_entry *e;
    void *data;
    int error;

    if (!r || !out)
        return ki_fail(KI_ERR_ARGUMENT, "%s : is NULL : %s", r ? "out" : "reader",
                       r ? "a place for the array" : "an open reader");
    if (i >= r->n)
        return ki_fail(KI_ERR_ARGUMENT, "i : there is no array %zu : less than %zu", i, r->n);
    e = &r->entries[i];
    if (e->info.type == 0)
        return refuse(r, e);
    data = ki_alloc(bytes_of(e), 1);
    if (!data)
        return ki_reader_no_memory(r);
    error = r->format == KI_READER_HDF5 ? ki_hdf5_fetch(r, e, data) : ki_npy_fetch(r, e, data);
    if (error) {
        ki_free(data);
        return error;
    }
    *out = e->info;
    out->data = data;
    return 0;
}

void ki_array_free(ki_array *array) {
    if (!array)
        return;
    ki_free((void *)array->data);
    array->data = NULL;
}
