/* SPDX-License-Identifier: BSD-3-Clause */
/* Loops over independent indices, on the threads of team.h. */
#ifndef KI_SRC_BASE_PARALLEL_H
#define KI_SRC_BASE_PARALLEL_H

#include <kinising/base.h>

/* Work on index i; returns 0 or KI_ERR_* (with its sentence set in the calling thread). */
typedef int (*ki_index_fn)(void *ctx, size_t i);

/* Calls fn(ctx, i) once for each i in 0..n-1, over run->threads threads, `chunk` indices at a time.
 * Indices must be independent: results then do not depend on the number of threads. After a failure
 * only chunks below it are still run, and the error of the lowest failing index of all is returned
 * with its sentence set in the caller's thread: the same one for any number of threads. Progress is
 * reported after chunks; a non-zero answer gives KI_ERR_CANCELLED. run may be NULL. Threads outside
 * 0..4096 give KI_ERR_ARGUMENT. In a child that a fork made after loops had threads, there is one. */
int ki_parallel_for(size_t n, size_t chunk, const ki_run_options *run, ki_index_fn fn, void *ctx);

/* One worker of ki_parallel_work(). */
typedef struct ki_work ki_work;
typedef int (*ki_work_fn)(void *ctx, ki_work *work, size_t i);

/* ki_parallel_for() for indices that take long, one at a time: fn says how far it is by
 * ki_work_tick(), and is told there when the loop is to stop (it then returns KI_ERR_CANCELLED).
 * Progress is reported out of `total`, in the unit of the ticks. */
int ki_parallel_work(size_t n, uint64_t total, const ki_run_options *run, ki_work_fn fn, void *ctx);

/* Adds `done` to the progress; cheap, reports only now and then (and the end of each index).
 * Returns 1 if the loop is to stop. */
int ki_work_tick(ki_work *work, uint64_t done);

/* For work between ticks, or ticks that take long: after some tens of millions of `operations` (a
 * multiply-add or so each) progress is reported even if nothing was done since. Returns as
 * ki_work_tick(). */
int ki_work_spend(ki_work *work, uint64_t operations);

/* Which worker this is: 0..ki_parallel_workers() - 1. */
int ki_work_thread(const ki_work *work);

/* Calls fn(ctx) under the lock that progress callbacks are called under: never two at once, never
 * during a callback. Returns what fn returns. */
int ki_work_commit(ki_work *work, int (*fn)(void *ctx), void *ctx);

/* How many workers ki_parallel_work() of n indices would have. */
int ki_parallel_workers(size_t n, const ki_run_options *run);

/* Threads that 0 stands for. */
int ki_default_threads(void);

#endif
