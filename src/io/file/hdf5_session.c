/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef KI_HAVE_HDF5

#include "io/file/hdf5_session.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void take_turn(void) {
    pthread_mutex_lock(&one_at_a_time);
}

static void end_turn(void) {
    pthread_mutex_unlock(&one_at_a_time);
}

/* A fork waits for the end of a turn: in the child nobody would end it, and HDF5 would be in the middle
 * of something. */
static void watch_forks(void) {
    (void)pthread_atfork(take_turn, end_turn, end_turn);
}

/* The innermost description is the cause; "unable to open file" and the like come after it. */
static herr_t keep_innermost(unsigned n, const H5E_error2_t *entry, void *user) {
    ki_hdf5_session *s = user;

    if (n != 0 || !entry->desc)
        return 0;
    snprintf(s->reason, sizeof s->reason, "%s", entry->desc);
    for (char *c = s->reason; *c; c++) /* no line breaks and no " : " of others in our sentence */
        if ((unsigned char)*c < ' ' || (*c == ':' && c[1] == ' ' && c > s->reason && c[-1] == ' '))
            *c = ' ';
    return 0;
}

/* HDF5 calls this when one of its functions fails, before any other can clear the stack of errors. */
static herr_t keep_reason(hid_t stack, void *user) {
    ki_hdf5_session *s = user;

    if (!s->reason[0])
        H5Ewalk2(stack, H5E_WALK_UPWARD, keep_innermost, s);
    return 0;
}

void ki_hdf5_begin(ki_hdf5_session *s) {
    (void)pthread_once(&once, watch_forks);
    take_turn();
    *s = (ki_hdf5_session){.report = NULL};
    H5Eget_auto2(H5E_DEFAULT, &s->report, &s->user);
    H5Eset_auto2(H5E_DEFAULT, keep_reason, s);
}

void ki_hdf5_end(ki_hdf5_session *s) {
    H5Eclear2(H5E_DEFAULT);
    H5Eset_auto2(H5E_DEFAULT, s->report, s->user);
    end_turn();
}

#else

/* An ISO C file is not empty. */
typedef int ki_no_hdf5_session;

#endif
