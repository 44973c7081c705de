/* SPDX-License-Identifier: BSD-3-Clause */
#include "plot/plot.h"

#include <math.h>

#include "plot/gnuplot.h"

#define CRITICAL_STYLE "lw 2.5 dt (8,5) lc rgb '#808080'"
#define COLD_STYLE "lw 2 dt (2,4) lc rgb 'black'"
#define COLD_TEXT "critical as T → 0"

static int evenly_spaced(size_t n, const double *x) {
    double width = x[n - 1] - x[0];

    for (size_t i = 0; i < n; i++)
        if (fabs(x[i] - (x[0] + width * (double)i / (double)(n - 1))) > 1e-6 * width)
            return 0;
    return 1;
}

/* Border between cells i-1 and i of an axis. */
static double cell_edge(size_t n, const double *x, size_t i) {
    return i == 0 ? x[0] : i == n ? x[n - 1] : 0.5 * (x[i - 1] + x[i]);
}

static double shade(const plot_field *field, double z) {
    return field->square_root ? sqrt(fmax(z, 0)) : z;
}

static void write_field(FILE *script, const plot_maps *f, size_t p, int even) {
    fprintf(script, "$field%zu << EOD\n", p);
    for (size_t j = 0; j < f->ny; j++) {
        for (size_t i = 0; i < f->nx; i++) {
            double z = f->panels[p].z[j * f->nx + i];
            if (!even && !isfinite(z))
                continue;
            plot_number(script, f->x[i], ' ');
            plot_number(script, f->y[j], ' ');
            if (!even) {
                plot_number(script, cell_edge(f->nx, f->x, i), ' ');
                plot_number(script, cell_edge(f->nx, f->x, i + 1), ' ');
                plot_number(script, cell_edge(f->ny, f->y, j), ' ');
                plot_number(script, cell_edge(f->ny, f->y, j + 1), ' ');
            }
            plot_number(script, isfinite(z) ? shade(&f->panels[p], z) : z, '\n');
        }
        if (even)
            fputc('\n', script);
    }
    fputs("EOD\n", script);
}

static void write_line(FILE *script, const char *name, int set, const plot_line *line) {
    if (line->n < 2)
        return;
    fprintf(script, "$%s%d << EOD\n", name, set);
    for (size_t i = 0; i < line->n; i++) {
        plot_number(script, line->x[i], ' ');
        plot_number(script, line->y[i], '\n');
    }
    fputs("EOD\n", script);
}

/* Colour range and ticks. Under the square root the ticks carry z and stand at sqrt(z): a finer
 * first step, because that is where the root makes room. */
static void write_colour_axis(FILE *script, const plot_field *field, size_t n) {
    double low = 0, high = 1;

    plot_extent(n, field->z, &low, &high);
    if (high <= 0 || !(high > 0))
        high = 1;
    low = low < 0 && !field->square_root ? low : 0;
    fprintf(script, "set cbrange [%.10g:%.10g]\n", low, shade(field, high));
    if (!field->square_root) {
        fputs("set cbtics autofreq\n", script);
        return;
    }
    double step = plot_step(high, 4);
    fprintf(script, "set cbtics ('0' 0, '%g' %.10g", step / 5, sqrt(step / 5));
    for (int i = 1; i * step <= high * (1 + 1e-9); i++)
        fprintf(script, ", '%g' %.10g", i * step, sqrt(i * step));
    fputs(")\n", script);
}

static void write_map_panel(FILE *script, const plot_maps *f, const plot_page *page, size_t p,
                            int even) {
    const plot_field *field = &f->panels[p];
    double low, high;

    plot_cell(script, page, p);
    write_colour_axis(script, field, f->nx * f->ny);
    fprintf(script, "set title '%s%s' offset 0,-0.6\n", field->label,
            field->square_root ? ", square-root scale" : "");
    const int defined = plot_extent(f->nx * f->ny, field->z, &low, &high);
    const int zero = defined && low == 0 && high == 0;
    if (!defined || zero)
        fprintf(script, "set label '%s' at graph 0.5,0.5 center front textcolor rgb '#808080'\n",
                zero ? "zero everywhere" : plot_nothing(f->nx * f->ny, field->z));
    fputs(defined && !zero ? "set colorbox\n" : "unset colorbox\n", script);
    fputs("plot ", script);
    if (even)
        fprintf(script, "$field%zu using 1:2:3 with image notitle", p);
    else
        fprintf(script,
                "$field%zu using 1:2:3:4:5:6:7 with boxxyerror lc palette lw 0.5 "
                "fillstyle solid border notitle",
                p); /* the border closes hairlines */
    if (f->critical[field->boundary].n > 1)
        fprintf(script, ", $critical%d using 1:2 with lines " CRITICAL_STYLE " notitle",
                field->boundary);
    if (f->cold[field->boundary].n > 1)
        fprintf(script, ", $cold%d using 1:2 with lines " COLD_STYLE " notitle", field->boundary);
    fputs("\nunset label\nunset arrow\n", script);
}

static void write_maps(FILE *script, const void *figure, const char *picture) {
    const plot_maps *f = figure;
    int has_critical = f->critical[0].n > 1 || f->critical[1].n > 1;
    int has_cold = f->cold[0].n > 1 || f->cold[1].n > 1;
    const size_t entries = (size_t)(has_critical != 0) + (has_cold != 0);
    plot_page page = plot_page_for(f->n_panels, 1, entries, plot_text_length(COLD_TEXT));
    int even = evenly_spaced(f->nx, f->x) && evenly_spaced(f->ny, f->y);
    plot_legend at = plot_legend_for(&page, f->n_panels);

    gnuplot_terminal(script, picture, page.width, page.height);
    for (size_t p = 0; p < f->n_panels; p++)
        write_field(script, f, p, even);
    for (int set = 0; set < 2; set++) {
        write_line(script, "critical", set, &f->critical[set]);
        write_line(script, "cold", set, &f->cold[set]);
    }
    fputs("set palette maxcolors 0 defined (", script);
    for (int i = 0; i <= 20; i++)
        fprintf(script, "%s%g '#%06x'", i ? ", " : "", i / 20.0, plot_map_colour(i / 20.0));
    fprintf(script,
            ")\nset multiplot\nunset key\nset border lw 1.2 front\n"
            "set tics front out nomirror scale 0.6\nset format '%%g'\n"
            "set xlabel '%s'\nset ylabel '%s'\n",
            f->x_label, f->y_label);
    fprintf(script, "set xrange [%.10g:%.10g]\nset yrange [%.10g:%.10g]\n", f->x[0],
            f->x[f->nx - 1], f->y[0], f->y[f->ny - 1]);
    if (f->n_panels == 5)
        fprintf(script, "set label '%s' at screen 0.74,0.44 left\n", f->title);
    else
        fprintf(script, "set label '%s' at screen 0.04,%.4f left\n", f->title, 1 - 0.7 * page.line);
    if (has_critical)
        plot_legend_entry(script, &at, CRITICAL_STYLE, "critical line");
    if (has_cold)
        plot_legend_entry(script, &at, COLD_STYLE, COLD_TEXT);
    for (size_t p = 0; p < f->n_panels; p++)
        write_map_panel(script, f, &page, p, even);
    fputs("unset multiplot\n", script);
}

int plot_draw_maps(const void *figure, const char *picture) {
    return gnuplot_draw(picture, write_maps, figure, "fewer points");
}
