/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/grid_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shell/message.h"

const char *const parameter_symbols[N_PARAMETERS] = {"β", "J_0", "ΔJ", "ΔH"};
static const char *const axis_labels[N_PARAMETERS] = {"inverse temperature β", "mean coupling J_0",
                                                      "coupling disorder ΔJ", "field disorder ΔH"};

/* Which axes vary, abscissa first; for two, the second is the family or the ordinate. */
typedef struct axes {
    int n, first, second;
} axes;

static axes find_axes(const grid *g, int hidden) {
    axes found = {0, -1, -1};

    for (int a = 0; a < N_PARAMETERS; a++)
        if (a != hidden && g->n[a] > 1) {
            if (found.n == 0)
                found.first = a;
            else
                found.second = a;
            found.n++;
        }
    /* The shorter list makes the family. */
    if (found.n == 2 && g->n[found.second] > PLOT_MAX_FAMILIES &&
        g->n[found.first] <= PLOT_MAX_FAMILIES)
        found = (axes){2, found.second, found.first};
    else if (found.n == 2 && g->n[found.second] <= PLOT_MAX_FAMILIES &&
             g->n[found.first] < g->n[found.second])
        found = (axes){2, found.second, found.first};
    return found;
}

static int is_map(const grid *g, axes v) {
    return v.n == 2 && g->n[v.second] > PLOT_MAX_FAMILIES;
}

int grid_is_map(const grid *g, int hidden) {
    return is_map(g, find_axes(g, hidden));
}

int grid_runs_along(const grid *g, int hidden, int a) {
    const axes v = find_axes(g, hidden);

    return v.first == a || (is_map(g, v) && v.second == a);
}

static int has_width(const grid *g, int a) {
    double low, high;

    return plot_extent(g->n[a], g->axis[a], &low, &high) && low < high;
}

int grid_figure_check(const grid *g, int hidden, int maps) {
    axes v = find_axes(g, hidden);

    if (v.n == 0)
        return complain(STATUS_USAGE,
                        "--plot : there is one point only : a list for one parameter, "
                        "such as --%s 0.1:2:39",
                        hidden == KI_BETA ? "dH" : "beta");
    if (v.n > 2)
        return complain(STATUS_USAGE, "--plot : %d parameters vary : lists for one or two of them",
                        v.n);
    const int map = is_map(g, v);
    if (map && !maps)
        return complain(STATUS_USAGE,
                        "--plot : two long lists (--%s and --%s) : at most %d values in "
                        "one of them",
                        parameter_names[v.first], parameter_names[v.second], PLOT_MAX_FAMILIES);
    int flat = !has_width(g, v.first) ? v.first : map && !has_width(g, v.second) ? v.second : -1;
    if (flat >= 0)
        return complain(STATUS_USAGE,
                        "--plot : --%s has no two different finite values : a range such "
                        "as 0.1:2:39",
                        parameter_names[flat]);
    return 0;
}

double parameter_value(const ki_theory_params *p, int a) {
    return a == KI_BETA ? p->beta : a == KI_J0 ? p->J0 : a == KI_DJ ? p->dJ : p->dH;
}

static double *parameter_of(ki_theory_params *p, int a) {
    return a == KI_BETA ? &p->beta : a == KI_J0 ? &p->J0 : a == KI_DJ ? &p->dJ : &p->dH;
}

double critical_value(int mirrored, ki_theory_params p, int a) {
    double root;
    int status;

    if (mirrored && a != KI_J0)
        p.J0 = fabs(p.J0);
    if (ki_critical(&p, a, &root, &status) != 0 || status != KI_CONVERGED)
        return (double)NAN;
    return root;
}

/* Samples along each axis; points of all branches and the gap between them. */
enum { BOUNDARY_SAMPLES = 256, BOUNDARY_POINTS = 4 * BOUNDARY_SAMPLES + 1 };

typedef struct point {
    double x, y;
} point;

static int by_x(const void *a, const void *b) {
    const point *p = a, *q = b;

    return p->x != q->x ? (p->x < q->x ? -1 : 1) : (p->y > q->y) - (p->y < q->y);
}

/* One branch (sign of J0) of the boundary. Solving along both axes leaves no hole where the curve
 * is steep; it is monotonic, so sorting by x puts the two sets of points in order. */
static size_t trace_branch(const grid *g, int mirrored, int a, int b, ki_theory_params p,
                           double sign, point *out) {
    const int axis[2] = {a, b};
    double low[2], high[2];
    size_t n = 0;

    for (int d = 0; d < 2; d++)
        if (!plot_extent(g->n[axis[d]], g->axis[axis[d]], &low[d], &high[d]))
            return 0;
    for (int d = 0; d < 2; d++)
        for (int i = 0; i < BOUNDARY_SAMPLES; i++) {
            double at = low[d] + (high[d] - low[d]) * i / (BOUNDARY_SAMPLES - 1);
            if (axis[d] == KI_J0 && sign * at <= 0)
                continue;
            *parameter_of(&p, axis[d]) = axis[d] == KI_J0 ? fabs(at) : at;
            double root = critical_value(mirrored, p, axis[1 - d]);
            if (axis[1 - d] == KI_J0)
                root *= sign;
            if (root >= low[1 - d] && root <= high[1 - d])
                out[n++] = d == 0 ? (point){at, root} : (point){root, at};
        }
    qsort(out, n, sizeof *out, by_x);
    return n;
}

/* With beta on an axis the zero-temperature boundary is one value of the other parameter. */
static size_t cold_level(const grid *g, int mirrored, int a, int b, ki_theory_params p, double sign,
                         point *out) {
    int other = a == KI_BETA ? b : a;
    double low, high;

    p.beta = (double)INFINITY;
    double root = critical_value(mirrored, p, other) * (other == KI_J0 ? sign : 1);
    if (!plot_extent(g->n[KI_BETA], g->axis[KI_BETA], &low, &high) || isnan(root))
        return 0;
    for (int end = 0; end < 2; end++)
        out[end] = a == KI_BETA ? (point){end ? high : low, root} : (point){root, end ? high : low};
    return 2;
}

/* Points of the order-disorder boundary in the plane of axes `a` and `b`, in drawing order, NaN
 * between branches; `cold`: the one at T -> 0. `x` and `y` have room for BOUNDARY_POINTS. */
static size_t trace_boundary(const grid *g, int mirrored, int a, int b, int cold, double *x,
                             double *y) {
    int has_beta = a == KI_BETA || b == KI_BETA;
    int branches = mirrored && (a == KI_J0 || b == KI_J0) ? 2 : 1;
    size_t n = 0;

    for (int branch = 0; branch < branches; branch++) {
        point points[2 * BOUNDARY_SAMPLES];
        ki_theory_params p = grid_point(g, 0);
        double sign = branch ? -1 : 1;
        if (cold && !has_beta)
            p.beta = (double)INFINITY;
        size_t found = cold && has_beta ? cold_level(g, mirrored, a, b, p, sign, points)
                                        : trace_branch(g, mirrored, a, b, p, sign, points);
        if (n > 0 && found > 0) {
            x[n] = y[n] = (double)NAN;
            n++;
        }
        for (size_t i = 0; i < found; i++, n++) {
            x[n] = points[i].x;
            y[n] = points[i].y;
        }
    }
    return n;
}

void grid_title(const grid *g, int hidden, char *out, size_t size) {
    size_t used = 0;

    out[0] = '\0';
    for (int a = 0; a < N_PARAMETERS; a++)
        if (a != hidden && g->n[a] == 1 && used < size)
            used += (size_t)snprintf(out + used, size - used,
                                     isinf(g->axis[a][0]) ? "%s%s = ∞" : "%s%s = %.6g",
                                     used ? ", " : "", parameter_symbols[a], g->axis[a][0]);
}

/* Critical points along the abscissa, one or two for each family, and whose they are. */
typedef struct critical_points {
    size_t n[2];
    double at[2][2 * PLOT_MAX_FAMILIES]; /* by enum boundary */
    unsigned char family[2][2 * PLOT_MAX_FAMILIES];
} critical_points;

static void find_critical_points(const grid *g, axes v, critical_points *out) {
    const size_t families = v.n == 2 ? g->n[v.second] : 1;

    out->n[0] = out->n[1] = 0;
    for (int mirrored = 0; mirrored < 2; mirrored++)
        for (size_t k = 0; k < families; k++) {
            const ki_theory_params p = grid_point(g, v.n == 2 ? k * g->stride[v.second] : 0);
            const double root = critical_value(mirrored, p, v.first);
            for (int sign = 1; sign >= (v.first == KI_J0 && mirrored ? -1 : 1); sign -= 2) {
                out->family[mirrored][out->n[mirrored]] = (unsigned char)k;
                out->at[mirrored][out->n[mirrored]++] = sign * root;
            }
        }
}

/* Fractions of the way from a critical point to the next one of the grid: m is a square root there. */
static const double near[] = {0, 0.002, 0.015, 0.06, 0.16, 0.36, 0.64};
enum { NEAR = sizeof near / sizeof near[0], MOST_NEAR = 2 * NEAR * 4 * PLOT_MAX_FAMILIES };

/* The points of an axis next to `at`, `at` itself where there are none. */
static void neighbours(const grid *g, int a, double at, double out[2]) {
    double below = -INFINITY, above = INFINITY;

    for (size_t i = 0; i < g->n[a]; i++) {
        const double x = g->axis[a][i];
        if (x < at)
            below = fmax(below, x);
        else if (x > at)
            above = fmin(above, x);
    }
    out[0] = isinf(below) ? at : below;
    out[1] = isinf(above) ? at : above;
}

/* The rows of the drawing: those of the grid, then the ones near critical points. */
typedef struct drawn_rows {
    size_t n, room;
    double *x, *y[PLOT_MAX_PANELS], *dashed[PLOT_MAX_PANELS];
    unsigned char *family;
} drawn_rows;

static int get_rows(const grid_figure *f, drawn_rows *r) {
    *r = (drawn_rows){.room = f->g->total + MOST_NEAR};
    r->x = malloc((1 + 2 * f->n_curves) * r->room * sizeof(double));
    r->family = malloc(r->room);
    for (size_t p = 0; r->x && p < f->n_curves; p++) {
        r->y[p] = r->x + (1 + 2 * p) * r->room;
        r->dashed[p] = r->y[p] + r->room;
    }
    return r->x && r->family ? 0 : -1;
}

static void add_near_points(const grid_figure *f, axes v, const critical_points *critical,
                            drawn_rows *r) {
    const grid *g = f->g;
    double low, high;

    if (!plot_extent(g->n[v.first], g->axis[v.first], &low, &high))
        return;
    for (int set = 0; set < 2; set++)
        for (size_t i = 0; i < critical->n[set]; i++) {
            const double at = critical->at[set][i];
            const size_t k = critical->family[set][i];
            double side[2], y[PLOT_MAX_PANELS], dashed[PLOT_MAX_PANELS];
            if (!(at >= low && at <= high))
                continue;
            ki_theory_params p = grid_point(g, v.n == 2 ? k * g->stride[v.second] : 0);
            neighbours(g, v.first, at, side);
            for (int j = 0; j < 2 * NEAR; j++) {
                r->x[r->n] = *parameter_of(&p, v.first) = at + near[j / 2] * (side[j % 2] - at);
                r->family[r->n] = (unsigned char)k;
                f->evaluate(f->context, &p, y, dashed);
                for (size_t c = 0; c < f->n_curves; c++) {
                    r->y[c][r->n] = y[c];
                    r->dashed[c][r->n] = dashed[c];
                }
                r->n++;
            }
        }
}

static void fill_rows(const grid_figure *f, axes v, drawn_rows *r) {
    const grid *g = f->g;

    for (; r->n < g->total; r->n++) {
        r->x[r->n] = g->axis[v.first][r->n / g->stride[v.first] % g->n[v.first]];
        r->family[r->n] =
            (unsigned char)(v.n == 2 ? r->n / g->stride[v.second] % g->n[v.second] : 0);
        for (size_t p = 0; p < f->n_curves; p++) {
            r->y[p][r->n] = f->curves[p].y[r->n];
            r->dashed[p][r->n] = f->curves[p].dashed ? f->curves[p].dashed[r->n] : (double)NAN;
        }
    }
}

static int draw_curves(const grid_figure *f, axes v, const char *picture) {
    const grid *g = f->g;
    critical_points critical = {.n = {0, 0}};
    drawn_rows rows;
    char title[160];
    int status;

    if (get_rows(f, &rows) == 0) {
        fill_rows(f, v, &rows);
        if (f->with_boundary)
            find_critical_points(g, v, &critical);
        if (f->evaluate)
            add_near_points(f, v, &critical, &rows);
        plot_curves c = {.title = title,
                         .x_label = axis_labels[v.first],
                         .n = rows.n,
                         .x = rows.x,
                         .family = v.n == 2 ? rows.family : NULL,
                         .n_families = v.n == 2 ? g->n[v.second] : 1,
                         .family_name = v.n == 2 ? parameter_symbols[v.second] : NULL,
                         .family_values = v.n == 2 ? g->axis[v.second] : NULL,
                         .n_marks = {critical.n[0], critical.n[1]},
                         .marks = {critical.at[0], critical.at[1]},
                         .mark_family = {critical.family[0], critical.family[1]},
                         .log_panels = f->log_curves,
                         .n_panels = f->n_curves};
        for (size_t p = 0; p < f->n_curves; p++) {
            c.panels[p] = f->curves[p];
            c.panels[p].y = rows.y[p];
            c.panels[p].dashed = f->curves[p].dashed ? rows.dashed[p] : NULL;
        }
        grid_title(g, f->hidden, title, sizeof title);
        status = plot_draw_curves(&c, picture);
    } else {
        status = complain(STATUS_FAILED, "%s : out of memory : fewer points", picture);
    }
    free(rows.x);
    free(rows.family);
    return status;
}

/* An axis put in order for a map: its different finite values, and where they are in the list. */
typedef struct sorted_value {
    double value;
    size_t index;
} sorted_value;

static int by_value(const void *a, const void *b) {
    const sorted_value *p = a, *q = b;

    return p->value != q->value ? (p->value < q->value ? -1 : 1)
                                : (p->index > q->index) - (p->index < q->index);
}

static size_t sort_axis(size_t n, const double *values, sorted_value *out) {
    size_t kept = 0, distinct = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            out[kept++] = (sorted_value){values[i], i};
    qsort(out, kept, sizeof *out, by_value);
    for (size_t i = 0; i < kept; i++)
        if (distinct == 0 || out[i].value > out[distinct - 1].value)
            out[distinct++] = out[i];
    return distinct;
}

static int fill_and_draw_maps(const grid_figure *f, axes v, const char *picture,
                              sorted_value *sorted, double *store) {
    const grid *g = f->g;
    double *x = store, *y = x + g->n[v.first], *lines = y + g->n[v.second];
    double *z = lines + 8 * BOUNDARY_POINTS;
    sorted_value *sx = sorted, *sy = sorted + g->n[v.first];
    char title[160];
    plot_maps maps = {.title = title,
                      .x_label = axis_labels[v.first],
                      .y_label = axis_labels[v.second],
                      .x = x,
                      .y = y,
                      .n_panels = f->n_fields};

    maps.nx = sort_axis(g->n[v.first], g->axis[v.first], sx);
    maps.ny = sort_axis(g->n[v.second], g->axis[v.second], sy);
    for (size_t i = 0; i < maps.nx; i++)
        x[i] = sx[i].value;
    for (size_t j = 0; j < maps.ny; j++)
        y[j] = sy[j].value;
    for (size_t p = 0; p < f->n_fields; p++) {
        maps.panels[p] = f->fields[p];
        maps.panels[p].z = z;
        for (size_t j = 0; j < maps.ny; j++)
            for (size_t i = 0; i < maps.nx; i++)
                *z++ = f->fields[p]
                           .z[sx[i].index * g->stride[v.first] + sy[j].index * g->stride[v.second]];
    }
    grid_title(g, f->hidden, title, sizeof title);
    int already_cold = g->n[KI_BETA] == 1 && isinf(g->axis[KI_BETA][0]);
    for (int mirrored = 0; mirrored < 2; mirrored++)
        for (int cold = 0; cold < 2 - already_cold; cold++, lines += 2 * BOUNDARY_POINTS) {
            double *ly = lines + BOUNDARY_POINTS;
            size_t n = trace_boundary(g, mirrored, v.first, v.second, cold, lines, ly);
            *(cold ? &maps.cold[mirrored] : &maps.critical[mirrored]) = (plot_line){n, lines, ly};
        }
    return plot_draw_maps(&maps, picture);
}

static int draw_maps(const grid_figure *f, axes v, const char *picture) {
    const grid *g = f->g;
    size_t n_axes = g->n[v.first] + g->n[v.second];
    size_t n_store = n_axes + 8 * BOUNDARY_POINTS + f->n_fields * g->total;
    sorted_value *sorted = malloc(n_axes * sizeof *sorted);
    double *store = malloc(n_store * sizeof *store);
    int status = sorted && store
                     ? fill_and_draw_maps(f, v, picture, sorted, store)
                     : complain(STATUS_FAILED, "%s : out of memory : fewer points", picture);

    free(sorted);
    free(store);
    return status;
}

int grid_draw(const void *figure, const char *picture) {
    const grid_figure *f = figure;
    axes v = find_axes(f->g, f->hidden);

    if (is_map(f->g, v))
        return draw_maps(f, v, picture);
    return draw_curves(f, v, picture);
}
