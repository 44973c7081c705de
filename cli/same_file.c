/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "same_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many links in a row as the kernel follows. */
enum { MAX_LINKS = 40 };

int written_place(const char *path, char out[PLACE_SIZE]) {
    char link[PLACE_SIZE];

    if (strlen(path) >= PLACE_SIZE)
        return ENAMETOOLONG;
    strcpy(out, path);
    for (int hops = 0; hops <= MAX_LINKS; hops++) {
        struct stat st;
        if (lstat(out, &st) != 0)
            return errno == ENOENT ? 0 : errno;
        if (!S_ISLNK(st.st_mode))
            return 0;
        const ssize_t length = readlink(out, link, sizeof link);
        if (length < 0)
            return errno;
        /* A relative link starts from the folder that it lies in. */
        const char *slash = strrchr(out, '/');
        const size_t kept = length > 0 && link[0] == '/' ? 0
                            : slash                      ? (size_t)(slash - out) + 1
                                                         : 0;
        if (kept + (size_t)length >= PLACE_SIZE)
            return ENAMETOOLONG;
        memcpy(out + kept, link, (size_t)length);
        out[kept + (size_t)length] = '\0';
    }
    return ELOOP;
}
