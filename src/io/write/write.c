/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks everything that can be wrong before a file is touched, then hands over to a format. */
#include "base/error.h"
#include "base/memory.h"
#include "io/file/failure.h"
#include "io/file/utf8.h"
#include "io/write/format.h"

#include <stdio.h>
#include <string.h>

typedef enum file_format { FORMAT_CSV, FORMAT_NPZ, FORMAT_HDF5 } file_format;

enum { NAME_LENGTH_MAX = 255 };

size_t ki_array_count(const ki_array *array) {
    size_t count = 1;

    for (int d = 0; d < array->ndim; d++)
        count *= array->shape[d];
    return count;
}

static int format_of(const char *path, file_format *format) {
    static const struct {
        const char *ending;
        file_format format;
    } known[] = {{".csv", FORMAT_CSV}, {".npz", FORMAT_NPZ}, {".h5", FORMAT_HDF5}};
    const char *slash = strrchr(path, '/');
    const char *ending = strrchr(slash ? slash + 1 : path, '.');
    char why[64];

    for (size_t k = 0; ending && k < sizeof known / sizeof *known; k++) {
        if (strcmp(ending, known[k].ending) == 0) {
            *format = known[k].format;
            return 0;
        }
    }
    if (ending)
        snprintf(why, sizeof why, "unknown file ending \"%.32s\"", ending);
    else
        snprintf(why, sizeof why, "no file ending");
    return ki_io_fail(KI_ERR_FORMAT, path, why, "use .csv, .npz or .h5");
}

static int check_path(const char *path, file_format *format) {
    int error;

    if (!path)
        return ki_fail(KI_ERR_ARGUMENT, "path : is NULL : the name of a file");
    if (!*path)
        return ki_fail(KI_ERR_ARGUMENT, "path : is empty : the name of a file");
    error = format_of(path, format);
    if (!error && *format == FORMAT_HDF5)
        error = ki_hdf5_check(path);
    return error;
}

static int valid_utf8(const char *text) {
    int32_t code;

    while ((code = ki_utf8_next(&text)) > 0)
        ;
    return code == 0;
}

static int check_name(size_t n, const ki_array *arrays, size_t k, const char *provenance) {
    const char *name = arrays[k].name;
    size_t length;

    if (!name)
        return ki_fail(KI_ERR_ARGUMENT, "array %zu : its name is NULL : a name", k);
    length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (length == 0 || name[length] || length > NAME_LENGTH_MAX)
        return ki_fail(KI_ERR_ARGUMENT,
                       "array %zu : bad name \"%.64s\" : 1 to %d letters, digits and underscores",
                       k, name, NAME_LENGTH_MAX);
    if (provenance && strcmp(name, "provenance") == 0)
        return ki_fail(KI_ERR_ARGUMENT,
                       "array %zu : its name \"provenance\" is taken by the provenance text : "
                       "another name, or no such text",
                       k);
    for (size_t other = k + 1; other < n; other++) {
        if (arrays[other].name && strcmp(arrays[other].name, name) == 0)
            return ki_fail(KI_ERR_ARGUMENT,
                           "arrays %zu and %zu : both are named \"%.64s\" : distinct names", k,
                           other, name);
    }
    return 0;
}

static int check_strings(const ki_array *a, size_t count) {
    const char *const *text = a->data;

    for (size_t i = 0; i < count; i++) {
        if (!text[i])
            return ki_fail(KI_ERR_ARGUMENT, "%.64s : string %zu is NULL : a string, \"\" if empty",
                           a->name, i);
        if (!valid_utf8(text[i]))
            return ki_fail(KI_ERR_ARGUMENT, "%.64s : string %zu is not valid UTF-8 : UTF-8 text",
                           a->name, i);
    }
    return 0;
}

static int check_array(const ki_array *a) {
    size_t count = 1;
    int empty = 0;

    if (a->type < KI_FLOAT64 || a->type > KI_INT8)
        return ki_fail(KI_ERR_ARGUMENT,
                       "%.64s : unknown type %d : KI_FLOAT64, KI_INT64, KI_INT8 or KI_STRING",
                       a->name, a->type);
    if (a->ndim < 0 || a->ndim > 4)
        return ki_fail(KI_ERR_ARGUMENT, "%.64s : %d dimensions : 0 to 4", a->name, a->ndim);
    /* The other extents' product has to fit even when one is 0: readers multiply in any order. */
    for (int d = 0; d < a->ndim; d++) {
        if (a->shape[d] == 0) {
            empty = 1;
            continue;
        }
        if (count > PTRDIFF_MAX / 8 / a->shape[d])
            return ki_fail(KI_ERR_ARGUMENT,
                           "%.64s : the product of its extents is too large : at most %td elements",
                           a->name, (ptrdiff_t)(PTRDIFF_MAX / 8));
        count *= a->shape[d];
    }
    if (empty)
        return 0;
    if (!a->data)
        return ki_fail(KI_ERR_ARGUMENT, "%.64s : its data is NULL : a pointer to %zu elements",
                       a->name, count);
    return a->type == KI_STRING ? check_strings(a, count) : 0;
}

static int check_label(const ki_array *a, const ki_label *label) {
    if (label->units && !valid_utf8(label->units))
        return ki_fail(KI_ERR_ARGUMENT, "%.64s : its units are not valid UTF-8 : UTF-8 text",
                       a->name);
    for (int d = 0; d < 4; d++) {
        if (!label->axes[d])
            continue;
        if (d >= a->ndim)
            return ki_fail(KI_ERR_ARGUMENT,
                           "%.64s : axis %d has a name and it has %d dimensions : a name for each "
                           "dimension at most",
                           a->name, d, a->ndim);
        if (!valid_utf8(label->axes[d]))
            return ki_fail(KI_ERR_ARGUMENT,
                           "%.64s : the name of axis %d is not valid UTF-8 : UTF-8 text", a->name,
                           d);
    }
    return 0;
}

static int check_arrays(size_t n, const ki_array *arrays, const ki_label *labels,
                        const char *provenance) {
    int error = 0;

    if (n == 0)
        return ki_fail(KI_ERR_ARGUMENT, "n : there is no array to write : n >= 1");
    if (!arrays)
        return ki_fail(KI_ERR_ARGUMENT, "arrays : is NULL : a pointer to %zu arrays", n);
    for (size_t k = 0; k < n && !error; k++) {
        error = check_name(n, arrays, k, provenance);
        if (!error)
            error = check_array(&arrays[k]);
        if (!error && labels)
            error = check_label(&arrays[k], &labels[k]);
    }
    if (!error && provenance && !valid_utf8(provenance))
        error = ki_fail(KI_ERR_ARGUMENT, "provenance : is not valid UTF-8 : UTF-8 text");
    return error;
}

static int write_format(ki_atomic *out, file_format format, size_t n, const ki_array *arrays,
                        const ki_label *labels, const char *provenance) {
    switch (format) {
    case FORMAT_CSV:
        return ki_csv_write(out, n, arrays);
    case FORMAT_NPZ:
        return ki_npz_write(out, n, arrays, provenance, KI_NPZ_ZIP64_FROM);
    default:
        return ki_hdf5_write(out, n, arrays, labels, provenance);
    }
}

/* The text, ending in a line break. */
static int write_text(ki_atomic *out, const char *text) {
    size_t length = strlen(text);
    int error = ki_atomic_write(out, text, length);

    return error || (length && text[length - 1] == '\n') ? error : ki_atomic_write(out, "\n", 1);
}

/* Where the provenance of `path` goes if it has no place inside; NULL when memory is out. */
static char *path_beside(const char *path) {
    static const char ending[] = ".json";
    size_t length = strlen(path);
    char *beside = ki_alloc(length + sizeof ending, 1);

    if (!beside)
        return NULL;
    memcpy(beside, path, length);
    memcpy(beside + length, ending, sizeof ending);
    return beside;
}

/* `out` is complete; its provenance appears first, so that no file is without, and both or none are
 * there unless the second renaming fails where the first did not. */
static int publish_with(ki_atomic *out, const char *provenance) {
    char *path = path_beside(out->path);
    ki_atomic beside;
    int error = path ? ki_atomic_open(&beside, path) : ki_io_no_memory(out->path, "writing");

    if (!error) {
        error = write_text(&beside, provenance);
        if (!error)
            error = ki_atomic_finish(&beside);
        if (error)
            ki_atomic_abort(&beside);
        else
            error = ki_atomic_publish(&beside);
    }
    ki_free(path);
    if (!error)
        return ki_atomic_publish(out);
    ki_atomic_abort(out);
    return error;
}

int ki_write_labelled(const char *path, size_t n, const ki_array *arrays, const ki_label *labels,
                      const char *provenance) {
    ki_atomic out;
    file_format format;
    int error = check_path(path, &format);

    if (!error)
        error = check_arrays(n, arrays, labels, provenance);
    if (!error && format == FORMAT_CSV)
        error = ki_csv_check(path, n, arrays);
    if (!error)
        error = ki_atomic_open(&out, path);
    if (error)
        return error;
    error = write_format(&out, format, n, arrays, labels, provenance);
    if (!error)
        error = ki_atomic_finish(&out);
    if (error) {
        ki_atomic_abort(&out);
        return error;
    }
    /* Beside a pipe or a device there is no place. */
    if (format == FORMAT_CSV && provenance && !ki_is_stream(path))
        return publish_with(&out, provenance);
    return ki_atomic_publish(&out);
}

int ki_write_arrays(const char *path, size_t n, const ki_array *arrays, const char *provenance) {
    return ki_write_labelled(path, n, arrays, NULL, provenance);
}

int ki_check_writable(const char *path) {
    file_format format;
    char *beside;
    int error = check_path(path, &format);

    if (!error)
        error = ki_atomic_check(path);
    if (error || format != FORMAT_CSV || ki_is_stream(path))
        return error;
    beside = path_beside(path);
    error = beside ? ki_atomic_check(beside) : ki_io_no_memory(path, "writing");
    ki_free(beside);
    return error;
}
