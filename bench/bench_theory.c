/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times of the exact theory, as JSON on stdout:
 *   points      seconds a point, synchronous, at the paper's points (median of several)
 *   map         the 100 x 100 map beta in [0, 4] x dJ in [0, 1], J0 = 1: seconds on one thread,
 * median and largest time of a point; the same with the asynchronous entropy production; seconds on
 * two threads. bench/theory.py puts the numpy floor beside it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum { SIDE = 100, POINTS = SIDE * SIDE, REPEATS = 5 };

static double time_point(double beta, double dJ, unsigned dynamics, int calls) {
    const ki_theory_params p = {beta, 1, dJ, 0};
    ki_theory_result r;
    double seconds[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        const double start = now();
        for (int j = 0; j < calls; j++)
            must(ki_theory(&p, dynamics, &r));
        seconds[i] = (now() - start) / calls;
    }
    return median(seconds, REPEATS);
}

static void points(void) {
    static const double beta[] = {1, 2, 4, 1, 2, 4, 1.348499961045494};
    static const double dJ[] = {0.5, 0.5, 0.5, 1, 1, 1, 0.5};
    printf("  \"points\": [\n");
    for (size_t i = 0; i < sizeof beta / sizeof *beta; i++) {
        printf("    {\"beta\": %.17g, \"J0\": 1, \"dJ\": %g, \"sync_seconds\": %.4g, "
               "\"both_seconds\": %.4g}%s\n",
               beta[i], dJ[i], time_point(beta[i], dJ[i], KI_SYNC, 1000),
               time_point(beta[i], dJ[i], KI_SYNC | KI_ASYNC, 100), i < 6 ? "," : "");
    }
    printf("  ],\n");
}

static double time_map(const ki_theory_params *p, unsigned dynamics, int threads,
                       ki_theory_result *out) {
    const ki_run_options run = {threads, NULL, NULL};
    double seconds[3];
    for (int i = 0; i < 3; i++) {
        const double start = now();
        must(ki_theory_map(POINTS, p, dynamics, &run, out));
        seconds[i] = now() - start;
    }
    return median(seconds, 3);
}

int main(void) {
    static ki_theory_params p[POINTS];
    static ki_theory_result out[POINTS];
    static double each[POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        p[i] = (ki_theory_params){4.0 * (double)(i % SIDE) / (SIDE - 1), 1,
                                  (double)(i / SIDE) / (SIDE - 1), 0};
    }
    printf("{\n  \"version\": \"%s\",\n", ki_version());
    points();
    const double one = time_map(p, KI_SYNC, 1, out), two = time_map(p, KI_SYNC, 2, out);
    const double both1 = time_map(p, KI_SYNC | KI_ASYNC, 1, out);
    const double both2 = time_map(p, KI_SYNC | KI_ASYNC, 2, out);
    size_t slowest = 0;
    for (size_t i = 0; i < POINTS; i++) {
        double best = INFINITY; /* of three: a point takes microseconds, an interruption more */
        for (int k = 0; k < 3; k++) {
            const double start = now();
            must(ki_theory(&p[i], KI_SYNC, &out[i]));
            best = fmin(best, now() - start);
        }
        each[i] = best;
        slowest = each[i] > each[slowest] ? i : slowest;
    }
    const double worst = each[slowest];
    const double middle = median(each, POINTS);
    printf("  \"map\": {\"points\": %d, \"sync_seconds_1_thread\": %.4g, "
           "\"sync_seconds_2_threads\": %.4g,\n"
           "    \"both_seconds_1_thread\": %.4g, \"both_seconds_2_threads\": %.4g, "
           "\"speedup_2_threads\": %.3g,\n"
           "    \"median_point_seconds\": %.4g, \"slowest_point_seconds\": %.4g, "
           "\"slowest_over_median\": %.3g,\n"
           "    \"slowest_beta\": %.4g, \"slowest_dJ\": %.4g}\n}\n",
           POINTS, one, two, both1, both2, both1 / both2, middle, worst, worst / middle,
           p[slowest].beta, p[slowest].dJ);
    return 0;
}
