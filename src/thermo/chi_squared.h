/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KI_SRC_THERMO_CHI_SQUARED_H
#define KI_SRC_THERMO_CHI_SQUARED_H

/* Chance of a chi-squared number of so many degrees of freedom above x, to a relative 1e-10. */
double ki_chi_squared_tail(double x, double freedom);

#endif
