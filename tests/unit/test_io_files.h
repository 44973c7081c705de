/* SPDX-License-Identifier: BSD-3-Clause */
/* Scratch folders and whole-file reads for the tests of result files. */
#ifndef KI_TESTS_IO_FILES_H
#define KI_TESTS_IO_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kinising/base.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 512 };

/* A fresh folder in the working directory; its name is the test's state. */
static inline int make_folder(void **state) {
    char *name = strdup("io-XXXXXX");

    *state = name;
    return name && mkdtemp(name) ? 0 : -1;
}

/* Names in a folder, "." and ".." apart; with `remove` set, empties it one level deep. */
static inline int count_files(const char *folder, int remove) {
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (remove && unlinkat(dirfd(dir), entry->d_name, 0))
            unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
    return count;
}

static inline int remove_folder(void **state) {
    char *name = *state;

    count_files(name, 1);
    rmdir(name);
    free(name);
    return 0;
}

/* "folder/name" in one of a few buffers that take turns. */
static inline const char *in(const char *folder, const char *name) {
    static char buffers[8][PATH_SIZE];
    static unsigned turn;
    char *path = buffers[turn++ % 8];

    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    return path;
}

/* The bytes of a file with a NUL after them, to be freed. */
static inline char *slurp(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t used = 0;
    size_t got;

    assert_non_null(file);
    do {
        bytes = realloc(bytes, used + 65537);
        assert_non_null(bytes);
        got = fread(bytes + used, 1, 65536, file);
        used += got;
    } while (got > 0);
    fclose(file);
    bytes[used] = '\0';
    if (size)
        *size = used;
    return bytes;
}

static inline void spill(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static inline void assert_content(const char *path, const char *text) {
    size_t size;
    char *bytes = slurp(path, &size);

    assert_string_equal(bytes, text);
    assert_int_equal(size, strlen(text));
    free(bytes);
}

/* A failing call: its number, and a sentence of three parts that holds `words`. */
static inline void assert_failure(int rc, int error, const char *words) {
    const char *text = ki_last_error();
    const char *first = strstr(text, " : ");

    if (rc != error || !strstr(text, words))
        print_error("got %d and \"%s\", not %d and \"%s\"\n", rc, text, error, words);
    assert_int_equal(rc, error);
    assert_non_null(strstr(text, words));
    assert_non_null(first);
    assert_non_null(strstr(first + 3, " : "));
    assert_null(strchr(text, '\n'));
}

#endif
