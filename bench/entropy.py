#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Speed of entropy production: bench/entropy.py [BUILD]. Medians of a run, JSON.

53 units x 1e5 bins with the default estimate and tests, one thread: seconds, times the fit by maximum likelihood with
errors (medians of ratios, one after the other), two threads; 80 x 1e5, what `kinising diagnose` takes of it.
"""
import json
import statistics
import sys
import tempfile

from fit import record, seconds


def ratio(build, path, first, second):
    """Median of the times of `first` = (task, threads) over those of `second`."""
    return statistics.median(seconds(build, path, *first, repeats=1) / seconds(build, path, *second, repeats=1)
                             for _ in range(5))


def main(build):
    with tempfile.TemporaryDirectory() as folder:
        path = record(build, folder, 53, 100000)
        one = ("entropy", 1)
        out = {"entropy_53x1e5": seconds(build, path, *one), "fits": ratio(build, path, one, ("mle", 1)),
               "threads_2": ratio(build, path, one, ("entropy", 2)),
               "entropy_80x1e5": seconds(build, record(build, folder, 80, 100000), *one)}
    print(json.dumps({name: float("%.4g" % value) for name, value in out.items()}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build")
