/* SPDX-License-Identifier: BSD-3-Clause */
/* Each call of HDF5 that can fail, failing: a sentence, the old file as it was, and nothing left open. Linked with
 * --wrap for each call in WRAPPED of meson.build, so only the library's own calls are counted. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "../unit/test_io_files.h"

#include "ki_test.h"

#include "fail_alloc.h"

#include <kinising/kinising.h>

#include <hdf5.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* The call that fails, counting down to 0; -1 is none. */
static int until = -1;
static int closing_counts; /* which matters for what was written only */

static int fails(void) {
    return until >= 0 && until-- == 0;
}

/* Threads that are in HDF5 at this moment: not every build of it bears more than one. */
static atomic_int inside, met;

static void enter(void) {
    if (atomic_fetch_add(&inside, 1) > 0)
        atomic_store(&met, 1);
    sched_yield();
}

static void leave(void) {
    atomic_fetch_sub(&inside, 1);
}

/* The call as it is, and one that fails when its turn comes. */
#define WRAP(type, name, parameters, arguments)                                                    \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters {                                                                \
        if (fails())                                                                               \
            return -1;                                                                             \
        enter();                                                                                   \
        type got = __real_##name arguments;                                                        \
        leave();                                                                                   \
        return got;                                                                                \
    }
/* One that fails has still let go of what it closes. */
#define WRAP_CLOSE(name)                                                                           \
    herr_t __real_##name(hid_t id);                                                                \
    herr_t __wrap_##name(hid_t id);                                                                \
    herr_t __wrap_##name(hid_t id) {                                                               \
        herr_t status = __real_##name(id);                                                         \
        return closing_counts && fails() ? -1 : status;                                            \
    }

WRAP(hid_t, H5Acreate2,
     (hid_t object, const char *name, hid_t type, hid_t space, hid_t create, hid_t access),
     (object, name, type, space, create, access))
WRAP(herr_t, H5Awrite, (hid_t attribute, hid_t type, const void *data), (attribute, type, data))
WRAP_CLOSE(H5Aclose)
WRAP(hid_t, H5Dcreate2,
     (hid_t file, const char *name, hid_t type, hid_t space, hid_t link, hid_t create,
      hid_t access),
     (file, name, type, space, link, create, access))
WRAP(herr_t, H5Dwrite,
     (hid_t set, hid_t type, hid_t memory, hid_t space, hid_t plist, const void *data),
     (set, type, memory, space, plist, data))
WRAP_CLOSE(H5Dclose)
WRAP(hid_t, H5Dopen2, (hid_t file, const char *name, hid_t access), (file, name, access))
WRAP(hid_t, H5Dget_type, (hid_t set), (set))
WRAP(hid_t, H5Dget_space, (hid_t set), (set))
WRAP(hid_t, H5Dget_create_plist, (hid_t set), (set))
WRAP(herr_t, H5Dread, (hid_t set, hid_t type, hid_t memory, hid_t space, hid_t plist, void *data),
     (set, type, memory, space, plist, data))
WRAP(herr_t, H5Dread_chunk,
     (hid_t set, hid_t plist, const hsize_t *offset, uint32_t *filters, void *data),
     (set, plist, offset, filters, data))
WRAP(herr_t, H5Dget_num_chunks, (hid_t set, hid_t space, hsize_t *n), (set, space, n))
WRAP(herr_t, H5Dget_chunk_info,
     (hid_t set, hid_t space, hsize_t index, hsize_t *offset, unsigned *mask, haddr_t *address,
      hsize_t *size),
     (set, space, index, offset, mask, address, size))
WRAP(hid_t, H5Fcreate, (const char *name, unsigned flags, hid_t create, hid_t access),
     (name, flags, create, access))
WRAP(hid_t, H5Fopen, (const char *name, unsigned flags, hid_t access), (name, flags, access))
WRAP(hid_t, H5Fget_create_plist, (hid_t file), (file))
WRAP(herr_t, H5Fflush, (hid_t file, H5F_scope_t scope), (file, scope))
WRAP(ssize_t, H5Fget_file_image, (hid_t file, void *image, size_t size), (file, image, size))
WRAP(herr_t, H5Gget_info, (hid_t group, H5G_info_t *info), (group, info))
WRAP(hid_t, H5Oopen, (hid_t file, const char *name, hid_t access), (file, name, access))
WRAP(hid_t, H5Pcreate, (hid_t class), (class))
WRAP(int, H5Pget_nfilters, (hid_t plist), (plist))
WRAP(herr_t, H5Pset_chunk, (hid_t plist, int rank, const hsize_t *shape), (plist, rank, shape))
WRAP(herr_t, H5Pset_deflate, (hid_t plist, unsigned level), (plist, level))
WRAP(herr_t, H5Pset_shuffle, (hid_t plist), (plist))
WRAP(herr_t, H5Pset_fapl_core, (hid_t access, size_t step, hbool_t store), (access, step, store))
WRAP(herr_t, H5Pset_fclose_degree, (hid_t access, H5F_close_degree_t degree), (access, degree))
WRAP(herr_t, H5Pset_obj_track_times, (hid_t plist, hbool_t track), (plist, track))
WRAP(hid_t, H5Screate, (H5S_class_t class), (class))
WRAP(hid_t, H5Screate_simple, (int rank, const hsize_t *shape, const hsize_t *most),
     (rank, shape, most))
WRAP(herr_t, H5Sselect_hyperslab,
     (hid_t space, H5S_seloper_t how, const hsize_t *start, const hsize_t *stride,
      const hsize_t *count, const hsize_t *block),
     (space, how, start, stride, count, block))
WRAP(hid_t, H5Tcopy, (hid_t type), (type))
WRAP(herr_t, H5Tset_size, (hid_t type, size_t size), (type, size))
WRAP(herr_t, H5Tset_cset, (hid_t type, H5T_cset_t set), (type, set))
WRAP(herr_t, H5Tset_strpad, (hid_t type, H5T_str_t pad), (type, pad))

enum { ROWS = 3000 };
static double numbers[ROWS];
static const char *words[ROWS];
static const ki_array arrays[] = {{"x", KI_FLOAT64, 1, {ROWS}, numbers},
                                  {"words", KI_STRING, 1, {ROWS}, words},
                                  {"map", KI_FLOAT64, 2, {2, 3}, numbers},
                                  {"scalar", KI_FLOAT64, 0, {0}, numbers},
                                  {"short", KI_STRING, 1, {3}, words}};
static const ki_label labels[] = {
    {.units = "nats"}, {0}, {.units = "1", .axes = {"dJ", "beta"}}, {0}, {0}};
enum { ARRAYS = sizeof arrays / sizeof *arrays };

static int make_arrays(void **state) {
    (void)state;
    for (int k = 0; k < ROWS; k++) {
        numbers[k] = k / 3.0;
        words[k] = k % 2 ? "ferromagnetic" : "two-cycle";
    }
    return 0;
}

/* Files, datasets, attributes and types that are open. */
static ssize_t open_objects(void) {
    return H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL);
}

static int give(void *user, uint64_t first, size_t count, void *out) {
    (void)user;
    memcpy(out, numbers + first, count * sizeof *numbers);
    return 0;
}

static int write_all(const char *path) {
    const ki_array_source sources[ARRAYS] = {[2] = {give, NULL}};

    return ki_write_streamed(path, ARRAYS, arrays, labels, sources, "{}");
}

static void test_writing(void **state) {
    const char *path = in(*state, "a.h5");
    int k = 0;

    for (;; k++) {
        spill(path, "old");
        until = k;
        closing_counts = 1;
        int error = write_all(path);
        const int reached = until < 0;
        until = -1;
        assert_int_equal(open_objects(), 0);
        if (!reached) {
            assert_int_equal(error, 0);
            break;
        }
        if (error != KI_ERR_IO || !ki_is_sentence(ki_last_error()))
            print_error("call %d: %d, %s\n", k, error, ki_last_error());
        assert_int_equal(error, KI_ERR_IO);
        assert_true(ki_is_sentence(ki_last_error()));
        assert_content(path, "old");
        assert_int_equal(count_files(*state, 0), 1);
    }
    assert_true(k > 50);
}

/* The first error of opening a file and reading all that is in it. */
static int read_all(const char *path) {
    ki_reader *r = NULL;
    int error = ki_reader_open(path, &r);

    if (error)
        return error;
    assert_int_equal(ki_reader_count(r), ARRAYS);
    for (size_t i = 0; i < ARRAYS && !error; i++) {
        ki_array got;

        error = ki_reader_read(r, i, &got);
        if (!error)
            ki_array_free(&got);
    }
    ki_reader_close(r);
    return error;
}

static void test_reading(void **state) {
    const char *path = in(*state, "a.h5");
    int k = 0;

    assert_int_equal(write_all(path), 0);
    assert_int_equal(read_all(path), 0);
    for (;; k++) {
        until = k;
        closing_counts = 0;
        int error = read_all(path);
        const int reached = until < 0;
        until = -1;
        assert_int_equal(open_objects(), 0);
        if (!reached) {
            assert_int_equal(error, 0);
            break;
        }
        if (error != KI_ERR_FORMAT || !ki_is_sentence(ki_last_error()))
            print_error("call %d: %d, %s\n", k, error, ki_last_error());
        assert_int_equal(error, KI_ERR_FORMAT);
        assert_true(ki_is_sentence(ki_last_error()));
    }
    assert_true(k > 50);
}

/* A dataset of numbers or bits in `file`, chunked and deflated if it is large. */
static void put_set(hid_t file, const char *name, hid_t type, int ndim, const hsize_t *shape,
                    const void *data) {
    const hsize_t chunk[2] = {100, 3};
    hid_t space = H5Screate_simple(ndim, shape, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);

    if (ndim == 2)
        assert_true(H5Pset_chunk(plist, 2, chunk) >= 0 && H5Pset_deflate(plist, 4) >= 0);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    assert_true(H5Dclose(set) >= 0 && H5Pclose(plist) >= 0 && H5Sclose(space) >= 0);
}

/* Strings of variable length in chunks. */
static void put_words(hid_t file, const char *name) {
    static const char *const quality[] = {"good", "mua", "good"};
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &(hsize_t){3}, NULL);
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);

    assert_true(H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0);
    assert_true(H5Pset_chunk(plist, 1, &(hsize_t){2}) >= 0 && H5Pset_deflate(plist, 4) >= 0);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, quality) >= 0);
    assert_true(H5Dclose(set) >= 0 && H5Pclose(plist) >= 0 && H5Sclose(space) >= 0 &&
                H5Tclose(type) >= 0);
}

/* Three units of NWB, and a matrix. */
static void put_recordings(const char *path) {
    static const uint16_t ends[] = {2, 2, 5};
    static const double times[] = {0.1, 0.7, 0.2, 0.3, 0.9}, from[] = {0, 2}, to[] = {1, 3};
    static int8_t matrix[250 * 6];
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

    for (size_t k = 0; k < sizeof matrix; k++)
        matrix[k] = (int8_t)(k % 5 == 0);
    assert_true(H5Gclose(H5Gcreate2(file, "units", 0, 0, 0)) >= 0);
    assert_true(H5Gclose(H5Gcreate2(file, "intervals", 0, 0, 0)) >= 0);
    assert_true(H5Gclose(H5Gcreate2(file, "intervals/on", 0, 0, 0)) >= 0);
    put_set(file, "units/spike_times", H5T_NATIVE_DOUBLE, 1, &(hsize_t){5}, times);
    put_set(file, "units/spike_times_index", H5T_NATIVE_UINT16, 1, &(hsize_t){3}, ends);
    put_set(file, "intervals/on/start_time", H5T_NATIVE_DOUBLE, 1, &(hsize_t){2}, from);
    put_set(file, "intervals/on/stop_time", H5T_NATIVE_DOUBLE, 1, &(hsize_t){2}, to);
    put_words(file, "units/quality");
    put_set(file, "bits", H5T_NATIVE_INT8, 2, (hsize_t[]){250, 6}, matrix);
    assert_true(H5Fclose(file) >= 0);
}

static const ki_recording_options options[] = {{.bin = 0.1},
                                               {.bin = 0.1, .intervals = "on"},
                                               {.bin = 0.1, .quality = "good"},
                                               {.axes = "time,unit", .key = "bits"}};
enum { OPTIONS = sizeof options / sizeof *options };

/* Each allocation of ours fails. */
static void test_memory_of_recordings(void **state) {
    const char *path = in(*state, "a.nwb");

    put_recordings(path);
    for (size_t o = 0; o < OPTIONS; o++) {
        int error = KI_ERR_NOMEM, k = 0;

        for (; error; k++) {
            const int before = ki_live_blocks;
            ki_raster *r = NULL;

            ki_fail_at = k;
            error = ki_recording_read(path, &options[o], NULL, NULL, &r);
            ki_fail_at = -1;
            ki_raster_free(r);
            assert_int_equal(open_objects(), 0);
            assert_int_equal(ki_live_blocks, before);
            if (error)
                assert_failure(error, KI_ERR_NOMEM, "no memory");
        }
        assert_true(k > 15);
    }
}

static void test_recordings(void **state) {
    const char *path = in(*state, "a.nwb");

    put_recordings(path);
    for (size_t o = 0; o < OPTIONS; o++) {
        int error = KI_ERR_FORMAT, reached = 1, k = 0;

        for (; reached; k++) {
            ki_raster *r = NULL;

            until = k;
            closing_counts = 0;
            error = ki_recording_read(path, &options[o], NULL, NULL, &r);
            reached = until < 0;
            until = -1;
            assert_int_equal(open_objects(), 0);
            assert_true(!error == !!r);
            /* Where a group cannot be looked into, what is left is no NWB file but a matrix, whose axes are
             * asked for. */
            const int refused = error == KI_ERR_FORMAT || error == KI_ERR_ARGUMENT;
            if (error && !(refused && ki_is_sentence(ki_last_error())))
                print_error("call %d: %d, %s\n", k, error, ki_last_error());
            assert_true(!error || (refused && ki_is_sentence(ki_last_error())));
            ki_raster_free(r);
        }
        if (error)
            print_error("%s\n", ki_last_error());
        assert_int_equal(error, 0);
        assert_true(k > 30);
    }
}

static void *write_and_read(void *path) {
    for (int k = 0; k < 5; k++)
        if (write_all(path) || read_all(path))
            return path;
    return NULL;
}

static void test_one_thread_at_a_time(void **state) {
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    char path[THREADS][PATH_SIZE];

    for (int k = 0; k < THREADS; k++) {
        snprintf(path[k], sizeof path[k], "%s/%d.h5", (char *)*state, k);
        assert_int_equal(pthread_create(&thread[k], NULL, write_and_read, path[k]), 0);
    }
    for (int k = 0; k < THREADS; k++) {
        void *failed;

        assert_int_equal(pthread_join(thread[k], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&met), 0);
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_writing), WITH_FOLDER(test_reading), WITH_FOLDER(test_recordings),
        WITH_FOLDER(test_memory_of_recordings), WITH_FOLDER(test_one_thread_at_a_time)};

    return cmocka_run_group_tests_name("hdf5 fault", tests, make_arrays, NULL);
}
