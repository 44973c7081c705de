/* SPDX-License-Identifier: BSD-3-Clause */
/* Cells of a table in text, one after the other. */
#ifndef KI_SRC_IO_READ_TEXT_H
#define KI_SRC_IO_READ_TEXT_H

#include "io/read/entry.h"

#include <stddef.h>
#include <stdint.h>

enum { KI_TEXT_BUFFER = 1 << 16, KI_CELL_MOST = 1023 };

/* A place in a text, and what the next cell was. Begin with ki_text_begin(). */
typedef struct ki_text {
    const ki_reader *reader;
    uint64_t at; /* next byte of the file to be read */
    size_t have, used;
    uint64_t line; /* of the cell, from 1 */
    int separator; /* ',' '\t' ';' or ' ' (blanks) */
    int last;      /* the cell was the last of its line */
    int end;       /* there was no cell any more */
    size_t length;
    char cell[KI_CELL_MOST + 1];
    unsigned char buffer[KI_TEXT_BUFFER];
} ki_text;

/* Behind the comments on top; the first line tells the separator. */
int ki_text_begin(ki_text *t, const ki_reader *r);

/* The next cell, without quotes and blanks around it; lines of nothing are passed over. */
int ki_text_next(ki_text *t);

/* The number that a cell is, NaN for an empty one; 0 if it is none. */
int ki_text_number(const ki_text *t, double *out);

#endif
