/* SPDX-License-Identifier: BSD-3-Clause */
/* getentropy is not in POSIX 2008; the rest is. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "io/file/atomic.h"

#include "base/memory.h"
#include "io/file/failure.h"

#include <kinising/io.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

enum {
    BUFFER_SIZE = 1 << 16,
    WRITE_MAX = 1 << 30, /* macOS refuses a write() of 2 GiB */
    MAX_LINKS = 40,      /* the kernel's own limit on chained symbolic links */
    SHOWN_PATH = 160     /* bytes of a path that a sentence shows */
};

typedef enum target_kind { TARGET_NEW, TARGET_REGULAR, TARGET_STREAM } target_kind;

static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* What `path` is, links followed, and the permissions to keep. */
static int inspect(const char *path, target_kind *kind, mode_t *mode) {
    struct stat st;

    *kind = TARGET_NEW;
    *mode = 0;
    if (stat(path, &st))
        return errno == ENOENT ? 0 : ki_io_fail_errno(path, "cannot be written", errno);
    if (S_ISDIR(st.st_mode))
        return ki_io_fail_errno(path, "cannot be written", EISDIR);
    /* rename() would replace a write-protected file; whoever protected it meant it. */
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS))
        return ki_io_fail_errno(path, "cannot be written", errno);
    *kind = S_ISREG(st.st_mode) ? TARGET_REGULAR : TARGET_STREAM;
    *mode = st.st_mode & 0777;
    return 0;
}

int ki_is_stream(const char *path) {
    struct stat st;

    return path && stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* Replaces the last part of `path` (room for PATH_MAX) by what it links to until it is no link, so
 * that rename() replaces the file and not the link. Dangling links are followed too, as open()
 * does. Returns 0 or an errno. */
static int follow_links(char *path) {
    char link[PATH_MAX];

    for (int hops = 0; hops <= MAX_LINKS; hops++) {
        struct stat st;
        ssize_t got;
        size_t keep;

        if (lstat(path, &st))
            return errno == ENOENT ? 0 : errno;
        if (!S_ISLNK(st.st_mode))
            return 0;
        got = readlink(path, link, sizeof link);
        if (got < 0)
            return errno;
        keep = got > 0 && link[0] == '/' ? 0 : folder_length(path);
        if (keep + (size_t)got >= PATH_MAX)
            return ENAMETOOLONG;
        memcpy(path + keep, link, (size_t)got);
        path[keep + (size_t)got] = '\0';
    }
    return ELOOP;
}

/* Creates file->temp next to file->target. A file that is to be replaced may be private, so its
 * successor starts closed and gets the old permissions before the first byte; a new file gets
 * 0666 less the umask, which only the kernel can apply without a race. Returns 0 or an errno. */
static int create_temp(ki_atomic *file, target_kind kind, mode_t mode) {
    size_t folder = folder_length(file->target);
    char name[64];
    int reason;

    memcpy(file->temp, file->target, folder);
    for (int attempt = 0; attempt < 100; attempt++) {
        uint64_t random;

        if (getentropy(&random, sizeof random))
            return errno;
        snprintf(name, sizeof name, ".kinising-%016llx.tmp", (unsigned long long)random);
        memcpy(file->temp + folder, name, strlen(name) + 1);
        file->fd = open(file->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        kind == TARGET_REGULAR ? 0600 : 0666);
        if (file->fd >= 0 || errno != EEXIST)
            break;
    }
    if (file->fd < 0)
        return errno;
    if (kind == TARGET_REGULAR && mode != 0600 && fchmod(file->fd, mode)) {
        reason = errno;
        unlink(file->temp);
        return reason;
    }
    return 0;
}

static void release(ki_atomic *file) {
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    ki_free(file->buffer);
    ki_free(file->temp);
    ki_free(file->target);
    file->buffer = NULL;
    file->temp = NULL;
    file->target = NULL;
}

static int open_regular(ki_atomic *file, target_kind kind, mode_t mode) {
    size_t length = strlen(file->path);
    int reason;

    if (length >= PATH_MAX)
        return ki_io_fail_errno(file->path, "cannot be written", ENAMETOOLONG);
    file->target = ki_alloc(PATH_MAX, 1);
    file->temp = ki_alloc(PATH_MAX + 64, 1);
    if (!file->target || !file->temp)
        return ki_io_no_memory(file->path, "writing");
    memcpy(file->target, file->path, length + 1);
    reason = follow_links(file->target);
    if (reason)
        return ki_io_fail_errno(file->path, "cannot be written", reason);
    reason = create_temp(file, kind, mode);
    if (reason)
        return ki_io_fail_errno(file->path, "cannot create a file in its folder", reason);
    return 0;
}

static int open_target(ki_atomic *file, const char *path, target_kind kind, mode_t mode) {
    int error = 0;

    memset(file, 0, sizeof *file);
    file->path = path;
    file->fd = -1;
    /* Before the file, so that running out of memory leaves nothing to remove. */
    file->buffer = ki_alloc(BUFFER_SIZE, 1);
    if (!file->buffer)
        error = ki_io_no_memory(path, "writing");
    else if (kind != TARGET_STREAM)
        error = open_regular(file, kind, mode);
    else if ((file->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)) < 0)
        error = ki_io_fail_errno(path, "cannot be opened", errno);
    if (error)
        release(file);
    return error;
}

int ki_atomic_open(ki_atomic *file, const char *path) {
    target_kind kind = TARGET_STREAM;
    mode_t mode = 0;
    int error = inspect(path, &kind, &mode);

    return error ? error : open_target(file, path, kind, mode);
}

int ki_atomic_check(const char *path) {
    ki_atomic file;
    target_kind kind = TARGET_STREAM;
    mode_t mode = 0;
    int error = inspect(path, &kind, &mode);

    if (error || kind == TARGET_STREAM)
        return error;
    /* Only creating a file shows that one can be created: access() knows nothing of quotas, full
     * inode tables and network file systems. */
    error = open_target(&file, path, kind, mode);
    if (!error)
        ki_atomic_abort(&file);
    return error;
}

static int write_all(ki_atomic *file, const unsigned char *data, size_t size) {
    while (size > 0) {
        ssize_t done = write(file->fd, data, size < WRITE_MAX ? size : WRITE_MAX);

        if (done < 0 && errno == EINTR)
            continue;
        /* Nothing written and no reason given would loop for ever. */
        if (done <= 0)
            return ki_io_fail_errno(file->path, "writing failed", done < 0 ? errno : EIO);
        data += done;
        size -= (size_t)done;
    }
    return 0;
}

static int flush(ki_atomic *file) {
    size_t size = file->used;

    file->used = 0;
    return write_all(file, file->buffer, size);
}

int ki_atomic_write(ki_atomic *file, const void *data, size_t size) {
    if (size > BUFFER_SIZE - file->used) {
        int error = flush(file);

        if (error)
            return error;
        if (size >= BUFFER_SIZE)
            return write_all(file, data, size);
    }
    if (size > 0)
        memcpy(file->buffer + file->used, data, size);
    file->used += size;
    return 0;
}

/* Forces an open file to the disk; file systems that cannot say so by these three. */
static int sync_fd(int fd) {
    if (fsync(fd) && errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
        return errno;
    return 0;
}

static int close_fd(int *fd) {
    int reason = close(*fd) ? errno : 0;

    *fd = -1;
    /* The descriptor is gone after an interrupted close, and the data was synced before. */
    return reason == EINTR ? 0 : reason;
}

/* Makes the rename itself durable. The new file is in place already, and complete, so a failure
 * here is not reported: no answer could put the old one back. */
static void sync_folder(char *path) {
    size_t folder = folder_length(path);
    int fd;

    path[folder] = '\0';
    fd = open(folder ? path : ".", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)sync_fd(fd);
        close(fd);
    }
}

int ki_atomic_finish(ki_atomic *file) {
    int error = flush(file);
    int reason = 0;

    if (!error && file->temp)
        reason = sync_fd(file->fd);
    if (!error && !reason)
        reason = close_fd(&file->fd);
    return reason ? ki_io_fail_errno(file->path, "writing failed", reason) : error;
}

int ki_atomic_publish(ki_atomic *file) {
    if (file->temp && rename(file->temp, file->target)) {
        int error = ki_io_fail_errno(file->path, "cannot be replaced", errno);

        ki_atomic_abort(file);
        return error;
    }
    if (file->temp)
        sync_folder(file->target);
    release(file);
    return 0;
}

int ki_atomic_commit(ki_atomic *file) {
    int error = ki_atomic_finish(file);

    if (!error)
        return ki_atomic_publish(file);
    ki_atomic_abort(file);
    return error;
}

void ki_atomic_abort(ki_atomic *file) {
    if (file->temp)
        unlink(file->temp);
    release(file);
}
