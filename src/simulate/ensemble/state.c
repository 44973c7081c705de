/* SPDX-License-Identifier: BSD-3-Clause */
/* An ensemble as bytes, and two made one.
 *
 * Layout, little-endian: magic, version, size of it all; specification; ranges that are done;
 * twelve exact sums without their zero limbs; CRC-32 of all that. One state has one form, so that
 * files can be compared. The version also stands for the random numbers: what was made by others
 * must not be continued. */
#include "simulate/ensemble/ensemble.h"

#include <string.h>
#include <zlib.h>

#include "base/check.h"
#include "base/error.h"

static const char magic[8] = "kiensem";
enum { VERSION = 4, HEAD = 8 + 4 + 8, SPEC = 13 * 8, CRC = 4 };

/* Writes, or only counts if there is nowhere to write. */
typedef struct writer {
    unsigned char *at;
    size_t size;
} writer;

static void put(writer *w, uint64_t value, size_t bytes) {
    for (size_t i = 0; w->at && i < bytes; i++)
        w->at[w->size + i] = (unsigned char)(value >> (8 * i));
    w->size += bytes;
}

static void put_real(writer *w, double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put(w, bits, 8);
}

/* Reads; beyond the end there are zeros and `short_of` is set. */
typedef struct reader {
    const unsigned char *at;
    size_t left;
    int short_of;
} reader;

static uint64_t get(reader *r, size_t bytes) {
    uint64_t value = 0;
    if (r->left < bytes) {
        r->short_of = 1;
        r->left = 0;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += bytes;
    r->left -= bytes;
    return value;
}

static double get_real(reader *r) {
    const uint64_t bits = get(r, 8);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Sign, place and number of the limbs between the lowest and the highest that are not zero. */
static void put_sum(writer *w, const ki_exact_sum *from) {
    ki_exact_sum sum = *from;
    int low = 0, high = KI_EXACT_LIMBS, negative = 0;
    ki_exact_sum_canonical(&sum);
    while (high > 0 && sum.limb[high - 1] == 0)
        high--;
    while (low < high && sum.limb[low] == 0)
        low++;
    negative = low < high && sum.limb[high - 1] < 0;
    low = low < high ? low : 0;
    put(w, (uint64_t)negative, 1);
    put(w, (uint64_t)low, 1);
    put(w, (uint64_t)(high - low), 1);
    put(w, sum.special, 8);
    for (int i = low; i < high; i++)
        put(w, (uint64_t)(negative ? -sum.limb[i] : sum.limb[i]), 4);
}

/* 0 if it is what put_sum() writes. */
static int get_sum(reader *r, uint64_t count, ki_exact_sum *sum) {
    const uint64_t negative = get(r, 1), low = get(r, 1), n = get(r, 1);
    sum->special = get(r, 8);
    if (low + n > KI_EXACT_LIMBS || negative > (n > 0) || (n == 0 && low > 0) ||
        sum->special > count)
        return -1;
    for (uint64_t i = 0; i < n; i++) {
        const int64_t limb = (int64_t)get(r, 4);
        if (limb == 0 && (i == 0 || i + 1 == n))
            return -1;
        sum->limb[low + i] = negative ? -limb : limb;
    }
    return 0;
}

static void put_spec(writer *w, const ki_ensemble_spec *s) {
    put(w, s->n, 8);
    put_real(w, s->p.beta);
    put_real(w, s->p.J0);
    put_real(w, s->p.dJ);
    put_real(w, s->p.dH);
    put(w, (uint64_t)s->dynamics, 8);
    put(w, s->steps, 8);
    put(w, (uint64_t)s->average, 8);
    put(w, s->burn_in, 8);
    put(w, (uint64_t)s->start, 8);
    put(w, (uint64_t)s->algorithm, 8);
    put(w, (uint64_t)s->zero_diagonal, 8);
    put(w, s->seed, 8);
}

/* A choice that no enum has stays one, instead of being cut to 32 bits and perhaps becoming legal.
 */
static int get_choice(reader *r) {
    const uint64_t value = get(r, 8);
    return value < 256 ? (int)value : -1;
}

static ki_ensemble_spec get_spec(reader *r) {
    ki_ensemble_spec s = {0};
    s.n = get(r, 8);
    s.p.beta = get_real(r);
    s.p.J0 = get_real(r);
    s.p.dJ = get_real(r);
    s.p.dH = get_real(r);
    s.dynamics = get_choice(r);
    s.steps = get(r, 8);
    s.average = get_choice(r);
    s.burn_in = get(r, 8);
    s.start = get_choice(r);
    s.algorithm = get_choice(r);
    s.zero_diagonal = get_choice(r);
    s.seed = get(r, 8);
    return s;
}

static uint32_t checksum(const void *bytes, size_t size) {
    return (uint32_t)crc32_z(crc32_z(0, Z_NULL, 0), bytes, size);
}

static void put_all(writer *w, const ki_ensemble *e, size_t size) {
    for (size_t i = 0; i < sizeof magic; i++)
        put(w, (unsigned char)magic[i], 1);
    put(w, VERSION, 4);
    put(w, size, 8);
    put_spec(w, &e->plan.spec);
    put(w, e->done.n, 8);
    for (size_t i = 0; i < e->done.n; i++) {
        put(w, e->done.range[i].first, 8);
        put(w, e->done.range[i].last, 8);
    }
    for (int k = 0; k < KI_N_ESTIMATES; k++) {
        put_sum(w, &e->sums.x[k]);
        put_sum(w, &e->sums.square[k]);
    }
}

static size_t packed_size(const ki_ensemble *e) {
    writer count = {NULL, 0};
    put_all(&count, e, 0);
    return count.size + CRC;
}

size_t ki_ensemble_pack(const ki_ensemble *e, void *bytes) {
    const size_t size = packed_size(e);
    if (bytes) {
        writer w = {bytes, 0};
        put_all(&w, e, size);
        put(&w, checksum(bytes, w.size), CRC);
    }
    return size;
}

static int damaged(const char *what) {
    return ki_fail(KI_ERR_FORMAT, "packed ensemble : damaged, %s : the bytes of ki_ensemble_pack()",
                   what);
}

static int check_head(const unsigned char *bytes, size_t size) {
    reader r = {bytes, size, 0};
    if (size < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0) {
        return ki_fail(KI_ERR_FORMAT,
                       "packed ensemble : it is something else : the bytes of ki_ensemble_pack()");
    }
    r.at += sizeof magic;
    r.left -= sizeof magic;
    const uint64_t version = get(&r, 4), whole = get(&r, 8);
    if (!r.short_of && version != VERSION) {
        return ki_fail(KI_ERR_FORMAT,
                       "packed ensemble : version %llu : version %d, or the program "
                       "that made it",
                       (unsigned long long)version, VERSION);
    }
    if (r.short_of || whole > size || size < HEAD + SPEC + CRC) {
        return ki_fail(KI_ERR_FORMAT,
                       "packed ensemble : truncated, %zu of %llu bytes : all of them", size,
                       (unsigned long long)whole);
    }
    if (whole < size)
        return damaged("bytes follow its end");
    r = (reader){bytes + size - CRC, CRC, 0};
    return get(&r, CRC) == checksum(bytes, size - CRC) ? 0 : damaged("its checksum is wrong");
}

static int get_done(reader *r, ki_ensemble *e) {
    const uint64_t n = get(r, 8);
    uint64_t before = 0;
    if (n > r->left / 16)
        return damaged("its ranges are too many");
    const int error = ki_done_reserve(&e->done, (size_t)n);
    for (uint64_t i = 0; i < n && !error; i++) {
        const ki_range range = {get(r, 8), get(r, 8)};
        /* Sorted, and not touching the one before. */
        if (range.first >= range.last || range.last > KI_MAX_REALIZATION ||
            (i > 0 && range.first <= before))
            return damaged("its ranges are out of order");
        e->done.range[e->done.n++] = range;
        e->count += range.last - range.first;
        before = range.last;
    }
    return error;
}

static int get_sums(reader *r, ki_ensemble *e) {
    for (int k = 0; k < KI_N_ESTIMATES; k++)
        if (get_sum(r, e->count, &e->sums.x[k]) || get_sum(r, e->count, &e->sums.square[k]))
            return damaged("a sum is malformed");
    return r->short_of || r->left ? damaged("its parts do not fill it") : 0;
}

int ki_ensemble_unpack(const void *bytes, size_t size, ki_ensemble **out) {
    int error = ki_check_pointer("bytes", bytes, "those of ki_ensemble_pack()");
    error = error ? error : ki_check_pointer("out", out, "a place for the ensemble");
    error = error ? error : check_head(bytes, size);
    if (error)
        return error;
    reader r = {(const unsigned char *)bytes + HEAD, size - HEAD - CRC, 0};
    const ki_ensemble_spec spec = get_spec(&r);
    if (spec.algorithm == KI_ALGORITHM_AUTO || ki_ensemble_check(&spec))
        return damaged("its specification is impossible");
    ki_ensemble *e;
    error = ki_ensemble_create(&spec, &e);
    if (error)
        return error;
    unsigned char again[SPEC];
    writer w = {again, 0};
    put_spec(&w, &e->plan.spec);
    error = memcmp(again, (const unsigned char *)bytes + HEAD, SPEC) == 0
                ? get_done(&r, e)
                : damaged("its specification is not in its one form");
    if (!error)
        error = get_sums(&r, e);
    if (error) {
        ki_ensemble_free(e);
        return error;
    }
    *out = e;
    return 0;
}

static int differs(const char *name, double a, double b) {
    return ki_fail(KI_ERR_ARGUMENT,
                   "%s : it is %.17g in one and %.17g in the other : the same in both", name, a, b);
}

static int differs_whole(const char *name, uint64_t a, uint64_t b) {
    return ki_fail(KI_ERR_ARGUMENT,
                   "%s : it is %llu in one and %llu in the other : the same in both", name,
                   (unsigned long long)a, (unsigned long long)b);
}

static int compare(const ki_ensemble_spec *a, const ki_ensemble_spec *b) {
    const struct {
        const char *name;
        uint64_t a, b;
    } whole[] = {
        {"N", a->n, b->n},
        {"steps", a->steps, b->steps},
        {"dynamics", (uint64_t)a->dynamics, (uint64_t)b->dynamics},
        {"average", (uint64_t)a->average, (uint64_t)b->average},
        {"burn_in", a->burn_in, b->burn_in},
        {"start", (uint64_t)a->start, (uint64_t)b->start},
        {"zero_diagonal", (uint64_t)a->zero_diagonal, (uint64_t)b->zero_diagonal},
        {"seed", a->seed, b->seed},
    };
    const struct {
        const char *name;
        double a, b;
    } real[] = {
        {"beta", a->p.beta, b->p.beta},
        {"J0", a->p.J0, b->p.J0},
        {"dJ", a->p.dJ, b->p.dJ},
        {"dH", a->p.dH, b->p.dH},
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (whole[i].a != whole[i].b)
            return differs_whole(whole[i].name, whole[i].a, whole[i].b);
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++)
        if (real[i].a != real[i].b)
            return differs(real[i].name, real[i].a, real[i].b);
    if (a->algorithm != b->algorithm) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "algorithm : it is %s in one and %s in the other : the same in both",
                       ki_algorithm_name(a->algorithm), ki_algorithm_name(b->algorithm));
    }
    return 0;
}

int ki_ensemble_merge(ki_ensemble *e, const ki_ensemble *from) {
    int error = ki_check_pointer("ensemble", e, "that of ki_ensemble_create()");
    error = error ? error : ki_check_pointer("from", from, "another ensemble");
    error = error ? error : compare(&e->plan.spec, &from->plan.spec);
    if (error)
        return error;
    const ki_range common = ki_done_common(&e->done, &from->done);
    if (common.first < common.last) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "realizations : both have %llu to %llu : parts without any in common",
                       (unsigned long long)common.first, (unsigned long long)common.last - 1);
    }
    error = ki_done_reserve(&e->done, e->done.n + from->done.n);
    for (size_t i = 0; i < from->done.n && !error; i++)
        error = ki_done_add(&e->done, from->done.range[i]);
    if (!error) {
        e->count += from->count;
        ki_sums_merge(&e->sums, &from->sums);
    }
    return error;
}
