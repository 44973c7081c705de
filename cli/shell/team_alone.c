/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/team.h"

#include "shell/message.h"

int team_size(void) {
    return 1;
}

int team_on_this_machine(void) {
    return 1;
}

int team_run(ki_ensemble *e, uint64_t first, uint64_t last, const ki_run_options *run) {
    return ki_ensemble_run(e, first, last, run);
}

const char *team_error(void) {
    return library_sentence();
}
