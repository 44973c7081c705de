/* SPDX-License-Identifier: BSD-3-Clause */
/* Result files when things fail: after every failed system call or allocation the old file is as it
 * was, no temporary is left, and the sentence says why. Linked with --wrap for each call in
 * CALL_LIST, so only the library's own calls are counted; disks that are full for real (a device, a
 * file size limit) check that what is simulated is what happens. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "../unit/test_io_files.h"

#include <kinising/kinising.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

/* Calls that can be made to fail: the k-th from now, counting down to 0; -1 is never. */
enum call {
    CALL_WRITE,
    CALL_FSYNC,
    CALL_RENAME,
    CALL_CLOSE,
    CALL_FCHMOD,
    CALL_RANDOM,
    CALL_ALLOC,
    CALL_PREAD,
    CALLS
};

static struct {
    int until[CALLS];
    int error;     /* errno of the failure */
    int shortened; /* write() takes at most this many bytes when > 0 */
    int collide;   /* the random numbers of temporary names are all alike */
    int fchmods;
} fault;

static int fails(enum call call) {
    if (fault.until[call] < 0 || fault.until[call]-- > 0)
        return 0;
    errno = fault.error;
    return 1;
}

static void no_fault(void) {
    memset(&fault, 0, sizeof fault);
    for (int call = 0; call < CALLS; call++)
        fault.until[call] = -1;
}

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size) {
    if (fails(CALL_WRITE))
        return fault.error ? -1 : 0;
    if (fault.shortened > 0 && size > (size_t)fault.shortened)
        size = (size_t)fault.shortened;
    return __real_write(fd, data, size);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
    return fails(CALL_FSYNC) ? -1 : __real_fsync(fd);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to) {
    return fails(CALL_RENAME) ? -1 : __real_rename(from, to);
}

/* A close that fails has still let go of the descriptor. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
    int failing = fails(CALL_CLOSE);
    int rc = __real_close(fd);

    if (failing)
        errno = fault.error;
    return failing ? -1 : rc;
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode) {
    fault.fchmods++;
    return fails(CALL_FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

int __real_getentropy(void *bytes, size_t size);
int __wrap_getentropy(void *bytes, size_t size);
int __wrap_getentropy(void *bytes, size_t size) {
    if (fails(CALL_RANDOM))
        return -1;
    if (fault.collide > 0) {
        fault.collide--;
        memset(bytes, 0, size);
        return 0;
    }
    return __real_getentropy(bytes, size);
}

/* By the name it has with 64-bit file offsets. */
ssize_t __real_pread64(int fd, void *data, size_t size, off_t at);
ssize_t __wrap_pread64(int fd, void *data, size_t size, off_t at);
ssize_t __wrap_pread64(int fd, void *data, size_t size, off_t at) {
    if (fails(CALL_PREAD))
        return -1;
    if (fault.shortened > 0 && size > (size_t)fault.shortened)
        size = (size_t)fault.shortened;
    return __real_pread64(fd, data, size, at);
}

void *__real_ki_alloc(uint64_t count, uint64_t size);
void *__wrap_ki_alloc(uint64_t count, uint64_t size);
void *__wrap_ki_alloc(uint64_t count, uint64_t size) {
    return fails(CALL_ALLOC) ? NULL : __real_ki_alloc(count, size);
}

enum { ROWS = 20000 };
static double numbers[ROWS];
static const char *words[ROWS];
static const ki_array arrays[] = {{"x", KI_FLOAT64, 1, {ROWS}, numbers},
                                  {"s", KI_STRING, 1, {ROWS}, words}};
static const char *const files[] = {"a.csv", "a.npz", "a.h5"};
static int formats;

/* `numbers`, given while they are written. */
static int give(void *user, uint64_t first, size_t count, void *out) {
    (void)user;
    memcpy(out, numbers + first, count * sizeof *numbers);
    return 0;
}

static int streamed;
static int write_both(const char *path) {
    const ki_array_source sources[2] = {{give, NULL}};

    return ki_write_streamed(path, 2, arrays, NULL, streamed ? sources : NULL, "{}");
}

static int make_arrays(void **state) {
    ki_build_info info;
    uint32_t bits = 2463534242u;

    (void)state;
    if (ki_get_build_info(&info))
        return -1;
    formats = info.have_hdf5 ? 3 : 2;
    for (int k = 0; k < ROWS; k++) { /* noise, so that no format makes it small */
        bits ^= bits << 13;
        bits ^= bits >> 17;
        bits ^= bits << 5;
        numbers[k] = bits / 4294967296.0;
        words[k] = k % 2 ? "ferromagnetic" : "two-cycle";
    }
    no_fault();
    return 0;
}

/* A .csv and the file of its provenance. */
static const char *beside(const char *folder, const char *name) {
    static char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    return path;
}

static int is_csv(const char *path) {
    return strcmp(path + strlen(path) - 4, ".csv") == 0;
}

/* The write failed for `reason`, and nobody can tell that it was tried. */
static void assert_undone(const char *folder, const char *path, int rc, int error,
                          const char *reason) {
    no_fault();
    assert_int_equal(rc, error);
    assert_non_null(strstr(ki_last_error(), path));
    if (!strstr(ki_last_error(), reason))
        print_error("\"%s\" does not say \"%s\"\n", ki_last_error(), reason);
    assert_non_null(strstr(ki_last_error(), reason));
    assert_content(path, "old");
    assert_int_equal(count_files(folder, 0), 1);
}

/* Makes `call` fail at its first, second, ... time, over an old file, until a write gets through;
 * returns how many failed. */
static int fail_each(const char *folder, const char *name, enum call call, int errnum, int error) {
    const char *reason = errnum ? strerror(errnum) : strerror(EIO);
    const char *path = in(folder, name);

    for (int k = 0;; k++) {
        int rc;

        assert_true(k < 1000);
        spill(path, "old");
        if (is_csv(name))
            spill(beside(folder, name), "older");
        fault.until[call] = k;
        fault.error = errnum;
        rc = write_both(path);
        if (rc == 0) {
            no_fault();
            if (is_csv(name))
                assert_content(beside(folder, name), "{}\n");
            assert_int_equal(count_files(folder, 1), 1 + is_csv(name));
            return k;
        }
        if (is_csv(name)) { /* which appears first */
            int first_there = call == CALL_RENAME && k > 0;

            assert_content(beside(folder, name), first_there ? "{}\n" : "older");
            assert_int_equal(unlink(beside(folder, name)), 0);
        }
        assert_undone(folder, path, rc, error, call == CALL_ALLOC ? "no memory" : reason);
    }
}

static void test_write(void **state) {
    static const int errors[] = {ENOSPC, EIO, EDQUOT, 0};

    for (int f = 0; f < formats; f++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            assert_true(fail_each(*state, files[f], CALL_WRITE, errors[e], KI_ERR_IO) >= 1);
    assert_true(fail_each(*state, "a.csv", CALL_WRITE, ENOSPC, KI_ERR_IO) >= 5);
    for (int f = 1; f < formats; f++) {
        streamed = 1;
        assert_true(fail_each(*state, files[f], CALL_WRITE, ENOSPC, KI_ERR_IO) >= 1);
        streamed = 0;
    }
}

static void test_commit(void **state) {
    for (int f = 0; f < formats; f++) {
        int parts = 1 + is_csv(files[f]);

        /* The last fsync is the folder's, when the new file is in place already. */
        assert_int_equal(fail_each(*state, files[f], CALL_FSYNC, ENOSPC, KI_ERR_IO), parts);
        assert_int_equal(fail_each(*state, files[f], CALL_CLOSE, EDQUOT, KI_ERR_IO), parts);
        assert_int_equal(fail_each(*state, files[f], CALL_RENAME, EACCES, KI_ERR_IO), parts);
        /* File systems that cannot sync at all do not stop us. */
        assert_int_equal(fail_each(*state, files[f], CALL_FSYNC, EINVAL, KI_ERR_IO), 0);
        assert_int_equal(fail_each(*state, files[f], CALL_CLOSE, EINTR, KI_ERR_IO), 0);
    }
}

static void test_open(void **state) {
    const char *path = in(*state, "a.csv");

    for (int f = 0; f < formats; f++) {
        int parts = 1 + is_csv(files[f]);

        assert_int_equal(fail_each(*state, files[f], CALL_FCHMOD, EPERM, KI_ERR_IO), parts);
        assert_int_equal(fail_each(*state, files[f], CALL_RANDOM, ENOSYS, KI_ERR_IO), parts);
    }
    spill(path, "old");
    fault.until[CALL_FCHMOD] = 0;
    fault.error = EPERM;
    assert_undone(*state, path, ki_check_writable(path), KI_ERR_IO, strerror(EPERM));
    /* Permissions that are right from the start are not set again. */
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(ki_write_arrays(path, 2, arrays, NULL), 0);
    assert_int_equal(fault.fchmods, 0);
}

static void test_memory(void **state) {
    static const int least[] = {7, 4, 5};

    for (int f = 0; f < formats; f++)
        assert_true(fail_each(*state, files[f], CALL_ALLOC, ENOMEM, KI_ERR_NOMEM) >= least[f]);
    for (int f = 1; f < formats; f++) {
        streamed = 1;
        assert_true(fail_each(*state, files[f], CALL_ALLOC, ENOMEM, KI_ERR_NOMEM) >= least[f] + 1);
        streamed = 0;
    }
}

static void test_memory_check(void **state) {
    for (int f = 0; f < 2; f++) {
        const char *path = in(*state, files[f]);
        int rc;
        int k = 0;

        spill(path, "old");
        for (;; k++) {
            fault.until[CALL_ALLOC] = k;
            rc = ki_check_writable(path);
            if (rc == 0)
                break;
            assert_undone(*state, path, rc, KI_ERR_NOMEM, "no memory");
        }
        no_fault();
        assert_true(k >= 3 + 4 * is_csv(path));
        assert_content(path, "old");
        assert_int_equal(count_files(*state, 1), 1);
    }
}

/* Short and interrupted writes are no failures. */
static void test_short_writes(void **state) {
    for (int f = 0; f < formats; f++) {
        char *whole;
        char *pieces;
        size_t size[2];
        const char *path = in(*state, files[f]);

        assert_int_equal(ki_write_arrays(path, 2, arrays, "{}"), 0);
        whole = slurp(path, &size[0]);
        fault.shortened = 777;
        assert_int_equal(ki_write_arrays(path, 2, arrays, "{}"), 0);
        no_fault();
        pieces = slurp(path, &size[1]);
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(whole, pieces, size[0]);
        free(pieces);
        fault.until[CALL_WRITE] = 0;
        fault.error = EINTR;
        assert_int_equal(ki_write_arrays(path, 2, arrays, "{}"), 0);
        no_fault();
        pieces = slurp(path, &size[1]);
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(whole, pieces, size[0]);
        free(pieces);
        free(whole);
    }
}

/* Somebody else's file under the name we would take is left alone. */
static void test_collision(void **state) {
    const char *other = in(*state, ".kinising-0000000000000000.tmp");
    const char *path = in(*state, "a.csv");
    int rc;

    spill(other, "theirs");
    fault.collide = 3;
    assert_int_equal(ki_write_arrays(path, 2, arrays, NULL), 0);
    spill(path, "old");
    fault.collide = 1000000;
    rc = ki_write_arrays(path, 2, arrays, NULL);
    no_fault();
    assert_int_equal(rc, KI_ERR_IO);
    assert_non_null(strstr(ki_last_error(), strerror(EEXIST)));
    assert_content(other, "theirs");
    assert_content(path, "old");
    assert_int_equal(count_files(*state, 0), 2);
}

static void test_full_device(void **state) {
    struct stat st;

    if (stat("/dev/full", &st))
        skip();
    for (int f = 0; f < formats; f++) {
        const char *path = in(*state, files[f]);

        assert_int_equal(symlink("/dev/full", path), 0);
        assert_int_equal(ki_check_writable(path), 0);
        assert_int_equal(ki_write_arrays(path, 2, arrays, "{}"), KI_ERR_IO);
        assert_non_null(strstr(ki_last_error(), strerror(ENOSPC)));
        assert_int_equal(lstat(path, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(count_files(*state, 0), f + 1);
    }
    assert_int_equal(stat("/dev/full", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

/* A real limit that lets part of the file through. */
static void test_size_limit(void **state) {
    static const rlim_t limits[] = {0, 100, 70000};
    struct rlimit before;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (int f = 0; f < formats; f++) {
        for (size_t k = 0; k < sizeof limits / sizeof *limits; k++) {
            const char *path = in(*state, files[f]);
            struct rlimit limit = before;
            int rc;

            spill(path, "old");
            limit.rlim_cur = limits[k];
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
            rc = ki_write_arrays(path, 2, arrays, "{}");
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
            assert_undone(*state, path, rc, KI_ERR_IO, strerror(EFBIG));
        }
        count_files(*state, 1);
    }
    signal(SIGXFSZ, SIG_DFL);
}

/* A pipe gets the very bytes a file would get. */
static void test_pipe(void **state) {
    static const double two[] = {1, 2};
    const ki_array small = {"x", KI_FLOAT64, 1, {2}, two};

    for (int f = 0; f < formats; f++) {
        const char *path = in(*state, files[f]);
        char *bytes;
        char *got;
        size_t size;
        int reader;

        assert_int_equal(ki_write_arrays(path, 1, &small, "{}"), 0);
        bytes = slurp(path, &size);
        assert_int_equal(unlink(path), 0);
        if (is_csv(path))
            assert_int_equal(unlink(beside(*state, files[f])), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        reader = open(path, O_RDONLY | O_NONBLOCK);
        assert_true(reader >= 0);
        assert_int_equal(ki_check_writable(path), 0);
        assert_int_equal(ki_write_arrays(path, 1, &small, "{}"), 0);
        got = malloc(size + 1);
        assert_non_null(got);
        assert_int_equal(read(reader, got, size + 1), size);
        assert_memory_equal(got, bytes, size);
        close(reader);
        free(got);
        free(bytes);
        assert_int_equal(count_files(*state, 0), f + 1);
    }
}

static int read_everything(const char *path) {
    ki_reader *r;
    void *data = NULL;
    size_t size = 0;
    int rc = ki_reader_open(path, &r);

    if (!rc) {
        for (size_t i = 0; i < ki_reader_count(r) && !rc; i++) {
            ki_array got;

            rc = ki_reader_read(r, i, &got);
            if (!rc)
                ki_array_free(&got);
        }
        ki_reader_close(r);
    }
    if (!rc)
        rc = ki_read_bytes(path, &data, &size);
    ki_free_bytes(data);
    return rc;
}

/* Reading, with the k-th allocation or pread() failing. */
static void test_reading(void **state) {
    static const int least[] = {0, 10, 7};

    for (int f = 1; f < formats; f++) {
        const char *path = in(*state, files[f]);
        int k = 0, rc;

        assert_int_equal(ki_write_arrays(path, 2, arrays, "{}"), 0);
        for (int call = CALL_ALLOC; call <= CALL_PREAD; call++) {
            for (k = 0;; k++) {
                fault.until[call] = k;
                fault.error = EIO;
                rc = read_everything(path);
                no_fault();
                if (rc == 0)
                    break;
                if (rc != (call == CALL_ALLOC ? KI_ERR_NOMEM : KI_ERR_IO))
                    print_error("call %d, time %d: %s\n", call, k, ki_last_error());
                assert_int_equal(rc, call == CALL_ALLOC ? KI_ERR_NOMEM : KI_ERR_IO);
                assert_non_null(strstr(ki_last_error(), path));
                assert_non_null(
                    strstr(ki_last_error(), call == CALL_ALLOC ? "no memory" : strerror(EIO)));
            }
            assert_true(k >= (call == CALL_ALLOC ? least[f] : 2));
        }
    }
}

/* A network of integers, so that it is converted too. */
static void test_network(void **state) {
    static const int64_t couplings[4] = {1, 2, 3, 4};
    static const int8_t fields[2] = {1, -1};
    static const double beta = 1;
    const ki_array network[] = {{"H", KI_INT8, 1, {2}, fields},
                                {"J", KI_INT64, 2, {2, 2}, couplings},
                                {"beta", KI_FLOAT64, 0, {0}, &beta}};

    for (int f = 1; f < formats; f++) {
        const char *path = in(*state, files[f]);
        int k = 0;

        assert_int_equal(ki_write_arrays(path, 3, network, NULL), 0);
        for (;; k++) {
            ki_network_file *back = NULL;
            int rc;

            fault.until[CALL_ALLOC] = k;
            rc = ki_network_read(path, &back);
            no_fault();
            if (rc == 0) {
                assert_true(back->view.J[3] == 4 && back->view.H[1] == -1);
                ki_network_file_free(back);
                break;
            }
            assert_int_equal(rc, KI_ERR_NOMEM);
            assert_null(back);
            assert_non_null(strstr(ki_last_error(), "no memory"));
        }
        assert_true(k >= 12);
    }
}

/* Short and interrupted reads are no failures. */
static void test_short_reads(void **state) {
    const char *path = in(*state, "a.npz");

    assert_int_equal(ki_write_arrays(path, 2, arrays, "{}"), 0);
    fault.shortened = 777;
    assert_int_equal(read_everything(path), 0);
    no_fault();
    fault.until[CALL_PREAD] = 3;
    fault.error = EINTR;
    assert_int_equal(read_everything(path), 0);
    no_fault();
}

static void test_bytes(void **state) {
    const char *path = in(*state, "state");

    for (int call = 0; call <= CALL_ALLOC; call++)
        for (int k = 0;; k++) {
            int rc;

            spill(path, "old");
            fault.until[call] = k;
            fault.error = ENOSPC;
            rc = ki_write_bytes(path, numbers, sizeof numbers);
            no_fault();
            if (rc == 0)
                break;
            assert_undone(*state, path, rc, call == CALL_ALLOC ? KI_ERR_NOMEM : KI_ERR_IO,
                          call == CALL_ALLOC ? "no memory" : strerror(ENOSPC));
        }
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_write),     WITH_FOLDER(test_commit),       WITH_FOLDER(test_open),
        WITH_FOLDER(test_memory),    WITH_FOLDER(test_memory_check), WITH_FOLDER(test_short_writes),
        WITH_FOLDER(test_collision), WITH_FOLDER(test_full_device),  WITH_FOLDER(test_size_limit),
        WITH_FOLDER(test_pipe),      WITH_FOLDER(test_reading),      WITH_FOLDER(test_short_reads),
        WITH_FOLDER(test_bytes),     WITH_FOLDER(test_network),
    };

    return cmocka_run_group_tests_name("io fault", tests, make_arrays, NULL);
}
