/* SPDX-License-Identifier: BSD-3-Clause */
/* Picture of a diagnosis: where the network stands in the phase diagram, how it would change if its
 * couplings were scaled, the regimes, and the numbers as text. */
#include <math.h>
#include <string.h>

#include "data/diagnose_figure.h"
#include "plot/gnuplot.h"
#include "plot/plot.h"

static const unsigned colours[FIGURE_MOST] = {0x2458a6, 0xd0651b};
static const char *const letters[FIGURE_MOST] = {"A", "B"};
enum { MOST_SHOWN = 2000, MOST_MU = 20 }; /* draws in the plane, and how far it goes for its line */

static const plot_page page = {.columns = 3,
                               .rows = 2,
                               .width = 1440,
                               .height = 990,
                               .top = 0.12,
                               .right = 0.04,
                               .ceiling = 0.93,
                               .line = 0.04,
                               .per_row = 8};

/* Lowest and highest value that a panel has to show. */
typedef struct extent {
    double low, high;
} extent;

static void widen(extent *e, size_t n, const double *v) {
    double low, high;

    if (!v || !plot_extent(n, v, &low, &high))
        return;
    e->low = fmin(e->low, low);
    e->high = fmax(e->high, high);
}

/* The ellipse that holds 95 % of a Gaussian with the moments of the draws. */
static void write_ellipse(FILE *script, const figure_view *v, size_t k) {
    enum { CORNERS = 72 };
    const double n = (double)v->n_draws, radius = sqrt(5.9914645471079799); /* chi2 of 2 */
    double xx = 0, xy = 0, yy = 0, mean[2] = {0, 0};

    for (size_t i = 0; i < v->n_draws; i++) {
        mean[0] += v->mu[i] / n;
        mean[1] += v->b[i] / n;
    }
    for (size_t i = 0; i < v->n_draws; i++) {
        const double x = v->mu[i] - mean[0], y = v->b[i] - mean[1];
        xx += x * x / n;
        xy += x * y / n;
        yy += y * y / n;
    }
    const double a = sqrt(fmax(xx, 0)), c = a > 0 ? xy / a : 0, d = sqrt(fmax(yy - c * c, 0));
    fprintf(script, "$ellipse%zu << EOD\n", k);
    for (int i = 0; i <= CORNERS; i++) {
        const double t = 2 * 3.14159265358979324 * i / CORNERS;
        plot_number(script, mean[0] + radius * a * cos(t), ' ');
        plot_number(script, mean[1] + radius * (c * cos(t) + d * sin(t)), '\n');
    }
    fputs("EOD\n", script);
}

static void write_plane_data(FILE *script, const figure_view *v, size_t k) {
    fprintf(script, "$draws%zu << EOD\n", k);
    for (size_t i = 0; i < v->n_draws; i += 1 + v->n_draws / MOST_SHOWN) {
        plot_number(script, v->mu[i], ' ');
        plot_number(script, v->b[i], '\n');
    }
    fputs("EOD\n", script);
    write_ellipse(script, v, k);
    fprintf(script, "$line%zu << EOD\n", k);
    for (size_t i = 0; i < v->n_line; i++) {
        plot_number(script, v->line_b[i], ' ');
        for (int l = 0; l < FIGURE_LINES; l++)
            plot_number(script, v->line[l][i], l + 1 < FIGURE_LINES ? ' ' : '\n');
    }
    fputs("EOD\n", script);
    fprintf(script, "$band%zu << EOD\n", k); /* round the near-critical region */
    for (size_t i = 0; i < 2 * v->n_line; i++) {
        const size_t at = i < v->n_line ? i : 2 * v->n_line - 1 - i;
        plot_number(script, v->line[i < v->n_line ? 0 : FIGURE_LINES - 1][at], ' ');
        plot_number(script, v->line_b[at], '\n');
    }
    fputs("EOD\n", script);
}

static void write_curve_data(FILE *script, const figure_view *v, size_t k, int c) {
    const figure_curve *f = &v->curve[c];

    fprintf(script, "$curve%zu%d << EOD\n", k, c);
    for (size_t i = 0; i < v->n_points; i++) {
        plot_number(script, v->x[i], ' ');
        plot_number(script, f->low[i], ' ');
        plot_number(script, f->median[i], ' ');
        plot_number(script, f->high[i], ' ');
        plot_number(script, f->exact[i], '\n');
    }
    fputs("EOD\n", script);
}

static void write_plane(FILE *script, const diagnose_figure *f) {
    extent x = {-0.4, 1.6}, y = {0, 1.2};

    for (size_t k = 0; k < f->n; k++) {
        widen(&x, f->view[k].n_draws, f->view[k].mu);
        widen(&y, f->view[k].n_draws, f->view[k].b);
        /* The foot of the ordered region, if it is not too far. */
        const double foot = 1.35 * f->view[k].line[FIGURE_LINES - 1][0];
        if (foot < MOST_MU)
            widen(&x, 1, &foot);
    }
    const double right = x.high + 0.1 * (x.high - x.low), top = 1.3 * y.high;
    plot_cell(script, &page, 0);
    fprintf(
        script,
        "set title 'phase diagram of the fitted fields' offset 0,-0.6\n"
        "set xlabel 'μ = N × mean of the couplings'\n"
        "set ylabel 'b = √N × their deviation'\n"
        "set xrange [%.10g:%.10g]\nset yrange [0:%.10g]\nset xtics %.10g\n"
        "set label 'ordered' at graph 0.98,0.05 right front textcolor rgb '#606060'\n"
        "set label 'weak' at graph 0.03,0.05 left front textcolor rgb '#606060'\n"
        "set label 'quasi-deterministic' at graph 0.03,0.95 left front textcolor rgb '#606060'\n"
        "set label 'disordered' at graph 0.03,0.90 left front textcolor rgb '#606060'\n"
        "plot ",
        x.low - 0.02 * (right - x.low), right, top, plot_step(right - x.low, 4));
    for (size_t k = 0; k < f->n; k++) {
        const unsigned grey = f->n == 1 ? 0x606060 : colours[k];
        if (f->n == 1)
            fprintf(
                script,
                "$band%zu using 1:2 with filledcurves closed fs solid fc rgb '#ececec' notitle, "
                "$line%zu using 2:1 with lines lw 1 lc rgb '#b0b0b0' notitle, "
                "$line%zu using 4:1 with lines lw 1 lc rgb '#b0b0b0' notitle, ",
                k, k, k);
        fprintf(script,
                "$line%zu using 3:1 with lines lw 2 dt (8,5) lc rgb '#%06x' notitle, "
                "$draws%zu using 1:2 with points pt 7 ps 0.25 lc rgb '#a0%06x' notitle, "
                "$ellipse%zu using 1:2 with lines lw 3 lc rgb '#%06x' notitle, "
                "'-' using 1:2 with points pt 2 ps 1.2 lw 2.5 lc rgb 'black' notitle%s",
                k, grey, k, colours[k], k, colours[k], k + 1 < f->n ? ", " : "\n");
    }
    for (size_t k = 0; k < f->n; k++) {
        plot_number(script, f->view[k].mu_at, ' ');
        plot_number(script, f->view[k].b_at, '\n');
        fputs("e\n", script);
    }
    fputs("unset label\nset xtics autofreq\n", script);
}

/* The band of a recording, its median, and the exact curve, as parts of a plot command, in which `drawn`
 * parts stand already; what has no point is left out. Returns how many it wrote. */
static int write_curve_parts(FILE *script, const diagnose_figure *f, int c, size_t k, int drawn) {
    const figure_view *v = &f->view[k];
    double low, high;
    int parts = 0;

    if (plot_extent(v->n_points, v->curve[c].median, &low, &high)) {
        fprintf(script,
                "%s$curve%zu%d using 1:2:4 with filledcurves fs transparent solid 0.25 noborder "
                "fc rgb '#%06x' notitle, $curve%zu%d using 1:3 with lines lw 2.5 lc rgb '#%06x' "
                "notitle",
                drawn ? ", " : "plot ", k, c, colours[k], k, c, colours[k]);
        parts++;
    }
    if (plot_extent(v->n_points, v->curve[c].exact, &low, &high)) {
        fprintf(script, "%s$curve%zu%d using 1:5 with lines lw 2 dt (8,5) lc rgb '#%06x' notitle",
                drawn + parts ? ", " : "plot ", k, c, f->n == 1 ? 0x303030 : colours[k]);
        parts++;
    }
    return parts;
}

static void write_curve(FILE *script, const diagnose_figure *f, int c, size_t cell) {
    static const char *const title[N_CURVES] = {"entropy production", "path entropy",
                                                "susceptibility to a uniform field"};
    static const char *const label[N_CURVES] = {"σ", "S", "χ"};
    const char *unit = c == CURVE_CHI ? ""
                       : f->bits      ? "  (bits per unit and bin)"
                                      : "  (nats per unit and bin)";
    extent x = {1, 1}, y = {0, 0}, exact = {0, 0};

    for (size_t k = 0; k < f->n; k++) {
        const figure_view *v = &f->view[k];
        widen(&x, v->n_points, v->x);
        widen(&y, v->n_points, v->curve[c].high);
        widen(&y, v->n_points, v->curve[c].low);
        widen(&exact, v->n_points, v->curve[c].exact);
    }
    /* The exact susceptibility has no bound at the critical line. */
    const double most = c == CURVE_CHI ? fmin(exact.high, 1.6 * y.high) : exact.high;
    const double high = fmax(y.high, most), low = y.low < 0 ? y.low - 0.05 * (high - y.low) : 0;
    if (!(x.high > x.low))
        x = (extent){0.5, 2};
    plot_cell(script, &page, cell);
    fprintf(script,
            "set title '%s' offset 0,-0.6\n"
            "set xlabel 'x: all couplings and fields multiplied by x'\nset ylabel '%s%s'\n"
            "set xrange [%.10g:%.10g]\nset yrange [%.10g:%.10g]\n"
            "set arrow from 1,graph 0 to 1,graph 1 nohead back lw 1 dt (4,4) lc rgb '#808080'\n",
            title[c], label[c], unit, x.low, x.high, low, high > 0 ? 1.05 * high : 1);
    int drawn = 0;
    for (size_t k = 0; k < f->n; k++)
        drawn += write_curve_parts(script, f, c, k, drawn);
    if (!drawn)
        fputs("set label 'not computed' at graph 0.5,0.5 center textcolor rgb '#808080'\n"
              "plot NaN notitle",
              script);
    putc('\n', script);
    fputs("unset arrow\nunset label\n", script);
}

/* A bar for each regime, its name above it. */
static void write_bars(FILE *script, const diagnose_figure *f, const char *picture) {
    const double each = f->n == 1 ? 0.4 : 0.3, above = f->n == 1 ? 0.25 : 0.32;

    fputs("$bars << EOD\n", script);
    for (size_t r = 0; r < f->n_regimes; r++)
        for (size_t k = 0; k < f->n; k++) {
            const double middle = -(double)r + above - 0.15 - 0.5 * each - each * (double)k;
            fprintf(script, "%.6g %.6g %u\n", f->view[k].probability[r], middle, colours[k]);
        }
    fputs("EOD\n", script);
    plot_cell(script, &page, 3);
    fprintf(script,
            "set title 'regimes' offset 0,-0.6\n"
            "set xlabel 'probability; a verdict from %.3g on'\nset ylabel ''\n"
            "set xrange [0:1]\nset yrange [%.6g:0.6]\nunset ytics\nset border 1\n"
            "set arrow from %.10g,graph 0 to %.10g,graph 1 nohead back lw 1 dt (4,4) "
            "lc rgb '#808080'\n",
            f->probability, -(double)f->n_regimes + 0.4, f->probability, f->probability);
    for (size_t r = 0; r < f->n_regimes; r++)
        fprintf(script, "set label '%s' at 0,%.6g left offset 0.3,0\n", f->regime[r],
                -(double)r + above);
    fprintf(script,
            "plot $bars using (0.5*$1):2:(0.5*$1):(%.6g):3 with boxxyerror fs solid 0.85 noborder "
            "lc rgb variable notitle, "
            "$bars using 1:2:(sprintf('%%.3f',$1)):3 with labels left offset 0.6,0 font ',%.3g' "
            "textcolor rgb variable notitle\n"
            "unset arrow\nunset label\nset ytics nomirror\nset border 3\n",
            0.42 * each, gnuplot_font(picture, f->n == 1 ? 1 : 0.82));
}

/* The numbers, in the place of the sixth panel. They belong to the page and go with its first plot.
 */
static void write_text(FILE *script, const diagnose_figure *f, const char *picture) {
    const double top = 0.415, step = 0.402 / FIGURE_ROWS, left = 0.69;
    const double column[FIGURE_MOST] = {f->n == 1 ? 0.82 : 0.78, 0.89};

    for (size_t i = 0; i < f->n_rows; i++)
        for (size_t k = 0; k <= f->n; k++) {
            /* Two columns hold 24 characters each. */
            const double times =
                f->n == 1 ? 1 : 0.75 * fmin(1, 24 / (double)(strlen(f->row[i][k]) + 1));
            fprintf(script,
                    "set label '%s' at screen %.4f,%.4f left noenhanced font ',%.3g' "
                    "textcolor rgb '#%06x'\n",
                    f->row[i][k], k ? column[k - 1] : left, top - step * (double)i,
                    gnuplot_font(picture, times), k && f->n > 1 ? colours[k - 1] : 0);
        }
}

static void write_legend(FILE *script, const diagnose_figure *f) {
    plot_legend at = {.x = 0.03, .y = 0.905, .dx = 0.24, .dy = -0.03, .per_row = 8};
    char style[80], text[96];

    for (size_t k = 0; k < f->n; k++) {
        snprintf(style, sizeof style, "lw 2.5 lc rgb '#%06x'", colours[k]);
        snprintf(text, sizeof text, "%s%sfitted, with 95 %% of the draws",
                 f->n > 1 ? letters[k] : "", f->n > 1 ? ": " : "");
        plot_legend_entry(script, &at, style, text);
    }
    plot_legend_entry(script, &at, "lw 2 dt (8,5) lc rgb '#303030'", "exact, N → ∞");
    plot_legend_entry(script, &at, "lw 2 dt (8,5) lc rgb '#808080'", "critical line, g = 1");
    if (f->n == 1) {
        snprintf(text, sizeof text, "near-critical, %.3g ≤ g ≤ %.3g", f->border[0], f->border[1]);
        plot_legend_entry(script, &at, "lw 9 lc rgb '#e0e0e0'", text);
    }
}

static void write_figure(FILE *script, const void *figure, const char *picture) {
    const diagnose_figure *f = figure;
    gnuplot_terminal(script, picture, page.width, page.height);
    for (size_t k = 0; k < f->n; k++) {
        write_plane_data(script, &f->view[k], k);
        for (int c = 0; c < N_CURVES; c++)
            write_curve_data(script, &f->view[k], k, c);
    }
    fprintf(script,
            "set multiplot\nset border 3 lw 1.2\nset tics nomirror out scale 0.6\n"
            "set format '%%g'\nunset key\n"
            "set label '%s' at screen 0.03,0.975 left noenhanced\n"
            "set label '%s' at screen 0.03,0.943 left noenhanced font ',%.3g'\n",
            f->title, f->verdict,
            gnuplot_font(picture, fmin(1.27, 140 / (double)(strlen(f->verdict) + 1))));
    write_legend(script, f);
    write_text(script, f, picture);
    write_plane(script, f);
    write_curve(script, f, CURVE_SIGMA, 1);
    write_curve(script, f, CURVE_S, 2);
    write_bars(script, f, picture);
    write_curve(script, f, CURVE_CHI, 4);
    fputs("unset multiplot\n", script);
}

int diagnose_draw(const void *figure, const char *picture) {
    return gnuplot_draw(picture, write_figure, figure, "fewer --draws");
}
