/* SPDX-License-Identifier: BSD-3-Clause */
/* What [matrix-free] rests on: rows of L with L L^T = K, no new normals for states in the span of
 * those before, and sums over normals that are those of doubles. */
#include "ki_stat.h"

#include <stdlib.h>

#include "num/draw.h"
#include "simulate/engines/past_span.h"

static ki_plain_rng rng = {21};

static double overlap(uint64_t n, const uint64_t *x, const uint64_t *y) {
    int64_t sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += ((x[i / 64] ^ y[i / 64]) >> i % 64 & 1) ? -1 : 1;
    return (double)sum / (double)n;
}

/* A state of bias: bits are +1 with chance (1 + m)/2. */
static void random_state(uint64_t n, double m, uint64_t *state) {
    memset(state, 0, (n + 63) / 64 * sizeof *state);
    for (uint64_t i = 0; i < n; i++)
        state[i / 64] |= (uint64_t)(ki_plain_uniform(&rng) < (1 + m) / 2) << i % 64;
}

/* What a cursor has measured. */
static char *take(const ki_cursor *c) {
    char *memory = ki_alloc((size_t)c->used, 1);
    assert_true(memory && !c->overflow);
    return memory;
}

static char *take_vectors(ki_vectors *v, uint64_t n, size_t count) {
    ki_cursor c = {0};
    ki_vectors_take(v, n, count, &c);
    char *memory = take(&c);
    c = (ki_cursor){.base = memory};
    ki_vectors_take(v, n, count, &c);
    return memory;
}

typedef struct history {
    ki_span span;
    uint64_t n;
    size_t words, steps;
    uint64_t *state; /* [steps][words] */
    double *row;     /* [steps][steps]: rows of L */
    double pivot;    /* smallest square on the diagonal */
    char *memory;    /* of the span */
} history;

static history *begin(uint64_t n, size_t capacity, size_t steps) {
    history *h = calloc(1, sizeof *h);
    assert_non_null(h);
    h->n = n;
    h->words = (size_t)(n + 63) / 64;
    h->state = calloc(steps * h->words, sizeof *h->state);
    h->row = calloc(steps * steps, sizeof *h->row);
    assert_true(h->state && h->row);
    ki_cursor c = {0};
    ki_span_take(&h->span, n, capacity, &c);
    c = (ki_cursor){.base = h->memory = take(&c)};
    ki_span_take(&h->span, n, capacity, &c);
    h->steps = steps;
    h->pivot = 1;
    return h;
}

static void end(history *h) {
    ki_free(h->memory);
    free(h->state);
    free(h->row);
    free(h);
}

/* State number t into the span; its row is kept. Returns whether it was new. */
static int step(history *h, size_t t) {
    const size_t before = h->span.rank;
    const int fresh = ki_span_add(&h->span, h->state + t * h->words);
    assert_int_equal(h->span.rank, before + (fresh ? 1 : 0));
    if (fresh)
        h->pivot = fmin(h->pivot, h->span.row[before] * h->span.row[before]);
    memcpy(h->row + t * h->steps, h->span.row, h->span.rank * sizeof(double));
    return fresh;
}

/* The covariance of the fields of all pairs of steps, 1 on the diagonal: to 1e-12, but for
 * directions that are hardly there, whose length is rounding relative to its square. */
static void check_covariance(const history *h) {
    const double tolerance = fmax(1e-12, 2e-14 / h->pivot);
    const size_t jump = h->steps < 200 ? 1 : h->steps / 97;
    for (size_t t = 0; t < h->steps; t += jump) {
        for (size_t u = 0; u <= t; u += jump) {
            double k = 0;
            for (size_t i = 0; i < h->span.rank; i++)
                k += h->row[t * h->steps + i] * h->row[u * h->steps + i];
            assert_close(k, overlap(h->n, h->state + t * h->words, h->state + u * h->words), 0,
                         tolerance);
        }
    }
}

static void rows_make_the_covariance(void **state) {
    (void)state;
    static const uint64_t size[] = {1, 2, 3, 16, 33, 63, 64, 65, 130, 1000};
    for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
        for (int biased = 0; biased < 2; biased++) {
            const uint64_t n = size[k];
            const size_t steps = 90, capacity = n < steps ? n : steps;
            history *h = begin(n, capacity, steps);
            for (size_t t = 0; t < steps; t++) {
                random_state(n, biased ? 0.9 : 0, h->state + t * h->words);
                (void)step(h, t);
            }
            assert_true(h->span.rank <= capacity);
            assert_true(biased || h->span.rank == capacity);
            check_covariance(h);
            end(h);
        }
    }
}

/* The trap: more steps than spins, states that come back, cycles, the opposite of a state, states
 * that are combinations of others though never seen. All take no new vector. */
static void dependent_states(void **state) {
    (void)state;
    enum { N = 130, T = 12 };
    history *h = begin(N, 64, T);
    uint64_t *s = h->state;
    for (size_t t = 0; t < T; t++)
        random_state(N, 0.2, s + t * h->words);
    for (size_t w = 0; w < h->words; w++) {
        const uint64_t all = w < 2 ? UINT64_MAX : 3;
        s[3 * h->words + w] = s[w];            /* again */
        s[4 * h->words + w] = s[h->words + w]; /* and a cycle of two */
        s[5 * h->words + w] = s[w];
        s[6 * h->words + w] = s[h->words + w];
        s[8 * h->words + w] = ~s[2 * h->words + w] & all; /* -s */
        /* x, y and z as the signs of two blocks: all four (+-, +-) are in the span of two. */
        s[9 * h->words + w] = w == 0 ? UINT64_MAX : 0;
        s[10 * h->words + w] = all;
        s[11 * h->words + w] = w == 0 ? 0 : all;
    }
    static const int fresh[T] = {1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 0};
    for (size_t t = 0; t < T; t++)
        assert_int_equal(step(h, t), fresh[t]);
    check_covariance(h);
    end(h);
    /* One spin differs in 2^20: new, if barely. */
    h = begin(1 << 20, 3, 3);
    random_state(1 << 20, 0, h->state);
    memcpy(h->state + h->words, h->state, h->words * sizeof *h->state);
    memcpy(h->state + 2 * h->words, h->state, h->words * sizeof *h->state);
    h->state[h->words + 17] ^= 4;
    assert_int_equal(step(h, 0), 1);
    assert_int_equal(step(h, 1), 1);
    assert_int_equal(step(h, 2), 0);
    check_covariance(h);
    end(h);
}

/* States made of blocks with a common sign: as many vectors as blocks, though there is room for
 * more; what is left of a dependent state is rounding. Where one of the true directions is hardly
 * there rounding may pass for one more, once; the covariances do not mind. */
static void blocks(void **state) {
    (void)state;
    for (size_t many = 1; many <= 49; many += 4) {
        history *h = begin(333, 150, 150);
        size_t block[333];
        for (size_t i = 0; i < 333; i++)
            block[i] = i < many ? i : (size_t)(ki_plain_word(&rng) % many);
        for (size_t t = 0; t < 150; t++) {
            uint64_t sign = ki_plain_word(&rng);
            for (size_t i = 0; i < 333; i++)
                h->state[t * h->words + i / 64] |= (sign >> block[i] & 1) << i % 64;
            (void)step(h, t);
        }
        assert_in_range(h->span.rank, many, h->pivot < 1e-8 ? many + 1 : many);
        check_covariance(h);
        end(h);
    }
}

/* All 2^N states of a few spins, over and over: N vectors, and no more. */
static void more_steps_than_spins(void **state) {
    (void)state;
    for (uint64_t n = 1; n <= 7; n++) {
        const size_t steps = 200;
        history *h = begin(n, (size_t)n, steps);
        for (size_t t = 0; t < steps; t++) {
            h->state[t] = t & ((UINT64_C(1) << n) - 1);
            (void)step(h, t);
        }
        assert_int_equal(h->span.rank, n);
        check_covariance(h);
        end(h);
    }
}

/* The row of any vector x: its products with the rows of the states are their overlaps with x. */
static void projections(void **state) {
    (void)state;
    enum { N = 150, T = 40 };
    history *h = begin(N, T, T);
    static float x[192];
    for (size_t t = 0; t < T; t++) {
        random_state(N, 0.3, h->state + t * h->words);
        (void)step(h, t);
    }
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N; i++)
            x[i] = round == 0 ? 0 : (float)ki_plain_normal(&rng);
        ki_span_project(&h->span, x);
        for (size_t t = 0; t < T; t++) {
            double got = 0, expected = 0;
            for (size_t k = 0; k < h->span.rank; k++)
                got += h->span.row[k] * h->row[t * T + k];
            for (size_t i = 0; i < N; i++) {
                const int up = h->state[t * h->words + i / 64] >> i % 64 & 1;
                expected += (up ? 1 : -1) * (double)x[i] / N;
            }
            assert_close(got, expected, 0, 1e-6);
        }
    }
    end(h);
}

/* Split rows and 16-bit normals in integers against doubles, to 1e-7 of the sum of squares. */
static void sums(uint64_t n, size_t count, double tolerance) {
    ki_vectors v;
    ki_row row;
    const ki_sequence q = ki_sequence_of((ki_random_key){{1, 7}}, n, KI_STREAM_COUPLING);
    const ki_sequence tail = ki_sequence_of((ki_random_key){{1, 7}}, n, KI_STREAM_TAIL);
    double *c = calloc(count + 1, sizeof *c), norm = 0, worst = 0;
    char *memory = take_vectors(&v, n, count);
    row.high = calloc(count + 2, sizeof *row.high);
    row.low = calloc(count + 2, sizeof *row.low);
    assert_true(c && row.high && row.low);
    for (size_t k = 0; k < count; k++) {
        c[k] = ki_plain_normal(&rng) * (k % 5 ? 1 : 10);
        norm += c[k] * c[k];
        ki_vectors_draw(&v, &q, &tail, k, 3 * k + 1);
    }
    norm = sqrt(norm);
    ki_row_split(&row, count, c, norm);
    for (size_t k = 0; k < count; k++)
        assert_close(row.unit * (4096.0 * row.high[k] + row.low[k]), c[k], 0, norm * 0x1p-27);
    for (size_t b = 0; b < v.blocks; b++) {
        float out[64];
        double sum[64] = {0};
        for (size_t k = 0; k < count; k++) {
            int32_t z[KI_GROUP];
            ki_normals16(&q, &tail, (3 * k + 1) * v.blocks + b, 1, z);
            for (size_t i = 0; i < v.width; i++)
                sum[i] += 1.7 * c[k] * z[i] * KI_NORMAL_UNIT;
        }
        ki_vectors_sum(&v, b, count, &row, 1.7, out);
        for (size_t i = 0; i < v.width; i++)
            worst = fmax(worst, fabs((double)out[i] - sum[i]) / (1.7 * norm));
    }
    if (worst > tolerance)
        fail_msg("N = %d, %d vectors: off by %.3g", (int)n, (int)count, worst);
    ki_free(memory);
    free(row.high);
    free(row.low);
    free(c);
}

static void products(void **state) {
    (void)state;
    static const uint64_t size[] = {1, 15, 16, 17, 33, 63, 64, 65, 200};
    static const size_t count[] = {1, 2, 3, 4, 5, 31, 64, 127};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        for (size_t k = 0; k < sizeof count / sizeof *count; k++) {
            /* 2^-27 times |z| of a few vectors, and the last bit of a float that is a few norms. */
            sums(size[i], count[k], 5e-7);
        }
    }
    sums(64, 1023, 1e-6); /* 512 pairs a part */
    sums(64, 1025, 1e-6);
    sums(33, 3000, 1e-6);
}

/* A row of one large coefficient: as large as a normal may be, without an overflow. */
static void largest_sum(void **state) {
    (void)state;
    ki_vectors v;
    int16_t high[2], low[2];
    ki_row row = {high, low, 0};
    float out[64];
    char *memory = take_vectors(&v, 64, 1);
    for (size_t i = 0; i < 64; i++)
        v.pair[i] = i % 2 ? 32767 : (uint32_t)(uint16_t)-32767;
    for (int sign = -1; sign <= 1; sign += 2) {
        const double c = 3 * sign;
        ki_row_split(&row, 1, &c, 3);
        ki_vectors_sum(&v, 0, 1, &row, 1, out);
        for (size_t i = 0; i < 64; i++)
            assert_close(out[i], (i % 2 ? c : -c) * 32767 / 4096, 1e-6, 0);
    }
    const double none = 0;
    ki_row_split(&row, 1, &none, 0);
    ki_vectors_sum(&v, 0, 1, &row, 1, out);
    for (size_t i = 0; i < 64; i++)
        assert_true(out[i] == 0);
    ki_free(memory);
}

/* 1500 pairs of vectors: rows of a factor stay a factor. */
static void long_past(void **state) {
    (void)state;
    enum { N = 3200, T = 3000 };
    history *h = begin(N, T, T);
    for (size_t t = 0; t < T; t++) {
        /* Correlated as in a slow network: a tenth of the spins changes. */
        random_state(N, t ? 0.8 : 0, h->state + t * h->words);
        for (size_t w = 0; t && w < h->words; w++)
            h->state[t * h->words + w] ^= ~h->state[(t - 1) * h->words + w];
        assert_int_equal(step(h, t), 1);
    }
    check_covariance(h);
    end(h);
}

int main(int argc, char **argv) {
    (void)argv;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_make_the_covariance),
        cmocka_unit_test(dependent_states),
        cmocka_unit_test(blocks),
        cmocka_unit_test(more_steps_than_spins),
        cmocka_unit_test(projections),
        cmocka_unit_test(products),
        cmocka_unit_test(largest_sum),
    };
    const struct CMUnitTest slow[] = {cmocka_unit_test(long_past)};
    return argc > 1 ? cmocka_run_group_tests(slow, NULL, NULL)
                    : cmocka_run_group_tests(tests, NULL, NULL);
}
