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

/* Eight doubles: one AVX-512 register, two AVX2 registers or four SSE2 registers. Sums that run over
 * lanes have the same order on all of them. */
typedef double ki_v8 __attribute__((vector_size(64)));
typedef long long ki_i8 __attribute__((vector_size(64)));

#define KI_LANES 8
/* Rounds a count up to whole vectors. */
#define KI_PAD(n) (((n) + (KI_LANES - 1)) & ~(size_t)(KI_LANES - 1))

#endif
