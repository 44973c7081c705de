/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of a study over the curves of the infinite network. */
#ifndef KINISING_CLI_STUDY_PLOT_H
#define KINISING_CLI_STUDY_PLOT_H

#include "shell/session.h"
#include "simulate/study.h"

extern const char *const study_panel_words[];
#define PANELS_OPTION(panels)                                                                      \
    {                                                                                              \
        .name = "panels", .kind = OPTION_WORDS, .target = (panels), .meta = "WORDS",               \
        .help = "of --plot: some of m,q,S,Sr,sigma,activity (default m,q,S,sigma)",                \
        .words = study_panel_words                                                                 \
    }
typedef struct sim_figure {
    const sim_study *st;
    const session *s;
    unsigned panels; /* bit i for study_panel_words[i]; 0: the usual ones */
} sim_figure;
int study_draw(const void *figure, const char *picture);
/* Before the computation: whether --plot can show these points. */
int study_plot_check(const sim_study *st, unsigned panels);

#endif
