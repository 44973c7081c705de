/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/memory.h"

#include <stdlib.h>

#include <kinising/kinising.h>

#include "shell/message.h"

double machine_memory(void) {
    return (double)ki_machine_memory();
}

static int no_memory(const char *command, uint64_t count, size_t size) {
    const double gib = 1024.0 * 1024.0 * 1024.0;

    return complain(STATUS_FAILED,
                    "%s : %.3g GiB of memory needed, %.3g GiB in this machine : "
                    "a smaller run: fewer points, replicas or spins",
                    command, (double)count * (double)size / gib, machine_memory() / gib);
}

int check_memory(const char *command, uint64_t count, size_t size) {
    return (double)count * (double)size < machine_memory() ? 0 : no_memory(command, count, size);
}

void *get_memory(const char *command, uint64_t count, size_t size) {
    if (check_memory(command, count, size))
        return NULL;
    void *memory = malloc(count ? (size_t)count * size : 1);
    if (!memory)
        no_memory(command, count, size);
    return memory;
}
