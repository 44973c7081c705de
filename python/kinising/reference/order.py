# SPDX-License-Identifier: BSD-3-Clause
"""Synchronous steady state: order parameters, entropies, entropy production."""
import numpy as np

from .average import average, correlation_map


def magnetization_map(m, beta, J0, dJ, dH):
    """[m-sync] m' = < Int Dz tanh(beta(H + J0 m + dJ z)) >_H."""
    return average(lambda x, H: np.tanh(x), beta, J0, dJ, dH, m)


def mean_sech2(m, beta, J0, dJ, dH):
    """[k] k = < Int Dz sech^2(beta(H + J0 m + dJ z)) >_H."""
    return average(lambda x, H: 1.0 - np.tanh(x) ** 2, beta, J0, dJ, dH, m)


def two_cycle(J0):
    """[two-cycle] The coupling that decides about order: |J0|.

    For J0 < 0 the map of m is odd and turned upside down, so where |J0| would order ferromagnetically m
    alternates with that same amplitude: m, -m, m, ... Two times an even lag apart see equal means, so q at
    even lags, k, S and sigma are those of the ferromagnet with |J0| (at dH > 0 because H -> -H undoes
    the sign of m)."""
    return abs(J0)


def magnetization(beta, J0, dJ, dH):
    """[m-sync] Fixed point m >= 0 by bisection: for m > 0 the map is concave and above m to the left."""
    J = two_cycle(J0)
    if beta * J * mean_sech2(0.0, beta, J, dJ, dH) <= 1.0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(55):
        middle = 0.5 * (low + high)
        if magnetization_map(middle, beta, J, dJ, dH) > middle:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def autocorrelation(m, beta, J0, dJ, dH):
    """[q-sync] q = F(q; m, m), the one fixed point in [0, 1), by iterating F from below."""
    if m == 0 and dH == 0:
        return 0.0
    J, q = two_cycle(J0), m * m
    for _ in range(500):
        old, q = q, correlation_map(q, beta, J, dJ, dH, m, m)
        if abs(q - old) < 1e-15:
            break
    return q


def conditional_entropy(m, beta, J0, dJ, dH):
    """[S-sync] S = < Int Dz ln 2cosh x - x tanh x >_H, x = beta(H + J0 m + dJ z)."""
    def entropy(x, H):
        size = np.abs(x)
        return size + np.log1p(np.exp(-2.0 * size)) - x * np.tanh(x)
    return average(entropy, beta, J0, dJ, dH, m)


def entropy_production(q, k, beta, dJ):
    """[sigma-sync] sigma = (beta dJ)^2 (1 - q) k."""
    return (beta * dJ) ** 2 * (1.0 - q) * k


def reverse_entropy(S, sigma):
    """[Sr-sync] S^r = S + sigma."""
    return S + sigma


def susceptibility(k, beta, J0):
    """[chi] chi = beta k / (1 - beta J0 k), infinite on the critical line."""
    slope = beta * J0 * k
    return np.inf if slope == 1.0 else beta * k / (1.0 - slope)


def steady_state(beta, J0, dJ, dH=0.0):
    """All of it at one point: dict of phase, m, q, k, S, Sr, sigma, chi."""
    J = two_cycle(J0)
    m = magnetization(beta, J0, dJ, dH)
    q = autocorrelation(m, beta, J0, dJ, dH)
    k = mean_sech2(m, beta, J, dJ, dH)
    S = conditional_entropy(m, beta, J, dJ, dH)
    sigma = entropy_production(q, k, beta, dJ)
    phase = "paramagnetic" if m == 0 else "ferromagnetic" if J0 > 0 else "two-cycle"
    return dict(phase=phase, m=m, q=q, k=k, S=S, Sr=reverse_entropy(S, sigma), sigma=sigma,
                chi=susceptibility(k, beta, J0))
