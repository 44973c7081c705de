/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file base.h
 * Error codes, version and build facts, threads and progress: what every other header needs.
 *
 * Conventions of the whole library:
 *  - every fallible function returns 0 or a negative `KI_ERR_*`; the sentence that goes with the
 *    last failure of this thread is in ki_last_error();
 *  - outputs are untouched when a function returns an error;
 *  - "did not converge" is an outcome (a `status` field), never an error;
 *  - the caller owns every array it passes; the library keeps no globals, prints nothing, reads no
 *    clock and has no hidden seed.
 */
#ifndef KINISING_BASE_H
#define KINISING_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && defined(KI_BUILD_SHARED)
#define KI_API __attribute__((visibility("default")))
#else
#define KI_API
#endif

#if defined(__GNUC__)
#define KI_WARN_UNUSED __attribute__((warn_unused_result))
#define KI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define KI_WARN_UNUSED
#define KI_PRINTF(f, a)
#endif

#define KI_VERSION_MAJOR 0
#define KI_VERSION_MINOR 1
#define KI_VERSION_PATCH 0
#define KI_VERSION_STRING "0.1.0"

/**
 * The one list of errors: X(name, number, text). The numbers are written out and never reused; the
 * enum, ki_strerror(), the Python exceptions and the manual are all made from it.
 */
#define KI_ERROR_LIST(X)                                                                           \
    X(KI_ERR_NOMEM, -1, "out of memory")                                                           \
    X(KI_ERR_ARGUMENT, -2, "invalid argument")                                                     \
    X(KI_ERR_IO, -3, "input or output failed")                                                     \
    X(KI_ERR_FORMAT, -4, "unknown or malformed file format")                                       \
    X(KI_ERR_CANCELLED, -5, "cancelled by the caller")                                             \
    X(KI_ERR_UNSUPPORTED, -6, "not available in this build")                                       \
    X(KI_ERR_INTERNAL, -7, "internal inconsistency, please report it")

/** Error numbers, all negative; 0 (KI_OK) is success. */
enum ki_error {
    KI_OK = 0,
#define KI_ERROR_ENUM(name, number, text) name = number,
    KI_ERROR_LIST(KI_ERROR_ENUM)
#undef KI_ERROR_ENUM
};

/** Fixed text of an error number ("success" for 0, "unknown error" otherwise); never NULL. */
KI_API const char *ki_strerror(int error);

/**
 * The sentence of this thread's most recent failure, in the form `what : why : what would be right`.
 * Valid until the next failing call of the same thread; "" if nothing has failed yet. Never NULL.
 */
KI_API const char *ki_last_error(void);

/**
 * The `errno` that the system gave for this thread's most recent failure, so that callers can tell a
 * missing file from one they may not read; 0 if the failure was not the system's.
 */
KI_API int ki_last_errno(void);

/** Version of the library at run time, "major.minor.patch"; compare with KI_VERSION_STRING. */
KI_API const char *ki_version(void);

/** Facts about this build and machine, for provenance and `kinising info`. Strings are static. */
typedef struct ki_build_info {
    const char *version;      /**< same as ki_version() */
    const char *commit;       /**< git commit of the build, "unknown" outside a checkout */
    const char *compiler;     /**< compiler name and version */
    const char *build_type;   /**< meson build type and optimisation flags */
    const char *cpu_features; /**< instruction sets found at run time, space separated */
    const char *kernels;      /**< instruction set level the dispatched kernels run at */
    const char *blas;         /**< BLAS library and its kernel, "CBLAS" if not OpenBLAS */
    int have_threads;         /**< 1 if threads are available */
    int have_hdf5;            /**< 1 if `.h5` files can be written */
    int max_threads;          /**< threads used when 0 is asked for */
} ki_build_info;

/** Fills `out`. Errors: KI_ERR_ARGUMENT if `out` is NULL. Cost: negligible. Source: the build, CPUID,
 * OpenBLAS's own report. */
KI_API KI_WARN_UNUSED int ki_get_build_info(ki_build_info *out);

/**
 * Bytes of memory that this process can have: those of the machine, or the least limit of its control
 * groups (as containers and batch systems set them) if that is lower; UINT64_MAX if nothing says.
 * What needs more ends in a killed process rather than in KI_ERR_NOMEM. Cost: reads a few small files.
 */
KI_API uint64_t ki_machine_memory(void);

/**
 * Progress report: called with work done and total, possibly from a worker thread but never from two
 * at once. Return 0 to go on, anything else to stop; the running function then returns
 * KI_ERR_CANCELLED and leaves its outputs untouched.
 */
typedef int (*ki_progress_fn)(void *user, uint64_t done, uint64_t total);

/** How a long call runs; a zero-initialised struct is the default. */
typedef struct ki_run_options {
    int threads;             /**< worker threads; 0 = all available. Range 0..4096 */
    ki_progress_fn progress; /**< NULL = no reports */
    void *progress_user;     /**< passed through to `progress` */
} ki_run_options;

#ifdef __cplusplus
}
#endif
#endif
