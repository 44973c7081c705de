/* SPDX-License-Identifier: BSD-3-Clause */
/* The sentences that go with failures of files. */
#ifndef KI_SRC_IO_FILE_FAILURE_H
#define KI_SRC_IO_FILE_FAILURE_H

/* "path : why : right"; long paths keep only their tail so that the reason is never cut off. */
int ki_io_fail(int error, const char *path, const char *why, const char *right);

/* KI_ERR_IO with "path : action: reason of errnum : advice for it". */
int ki_io_fail_errno(const char *path, const char *action, int errnum);

/* KI_ERR_ARGUMENT if `path` is NULL or empty. */
int ki_io_check_name(const char *path);

/* KI_ERR_NOMEM; `doing` is "reading" or "writing". */
int ki_io_no_memory(const char *path, const char *doing);

#endif
