/* SPDX-License-Identifier: BSD-3-Clause */
/* What meanfield needs before it runs: memory, the network, a start. */
#include "meanfield/meanfield.h"
#include "shell/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes of a run with n spins, and the method that takes the most. A double, since nothing that
 * large is ever taken. */
static int need_of(const mf_command *w, uint64_t n, double *need, int *largest_method) {
    const double spins = (double)n, matrix = sizeof(double) * spins * spins;
    const double vector = sizeof(double) * spins;
    double most = 0;
    uint64_t kept = 0, work = 0;

    for (int method = 0; method < KI_N_METHODS; method++) {
        const ki_meanfield_spec spec = {method, mf_dynamics(w), w->steady};
        uint64_t bytes;
        if (!(w->methods & 1u << method))
            continue;
        const int error = ki_meanfield_memory(n, &spec, &bytes);
        if (error)
            return complain_library(error);
        if ((double)bytes > most) {
            most = (double)bytes;
            *largest_method = method;
        }
    }
    if (w->against != MF_ALONE) {
        const ki_compare_spec spec = mf_compare_spec(w);
        const int error = ki_compare_memory(n, &spec, (int)w->s.threads, &kept, &work);
        if (error)
            return complain_library(error);
    }
    *need = fmax(most, (double)work) + (double)kept + (matrix + vector) * (1 + w->zero_diagonal);
    *need += w->start ? 2 * matrix + vector : vector;
    const double betas = fmax((double)w->beta_list.count, 1);
    const double steps = w->steady ? 1 : (double)w->steps + 1;
    if (mf_wants_matrices(w)) {
        const double states = betas * (w->path ? steps : 1);

        *need += (states > 1 ? 3 * matrix + 2 * vector : matrix + vector) * states;
    }
    if (w->against == MF_ALONE)
        *need += 11 * sizeof(double) * steps * betas * __builtin_popcount(w->methods);
    return 0;
}

/* The largest n that fits into `here` bytes, 0 if none does. */
static uint64_t largest_size(const mf_command *w, uint64_t n, double here) {
    uint64_t fits = 0, high = n;

    while (high - fits > 1) {
        const uint64_t middle = fits + (high - fits) / 2;
        double need;
        int largest_method = 0;
        if (need_of(w, middle, &need, &largest_method) == 0 && need < here)
            fits = middle;
        else
            high = middle;
    }
    return fits;
}

/* Whether this machine has what the run will take; with `verbose`, says how much that is. */
static int state_memory(const mf_command *w, uint64_t n, int verbose) {
    const double here = machine_memory();
    const char *beside = w->against == MF_SIMULATION ? " and the simulation"
                         : w->against == MF_EXACT    ? " and the enumeration"
                                                     : "";
    char bytes[32], all[32], right[96];
    double need = 0;
    int largest_method = KI_NAIVE;

    const int status = need_of(w, n, &need, &largest_method);
    if (status)
        return status;
    const char *method = ki_method_name(largest_method);
    if (need < here) {
        if (verbose && !w->s.quiet)
            remark("N = %llu: %s of memory for %s%s", (unsigned long long)n,
                   print_bytes(bytes, need), method, beside);
        return 0;
    }
    const uint64_t fits = largest_size(w, n, here);
    if (fits > 0)
        snprintf(right, sizeof right, "N up to %llu%s", (unsigned long long)fits,
                 w->path ? ", or no --path" : "");
    else
        snprintf(right, sizeof right, "%s", w->path ? "no --path, or fewer --steps" : "less of it");
    return complain(STATUS_FAILED,
                    "meanfield : N = %llu needs %s for %s%s, and this machine has %s : %s",
                    (unsigned long long)n, print_bytes(bytes, need), method, beside,
                    print_bytes(all, here), right);
}

/* Asynchronous mean fields are of networks without J_ii. */
static int check_diagonal(mf_command *w) {
    if (w->zero_diagonal)
        return given_network_zero_diagonal(&w->given, &w->s);
    const uint64_t i = given_network_self_coupled(&w->given), n = w->given.view.n;
    if (!w->async || i == n)
        return 0;
    return complain(STATUS_USAGE,
                    "%s : J[%llu,%llu] is %.6g, and asynchronous mean fields are those of spins "
                    "that do not act on themselves : --zero-diagonal, which takes J_ii as 0",
                    w->given.path, (unsigned long long)i, (unsigned long long)i,
                    w->given.view.J[i * n + i]);
}

/* What is wrong with a file that is to be a start. */
static int bad_start(const mf_command *w, const char *why) {
    return complain(STATUS_USAGE,
                    "%s : %s : m (N) and perhaps C and D (N,N) of N = %llu spins, such as "
                    "kinising meanfield writes",
                    w->start, why, (unsigned long long)w->view.n);
}

/* Elements `first`.. of an array of any type, as doubles. */
static void convert(const ki_array *a, size_t first, size_t count, double *out) {
    for (size_t k = 0; k < count; k++)
        out[k] = a->type == KI_FLOAT64 ? ((const double *)a->data)[first + k]
                 : a->type == KI_INT64 ? (double)((const int64_t *)a->data)[first + k]
                                       : (double)((const int8_t *)a->data)[first + k];
}

/* The array `key` with `ndim` dimensions of N, or the last of several, as --path writes them.
 * *out stays NULL if there is none. */
static int read_moment(const mf_command *w, ki_reader *r, const char *key, int ndim, double **out) {
    const ptrdiff_t index = ki_reader_find(r, key);
    const size_t n = (size_t)w->view.n, size = ndim == 1 ? n : n * n;
    char why[128];
    ki_array a;

    if (index < 0)
        return 0;
    const ki_array *info = ki_reader_info(r, (size_t)index);
    const int several = info->ndim == ndim + 1;
    int fits = info->ndim == ndim || (several && info->shape[0] > 0);
    for (int d = several; fits && d < info->ndim; d++)
        fits = info->shape[d] == n;
    snprintf(why, sizeof why, "%s is not of numbers in the shape that is needed", key);
    if (info->type == KI_STRING || (info->type && !fits))
        return bad_start(w, why);
    if (check_memory(w->s.argv[0], several ? size * info->shape[0] : size, 2 * sizeof(double)))
        return STATUS_FAILED;
    *out = get_memory(w->s.argv[0], size, sizeof **out);
    if (!*out)
        return STATUS_FAILED;
    const int error = ki_reader_read(r, (size_t)index, &a);
    if (error)
        return complain_input(error, w->start);
    convert(&a, several ? size * (a.shape[0] - 1) : 0, size, *out);
    ki_array_free(&a);
    return 0;
}

static int read_start(mf_command *w) {
    const size_t n = (size_t)w->view.n;
    ki_reader *r;

    if (!w->start) {
        w->m_start = get_memory(w->s.argv[0], n, sizeof *w->m_start);
        for (size_t i = 0; w->m_start && i < n; i++)
            w->m_start[i] = w->m0;
        return w->m_start ? 0 : STATUS_FAILED;
    }
    const int error = ki_reader_open(w->start, &r);
    if (error)
        return complain_input(error, w->start);
    int status = read_moment(w, r, "m", 1, &w->m_start);
    if (!status && !w->m_start)
        status = bad_start(w, "has no array m");
    if (!status)
        status = read_moment(w, r, "C", 2, &w->C_start);
    if (!status)
        status = read_moment(w, r, "D", 2, &w->D_start);
    ki_reader_close(r);
    for (size_t i = 0; !status && i < n; i++)
        if (!(fabs(w->m_start[i]) <= 1))
            status =
                complain(STATUS_USAGE, "%s : m[%zu] is %g : -1 to 1", w->start, i, w->m_start[i]);
    if (!status && !w->C_start && !w->s.quiet)
        remark("%s has no C: independent spins are taken", w->start);
    return status;
}

int mf_read_input(mf_command *w, int beta_given, int m0_given) {
    const uint64_t n = given_network_size(w->given.path);
    int status = n ? state_memory(w, n, 0) : 0;

    if (status)
        return status;
    if (w->start && m0_given)
        return complain(STATUS_USAGE, "--m0 : the start is in %s already : one of both", w->start);
    status = given_network_read(&w->given, &w->s, 1);
    if (!status)
        status = given_network_betas(&w->given, &w->s, &w->beta_list, beta_given, &w->betas,
                                     &w->n_betas);
    if (!status)
        status = check_diagonal(w);
    w->view = w->given.view;
    if (!status)
        status = read_start(w);
    /* After all that can be wrong with the input: that gets one sentence and nothing else. */
    return status ? status : state_memory(w, w->view.n, 1);
}

void mf_free_input(mf_command *w) {
    given_network_free(&w->given);
    free(w->betas);
    free(w->m_start);
    free(w->C_start);
    free(w->D_start);
}
