/* SPDX-License-Identifier: BSD-3-Clause */
/* Result files: bytes of .npz and .h5 (those of .csv are in test_csv.c), names, permissions, links and every refusal. What numpy and h5py make of the
 * files is tested in tests/python/test_files.py; failing disks in tests/fault/test_io_fault.c. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "test_io_files.h"

#include "io/file/utf8.h"

#include <kinising/kinising.h>

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <zlib.h>

static const double two[] = {1.5, -0.0};
static const ki_array column = {
    .name = "x", .type = KI_FLOAT64, .ndim = 1, .shape = {2}, .data = two};

static int have_hdf5(void) {
    ki_build_info info;

    assert_int_equal(ki_get_build_info(&info), 0);
    return info.have_hdf5;
}

/* Both functions must refuse `path` with the system's reason for `errnum`. */
static void refuse(const char *path, int errnum) {
    assert_failure(ki_check_writable(path), KI_ERR_IO, strerror(errnum));
    assert_failure(ki_write_arrays(path, 1, &column, "{}"), KI_ERR_IO, strerror(errnum));
}

static uint64_t little(const char *bytes, int n) {
    uint64_t value = 0;

    for (int i = 0; i < n; i++)
        value |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    return value;
}

/* A member that starts at `at`: its checksum and header are right; returns the offset behind it. */
static size_t check_member(const char *zip, size_t at, const char *name, const char *dict,
                           const void *data, size_t bytes) {
    size_t size = (size_t)little(zip + at + 22, 4);
    size_t text;
    const char *npy;

    assert_memory_equal(zip + at, "PK\3\4", 4);
    assert_int_equal(little(zip + at + 8, 2), 0);
    assert_int_equal(little(zip + at + 18, 4), size);
    assert_int_equal(little(zip + at + 26, 2), strlen(name));
    assert_int_equal(little(zip + at + 28, 2), 0);
    assert_memory_equal(zip + at + 30, name, strlen(name));
    npy = zip + at + 30 + strlen(name);
    assert_int_equal(little(zip + at + 14, 4), crc32(0, (const unsigned char *)npy, (uInt)size));
    assert_memory_equal(npy, "\x93NUMPY\x01\x00", 8);
    text = (size_t)little(npy + 8, 2);
    assert_int_equal((10 + text) % 64, 0);
    assert_memory_equal(npy + 10, dict, strlen(dict));
    assert_int_equal(strspn(npy + 10 + strlen(dict), " "), text - strlen(dict) - 1);
    assert_int_equal(npy[10 + text - 1], '\n');
    assert_int_equal(size, 10 + text + bytes);
    if (bytes)
        assert_memory_equal(npy + 10 + text, data, bytes);
    return (size_t)(npy - zip) + size;
}

static void test_npz_bytes(void **state) {
    static const double x[6] = {0, 1, 2, NAN, 4, -0.0};
    static const int64_t scalar = -7;
    static const char *const s[] = {"a", "\xc3\xa9\xf0\x9f\x98\x80", ""};
    static const uint32_t points[] = {'a', 0, 0xe9, 0x1f600, 0, 0};
    static const uint32_t text[] = {'{', '}'};
    const ki_array a[] = {{"x", KI_FLOAT64, 2, {2, 3}, x},
                          {"i", KI_INT64, 0, {0}, &scalar},
                          {"s", KI_STRING, 1, {3}, s},
                          {"none", KI_FLOAT64, 1, {0}, NULL},
                          {"wide", KI_INT64, 3, {1, 1, 1}, &scalar}};
    const char *path = in(*state, "a.npz");
    size_t size;
    size_t at;
    char *zip;

    assert_int_equal(ki_write_arrays(path, 5, a, "{}"), 0);
    zip = slurp(path, &size);
    at = check_member(zip, 0, "x.npy",
                      "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", x, sizeof x);
    at = check_member(zip, at, "i.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (), }",
                      &scalar, 8);
    at = check_member(zip, at, "s.npy", "{'descr': '<U2', 'fortran_order': False, 'shape': (3,), }",
                      points, sizeof points);
    at = check_member(zip, at, "none.npy",
                      "{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }", NULL, 0);
    at = check_member(zip, at, "wide.npy",
                      "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1, 1), }", &scalar, 8);
    at = check_member(zip, at, "provenance.npy",
                      "{'descr': '<U2', 'fortran_order': False, 'shape': (), }", text, sizeof text);
    assert_memory_equal(zip + at, "PK\1\2", 4);
    assert_memory_equal(zip + size - 22, "PK\5\6", 4);
    assert_int_equal(little(zip + size - 22 + 10, 2), 6);
    assert_int_equal(little(zip + size - 22 + 12, 4), size - 22 - at);
    assert_int_equal(little(zip + size - 22 + 16, 4), at);
    free(zip);
}

static void test_same_bytes(void **state) {
    static const char *const endings[] = {"csv", "npz", "h5"};

    for (int k = 0; k < (have_hdf5() ? 3 : 2); k++) {
        char name[2][16];
        char *bytes[2];
        size_t size[2];

        for (int i = 0; i < 2; i++) {
            snprintf(name[i], sizeof name[i], "%d.%s", i, endings[k]);
            assert_int_equal(ki_write_arrays(in(*state, name[i]), 1, &column, "{}"), 0);
            bytes[i] = slurp(in(*state, name[i]), &size[i]);
        }
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(bytes[0], bytes[1], size[0]);
        free(bytes[0]);
        free(bytes[1]);
    }
}

static void test_hdf5(void **state) {
    const char *path = in(*state, "a.h5");
    char *bytes;

    if (!have_hdf5()) {
        assert_failure(ki_write_arrays(path, 1, &column, NULL), KI_ERR_UNSUPPORTED, "HDF5");
        assert_failure(ki_check_writable(path), KI_ERR_UNSUPPORTED, "HDF5");
        assert_int_equal(count_files(*state, 0), 0);
        return;
    }
    assert_int_equal(ki_write_arrays(path, 1, &column, "{}"), 0);
    bytes = slurp(path, NULL);
    assert_memory_equal(bytes, "\x89HDF\r\n\x1a\n", 8);
    free(bytes);
    assert_int_equal(count_files(*state, 0), 1);
}

static void test_endings(void **state) {
    static const struct {
        const char *name;
        const char *words;
    } bad[] = {{"out.xyz", "out.xyz : unknown file ending \".xyz\" : use .csv, .npz or .h5"},
               {"out", "out : no file ending : use .csv, .npz or .h5"},
               {"a.csv/out", "out : no file ending : use .csv, .npz or .h5"},
               {"out.CSV", "unknown file ending \".CSV\""},
               {"out.csv.gz", "unknown file ending \".gz\""},
               {"out.", "unknown file ending \".\""},
               {"out.csv/", "no file ending"}};

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const char *path = in(*state, bad[k].name);

        assert_failure(ki_write_arrays(path, 1, &column, NULL), KI_ERR_FORMAT, bad[k].words);
        assert_failure(ki_check_writable(path), KI_ERR_FORMAT, bad[k].words);
    }
    assert_failure(ki_write_arrays(NULL, 1, &column, NULL), KI_ERR_ARGUMENT, "path : is NULL");
    assert_failure(ki_write_arrays("", 1, &column, NULL), KI_ERR_ARGUMENT, "path : is empty");
    assert_failure(ki_check_writable(NULL), KI_ERR_ARGUMENT, "path : is NULL");
    assert_failure(ki_check_writable(""), KI_ERR_ARGUMENT, "path : is empty");
    assert_int_equal(count_files(*state, 0), 0);
}

static void test_bad_arrays(void **state) {
    static const char *const null_string[] = {"a", NULL};
    static const char *const bad_string[] = {"a", "\xff"};
    char long_name[300];
    const size_t half = (size_t)1 << (sizeof(size_t) * 4);
    const struct {
        ki_array a;
        const char *words;
    } bad[] = {
        {{NULL, KI_FLOAT64, 1, {2}, two}, "name is NULL"},
        {{"", KI_FLOAT64, 1, {2}, two}, "bad name \"\""},
        {{"a b", KI_FLOAT64, 1, {2}, two}, "bad name \"a b\""},
        {{"../a", KI_FLOAT64, 1, {2}, two}, "bad name"},
        {{"\xc3\xa9", KI_FLOAT64, 1, {2}, two}, "bad name"},
        {{long_name, KI_FLOAT64, 1, {2}, two}, "bad name"},
        {{"provenance", KI_FLOAT64, 1, {2}, two}, "provenance"},
        {{"y", 0, 1, {2}, two}, "unknown type 0"},
        {{"y", 5, 1, {2}, two}, "unknown type 5"},
        {{"y", KI_FLOAT64, -1, {2}, two}, "-1 dimensions"},
        {{"y", KI_FLOAT64, 5, {2}, two}, "5 dimensions"},
        {{"y", KI_FLOAT64, 1, {2}, NULL}, "data is NULL"},
        {{"y", KI_FLOAT64, 0, {0}, NULL}, "data is NULL"},
        {{"y", KI_FLOAT64, 1, {SIZE_MAX}, two}, "too large"},
        {{"y", KI_FLOAT64, 2, {half, half}, two}, "too large"},
        {{"y", KI_FLOAT64, 4, {half, half, half, half}, two}, "too large"},
        {{"y", KI_FLOAT64, 3, {0, half, half}, two}, "too large"},
        {{"y", KI_STRING, 1, {2}, null_string}, "string 1 is NULL"},
        {{"y", KI_STRING, 1, {2}, bad_string}, "string 1 is not valid UTF-8"},
        {{"x", KI_FLOAT64, 1, {2}, two}, "both are named \"x\""},
    };

    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const ki_array pair[] = {column, bad[k].a};

        assert_failure(ki_write_arrays(in(*state, "a.npz"), 2, pair, "{}"), KI_ERR_ARGUMENT,
                       bad[k].words);
    }
    assert_failure(ki_write_arrays(in(*state, "a.npz"), 0, &column, NULL), KI_ERR_ARGUMENT,
                   "n >= 1");
    assert_failure(ki_write_arrays(in(*state, "a.npz"), 1, NULL, NULL), KI_ERR_ARGUMENT, "NULL");
    assert_failure(ki_write_arrays(in(*state, "a.npz"), 1, &column, "\xc0\x80"), KI_ERR_ARGUMENT,
                   "provenance");
    long_name[255] = '\0';
    {
        const ki_array longest = {long_name, KI_FLOAT64, 1, {2}, two};

        assert_int_equal(ki_write_arrays(in(*state, "a.npz"), 1, &longest, NULL), 0);
    }
}

/* What a label can be; that h5py sees it is tested in tests/python/test_files.py. */
static void test_labels(void **state) {
    static const char *const endings[] = {"a.csv", "a.npz", "a.h5"};
    static const struct {
        ki_label label;
        const char *words;
    } bad[] = {{{.units = "\xff"}, "x : its units are not valid UTF-8"},
               {{.axes = {"\xff"}}, "x : the name of axis 0 is not valid UTF-8"},
               {{.axes = {"a", "b"}}, "x : axis 1 has a name and it has 1 dimensions"},
               {{.axes = {[3] = "b"}}, "x : axis 3 has a name"}};
    const ki_label none = {0}, label = {.units = "nats", .axes = {"beta"}};

    for (int k = 0; k < (have_hdf5() ? 3 : 2); k++) {
        const char *path = in(*state, endings[k]), *plain = in(*state, "plain");
        size_t size[2];
        char *bytes[2];

        assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
        assert_int_equal(rename(path, plain), 0);
        bytes[0] = slurp(plain, &size[0]);
        /* Labels that say nothing leave no trace. */
        assert_int_equal(ki_write_labelled(path, 1, &column, &none, NULL), 0);
        bytes[1] = slurp(path, &size[1]);
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(bytes[0], bytes[1], size[0]);
        free(bytes[0]);
        free(bytes[1]);
        assert_int_equal(ki_write_labelled(path, 1, &column, &label, NULL), 0);
        for (size_t b = 0; b < sizeof bad / sizeof *bad; b++)
            assert_failure(ki_write_labelled(path, 1, &column, &bad[b].label, NULL),
                           KI_ERR_ARGUMENT, bad[b].words);
    }
}

static void test_bad_targets(void **state) {
    const char *folder = *state;
    char name[300];
    char longer[PATH_MAX + 100];

    assert_int_equal(mkdir(in(folder, "d.csv"), 0777), 0);
    refuse(in(folder, "d.csv"), EISDIR);
    refuse(in(folder, "none/a.csv"), ENOENT);
    spill(in(folder, "file"), "text");
    refuse(in(folder, "file/a.csv"), ENOTDIR);
    memset(name, 'a', sizeof name);
    strcpy(name + 290, ".csv");
    refuse(in(folder, name), ENAMETOOLONG);
    assert_non_null(strstr(ki_last_error(), "aaa.csv : "));
    memset(longer, '/', sizeof longer);
    strcpy(longer + PATH_MAX, "a.csv");
    refuse(longer, ENAMETOOLONG);
    assert_int_equal(symlink("loop.csv", in(folder, "loop.csv")), 0);
    refuse(in(folder, "loop.csv"), ELOOP);
    assert_int_equal(symlink("none/there.csv", in(folder, "dangling.csv")), 0);
    refuse(in(folder, "dangling.csv"), ENOENT);
    assert_content(in(folder, "file"), "text");
    assert_int_equal(count_files(folder, 0), 4);
    assert_int_equal(count_files(in(folder, "d.csv"), 0), 0);
}

/* Nothing is read-only for root, who therefore becomes somebody else for the refusals. */
static void test_read_only(void **state) {
    const char *folder = *state;
    const char *path = in(folder, "a.csv");
    const uid_t user = geteuid();

    spill(path, "old");
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    if (user == 0 && seteuid(65534))
        skip();
    refuse(path, EACCES);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    refuse(path, EACCES);
    refuse(in(folder, "new.csv"), EACCES);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_content(path, "old");
    assert_int_equal(count_files(folder, 0), 1);
}

static mode_t mode_of(const char *path) {
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_modes(void **state) {
    static const mode_t kept[] = {0600, 0640, 0666, 0755};
    const mode_t before = umask(027);
    const char *path = in(*state, "a.csv");

    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    assert_int_equal(mode_of(path), 0640);
    umask(0);
    assert_int_equal(ki_write_arrays(in(*state, "b.csv"), 1, &column, NULL), 0);
    assert_int_equal(mode_of(in(*state, "b.csv")), 0666);
    umask(077);
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) {
        assert_int_equal(chmod(path, kept[k]), 0);
        assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
        assert_int_equal(mode_of(path), kept[k]);
    }
    umask(before);
}

static void test_links(void **state) {
    const char *folder = *state;
    struct stat st;

    assert_int_equal(mkdir(in(folder, "sub"), 0777), 0);
    spill(in(folder, "sub/real.csv"), "old");
    assert_int_equal(symlink("middle.csv", in(folder, "first.csv")), 0);
    assert_int_equal(symlink("sub/real.csv", in(folder, "middle.csv")), 0);
    assert_int_equal(symlink("sub/new.csv", in(folder, "dangling.csv")), 0);
    assert_int_equal(ki_write_arrays(in(folder, "first.csv"), 1, &column, NULL), 0);
    assert_content(in(folder, "sub/real.csv"), "x\n1.5\n-0\n");
    assert_int_equal(ki_write_arrays(in(folder, "dangling.csv"), 1, &column, NULL), 0);
    assert_content(in(folder, "sub/new.csv"), "x\n1.5\n-0\n");
    assert_int_equal(lstat(in(folder, "first.csv"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat(in(folder, "dangling.csv"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(count_files(in(folder, "sub"), 1), 2);
    assert_int_equal(count_files(folder, 0), 4);
}

static void test_absolute_and_bare(void **state) {
    char path[PATH_MAX];
    char here[PATH_MAX];

    assert_non_null(getcwd(here, sizeof here));
    assert_true(snprintf(path, sizeof path, "%s/%s/a.csv", here, (char *)*state) < PATH_MAX);
    assert_int_equal(ki_write_arrays(path, 1, &column, NULL), 0);
    assert_content(path, "x\n1.5\n-0\n");
    assert_int_equal(chdir(*state), 0);
    assert_int_equal(ki_write_arrays("b.csv", 1, &column, NULL), 0);
    assert_content("b.csv", "x\n1.5\n-0\n");
    assert_int_equal(chdir(here), 0);
    assert_int_equal(count_files(*state, 0), 2);
}

static void test_check_writable(void **state) {
    const char *path = in(*state, "a.csv");

    assert_int_equal(ki_check_writable(path), 0);
    assert_int_equal(count_files(*state, 0), 0);
    spill(path, "old");
    assert_int_equal(ki_check_writable(path), 0);
    assert_content(path, "old");
    assert_int_equal(count_files(*state, 0), 1);
}

static void test_is_stream(void **state) {
    const char *folder = *state;
    const char *pipe = in(folder, "pipe.csv"), *link = in(folder, "link.csv");

    spill(in(folder, "file.csv"), "old");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(symlink("pipe.csv", link), 0);
    assert_int_equal(symlink("none.csv", in(folder, "dangling.csv")), 0);
    assert_int_equal(ki_is_stream(pipe), 1);
    assert_int_equal(ki_is_stream(link), 1);
    assert_int_equal(ki_is_stream("/dev/null"), 1);
    assert_int_equal(ki_is_stream(in(folder, "file.csv")), 0);
    assert_int_equal(ki_is_stream(in(folder, "dangling.csv")), 0);
    assert_int_equal(ki_is_stream(in(folder, "none/none.csv")), 0);
    assert_int_equal(ki_is_stream(folder), 0);
    assert_int_equal(ki_is_stream(NULL), 0);
}

static void test_utf8(void **state) {
    static const struct {
        const char *text;
        int32_t code;
        int bytes;
    } cases[] = {
        {"", 0, 1},
        {"A", 'A', 1},
        {"\x7f", 0x7f, 1},
        {"\xc2\x80", 0x80, 2},
        {"\xdf\xbf", 0x7ff, 2},
        {"\xe0\xa0\x80", 0x800, 3},
        {"\xed\x9f\xbf", 0xd7ff, 3},
        {"\xee\x80\x80", 0xe000, 3},
        {"\xf0\x90\x80\x80", 0x10000, 4},
        {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
        {"\x80", -1, 0},
        {"\xc0\x80", -1, 0},
        {"\xc1\xbf", -1, 0},
        {"\xc3", -1, 0},
        {"\xc3(", -1, 0},
        {"\xe0\x9f\xbf", -1, 0},
        {"\xe2\x82", -1, 0},
        {"\xed\xa0\x80", -1, 0},
        {"\xf0\x8f\xbf\xbf", -1, 0},
        {"\xf0\x9f\x98", -1, 0},
        {"\xf4\x90\x80\x80", -1, 0},
        {"\xf5\x80\x80\x80", -1, 0},
        {"\xff", -1, 0},
    };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *at = cases[k].text;

        assert_int_equal(ki_utf8_next(&at), cases[k].code);
        assert_int_equal(at - cases[k].text, cases[k].bytes);
    }
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {

        WITH_FOLDER(test_npz_bytes),
        WITH_FOLDER(test_same_bytes),
        WITH_FOLDER(test_hdf5),
        WITH_FOLDER(test_endings),
        WITH_FOLDER(test_bad_arrays),
        WITH_FOLDER(test_labels),
        WITH_FOLDER(test_bad_targets),
        WITH_FOLDER(test_read_only),
        WITH_FOLDER(test_modes),
        WITH_FOLDER(test_links),
        WITH_FOLDER(test_absolute_and_bare),
        WITH_FOLDER(test_check_writable),
        WITH_FOLDER(test_is_stream),
        cmocka_unit_test(test_utf8),
    };

    return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
