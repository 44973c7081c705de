#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Mean fields and enumeration beside their floors, in one run: bench/meanfield.py [BUILD] prints JSON.

The floor is numpy that follows the published formulas with one BLAS thread (bench/floor_meanfield.py). Each ratio is
the median over rounds, in which floor and ours take turns, so that a busy machine slows both. One thread each, networks
of 512 spins at beta = 1, J0 = 1, dJ = 0.1 and 0.5, dH = 0.5. Of the pair correlations of plefka-t1 the floor computes
2000 pairs of 130 816, and the time is scaled; ours is that of the whole step.

OpenBLAS may not know the processor and take the kernels of an old one. The floor, and DGEMM beside our products, have
the fastest of those that the processor can run; `blas` says which.
"""
import json
import os
import statistics
import subprocess
import sys

ROUNDS, N, PAIRS = 5, 512, 2000


def ours(build, *arguments, **environment):
    env = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    env.update(environment)
    return json.loads(subprocess.run([os.path.join(build, "bench", "bench_meanfield")] +
                                     [str(a) for a in arguments], check=True,
                                     stdout=subprocess.PIPE, env=env).stdout)


def best_kernels(build):
    """OPENBLAS_CORETYPE of the fastest DGEMM here, as an environment."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        flags = set(next((line for line in f if line.startswith("flags")), "").split())
    choices = [{}] + [{"OPENBLAS_CORETYPE": name} for name, needed in (("Haswell", "avx2"), ("SkylakeX", "avx512f"))
                      if needed in flags]
    return max(choices, key=lambda choice: ours(build, "matmul", N, **choice)["dgemm"])


def floor_seconds(method, H, J, moments):
    if method == "plefka-t1":
        return floor.seconds_of_correlations(H, J, moments[0], PAIRS)
    return floor.seconds_of_step(method, H, J, moments)


def against_numpy(build, method, dJ):
    H, J = floor.draw(N, dJ=dJ)
    moments = floor.warm(H, J)
    rounds = []
    for _ in range(ROUNDS):
        rounds.append((floor_seconds(method, H, J, moments), ours(build, "step", method, N, 1, dJ, 0.5)["seconds"]))
    return {"method": method, "dJ": dJ, "numpy_ms": 1e3 * statistics.median(f for f, _ in rounds),
            "ours_ms": 1e3 * statistics.median(o for _, o in rounds),
            "ratio": statistics.median(f / o for f, o in rounds)}


def main(build):
    global floor
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ.update(best_kernels(build))
    import floor_meanfield as floor  # numpy reads the environment when it is loaded
    methods = ("plefka-t1t", "plefka-t", "plefka-t1", "plefka2-t")
    print(json.dumps({
        "matmul": [ours(build, "matmul", n) for n in (512, 2048)],
        "N": N,
        "steps": [against_numpy(build, method, dJ) for method in methods for dJ in (0.1, 0.5)],
        "exact": [ours(build, "exact", n) for n in (8, 12)]}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build")
