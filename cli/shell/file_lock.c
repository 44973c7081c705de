/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1 /* flock */
#endif
#define _XOPEN_SOURCE 700

#include "shell/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/same_file.h"

/* Whether the open file still is the one of that name. */
static int is_in_place(int fd, const char *name) {
    struct stat ours, there;

    return fstat(fd, &ours) == 0 && stat(name, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

static int is_unsupported(int reason) {
    return reason == ENOLCK || reason == ENOSYS || reason == EOPNOTSUPP || reason == EINVAL;
}

static char *lock_name(const char *path) {
    static const char end[] = ".lock";
    char place[PLACE_SIZE];

    const int reason = written_place(path, place);
    if (reason) {
        errno = reason;
        return NULL;
    }
    char *name = malloc(strlen(place) + sizeof end);
    if (name) {
        strcpy(name, place);
        strcat(name, end);
    }
    return name;
}

/* Opens and locks lock->name once. */
static int try_once(file_lock *lock) {
    lock->fd = open(lock->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (lock->fd < 0 && errno == EACCES) /* left there by another user */
        lock->fd = open(lock->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (lock->fd < 0)
        return LOCK_FAILED;
    while (flock(lock->fd, LOCK_EX | LOCK_NB) != 0)
        if (errno == EWOULDBLOCK)
            return LOCK_HELD_BY_ANOTHER;
        else if (errno != EINTR)
            return is_unsupported(errno) ? LOCK_UNSUPPORTED : LOCK_FAILED;
    return LOCK_TAKEN;
}

int file_lock_take(file_lock *lock, const char *path) {
    int result = LOCK_FAILED;

    lock->fd = -1;
    lock->name = lock_name(path);
    if (!lock->name)
        return LOCK_FAILED;
    /* Between open and flock its last owner may have removed it: then the lock is of no name. */
    for (int attempt = 0; attempt < 1000; attempt++) {
        result = try_once(lock);
        if (result != LOCK_TAKEN || is_in_place(lock->fd, lock->name))
            break;
        close(lock->fd);
        lock->fd = -1;
        errno = EAGAIN;
        result = LOCK_FAILED;
    }
    if (result == LOCK_TAKEN)
        return result;
    const int reason = errno;
    if (result == LOCK_UNSUPPORTED) {
        file_lock_release(lock);
    } else {
        if (lock->fd >= 0)
            close(lock->fd);
        free(lock->name);
        *lock = (file_lock){0};
    }
    errno = reason;
    return result;
}

void file_lock_release(file_lock *lock) {
    struct stat st;

    if (!lock->name)
        return;
    /* Removed while it is locked; a file of that name that holds something is not ours. */
    if (fstat(lock->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 &&
        is_in_place(lock->fd, lock->name))
        unlink(lock->name);
    close(lock->fd);
    free(lock->name);
    *lock = (file_lock){0};
}
