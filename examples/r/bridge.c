/* SPDX-License-Identifier: BSD-3-Clause */
/* ki_theory_map() for R: vectors in, a list of vectors out, a failure as an error of R. */
#include <kinising/kinising.h>

#include <R.h>
#include <Rinternals.h>

SEXP kinising_theory(SEXP beta, SEXP J0, SEXP dJ, SEXP dH) {
    static const char *const names[] = {"m", "q", "S", "Sr", "sigma", "sigma_async", "phase", ""};
    const R_xlen_t n = XLENGTH(beta);
    ki_theory_params *p = (ki_theory_params *)R_alloc((size_t)n, sizeof *p);
    ki_theory_result *r = (ki_theory_result *)R_alloc((size_t)n, sizeof *r);

    for (R_xlen_t i = 0; i < n; i++)
        p[i] = (ki_theory_params){REAL(beta)[i], REAL(J0)[i], REAL(dJ)[i], REAL(dH)[i]};
    if (ki_theory_map((size_t)n, p, KI_SYNC | KI_ASYNC, NULL, r))
        Rf_error("%s", ki_last_error());

    SEXP out = PROTECT(Rf_mkNamed(VECSXP, (const char **)names));
    for (int k = 0; k < 6; k++)
        SET_VECTOR_ELT(out, k, Rf_allocVector(REALSXP, n));
    SEXP phase = Rf_allocVector(STRSXP, n);
    SET_VECTOR_ELT(out, 6, phase);
    for (R_xlen_t i = 0; i < n; i++) {
        const double values[6] = {r[i].m, r[i].q, r[i].S, r[i].Sr, r[i].sigma, r[i].sigma_async};
        for (int k = 0; k < 6; k++)
            REAL(VECTOR_ELT(out, k))[i] = values[k];
        SET_STRING_ELT(phase, i, Rf_mkChar(ki_phase_name(r[i].phase)));
    }
    UNPROTECT(1);
    return out;
}
