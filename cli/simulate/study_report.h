/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of a study, its file and its picture. */
#ifndef KINISING_CLI_STUDY_REPORT_H
#define KINISING_CLI_STUDY_REPORT_H

#include "shell/session.h"
#include "simulate/study.h"

/* `with_state`: the file gets the array `state` of a shard. */
int study_report(session *s, const sim_study *st, int with_state, unsigned panels);

#endif
