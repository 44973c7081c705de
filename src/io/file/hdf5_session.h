/* SPDX-License-Identifier: BSD-3-Clause */
/* How HDF5 is called: by one thread of ours at a time, for not every build of it minds threads; with nothing
 * printed; and with the cause of a failure kept, which HDF5 forgets at the next call. */
#ifndef KI_SRC_IO_FILE_HDF5_SESSION_H
#define KI_SRC_IO_FILE_HDF5_SESSION_H

#include <hdf5.h>

typedef struct ki_hdf5_session {
    H5E_auto2_t report; /* what the program around us does about failures */
    void *user;
    char reason[192]; /* HDF5's own words for the first failure, "" if there was none */
} ki_hdf5_session;

/* Waits for other threads. `session` stays where it is until the end. */
void ki_hdf5_begin(ki_hdf5_session *session);
void ki_hdf5_end(ki_hdf5_session *session);

#endif
