/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_FILE_SOURCE_H
#define KI_SRC_IO_FILE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/* An open regular file; all reads are positioned. */
typedef struct ki_source {
    const char *path; /* borrowed, for sentences */
    int fd;
    uint64_t size;
} ki_source;

int ki_source_open(ki_source *s, const char *path);
/* Exactly `size` bytes from `at`, or an error: KI_ERR_FORMAT where the file ends before. */
int ki_source_read(const ki_source *s, uint64_t at, void *out, size_t size);
void ki_source_close(ki_source *s);

#endif
