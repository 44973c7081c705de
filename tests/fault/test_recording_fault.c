/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings of every kind while allocations and the system's calls fail, each in turn: the reader says which, leaves
 * its outputs as they were and frees what it had. The recordings are those that fuzzing starts from, in the folder
 * given: the first byte of each says what file the others are, the second its options. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "../unit/test_io_files.h"

#include <kinising/kinising.h>

#include "fail_alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

/* By the names they have with 64-bit file offsets. */
enum call { CALL_OPEN, CALL_FSTAT, CALL_PREAD, CALLS };
static int until[CALLS] = {-1, -1, -1};

static int fails(enum call call) {
    if (until[call] < 0 || until[call]-- > 0)
        return 0;
    errno = EIO;
    return 1;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...) {
    unsigned mode = 0; /* of a file that is made: without it none but root may read it */
    va_list more;

    va_start(more, flags);
    if (flags & O_CREAT)
        mode = va_arg(more, unsigned);
    va_end(more);
    return fails(CALL_OPEN) ? -1 : __real_open64(path, flags, mode);
}

int __real_fstat64(int fd, void *st);
int __wrap_fstat64(int fd, void *st);
int __wrap_fstat64(int fd, void *st) {
    return fails(CALL_FSTAT) ? -1 : __real_fstat64(fd, st);
}

ssize_t __real_pread64(int fd, void *data, size_t size, off_t at);
ssize_t __wrap_pread64(int fd, void *data, size_t size, off_t at);
ssize_t __wrap_pread64(int fd, void *data, size_t size, off_t at) {
    return fails(CALL_PREAD) ? -1 : __real_pread64(fd, data, size, at);
}

static const char *corpus;
static const int64_t units[] = {0, 1};

/* A kind of recording: files, and how they are read. */
typedef struct kind {
    const char *file[4]; /* of the corpus */
    const char *name;    /* of the first; NULL: a folder of Phy's */
    ki_recording_options options;
} kind;
static const kind kinds[] = {
    {{"cells"}, "a.mat", {.bin = 0.5}},
    {{"cells0"}, "a.mat", {.bin = 0.5, .n_units = 2, .units = units}},
    {{"mat"}, "a.mat", {.axes = "unit,time"}},
    {{"matz"}, "a.mat", {.axes = "unit,time", .key = "spk"}},
    {{"matrix"}, "a.npz", {.axes = "time,unit", .n_units = 2, .units = units, .min_rate = 0.01}},
    {{"cube"}, "a.npy", {.axes = "trial,time,unit", .trial_length = 2}},
    {{"nwb"}, "a.npz", {.bin = 0.5}},
    {{"tsgroup"}, "a.npz", {.bin = 0.5, .has_window = 1, .from = 0.25, .to = 9}},
    {{"quality"}, "a.npz", {.bin = 0.5, .quality = "good"}},
    {{NULL}, "own.npz", {.axes = "time,unit", .n_units = 2, .units = units}},
    {{"pairs"}, "a.csv", {.bin = 0.5, .trial_length = 3}},
    {{"table"}, "a.csv", {.axes = "time,unit", .min_rate = 0.01}},
    {{"times", "clusters", "params", "groups"}, NULL, {.bin = 0.5, .quality = "good"}},
    {{"times", "clusters", "params", "groups"}, NULL, {.bin = 0.5, .rate = 7}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* All that `kinising raster convert` writes. */
static void put_own(const char *path) {
    static const int8_t raster[18] = {1, 0, 0, 1};
    static const int64_t unit[] = {0, 1, 7}, lost[] = {1, 0, 2}, trial[] = {0, 4};
    static const double bin = 0.5;
    const ki_array a[] = {{"raster", KI_INT8, 2, {6, 3}, raster},
                          {"trial", KI_INT64, 1, {2}, trial},
                          {"unit", KI_INT64, 1, {3}, unit},
                          {"lost", KI_INT64, 1, {3}, lost},
                          {"bin", KI_FLOAT64, 0, {0}, &bin}};

    assert_int_equal(ki_write_arrays(path, 5, a, NULL), 0);
}

/* Files of a kind in a folder; what is to be read. */
static const char *put(const char *folder, const kind *k) {
    static const char *const names[] = {"spike_times.npy", "spike_clusters.npy", "params.py",
                                        "cluster_group.tsv"};

    count_files(folder, 1);
    if (!k->file[0])
        put_own(in(folder, k->name));
    for (int f = 0; f < 4 && k->file[f]; f++) {
        size_t size;
        char *bytes = slurp(in(corpus, k->file[f]), &size);
        FILE *out = fopen(in(folder, k->name ? k->name : names[f]), "wb");

        assert_non_null(out);
        assert_true(size > 2);
        assert_int_equal(fwrite(bytes + 2, 1, size - 2, out), size - 2);
        assert_int_equal(fclose(out), 0);
        free(bytes);
    }
    return k->name ? in(folder, k->name) : folder;
}

static int read_recording(const char *path, const kind *k) {
    ki_raster *const untouched = (ki_raster *)&units, *r = untouched;
    ki_recording_notes notes = {.kind = "none", .outside = 77};
    const int before = ki_live_blocks;
    const int error = ki_recording_read(path, &k->options, NULL, &notes, &r);

    if (error) {
        assert_true(r == untouched && notes.outside == 77);
        assert_int_equal(ki_live_blocks, before);
    } else {
        ki_raster_free(r);
        assert_int_equal(ki_live_blocks, before);
    }
    return error;
}

static const char *called(const kind *k) {
    return k->file[0] ? k->file[0] : k->name;
}

static void check(int error, int due, const char *words, const char *path) {
    if (error != due || !strstr(ki_last_error(), words))
        print_error("%s: %d, %s\n", path, error, ki_last_error());
    assert_failure(error, due, words);
}

static void allocations(void **state) {
    for (int k = 0; k < KINDS; k++) {
        const char *path = put(*state, &kinds[k]);
        int error = KI_ERR_NOMEM, n = 0;

        if (read_recording(path, &kinds[k]))
            print_error("%s: %s\n", called(&kinds[k]), ki_last_error());
        assert_int_equal(read_recording(path, &kinds[k]), 0);
        for (; error; n++) {
            ki_fail_at = n;
            error = read_recording(path, &kinds[k]);
            ki_fail_at = -1;
            if (error)
                check(error, KI_ERR_NOMEM, "no memory", called(&kinds[k]));
        }
        assert_true(n > 8);
    }
}

static void system_calls(void **state) {
    for (int k = 0; k < KINDS; k++)
        for (int call = 0; call < CALLS; call++) {
            const char *path = put(*state, &kinds[k]);
            int error = KI_ERR_IO, n = 0;

            for (; error; n++) {
                until[call] = n;
                error = read_recording(path, &kinds[k]);
                until[call] = -1;
                if (error)
                    check(error, KI_ERR_IO, strerror(EIO), called(&kinds[k]));
            }
            assert_true(n > (call == CALL_PREAD ? 1 : 0));
        }
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(allocations),
        WITH_FOLDER(system_calls),
    };
    if (argc != 2)
        return 2;
    corpus = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
