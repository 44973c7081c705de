/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing arrays: which format, and where its provenance goes. */
#include "base/error.h"
#include "base/memory.h"
#include "io/file/failure.h"
#include "io/write/formats.h"

#include <stdio.h>
#include <string.h>

static const ki_writer_format *const formats[] = {&ki_csv_writer, &ki_npz_writer, &ki_hdf5_writer};

static int find_format(const char *path, const ki_writer_format **format) {
    const char *slash = strrchr(path, '/');
    const char *ending = strrchr(slash ? slash + 1 : path, '.');
    char why[64];

    for (size_t k = 0; ending && k < sizeof formats / sizeof *formats; k++) {
        if (strcmp(ending, formats[k]->ending) == 0) {
            *format = formats[k];
            return 0;
        }
    }
    if (ending)
        snprintf(why, sizeof why, "unknown file ending \"%.32s\"", ending);
    else
        snprintf(why, sizeof why, "no file ending");
    return ki_io_fail(KI_ERR_FORMAT, path, why, "use .csv, .npz or .h5");
}

static int check_path(const char *path, const ki_writer_format **format) {
    int error = ki_io_check_name(path);

    if (!error)
        error = find_format(path, format);
    return error || !(*format)->available ? error : (*format)->available(path);
}

/* The text, ending in a line break. */
static int write_text(ki_atomic *out, const char *text) {
    size_t length = strlen(text);
    int error = ki_atomic_write(out, text, length);

    return error || (length && text[length - 1] == '\n') ? error : ki_atomic_write(out, "\n", 1);
}

/* Where provenance goes that has no place inside: beside the file itself, not beside a link to it.
 * NULL when memory is out. */
static char *path_beside(const ki_atomic *out) {
    static const char ending[] = ".json";
    size_t length = strlen(out->target);
    char *beside = ki_alloc(length + sizeof ending, 1);

    if (!beside)
        return NULL;
    memcpy(beside, out->target, length);
    memcpy(beside + length, ending, sizeof ending);
    return beside;
}

/* `out` is complete; its provenance appears first, so that no file is without, and both or none are
 * there unless the second renaming fails where the first did not. */
static int publish_with(ki_atomic *out, const char *provenance) {
    char *path = path_beside(out);
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

static int write_content(const char *path, const ki_writer_format *format,
                         const ki_content *content) {
    ki_atomic out;
    int error = ki_atomic_open(&out, path);

    if (error)
        return error;
    error = format->write(&out, content);
    if (!error)
        error = ki_atomic_finish(&out);
    if (error) {
        ki_atomic_abort(&out);
        return error;
    }
    /* Beside a pipe or a device there is no place. */
    if (format->provenance_beside && content->provenance && out.temp)
        return publish_with(&out, content->provenance);
    return ki_atomic_publish(&out);
}

int ki_write_streamed(const char *path, size_t n, const ki_array *arrays, const ki_label *labels,
                      const ki_array_source *sources, const char *provenance) {
    const ki_content content = {n, arrays, labels, provenance, sources};
    const ki_writer_format *format = NULL;
    int error = check_path(path, &format);

    if (!error)
        error = ki_content_check(&content);
    if (!error && format->check)
        error = format->check(path, &content);
    return error ? error : write_content(path, format, &content);
}

int ki_write_labelled(const char *path, size_t n, const ki_array *arrays, const ki_label *labels,
                      const char *provenance) {
    return ki_write_streamed(path, n, arrays, labels, NULL, provenance);
}

int ki_write_arrays(const char *path, size_t n, const ki_array *arrays, const char *provenance) {
    return ki_write_labelled(path, n, arrays, NULL, provenance);
}

static int check_beside(const char *path) {
    ki_atomic out;
    char *beside;
    int error = ki_atomic_open(&out, path);

    if (error)
        return error;
    beside = path_beside(&out);
    error = beside ? ki_atomic_check(beside) : ki_io_no_memory(path, "writing");
    ki_free(beside);
    ki_atomic_abort(&out);
    return error;
}

int ki_check_writable(const char *path) {
    const ki_writer_format *format = NULL;
    int error = check_path(path, &format);

    if (error)
        return error;
    /* A pipe is not opened, which could block, and has nothing beside it. */
    return format->provenance_beside && !ki_is_stream(path) ? check_beside(path)
                                                            : ki_atomic_check(path);
}
