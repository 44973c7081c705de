/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings as bits: made, filled, counted, unpacked. */
#include "raster.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <kinising/io.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"

static int check_shape(uint64_t units, uint64_t trials, const uint64_t *bins, double width,
                       uint64_t *all) {
    int error = ki_check_spins(units);

    error = error ? error : ki_check_pointer("bins", bins, "the bins of each trial");
    if (error)
        return error;
    if (trials < 1)
        return ki_fail(KI_ERR_ARGUMENT, "trials : 0 is too few : at least 1");
    if (!isnan(width) && !(width > 0 && !isinf(width)))
        return ki_fail(KI_ERR_ARGUMENT, "bin : %g seconds : a time > 0", width);
    for (uint64_t k = 0; k < trials; k++) {
        if (bins[k] < 1 || bins[k] > KI_MOST_BINS - *all)
            return ki_fail(KI_ERR_ARGUMENT,
                           "trial %" PRIu64 " : %" PRIu64 " bins : at least 1, and at most 2^40 in "
                           "all trials",
                           k, bins[k]);
        *all += bins[k];
    }
    return 0;
}

/* A bin leads to the next one unless its trial ends. */
static void mark_leads(ki_raster *r) {
    memset(r->leads, 0, r->words * sizeof *r->leads);
    for (size_t k = 0; k < r->trials; k++)
        for (size_t t = r->starts[k]; t + 1 < r->starts[k + 1]; t++)
            r->leads[t / 64] |= UINT64_C(1) << t % 64;
}

int ki_raster_create(uint64_t units, uint64_t trials, const uint64_t *bins, double width,
                     ki_raster **out) {
    uint64_t all = 0;
    int error = ki_check_pointer("out", out, "a place for the recording");

    error = error ? error : check_shape(units, trials, bins, width, &all);
    if (error)
        return error;
    ki_raster *r = ki_alloc(1, sizeof *r);
    if (r) {
        const size_t words = (size_t)((all + 511) / 512 * 8);
        *r = (ki_raster){.units = (size_t)units,
                         .bins = (size_t)all,
                         .trials = (size_t)trials,
                         .transitions = (size_t)(all - trials),
                         .words = words,
                         .width = width};
        if (units <= SIZE_MAX / sizeof *r->bits / words)
            r->bits = ki_alloc((size_t)units * words, sizeof *r->bits);
        r->leads = ki_alloc(words, sizeof *r->leads);
        r->starts = ki_alloc((size_t)trials + 1, sizeof *r->starts);
    }
    if (!r || !r->bits || !r->leads || !r->starts) {
        ki_raster_free(r);
        return ki_fail(KI_ERR_NOMEM,
                       "raster : no memory for %" PRIu64 " units x %" PRIu64 " bins : fewer", units,
                       all);
    }
    memset(r->bits, 0, r->units * r->words * sizeof *r->bits);
    r->starts[0] = 0;
    for (uint64_t k = 0; k < trials; k++)
        r->starts[k + 1] = r->starts[k] + bins[k];
    mark_leads(r);
    *out = r;
    return 0;
}

void ki_raster_free(ki_raster *raster) {
    if (raster) {
        ki_free(raster->bits);
        ki_free(raster->leads);
        ki_free(raster->starts);
        ki_free(raster->ids);
        ki_free(raster->lost_of);
        ki_free(raster);
    }
}

static int wrong_value(const ki_raster *r, size_t t, size_t unit, double value) {
    if (value == 0 || value == -1)
        return ki_fail(KI_ERR_FORMAT,
                       "raster : unit %zu is %g in bin %zu, and %d was among the values before : "
                       "all 0 or 1, or all -1 or 1",
                       unit, value, t, r->minuses ? -1 : 0);
    return ki_fail(KI_ERR_FORMAT,
                   "raster : unit %zu is %g in bin %zu : all 0 or 1, or all -1 or 1 (counts: "
                   "values > 0 as 1)",
                   unit, value, t);
}

static double value_at(int type, const char *at) {
    double real;
    int64_t whole;

    switch (type) {
    case KI_FLOAT64:
        memcpy(&real, at, sizeof real);
        return real;
    case KI_INT64:
        memcpy(&whole, at, sizeof whole);
        return (double)whole;
    default:
        return (double)*(const int8_t *)at;
    }
}

ptrdiff_t ki_raster_put(ki_raster *r, size_t row, size_t first, size_t bins, const void *data,
                        ptrdiff_t stride, int type, double *value) {
    const char *at = data;
    uint64_t *bits = r->bits + row * r->words;

    for (size_t t = 0; t < bins; t++, at += stride) {
        const double x = value_at(type, at);
        const size_t b = first + t;
        if (x == 1) {
            bits[b / 64] |= UINT64_C(1) << b % 64;
        } else if (x == 0 && !r->minuses) {
            r->zeros = 1;
        } else if (x == -1 && !r->zeros) {
            r->minuses = 1;
        } else {
            *value = x;
            return (ptrdiff_t)t;
        }
    }
    return -1;
}

static int check_range(const ki_raster *r, uint64_t first, uint64_t bins) {
    if (first > r->bins || bins > r->bins - first)
        return ki_fail(KI_ERR_ARGUMENT,
                       "bins : %" PRIu64 " from bin %" PRIu64 " on : the recording has %zu", bins,
                       first, r->bins);
    return 0;
}

int ki_raster_fill(ki_raster *raster, uint64_t first, uint64_t bins,
                   const ki_raster_values *values) {
    int error = ki_check_pointer("raster", raster, "a recording");

    error = error ? error : ki_check_pointer("values", values, "values");
    error = error ? error : ki_check_pointer("values.data", values->data, "an array");
    error = error ? error : check_range(raster, first, bins);
    if (!error && values->type != KI_FLOAT64 && values->type != KI_INT64 && values->type != KI_INT8)
        error = ki_fail(KI_ERR_ARGUMENT,
                        "type : %d holds no spins : float64 (%d), int64 (%d) or int8 (%d)",
                        values->type, KI_FLOAT64, KI_INT64, KI_INT8);
    for (size_t i = 0; !error && i < raster->units; i++) {
        double value;
        const ptrdiff_t at =
            ki_raster_put(raster, i, (size_t)first, (size_t)bins,
                          (const char *)values->data + (ptrdiff_t)i * values->unit_stride,
                          values->bin_stride, values->type, &value);
        if (at >= 0)
            error = wrong_value(raster, (size_t)first + (size_t)at, i, value);
    }
    return error;
}

int ki_raster_unpack(const ki_raster *raster, uint64_t first, uint64_t bins, int8_t *out) {
    int error = ki_check_pointer("raster", raster, "a recording");

    error = error ? error : ki_check_pointer("out", out, "room for the values");
    error = error ? error : check_range(raster, first, bins);
    if (error)
        return error;
    for (size_t i = 0; i < raster->units; i++) {
        const uint64_t *row = ki_raster_row(raster, i);
        for (size_t t = 0; t < bins; t++) {
            const size_t b = (size_t)first + t;
            out[t * raster->units + i] = row[b / 64] >> b % 64 & 1 ? 1 : -1;
        }
    }
    return 0;
}

int ki_raster_summarize(const ki_raster *raster, ki_raster_summary *out, uint64_t *active) {
    int error = ki_check_pointer("raster", raster, "a recording");

    error = error ? error : ki_check_pointer("out", out, "a place for the summary");
    if (error)
        return error;
    ki_raster_summary s = {.units = raster->units,
                           .trials = raster->trials,
                           .bins = raster->bins,
                           .transitions = raster->transitions,
                           .width = raster->width,
                           .zero_one = !raster->minuses};
    for (size_t i = 0; i < raster->units; i++) {
        const uint64_t *row = ki_raster_row(raster, i);
        uint64_t count = 0;
        for (size_t w = 0; w < raster->words; w++)
            count += (uint64_t)__builtin_popcountll(row[w]);
        s.spikes += count;
        s.lost += raster->lost_of ? raster->lost_of[i] : 0;
        s.silent += count == 0;
        s.saturated += count == raster->bins;
        if (active)
            active[i] = count;
    }
    *out = s;
    return 0;
}

const uint64_t *ki_raster_trials(const ki_raster *raster) {
    return raster ? raster->starts : NULL;
}

void ki_raster_keep(ki_raster *r, size_t n, const size_t *rows) {
    for (size_t k = 0; k < n; k++) {
        if (rows[k] != k)
            memmove(r->bits + k * r->words, r->bits + rows[k] * r->words,
                    r->words * sizeof *r->bits);
        if (r->ids)
            r->ids[k] = r->ids[rows[k]];
        if (r->lost_of)
            r->lost_of[k] = r->lost_of[rows[k]];
    }
    r->units = n;
}

int ki_raster_names(const ki_raster *raster, int64_t *ids, uint64_t *lost) {
    int error = ki_check_pointer("raster", raster, "a recording");

    for (size_t i = 0; !error && i < raster->units; i++) {
        if (ids)
            ids[i] = raster->ids ? raster->ids[i] : (int64_t)i;
        if (lost)
            lost[i] = raster->lost_of ? raster->lost_of[i] : 0;
    }
    return error;
}
