# SPDX-License-Identifier: BSD-3-Clause
"""Steady state, synchronous and asynchronous, on top of exact.Field."""
from mpmath import mp, mpf

from exact import ColdField, Field, gauss_legendre

INF = float("inf")


class Point:
    """One point of the phase diagram; the four numbers are taken as the doubles they are."""

    def __init__(self, beta, J0, dJ, dH, digits=24):
        self.cold = beta == INF
        self.beta = mpf(1) if self.cold else mpf(beta)
        self.J0, self.dJ, self.dH, self.digits = mpf(J0), mpf(dJ), mpf(dH), digits
        mp.dps = digits + 20
        self.s = self.beta * self.dJ

    def field(self, m, digits=None):
        law = ColdField if self.cold else Field
        return law(self.beta * abs(self.J0) * m, self.beta * self.dH, self.s, digits or self.digits)

    def defect(self):
        """1 - m of the ordered state, None if m = 0. Newton from above is monotone (concave map)."""
        slope = self.beta * abs(self.J0)
        if slope * self.field(0).averages()[1] <= 1:
            return None
        n = mpf(0)
        for _ in range(200):
            image, k, _ = self.field(1 - n).averages()
            step = (image - n) / (1 - slope * k)
            n += step
            if abs(step) < mpf(10) ** (-self.digits + 2) * min(n, 1 - n):
                return n
        raise ArithmeticError("m did not settle")

    def gap(self, field, ordered):
        """1 - q: secant in its logarithm."""
        if not ordered and not self.dH:
            return mpf(1)
        x0, tolerance = mpf(0), mpf(10) ** (-self.digits + 2)
        y0 = mp.log(field.one_minus_F(mp.exp(x0)))
        x1 = y0
        y1 = mp.log(field.one_minus_F(mp.exp(x1))) - x1
        for _ in range(60):
            if y1 == y0:
                return mp.exp(x1)
            x2 = min(mpf(0), x1 - y1 * (x1 - x0) / (y1 - y0))
            x0, y0, x1 = x1, y1, x2
            if abs(x1 - x0) < tolerance * max(1, mpf("1e-3") / abs(x1 or 1)):
                return mp.exp(x1)
            y1 = mp.log(field.one_minus_F(mp.exp(x1))) - x1
        raise ArithmeticError("q did not settle")

    def steady(self):
        """All synchronous averages as a dict of mpf."""
        n = self.defect()
        ordered = n is not None
        n = n if ordered else mpf(1)
        field = self.field(1 - n)
        _, k, S = field.averages()
        gap = self.gap(field, ordered)
        sigma = self.beta ** 2 * self.dJ ** 2 * gap * k
        chi = self.beta * k / (1 - self.beta * self.J0 * k)
        phase = "paramagnetic" if not ordered else "ferromagnetic" if self.J0 > 0 else "two-cycle"
        return dict(phase=phase, m=1 - n, one_minus_m=n, q=1 - gap, one_minus_q=gap, k=k, S=S,
                    Sr=S + sigma, sigma=sigma, chi=chi)


def integration_matrix(n, dps):
    """B[i][j]: weight of node j in the integral from -1 to node i."""
    rule = gauss_legendre(n, dps)

    def legendre(x):
        p = [mpf(1), x]
        for k in range(1, n + 1):
            p.append(((2 * k + 1) * x * p[k] - k * p[k - 1]) / (k + 1))
        return p

    values = [legendre(x) for x, _ in rule]
    rows = []
    for (x, _), p in zip(rule, values):
        primitive = [x + 1] + [(p[k + 1] - p[k - 1]) / (2 * k + 1) for k in range(1, n)]
        rows.append([w * sum((k + mpf(1) / 2) * v[k] * primitive[k] for k in range(n))
                     for (_, w), v in zip(rule, values)])
    return rule, rows


class Relaxation:
    """C(tau) of the asynchronous dynamics, C'' = C - F(C).                              [C-async]

    With C = q + (1-q) y the energy integral gives y' = -sqrt(2 W(y)), W(y) = Int_0^y f,
    f = (C - F(C))/(1-q).  The coordinate r with y = exp(-r^2) takes out the square root of F at C = 1
    (zero temperature) and the exponential approach to q; panels in r are graded towards r = 0, where F
    has a layer of width 1/(beta dJ)^2.
    """

    LAST = mpf("3.8")

    def __init__(self, field, gap, nodes=16):
        self.gap, dps = gap, field.digits + 14
        with mp.workdps(dps):
            root = mp.sqrt(gap)
            first = mpf("0.7") if field.kind == "cold" else \
                min(mpf("0.7"), mpf("0.35") / (field.sd * root)) if field.sd else mpf("0.7")
            cuts = [mpf(0), first]
            while cuts[-1] < self.LAST:
                cuts.append(min(2 * cuts[-1], cuts[-1] + mpf("0.65")))
            self.rule, self.matrix = integration_matrix(nodes, dps)
            self.panels, self.cuts = [], cuts
            for a, b in zip(cuts, cuts[1:]):
                panel = []
                for x, _ in self.rule:
                    r = (a + b) / 2 + (b - a) / 2 * x
                    rest = -mp.expm1(-r * r)
                    panel.append((r, mp.exp(-r * r), field.one_minus_F(gap * rest) / gap - rest))
                self.panels.append(panel)
            self._integrate()

    def _integrate(self):
        widths = [(b - a) / 2 for a, b in zip(self.cuts, self.cuts[1:])]
        weights = [w for _, w in self.rule]
        end = mp.exp(-self.cuts[-1] ** 2)
        r, y, f = self.panels[-1][-1]
        rate = mp.sqrt(f / y)  # y decays like exp(-rate tau)
        W = rate ** 2 * end ** 2 / 2
        speeds = []
        for panel, half in zip(reversed(self.panels), reversed(widths)):
            integrand = [2 * r * y * f for r, y, f in panel]
            whole = half * sum(w * g for w, g in zip(weights, integrand))
            speeds.insert(0, [mp.sqrt(2 * (W + whole - half * sum(b * g for b, g in zip(row, integrand))))
                              for row in self.matrix])
            W += whole
        self.tau, self.starts, start, total = [], [], mpf(0), mpf(0)
        for panel, half, speed in zip(self.panels, widths, speeds):
            integrand = [2 * r * y / u for (r, y, _), u in zip(panel, speed)]
            taus = [start + half * sum(b * g for b, g in zip(row, integrand)) for row in self.matrix]
            total += half * sum(w * 2 * r * y * mp.exp(-t)
                                for w, (r, y, _), t in zip(weights, panel, taus))
            self.tau.append(taus)
            self.starts.append(start)
            start += half * sum(w * g for w, g in zip(weights, integrand))
        self.rate, self.last = rate, start
        # 1 - I with I = Int e^-a C(a) da
        self.loss = self.gap * (total + mp.exp(-start) * end / (1 + 1 / rate))

    def correlation(self, tau):
        """C(tau)."""
        tau = mpf(tau)
        if tau >= self.last:
            return 1 - self.gap + self.gap * mp.exp(-self.cuts[-1] ** 2 - self.rate * (tau - self.last))
        i = max(j for j, s in enumerate(self.starts) if s <= tau)
        xs = [self.cuts[i]] + [p[0] for p in self.panels[i]]
        ts = [self.starts[i]] + list(self.tau[i])

        def excess(r):
            total = mpf(0)
            for j, (xj, tj) in enumerate(zip(xs, ts)):
                term = tj
                for k, xk in enumerate(xs):
                    if k != j:
                        term *= (r - xk) / (xj - xk)
                total += term
            return total - tau

        low, high = self.cuts[i], self.cuts[i + 1]
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) < 0 else (low, middle)
        return 1 - self.gap + self.gap * mp.exp(-low ** 2)


def asynchronous(point, nodes=16, digits=20, state=None):
    """Relaxation of the asynchronous steady state, and its k. For J0 < 0 that state has m = 0."""
    state = state or point.steady()
    m, gap, k = state["m"], state["one_minus_q"], state["k"]
    if state["phase"] == "two-cycle":
        m = mpf(0)
        field = point.field(m)
        gap, k = point.gap(field, False), field.averages()[1]
    return Relaxation(point.field(m, digits), gap, nodes), k
