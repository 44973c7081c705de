/* SPDX-License-Identifier: BSD-3-Clause */
/* A recording as bits, unit by unit. */
#ifndef KI_SRC_RASTER_RASTER_H
#define KI_SRC_RASTER_RASTER_H

#include <kinising/raster.h>

#define KI_MOST_BINS (UINT64_C(1) << 40)

struct ki_raster {
    size_t units, bins, trials, transitions;
    size_t words;       /* of 64 bins a unit, a multiple of 8, zero beyond the last bin */
    uint64_t *bits;     /* [units][words] bit t % 64 of word t / 64: active in bin t */
    uint64_t *leads;    /* [words] the bin after this one belongs to the same trial */
    uint64_t *starts;   /* [trials + 1] first bins */
    double width;       /* seconds; NaN */
    int64_t *ids;       /* [units] what the file calls them; NULL: 0, 1, ... */
    uint64_t *lost_of;  /* [units] spikes beyond the first of their bin; NULL: none */
    int zeros, minuses; /* whether a 0, a -1 was among the values */
};

/* Seconds from 0 to the end of the bin that has a time. */
double ki_bins_end(double time, double width);

/* Keeps rows[0] < rows[1] < ... alone. */
void ki_raster_keep(ki_raster *r, size_t n, const size_t *rows);

/* Puts a run of values into a row, from bin `first` on; -1, or the place in the run of the first that
 * is wrong, with *value. */
ptrdiff_t ki_raster_put(ki_raster *r, size_t row, size_t first, size_t bins, const void *at,
                        ptrdiff_t stride, int type, double *value);

/* Bits of unit i. */
static inline const uint64_t *ki_raster_row(const ki_raster *r, size_t i) {
    return r->bits + i * r->words;
}

/* 64 bins of row i from bin 64 w + 1 on: the states after those of word w. */
static inline uint64_t ki_raster_next(const uint64_t *row, size_t words, size_t w) {
    return row[w] >> 1 | (w + 1 < words ? row[w + 1] << 63 : 0);
}

/* ki_raster_moments() over the `count` >= 1 transitions from the bins in `use` [words]. */
int ki_raster_moments_on(const ki_raster *raster, const uint64_t *use, size_t count,
                         const ki_run_options *run, double *before, double *after, double *c,
                         double *d);

#endif
