/* SPDX-License-Identifier: BSD-3-Clause */
/* cli/shell/team.h by MPI. The first rank sends orders (an empty ensemble as bytes, a range, the number
 * of threads), works on its own share, and merges the states that come back. Whatever happens on a
 * rank comes back as an answer, so that there is one message and an orderly end.
 *
 * Messages are looked for with pauses instead of waiting inside MPI, which would keep a core busy.
 */
#define _XOPEN_SOURCE 700

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ranks.h"
#include "shell/team.h"

enum { TAG_ORDER = 1, TAG_CANCEL, TAG_ANSWER, TAG_FAILED, TAG_ENOUGH };
enum { SENTENCE = 1024 };

/* Both are followed by the bytes of an ensemble in the same message. */
typedef struct order {
    uint64_t first, last;
    int32_t threads, number; /* number: of the round, so that a late cancellation hits no other */
} order;
typedef struct answer {
    int32_t error, number;
    char sentence[SENTENCE];
} answer;

static int rank, size, on_this_machine, round_number;
static char sentence[SENTENCE + 64];

void ranks_begin(void) {
    MPI_Comm here;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &here);
    MPI_Comm_size(here, &on_this_machine);
    MPI_Comm_free(&here);
    if (rank != 0) { /* the first rank decides, and says so */
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
    }
}

int ranks_are_first(void) {
    return rank == 0;
}

int team_size(void) {
    return size;
}

int team_on_this_machine(void) {
    return on_this_machine;
}

const char *team_error(void) {
    return sentence;
}

static int fail(int error, const char *text) {
    snprintf(sentence, sizeof sentence, "%s", text);
    return error;
}

/* A pause that grows with the number of times nothing has come. */
static void pause_between_looks(unsigned *times) {
    struct timespec t = {0, 200000};

    if (++*times < 200)
        sched_yield();
    else
        nanosleep(&t, NULL);
}

static int is_there(int source, int tag, MPI_Status *status) {
    int there = 0;

    MPI_Iprobe(source, tag, MPI_COMM_WORLD, &there, status);
    return there;
}

/* Receives the message that is there; malloc'ed bytes, NULL when memory is out. */
static unsigned char *receive(const MPI_Status *status, size_t *length) {
    int count = 0;

    MPI_Get_count(status, MPI_BYTE, &count);
    unsigned char *bytes = malloc((size_t)count + 1);
    if (bytes)
        MPI_Recv(bytes, count, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    *length = (size_t)count;
    return bytes;
}

/* `head` and the state of `e`, if there is one, as one message. */
static unsigned char *join(const void *head, size_t head_size, const ki_ensemble *e, int *count) {
    size_t state = e ? ki_ensemble_pack(e, NULL) : 0;
    unsigned char *bytes = head_size + state <= INT_MAX ? malloc(head_size + state) : NULL;

    if (bytes) {
        memcpy(bytes, head, head_size);
        if (e)
            ki_ensemble_pack(e, bytes + head_size);
    }
    *count = (int)(head_size + state);
    return bytes;
}

/* A round at the first rank. */
typedef struct leader {
    const ki_run_options *run;
    int cancelled;
    uint64_t done, total; /* last heard of our own share */
    ki_ensemble *e;
    int error; /* of the first rank that failed */
} leader;

static void send_cancel(leader *l) {
    for (int k = 1; k < size && !l->cancelled; k++)
        MPI_Send(&round_number, 1, MPI_INT, k, TAG_CANCEL, MPI_COMM_WORLD);
    l->cancelled = 1;
}

/* The others are about as far. */
static int leader_progress(void *user, uint64_t done, uint64_t total) {
    leader *l = user;
    MPI_Status status;

    l->done = done;
    l->total = total;
    if (l->run && l->run->progress &&
        l->run->progress(l->run->progress_user, done * (uint64_t)size, total * (uint64_t)size))
        send_cancel(l);
    if (!l->cancelled && is_there(MPI_ANY_SOURCE, TAG_FAILED, &status))
        send_cancel(l); /* the rest would be for nothing; gather() takes the answer */
    return l->cancelled;
}

static void take_answer(leader *l, const unsigned char *bytes, size_t length, int from) {
    answer a;
    ki_ensemble *part = NULL;
    int error;

    memcpy(&a, bytes, sizeof a);
    if (a.error && a.error != KI_ERR_CANCELLED && !l->error) {
        l->error = a.error;
        snprintf(sentence, sizeof sentence, "rank %d, %s", from, a.sentence);
    }
    if (length == sizeof a)
        return;
    error = ki_ensemble_unpack(bytes + sizeof a, length - sizeof a, &part);
    if (!error)
        error = ki_ensemble_merge(l->e, part);
    if (error && !l->error) {
        l->error = error;
        snprintf(sentence, sizeof sentence, "rank %d, %s", from, ki_last_error());
    }
    ki_ensemble_free(part);
}

static void gather(leader *l, int expected) {
    unsigned times = 0;
    MPI_Status status;
    size_t length;

    while (expected > 0) {
        if (!is_there(MPI_ANY_SOURCE, TAG_ANSWER, &status) &&
            !is_there(MPI_ANY_SOURCE, TAG_FAILED, &status)) {
            leader_progress(l, l->done, l->total); /* hears of signals, and passes them on */
            pause_between_looks(&times);
            continue;
        }
        unsigned char *bytes = receive(&status, &length);
        if (!bytes) { /* an answer that cannot be taken would be waited for without end */
            fputs("kinising: MPI : out of memory : a smaller run\n", stderr);
            MPI_Abort(MPI_COMM_WORLD, 1);
            return;
        }
        take_answer(l, bytes, length, status.MPI_SOURCE);
        free(bytes);
        expected--;
        times = 0;
    }
}

static uint64_t share(uint64_t total, int k) {
    uint64_t n = (uint64_t)size;

    return total / n * (uint64_t)k + total % n * (uint64_t)k / n;
}

/* Orders for the others; returns how many will answer. */
static int send_orders(leader *l, const ki_ensemble *empty, uint64_t first, uint64_t last,
                       int threads) {
    int sent = 0;

    for (int k = 1; k < size; k++) {
        order o = {first + share(last - first, k), first + share(last - first, k + 1), threads,
                   round_number};
        int count;
        if (o.first == o.last)
            continue;
        unsigned char *bytes = join(&o, sizeof o, empty, &count);
        if (!bytes)
            l->error = fail(KI_ERR_NOMEM, "order : out of memory : a smaller run");
        else
            MPI_Send(bytes, count, MPI_BYTE, k, TAG_ORDER, MPI_COMM_WORLD);
        sent += bytes != NULL;
        free(bytes);
    }
    return sent;
}

int team_run(ki_ensemble *e, uint64_t first, uint64_t last, const ki_run_options *run) {
    leader l = {.run = run, .e = e};
    ki_ensemble *empty = NULL;
    ki_run_options ours = {run ? run->threads : 0, leader_progress, &l};

    if (size == 1) {
        int error = ki_ensemble_run(e, first, last, run);
        return error ? fail(error, ki_last_error()) : 0;
    }
    int error = ki_ensemble_create(ki_ensemble_get_spec(e), &empty);
    if (error)
        return fail(error, ki_last_error());
    round_number++;
    int expected = send_orders(&l, empty, first, last, ours.threads);
    ki_ensemble_free(empty);
    error = ki_ensemble_run(e, first, first + share(last - first, 1), &ours);
    if (error && error != KI_ERR_CANCELLED) {
        l.error = fail(error, ki_last_error());
        send_cancel(&l);
    }
    gather(&l, expected);
    if (l.error)
        return l.error;
    if (l.cancelled)
        return fail(KI_ERR_CANCELLED, "run : cancelled : run it again");
    return 0;
}

void ranks_release(void) {
    for (int k = 1; k < size; k++)
        MPI_Send(NULL, 0, MPI_BYTE, k, TAG_ENOUGH, MPI_COMM_WORLD);
}

/* At the other ranks: whether the first one wants this round no more. Older cancellations, of
 * rounds that were over before they came, are taken away. */
static int serve_progress(void *user, uint64_t done, uint64_t total) {
    const int32_t *number = user;
    MPI_Status status;
    int which = 0;

    (void)done;
    (void)total;
    while (is_there(0, TAG_CANCEL, &status)) {
        MPI_Recv(&which, 1, MPI_INT, 0, TAG_CANCEL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (which == *number)
            return 1;
    }
    return 0;
}

static void serve_order(const unsigned char *bytes, size_t length) {
    order o;
    ki_ensemble *e = NULL;
    int count;

    memcpy(&o, bytes, sizeof o);
    answer a = {.number = o.number};
    ki_run_options run = {o.threads, serve_progress, &o.number};
    a.error = ki_ensemble_unpack(bytes + sizeof o, length - sizeof o, &e);
    if (!a.error)
        a.error = ki_ensemble_run(e, o.first, o.last, &run);
    snprintf(a.sentence, sizeof a.sentence, "%s", a.error ? ki_last_error() : "");
    unsigned char *reply = join(&a, sizeof a, e, &count);
    if (reply) {
        int failed = a.error && a.error != KI_ERR_CANCELLED;
        MPI_Send(reply, count, MPI_BYTE, 0, failed ? TAG_FAILED : TAG_ANSWER, MPI_COMM_WORLD);
    } else { /* without its state: those realizations are done again */
        a.error = KI_ERR_NOMEM;
        snprintf(a.sentence, sizeof a.sentence, "answer : out of memory : a smaller run");
        MPI_Send(&a, sizeof a, MPI_BYTE, 0, TAG_FAILED, MPI_COMM_WORLD);
    }
    free(reply);
    ki_ensemble_free(e);
}

void ranks_serve(void) {
    unsigned times = 0;
    MPI_Status status;
    size_t length;

    for (;;) {
        if (is_there(0, TAG_ENOUGH, &status)) {
            MPI_Recv(NULL, 0, MPI_BYTE, 0, TAG_ENOUGH, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            return;
        }
        if (is_there(0, TAG_ORDER, &status)) {
            unsigned char *bytes = receive(&status, &length);
            if (bytes)
                serve_order(bytes, length);
            else
                MPI_Abort(MPI_COMM_WORLD, 1);
            free(bytes);
            times = 0;
        } else {
            pause_between_looks(&times);
        }
    }
}
