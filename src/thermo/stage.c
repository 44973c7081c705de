/* SPDX-License-Identifier: BSD-3-Clause */
#include "job.h"

/* Progress of a stage as that of all. */
static int stage_progress(void *user, uint64_t done, uint64_t total) {
    const ki_entropy_job *j = user;
    const double share = total ? (double)done / (double)total : 0;

    return j->run->progress(j->run->progress_user, 1000 * j->stage + (uint64_t)(999 * share),
                            UINT64_C(1000) * j->stages);
}

ki_run_options ki_entropy_stage(ki_entropy_job *j) {
    ki_run_options run = {.threads = j->run ? j->run->threads : 0};

    if (j->run && j->run->progress) {
        run.progress = stage_progress;
        run.progress_user = j;
    }
    return run;
}
