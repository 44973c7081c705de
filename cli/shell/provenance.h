/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a result came from, as JSON. */
#ifndef KINISING_CLI_PROVENANCE_H
#define KINISING_CLI_PROVENANCE_H

#include "shell/session.h"

/* One line of ASCII JSON, to be freed; NULL when memory is out. */
char *provenance(const session *s);

#endif
