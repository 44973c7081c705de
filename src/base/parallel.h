/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads: the only place with OpenMP set-up. */
#ifndef KI_SRC_BASE_PARALLEL_H
#define KI_SRC_BASE_PARALLEL_H

#include <kinising/base.h>

/* Work on index i; returns 0 or KI_ERR_* (with its sentence set in the calling thread). */
typedef int (*ki_index_fn)(void *ctx, size_t i);

/* Calls fn(ctx, i) once for each i in 0..n-1, over run->threads threads, `chunk` indices at a time.
 * Indices must be independent: results then do not depend on the number of threads. After a failure
 * only chunks below it are still run, and the error of the lowest failing index of all is returned with
 * its sentence set in the caller's thread: the same one for any number of threads. Progress is reported after chunks; a non-zero answer gives
 * KI_ERR_CANCELLED. run may be NULL. Threads outside 0..4096 give KI_ERR_ARGUMENT. */
int ki_parallel_for(size_t n, size_t chunk, const ki_run_options *run, ki_index_fn fn, void *ctx);

/* Threads that 0 stands for. */
int ki_default_threads(void);

#endif
