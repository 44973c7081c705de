/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays of a file that is being read, as every format lists them. Nothing in a file is believed: every
 * size is held against the size of the file before memory is taken for it. Sentences name the file
 * and, where there is one, the array. */
#ifndef KI_SRC_IO_READ_ENTRY_H
#define KI_SRC_IO_READ_ENTRY_H

#include "io/file/failure.h"
#include "io/file/source.h"

#include <kinising/io.h>

#include <stddef.h>
#include <stdint.h>

/* An array as it lies in the file. */
typedef struct ki_entry {
    ki_array info;   /* name owned by the entry; type 0 if the array cannot be read */
    char kind;       /* numpy's letter: f i u b U S; h5: V for strings of variable length */
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
    size_t
        head; /* npy: bytes of the header; mat: place of the elements; h5: of the path behind the name */
    uint64_t text; /* of strings, kind V: their bytes with NULs, once they are measured */
    /* Why it is not read and what would be right, if that was plain when it was listed; or NULL. */
    const char *refusal, *wanted;
} ki_entry;

/* A format. The table in reader.c has a row for each. */
typedef struct ki_reader_format {
    /* Sets *mine if the file is of this format, as its bytes say. */
    int (*probe)(const ki_source *source, int *mine);
    /* Fills entries, n and state. What they hold after an error is freed and closed too. */
    int (*open)(ki_reader *r);
    /* The elements, converted, into `out`, which has room for them. With `out` NULL, for an entry of
     * type 0: the error that says why it cannot be read. */
    int (*read)(ki_reader *r, const ki_entry *e, void *out);
    /* Finds e->text of strings whose length is not in their type; NULL if there are none. */
    int (*measure)(ki_reader *r, ki_entry *e);
    /* The elements of an array of numbers, part by part. */
    int (*parts)(ki_reader *r, const ki_entry *e, ki_part_fn take, void *user);
    /* Frees the state; NULL if there is none. */
    void (*close)(ki_reader *r);
} ki_reader_format;

struct ki_reader {
    ki_source source;
    char *path;
    const ki_reader_format *format;
    ki_entry *entries;
    size_t n, room;
    void *state; /* the format's own */
};

/* "path : array NAME why : right". */
int ki_entry_fail(const ki_reader *r, const ki_entry *e, int error, const char *why,
                  const char *right);
/* One more entry, whose name becomes the reader's, who frees it after an error too. `most` is the
 * largest number of them; beyond, the file is refused. */
int ki_entry_add(ki_reader *r, ki_entry e, size_t most);
/* A copy of a name for an entry; NULL when memory is out. */
char *ki_entry_name(const char *name, size_t length);
/* Number of elements; UINT64_MAX if bytes of it, 8 an element at least, would not fit. */
uint64_t ki_entry_count(const ki_array *info, size_t item);
int ki_reader_no_memory(const ki_reader *r);

#endif
