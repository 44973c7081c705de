/* SPDX-License-Identifier: BSD-3-Clause */
#include "plot/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/gnuplot.h"
#include "shell/message.h"

/* Perceptually uniform colour maps (plasma and inferno, dedicated to the public domain)
 * at eleven points; linear in between is near enough. */
static const unsigned char plasma[11][3] = {
    {13, 8, 135},   {65, 4, 157},   {106, 0, 168},  {143, 13, 164}, {177, 42, 144}, {204, 70, 120},
    {225, 100, 98}, {242, 132, 75}, {252, 166, 54}, {252, 206, 37}, {240, 249, 33},
};
static const unsigned char inferno[11][3] = {
    {0, 0, 4},     {22, 11, 57},   {66, 10, 104},  {106, 23, 110}, {147, 38, 103},  {188, 55, 84},
    {221, 81, 58}, {243, 120, 25}, {252, 165, 10}, {246, 215, 70}, {252, 255, 164},
};

static unsigned interpolate(const unsigned char table[11][3], double t) {
    double at = fmin(fmax(t, 0), 1) * 10;
    int i = at >= 10 ? 9 : (int)at;
    unsigned colour = 0;

    for (int c = 0; c < 3; c++)
        colour = colour << 8 |
                 (unsigned)lround(table[i][c] + (at - i) * (table[i + 1][c] - table[i][c]));
    return colour;
}

unsigned plot_curve_colour(double t) {
    return interpolate(plasma, 0.85 * t); /* the last yellow is too pale for a line */
}

unsigned plot_map_colour(double t) {
    return interpolate(inferno, 1 - t);
}

size_t plot_text_length(const char *text) {
    size_t n = 0;

    for (; *text; text++)
        n += (*text & 0xC0) != 0x80 && *text != '_' && *text != '^';
    return n;
}

plot_page plot_page_for(size_t n_panels, int with_bars, size_t n_entries, size_t longest) {
    plot_page page = {.columns = n_panels <= 1   ? 1
                                 : n_panels <= 4 ? 2
                                                 : 3,
                      .rows = n_panels <= 2 ? 1 : 2,
                      .right = with_bars ? 0.15 : 0.03,
                      .ceiling = with_bars ? 0.92 : 0.97};
    page.width = page.columns == 1 ? 760 : (with_bars ? 480 : 440) * (int)page.columns;
    page.height = page.rows == 1 ? 540 : 390 * (int)page.rows + 40;
    page.line = page.rows == 1 ? 0.065 : 0.05;
    page.per_row = 1;
    if (n_panels != 5 && n_entries > 0) {
        /* A sample of the line and some air, and nine points a character. */
        const double each = 60 + 9 * (double)longest, room = 0.94 * page.width;
        page.entry = each / page.width;
        page.per_row = each < room ? (size_t)(room / each) : 1;
        page.per_row = page.per_row > n_entries ? n_entries : page.per_row;
    }
    /* Title and legend take a strip, or the sixth cell when that is free. */
    const size_t lines = n_entries ? (n_entries + page.per_row - 1) / page.per_row : 0;
    page.top = n_panels == 5 ? 0.01 : page.line * (double)(1 + lines);
    if (lines > 1) { /* the panels keep their size */
        const double grown = page.height * (1 + page.line * (double)(lines - 1));
        page.line *= page.height / grown;
        page.top = n_panels == 5 ? 0.01 : page.line * (double)(1 + lines);
        page.height = n_panels == 5 ? page.height : (int)grown;
    }
    return page;
}

void plot_cell(FILE *script, const plot_page *page, size_t i) {
    const double left = page->columns == 1 ? 0.13 : 0.20, bottom = page->rows == 1 ? 0.15 : 0.17;
    double width = 1.0 / (double)page->columns, height = (1 - page->top) / (double)page->rows;
    double x = (double)(i % page->columns) * width;
    double y = 1 - page->top - (double)(i / page->columns + 1) * height;

    fprintf(script, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n", x + left * width,
            x + (1 - page->right) * width);
    fprintf(script, "set bmargin at screen %.4f\nset tmargin at screen %.4f\n", y + bottom * height,
            y + page->ceiling * height);
}

plot_legend plot_legend_for(const plot_page *page, size_t n_panels) {
    if (n_panels == 5) /* the sixth cell is free */
        return (plot_legend){0.74, 0.40, 0, -0.038, 1, 0};
    return (plot_legend){.x = 0.04,
                         .y = 1 - 1.44 * page->line,
                         .dx = fmin(fmax(0.25, page->entry), 0.94 / (double)page->per_row),
                         .dy = -0.8 * page->line,
                         .per_row = page->per_row};
}

void plot_legend_entry(FILE *script, plot_legend *at, const char *style, const char *text) {
    const double sample = 0.035;
    const double x = at->x + at->dx * (double)(at->n % at->per_row);
    const double y = at->y + at->dy * (double)(at->n / at->per_row);

    if (strncmp(style, "point", 5) == 0)
        fprintf(script, "set label '' at screen %.4f,%.4f %s\n", x + sample / 2, y, style);
    else
        fprintf(script, "set arrow from screen %.4f,%.4f to screen %.4f,%.4f nohead %s\n", x, y,
                x + sample, y, style);
    fprintf(script, "set label '%s' at screen %.4f,%.4f left\n", text, x + sample + 0.008, y);
    at->n++;
}

int plot_extent(size_t n, const double *v, double *low, double *high) {
    int found = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i])) {
            *low = found ? fmin(*low, v[i]) : v[i];
            *high = found ? fmax(*high, v[i]) : v[i];
            found = 1;
        }
    return found;
}

double plot_step(double range, double wanted) {
    double raw = range / wanted, power = pow(10, floor(log10(raw))), lead = raw / power;

    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

const char *plot_nothing(size_t n, const double *v) {
    for (size_t i = 0; i < n; i++)
        if (isinf(v[i]))
            return "infinite here";
    return "not defined here";
}

void plot_number(FILE *script, double v, char after) {
    if (isfinite(v))
        fprintf(script, "%.10g%c", v, after);
    else
        fprintf(script, "NaN%c", after);
}
