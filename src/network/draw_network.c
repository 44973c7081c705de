/* SPDX-License-Identifier: BSD-3-Clause */
/* A network of the ensemble. The numbers depend on the seed and N alone: element k of J is number k
 * of its stream and field i number i of its own, so that other parameters only shift and scale
 * them. */
#include <kinising/network.h>

#include "base/check.h"
#include "base/error.h"
#include "base/parallel.h"
#include "num/philox.h"

#include <inttypes.h>
#include <math.h>

/* No normal number that 53 random bits can make is larger. */
#define LARGEST_NORMAL 9
enum { ELEMENTS_PER_CHUNK = 1 << 16 };

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

typedef struct draw_job {
    uint64_t n;
    const ki_theory_params *p;
    int zero_diagonal;
    ki_sequence couplings, fields;
    double *H, *J;
} draw_job;

static int draw_row(void *ctx, size_t i) {
    const draw_job *d = ctx;
    const size_t N = (size_t)d->n;
    const double mean = d->p->J0 / (double)d->n, spread = d->p->dJ / sqrt((double)d->n);
    double *row = d->J + i * N;

    ki_random_normals(&d->couplings, i * d->n, N, row);
    for (size_t j = 0; j < N; j++)
        row[j] = mean + spread * row[j];
    if (d->zero_diagonal)
        row[i] = 0;
    d->H[i] = d->p->dH * (2 * ki_random_double(&d->fields, i) - 1) + 0.0; /* not -0 */
    return 0;
}

int ki_network_draw(uint64_t n, const ki_theory_params *p, int zero_diagonal, uint64_t seed,
                    const ki_run_options *run, double *H, double *J) {
    int error = check_draw(n, p, H, J);

    if (error)
        return error;
    const ki_random_key key = ki_random_key_of(2, (const uint64_t[]){seed, n});
    draw_job job = {.n = n,
                    .p = p,
                    .zero_diagonal = zero_diagonal,
                    .couplings = ki_sequence_of(key, 0, KI_STREAM_COUPLING),
                    .fields = ki_sequence_of(key, 0, KI_STREAM_FIELD),
                    .H = H,
                    .J = J};
    /* So many rows that workers do not wait for each other's news. */
    const size_t chunk = n < ELEMENTS_PER_CHUNK ? ELEMENTS_PER_CHUNK / (size_t)n : 1;
    return ki_parallel_for((size_t)n, chunk, run, draw_row, &job);
}
