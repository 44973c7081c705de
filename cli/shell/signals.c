/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/signals.h"

#include <stddef.h>

#include "shell/message.h"

const int ending_signals[N_ENDING_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

static volatile sig_atomic_t caught;

static void catch_signal(int number) {
    caught = number;
}

void signals_handle(signal_actions *before, void (*handler)(int number), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    sigemptyset(&action.sa_mask);
    for (int i = 0; i < N_ENDING_SIGNALS; i++) {
        sigaction(ending_signals[i], NULL, &before->old[i]);
        if (before->old[i].sa_handler != SIG_IGN)
            sigaction(ending_signals[i], &action, NULL);
    }
}

void signals_restore(const signal_actions *before) {
    for (int i = 0; i < N_ENDING_SIGNALS; i++)
        sigaction(ending_signals[i], &before->old[i], NULL);
}

void signals_hold(signal_actions *before) {
    caught = 0;
    signals_handle(before, catch_signal, SA_RESTART);
}

void signals_release(const signal_actions *before) {
    signals_restore(before);
    if (caught)
        raise(caught);
}

int signals_waiting(void) {
    return caught != 0;
}

void signals_end(int status) {
    if (status <= STATUS_SIGNAL)
        return;
    signal(status - STATUS_SIGNAL, SIG_DFL);
    raise(status - STATUS_SIGNAL);
}
