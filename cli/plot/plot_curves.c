/* SPDX-License-Identifier: BSD-3-Clause */
#include "plot/plot.h"

#include <math.h>
#include <stdlib.h>

#include "plot/gnuplot.h"
#include "shell/message.h"

/* A row's place in the drawing order: by family, then by abscissa. */
typedef struct place {
    size_t row;
    unsigned family;
    double x;
} place;

static int by_place(const void *a, const void *b) {
    const place *p = a, *q = b;

    if (p->family != q->family)
        return p->family < q->family ? -1 : 1;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return p->row < q->row ? -1 : p->row > q->row;
}

/* Puts rows with a finite abscissa in drawing order; returns how many. */
static size_t sort_rows(size_t n, const double *x, const unsigned char *family, place *order) {
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            order[kept++] = (place){i, family ? family[i] : 0, x[i]};
    qsort(order, kept, sizeof *order, by_place);
    return kept;
}

/* The first row of a family is parted from the one before by two blank lines (gnuplot's "index").
 */
static void part_families(FILE *script, const place *order, size_t i) {
    for (unsigned k = i ? order[i - 1].family : order[i].family; k < order[i].family; k++)
        fputs("\n\n", script);
}

/* The data block: x, and three columns for each panel. */
enum { COLUMNS = 3 };
static void write_data(FILE *script, const plot_curves *f, place *order) {
    size_t n = sort_rows(f->n, f->x, f->family, order);

    fputs("$data << EOD\n", script);
    for (size_t i = 0; i < n; i++) {
        size_t row = order[i].row;
        part_families(script, order, i);
        plot_number(script, order[i].x, ' ');
        for (size_t p = 0; p < f->n_panels; p++) {
            const plot_panel *panel = &f->panels[p];
            plot_number(script, panel->y[row], ' ');
            plot_number(script, panel->dashed ? panel->dashed[row] : NAN, ' ');
            plot_number(script, f->points[p].error ? f->points[p].error[row] : NAN,
                        p + 1 < f->n_panels ? ' ' : '\n');
        }
    }
    fputs("EOD\n", script);
    if (f->n_under == 0)
        return;
    n = sort_rows(f->n_under, f->under_x, f->under_family, order);
    fputs("$under << EOD\n", script);
    for (size_t i = 0; i < n; i++) {
        part_families(script, order, i);
        plot_number(script, order[i].x, ' ');
        for (size_t p = 0; p < f->n_panels; p++)
            plot_number(script, f->points[p].under ? f->points[p].under[order[i].row] : NAN,
                        p + 1 < f->n_panels ? ' ' : '\n');
    }
    fputs("EOD\n", script);
}

static double family_shade(const plot_curves *f, size_t k) {
    return f->n_families < 2 ? 0.15 : (double)k / (double)(f->n_families - 1);
}

/* Whole decades around what is above zero. */
static void write_decades(FILE *script, size_t n, const double *y) {
    double low = INFINITY, high = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(y[i]) && y[i] > 0) {
            low = fmin(low, y[i]);
            high = fmax(high, y[i]);
        }
    if (high == 0) {
        fputs("set label 'not defined here' at graph 0.5,0.5 center textcolor rgb '#808080'\n",
              script);
        low = high = 1;
    }
    const double first = floor(log10(low)), last = fmax(ceil(log10(high)), first + 1);
    fprintf(script, "set logscale y\nset format y '10^{%%T}'\nset yrange [1e%.0f:1e%.0f]\n", first,
            last);
}

/* Room above and below; zero is shown where it is near. */
static void write_yrange(FILE *script, double low, double high) {
    if (low >= 0 && low < 0.5 * high)
        low = 0;
    if (low == 0 && high == 0) { /* no scale that the values do not have */
        fputs("set label 'zero everywhere' at graph 0.5,0.6 center textcolor rgb '#808080'\n"
              "set yrange [-1:1]\nset ytics ('0' 0)\n",
              script);
        return;
    }
    fputs("set ytics autofreq\n", script);
    if (low == high) {
        low -= low != 0 ? 0.5 * fabs(low) : 0;
        high += high != 0 ? 0.5 * fabs(high) : 1;
    }
    /* A little below zero too, or a curve that lies on it would hide behind the axis. */
    fprintf(script, "set yrange [%.10g:%.10g]\n", low - (low == 0 ? 0.02 : 0.05) * (high - low),
            high + 0.05 * (high - low));
}

/* Around points with their error bars, and the curves beneath. */
static void write_range_of_points(FILE *script, const plot_curves *f, size_t p) {
    const double *y = f->panels[p].y, *error = f->points[p].error, *under = f->points[p].under;
    double low = INFINITY, high = -INFINITY;

    for (size_t i = 0; i < f->n; i++)
        if (isfinite(y[i])) {
            double bar = isfinite(error[i]) ? error[i] : 0;
            low = fmin(low, y[i] - bar);
            high = fmax(high, y[i] + bar);
        }
    for (size_t i = 0; under && i < f->n_under; i++)
        if (isfinite(under[i])) {
            low = fmin(low, under[i]);
            high = fmax(high, under[i]);
        }
    write_yrange(script, low <= high ? low : 0, low <= high ? high : 1);
}

/* Room above and below the curves. */
static void write_range(FILE *script, const plot_curves *f, size_t p) {
    const plot_panel *panel = &f->panels[p];
    double low = 0, high = 1, low2, high2;

    if (f->log_y || f->log_panels & 1u << p) {
        write_decades(script, f->n, panel->y);
        return;
    }
    if (f->points[p].error) {
        write_range_of_points(script, f, p);
        return;
    }
    int found = plot_extent(f->n, panel->y, &low, &high);

    if (panel->dashed && plot_extent(f->n, panel->dashed, &low2, &high2)) {
        low = found ? fmin(low, low2) : low2;
        high = found ? fmax(high, high2) : high2;
        found = 1;
    }
    if (!found)
        fprintf(script, "set label '%s' at graph 0.5,0.5 center textcolor rgb '#808080'\n",
                plot_nothing(f->n, panel->y));
    write_yrange(script, low, high);
    if (!found)
        fputs("unset ytics\n", script);
}

/* What to plot: points over the curves beneath. */
static void write_points(FILE *script, const plot_curves *f, size_t p) {
    size_t n = f->points[p].under ? f->n_under_families : 0;

    for (size_t k = 0; k < n; k++)
        fprintf(script, "%s$under index %zu using 1:%zu with lines lw 1.5 lc rgb '#%06x' notitle",
                k ? ", " : "", k, p + 2, n == 1 ? 0x303030 : plot_curve_colour(family_shade(f, k)));
    for (size_t k = 0; k < f->n_families; k++)
        fprintf(script,
                "%s$data index %zu using 1:%zu:%zu with yerrorbars pt 7 ps 0.7 lw 1.5 lc rgb "
                "'#%06x' notitle",
                n || k ? ", " : "", k, COLUMNS * p + 2, COLUMNS * p + 4,
                plot_curve_colour(family_shade(f, k)));
    fputs("\nunset label\n", script);
}

static void write_panel(FILE *script, const plot_curves *f, const plot_page *page, size_t p) {
    const plot_panel *panel = &f->panels[p];
    const char *with = f->with_points ? "linespoints pt 7 ps 0.5" : "lines";

    plot_cell(script, page, p);
    fprintf(script, "set ylabel '%s'\n", panel->label);
    write_range(script, f, p);
    fputs("plot ", script);
    if (f->points[p].error) {
        write_points(script, f, p);
        return;
    }
    for (size_t k = 0; k < f->n_families; k++) {
        unsigned colour = plot_curve_colour(family_shade(f, k));
        fprintf(script, "%s$data index %zu using 1:%zu with %s lw 2 lc rgb '#%06x' notitle",
                k ? ", " : "", k, COLUMNS * p + 2, with, colour);
        if (panel->dashed)
            fprintf(script,
                    ", $data index %zu using 1:%zu with lines lw 2 dt (8,5) lc rgb '#%06x' "
                    "notitle",
                    k, COLUMNS * p + 3, colour);
    }
    fputs("\nunset label\n", script);
    if (!f->log_y && f->log_panels & 1u << p)
        fputs("unset logscale y\nset format y '%g'\n", script);
}

static int is_visible(double mark, double low, double high) {
    return mark >= low && mark <= high;
}

static size_t n_visible_marks(const plot_curves *f, double low, double high) {
    size_t n = 0;

    for (size_t p = 0; p < f->n_panels; p++)
        for (size_t i = 0; i < f->n_marks[f->panels[p].boundary]; i++)
            n += is_visible(f->marks[f->panels[p].boundary][i], low, high) ? 1 : 0;
    return n;
}

/* Each in the colour of its family. */
static void write_marks(FILE *script, const plot_curves *f, int boundary, double low, double high) {
    const double *mark = f->marks[boundary];

    for (size_t i = 0; i < f->n_marks[boundary]; i++) {
        const unsigned colour =
            f->n_families > 1 ? plot_curve_colour(family_shade(f, f->mark_family[boundary][i]))
                              : 0x808080;
        if (is_visible(mark[i], low, high))
            fprintf(script,
                    "set arrow from %.10g,graph 0 to %.10g,graph 1 nohead back lw 1.5 "
                    "dt (12,9) lc rgb '#%06x'\n",
                    mark[i], mark[i], colour);
    }
}

static void name_family(const plot_curves *f, size_t k, char *out, size_t size) {
    if (f->family_labels)
        snprintf(out, size, "%s", f->family_labels[k]);
    else
        snprintf(out, size, isinf(f->family_values[k]) ? "%s = ∞" : "%s = %.6g", f->family_name,
                 f->family_values[k]);
}

#define CRITICAL_TEXT "critical point"

/* How many entries the legend has, and the characters of the longest. */
static size_t measure_legend(const plot_curves *f, int marked, size_t *longest) {
    const int named = f->n_under > 0 && f->under_name;
    const size_t families = f->n_families > 1 ? f->n_families : 0;
    char text[96];

    *longest = marked ? plot_text_length(CRITICAL_TEXT) : 0;
    for (size_t k = 0; k < families; k++) {
        name_family(f, k, text, sizeof text);
        const size_t length = plot_text_length(text);
        *longest = length > *longest ? length : *longest;
    }
    if (named && plot_text_length(f->under_name) > *longest)
        *longest = plot_text_length(f->under_name);
    return families + (marked != 0) + (named != 0);
}

static void write_legend(FILE *script, const plot_curves *f, const plot_page *page, int marked) {
    plot_legend at = plot_legend_for(page, f->n_panels);
    char style[64], text[96];

    if (f->n_panels == 5)
        fprintf(script, "set label '%s' at screen 0.74,0.44 left\n", f->title);
    else
        fprintf(script, "set label '%s' at screen 0.04,%.4f left\n", f->title,
                1 - 0.7 * page->line);
    for (size_t k = 0; f->n_families > 1 && k < f->n_families; k++) {
        snprintf(style, sizeof style, "%s lc rgb '#%06x'",
                 f->points[0].error ? "point pt 7 ps 0.8" : "lw 2",
                 plot_curve_colour(family_shade(f, k)));
        name_family(f, k, text, sizeof text);
        plot_legend_entry(script, &at, style, text);
    }
    if (f->n_under > 0 && f->under_name)
        plot_legend_entry(script, &at, "lw 1.5 lc rgb '#303030'", f->under_name);
    if (marked)
        plot_legend_entry(script, &at, "lw 1.5 dt (12,9) lc rgb '#808080'", CRITICAL_TEXT);
}

/* Curves, and room for the order in which the points of one are drawn. */
typedef struct sorted_curves {
    const plot_curves *f;
    place *order;
} sorted_curves;

static void write_curves(FILE *script, const void *figure, const char *picture) {
    const sorted_curves *sorted = figure;
    const plot_curves *f = sorted->f;
    double low = 0, high = 1;

    plot_extent(f->n, f->x, &low, &high);
    if (f->points[0].error) { /* whole points at the ends */
        double margin = 0.02 * (high - low);
        low -= margin;
        high += margin;
    }
    const int marked = n_visible_marks(f, low, high) > 0;
    size_t longest, entries = measure_legend(f, marked, &longest);
    plot_page page = plot_page_for(f->n_panels, 0, entries, longest);
    gnuplot_terminal(script, picture, page.width, page.height);
    write_data(script, f, sorted->order);
    fprintf(script,
            "set multiplot\nset border lw 1.2\nset tics nomirror out scale 0.6\n"
            "set border 3\nset format '%%g'\nunset key\nset xlabel '%s'\n"
            "set xrange [%.10g:%.10g]\n",
            f->x_label, low, high);
    write_legend(script, f, &page, marked);
    /* Labels and arrows of the page are drawn with the first panel and must not be repeated. */
    for (size_t p = 0; p < f->n_panels; p++) {
        write_marks(script, f, f->panels[p].boundary, low, high);
        write_panel(script, f, &page, p);
        fputs("unset arrow\n", script);
    }
    fputs("unset multiplot\n", script);
}

int plot_draw_curves(const void *figure, const char *picture) {
    const plot_curves *f = figure;
    const size_t most = f->n > f->n_under ? f->n : f->n_under;
    const sorted_curves sorted = {f, malloc(most * sizeof *sorted.order)};
    const int status = sorted.order
                           ? gnuplot_draw(picture, write_curves, &sorted, "fewer points")
                           : complain(STATUS_FAILED, "%s : out of memory : fewer points", picture);

    free(sorted.order);
    return status;
}
