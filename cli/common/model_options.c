/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/model_options.h"

#include <stddef.h>

const char *const parameter_names[N_PARAMETERS + 1] = {"beta", "J0", "dJ", "dH", NULL};

#define WORD(name, code, word) word,
const char *const dynamics_words[] = {KI_DYNAMICS_LIST(WORD) NULL};
