/* SPDX-License-Identifier: BSD-3-Clause */
/* The limits that control groups set. */
#ifndef KI_SRC_LIBRARY_MACHINE_H
#define KI_SRC_LIBRARY_MACHINE_H

#include <stdint.h>

/* The least memory limit, in bytes, of the control groups in the file `groups` (as
 * /proc/self/cgroup, version 1 or 2) and of those above them, under the folder `root` (as
 * /sys/fs/cgroup); UINT64_MAX if there is none. */
uint64_t ki_group_memory(const char *groups, const char *root);

#endif
