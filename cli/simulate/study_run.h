/* SPDX-License-Identifier: BSD-3-Clause */
/* The work of kinising simulate: everything that is not done yet. */
#ifndef KINISING_CLI_STUDY_RUN_H
#define KINISING_CLI_STUDY_RUN_H

#include "shell/session.h"
#include "simulate/checkpoint.h"

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

#endif
