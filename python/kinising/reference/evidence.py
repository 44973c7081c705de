# SPDX-License-Identifier: BSD-3-Clause
"""The ensemble of a recording's network: empirical Bayes with expectation propagation [evidence].

Rasters are +-1 of shape (time, unit) or (trial, time, unit), every unit changes; beta is 1.
"""
import numpy as np

from .inference import transitions

COUPLING, FIELD, SELF, SLOW = range(4)


def regressors(raster, cosines):
    """x = (1, s, cos(pi k (p + 1/2) / P)), p of P parts that has the bin before the transition."""
    s, _ = transitions(raster)
    shape = np.shape(raster)
    trials, bins = (1, shape[0]) if len(shape) == 2 else shape[:2]
    bin_of = (np.arange(trials)[:, None] * bins + np.arange(bins - 1)).ravel()
    parts = max(1, min(32 * cosines, trials * bins))
    part = bin_of * parts // (trials * bins)
    slow = np.cos(np.pi * np.outer((part + 0.5) / parts, np.arange(1, cosines + 1)))
    return np.hstack([np.ones((len(s), 1)), s, slow])


def kinds(i, units, n):
    """Which kind of prior each parameter of row i has."""
    kind = np.full(n, COUPLING)
    kind[0], kind[1 + i], kind[1 + units:] = FIELD, SELF, SLOW
    return kind


def modes(x, y, mean, variance):
    """Newton's method for one row; sites (tau, nu) of Laplace's method."""
    theta = np.zeros(x.shape[1])
    for _ in range(60):
        h = x @ theta
        tau = 1 / np.cosh(h) ** 2
        nu = y - np.tanh(h) + tau * h
        goal = np.linalg.solve((x.T * tau) @ x + np.diag(1 / variance), x.T @ nu + mean / variance)
        step = goal - theta
        if abs(step).max() < 1e-8:
            break
        theta += step * min(1, 3 / abs(step).max())
    return tau, nu


def sweep(x, y, tau, nu, mean, variance):
    """New sites of one row: moments of sigma(2 y f) N(f; cavity) by 24 nodes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    S = np.linalg.inv((x.T * tau) @ x + np.diag(1 / variance))
    f, v = x @ (S @ (x.T @ nu + mean / variance)), ((x @ S) * x).sum(1)
    precision, first = 1 / v - tau, f / v - nu
    at = (first / precision)[:, None] + nodes / np.sqrt(precision)[:, None]
    p = weights / (1 + np.exp(-2 * y[:, None] * at))
    p /= p.sum(1, keepdims=True)
    m = (p * at).sum(1)
    spread = (p * (at - m[:, None]) ** 2).sum(1)
    return 1 / spread - precision, m / spread - first


def places(i, units, n):
    """Which mean each parameter of row i has: those of the kinds, then one of each cosine."""
    return np.concatenate([kinds(i, units, 1 + units), np.arange(3, 3 + n - 1 - units)])


def best_prior(F, r, units, mean, variance, shared):
    """The prior with the largest evidence for sums F = sum tau x x^T, r = sum nu x of all rows: means of the
    kinds and of each cosine, variances about them, and the variance of the cosines' means."""
    rows, n = r.shape
    means = 3 + n - 1 - units
    slow = np.arange(means) >= 3
    for _ in range(300):
        A, c, parts = np.zeros((means, means)), np.zeros(means), []
        for i in range(rows):
            kind, place = kinds(i, units, n), places(i, units, n)
            S = np.linalg.inv(F[i] + np.diag(1 / variance[kind]))
            P = (place[:, None] == np.arange(means)) / variance[kind][:, None]
            base, lift = S @ r[i], S @ P
            A, c = A + P.T @ (P * variance[kind][:, None] - lift), c + P.T @ base
            parts.append((kind, place, base, lift, np.diag(S)))
        inverse = np.linalg.inv(A + np.diag(slow / shared))
        mean, old = inverse @ c, variance
        if slow.any():
            determined = (1 - np.diag(inverse)[slow] / shared).sum()
            shared = max((mean[slow]**2).sum() / determined, 1e-6)
        squares, determined = np.zeros(4), np.zeros(4)
        for kind, place, base, lift, s in parts:
            np.add.at(squares, kind, (base + lift @ mean - mean[place])**2)
            np.add.at(determined, kind, 1 - s / old[kind])
        if not slow.any():
            squares[SLOW], determined[SLOW] = 1, 1
        variance = np.maximum(squares / determined, [1e-8, 1e-8, 1e-8, 1e-6])
        if abs(np.log(variance[0] / old[0])) < 1e-7:
            break
    return mean, variance, shared


def evidence(raster, cosines=10):
    """[evidence] (mu, b, field, field_sd, self, self_sd)."""
    _, y = transitions(raster)
    x, units = regressors(raster, cosines), y.shape[1]
    n = x.shape[1]
    mean, variance, shared = np.zeros(3 + cosines), np.array([1 / units, 1.0, 1, 1]), 1.0
    mean[0] = 1 / units
    prior = lambda i: (mean[places(i, units, n)], variance[kinds(i, units, n)])  # noqa: E731
    sites = [modes(x, y[:, i], *prior(i)) for i in range(units)]
    for _ in range(60):
        F = np.array([(x.T * tau) @ x for tau, _ in sites])
        r = np.array([x.T @ nu for _, nu in sites])
        old = np.array([mean[0], np.sqrt(variance[0])])
        mean, variance, shared = best_prior(F, r, units, mean, variance, shared)
        if abs(np.array([mean[0], np.sqrt(variance[0])]) - old).max() * units < 1e-5:
            break
        sites = [sweep(x, y[:, i], *sites[i], *prior(i)) for i in range(units)]
    return (units * mean[0], np.sqrt(units * variance[0]), mean[FIELD], np.sqrt(variance[FIELD]),
            mean[SELF], np.sqrt(variance[SELF]))
