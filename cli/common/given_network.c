/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/given_network.h"

#include <math.h>
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

int given_network_lists(const session *s, const char *path, const option *options, size_t n,
                        value_list lists[N_PARAMETERS]) {
    given_network g = {.path = path};
    ki_network_summary looks = {0};

    if (!path)
        return 0;
    int status = given_network_read(&g, s, 1);
    const int error = status ? 0 : ki_network_summarize(&g.view, &looks);
    if (error)
        status = complain_library(error);
    if (!status && g.view.n < 2)
        status = complain(STATUS_USAGE, "%s : one spin has no ensemble : two spins or more", path);
    const double value[N_PARAMETERS] = {g.view.beta, looks.J0, looks.dJ, looks.dH};
    for (int p = 0; p < N_PARAMETERS && !status; p++) {
        char text[REAL_SIZE];
        refusal no;
        if (option_given(options, n, parameter_names[p]))
            continue;
        value_list_free(&lists[p]);
        lists[p] = (value_list){0};
        print_real(text, value[p]);
        if (parse_list(text, strlen(text), &lists[p], &no))
            status = complain_library(KI_ERR_NOMEM);
    }
    if (!status)
        given_network_say_beta(&g, s, option_given(options, n, "beta"));
    const double wide = fmax(looks.dH, looks.dJ);
    if (!status && !s->quiet && fabs(looks.H_mean) > 0.1 * wide)
        remark("the fields of %s have the mean %.3g, those of the theory 0", path, looks.H_mean);
    given_network_free(&g);
    return status;
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
