/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/same_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/ending.h"
#include "shell/message.h"

/* As many links in a row as the kernel follows. */
enum { MAX_LINKS = 40 };

int written_place(const char *path, char out[PLACE_SIZE]) {
    char link[PLACE_SIZE];

    if (strlen(path) >= PLACE_SIZE)
        return ENAMETOOLONG;
    strcpy(out, path);
    for (int hops = 0; hops <= MAX_LINKS; hops++) {
        struct stat st;
        if (lstat(out, &st) != 0)
            return errno == ENOENT ? 0 : errno;
        if (!S_ISLNK(st.st_mode))
            return 0;
        const ssize_t length = readlink(out, link, sizeof link);
        if (length < 0)
            return errno;
        /* A relative link starts from the folder that it lies in. */
        const char *slash = strrchr(out, '/');
        const size_t kept = length > 0 && link[0] == '/' ? 0
                            : slash                      ? (size_t)(slash - out) + 1
                                                         : 0;
        if (kept + (size_t)length >= PLACE_SIZE)
            return ENAMETOOLONG;
        memcpy(out + kept, link, (size_t)length);
        out[kept + (size_t)length] = '\0';
    }
    return ELOOP;
}

/* A file of the command, and what it is called in messages. */
typedef struct place {
    const option *o;
    const char *given;
    char path[PLACE_SIZE];
    struct stat file, folder;
    int has_file, has_folder;
} place;

/* `ending` is what is put behind the name: a table x.csv has its provenance in x.csv.json. */
static void find_place(const option *o, const char *given, const char *ending, place *p) {
    char folder[PLACE_SIZE];

    *p = (place){.o = o, .given = given};
    if (strlen(given) + strlen(ending) >= PLACE_SIZE || written_place(given, p->path) ||
        strlen(p->path) + strlen(ending) >= PLACE_SIZE)
        return; /* cannot be opened either */
    strcat(p->path, ending);
    p->has_file = stat(p->path, &p->file) == 0;
    const char *slash = strrchr(p->path, '/');
    const size_t length = slash == p->path ? 1 : slash ? (size_t)(slash - p->path) : 0;
    memcpy(folder, p->path, length);
    folder[length] = '\0';
    p->has_folder = stat(slash ? folder : ".", &p->folder) == 0;
}

static const char *last_name(const place *p) {
    const char *slash = strrchr(p->path, '/');

    return slash ? slash + 1 : p->path;
}

static int is_same_place(const place *a, const place *b) {
    if (a->has_file && b->has_file)
        return a->file.st_dev == b->file.st_dev && a->file.st_ino == b->file.st_ino &&
               S_ISREG(a->file.st_mode);
    return a->has_folder && b->has_folder && a->folder.st_dev == b->folder.st_dev &&
           a->folder.st_ino == b->folder.st_ino && strcmp(last_name(a), last_name(b)) == 0;
}

static int refuse(const place *a, const place *b) {
    char name[SPELLED_SIZE], other[SPELLED_SIZE];

    option_spelled(a->o, name);
    if (b->o->kind <= OPTION_POSITIONALS)
        return complain(STATUS_USAGE, "%s %s : is the file of %s, which is read : another file",
                        name, a->given, b->given);
    return complain(STATUS_USAGE, "%s %s : is the file of %s too : another file", name, a->given,
                    option_spelled(b->o, other));
}

/* The names that were given to an option of a kind that names files; `one` is room for a single name.
 * -o - is stdout, which the session has made NULL: no name. */
static text_list names_of(const option *o, const char **one) {
    if (!o->given)
        return (text_list){NULL, 0};
    switch (o->kind) {
    case OPTION_POSITIONALS:
    case OPTION_OUTPUTS:
        return *(const text_list *)o->target;
    case OPTION_POSITIONAL:
    case OPTION_INPUT:
    case OPTION_OUTPUT:
        *one = *(const char *const *)o->target;
        return (text_list){one, *one != NULL};
    default:
        return (text_list){NULL, 0};
    }
}

static int is_written(const option *o) {
    return o->kind == OPTION_OUTPUT || o->kind == OPTION_OUTPUTS;
}

/* Holds the file `name` that `o` writes, with that ending, against those of another option; of the
 * same one, against those that came before. */
static int compare(const option *o, const char *name, const char *ending, const option *other) {
    const char *one;
    const text_list list = names_of(other, &one);
    place a, b;

    if (!is_written(other) && o->limits & LIMIT_IN_PLACE)
        return 0;
    find_place(o, name, ending, &a);
    for (size_t i = 0; i < list.n; i++) {
        if (other == o && list.item[i] == name)
            return 0;
        find_place(other, list.item[i], "", &b);
        if (is_same_place(&a, &b))
            return refuse(&a, &b);
    }
    return 0;
}

int refuse_same_files(const option *options, size_t n) {
    int status = 0;

    for (size_t i = 0; i < n; i++) {
        const option *o = &options[i];
        const char *one;
        const text_list list = is_written(o) ? names_of(o, &one) : (text_list){NULL, 0};
        for (size_t k = 0; k < list.n && !status; k++) {
            for (size_t j = 0; j < n && !status; j++)
                status = compare(o, list.item[k], "", &options[j]);
            for (size_t j = 0; j < n && !status && is_csv(list.item[k]); j++)
                status = compare(o, list.item[k], ".json", &options[j]);
        }
    }
    return status;
}
