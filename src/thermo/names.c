/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of the lists in thermo.h. */
#include <kinising/thermo.h>

const char *ki_estimator_name(int estimator) {
    switch (estimator) {
#define ESTIMATOR_CASE(name, number, word, text)                                                   \
    case name:                                                                                     \
        return word;
        KI_ESTIMATOR_LIST(ESTIMATOR_CASE)
#undef ESTIMATOR_CASE
    default:
        return "?";
    }
}

const char *ki_entropy_test_name(int test) {
    switch (test) {
#define TEST_CASE(name, number, word, hypothesis)                                                  \
    case name:                                                                                     \
        return word;
        KI_ENTROPY_TEST_LIST(TEST_CASE)
#undef TEST_CASE
    default:
        return "?";
    }
}

const char *ki_entropy_test_hypothesis(int test) {
    switch (test) {
#define TEST_CASE(name, number, word, hypothesis)                                                  \
    case name:                                                                                     \
        return hypothesis;
        KI_ENTROPY_TEST_LIST(TEST_CASE)
#undef TEST_CASE
    default:
        return "?";
    }
}
