/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/given_network.h"

#include <stdlib.h>
#include <string.h>

#include "shell/memory.h"

uint64_t given_network_size(const char *path) {
    ki_reader *r;
    uint64_t n = 0;

    if (ki_reader_open(path, &r))
        return 0;
    const ptrdiff_t H = ki_reader_find(r, "H"), J = ki_reader_find(r, "J");
    if (H >= 0 && J >= 0) {
        const ki_array *h = ki_reader_info(r, (size_t)H), *j = ki_reader_info(r, (size_t)J);
        if (h->type && j->type && h->ndim == 1 && j->ndim == 2 && j->shape[0] == h->shape[0] &&
            j->shape[1] == h->shape[0])
            n = h->shape[0];
    }
    ki_reader_close(r);
    return n;
}

int given_network_read(given_network *g, const session *s, size_t copies) {
    const uint64_t n = given_network_size(g->path);

    if (n < UINT32_MAX && check_memory(s->argv[0], n * (n + 1), copies * sizeof(double)))
        return STATUS_FAILED;
    const int error = ki_network_read(g->path, &g->file);
    if (error)
        return complain_input(error, g->path);
    g->view = g->file->view;
    return 0;
}

void given_network_free(given_network *g) {
    ki_network_file_free(g->file);
    free(g->couplings);
    *g = (given_network){0};
}

void given_network_say_beta(const given_network *g, const session *s, int beta_given) {
    if (!beta_given && !g->file->has_beta && !s->quiet)
        remark("%s has no beta, 1 is taken", g->path);
}

int given_network_betas(const given_network *g, const session *s, const value_list *list, int given,
                        double **betas, size_t *n) {
    *n = given ? (size_t)list->count : 1;
    *betas = get_memory(s->argv[0], *n, sizeof **betas);
    if (!*betas)
        return STATUS_FAILED;
    if (given)
        value_list_fill(list, *betas);
    else
        (*betas)[0] = g->file->view.beta;
    given_network_say_beta(g, s, given);
    return 0;
}

uint64_t given_network_self_coupled(const given_network *g) {
    const uint64_t n = g->view.n;
    uint64_t i = 0;

    while (i < n && g->view.J[i * n + i] == 0)
        i++;
    return i;
}

int given_network_zero_diagonal(given_network *g, const session *s) {
    const uint64_t n = g->view.n;

    g->couplings = get_memory(s->argv[0], n * n, sizeof *g->couplings);
    if (!g->couplings)
        return STATUS_FAILED;
    memcpy(g->couplings, g->view.J, (size_t)(n * n) * sizeof *g->couplings);
    for (uint64_t i = 0; i < n; i++)
        g->couplings[i * n + i] = 0;
    g->view.J = g->couplings;
    return 0;
}
