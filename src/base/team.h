/* SPDX-License-Identifier: BSD-3-Clause */
/* Worker threads: made when they are first needed, asleep between the loops, the same ones for all.
 *
 * The thread that calls works too, and waits only for helpers that have begun: on a busy machine,
 * where a helper may come late, it does the work itself, and the late one finds nothing to do. Nobody
 * spins. Helpers wake each other, so that a loop that is soon over has woken few of them. */
#ifndef KI_SRC_BASE_TEAM_H
#define KI_SRC_BASE_TEAM_H

#include <stddef.h>

enum { KI_MOST_THREADS = 4096 };

/* Those at work on the tasks of one call. */
typedef struct ki_team ki_team;

/* What a member does: take tasks until there are no more. Members have different numbers, from 0
 * (the thread that calls) to members - 1. */
typedef void (*ki_team_fn)(ki_team *team, int member, void *ctx);

/* Runs fn on this thread and on at most members - 1 others, fewer if they are busy with other loops,
 * cannot be made or come late, and returns when all that began have returned. Inside fn there is no
 * team but the thread itself. In the child of a fork there are new threads. */
void ki_team_run(size_t tasks, int members, ki_team_fn fn, void *ctx);

/* The next task of 0..tasks-1, in rising order; returns 0 if there is none left. */
int ki_team_next(ki_team *team, size_t *task);

/* Processors that this process may use, or OMP_NUM_THREADS if that is set; 1 where there are no
 * threads. */
int ki_team_default(void);

#endif
