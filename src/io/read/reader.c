/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading files of arrays: what kind of file it is, and what all kinds have in common. */

#include "base/error.h"
#include "base/memory.h"
#include "io/read/formats.h"

#include <string.h>

/* Text, which goes by its name, comes last. */
static const ki_reader_format *const formats[] = {&ki_npz_reader, &ki_npy_reader, &ki_hdf5_reader,
                                                  &ki_mat_reader, &ki_csv_reader};

static int list(ki_reader *r) {
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
        int mine = 0;
        int error = formats[k]->probe(&r->source, &mine);

        if (error)
            return error;
        if (mine) {
            r->format = formats[k];
            return r->format->open(r);
        }
    }
    return ki_io_fail(KI_ERR_FORMAT, r->path,
                      r->source.size ? "is in no format that is known" : "is empty",
                      "a .npz, .npy, .h5, .mat or .csv file");
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
    *r = (ki_reader){.source = source};
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
    if (r->format && r->format->close)
        r->format->close(r);
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
        return e->kind == 'V' ? count * sizeof(char *) + (size_t)e->text
                              : count * (sizeof(char *) + e->item + 1);
    default:
        return count * 8;
    }
}

/* Why an array of type 0 has no type, found again. */
static int refuse(ki_reader *r, const ki_entry *e) {
    int error;

    if (e->refusal)
        return ki_entry_fail(r, e, KI_ERR_FORMAT, e->refusal, e->wanted);
    error = r->format->read(r, e, NULL);
    return error ? error
                 : ki_entry_fail(r, e, KI_ERR_FORMAT, "was changed while it was read",
                                 "a file that nobody writes to");
}

static int check_index(const ki_reader *r, size_t i) {
    if (!r)
        return ki_fail(KI_ERR_ARGUMENT, "reader : is NULL : an open reader");
    if (i >= r->n)
        return ki_fail(KI_ERR_ARGUMENT, "i : there is no array %zu : less than %zu", i, r->n);
    return 0;
}

int ki_reader_parts(ki_reader *r, size_t i, ki_part_fn take, void *user) {
    int error = check_index(r, i);

    if (!error && !take)
        error = ki_fail(KI_ERR_ARGUMENT, "take : is NULL : a function for the parts");
    if (error)
        return error;
    const ki_entry *e = &r->entries[i];
    if (e->info.type == 0)
        return refuse(r, e);
    if (e->info.type == KI_STRING)
        return ki_entry_fail(r, e, KI_ERR_FORMAT, "holds strings", "an array of numbers");
    return r->format->parts(r, e, take, user);
}

int ki_reader_read(ki_reader *r, size_t i, ki_array *out) {
    const ki_entry *e;
    void *data;
    int error = check_index(r, i);

    if (!error && !out)
        error = ki_fail(KI_ERR_ARGUMENT, "out : is NULL : a place for the array");
    if (error)
        return error;
    e = &r->entries[i];
    if (e->info.type == 0)
        return refuse(r, e);
    error = r->format->measure ? r->format->measure(r, &r->entries[i]) : 0;
    if (error)
        return error;
    data = ki_alloc(bytes_of(e), 1);
    if (!data)
        return ki_reader_no_memory(r);
    error = r->format->read(r, e, data);
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
