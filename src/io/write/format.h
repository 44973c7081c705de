/* SPDX-License-Identifier: BSD-3-Clause */
/* The file formats. Each writer gets arrays that ki_write_arrays() has checked: legal distinct
 * names, known types, extents whose product in bytes fits size_t, valid UTF-8, no NULL where data
 * is due. */
#ifndef KI_SRC_IO_FORMAT_H
#define KI_SRC_IO_FORMAT_H

#include "io/file/atomic.h"

#include <kinising/io.h>

#include <stddef.h>
#include <stdint.h>

/* Sizes and offsets from here on do not fit the 32-bit fields of a ZIP file. */
#define KI_NPZ_ZIP64_FROM UINT64_C(0xffffffff)

/* `zip64_from` is KI_NPZ_ZIP64_FROM; tests lower it to see large-file records in small files. */
int ki_npz_write(ki_atomic *out, size_t n, const ki_array *arrays, const char *provenance,
                 uint64_t zip64_from);

/* Provenance has no place in it. */
int ki_csv_write(ki_atomic *out, size_t n, const ki_array *arrays);

/* KI_ERR_FORMAT unless all arrays are 1-D and of one length. */
int ki_csv_check(const char *path, size_t n, const ki_array *arrays);

/* `labels` may be NULL. */
int ki_hdf5_write(ki_atomic *out, size_t n, const ki_array *arrays, const ki_label *labels,
                  const char *provenance);

/* KI_ERR_UNSUPPORTED in a build without HDF5. */
int ki_hdf5_check(const char *path);

/* Product of the extents, 1 for a scalar. */
size_t ki_array_count(const ki_array *array);

#endif
