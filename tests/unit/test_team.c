/* SPDX-License-Identifier: BSD-3-Clause */
/* Worker threads: every task once, whoever comes, comes late, or never. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/parallel.h"
#include "base/team.h"
#include "ki_test.h"

enum { TASKS = 300, MOST = 6 };

/* Threads that the library makes begin when the gate is open; or none can be made. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static int gate_is_open = 1, refuse, threads_made;

typedef struct start {
    void *(*fn)(void *);
    void *ctx;
} start;

static start starts[64];

static void *wait_at_gate(void *ctx) {
    const start s = *(start *)ctx;
    pthread_mutex_lock(&lock);
    while (!gate_is_open)
        pthread_cond_wait(&opened, &lock);
    pthread_mutex_unlock(&lock);
    return s.fn(s.ctx);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *a, void *(*fn)(void *),
                          void *ctx);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *a, void *(*fn)(void *),
                          void *ctx);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *a, void *(*fn)(void *),
                          void *ctx) {
    if (refuse || threads_made == 64)
        return 11;
    starts[threads_made] = (start){fn, ctx};
    return __real_pthread_create(thread, a, wait_at_gate, &starts[threads_made++]);
}

static void set_gate(int open) {
    pthread_mutex_lock(&lock);
    gate_is_open = open;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&lock);
}

typedef struct job {
    int visits[TASKS], members[MOST], most;
    int signals_blocked, blocked; /* by how many members, until `open` */
    int open, begun;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} job;

static void visit(ki_team *team, int member, void *ctx) {
    job *j = ctx;
    sigset_t mask;
    pthread_mutex_lock(&j->lock);
    j->members[member]++;
    j->begun++;
    pthread_cond_broadcast(&j->changed);
    while (j->blocked && j->begun < j->blocked)
        pthread_cond_wait(&j->changed, &j->lock);
    pthread_mutex_unlock(&j->lock);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (member && sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM))
        __atomic_add_fetch(&j->signals_blocked, 1, __ATOMIC_RELAXED);
    size_t before = 0;
    int first = 1;
    for (size_t i; ki_team_next(team, &i); before = i, first = 0) {
        assert_true(first || i > before);
        j->visits[i]++;
    }
}

static void run(job *j, int members, int blocked) {
    *j = (job){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    j->blocked = blocked;
    ki_team_run(TASKS, members, visit, j);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(j->visits[i], 1);
    assert_int_equal(j->members[0], 1);
    for (int k = 0; k < MOST; k++) {
        assert_in_range(j->members[k], 0, k < members);
        assert_true(k == 0 || j->members[k] <= j->members[k - 1]);
    }
}

/* Without threads: the loop is the caller's. */
static void no_thread_can_be_made(void **state) {
    (void)state;
    job j;
    refuse = 1;
    for (int members = 1; members <= MOST; members++) {
        run(&j, members, 0);
        assert_int_equal(j.begun, 1);
    }
    refuse = 0;
    assert_int_equal(threads_made, 0);
}

/* On a busy machine helpers come late: the caller does not wait for them, again and again, and calls
 * those that it has called in vain again before it makes more. */
static void helpers_that_come_late(void **state) {
    (void)state;
    job j;
    set_gate(0);
    for (int k = 0; k < 100; k++) {
        run(&j, MOST, 0);
        assert_int_equal(j.begun, 1);
    }
    assert_int_equal(threads_made, 1);
    set_gate(1);
    for (int k = 0; k < 100; k++)
        run(&j, MOST, 0);
}

/* All members are there at once if there is work for them: helpers call helpers. */
static void all_members_work(void **state) {
    (void)state;
    job j;
    for (int k = 0; k < 20; k++)
        for (int members = 1; members <= MOST; members++) {
            run(&j, members, members);
            assert_int_equal(j.begun, members);
            assert_int_equal(j.signals_blocked, members - 1);
        }
    assert_int_equal(threads_made, MOST - 1); /* kept, not made anew */
}

static void count(ki_team *team, int member, void *ctx) {
    int *counts = ctx;
    assert_int_equal(member, 0);
    for (size_t i; ki_team_next(team, &i);)
        counts[i]++;
}

static void nest(ki_team *team, int member, void *ctx) {
    int(*counts)[8] = ctx;
    (void)member;
    for (size_t i; ki_team_next(team, &i);)
        ki_team_run(8, 4, count, counts[i]);
}

static void inside_there_is_no_team(void **state) {
    (void)state;
    int counts[40][8] = {{0}};
    ki_team_run(40, 3, nest, counts);
    for (int i = 0; i < 320; i++)
        assert_int_equal(counts[i / 8][i % 8], 1);
}

static void *many_loops(void *ctx) {
    int *bad = ctx;
    for (int k = 0; k < 300; k++) {
        int counts[40][8] = {{0}};
        ki_team_run(40, 2 + k % 4, nest, counts);
        for (int i = 0; i < 320; i++)
            *bad += counts[i / 8][i % 8] != 1;
    }
    return NULL;
}

static void several_callers(void **state) {
    (void)state;
    pthread_t threads[3];
    int bad[3] = {0};
    for (int k = 0; k < 3; k++)
        assert_int_equal(__real_pthread_create(&threads[k], NULL, many_loops, &bad[k]), 0);
    for (int k = 0; k < 3; k++) {
        pthread_join(threads[k], NULL);
        assert_int_equal(bad[k], 0);
    }
}

/* The child has none of its parent's threads, and makes its own. */
static void in_a_forked_child(void **state) {
    (void)state;
    job j;
    run(&j, 3, 3);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        run(&j, 3, 3);
        _exit(j.begun != 3);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    run(&j, 3, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_thread_can_be_made), cmocka_unit_test(helpers_that_come_late),
        cmocka_unit_test(all_members_work),      cmocka_unit_test(inside_there_is_no_team),
        cmocka_unit_test(several_callers),       cmocka_unit_test(in_a_forked_child),
    };
    ki_build_info info;
    if (ki_get_build_info(&info) || !info.have_threads) {
        puts("1..1\nok 1 - team # skip built without threads");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
