/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading tables in text. They have no mark of their own, so that the ending of the name tells. */
#include "base/memory.h"
#include "io/read/elements.h"
#include "io/read/formats.h"
#include "io/read/parts.h"
#include "io/read/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MOST = 65536 };

/* What the first reading of the whole file found. */
typedef struct csv_file {
    int named; /* the first line has the names */
    uint64_t rows;
    size_t columns;
    ki_text text;
} csv_file;

/* Entries are columns, whose number is in `at`, or the table. */
enum { TABLE = COLUMNS_MOST };

static int wrong_line(const ki_reader *r, const csv_file *f, size_t cells) {
    char why[128];

    snprintf(why, sizeof why, "line %" PRIu64 " has %zu cells, and the first has %zu", f->text.line,
             cells, f->columns);
    return ki_io_fail(KI_ERR_FORMAT, r->path, why, "a table with as many in each");
}

static int no_number(const ki_reader *r, const ki_text *t) {
    char why[128];

    snprintf(why, sizeof why, "line %" PRIu64 " has a cell \"%.32s\", which is no number", t->line,
             t->cell);
    for (char *c = why; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = '?';
    return ki_io_fail(KI_ERR_FORMAT, r->path, why, "numbers in all lines but the first");
}

/* A column for each cell of the first line. */
static int read_first(ki_reader *r, csv_file *f) {
    double number;
    int error = ki_text_begin(&f->text, r);

    do {
        error = error ? error : ki_text_next(&f->text);
        if (error || f->text.end)
            return error;
        f->named |= !ki_text_number(&f->text, &number);
        error =
            ki_entry_add(r,
                         (ki_entry){.info = {.name = ki_entry_name(f->text.cell, f->text.length),
                                             .type = KI_FLOAT64,
                                             .ndim = 1},
                                    .kind = 'f',
                                    .item = 8,
                                    .at = r->n},
                         COLUMNS_MOST);
    } while (!error && !f->text.last);
    f->columns = r->n;
    return error;
}

/* A cell of column k: the longest makes the width of strings, collected in `packed`. */
static void look_at(ki_entry *column, const ki_text *t) {
    double number;

    if (!ki_text_number(t, &number))
        column->info.type = KI_STRING;
    if (t->length > column->packed)
        column->packed = t->length;
}

static int read_lines(ki_reader *r, csv_file *f) {
    size_t k = 0;
    int error;

    for (error = ki_text_next(&f->text); !error && !f->text.end; error = ki_text_next(&f->text)) {
        if (k < f->columns)
            look_at(&r->entries[k], &f->text);
        k++;
        if (!f->text.last)
            continue;
        if (k != f->columns)
            return wrong_line(r, f, k);
        f->rows++;
        k = 0;
    }
    return error;
}

/* Without names there is the table alone. */
static int list_table(ki_reader *r, csv_file *f) {
    int all = 1;

    for (size_t k = 0; k < f->columns; k++) {
        ki_entry *e = &r->entries[k];

        e->info.shape[0] = (size_t)f->rows;
        all &= e->info.type == KI_FLOAT64;
        if (f->named && e->info.type == KI_STRING) {
            e->kind = 'S';
            e->item = (size_t)e->packed + 1;
        }
        if (!f->named)
            ki_free((void *)e->info.name);
    }
    if (!f->named)
        r->n = 0;
    for (size_t k = 0; k < r->n; k++)
        all &= strcmp(r->entries[k].info.name, "data") != 0;
    if (f->named && !all)
        return 0;
    return ki_entry_add(r,
                        (ki_entry){.info = {.name = ki_entry_name("data", 4),
                                            .type = KI_FLOAT64,
                                            .ndim = 2,
                                            .shape = {(size_t)f->rows, f->columns}},
                                   .kind = 'f',
                                   .item = 8,
                                   .at = TABLE},
                        COLUMNS_MOST + 1);
}

static int open_csv(ki_reader *r) {
    csv_file *f = ki_alloc(1, sizeof *f);
    int error;

    if (!f)
        return ki_reader_no_memory(r);
    f->named = 0;
    f->rows = 0;
    f->columns = 0;
    r->state = f;
    error = read_first(r, f);
    if (!error && !f->columns)
        return ki_io_fail(KI_ERR_FORMAT, r->path, "has no cells", "a table of numbers");
    if (!error && !f->named)
        f->rows = 1;
    error = error ? error : read_lines(r, f);
    return error ? error : list_table(r, f);
}

/* Cells from the first line of numbers on. */
static int rewind_text(ki_reader *r) {
    csv_file *f = r->state;
    int error = ki_text_begin(&f->text, r);

    for (size_t k = 0; !error && f->named && k < f->columns; k++)
        error = ki_text_next(&f->text);
    return error;
}

/* The next cell of `column`, of any if it is TABLE. */
static int next_cell(ki_reader *r, uint64_t column) {
    csv_file *f = r->state;
    int error = 0;

    for (size_t k = 0; !error && k < (column == TABLE ? 1 : f->columns); k++) {
        error = ki_text_next(&f->text);
        if (!error && f->text.end)
            return ki_io_fail(KI_ERR_FORMAT, r->path, "became shorter while it was read",
                              "a file that nobody writes to");
        if (k == column)
            break;
    }
    return error;
}

typedef struct column_at {
    ki_reader *r;
    const ki_entry *e;
} column_at;

static int next_numbers(void *state, size_t n, void *out) {
    const column_at *c = state;
    csv_file *f = c->r->state;
    const uint64_t behind = c->e->at == TABLE ? 0 : f->columns - 1 - c->e->at;
    int error = 0;

    for (size_t k = 0; k < n && !error; k++) {
        error = next_cell(c->r, c->e->at);
        if (!error && !ki_text_number(&f->text, (double *)out + k))
            error = no_number(c->r, &f->text);
        for (uint64_t rest = 0; rest < behind && !error; rest++)
            error = ki_text_next(&f->text);
    }
    return error;
}

static int read_strings(ki_reader *r, const ki_entry *e, void *out) {
    csv_file *f = r->state;
    ki_strings strings = ki_strings_in(out, e->info.shape[0]);
    int error = 0;

    for (size_t k = 0; k < e->info.shape[0] && !error; k++) {
        const char *why = NULL;

        error = next_cell(r, e->at);
        if (!error && f->text.length >= e->item)
            why = "was changed while it was read";
        else if (!error)
            why = ki_strings_add(&strings, k, (const unsigned char *)f->text.cell, f->text.length);
        if (why)
            error = ki_entry_fail(r, e, KI_ERR_FORMAT, why, "strings of Unicode text");
        for (uint64_t rest = e->at + 1; rest < f->columns && !error; rest++)
            error = ki_text_next(&f->text);
    }
    return error;
}

static int read_csv(ki_reader *r, const ki_entry *e, void *out) {
    column_at c = {r, e};
    int error = rewind_text(r);

    if (error)
        return error;
    if (e->info.type == KI_STRING)
        return read_strings(r, e, out);
    return next_numbers(&c, (size_t)ki_entry_count(&e->info, e->item), out);
}

static int parts_csv(ki_reader *r, const ki_entry *e, ki_part_fn take, void *user) {
    column_at c = {r, e};
    int error = rewind_text(r);

    return error ? error : ki_parts_in_order(r, e, next_numbers, &c, take, user);
}

static void close_csv(ki_reader *r) {
    ki_free(r->state);
    r->state = NULL;
}

static int probe(const ki_source *source, int *mine) {
    static const char *const endings[] = {".csv", ".tsv", ".txt"};
    const size_t length = strlen(source->path);

    *mine = 0;
    for (size_t k = 0; source->size && length >= 4 && k < sizeof endings / sizeof *endings; k++)
        *mine |= strcasecmp(source->path + length - 4, endings[k]) == 0;
    return 0;
}

const ki_reader_format ki_csv_reader = {
    .probe = probe, .open = open_csv, .read = read_csv, .parts = parts_csv, .close = close_csv};
