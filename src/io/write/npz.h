/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_IO_WRITE_NPZ_H
#define KI_SRC_IO_WRITE_NPZ_H

#include "io/file/atomic.h"
#include "io/write/array.h"

#include <stdint.h>

/* Sizes and offsets from here on do not fit the 32-bit fields of a ZIP file. */
#define KI_NPZ_ZIP64_FROM UINT64_C(0xffffffff)

/* `zip64_from` is KI_NPZ_ZIP64_FROM; tests lower it to see large-file records in small files. */
int ki_npz_write(ki_atomic *out, const ki_content *content, uint64_t zip64_from);

#endif
