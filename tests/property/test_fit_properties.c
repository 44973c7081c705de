/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits [mle] [firth] [async-data]: conditions of the maxima with ridge and L1, permuted units, 0/1 and +-1, known
 * and unknown update times, borders of small recordings, transitions held out, sandwich errors. */
#include "ki_test.h"

#include "ki_rasters.h"

enum { N = 6, BINS = 900, TRIALS = 2 };

static double H[N], J[N * N];

static ki_raster *recording(double scale, uint64_t seed, int8_t **course) {
    for (size_t i = 0; i < N; i++)
        H[i] = 0.3 * scale * sin(2.1 * (double)i + 1);
    for (size_t k = 0; k < N * N; k++)
        J[k] = 0.5 * scale * sin(1.9 * (double)k);
    *course = ki_test_course(N, H, J, TRIALS, BINS, seed);
    return ki_test_raster(N, TRIALS, BINS, *course);
}

/* Gradient of the log-likelihood of row i at (h, j). */
static void gradient_of(const int8_t *x, size_t i, double h, const double *j,
                        double gradient[N + 1]) {
    memset(gradient, 0, (N + 1) * sizeof *gradient);
    for (size_t t = 0; t + 1 < TRIALS * BINS; t++) {
        double field = h;
        if ((t + 1) % BINS == 0)
            continue;
        for (size_t k = 0; k < N; k++)
            field += j[k] * x[t * N + k];
        const double residual = x[(t + 1) * N + i] - tanh(field);
        gradient[0] += residual;
        for (size_t k = 0; k < N; k++)
            gradient[k + 1] += residual * x[t * N + k];
    }
}

static void penalties(void **state) {
    (void)state;
    int8_t *x;
    ki_raster *r = recording(1, 5, &x);
    ki_fit_result o = ki_test_result(N);
    const double ridges[] = {0, 3, 50, 0, 7}, ones[] = {0, 0, 0, 40, 25};

    for (size_t s = 0; s < 5; s++) {
        const ki_fit_spec spec = {.ridge = ridges[s], .l1 = ones[s]};
        size_t zeros = 0;
        assert_int_equal(ki_fit(r, &spec, NULL, &o), 0);
        for (size_t i = 0; i < N; i++) {
            double g[N + 1];
            assert_int_equal(o.status[i], KI_CONVERGED);
            gradient_of(x, i, o.H[i], o.J + i * N, g);
            assert_close(g[0], 0, 0, 1e-6);
            for (size_t k = 0; k < N; k++) {
                const double j = o.J[i * N + k], slope = g[k + 1] - ridges[s] * j;
                if (j != 0) { /* stationary with the penalty */
                    assert_close(slope, ones[s] * (j > 0 ? 1 : -1), 0, 1e-6);
                } else { /* no way up either side */
                    assert_true(fabs(slope) <= ones[s] + 1e-6);
                    assert_true(isnan(o.J_err[i * N + k]));
                    zeros++;
                }
            }
        }
        assert_int_equal(zeros > 0, ones[s] > 0);
        assert_int_equal(o.parameters, N * (N + 1) - zeros);
    }
    ki_test_free_result(&o);
    ki_raster_free(r);
    free(x);
}

/* Units in another order, 0/1 for +-1 as doubles from another layout: the same network. */
static void permuted(void **state) {
    (void)state;
    const size_t order[N] = {3, 0, 5, 1, 4, 2};
    int8_t *x;
    ki_raster *r = recording(1.5, 6, &x), *other;
    double *y = malloc(TRIALS * BINS * N * sizeof *y);
    ki_fit_result a = ki_test_result(N), b = ki_test_result(N);

    assert_non_null(y);
    for (size_t t = 0; t < TRIALS * BINS; t++)
        for (size_t i = 0; i < N; i++)
            y[i * TRIALS * BINS + t] = x[t * N + order[i]] > 0;
    assert_int_equal(ki_raster_create(N, TRIALS, (const uint64_t[]){BINS, BINS}, NAN, &other), 0);
    const ki_raster_values values = {y, KI_FLOAT64, sizeof *y,
                                     TRIALS * BINS * (ptrdiff_t)sizeof *y};
    assert_int_equal(ki_raster_fill(other, 0, TRIALS * BINS, &values), 0);
    assert_int_equal(ki_fit(r, NULL, NULL, &a), 0);
    assert_int_equal(ki_fit(other, NULL, NULL, &b), 0);
    for (size_t i = 0; i < N; i++) {
        assert_close(b.H[i], a.H[order[i]], 0, 1e-9);
        for (size_t k = 0; k < N; k++) {
            assert_close(b.J[i * N + k], a.J[order[i] * N + order[k]], 0, 1e-9);
            assert_close(b.J_err[i * N + k], a.J_err[order[i] * N + order[k]], 0, 1e-10);
            assert_close(b.J_robust[i * N + k], b.J_err[i * N + k], 0.3, 0);
        }
    }
    assert_close(a.total, b.total, 1e-12, 0);
    ki_test_free_result(&a);
    ki_test_free_result(&b);
    ki_raster_free(r);
    ki_raster_free(other);
    free(x);
    free(y);
}

/* One unit updated in each bin: its row has those transitions alone. */
static void known_updates(void **state) {
    (void)state;
    enum { T = 9000 };
    int8_t *x, *u = malloc(T * N), *full = malloc(T * N);
    ki_raster *unused = recording(1, 7, &x);
    uint64_t seed = 8;
    assert_true(u && full);
    memset(u, 0, T * N);
    for (size_t t = 0; t < T; t++) {
        const size_t i = (size_t)(N * ki_test_uniform(&seed));
        double h = H[i];
        for (size_t k = 0; k < N; k++)
            full[t * N + k] = t ? full[(t - 1) * N + k] : 1;
        for (size_t k = 0; k < N && t; k++)
            h += J[i * N + k] * full[(t - 1) * N + k];
        if (t)
            full[t * N + i] = ki_test_uniform(&seed) < 1 / (1 + exp(-2 * h)) ? 1 : -1;
        u[t * N + i] = 1;
    }
    ki_raster *r = ki_test_raster(N, 1, T, full), *updates = ki_test_raster(N, 1, T, u);
    ki_fit_result o = ki_test_result(N);
    const ki_fit_spec spec = {.dynamics = KI_ASYNC, .updates = updates};
    assert_int_equal(ki_fit(r, &spec, NULL, &o), 0);
    for (size_t i = 0; i < N; i++) {
        double g[N + 1] = {0}, value = 0;
        assert_int_equal(o.status[i], KI_CONVERGED);
        for (size_t t = 0; t + 1 < T; t++) {
            double h = o.H[i];
            if (!u[(t + 1) * N + i])
                continue;
            for (size_t k = 0; k < N; k++)
                h += o.J[i * N + k] * full[t * N + k];
            const double y = full[(t + 1) * N + i];
            value += y * h - log(2 * cosh(h));
            g[0] += y - tanh(h);
            for (size_t k = 0; k < N; k++)
                g[k + 1] += (y - tanh(h)) * full[t * N + k];
        }
        for (size_t k = 0; k <= N; k++)
            assert_close(g[k], 0, 0, 1e-6);
        assert_close(o.log_likelihood[i], value, 1e-11, 0);
        for (size_t k = 0; k < N; k++) /* some 1500 events a row: errors of 0.03 */
            assert_close(o.J[i * N + k], J[i * N + k], 0, 6 * o.J_err[i * N + k]);
    }
    ki_test_free_result(&o);
    ki_raster_free(r);
    ki_raster_free(updates);
    ki_raster_free(unused);
    free(x);
    free(u);
    free(full);
}

/* Unknown update times: the stationary point of the averaged gradient. */
static void unknown_updates(void **state) {
    (void)state;
    int8_t *x;
    ki_raster *r = recording(0.4, 9, &x);
    ki_fit_result o = ki_test_result(N);
    double before[N], after[N], c[N * N], d[N * N];
    const ki_fit_spec spec = {.dynamics = KI_ASYNC, .step = 1.3};

    assert_int_equal(ki_raster_moments(r, NULL, before, after, c, d), 0);
    assert_int_equal(ki_fit(r, &spec, NULL, &o), 0);
    for (size_t i = 0; i < N; i++) {
        double mean[N + 1] = {0};
        assert_int_equal(o.status[i], KI_CONVERGED);
        assert_true(isnan(o.log_likelihood[i]) && isnan(o.J_err[i * N]));
        for (size_t t = 0; t + 1 < TRIALS * BINS; t++) {
            double h = o.H[i];
            if ((t + 1) % BINS == 0)
                continue;
            for (size_t k = 0; k < N; k++)
                h += o.J[i * N + k] * x[t * N + k];
            mean[0] += tanh(h) / (TRIALS * (BINS - 1));
            for (size_t k = 0; k < N; k++)
                mean[k + 1] += tanh(h) * x[t * N + k] / (TRIALS * (BINS - 1));
        }
        assert_close(mean[0], before[i] + (after[i] - before[i]) / (1 - exp(-1.3)), 0, 1e-9);
        for (size_t k = 0; k < N; k++)
            assert_close(mean[k + 1],
                         c[i * N + k] + (d[i * N + k] - c[i * N + k]) / (1 - exp(-1.3)), 0, 1e-9);
    }
    ki_test_free_result(&o);
    ki_raster_free(r);
    free(x);
}

/* Two units: theta.x takes four values, each with its counts of y; a row is separated if and only
 * if ... is decided by trying all directions on a fine circle grid of (H, J0, J1). */
static int separated_by_trial(const int8_t *x, size_t bins, size_t i) {
    int counts[4][2] = {{0}};
    for (size_t t = 0; t + 1 < bins; t++)
        counts[(x[t * 2] > 0) + 2 * (x[t * 2 + 1] > 0)][x[(t + 1) * 2 + i] > 0]++;
    /* Extreme directions of four points of a square have small whole components. */
    for (int h = -2; h <= 2; h++)
        for (int a = -2; a <= 2; a++)
            for (int b = -2; b <= 2; b++) {
                int bad = 0, good = 0;
                for (int k = 0; k < 4; k++) {
                    const int field = h + a * (k & 1 ? 1 : -1) + b * (k & 2 ? 1 : -1);
                    bad += field > 0 ? counts[k][0] : field < 0 ? counts[k][1] : 0;
                    good += field > 0 ? counts[k][1] : field < 0 ? counts[k][0] : 0;
                }
                if (!bad && good)
                    return 1;
            }
    return 0;
}

static void borders(void **state) {
    (void)state;
    const double h[2] = {-0.6, 0.2}, j[4] = {0.9, -1.2, 1.5, 0.4};
    int found = 0, rows = 0;

    for (uint64_t seed = 0; seed < 300; seed++) {
        const size_t bins = 12 + seed % 90;
        int8_t *x = ki_test_course(2, h, j, 1, bins, seed * 1000 + 17);
        ki_raster *r = ki_test_raster(2, 1, bins, x);
        ki_fit_result o = ki_test_result(2);
        assert_int_equal(ki_fit(r, NULL, NULL, &o), 0);
        for (size_t i = 0; i < 2 && o.column[0] && o.column[1]; i++) {
            if (o.status[i] == KI_SILENT || o.status[i] == KI_SATURATED)
                continue;
            assert_int_equal(o.status[i] == KI_SEPARATED, separated_by_trial(x, bins, i));
            assert_true(o.status[i] == KI_SEPARATED || o.status[i] == KI_CONVERGED);
            assert_true(fabs(o.J[2 * i]) < 10 && isfinite(o.J_err[2 * i]));
            found += o.status[i] == KI_SEPARATED;
            rows++;
        }
        const ki_fit_spec none = {.firth = KI_FIRTH_NONE};
        assert_int_equal(ki_fit(r, &none, NULL, &o), 0);
        for (size_t k = 0; k < 4; k++)
            assert_true(isfinite(o.J[k]) && (o.status[k / 2] != KI_SEPARATED ||
                                             o.J_err[k] == INFINITY || isnan(o.J_err[k])));
        ki_test_free_result(&o);
        ki_raster_free(r);
        free(x);
    }
    print_message("separated rows: %d of %d\n", found, rows);
    assert_true(found > 50 && rows - found > 50);
}

/* Two units that are one, and one that is the opposite of another: columns are left out. */
static void copies(void **state) {
    (void)state;
    int8_t *x;
    ki_raster *r = recording(1, 11, &x);
    ki_fit_result o = ki_test_result(N);

    for (size_t t = 0; t < TRIALS * BINS; t++) {
        x[t * N + 2] = x[t * N];
        x[t * N + 5] = (int8_t)-x[t * N + 3];
    }
    ki_raster *copied = ki_test_raster(N, TRIALS, BINS, x);
    assert_int_equal(ki_fit(copied, NULL, NULL, &o), 0);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(o.column[i], i != 2 && i != 5);
        assert_int_equal(o.status[i], KI_CONVERGED);
        assert_true(o.J[i * N + 2] == 0 && isnan(o.J_err[i * N + 5]) && isfinite(o.J_err[i * N]));
    }
    /* A penalty shares them out. */
    const ki_fit_spec ridge = {.ridge = 1};
    assert_int_equal(ki_fit(copied, &ridge, NULL, &o), 0);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(o.status[i], KI_CONVERGED);
        assert_close(o.J[i * N + 2], o.J[i * N], 0, 1e-8);
        assert_close(o.J[i * N + 5], -o.J[i * N + 3], 0, 1e-8);
    }
    ki_test_free_result(&o);
    ki_raster_free(r);
    ki_raster_free(copied);
    free(x);
}

/* The last fifth of each trial, by the fit of the rest as a recording of its own. */
static void held_out(void **state) {
    (void)state;
    int8_t *x;
    ki_raster *r = recording(1, 12, &x);
    ki_fit_result o = ki_test_result(N);
    const size_t transitions = BINS - 1, kept = transitions - (size_t)(0.2 * (double)transitions);
    int8_t *part = malloc(TRIALS * (kept + 1) * N);
    double bits[N];
    ki_held_out held = {.bits_per_spike = bits};

    assert_non_null(part);
    for (size_t k = 0; k < TRIALS; k++)
        memcpy(part + k * (kept + 1) * N, x + k * BINS * N, (kept + 1) * N);
    ki_raster *rest = ki_test_raster(N, TRIALS, kept + 1, part);
    assert_int_equal(ki_fit(rest, NULL, NULL, &o), 0);
    assert_int_equal(ki_fit_holdout(r, NULL, 0.2, 0, NULL, &held), 0);
    assert_int_equal(held.transitions, TRIALS * (transitions - kept));
    double value = 0, gain = 0, spikes = 0;
    for (size_t i = 0; i < N; i++) {
        double active = 0, all = 0, own = 0, own_spikes = 0;
        for (size_t t = 0; t + 1 < TRIALS * BINS; t++) {
            const int up = x[(t + 1) * N + i] > 0;
            if (t % BINS < kept) {
                active += up;
                all++;
            }
        }
        const double p = (active + 0.5) / (all + 1);
        for (size_t t = 0; t + 1 < TRIALS * BINS; t++) {
            const double y = x[(t + 1) * N + i];
            double h = o.H[i];
            if (t % BINS < kept || (t + 1) % BINS == 0)
                continue;
            for (size_t k = 0; k < N; k++)
                h += o.J[i * N + k] * x[t * N + k];
            value += y * h - log(2 * cosh(h));
            own += y * h - log(2 * cosh(h)) - log(y > 0 ? p : 1 - p);
            own_spikes += y > 0;
        }
        assert_close(bits[i], own / (log(2) * own_spikes), 1e-6, 1e-8);
        gain += own;
        spikes += own_spikes;
    }
    assert_close(held.log_likelihood, value, 1e-9, 0);
    assert_close(held.gain, gain, 1e-7, 0);
    assert_close(held.bits, gain / (log(2) * spikes), 1e-7, 0);
    assert_true(held.bits > 0.05); /* there is something to predict */
    assert_int_equal(ki_fit_holdout(r, NULL, 0, 5, NULL, &held), 0);
    assert_int_equal(held.transitions, TRIALS * transitions);
    assert_true(held.bits > 0.05);
    assert_int_equal(ki_fit_holdout(r, NULL, 0, 0, NULL, &held), KI_ERR_ARGUMENT);
    assert_int_equal(ki_fit_holdout(r, NULL, 0, 1, NULL, &held), KI_ERR_ARGUMENT);
    assert_int_equal(ki_fit_holdout(r, NULL, 0.5, 3, NULL, &held), KI_ERR_ARGUMENT);
    assert_int_equal(ki_fit_holdout(r, NULL, 1e-9, 0, NULL, &held), KI_ERR_ARGUMENT);
    ki_test_free_result(&o);
    ki_raster_free(r);
    ki_raster_free(rest);
    free(part);
    free(x);
}

/* Gauss-Jordan: a [n,n] becomes its inverse. */
static void invert(size_t n, double *a) {
    for (size_t p = 0; p < n; p++) {
        const double pivot = a[p * n + p];
        a[p * n + p] = 1;
        for (size_t k = 0; k < n; k++)
            a[p * n + k] /= pivot;
        for (size_t i = 0; i < n; i++) {
            const double factor = a[i * n + p];
            if (i == p)
                continue;
            a[i * n + p] = 0;
            for (size_t k = 0; k < n; k++)
                a[i * n + k] -= factor * a[p * n + k];
        }
    }
}

/* F^-1 of unit i, and the step F^-1 U from the result, U the score, with `firth` the modified one. */
static void sum_plainly(size_t n, size_t bins, const int8_t *s, size_t i, const ki_fit_result *o,
                        int firth, double *inverse, double *step) {
    const size_t count = n + 1;
    double score[16] = {0}, x[16] = {1};

    memset(inverse, 0, count * count * sizeof *inverse);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t t = 0; t + 1 < bins; t++) {
            double h = o->H[i], q = 0;
            for (size_t k = 0; k < n; k++) {
                x[k + 1] = s[t * n + k];
                h += o->J[i * n + k] * x[k + 1];
            }
            const double th = tanh(h), w = 1 - th * th;
            for (size_t a = 0; a < count; a++)
                for (size_t b = 0; b < count; b++)
                    if (pass)
                        q += x[a] * inverse[a * count + b] * x[b];
                    else
                        inverse[a * count + b] += w * x[a] * x[b];
            for (size_t a = 0; a < count && pass; a++)
                score[a] += (s[(t + 1) * n + i] - th - (firth ? th * w * q : 0)) * x[a];
        }
        if (!pass)
            invert(count, inverse);
    }
    for (size_t a = 0; a < count; a++) {
        step[a] = 0;
        for (size_t b = 0; b < count; b++)
            step[a] += inverse[a * count + b] * score[b];
    }
}

/* Long recordings are summed by digits: at the result the modified score of plain loops leads nowhere,
 * and errors are those of their F, of sparse units too, whose weights are few and small. */
static void long_recordings(void **state) {
    (void)state;
    enum { UNITS = 4, T = 40000, COUNT = UNITS + 1 };
    const double field[][UNITS] = {{0.1, -0.2, 0.3, 0}, {-2.5, -3, -2.8, -2}, {-3.2, 0, -1, 1.5}};

    for (size_t c = 0; c < 3; c++) {
        double coupling[UNITS * UNITS];
        for (size_t k = 0; k < UNITS * UNITS; k++)
            coupling[k] = 0.5 * sin(1.7 * (double)(k + c));
        int8_t *x = ki_test_course(UNITS, field[c], coupling, 1, T, 11 + c);
        ki_raster *r = ki_test_raster(UNITS, 1, T, x);
        for (int firth = KI_FIRTH_AUTO; firth <= KI_FIRTH_ALL; firth++) {
            const ki_fit_spec spec = {.firth = firth};
            ki_fit_result o = ki_test_result(UNITS);
            assert_int_equal(ki_fit(r, &spec, NULL, &o), 0);
            for (size_t i = 0; i < UNITS; i++) {
                double inverse[COUNT * COUNT], step[COUNT];
                const int separated = o.status[i] == KI_SEPARATED;
                assert_true(separated || o.status[i] == KI_CONVERGED);
                sum_plainly(UNITS, T, x, i, &o, firth == KI_FIRTH_ALL || separated, inverse, step);
                for (size_t k = 0; k < COUNT; k++) {
                    assert_close(step[k], 0, 0, 1e-9);
                    assert_close(k ? o.J_err[i * UNITS + k - 1] : o.H_err[i],
                                 sqrt(inverse[k * COUNT + k]), 1e-8, 0);
                }
            }
            ki_test_free_result(&o);
        }
        ki_raster_free(r);
        free(x);
    }
}

/* Errors of unit i by plain loops: sqrt of the diagonals of F^-1 and of the sandwich. */
static void plain_errors(size_t n, size_t bins, const int8_t *s, size_t i, const ki_fit_result *o,
                         double *errors, double *robust) {
    const size_t count = n + 1;
    double *inverse = calloc(count * count, sizeof *inverse), *x = malloc(count * sizeof *x);

    assert_true(inverse && x);
    x[0] = 1;
    memset(robust, 0, count * sizeof *robust);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t t = 0; t + 1 < bins; t++) {
            double h = o->H[i];
            for (size_t k = 0; k < n; k++) {
                x[k + 1] = s[t * n + k];
                h += o->J[i * n + k] * x[k + 1];
            }
            const double w = 1 / (cosh(h) * cosh(h)), rest = s[(t + 1) * n + i] - tanh(h);
            for (size_t a = 0; a < count; a++) {
                double lead = 0;
                for (size_t b = 0; b < count; b++)
                    if (pass)
                        lead += inverse[a * count + b] * x[b];
                    else
                        inverse[a * count + b] += w * x[a] * x[b];
                robust[a] += rest * rest * lead * lead;
            }
        }
        if (!pass)
            invert(count, inverse);
    }
    for (size_t a = 0; a < count; a++) {
        errors[a] = sqrt(inverse[a * count + a]);
        robust[a] = sqrt(robust[a]);
    }
    free(inverse);
    free(x);
}

/* Many units that are seldom active: few digits of the weights do not say their F. */
static void sparse(void **state) {
    (void)state;
    enum { UNITS = 130, T = 3000 };
    double field[UNITS], errors[UNITS + 1], robust[UNITS + 1];
    double *coupling = malloc(UNITS * UNITS * sizeof *coupling);

    assert_non_null(coupling);
    for (size_t i = 0; i < UNITS; i++)
        field[i] = -1.5 + 0.3 * sin((double)i);
    for (size_t k = 0; k < UNITS * UNITS; k++)
        coupling[k] = 0.04 * sin(1.7 * (double)k);
    int8_t *x = ki_test_course(UNITS, field, coupling, 1, T, 21);
    ki_raster *r = ki_test_raster(UNITS, 1, T, x);
    ki_fit_result o = ki_test_result(UNITS);
    assert_int_equal(ki_fit(r, NULL, NULL, &o), 0);
    for (size_t i = 0; i < 3; i++) {
        plain_errors(UNITS, T, x, i, &o, errors, robust);
        for (size_t k = 0; k < UNITS; k++) {
            assert_true(o.column[k]);
            assert_close_at("error", o.J_err[i * UNITS + k], errors[1 + k], 1e-4, 0);
            assert_close_at("robust", o.J_robust[i * UNITS + k], robust[1 + k], 1e-4, 0);
        }
    }
    ki_test_free_result(&o);
    ki_raster_free(r);
    free(x);
    free(coupling);
}

/* Rows of every kind side by side, in one group or in three: the same to the last bit. */
static void divided(void **state) {
    (void)state;
    enum { UNITS = 12, T = 20000 };
    double field[UNITS], coupling[UNITS * UNITS];

    for (size_t i = 0; i < UNITS; i++)
        field[i] = i < 3 ? -3.3 : 0.2 * sin((double)i);
    for (size_t k = 0; k < UNITS * UNITS; k++)
        coupling[k] = 0.4 * sin(1.7 * (double)k);
    int8_t *x = ki_test_course(UNITS, field, coupling, 1, T, 5);
    ki_raster *r = ki_test_raster(UNITS, 1, T, x);
    for (int firth = KI_FIRTH_AUTO; firth <= KI_FIRTH_ALL; firth++) {
        const ki_fit_spec spec = {.firth = firth};
        const ki_run_options one = {.threads = 1}, three = {.threads = 3};
        ki_fit_result a = ki_test_result(UNITS), b = ki_test_result(UNITS);
        int separated = 0;
        assert_int_equal(ki_fit(r, &spec, &one, &a), 0);
        assert_int_equal(ki_fit(r, &spec, &three, &b), 0);
        for (size_t i = 0; i < UNITS; i++)
            separated += a.status[i] == KI_SEPARATED;
        assert_in_range(separated, 1, UNITS - 1);
        assert_memory_equal(a.H, b.H, UNITS * sizeof *a.H);
        assert_memory_equal(a.J, b.J, UNITS * UNITS * sizeof *a.J);
        assert_memory_equal(a.J_err, b.J_err, UNITS * UNITS * sizeof *a.J_err);
        assert_memory_equal(a.J_robust, b.J_robust, UNITS * UNITS * sizeof *a.J_robust);
        assert_memory_equal(a.log_likelihood, b.log_likelihood, UNITS * sizeof *a.H);
        ki_test_free_result(&a);
        ki_test_free_result(&b);
    }
    ki_raster_free(r);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(penalties),     cmocka_unit_test(permuted),
        cmocka_unit_test(known_updates), cmocka_unit_test(unknown_updates),
        cmocka_unit_test(borders),       cmocka_unit_test(copies),
        cmocka_unit_test(held_out),      cmocka_unit_test(long_recordings),
        cmocka_unit_test(sparse),        cmocka_unit_test(divided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
