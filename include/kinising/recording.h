/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file recording.h
 * Recordings as people keep them, made into rasters.
 *
 * ```
 *     matrices     .npy .npz .mat .h5 .csv   0/1 or -1/+1 of any numeric type, two or three dimensions
 *     spike times  .csv (.tsv, .txt)         columns unit, time
 *                  .nwb                      the units table of NWB 2
 *                  .npz                      a TsGroup of pynapple
 *                  .mat                      a cell array, one vector of times a unit
 *                  a folder                  of Phy or Kilosort: spike_times.npy, spike_clusters.npy
 * ```
 */
#ifndef KINISING_RECORDING_H
#define KINISING_RECORDING_H

#include <kinising/base.h>
#include <kinising/raster.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a file does not say; a zero-initialised struct says nothing. */
typedef struct ki_recording_options {
    const char *
        axes; /**< of a matrix, in the order of its dimensions: "time,unit", "trial,time,unit" ... */
    const char *key;       /**< name of the array (or cell array); NULL: the likely one */
    const char *preferred; /**< the likely one, if it is there; NULL: "raster" */
    const char *quality;   /**< Phy, NWB: units of this group alone, "good" say; NULL: all */
    const char *
        intervals; /**< of NWB: the table intervals/NAME; "none"; NULL: obs_intervals if there are */
    double bin;    /**< seconds a bin; 0: not known */
    double rate;   /**< spike times are samples, so many a second; 0: they are seconds */
    double min_rate; /**< units with fewer spikes a second (a bin, if its width is not known) go */
    int has_window;  /**< only times from `from` to before `to` count */
    double from, to; /**< seconds */
    uint64_t trial_length; /**< bins; 0: the file's own trials */
    const int64_t *units;  /**< [n_units] the units that are kept, by their numbers in the file */
    uint64_t n_units;      /**< 0: all */
} ki_recording_options;

/** What was passed over. */
typedef struct ki_recording_notes {
    const char *kind; /**< static: "matrix", "unit,time", "NWB", "TsGroup", "cells", "Phy" */
    uint64_t outside; /**< spikes in no bin */
    uint64_t dropped; /**< units that options have left out */
} ki_recording_notes;

/**
 * Reads a recording. What would be a guess is asked for: the axes of a matrix (the sentence proposes the likely
 * ones), the width of a bin where there are spike times. An axis may say how long it is, "time,unit=1000", and must
 * be so. A matrix with fewer bins than units is refused, as one whose axes are the wrong way round, unless `unit`
 * says how many there are. No transition leads across the border of a trial or a window. Files of
 * `kinising raster convert` know their trials, units, bin and (without a window) lost spikes; an option overrides
 * them.
 *
 * @param path     a file or a folder
 * @param options  NULL: all zero
 * @param run      progress (parts of a matrix); NULL = defaults
 * @param notes    may be NULL
 * @param out      new; ki_raster_free() it
 * @return 0; KI_ERR_FORMAT and KI_ERR_ARGUMENT (the sentence names the array, the unit, the bin, the value, the
 *         option), KI_ERR_IO, KI_ERR_NOMEM (before it is taken, where it is more than the machine has),
 *         KI_ERR_UNSUPPORTED, KI_ERR_CANCELLED
 *
 * Cost: one pass over the file, 2-5 ns a value of a matrix. Memory: N/8 bytes a bin, and 40 bytes a spike.
 * Source: formats as the programs write them.
 */
KI_API KI_WARN_UNUSED int ki_recording_read(const char *path, const ki_recording_options *options,
                                            const ki_run_options *run, ki_recording_notes *notes,
                                            ki_raster **out);

#ifdef __cplusplus
}
#endif
#endif
