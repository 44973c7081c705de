/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file io.h
 * Files of named arrays: written atomically as `.npz`, `.h5` or `.csv` with provenance, and read from `.npz`,
 * `.npy`, `.h5`, MATLAB's `.mat` or `.csv` of any origin.
 */
#ifndef KINISING_IO_H
#define KINISING_IO_H

#include <kinising/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Element types of an array in a file. */
enum ki_type {
    KI_FLOAT64 = 1, /**< double */
    KI_INT64 = 2,   /**< int64_t */
    KI_STRING = 3,  /**< const char *, UTF-8 (ASCII in practice) */
    KI_INT8 = 4     /**< int8_t */
};

/** A borrowed, C-contiguous (row-major) named array of up to 4 dimensions. */
typedef struct ki_array {
    const char *name; /**< key in the file; to be written: letters, digits, underscore */
    int type;         /**< enum ki_type */
    int ndim;         /**< 0..4; 0 is a scalar (one element) */
    size_t shape[4];  /**< extents; the number of elements is their product */
    const void *data; /**< elements, row-major; `const char *const *` for KI_STRING */
} ki_array;

/**
 * Writes arrays to `path`; the format follows the ending: `.npz` (numpy, stored members), `.h5` (HDF5,
 * when built in) or `.csv` (1-D arrays of one length only, `%.17g`, NaN and infinity spelled `nan`,
 * `inf`).
 *
 * The file appears under its name only when it is complete: a temporary file in the same folder is
 * written, flushed to disk and renamed. On any failure the temporary is removed and a file that was
 * there before is as it was.
 *
 * A `.csv` has no place for provenance that every program passes over: it goes to a file beside it (beside the
 * file itself where `path` is a link), its name with ".json" behind, which is written in the same way and appears
 * first. Beside a device or pipe there is none; without provenance a file of that name is not touched.
 *
 * @param path        target; the ending decides
 * @param n           number of arrays, >= 1
 * @param arrays      [n] arrays, borrowed
 * @param provenance  JSON text stored with the data (npz: a 0-d string array "provenance"; h5: a root
 *                    attribute; csv: the text of the file beside it); NULL for none
 * @return 0; KI_ERR_FORMAT (unknown ending, or shapes that a CSV cannot hold), KI_ERR_UNSUPPORTED
 *         (.h5 without HDF5), KI_ERR_IO (with the system's reason), KI_ERR_NOMEM, KI_ERR_ARGUMENT
 *
 * Cost: one pass over the data and one write of it, for `.npz` two passes (checksums come first). `.h5` deflates
 * arrays from 4 KiB and takes memory for the compressed file, twice.
 * Source: numpy's NPY format and PKWARE's APPNOTE.TXT; HDF5; RFC 4180.
 */
KI_API KI_WARN_UNUSED int ki_write_arrays(const char *path, size_t n, const ki_array *arrays,
                                          const char *provenance);

/** What the numbers of an array are; all zero says nothing. */
typedef struct ki_label {
    const char *units;   /**< UTF-8, "nats" say; NULL for none */
    const char *axes[4]; /**< names of its dimensions, as in `shape`; UTF-8, NULL for none */
} ki_label;

/**
 * ki_write_arrays() with labels. A `.h5` dataset gets the attributes "units" (a string) and "axes" (a string for
 * each dimension, empty where it has no name). The other formats have no place for them; values along an axis
 * are an array of their own in every format, best under the name of the axis.
 *
 * @param path        target; the ending decides
 * @param n           number of arrays, >= 1
 * @param arrays      [n] arrays, borrowed
 * @param labels      [n] one for each array, borrowed; NULL for none
 * @param provenance  JSON text, NULL for none; as for ki_write_arrays()
 * @return as ki_write_arrays(); KI_ERR_ARGUMENT for a label that is not UTF-8 or names a dimension that its
 *         array does not have
 *
 * Cost: as ki_write_arrays(). Source: as ki_write_arrays().
 */
KI_API KI_WARN_UNUSED int ki_write_labelled(const char *path, size_t n, const ki_array *arrays,
                                            const ki_label *labels, const char *provenance);

/** Where the elements of an array come from that is not in memory as a whole. */
typedef struct ki_array_source {
    /** Elements `first` to `first + count - 1`, row-major, into `out`; NULL: they are in the array's `data`.
     * Returns 0, or a negative KI_ERR_* with its sentence. It is asked in order, perhaps from the beginning a second
     * time, and must answer the same then; it must not read or write other files by this library. */
    int (*read)(void *user, uint64_t first, size_t count, void *out);
    void *user; /**< passed on */
} ki_array_source;

/**
 * ki_write_labelled() of arrays that are made while they are written, for those larger than memory.
 *
 * @param path        target; `.npz` or `.h5`
 * @param n           number of arrays, >= 1
 * @param arrays      [n] arrays, borrowed; `data` is not looked at where there is a source
 * @param labels      [n] one for each array, borrowed; NULL for none
 * @param sources     [n] one for each array, borrowed; of numbers, not of strings
 * @param provenance  JSON text, NULL for none; as for ki_write_arrays()
 * @return as ki_write_labelled(); what a source returned; KI_ERR_FORMAT for a `.csv`, KI_ERR_ARGUMENT for strings
 *
 * Cost: as ki_write_arrays(), and 256 KiB (`.h5`: 1 MiB) for what is under way. Source: as ki_write_arrays().
 */
KI_API KI_WARN_UNUSED int ki_write_streamed(const char *path, size_t n, const ki_array *arrays,
                                            const ki_label *labels, const ki_array_source *sources,
                                            const char *provenance);

/**
 * Checks, before a long computation, that ki_write_arrays() could write to `path` (and beside it, if it is a
 * `.csv`): known ending, folder exists and is writable, not a directory. Creates nothing that stays and changes
 * no existing file.
 *
 * @param path  target; the ending decides
 * @return 0; KI_ERR_FORMAT (unknown ending), KI_ERR_UNSUPPORTED (`.h5` without HDF5), KI_ERR_IO (with the system's
 *         reason), KI_ERR_NOMEM, KI_ERR_ARGUMENT
 *
 * Cost: a file made and removed. Source: POSIX.1-2008.
 */
KI_API KI_WARN_UNUSED int ki_check_writable(const char *path);

/**
 * Whether writing to `path` goes straight to a device, a pipe or a socket. Such a write can wait for ever for
 * its reader, and leaves no temporary file when the program is killed in it: a program that holds back signals
 * until a file is whole must not do so here.
 *
 * @param path  any; NULL is allowed
 * @return 1 for a device, pipe or socket, links followed; 0 for everything else, missing files included
 */
KI_API int ki_is_stream(const char *path);

/** Opaque: a file of arrays, open for reading. For one thread at a time. */
typedef struct ki_reader ki_reader;

/**
 * Opens a file of arrays. Its kind is told by its first bytes, not by its name:
 *
 * ```
 *     .npz   members stored or deflated, 64-bit records too
 *     .npy   one array, named "data"
 *     .h5    all datasets, those of groups as "group/name"; .mat of version 7.3 is such a file, and its
 *            arrays have the shapes that MATLAB shows
 *     .mat   of version 5 to 7: numbers; what is in cells is named "x{1}", "x{2}" ..., fields "x.name"
 * ```
 *
 * Text has no such bytes: `.csv`, `.tsv` and `.txt` are tables by their names, cells between commas, tabs,
 * semicolons or blanks (the first line tells). With a line of names on top each column is an array; the table
 * "data" (rows, columns) is there if all cells are numbers, empty ones read as NaN. Lines that begin with # on
 * top are passed over.
 *
 * Soft links, links to other files, virtual datasets and data kept in other files are not followed: they are
 * listed, and reading them says what they are. A `.h5` file that this process holds open by itself, through
 * h5py say, is read as it stands there; one that another program has open for writing is refused.
 *
 * A file may come from anywhere: sizes are held against the size of the file before memory is taken, and a
 * damaged file is an error, not a crash. (`.h5` is decoded by libhdf5, which is as robust as its version; threads
 * take turns in it.)
 * An array that cannot be read (objects, complex numbers, more than 4 dimensions, damaged) is listed with
 * type 0, and ki_reader_read() says why.
 *
 * @param path  a regular file
 * @param out   the reader; ki_reader_close() it
 * @return 0; KI_ERR_IO (missing, a folder, a pipe, open for writing elsewhere, with the system's reason),
 *         KI_ERR_FORMAT (of no known kind, damaged, cut off, two arrays of one name), KI_ERR_UNSUPPORTED (`.h5` without HDF5), KI_ERR_NOMEM,
 *         KI_ERR_ARGUMENT
 *
 * Cost: headers and the directory are read, no elements; but text is read once, and so are cells that MATLAB has
 * compressed. Source: as ki_write_arrays(); MathWorks, MAT-File Format.
 */
KI_API KI_WARN_UNUSED int ki_reader_open(const char *path, ki_reader **out);

/** Closes and frees; NULL is allowed. Arrays that were read stay; their names go. */
KI_API void ki_reader_close(ki_reader *reader);

/** Number of arrays in the file. */
KI_API size_t ki_reader_count(const ki_reader *reader);

/**
 * Name, type (as it will be delivered; 0 if it cannot be) and shape of an array; `data` is NULL.
 *
 * @param reader  open
 * @param i       which; in the order of the file (`.npz`) or of the names (`.h5`)
 * @return borrowed until the reader is closed; NULL if there is no such array
 */
KI_API const ki_array *ki_reader_info(const ki_reader *reader, size_t i);

/**
 * Index of an array by its name.
 *
 * @param reader  open
 * @param name    as in the file, without ".npy"
 * @return the index, or -1 if there is none of that name
 */
KI_API ptrdiff_t ki_reader_find(const ki_reader *reader, const char *name);

/**
 * Reads one array, row-major: floats of 16, 32 and 64 bits and either byte order become KI_FLOAT64; booleans
 * and int8 KI_INT8; every other integer KI_INT64; strings KI_STRING. Fortran
 * order is turned. Checksums are checked.
 *
 * @param reader  open
 * @param i       which
 * @param out     the array; its elements are the caller's, to be freed by ki_array_free(), its name the reader's
 * @return 0; KI_ERR_FORMAT (damaged, of a type or shape that cannot be read, an integer beyond 2^63 - 1),
 *         KI_ERR_IO, KI_ERR_NOMEM, KI_ERR_ARGUMENT
 *
 * Cost: one pass over the bytes; for deflated chunks of `.h5` two. Memory: 8 bytes an element (1 for KI_INT8), which
 * is at most 8 times what the file's own bytes say. Source: as ki_write_arrays().
 */
KI_API KI_WARN_UNUSED int ki_reader_read(ki_reader *reader, size_t i, ki_array *out);

/** A part of an array: element (i, j, ...) of the part is element (start[0] + i, start[1] + j, ...) of the array,
 * and lies at data + i * stride[0] + j * stride[1] + ... */
typedef struct ki_part {
    const void *data;
    int type, ndim;      /**< as the array's */
    size_t start[4];     /**< first indices */
    size_t shape[4];     /**< extents of the part */
    ptrdiff_t stride[4]; /**< bytes */
} ki_part;

/** Takes a part, borrowed for the call; returns 0 to go on, or a negative KI_ERR_* (with its sentence) to stop. It
 * must not read or write other files by this library. */
typedef int (*ki_part_fn)(void *user, const ki_part *part);

/**
 * Reads one array of numbers part by part, each element once, in the order of the file: for arrays that are
 * larger than memory. What was handed out before an error (a checksum, say, that is wrong at the end) is not to
 * be relied on.
 *
 * @param reader  open
 * @param i       which
 * @param take    gets the parts, converted as ki_reader_read() does
 * @param user    passed on
 * @return 0; what `take` returned; KI_ERR_FORMAT (also for strings), KI_ERR_IO, KI_ERR_NOMEM, KI_ERR_ARGUMENT
 *
 * Cost: one pass over the bytes. Memory: 2^16 elements, but for `.h5` at least a chunk of the dataset.
 * Source: as ki_reader_open().
 */
KI_API KI_WARN_UNUSED int ki_reader_parts(ki_reader *reader, size_t i, ki_part_fn take, void *user);

/** Frees the elements of an `array` that ki_reader_read() filled; nothing else. NULL is allowed. */
KI_API void ki_array_free(ki_array *array);

/**
 * Writes bytes to a file of any name, atomically as ki_write_arrays() does.
 *
 * @param path  target
 * @param data  [size] bytes; may be NULL if there are none
 * @param size  how many
 * @return 0; KI_ERR_IO (with the reason of the system), KI_ERR_NOMEM, KI_ERR_ARGUMENT
 *
 * Cost: one write and two flushes to the disk. Source: POSIX.1-2008.
 */
KI_API KI_WARN_UNUSED int ki_write_bytes(const char *path, const void *data, size_t size);

/**
 * Checks, before a long computation, that ki_write_bytes() could write to `path`; the ending does not matter.
 * Creates nothing that stays and changes no existing file.
 *
 * @param path  target
 * @return 0; KI_ERR_IO (with the reason of the system), KI_ERR_NOMEM, KI_ERR_ARGUMENT
 *
 * Cost: a file made and removed. Source: POSIX.1-2008.
 */
KI_API KI_WARN_UNUSED int ki_check_bytes(const char *path);

/**
 * Reads a whole regular file.
 *
 * @param path  the file
 * @param data  its bytes; ki_free_bytes() them
 * @param size  how many
 * @return 0; KI_ERR_IO (with the reason of the system), KI_ERR_FORMAT (it became shorter meanwhile), KI_ERR_NOMEM,
 *         KI_ERR_ARGUMENT; outputs untouched on error
 *
 * Cost: one read, and its bytes of memory. Source: POSIX.1-2008.
 */
KI_API KI_WARN_UNUSED int ki_read_bytes(const char *path, void **data, size_t *size);

/** Frees what ki_read_bytes() returned; NULL is allowed. */
KI_API void ki_free_bytes(void *data);

#ifdef __cplusplus
}
#endif
#endif
