/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole files of bytes. */
#include "base/error.h"
#include "base/memory.h"
#include "io/file/atomic.h"
#include "io/file/failure.h"
#include "io/file/source.h"

#include <kinising/io.h>

int ki_check_bytes(const char *path) {
    int error = ki_io_check_name(path);

    return error ? error : ki_atomic_check(path);
}

int ki_write_bytes(const char *path, const void *data, size_t size) {
    ki_atomic out;
    int error = ki_io_check_name(path);

    if (error)
        return error;
    if (!data && size > 0)
        return ki_fail(KI_ERR_ARGUMENT, "data : is NULL : a pointer to %zu bytes", size);
    error = ki_atomic_open(&out, path);
    if (error)
        return error;
    error = ki_atomic_write(&out, data, size);
    if (!error)
        return ki_atomic_commit(&out);
    ki_atomic_abort(&out);
    return error;
}

int ki_read_bytes(const char *path, void **data, size_t *size) {
    ki_source source;
    unsigned char *bytes = NULL;
    int error;

    if (!data || !size)
        return ki_fail(KI_ERR_ARGUMENT, "%s : is NULL : a place for the result",
                       data ? "size" : "data");
    error = ki_source_open(&source, path);
    if (error)
        return error;
    if (source.size < SIZE_MAX)
        bytes = ki_alloc((size_t)source.size, 1);
    if (!bytes)
        error = ki_io_no_memory(path, "reading");
    else
        error = ki_source_read(&source, 0, bytes, (size_t)source.size);
    if (error) {
        ki_free(bytes);
    } else {
        *data = bytes;
        *size = (size_t)source.size;
    }
    ki_source_close(&source);
    return error;
}

void ki_free_bytes(void *data) {
    ki_free(data);
}
