/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg.h"

#include <cblas.h>

/* LAPACK has no header everywhere; the lengths of its words come last, as compilers of Fortran have
 * it. */
extern void dgees_(const char *vectors, const char *sort,
                   int (*select)(const double *, const double *), const int *n, double *a,
                   const int *lda, int *sorted, double *re, double *im, double *z, const int *ldz,
                   double *work, const int *lwork, int *bwork, int *info, size_t, size_t);
extern void dtrsen_(const char *job, const char *vectors, const int *select, const int *n,
                    double *t, const int *ldt, double *z, const int *ldz, double *re, double *im,
                    int *m, double *s, double *sep, double *work, const int *lwork, int *iwork,
                    const int *liwork, int *info, size_t, size_t);

void ki_sgemm(size_t m, size_t n, size_t k, ki_smatrix a, ki_smatrix b, float beta, float *c,
              size_t c_stride) {
    cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
                b.transposed ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a.x,
                (int)a.stride, b.x, (int)b.stride, beta, c, (int)c_stride);
}

int ki_schur(size_t n, double *a, double *z, double *re, double *im, double *work) {
    const int order = (int)n, length = 8 * (int)n;
    int sorted = 0, unused = 0, info = 0;

    dgees_("V", "N", NULL, &order, a, &order, &sorted, re, im, z, &order, work, &length, &unused,
           &info, 1, 1);
    return info ? -1 : 0;
}

int ki_schur_reorder(size_t n, const int *select, double *t, double *z, double *re, double *im,
                     double *condition, double *work) {
    const int order = (int)n, length = order * order, one = 1;
    int count = 0, info = 0, unused[1];
    double s = 1, separation = 0;

    dtrsen_(condition ? "E" : "N", "V", select, &order, t, &order, z, &order, re, im, &count, &s,
            &separation, work, &length, unused, &one, &info, 1, 1);
    if (condition)
        *condition = s;
    return info ? -1 : 0;
}
