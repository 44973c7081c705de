/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising simulate and kinising merge: a list of points, what is known of each, and the bytes that
 * keep it. */
#ifndef KINISING_CLI_SIMULATE_H
#define KINISING_CLI_SIMULATE_H

#include "shell/file_lock.h"
#include "common/grid.h"
#include "shell/output.h"

/* One row of the table. */
typedef struct sim_point {
    ki_ensemble_spec spec; /* algorithm resolved */
    uint64_t target;       /* realizations wanted; grows with --rel-err */
    double seconds;        /* spent on it, in all runs together */
    unsigned char *state;  /* ki_ensemble_pack(), never NULL once the point is made; malloc */
    size_t size;
    ki_ensemble_result r; /* by study_results() */
    int status;           /* likewise: KI_NOT_CONVERGED if --rel-err was not reached */
} sim_point;

/* What a checkpoint or a part must agree in, besides its points. */
typedef struct sim_settings {
    uint64_t realizations, max_realizations;
    double rel_err;         /* 0: none */
    uint64_t shard, shards; /* part number 0..shards - 1 */
} sim_settings;

typedef struct sim_study {
    sim_settings set;
    size_t n;
    sim_point *points;
} sim_study;

void study_free(sim_study *st);

/* The realizations of a target that are this shard's. */
void study_range(const sim_settings *set, uint64_t target, uint64_t *first, uint64_t *last);

/* From *r on, the first stretch before `last` of which nothing is done, of at most `most`
 * realizations: from *r to what is returned; both are `last` if there is none. */
uint64_t first_gap(const ki_ensemble *e, uint64_t *r, uint64_t last, uint64_t most);

/* "N = 32, beta = 0.5, J0 = 1, dJ = 1, dH = 0, sync", for sentences. */
enum { POINT_NAME = 192 };
const char *point_name(char out[POINT_NAME], const sim_point *p);

/* Fills in point->state from an ensemble. Returns 0 or the exit status of its message. */
int point_store(sim_point *p, const ki_ensemble *e);

/* checkpoint.c: the bytes of a study, with a checksum. `live`, if not NULL, stands for what point
 * number `at` has stored, and `seconds` for its time. Returns malloc'ed bytes, NULL when memory is
 * out. */
unsigned char *study_pack(const sim_study *st, size_t at, const ki_ensemble *live, double seconds,
                          size_t *size);
/* Bytes that claim to be a study, from a file called `name` in messages. Returns 0 or the exit
 * status of its message; study_free() may follow in every case. */
int study_unpack(const char *name, const void *bytes, size_t size, sim_study *st);
/* Whether bytes begin as those of study_pack(). */
int study_is_packed(const void *bytes, size_t size);
/* One version of a checkpoint file, as it was last seen. */
typedef struct study_version {
    int known;
    int overtaken; /* another command has replaced it by what must stay */
    uint64_t device, inode;
    int64_t size;
    struct timespec changed;
} study_version;
/* Writes packed bytes to the file `name`. What another command has put there since `seen` is not
 * replaced if it is of another run or has more realizations, now or later. Returns 0, the exit
 * status of a message that is said once, or KI_ERR_* of which nothing is said yet. */
int study_save(const char *name, study_version *seen, const void *bytes, size_t size);
/* Locks a checkpoint for this command; to be released by file_lock_release(). Returns 0 or the exit
 * status of its message. */
int study_lock(const char *name, int quiet, file_lock *lock);
/* Continues from a checkpoint: `st` is the study that is asked for, `saved` what is there already,
 * which moves over. Returns 0 or the exit status of its message. */
int study_resume(const char *name, sim_study *st, sim_study *saved);

/* study_run.c: everything that is not done yet. */
typedef struct sim_run {
    session *s;
    sim_study *st;
    const char *checkpoint; /* file name or NULL */
    double every;           /* seconds between checkpoints */
    /* Its own. */
    size_t at; /* point at work */
    ki_ensemble *live;
    study_version seen;
    struct timespec begun, saved; /* this stretch of work; the last checkpoint */
    double save_seconds, work, work_done, work_before, updates, updates_before;
    int draw, save_failed, capped, stopping;
} sim_run;
int study_run(sim_run *run);

/* simulate_row.c: the columns of a row, with room for `n` rows in numbers [SIM_NUMBERS,n] and words
 * [SIM_WORDS,n]. */
enum { SIM_COLUMNS = 26, SIM_WORDS = 4, SIM_NUMBERS = SIM_COLUMNS - SIM_WORDS };
enum { SIM_COLUMN_M = 12, SIM_COLUMN_STATUS = 25 }; /* parameters before m, after m its error */
typedef struct sim_row {
    uint64_t n, steps, burn_in;
    ki_theory_params p;
    int dynamics, start, average, zero_diagonal;
    double seconds;
    const ki_ensemble_result *r;
    const char *algorithm;
    int status; /* enum ki_status */
} sim_row;
/* `dynamics`: all that the rows have. */
void sim_columns(const session *s, unsigned dynamics, size_t n, const double *numbers,
                 const char *const *words, column columns[SIM_COLUMNS]);
void sim_fill(const session *s, const sim_row *row, size_t i, size_t n, double *numbers,
              const char **words);

/* study_report.c: averages, the table, the file and the picture. */
int study_results(sim_study *st);
/* `with_state`: the file gets the array `state` of a shard. */
int study_report(session *s, const sim_study *st, int with_state, unsigned panels);
/* Before the computation: whether --plot can show these points. */
int study_plot_check(const sim_study *st, unsigned panels);
/* replicas_run.c: the command with --network FILE, which has options of its own. */
int simulate_wants_network(int argc, char **argv);
int simulate_network(int argc, char **argv);

/* study_plot.c */
extern const char *const study_panel_words[];
#define PANELS_OPTION(panels)                                                                      \
    {                                                                                              \
        .name = "panels", .kind = OPTION_WORDS, .target = (panels), .meta = "WORDS",               \
        .help = "of --plot: some of m,q,S,Sr,sigma,activity (default m,q,S,sigma)",                \
        .words = study_panel_words                                                                 \
    }
typedef struct sim_figure {
    const sim_study *st;
    const session *s;
    unsigned panels; /* bit i for study_panel_words[i]; 0: the usual ones */
} sim_figure;
int study_draw(const void *figure, const char *picture);

#endif
