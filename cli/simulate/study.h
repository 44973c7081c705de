/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising simulate and kinising merge: a list of points, and what is known of each. */
#ifndef KINISING_CLI_STUDY_H
#define KINISING_CLI_STUDY_H

#include <stddef.h>
#include <stdint.h>

#include <kinising/kinising.h>

/* One row of the table. */
typedef struct sim_point {
    ki_ensemble_spec spec; /* algorithm resolved */
    uint64_t target;       /* realizations wanted; grows with --rel-err */
    double seconds;        /* spent on it, in all runs together */
    unsigned char *state;  /* ki_ensemble_pack(), never NULL once the point is made; malloc */
    size_t size;
    ki_ensemble_result r; /* by study_results() */
    int status; /* likewise: KI_NOT_CONVERGED if --rel-err was not reached, else ki_ensemble_status() */
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

/* Averages of all points, and whether --rel-err was reached. Returns 0 or the exit status of its
 * message. */
int study_results(sim_study *st);

#endif
