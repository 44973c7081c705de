/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "error.h"

int ki_check_threads(int threads) {
    if (threads < 0 || threads > 4096)
        return ki_fail(KI_ERR_ARGUMENT, "threads : %d is out of range : 0 (all) to 4096", threads);
    return 0;
}

int ki_check_dynamics(int dynamics) {
    if (dynamics != KI_SYNC && dynamics != KI_ASYNC)
        return ki_fail(KI_ERR_ARGUMENT,
                       "dynamics : %d is unknown : synchronous (%d) or asynchronous (%d)", dynamics,
                       KI_SYNC, KI_ASYNC);
    return 0;
}

int ki_check_spins(uint64_t n) {
    if (n < 1 || n > KI_MOST_SPINS)
        return ki_fail(KI_ERR_ARGUMENT, "N : %" PRIu64 " is out of range : 1 to %d", n,
                       KI_MOST_SPINS);
    return 0;
}

int ki_check_finite(const char *name, double value) {
    if (!isfinite(value))
        return ki_fail(KI_ERR_ARGUMENT, "%s : %g is not finite : a finite number", name, value);
    return 0;
}

int ki_check_scale(const char *name, double value) {
    if (ki_check_finite(name, value))
        return KI_ERR_ARGUMENT;
    if (value < 0)
        return ki_fail(KI_ERR_ARGUMENT, "%s : %g is negative : a value >= 0", name, value);
    return 0;
}

int ki_check_point(const ki_theory_params *p, int finite) {
    const int zero_temperature = !finite && isinf(p->beta) && p->beta > 0;
    int error = zero_temperature ? 0 : ki_check_scale("beta", p->beta);

    error = error ? error : ki_check_finite("J0", p->J0);
    error = error ? error : ki_check_scale("dJ", p->dJ);
    return error ? error : ki_check_scale("dH", p->dH);
}

int ki_check_mean(const char *name, int64_t index, double value) {
    if (value >= -1 && value <= 1)
        return 0;
    if (index < 0)
        return ki_fail(KI_ERR_ARGUMENT, "%s : %g is no magnetization : -1 to 1", name, value);
    return ki_fail(KI_ERR_ARGUMENT, "%s[%" PRId64 "] : %g is no magnetization : -1 to 1", name,
                   index, value);
}

int ki_check_flag(const char *name, int value) {
    if (value != 0 && value != 1)
        return ki_fail(KI_ERR_ARGUMENT, "%s : %d is neither : 0 or 1", name, value);
    return 0;
}

int ki_check_pointer(const char *name, const void *pointer, const char *right) {
    return pointer ? 0 : ki_fail(KI_ERR_ARGUMENT, "%s : is NULL : %s", name, right);
}
