/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file raster.h
 * Recordings: which of N units were active (s = +1) or silent (s = -1) in which time bin.
 *
 * A raster keeps one bit a unit and bin. Bins belong to trials, one after another in time; a
 * *transition* leads from a bin to the next one of the same trial, never across a border.
 *
 * ```
 *     unit 0:  bins of trial 0 | bins of trial 1 | ...
 *     unit 1:  ...
 * ```
 */
#ifndef KINISING_RASTER_H
#define KINISING_RASTER_H

#include <kinising/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque: a recording, packed to bits. Reading it is safe from several threads at once. */
typedef struct ki_raster ki_raster;

/** How a block of values lies in memory: the value of unit i in bin t is at
 * data + t * bin_stride + i * unit_stride. */
typedef struct ki_raster_values {
    const void *data;      /**< borrowed */
    int type;              /**< KI_FLOAT64, KI_INT64 or KI_INT8 (numpy's bool too) of io.h */
    ptrdiff_t bin_stride;  /**< bytes, may be negative */
    ptrdiff_t unit_stride; /**< bytes, may be negative */
} ki_raster_values;

/** What a recording looks like; see ki_raster_summarize(). */
typedef struct ki_raster_summary {
    uint64_t units;       /**< N */
    uint64_t trials;      /**< number of trials */
    uint64_t bins;        /**< bins of all trials */
    uint64_t transitions; /**< pairs of bins, one after the other in one trial */
    double width;         /**< of a bin in seconds; NaN if it is not known */
    int zero_one;         /**< 1 if the values were 0 and 1, 0 if -1 and +1 */
    uint64_t silent;      /**< units that are never active */
    uint64_t saturated;   /**< units that are always active */
    uint64_t spikes;      /**< active unit-bins */
    uint64_t lost;        /**< spikes beyond the first of their unit and bin */
} ki_raster_summary;

/**
 * An empty recording: all units silent.
 *
 * @param units   N, 1..2^31-1
 * @param trials  number of trials, >= 1
 * @param bins    [trials] bins of each, >= 1; 2^40 together at most
 * @param width   seconds a bin, > 0; NaN if not known
 * @param out     new; ki_raster_free() it
 * @return 0; KI_ERR_ARGUMENT (the sentence names the value), KI_ERR_NOMEM
 *
 * Cost: N/8 bytes a bin. Source: none, a data structure.
 */
KI_API KI_WARN_UNUSED int ki_raster_create(uint64_t units, uint64_t trials, const uint64_t *bins,
                                           double width, ki_raster **out);

/** Frees `raster`; NULL is allowed. */
KI_API void ki_raster_free(ki_raster *raster);

/**
 * Fills bins `first` to `first + bins - 1` (counted through all trials) from values that are all 0 or 1, or all -1 or
 * +1, in this call and all others on the same raster; each bin once.
 *
 * @param raster  to be filled
 * @param first   first bin
 * @param bins    how many
 * @param values  where they are
 * @return 0; KI_ERR_ARGUMENT (range; type), KI_ERR_FORMAT (a value that is neither, or -1 and 0 in one
 *         recording: the sentence names unit, bin and value; the raster is then good for nothing but
 *         ki_raster_free())
 *
 * Cost: about 1 ns a value. Source: none, a conversion.
 */
KI_API KI_WARN_UNUSED int ki_raster_fill(ki_raster *raster, uint64_t first, uint64_t bins,
                                         const ki_raster_values *values);

/**
 * Values of bins `first` to `first + bins - 1` as -1 and +1.
 *
 * @param raster  a recording
 * @param first   first bin, counted through all trials
 * @param bins    how many
 * @param out     [bins,units] row-major
 * @return 0; KI_ERR_ARGUMENT
 *
 * Cost: about 1 ns a value. Source: none, a conversion.
 */
KI_API KI_WARN_UNUSED int ki_raster_unpack(const ki_raster *raster, uint64_t first, uint64_t bins,
                                           int8_t *out);

/**
 * Counts of a recording.
 *
 * @param raster  a recording
 * @param out     summary
 * @param active  [N] active bins of each unit; may be NULL
 * @return 0; KI_ERR_ARGUMENT
 *
 * Cost: one pass over the bits. Source: none, counts.
 */
KI_API KI_WARN_UNUSED int ki_raster_summarize(const ki_raster *raster, ki_raster_summary *out,
                                              uint64_t *active);

/**
 * Units by name: what the file they come from calls them, and their lost spikes.
 *
 * @param raster  a recording
 * @param ids     [N] numbers; 0, 1, ... where nothing else is known; may be NULL
 * @param lost    [N] spikes beyond the first of their bin; may be NULL
 * @return 0; KI_ERR_ARGUMENT
 *
 * Cost: a copy. Source: none, a data structure.
 */
KI_API KI_WARN_UNUSED int ki_raster_names(const ki_raster *raster, int64_t *ids, uint64_t *lost);

/** Spikes of several units, in any order. */
typedef struct ki_spikes {
    uint64_t units;      /**< N */
    uint64_t count;      /**< of spikes */
    const double *time;  /**< [count] seconds */
    const int64_t *unit; /**< [count] 0..N-1 */
    const int64_t *ids;  /**< [N] what units are called; NULL: 0, 1, ... */
} ki_spikes;

/** Stretches of time, and how they are cut. */
typedef struct ki_windows {
    uint64_t count;     /**< 0: one from time 0 to the last spike */
    const double *from; /**< [count] seconds, rising */
    const double *to;   /**< [count] seconds, each at most the next `from` */
    uint64_t
        trial_length; /**< bins of a trial; 0: a window is one. What remains is a shorter one */
} ki_windows;

/**
 * A recording from spike times [spike-bins]. Bin k of a window is [from + k width, from + (k + 1) width); a time that is a
 * border to within 4 of its roundings is on it. Only whole bins count, and a window without any is passed over. Spikes
 * beyond the first of their unit and bin are lost, and counted.
 *
 * @param spikes   finite times; negative ones only with windows
 * @param width    seconds a bin, > 0
 * @param windows  NULL: as if of count 0
 * @param outside  spikes in no bin; may be NULL
 * @param out      new; ki_raster_free() it
 * @return 0; KI_ERR_ARGUMENT (a time that is NaN or negative, a unit out of range, windows that overlap, no bin),
 *         KI_ERR_NOMEM
 *
 * Cost: about 20 ns a spike, N/8 bytes a bin. Source: none, counts.
 */
KI_API KI_WARN_UNUSED int ki_raster_bin(const ki_spikes *spikes, double width,
                                        const ki_windows *windows, uint64_t *outside,
                                        ki_raster **out);

/** First bins of the trials, [trials + 1], the last one the number of bins; borrowed from `raster`. */
KI_API const uint64_t *ki_raster_trials(const ki_raster *raster);

/**
 * Raw moments over the T transitions of a recording [moments-data]: y is the state after a transition,
 * s the one before.
 *
 * ```
 *     before_i = (1/T) sum_t s_i,   after_i = (1/T) sum_t y_i,
 *     c_ij = (1/T) sum_t s_i s_j,   d_ij = (1/T) sum_t y_i s_j
 * ```
 *
 * Counts of bits: exact but for one rounding.
 *
 * @param raster  a recording with at least one transition
 * @param run     threads, progress; NULL = defaults
 * @param before  [N]; each of the four may be NULL
 * @param after   [N]
 * @param c       [N,N]
 * @param d       [N,N]
 * @return 0; KI_ERR_ARGUMENT (no transition), KI_ERR_CANCELLED, KI_ERR_NOMEM
 *
 * Cost: N^2/2 T/64 words for c and twice that for d, a fraction of a ns a word. Source: sample moments.
 */
KI_API KI_WARN_UNUSED int ki_raster_moments(const ki_raster *raster, const ki_run_options *run,
                                            double *before, double *after, double *c, double *d);

#ifdef __cplusplus
}
#endif
#endif
