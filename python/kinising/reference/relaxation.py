# SPDX-License-Identifier: BSD-3-Clause
"""Asynchronous steady state: autocorrelation C(tau) and entropy production."""
import numpy as np

from .average import correlation_map
from .order import autocorrelation, conditional_entropy, magnetization, mean_sech2, reverse_entropy

PANELS, ORDER, LAST = 10, 16, 3.6


class Relaxation:
    """[C-async] C'' = C - F(C), C(0) = 1, C(infinity) = q.

    Multiply by C' and integrate from the far end, where C' = 0: C'^2/2 = V(C), V(C) = Int_q^C (c - F) dc,
    so C' = -sqrt(2 V(C)) and tau = Int_C^1 dc / sqrt(2 V(c)). Near C = q the integrand of tau is 1/(C - q),
    near C = 1 and at low temperature V has a square root; C = q + (1 - q) exp(-r^2) takes out both.
    `F` is any function of one number."""

    def __init__(self, F, q):
        self.q = q
        if q >= 1.0:  # frozen as far as doubles can tell
            self.rate, self.last, self.loss = 1.0, 0.0, 0.0
            return
        x, w = np.polynomial.legendre.leggauss(ORDER)
        # graded towards r = 0, where F changes over 1 - C ~ 1/(beta dJ)^2
        edges = LAST * np.linspace(0.0, 1.0, PANELS + 1) ** 2
        half = 0.5 * np.diff(edges)[:, None]
        r = 0.5 * (edges[:-1] + edges[1:])[:, None] + half * x
        y = np.exp(-r * r)
        c = q + (1.0 - q) * y
        f = (c - np.vectorize(F)(c)) / (1.0 - q)

        # W(y) = Int_0^y f dy = V/(1-q)^2, from the far end, where f = rate^2 y
        end = np.exp(-LAST ** 2)
        self.rate = np.sqrt(f[-1, -1] / y[-1, -1])
        below, whole = self._primitive(2.0 * r * y * f, half, x)
        beyond = 0.5 * (self.rate * end) ** 2 + whole.sum() - np.cumsum(whole)
        W = beyond[:, None] + whole[:, None] - below
        speed = np.sqrt(2.0 * W)

        below, whole = self._primitive(2.0 * r * y / speed, half, x)
        tau = np.concatenate([[0.0], np.cumsum(whole)])
        self.tau, self.r, self.last = (tau[:-1, None] + below).ravel(), r.ravel(), tau[-1]
        # 1 - I = Int_q^1 exp(-tau(C)) dC, integrating I by parts
        tail = end * np.exp(-tau[-1]) / (1.0 + 1.0 / self.rate)
        self.loss = (1.0 - q) * (np.sum(half * w * 2.0 * r * y * np.exp(-tau[:-1, None] - below)) + tail)

    @staticmethod
    def _primitive(g, half, x):
        """Per panel: the integral from its left edge to each node, and over all of it."""
        series = np.polynomial.legendre.legfit(x, g.T, len(x) - 1)
        primitive = np.polynomial.legendre.legint(series, lbnd=-1)
        return (half * np.polynomial.legendre.legval(x, primitive),
                half[:, 0] * np.polynomial.legendre.legval(1.0, primitive))

    def correlation(self, tau):
        """C(tau); between the nodes by a polynomial of degree 7 in tau(r)."""
        if tau >= self.last:
            return self.q + (1.0 - self.q) * np.exp(-LAST ** 2 - self.rate * (tau - self.last))
        i = int(np.clip(np.searchsorted(self.tau, tau) - 4, 0, self.tau.size - 8))
        xs, r = self.tau[i:i + 8], 0.0
        for j in range(8):
            others = np.delete(xs, j)
            r += self.r[i + j] * np.prod((tau - others) / (xs[j] - others))
        return self.q + (1.0 - self.q) * np.exp(-r * r)


def asynchronous_relaxation(beta, J0, dJ, dH=0.0):
    """[C-async] Relaxation of the steady state; m, q, k as in the synchronous case, m = 0 if J0 <= 0."""
    m = magnetization(beta, J0, dJ, dH) if J0 > 0 else 0.0
    q = autocorrelation(m, beta, J0, dJ, dH)
    return Relaxation(lambda c: correlation_map(c, beta, J0, dJ, dH, m, m), q)


def asynchronous_entropy_production(beta, J0, dJ, dH=0.0):
    """[sigma-async] d sigma/dt = (beta dJ)^2 k (1 - I), I = Int_0^inf exp(-a) C(a) da."""
    m = magnetization(beta, J0, dJ, dH) if J0 > 0 else 0.0
    k = mean_sech2(m, beta, J0, dJ, dH)
    return (beta * dJ) ** 2 * k * asynchronous_relaxation(beta, J0, dJ, dH).loss


def asynchronous_reverse_entropy(beta, J0, dJ, dH=0.0):
    """[Sr-async] S^r_async = S + sigma_async, S of the asynchronous state: m = 0 if J0 <= 0."""
    m = magnetization(beta, J0, dJ, dH) if J0 > 0 else 0.0
    S = conditional_entropy(m, beta, J0, dJ, dH)
    return reverse_entropy(S, asynchronous_entropy_production(beta, J0, dJ, dH))
