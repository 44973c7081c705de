/* SPDX-License-Identifier: BSD-3-Clause */
/* Surrogates keep what they say they keep, within trials and windows, and change the rest. [surrogates] */
#include "ki_test.h"

#include "ki_rasters.h"
#include "thermo/surrogates.h"

enum { N = 5, TRIALS = 6, BINS = 90, ALL = TRIALS * BINS };

static int8_t *states(const ki_raster *r) {
    int8_t *x = malloc(ALL * N);

    assert_non_null(x);
    assert_int_equal(ki_raster_unpack(r, 0, ALL, x), 0);
    return x;
}

static int8_t *course(void) {
    double H[N], J[N * N];

    for (size_t i = 0; i < N; i++)
        H[i] = 0.2 * (double)i - 0.4;
    for (size_t k = 0; k < N * N; k++)
        J[k] = 0.4 * cos((double)(k * k));
    return ki_test_course(N, H, J, TRIALS, BINS, 12);
}

/* Whether b, `length` bins of unit i from bin t on, is a rotated by some number of bins. */
static int is_rotated(const int8_t *a, const int8_t *b, size_t i, size_t t, size_t length) {
    for (size_t by = 0; by < length; by++) {
        size_t k = 0;
        while (k < length && b[(t + k) * N + i] == a[(t + (k + by) % length) * N + i])
            k++;
        if (k == length)
            return 1;
    }
    return 0;
}

static void shifts(void **state) {
    (void)state;
    int8_t *a = course();
    ki_raster *r = ki_test_raster(N, TRIALS, BINS, a), *s = ki_test_raster(N, TRIALS, BINS, a);
    const ki_window windows[] = {{r, 0, ALL}, {r, 100, 300}};

    for (size_t w = 0; w < 2; w++) {
        size_t moved = 0;
        ki_surrogate_shift(&windows[w], 7, 3, s);
        int8_t *b = states(s);
        for (size_t k = 0; k < TRIALS; k++)
            for (size_t i = 0; i < N; i++) {
                size_t from = k * BINS, end = from + BINS;
                from = from > windows[w].first ? from : windows[w].first;
                end = end < windows[w].end ? end : windows[w].end;
                if (end > from)
                    assert_true(is_rotated(a, b, i, from, end - from));
            }
        for (size_t t = 0; t < ALL; t++)
            for (size_t i = 0; i < N; i++) {
                const int same = a[t * N + i] == b[t * N + i];
                assert_true(same || (t >= windows[w].first && t < windows[w].end));
                moved += !same;
            }
        assert_true(moved > 100);
        free(b);
    }
    free(a);
    ki_raster_free(r);
    ki_raster_free(s);
}

/* Each bin of a trial has as many active trials as before, and a trial's own course is one of the recorded ones. */
static void shuffles(void **state) {
    (void)state;
    int8_t *a = course();
    ki_raster *r = ki_test_raster(N, TRIALS, BINS, a), *s = ki_test_raster(N, TRIALS, BINS, a);
    const ki_window all = {r, 0, ALL}, part = {r, 30, ALL - 40};
    size_t room[2 * TRIALS], moved = 0;

    assert_int_equal(ki_surrogate_partners(&all, room), TRIALS);
    assert_int_equal(ki_surrogate_partners(&part, room), TRIALS - 2); /* the outer ones are cut */
    ki_surrogate_shuffle(&all, 1, 2, room, s);
    int8_t *b = states(s);
    for (size_t i = 0; i < N; i++) {
        int taken[TRIALS] = {0};
        for (size_t k = 0; k < TRIALS; k++) {
            size_t from = 0, t = 0;
            for (; from < TRIALS; from++) {
                for (t = 0; t < BINS; t++)
                    if (b[(k * BINS + t) * N + i] != a[(from * BINS + t) * N + i])
                        break;
                if (t == BINS)
                    break;
            }
            assert_true(from < TRIALS && !taken[from]);
            taken[from] = 1;
            moved += from != k;
        }
    }
    assert_true(moved > N);
    free(b);
    ki_surrogate_shuffle(&part, 1, 2, room, s);
    b = states(s);
    assert_memory_equal(a, b, BINS * N); /* no trial is as long as the first one */
    assert_memory_equal(a + (ALL - BINS) * N, b + (ALL - BINS) * N, BINS * N);
    free(b);
    free(a);
    ki_raster_free(r);
    ki_raster_free(s);
}

/* First states and units without a row stay; strong fields are followed; numbers differ from one to the next. */
static void courses(void **state) {
    (void)state;
    const double H[N] = {40, -40, 0, 0, 0}, weak[N] = {0};
    const double J[N * N] = {[2 * N + 3] = 40}; /* transposed: unit 3 does what unit 2 did */
    const int8_t row[N] = {1, 1, 1, 1, 0};
    int8_t *a = course();
    double field[N];
    ki_raster *r = ki_test_raster(N, TRIALS, BINS, a), *s = ki_test_raster(N, TRIALS, BINS, a);
    const ki_window all = {r, 0, ALL};
    size_t up = 0, differ = 0;

    ki_surrogate_course(&all, H, J, row, 5, 0, field, s);
    int8_t *b = states(s), *c;
    for (size_t t = 0; t < ALL; t++) {
        const int8_t *now = b + t * N, *before = now - (t % BINS ? N : 0);
        assert_int_equal(now[4], a[t * N + 4]);
        if (t % BINS == 0) {
            assert_memory_equal(now, a + t * N, N);
            continue;
        }
        assert_true(now[0] == 1 && now[1] == -1 && now[3] == before[2]);
        up += now[2] == 1;
    }
    /* A fair coin: 6 deviations. */
    assert_true(fabs((double)up - 0.5 * (ALL - TRIALS)) < 3 * sqrt(ALL));
    ki_surrogate_course(&all, weak, J, row, 5, 1, field, s);
    c = states(s);
    for (size_t t = 0; t < ALL; t++)
        differ += b[t * N + 2] != c[t * N + 2];
    assert_true(differ > ALL / 3);
    free(b);
    free(c);
    free(a);
    ki_raster_free(r);
    ki_raster_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shifts),
        cmocka_unit_test(shuffles),
        cmocka_unit_test(courses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
