/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising fit: the row, the network file, and the units that are to be named. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/fit.h"
#include "shell/memory.h"
#include "shell/output.h"

const char *const fit_firth_words[] = {"auto", "all", "none", NULL};

enum { N_COLUMNS = 23, N_ARRAYS = 12 };

/* How many units something is said of, and the first of them as text. */
typedef struct listing {
    size_t count, used;
    char units[96];
} listing;

static void list_unit(listing *l, size_t i) {
    const size_t used = l->used < sizeof l->units ? l->used : sizeof l->units;
    char *end = l->units + used;
    int more = 0;

    if (l->count < 10)
        more = snprintf(end, sizeof l->units - used, "%s%zu", l->count ? ", " : "", i);
    else if (l->count == 10)
        more = snprintf(end, sizeof l->units - used, " ...");
    l->used += (size_t)more;
    l->count++;
}

static listing list_units(const fit_run *w, int status) {
    listing l = {0};

    for (size_t i = 0; i < w->n; i++)
        if (w->status[i] == status)
            list_unit(&l, i);
    return l;
}

/* Columns that were not fitted though their units change. */
static listing list_unfitted(const fit_run *w) {
    listing l = {0};

    for (size_t i = 0; i < w->n; i++)
        if (!w->column[i] && w->status[i] != KI_SILENT && w->status[i] != KI_SATURATED)
            list_unit(&l, i);
    return l;
}

static const char *plural(size_t count) {
    return count == 1 ? "unit" : "units";
}

static void say(const listing *l, const char *what) {
    if (l->count)
        remark("%zu %s %s: %s", l->count, plural(l->count), what, l->units);
}

typedef struct report {
    listing silent, saturated, separated, no_root, unconverged, unfitted;
    ki_network_summary network;
    double real[N_COLUMNS];
    const char *word[N_COLUMNS];
    column columns[N_COLUMNS];
    size_t n_columns;
} report;

static void add_real(report *r, const char *name, double value, const char *units) {
    const size_t k = r->n_columns++;

    r->real[k] = value;
    r->columns[k] = (column){.name = name, .real = r->real + k, .units = units};
}

static void add_word(report *r, const char *name, const char *word) {
    const size_t k = r->n_columns++;

    r->word[k] = word;
    r->columns[k] = (column){.name = name, .word = r->word + k};
}

static const char *status_of(const report *r) {
    if (r->unconverged.count)
        return ki_status_name(KI_NOT_CONVERGED);
    if (r->no_root.count)
        return ki_status_name(KI_NO_ROOT);
    return ki_status_name(r->separated.count ? KI_SEPARATED : KI_CONVERGED);
}

static void lay_out_columns(const fit_run *w, report *r) {
    const int bits = w->s.unit == UNIT_BITS;
    const int averaged = w->async && !w->updates;

    add_word(r, "method", ki_fit_method_name(w->method));
    add_real(r, "N", (double)w->n, NULL);
    add_real(r, "trials", (double)w->summary.trials, NULL);
    add_real(r, "transitions", (double)w->fit.transitions, NULL);
    add_word(r, "dynamics", ki_dynamics_name(w->async ? KI_ASYNC : KI_SYNC));
    add_real(r, "bin", w->summary.width, "s");
    add_real(r, "step", averaged ? w->step : NAN, NULL);
    add_real(r, "ridge", w->spec.ridge, "nats");
    add_real(r, "l1", w->spec.l1, "nats");
    add_word(r, "firth", fit_firth_words[w->firth]);
    add_real(r, "beta", 1, NULL);
    add_real(r, "J0", r->network.J0, NULL);
    add_real(r, "dJ", r->network.dJ, NULL);
    add_real(r, "log_likelihood", w->fit.total * session_unit(&w->s), bits ? "bits" : "nats");
    add_real(r, "aic", w->fit.aic, NULL);
    add_real(r, "bic", w->fit.bic, NULL);
    add_real(r, "parameters", (double)w->fit.parameters, NULL);
    add_real(r, "held_out", w->held, "bits/spike");
    add_real(r, "separated", (double)r->separated.count, NULL);
    add_real(r, "constant", (double)(r->silent.count + r->saturated.count), NULL);
    add_real(r, "no_root", (double)r->no_root.count, NULL);
    add_real(r, "unfitted", (double)r->unfitted.count, NULL);
    add_word(r, "status", status_of(r));
}

typedef struct file_arrays {
    ki_array arrays[N_ARRAYS];
    ki_label labels[N_ARRAYS];
    size_t n;
} file_arrays;

static void add_array(file_arrays *f, const char *name, int type, size_t rows, size_t columns,
                      const char *units, const void *data) {
    if (!data)
        return;
    f->arrays[f->n] = (ki_array){name, type, columns ? 2 : 1, {rows, columns}, data};
    f->labels[f->n++] = (ki_label){.units = units, .axes = {"spin", columns ? "from_spin" : NULL}};
}

static void lay_out_arrays(const fit_run *w, const char *const *words, file_arrays *f) {
    const size_t n = w->n;
    const ki_fit_result *o = &w->fit;

    add_array(f, "H", KI_FLOAT64, n, 0, NULL, o->H);
    add_array(f, "J", KI_FLOAT64, n, n, NULL, o->J);
    add_array(f, "H_err", KI_FLOAT64, n, 0, NULL, o->H_err);
    add_array(f, "J_err", KI_FLOAT64, n, n, NULL, o->J_err);
    add_array(f, "H_robust", KI_FLOAT64, n, 0, NULL, o->H_robust);
    add_array(f, "J_robust", KI_FLOAT64, n, n, NULL, o->J_robust);
    add_array(f, "log_likelihood_unit", KI_FLOAT64, n, 0, "nats", o->log_likelihood);
    add_array(f, "status_unit", KI_STRING, n, 0, NULL, words);
    add_array(f, "fitted", KI_INT8, n, 0, NULL, o->column);
    if (w->tried > 1) {
        add_array(f, "penalty", KI_FLOAT64, w->tried, 0, "nats", w->penalty);
        f->labels[f->n - 1].axes[0] = "penalty";
        add_array(f, "held_out_of_penalty", KI_FLOAT64, w->tried, 0, "bits/spike", w->worth);
        f->labels[f->n - 1].axes[0] = "penalty";
    }
}

static void say_all(const fit_run *w, const report *r) {
    if (w->s.quiet)
        return;
    say(&r->silent, "never active, constants with J = 0");
    say(&r->saturated, "always active, constants with J = 0");
    say(&r->unfitted, "whose states others make up: no couplings from them");
    say(&r->separated, w->firth == KI_FIRTH_NONE
                           ? "separated, without a finite maximum: the row is where the fit ended"
                           : "separated, without a finite maximum: Firth's penalty");
}

static int not_ok(const report *r) {
    if (r->unconverged.count)
        return complain(STATUS_UNCONVERGED,
                        "fit : %zu %s not converged, %s : --ridge, or longer recordings",
                        r->unconverged.count, plural(r->unconverged.count), r->unconverged.units);
    if (r->no_root.count)
        return complain(STATUS_UNCONVERGED,
                        "fit : the equation of the method has no root for %zu %s, %s : --method "
                        "mle",
                        r->no_root.count, plural(r->no_root.count), r->no_root.units);
    return 0;
}

int fit_report(fit_run *w) {
    const ki_network view = {w->n, w->fit.H, w->fit.J, 1};
    const char **words = get_memory(w->s.argv[0], w->n, sizeof *words);
    report r = {.silent = list_units(w, KI_SILENT),
                .saturated = list_units(w, KI_SATURATED),
                .separated = list_units(w, KI_SEPARATED),
                .no_root = list_units(w, KI_NO_ROOT),
                .unconverged = list_units(w, KI_NOT_CONVERGED),
                .unfitted = list_unfitted(w),
                .network = {.J0 = NAN, .dJ = NAN}};
    file_arrays f = {.n = 0};

    if (!words)
        return STATUS_FAILED;
    for (size_t i = 0; i < w->n; i++)
        words[i] = ki_status_name(w->status[i]);
    /* Rows without a root are no numbers: then the network has no parameters. */
    if (ki_network_summarize(&view, &r.network))
        r.network.J0 = r.network.dJ = NAN;
    lay_out_columns(w, &r);
    if (w->s.file)
        lay_out_arrays(w, words, &f);
    const result out = {.columns = r.columns,
                        .n_columns = r.n_columns,
                        .rows = 1,
                        .arrays = f.arrays,
                        .labels = f.labels,
                        .n_arrays = f.n};
    say_all(w, &r);
    const int status = session_end(&w->s, &out);
    free(words);
    return status ? status : not_ok(&r);
}
