# SPDX-License-Identifier: BSD-3-Clause
"""Networks from recordings: rows fitted one by one, by the plainest means.

Rasters are +-1 of shape (time, unit) or (trial, time, unit); beta is 1.
"""
import math

import numpy as np


def transitions(raster):
    """States before and after: s (T, N) and y (T, N), none across a trial's border."""
    raster = np.asarray(raster, dtype=float)
    raster = raster[None] if raster.ndim == 2 else raster
    units = raster.shape[2]
    return raster[:, :-1].reshape(-1, units), raster[:, 1:].reshape(-1, units)


def moments(raster):
    """[moments-data] means before and after, raw c = <s s> and d = <y s>."""
    s, y = transitions(raster)
    return s.mean(0), y.mean(0), s.T @ s / len(s), y.T @ s / len(s)


def log_likelihood(theta, s, y):
    """[mle] of each row: sum_t y h - ln 2cosh h, h = theta . (1, s)."""
    h = theta[:, :1].T + s @ theta[:, 1:].T
    return (y * h - np.logaddexp(h, -h)).sum(0)


def row_information(theta, x):
    """F = sum_t sech^2(h) x x^T of one row."""
    return (x / np.cosh(x @ theta)[:, None] ** 2).T @ x


def maximum_likelihood(raster, ridge=0.0):
    """[mle] Newton's method on each row; theta = (H, J) and errors sqrt diag F^-1, both (N, N + 1)."""
    s, y = transitions(raster)
    x = np.hstack([np.ones((len(s), 1)), s])
    penalty = ridge * np.diag(np.r_[0.0, np.ones(s.shape[1])])
    theta, errors = np.zeros((2, s.shape[1], x.shape[1]))
    for i, row in enumerate(theta):
        for _ in range(100):
            F = row_information(row, x) + penalty
            step = np.linalg.solve(F, x.T @ (y[:, i] - np.tanh(x @ row)) - penalty @ row)
            row += step
            if abs(step).max() < 1e-12 * (1 + abs(row).max()):
                break
        errors[i] = np.sqrt(np.diag(np.linalg.inv(row_information(row, x) + penalty)))
    return theta, errors


def sandwich(theta, raster):
    """Robust errors of [mle]: sqrt diag F^-1 (sum of squared scores) F^-1, (N, N + 1)."""
    s, y = transitions(raster)
    x = np.hstack([np.ones((len(s), 1)), s])
    errors = np.zeros_like(theta)
    for i, row in enumerate(theta):
        inverse = np.linalg.inv(row_information(row, x))
        scores = x * (y[:, i] - np.tanh(x @ row))[:, None]
        errors[i] = np.sqrt(np.diag(inverse @ scores.T @ scores @ inverse))
    return errors


def firth(raster, steps=500):
    """[firth] maximum of log-likelihood + (1/2) ln det F of each row: theta and errors (N, N + 1)."""
    s, y = transitions(raster)
    x = np.hstack([np.ones((len(s), 1)), s])
    theta, errors = np.zeros((2, s.shape[1], x.shape[1]))
    for i, row in enumerate(theta):
        for _ in range(steps):
            inverse = np.linalg.inv(row_information(row, x))
            th = np.tanh(x @ row)
            q = np.einsum("ta,ab,tb->t", x, inverse, x)
            step = inverse @ (x.T @ (y[:, i] - th - th * (1 - th**2) * q))
            row += step * min(1, 1 / abs(step).max())
            if abs(step).max() < 1e-12 * (1 + abs(row).max()):
                break
        errors[i] = np.sqrt(np.diag(np.linalg.inv(row_information(row, x))))
    return theta, errors


def _regression(raster):
    """Means, variances before, and B = D C^-1 of the connected moments."""
    before, after, c, d = moments(raster)
    C, D = c - np.outer(before, before), d - np.outer(after, before)
    return before, after, 1 - before**2, np.linalg.solve(C, D.T).T


def naive_mean_field(raster):
    """[nmf] H, J."""
    before, after, _, B = _regression(raster)
    J = B / (1 - after**2)[:, None]
    return np.arctanh(after) - J @ before, J


def tap(raster):
    """[tap] H, J; rows without a root are nan."""
    before, after, a, B = _regression(raster)
    own = 1 - after**2
    J = B / own[:, None]
    for i, r in enumerate(own * (J**2 @ a)):
        low, high = 0.0, 1 / 3
        for _ in range(60):
            F = (low + high) / 2
            low, high = (F, high) if F * (1 - F) ** 2 < r else (low, F)
        J[i] /= 1 - F if r <= 4 / 27 else math.nan
    return np.arctanh(after) - J @ before + after * (J**2 @ a), J


def _gaussian_field(m, Delta):
    """g with m = Int Dz tanh(g + sqrt(Delta) z), and b = Int Dz sech^2(the same), by equal steps."""
    z = np.linspace(-9, 9, 4001)
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    low, high = -100.0, 100.0
    for _ in range(80):
        g = (low + high) / 2
        low, high = (g, high) if weight @ np.tanh(g + math.sqrt(Delta) * z) < m else (low, g)
    return g, weight @ np.cosh(np.clip(g + math.sqrt(Delta) * z, -300, 300)) ** -2.0


def mezard_sakellariou(raster):
    """[ms] H, J; Delta b^2 = s^2 by bisection up to 50; rows without a root are nan."""
    before, after, a, B = _regression(raster)
    H, J = np.full(len(B), math.nan), np.full(B.shape, math.nan)
    for i, square in enumerate(B**2 @ a):
        low, high = 0.0, 50.0
        if high * _gaussian_field(after[i], high)[1] ** 2 < square:
            continue
        for _ in range(60):
            Delta = (low + high) / 2
            g, b = _gaussian_field(after[i], Delta)
            low, high = (Delta, high) if Delta * b * b < square else (low, Delta)
        J[i] = B[i] / b
        H[i] = g - J[i] @ before
    return H, J


def averaged_updates(raster, step, sweeps=100):
    """[async-data] asynchronous data without update times: theta (N, N + 1) with
    <tanh(h_i) s_j> = c_ij + (d_ij - c_ij)/(1 - e^-step), the same for the fields."""
    s, y = transitions(raster)
    x = np.hstack([np.ones((len(s), 1)), s])
    target = (s - (y - s) / math.expm1(-step)).T @ x
    theta = np.zeros((s.shape[1], x.shape[1]))
    for i, row in enumerate(theta):
        for _ in range(sweeps):
            row += np.linalg.solve(row_information(row, x), target[i] - np.tanh(x @ row) @ x)
    return theta
