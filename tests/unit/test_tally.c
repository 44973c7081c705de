/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums by tables of states against loops over regressors [evidence]: numbers of units around those of
 * a byte and a half, slow regressors, trials, blocks of any length. */
#include "ki_test.h"

#include "ki_rasters.h"

#include "infer/tally.h"

enum { MOST = 45, SLOW = 12, WIDE = 1 + MOST + SLOW };

static ki_v8 *lanes(size_t count, uint64_t *seed) {
    ki_v8 *x = ki_alloc(count, sizeof *x);

    assert_non_null(x);
    for (size_t k = 0; k < count; k++)
        for (int lane = 0; lane < 8; lane++)
            x[k][lane] = ki_test_uniform(seed) - 0.4;
    return x;
}

static void assert_lanes(const char *what, const ki_v8 *x, const ki_v8 *y, double size) {
    for (int k = 0; k < 8; k++)
        assert_close_at(what, (*x)[k], (*y)[k], 0, 1e-12 * size);
}

/* Regressors of transition t. */
static void regressors(const ki_columns *c, const int8_t *state, const size_t *bin, size_t bins,
                       size_t t, double *x) {
    x[0] = 1;
    for (size_t k = 0; k < c->units; k++)
        x[1 + k] = state[bin[t] * c->units + k];
    const size_t wanted = 32 * c->slow, pieces = wanted < bins ? wanted : bins;
    for (size_t k = 0; k < c->slow; k++) {
        const double piece = (double)(bin[t] * pieces / bins) + 0.5;
        x[1 + c->units + k] = cos(acos(-1) * (double)(k + 1) * piece / (double)pieces);
    }
}

static void check_block(const ki_tally_block *b, const int8_t *state, const size_t *bin,
                        size_t bins) {
    const ki_columns *c = b->columns;
    const size_t n = ki_columns_width(c), pairs = n * (n + 1) / 2;
    uint64_t seed = 9 + n;
    double x[WIDE];
    ki_v8 *w = lanes(b->count, &seed), *theta = lanes(n, &seed), *m = lanes(pairs, &seed);
    ki_v8 *f = lanes(b->count, &seed), *q = lanes(b->count, &seed), *y = lanes(b->count, &seed);
    ki_v8 *sum = lanes(n, &seed), *square = lanes(pairs, &seed);
    ki_v8 *sum2 = ki_alloc(n, sizeof *sum), *square2 = ki_alloc(pairs, sizeof *square);

    memcpy(sum2, sum, n * sizeof *sum); /* sums are added to what there is */
    memcpy(square2, square, pairs * sizeof *square);
    ki_tally_fields(b, theta, f);
    ki_tally_moments(b, w, sum);
    ki_tally_squares(b, w, square);
    ki_tally_quadratic(b, m, q);
    for (size_t t = 0; t < b->count; t++) {
        ki_v8 field = {0}, form = {0};
        regressors(c, state, bin, bins, b->first + t, x);
        for (size_t j = 0; j < n; j++) {
            field += x[j] * theta[j];
            sum2[j] += x[j] * w[t];
            for (size_t k = j; k < n; k++) {
                form += x[j] * x[k] * m[ki_packed(n, j, k)];
                square2[ki_packed(n, j, k)] += x[j] * x[k] * w[t];
            }
        }
        assert_lanes("field", &f[t], &field, (double)n);
        assert_lanes("form", &q[t], &form, (double)pairs);
    }
    for (size_t j = 0; j < n; j++)
        assert_lanes("moment", &sum[j], &sum2[j], (double)b->count);
    for (size_t j = 0; j < pairs; j++)
        assert_lanes("square", &square[j], &square2[j], (double)b->count);
    for (size_t g = 0; g < c->bytes; g++) {
        ki_tally_targets(b, g, y);
        for (size_t t = 0; t < b->count; t++)
            for (size_t k = 0; k < 8 && 8 * g + k < c->units; k++)
                assert_true(y[t][k] == state[(bin[b->first + t] + 1) * c->units + 8 * g + k]);
    }
    void *all[] = {w, theta, m, f, q, y, sum, square, sum2, square2};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        ki_free(all[k]);
}

static void check(size_t units, size_t slow, size_t trials, size_t bins) {
    double H[MOST] = {0}, J[MOST * MOST] = {0};
    size_t unit[MOST], *bin = malloc(trials * bins * sizeof *bin), count = 0;
    int8_t *state = ki_test_course(units, H, J, trials, bins, 5);
    ki_raster *r = ki_test_raster(units, trials, bins, state);
    ki_columns c = {
        .units = units, .slow = slow, .count = trials * (bins - 1), .bins = trials * bins};
    ki_tally_space space;

    for (size_t k = 0; k < units; k++)
        unit[k] = k;
    for (size_t t = 0; t < trials * bins; t++)
        if (t % bins + 1 < bins)
            bin[count++] = t;
    ki_cursor measure = {0};
    ki_columns_take(&measure, &c);
    ki_tally_take(&measure, &c, &space);
    void *memory = ki_alloc(1, measure.used);
    ki_cursor hand = {.base = memory};
    ki_columns_take(&hand, &c);
    ki_tally_take(&hand, &c, &space);
    ki_columns_fill(&c, r, unit);
    const size_t first = count > 20 ? 13 : 0, rest = count - first;
    check_block(&(ki_tally_block){&c, first, rest < KI_TALLY ? rest : KI_TALLY, &space}, state, bin,
                trials * bins);
    ki_free(memory);
    ki_raster_free(r);
    free(state);
    free(bin);
}

static void sums(void **state) {
    (void)state;
    const size_t units[] = {2, 3, 4, 5, 8, 9, 12, 13, 16, 17, 25, 45};

    for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
        check(units[k], k % 4, 1, 2);
        check(units[k], (k + 1) % 4, 3, 70);
    }
    check(9, 2, 1, 5000);
    check(10, 10, 1, 5000);
    check(20, 12, 2, 500);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums)};

    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
