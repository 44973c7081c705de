/* SPDX-License-Identifier: BSD-3-Clause */
#include "parallel.h"

#include <stdio.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "error.h"

int ki_default_threads(void) {
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

/* Shared by the threads of one loop; written under the lock of `critical`. */
typedef struct loop {
    size_t n, chunk, chunks;
    const ki_run_options *run;
    ki_index_fn fn;
    void *ctx;
    uint64_t done;
    size_t failed; /* lowest index that failed, n if none; read without the lock: late news only
                      costs a chunk */
    int cancelled;
    int error;
    char sentence[1024]; /* of `failed`, from the thread it failed in */
} loop;

static void fail(loop *l, size_t index, int error) {
#pragma omp critical(ki_parallel)
    {
        if (!l->cancelled && index < l->failed) {
            l->error = error;
            snprintf(l->sentence, sizeof l->sentence, "%s", ki_last_error());
#pragma omp atomic write
            l->failed = index;
        }
    }
}

static void report(loop *l, size_t count) {
#pragma omp critical(ki_parallel)
    {
        l->done += count;
        if (l->failed == l->n && l->run->progress(l->run->progress_user, l->done, l->n)) {
            l->cancelled = 1;
            l->error = KI_ERR_CANCELLED;
            snprintf(l->sentence, sizeof l->sentence,
                     "run : cancelled after %llu of %zu : run it again", (unsigned long long)l->done,
                     l->n);
#pragma omp atomic write
            l->failed = 0;
        }
    }
}

/* Chunks start in increasing order, and those below a failure still run: the failure reported is that
 * of the lowest failing index of all, whatever the number of threads. */
static void run_chunk(loop *l, size_t c) {
    const size_t first = c * l->chunk;
    size_t failed;
#pragma omp atomic read
    failed = l->failed;
    if (first >= failed) {
        return;
    }
    const size_t last = l->n - first < l->chunk ? l->n : first + l->chunk;
    for (size_t i = first; i < last; i++) {
        const int error = l->fn(l->ctx, i);
        if (error) {
            fail(l, i, error);
            return;
        }
    }
    if (l->run && l->run->progress) {
        report(l, last - first);
    }
}

int ki_parallel_for(size_t n, size_t chunk, const ki_run_options *run, ki_index_fn fn, void *ctx) {
    int threads = run ? run->threads : 0;
    if (threads < 0 || threads > 4096) {
        return ki_fail(KI_ERR_ARGUMENT, "threads : %d is out of range : use 0 (all) to 4096",
                       threads);
    }
    loop l = {.n = n, .chunk = chunk ? chunk : 1, .run = run, .fn = fn, .ctx = ctx, .failed = n};
    l.chunks = n / l.chunk + (n % l.chunk != 0);
    threads = threads ? threads : ki_default_threads();
    if ((size_t)threads > l.chunks) {
        threads = l.chunks > 1 ? (int)l.chunks : 1;
    }
    if (threads == 1) { /* no thread team for one worker: short loops are called often */
        for (size_t c = 0; c < l.chunks; c++) {
            run_chunk(&l, c);
        }
    } else {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
        for (size_t c = 0; c < l.chunks; c++) {
            run_chunk(&l, c);
        }
    }
    return l.error ? ki_fail(l.error, "%s", l.sentence) : 0;
}
