# SPDX-License-Identifier: BSD-3-Clause
"""Averages over the Gaussian part and the uniform part of the fields."""
import numpy as np

RANGE = 9.0  # standard deviations; what lies beyond weighs 2e-19


def gaussian_nodes(width):
    """Equal-step nodes z and weights of the standard normal density.

    `width` = beta * (standard deviation that multiplies z). tanh(width z) has poles at distance
    pi/(2 width) from the real line, so a step h leaves an error of order exp(-pi^2 / (width h)): the step
    below makes that 1e-19. A Gauss-Hermite rule would fail here at low temperature."""
    h = 0.25 if width <= 0.88 else 0.22 / width
    n = int(np.ceil(RANGE / h))
    z = h * np.arange(-n, n + 1)
    w = np.exp(-0.5 * z * z)
    return z, w / w.sum()


def field_nodes(beta, dJ, dH):
    """Gauss-Legendre nodes H and weights of Uniform(-dH, dH); one node at 0 if dH = 0."""
    if dH == 0:
        return np.zeros(1), np.ones(1)
    # enough for tanh(beta H), or, when the Gaussian part has smoothed it already, for that
    n = 24 + int(min(12.0 * beta * dH, 24.0 * dH / dJ if dJ > 0 else np.inf))
    x, w = np.polynomial.legendre.leggauss(n)
    return dH * x, 0.5 * w


def average(f, beta, J0, dJ, dH, m):
    """< Int Dz f(x, H) >_H with x = beta(H + J0 m + dJ z)."""
    z, w = gaussian_nodes(beta * dJ)
    total = 0.0
    for H, v in zip(*field_nodes(beta, dJ, dH)):
        total += v * (w @ f(beta * (H + J0 * m + dJ * z), H))
    return total


def correlation_map(c, beta, J0, dJ, dH, m1, m2):
    """[C-sync] F(c; m1, m2) = < E tanh(beta(H + J0 m1 + dJ x)) tanh(beta(H + J0 m2 + dJ y)) >_H.

    x, y are standard normal with correlation c; H is the same in both. Write x and y as a shared part of
    variance |c| and a private part each; given the shared part the two are independent, so the average
    of the product is the product of the averages over the private parts."""
    shared, private = np.sqrt(abs(c)), np.sqrt(1.0 - abs(c))
    z, wz = gaussian_nodes(beta * dJ * shared)
    u, wu = gaussian_nodes(beta * dJ * private)
    own = dJ * private * u
    total = 0.0
    for H, v in zip(*field_nodes(beta, dJ, dH)):
        one = np.tanh(beta * ((H + J0 * m1 + dJ * shared * z)[:, None] + own)) @ wu
        if m1 == m2 and c >= 0:
            two = one
        else:
            two = np.tanh(beta * ((H + J0 * m2 + np.sign(c) * dJ * shared * z)[:, None] + own)) @ wu
        total += v * (wz @ (one * two))
    return total
