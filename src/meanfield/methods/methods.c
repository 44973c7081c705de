/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of methods. */
#include "meanfield/methods/methods.h"

#define METHOD_ROW(name, number, symbol, word, text) [name] = &ki_mf_##symbol,
const ki_mf_method *const ki_mf_methods[KI_N_METHODS] = {KI_METHOD_LIST(METHOD_ROW)};
