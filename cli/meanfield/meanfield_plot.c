/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of meanfield: moments in time, and errors against temperature. */
#include "meanfield/meanfield.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/plot.h"
#include "shell/memory.h"

/* Numbers the methods in the order they come; `names` has room for PLOT_MAX_FAMILIES. */
static size_t number_methods(const mf_rows *r, unsigned char *family, const char **names) {
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        size_t k = 0;
        while (k < n && strcmp(names[k], r->method[i]) != 0)
            k++;
        if (k == n)
            names[n++] = r->method[i];
        family[i] = (unsigned char)k;
    }
    return n;
}

/* The rows that are drawn: not those of an exact reference, whose errors are 0. Numbers that mean
 * nothing leave gaps: they would take the scale from the others. */
static mf_rows drawn_rows(const mf_rows *r, double *room, const char **method) {
    mf_rows out = {.w = r->w, .x = room, .method = method};

    for (size_t k = 0; k < 4; k++)
        out.y[k] = room + (k + 1) * r->n;
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->method[i], "exact") == 0)
            continue;
        const int right = strcmp(r->status[i], ki_status_name(KI_CONVERGED)) == 0;
        room[out.n] = r->x[i];
        for (size_t k = 0; k < 4; k++)
            room[(k + 1) * r->n + out.n] = right ? r->y[k][i] : (double)NAN;
        method[out.n++] = r->method[i];
    }
    return out;
}

static int draw(const mf_rows *r, const char *picture, plot_curves *f,
                const char *const labels[4]) {
    const char *names[PLOT_MAX_FAMILIES];
    double *room = get_memory("--plot", r->n, 5 * sizeof *room);
    const char **method = get_memory("--plot", r->n, sizeof *method);
    unsigned char *family = get_memory("--plot", r->n, 1);
    int status = STATUS_FAILED;

    if (room && method && family) {
        const mf_rows rows = drawn_rows(r, room, method);
        f->n = rows.n;
        f->x = rows.x;
        f->family = family;
        f->n_families = number_methods(&rows, family, names);
        f->family_labels = names;
        f->n_panels = 4;
        for (size_t k = 0; k < 4; k++)
            f->panels[k] = (plot_panel){.label = labels[k], .y = rows.y[k]};
        status = plot_draw_curves(f, picture);
    }
    free(room);
    free(method);
    free(family);
    return status;
}

static void name_sigma(const mf_command *w, const char *what, char *out, size_t size) {
    snprintf(out, size, "%sσ  (%s)", what,
             entropy_units(w->s.unit == UNIT_BITS, (unsigned)mf_dynamics(w)));
}

int mf_draw_steps(const void *figure, const char *picture) {
    const mf_rows *r = figure;
    const mf_command *w = r->w;
    const int several = w->n_betas > 1;
    char title[96], sigma[64];
    const char *const labels[4] = {"mean m", "mean C", "mean D", sigma};
    plot_curves f = {.title = title,
                     .x_label = several ? "inverse temperature β" : "time t  (steps)",
                     .with_points = several || w->steps <= 100};

    name_sigma(w, "", sigma, sizeof sigma);
    if (several)
        snprintf(title, sizeof title, "N = %llu, %s", (unsigned long long)w->view.n,
                 w->steady ? "steady states" : "states after the last step");
    else
        snprintf(title, sizeof title, "N = %llu, β = %.6g", (unsigned long long)w->view.n,
                 w->betas[0]);
    return draw(r, picture, &f, labels);
}

int mf_draw_errors(const void *figure, const char *picture) {
    const mf_rows *r = figure;
    const mf_command *w = r->w;
    char title[96], sigma[64];
    const char *const labels[4] = {"error of m", "error of C", "error of D", sigma};
    plot_curves f = {
        .title = title, .x_label = "inverse temperature β", .log_y = 1, .with_points = 1};

    name_sigma(w, "error of ", sigma, sizeof sigma);
    snprintf(title, sizeof title, "N = %llu, %s against %s", (unsigned long long)w->view.n,
             w->steady ? "steady states" : "states after the last step",
             w->against == MF_EXACT ? "enumeration" : "simulation");
    return draw(r, picture, &f, labels);
}
