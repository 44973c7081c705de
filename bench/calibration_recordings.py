# SPDX-License-Identifier: BSD-3-Clause
"""Networks and recordings of bench/calibration.py, with what is true of them."""
import math
import zlib

import numpy as np

BURN_IN = 1000
ALL_STATES = 10  # units up to which the truth is enumerated


def generator(*words):
    """Random numbers of one run: by its name alone."""
    return np.random.default_rng(zlib.crc32(" ".join(map(str, words)).encode()))


def draw(ki, rng, N, mu=0.0, b=1.0, angle=45.0, field=0.3, field_mean=0.0, density=1.0, exact=False):
    """J_ij of mean mu/N and deviation b/sqrt(N), to the last digit with `exact`. The correlation of J_ij and J_ji is
    cos(2 angle): 0 degrees is symmetric. H_i are normal."""
    one, two = rng.normal(size=(2, N, N))
    even, odd = (one + one.T) / math.sqrt(2), (two - two.T) / math.sqrt(2)
    G = math.cos(math.radians(angle)) * even + math.sin(math.radians(angle)) * odd
    if density < 1:
        G = np.where(rng.random((N, N)) < density, G / math.sqrt(density), 0.0)
    if exact:
        off = ~np.eye(N, dtype=bool)
        G = (G - G[off].mean()) / G[off].std()
    return ki.Network(field_mean + field * rng.normal(size=N), mu / N + b / math.sqrt(N) * G)


def course(network, rng, T):
    """T transitions of the steady state, [1,T + 1,units]."""
    seen = network.simulate(replicas=1, steps=BURN_IN + T, raster=True, moments=False, threads=1,
                            seed=int(rng.integers(2**62)))
    return seen.raster[:, BURN_IN:]


def truth(network, transitions, rng):
    """sigma and S of the network per step, r = S/S_ind: all states, or some 50 times as many transitions."""
    N = network.N
    if N <= ALL_STATES:
        found = network.exact()
    else:
        replicas = 100
        steps = max(10000, math.ceil(50 * transitions / replicas))
        found = network.simulate(replicas=replicas, steps=500 + steps, burn_in=500, average=True, threads=1,
                                 seed=int(rng.integers(2**62)))
    m = np.asarray(found.m)
    p = np.clip((1 + m) / 2, 1e-15, 1 - 1e-15)
    alone = -(p * np.log(p) + (1 - p) * np.log(1 - p)).sum()
    return {"true_sigma": N * float(found.sigma), "true_S": N * float(found.S), "true_r": N * float(found.S) / alone}


def order_index(network):
    """mu, b and g = mu <sech^2(b z + H)> of these very couplings."""
    N, off = network.N, ~np.eye(network.N, dtype=bool)
    mu, b = N * network.J[off].mean(), math.sqrt(N) * network.J[off].std()
    z = np.linspace(-9, 9, 3601)  # a narrow peak where b is large, which few nodes miss
    weight = np.exp(-z * z / 2)
    slope = (1 - np.tanh(b * z[:, None] + network.H)**2).mean(1) @ weight / weight.sum()
    return {"true_mu": mu, "true_b": b, "true_g": mu * slope}


def regime(g, r, sigma, S):
    """The rule of `kinising diagnose` at its defaults."""
    if g > 1.1:
        return "ordered"
    if g >= 0.9:
        return "near-critical"
    if r < 0.5:
        return "quasi-deterministic disordered" if sigma > S else "deterministic reversible"
    return "weak" if r > 0.8 else "moderate disordered"


def margin(g, r, sigma, S):
    """Distance to the nearest border of the rule that matters there."""
    if g > 0.9:
        return min(abs(g - 1.1), abs(g - 0.9))
    near = [0.9 - g, abs(r - 0.5), abs(r - 0.8)]
    return min(near + ([abs(sigma / S - 1)] if r < 0.5 else []))
