/* SPDX-License-Identifier: BSD-3-Clause */
/* The map of autocorrelations F [C-sync] against brute-force double integrals, its exact end points, and
 * its three implementations against each other. */
#include "ki_test.h"

#include "theory/correlation_map.h"
#include "theory/field.h"

/* < E tanh(a + u + s x) tanh(b + u + s y) >, x = z, y = c z + sqrt(1 - c^2) v, by plain equal steps in z and
 * v (exponentially accurate for s of order 1) and midpoints in u. */
static double brute(double s, double D, double a, double b, double c) {
    enum { N = 260, FIELDS = 40 };
    static const double x[8] = {-0.9602898564975363, -0.7966664774136267, -0.5255324099163290,
                                -0.1834346424956498, 0.1834346424956498,  0.5255324099163290,
                                0.7966664774136267,  0.9602898564975363};
    static const double w[8] = {0.1012285362903763, 0.2223810344533745, 0.3137066458778873,
                                0.3626837833783620, 0.3626837833783620, 0.3137066458778873,
                                0.2223810344533745, 0.1012285362903763};
    const double h = 17.0 / N, rest = sqrt(1 - c * c);
    const int panels = D > 0 ? (int)ceil(2 * D) : 1;
    double total = 0;
    for (int k = 0; k < panels * (D > 0 ? 8 : 1); k++) {
        const double u = D > 0 ? D * ((2 * (k / 8) + 1 + x[k % 8]) / panels - 1) : 0;
        double sum = 0;
        for (int i = 0; i <= N; i++) {
            const double z = -8.5 + h * i, t = tanh(a + u + s * z) * exp(-0.5 * z * z);
            double inner = 0;
            for (int j = 0; j <= N; j++) {
                const double v = -8.5 + h * j;
                inner += exp(-0.5 * v * v) * tanh(b + u + s * (c * z + rest * v));
            }
            sum += t * inner;
        }
        total += (D > 0 ? 0.5 * w[k % 8] / panels : 1) * sum * h * h / (2 * M_PI);
    }
    return total;
}

static void against_brute_force(void **state) {
    (void)state;
    static const double c[] = {-0.9, -0.3, 0.05, 0.4, 0.9};
    static const double pair[][2] = {{0.7, 0.7}, {0.7, -0.4}, {0, 0}, {1.5, 0.2}};
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 4; j++) {
            for (int k = 0; k < 2; k++) {
                const double D = k * 0.8, s = k ? 0.6 : 1.2, a = pair[j][0], b = pair[j][1];
                const ki_map map = {a, s, D, 0, 0};
                const double exact = brute(s, D, a, b, c[i]);
                assert_close(ki_map_general(&map, a, b, c[i]), exact, 0, 2e-13);
                if (a == b && c[i] > 0) {
                    assert_close(1 - ki_map_defect(&map, 1 - c[i], NULL), exact, 0, 2e-13);
                    if (c[i] <= 0.5)
                        assert_close(ki_map_value(&map, c[i], NULL), exact, 0, 2e-13);
                }
            }
        }
    }
}

/* c = 1: both fields are the same but for their means. Peers' code has a branch of its own there, which
 * gives 0.4144 for 0.2976 (section 8, defect 4 of the survey); F(1) = 1 - k, and <tanh tanh> in general. */
static void end_points(void **state) {
    (void)state;
    for (double s = 0.1; s < 30; s *= 2.3) {
        for (int k = 0; k < 3; k++) {
            const double D = 0.7 * k, a = 0.5;
            const ki_map map = {a, s, D, 0, 0};
            ki_field field;
            double mean, S;
            ki_field_init(&field, s, D);
            ki_field_averages(&field, a, &mean, &S);
            assert_close(ki_map_defect(&map, 0, NULL), mean, 1e-13, 0);
            assert_close(ki_map_general(&map, a, a, 1), 1 - mean, 0, 1e-13);
            if (D ==
                0) { /* c = 0: independent, c = -1 with b = -a: the same with the sign turned */
                const double M = a * ki_field_gain(&field, a);
                assert_close(ki_map_general(&map, a, a, 0), M * M, 0, 1e-13);
                assert_close(ki_map_value(&map, 0, NULL), M * M, 1e-13, 0);
                assert_close(ki_map_general(&map, a, -a, -1), mean - 1, 0, 1e-13);
            }
        }
    }
}

/* dF/dc (Price) against differences, F convex and increasing, and a rough map is within 1e-7. */
static void slope(void **state) {
    (void)state;
    for (double s = 0.2; s < 40; s *= 1.9) {
        for (int k = 0; k < 4; k++) {
            ki_map map = {k % 2 ? 0.8 : 0, s, k / 2 ? 0.6 : 0, 0, 0};
            double last = 0;
            for (double c = 0.1; c < 0.95; c += 0.2) {
                const double h = 1e-4;
                double at;
                const double G = ki_map_defect(&map, 1 - c, &at);
                const double up = ki_map_defect(&map, 1 - c - h, NULL);
                const double down = ki_map_defect(&map, 1 - c + h, NULL);
                assert_close(at, (down - up) / (2 * h), 1e-5, 0);
                assert_true(at > last);
                last = at;
                map.rough = 1;
                assert_close(ki_map_defect(&map, 1 - c, NULL), G, 1e-7, 0);
                map.rough = 0;
            }
        }
    }
}

/* The forms for narrow and wide private noise join at delta = 4 without a step. */
static void forms_join(void **state) {
    (void)state;
    for (int k = 0; k < 4; k++) {
        const double s = 20;
        const ki_map map = {k % 2 ? 15 : 0, s, k / 2 ? 9 : 0, 0, 0};
        const double p = 16 / (s * s), h = 1e-9;
        double at;
        const double below = ki_map_defect(&map, p * (1 - h), &at);
        const double above = ki_map_defect(&map, p * (1 + h), NULL);
        assert_close(above - below, 2 * h * p * at, 1e-2, 1e-14);
    }
}

/* Zero temperature, dH = 0, m = 0: (2/pi) arcsin c. [T0] */
static void zero_temperature(void **state) {
    (void)state;
    const ki_map map = {0, 1, 0, 1, 0};
    for (double c = 0.01; c < 1; c += 0.09) {
        assert_close(1 - ki_map_defect(&map, 1 - c, NULL), asin(c) * 2 / M_PI, 0, 1e-14);
        assert_close(ki_map_general(&map, 0, 0, c), asin(c) * 2 / M_PI, 0, 1e-13);
        assert_close(ki_map_general(&map, 0, 0, -c), -asin(c) * 2 / M_PI, 0, 1e-13);
    }
    assert_close(ki_map_value(&map, 1e-8, NULL), 2e-8 / M_PI, 1e-14, 0);
    const double p = 1e-30; /* 1 - (2/pi) asin(1 - p) = (2/pi) sqrt(2p) */
    assert_close(ki_map_defect(&map, p, NULL), sqrt(2 * p) * 2 / M_PI, 1e-13, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_brute_force),
        cmocka_unit_test(end_points),
        cmocka_unit_test(slope),
        cmocka_unit_test(forms_join),
        cmocka_unit_test(zero_temperature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
