#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fits the cost models by which `--algorithm auto` chooses: bench/cost_model.py [BUILD] (needs scipy).

Measures realizations over sizes and times, one thread, fits seconds = sum of coefficients >= 0 times the terms below
with equal weight to equal ratios, and prints the coefficients, the largest ratios of model to measurement, and how
much time the choice made by the model loses. The coefficients stand in seconds() of each src/simulate engine.
"""
import itertools
import json
import os
import subprocess
import sys

import numpy as np
from scipy.optimize import nnls

TERMS = {
    ("sync", "dense"): {"1": lambda n, t: 1, "t": lambda n, t: t, "n n": lambda n, t: n * n,
                        "n t": lambda n, t: n * t, "n n t": lambda n, t: n * n * t},
    ("sync", "matrix-free"): {"1": lambda n, t: 1, "t": lambda n, t: t, "n t": lambda n, t: n * t,
                              "n t r": lambda n, t: n * t * min(n, t),
                              "t r r": lambda n, t: t * min(n, t) ** 2},
    ("async", "dense"): {"1": lambda n, t: 1, "n n": lambda n, t: n * n, "n t": lambda n, t: n * t,
                         "n n t": lambda n, t: n * n * t},
    ("async", "matrix-free"): {"1": lambda n, t: 1, "n t": lambda n, t: n * t,
                               "n t t": lambda n, t: n * t * t, "n t t t": lambda n, t: n * t ** 3,
                               "n n t": lambda n, t: n * n * t,
                               "n n t t": lambda n, t: n * n * t * t},
}
SIZES = {"sync": ((16, 64, 200, 1024, 4096), (4, 30, 127, 500)),
         "async": ((64, 512, 4096, 10000), (1, 4, 10, 20))}


def seconds(build, dynamics, algorithm, n, t):
    program = os.path.join(build, "bench", "bench_simulate")
    realizations = max(1, int(2e5 / (n * t)))
    out = subprocess.run([program, "ensemble", dynamics, algorithm, str(n), "1", "1", str(t),
                          str(realizations), "1"], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out)["seconds"]


def main(build):
    measured, model = {}, {}
    for (dynamics, algorithm), terms in TERMS.items():
        points = list(itertools.product(*SIZES[dynamics]))
        took = np.array([seconds(build, dynamics, algorithm, n, t) for n, t in points])
        matrix = np.array([[f(n, t) for f in terms.values()] for n, t in points], float)
        coefficients, _ = nnls(matrix / took[:, None], np.ones(len(points)))
        fitted = matrix @ coefficients
        measured[dynamics, algorithm], model[dynamics, algorithm] = took, fitted
        print(dynamics, algorithm, {k: float("%.3g" % c) for k, c in zip(terms, coefficients)},
              "model/measured %.2f to %.2f" % ((fitted / took).min(), (fitted / took).max()))
    for dynamics in ("sync", "async"):
        dense, free = measured[dynamics, "dense"], measured[dynamics, "matrix-free"]
        pick = np.where(model[dynamics, "dense"] <= model[dynamics, "matrix-free"], dense, free)
        print(dynamics, "time lost by the model's choice: at most %.0f %%"
              % (100 * (pick / np.minimum(dense, free)).max() - 100))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build")
