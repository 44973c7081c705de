/* SPDX-License-Identifier: BSD-3-Clause */
/* .h5 files in a process that uses HDF5 itself, and in several threads: what others hold open is read, what
 * fails is said with HDF5's own reason. What h5py makes of the files is tested in tests/python. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "test_io_files.h"

#include "ki_test.h"

#include <kinising/kinising.h>

#include <errno.h>
#include <hdf5.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
#define HAVE_LOCKING_FLAGS 1
#else
#define HAVE_LOCKING_FLAGS 0
#endif

enum { ROWS = 5000 };
static double numbers[ROWS];
static const ki_array column = {
    .name = "x", .type = KI_FLOAT64, .ndim = 1, .shape = {ROWS}, .data = numbers};

/* HDF5 calls this one, since a program's own functions come before those of libraries. */
static int lock_error;
int flock(int fd, int operation) {
    if (lock_error) {
        errno = lock_error;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

static int make_numbers(void **state) {
    (void)state;
    for (int k = 0; k < ROWS; k++)
        numbers[k] = k / 3.0;
    return 0;
}

static void close_or_fail(herr_t status) {
    assert_true(status >= 0);
}

/* What the file says of `x`, or the sentence why not. */
static int read_column(const char *path) {
    ki_reader *r = NULL;
    ki_array got;
    int error = ki_reader_open(path, &r);

    if (error)
        return error;
    const ptrdiff_t i = ki_reader_find(r, "x");
    assert_true(i >= 0);
    error = ki_reader_read(r, (size_t)i, &got);
    if (!error) {
        assert_int_equal(got.shape[0], ROWS);
        assert_memory_equal(got.data, numbers, sizeof numbers);
        ki_array_free(&got);
    }
    ki_reader_close(r);
    return error;
}

static void assert_column(const char *path) {
    int error = read_column(path);

    if (error)
        print_error("%d: %s\n", error, ki_last_error());
    assert_int_equal(error, 0);
}

/* A failure in one sentence with these words in it. */
static void assert_sentence(int got, int error, const char *words) {
    if (got != error || !strstr(ki_last_error(), words))
        print_error("got %d and \"%s\", not %d and \"%s\"\n", got, ki_last_error(), error, words);
    assert_int_equal(got, error);
    assert_non_null(strstr(ki_last_error(), words));
    assert_true(ki_is_sentence(ki_last_error()));
}

/* `locks`: 0 without, 1 with, -1 as HDF5 has it. */
static hid_t access_as(H5F_close_degree_t degree, int locks) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);

    assert_true(access >= 0);
    close_or_fail(H5Pset_fclose_degree(access, degree));
#if HAVE_LOCKING_FLAGS
    if (locks >= 0)
        close_or_fail(H5Pset_file_locking(access, locks == 1, 0));
#else
    (void)locks;
#endif
    return access;
}

static void test_held_open(void **state) {
    static const H5F_close_degree_t degrees[] = {H5F_CLOSE_DEFAULT, H5F_CLOSE_WEAK, H5F_CLOSE_SEMI,
                                                 H5F_CLOSE_STRONG};
    const char *path = in(*state, "a.h5");

    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    for (size_t d = 0; d < sizeof degrees / sizeof *degrees; d++)
        for (int locks = -1; locks <= 1; locks++)
            for (int writing = 0; writing <= 1; writing++) {
                hid_t access = access_as(degrees[d], locks);
                hid_t file = H5Fopen(path, writing ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access);

                assert_true(file >= 0);
                assert_column(path);
                /* Ours is closed, theirs is not. */
                assert_true(H5Lexists(file, "x", H5P_DEFAULT) > 0);
                close_or_fail(H5Fclose(file));
                close_or_fail(H5Pclose(access));
            }
}

/* The other way round: who opens a file after us need not know of us. */
static void test_open_beside_us(void **state) {
    const char *path = in(*state, "a.h5");
    ki_reader *r;

    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    assert_int_equal(ki_reader_open(path, &r), 0);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    ki_reader_close(r);
    assert_true(H5Lexists(file, "x", H5P_DEFAULT) > 0);
    close_or_fail(H5Fclose(file));
}

/* A compressed dataset of which nothing has reached the disk. */
static void test_held_in_memory(void **state) {
    const char *path = in(*state, "a.h5");
    const hsize_t shape = ROWS, chunk = 1000;
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(1, &shape, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);

    close_or_fail(H5Pset_chunk(plist, 1, &chunk));
    if (H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0)
        close_or_fail(H5Pset_deflate(plist, 4));
    hid_t set = H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    close_or_fail(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers));
    assert_column(path);
    close_or_fail(H5Dclose(set));
    close_or_fail(H5Pclose(plist));
    close_or_fail(H5Sclose(space));
    close_or_fail(H5Fclose(file));
}

typedef struct job {
    const char *folder;
    int number;
    int failed;
    char said[256];
} job;

static void *write_and_read(void *context) {
    job *j = context;

    for (int k = 0; k < 20 && !j->failed; k++) {
        char path[PATH_SIZE];
        ki_reader *r = NULL;

        snprintf(path, sizeof path, "%s/%d.h5", j->folder, j->number);
        j->failed = ki_write_arrays(path, 1, &column, "{}");
        if (!j->failed)
            j->failed = ki_reader_open(path, &r);
        if (!j->failed) {
            ki_array got;

            j->failed = ki_reader_read(r, 0, &got);
            if (!j->failed) {
                if (memcmp(got.data, numbers, sizeof numbers) != 0)
                    j->failed = 1;
                ki_array_free(&got);
            }
            ki_reader_close(r);
        }
        if (j->failed)
            snprintf(j->said, sizeof j->said, "%s", ki_last_error());
    }
    return NULL;
}

static void test_threads(void **state) {
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    job jobs[THREADS];

    for (int k = 0; k < THREADS; k++) {
        jobs[k] = (job){.folder = *state, .number = k};
        assert_int_equal(pthread_create(&thread[k], NULL, write_and_read, &jobs[k]), 0);
    }
    for (int k = 0; k < THREADS; k++)
        assert_int_equal(pthread_join(thread[k], NULL), 0);
    for (int k = 0; k < THREADS; k++) {
        if (jobs[k].failed)
            print_error("thread %d: %s\n", k, jobs[k].said);
        assert_int_equal(jobs[k].failed, 0);
    }
}

/* A child that is forked while another thread of its parent writes a .h5 file can write its own. */
static void test_fork(void **state) {
    job other = {.folder = *state, .number = 1};
    pthread_t thread;
    int status;

    assert_int_equal(ki_write_arrays(in(*state, "0.h5"), 1, &column, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_and_read, &other), 0);
    for (int k = 0; k < 10; k++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            alarm(60); /* if it hangs */
            _exit(read_column(in(*state, "0.h5")) != 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(other.failed, 0);
}

static void test_cut_off(void **state) {
    const char *path = in(*state, "a.h5");
    struct stat st;

    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 100), 0);
    assert_sentence(read_column(path), KI_ERR_FORMAT, "was cut off; HDF5 says: truncated file");
}

/* A child that opens a file for writing and stays, or dies at once, which leaves the mark of a writer. */
static pid_t writer(const char *path, int stay, int end) {
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        hid_t access = access_as(H5F_CLOSE_DEFAULT, -1);
        char byte = 'x';

        H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
        hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
        H5Fflush(file, H5F_SCOPE_GLOBAL);
        if (write(end, &byte, 1) != 1)
            _exit(2);
        while (stay)
            pause();
        _exit(file < 0);
    }
    return pid;
}

static void test_other_writers(void **state) {
    const char *path = in(*state, "a.h5");
    int ends[2], status;
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = writer(path, 1, ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    int error = read_column(path);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_sentence(error, KI_ERR_IO,
                    "is open for writing elsewhere; HDF5 says: unable to lock file");

    pid = writer(path, 0, ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_sentence(read_column(path), KI_ERR_FORMAT,
                    "was not closed by the program that wrote it");
    assert_non_null(strstr(ki_last_error(), "h5clear"));
    close(ends[0]);
    close(ends[1]);
}

/* Some network file systems have no locks and say so with errors of their own. */
static void test_no_locks(void **state) {
    static const int errors[] = {ENOLCK, ENOTSUP, ENOSYS};
    const char *path = in(*state, "a.h5");

    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    for (size_t k = 0; k < sizeof errors / sizeof *errors; k++) {
        lock_error = errors[k];
        int error = read_column(path);
        lock_error = 0;
        if (error)
            print_error("%s\n", ki_last_error());
        assert_int_equal(error, 0);
    }
}

/* HDF5 looks for its signature at 0, 512, 1024, 2048, ... to the end of the file. */
static void test_user_blocks(void **state) {
    const char *path = in(*state, "a.h5");
    const hsize_t shape = ROWS;

    for (hsize_t block = 512; block <= 4 << 20; block *= 2) {
        hid_t plist = H5Pcreate(H5P_FILE_CREATE), space = H5Screate_simple(1, &shape, NULL);

        close_or_fail(H5Pset_userblock(plist, block));
        hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, plist, H5P_DEFAULT);
        hid_t set =
            H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        close_or_fail(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers));
        close_or_fail(H5Dclose(set));
        close_or_fail(H5Fclose(file));
        close_or_fail(H5Sclose(space));
        close_or_fail(H5Pclose(plist));
        assert_column(path);
    }
}

static void test_links(void **state) {
    static const struct {
        const char *name, *words;
    } links[] = {{"soft", "array soft is a soft link, which is not followed"},
                 {"nowhere", "array nowhere is a soft link, which is not followed"},
                 {"external", "array external is a link to another file, which is not followed"}};
    const char *path = in(*state, "a.h5"), *network = in(*state, "n.h5");
    ki_network_file *got = NULL;
    ki_reader *r;

    assert_int_equal(ki_write_arrays(in(*state, "other.h5"), 1, &column, NULL), 0);
    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    close_or_fail(H5Lcreate_soft("/x", file, "soft", H5P_DEFAULT, H5P_DEFAULT));
    close_or_fail(H5Lcreate_soft("/none", file, "nowhere", H5P_DEFAULT, H5P_DEFAULT));
    close_or_fail(H5Lcreate_external("other.h5", "x", file, "external", H5P_DEFAULT, H5P_DEFAULT));
    close_or_fail(H5Fclose(file));
    assert_int_equal(ki_reader_open(path, &r), 0);
    assert_int_equal(ki_reader_count(r), 4);
    for (size_t k = 0; k < sizeof links / sizeof *links; k++) {
        const ptrdiff_t i = ki_reader_find(r, links[k].name);
        ki_array a;

        assert_true(i >= 0);
        assert_int_equal(ki_reader_info(r, (size_t)i)->type, 0);
        assert_sentence(ki_reader_read(r, (size_t)i, &a), KI_ERR_FORMAT, links[k].words);
    }
    ki_reader_close(r);
    assert_column(path);

    /* A network whose H is elsewhere is not one without H. */
    file = H5Fcreate(network, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    close_or_fail(H5Lcreate_external("other.h5", "x", file, "H", H5P_DEFAULT, H5P_DEFAULT));
    close_or_fail(H5Lcreate_external("other.h5", "x", file, "J", H5P_DEFAULT, H5P_DEFAULT));
    close_or_fail(H5Fclose(file));
    assert_sentence(ki_network_read(network, &got), KI_ERR_FORMAT, "H is a link to another file");
    assert_null(got);
}

static herr_t their_handler(hid_t stack, void *user) {
    (void)stack;
    ++*(int *)user;
    return 0;
}

/* The handler of errors that the program around us has set is not called for ours, and stays. */
static void test_error_handler(void **state) {
    const char *path = in(*state, "a.h5");
    H5E_auto2_t before, now;
    void *user_before, *user;
    int calls = 0;

    spill(path, "\x89HDF\r\n\x1a\n and no more");
    close_or_fail(H5Eget_auto2(H5E_DEFAULT, &before, &user_before));
    close_or_fail(H5Eset_auto2(H5E_DEFAULT, their_handler, &calls));
    assert_sentence(read_column(path), KI_ERR_FORMAT, "HDF5 says: ");
    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    assert_column(path);
    close_or_fail(H5Eget_auto2(H5E_DEFAULT, &now, &user));
    assert_true(now == their_handler && user == &calls);
    assert_int_equal(calls, 0);
    close_or_fail(H5Eset_auto2(H5E_DEFAULT, before, user_before));
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_held_open),      WITH_FOLDER(test_open_beside_us),
        WITH_FOLDER(test_held_in_memory), WITH_FOLDER(test_threads),
        WITH_FOLDER(test_fork),           WITH_FOLDER(test_cut_off),
        WITH_FOLDER(test_other_writers),  WITH_FOLDER(test_no_locks),
        WITH_FOLDER(test_user_blocks),    WITH_FOLDER(test_links),
        WITH_FOLDER(test_error_handler),
    };

    unsetenv("HDF5_USE_FILE_LOCKING"); /* it overrules all flags */
    return cmocka_run_group_tests_name("hdf5", tests, make_numbers, NULL);
}
