/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg.h"

#include <cblas.h>

void ki_sgemm(size_t m, size_t n, size_t k, ki_smatrix a, ki_smatrix b, float beta, float *c,
              size_t c_stride) {
    cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
                b.transposed ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a.x,
                (int)a.stride, b.x, (int)b.stride, beta, c, (int)c_stride);
}
