/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulate/replicas/block.h"

#include "blas/linalg.h"
#include "num/product.h"

void ki_replicas_multiply(const ki_replicas_job *job, ki_block *b, const float *a) {
    const size_t n = job->n, width = job->width;
    if (job->spec.dynamics == KI_SYNC) {
        ki_product64(n, n, job->J, n, a, width, KI_PRODUCT_ALONE, NULL, b->y, width);
    } else {
        ki_sgemm(n, b->live, n, (ki_smatrix){job->J, n, 1}, (ki_smatrix){a, width, 0}, 0, b->y,
                 width);
    }
}
