/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/same_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Holds the file that `o` writes, with that ending, against one of another option. */
static int hold_against(const option *o, const char *ending, const option *other,
                        const char *given) {
    place a, b;

    find_place(o, *(const char *const *)o->target, ending, &a);
    find_place(other, given, "", &b);
    return is_same_place(&a, &b) ? refuse(&a, &b) : 0;
}

/* Whether a name was given; -o - is stdout, which the session has made NULL. */
static int is_file(const option *o) {
    return o->given && (o->kind == OPTION_POSITIONALS ||
                        ((o->kind == OPTION_POSITIONAL || o->kind == OPTION_INPUT ||
                          o->kind == OPTION_OUTPUT) &&
                         *(const char *const *)o->target));
}

static int compare(const option *o, const char *ending, const option *other) {
    int status = 0;

    if (other == o || !is_file(other))
        return 0;
    if (other->kind == OPTION_POSITIONALS) {
        const text_list *list = other->target;
        for (size_t i = 0; i < list->n && !status; i++)
            status = hold_against(o, ending, other, list->item[i]);
        return status;
    }
    if (other->kind != OPTION_OUTPUT && o->limits & LIMIT_IN_PLACE)
        return 0;
    return hold_against(o, ending, other, *(const char *const *)other->target);
}

static int is_table(const char *path) {
    const size_t length = strlen(path);

    return length > 4 && strcasecmp(path + length - 4, ".csv") == 0;
}

int refuse_same_files(const option *options, size_t n) {
    int status = 0;

    for (size_t i = 0; i < n && !status; i++) {
        const option *o = &options[i];
        if (!is_file(o) || o->kind != OPTION_OUTPUT)
            continue;
        for (size_t j = 0; j < n && !status; j++)
            status = compare(o, "", &options[j]);
        for (size_t j = 0; j < n && !status && is_table(*(const char *const *)o->target); j++)
            status = compare(o, ".json", &options[j]);
    }
    return status;
}
