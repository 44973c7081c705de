/* SPDX-License-Identifier: BSD-3-Clause */
/* One output file that appears under its name only when complete. */
#ifndef KI_SRC_IO_FILE_ATOMIC_H
#define KI_SRC_IO_FILE_ATOMIC_H

#include <stddef.h>

/* A file being written. For a regular target the bytes go to `temp`, in the folder of `target`;
 * for a device or pipe they go straight there and `temp` is NULL. */
typedef struct ki_atomic {
    const char *path;      /* as the caller gave it, for sentences; borrowed */
    char *target;          /* the path with symbolic links of its last part followed */
    char *temp;            /* NULL when nothing is there to rename or remove */
    unsigned char *buffer; /* collects small writes */
    size_t used;           /* bytes waiting in buffer */
    int fd;
} ki_atomic;

/* Opens; on an error nothing is left behind and `file` needs no abort. `path` must outlive it. */
int ki_atomic_open(ki_atomic *file, const char *path);

/* Appends `size` bytes. After an error the only legal call is ki_atomic_abort. */
int ki_atomic_write(ki_atomic *file, const void *data, size_t size);

/* Makes everything durable and visible, or fails and undoes. Releases `file` either way. */
int ki_atomic_commit(ki_atomic *file);

/* The two halves of a commit, for files that appear together. The first makes everything durable; after an
 * error in it, or a change of mind, ki_atomic_abort is due. The second makes it visible, and fails and releases
 * as a commit does. */
int ki_atomic_finish(ki_atomic *file);
int ki_atomic_publish(ki_atomic *file);

/* Drops everything written (what went to a device or pipe is gone already) and releases `file`. */
void ki_atomic_abort(ki_atomic *file);

/* Whether ki_atomic_open would succeed; does not open devices and pipes, which could block. */
int ki_atomic_check(const char *path);

#endif
