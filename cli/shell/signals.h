/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals that end the program: INT, TERM, HUP. One that is ignored stays ignored. */
#ifndef KINISING_CLI_SIGNALS_H
#define KINISING_CLI_SIGNALS_H

#include <signal.h>

enum { N_ENDING_SIGNALS = 3 };
extern const int ending_signals[N_ENDING_SIGNALS];

/* What the signals did before. */
typedef struct signal_actions {
    struct sigaction old[N_ENDING_SIGNALS];
} signal_actions;

/* Gives the signals a handler until signals_restore(); `flags` as in sigaction. */
void signals_handle(signal_actions *before, void (*handler)(int number), int flags);
void signals_restore(const signal_actions *before);

/* From hold to release a signal waits, so that a file becomes whole and no temporary file is left;
 * for work that cannot block for ever. A mask would not do: other threads would still take the
 * signal. */
void signals_hold(signal_actions *before);
void signals_release(const signal_actions *before);

/* Whether one has come since signals_hold(): long work may stop early. */
int signals_waiting(void);

/* Ends this process by the signal that an exit status of 128 + n stands for, as shells and their
 * loops expect it of a program that was interrupted; returns for others. */
void signals_end(int status);

#endif
