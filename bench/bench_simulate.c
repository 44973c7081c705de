/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times of the simulations, on one thread unless said, medians of several, as JSON on stdout:
 *   bench_simulate parts      nanoseconds of a random word, a normal number (its word included), a
 * new spin, a threshold, and of a product of the [matrix-free] row at N = 1024; what they come to
 *                             in a synchronous realization of N = 1024, 127 steps
 *   bench_simulate ensemble DYNAMICS ALGORITHM N BETA DJ STEPS REALIZATIONS THREADS
 *                             seconds a realization, and the largest memory of the process
 *   bench_simulate floor N BETA DJ UPDATES
 *                             asynchronous updates a second of plain C: single precision, fields
 * kept incrementally, couplings drawn beforehand and not counted bench/simulate.py calls it and
 * puts numpy beside it.
 */
#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"
#include "num/dot16.h"
#include "num/draw.h"
#include "num/philox.h"

enum { REPEATS = 9, GROUPS = 2048, NUMBERS = GROUPS * KI_GROUP };

static uint32_t word[NUMBERS];
static int32_t normal[NUMBERS];
static float field[NUMBERS];
static uint64_t bits[GROUPS];
static ki_sequence sequence, other;

static void make_words(void) {
    ki_random_groups(&sequence, 0, GROUPS, word);
}
static void make_normals(void) {
    ki_normals16(&sequence, &other, 0, GROUPS, normal);
}
static void make_spins(void) {
    ki_draw_spins(&sequence, &other, 0, GROUPS, field, bits);
}
static void make_thresholds(void) {
    ki_thresholds(&sequence, &other, 0, GROUPS, field);
}

/* The products of one realization of N = 1024: 127 steps, half as many pairs of vectors on the
 * average. */
enum { SPINS = 1024, STEPS = 127, PAIRS = (STEPS + 1) / 2, WIDTH = 64 };
static int16_t vectors[SPINS / WIDTH][PAIRS][WIDTH][2];
static int16_t high[2 * PAIRS], low[2 * PAIRS];
static int32_t sums[2][SPINS];

static void make_products(void) {
    for (int t = 1; t <= STEPS; t++) {
        for (int b = 0; b < SPINS / WIDTH; b++) {
            ki_dot16_two(WIDTH, (size_t)(t + 1) / 2, WIDTH, vectors[b][0][0], high, low,
                         sums[0] + b * WIDTH, sums[1] + b * WIDTH);
        }
    }
}

static double seconds_of(void (*work)(void)) {
    double seconds[REPEATS];

    work();
    for (int i = 0; i < REPEATS; i++) {
        const double start = now();
        work();
        seconds[i] = now() - start;
    }
    return median(seconds, REPEATS);
}

static int parts(void) {
    const uint64_t seed = 1;
    const ki_random_key key = ki_random_key_of(1, &seed);
    const double ns = 1e9 / NUMBERS, spin_steps = (double)SPINS * STEPS;

    sequence = ki_sequence_of(key, 0, KI_STREAM_COUPLING);
    other = ki_sequence_of(key, 0, KI_STREAM_TAIL);
    for (int i = 0; i < NUMBERS; i++)
        field[i] = (float)(i % 129 - 64) / 32;
    const double words = seconds_of(make_words) * ns, normals = seconds_of(make_normals) * ns;
    const double spins = seconds_of(make_spins) * ns;
    const double thresholds = seconds_of(make_thresholds) * ns;
    const double product = seconds_of(make_products);
    printf("{\"word_ns\": %.4g, \"normal_ns\": %.4g, \"spin_ns\": %.4g, \"threshold_ns\": %.4g,\n"
           " \"sync_1024_parts_ms\": {\"words\": %.4g, \"transform\": %.4g, \"acceptance\": %.4g, "
           "\"product\": %.4g}}\n",
           words, normals, spins, thresholds, 1.5e-6 * words * spin_steps,
           1e-6 * (normals - words) * spin_steps, 1e-6 * (spins - 0.5 * words) * spin_steps,
           1e3 * product);
    return 0;
}

static int word_of(const char *text, const char *a, const char *b) {
    return strcmp(text, a) == 0 ? 0 : strcmp(text, b) == 0 ? 1 : -1;
}

static int ensemble(char **argv) {
    const int async = word_of(argv[0], "sync", "async");
    const int dense = word_of(argv[1], "matrix-free", "dense");
    const uint64_t realizations = strtoull(argv[6], NULL, 10);
    const ki_ensemble_spec spec = {
        .n = strtoull(argv[2], NULL, 10),
        .p = {.beta = strtod(argv[3], NULL), .J0 = 1, .dJ = strtod(argv[4], NULL)},
        .dynamics = async ? KI_ASYNC : KI_SYNC,
        .algorithm = dense < 0   ? KI_ALGORITHM_AUTO
                     : dense > 0 ? KI_ALGORITHM_DENSE
                                 : KI_ALGORITHM_MATRIX_FREE,
        .steps = strtoull(argv[5], NULL, 10),
        .seed = 1};
    const ki_run_options run = {.threads = atoi(argv[7])};
    double seconds[REPEATS];
    int repeats = 0;
    struct rusage usage;
    ki_ensemble *e;

    must(ki_ensemble_create(&spec, &e));
    const double begun = now();
    while (repeats < REPEATS && (repeats == 0 || now() - begun < 3)) {
        const uint64_t first = (uint64_t)repeats * realizations;
        const double start = now();
        must(ki_ensemble_run(e, first, first + realizations, &run));
        seconds[repeats++] = (now() - start) / (double)realizations;
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"seconds\": %.6g, \"repeats\": %d, \"algorithm\": \"%s\", \"rss_gib\": %.4g}\n",
           median(seconds, (size_t)repeats), repeats,
           ki_algorithm_name(ki_ensemble_get_spec(e)->algorithm),
           (double)usage.ru_maxrss / 1048576);
    ki_ensemble_free(e);
    return 0;
}

/* xoshiro256+ by Blackman and Vigna, as plain code would use. */
static uint64_t random_state[4] = {1, 2, 3, 4};
static uint64_t next_random(void) {
    uint64_t *s = random_state;
    const uint64_t result = s[0] + s[3], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

static double uniform(void) {
    return (double)(next_random() >> 11) * 0x1p-53;
}

static int floor_updates(char **argv) {
    const size_t n = strtoull(argv[0], NULL, 10);
    const float beta = strtof(argv[1], NULL);
    const double dJ = strtod(argv[2], NULL);
    const uint64_t updates = strtoull(argv[3], NULL, 10);
    float *column = get(n * n, sizeof *column), *h = get(n, sizeof *h), *s = get(n, sizeof *s);
    double seconds[REPEATS];
    uint64_t flips = 0;

    for (size_t i = 0; i < n * n; i++) {
        const double radius = sqrt(-2 * log(1 - uniform()));
        column[i] = (float)(1 / (double)n +
                            dJ / sqrt((double)n) * radius * cos(6.283185307179586 * uniform()));
    }
    for (size_t j = 0; j < n; j++) {
        s[j] = 1;
        for (size_t i = 0; i < n; i++)
            h[i] += column[j * n + i];
    }
    for (int r = 0; r < REPEATS; r++) {
        const double start = now();
        for (uint64_t u = 0; u < updates; u++) {
            const size_t i = (size_t)((next_random() >> 32) * n >> 32);
            const float new = (float)uniform() < 1 / (1 + expf(-2 * beta * h[i])) ? 1.0f : -1.0f;
            if (new != s[i]) {
                const float *restrict c = column + i * n;
                float *restrict to = h;
                for (size_t k = 0; k < n; k++)
                    to[k] += 2 * new *c[k];
                s[i] = new;
                flips++;
            }
        }
        seconds[r] = (now() - start) / (double)updates;
    }
    printf("{\"updates_per_second\": %.6g, \"flips_per_update\": %.4g}\n",
           1 / median(seconds, REPEATS), (double)flips / (double)updates / REPEATS);
    free(column);
    free(h);
    free(s);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "parts") == 0)
        return parts();
    if (argc == 10 && strcmp(argv[1], "ensemble") == 0)
        return ensemble(argv + 2);
    if (argc == 6 && strcmp(argv[1], "floor") == 0)
        return floor_updates(argv + 2);
    fprintf(stderr, "bench_simulate: see the head of bench/bench_simulate.c\n");
    return 2;
}
