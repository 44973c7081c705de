/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* sched_getaffinity */
#include "team.h"

#ifdef KI_HAVE_THREADS
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct helper {
    struct helper *next; /* in the list of those that sleep, or of those called by one team */
    ki_team *team;       /* that it is called to, NULL while it sleeps */
    pthread_cond_t wake;
} helper;

struct ki_team {
    size_t tasks, next; /* read and taken without the lock */
    ki_team_fn fn;
    void *ctx;
    /* Under the lock: */
    int wanted; /* helpers that may still be called */
    int begun;  /* members that have begun */
    int inside; /* helpers that have begun and not ended */
    helper *called;
    pthread_cond_t ended;
};

/* State of the process, as its threads are. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static helper helpers[KI_MOST_THREADS];
static int made;
static helper *sleeping;
static int processors; /* 0: not looked up yet */

/* A thread that works for a team has no team of its own. */
static _Thread_local int is_member;

int ki_team_next(ki_team *team, size_t *task) {
    /* Not an addition alone: that would wrap after sufficiently many calls at the end. */
    size_t next = __atomic_load_n(&team->next, __ATOMIC_RELAXED);
    do
        if (next >= team->tasks)
            return 0;
    while (!__atomic_compare_exchange_n(&team->next, &next, next + 1, 1, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
    *task = next;
    return 1;
}

static int has_tasks(const ki_team *team) {
    return __atomic_load_n(&team->next, __ATOMIC_RELAXED) < team->tasks;
}

static void call_helpers(ki_team *team, int most);

static void *helper_main(void *self) {
    helper *h = self;
    is_member = 1;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (h->team == NULL)
            pthread_cond_wait(&h->wake, &lock);
        ki_team *team = h->team;
        helper **p = &team->called;
        while (*p != h)
            p = &(*p)->next;
        *p = h->next;
        if (has_tasks(team)) {
            const int member = ++team->begun;
            team->inside++;
            call_helpers(team, 2);
            pthread_mutex_unlock(&lock);
            team->fn(team, member, team->ctx);
            pthread_mutex_lock(&lock);
            if (--team->inside == 0)
                pthread_cond_signal(&team->ended);
        }
        h->team = NULL;
        h->next = sleeping;
        sleeping = h;
    }
    return NULL;
}

/* Without memory or rights for one more thread there are fewer. */
static helper *make_helper(void) {
    if (made == KI_MOST_THREADS)
        return NULL;
    helper *h = &helpers[made];
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    if (pthread_attr_init(&attributes))
        return NULL;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    *h = (helper){.wake = PTHREAD_COND_INITIALIZER};
    /* Signals are for the threads of the program. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&thread, &attributes, helper_main, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error)
        return NULL;
    made++;
    return h;
}

/* Under the lock. */
static void call_helpers(ki_team *team, int most) {
    while (most-- > 0 && team->wanted > 0 && has_tasks(team)) {
        helper *h = sleeping;
        if (h != NULL)
            sleeping = h->next;
        else if ((h = make_helper()) == NULL) {
            team->wanted = 0;
            return;
        }
        team->wanted--;
        h->team = team;
        h->next = team->called;
        team->called = h;
        pthread_cond_signal(&h->wake);
    }
}

static void before_fork(void) {
    pthread_mutex_lock(&lock);
}

static void after_fork(void) {
    pthread_mutex_unlock(&lock);
}

/* The child has this thread only. */
static void in_child(void) {
    pthread_mutex_init(&lock, NULL);
    made = 0;
    sleeping = NULL;
    processors = 0;
}

static void watch_forks(void) {
    /* Without memory for it nothing is gained by giving up. */
    (void)pthread_atfork(before_fork, after_fork, in_child);
}

void ki_team_run(size_t tasks, int members, ki_team_fn fn, void *ctx) {
    ki_team team = {.tasks = tasks, .fn = fn, .ctx = ctx, .ended = PTHREAD_COND_INITIALIZER};
    if (members < 2 || tasks < 2 || is_member) {
        fn(&team, 0, ctx);
        return;
    }
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    team.wanted = members - 1;
    pthread_mutex_lock(&lock);
    call_helpers(&team, 1);
    pthread_mutex_unlock(&lock);
    is_member = 1;
    fn(&team, 0, ctx);
    is_member = 0;
    pthread_mutex_lock(&lock);
    team.wanted = 0;
    while (team.called != NULL) { /* too late to begin */
        helper *h = team.called;
        team.called = h->next;
        h->team = NULL;
        h->next = sleeping;
        sleeping = h;
    }
    while (team.inside > 0)
        pthread_cond_wait(&team.ended, &lock);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&team.ended);
}

static int count_processors(void) {
    const char *text = getenv("OMP_NUM_THREADS"); /* "4", or "4,2" of nested loops */
    if (text != NULL) {
        const long wanted = strtol(text, NULL, 10);
        if (wanted > 0)
            return wanted < KI_MOST_THREADS ? (int)wanted : KI_MOST_THREADS;
    }
#ifdef CPU_COUNT_S
    cpu_set_t allowed[8]; /* of 8192 processors */
    if (sched_getaffinity(0, sizeof allowed, allowed) == 0) {
        const int count = CPU_COUNT_S(sizeof allowed, allowed);
        return count < KI_MOST_THREADS ? count : KI_MOST_THREADS;
    }
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : (online < KI_MOST_THREADS ? (int)online : KI_MOST_THREADS);
}

int ki_team_default(void) {
    int count = __atomic_load_n(&processors, __ATOMIC_RELAXED);
    if (count == 0) {
        count = count_processors();
        __atomic_store_n(&processors, count, __ATOMIC_RELAXED);
    }
    return count;
}

#else

struct ki_team {
    size_t tasks, next;
};

int ki_team_next(ki_team *team, size_t *task) {
    if (team->next >= team->tasks)
        return 0;
    *task = team->next++;
    return 1;
}

void ki_team_run(size_t tasks, int members, ki_team_fn fn, void *ctx) {
    (void)members;
    ki_team team = {.tasks = tasks};
    fn(&team, 0, ctx);
}

int ki_team_default(void) {
    return 1;
}
#endif
