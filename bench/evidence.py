#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Speed of the evidence of ensembles and of diagnoses: bench/evidence.py [BUILD] [--quick]. Seconds, JSON.

ki_evidence() with 10 cosines and ki_diagnose(), 40 x 1e4 and 80 x 1e5 (not with --quick), one thread, medians; how
many times faster two threads are; the parts of one sweep over all rows and bins, best of 9: fields and targets,
sums of weights times regressors, of weights times pairs of them (second moments), quadratic forms (variances of
fields), sites (tilted moments).
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

from fit import record


def run(build, *arguments):
    command = [os.path.join(build, "bench", "bench_evidence"), *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def seconds(build, path, task, threads=1, repeats=3):
    return statistics.median(float(run(build, path, task, 10, threads)) for _ in range(repeats))


def main(build, quick):
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for n, bins in [(40, 10000)] + [(80, 100000)] * (not quick):
            name, path = "%dx1e%d" % (n, len(str(bins)) - 1), record(build, folder, n, bins)
            for task in ("evidence", "diagnose"):
                out[task + "_" + name] = one = seconds(build, path, task)
                out[task + "_" + name + "_threads_2"] = one / seconds(build, path, task, threads=2)
            for line in run(build, n, bins, "parts", 10).splitlines():
                part, value = line.split()
                out[part + "_" + name] = float(value)
    print(json.dumps({name: float("%.4g" % value) for name, value in out.items()}, indent=1))


if __name__ == "__main__":
    rest = [a for a in sys.argv[1:] if a != "--quick"]
    main(rest[0] if rest else "build", "--quick" in sys.argv)
