/* SPDX-License-Identifier: BSD-3-Clause */
/* Synchronous replicas: a step of 64 of them is one product, [N,N] by [N,64]. */
#include <string.h>

#include "num/draw.h"
#include "num/product.h"
#include "num/simd.h"
#include "simulate/replicas/block.h"

void ki_replicas_start(const ki_replicas_job *job, uint64_t realization, size_t count,
                       uint64_t *word) {
    if (job->spec.start == KI_START_UP) {
        memset(word, 0xff, count * sizeof *word);
        return;
    }
    const ki_sequence start = ki_sequence_of(job->key, realization, KI_STREAM_START);
    for (size_t i = 0; i < count; i += KI_GROUP / 2) {
        uint32_t random[KI_GROUP];
        ki_random_groups(&start, i / (KI_GROUP / 2), 1, random);
        for (size_t k = 0; k < KI_GROUP / 2 && i + k < count; k++)
            word[i + k] = (uint64_t)random[2 * k + 1] << 32 | random[2 * k];
    }
}

/* s[64 i + l] = +1 where bit l of word[i] is set, else -1: the sign bit of a float 1. */
KI_CLONES static void expand(size_t n, const uint64_t *word, float *s) {
    for (size_t i = 0; i < n; i++) {
        for (int half = 0; half < 2; half++) {
            const uint32_t down = (uint32_t)(~word[i] >> (32 * half));
            uint32_t bits[32];
#pragma omp simd
            for (int l = 0; l < 32; l++)
                bits[l] = (down >> l) << 31 | 0x3f800000U;
            memcpy(s + 64 * i + 32 * half, bits, sizeof bits);
        }
    }
}

static void write_raster(const ki_replicas_job *job, const ki_block *block, uint64_t time) {
    const size_t n = job->n;
    for (size_t l = 0; l < block->live; l++) {
        const size_t replica = block->index * KI_SYNC_WIDTH + l;
        int8_t *row = job->raster + (replica * (job->spec.steps + 1) + time) * n;
        for (size_t i = 0; i < n; i++)
            row[i] = (int8_t)(2 * (int)(block->spin[i] >> l & 1) - 1);
    }
}

/* Spins that the step just made has turned. */
static void count_flips(const ki_replicas_job *job, ki_block *block) {
    const uint64_t live = block->live < 64 ? (UINT64_C(1) << block->live) - 1 : UINT64_MAX;
    uint64_t flips = 0;
    for (size_t i = 0; i < job->n; i++)
        flips += (uint64_t)__builtin_popcountll((block->spin[i] ^ block->before[i]) & live);
    block->sums[KI_SUM_FLIPS * KI_SYNC_WIDTH] += (double)flips;
}

int ki_replicas_sync_block(const ki_replicas_job *job, ki_block *block, ki_work *work) {
    const size_t n = job->n;
    const ki_sequence update = ki_sequence_of(job->key, block->index, KI_STREAM_UPDATE);
    const ki_sequence rare = ki_sequence_of(job->key, block->index, KI_STREAM_RARE);
    const int flow = job->want_summary || job->want_d;
    ki_replicas_start(job, block->index, n, block->spin);
    expand(n, block->spin, block->s);
    if (job->raster)
        write_raster(job, block, 0);
    for (uint64_t time = 1; time <= job->spec.steps; time++) {
        ki_product64(n, n, job->J, n, block->s, KI_SYNC_WIDTH, KI_PRODUCT_ROW, job->H, block->x,
                     KI_SYNC_WIDTH);
        if (flow && time == job->first_measured)
            ki_replicas_flow_begin(job, block);
        if (time >= job->first_measured) {
            const int error = ki_replicas_measure(job, block, NULL, work);
            if (error)
                return error;
        }
        memcpy(block->before, block->spin, n * sizeof *block->spin);
        ki_draw_spins(&update, &rare, (time - 1) * n, n, block->x, block->spin);
        if (time >= job->first_measured)
            count_flips(job, block);
        expand(n, block->spin, block->s);
        if (job->raster)
            write_raster(job, block, time);
        if (ki_work_spend(work, 4 * n * n) || ki_work_tick(work, n * block->live))
            return KI_ERR_CANCELLED;
    }
    if (flow) {
        if (!job->want_summary)
            ki_replicas_multiply(job, block, block->t);
        ki_product64(n, n, job->J, n, block->s, KI_SYNC_WIDTH,
                     job->large_H ? KI_PRODUCT_ALONE : KI_PRODUCT_ROW, job->large_H ? NULL : job->H,
                     block->x, KI_SYNC_WIDTH);
        ki_replicas_flow_end(job, block);
    }
    return 0;
}
