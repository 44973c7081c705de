#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The simulations beside their floors, in one run: bench/simulate.py [BUILD] prints JSON.

Floors: numpy that follows the published procedure with one BLAS thread (bench/floor_simulate.py), and plain C in
single precision for asynchronous updates. Each ratio is the median over rounds, in which floor and ours take turns,
so that a busy machine slows both. All on one core but what says threads or ranks.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is loaded

import floor_simulate  # noqa: E402

ROUNDS = 5


def ours(build, *arguments):
    env = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    return json.loads(subprocess.run([os.path.join(build, "bench", "bench_simulate")] +
                                     [str(a) for a in arguments], check=True,
                                     stdout=subprocess.PIPE, env=env).stdout)


def ensemble(build, dynamics, algorithm, N, realizations, steps=127, dJ=1, threads=1):
    return ours(build, "ensemble", dynamics, algorithm, N, 1, dJ, steps, realizations, threads)


def against_numpy(build, N, floor_realizations, realizations):
    rounds = []
    for _ in range(ROUNDS):
        floor = floor_simulate.seconds_synchronous(N, 1, 1, 127, floor_realizations)
        rounds.append((floor, ensemble(build, "sync", "auto", N, realizations)["seconds"]))
    return {"N": N, "numpy_ms": 1e3 * statistics.median(f for f, _ in rounds),
            "ours_ms": 1e3 * statistics.median(o for _, o in rounds),
            "ratio": statistics.median(f / o for f, o in rounds)}


def asynchronous(build, N=1024, steps=127):
    rounds = []
    for _ in range(ROUNDS):
        rounds.append((floor_simulate.updates_per_second(N, 1, 1, 20000),
                       ours(build, "floor", N, 1, 1, 20 * N),
                       N * steps / ensemble(build, "async", "dense", N, 20, steps)["seconds"]))
    return {"N": N, "numpy_updates_per_second": statistics.median(r[0] for r in rounds),
            "plain_c_updates_per_second": statistics.median(r[1]["updates_per_second"] for r in rounds),
            "flips_per_update": rounds[0][1]["flips_per_update"],
            "ours_updates_per_second_with_drawing": statistics.median(r[2] for r in rounds),
            "ratio_to_numpy": statistics.median(r[2] / r[0] for r in rounds),
            "ratio_to_plain_c": statistics.median(r[2] / r[1]["updates_per_second"] for r in rounds)}


def scaling(build):
    rows = []
    for N, realizations in ((1000, 400), (10000, 40), (100000, 4), (1000000, 1)):
        r = ensemble(build, "sync", "matrix-free", N, realizations, steps=128)
        rows.append({"N": N, "seconds": r["seconds"], "ns_per_spin_step": 1e9 * r["seconds"] / N / 128,
                     "rss_gib": r["rss_gib"]})
    return rows


def threads(build):
    """Ensembles long enough for the division among workers not to matter."""
    rounds = []
    for _ in range(ROUNDS):
        one, two = (ensemble(build, "sync", "auto", 1024, 400, threads=k)["seconds"] for k in (1, 2))
        rounds.append(one / two)
    return statistics.median(rounds)


def ranks(build):
    """By the program's own clock, which starts when MPI has."""
    program = os.path.join(build, "kinising-mpi")
    if not os.path.exists(program) or not shutil.which("mpirun"):
        return None
    simulate = ["simulate", "--N", "1024", "--beta", "1", "--realizations", "10000", "--threads", "1",
                "--quiet"]
    rounds = []
    for _ in range(ROUNDS):
        took = []
        for k in ("1", "2"):
            table = subprocess.run(["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to",
                                    "none", "-n", k, program] + simulate, check=True,
                                   stdout=subprocess.PIPE, text=True).stdout.split()
            took.append(float(table[1].split(",")[table[0].split(",").index("seconds")]))
        rounds.append(took[0] / took[1])
    return statistics.median(rounds)


def main(build):
    print(json.dumps({
        "parts": ours(build, "parts"),
        "sync_1024": against_numpy(build, 1024, 5, 300),
        "sync_32": against_numpy(build, 32, 200, 10000),
        "async_1024": asynchronous(build),
        "scaling": scaling(build),
        "two_threads": threads(build),
        "two_ranks": ranks(build)}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build")
