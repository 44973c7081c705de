/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/read/hdf5_element.h"

#ifdef KI_HAVE_HDF5

#include <inttypes.h>
#include <stdio.h>

const char *ki_hdf5_reason(const ki_reader *r) {
    const ki_hdf5_file *file = r->state;

    return file->session.reason[0] ? file->session.reason : "nothing more";
}

int ki_hdf5_fail_entry(const ki_reader *r, const ki_entry *e) {
    char text[256];

    snprintf(text, sizeof text, "is damaged; HDF5 says: %s", ki_hdf5_reason(r));
    return ki_entry_fail(r, e, KI_ERR_FORMAT, text, "a whole file");
}

hid_t ki_hdf5_memory_type(const ki_entry *e) {
    if (e->kind == 'b')
        return H5T_NATIVE_B8;
    if (e->info.type == KI_FLOAT64)
        return H5T_NATIVE_DOUBLE;
    if (e->info.type == KI_INT8)
        return H5T_NATIVE_INT8;
    /* HDF5 would cut what does not fit to the largest that does, and not say so. */
    return e->kind == 'u' ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64;
}

int ki_hdf5_check_unsigned(const ki_reader *r, const ki_entry *e, const uint64_t *x, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        if (x[i] > INT64_MAX) {
            char why[96];

            snprintf(why, sizeof why, "has an element %" PRIu64 " too large for a signed integer",
                     x[i]);
            return ki_entry_fail(r, e, KI_ERR_FORMAT, why, "numbers below 2^63, or floats");
        }
    return 0;
}

#else

/* An ISO C file is not empty. */
typedef int ki_no_hdf5_element;

#endif
