/* SPDX-License-Identifier: BSD-3-Clause */
/* Exact sums: against integers of 128 bits, by hand where rounding is difficult, and in every order. */
#include "ki_test.h"

#include <float.h>
#include <stdlib.h>

#include "num/exact_sum.h"

__extension__ typedef __int128 wide;

static uint64_t seed = 1;
static uint64_t random_bits(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) ^ (seed << 20);
}

/* Any finite double, small and large. */
static double any_double(void) {
    for (;;) {
        const uint64_t bits = random_bits() ^ random_bits() << 40;
        double x;
        memcpy(&x, &bits, sizeof x);
        if (isfinite(x))
            return x;
    }
}

static double value_of(size_t n, const double *x) {
    ki_exact_sum sum = {0};
    for (size_t i = 0; i < n; i++)
        ki_exact_sum_add(&sum, x[i]);
    return ki_exact_sum_value(&sum);
}

#define VALUE(...)                                                                                 \
    value_of(sizeof(double[]){__VA_ARGS__} / sizeof(double), (const double[]){__VA_ARGS__})

static void by_hand(void **state) {
    (void)state;
    const double tiny = 0x1p-1074, e = DBL_EPSILON;
    assert_true(VALUE(0) == 0 && VALUE(-0.0) == 0);
    assert_true(VALUE(1e300, 1, -1e300) == 1);
    assert_true(VALUE(DBL_MAX, tiny, -DBL_MAX) == tiny);
    assert_true(VALUE(DBL_MAX, DBL_MAX, -DBL_MAX) == DBL_MAX);
    assert_true(VALUE(DBL_MAX, DBL_MAX) == HUGE_VAL);
    assert_true(VALUE(-DBL_MAX, -DBL_MAX) == -HUGE_VAL);
    assert_true(VALUE(DBL_MAX, 0x1p969) == DBL_MAX); /* a quarter of an ulp */
    assert_true(VALUE(DBL_MAX, 0x1p970) ==
                HUGE_VAL); /* half of one: a tie, and the last bit is odd */
    assert_true(VALUE(0.1, 0.2, -0.3) == 0x1p-55);
    /* Ties to even, and what breaks them from afar. */
    assert_true(VALUE(1, e / 2) == 1);
    assert_true(VALUE(1 + e, e / 2) == 1 + 2 * e);
    assert_true(VALUE(1, e / 2, tiny) == 1 + e);
    assert_true(VALUE(1, e / 2, -tiny) == 1);
    assert_true(VALUE(-1, -e / 2, -tiny) == -1 - e);
    assert_true(VALUE(1, -e / 4) == 1 && VALUE(1, -e / 4, -tiny) == 1 - e / 2);
    /* Subnormals. */
    assert_true(VALUE(tiny) == tiny && VALUE(3 * tiny, -tiny) == 2 * tiny);
    assert_true(VALUE(DBL_MIN, -tiny) == DBL_MIN - tiny);
    /* Special terms stay special. */
    assert_true(isnan(VALUE(1, HUGE_VAL)) && isnan(VALUE(NAN)) &&
                isnan(VALUE(-HUGE_VAL, HUGE_VAL)));
}

static double square_of(size_t n, const double *x) {
    ki_exact_sum sum = {0};
    for (size_t i = 0; i < n; i++)
        ki_exact_sum_add_square(&sum, x[i]);
    return ki_exact_sum_value(&sum);
}

static void squares(void **state) {
    (void)state;
    for (int i = 0; i < 10000; i++) {
        const double x = any_double();
        assert_true(square_of(1, &x) == x * x); /* correctly rounded, subnormal and infinite too */
    }
    /* The part of a square that a double does not hold. */
    ki_exact_sum sum = {0};
    const double x = 1 + DBL_EPSILON;
    ki_exact_sum_add_square(&sum, x);
    ki_exact_sum_add(&sum, -1 - 2 * DBL_EPSILON);
    assert_true(ki_exact_sum_value(&sum) == DBL_EPSILON * DBL_EPSILON);
    ki_exact_sum_add_square(&sum, (double)NAN);
    assert_true(isnan(ki_exact_sum_value(&sum)) && isnan(ki_exact_sum_pair(&sum, 0).hi));
    ki_exact_sum other = {0};
    ki_exact_sum_merge(&other, &sum);
    assert_true(other.special == 1 && isnan(ki_exact_sum_value(&other)));
    /* Squares that no double holds, side by side. */
    memset(&sum, 0, sizeof sum);
    for (int i = 0; i < 3; i++) {
        ki_exact_sum_add_square(&sum, 0x1p-600);
        ki_exact_sum_add_square(&sum, DBL_MAX);
    }
    assert_true(ki_exact_sum_value(&sum) == HUGE_VAL);
}

/* Doubles on a grid of 2^-40 up to 2^60: their sums are integers of 128 bits. */
static void against_integers(void **state) {
    (void)state;
    for (int round = 0; round < 2000; round++) {
        ki_exact_sum sum = {0};
        wide total = 0;
        for (int i = 0; i < 50; i++) {
            const int64_t k = (int64_t)random_bits() >> (round % 60);
            const int shift = (int)(random_bits() % 40);
            const double x = ldexp((double)(k >> 12), shift - 40);
            ki_exact_sum_add(&sum, x);
            total += (wide)(k >> 12) * ((wide)1 << shift);
        }
        /* The compiler rounds a conversion correctly. */
        const double hi = (double)total;
        assert_true(ki_exact_sum_value(&sum) == ldexp(hi, -40));
        const ki_pair pair = ki_exact_sum_pair(&sum, 0);
        assert_true(pair.hi == ldexp(hi, -40));
        assert_true(pair.lo == ldexp((double)(total - (wide)hi), -40));
    }
}

enum { N = 400 };

static void any_order(void **state) {
    (void)state;
    double x[N];
    ki_exact_sum first = {0};
    for (int i = 0; i < N; i++)
        x[i] = i % 3 ? any_double() : -x[i / 2];
    for (int round = 0; round < 50; round++) {
        /* Shuffled, in parts, the parts added up in the order they come. */
        for (size_t i = N - 1; i > 0; i--) {
            const size_t j = random_bits() % (i + 1);
            const double swap = x[i];
            x[i] = x[j];
            x[j] = swap;
        }
        ki_exact_sum sum = {0}, part = {0};
        for (int i = 0; i < N; i++) {
            ki_exact_sum_add(&part, x[i]);
            ki_exact_sum_add_square(&part, x[i]);
            if (random_bits() % 7 == 0 || i + 1 == N) {
                if (random_bits() % 2)
                    ki_exact_sum_canonical(&part);
                ki_exact_sum_merge(&sum, &part);
                memset(&part, 0, sizeof part);
            }
        }
        ki_exact_sum_canonical(&sum);
        if (round == 0)
            first = sum;
        assert_memory_equal(&sum, &first, sizeof sum);
    }
    /* Its own negative leaves nothing. */
    ki_exact_sum sum = {0}, zero = {0};
    for (int i = 0; i < N; i++)
        ki_exact_sum_add(&sum, x[i]);
    for (int i = N - 1; i >= 0; i--)
        ki_exact_sum_add(&sum, -x[i]);
    ki_exact_sum_canonical(&sum);
    assert_memory_equal(&sum, &zero, sizeof sum);
}

/* Carries are made before a limb can overflow. */
static void many_terms(void **state) {
    (void)state;
    const double largest = 0x1.fffffffffffffp0;
    ki_exact_sum sum = {0}, twice = {0};
    ki_exact_sum_add(&sum, largest);
    ki_exact_sum_add(&sum, -0x1p-700);
    for (int i = 0; i < 61; i++) { /* doubling: 2^61 terms */
        twice = sum;
        ki_exact_sum_merge(&sum, &twice);
    }
    assert_true(ki_exact_sum_value(&sum) == largest * 0x1p61);
    assert_true(ki_exact_sum_pair(&sum, 0).lo == -0x1p-639);
    sum.pending = 1u << 28;
    ki_exact_sum_add(&sum, 1);
    assert_int_equal(sum.pending, 1);
    assert_true(ki_exact_sum_value(&sum) == largest * 0x1p61);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),          cmocka_unit_test(squares),
        cmocka_unit_test(against_integers), cmocka_unit_test(any_order),
        cmocka_unit_test(many_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
