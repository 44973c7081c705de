/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays that are made while they are written: the bytes of the file are those of arrays in memory. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "test_io_files.h"

#include <kinising/kinising.h>

/* Element k of an array is k mod 113. */
typedef struct made {
    int type;
    uint64_t next; /* it is asked in order */
    int passes, until;
    uint64_t all;
} made;

static int make(void *user, uint64_t first, size_t count, void *out) {
    made *m = user;

    if (m->until >= 0 && m->until-- == 0)
        return ki_reader_open("/nowhere/of/a/source", &(ki_reader *){NULL});
    if (first == 0) {
        m->passes++;
        m->next = 0;
    }
    assert_true(first == m->next && count > 0 && first + count <= m->all);
    m->next += count;
    for (size_t k = 0; k < count; k++) {
        const int value = (int)((first + k) % 113);

        if (m->type == KI_INT8)
            ((int8_t *)out)[k] = (int8_t)value;
        else if (m->type == KI_INT64)
            ((int64_t *)out)[k] = value;
        else
            ((double *)out)[k] = value;
    }
    return 0;
}

static const struct {
    int ndim;
    size_t shape[4];
} shapes[] = {{1, {1}},          {1, {200000}},        {2, {3, 5}},        {2, {3, 0}},
              {2, {70001, 37}},  {2, {2, 1100000}},    {3, {7, 9001, 40}}, {3, {3, 5, 300000}},
              {4, {2, 3, 4, 5}}, {4, {5, 2, 3000, 70}}};
static const int types[] = {KI_INT8, KI_INT64, KI_FLOAT64};
static const char *const files[] = {"a.npz", "a.h5"};

static size_t count_of(const ki_array *a) {
    size_t count = 1;

    for (int d = 0; d < a->ndim; d++)
        count *= a->shape[d];
    return count;
}

/* An array of the shape in memory, and the same to be made. */
static void *in_memory(const ki_array *a) {
    const size_t count = count_of(a);
    made m = {.type = a->type, .until = -1, .all = count};
    void *data = malloc((count ? count : 1) * 8);

    assert_non_null(data);
    if (count)
        assert_int_equal(make(&m, 0, count, data), 0);
    return data;
}

static void same_bytes(void **state) {
    ki_build_info info;

    assert_int_equal(ki_get_build_info(&info), 0);
    for (int f = 0; f < (info.have_hdf5 ? 2 : 1); f++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
                const char *path = in(*state, files[f]);
                ki_array a[] = {{"x", types[t], shapes[s].ndim, {0}, NULL},
                                {"words", KI_STRING, 1, {1}, &(const char *){"ferromagnetic"}}};
                const ki_label labels[2] = {{.units = "spikes"}};
                char *bytes[2];
                size_t size[2];

                memcpy(a[0].shape, shapes[s].shape, sizeof a[0].shape);
                if (types[t] != KI_INT8 && count_of(a) > 250000)
                    continue; /* bytes are large enough */
                made m = {.type = types[t], .until = -1, .all = count_of(a)};
                const ki_array_source sources[2] = {{make, &m}};
                void *data = in_memory(a);

                a[0].data = data;
                assert_int_equal(ki_write_labelled(path, 2, a, labels, "{}"), 0);
                bytes[0] = slurp(path, &size[0]);
                a[0].data = NULL;
                assert_int_equal(ki_write_streamed(path, 2, a, labels, sources, "{}"), 0);
                assert_int_equal(m.next, m.all);
                assert_true(m.passes <= 2);
                bytes[1] = slurp(path, &size[1]);
                assert_int_equal(size[0], size[1]);
                assert_true(memcmp(bytes[0], bytes[1], size[0]) == 0);
                free(bytes[0]);
                free(bytes[1]);
                free(data);
            }
}

/* A source that fails leaves the old file, and its own sentence. */
static void failing_source(void **state) {
    ki_build_info info;

    assert_int_equal(ki_get_build_info(&info), 0);
    for (int f = 0; f < (info.have_hdf5 ? 2 : 1); f++) {
        const char *path = in(*state, files[f]);
        int error, k = 0;

        spill(path, "old");
        for (;; k++) {
            made m = {.type = KI_INT8, .until = k, .all = 70001 * 37};
            const ki_array a = {"x", KI_INT8, 2, {70001, 37}, NULL};
            const ki_array_source source = {make, &m};

            error = ki_write_streamed(path, 1, &a, NULL, &source, NULL);
            if (!error)
                break;
            assert_int_equal(error, KI_ERR_IO);
            assert_non_null(strstr(ki_last_error(), "/nowhere/of/a/source : "));
            assert_content(path, "old");
        }
        assert_true(k >= 3);
        assert_int_equal(count_files(*state, 0), f + 1);
    }
}

static void refusals(void **state) {
    static const struct {
        const char *file;
        ki_array a;
        int error;
        const char *words;
    } bad[] = {
        {"a.npz", {"x", KI_STRING, 1, {2}, NULL}, KI_ERR_ARGUMENT, "x : strings have a source"},
        {"a.npz", {"x", KI_INT8, 0, {0}, NULL}, KI_ERR_ARGUMENT, "x : no dimensions have"},
        {"a.csv", {"x", KI_INT8, 1, {2}, NULL}, KI_ERR_FORMAT, "part by part"},
        {"a.txt", {"x", KI_INT8, 1, {2}, NULL}, KI_ERR_FORMAT, "unknown file ending"}};
    made m = {.type = KI_INT8, .until = -1};
    const ki_array_source source = {make, &m};

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_failure(
            ki_write_streamed(in(*state, bad[k].file), 1, &bad[k].a, NULL, &source, NULL),
            bad[k].error, bad[k].words);
    assert_int_equal(m.passes, 0);
    assert_int_equal(count_files(*state, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_bytes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(failing_source, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(refusals, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
