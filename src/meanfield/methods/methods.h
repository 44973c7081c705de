/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of methods, by their number; made from KI_METHOD_LIST. */
#ifndef KI_SRC_MEANFIELD_METHODS_H
#define KI_SRC_MEANFIELD_METHODS_H

#include "meanfield/methods/method.h"

extern const ki_mf_method *const ki_mf_methods[KI_N_METHODS];

#endif
