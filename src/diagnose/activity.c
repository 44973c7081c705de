/* SPDX-License-Identifier: BSD-3-Clause */
#include "activity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/philox.h"
#include "summary.h"

enum { LAGS = 40, PARTS = 20, FEWEST_LAGS = 5 };

typedef struct job {
    const ki_raster *raster;
    double *mean;           /* [bins] mean state of the units, less that of all bins */
    uint64_t *pattern;      /* [bins] random keys of the active units, combined */
    size_t lags;            /* that some trial has */
    double variance[PARTS]; /* sums of squares */
    double product[PARTS][LAGS],
        pairs[PARTS][LAGS];     /* of pairs `lag + 1` bins apart, and how many */
    double square[PARTS][LAGS]; /* sums of squares over the first bins of these pairs */
} job;

/* Mean activity and pattern of each bin. */
static void scan(job *j, size_t count, const size_t *unit) {
    const ki_raster *r = j->raster;
    const uint64_t key[1] = {UINT64_C(0x7061747465726e)}; /* "pattern" */
    const ki_sequence sequence = ki_sequence_of(ki_random_key_of(1, key), 0, KI_STREAM_CHOICE);
    double all = 0;

    for (size_t t = 0; t < r->bins; t++) {
        j->mean[t] = -1;
        j->pattern[t] = 0;
    }
    for (size_t k = 0; k < count; k++) {
        uint32_t word[KI_GROUP];
        ki_random_groups(&sequence, unit[k], 1, word);
        const uint64_t own = (uint64_t)word[0] << 32 | word[1];
        const uint64_t *row = ki_raster_row(r, unit[k]);
        for (size_t w = 0; w < r->words; w++)
            for (uint64_t bits = row[w]; bits; bits &= bits - 1) {
                const size_t t = 64 * w + (size_t)__builtin_ctzll(bits);
                j->mean[t] += 2 / (double)count;
                j->pattern[t] ^= own;
            }
    }
    for (size_t t = 0; t < r->bins; t++)
        all += j->mean[t] / (double)r->bins;
    for (size_t t = 0; t < r->bins; t++)
        j->mean[t] -= all;
}

/* Sums for correlations, in parts of the recording; pairs do not cross a border of trials. */
static void correlate(job *j) {
    const ki_raster *r = j->raster;

    for (size_t trial = 0; trial < r->trials; trial++) {
        const size_t first = r->starts[trial], end = r->starts[trial + 1];
        const size_t lags = end - first - 1 < LAGS ? end - first - 1 : LAGS;
        j->lags = lags > j->lags ? lags : j->lags;
        for (size_t t = first; t < end; t++) {
            const size_t part = (size_t)((double)t / (double)r->bins * PARTS);
            const double here = j->mean[t];
            j->variance[part] += here * here;
            for (size_t k = 0; k < LAGS && t + k + 1 < end; k++) {
                j->product[part][k] += here * j->mean[t + k + 1];
                j->square[part][k] += here * here;
                j->pairs[part][k]++;
            }
        }
    }
}

/* Slopes r_k of the activity k + 1 bins later on that now, without one of the parts (PARTS: with all). */
static void slopes(const job *j, size_t without, double *slope) {
    for (size_t k = 0; k < j->lags; k++) {
        double product = 0, square = 0;
        for (size_t p = 0; p < PARTS; p++) {
            product += p == without ? 0 : j->product[p][k];
            square += p == without ? 0 : j->square[p][k];
        }
        slope[k] = product / square;
    }
}

/* Squares of slope_k - c m^(k + 1) for the best c > 0. */
static double misfit(size_t lags, const double *slope, double m) {
    double power = 1, cross = 0, square = 0, all = 0;

    for (size_t k = 0; k < lags; k++) {
        power *= m;
        cross += slope[k] * power;
        square += power * power;
        all += slope[k] * slope[k];
    }
    return all - (cross > 0 ? cross * cross / square : 0);
}

/* m of slope_k = c m^(k + 1) by least squares: the best of a grid in ln m, then by sections. NaN where an end of
 * the grid is best: slopes that change sign, or do not fall, are no such powers. */
static double branching(size_t lags, const double *slope) {
    enum { GRID = 60, TURNS = 50 };
    const double golden = 0.61803398874989485, step = 1.2;
    double best = INFINITY;
    int place = 0;

    for (int k = 0; k < GRID; k++) { /* -ln m = 1.2^-k * 4: down to 1e-4 */
        const double value = misfit(lags, slope, exp(-4 * pow(step, -k)));
        place = value < best ? k : place;
        best = fmin(value, best);
    }
    if (place == 0 || place == GRID - 1)
        return NAN;
    double low = -4 * pow(step, 1 - place), high = -4 * pow(step, -1 - place);
    for (int turn = 0; turn < TURNS; turn++) {
        const double a = high - golden * (high - low), b = low + golden * (high - low);
        if (misfit(lags, slope, exp(a)) < misfit(lags, slope, exp(b)))
            high = b;
        else
            low = a;
    }
    return exp((low + high) / 2);
}

/* Estimates with jackknife errors over the parts. */
static void estimate(const job *j, ki_diagnosis *out) {
    double slope[LAGS], r[PARTS + 1], m[PARTS + 1], mean_r = 0, mean_m = 0, var_r = 0, var_m = 0;
    const int fitted = j->lags >= FEWEST_LAGS;

    for (size_t p = 0; p <= PARTS; p++) {
        slopes(j, p, slope);
        r[p] = slope[0];
        m[p] = fitted && slope[0] > 0 ? branching(j->lags, slope) : NAN;
        mean_r += p < PARTS ? r[p] / PARTS : 0;
        mean_m += p < PARTS ? m[p] / PARTS : 0;
    }
    for (size_t p = 0; p < PARTS; p++) {
        var_r += (r[p] - mean_r) * (r[p] - mean_r);
        var_m += (m[p] - mean_m) * (m[p] - mean_m);
    }
    const double factor = (double)(PARTS - 1) / PARTS;
    out->autocorrelation = ki_normal_interval(r[PARTS], sqrt(factor * var_r));
    out->branching = ki_normal_interval(m[PARTS], sqrt(factor * var_m));
    /* One slope tells nothing about how slopes fall: is there anything to be fitted? */
    if (!(r[PARTS] > 3 * out->autocorrelation.sd && isfinite(var_m)))
        out->branching = ki_normal_interval(NAN, NAN);
}

static int compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t ki_activity_bytes(uint64_t units, uint64_t bins) {
    return sizeof(double) * (2 * bins + 2 * units + sizeof(job) / sizeof(double) + 1);
}

int ki_activity(const ki_raster *raster, size_t count, const size_t *unit,
                const ki_run_options *run, ki_diagnosis *out) {
    const size_t bins = raster->bins, units = raster->units;
    double *memory = ki_alloc(1, (size_t)ki_activity_bytes(units, bins));

    if (!memory)
        return ki_fail(KI_ERR_NOMEM, "diagnose : no memory for %zu bins : a shorter recording",
                       bins);
    double *const before = memory + 2 * bins, *const after = before + units;
    job *j = (job *)(after + units);
    memset(j, 0, sizeof *j);
    j->raster = raster;
    j->mean = memory;
    j->pattern = (uint64_t *)(memory + bins);
    scan(j, count, unit);
    correlate(j);
    estimate(j, out);
    double variance = 0;
    for (size_t p = 0; p < PARTS; p++)
        variance += j->variance[p] / (double)bins;
    out->n_var_m = (double)count * variance;
    qsort(j->pattern, bins, sizeof *j->pattern, compare);
    size_t distinct = 1;
    for (size_t t = 1; t < bins; t++)
        distinct += j->pattern[t] != j->pattern[t - 1];
    out->repetition = 1 - (double)distinct / (double)bins;
    const int error = ki_raster_moments(raster, run, before, after, NULL, NULL);
    out->q_minus_m2 = 0;
    for (size_t k = 0; k < count && !error; k++) {
        const uint64_t *row = ki_raster_row(raster, unit[k]);
        uint64_t differ = 0;
        for (size_t w = 0; w < raster->words; w++)
            differ += (uint64_t)__builtin_popcountll(
                (row[w] ^ ki_raster_next(row, raster->words, w)) & raster->leads[w]);
        const double same = 1 - 2 * (double)differ / (double)raster->transitions;
        out->q_minus_m2 += (same - before[unit[k]] * after[unit[k]]) / (double)count;
    }
    ki_free(memory);
    return error;
}
