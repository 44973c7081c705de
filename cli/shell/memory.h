/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that the machine has, asked for before it is taken. */
#ifndef KINISING_CLI_MEMORY_H
#define KINISING_CLI_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* count * size bytes, or NULL after saying on stderr that there is no such memory. Asks the machine
 * how much it has, since malloc promises more than there is. */
void *get_memory(const char *command, uint64_t count, size_t size);

/* Whether the machine has count * size bytes at all; if not, says so and returns STATUS_FAILED. */
int check_memory(const char *command, uint64_t count, size_t size);

/* Bytes of memory in this machine, or that this process may have of it. */
double machine_memory(void);

#endif
