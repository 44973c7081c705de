/* SPDX-License-Identifier: BSD-3-Clause */
#include "parallel.h"

#include <stdio.h>
#include <string.h>

#ifdef KI_HAVE_THREADS
#include <pthread.h>
#endif

#include "check.h"
#include "error.h"
#include "team.h"

int ki_default_threads(void) {
    return ki_team_default();
}

/* Every loop has its own lock: a callback may use other loops, and a fork in the middle of one
 * leaves no lock behind that a loop of the child would wait for. */
#ifdef KI_HAVE_THREADS
typedef pthread_mutex_t loop_lock;
#define init_lock(lock) pthread_mutex_init(lock, NULL)
#define set_lock pthread_mutex_lock
#define unset_lock pthread_mutex_unlock
#define destroy_lock pthread_mutex_destroy
#else
typedef int loop_lock;
#define init_lock(lock) (void)(lock)
#define set_lock(lock) (void)(lock)
#define unset_lock(lock) (void)(lock)
#define destroy_lock(lock) (void)(lock)
#endif

/* Shared by the threads of one loop; written under its lock. */
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
    loop_lock lock;
} loop;

static void fail(loop *l, size_t index, int error) {
    set_lock(&l->lock);
    if (!l->cancelled && index < l->failed) {
        l->error = error;
        snprintf(l->sentence, sizeof l->sentence, "%s", ki_last_error());
        __atomic_store_n(&l->failed, index, __ATOMIC_RELAXED);
    }
    unset_lock(&l->lock);
}

static void report(loop *l, size_t count) {
    set_lock(&l->lock);
    l->done += count;
    if (l->failed == l->n && l->run->progress(l->run->progress_user, l->done, l->n)) {
        l->cancelled = 1;
        l->error = KI_ERR_CANCELLED;
        snprintf(l->sentence, sizeof l->sentence,
                 "run : cancelled after %llu of %zu : run it again", (unsigned long long)l->done,
                 l->n);
        __atomic_store_n(&l->failed, 0, __ATOMIC_RELAXED);
    }
    unset_lock(&l->lock);
}

/* Chunks start in increasing order, and those below a failure still run: the failure reported is
 * that of the lowest failing index of all, whatever the number of threads. */
static void run_chunk(loop *l, size_t c) {
    const size_t first = c * l->chunk;
    if (first >= __atomic_load_n(&l->failed, __ATOMIC_RELAXED))
        return;
    const size_t last = l->n - first < l->chunk ? l->n : first + l->chunk;
    for (size_t i = first; i < last; i++) {
        const int error = l->fn(l->ctx, i);
        if (error) {
            fail(l, i, error);
            return;
        }
    }
    if (l->run && l->run->progress)
        report(l, last - first);
}

static void run_chunks(ki_team *team, int member, void *ctx) {
    (void)member;
    for (size_t c; ki_team_next(team, &c);)
        run_chunk(ctx, c);
}

int ki_parallel_workers(size_t n, const ki_run_options *run) {
    int threads = run && run->threads > 0 ? run->threads : ki_default_threads();
#ifndef KI_HAVE_THREADS
    threads = 1;
#endif
    if ((size_t)threads > n)
        threads = n > 1 ? (int)n : 1;
    return threads;
}

int ki_parallel_for(size_t n, size_t chunk, const ki_run_options *run, ki_index_fn fn, void *ctx) {
    if (ki_check_threads(run ? run->threads : 0))
        return KI_ERR_ARGUMENT;
    loop l = {.n = n, .chunk = chunk ? chunk : 1, .run = run, .fn = fn, .ctx = ctx, .failed = n};
    l.chunks = n / l.chunk + (n % l.chunk != 0);
    init_lock(&l.lock);
    ki_team_run(l.chunks, ki_parallel_workers(l.chunks, run), run_chunks, &l);
    destroy_lock(&l.lock);
    return l.error ? ki_fail(l.error, "%s", l.sentence) : 0;
}

/* Inside an index ticks are collected to so many before they are reported: a report takes the lock.
 */
enum { TICKS_PER_REPORT = 1 << 20, OPERATIONS_PER_REPORT = 1 << 25 };

typedef struct work_loop {
    size_t n;
    uint64_t total, done, reported;
    const ki_run_options *run;
    ki_work_fn fn;
    void *ctx;
    size_t stop; /* indices from here on are not worth finishing: the lowest that failed, 0 after a
                    cancellation, SIZE_MAX if all is well; read without the lock */
    int cancelled;
    int error;
    char sentence[1024];
    loop_lock lock;
} work_loop;

struct ki_work {
    work_loop *loop;
    size_t index;
    uint64_t pending, spent;
    int thread;
};

static void stop_from(work_loop *l, size_t index, int error, const char *sentence) {
    l->error = error;
    snprintf(l->sentence, sizeof l->sentence, "%s", sentence);
    __atomic_store_n(&l->stop, index, __ATOMIC_RELAXED);
}

/* Under the lock. Nothing is reported twice (unless `again`), nor after the loop has been told to
 * stop. */
static void report_work(work_loop *l, int again) {
    const uint64_t done = l->done < l->total ? l->done : l->total;
    if (!l->run || !l->run->progress || l->error || (done == l->reported && !again))
        return;
    l->reported = done;
    /* What is complete cannot be stopped any more. */
    if (l->run->progress(l->run->progress_user, done, l->total) && done < l->total) {
        char sentence[128];
        snprintf(sentence, sizeof sentence, "run : cancelled after %llu of %llu : run it again",
                 (unsigned long long)done, (unsigned long long)l->total);
        l->cancelled = 1;
        stop_from(l, 0, KI_ERR_CANCELLED, sentence);
    }
}

static void report_pending(ki_work *work, int again) {
    work_loop *l = work->loop;
    set_lock(&l->lock);
    l->done += work->pending;
    work->pending = work->spent = 0;
    report_work(l, again);
    unset_lock(&l->lock);
}

static int is_to_stop(const ki_work *work) {
    return work->index >= __atomic_load_n(&work->loop->stop, __ATOMIC_RELAXED);
}

int ki_work_tick(ki_work *work, uint64_t done) {
    work->pending += done;
    if (work->pending >= TICKS_PER_REPORT)
        report_pending(work, 0);
    return is_to_stop(work);
}

int ki_work_spend(ki_work *work, uint64_t operations) {
    work->spent += operations;
    if (work->spent >= OPERATIONS_PER_REPORT)
        report_pending(work, 1);
    return is_to_stop(work);
}

int ki_work_thread(const ki_work *work) {
    return work->thread;
}

int ki_work_commit(ki_work *work, int (*fn)(void *ctx), void *ctx) {
    set_lock(&work->loop->lock);
    const int error = fn(ctx);
    unset_lock(&work->loop->lock);
    return error;
}

static void work_on(ki_work *work, size_t i) {
    work_loop *l = work->loop;
    work->index = i;
    if (ki_work_tick(work, 0))
        return;
    const int error = l->fn(l->ctx, work, i);
    if (error) {
        set_lock(&l->lock);
        if (!l->cancelled && i < l->stop)
            stop_from(l, i, error, ki_last_error());
        unset_lock(&l->lock);
    } else if (work->pending) {
        report_pending(work, 0);
    }
}

/* In rising order for each worker, so that the lowest failure is found. */
static void work_on_all(ki_team *team, int member, void *ctx) {
    ki_work work = {.loop = ctx, .thread = member};
    for (size_t i; ki_team_next(team, &i);)
        work_on(&work, i);
}

int ki_parallel_work(size_t n, uint64_t total, const ki_run_options *run, ki_work_fn fn,
                     void *ctx) {
    if (ki_check_threads(run ? run->threads : 0))
        return KI_ERR_ARGUMENT;
    work_loop l = {.n = n, .total = total, .run = run, .fn = fn, .ctx = ctx, .stop = SIZE_MAX};
    init_lock(&l.lock);
    ki_team_run(n, ki_parallel_workers(n, run), work_on_all, &l);
    destroy_lock(&l.lock);
    return l.error ? ki_fail(l.error, "%s", l.sentence) : 0;
}
