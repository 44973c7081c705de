/* SPDX-License-Identifier: BSD-3-Clause */
/* A network of the ensemble. The numbers depend on the seed and N alone: element k of J is number k
 * of its stream and field i number i of its own, so that other parameters only shift and scale
 * them. */
#include <kinising/network.h>

#include "base/check.h"
#include "base/error.h"
#include "num/philox.h"

#include <inttypes.h>
#include <math.h>

/* No normal number that 53 random bits can make is larger. */
#define LARGEST_NORMAL 9

static int check_draw(uint64_t n, const ki_theory_params *p, const double *H, const double *J) {
    int error = ki_check_pointer("p", p, "parameters");

    error = error ? error : ki_check_pointer("H", H, "room for N fields");
    error = error ? error : ki_check_pointer("J", J, "room for N x N couplings");
    error = error ? error : ki_check_spins(n);
    error = error ? error : ki_check_point(p, 1);
    if (!error && isinf(fabs(p->J0) / (double)n + LARGEST_NORMAL * (p->dJ / sqrt((double)n))))
        error = ki_fail(KI_ERR_ARGUMENT,
                        "J0, dJ : %g and %g give couplings that are not finite : less than 1e307",
                        p->J0, p->dJ);
    return error;
}

int ki_network_draw(uint64_t n, const ki_theory_params *p, int zero_diagonal, uint64_t seed,
                    double *H, double *J) {
    int error = check_draw(n, p, H, J);

    if (error)
        return error;
    const size_t N = (size_t)n;
    const ki_random_key key = ki_random_key_of(2, (const uint64_t[]){seed, n});
    const ki_sequence couplings = ki_sequence_of(key, 0, KI_STREAM_COUPLING);
    const ki_sequence fields = ki_sequence_of(key, 0, KI_STREAM_FIELD);
    const double mean = p->J0 / (double)n, spread = p->dJ / sqrt((double)n);

    for (size_t i = 0; i < N; i++) {
        double *row = J + i * N;

        ki_random_normals(&couplings, i * n, N, row);
        for (size_t j = 0; j < N; j++)
            row[j] = mean + spread * row[j];
        if (zero_diagonal)
            row[i] = 0;
        H[i] = p->dH * (2 * ki_random_double(&fields, i) - 1) + 0.0; /* not -0 */
    }
    return 0;
}
