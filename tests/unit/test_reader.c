/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading: what was written comes back bit for bit, and no damage does more than fail in one
 * sentence. What numpy and h5py write is read in tests/python/test_reading.py. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "test_io_files.h"

#include "ki_test.h"

#include "io/write/npz.h"

#include <kinising/kinising.h>

#include <errno.h>
#include <math.h>
#include <sys/wait.h>

static const double x[6] = {0, 1.5, -0.0, NAN, INFINITY, 1e-320};
static const int64_t integers[4] = {0, -1, INT64_MAX, INT64_MIN};
static const int8_t small[5] = {0, 1, -1, 127, -128};
static const char *const words[3] = {"", "\xce\xb2 = \xe2\x88\x9e", "plain"};
static double noise[5000];

static const ki_array arrays[] = {
    {"x", KI_FLOAT64, 2, {2, 3}, x},
    {"i", KI_INT64, 1, {4}, integers},
    {"s8", KI_INT8, 1, {5}, small},
    {"words", KI_STRING, 1, {3}, words},
    {"scalar", KI_FLOAT64, 0, {0}, &x[1]},
    {"one", KI_INT8, 0, {0}, &small[3]},
    {"empty", KI_FLOAT64, 2, {3, 0}, NULL},
    {"four", KI_INT64, 4, {1, 2, 1, 2}, integers},
    {"noise", KI_FLOAT64, 2, {50, 100}, noise},
};
enum { ARRAYS = sizeof arrays / sizeof *arrays };

static int have_hdf5(void) {
    ki_build_info info;

    assert_int_equal(ki_get_build_info(&info), 0);
    return info.have_hdf5;
}

static size_t count_of(const ki_array *a) {
    size_t count = 1;

    for (int d = 0; d < a->ndim; d++)
        count *= a->shape[d];
    return count;
}

static void assert_same_array(const ki_array *got, const ki_array *want) {
    size_t count = count_of(want);

    assert_string_equal(got->name, want->name);
    assert_int_equal(got->type, want->type);
    assert_int_equal(got->ndim, want->ndim);
    for (int d = 0; d < want->ndim; d++)
        assert_int_equal(got->shape[d], want->shape[d]);
    for (size_t k = 0; k < count && want->type == KI_STRING; k++)
        assert_string_equal(((const char *const *)got->data)[k],
                            ((const char *const *)want->data)[k]);
    if (want->type != KI_STRING && count > 0)
        assert_memory_equal(got->data, want->data, count * (want->type == KI_INT8 ? 1 : 8));
}

static void read_back(const char *path) {
    ki_reader *r;
    ki_array got;

    assert_int_equal(ki_reader_open(path, &r), 0);
    assert_int_equal(ki_reader_count(r), ARRAYS);
    for (int k = 0; k < ARRAYS; k++) {
        ptrdiff_t i = ki_reader_find(r, arrays[k].name);
        const ki_array *info;

        assert_true(i >= 0);
        info = ki_reader_info(r, (size_t)i);
        assert_null(info->data);
        assert_int_equal(info->type, arrays[k].type);
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(ki_reader_read(r, (size_t)i, &got), 0);
            assert_same_array(&got, &arrays[k]);
            ki_array_free(&got);
            assert_null(got.data);
        }
    }
    assert_int_equal(ki_reader_find(r, "none"), -1);
    assert_null(ki_reader_info(r, ARRAYS));
    assert_int_equal(ki_reader_read(r, ARRAYS, &got), KI_ERR_ARGUMENT);
    assert_true(ki_is_sentence(ki_last_error()));
    ki_reader_close(r);
}

static void test_round_trip(void **state) {
    static const char *const names[] = {"a.npz", "a.h5"};

    for (int f = 0; f < 1 + have_hdf5(); f++) {
        const char *path = in(*state, names[f]);

        assert_int_equal(ki_write_arrays(path, ARRAYS, arrays, NULL), 0);
        read_back(path);
    }
}

/* As if 32 bits ended at 1 byte, or at some thousands: members, offsets and the end with 64-bit
 * records. */
static void test_large_records(void **state) {
    static const uint64_t from[] = {1, 300, 700, 3000, 40000};
    const char *path = in(*state, "a.npz");

    const ki_content content = {.n = ARRAYS, .arrays = arrays};

    for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
        ki_atomic out;

        assert_int_equal(ki_atomic_open(&out, path), 0);
        assert_int_equal(ki_npz_write(&out, &content, from[k]), 0);
        assert_int_equal(ki_atomic_commit(&out), 0);
        read_back(path);
    }
}

static void test_csv_int8(void **state) {
    const ki_array column = {"s8", KI_INT8, 1, {5}, small};

    assert_int_equal(ki_write_arrays(in(*state, "a.csv"), 1, &column, NULL), 0);
    assert_content(in(*state, "a.csv"), "s8\n0\n1\n-1\n127\n-128\n");
}

static void test_provenance(void **state) {
    const char *path = in(*state, "a.npz");
    ki_reader *r;
    ki_array got;

    assert_int_equal(ki_write_arrays(path, 1, arrays, "{\"a\": 1}"), 0);
    assert_int_equal(ki_reader_open(path, &r), 0);
    assert_int_equal(ki_reader_find(r, "provenance"), 1);
    assert_int_equal(ki_reader_read(r, 1, &got), 0);
    ki_reader_close(r);
    assert_string_equal(*(const char *const *)got.data, "{\"a\": 1}"); /* outlives the reader */
    ki_array_free(&got);
}

static void test_arguments(void **state) {
    ki_reader *r = NULL;
    void *data = NULL;
    size_t size = 7;

    (void)state;
    assert_int_equal(ki_reader_open(NULL, &r), KI_ERR_ARGUMENT);
    assert_int_equal(ki_reader_open("", &r), KI_ERR_ARGUMENT);
    assert_int_equal(ki_reader_open("x", NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_reader_open("no such file", &r), KI_ERR_IO);
    assert_non_null(strstr(ki_last_error(), strerror(ENOENT)));
    assert_int_equal(ki_reader_open(".", &r), KI_ERR_IO);
    assert_null(r);
    assert_int_equal(ki_read_bytes("no such file", &data, &size), KI_ERR_IO);
    assert_int_equal(ki_last_errno(), ENOENT);
    assert_int_equal(ki_read_bytes("/", &data, &size), KI_ERR_IO);
    assert_int_equal(ki_last_errno(), EISDIR);
    assert_int_equal(ki_write_bytes("/no such folder/x", "", 0), KI_ERR_IO);
    assert_int_equal(ki_last_errno(), ENOENT);
    assert_int_equal(ki_read_bytes("/dev/null", &data, &size), KI_ERR_IO);
    assert_int_equal(ki_last_errno(), 0);
    assert_int_equal(ki_read_bytes("x", NULL, &size), KI_ERR_ARGUMENT);
    assert_int_equal(ki_read_bytes("x", &data, NULL), KI_ERR_ARGUMENT);
    assert_null(data);
    assert_int_equal(size, 7);
    assert_int_equal(ki_write_bytes(NULL, "", 0), KI_ERR_ARGUMENT);
    assert_int_equal(ki_write_bytes("x", NULL, 1), KI_ERR_ARGUMENT);
    assert_int_equal(ki_check_bytes(NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_check_bytes(""), KI_ERR_ARGUMENT);
    ki_reader_close(NULL);
    ki_array_free(NULL);
    ki_free_bytes(NULL);
}

static void test_bytes(void **state) {
    static const size_t sizes[] = {0, 1, 1000, sizeof noise};
    const char *path = in(*state, "state.checkpoint");

    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        void *data;
        size_t size;

        assert_int_equal(ki_write_bytes(path, sizes[k] ? (const void *)noise : NULL, sizes[k]), 0);
        assert_int_equal(ki_read_bytes(path, &data, &size), 0);
        assert_int_equal(size, sizes[k]);
        if (size > 0)
            assert_memory_equal(data, noise, size);
        ki_free_bytes(data);
    }
    assert_int_equal(ki_check_bytes(path), 0);
    assert_int_equal(ki_check_bytes(in(*state, "new.png")), 0);
    assert_int_equal(count_files(*state, 0), 1);
    assert_int_equal(ki_write_bytes(in(*state, "no/such/folder"), "x", 1), KI_ERR_IO);
    assert_int_equal(ki_check_bytes(in(*state, "no/such/folder")), KI_ERR_IO);
    assert_int_equal(ki_check_bytes(*state), KI_ERR_IO);
    assert_true(ki_is_sentence(ki_last_error()));
}

/* Over what is there, since file systems flush a file that was emptied first to the disk: thousands
 * of them take minutes. */
static void put_file(const char *path, const void *bytes, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(close(fd), 0);
}

/* Opens and reads everything; what fails must fail in a sentence. Returns how many arrays were
 * read. */
static int read_all(const char *path) {
    ki_reader *r;
    int whole = 0;

    if (ki_reader_open(path, &r)) {
        assert_true(ki_is_sentence(ki_last_error()));
        return 0;
    }
    for (size_t i = 0; i < ki_reader_count(r); i++) {
        ki_array got;
        int rc = ki_reader_read(r, i, &got);

        assert_int_equal(ki_reader_find(r, ki_reader_info(r, i)->name), i);
        if (rc) {
            assert_true(rc == KI_ERR_FORMAT || rc == KI_ERR_NOMEM || rc == KI_ERR_UNSUPPORTED);
            assert_true(ki_is_sentence(ki_last_error()));
        } else {
            ki_array_free(&got);
            whole++;
        }
    }
    ki_reader_close(r);
    return whole;
}

static void test_cut_off(void **state) {
    static const char *const names[] = {"a.npz", "a.h5"};
    const char *cut = in(*state, "cut");
    ki_reader *r;

    for (int f = 0; f < 1 + have_hdf5(); f++) {
        const char *path = in(*state, names[f]);
        size_t size;
        char *bytes;

        assert_int_equal(ki_write_arrays(path, ARRAYS, arrays, "{}"), 0);
        bytes = slurp(path, &size);
        for (size_t length = 0; length < size; length += length < 600 ? 1 : 61) {
            put_file(cut, bytes, length);
            assert_int_equal(ki_reader_open(cut, &r), KI_ERR_FORMAT);
            assert_true(ki_is_sentence(ki_last_error()));
        }
        put_file(cut, bytes, size);
        assert_int_equal(read_all(cut), ARRAYS + (f == 0));
        free(bytes);
    }
}

/* Every single byte of an .npz turned: found by a checksum or the structure, or it is one of those
 * that carry no meaning; never other numbers. */
static void test_flipped_bytes(void **state) {
    const char *path = in(*state, "a.npz");
    const ki_array only = arrays[0];
    size_t size;
    char *bytes;
    int unnoticed = 0;

    assert_int_equal(ki_write_arrays(path, 1, &only, NULL), 0);
    bytes = slurp(path, &size);
    for (size_t at = 0; at < size; at++) {
        ki_reader *r;
        ki_array got;

        bytes[at] = (char)(bytes[at] ^ 0x41);
        put_file(path, bytes, size);
        bytes[at] = (char)(bytes[at] ^ 0x41);
        if (ki_reader_open(path, &r))
            continue;
        if (ki_reader_count(r) == 1 && ki_reader_read(r, 0, &got) == 0) {
            got.name = "x"; /* names have no checksum */
            assert_same_array(&got, &only);
            ki_array_free(&got);
            unnoticed++;
        }
        ki_reader_close(r);
    }
    assert_true(unnoticed < 60); /* times, versions, attributes, and the local header's copies */
    free(bytes);
}

/* An NPY header with a text of our own and `elements` bytes behind it. */
static int open_npy(const char *path, const char *text, size_t elements) {
    char bytes[1024] = "\x93NUMPY\x01";
    size_t length = strlen(text);
    ki_reader *r;
    int rc;

    bytes[8] = (char)(length & 0xff);
    bytes[9] = (char)(length >> 8);
    memcpy(bytes + 10, text, length);
    put_file(path, bytes, 10 + length + elements);
    rc = ki_reader_open(path, &r);
    if (rc == 0)
        ki_reader_close(r);
    else
        assert_true(ki_is_sentence(ki_last_error()));
    return rc;
}

static void test_npy_headers(void **state) {
    static const struct {
        const char *text;
        size_t bytes;
    } good[] = {{"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 16},
                {"{\"shape\":(2,2),\"descr\":\"|b1\",\"fortran_order\":True}  \n", 4},
                {"{'descr': '<i2', 'fortran_order': False, 'shape': (3L,), }", 6},
                {"{'descr': '=f4', 'fortran_order': False, 'shape': (), }", 4},
                {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 5), }", 0}},
      bad[] = {
          {"", 0},
          {"{}", 0},
          {"{'descr': '<f8', 'fortran_order': False}", 8},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), } x", 16},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'more': 1}", 16},
          {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 16},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), ", 16},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 15},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 17},
          {"{'descr': '<f8', 'fortran_order': 0, 'shape': (2,), }", 16},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (-2,), }", 16},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (2 2), }", 32},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': 2, }", 16},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,,), }", 16},
          {"{'descr': '<f0', 'fortran_order': False, 'shape': (2,), }", 0},
          {"{'descr': '<U0', 'fortran_order': False, 'shape': (999999999999,), }", 0},
          {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", 16},
          {"{'descr': '<i3', 'fortran_order': False, 'shape': (1,), }", 3},
          {"{'descr': '', 'fortran_order': False, 'shape': (1,), }", 3},
          {"{'descr': '<', 'fortran_order': False, 'shape': (1,), }", 3},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }", 0},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,), }", 0},
          {"{'descr': '<f8', 'fortran_order': False, "
           "'shape': (0, 9223372036854775807, 9223372036854775807), }",
           0},
          {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1), }", 8}};
    const char *path = in(*state, "a.npy");

    for (size_t k = 0; k < sizeof good / sizeof *good; k++)
        assert_int_equal(open_npy(path, good[k].text, good[k].bytes), 0);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        if (open_npy(path, bad[k].text, bad[k].bytes) != KI_ERR_FORMAT)
            print_error("accepted: %s\n", bad[k].text);
        assert_int_equal(open_npy(path, bad[k].text, bad[k].bytes), KI_ERR_FORMAT);
    }
}

static uint64_t next(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* Bytes changed, numbers put in, pieces moved, ends cut off; mostly where the structure is. */
static size_t mutate(char *bytes, size_t size, uint64_t *state) {
    static const uint64_t odd[] = {0, 1, 0x7f, 0xff, 0xffff, 0xffffffff, UINT64_MAX, 1ull << 40};
    int edits = 1 + (int)(next(state) % 4);

    for (int k = 0; k < edits && size > 16; k++) {
        size_t at = next(state) % 2 ? next(state) % size
                                    : size - 1 - next(state) % (size < 700 ? size : 700);
        size_t n = next(state) % 8 + 1, from = next(state) % size;

        if (at + n > size || from + n > size)
            continue;
        switch (next(state) % 5) {
        case 0:
            bytes[at] = (char)next(state);
            break;
        case 1:
            bytes[at] = (char)(bytes[at] ^ 1 << next(state) % 8);
            break;
        case 2:
            memcpy(bytes + at, &odd[next(state) % 8], n);
            break;
        case 3:
            memmove(bytes + at, bytes + from, n);
            break;
        default:
            if (next(state) % 8 == 0)
                size -= next(state) % (size / 2);
        }
    }
    return size;
}

static int hammer(const char *path, const char *bytes, size_t size, int rounds, uint64_t seed) {
    char *copy = malloc(size);
    int whole = 0;

    assert_non_null(copy);
    for (int k = 0; k < rounds; k++) {
        memcpy(copy, bytes, size);
        put_file(path, copy, mutate(copy, size, &seed));
        whole += read_all(path);
    }
    free(copy);
    return whole;
}

/* numpy writes what we do not: deflated members, other byte and index orders. */
static const unsigned char deflated[] = {
#include "deflated.inc"
};

static int hammer_file(const char *folder, const char *name, int rounds, uint64_t seed) {
    static const double y[3] = {1, 2, 3};
    const ki_array few[] = {{"x", KI_FLOAT64, 2, {2, 3}, x},
                            {"words", KI_STRING, 1, {3}, words},
                            {"y", KI_FLOAT64, 1, {3}, y},
                            {"s8", KI_INT8, 1, {5}, small},
                            {"deflated", KI_FLOAT64, 2, {40, 20}, noise}};
    const char *path = in(folder, name);
    size_t size;
    char *bytes;
    int whole;

    assert_int_equal(ki_write_arrays(path, strstr(name, ".h5") ? 5 : 4, few, "{}"), 0);
    bytes = slurp(path, &size);
    whole = hammer(in(folder, "mutant"), bytes, size, rounds, seed);
    free(bytes);
    return whole;
}

static void test_mutated_npz(void **state) {
    const char *mutant = in(*state, "mutant");

    put_file(mutant, deflated, sizeof deflated);
    assert_int_equal(read_all(mutant), 3);
    assert_true(hammer(mutant, (const char *)deflated, sizeof deflated, 8000, 2) > 100);
    assert_true(hammer_file(*state, "a.npz", 5000, 1) > 100);
}

static void test_mutated_npy(void **state) {
    char npy[160] = "\x93NUMPY\x01";
    int text =
        snprintf(npy + 10, 100, "{'descr': '>f4', 'fortran_order': True, 'shape': (3, 2), }\n");

    npy[8] = (char)text;
    assert_true(hammer(in(*state, "mutant"), npy, 10 + (size_t)text + 24, 4000, 3) > 100);
}

static void test_mutated_hdf5(void **state) {
    int status = 1;
    pid_t pid;

    if (!have_hdf5())
        skip();
    /* HDF5 leaks what damaged files leave open and complains of it at exit: a child that does not.
     */
    pid = fork();
    if (pid == 0)
        _exit(hammer_file(*state, "a.h5", 3000, 4) > 100 ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_round_trip),    WITH_FOLDER(test_large_records),
        WITH_FOLDER(test_csv_int8),      WITH_FOLDER(test_provenance),
        WITH_FOLDER(test_arguments),     WITH_FOLDER(test_bytes),
        WITH_FOLDER(test_cut_off),       WITH_FOLDER(test_npy_headers),
        WITH_FOLDER(test_flipped_bytes), WITH_FOLDER(test_mutated_npz),
        WITH_FOLDER(test_mutated_npy),   WITH_FOLDER(test_mutated_hdf5),
    };
    uint64_t state = 9;

    for (size_t k = 0; k < sizeof noise / sizeof *noise; k++)
        noise[k] = (double)(next(&state) >> 11);
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
