/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising raster info | convert | bin: recordings. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "data/raster_input.h"
#include "shell/ending.h"
#include "shell/memory.h"
#include "shell/output.h"
#include "shell/signals.h"

static const char group_help[] = "Recordings: which units were active in which time bins.\n";

#define SPIKE_TIMES                                                                                \
    "Spike times need --bin: .csv with columns unit,time; NWB 2; a TsGroup of pynapple (.npz);\n"  \
    "a cell array (.mat); a folder of Phy or Kilosort. Bins are [t, t + bin) from 0, or from\n"    \
    "the beginning of a window, to the last spike or the end of the window.\n"
#define KINDS                                                                                      \
    "A matrix of 0/1 or -1/+1 (.npy, .npz, .mat, .h5, .csv) needs --axes, the names of its\n"      \
    "dimensions.\n" SPIKE_TIMES

static const command_help info_help = {
    "raster info",
    "What a recording holds. Columns: unit (its number in the file), spikes, rate (a second; a "
    "bin\n"
    "if the width of a bin is not known), lost (spikes that are the second or later in their "
    "bin),\n"
    "status (ok, silent, saturated). Units, bins, trials and the width of a bin go to "
    "stderr.\n" KINDS,
    "  kinising network draw --N 20 --dJ 0.5 -o network.npz\n"
    "  kinising simulate --network network.npz --replicas 1 --steps 500 --raster r.npz\n"
    "  kinising raster info r.npz --axes time,unit --bin 0.01\n",
};
static const command_help convert_help = {
    "raster convert",
    "Writes a recording as int8 0/1: raster (time,unit), or (trial,time,unit) if there are "
    "several\n"
    "trials of one length; for others trial has their first bins. With unit (numbers of the "
    "units),\n"
    "lost and, if it is known, bin (seconds). Other commands take it with --axes.\n" KINDS,
    "  kinising network draw --N 20 --dJ 0.5 -o network.npz\n"
    "  kinising simulate --network network.npz --replicas 1 --steps 500 --raster r.npz\n"
    "  kinising raster convert r.npz --axes time,unit --min-rate 0.1 -o raster.h5\n",
};
static const command_help bin_help = {
    "raster bin",
    "raster convert for spike times alone: a matrix is refused.\n" SPIKE_TIMES,
    "  printf 'unit,time\\n0,0.01\\n1,0.02\\n0,0.5\\n' > spikes.csv\n"
    "  kinising raster bin spikes.csv --bin 0.01 -o raster.npz\n",
};

typedef struct raster_run {
    session s;
    const char *path;
    raster_options input;
    ki_raster *raster;
    ki_raster_summary summary;
    size_t n;
    int64_t *ids;
    uint64_t *active, *lost;
    int8_t *row;               /* [units] a bin that is wanted in part */
    uint64_t passes, supplied; /* over the elements when they are written; elements so far */
} raster_run;

/* Reading is one part of the work, each pass of writing another. */
static int report_reading(void *context, uint64_t done, uint64_t total) {
    raster_run *w = context;

    return session_progress(&w->s, done, total * (1 + w->passes));
}

static int read_recording(raster_run *w) {
    ki_run_options run = session_run_options(&w->s);

    w->input.quiet = &w->s.quiet;
    if (run.progress) {
        run.progress = report_reading;
        run.progress_user = w;
    }
    w->input.run = &run;
    int status = raster_read(w->path, &w->input, NULL, &w->raster, &w->summary);

    w->input.run = NULL;
    if (status)
        return status;
    w->n = (size_t)w->summary.units;
    w->ids = get_memory(w->s.argv[0], w->n, sizeof *w->ids);
    w->active = get_memory(w->s.argv[0], w->n, sizeof *w->active);
    w->lost = get_memory(w->s.argv[0], w->n, sizeof *w->lost);
    if (!w->ids || !w->active || !w->lost)
        return STATUS_FAILED;
    int error = ki_raster_summarize(w->raster, &w->summary, w->active);
    error = error ? error : ki_raster_names(w->raster, w->ids, w->lost);
    return error ? complain_library(error) : 0;
}

static void say(const raster_run *w) {
    const ki_raster_summary *s = &w->summary;
    char width[REAL_SIZE];

    if (w->s.quiet)
        return;
    remark("%s: %s, %" PRIu64 " unit%s, %" PRIu64 " bin%s, %" PRIu64 " trial%s", w->path,
           w->input.notes.kind, s->units, s->units == 1 ? "" : "s", s->bins,
           s->bins == 1 ? "" : "s", s->trials, s->trials == 1 ? "" : "s");
    if (isnan(s->width))
        remark("width of a bin: not known (--bin)");
    else
        remark("width of a bin: %s s, %g s together", print_real(width, s->width),
               (double)s->bins * s->width);
    remark("%" PRIu64 " spikes, %" PRIu64 " lost; %" PRIu64 " units silent, %" PRIu64 " saturated",
           s->spikes + s->lost, s->lost, s->silent, s->saturated);
}

static int show(raster_run *w) {
    int status = read_recording(w);
    double *numbers = status ? NULL : get_memory(w->s.argv[0], 4 * w->n, sizeof *numbers);
    const char **words = numbers ? get_memory(w->s.argv[0], w->n, sizeof *words) : NULL;

    if (words) {
        double *unit = numbers, *spikes = unit + w->n, *rate = spikes + w->n, *lost = rate + w->n;
        const double seconds =
            (double)w->summary.bins * (isnan(w->summary.width) ? 1 : w->summary.width);

        for (size_t i = 0; i < w->n; i++) {
            unit[i] = (double)w->ids[i];
            lost[i] = (double)w->lost[i];
            spikes[i] = (double)w->active[i] + lost[i];
            rate[i] = spikes[i] / seconds;
            words[i] = ki_status_name(w->active[i] == 0                 ? KI_SILENT
                                      : w->active[i] == w->summary.bins ? KI_SATURATED
                                                                        : KI_CONVERGED);
        }
        const column columns[] = {{.name = "unit", .real = unit},
                                  {.name = "spikes", .real = spikes},
                                  {.name = "rate", .real = rate},
                                  {.name = "lost", .real = lost},
                                  {.name = "status", .word = words}};
        const result out = {
            .columns = columns, .n_columns = sizeof columns / sizeof *columns, .rows = w->n};
        say(w);
        status = session_end(&w->s, &out);
    } else if (!status) {
        status = STATUS_FAILED;
    }
    free(numbers);
    free(words);
    return status;
}

static int check_output(const raster_run *w) {
    if (w->s.to_stdout)
        return complain(STATUS_USAGE, "-o - : stdout takes a table, and a raster is none : -o "
                                      "FILE.npz or -o FILE.h5");
    if (!w->s.file)
        return complain(STATUS_USAGE, "%s : no output file : -o FILE.npz or -o FILE.h5",
                        w->s.argv[0]);
    if (is_csv(w->s.file))
        return complain(STATUS_USAGE, "-o : a .csv holds no raster : a .npz or .h5 file");
    return 0;
}

/* Elements of [bins,units] as 0 and 1, unpacked while they are written. */
static int supply(void *context, uint64_t first, size_t count, void *out) {
    raster_run *w = context;
    const uint64_t all = w->summary.bins * w->summary.units;
    int8_t *values = out;
    int error = 0;

    if (signals_waiting())
        return KI_ERR_CANCELLED; /* nobody will read why */
    if (session_run_options(&w->s).progress)
        session_progress(&w->s, all + w->supplied, all * (1 + w->passes));
    w->supplied += count;

    for (size_t done = 0, part; done < count && !error; done += part) {
        const uint64_t bin = (first + done) / w->n;
        const size_t from = (size_t)((first + done) % w->n), left = count - done;

        if (from == 0 && left >= w->n) {
            part = left / w->n * w->n;
            error = ki_raster_unpack(w->raster, bin, part / w->n, values + done);
        } else {
            part = w->n - from < left ? w->n - from : left;
            error = ki_raster_unpack(w->raster, bin, 1, w->row);
            memcpy(values + done, w->row + from, part);
        }
    }
    for (size_t k = 0; k < count; k++)
        values[k] = values[k] > 0;
    return error;
}

static int write_raster(void *context, const char *provenance) {
    raster_run *w = context;
    const ki_raster_summary *s = &w->summary;
    const uint64_t *starts = ki_raster_trials(w->raster);
    int equal = 1;
    ki_array a[5];
    ki_label labels[5] = {{.units = NULL}};
    const ki_array_source sources[5] = {{supply, w}};
    size_t n = 0;

    for (uint64_t k = 0; k < s->trials; k++)
        equal &= starts[k + 1] - starts[k] == starts[1];
    if (s->trials > 1 && equal) {
        labels[n] = (ki_label){.axes = {"trial", "time", "unit"}};
        a[n++] =
            (ki_array){"raster", KI_INT8, 3, {(size_t)s->trials, (size_t)starts[1], w->n}, NULL};
    } else {
        labels[n] = (ki_label){.axes = {"time", "unit"}};
        a[n++] = (ki_array){"raster", KI_INT8, 2, {(size_t)s->bins, w->n}, NULL};
    }
    if (s->trials > 1 && !equal)
        a[n++] = (ki_array){"trial", KI_INT64, 1, {(size_t)s->trials}, starts};
    labels[n] = (ki_label){.axes = {"unit"}};
    a[n++] = (ki_array){"unit", KI_INT64, 1, {w->n}, w->ids};
    labels[n] = (ki_label){.axes = {"unit"}};
    a[n++] = (ki_array){"lost", KI_INT64, 1, {w->n}, w->lost};
    if (!isnan(s->width)) {
        labels[n] = (ki_label){.units = "s"};
        a[n++] = (ki_array){"bin", KI_FLOAT64, 0, {0}, &s->width};
    }
    const int error = ki_write_streamed(w->s.file, n, a, labels, sources, provenance);
    if (session_run_options(&w->s).progress)
        session_progress(&w->s, 1, 1); /* the bar goes */
    return error;
}

static int convert(raster_run *w, int times_alone) {
    int status = check_output(w);

    w->passes = status || strcmp(file_ending(w->s.file), ".npz") != 0 ? 1 : 2;
    status = status ? status : read_recording(w);
    if (status)
        return status;
    if (times_alone && strcmp(w->input.notes.kind, "matrix") == 0)
        return complain(STATUS_USAGE,
                        "raster bin : %s is a matrix of bins already : kinising raster convert",
                        w->path);
    w->row = get_memory(w->s.argv[0], w->n, sizeof *w->row);
    if (!w->row)
        return STATUS_FAILED;
    say(w);
    return session_write(&w->s, write_raster, w, "raster");
}

static void release(raster_run *w, option *options, size_t n) {
    options_free(options, n);
    ki_raster_free(w->raster);
    free(w->ids);
    free(w->active);
    free(w->lost);
    free(w->row);
}

static int raster_info(int argc, char **argv) {
    raster_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        RECORDING_OPTION(&w.path),
        RASTER_OPTIONS(&w.input),
        OUTPUT_OPTION(&w.s, "write .csv, .npz or .h5; - for CSV on stdout, as without it"),
        COMMON_OPTIONS_WITHOUT_FILES(&w.s),
    };
    const size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&w.s, &info_help, options, n);
    if (status == PARSE_DONE)
        status = show(&w);
    release(&w, options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}

static int write_command(int argc, char **argv, const command_help *help, int times_alone) {
    raster_run w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        RECORDING_OPTION(&w.path),
        RASTER_OPTIONS(&w.input),
        REPRODUCIBLE_OPTION(&w.s),
        OUTPUT_OPTION(&w.s, "the matrix, .npz or .h5; required"),
        COMMON_OPTIONS_WITHOUT_FILES(&w.s),
    };
    const size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&w.s, help, options, n);
    if (status == PARSE_DONE)
        status = convert(&w, times_alone);
    release(&w, options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}

static int raster_convert(int argc, char **argv) {
    return write_command(argc, argv, &convert_help, 0);
}

static int raster_bin(int argc, char **argv) {
    return write_command(argc, argv, &bin_help, 1);
}

const command_part raster_parts[] = {
    {"info", "raster info", "units, their spikes and rates", raster_info},
    {"convert", "raster convert", "a recording of any kind as a matrix", raster_convert},
    {"bin", "raster bin", "spike times as a matrix", raster_bin},
    {NULL, NULL, NULL, NULL}};

int cmd_raster(int argc, char **argv) {
    return run_part(raster_parts, group_help, argc, argv);
}
