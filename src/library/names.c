/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of the lists in model.h. */
#include <kinising/model.h>
#include <kinising/simulate.h>

#define STATUS_CASE(name, number, word, meaning)                                                   \
    case name:                                                                                     \
        return word;
#define MEANING_CASE(name, number, word, meaning)                                                  \
    case name:                                                                                     \
        return meaning;
#define PHASE_CASE(name, number, word)                                                             \
    case name:                                                                                     \
        return word;
#define METHOD_CASE(name, number, symbol, word, text)                                              \
    case name:                                                                                     \
        return word;

#define DYNAMICS_CASE(name, number, word)                                                          \
    case name:                                                                                     \
        return word;
#define START_CASE(name, number, word, meaning)                                                    \
    case name:                                                                                     \
        return word;

const char *ki_status_name(int status) {
    switch (status) {
        KI_STATUS_LIST(STATUS_CASE)
    default:
        return "?";
    }
}

const char *ki_status_meaning(int status) {
    switch (status) {
        KI_STATUS_LIST(MEANING_CASE)
    default:
        return "?";
    }
}

const char *ki_phase_name(int phase) {
    switch (phase) {
        KI_PHASE_LIST(PHASE_CASE)
    default:
        return "?";
    }
}

const char *ki_method_name(int method) {
    switch (method) {
        KI_METHOD_LIST(METHOD_CASE)
    default:
        return "?";
    }
}

const char *ki_dynamics_name(int dynamics) {
    switch (dynamics) {
        KI_DYNAMICS_LIST(DYNAMICS_CASE)
    default:
        return "?";
    }
}

const char *ki_start_name(int start) {
    switch (start) {
        KI_START_LIST(START_CASE)
    default:
        return "?";
    }
}
