/* SPDX-License-Identifier: BSD-3-Clause */
/* Ensembles: the same bytes however the work is divided, refusals, and bytes that lie. What the
 * numbers mean is for tests/statistics. */
#include "ki_test.h"

#include <kinising/kinising.h>
#include <stdlib.h>
#include <zlib.h>

#include "simulate/ensemble/ensemble.h"

enum { MOST = 1 << 16 };
typedef struct state {
    unsigned char byte[MOST];
    size_t size;
} state;

static ki_ensemble_spec spec_of(uint64_t n, uint64_t steps) {
    return (ki_ensemble_spec){.n = n,
                              .p = {.beta = 1.5, .J0 = 1, .dJ = 0.5, .dH = 0.1},
                              .dynamics = KI_SYNC,
                              .steps = steps,
                              .algorithm = KI_ALGORITHM_DENSE,
                              .seed = 1};
}

static ki_ensemble *create(ki_ensemble_spec spec) {
    ki_ensemble *e = NULL;
    assert_int_equal(ki_ensemble_create(&spec, &e), 0);
    return e;
}

static void pack(const ki_ensemble *e, state *out) {
    out->size = ki_ensemble_pack(e, NULL);
    assert_true(out->size <= MOST);
    memset(out->byte, 0xA5, MOST);
    assert_int_equal(ki_ensemble_pack(e, out->byte), out->size);
    assert_true(out->size == MOST || out->byte[out->size] == 0xA5);
}

static void assert_same(const ki_ensemble *e, const state *expected) {
    static state now;
    pack(e, &now);
    assert_int_equal(now.size, expected->size);
    assert_memory_equal(now.byte, expected->byte, now.size);
}

static void run(ki_ensemble *e, uint64_t first, uint64_t last, int threads) {
    const ki_run_options options = {threads, NULL, NULL};
    assert_int_equal(ki_ensemble_run(e, first, last, &options), 0);
}

static const ki_ensemble_spec *kinds(size_t *n) {
    static ki_ensemble_spec kind[6];
    for (int i = 0; i < 6; i++)
        kind[i] = spec_of(20, 6);
    kind[1].algorithm = KI_ALGORITHM_MATRIX_FREE;
    kind[2].average = 1;
    kind[2].burn_in = 2;
    kind[2].start = KI_START_RANDOM;
    kind[3].dynamics = KI_ASYNC;
    kind[3].start = KI_START_THEORY;
    kind[4].dynamics = KI_ASYNC;
    kind[4].algorithm = KI_ALGORITHM_MATRIX_FREE;
    kind[5].zero_diagonal = 1;
    kind[5].algorithm = KI_ALGORITHM_AUTO;
    *n = 6;
    return kind;
}

enum { REALIZATIONS = 700 };

/* Threads, parts, order, holes, merging, unpacking: nothing leaves a trace. */
static void any_division(void **unused) {
    (void)unused;
    static state whole, part;
    size_t n;
    const ki_ensemble_spec *kind = kinds(&n);
    for (size_t k = 0; k < n; k++) {
        ki_ensemble *e = create(kind[k]);
        run(e, 0, REALIZATIONS, 1);
        pack(e, &whole);
        run(e, 0, REALIZATIONS, 2); /* nothing left to do */
        assert_same(e, &whole);
        ki_ensemble_free(e);
        for (int threads = 2; threads <= 7; threads++) {
            e = create(kind[k]);
            run(e, 0, REALIZATIONS, threads);
            assert_same(e, &whole);
            ki_ensemble_free(e);
        }
        /* Every third, from above; then the rest, which is all holes. */
        e = create(kind[k]);
        for (uint64_t r = REALIZATIONS - 1; r >= 3; r -= 3)
            run(e, r, r + 1, 1);
        assert_int_equal(ki_ensemble_done(e, 0, REALIZATIONS), REALIZATIONS / 3);
        run(e, 0, REALIZATIONS, 3);
        assert_same(e, &whole);
        ki_ensemble_free(e);
        /* Parts made apart, sent as bytes. */
        e = create(kind[k]);
        for (uint64_t i = 8; i-- > 0;) {
            ki_ensemble *p = create(kind[k]), *again;
            run(p, REALIZATIONS * i / 8, REALIZATIONS * (i + 1) / 8, 1);
            pack(p, &part);
            assert_int_equal(ki_ensemble_unpack(part.byte, part.size, &again), 0);
            assert_same(again, &part);
            assert_int_equal(ki_ensemble_merge(e, again), 0);
            ki_ensemble_free(p);
            ki_ensemble_free(again);
        }
        assert_same(e, &whole);
        ki_ensemble_free(e);
    }
}

static void get(const ki_ensemble_result *r, double mean[6], double error[6]) {
    const double m[6] = {r->m, r->q, r->S, r->Sr, r->sigma, r->activity};
    const double e[6] = {r->m_err, r->q_err, r->S_err, r->Sr_err, r->sigma_err, r->activity_err};
    memcpy(mean, m, sizeof m);
    memcpy(error, e, sizeof e);
}

static void averages(void **unused) {
    (void)unused;
    enum { R = 60 };
    const ki_ensemble_spec spec = spec_of(16, 5);
    double value[R][6], mean[6], error[6];
    ki_ensemble_result r;
    ki_ensemble *all = create(spec);
    assert_int_equal(ki_ensemble_result_of(all, &r), 0);
    assert_true(r.realizations == 0 && isnan(r.m) && isnan(r.sigma_err));
    for (uint64_t i = 0; i < R; i++) {
        ki_ensemble *one = create(spec);
        run(one, i, i + 1, 1);
        assert_int_equal(ki_ensemble_result_of(one, &r), 0);
        get(&r, value[i], error);
        assert_true(r.realizations == 1 && isnan(r.m_err) && isnan(r.activity_err));
        ki_ensemble_free(one);
    }
    run(all, 0, R, 2);
    assert_int_equal(ki_ensemble_result_of(all, &r), 0);
    assert_int_equal(r.realizations, R);
    get(&r, mean, error);
    for (int k = 0; k < 6; k++) {
        long double sum = 0, squares = 0;
        for (int i = 0; i < R; i++)
            sum += value[i][k];
        for (int i = 0; i < R; i++) {
            const long double d = value[i][k] - sum / R;
            squares += d * d;
        }
        assert_close(mean[k], (double)(sum / R), 1e-15, 0);
        assert_close(error[k], (double)sqrtl(squares / (R - 1) / R), 1e-13, 0);
    }
    ki_ensemble_free(all);
}

/* Errors where more digits cancel than a double has, and where there is nothing but cancelling. */
static void tiny_errors(void **unused) {
    (void)unused;
    ki_ensemble *e = create(spec_of(1, 1));
    for (uint64_t i = 0; i < 4; i++) {
        const double x = 1e8 + (i % 2 ? 0x1p-7 : 0);
        ki_exact_sum_add(&e->sums.x[KI_EST_M], x);
        ki_exact_sum_add_square(&e->sums.square[KI_EST_M], x);
        ki_exact_sum_add(&e->sums.x[KI_EST_Q], 0.1);
        ki_exact_sum_add_square(&e->sums.square[KI_EST_Q], 0.1);
    }
    e->count = 4;
    ki_ensemble_result r;
    assert_int_equal(ki_ensemble_result_of(e, &r), 0);
    assert_close(r.m_err, 0x1p-7 / sqrt(12), 1e-10, 0); /* sd^2 = 2^-14/3 */
    assert_true(r.q == 0.1 && r.q_err == 0 && r.S == 0 && r.S_err == 0);
    /* Squares below the smallest double. */
    for (uint64_t i = 0; i < 4; i++) {
        const double x = i % 2 ? 3e-200 : 1e-200;
        ki_exact_sum_add(&e->sums.x[KI_EST_S], x);
        ki_exact_sum_add_square(&e->sums.square[KI_EST_S], x);
    }
    assert_int_equal(ki_ensemble_result_of(e, &r), 0);
    assert_close(r.S, 2e-200, 1e-14, 0);
    assert_close(r.S_err, 1e-200 / sqrt(3), 1e-12, 0);
    ki_ensemble_free(e);
}

/* A cold sample in which nothing ever flipped has tiny errors, which must not be believed. */
static void few_flips(void **unused) {
    (void)unused;
    for (int kind = 0; kind < 7; kind++) { /* 4 to 6: windows from the start on */
        ki_ensemble_spec spec = {.n = 16,
                                 .p = {.beta = 10, .J0 = 1, .dJ = 0.05},
                                 .dynamics = kind % 2 ? KI_ASYNC : KI_SYNC,
                                 .algorithm =
                                     kind / 2 % 2 ? KI_ALGORITHM_MATRIX_FREE : KI_ALGORITHM_DENSE,
                                 .steps = 6,
                                 .average = kind / 4,
                                 .seed = 1};
        ki_ensemble_result r;
        ki_ensemble *e = create(spec);
        run(e, 0, 500, 1);
        assert_int_equal(ki_ensemble_result_of(e, &r), 0);
        assert_true(r.flips == 0 && r.activity < 1e-8 && r.sigma_err < 0.5 * fabs(r.sigma));
        assert_int_equal(ki_ensemble_target(e, 0.5, 500, 10, 100000), 2000);
        assert_int_equal(ki_ensemble_target(e, 0.5, 500, 10, 500), 500);
        ki_ensemble_free(e);
        spec.p.beta =
            1; /* warm: the count is what the activity promises, 5 standard deviations wide */
        spec.p.dJ = 1;
        e = create(spec);
        run(e, 0, 500, 1);
        assert_int_equal(ki_ensemble_result_of(e, &r), 0);
        assert_close((double)r.flips, r.activity * 16 * 500 * (spec.average ? 6 : 1), 0.2, 0);
        assert_int_equal(ki_ensemble_target(e, 0.9, 500, 10, 100000), 500);
        assert_in_range(ki_ensemble_target(e, 0.005, 500, 10, 100000), 510, 2000);
        ki_ensemble_free(e);
        spec.p.dJ = 0; /* no disorder, no entropy production: Sr is waited for in its place */
        e = create(spec);
        run(e, 0, 500, 1);
        assert_int_equal(ki_ensemble_result_of(e, &r), 0);
        assert_true(r.Sr_err < 0.05 * r.Sr);
        assert_int_equal(ki_ensemble_target(e, 0.06, 500, 10, 100000), 500);
        assert_in_range(ki_ensemble_target(e, 1e-4, 500, 10, 100000), 510, 2000);
        ki_ensemble_free(e);
        spec.p.beta = 0; /* nothing to wait for */
        e = create(spec);
        run(e, 0, 3, 1);
        assert_int_equal(ki_ensemble_target(e, 1e-6, 3, 10, 100000), 3);
        ki_ensemble_free(e);
    }
    for (int algorithm = KI_ALGORITHM_DENSE; algorithm <= KI_ALGORITHM_MATRIX_FREE; algorithm++) {
        ki_ensemble_spec spec = spec_of(20, 1); /* the one step from a given start counts */
        spec.algorithm = algorithm;
        spec.p.beta = 0.5;
        ki_ensemble_result r;
        ki_ensemble *e = create(spec);
        run(e, 0, 500, 1);
        assert_int_equal(ki_ensemble_result_of(e, &r), 0);
        assert_close((double)r.flips, r.activity * 20 * 500, 0.1, 0);
        ki_ensemble_free(e);
    }
}

/* Sizes that no machine has are huge, not small. */
static void memory_without_end(void **unused) {
    (void)unused;
    for (int kind = 0; kind < 8; kind++) {
        ki_ensemble_spec spec = spec_of(INT32_MAX, kind & 4 ? INT32_MAX : 1000);
        spec.dynamics = kind & 1 ? KI_ASYNC : KI_SYNC;
        spec.algorithm = kind & 2 ? KI_ALGORITHM_MATRIX_FREE : KI_ALGORITHM_DENSE;
        uint64_t bytes = 0;
        assert_int_equal(ki_ensemble_memory(&spec, &bytes), 0);
        assert_true(bytes > (kind == 2 ? UINT64_C(1) << 40 : UINT64_C(1) << 62));
    }
}

typedef struct watch {
    ki_ensemble *e;
    state packed;
    int calls, stop_after;
} watch;

static int look(void *user, uint64_t done, uint64_t total) {
    watch *w = user;
    assert_true(done <= total);
    pack(w->e, &w->packed);
    w->calls++;
    return w->calls == w->stop_after;
}

/* Stopped at any report, what is kept is whole, and so is what the callback saw. */
static void cancelled(void **unused) {
    (void)unused;
    enum { R = 400 };
    const ki_ensemble_spec spec = spec_of(128, 128);
    static state whole;
    static watch w;
    ki_ensemble *e = create(spec);
    run(e, 0, R, 2);
    pack(e, &whole);
    ki_ensemble_free(e);
    for (int threads = 1; threads <= 3; threads++) {
        w = (watch){.e = create(spec), .stop_after = 2};
        const ki_run_options options = {threads, look, &w};
        assert_int_equal(ki_ensemble_run(w.e, 0, R, &options), KI_ERR_CANCELLED);
        assert_true(ki_is_sentence(ki_last_error()));
        const uint64_t kept = ki_ensemble_done(w.e, 0, R);
        assert_true(kept > 0 && kept < R && w.calls == 2);
        assert_int_equal(ki_ensemble_unpack(w.packed.byte, w.packed.size, &e), 0);
        assert_true(ki_ensemble_done(e, 0, R) <= kept);
        run(e, 0, R, 2);
        assert_same(e, &whole);
        ki_ensemble_free(e);
        run(w.e, 0, R, 3);
        assert_same(w.e, &whole);
        ki_ensemble_free(w.e);
    }
}

static void refused_specifications(void **unused) {
    (void)unused;
    struct {
        const char *mention;
        ki_ensemble_spec spec;
    } bad[24];
    size_t n = 0;
#define BAD(text, field, value)                                                                    \
    bad[n].mention = text;                                                                         \
    bad[n].spec = spec_of(8, 4);                                                                   \
    bad[n++].spec.field = value
    BAD("N", n, 0);
    BAD("N", n, UINT64_C(1) << 31);
    BAD("N", n, UINT64_MAX);
    BAD("beta", p.beta, -1);
    BAD("beta", p.beta, HUGE_VAL);
    BAD("beta", p.beta, (double)NAN);
    BAD("J0", p.J0, (double)NAN);
    BAD("J0", p.J0, -HUGE_VAL);
    BAD("dJ", p.dJ, -1e-300);
    BAD("dH", p.dH, HUGE_VAL);
    BAD("dynamics", dynamics, 3);
    BAD("dynamics", dynamics, 0);
    BAD("steps", steps, 0);
    BAD("steps", steps, UINT64_C(1) << 60);
    BAD("average", average, 2);
    BAD("start", start, -1);
    BAD("start", start, 3);
    BAD("algorithm", algorithm, 3);
    BAD("zero_diagonal", zero_diagonal, -1);
    BAD("burn_in", burn_in, 4);
    bad[n - 1].spec.average = 1;
    BAD("zero_diagonal", zero_diagonal, 1);
    bad[n - 1].spec.algorithm = KI_ALGORITHM_MATRIX_FREE;
    BAD("average", average, 1);
    bad[n - 1].spec.algorithm = KI_ALGORITHM_MATRIX_FREE;
    bad[n - 1].spec.dynamics = KI_ASYNC;
    for (size_t i = 0; i < n; i++) {
        ki_ensemble *e = NULL;
        uint64_t bytes = 7;
        assert_int_equal(ki_ensemble_create(&bad[i].spec, &e), KI_ERR_ARGUMENT);
        assert_null(e);
        assert_true(ki_is_sentence(ki_last_error()));
        assert_int_equal(strncmp(ki_last_error(), bad[i].mention, strlen(bad[i].mention)), 0);
        assert_int_equal(ki_ensemble_memory(&bad[i].spec, &bytes), KI_ERR_ARGUMENT);
        assert_int_equal(bytes, 7);
    }
    ki_ensemble *e = create(spec_of(8, 4));
    ki_ensemble_result r;
    const ki_run_options many = {5000, NULL, NULL};
    assert_int_equal(ki_ensemble_create(NULL, &e), KI_ERR_ARGUMENT);
    assert_int_equal(ki_ensemble_run(NULL, 0, 1, NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_ensemble_run(e, 2, 1, NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_ensemble_run(e, 0, (UINT64_C(1) << 56) + 1, NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_ensemble_run(e, 0, 1, &many), KI_ERR_ARGUMENT);
    assert_int_equal(ki_ensemble_result_of(NULL, &r), KI_ERR_ARGUMENT);
    assert_int_equal(ki_ensemble_merge(e, NULL), KI_ERR_ARGUMENT);
    assert_int_equal(ki_ensemble_unpack(NULL, 4, &e), KI_ERR_ARGUMENT);
    run(e, 5, 5, 1);
    assert_int_equal(ki_ensemble_done(e, 0, 100), 0);
    run(e, (UINT64_C(1) << 56) - 2, UINT64_C(1) << 56, 1);
    assert_int_equal(ki_ensemble_done(e, 0, UINT64_MAX), 2);
    ki_ensemble_free(e);
    ki_ensemble_free(NULL);
    assert_string_equal(ki_algorithm_name(KI_ALGORITHM_MATRIX_FREE), "matrix-free");
    assert_string_equal(ki_algorithm_name(3), "?");
}

/* What the random numbers depend on, and what a specification is resolved to. */
static void keys(void **unused) {
    (void)unused;
    ki_ensemble *a = create(spec_of(8, 4));
    ki_ensemble_spec same = spec_of(8, 40);
    same.algorithm = KI_ALGORITHM_MATRIX_FREE;
    same.start = KI_START_RANDOM;
    ki_ensemble *b = create(same);
    assert_memory_equal(&a->plan.key, &b->plan.key, sizeof a->plan.key);
    ki_ensemble_free(b);
    for (int i = 0; i < 7; i++) {
        ki_ensemble_spec other = spec_of(8, 4);
        double *real[] = {&other.p.beta, &other.p.J0, &other.p.dJ, &other.p.dH};
        if (i < 4)
            *real[i] = nextafter(*real[i], 2);
        else if (i == 4)
            other.n++;
        else if (i == 5)
            other.seed += UINT64_C(1) << 32;
        else
            other.dynamics = KI_ASYNC;
        b = create(other);
        assert_memory_not_equal(&a->plan.key, &b->plan.key, sizeof a->plan.key);
        ki_ensemble_free(b);
    }
    ki_ensemble_free(a);
    ki_ensemble_spec spec = spec_of(8, 4);
    spec.algorithm = KI_ALGORITHM_AUTO;
    spec.p.J0 = -0.0;
    spec.burn_in = 99;
    a = create(spec);
    assert_in_range(ki_ensemble_get_spec(a)->algorithm, 1, 2);
    assert_true(!signbit(ki_ensemble_get_spec(a)->p.J0));
    assert_int_equal(ki_ensemble_get_spec(a)->burn_in, 0);
    assert_true(a->plan.start_mean == 1);
    ki_ensemble_free(a);
    spec.zero_diagonal = 1;
    spec.n = 1000;
    spec.start = KI_START_THEORY;
    spec.p = (ki_theory_params){2, 1, 0.1, 0};
    a = create(spec);
    assert_int_equal(ki_ensemble_get_spec(a)->algorithm, KI_ALGORITHM_DENSE);
    assert_true(a->plan.start_mean > 0.9 && a->plan.start_mean < 1);
    ki_ensemble_free(a);
    uint64_t small, large;
    assert_int_equal(ki_ensemble_memory(&spec, &small), 0);
    spec.n = 10000;
    assert_int_equal(ki_ensemble_memory(&spec, &large), 0);
    assert_true(large > 50 * small && large > 100000000);
}

static void refused_merges(void **unused) {
    (void)unused;
    static state before;
    ki_ensemble *a = create(spec_of(8, 4));
    run(a, 0, 10, 1);
    pack(a, &before);
    static const char *const mention[] = {
        "N",    "steps", "dynamics", "average", "start", "zero_diagonal",
        "seed", "beta",  "J0",       "dJ",      "dH",    "algorithm"};
    for (int i = 0; i < 12; i++) {
        ki_ensemble_spec other = spec_of(8, 4);
        other.n += i == 0;
        other.steps += i == 1;
        other.dynamics = i == 2 ? KI_ASYNC : KI_SYNC;
        other.average = i == 3;
        other.start = i == 4;
        other.zero_diagonal = i == 5;
        other.seed += i == 6;
        other.p.beta += 1e-9 * (i == 7);
        other.p.J0 += i == 8;
        other.p.dJ += i == 9;
        other.p.dH += i == 10;
        other.algorithm = i == 11 ? KI_ALGORITHM_MATRIX_FREE : KI_ALGORITHM_DENSE;
        ki_ensemble *b = create(other);
        assert_int_equal(ki_ensemble_merge(a, b), KI_ERR_ARGUMENT);
        assert_true(ki_is_sentence(ki_last_error()));
        assert_int_equal(strncmp(ki_last_error(), mention[i], strlen(mention[i])), 0);
        ki_ensemble_free(b);
    }
    ki_ensemble *b = create(spec_of(8, 4));
    run(b, 8, 20, 1);
    assert_int_equal(ki_ensemble_merge(a, b), KI_ERR_ARGUMENT);
    assert_non_null(strstr(ki_last_error(), "8 to 9"));
    assert_int_equal(ki_ensemble_merge(a, a), KI_ERR_ARGUMENT);
    assert_same(a, &before);
    ki_ensemble_free(a);
    ki_ensemble_free(b);
}

static void repair(state *s) {
    if (s->size >= 4) {
        const uint32_t crc = (uint32_t)crc32(crc32(0, Z_NULL, 0), s->byte, (uInt)(s->size - 4));
        for (int i = 0; i < 4; i++)
            s->byte[s->size - 4 + (size_t)i] = (unsigned char)(crc >> (8 * i));
    }
}

/* Whatever the bytes are: refused with a sentence, or exactly what they say. Half of the mutants
 * get a good checksum, so that what is behind it is reached. */
static void mutations(void **unused) {
    (void)unused;
    static state good, bad, again;
    ki_ensemble *e = create(spec_of(8, 4));
    run(e, 3, 9, 1);
    run(e, 20, 24, 1);
    run(e, 100, 101, 1);
    pack(e, &good);
    ki_ensemble_free(e);
    int taken = 0;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        bad = good;
        for (int k = rand() % 4; k >= 0; k--) {
            const size_t at = (size_t)rand() % bad.size;
            switch (rand() % 5) {
            case 0:
                bad.byte[at] = (unsigned char)(bad.byte[at] ^ 1 << rand() % 8);
                break;
            case 1:
                bad.byte[at] = (unsigned char)rand();
                break;
            case 2:
                memset(bad.byte + at, rand() % 2 ? 255 : 0, bad.size - at < 8 ? bad.size - at : 8);
                break;
            case 3:
                memmove(bad.byte + at, bad.byte + at + 1, bad.size - at - 1);
                break;
            default:
                bad.size = rand() % 4 ? bad.size : at;
                bad.size += bad.size == 0;
            }
        }
        if (round % 2) {
            for (size_t i = 0; i < 8; i++) /* the size it says */
                bad.byte[12 + i] = (unsigned char)((uint64_t)bad.size >> (8 * i));
            repair(&bad);
        }
        e = NULL;
        const int error = ki_ensemble_unpack(bad.byte, bad.size, &e);
        if (error) {
            assert_int_equal(error, KI_ERR_FORMAT);
            assert_null(e);
            assert_true(ki_is_sentence(ki_last_error()));
        } else {
            ki_ensemble_result r;
            pack(e, &again);
            assert_int_equal(again.size, bad.size);
            assert_memory_equal(again.byte, bad.byte, bad.size);
            assert_int_equal(ki_ensemble_result_of(e, &r), 0);
            ki_ensemble_free(e);
            taken++;
        }
    }
    assert_in_range(taken, 100, 10000);
    for (size_t size = 0; size < good.size; size++) { /* in exactly that much memory */
        unsigned char *copy = malloc(size + 1);
        memcpy(copy, good.byte, size);
        copy = realloc(copy, size ? size : 1);
        assert_int_equal(ki_ensemble_unpack(copy, size, &e), KI_ERR_FORMAT);
        free(copy);
    }
    /* Ranges that touch would be a second form of the same set: 3..8 and 9..23. */
    bad = good;
    assert_int_equal(bad.byte[132], 3);
    assert_int_equal(bad.byte[148], 20);
    bad.byte[148] = 9;
    repair(&bad);
    assert_int_equal(ki_ensemble_unpack(bad.byte, bad.size, &e), KI_ERR_FORMAT);
    assert_non_null(strstr(ki_last_error(), "out of order"));
    bad = good;
    bad.byte[8] = 3;
    assert_int_equal(ki_ensemble_unpack(bad.byte, bad.size, &e), KI_ERR_FORMAT);
    assert_non_null(strstr(ki_last_error(), "version 3"));
}

/* One spin without a field: its coupling is symmetric, and nothing ever flows. Not even a rounding
 * error, for users take a number that is not zero for one that means something. */
static void nothing_flows_from_one_spin(void **unused) {
    (void)unused;
    for (int k = 0; k < 48; k++) {
        const int average = k / 4 % 2;
        if (average && k % 4 == 3)
            continue; /* asynchronous windows have a matrix */
        const ki_ensemble_spec spec = {.n = 1,
                                       .p = {k / 8 % 2 ? 3 : 0.7, k % 3 - 1, k % 5 * 0.4, 0},
                                       .dynamics = k % 2 ? KI_ASYNC : KI_SYNC,
                                       .steps = 1 + (uint64_t)k / 16 * 20,
                                       .average = average,
                                       .start = k % 3 ? KI_START_UP : KI_START_RANDOM,
                                       .algorithm = k % 4 < 2 ? KI_ALGORITHM_DENSE
                                                              : KI_ALGORITHM_MATRIX_FREE,
                                       .seed = (uint64_t)k};
        ki_ensemble *e;
        ki_ensemble_result r;
        assert_int_equal(ki_ensemble_create(&spec, &e), 0);
        assert_int_equal(ki_ensemble_run(e, 0, 200, NULL), 0);
        assert_int_equal(ki_ensemble_result_of(e, &r), 0);
        if (r.sigma != 0 || r.sigma_err != 0)
            fail_msg("case %d: sigma %g +- %g", k, r.sigma, r.sigma_err);
        ki_ensemble_free(e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_division),
        cmocka_unit_test(averages),
        cmocka_unit_test(tiny_errors),
        cmocka_unit_test(few_flips),
        cmocka_unit_test(nothing_flows_from_one_spin),
        cmocka_unit_test(memory_without_end),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(refused_specifications),
        cmocka_unit_test(keys),
        cmocka_unit_test(refused_merges),
        cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
