# SPDX-License-Identifier: BSD-3-Clause
"""Zero temperature: tanh becomes sign, and every average an elementary integral (dJ > 0)."""
from math import erf

import numpy as np

from .order import two_cycle
from .relaxation import Relaxation

_erf = np.vectorize(erf)


def _uniform(dH, dJ):
    if dH == 0:
        return np.zeros(1), np.ones(1)
    # panels no wider than dJ, the width over which the Gaussian part has smoothed everything
    x, w = np.polynomial.legendre.leggauss(12)
    n = int(np.ceil(2.0 * dH / dJ))
    middle = dH * (2.0 * np.arange(n) + 1.0 - n) / n
    return (middle[:, None] + dH / n * x).ravel(), np.tile(0.5 * w / n, n)


def sign_average(m, J0, dJ, dH):
    """[T0] < erf((H + J0 m) / (sqrt2 dJ)) >_H, the limit of the map of m."""
    H, v = _uniform(dH, dJ)
    return v @ _erf((H + J0 * m) / (np.sqrt(2.0) * dJ))


def density_at_zero(m, J0, dJ, dH):
    """[T0] p(0), the density of the total field H + J0 m + dJ z at 0; beta k -> 2 p(0)."""
    H, v = _uniform(dH, dJ)
    return v @ np.exp(-0.5 * ((H + J0 * m) / dJ) ** 2) / (np.sqrt(2.0 * np.pi) * dJ)


def orthant_defect(c, m, J0, dJ, dH):
    """[T0] 1 - F(c), twice the probability that two fields with correlation c differ in sign.

    dF/dc = 4 dJ^2 times the density of both fields at 0 (Plackett); with c = cos(theta) the square root
    at c = 1 goes away: 1 - F = (2/pi) Int_0^theta < exp(-(H + J0 m)^2 / (dJ^2 (1 + cos phi))) >_H dphi.
    Without means and fields that is 1 - (2/pi) arcsin c."""
    theta = 2.0 * np.arcsin(np.sqrt(0.5 * (1.0 - c)))
    x, w = np.polynomial.legendre.leggauss(48)
    phi = 0.5 * theta * (x + 1.0)
    H, v = _uniform(dH, dJ)
    inner = v @ np.exp(-((H[:, None] + J0 * m) / dJ) ** 2 / (1.0 + np.cos(phi)))
    return 2.0 / np.pi * 0.5 * theta * (w @ inner)


def zero_temperature(J0, dJ, dH=0.0):
    """[T0] dict of phase, m, q, two_p0 = lim beta k, sigma_over_beta, sigma_async_over_beta, S_times_beta.

    sigma/beta -> dJ^2 (1 - q) 2 p(0), d sigma/dt / beta -> dJ^2 2 p(0) (1 - I), beta S -> (pi^2/6) p(0)."""
    J, m = two_cycle(J0), 0.0
    if 2.0 * J * density_at_zero(0.0, J, dJ, dH) > 1.0:
        low, high = 0.0, 1.0
        for _ in range(55):
            m = 0.5 * (low + high)
            low, high = (m, high) if sign_average(m, J, dJ, dH) > m else (low, m)
    q = _fixed_point(m, J, dJ, dH)
    p0 = density_at_zero(m, J, dJ, dH)
    m_async = m if J0 > 0 else 0.0
    q_async = q if m_async == m else _fixed_point(0.0, J, dJ, dH)
    loss = Relaxation(lambda c: 1.0 - orthant_defect(c, m_async, J, dJ, dH), q_async).loss
    phase = "paramagnetic" if m == 0 else "ferromagnetic" if J0 > 0 else "two-cycle"
    return dict(phase=phase, m=m, q=q, two_p0=2.0 * p0, sigma_over_beta=dJ ** 2 * (1.0 - q) * 2.0 * p0,
                sigma_async_over_beta=dJ ** 2 * 2.0 * density_at_zero(m_async, J, dJ, dH) * loss,
                S_times_beta=np.pi ** 2 / 6.0 * p0)


def _fixed_point(m, J0, dJ, dH):
    """[T0] q = F(q), iterated from below."""
    q = m * m
    if m == 0 and dH == 0:
        return 0.0
    for _ in range(2000):
        old, q = q, 1.0 - orthant_defect(q, m, J0, dJ, dH)
        if abs(q - old) < 1e-16:
            break
    return q
