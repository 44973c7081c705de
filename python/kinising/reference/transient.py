# SPDX-License-Identifier: BSD-3-Clause
"""Synchronous relaxation from a random start."""
import numpy as np

from .average import average, correlation_map
from .order import magnetization_map, mean_sech2


def log_two_cosh(m, beta, J0, dJ, dH):
    """L = < Int Dz ln 2cosh(beta(H + J0 m + dJ z)) >_H, m the magnetization of the step before."""
    def f(x, H):
        return np.abs(x) + np.log1p(np.exp(-2.0 * np.abs(x)))
    return average(f, beta, J0, dJ, dH, m)


def field_overlap(m, beta, J0, dJ, dH):
    """< H s > of the spins drawn in the field that m makes."""
    return average(lambda x, H: H * np.tanh(x), beta, J0, dJ, dH, m)


def transient(beta, J0, dJ, dH, m0, steps):
    """[sigma-t] m_t, S_t, Sr_t, sigma_t and C(t, t-2) for t = 1..steps, from mean m0 at t = 0.

    The start does not know the fields: < H s_0 > = 0 and C(t, 0) = m_t m_0. Then
      S_t  = L_t     - beta[< H s_t >     + J0 m_t m_{t-1} + beta dJ^2 k_t]
      Sr_t = L_{t+1} - beta[< H s_{t-1} > + J0 m_{t-1} m_t + beta dJ^2 k_{t-1} C(t, t-2)]
      sigma_t = Sr_t - S_t, the entropy flow to the bath;
    the C term is 0 at t = 1, where s_0 comes from no field. Index t means: spins drawn at step t, in the
    field made by the spins of step t - 1."""
    model = (beta, J0, dJ, dH)
    m = [float(m0)]
    for _ in range(steps):
        m.append(magnetization_map(m[-1], *model))
    L = [np.nan] + [log_two_cosh(m[t - 1], *model) for t in range(1, steps + 2)]
    k = [np.nan] + [mean_sech2(m[t - 1], *model) for t in range(1, steps + 1)]
    Hs = [0.0] + [field_overlap(m[t - 1], *model) for t in range(1, steps + 1)]
    C = [np.nan, np.nan] + [m[2] * m[0] if steps >= 2 else np.nan]
    for t in range(3, steps + 1):
        C.append(correlation_map(C[t - 1], *model, m[t - 1], m[t - 3]))  # [C-sync]

    S, Sr = [], []
    for t in range(1, steps + 1):
        memory = k[t - 1] * C[t] if t >= 2 else 0.0
        S.append(L[t] - beta * (Hs[t] + J0 * m[t] * m[t - 1] + beta * dJ ** 2 * k[t]))
        Sr.append(L[t + 1] - beta * (Hs[t - 1] + J0 * m[t - 1] * m[t] + beta * dJ ** 2 * memory))
    S, Sr = np.array(S), np.array(Sr)
    return dict(t=np.arange(1, steps + 1), m=np.array(m[1:]), S=S, Sr=Sr, sigma=Sr - S,
                C_lag2=np.array(C[1:steps + 1]))
