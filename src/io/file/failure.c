/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/file/failure.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_PATH = 160 }; /* bytes of a path that a sentence shows */

int ki_io_fail(int error, const char *path, const char *why, const char *right) {
    size_t length = strlen(path);
    const char *tail = length > SHOWN_PATH ? path + (length - SHOWN_PATH) : path;

    return ki_fail(error, "%s%s : %s : %s", tail == path ? "" : "...", tail, why, right);
}

static const char *advice(int errnum) {
    switch (errnum) {
    case ENOENT:
        return "an existing folder";
    case ENOTDIR:
        return "folders only before the last /";
    case EISDIR:
        return "the name of a file, not of a folder";
    case EACCES:
    case EPERM:
    case EROFS:
        return "a file and folder that may be written";
    case ENOSPC:
    case EDQUOT:
        return "free space there, or another disk";
    case EFBIG:
        return "a smaller result, or a higher file size limit";
    case ENAMETOOLONG:
        return "a shorter name";
    case ELOOP:
        return "a path without a loop of symbolic links";
    case EPIPE:
        return "a reader that stays until the end";
    default:
        return "a working disk and a path on it";
    }
}

int ki_io_fail_errno(const char *path, const char *action, int errnum) {
    char why[256];

    snprintf(why, sizeof why, "%s: %s", action, strerror(errnum));
    return ki_fail_errno(ki_io_fail(KI_ERR_IO, path, why, advice(errnum)), errnum);
}

int ki_io_no_memory(const char *path, const char *doing) {
    char why[64];

    snprintf(why, sizeof why, "no memory left for %s it", doing);
    return ki_io_fail(KI_ERR_NOMEM, path, why, "a machine with more");
}

int ki_io_check_name(const char *path) {
    if (path && *path)
        return 0;
    return ki_fail(KI_ERR_ARGUMENT, "path : is %s : the name of a file", path ? "empty" : "NULL");
}
