/* SPDX-License-Identifier: BSD-3-Clause */
#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "message.h"

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

plot_page plot_page_for(size_t n_panels, int with_bars, size_t n_entries) {
    plot_page page = {.columns = n_panels <= 1   ? 1
                                 : n_panels <= 4 ? 2
                                                 : 3,
                      .rows = n_panels <= 1 ? 1 : 2,
                      .right = with_bars ? 0.15 : 0.03,
                      .ceiling = with_bars ? 0.92 : 0.97};
    page.width = page.columns == 1 ? 760 : (with_bars ? 480 : 440) * (int)page.columns;
    page.height = page.rows == 1 ? 540 : 390 * (int)page.rows + 40;
    /* Title and legend take a strip, or the sixth cell when that is free. */
    double line = page.rows == 1 ? 0.065 : 0.05;
    page.top = n_panels == 5 ? 0.01 : n_entries ? 2 * line : line;
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

plot_legend plot_legend_for(const plot_page *page, size_t n_panels, size_t n_entries) {
    if (n_panels == 5) /* the sixth cell is free */
        return (plot_legend){0.74, 0.40, 0, -0.038};
    double dx = fmin(0.25, 0.92 / (double)(n_entries ? n_entries : 1));
    return (plot_legend){0.04, 1 - 0.72 * page->top, dx, 0};
}

void plot_legend_entry(FILE *script, plot_legend *at, const char *style, const char *text) {
    double sample = at->dx > 0 && at->dx < 0.15 ? 0.022 : 0.035;

    if (strncmp(style, "point", 5) == 0)
        fprintf(script, "set label '' at screen %.4f,%.4f %s\n", at->x + sample / 2, at->y, style);
    else
        fprintf(script, "set arrow from screen %.4f,%.4f to screen %.4f,%.4f nohead %s\n", at->x,
                at->y, at->x + sample, at->y, style);
    fprintf(script, "set label '%s' at screen %.4f,%.4f left\n", text, at->x + sample + 0.008,
            at->y);
    at->x += at->dx;
    at->y += at->dy;
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

void plot_number(FILE *script, double v, char after) {
    if (isfinite(v))
        fprintf(script, "%.10g%c", v, after);
    else
        fprintf(script, "NaN%c", after);
}
