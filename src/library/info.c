/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about the build and the machine. */
#include <stddef.h>

#include "blas/blas.h"
#include "build_config.h"
#include "base/error.h"
#include "base/parallel.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown"
#endif

#if defined(__x86_64__)
/* The features that matter to the kernels, in a fixed order; one of the 2^n texts is not worth a
 * buffer, so the levels are nested as they are on real processors. */
static const char *cpu_features(void) {
    __builtin_cpu_init();
    const int fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (fma && wide)
        return "sse4.2 avx avx2 fma avx512f avx512dq avx512bw avx512vl";
    return fma ? "sse4.2 avx avx2 fma" : (__builtin_cpu_supports("avx") ? "sse4.2 avx" : "sse2");
}

static const char *kernels(void) {
#if defined(__clang__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return "default";
#else
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
        return "x86-64-v4";
    return __builtin_cpu_supports("avx2") ? "x86-64-v3" : "default";
#endif
}
#else
static const char *cpu_features(void) {
    return "unknown";
}

static const char *kernels(void) {
    return "default";
}
#endif

int ki_get_build_info(ki_build_info *out) {
    if (out == NULL)
        return ki_fail(KI_ERR_ARGUMENT, "ki_get_build_info : NULL pointer : pass a struct");
    *out = (ki_build_info){
        .version = KI_VERSION_STRING,
        .commit = KI_BUILD_COMMIT,
        .compiler = COMPILER,
        .build_type = KI_BUILD_TYPE,
        .cpu_features = cpu_features(),
        .kernels = kernels(),
        .blas = ki_blas_name(),
#ifdef KI_HAVE_THREADS
        .have_threads = 1,
#endif
#ifdef KI_HAVE_HDF5
        .have_hdf5 = 1,
#endif
        .max_threads = ki_default_threads(),
    };
    return 0;
}
