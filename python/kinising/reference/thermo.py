# SPDX-License-Identifier: BSD-3-Clause
"""Entropy production of recordings, by the plainest means: nats per step of the whole network.

Rasters are +-1 of shape (time, unit) or (trial, time, unit); theta is (N, N + 1), fields first.
"""
import numpy as np

from .inference import row_information, transitions


def entropy_production(raster, theta, likelihood=False):
    """[sigma-data] plug-in, biases (instantaneous, leads 1..5, Cox and Snell) and error of the network theta."""
    s, y = transitions(raster)
    count, units = s.shape
    trial = np.repeat(np.arange(count // (np.shape(raster)[-2] - 1)), np.shape(raster)[-2] - 1)
    x = np.hstack([np.ones((count, 1)), s])
    th, J, d = np.tanh(x @ theta.T), theta[:, 1:], y.T @ s / count
    current, eps = d - d.T, y - th
    psi, leads, cox_snell = (y * (s @ (J - J.T).T)).sum(1), np.zeros(5), 0.0
    for i in range(units):
        inverse = np.linalg.inv(row_information(theta[i], x))
        response = (x @ inverse)[:, 1:] * eps[:, i:i + 1]
        psi += count * response @ current[i]
        for lead in range(1, 6):
            later = y[lead:, i:i + 1] * s[lead:] - y[lead:] * s[lead:, i:i + 1]
            leads[lead - 1] += (response[:-lead] * later)[trial[lead:] == trial[:-lead]].sum() / count
        leverage = np.einsum("ta,ab,tb->t", x, inverse, x)
        c = inverse @ (x.T @ (th[:, i] * (1 - th[:, i]**2) * leverage))
        cox_snell += c[1:] @ current[i] if likelihood else 0.0
    batches = np.array([part.mean() for part in np.array_split(psi, 50)])
    v, second = batches.var(ddof=1) / 50, 4 * units * (units - 1) / count**2
    biases = np.array([units * (units - 1) / count, *leads, cox_snell])
    return (J * current).sum(), biases, np.sqrt(max(v - second, second))


def flips(raster, theta, blocks=60):
    """[flips] G_kl = sum_i K^k_i . F_i^-1 K^l_i: its sum is held against s.G s of random signs."""
    s, y = transitions(raster)
    x = np.hstack([np.ones((len(s), 1)), s])
    edges = np.floor(np.linspace(0, len(s), blocks + 1)).astype(int)
    K = np.array([y[a:b].T @ s[a:b] - s[a:b].T @ y[a:b] for a, b in zip(edges[:-1], edges[1:])])
    return sum(K[:, i] @ np.linalg.inv(row_information(row, x))[1:, 1:] @ K[:, i].T for i, row in enumerate(theta))


def currents(raster):
    """y_i s_j - y_j s_i of the pairs i < j, (T, pairs)."""
    s, y = transitions(raster)
    i, j = np.triu_indices(s.shape[1], 1)
    return y[:, i] * s[:, j] - y[:, j] * s[:, i]


def mtur(raster, batches=50):
    """[mtur] ln(1 + 2 c.K^-1 c), its error and bias."""
    c = currents(raster)
    count, pairs = c.shape
    mean, K = c.mean(0), np.cov(c.T)
    q = mean @ np.linalg.solve(K, mean)
    w, f = (c - mean) @ np.linalg.solve(K, mean), 2 / (1 + 2 * q)
    psi = np.array([part.mean() for part in np.array_split(f * (2 * w - w**2 + q), batches)])
    parts = np.array([part.mean(0) - mean for part in np.array_split(c, batches)])
    e = np.einsum("bp,bp->", parts, np.linalg.solve(K, parts.T).T) / (batches * (batches - 1))
    v, second = psi.var(ddof=1) / batches, 2 * f**2 * e**2 / pairs
    return np.log1p(2 * q), np.sqrt(max(v - second, second)), f * (e + q * (pairs + 1) / count) - v / 2
