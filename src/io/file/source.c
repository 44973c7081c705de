/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "io/file/source.h"

#include "io/file/failure.h"

#include "base/error.h"

#include <kinising/base.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { READ_MAX = 1 << 30 }; /* some systems refuse 2 GiB at once */

static int cannot_read(const char *path, int errnum) {
    int error = KI_ERR_IO;

    if (errnum == ENOENT)
        ki_io_fail(error, path, "cannot be read: No such file or directory",
                   "the name of a file that exists");
    else if (errnum == EACCES || errnum == EPERM)
        ki_io_fail(error, path, "cannot be read: Permission denied", "a file that may be read");
    else
        ki_io_fail_errno(path, "cannot be read", errnum);
    return ki_fail_errno(error, errnum);
}

int ki_source_open(ki_source *s, const char *path) {
    struct stat st;
    int reason = 0;
    int error = ki_io_check_name(path);

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
