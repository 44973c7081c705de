/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/ending.h"

#include <string.h>
#include <strings.h>

const char *file_ending(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    return dot && dot != name ? dot : "";
}

int is_csv(const char *path) {
    const size_t length = path ? strlen(path) : 0;

    return length >= 4 && strcasecmp(path + length - 4, ".csv") == 0;
}
