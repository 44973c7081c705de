#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Make plefka_table.json: averages of tanh over Gaussian fields, and Plefka[t-1] on small networks.

    /usr/bin/python3 make_plefka.py          three minutes; needs numpy (80-bit long doubles) and mpmath

Plain quadrature of the definitions, two nested integrals for a pair: Gauss-Legendre panels, close together
where tanh bends, in 64-bit mantissas. Everything is computed twice, with other panels and another order;
`digits` is what the two agree to, absolutely. Numbers are decimal strings, inputs the doubles they parse to.
"""
import json
import os

import numpy as np
from mpmath import mp

from exact import gauss_legendre

HERE = os.path.dirname(os.path.abspath(__file__))
LD = np.longdouble
REACH = LD(9.6)  # exp(-9.6^2/2) = 1e-20


def text(x):
    return np.format_float_scientific(LD(x) if abs(x) > 1e-300 else 0, precision=18, unique=False)


class Quadrature:
    """Averages over standard normal variables; ends of panels where tanh bends, in units of its width."""

    def __init__(self, order, panels, ends):
        rule = gauss_legendre(order, 25)
        self.x = np.array([LD(mp.nstr(x, 22)) for x, _ in rule])
        self.w = np.array([LD(mp.nstr(w, 22)) for _, w in rule])
        self.plain = np.linspace(-REACH, REACH, panels + 1)
        self.bend = np.array(ends, dtype=LD)

    def nodes(self, *bends):
        """z and weights, Gaussian included; each bend is (place, width)."""
        cuts = [self.plain]
        for place, width in bends:
            cuts += [place + width * self.bend, place - width * self.bend]
        cuts = np.unique(np.concatenate(cuts))
        cuts = cuts[(cuts >= -REACH) & (cuts <= REACH)]
        low, high = cuts[:-1, None], cuts[1:, None]
        z = (0.5 * (low + high) + 0.5 * (high - low) * self.x).ravel()
        w = (0.5 * (high - low) * self.w).ravel() * np.exp(-0.5 * z * z)
        return z, w / w.sum()

    def average(self, g, s):
        """< tanh >, < sech^2 > of g + s z."""
        if s == 0:
            return np.tanh(g), 1 / np.cosh(np.clip(g, -100, 100)) ** 2
        z, w = self.nodes((-g / s, 1 / s))
        e = np.exp(-2 * abs(g + s * z))
        return (w * np.tanh(g + s * z)).sum(), (w * 4 * e / (1 + e) ** 2).sum()

    def covariance(self, g1, s1, g2, s2, rho):
        if s1 == 0 or s2 == 0:
            return LD(0)
        own = s2 * np.sqrt((1 - rho) * (1 + rho))
        bends = [(-g1 / s1, 1 / s1)]
        if rho != 0:
            slope = s2 * abs(rho)
            bends += [(-g2 / (s2 * rho), 1 / slope), (-g2 / (s2 * rho), own / slope)]
        z, w = self.nodes(*bends)
        kept = w > 1e-22
        z, w = z[kept], w[kept]
        y = g2 + s2 * rho * z
        if own == 0:
            inner = np.tanh(y)
        else:
            inner = np.array([self.average(v, own)[0] for v in y])
        return (w * np.tanh(g1 + s1 * z) * inner).sum() - \
            self.average(g1, s1)[0] * self.average(g2, s2)[0]

    def step(self, H, J, m, C):
        """Plefka[t-1] once."""
        N = len(H)
        P = (J * (1 - m * m)) @ J.T
        s, g = np.sqrt(np.diag(P)), H + J @ m
        averages = np.array([self.average(g[i], s[i]) for i in range(N)])
        new = np.diag(1 - averages[:, 0] ** 2)
        for i in range(N):
            for k in range(i):
                rho = P[i, k] / np.sqrt(P[i, i] * P[k, k]) if P[i, i] * P[k, k] > 0 else LD(0)
                rho = min(max(rho, LD(-1)), LD(1))
                new[i, k] = new[k, i] = self.covariance(g[i], s[i], g[k], s[k], rho)
        return averages[:, 0], new, averages[:, 1][:, None] * (J @ C)


ONE = Quadrature(24, 8, (1, 2, 4, 8, 16, 26))
OTHER = Quadrature(28, 11, (0.7, 1.5, 3, 6, 12, 20, 30))


def both(name, *inputs):
    """Values by both quadratures, flat, and their agreement."""
    a, b = (np.ravel(np.array(getattr(q, name)(*inputs), dtype=LD)) for q in (ONE, OTHER))
    return a, int(min(19, -np.log10(abs(a - b).max() + LD(1e-20))))


def average_rows():
    for Delta in (0.0, 1e-12, 1e-3, 0.1, 1.0, 4.0, 9.0, 20.2, 20.3, 100.0, 1e4, 1e12):
        for g in (0.0, 0.3, -2.0, 20.0, 1e3):
            values, digits = both("average", LD(g), np.sqrt(LD(Delta)))
            yield dict(g=g, Delta=Delta, m=text(values[0]), k=text(values[1]), digits=digits)


def pair_inputs():
    rng = np.random.default_rng(1)
    rhos = [0.0, 0.1, -0.5, 0.9, -0.99, 1 - 1e-6, 1 - 1e-9, -1 + 1e-9, 1.0, -1.0]
    deltas = [(1e-12, 1.0), (0.1, 0.1), (1.0, 1.0), (1.0, 9.0), (4.0, 100.0), (10.0, 10.0), (100.0, 100.0),
              (1e4, 1e4), (1e4, 1.0), (1e12, 1e12), (1e12, 4.0), (20.3, 400.0)]
    for D1, D2 in deltas:
        for rho in rhos:
            # in the middle of both, where the kinks are close to each other, or where it comes
            z = rng.normal()
            g1 = float(np.sqrt(D1) * z + 0.3 * rng.normal())
            g2 = float(np.sqrt(D2) * z * (1 if rho >= 0 else -1) + 0.3 * rng.normal())
            yield g1, D1, g2, D2, rho
    yield 0.3, 0.0, 1.0, 2.0, 0.7
    yield 0.0, 1.0, 0.0, 1.0, 1.0


def pair_rows():
    for g1, D1, g2, D2, rho in pair_inputs():
        values, digits = both("covariance", LD(g1), np.sqrt(LD(D1)), LD(g2), np.sqrt(LD(D2)), LD(rho))
        yield dict(g1=g1, Delta1=D1, g2=g2, Delta2=D2, rho=rho, C=text(values[0]), digits=digits)


def network(N, rng, odd):
    """Couplings with three decimals. 1: with equal, opposite, proportional and empty rows; 2: with rows that
    are nearly the same."""
    J = np.round(rng.normal(size=(N, N)) / np.sqrt(N), 3)
    H = np.round(rng.uniform(-1, 1, N), 3)
    m0 = np.round(rng.uniform(-1, 1, N), 3)
    if odd == 2:
        J[1:4] = J[0] + np.outer([1e-2, 1e-4, -1e-6], J[1])
    elif odd:
        J[1], J[2], J[3], J[4] = J[0], -J[0], 3 * J[0], 0
        m0[:2] = 1, -1
    return H, J, m0


def step_rows():
    rng = np.random.default_rng(2)
    for N, beta, odd in ((5, 0.25, 0), (5, 1.0, 0), (6, 3.0, 0), (6, 10.0, 0), (7, 100.0, 0), (7, 1e4, 0),
                         (8, 1.0, 1), (6, 20.0, 1), (6, 5.0, 2)):
        H, J, m0 = network(N, rng, odd)
        row = dict(N=N, steps=3, beta=beta, H=list(H), J=list(J.ravel()), m0=list(m0), m=[], C=[], D=[])
        states = [[q, LD(beta) * LD(1) * H.astype(LD), LD(beta) * J.astype(LD), m0.astype(LD),
                   np.diag(1 - m0.astype(LD) ** 2)] for q in (ONE, OTHER)]
        digits = 19
        for _ in range(row["steps"]):
            results = [q.step(h, j, m, C) for q, h, j, m, C in states]
            for state, result in zip(states, results):
                state[3:5] = result[:2]
            for name, a, b in zip("mCD", *results):
                row[name] += [text(x) for x in np.ravel(a)]
                digits = min(digits, int(-np.log10(abs(a - b).max() + LD(1e-20))))
        row["digits"] = digits
        print(N, beta, digits, flush=True)
        yield row


def main():
    table = dict(average=list(average_rows()), pair=list(pair_rows()), steps=list(step_rows()))
    for name, rows in table.items():
        print(name, len(rows), "rows, digits at least", min(r["digits"] for r in rows))
    with open(os.path.join(HERE, "plefka_table.json"), "w") as f:
        f.write("{" + ",\n".join('"%s": [\n%s\n]' % (name, ",\n".join(json.dumps(r) for r in rows))
                                 for name, rows in table.items()) + "}\n")


if __name__ == "__main__":
    main()
