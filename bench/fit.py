#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Speed of fits: bench/fit.py [BUILD] [--large]. Medians of a run, JSON.

53 units x 1e5 bins, maximum likelihood with errors, one thread, beside naive C (bench_fit.c) and, if it is there,
scikit-learn's LogisticRegression on each unit at the same optimum (4 units, scaled); two threads; Mezard-Sakellariou
at 100 x 1e4; C and D of 1000 x 1e6; with --large also 512 x 1e5.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np


def record(build, folder, n, steps):
    path = os.path.join(folder, "r%d.npz" % n)
    network = os.path.join(folder, "n%d.npz" % n)
    program = os.path.join(build, "kinising")
    subprocess.run([program, "network", "draw", "--N", str(n), "--dJ", "0.5", "-o", network, "--quiet"], check=True)
    subprocess.run([program, "simulate", "--network", network, "--replicas", "1", "--steps", str(steps - 1), "--raster",
                    path, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return path


def seconds(build, *arguments, repeats=3):
    command = [os.path.join(build, "bench", "bench_fit"), *map(str, arguments)]
    return statistics.median(float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                             for _ in range(repeats))


def scikit_learn(path):
    """Seconds, or None without it."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        return None
    raster = np.load(path)["raster"][0]
    x, took = raster[:-1].astype(float), []
    for unit in range(4):
        begin = time.perf_counter()
        LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(x, raster[1:, unit])
        took.append(time.perf_counter() - begin)
    return statistics.median(took) * raster.shape[1]


def main(build, large):
    with tempfile.TemporaryDirectory() as folder:
        path = record(build, folder, 53, 100000)
        one = seconds(build, path, "mle", 1)
        naive, other = seconds(build, path, "naive", 1, repeats=1), scikit_learn(path)
        out = {"mle_53x1e5": one, "threads_2": one / seconds(build, path, "mle", 2), "naive_c": naive / one,
               "scikit_learn": other and other / one,
               "ms_100x1e4": seconds(build, record(build, folder, 100, 10000), "ms", 1, repeats=5),
               "moments_1000x1e6": seconds(build, 1000, 1e6, "moments", 1, repeats=1)}
        if large:
            out["mle_512x1e5"] = seconds(build, record(build, folder, 512, 100000), "mle", 1, repeats=1)
    print(json.dumps({name: value and float("%.4g" % value) for name, value in out.items()}, indent=1))


if __name__ == "__main__":
    rest = [a for a in sys.argv[1:] if a != "--large"]
    main(rest[0] if rest else "build", "--large" in sys.argv)
