/* SPDX-License-Identifier: BSD-3-Clause */
#include "theory/curves.h"

#include <stdlib.h>
#include <string.h>

#include "common/grid_plot.h"
#include "shell/memory.h"
#include "shell/message.h"
#include "shell/output.h"

int curves_make(curves *c, const char *command, const value_list lists[N_PARAMETERS],
                const value_list *m0, size_t length, size_t row_size) {
    const uint64_t n_m0 = m0 ? m0->count : 1;

    *c = (curves){.length = length};
    int status = grid_check_count(command, lists, n_m0);
    if (status)
        return status;
    /* Too much is refused before the lists are written out. */
    const double point = (double)n_m0 * (double)length * (double)row_size;
    status = grid_make(&c->g, command, lists, point < 0x1p62 ? (size_t)point : (size_t)1 << 62);
    if (status)
        return status;
    c->n_m0 = (size_t)n_m0;
    c->points = c->n_m0 * c->g.total;
    c->rows = c->points * length;
    if (m0) {
        c->m0 = get_memory(command, n_m0, sizeof(double));
        if (!c->m0)
            return STATUS_FAILED;
        value_list_fill(m0, c->m0);
    }
    return 0;
}

void curves_free(curves *c) {
    grid_free(&c->g);
    free(c->m0);
    c->m0 = NULL;
}

ki_theory_params curves_point(const curves *c, size_t i) {
    return grid_point(&c->g, i % c->g.total);
}

double curves_m0(const curves *c, size_t i) {
    return c->m0[i / c->g.total];
}

void curves_parameters(const curves *c, double *const real[N_PARAMETERS]) {
    for (size_t i = 0; i < c->points; i++) {
        const ki_theory_params p = curves_point(c, i);
        const double v[N_PARAMETERS] = {p.beta, p.J0, p.dJ, p.dH};
        for (int a = 0; a < N_PARAMETERS; a++)
            for (size_t k = 0; k < c->length; k++)
                real[a][i * c->length + k] = v[a];
    }
}

size_t curves_axes(const curves *c, const char *name, const double *abscissa,
                   result_axis out[CURVES_AXES]) {
    size_t n = 0;

    if (c->m0)
        out[n++] = (result_axis){.name = "m0", .n = c->n_m0, .real = c->m0};
    n += grid_axes(&c->g, out + n);
    out[n++] = (result_axis){.name = name, .n = c->length, .real = abscissa};
    return n;
}

int curves_show_progress(void *user, uint64_t done, uint64_t total) {
    enum { PARTS = 10000 };
    const curves_progress *p = user;
    const uint64_t part = (uint64_t)((double)done / (double)total * PARTS);

    return session_progress(p->s, (uint64_t)p->at * PARTS + part, (uint64_t)p->points * PARTS);
}

int curves_figure_check(const curves *c) {
    if (c->points <= PLOT_MAX_FAMILIES)
        return 0;
    return complain(STATUS_USAGE, "--plot : %zu curves are too many to tell apart : at most %d",
                    c->points, PLOT_MAX_FAMILIES);
}

/* What makes curve `i` differ from the others. */
static void name_curve(const curves *c, size_t i, char *out, size_t size) {
    const ki_theory_params p = curves_point(c, i);
    size_t used = 0;

    out[0] = '\0';
    if (c->n_m0 > 1)
        used = (size_t)snprintf(out, size, "m_0 = %.6g", curves_m0(c, i));
    for (int a = 0; a < N_PARAMETERS && used < size; a++)
        if (c->g.n[a] > 1)
            used += (size_t)snprintf(out + used, size - used, "%s%s = %.6g", used ? ", " : "",
                                     parameter_symbols[a], parameter_value(&p, a));
}

int curves_lay_out(const curves *c, const char *command, curves_figure *f, plot_curves *out) {
    f->family = get_memory(command, c->rows, 1);
    if (!f->family)
        return STATUS_FAILED;
    for (size_t row = 0; row < c->rows; row++)
        f->family[row] = (unsigned char)(row / c->length);
    for (size_t i = 0; i < c->points; i++) {
        name_curve(c, i, f->label[i], sizeof f->label[i]);
        f->labels[i] = f->label[i];
    }
    grid_title(&c->g, -1, f->title, sizeof f->title);
    if (c->n_m0 == 1 && c->m0) {
        const size_t used = strlen(f->title);
        snprintf(f->title + used, sizeof f->title - used, "%sm_0 = %.6g", used ? ", " : "",
                 c->m0[0]);
    }
    out->title = f->title;
    out->n = c->rows;
    out->n_families = c->points;
    out->family = c->points > 1 ? f->family : NULL;
    out->family_labels = f->labels;
    return 0;
}
