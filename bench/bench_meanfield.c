/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times of mean fields and of enumeration, on one thread, medians of several, as JSON on stdout:
 *   bench_meanfield matmul N   rates of ki_matmul(), of ki_matmul_symmetric() (as if all of it were
 *                              computed) and of DGEMM in 1e9 operations a second, taken in turns
 *   bench_meanfield step METHOD N BETA DJ DH
 *                              seconds of a step on a drawn network, from the fourth on
 *   bench_meanfield exact N    seconds of ki_exact(), synchronous, on a drawn network
 * bench/meanfield.py calls it and puts numpy beside it.
 */
#include <cblas.h>
#include <string.h>

#include "bench.h"
#include "num/matmul.h"

enum { REPEATS = 9, FIRST_STEPS = 3 };
static const ki_run_options one_thread = {.threads = 1};

/* OpenBLAS only; another BLAS is told by its own means to take one thread. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

static ki_network draw(uint64_t n, double beta, double dJ, double dH) {
    const ki_theory_params p = {.beta = beta, .J0 = 1, .dJ = dJ, .dH = dH};
    double *H = get(n, sizeof *H), *J = get(n * n, sizeof *J);

    must(ki_network_draw(n, &p, 0, 1, NULL, H, J));
    return (ki_network){n, H, J, beta};
}

static int matmul(char **argv) {
    const size_t n = strtoull(argv[0], NULL, 10);
    const ki_network network = draw(n, 1, 0.5, 0);
    const ki_matrix a = {network.J, n, 1}, across = {network.J, 1, n};
    const double operations = 2e-9 * (double)n * (double)n * (double)n;
    double *c = get(n * n, sizeof *c), seconds[3][REPEATS];
    double *space = aligned_alloc(64, (ki_matmul_space(n, n) * sizeof *space + 63) / 64 * 64);

    if (space == NULL) {
        fprintf(stderr, "bench: no memory\n");
        return 1;
    }
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
    for (int k = -1; k < REPEATS; k++) { /* once without counting */
        double *to[] = {&seconds[0][k < 0 ? 0 : k], &seconds[1][k < 0 ? 0 : k],
                        &seconds[2][k < 0 ? 0 : k]};
        double start = now();
        must(ki_matmul(n, n, n, a, NULL, across, c, n, space, &one_thread));
        *to[0] = now() - start;
        start = now();
        must(ki_matmul_symmetric(n, n, a, NULL, across, c, n, space, &one_thread));
        *to[1] = now() - start;
        start = now();
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, (int)n, 1, network.J,
                    (int)n, network.J, (int)n, 0, c, (int)n);
        *to[2] = now() - start;
    }
    const double ours = median(seconds[0], REPEATS), half = median(seconds[1], REPEATS);
    const double blas = median(seconds[2], REPEATS);
    ki_build_info info;
    must(ki_get_build_info(&info));
    printf("{\"N\": %zu, \"blas\": \"%s\", \"matmul\": %.4g, \"symmetric\": %.4g, \"dgemm\": %.4g, "
           "\"ratio\": %.3g}\n",
           n, info.blas, operations / ours, operations / half, operations / blas, blas / ours);
    return 0;
}

static int method_of(const char *name) {
    for (int method = 0; method < KI_N_METHODS; method++)
        if (strcmp(ki_method_name(method), name) == 0)
            return method;
    fprintf(stderr, "bench: %s is no method\n", name);
    exit(2);
}

static int step(char **argv) {
    const ki_meanfield_spec spec = {method_of(argv[0]), KI_SYNC, 0};
    const ki_network network = draw(strtoull(argv[1], NULL, 10), strtod(argv[2], NULL),
                                    strtod(argv[3], NULL), strtod(argv[4], NULL));
    double seconds[REPEATS];
    ki_meanfield_info info = {0};
    ki_meanfield *mf;

    must(ki_meanfield_create(&network, &spec, 1, &mf));
    for (int k = -FIRST_STEPS; k < REPEATS; k++) {
        const double start = now();
        must(ki_meanfield_step(mf, &one_thread, &info));
        seconds[k < 0 ? 0 : k] = now() - start;
    }
    printf("{\"method\": \"%s\", \"N\": %llu, \"seconds\": %.6g, \"residual\": %.3g, \"unsolved\": "
           "%llu}\n",
           argv[0], (unsigned long long)network.n, median(seconds, REPEATS), info.residual,
           (unsigned long long)info.unsolved);
    ki_meanfield_free(mf);
    return 0;
}

static int exact(char **argv) {
    const ki_network network = draw(strtoull(argv[0], NULL, 10), 1, 0.5, 0.5);
    const ki_exact_spec spec = {.dynamics = KI_SYNC};
    double seconds[REPEATS];
    int repeats = 0;
    ki_exact_result found;

    for (const double begun = now(); repeats < REPEATS && (repeats == 0 || now() - begun < 3);) {
        const double start = now();
        must(ki_exact(&network, &spec, &one_thread, &found, NULL));
        seconds[repeats++] = now() - start;
    }
    printf("{\"N\": %llu, \"seconds\": %.6g, \"repeats\": %d, \"products\": %llu, \"residual\": "
           "%.3g}\n",
           (unsigned long long)network.n, median(seconds, (size_t)repeats), repeats,
           (unsigned long long)found.products, found.residual);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "matmul") == 0)
        return matmul(argv + 2);
    if (argc == 7 && strcmp(argv[1], "step") == 0)
        return step(argv + 2);
    if (argc == 3 && strcmp(argv[1], "exact") == 0)
        return exact(argv + 2);
    fprintf(stderr, "bench_meanfield: see the head of bench/bench_meanfield.c\n");
    return 2;
}
