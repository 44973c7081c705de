/* SPDX-License-Identifier: BSD-3-Clause */
/* Figures: curves against one parameter, heat maps over two. Text is gnuplot's enhanced text and
 * never comes from the user. */
#ifndef KINISING_CLI_PLOT_H
#define KINISING_CLI_PLOT_H

#include <stddef.h>
#include <stdio.h>

enum { PLOT_MAX_PANELS = 6, PLOT_MAX_FAMILIES = 8 };

/* Values that are not finite leave gaps. */
typedef struct plot_panel {
    const char *label;
    const double *y;      /* [n] */
    const double *dashed; /* [n] second curve, NULL for none */
    int boundary;         /* 0 or 1: which set of marks belongs to it */
} plot_panel;

/* What makes the y of a panel points: their error bars, and curves beneath them. All NULL: a curve.
 */
typedef struct plot_points {
    const double *error; /* [n] */
    const double *under; /* [n_under], NULL for none */
} plot_points;

/* Curves: the same abscissae for all panels, the rows split into families by number. */
typedef struct plot_curves {
    const char *title, *x_label;
    size_t n;
    const double *x;             /* [n], any order */
    const unsigned char *family; /* [n] number of the family, NULL if there is one */
    size_t n_families;           /* 1..PLOT_MAX_FAMILIES */
    const char *family_name;     /* what `family_values` are */
    const double *family_values;
    const char *const *family_labels; /* instead of the last two: what each is called */
    size_t n_marks[2];                /* vertical lines at critical points */
    const double *marks[2];
    const unsigned char *mark_family[2]; /* [n_marks] whose each is */
    int with_points;                     /* integer abscissae: show where they are */
    int log_y;                           /* ordinates in decades; what is not above 0 leaves gaps */
    unsigned log_panels;                 /* likewise, of panel i if bit i is set */
    /* The curves beneath: their own abscissae and families; one family is black and called
     * `under_name`, several have the colours of the points. */
    size_t n_under, n_under_families;
    const double *under_x;
    const unsigned char *under_family;
    const char *under_name;
    size_t n_panels;
    plot_panel panels[PLOT_MAX_PANELS];
    plot_points points[PLOT_MAX_PANELS];
} plot_curves;

typedef struct plot_line {
    size_t n;
    const double *x, *y; /* [n] in drawing order */
} plot_line;

/* One colour panel of a map. */
typedef struct plot_field {
    const char *label;
    const double *z; /* [ny,nx] */
    int square_root; /* colour follows sqrt(z) */
    int boundary;    /* 0 or 1: which pair of lines belongs to it */
} plot_field;

/* Heat maps over the same two axes, each in rising order. */
typedef struct plot_maps {
    const char *title, *x_label, *y_label;
    size_t nx, ny;
    const double *x, *y;
    plot_line critical[2], cold[2]; /* dashed: critical line; dotted: where it ends up as T -> 0 */
    size_t n_panels;
    plot_field panels[PLOT_MAX_PANELS];
} plot_maps;

/* Draw; the argument is a plot_curves or a plot_maps. Return 0 or the exit status of their message.
 */
int plot_draw_curves(const void *figure, const char *picture);
int plot_draw_maps(const void *figure, const char *picture);

/* Shared by the two. */

/* Size of the page and place of the panels. */
typedef struct plot_page {
    size_t columns, rows;
    int width, height;
    double top;     /* fraction of the page taken by title and legend */
    double right;   /* fraction of a cell left free at its right: colour bars */
    double ceiling; /* height in a cell at which the panel ends; above it is its title */
    double line;    /* height of a line of the strip */
    size_t per_row; /* entries of the legend side by side, */
    double entry;   /* and the fraction of the page that each needs */
} plot_page;

/* Of the legend: how many entries, and the characters of the longest. */
plot_page plot_page_for(size_t n_panels, int with_bars, size_t n_entries, size_t longest);
/* Characters of a text as it is drawn. */
size_t plot_text_length(const char *text);
/* Puts the next plot into cell i. */
void plot_cell(FILE *script, const plot_page *page, size_t i);
/* Where the first entry of the legend stands, and the steps along a row and to the next row. */
typedef struct plot_legend {
    double x, y, dx, dy;
    size_t per_row, n;
} plot_legend;
plot_legend plot_legend_for(const plot_page *page, size_t n_panels);
/* `style` of a line, or of a point if it begins with "point". */
void plot_legend_entry(FILE *script, plot_legend *at, const char *style, const char *text);
/* Lowest and highest finite value; 0 if there is none. */
int plot_extent(size_t n, const double *v, double *low, double *high);
/* A step of 1, 2 or 5 times a power of ten that divides `range` into about `wanted` parts. */
double plot_step(double range, double wanted);
/* What to say where there is no finite value. */
const char *plot_nothing(size_t n, const double *v);
/* Colours as 0xRRGGBB, t in 0..1: curves, maps. */
unsigned plot_curve_colour(double t);
unsigned plot_map_colour(double t);
/* A number as gnuplot reads it; not finite is NaN. */
void plot_number(FILE *script, double v, char after);

#endif
