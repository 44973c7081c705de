# SPDX-License-Identifier: BSD-3-Clause
"""The numpy floor of the simulations: the published procedure, written leanly, to be timed beside ours.

A realization draws couplings, starts all up, makes `steps` updates, and measures m, q, S and sigma in their low-variance
forms on the last fields. Asynchronous: one spin at a time, a dot product each.
"""
import math
import time

import numpy as np


def draw(rng, N, beta, dJ, J0=1.0):
    return beta * (J0 / N + dJ / math.sqrt(N) * rng.standard_normal((N, N)))


def synchronous(rng, N, beta, dJ, steps):
    J = draw(rng, N, beta, dJ)
    s = np.ones(N)
    for t in range(steps):
        h = J @ s
        before = s
        if t < steps - 1:
            s = np.where(rng.random(N) * (1 + np.exp(-2 * h)) < 1, 1.0, -1.0)
    tanh = np.tanh(h)
    S = np.mean(np.log(2 * np.cosh(h)) - h * tanh)
    sigma = (tanh @ (J @ before) - before @ (J @ tanh)) / N
    return tanh.mean(), (tanh * before).mean(), S, sigma


def seconds_synchronous(N, beta, dJ, steps, realizations):
    rng = np.random.default_rng(1)
    start = time.perf_counter()
    for _ in range(realizations):
        synchronous(rng, N, beta, dJ, steps)
    return (time.perf_counter() - start) / realizations


def updates_per_second(N, beta, dJ, updates):
    """Drawing of the couplings not counted."""
    rng = np.random.default_rng(1)
    J = draw(rng, N, beta, dJ)
    s = np.ones(N)
    start = time.perf_counter()
    for _ in range(updates):
        i = rng.integers(N)
        s[i] = 1.0 if rng.random() * (1 + math.exp(-2 * (J[i] @ s))) < 1 else -1.0
    return updates / (time.perf_counter() - start)
