/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors, memory, threads, build facts. */
#include "ki_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kinising/kinising.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "library/machine.h"

static void error_texts(void **state) {
    (void)state;
    assert_string_equal(ki_strerror(0), "success");
    assert_string_equal(ki_strerror(KI_ERR_NOMEM), "out of memory");
    assert_string_equal(ki_strerror(1), "unknown error");
    assert_string_equal(ki_strerror(-1000), "unknown error");
#define CHECK(name, number, text)                                                                  \
    assert_int_equal(name, number);                                                                \
    assert_true(name < 0);                                                                         \
    assert_string_equal(ki_strerror(name), text);
    KI_ERROR_LIST(CHECK)
#undef CHECK
}

static void sentence(void **state) {
    (void)state;
    assert_int_equal(ki_fail(KI_ERR_IO, "file : %s : %d", "why", 7), KI_ERR_IO);
    assert_string_equal(ki_last_error(), "file : why : 7");
    /* A sentence about a previous one, and one that is too long for its place, are both safe. */
    char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    (void)ki_fail(KI_ERR_IO, "%s", longest);
    assert_true(strlen(ki_last_error()) < sizeof longest);
    assert_true(strlen(ki_last_error()) > 200);
}

static void version(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", KI_VERSION_MAJOR, KI_VERSION_MINOR, KI_VERSION_PATCH);
    assert_string_equal(ki_version(), text);
    assert_string_equal(KI_VERSION_STRING, text);
}

static void memory(void **state) {
    (void)state;
    assert_null(ki_alloc(SIZE_MAX, 2));
    assert_null(ki_alloc(SIZE_MAX / 8, 16));
    assert_null(ki_alloc(SIZE_MAX, 1));
    static const size_t counts[] = {0, 1, 63, 64, 65, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned char *p = ki_alloc(counts[i], 1);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        memset(p, 1, counts[i]);
        ki_free(p);
    }
    ki_free(NULL);
}

enum { N = 1000 };

typedef struct job {
    int visits[N];
    size_t fail_from; /* indices from here on fail */
} job;

static int visit(void *ctx, size_t i) {
    job *j = ctx;
    j->visits[i]++;
    return i >= j->fail_from ? ki_fail(KI_ERR_FORMAT, "index %zu : bad : good", i) : 0;
}

static void parallel_once_each(void **state) {
    (void)state;
    static const int threads[] = {0, 1, 2, 3, 7, 4096};
    static const size_t chunks[] = {0, 1, 3, 1000, 5000};
    for (size_t t = 0; t < 6; t++) {
        for (size_t c = 0; c < 5; c++) {
            job j = {{0}, N};
            const ki_run_options run = {threads[t], NULL, NULL};
            assert_int_equal(ki_parallel_for(N, chunks[c], &run, visit, &j), 0);
            for (int i = 0; i < N; i++)
                assert_int_equal(j.visits[i], 1);
        }
    }
    job j = {{0}, N};
    assert_int_equal(ki_parallel_for(0, 1, NULL, visit, &j), 0);
    assert_int_equal(j.visits[0], 0);
}

static void parallel_error(void **state) {
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        job j = {{0}, 700};
        const ki_run_options run = {threads, NULL, NULL};
        assert_int_equal(ki_parallel_for(N, 1, &run, visit, &j), KI_ERR_FORMAT);
        /* The sentence crossed from the thread it was born in. */
        assert_string_equal(ki_last_error(), "index 700 : bad : good");
    }
    job j = {{0}, N};
    const ki_run_options bad = {-1, NULL, NULL}, many = {4097, NULL, NULL};
    assert_int_equal(ki_parallel_for(N, 1, &bad, visit, &j), KI_ERR_ARGUMENT);
    assert_int_equal(ki_parallel_for(N, 1, &many, visit, &j), KI_ERR_ARGUMENT);
    assert_true(ki_is_sentence(ki_last_error()));
}

/* Fails at once at its high indices and late at a low one, so that the low one fails last. */
static int fail_late(void *ctx, size_t i) {
    (void)ctx;
    if (i == 4) {
        volatile double busy = 1;
        for (int k = 0; k < 200000; k++)
            busy = busy * 0.5 + 1;
    }
    return i >= 4 ? ki_fail(KI_ERR_FORMAT, "index %zu : bad : good", i) : 0;
}

static void parallel_lowest_error(void **state) {
    (void)state;
    for (int round = 0; round < 50; round++) {
        for (int threads = 1; threads <= 4; threads++) {
            const ki_run_options run = {threads, NULL, NULL};
            assert_int_equal(ki_parallel_for(N, 1, &run, fail_late, NULL), KI_ERR_FORMAT);
            assert_string_equal(ki_last_error(), "index 4 : bad : good");
        }
    }
}

typedef struct watch {
    uint64_t last, stop_at;
    int calls;
} watch;

static int progress(void *user, uint64_t done, uint64_t total) {
    watch *w = user;
    assert_true(done > w->last && done <= total && total == N);
    w->last = done;
    w->calls++;
    return done >= w->stop_at;
}

static void parallel_progress(void **state) {
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        job j = {{0}, N};
        watch w = {0, N + 1, 0};
        const ki_run_options run = {threads, progress, &w};
        assert_int_equal(ki_parallel_for(N, 10, &run, visit, &j), 0);
        assert_int_equal(w.last, N);
        assert_int_equal(w.calls, N / 10);
        w = (watch){0, 100, 0};
        assert_int_equal(ki_parallel_for(N, 10, &run, visit, &j), KI_ERR_CANCELLED);
        assert_true(w.last >= 100 && w.last < N);
        assert_int_equal(w.calls, 10);
        assert_true(ki_is_sentence(ki_last_error()));
    }
}

enum { UNITS = 1 << 18, CHUNKS = 40 };

typedef struct work_job {
    int visits[CHUNKS], threads[CHUNKS];
    size_t fail_from;
    int commits, inside; /* under the lock */
    uint64_t last, stop_at;
    int calls;
} work_job;

static int commit_one(void *ctx) {
    work_job *j = ctx;
    j->inside++;
    assert_int_equal(j->inside, 1);
    j->commits++;
    j->inside--;
    return 5;
}

static int long_visit(void *ctx, ki_work *work, size_t i) {
    work_job *j = ctx;
    for (int step = 0; step < 16; step++)
        if (ki_work_tick(work, UNITS / 16))
            return KI_ERR_CANCELLED;
    j->visits[i]++;
    j->threads[i] = ki_work_thread(work);
    if (i >= j->fail_from)
        return ki_fail(KI_ERR_FORMAT, "index %zu : bad : good", i);
    assert_int_equal(ki_work_commit(work, commit_one, j), 5);
    return 0;
}

static int work_progress(void *user, uint64_t done, uint64_t total) {
    work_job *j = user;
    assert_true(done > j->last && done <= total);
    assert_int_equal(total, (uint64_t)UNITS * CHUNKS);
    assert_int_equal(j->inside, 0);
    j->last = done;
    j->calls++;
    return done >= j->stop_at;
}

static void work_once_each(void **state) {
    (void)state;
    static const int threads[] = {0, 1, 2, 3, 7, 100};
    for (size_t t = 0; t < 6; t++) {
        work_job j = {.fail_from = CHUNKS, .stop_at = UINT64_MAX};
        const ki_run_options run = {threads[t], work_progress, &j};
        assert_int_equal(ki_parallel_work(CHUNKS, (uint64_t)UNITS * CHUNKS, &run, long_visit, &j),
                         0);
        for (int i = 0; i < CHUNKS; i++) {
            assert_int_equal(j.visits[i], 1);
            assert_in_range(j.threads[i], 0, ki_parallel_workers(CHUNKS, &run) - 1);
        }
        assert_int_equal(j.commits, CHUNKS);
        assert_int_equal(j.last, (uint64_t)UNITS * CHUNKS);
        assert_int_equal(j.calls, CHUNKS); /* too few ticks to report inside an index */
    }
    work_job j = {.fail_from = CHUNKS};
    assert_int_equal(ki_parallel_work(0, 0, NULL, long_visit, &j), 0);
    const ki_run_options bad = {4097, NULL, NULL};
    assert_int_equal(ki_parallel_work(1, 1, &bad, long_visit, &j), KI_ERR_ARGUMENT);
    assert_int_equal(ki_parallel_workers(0, NULL), 1);
    assert_int_equal(j.visits[0], 0);
}

static void work_stops(void **state) {
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        work_job j = {.fail_from = 7, .stop_at = UINT64_MAX};
        const ki_run_options run = {threads, work_progress, &j};
        assert_int_equal(ki_parallel_work(CHUNKS, (uint64_t)UNITS * CHUNKS, &run, long_visit, &j),
                         KI_ERR_FORMAT);
        assert_string_equal(ki_last_error(), "index 7 : bad : good");
        for (int i = 0; i < 8; i++)
            assert_int_equal(j.visits[i], 1);
        j = (work_job){.fail_from = CHUNKS, .stop_at = 12 * UNITS};
        assert_int_equal(ki_parallel_work(CHUNKS, (uint64_t)UNITS * CHUNKS, &run, long_visit, &j),
                         KI_ERR_CANCELLED);
        assert_true(ki_is_sentence(ki_last_error()));
        /* All stop at their next tick, and the callback is not asked again. */
        assert_true(j.last >= j.stop_at && j.commits <= 12 + threads);
        assert_in_range(j.calls, 12 - threads, 12);
    }
}

static int spend(void *ctx, ki_work *work, size_t i) {
    int *steps = ctx;
    (void)i;
    while (!ki_work_spend(work, 1 << 20)) {
        ++*steps;
        assert_true(*steps < 1000000);
    }
    return KI_ERR_CANCELLED;
}

static int stop_at_the_third(void *user, uint64_t done, uint64_t total) {
    int *calls = user;
    assert_true(done == 0 && total == 5);
    return ++*calls == 3;
}

/* Work that ticks too seldom asks, now and then, whether it is wanted. */
static void work_spends(void **state) {
    (void)state;
    int steps = 0, calls = 0;
    const ki_run_options run = {1, stop_at_the_third, &calls};
    assert_int_equal(ki_parallel_work(1, 5, &run, spend, &steps), KI_ERR_CANCELLED);
    assert_int_equal(calls, 3);
    assert_int_equal(steps, 3 * 32 - 1);
}

/* The child's loops must not wait for the workers of its parent, which it does not have. */
static void loops_in_a_forked_child(void **state) {
    (void)state;
    work_job w = {.fail_from = CHUNKS};
    job j = {{0}, N}, own = {{0}, N};
    const ki_run_options run = {4, NULL, NULL};
    assert_int_equal(ki_parallel_for(N, 1, &run, visit, &j), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        int error = ki_parallel_for(N, 1, &run, visit, &own);
        error |= ki_parallel_work(CHUNKS, (uint64_t)UNITS * CHUNKS, &run, long_visit, &w);
        _exit(error || own.visits[N - 1] != 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(ki_parallel_for(N, 1, &run, visit, &j), 0);
}

static void build_info(void **state) {
    (void)state;
    ki_build_info info;
    assert_int_equal(ki_get_build_info(NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_get_build_info(&info), 0);
    assert_string_equal(info.version, KI_VERSION_STRING);
    assert_non_null(info.commit);
    assert_true(strlen(info.compiler) > 3);
    assert_true(info.max_threads >= 1);
}

static void put(const char *name, const char *text) {
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Limits of a group and of those above it, of both versions of control groups. */
static void group_memory(void **state) {
    (void)state;
    char folder[] = "/tmp/ki_groups_XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("a", 0700) + mkdir("a/b", 0700) + mkdir("memory", 0700), 0);
    assert_true(ki_group_memory("none", ".") == UINT64_MAX);
    put("groups", "12:pids:/x\n0::/a/b\n");
    assert_true(ki_group_memory("groups", ".") == UINT64_MAX);
    put("a/b/memory.max", "max\n");
    assert_true(ki_group_memory("groups", ".") == UINT64_MAX);
    put("a/memory.max", "5000\n");
    assert_true(ki_group_memory("groups", ".") == 5000);
    put("memory.max", "3000\n");
    put("a/b/memory.max", "4000\n");
    assert_true(ki_group_memory("groups", ".") == 3000);
    put("memory/memory.limit_in_bytes", "2000\n");
    assert_true(ki_group_memory("groups", ".") == 3000);
    put("groups", "3:cpu,memory:/gone\nnonsense\n0::/a");
    assert_true(ki_group_memory("groups", ".") == 2000);
    put("groups", "3:memorial:/\n");
    assert_true(ki_group_memory("groups", ".") == UINT64_MAX);
    static const char *const made[] = {"groups",       "memory/memory.limit_in_bytes",
                                       "memory",       "memory.max",
                                       "a/memory.max", "a/b/memory.max",
                                       "a/b",          "a"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        assert_int_equal(remove(made[i]), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_true(ki_machine_memory() > 1 << 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_texts),
        cmocka_unit_test(sentence),
        cmocka_unit_test(version),
        cmocka_unit_test(memory),
        cmocka_unit_test(parallel_once_each),
        cmocka_unit_test(parallel_error),
        cmocka_unit_test(parallel_lowest_error),
        cmocka_unit_test(parallel_progress),
        cmocka_unit_test(work_once_each),
        cmocka_unit_test(work_stops),
        cmocka_unit_test(work_spends),
        cmocka_unit_test(loops_in_a_forked_child),
        cmocka_unit_test(build_info),
        cmocka_unit_test(group_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
