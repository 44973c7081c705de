/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything that can be wrong with arrays, found before a file is touched. */
#include "io/write/array.h"

#include "base/error.h"
#include "io/file/utf8.h"

#include <string.h>

enum { NAME_LENGTH_MAX = 255 };

size_t ki_array_count(const ki_array *array) {
    size_t count = 1;

    for (int d = 0; d < array->ndim; d++)
        count *= array->shape[d];
    return count;
}

const ki_array_source *ki_content_source(const ki_content *content, size_t k) {
    return content->sources && content->sources[k].read ? &content->sources[k] : NULL;
}

static int valid_utf8(const char *text) {
    int32_t code;

    while ((code = ki_utf8_next(&text)) > 0)
        ;
    return code == 0;
}

static int check_name(size_t n, const ki_array *arrays, size_t k, const char *provenance) {
    const char *name = arrays[k].name;
    size_t length;

    if (!name)
        return ki_fail(KI_ERR_ARGUMENT, "array %zu : its name is NULL : a name", k);
    length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (length == 0 || name[length] || length > NAME_LENGTH_MAX)
        return ki_fail(KI_ERR_ARGUMENT,
                       "array %zu : bad name \"%.64s\" : 1 to %d letters, digits and underscores",
                       k, name, NAME_LENGTH_MAX);
    if (provenance && strcmp(name, "provenance") == 0)
        return ki_fail(KI_ERR_ARGUMENT,
                       "array %zu : its name \"provenance\" is taken by the provenance text : "
                       "another name, or no such text",
                       k);
    for (size_t other = k + 1; other < n; other++) {
        if (arrays[other].name && strcmp(arrays[other].name, name) == 0)
            return ki_fail(KI_ERR_ARGUMENT,
                           "arrays %zu and %zu : both are named \"%.64s\" : distinct names", k,
                           other, name);
    }
    return 0;
}

static int check_strings(const ki_array *a, size_t count) {
    const char *const *text = a->data;

    for (size_t i = 0; i < count; i++) {
        if (!text[i])
            return ki_fail(KI_ERR_ARGUMENT, "%.64s : string %zu is NULL : a string, \"\" if empty",
                           a->name, i);
        if (!valid_utf8(text[i]))
            return ki_fail(KI_ERR_ARGUMENT, "%.64s : string %zu is not valid UTF-8 : UTF-8 text",
                           a->name, i);
    }
    return 0;
}

static int check_array(const ki_array *a, int streamed) {
    size_t count = 1;
    int empty = 0;

    if (a->type < KI_FLOAT64 || a->type > KI_INT8)
        return ki_fail(KI_ERR_ARGUMENT,
                       "%.64s : unknown type %d : KI_FLOAT64, KI_INT64, KI_INT8 or KI_STRING",
                       a->name, a->type);
    if (a->ndim < 0 || a->ndim > 4)
        return ki_fail(KI_ERR_ARGUMENT, "%.64s : %d dimensions : 0 to 4", a->name, a->ndim);
    /* The other extents' product has to fit even when one is 0: readers multiply in any order. */
    for (int d = 0; d < a->ndim; d++) {
        if (a->shape[d] == 0) {
            empty = 1;
            continue;
        }
        if (count > PTRDIFF_MAX / 8 / a->shape[d])
            return ki_fail(KI_ERR_ARGUMENT,
                           "%.64s : the product of its extents is too large : at most %td elements",
                           a->name, (ptrdiff_t)(PTRDIFF_MAX / 8));
        count *= a->shape[d];
    }
    if (streamed && (a->type == KI_STRING || a->ndim == 0))
        return ki_fail(KI_ERR_ARGUMENT,
                       "%.64s : %s have a source : an array of numbers, or data in memory", a->name,
                       a->ndim ? "strings" : "no dimensions");
    if (empty || streamed)
        return 0;
    if (!a->data)
        return ki_fail(KI_ERR_ARGUMENT, "%.64s : its data is NULL : a pointer to %zu elements",
                       a->name, count);
    return a->type == KI_STRING ? check_strings(a, count) : 0;
}

static int check_label(const ki_array *a, const ki_label *label) {
    if (label->units && !valid_utf8(label->units))
        return ki_fail(KI_ERR_ARGUMENT, "%.64s : its units are not valid UTF-8 : UTF-8 text",
                       a->name);
    for (int d = 0; d < 4; d++) {
        if (!label->axes[d])
            continue;
        if (d >= a->ndim)
            return ki_fail(KI_ERR_ARGUMENT,
                           "%.64s : axis %d has a name and it has %d dimensions : a name for each "
                           "dimension at most",
                           a->name, d, a->ndim);
        if (!valid_utf8(label->axes[d]))
            return ki_fail(KI_ERR_ARGUMENT,
                           "%.64s : the name of axis %d is not valid UTF-8 : UTF-8 text", a->name,
                           d);
    }
    return 0;
}

int ki_content_check(const ki_content *content) {
    const size_t n = content->n;
    const ki_array *arrays = content->arrays;
    const ki_label *labels = content->labels;
    const char *provenance = content->provenance;
    int error = 0;

    if (n == 0)
        return ki_fail(KI_ERR_ARGUMENT, "n : there is no array to write : n >= 1");
    if (!arrays)
        return ki_fail(KI_ERR_ARGUMENT, "arrays : is NULL : a pointer to %zu arrays", n);
    for (size_t k = 0; k < n && !error; k++) {
        error = check_name(n, arrays, k, provenance);
        if (!error)
            error = check_array(&arrays[k], ki_content_source(content, k) != NULL);
        if (!error && labels)
            error = check_label(&arrays[k], &labels[k]);
    }
    if (!error && provenance && !valid_utf8(provenance))
        error = ki_fail(KI_ERR_ARGUMENT, "provenance : is not valid UTF-8 : UTF-8 text");
    return error;
}
