/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads and name of the BLAS that is linked; its products are in blas/linalg.h. */
#ifndef KI_SRC_BLAS_BLAS_H
#define KI_SRC_BLAS_BLAS_H

/* Between the two, BLAS calls run on the thread that makes them: our own threads share out the
 * work, and the bits do not depend on how many BLAS would take. The setting is the process's, so
 * the first of several callers at a time sets it and the last one puts back what was there (unless
 * somebody else has changed it meanwhile). Other users of the same BLAS in the process get one
 * thread for that long: slower, not wrong. Nothing happens with a BLAS that is not OpenBLAS. Pairs
 * may nest; any thread may call. */
void ki_blas_begin(void);
void ki_blas_end(void);

/* "OpenBLAS 0.3.21 Haswell": library, version and kernel; "CBLAS" for another one. Static. */
const char *ki_blas_name(void);

#endif
