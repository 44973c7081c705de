/* SPDX-License-Identifier: BSD-3-Clause */
/* Picture of a study: points with error bars against one parameter, the infinite network beneath.
 */
#include "simulate/study_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/grid_plot.h"
#include "plot/plot.h"
#include "shell/memory.h"

/* Axes of a study: the parameters as in enum ki_parameter, then N. */
enum { AXIS_N = N_PARAMETERS, N_AXES, UNDER_SAMPLES = 241 };
static const char *const symbols[N_AXES] = {"β", "J_0", "ΔJ", "ΔH", "N"};
static const char *const labels[N_AXES] = {"inverse temperature β", "mean coupling J_0",
                                           "coupling disorder ΔJ", "field disorder ΔH", "N"};

static double coordinate(const sim_point *p, int axis) {
    const double v[N_AXES] = {p->spec.p.beta, p->spec.p.J0, p->spec.p.dJ, p->spec.p.dH,
                              (double)p->spec.n};

    return v[axis];
}

typedef struct layout {
    int varying, x, family;                 /* axes; family -1 if there is none */
    size_t n_families;                      /* at least 1 */
    double families[PLOT_MAX_FAMILIES + 1]; /* distinct values, as many as fit */
    size_t n, async;                        /* rows of one dynamics; where the second begins, 0 */
    int dynamics;                           /* of the rows that show m, q and S */
} layout;

/* Distinct values of an axis in the order they come, up to `most`. */
static size_t distinct(const sim_study *st, int axis, double *out, size_t most) {
    size_t n = 0;

    for (size_t i = 0; i < st->n && n < most; i++) {
        double v = coordinate(&st->points[i], axis);
        size_t k = 0;
        while (k < n && out[k] != v)
            k++;
        if (k == n)
            out[n++] = v;
    }
    return n;
}

static layout lay_out(const sim_study *st) {
    layout l = {.x = -1, .family = -1, .n_families = 1, .n = st->n};
    size_t most = 0;

    l.dynamics = st->points[0].spec.dynamics;
    for (size_t i = 0; i < st->n && !l.async; i++)
        l.async = st->points[i].spec.dynamics != l.dynamics ? i : 0;
    if (l.async)
        l.n = l.async;
    for (int a = 0; a < N_AXES; a++) {
        double some[PLOT_MAX_FAMILIES + 1];
        size_t n = distinct(st, a, some, PLOT_MAX_FAMILIES + 1);
        if (n < 2)
            continue;
        l.varying++;
        /* Along the longest parameter list; beta wins a draw. N is never along. */
        if (a != AXIS_N && n > most) {
            l.family = l.x >= 0 ? l.x : l.family;
            l.x = a;
            most = n;
        } else {
            l.family = a;
        }
    }
    if (l.family >= 0)
        l.n_families = distinct(st, l.family, l.families, PLOT_MAX_FAMILIES + 1);
    return l;
}

/* What can be drawn: of the first dynamics of the rows, and sigma of the second too. */
enum { M, Q, S, SR, SIGMA, ACTIVITY, SIGMA_ASYNC, N_QUANTITIES };
const char *const study_panel_words[] = {"m", "q", "S", "Sr", "sigma", "activity", NULL};
enum { ALL_PANELS = (1 << SIGMA_ASYNC) - 1, USUAL_PANELS = 1 << M | 1 << Q | 1 << S | 1 << SIGMA };

int study_plot_check(const sim_study *st, unsigned panels) {
    layout l = lay_out(st);

    if (l.async && panels == ALL_PANELS)
        return complain(STATUS_USAGE, "--panels : all, and sigma of two dynamics, do not fit on a "
                                      "page : one less, or one dynamics");

    if (l.x < 0)
        return complain(STATUS_USAGE, "--plot : no parameter varies : a list for one of them, such "
                                      "as --beta 0.5:2:16");
    if (l.varying > 2)
        return complain(STATUS_USAGE,
                        "--plot : %d lists are long : at most two of N, beta, J0, dJ, dH",
                        l.varying);
    if (l.n_families > PLOT_MAX_FAMILIES)
        return complain(STATUS_USAGE,
                        "--plot : too many values of %s : at most %d beside those "
                        "of %s",
                        l.family == AXIS_N ? "N" : parameter_names[l.family], PLOT_MAX_FAMILIES,
                        parameter_names[l.x]);
    return 0;
}

/* Points of the curves beneath near each of the (two) critical points, as parts of their span. */
static const double near[] = {0, 1e-5, 1e-4, 4e-4, 1e-3, 2e-3, 3e-3};
enum { NEAR = sizeof near / sizeof near[0], UNDER_POINTS = UNDER_SAMPLES + 4 * NEAR };

typedef struct drawing {
    layout l;
    size_t n_under, under_families;
    double *x, *y[N_QUANTITIES], *error[N_QUANTITIES], *under_x, *under[N_QUANTITIES];
    ki_theory_params *p;
    ki_theory_result *r;
    unsigned char *family, *under_family;
} drawing;

static int get_room(drawing *d) {
    size_t n = d->l.n, u = d->n_under, rows = (1 + 2 * N_QUANTITIES) * n;
    double *at = get_memory("--plot", rows + (1 + N_QUANTITIES) * u, sizeof *at);

    d->x = at;
    d->p = get_memory("--plot", u, sizeof *d->p);
    d->r = get_memory("--plot", u, sizeof *d->r);
    d->family = get_memory("--plot", n + u, 1);
    if (!at || !d->p || !d->r || !d->family)
        return STATUS_FAILED;
    d->under_family = d->family + n;
    at += n;
    for (int q = 0; q < N_QUANTITIES; q++, at += 2 * n) {
        d->y[q] = at;
        d->error[q] = at + n;
    }
    d->under_x = at;
    for (int q = 0; q < N_QUANTITIES; q++)
        d->under[q] = at + (size_t)(1 + q) * u;
    return 0;
}

static void fill_points(drawing *d, const sim_study *st, double unit) {
    for (size_t i = 0; i < d->l.n; i++) {
        const sim_point *p = &st->points[i], *second = &st->points[d->l.async + i];
        const ki_ensemble_result *r = &p->r;
        size_t k = 0;
        d->x[i] = coordinate(p, d->l.x);
        while (d->l.family >= 0 && d->l.families[k] != coordinate(p, d->l.family))
            k++;
        d->family[i] = (unsigned char)k;
        const double y[N_QUANTITIES] = {r->m,
                                        r->q,
                                        unit * r->S,
                                        unit * r->Sr,
                                        unit * r->sigma,
                                        r->activity,
                                        unit * second->r.sigma};
        const double e[N_QUANTITIES] = {r->m_err,
                                        r->q_err,
                                        unit * r->S_err,
                                        unit * r->Sr_err,
                                        unit * r->sigma_err,
                                        r->activity_err,
                                        unit * second->r.sigma_err};
        for (int q = 0; q < N_QUANTITIES; q++) {
            d->y[q][i] = y[q];
            d->error[q][i] = e[q];
        }
    }
}

static void set_parameter(ki_theory_params *p, int axis, double v) {
    double *field[N_PARAMETERS] = {&p->beta, &p->J0, &p->dJ, &p->dH};

    *field[axis] = v;
}

/* In a two-cycle the sign is that of the last step, from a start that is up; a window has both. */
static double m_of(const sim_study *st, const ki_theory_result *r) {
    const ki_ensemble_spec *spec = &st->points[0].spec;

    if (r->phase != KI_TWO_CYCLE || spec->start != KI_START_UP)
        return r->m;
    return spec->average ? (double)NAN : spec->steps % 2 ? -r->m : r->m;
}

/* What is simulated has lag 1, which in a two-cycle is not the q of even lags. */
static double q_of(const ki_theory_params *p, int dynamics, const ki_theory_result *r) {
    const double one = 1;
    double q;

    if (r->phase != KI_TWO_CYCLE || ki_autocorrelation(p, dynamics, 1, &one, &q))
        return r->q;
    return q;
}

/* The abscissae of one family: evenly spaced, then some near the critical points, NaN where there
 * are none in sight. */
static void fill_abscissae(const drawing *d, ki_theory_params p, double low, double high,
                           double x[UNDER_POINTS]) {
    const double root = critical_value(d->l.dynamics == KI_SYNC, p, d->l.x);
    size_t n = 0;

    for (; n < UNDER_SAMPLES; n++)
        x[n] = n + 1 == UNDER_SAMPLES ? high : low + (high - low) * (double)n / (UNDER_SAMPLES - 1);
    for (int branch = -1; branch <= 1; branch += 2)
        for (int side = -1; side <= 1; side += 2)
            for (int k = 0; k < NEAR; k++) {
                const double at = branch * root + side * near[k] * (high - low);
                const int there = at >= low && at <= high && (branch > 0 || d->l.x == KI_J0);
                x[n++] = there ? at : (double)NAN;
            }
}

/* Points without an abscissa are computed at the lowest one, and not drawn. */
static void set_under_points(drawing *d, const sim_study *st) {
    double low = 0, high = 1;

    plot_extent(d->l.n, d->x, &low, &high);
    for (size_t k = 0; k < d->under_families; k++) {
        ki_theory_params p = st->points[0].spec.p;
        double *x = d->under_x + k * UNDER_POINTS;
        if (d->under_families > 1)
            set_parameter(&p, d->l.family, d->l.families[k]);
        fill_abscissae(d, p, low, high, x);
        for (size_t j = 0; j < UNDER_POINTS; j++) {
            set_parameter(&p, d->l.x, isnan(x[j]) ? low : x[j]);
            d->p[k * UNDER_POINTS + j] = p;
            d->under_family[k * UNDER_POINTS + j] = (unsigned char)k;
        }
    }
}

static int fill_under(drawing *d, const sim_study *st, const session *s) {
    const double unit = session_unit(s);
    const int sync = d->l.dynamics == KI_SYNC;
    unsigned dynamics = (unsigned)d->l.dynamics | (d->l.async ? KI_ASYNC : 0);
    ki_run_options run = {.threads = (int)s->threads};

    set_under_points(d, st);
    int error = ki_theory_map(d->n_under, d->p, dynamics, &run, d->r);
    if (error)
        return complain_library(error);
    for (size_t i = 0; i < d->n_under; i++) {
        const ki_theory_result *r = &d->r[i];
        d->under[M][i] = m_of(st, r);
        d->under[Q][i] = q_of(&d->p[i], d->l.dynamics, r);
        d->under[S][i] = unit * r->S;
        d->under[SR][i] = unit * (sync ? r->Sr : r->Sr_async);
        d->under[SIGMA][i] = unit * (sync ? r->sigma : r->sigma_async);
        /* A spin flips if it differs from itself a step before. */
        d->under[ACTIVITY][i] = sync ? 0.5 * (1 - d->under[Q][i]) : (double)NAN;
        d->under[SIGMA_ASYNC][i] = unit * r->sigma_async;
    }
    return 0;
}

static void lay_out_panels(const drawing *d, unsigned panels, int bits, plot_curves *c) {
    const int sync = d->l.dynamics == KI_SYNC;
    const char *per_time = bits ? "dσ/dt  (bits/spin/unit time)" : "dσ/dt  (nats/spin/unit time)";
    const char *per_step = bits ? "σ  (bits/spin/step)" : "σ  (nats/spin/step)";
    const char *S_names[2][2] = {{"S  (nats/spin/update)", "S  (nats/spin/step)"},
                                 {"S  (bits/spin/update)", "S  (bits/spin/step)"}};
    const char *Sr_names[2][2] = {{"S^r  (nats/spin/update)", "S^r  (nats/spin/step)"},
                                  {"S^r  (bits/spin/update)", "S^r  (bits/spin/step)"}};
    const int both = d->l.async > 0; /* all but sigma are then those of the first */
    const char *names[N_QUANTITIES] = {both ? "m  (synchronous)" : "m",
                                       both ? "q  (synchronous)" : "q",
                                       S_names[bits][sync],
                                       Sr_names[bits][sync],
                                       sync ? per_step : per_time,
                                       both ? "activity  (synchronous)" : "activity",
                                       per_time};

    panels = panels ? panels : USUAL_PANELS;
    if (both && panels & 1u << SIGMA)
        panels |= 1u << SIGMA_ASYNC;
    for (int q = 0; q < N_QUANTITIES && c->n_panels < PLOT_MAX_PANELS; q++)
        if (panels & 1u << q) {
            c->panels[c->n_panels] = (plot_panel){.label = names[q], .y = d->y[q]};
            c->points[c->n_panels++] = (plot_points){d->error[q], d->under[q]};
        }
}

static int draw(const drawing *d, const sim_figure *f, const char *picture) {
    const sim_study *st = f->st;
    char title[160];
    size_t used = 0;
    plot_curves c = {.title = title,
                     .x_label = labels[d->l.x],
                     .n = d->l.n,
                     .x = d->x,
                     .family = d->l.family >= 0 ? d->family : NULL,
                     .n_families = d->l.n_families,
                     .family_name = d->l.family >= 0 ? symbols[d->l.family] : NULL,
                     .family_values = d->l.families,
                     .n_under = d->n_under,
                     .n_under_families = d->under_families,
                     .under_x = d->under_x,
                     .under_family = d->under_family,
                     .under_name = d->under_families == 1 ? "N → ∞" : NULL};

    title[0] = '\0';
    for (int a = N_AXES - 1; a >= 0; a--)
        if (a != d->l.x && a != d->l.family && used < sizeof title)
            used += (size_t)snprintf(title + used, sizeof title - used, "%s%s = %.6g",
                                     used ? ", " : "", symbols[a], coordinate(&st->points[0], a));
    lay_out_panels(d, f->panels, f->s->unit == UNIT_BITS, &c);
    return plot_draw_curves(&c, picture);
}

int study_draw(const void *figure, const char *picture) {
    const sim_figure *f = figure;
    drawing d = {.l = lay_out(f->st)};

    /* The infinite network does not depend on N. */
    d.under_families = d.l.family == AXIS_N ? 1 : d.l.n_families;
    d.n_under = d.under_families * UNDER_POINTS;
    int status = get_room(&d);
    if (!status) {
        fill_points(&d, f->st, session_unit(f->s));
        status = fill_under(&d, f->st, f->s);
    }
    if (!status)
        status = draw(&d, f, picture);
    free(d.x);
    free(d.p);
    free(d.r);
    free(d.family);
    return status;
}
