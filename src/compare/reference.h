/* SPDX-License-Identifier: BSD-3-Clause */
/* The moments that methods are held against, and how they are found. */
#ifndef KI_SRC_COMPARE_REFERENCE_H
#define KI_SRC_COMPARE_REFERENCE_H

#include <kinising/compare.h>

struct ki_compare {
    ki_network network; /* borrowed */
    ki_compare_spec spec;
    ki_compare_reference reference;
    double *arrays; /* what it points into */
};

/* One part of `parts` of a job, as progress of the whole. */
typedef struct ki_part {
    const ki_run_options *user; /* may be NULL */
    uint64_t part, parts;
} ki_part;

/* Threads of the user, and his progress with `part` in it, which must outlive it. */
ki_run_options ki_part_options(ki_part *part);

/* Numbers that a reference of n spins takes, as a double, since nothing that large is ever taken. */
double ki_reference_numbers(const ki_compare_spec *spec, double n);

/* Bytes of work beside them. Returns 0 or KI_ERR_ARGUMENT. */
int ki_reference_work(const ki_compare_spec *spec, uint64_t n, int threads, uint64_t *bytes);

/* Fills compare->reference, in compare->arrays. Returns 0 or KI_ERR_*. */
int ki_reference_find(ki_compare *compare, const ki_run_options *run);

/* Root mean square difference. */
double ki_rms(size_t n, const double *a, const double *b);

#endif
