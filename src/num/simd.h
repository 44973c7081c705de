/* SPDX-License-Identifier: BSD-3-Clause */
/* Run-time dispatch of vectorised kernels: one C body, compiled per instruction set level. */
#ifndef KI_SRC_NUM_SIMD_H
#define KI_SRC_NUM_SIMD_H

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) &&   \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(KI_NO_DISPATCH)
#define KI_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KI_CLONES
#endif

/* `omp simd` with maxima among its reductions or loops inside, which clang 14 refuses with a warning. */
#ifdef __clang__
#define KI_SIMD(...)
#else
#define KI_PRAGMA(...) _Pragma(#__VA_ARGS__)
#define KI_SIMD(...) KI_PRAGMA(omp simd __VA_ARGS__)
#endif

#define KI_ALWAYS_INLINE __attribute__((always_inline))

/* Kernels that need instructions by name: one body per level, the plain one always there, and all
 * of them with the same results bit for bit. */
enum { KI_LEVEL_PLAIN = 0, KI_LEVEL_V3 = 3, KI_LEVEL_V4 = 4 };
#if defined(__x86_64__) && defined(__GNUC__) && !defined(KI_NO_DISPATCH)
#define KI_X86 1
#include <immintrin.h>
#define KI_TARGET_V3 __attribute__((target("avx2,fma,bmi2,popcnt")))
#define KI_TARGET_V4                                                                               \
    __attribute__((                                                                                \
        target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vpopcntdq,avx2,fma,"           \
               "bmi2,popcnt")))
static inline int ki_simd_level(void) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vpopcntdq"))
        return KI_LEVEL_V4;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")
               ? KI_LEVEL_V3
               : KI_LEVEL_PLAIN;
}
#else
static inline int ki_simd_level(void) {
    return KI_LEVEL_PLAIN;
}
#endif

/* Eight doubles: one AVX-512 register, two AVX2 registers or four SSE2 registers. Sums that run
 * over lanes have the same order on all of them. */
typedef double ki_v8 __attribute__((vector_size(64)));
typedef long long ki_i8 __attribute__((vector_size(64)));

#define KI_LANES 8
/* Rounds a count up to whole vectors. */
#define KI_PAD(n) (((n) + (KI_LANES - 1)) & ~(size_t)(KI_LANES - 1))

#endif
