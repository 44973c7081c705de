/* SPDX-License-Identifier: BSD-3-Clause */
/* A study as bytes: checkpoints, and the array `state` of a shard. */
#ifndef KINISING_CLI_CHECKPOINT_H
#define KINISING_CLI_CHECKPOINT_H

#include <time.h>

#include "shell/file_lock.h"
#include "simulate/study.h"

/* The bytes of a study, with a checksum. `live`, if not NULL, stands for what point
 * number `at` has stored, and `seconds` for its time. Returns malloc'ed bytes, NULL when memory is
 * out. */
unsigned char *study_pack(const sim_study *st, size_t at, const ki_ensemble *live, double seconds,
                          size_t *size);
/* Bytes that claim to be a study, from a file called `name` in messages. Returns 0 or the exit
 * status of its message; study_free() may follow in every case. */
int study_unpack(const char *name, const void *bytes, size_t size, sim_study *st);
/* Whether bytes begin as those of study_pack(). */
int study_is_packed(const void *bytes, size_t size);
/* One version of a checkpoint file, as it was last seen. */
typedef struct study_version {
    int known;
    int overtaken; /* another command has replaced it by what must stay */
    uint64_t device, inode;
    int64_t size;
    struct timespec changed;
} study_version;
/* Writes packed bytes to the file `name`. What another command has put there since `seen` is not
 * replaced if it is of another run or has more realizations, now or later. Returns 0, the exit
 * status of a message that is said once, or KI_ERR_* of which nothing is said yet. */
int study_save(const char *name, study_version *seen, const void *bytes, size_t size);
/* Locks a checkpoint for this command; to be released by file_lock_release(). Returns 0 or the exit
 * status of its message. */
int study_lock(const char *name, int quiet, file_lock *lock);
/* Continues from a checkpoint: `st` is the study that is asked for, `saved` what is there already,
 * which moves over. Returns 0 or the exit status of its message. */
int study_resume(const char *name, sim_study *st, sim_study *saved);

#endif
