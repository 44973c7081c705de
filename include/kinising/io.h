/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file io.h
 * Result files: named arrays with provenance, written atomically as `.npz`, `.h5` or `.csv`.
 */
#ifndef KINISING_IO_H
#define KINISING_IO_H

#include <kinising/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Element types of an array in a file. */
enum ki_type {
    KI_FLOAT64 = 1, /**< double */
    KI_INT64 = 2,   /**< int64_t */
    KI_STRING = 3   /**< const char *, UTF-8 (ASCII in practice) */
};

/** A borrowed, C-contiguous (row-major) named array of up to 4 dimensions. */
typedef struct ki_array {
    const char *name; /**< key in the file; letters, digits, underscore */
    int type;         /**< enum ki_type */
    int ndim;         /**< 0..4; 0 is a scalar (one element) */
    size_t shape[4];  /**< extents; the number of elements is their product */
    const void *data; /**< elements, row-major; `const char *const *` for KI_STRING */
} ki_array;

/**
 * Writes arrays to `path`; the format follows the ending: `.npz` (numpy, stored members), `.h5` (HDF5,
 * when built in) or `.csv` (1-D arrays of one length only, `%.17g`, NaN and infinity spelled `nan`,
 * `inf`).
 *
 * The file appears under its name only when it is complete: a temporary file in the same folder is
 * written, flushed to disk and renamed. On any failure the temporary is removed and a file that was
 * there before is as it was.
 *
 * @param path        target; the ending decides
 * @param n           number of arrays, >= 1
 * @param arrays      [n] arrays, borrowed
 * @param provenance  JSON text stored with the data (npz: a 0-d string array "provenance"; h5: a root
 *                    attribute; csv: a last line that starts with '#'); NULL for none
 * @return 0; KI_ERR_FORMAT (unknown ending, or shapes that a CSV cannot hold), KI_ERR_UNSUPPORTED
 *         (.h5 without HDF5), KI_ERR_IO (with the system's reason), KI_ERR_NOMEM, KI_ERR_ARGUMENT
 */
KI_API KI_WARN_UNUSED int ki_write_arrays(const char *path, size_t n, const ki_array *arrays,
                                          const char *provenance);

/**
 * Checks, before a long computation, that ki_write_arrays() could write to `path`: known ending, folder
 * exists and is writable, not a directory. Creates nothing that stays and changes no existing file.
 * @return 0; KI_ERR_FORMAT, KI_ERR_UNSUPPORTED, KI_ERR_IO
 */
KI_API KI_WARN_UNUSED int ki_check_writable(const char *path);

#ifdef __cplusplus
}
#endif
#endif
