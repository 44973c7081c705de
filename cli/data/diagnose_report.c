/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports of `kinising diagnose`: the picture of one page, and JSON. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/diagnose.h"
#include "data/diagnose_figure.h"
#include "plot/gnuplot.h"
#include "shell/ending.h"
#include "shell/message.h"
#include "shell/output.h"
#include "shell/signals.h"

enum { NAME_SIZE = 64, LINE_POINTS = 61, CURVE_ARRAYS = 1 + 4 * N_CURVES };

static_assert((int)FIGURE_CELL >= (int)CELL_SIZE, "a value of the page fits into the picture's");

static int is_json(const char *path) {
    return strcasecmp(file_ending(path), ".json") == 0;
}

int diagnose_check_report(const char *path) {
    static const char *const endings[] = {".png", ".pdf", ".svg", ".json"};
    const char *end = file_ending(path);
    char quoted[QUOTE_SIZE];

    for (size_t k = 0; k < sizeof endings / sizeof *endings; k++)
        if (strcasecmp(end, endings[k]) == 0)
            return is_json(path) ? check_target(path) : gnuplot_check(path);
    return complain(STATUS_USAGE, "--report %s : unknown ending %s : .png, .pdf, .svg or .json",
                    path, quote_text(quoted, end, strlen(end)));
}

/* The last part of a path with nothing in it that gnuplot could read as more than text. */
static void plain_name(const char *path, char *out, size_t size) {
    const char *slash = strrchr(path, '/');
    const char *name = slash && slash[1] ? slash + 1 : path;

    if (snprintf(out, size, "%s", name) >= (int)size)
        memcpy(out + size - 4, "...", 4);
    for (char *c = out; *c; c++)
        if (*c < ' ' || *c > '~' || *c == '\'' || *c == '"' || *c == '\\' || *c == '`' || *c == '$')
            *c = '_';
}

/* Arrays that a view points into. */
typedef struct view_memory {
    double curve[CURVE_ARRAYS][KI_MOST_CURVE_POINTS];
    double line_b[LINE_POINTS], line[FIGURE_LINES][LINE_POINTS];
} view_memory;

static void fill_curves(const ki_diagnosis *d, view_memory *m, figure_view *v) {
    for (uint64_t i = 0; i < d->points; i++) {
        const ki_curve_point *p = &d->curve[i];
        const ki_band *band[N_CURVES] = {&p->sigma, &p->S, &p->chi};
        const double exact[N_CURVES] = {p->exact_sigma, p->exact_S, p->exact_chi};

        m->curve[0][i] = p->x;
        for (int c = 0; c < N_CURVES; c++) {
            m->curve[1 + 4 * c][i] = band[c]->low;
            m->curve[2 + 4 * c][i] = band[c]->median;
            m->curve[3 + 4 * c][i] = band[c]->high;
            m->curve[4 + 4 * c][i] = exact[c];
        }
    }
    v->n_points = (size_t)d->points;
    v->x = m->curve[0];
    for (int c = 0; c < N_CURVES; c++)
        v->curve[c] = (figure_curve){m->curve[1 + 4 * c], m->curve[2 + 4 * c], m->curve[3 + 4 * c],
                                     m->curve[4 + 4 * c]};
}

/* Where g has its borders, up to twice the largest b of all. */
static int fill_lines(const ki_diagnosis *d, double highest, view_memory *m, figure_view *v) {
    const double g[FIGURE_LINES] = {d->options.critical, 1, d->options.ordered};
    int error = 0;

    for (int i = 0; i < LINE_POINTS; i++)
        m->line_b[i] = highest * i / (LINE_POINTS - 1);
    for (int l = 0; l < FIGURE_LINES && !error; l++) {
        error = ki_regime_border(&d->prior, g[l], LINE_POINTS, m->line_b, m->line[l]);
        v->line[l] = m->line[l];
    }
    v->line_b = m->line_b;
    v->n_line = LINE_POINTS;
    return error;
}

static int fill_view(const diagnosed *found, double highest, view_memory *m, figure_view *v) {
    const ki_diagnosis *d = &found->d;
    const size_t draws = (size_t)d->options.draws;

    *v = (figure_view){.n_draws = draws,
                       .mu = found->drawn,
                       .b = found->drawn + draws,
                       .mu_at = d->mu.value,
                       .b_at = d->b.value};
    fill_curves(d, m, v);
    for (int regime = 1; regime < KI_N_REGIMES; regime++)
        v->probability[regime - 1] = d->probability[regime];
    return fill_lines(d, highest, m, v);
}

static void fill_text(const diagnose_run *w, diagnose_figure *f) {
    for (const page_row *r = page_rows; r->label; r++) {
        char(*row)[FIGURE_CELL] = f->row[f->n_rows];
        if (!r->in_picture || f->n_rows == FIGURE_ROWS)
            continue;
        snprintf(row[0], FIGURE_CELL, "%s", r->label);
        for (size_t k = 0; k < w->n; k++)
            r->value(&w->found[k].d, row[1 + k]);
        f->n_rows++;
    }
}

static int draw(const diagnose_run *w, const char *path) {
    char title[280], verdict[VERDICT_SIZE], name[DIAGNOSE_MOST][NAME_SIZE];
    view_memory *memory = calloc(w->n, sizeof *memory);
    diagnose_figure *f = calloc(1, sizeof *f);
    const ki_diagnose_options *o = &w->found[0].d.options;
    double highest = 1.2;
    int error = memory && f ? 0 : -1;

    for (size_t k = 0; k < w->n; k++) {
        const double *b = w->found[k].drawn + o->draws;
        for (uint64_t i = 0; i < o->draws; i++)
            highest = b[i] > highest ? b[i] : highest;
        plain_name(w->found[k].path, name[k], sizeof name[k]);
    }
    for (size_t k = 0; k < w->n && !error; k++)
        error = fill_view(&w->found[k], 1.4 * highest, &memory[k], &f->view[k]);
    int status = !memory || !f ? complain(STATUS_FAILED, "%s : out of memory : fewer --draws", path)
                 : error       ? complain_library(error)
                               : 0;
    if (!status) {
        f->n = w->n;
        f->bits = w->s.unit == UNIT_BITS;
        f->border[0] = o->critical;
        f->border[1] = o->ordered;
        f->probability = o->probability;
        f->n_regimes = KI_N_REGIMES - 1;
        for (int regime = 1; regime < KI_N_REGIMES; regime++)
            f->regime[regime - 1] = ki_regime_name(regime);
        snprintf(title, sizeof title,
                 w->n > 1 ? "kinising diagnose   A: %s   B: %s" : "kinising diagnose   %s", name[0],
                 name[w->n - 1]);
        if (w->n > 1)
            diagnose_change(w, verdict);
        else
            diagnose_verdict(&w->found[0].d, verdict);
        f->title = title;
        f->verdict = verdict;
        fill_text(w, f);
        status = diagnose_draw(f, path);
    }
    free(f);
    free(memory);
    return status;
}

static int write_json(const diagnose_run *w, const char *path) {
    size_t length = 0;
    signal_actions before;
    char *text = diagnose_json(w, &length);

    if (!text)
        return complain(STATUS_FAILED, "%s : out of memory : fewer --draws", path);
    signals_hold(&before);
    const int error = ki_write_bytes(path, text, length);
    signals_release(&before);
    free(text);
    return error ? complain_library(error) : 0;
}

int diagnose_report(diagnose_run *w, const char *path) {
    const int status = is_json(path) ? write_json(w, path) : draw(w, path);

    if (!status && !w->s.quiet)
        remark("%s %s", is_json(path) ? "wrote" : "drew", path);
    return status;
}
