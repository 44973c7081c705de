/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer's way in: the bytes as a file, everything in it read. Crashes and sanitizer reports are
 * the findings, and a failure without its sentence. It writes into the working folder. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <kinising/kinising.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int holds) {
    if (!holds)
        abort();
}

static int is_sentence(const char *s) {
    const char *first = strstr(s, " : ");

    return first && strstr(first + 3, " : ") && !strchr(s, '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[64] = "kinising-fuzz-XXXXXX";
    static FILE *file;
    ki_reader *r;

    if (!file) {
        int fd = mkstemp(path);

        need(fd >= 0);
        file = fdopen(fd, "wb");
        need(unlink(path) == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    rewind(file);
    need(fwrite(data, 1, size, file) == size && fflush(file) == 0 &&
         ftruncate(fileno(file), (off_t)size) == 0);
    if (ki_reader_open(path, &r)) {
        need(is_sentence(ki_last_error()));
        return 0;
    }
    for (size_t i = 0; i < ki_reader_count(r); i++) {
        ki_array a;

        if (ki_reader_read(r, i, &a))
            need(is_sentence(ki_last_error()));
        else
            ki_array_free(&a);
    }
    ki_reader_close(r);
    return 0;
}
