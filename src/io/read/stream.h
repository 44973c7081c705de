/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_READ_STREAM_H
#define KI_SRC_IO_READ_STREAM_H

#include "io/read/entry.h"

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

enum {
    KI_RATIO_MAX = 1032, /* deflate makes no more of a byte */
    KI_READ_BUFFER = 1 << 16
};

/* The bytes of an entry of a .npz or .npy, decompressed, in order. */
typedef struct ki_stream {
    const ki_reader *reader;
    const ki_entry *entry;
    uint64_t at;   /* next byte in the file */
    uint64_t left; /* packed bytes from there */
    uint64_t due;  /* unpacked bytes not yet read */
    uint32_t crc;
    unsigned char *buffer; /* deflated input */
    z_stream z;
} ki_stream;

int ki_stream_open(ki_stream *s, const ki_reader *r, const ki_entry *e);
int ki_stream_read(ki_stream *s, void *out, size_t size);
/* That everything has been read, and its checksum. */
int ki_stream_finish(ki_stream *s);
void ki_stream_close(ki_stream *s);
/* Makes zlib take its memory from ki_alloc. */
void ki_zlib_memory(z_stream *z);

#endif
