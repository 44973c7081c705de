/* SPDX-License-Identifier: BSD-3-Clause */
/* The formats that can be written, each in a file of its own. */
#ifndef KI_SRC_IO_WRITE_FORMATS_H
#define KI_SRC_IO_WRITE_FORMATS_H

#include "io/file/atomic.h"
#include "io/write/array.h"

/* The table in write.c has a row for each. */
typedef struct ki_writer_format {
    const char *ending;
    int provenance_beside; /* it has no place inside */
    /* KI_ERR_UNSUPPORTED if this build cannot write it; NULL if every build can. */
    int (*available)(const char *path);
    /* KI_ERR_FORMAT for arrays that the format cannot hold; NULL if it can hold all. */
    int (*check)(const char *path, const ki_content *content);
    int (*write)(ki_atomic *out, const ki_content *content);
} ki_writer_format;

extern const ki_writer_format ki_csv_writer;
extern const ki_writer_format ki_npz_writer;
extern const ki_writer_format ki_hdf5_writer;

#endif
