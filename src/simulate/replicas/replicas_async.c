/* SPDX-License-Identifier: BSD-3-Clause */
/* Asynchronous replicas, one by one: a flip adds a column of couplings to the fields. */
#include <math.h>
#include <string.h>

#include "blas/linalg.h"
#include "num/simd.h"
#include "simulate/replicas/block.h"

/* Fields are made anew after so many units of time: rounding errors of the flips between grow like
 * the root of their number, to about 1e-6 of the field. */
enum { REFRESH = 16 };

/* Replicas side by side, for the products. */
static void gather(const ki_replicas_job *job, ki_block *b) {
    const size_t n = job->n;
    for (size_t i = 0; i < n; i++) {
        for (size_t l = 0; l < KI_ASYNC_WIDTH; l++) {
            b->s[i * KI_ASYNC_WIDTH + l] = (float)b->state[l * n + i];
            b->x[i * KI_ASYNC_WIDTH + l] = b->field[l * n + i];
        }
    }
}

static void scatter_fields(const ki_replicas_job *job, ki_block *b) {
    const size_t n = job->n;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < KI_ASYNC_WIDTH; l++)
            b->field[l * n + i] = b->x[i * KI_ASYNC_WIDTH + l];
}

/* Fields of the states as they are; x and s of the block hold them afterwards. */
static void refresh(const ki_replicas_job *job, ki_block *b) {
    const size_t n = job->n;
    gather(job, b);
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < KI_ASYNC_WIDTH; l++)
            b->x[i * KI_ASYNC_WIDTH + l] = job->H[i];
    ki_sgemm(n, b->live, n, (ki_smatrix){job->J, n, 1}, (ki_smatrix){b->s, KI_ASYNC_WIDTH, 0}, 1,
             b->x, KI_ASYNC_WIDTH);
    scatter_fields(job, b);
}

static void begin(const ki_replicas_job *job, ki_block *b) {
    const size_t n = job->n, words = (n + 63) / 64;
    memset(b->state, 1, KI_ASYNC_WIDTH * n);
    memset(b->rare, 0, sizeof b->rare);
    for (size_t k = 0; k < KI_ASYNC_WIDTH * n; k++)
        b->last[k] = NAN;
    if (b->when)
        memset(b->when, 0, KI_ASYNC_WIDTH * n * sizeof *b->when);
    for (size_t l = 0; l < b->live; l++) {
        b->chooser[l] = ki_chooser_of(job->key, b->index * KI_ASYNC_WIDTH + l, (uint32_t)n);
        uint64_t *word = (uint64_t *)(void *)b->words; /* as many bytes as two units need */
        ki_replicas_start(job, b->index * KI_ASYNC_WIDTH + l, words, word);
        for (size_t i = 0; i < n; i++)
            b->state[l * n + i] = (int8_t)(2 * (int)(word[i / 64] >> (i % 64) & 1) - 1);
    }
    refresh(job, b);
}

/* 1 with probability p: 32 bits, and 52 more where they do not decide. */
static int happens(double p, uint32_t word, const ki_sequence *rare, uint64_t *used) {
    const double scaled = p * 0x1p32, whole = floor(scaled);
    if ((double)word != whole)
        return (double)word < whole;
    return ki_random_double(rare, (*used)++) < scaled - whole;
}

/* N updates of one replica, of numbers above `number` for the order of the last ones (0: not
 * kept); returns how many flipped. */
KI_CLONES static uint64_t unit_of_time(const ki_replicas_job *job, ki_block *b, size_t lane,
                                       const ki_sequence *rare, uint64_t number) {
    const size_t n = job->n;
    const uint32_t *choice = b->words, *update = b->words + (n + 63) / 64 * 64;
    float *x = b->field + lane * n, *last = b->last + lane * n;
    int8_t *s = b->state + lane * n;
    uint64_t flips = 0;
    for (size_t k = 0; k < n; k++) {
        const size_t i = choice[k];
        const double flip = 1 / (1 + exp(2 * s[i] * (double)x[i]));
        last[i] = x[i];
        if (number)
            b->when[lane * n + i] = (uint32_t)(number + k);
        if (happens(flip, update[k], rare, &b->rare[lane])) {
            flips++;
            const float change = (float)(-2 * s[i]);
            const float *column = job->J + i * n;
            s[i] = (int8_t)-s[i];
#pragma omp simd
            for (size_t j = 0; j < n; j++)
                x[j] += change * column[j];
        }
    }
    return flips;
}

static int advance(const ki_replicas_job *job, ki_block *b, uint64_t time, ki_work *work) {
    const size_t n = job->n, groups = (n + 63) / 64;
    const uint64_t left = job->spec.steps - time, recent = left < KI_RECENT;
    const uint64_t number = b->when && recent ? (KI_RECENT - 1 - left) * n + 1 : 0;
    for (size_t l = 0; l < b->live; l++) {
        const uint64_t replica = b->index * KI_ASYNC_WIDTH + l;
        const ki_sequence update = ki_sequence_of(job->key, replica, KI_STREAM_UPDATE);
        const ki_sequence rare = ki_sequence_of(job->key, replica, KI_STREAM_RARE);
        ki_choose(&b->chooser[l], n, b->words);
        ki_random_groups(&update, (time - 1) * groups, groups, b->words + KI_GROUP * groups);
        const uint64_t flips = unit_of_time(job, b, l, &rare, number);
        if (time >= job->first_measured)
            b->sums[KI_SUM_FLIPS * job->width] += (double)flips;
        if (ki_work_spend(work, n * n / 4) || ki_work_tick(work, n))
            return KI_ERR_CANCELLED;
    }
    return 0;
}

static void write_raster(const ki_replicas_job *job, const ki_block *b, uint64_t time) {
    for (size_t l = 0; l < b->live; l++) {
        const size_t replica = b->index * KI_ASYNC_WIDTH + l;
        memcpy(job->raster + (replica * (job->spec.steps + 1) + time) * job->n,
               b->state + l * job->n, job->n);
    }
}

/* Packs the states of time into its slot if a later q compares with them. */
static void remember(const ki_replicas_job *job, ki_block *b, uint64_t time) {
    if (!job->want_summary || time > job->spec.steps - job->lag || time < job->first_q - job->lag)
        return;
    uint16_t *past = b->past + time % job->slots * job->n;
    for (size_t i = 0; i < job->n; i++) {
        unsigned bits = 0;
        for (size_t l = 0; l < KI_ASYNC_WIDTH; l++)
            bits |= (unsigned)(b->state[l * job->n + i] > 0) << l;
        past[i] = (uint16_t)bits;
    }
}

int ki_replicas_async_block(const ki_replicas_job *job, ki_block *b, ki_work *work) {
    begin(job, b);
    remember(job, b, 0);
    if (job->raster)
        write_raster(job, b, 0);
    for (uint64_t time = 1; time <= job->spec.steps; time++) {
        int error = advance(job, b, time, work);
        if (error)
            return error;
        const int measured = time >= job->first_measured;
        if (time % REFRESH == 0 || time == job->spec.steps)
            refresh(job, b);
        else if (measured)
            gather(job, b);
        if (measured) {
            const uint16_t *earlier = NULL;
            if (job->want_summary && time >= job->first_q)
                earlier = b->past + (time - job->lag) % job->slots * job->n;
            error = ki_replicas_measure(job, b, earlier, work);
            if (error)
                return error;
        }
        remember(job, b, time);
        if (job->raster)
            write_raster(job, b, time);
    }
    return 0;
}
