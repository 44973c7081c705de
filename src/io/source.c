/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "io/reader.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { READ_MAX = 1 << 30 }; /* some systems refuse 2 GiB at once */

static int cannot_read(const char *path, int errnum) {
    if (errnum == ENOENT)
        return ki_io_fail(KI_ERR_IO, path, "cannot be read: No such file or directory",
                          "the name of a file that exists");
    if (errnum == EACCES || errnum == EPERM)
        return ki_io_fail(KI_ERR_IO, path, "cannot be read: Permission denied",
                          "a file that may be read");
    return ki_io_fail_errno(path, "cannot be read", errnum);
}

static int check_name(const char *path) {
    if (path && *path)
        return 0;
    return ki_fail(KI_ERR_ARGUMENT, "path : is %s : the name of a file", path ? "empty" : "NULL");
}

int ki_source_open(ki_source *s, const char *path) {
    struct stat st;
    int reason = 0;
    int error = check_name(path);

    *s = (ki_source){.path = path, .fd = -1};
    if (error)
        return error;
    /* A pipe must not make us wait for a writer. */
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (s->fd < 0)
        return cannot_read(path, errno);
    if (fstat(s->fd, &st))
        reason = errno;
    else if (S_ISDIR(st.st_mode))
        reason = EISDIR;
    if (reason || !S_ISREG(st.st_mode)) {
        ki_source_close(s);
        return reason ? cannot_read(path, reason)
                      : ki_io_fail(KI_ERR_IO, path, "is a device or pipe", "a regular file");
    }
    s->size = (uint64_t)st.st_size;
    return 0;
}

int ki_source_read(const ki_source *s, uint64_t at, void *out, size_t size) {
    unsigned char *to = out;

    if (at > s->size || size > s->size - at)
        return ki_io_fail(KI_ERR_FORMAT, s->path, "ends too early", "a whole file");
    while (size > 0) {
        ssize_t got = pread(s->fd, to, size < READ_MAX ? size : READ_MAX, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ki_io_fail_errno(s->path, "reading failed", errno);
        if (got == 0)
            return ki_io_fail(KI_ERR_FORMAT, s->path, "became shorter while it was read",
                              "a file that nobody writes to");
        to += got;
        at += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

void ki_source_close(ki_source *s) {
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

int ki_check_bytes(const char *path) {
    int error = check_name(path);

    return error ? error : ki_atomic_check(path);
}

int ki_write_bytes(const char *path, const void *data, size_t size) {
    ki_atomic out;
    int error = check_name(path);

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
        error =
            ki_io_fail(KI_ERR_NOMEM, path, "no memory left for reading it", "a machine with more");
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
