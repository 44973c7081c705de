/* SPDX-License-Identifier: BSD-3-Clause */
/* Picture of an enumerated network: the distribution of the entropy production, its symmetry, the
 * autocorrelation, and who produces. */
#include <math.h>

#include "exact/exact.h"
#include "plot/gnuplot.h"
#include "plot/plot.h"

enum { N_PANELS = 4 };

/* Middle of a bin, its density, and that of the bin with the other sign times exp(Sigma). */
static void write_histogram(FILE *script, const exact_figure *f) {
    const double log_base = f->bits ? log(2) : 1;

    fputs("$sigma << EOD\n", script);
    for (size_t k = 0; k < f->n_bins; k++) {
        const double width = f->edges[k + 1] - f->edges[k];
        const double middle = 0.5 * (f->edges[k] + f->edges[k + 1]);
        const double here = f->probability[k], there = f->probability[f->n_bins - 1 - k];

        plot_number(script, middle, ' ');
        plot_number(script, here > 0 ? here / width : NAN, ' ');
        plot_number(script, there > 0 ? there / width * exp(log_base * middle) : NAN, ' ');
        plot_number(script, here > 0 && there > 0 ? log(here / there) / log_base : NAN, '\n');
    }
    fputs("EOD\n", script);
}

static void write_pairs(FILE *script, const char *name, size_t n, const double *x,
                        const double *y) {
    fprintf(script, "$%s << EOD\n", name);
    for (size_t k = 0; k < n; k++) {
        plot_number(script, x ? x[k] : (double)k, ' ');
        plot_number(script, y[k], '\n');
    }
    fputs("EOD\n", script);
}

/* The distribution and ln P(Sigma)/P(-Sigma). */
static void write_sigma_panels(FILE *script, const exact_figure *f, const plot_page *page) {
    const char *unit = f->bits ? "bits" : "nats";
    const double end = f->edges[f->n_bins];

    plot_cell(script, page, 0);
    fprintf(script,
            "set xlabel 'Σ of one %s  (%s)'\nset ylabel 'density of Σ'\n"
            "set xrange [%.10g:%.10g]\nset logscale y\nset format y '10^{%%T}'\n"
            "plot $sigma using 1:2 with histeps lw 2 lc rgb '#%06x' notitle, "
            "$sigma using 1:3 with points pt 7 ps 0.4 lc rgb '#%06x' notitle\n"
            "unset label\nunset arrow\nunset logscale y\nset format y '%%g'\n",
            f->async ? "flip" : "step", unit, -end, end, plot_curve_colour(0.15),
            plot_curve_colour(0.7));
    plot_cell(script, page, 1);
    fprintf(script,
            "set ylabel 'log P(Σ) / P(-Σ)  (%s)'\n"
            "plot x with lines lw 1.5 lc rgb '#a0a0a0' notitle, "
            "$sigma using 1:4 with points pt 7 ps 0.4 lc rgb '#%06x' notitle\n",
            unit, plot_curve_colour(0.15));
}

static void write_figure(FILE *script, const void *figure, const char *picture) {
    const exact_figure *f = figure;
    const plot_page page = plot_page_for(N_PANELS, 0, 2, 12);
    plot_legend at = plot_legend_for(&page, N_PANELS);
    char style[64];
    const double last = f->tau[f->n_lags - 1];

    gnuplot_terminal(script, picture, page.width, page.height);
    write_histogram(script, f);
    write_pairs(script, "lags", f->n_lags, f->tau, f->C);
    write_pairs(script, "spins", f->n_spins, NULL, f->sigma_spin);
    fprintf(script,
            "set multiplot\nset border 3 lw 1.2\nset tics nomirror out scale 0.6\n"
            "set format '%%g'\nunset key\nset label '%s' at screen 0.04,0.965 left\n",
            f->title);
    snprintf(style, sizeof style, "lw 2 lc rgb '#%06x'", plot_curve_colour(0.15));
    plot_legend_entry(script, &at, style, "P(Σ)");
    snprintf(style, sizeof style, "point pt 7 ps 0.6 lc rgb '#%06x'", plot_curve_colour(0.7));
    plot_legend_entry(script, &at, style, "P(-Σ) exp(Σ)");
    write_sigma_panels(script, f, &page);
    plot_cell(script, &page, 2);
    fprintf(script,
            "set xlabel 'lag τ%s'\nset ylabel 'C(τ)'\nset xrange [0:%.10g]\n"
            "plot $lags using 1:2 with %s lw 2 lc rgb '#%06x' notitle\n",
            f->async ? "" : "  (steps)", last > 0 ? last : 1,
            f->async || f->n_lags > 101 ? "lines" : "linespoints pt 7 ps 0.5",
            plot_curve_colour(0.15));
    plot_cell(script, &page, 3);
    fprintf(script,
            "set xlabel 'spin'\nset ylabel 'σ_i  (%s per %s)'\nset xrange [-0.7:%.10g]\n"
            "set xzeroaxis lw 1 lc rgb '#808080'\n"
            "plot $spins using 1:2 with impulses lw 5 lc rgb '#%06x' notitle\n"
            "unset multiplot\n",
            f->bits ? "bits" : "nats", f->async ? "unit time" : "step", (double)f->n_spins - 0.3,
            plot_curve_colour(0.15));
}

int exact_draw(const void *figure, const char *picture) {
    return gnuplot_draw(picture, write_figure, figure, "fewer --bins");
}
