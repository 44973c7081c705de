/* SPDX-License-Identifier: BSD-3-Clause */
#include "theory/theory_plot.h"

#include <math.h>
#include <stdlib.h>

#include "common/grid_plot.h"
#include "shell/message.h"

enum drawn {
    DRAWN_M,
    DRAWN_Q,
    DRAWN_SPIN_GLASS,
    DRAWN_K,
    DRAWN_S,
    DRAWN_SR,
    DRAWN_SIGMA,
    DRAWN_SR_ASYNC,
    DRAWN_SIGMA_ASYNC,
    DRAWN_SIGMA_OVER_BETA,
    DRAWN_SIGMA_ASYNC_OVER_BETA,
    DRAWN_CHI,
    N_DRAWN
};

const char *const theory_panel_words[] = {"m",
                                          "q",
                                          "q-m2",
                                          "k",
                                          "S",
                                          "Sr",
                                          "sigma",
                                          "Sr_async",
                                          "sigma_async",
                                          "sigma_over_beta",
                                          "sigma_async_over_beta",
                                          "chi",
                                          NULL};

/* Symbol, units (a number, per step, per unit of time), the dynamics it takes, and whether a map of
 * it shows more under a square root. */
enum units { NUMBER, PER_STEP, PER_TIME };
static const struct quantity {
    const char *symbol;
    int units;
    unsigned dynamics; /* 0: either */
    int square_root;
} quantities[N_DRAWN] = {{"m", NUMBER, 0, 0},
                         {"q", NUMBER, 0, 0},
                         {"q − m^2", NUMBER, 0, 1},
                         {"k", NUMBER, 0, 0},
                         {"S", PER_STEP, 0, 0},
                         {"S^r", PER_STEP, KI_SYNC, 0},
                         {"σ", PER_STEP, KI_SYNC, 1},
                         {"S^r, asynchronous", PER_TIME, KI_ASYNC, 0},
                         {"dσ/dt", PER_TIME, KI_ASYNC, 1},
                         {"σ / β", PER_STEP, KI_SYNC, 1},
                         {"(dσ/dt) / β", PER_TIME, KI_ASYNC, 1},
                         {"χ", NUMBER, 0, 1}};

/* What is drawn: the panels in order, with their labels. */
typedef struct layout {
    const theory_figure *f;
    size_t n;
    int what[N_DRAWN], dashed[N_DRAWN]; /* enum drawn; dashed -1 for none */
    char label[N_DRAWN][128];
} layout;

static double value_of(const theory_figure *f, const ki_theory_result *r, int what) {
    const double unit = f->bits ? 1.4426950408889634074 : 1; /* 1 / ln 2 */

    switch (what) {
    case DRAWN_M:
        return r->m;
    case DRAWN_Q:
        return r->q;
    case DRAWN_SPIN_GLASS:
        return fmax(r->q - r->m * r->m, 0);
    case DRAWN_K:
        return r->k;
    case DRAWN_S:
        return unit * r->S;
    case DRAWN_SR:
        return unit * r->Sr;
    case DRAWN_SIGMA:
        return unit * r->sigma;
    case DRAWN_SR_ASYNC:
        return unit * r->Sr_async;
    case DRAWN_SIGMA_ASYNC:
        return unit * r->sigma_async;
    case DRAWN_SIGMA_OVER_BETA:
        return unit * r->sigma_over_beta;
    case DRAWN_SIGMA_ASYNC_OVER_BETA:
        return unit * r->sigma_async_over_beta;
    default: /* chi diverges at the transition: a gap, or nothing else would be seen */
        return r->chi < 1e6 ? r->chi : (double)NAN;
    }
}

/* Whether points at zero temperature are drawn, where sigma is infinite and sigma / beta is not. */
static int is_cold(const grid *g) {
    int cold = 0;

    for (size_t i = 0; i < g->n[KI_BETA]; i++)
        cold |= isinf(g->axis[KI_BETA][i]) != 0;
    return cold && !grid_runs_along(g, -1, KI_BETA);
}

static unsigned usual_panels(const theory_figure *f) {
    const int all_cold = f->g->n[KI_BETA] == 1 && is_cold(f->g);
    unsigned panels = 1u << DRAWN_M;

    panels |= grid_is_map(f->g, -1) ? 1u << DRAWN_SPIN_GLASS : 1u << DRAWN_Q;
    panels |= all_cold ? 0 : 1u << DRAWN_S; /* 0 at zero temperature */
    panels |= f->dynamics & KI_SYNC ? 1u << DRAWN_SIGMA : 0;
    panels |= f->dynamics & KI_ASYNC ? 1u << DRAWN_SIGMA_ASYNC : 0;
    return panels;
}

static int has_two_cycle(const theory_figure *f) {
    for (size_t i = 0; i < f->g->total; i++)
        if (f->r[i].phase == KI_TWO_CYCLE)
            return 1;
    return 0;
}

static void write_label(const layout *l, size_t i, int cycle, char *out, size_t size) {
    static const char *const units[2][3] = {{"", "  (nats/spin/step)", "  (nats/spin/unit time)"},
                                            {"", "  (bits/spin/step)", "  (bits/spin/unit time)"}};
    const int what = l->what[i];
    const struct quantity *q = &quantities[what];
    const char *remark = "";

    if (cycle && what == DRAWN_M)
        remark = "  (two-cycle: its amplitude)";
    if (cycle && what == DRAWN_Q)
        remark = "  (two-cycle: at even lags)";
    snprintf(out, size, "%s%s%s%s", q->symbol, l->dashed[i] >= 0 ? ", S^r dashed" : "",
             units[l->f->bits != 0][q->units], remark);
}

static void lay_out(const theory_figure *f, layout *l) {
    const unsigned panels = f->panels ? f->panels : usual_panels(f);
    const int cold = is_cold(f->g), cycle = f->r && has_two_cycle(f);

    *l = (layout){.f = f};
    for (int what = 0; what < N_DRAWN; what++) {
        if (!(panels & 1u << what))
            continue;
        l->what[l->n] = cold && what == DRAWN_SIGMA         ? DRAWN_SIGMA_OVER_BETA
                        : cold && what == DRAWN_SIGMA_ASYNC ? DRAWN_SIGMA_ASYNC_OVER_BETA
                                                            : what;
        const int with_reverse =
            !f->panels && what == DRAWN_S && f->dynamics & KI_SYNC && !grid_is_map(f->g, -1);
        l->dashed[l->n] = with_reverse ? DRAWN_SR : -1;
        write_label(l, l->n, cycle, l->label[l->n], sizeof l->label[0]);
        l->n++;
    }
}

int theory_figure_check(const theory_figure *f) {
    size_t n = 0;

    for (int what = 0; what < N_DRAWN; what++) {
        const unsigned dynamics = quantities[what].dynamics;
        if (!(f->panels & 1u << what))
            continue;
        if (dynamics && !(f->dynamics & dynamics))
            return complain(STATUS_USAGE, "--panels : %s is not computed : --dynamics sync,async",
                            theory_panel_words[what]);
        n++;
    }
    if (n > PLOT_MAX_PANELS)
        return complain(STATUS_USAGE, "--panels : %zu do not fit on a page : at most %d", n,
                        PLOT_MAX_PANELS);
    return grid_figure_check(f->g, -1, 1);
}

static void evaluate(const void *context, const ki_theory_params *p, double *y, double *dashed) {
    const layout *l = context;
    ki_theory_result r;
    const int error = ki_theory(p, l->f->dynamics, &r);

    for (size_t i = 0; i < l->n; i++) {
        y[i] = error ? (double)NAN : value_of(l->f, &r, l->what[i]);
        dashed[i] = error || l->dashed[i] < 0 ? (double)NAN : value_of(l->f, &r, l->dashed[i]);
    }
}

int theory_draw(const void *figure, const char *picture) {
    const theory_figure *f = figure;
    const size_t total = f->g->total;
    /* Quantities of the synchronous state have its boundary, which J0 < 0 has too. */
    const int state = f->dynamics & KI_SYNC ? BOUNDARY_MIRRORED : BOUNDARY_FERROMAGNET;
    layout l;

    lay_out(f, &l);
    grid_figure out = {.g = f->g,
                       .hidden = -1,
                       .with_boundary = 1,
                       .n_curves = l.n,
                       .n_fields = l.n,
                       .context = &l,
                       .evaluate = evaluate};
    double *values = malloc(2 * l.n * total * sizeof *values);
    if (!values)
        return complain(STATUS_FAILED, "%s : out of memory : fewer points", picture);
    for (size_t i = 0; i < l.n; i++) {
        const struct quantity *q = &quantities[l.what[i]];
        const int boundary = q->dynamics == KI_ASYNC ? BOUNDARY_FERROMAGNET : state;
        double *y = values + 2 * i * total, *dashed = l.dashed[i] < 0 ? NULL : y + total;
        for (size_t k = 0; k < total; k++) {
            y[k] = value_of(f, &f->r[k], l.what[i]);
            if (dashed)
                dashed[k] = value_of(f, &f->r[k], l.dashed[i]);
        }
        if (l.what[i] == DRAWN_CHI)
            out.log_curves |= 1u << i;
        out.curves[i] = (plot_panel){l.label[i], y, dashed, boundary};
        out.fields[i] = (plot_field){l.label[i], y, q->square_root, boundary};
    }
    int status = grid_draw(&out, picture);
    free(values);
    return status;
}
