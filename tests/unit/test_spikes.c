/* SPDX-License-Identifier: BSD-3-Clause */
/* Spike times in bins: half-open, from the beginning of their window, borders to within roundings of the times.
 * [spike-bins] */
#include "ki_test.h"

#include <float.h>

#include "ki_rasters.h"

/* Bins as a string of digits, unit by unit; trials behind each other. */
static void bins_are(const ki_raster *r, const char *words) {
    ki_raster_summary s;
    char got[512];
    size_t used = 0;
    int8_t x[256];

    assert_int_equal(ki_raster_summarize(r, &s, NULL), 0);
    assert_true(s.bins * s.units <= sizeof x);
    assert_int_equal(ki_raster_unpack(r, 0, s.bins, x), 0);
    for (size_t i = 0; i < s.units; i++) {
        if (i)
            got[used++] = ' ';
        for (size_t t = 0, k = 1; t < s.bins; t++) {
            if (t == ki_raster_trials(r)[k]) {
                got[used++] = '|';
                k++;
            }
            got[used++] = x[t * s.units + i] > 0 ? '1' : '0';
        }
    }
    got[used] = '\0';
    assert_string_equal(got, words);
}

typedef struct course {
    uint64_t units, count;
    double time[12];
    int64_t unit[12];
    double width;
    uint64_t windows;
    double from[4], to[4];
    uint64_t length;
    const char *words;
    uint64_t outside, lost;
} course;

static ki_raster *bin(const course *c, uint64_t *outside) {
    const ki_spikes spikes = {c->units, c->count, c->time, c->unit, NULL};
    const ki_windows windows = {c->windows, c->from, c->to, c->length};
    ki_raster *r = NULL;

    if (ki_raster_bin(&spikes, c->width, &windows, outside, &r))
        print_error("%s\n", ki_last_error());
    return r;
}

static void courses(void **state) {
    (void)state;
    static const course all[] = {
        /* Half-open, one more bin for a last spike on a border, in any order. */
        {1, 3, {0.5, 0, 0.25}, {0}, 0.25, .words = "111"},
        {2, 4, {0.24, 0.99, 0.5, 0.1}, {0, 1, 1, 0}, 0.25, .words = "1000 0011", .lost = 1},
        {1, 1, {0}, {0}, 3, .words = "1"},
        /* A window ends before its end, and what is before or behind is in no bin. */
        {1, 4, {0.9, 1, 1.5, 2}, {0}, 0.5, 1, {1}, {2}, .words = "11", .outside = 2},
        /* Whole bins alone. */
        {1, 3, {0, 0.6, 0.7}, {0}, 0.3, 1, {0}, {0.8}, .words = "10", .outside = 2},
        /* Windows that touch: the border belongs to the second. */
        {1, 3, {0, 1, 1.75}, {0}, 0.5, 2, {0, 1}, {1, 2}, .words = "10|11"},
        {1,
         2,
         {1 - DBL_EPSILON / 2, 2},
         {0},
         0.5,
         2,
         {0, 1},
         {1, 2},
         .words = "00|10",
         .outside = 1},
        /* Between windows; one without a whole bin is passed over. */
        {1,
         4,
         {-0.5, 0.5, 2, 3},
         {0},
         0.5,
         3,
         {-1, 2, 3},
         {0, 2.25, 4},
         .words = "01|10",
         .outside = 2},
        /* Trials of a length, the rest of a window being a shorter one. */
        {1, 2, {0, 6}, {0}, 1, .length = 3, .words = "100|000|1"},
        {1, 2, {0, 6.5}, {0}, 1, 2, {0, 5}, {4, 7}, 3, .words = "100|0|01"},
        {1, 2, {0, 6}, {0}, 3, .length = UINT64_MAX, .words = "101"},
        /* A silent unit, and one with no bin of its own. */
        {3, 1, {0}, {1}, 1, .words = "0 1 0"},
        {2, 0, {0}, {0}, 1, 1, {0}, {2}, .words = "00 00"},
        /* Lost: second and later ones of a bin, each unit by itself. */
        {2, 6, {0, 0.1, 0.2, 1, 0, 1.9}, {0, 0, 0, 0, 1, 1}, 1, .words = "11 11", .lost = 2},
    };

    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        ki_raster_summary s;
        uint64_t outside = 99;
        ki_raster *r = bin(&all[k], &outside);

        assert_non_null(r);
        bins_are(r, all[k].words);
        assert_int_equal(outside, all[k].outside);
        assert_int_equal(ki_raster_summarize(r, &s, NULL), 0);
        assert_int_equal(s.lost, all[k].lost);
        assert_int_equal(s.spikes + s.lost + outside, all[k].count);
        assert_true(s.width == all[k].width && s.zero_one);
        ki_raster_free(r);
    }
}

/* The k-th border, as a decimal number or as a sum, begins bin k; whatever the time of day it is. */
static void borders(void **state) {
    (void)state;
    static const double starts[] = {0, 0.1, 7.3, 1000, 86400, 1.6e9};
    enum { BINS = 200 };

    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++)
        for (int sum = 0; sum < 2; sum++) {
            double time[BINS], at = starts[s];
            int64_t unit[BINS] = {0};
            uint64_t outside = 0;
            ki_raster *r = NULL;
            ki_raster_summary summary;

            for (int k = 0; k < BINS; k++) {
                time[k] = sum ? starts[s] + k * 0.1 : round((starts[s] + k * 0.1) * 10) / 10;
                at = starts[s] + (k + 1) * 0.1;
            }
            const ki_spikes spikes = {1, BINS, time, unit, NULL};
            const ki_windows windows = {1, &starts[s], &at, 0};
            assert_int_equal(ki_raster_bin(&spikes, 0.1, &windows, &outside, &r), 0);
            assert_int_equal(ki_raster_summarize(r, &summary, NULL), 0);
            if (summary.bins != BINS || summary.lost || outside)
                print_error("from %g: %d bins, %d lost, %d outside\n", starts[s], (int)summary.bins,
                            (int)summary.lost, (int)outside);
            assert_int_equal(summary.bins, BINS);
            assert_int_equal(summary.lost + outside, 0);
            ki_raster_free(r);
        }
}

static void names_and_lost(void **state) {
    (void)state;
    static const double time[] = {0, 0.5, 0.6, 1};
    static const int64_t unit[] = {1, 1, 0, 1}, ids[] = {7, -3};
    const ki_spikes spikes = {2, 4, time, unit, ids};
    int64_t named[2];
    uint64_t lost[2];
    ki_raster *r = NULL;

    assert_int_equal(ki_raster_bin(&spikes, 1, NULL, NULL, &r), 0);
    assert_int_equal(ki_raster_names(r, named, lost), 0);
    assert_true(named[0] == 7 && named[1] == -3 && lost[0] == 0 && lost[1] == 1);
    ki_raster_free(r);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        course c;
        const char *words;
    } bad[] = {
        {{1, 1, {NAN}, {0}, 1, .length = 0}, "time : spike 0 is at nan s"},
        {{1, 2, {0, INFINITY}, {0}, 1, .length = 0}, "time : spike 1 is at inf s"},
        {{1, 1, {-1}, {0}, 1, .length = 0}, "time : spike 0 is at -1 s, before 0"},
        {{2, 1, {0}, {2}, 1, .length = 0}, "unit : spike 0 is of unit 2 : 0 to 1"},
        {{2, 1, {0}, {-1}, 1, .length = 0}, "unit : spike 0 is of unit -1"},
        {{0, 0, {0}, {0}, 1, .length = 0}, "N : 0"},
        {{1, 1, {0}, {0}, 0, .length = 0}, "bin : 0 seconds"},
        {{1, 1, {0}, {0}, -1, .length = 0}, "bin : -1 seconds"},
        {{1, 1, {0}, {0}, NAN, .length = 0}, "bin : nan seconds"},
        {{1, 1, {0}, {0}, INFINITY, .length = 0}, "bin : inf seconds"},
        {{1, 0, {0}, {0}, 1, .length = 0}, "time : there is no spike"},
        {{1, 1, {1e9}, {0}, 1e-9, .length = 0}, "too many bins : 2^40"},
        {{1, 1, {0}, {0}, 1, 2, {0, 1}, {2, 3}, .length = 0},
         "window 1 : begins at 1 s, before the end"},
        {{1, 1, {0}, {0}, 1, 1, {2}, {1}, .length = 0}, "window 0 : 2 to 1 s"},
        {{1, 1, {0}, {0}, 1, 1, {0}, {INFINITY}, .length = 0}, "window 0 : 0 to inf s"},
        {{1, 1, {0}, {0}, 1, 1, {NAN}, {1}, .length = 0}, "window 0 : nan to 1 s"},
        {{1, 1, {0}, {0}, 2, 2, {0, 1}, {1, 2}, .length = 0},
         "bin : 2 s is longer than every window"},
    };

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const course *c = &bad[k].c;
        const ki_spikes spikes = {c->units, c->count, c->time, c->unit, NULL};
        const ki_windows windows = {c->windows, c->from, c->to, c->length};
        ki_raster *r = NULL;
        uint64_t outside = 99;

        assert_int_equal(ki_raster_bin(&spikes, c->width, &windows, &outside, &r), KI_ERR_ARGUMENT);
        if (!strstr(ki_last_error(), bad[k].words))
            print_error("\"%s\" lacks \"%s\"\n", ki_last_error(), bad[k].words);
        assert_non_null(strstr(ki_last_error(), bad[k].words));
        assert_true(ki_is_sentence(ki_last_error()) && !r && outside == 99);
    }
    ki_refused(ki_raster_bin(NULL, 1, NULL, NULL, &(ki_raster *){NULL}), "spikes");
    const double time[] = {0, 1};
    const int64_t unit[] = {0, 0};
    const struct {
        ki_spikes spikes;
        ki_windows windows;
        const char *name;
    } missing[] = {
        {{1, 2, NULL, unit, NULL}, {1, time, time, 0}, "time"},
        {{1, 2, time, NULL, NULL}, {1, time, time, 0}, "unit"},
        {{1, 2, time, unit, NULL}, {1, NULL, time, 0}, "from"},
        {{1, 2, time, unit, NULL}, {1, time, NULL, 0}, "to"},
    };
    for (size_t k = 0; k < sizeof missing / sizeof *missing; k++)
        ki_refused(
            ki_raster_bin(&missing[k].spikes, 1, &missing[k].windows, NULL, &(ki_raster *){NULL}),
            missing[k].name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(courses),
        cmocka_unit_test(borders),
        cmocka_unit_test(names_and_lost),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
