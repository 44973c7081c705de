/* SPDX-License-Identifier: BSD-3-Clause */
/* What any of the functions of exact.h takes. [exact] */
#include "base/check.h"
#include "job.h"

int ki_exact_memory(uint64_t n, int dynamics, uint64_t *bytes) {
    const ki_lay_out_fn all[] = {ki_exact_lay_out, ki_evolve_lay_out, ki_lags_lay_out,
                                 ki_fluctuations_lay_out};
    uint64_t most = 0;
    int error = ki_chain_check_size(n, dynamics);

    error = error ? error : ki_check_pointer("bytes", bytes, "a place for them");
    if (error)
        return error;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ki_cursor cursor = {0};

        all[i](NULL, (size_t)n, dynamics, &cursor);
        most = cursor.used > most ? cursor.used : most;
    }
    *bytes = most;
    return 0;
}
