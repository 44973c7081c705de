/* SPDX-License-Identifier: BSD-3-Clause */
#include "library/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kinising/base.h>

/* The least limit of the group `path` and those above it; `path` is cut to nothing. */
static uint64_t least_of(const char *root, const char *kind, char *path, const char *file) {
    uint64_t least = UINT64_MAX, limit;
    char name[1024];

    for (char *end = path + strlen(path); end; end = strrchr(path, '/')) {
        *end = '\0';
        snprintf(name, sizeof name, "%s%s%s/%s", root, kind, path, file);
        FILE *f = fopen(name, "r");
        if (f && fscanf(f, "%" SCNu64, &limit) == 1 && limit < least) /* or the word max */
            least = limit;
        if (f)
            fclose(f);
    }
    return least;
}

/* Whether "memory" is among the controllers "a,b,c" of version 1. */
static int has_memory(const char *controllers, size_t length) {
    for (const char *at = controllers, *end = controllers + length; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const size_t word = (size_t)((comma ? comma : end) - at);
        if (word == 6 && memcmp(at, "memory", 6) == 0)
            return 1;
        at += word + 1;
    }
    return 0;
}

uint64_t ki_group_memory(const char *groups, const char *root) {
    char line[600];
    uint64_t least = UINT64_MAX;
    FILE *f = fopen(groups, "r");

    while (f && fgets(line, sizeof line, f)) { /* number:controllers:path */
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        const size_t length = (size_t)(path - ++controllers);
        path[1 + strcspn(path + 1, "\n")] = '\0';
        uint64_t limit = UINT64_MAX;
        if (length == 0)
            limit = least_of(root, "", path + 1, "memory.max");
        else if (has_memory(controllers, length))
            limit = least_of(root, "/memory", path + 1, "memory.limit_in_bytes");
        least = limit < least ? limit : least;
    }
    if (f)
        fclose(f);
    return least;
}

uint64_t ki_machine_memory(void) {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    const uint64_t all = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_MAX;
    const uint64_t group = ki_group_memory("/proc/self/cgroup", "/sys/fs/cgroup");

    return group < all ? group : all;
}
