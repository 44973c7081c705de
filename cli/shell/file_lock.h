/* SPDX-License-Identifier: BSD-3-Clause */
/* One command at a time for a file that is replaced again and again. */
#ifndef KINISING_CLI_FILE_LOCK_H
#define KINISING_CLI_FILE_LOCK_H

/* Zero it: `name` is NULL when nothing is locked. */
typedef struct file_lock {
    char *name; /* of the lock file, to be freed */
    int fd;
} file_lock;

enum file_lock_result { LOCK_FAILED = -1, LOCK_TAKEN, LOCK_HELD_BY_ANOTHER, LOCK_UNSUPPORTED };

/* Locks `path` for this process, by any of its names, as long as it lives. `path` itself changes
 * its inode with every version, so an empty file PATH.lock beside it carries the lock; what a killed
 * process leaves of it is no lock. Returns enum file_lock_result, LOCK_FAILED with errno. */
int file_lock_take(file_lock *lock, const char *path);

/* Releases the lock and removes its file. */
void file_lock_release(file_lock *lock);

#endif
