/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/read/entry.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

int ki_entry_fail(const ki_reader *r, const ki_entry *e, int error, const char *why,
                  const char *right) {
    char text[256];

    snprintf(text, sizeof text, "array %.64s %s", e->info.name, why);
    for (char *c = text; *c; c++) /* the name is the file's, the sentence is one line */
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return ki_io_fail(error, r->path, text, right);
}

int ki_entry_add(ki_reader *r, ki_entry e, size_t most) {
    int error = e.info.name ? 0 : ki_reader_no_memory(r);

    if (!error && r->n == most) {
        char why[64];

        snprintf(why, sizeof why, "has more than %zu arrays", most);
        error = ki_io_fail(KI_ERR_FORMAT, r->path, why, "fewer and larger arrays");
    }
    if (!error && r->n == r->room) {
        size_t room = r->room ? 2 * r->room : 16;
        ki_entry *entries = ki_alloc(room, sizeof *entries);

        if (entries) {
            if (r->n)
                memcpy(entries, r->entries, r->n * sizeof *entries);
            ki_free(r->entries);
            r->entries = entries;
            r->room = room;
        } else {
            error = ki_reader_no_memory(r);
        }
    }
    if (error)
        ki_free((void *)e.info.name);
    else
        r->entries[r->n++] = e;
    return error;
}

char *ki_entry_name(const char *name, size_t length) {
    char *copy = ki_alloc(length + 1, 1);

    if (copy) {
        memcpy(copy, name, length);
        copy[length] = '\0';
    }
    return copy;
}

uint64_t ki_entry_count(const ki_array *info, size_t item) {
    /* Strings take their own bytes, a NUL and a pointer. */
    uint64_t most = PTRDIFF_MAX / ((uint64_t)item + 9), count = 1;
    int empty = 0;

    for (int d = 0; d < info->ndim; d++)
        if (info->shape[d] == 0)
            empty = 1;
        else if (info->shape[d] > most / count)
            return UINT64_MAX;
        else
            count *= info->shape[d];
    return empty ? 0 : count;
}

int ki_reader_no_memory(const ki_reader *r) {
    return ki_io_fail(KI_ERR_NOMEM, r->path, "no memory left for reading it",
                      "a machine with more, or a smaller file");
}
