#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Mean fields and enumeration beside their floors, in one run: bench/meanfield.py [BUILD] prints JSON.

The floor is numpy that follows the published formulas with one BLAS thread (bench/floor_meanfield.py). Each ratio is
the median over rounds, in which floor and ours take turns, so that a busy machine slows both. One thread each, networks
of 512 spins at beta = 1, J0 = 1, dJ = 0.1 and 0.5, dH = 0.5. Of the pair correlations of plefka-t1 the floor computes
2000 pairs of 130 816, and the time is scaled; ours is that of the whole step. plefka-t1-lean is a floor that makes its
quadrature nodes once, which the published one does for every pair.

OpenBLAS may not know the processor and take the kernels of an old one. `ratio` is against numpy as it is, `ratio_best`
against numpy with the fastest kernels that the processor can run (OPENBLAS_CORETYPE), and so with DGEMM beside our
products.
"""
import json
import os
import statistics
import subprocess
import sys

ROUNDS, N = 5, 512
HERE = os.path.dirname(os.path.abspath(__file__))
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


def run(command, environment):
    return json.loads(subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE,
                                     env={**os.environ, **ONE_THREAD, **environment}).stdout)


def ours(build, *arguments, **environment):
    return run([os.path.join(build, "bench", "bench_meanfield"), *arguments], environment)


def floor(method, dJ, environment):
    return run([sys.executable, os.path.join(HERE, "floor_meanfield.py"), method, N, dJ], environment)


def best_kernels(build):
    """OPENBLAS_CORETYPE of the fastest DGEMM here, as an environment."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        flags = set(next((line for line in f if line.startswith("flags")), "").split())
    choices = [{}] + [{"OPENBLAS_CORETYPE": name} for name, needed in (("Haswell", "avx2"), ("SkylakeX", "avx512f"))
                      if needed in flags]
    return max(choices, key=lambda choice: ours(build, "matmul", N, **choice)["dgemm"])


def against_numpy(build, method, dJ, best):
    rounds = []
    for _ in range(ROUNDS):
        rounds.append((floor(method, dJ, {}),
                       ours(build, "step", method.replace("-lean", ""), N, 1, dJ, 0.5)["seconds"],
                       floor(method, dJ, best)))
    return {"method": method, "dJ": dJ, "numpy_ms": 1e3 * statistics.median(a for a, _, _ in rounds),
            "numpy_best_ms": 1e3 * statistics.median(b for _, _, b in rounds),
            "ours_ms": 1e3 * statistics.median(o for _, o, _ in rounds),
            "ratio": statistics.median(a / o for a, o, _ in rounds),
            "ratio_best": statistics.median(b / o for _, o, b in rounds)}


def main(build):
    best = best_kernels(build)
    methods = ("plefka-t1t", "plefka-t", "plefka-t1", "plefka-t1-lean", "plefka2-t")
    print(json.dumps({
        "matmul": [ours(build, "matmul", n, **kernels) for n in (512, 2048) for kernels in ({}, best)],
        "best_kernels": best.get("OPENBLAS_CORETYPE", "those that OpenBLAS takes"),
        "N": N,
        "steps": [against_numpy(build, method, dJ, best) for method in methods for dJ in (0.1, 0.5)],
        "exact": [ours(build, "exact", n) for n in (8, 12)]}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build")
