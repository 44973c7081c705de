/* SPDX-License-Identifier: BSD-3-Clause */
/* A study as bytes: checkpoints, and the array `state` of a shard. Little-endian: magic, version,
 * size of it all; settings; for each point target, seconds, size and bytes of its packed ensemble;
 * CRC-32. */
#define _XOPEN_SOURCE 700

#include "simulate/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "shell/message.h"
#include "shell/values.h"

static const char magic[8] = "kistudy";
enum { VERSION = 1, HEAD = 8 + 4 + 8, SETTINGS = 6 * 8, POINT = 3 * 8, CRC = 4 };

typedef struct buffer {
    unsigned char *at;
    size_t size;
} buffer;

static void put(buffer *b, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        b->at[b->size++] = (unsigned char)(value >> (8 * i));
}

static void put_real(buffer *b, double x) {
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    put(b, bits, 8);
}

/* The caller has made sure that the bytes are there. */
static uint64_t get(const unsigned char **at, size_t bytes) {
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t) * (*at)++ << (8 * i);
    return value;
}

static double get_real(const unsigned char **at) {
    uint64_t bits = get(at, 8);
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t checksum(const void *bytes, size_t size) {
    return (uint32_t)crc32_z(crc32_z(0, Z_NULL, 0), bytes, size);
}

unsigned char *study_pack(const sim_study *st, size_t at, const ki_ensemble *live, double seconds,
                          size_t *size) {
    size_t live_size = live ? ki_ensemble_pack(live, NULL) : 0, total = HEAD + SETTINGS + CRC;

    for (size_t i = 0; i < st->n; i++)
        total += POINT + (live && i == at ? live_size : st->points[i].size);
    buffer b = {malloc(total), 0};
    if (!b.at)
        return NULL;
    memcpy(b.at, magic, sizeof magic);
    b.size = sizeof magic;
    put(&b, VERSION, 4);
    put(&b, total, 8);
    put(&b, st->set.realizations, 8);
    put(&b, st->set.max_realizations, 8);
    put_real(&b, st->set.rel_err);
    put(&b, st->set.shard, 8);
    put(&b, st->set.shards, 8);
    put(&b, st->n, 8);
    for (size_t i = 0; i < st->n; i++) {
        const sim_point *p = &st->points[i];
        int is_live = live && i == at;
        put(&b, p->target, 8);
        put_real(&b, is_live ? seconds : p->seconds);
        put(&b, is_live ? live_size : p->size, 8);
        if (is_live)
            ki_ensemble_pack(live, b.at + b.size);
        else
            memcpy(b.at + b.size, p->state, p->size);
        b.size += is_live ? live_size : p->size;
    }
    put(&b, checksum(b.at, b.size), CRC);
    *size = b.size;
    return b.at;
}

int study_is_packed(const void *bytes, size_t size) {
    return size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

static int damaged(const char *name, const char *what) {
    return complain(STATUS_USAGE,
                    "%s : damaged, %s : an undamaged copy, or another name to begin anew", name,
                    what);
}

static int check_head(const char *name, const unsigned char *bytes, size_t size) {
    const unsigned char *at = bytes + sizeof magic, *end = bytes + size - CRC;

    if (!study_is_packed(bytes, size))
        return complain(STATUS_USAGE, "%s : is not a checkpoint of kinising : another name", name);
    if (size < HEAD + SETTINGS + CRC)
        return damaged(name, "it is cut off");
    uint64_t version = get(&at, 4), whole = get(&at, 8);
    if (version != VERSION)
        return complain(STATUS_USAGE,
                        "%s : is of version %llu : version %d, or the program that wrote it", name,
                        (unsigned long long)version, VERSION);
    if (whole > size)
        return damaged(name, "it is cut off");
    if (whole < size)
        return damaged(name, "something follows its end");
    return get(&end, CRC) == checksum(bytes, size - CRC) ? 0
                                                         : damaged(name, "its checksum is wrong");
}

static int read_point(const char *name, const unsigned char **at, const unsigned char *end,
                      sim_point *p) {
    ki_ensemble *e = NULL;

    if (end - *at < POINT)
        return damaged(name, "a point is cut off");
    p->target = get(at, 8);
    p->seconds = get_real(at);
    uint64_t size = get(at, 8);
    if (size > (uint64_t)(end - *at))
        return damaged(name, "a point is cut off");
    if (ki_ensemble_unpack(*at, (size_t)size, &e))
        return complain(STATUS_USAGE, "%s, %s", name, library_sentence());
    p->spec = *ki_ensemble_get_spec(e);
    ki_ensemble_free(e);
    p->state = malloc((size_t)size);
    if (!p->state)
        return complain(STATUS_FAILED, "%s : out of memory : fewer points", name);
    memcpy(p->state, *at, (size_t)size);
    p->size = (size_t)size;
    *at += size;
    return 0;
}

static int is_target(const sim_settings *set, uint64_t target) {
    return target == set->realizations ||
           (set->rel_err > 0 && target > set->realizations && target <= set->max_realizations);
}

int study_unpack(const char *name, const void *bytes, size_t size, sim_study *st) {
    const unsigned char *at = (const unsigned char *)bytes + HEAD;
    const unsigned char *end = (const unsigned char *)bytes + size - CRC;

    *st = (sim_study){0};
    int status = check_head(name, bytes, size);
    if (status)
        return status;
    st->set.realizations = get(&at, 8);
    st->set.max_realizations = get(&at, 8);
    st->set.rel_err = get_real(&at);
    st->set.shard = get(&at, 8);
    st->set.shards = get(&at, 8);
    uint64_t n = get(&at, 8);
    if (n > (uint64_t)(end - at) / POINT || st->set.shard >= st->set.shards)
        return damaged(name, "its numbers are impossible");
    st->points = calloc(n ? (size_t)n : 1, sizeof *st->points);
    if (!st->points)
        return complain(STATUS_FAILED, "%s : out of memory : fewer points", name);
    for (; st->n < n && !status; st->n++)
        status = read_point(name, &at, end, &st->points[st->n]);
    for (size_t i = 0; i < st->n && !status; i++)
        if (!is_target(&st->set, st->points[i].target))
            status = damaged(name, "its numbers are impossible");
    if (!status && at != end)
        status = damaged(name, "its parts do not fill it");
    return status;
}

static int differs(const char *name, const char *what, double there, double here) {
    char a[REAL_SIZE], b[REAL_SIZE];

    return complain(STATUS_USAGE, "%s : was made with --%s %s, not %s : the same, or another name",
                    name, what, print_real(a, there), print_real(b, here));
}

static int check_settings(const char *name, const sim_settings *there, const sim_settings *here) {
    if (there->shard != here->shard || there->shards != here->shards)
        return complain(STATUS_USAGE,
                        "%s : is of part %llu of %llu, not %llu of %llu : the same, or another "
                        "name",
                        name, (unsigned long long)there->shard, (unsigned long long)there->shards,
                        (unsigned long long)here->shard, (unsigned long long)here->shards);
    if (there->realizations > here->realizations ||
        (there->realizations != here->realizations && here->shards > 1))
        return differs(name, "realizations", (double)there->realizations,
                       (double)here->realizations);
    if (there->rel_err != here->rel_err)
        return differs(name, "rel-err", there->rel_err, here->rel_err);
    if (here->rel_err > 0 && there->max_realizations > here->max_realizations)
        return differs(name, "max-realizations", (double)there->max_realizations,
                       (double)here->max_realizations);
    return 0;
}

/* Whether `saved`, of the file `name`, is of the run `st`. Returns 0 or the exit status of its
 * message. */
static int check_run(const char *name, const sim_study *st, const sim_study *saved) {
    int status = check_settings(name, &saved->set, &st->set);

    if (!status && saved->n != st->n)
        status =
            complain(STATUS_USAGE, "%s : has %zu points, not %zu : the same lists, or another name",
                     name, saved->n, st->n);
    for (size_t i = 0; i < st->n && !status; i++) {
        const sim_point *p = &st->points[i], *q = &saved->points[i];
        ki_ensemble *here = NULL, *there = NULL;
        int error = ki_ensemble_create(&p->spec, &here);
        if (!error)
            error = ki_ensemble_unpack(q->state, q->size, &there);
        if (!error) /* refuses what differs, and names it */
            error = ki_ensemble_merge(here, there);
        ki_ensemble_free(here);
        ki_ensemble_free(there);
        if (error)
            status = error == KI_ERR_NOMEM ? complain_library(error)
                                           : complain(STATUS_USAGE, "%s, point %zu, %s", name,
                                                      i + 1, library_sentence());
    }
    return status;
}

int study_resume(const char *name, sim_study *st, sim_study *saved) {
    const int status = check_run(name, st, saved);

    for (size_t i = 0; i < st->n && !status; i++) {
        sim_point *p = &st->points[i], *q = &saved->points[i];
        unsigned char *state = p->state;
        p->state = q->state;
        p->size = q->size;
        p->seconds = q->seconds;
        p->target = q->target > p->target ? q->target : p->target;
        q->state = state; /* freed with the rest */
    }
    return status;
}

/* Realizations done in a state. */
static int count_done(const sim_point *p, uint64_t *done) {
    ki_ensemble *e = NULL;

    const int error = ki_ensemble_unpack(p->state, p->size, &e);
    if (error)
        return complain_library(error);
    *done = ki_ensemble_done(e, 0, p->target);
    ki_ensemble_free(e);
    return 0;
}

/* Whether `ours` has at least what `theirs` has at every point. */
static int check_done(const char *name, const sim_study *ours, const sim_study *theirs) {
    int status = check_run(name, ours, theirs);

    for (size_t i = 0; i < ours->n && !status; i++) {
        uint64_t here = 0, there = 0;
        status = count_done(&ours->points[i], &here);
        if (!status)
            status = count_done(&theirs->points[i], &there);
        if (!status && there > here)
            status =
                complain(STATUS_FAILED,
                         "%s : another command has put %llu realizations of point %zu there, and "
                         "this one has %llu : one command at a time for a checkpoint",
                         name, (unsigned long long)there, i + 1, (unsigned long long)here);
    }
    return status;
}

/* What tells one version of a file from another. */
static int is_as_seen(const study_version *seen, const struct stat *st) {
    return seen->known && seen->device == (uint64_t)st->st_dev &&
           seen->inode == (uint64_t)st->st_ino && seen->size == (int64_t)st->st_size &&
           seen->changed.tv_sec == st->st_mtim.tv_sec &&
           seen->changed.tv_nsec == st->st_mtim.tv_nsec;
}

static int check_replaced(const char *name, const study_version *seen, const void *bytes,
                          size_t size) {
    sim_study ours = {0}, theirs = {0};
    void *there = NULL;
    size_t length = 0;
    struct stat st;

    if (stat(name, &st) != 0 || is_as_seen(seen, &st))
        return 0; /* there is nothing to lose */
    const int error = ki_read_bytes(name, &there, &length);
    if (error)
        return complain_library(error);
    int status = study_unpack(name, there, length, &theirs);
    if (!status)
        status = study_unpack(name, bytes, size, &ours);
    if (!status)
        status = check_done(name, &ours, &theirs);
    ki_free_bytes(there);
    study_free(&ours);
    study_free(&theirs);
    return status;
}

int study_save(const char *name, study_version *seen, const void *bytes, size_t size) {
    struct stat st;

    if (seen->overtaken)
        return STATUS_FAILED;
    const int status = check_replaced(name, seen, bytes, size);
    if (status) {
        seen->overtaken = 1;
        return status;
    }
    const int error = ki_write_bytes(name, bytes, size);
    if (!error && stat(name, &st) == 0)
        *seen = (study_version){.known = 1,
                                .device = (uint64_t)st.st_dev,
                                .inode = (uint64_t)st.st_ino,
                                .size = (int64_t)st.st_size,
                                .changed = st.st_mtim};
    return error;
}

int study_lock(const char *name, int quiet, file_lock *lock) {
    switch (file_lock_take(lock, name)) {
    case LOCK_TAKEN:
        return 0;
    case LOCK_HELD_BY_ANOTHER:
        return complain(STATUS_FAILED,
                        "%s : another command is at work on this checkpoint : its end, or another "
                        "--checkpoint",
                        name);
    case LOCK_UNSUPPORTED:
        if (!quiet)
            remark("warning: %s : no file can be locked there : one command at a time", name);
        return 0;
    default:
        return complain(STATUS_FAILED,
                        "%s : cannot be locked by %s.lock beside it: %s : a folder that can be "
                        "written",
                        name, name, strerror(errno));
    }
}
