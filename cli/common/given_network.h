/* SPDX-License-Identifier: BSD-3-Clause */
/* The network that a command is given in a file. */
#ifndef KINISING_CLI_GIVEN_NETWORK_H
#define KINISING_CLI_GIVEN_NETWORK_H

#include <kinising/kinising.h>

#include "common/model_options.h"
#include "shell/session.h"
#include "shell/values.h"

/* Zero it but for `path`. */
typedef struct given_network {
    const char *path;
    ki_network_file *file;
    ki_network view;   /* of the file, or of it without J_ii */
    double *couplings; /* then: [N,N] */
} given_network;

/* Spins, before any number of the file is read; 0 if that is not to be seen, and reading will say
 * why. */
uint64_t given_network_size(const char *path);

/* Reads the file, if the machine has memory for `copies` of such a network. Returns 0 or the exit
 * status of its message. given_network_free() may follow in every case. */
int given_network_read(given_network *g, const session *s, size_t copies);
void given_network_free(given_network *g);

/* Says so if the file has no beta and none was given, and 1 is taken. */
void given_network_say_beta(const given_network *g, const session *s, int beta_given);

/* The betas of a list that was given, or the one of the file: *betas [n] to be freed. Returns 0 or
 * the exit status of its message. */
int given_network_betas(const given_network *g, const session *s, const value_list *list, int given,
                        double **betas, size_t *n);

/* Lists of one value each, those of the ensemble that the network in a file looks like, but for lists
 * that were given; nothing without a path. Returns 0 or the exit status of its message. */
int given_network_lists(const session *s, const char *path, const option *options, size_t n,
                        value_list lists[N_PARAMETERS]);

/* The first spin that acts on itself, N if there is none. */
uint64_t given_network_self_coupled(const given_network *g);

/* Takes all J_ii as 0 in g->view. Returns 0 or the exit status of its message. */
int given_network_zero_diagonal(given_network *g, const session *s);

#endif
