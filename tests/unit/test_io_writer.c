/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes files of every type, dimension and size into a folder, for tests/python/test_files.py,
 * which knows the same formulas: element k is k / 3 - 5, k * 1000003 - 7 or word k mod 4. Usage:
 * test_io_writer FOLDER. Exit status 77 without HDF5, when its files are missing. */
#include "io/write/npz.h"

#include <kinising/kinising.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST = 300000, ARRAYS = 24 };

static const char *const vocabulary[4] = {"ferromagnetic", "", "\xce\xb2 = \xe2\x88\x9e",
                                          "a,\"b\" \xf0\x9f\x98\x80"};
static double floats[LARGEST];
static int64_t integers[LARGEST];
static const char *words[LARGEST];

static const struct {
    const char *name;
    int ndim;
    size_t shape[4];
} shapes[] = {{"scalar", 0, {0}},    {"one", 1, {1}},          {"vector", 1, {7}},
              {"matrix", 2, {3, 5}}, {"cube", 3, {2, 3, 4}},   {"four", 4, {2, 3, 1, 2}},
              {"empty", 2, {3, 0}},  {"large", 2, {1000, 300}}};

static size_t all_arrays(ki_array arrays[ARRAYS], char names[ARRAYS][32]) {
    static const char *const kinds[] = {"f", "i", "s"};
    const void *data[] = {floats, integers, words};
    size_t n = 0;

    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        for (int type = KI_FLOAT64; type <= KI_STRING; type++) {
            snprintf(names[n], sizeof names[n], "%s_%s", kinds[type - 1], shapes[k].name);
            arrays[n] = (ki_array){names[n], type, shapes[k].ndim, {0}, data[type - 1]};
            memcpy(arrays[n].shape, shapes[k].shape, sizeof shapes[k].shape);
            n++;
        }
    }
    return n;
}

static int write_large_records(const char *path, size_t n, const ki_array *arrays,
                               const char *provenance, uint64_t from) {
    const ki_content content = {.n = n, .arrays = arrays, .provenance = provenance};
    ki_atomic out;
    int rc = ki_atomic_open(&out, path);

    if (rc)
        return rc;
    rc = ki_npz_write(&out, &content, from);
    if (rc) {
        ki_atomic_abort(&out);
        return rc;
    }
    return ki_atomic_commit(&out);
}

static int write_all(const char *folder) {
    const char *provenance = "{\"version\": \"\xc3\xa9\",\n \"seed\": 1}";
    const ki_array columns[] = {{"x", KI_FLOAT64, 1, {1000}, floats},
                                {"i", KI_INT64, 1, {1000}, integers},
                                {"s", KI_STRING, 1, {1000}, words}};
    const double special[] = {NAN, INFINITY, -INFINITY, -0.0, 5e-324};
    const ki_array odd = {"odd", KI_FLOAT64, 1, {5}, special};
    const ki_array map[] = {{"m", KI_FLOAT64, 2, {3, 5}, floats},
                            {"beta", KI_FLOAT64, 1, {5}, floats},
                            {"status", KI_STRING, 2, {3, 5}, words}};
    const ki_label labels[] = {{.units = "\xce\xb2 \xc2\xb7 nats", .axes = {"dJ", "beta"}},
                               {.axes = {"beta"}},
                               {.axes = {[1] = "beta"}}};
    ki_array arrays[ARRAYS];
    char names[ARRAYS][32];
    char path[4096];
    size_t n = all_arrays(arrays, names);
    int rc;

    snprintf(path, sizeof path, "%s/all.npz", folder);
    rc = ki_write_arrays(path, n, arrays, provenance);
    snprintf(path, sizeof path, "%s/odd.npz", folder);
    rc = rc ? rc : ki_write_arrays(path, 1, &odd, NULL);
    snprintf(path, sizeof path, "%s/table.csv", folder);
    rc = rc ? rc : ki_write_arrays(path, 3, columns, provenance);
    snprintf(path, sizeof path, "%s/odd.csv", folder);
    rc = rc ? rc : ki_write_arrays(path, 1, &odd, provenance);
    /* As if 32 bits ended at 1 byte (all members large) and at 5000 (some, or only offsets). */
    snprintf(path, sizeof path, "%s/zip64_all.npz", folder);
    rc = rc ? rc : write_large_records(path, n, arrays, provenance, 1);
    snprintf(path, sizeof path, "%s/zip64_some.npz", folder);
    rc = rc ? rc : write_large_records(path, n, arrays, provenance, 5000);
    snprintf(path, sizeof path, "%s/all.h5", folder);
    rc = rc ? rc : ki_write_arrays(path, n, arrays, provenance);
    snprintf(path, sizeof path, "%s/map.h5", folder);
    rc = rc ? rc : ki_write_labelled(path, 3, map, labels, NULL);
    snprintf(path, sizeof path, "%s/odd.h5", folder);
    return rc ? rc : ki_write_arrays(path, 1, &odd, NULL);
}

int main(int argc, char **argv) {
    int rc;

    if (argc != 2) {
        fprintf(stderr, "usage: test_io_writer FOLDER\n");
        return 2;
    }
    for (int k = 0; k < LARGEST; k++) {
        floats[k] = k / 3.0 - 5.0;
        integers[k] = (int64_t)k * 1000003 - 7;
        words[k] = vocabulary[k % 4];
    }
    rc = write_all(argv[1]);
    if (rc && rc != KI_ERR_UNSUPPORTED)
        fprintf(stderr, "test_io_writer: %s\n", ki_last_error());
    return rc == KI_ERR_UNSUPPORTED ? 77 : rc != 0;
}
