/* SPDX-License-Identifier: BSD-3-Clause */
/* Files being read. Nothing in them is believed: every size is held against the size of the file
 * before memory is taken for it. Sentences name the file and, where there is one, the array. */
#ifndef KI_SRC_IO_READ_READER_H
#define KI_SRC_IO_READ_READER_H

#include "io/file/failure.h"
#include "io/file/source.h"

#include <kinising/io.h>

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

enum {
    KI_RATIO_MAX = 1032, /* deflate makes no more of a byte */
    KI_READ_BUFFER = 1 << 16
};

/* An array as it lies in the file. */
typedef struct ki_entry {
    ki_array info;   /* name owned by the entry; type 0 if the array cannot be read */
    char kind;       /* numpy's letter: f i u b U S */
    size_t item;     /* bytes per element in the file */
    int swapped;     /* big-endian */
    int fortran;     /* first index fastest */
    uint64_t at;     /* zip: local header; npy: 0 */
    uint64_t packed; /* bytes in the file, before and after decompression */
    uint64_t size;
    uint64_t end; /* what the packed bytes may not reach beyond */
    uint32_t crc; /* checked if `zipped` */
    int zipped;
    int deflated;
    int refused;         /* encrypted, or compressed by another method */
    size_t head;         /* bytes of the NPY header */
    const char *refusal; /* why it is not read, if that was plain when it was listed; or NULL */
} ki_entry;

enum ki_reader_format { KI_READER_NPY, KI_READER_NPZ, KI_READER_HDF5 };

struct ki_reader {
    ki_source source;
    char *path;
    int format;
    ki_entry *entries;
    size_t n;
    void *state; /* the format's own */
};

/* "path : array NAME why : right". */
int ki_entry_fail(const ki_reader *r, const ki_entry *e, int error, const char *why,
                  const char *right);
/* A copy of a name for an entry; NULL when memory is out. */
char *ki_entry_name(const char *name, size_t length);
/* Number of elements; UINT64_MAX if bytes of it, 8 an element at least, would not fit. */
uint64_t ki_entry_count(const ki_array *info, size_t item);
int ki_reader_no_memory(const ki_reader *r);

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

/* Fills r->entries from the directory of a zip file; infos are filled by ki_npy_head(). */
int ki_zip_list(ki_reader *r);

/* Reads the header of an array: info, kind, item, swapped, fortran, head. */
int ki_npy_head(const ki_reader *r, ki_entry *e);
/* Reads and converts the elements into out, which has room for ki_entry_bytes(). */
int ki_npy_fetch(const ki_reader *r, const ki_entry *e, void *out);

int ki_hdf5_list(ki_reader *r);
int ki_hdf5_fetch(ki_reader *r, const ki_entry *e, void *out);
void ki_hdf5_close(ki_reader *r);
/* That an open dataset is stored in as many bytes as it needs. */
int ki_hdf5_check_storage(const ki_reader *r, const ki_entry *e, int64_t set, int64_t plist);

/* Strings while they are collected: pointers first, then the text they point to. */
typedef struct ki_strings {
    char **text;
    char *next;
} ki_strings;

ki_strings ki_strings_in(void *out, size_t count);
/* Bytes of text, up to the first of trailing zeros. NULL or why it is no string. */
const char *ki_strings_add(ki_strings *s, size_t index, const unsigned char *text, size_t length);

/* Elements between what was read and the array: their types, byte and index order. */
int ki_elements_put(const ki_reader *r, const ki_entry *e, uint64_t first, size_t n,
                    const unsigned char *raw, void *out, ki_strings *strings);

#endif
