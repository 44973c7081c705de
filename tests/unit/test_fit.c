/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of rows against plain loops and differences; what ki_fit() refuses, and how it runs. */
#include "ki_test.h"

#include "infer/products.h"
#include "infer/rows.h"
#include "ki_rasters.h"
#include "num/simd.h"

enum { N = 5, BINS = 173, TRIALS = 4, COLUMNS = 4 };

/* A recording, its columns 0, 1, 3 and the field, and work space. */
typedef struct fixture {
    int8_t *x;
    ki_raster *r;
    ki_rows_data data;
    ki_rows_space space;
    char *memory;
} fixture;

static const size_t columns[COLUMNS] = {0, 0, 1, 3};
static const size_t units[] = {4, 1};
static double theta[] = {0.2, -0.5, 0.9, 0.3, -0.4, 2.5, 0.1, -1.2};

static fixture set_up(void) {
    const double H[N] = {0.1, -0.2, 0.3, 0, -0.1};
    double J[N * N];
    for (size_t k = 0; k < N * N; k++)
        J[k] = 0.6 * sin(1.7 * (double)k);
    fixture f = {.x = ki_test_course(N, H, J, TRIALS, BINS, 3)};
    f.r = ki_test_raster(N, TRIALS, BINS, f.x);
    f.data = (ki_rows_data){f.r, NULL, f.r->leads, f.r->transitions, COLUMNS, columns, NULL, 0};
    ki_cursor c = {0};
    ki_rows_take(&c, COLUMNS, 4, &f.space);
    f.memory = ki_alloc((size_t)c.used, 1);
    assert_non_null(f.memory);
    c = (ki_cursor){.base = f.memory};
    ki_rows_take(&c, COLUMNS, 4, &f.space);
    return f;
}

static void tear_down(fixture *f) {
    ki_raster_free(f->r);
    ki_free(f->memory);
    free(f->x);
}

/* The field of a row at the states s. */
static double field(const int8_t *s, const double *row) {
    double h = row[0];
    for (size_t k = 1; k < COLUMNS; k++)
        h += row[k] * s[columns[k]];
    return h;
}

static double regressor(const int8_t *s, size_t k) {
    return k ? s[columns[k]] : 1;
}

static void gradients(void **state) {
    (void)state;
    fixture f = set_up();
    const ki_rows g = {&f.data, &f.space, NULL, 2, units, theta};
    double value[2], gradient[2 * COLUMNS], weight[2], up[2], down[2], other[2 * COLUMNS];

    assert_int_equal(ki_rows_score(&g, value, gradient, weight), 0);
    for (size_t i = 0; i < 2; i++) {
        double sum = 0, mean = 0;
        for (size_t t = 0; t + 1 < TRIALS * BINS; t++) {
            const double h = field(f.x + t * N, theta + i * COLUMNS);
            if ((t + 1) % BINS == 0)
                continue;
            sum += f.x[(t + 1) * N + units[i]] * h - log(2 * cosh(h));
            mean += 1 / (cosh(h) * cosh(h)) / (TRIALS * (BINS - 1));
        }
        assert_close(value[i], sum, 1e-13, 0);
        assert_close(weight[i], mean, 1e-13, 0);
    }
    for (size_t k = 0; k < 2 * COLUMNS; k++) {
        const double keep = theta[k], step = 1e-5;
        theta[k] = keep + step;
        assert_int_equal(ki_rows_score(&g, up, other, weight), 0);
        theta[k] = keep - step;
        assert_int_equal(ki_rows_score(&g, down, other, weight), 0);
        theta[k] = keep;
        const size_t i = k / COLUMNS;
        assert_close(gradient[k], (up[i] - down[i]) / (2 * step), 1e-6, 1e-6);
    }
    /* A row is the same to the last bit in any group. */
    const ki_rows alone = {&f.data, &f.space, NULL, 1, units + 1, theta + COLUMNS};
    assert_int_equal(ki_rows_score(&alone, up, other, weight), 0);
    assert_true(up[0] == value[1]);
    assert_memory_equal(other, gradient + COLUMNS, COLUMNS * sizeof(double));
    tear_down(&f);
}

static void squares(void **state) {
    (void)state;
    fixture f = set_up();
    const ki_rows g = {&f.data, &f.space, NULL, 2, units, theta};
    double packed[2 * COLUMNS * (COLUMNS + 1) / 2], a[COLUMNS * COLUMNS];
    double least[2], most[2];

    assert_int_equal(ki_rows_margins(&g, least, most), 0);
    for (int weight = KI_INFORMATION; weight <= KI_NEAR; weight++) {
        assert_int_equal(ki_rows_squares(&g, weight, KI_EXACT, packed), 0);
        for (size_t i = 0; i < 2; i++) {
            double expected[COLUMNS * COLUMNS] = {0}, low = INFINITY, high = -INFINITY;
            for (size_t t = 0; t + 1 < TRIALS * BINS; t++) {
                const double h = field(f.x + t * N, theta + i * COLUMNS);
                const double y = f.x[(t + 1) * N + units[i]];
                if ((t + 1) % BINS == 0)
                    continue;
                const double w[] = {1 / (cosh(h) * cosh(h)), (y - tanh(h)) * (y - tanh(h)),
                                    fabs(h) < 1};
                low = fmin(low, y * h);
                high = fmax(high, y * h);
                for (size_t j = 0; j < COLUMNS; j++)
                    for (size_t k = 0; k < COLUMNS; k++)
                        expected[j * COLUMNS + k] +=
                            w[weight] * regressor(f.x + t * N, j) * regressor(f.x + t * N, k);
            }
            ki_unpack_pairs(COLUMNS, packed + i * ki_pairs(COLUMNS), a);
            for (size_t k = 0; k < COLUMNS * COLUMNS; k++)
                assert_close(a[k], expected[k], 1e-12, 1e-11);
            assert_close(least[i], low, 1e-14, 1e-14);
            assert_close(most[i], high, 1e-14, 1e-14);
        }
    }
    tear_down(&f);
}

/* The gradient of (1/2) ln det F, by differences. */
static double half_log_det(const fixture *f, const double *row) {
    const ki_rows g = {&f->data, (ki_rows_space *)&f->space, NULL, 1, units, row};
    double packed[COLUMNS * (COLUMNS + 1) / 2], a[COLUMNS][COLUMNS], sum = 0;

    assert_int_equal(ki_rows_squares(&g, KI_INFORMATION, KI_EXACT, packed), 0);
    ki_unpack_pairs(COLUMNS, packed, a[0]);
    for (size_t p = 0; p < COLUMNS; p++) {
        sum += log(a[p][p]) / 2;
        for (size_t i = p + 1; i < COLUMNS; i++)
            for (size_t k = COLUMNS; k-- > p;)
                a[i][k] -= a[i][p] / a[p][p] * a[p][k];
    }
    return sum;
}

/* Gauss-Jordan: a becomes its inverse. */
static void invert(double a[COLUMNS][COLUMNS]) {
    for (size_t p = 0; p < COLUMNS; p++) {
        const double pivot = a[p][p];
        a[p][p] = 1;
        for (size_t k = 0; k < COLUMNS; k++)
            a[p][k] /= pivot;
        for (size_t i = 0; i < COLUMNS; i++)
            if (i != p) {
                const double factor = a[i][p];
                a[i][p] = 0;
                for (size_t k = 0; k < COLUMNS; k++)
                    a[i][k] -= factor * a[p][k];
            }
    }
}

static void leverage(void **state) {
    (void)state;
    fixture f = set_up();
    const ki_rows g = {&f.data, &f.space, NULL, 1, units, theta};
    double packed[COLUMNS * (COLUMNS + 1) / 2], a[COLUMNS][COLUMNS], gradient[COLUMNS] = {0};

    assert_int_equal(ki_rows_squares(&g, KI_INFORMATION, KI_EXACT, packed), 0);
    ki_unpack_pairs(COLUMNS, packed, a[0]);
    invert(a);
    double *m = packed;
    for (size_t i = 0; i < COLUMNS; i++)
        for (size_t k = i; k < COLUMNS; k++)
            *m++ = (i == k ? 1 : 2) * a[i][k];
    assert_int_equal(ki_rows_leverage(&g, packed, KI_EXACT, gradient), 0);
    for (size_t k = 0; k < COLUMNS; k++) {
        double up[COLUMNS], down[COLUMNS];
        memcpy(up, theta, sizeof up);
        memcpy(down, theta, sizeof down);
        up[k] += 1e-5;
        down[k] -= 1e-5;
        assert_close(gradient[k], (half_log_det(&f, up) - half_log_det(&f, down)) / 2e-5, 1e-6,
                     1e-7);
    }
    tear_down(&f);
}

/* Sums of bytes: the same on every level. */
static void bytes_levels(void **state) {
    (void)state;
    enum { STRIDE = 64 * KI_BYTES_WORDS };
    static uint8_t weight[KI_BYTES_PLANES * STRIDE];
    static uint64_t bits[6][KI_BYTES_WORDS];
    const uint64_t *x[] = {bits[0], bits[1], bits[2]}, *y[] = {bits[3], bits[4], bits[5]};
    int32_t plain[KI_BYTES_PAIRS][KI_BYTES_PLANES], best[KI_BYTES_PAIRS][KI_BYTES_PLANES];
    uint64_t seed = 5;

    for (size_t k = 0; k < sizeof weight; k++)
        weight[k] = (uint8_t)(256 * ki_test_uniform(&seed));
    for (size_t q = 0; q < 6; q++)
        for (size_t k = 0; k < KI_BYTES_WORDS; k++)
            for (int half = 0; half < 2; half++)
                bits[q][k] = bits[q][k] << 32 | (uint64_t)(4294967296.0 * ki_test_uniform(&seed));
    for (size_t words = 8; words <= KI_BYTES_WORDS; words += 56) {
        ki_bytes_sums(KI_LEVEL_PLAIN, words, weight, x, y, plain);
        ki_bytes_sums(ki_simd_level(), words, weight, x, y, best);
        assert_memory_equal(plain, best, sizeof plain);
        for (size_t p = 0; p < KI_BYTES_PAIRS; p++)
            for (size_t r = 0; r < KI_BYTES_PLANES; r++) {
                int32_t sum = 0;
                for (size_t t = 0; t < 64 * words; t++)
                    sum += weight[r * STRIDE + t] *
                           ((x[p][t / 64] >> t % 64 & 1) == (y[p][t / 64] >> t % 64 & 1) ? 1 : -1);
                assert_int_equal(sum, plain[p][r]);
            }
    }
}

/* Elements of forms where states differ: the same on every level, and as one counts. */
static void form_levels(void **state) {
    (void)state;
    enum { STATES = 11, QUADS = 3, T = KI_FORM_BINS };
    static int8_t matrix[8 * 200];
    uint64_t quad[2 * QUADS] = {0}, spread[2 * STATES] = {0}, seed = 7;
    int bit[STATES][T];
    int32_t plain[KI_BYTES_PLANES][T], best[KI_BYTES_PLANES][T];

    assert_true(KI_BYTES_PLANES * ki_form_elements(STATES) <= sizeof matrix);
    for (size_t k = 0; k < sizeof matrix; k++)
        matrix[k] = (int8_t)(floor(256 * ki_test_uniform(&seed)) - 128);
    for (size_t j = 0; j < STATES; j++)
        for (size_t t = 0; t < T; t++) {
            bit[j][t] = ki_test_uniform(&seed) < 0.5;
            quad[2 * (j / 4) + t / 16] |= (uint64_t)bit[j][t] << (4 * (t % 16) + j % 4);
            spread[2 * j + t / 16] |= (uint64_t)(15 * bit[j][t]) << 4 * (t % 16);
        }
    /* Columns beyond the last have elements 0. */
    for (size_t j = 0, at = 0; j < STATES; j++)
        for (size_t q = j / 4; q < QUADS; q++, at += 4 * KI_BYTES_PLANES)
            for (size_t r = 0; r < KI_BYTES_PLANES && q == QUADS - 1; r++)
                matrix[at + 4 * r + 3] = 0;
    ki_bytes_forms(KI_LEVEL_PLAIN, STATES, matrix, quad, spread, plain);
    ki_bytes_forms(ki_simd_level(), STATES, matrix, quad, spread, best);
    assert_memory_equal(plain, best, sizeof plain);
    for (size_t r = 0; r < KI_BYTES_PLANES; r++)
        for (size_t t = 0; t < T; t++) {
            int32_t sum = 0;
            for (size_t j = 0, at = 0; j < STATES; j++)
                for (size_t q = j / 4; q < QUADS; q++, at += 4 * KI_BYTES_PLANES)
                    for (size_t k = 4 * q; k < 4 * q + 4 && k < STATES; k++)
                        sum += bit[j][t] != bit[k][t] ? matrix[at + 4 * r + k % 4] : 0;
            assert_int_equal(sum, plain[r][t]);
        }
}

/* Fields and moments of any number of rows and regressors on every level, beside plain loops. */
static void products(void **state) {
    (void)state;
    enum { ROWS = 9, COUNT = 7 };
    static double x[COUNT * KI_ROWS_STRIDE], a[ROWS * KI_BLOCK], h[ROWS * KI_BLOCK];
    double row[ROWS * COUNT], out[ROWS * COUNT];
    const int levels[] = {KI_LEVEL_PLAIN, KI_LEVEL_V3, KI_LEVEL_V4};

    for (size_t k = 0; k < COUNT * KI_ROWS_STRIDE; k++)
        x[k] = k % 3 ? 1 : -1;
    for (size_t k = 0; k < ROWS * KI_BLOCK; k++)
        a[k] = sin(0.3 * (double)k);
    for (size_t k = 0; k < ROWS * COUNT; k++)
        row[k] = cos((double)k);
    for (size_t l = 0; l < 3 && levels[l] <= ki_simd_level(); l++)
        for (size_t rows = 1; rows <= ROWS; rows++)
            for (size_t n = 1; n <= COUNT; n++) {
                for (size_t k = 0; k < rows * n; k++)
                    out[k] = 0.5;
                ki_fields(levels[l], rows, n, row, x, h);
                ki_add_moments(levels[l], rows, n, a, x, out);
                for (size_t i = 0; i < rows; i++) {
                    double sum[COUNT] = {0};
                    for (size_t t = 0; t < KI_BLOCK; t++) {
                        double here = 0;
                        for (size_t k = 0; k < n; k++) {
                            here += row[i * n + k] * x[k * KI_ROWS_STRIDE + t];
                            sum[k] += a[i * KI_BLOCK + t] * x[k * KI_ROWS_STRIDE + t];
                        }
                        assert_close(h[i * KI_BLOCK + t], here, 1e-14, 1e-14);
                    }
                    for (size_t k = 0; k < n; k++)
                        assert_close(out[i * n + k], 0.5 + sum[k], 1e-12, 1e-12);
                }
            }
}

/* Second moments and leverages by digits are near those by products of matrices. */
static void digits(void **state) {
    (void)state;
    enum { UNITS = 130, T = 1300, ROWS = 11, COUNT = UNITS + 1 };
    double *H = calloc(UNITS, sizeof *H), *J = malloc(UNITS * UNITS * sizeof *J);
    double *row = malloc(ROWS * COUNT * sizeof *row);
    const size_t pairs = ki_pairs(COUNT);
    double *slope = calloc(2 * ROWS * COUNT, sizeof *slope);
    double *exact = malloc(ROWS * pairs * sizeof *exact),
           *bytes = malloc(ROWS * pairs * sizeof *row);
    size_t column[COUNT], unit[ROWS];
    assert_true(H && J && row && slope && exact && bytes);
    for (size_t k = 0; k < UNITS * UNITS; k++)
        J[k] = 0.1 * sin(1.3 * (double)k);
    for (size_t k = 0; k < ROWS * COUNT; k++)
        row[k] = 0.1 * cos(0.7 * (double)k);
    for (size_t k = 0; k < COUNT; k++)
        column[k] = k ? k - 1 : 0;
    for (size_t k = 0; k < ROWS; k++)
        unit[k] = 7 * k;
    int8_t *x = ki_test_course(UNITS, H, J, 4, T, 6);
    ki_raster *r = ki_test_raster(UNITS, 4, T, x);
    const ki_rows_data data = {r, NULL, r->leads, r->transitions, COUNT, column, NULL, 0};
    ki_rows_space space;
    ki_cursor c = {0};
    ki_rows_take(&c, COUNT, ROWS, &space);
    char *memory = ki_alloc((size_t)c.used, 1);
    assert_non_null(memory);
    c = (ki_cursor){.base = memory};
    ki_rows_take(&c, COUNT, ROWS, &space);
    const ki_rows g = {&data, &space, NULL, ROWS, unit, row};
    const int level = space.level;
    for (int weight = KI_INFORMATION; weight <= KI_NEAR; weight++) {
        space.level = KI_LEVEL_PLAIN;
        assert_int_equal(ki_rows_squares(&g, weight, KI_EXACT, exact), 0);
        space.level = level;
        for (int count = 1; count <= KI_EXACT; count = count == 4 ? KI_EXACT : count + 1) {
            assert_int_equal(ki_rows_squares(&g, weight, count, bytes), 0);
            /* 256^-count sqrt(T)/2 of the largest weight, and 6 times that at most. */
            const double size = sqrt(4 * T) * (weight == KI_SCORES ? 4 : 1);
            for (size_t k = 0; k < ROWS * pairs; k++)
                assert_close(bytes[k], exact[k], 1e-12, 3 * pow(256, -count) * size + 1e-11);
        }
    }
    for (size_t k = 0; k < ROWS * pairs; k++)
        exact[k] = sin(0.3 * (double)k);
    space.level = KI_LEVEL_PLAIN;
    assert_int_equal(ki_rows_leverage(&g, exact, KI_EXACT, slope), 0);
    for (int count = 1; count <= KI_EXACT; count = count == 4 ? KI_EXACT : count + 1) {
        double *other = slope + ROWS * COUNT;
        memset(other, 0, ROWS * COUNT * sizeof *other);
        space.level = level;
        assert_int_equal(ki_rows_leverage(&g, exact, count, other), 0);
        for (size_t k = 0; k < ROWS * COUNT; k++)
            assert_close(other[k], slope[k], 1e-12, 2e4 * pow(256, -count));
    }
    ki_raster_free(r);
    ki_free(memory);
    free(x);
    free(H);
    free(J);
    free(row);
    free(slope);
    free(exact);
    free(bytes);
}

static void refused(const ki_raster *r, const ki_fit_spec *spec, ki_fit_result *o,
                    const char *words) {
    assert_int_equal(ki_fit(r, spec, NULL, o), KI_ERR_ARGUMENT);
    assert_true(ki_is_sentence(ki_last_error()));
    if (!strstr(ki_last_error(), words))
        fail_msg("\"%s\" lacks \"%s\"", ki_last_error(), words);
}

static void refusals(void **state) {
    (void)state;
    fixture f = set_up();
    ki_fit_result o = ki_test_result(N), empty = {0};
    ki_raster *single = ki_test_raster(N, TRIALS, 1, f.x);

    o.H[0] = 42;
    refused(NULL, NULL, &o, "raster");
    refused(f.r, NULL, NULL, "out");
    refused(f.r, NULL, &empty, "H");
    refused(single, NULL, &o, "no trial has two bins");
    refused(f.r, &(ki_fit_spec){.ridge = -1}, &o, "ridge");
    refused(f.r, &(ki_fit_spec){.l1 = NAN}, &o, "l1");
    refused(f.r, &(ki_fit_spec){.method = 4}, &o, "method : 4");
    refused(f.r, &(ki_fit_spec){.firth = -1}, &o, "firth : -1");
    refused(f.r, &(ki_fit_spec){.method = KI_FIT_MS, .ridge = 1}, &o, "ms has no penalty");
    refused(f.r, &(ki_fit_spec){.firth = KI_FIRTH_ALL, .ridge = 1}, &o, "without ridge");
    refused(f.r, &(ki_fit_spec){.dynamics = 7}, &o, "dynamics");
    refused(f.r, &(ki_fit_spec){.updates = f.r}, &o, "dynamics async");
    refused(f.r, &(ki_fit_spec){.updates = f.r, .dynamics = KI_ASYNC, .method = 1}, &o, "nmf");
    refused(f.r, &(ki_fit_spec){.updates = single, .dynamics = KI_ASYNC}, &o, "5 units x 4 bins");
    refused(f.r, &(ki_fit_spec){.dynamics = KI_ASYNC}, &o, "step : 0");
    assert_true(o.H[0] == 42);
    assert_string_equal(ki_fit_method_name(KI_FIT_TAP), "tap");
    assert_string_equal(ki_fit_method_name(9), "?");
    uint64_t bytes = 0, more = 0;
    assert_int_equal(ki_fit_memory(100, NULL, 1, &bytes), 0);
    assert_int_equal(ki_fit_memory(100, NULL, 2, &more), 0);
    ki_build_info build;
    assert_int_equal(ki_get_build_info(&build), 0);
    assert_true(build.have_threads ? more > bytes : more == bytes);
    assert_true(bytes > 100 * 100 * 8);
    assert_int_equal(ki_fit_memory(0, NULL, 1, &bytes), KI_ERR_ARGUMENT);
    ki_raster_free(single);
    ki_test_free_result(&o);
    tear_down(&f);
}

static int stop(void *user, uint64_t done, uint64_t total) {
    (void)done;
    (void)total;
    ++*(int *)user;
    return 1;
}

static void threads_and_cancelling(void **state) {
    (void)state;
    enum { UNITS = 70 };
    double H[UNITS] = {0}, *J = malloc(UNITS * UNITS * sizeof *J);
    assert_non_null(J);
    for (size_t k = 0; k < UNITS * UNITS; k++)
        J[k] = 0.2 * sin(1.3 * (double)k);
    int8_t *x = ki_test_course(UNITS, H, J, 1, 1200, 4);
    ki_raster *r = ki_test_raster(UNITS, 1, 1200, x);
    ki_fit_result one = ki_test_result(UNITS), three = ki_test_result(UNITS);
    assert_int_equal(ki_fit(r, NULL, &(ki_run_options){.threads = 1}, &one), 0);
    assert_int_equal(ki_fit(r, NULL, &(ki_run_options){.threads = 3}, &three), 0);
    assert_memory_equal(one.H, three.H, 4 * UNITS * sizeof(double));
    assert_memory_equal(one.J, three.J, 3 * UNITS * UNITS * sizeof(double));
    int calls = 0;
    one.H[3] = 42;
    assert_int_equal(ki_fit(r, NULL, &(ki_run_options){1, stop, &calls}, &one), KI_ERR_CANCELLED);
    assert_int_equal(calls, 1);
    assert_true(one.H[3] == 42);
    ki_test_free_result(&one);
    ki_test_free_result(&three);
    ki_raster_free(r);
    free(x);
    free(J);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(squares),
        cmocka_unit_test(leverage),
        cmocka_unit_test(refusals),
        cmocka_unit_test(threads_and_cancelling),
        cmocka_unit_test(bytes_levels),
        cmocka_unit_test(form_levels),
        cmocka_unit_test(products),
        cmocka_unit_test(digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
