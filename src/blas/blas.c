/* SPDX-License-Identifier: BSD-3-Clause */
#include "blas.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#ifdef KI_HAVE_OPENBLAS
/* meson.build has found them; another CBLAS does without. Not every version declares them. */
extern void openblas_set_num_threads(int threads);
extern int openblas_get_num_threads(void);
extern char *openblas_get_config(void);
extern char *openblas_get_corename(void);

/* State of the process, as the setting itself is. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;
static int threads_before;
static char name[128];

/* A fork waits for the lock, so that the child does not inherit it from a thread it does not have. */
static void hold(void) {
    pthread_mutex_lock(&lock);
}

static void release(void) {
    pthread_mutex_unlock(&lock);
}

static void watch_forks(void) {
    (void)pthread_atfork(hold, release, release);
}

void ki_blas_begin(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&lock);
    if (users++ == 0) {
        threads_before = openblas_get_num_threads();
        if (threads_before != 1)
            openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

void ki_blas_end(void) {
    pthread_mutex_lock(&lock);
    if (--users == 0 && threads_before != 1 && openblas_get_num_threads() == 1)
        openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&lock);
}

const char *ki_blas_name(void) {
    pthread_mutex_lock(&lock);
    if (!name[0]) {
        /* "OpenBLAS 0.3.21 NO_LAPACKE ...": the first two words are the ones wanted. */
        char config[256], core[32];
        snprintf(config, sizeof config, "%s", openblas_get_config());
        char *end = strchr(config, ' ');
        end = end ? strchr(end + 1, ' ') : NULL;
        if (end)
            *end = '\0';
        snprintf(core, sizeof core, "%s", openblas_get_corename());
        snprintf(name, sizeof name, "%.60s%s%s", config, core[0] ? " " : "", core);
    }
    pthread_mutex_unlock(&lock);
    return name;
}

#else

void ki_blas_begin(void) {
}

void ki_blas_end(void) {
}

const char *ki_blas_name(void) {
    return "CBLAS";
}
#endif
