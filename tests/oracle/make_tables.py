#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Make the tables of exact values in this folder: theory, transient, critical, autocorrelation.

    /usr/bin/python3 make_tables.py [theory|transient|critical|autocorrelation ...]

Needs mpmath (gmpy2 makes it three times faster); a quarter of an hour for everything. Rows that are in a
file already are kept, so an interrupted run goes on where it stopped; remove a file to remake it.

Inputs are JSON numbers, meant as the doubles they parse to (`"inf"` for infinity). Results are decimal
strings of 20 significant digits; `digits` says to how many two settings of the method agree (other step,
other node counts, other working precision), `digits_async` the same for the asynchronous columns.
"""
import json
import os
import sys

from mpmath import mp, mpf

from exact import ColdField, Field, gauss_legendre
from steady import INF, Point, asynchronous

HERE = os.path.dirname(os.path.abspath(__file__))


def text(x):
    if isinstance(x, str):
        return x
    x = mpf(x)
    return "0" if not x else "inf" if mp.isinf(x) else mp.nstr(x, 20, strip_zeros=False)


def agreement(pairs, cap=20):
    """Digits to which all pairs agree, relatively."""
    digits = cap
    for a, b in pairs:
        if a != b:
            digits = min(digits, int(-mp.log10(abs(a / b - 1) + mpf(10) ** (-cap - 1))))
    return digits


def load(name):
    path = os.path.join(HERE, name)
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return json.load(f)


def store(name, rows):
    path = os.path.join(HERE, name)
    with open(path + ".part", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
    os.replace(path + ".part", path)


def grow(name, inputs, keys, make):
    """Append make(row inputs) for every input that the file does not hold yet."""
    rows = load(name)
    done = {tuple(r[k] for k in keys) for r in rows}
    for given in inputs:
        label = tuple("inf" if given[k] == INF else given[k] for k in keys)
        if label not in done:
            row = dict(zip(keys, label), **make(given))
            rows.append(row)
            store(name, rows)
            print(name, label, row.get("digits"), row.get("digits_async"), flush=True)


# --- steady state -----------------------------------------------------------------------------------

NAMES = ("m", "one_minus_m", "q", "one_minus_q", "k", "S", "Sr", "sigma", "chi")


def theory_row(given):
    args, digits = [given[k] for k in ("beta", "J0", "dJ", "dH")], given.get("digits", 24)
    check = Point(*args, digits=digits + 7).steady()
    point = Point(*args, digits=digits)
    state = point.steady()
    base = agreement((state[n], check[n]) for n in NAMES)
    relaxation, k = asynchronous(point, 16, given.get("digits_async", 20), state)
    second, _ = asynchronous(point, 12, given.get("digits_async", 20) - 3, state)
    mp.dps = 50
    loss = relaxation.loss
    rate = point.s ** 2 * k * loss
    digits_async = min(base, agreement([(loss, second.loss)]))
    values = {n: state[n] for n in NAMES}
    values.update(sigma_async=rate, C_laplace1=1 - loss, one_minus_C_laplace1=loss)
    per_beta = (state["sigma"] / point.beta, rate / point.beta) if point.beta else (mpf(0), mpf(0))
    if point.cold:
        values["two_p0"] = values["k"]
        values.update(k=mpf(0), S=mpf(0))
        for n in ("sigma", "Sr", "sigma_async"):
            values[n] = mpf("inf") if values["sigma"] else mpf(0)
    values.update(sigma_over_beta=per_beta[0], sigma_async_over_beta=per_beta[1])
    row = dict(group=given["group"], phase=state["phase"])
    row.update({n: text(v) for n, v in values.items()})
    row.update(digits=base, digits_async=digits_async)
    return row


def point(group, beta, dJ, dH=0.0, J0=1.0, **more):
    return dict(group=group, beta=float(beta), J0=float(J0), dJ=float(dJ), dH=float(dH), **more)


def theory_points():
    rows = [point("reference", r["beta"], r["dJ"], r["dH"], r["J0"])
            for r in load("reference_theory.json")]
    rows += [point("cold ferromagnet", *p) for p in (
        (30, .02), (20, .05), (10, .1), (100, .25), (1000, .1), (1000, .2), (1000, .5), (50, .3))]
    rows += [point("cold", 1000, dJ) for dJ in (1, .79, .8)]
    rows += [point("cold with fields", 1000, .2, .3), point("cold with fields", 100, .01, .5),
             point("cold with fields", 50, .1, 1.2)]
    rows += [point("two-cycle", 2, .5, 0, -1), point("two-cycle", 2, .5, .5, -1),
             point("two-cycle", 5, .2, .3, -1)]
    rows += [point("zero temperature", INF, dJ) for dJ in (.3, .5, .79, .8, 1, .1, .05)]
    rows += [point("zero temperature", INF, dJ, dH) for dJ, dH in (
        (.3, .5), (.3, 1.2), (.02, .97), (1e-3, 1.2), (.5, 1e-3), (1, .4))]
    rows += [point("zero temperature", INF, .5, 0, -1), point("zero temperature", INF, 1, .5, 0)]
    rows += [point("hot", beta, .5, dH, digits=40) for beta in (1e-6, 1e-3, .1) for dH in (0, .6)]
    rows += [point("hot", 0, .5, .6)]
    for dJ, dH in ((.5, 0), (.2, 0), (.7, 0), (.2, .6), (.5, .6)):
        beta = solve_critical("beta", mpf(1), mpf(dJ), mpf(dH), INF)
        rows += [point("near critical", beta * (1 + mpf(side)), dJ, dH, digits=30)
                 for side in ("1e-6", "-1e-6", "1e-3", "-1e-3")]
    rows += [point("no mean coupling", 2, .5, .5, 0), point("no mean coupling", 10, 1, .3, 0)]
    rows += [point("tiny field", beta, .5, dH) for beta in (1, 2) for dH in (1e-3, 1e-6)]
    rows += [point("tiny noise", beta, dJ, dH) for beta in (.8, 2) for dJ in (1e-3, 1e-6)
             for dH in (0, .4)]
    rows += [point("big field", 2, .5, 5), point("big field", 1, .5, 100), point("big field", 20, 1, 5)]
    rows += [point("big noise", 1, 10), point("big noise", 2, 100), point("big noise", 1, 10, 3),
             point("big mean coupling", 1, 1, 0, 10), point("big mean coupling", 2, 3, 1, 20)]
    return rows


# --- critical line ----------------------------------------------------------------------------------

def order_slope(beta, J0, dJ, dH, digits=36):
    """beta J0 k(m = 0), 2 J0 p(0) at zero temperature; the transition is where it is 1.   [critical]"""
    if beta == INF:
        if dJ:
            return J0 * ColdField(0, dH, dJ, digits).averages()[1]
        return J0 / dH if dH else mpf("inf")
    field = Field(0, beta * dH, beta * dJ, digits)
    if dH and field.kind == "narrow":  # the uniform average of sech^2 is known
        noise = Field(0, 0, beta * dJ, digits).nodes(beta * dJ)
        return J0 / dH * sum(w * mp.tanh(beta * dH + z) for z, w in noise)
    return beta * J0 * field.averages()[1]


def solve_critical(name, J0, dJ, dH, beta):
    """The one parameter `name` on the critical line, None without an ordered phase.

    The slope rises with beta and J0 and falls with dJ and dH: one root at most, found by bisection."""
    values = dict(beta=beta, J0=J0, dJ=dJ, dH=dH)
    if J0 <= 0 and name != "J0":
        return None
    with mp.workdps(44):
        if name == "J0":
            slope = order_slope(beta, mpf(1), dJ, dH)
            return 1 / slope if slope else None
        rising = name == "beta"

        def ordered(x):
            return order_slope(**dict(values, **{name: x})) > 1

        if rising and not ordered(INF) or not rising and not ordered(mpf(0)):
            return None
        low, high = mpf(0), mpf(1)
        while ordered(high) != rising:
            low, high = high, 2 * high
        for _ in range(90):
            middle = (low + high) / 2
            low, high = (low, middle) if ordered(middle) == rising else (middle, high)
        return (low + high) / 2


def critical_inputs():
    rows = [("beta", dict(J0=1.0, dJ=dJ, dH=dH)) for dJ, dH in (
        (.2, 0.), (.5, 0.), (.7, 0.), (.2, .6), (.797, 0.), (0., 0.), (0., .6), (1e-3, .9), (.8, 0.),
        (.2, 1.5))]
    rows += [("beta", dict(J0=2.5, dJ=.5, dH=.5)), ("beta", dict(J0=-1.0, dJ=.2, dH=0.))]
    rows += [("dJ", dict(J0=1.0, dH=dH, beta=beta)) for dH, beta in (
        (0., INF), (.6, INF), (0., 2.), (.6, 2.), (0., 1000.), (.6, .9), (1.2, INF))]
    rows += [("dH", dict(J0=1.0, dJ=dJ, beta=beta)) for dJ, beta in (
        (.5, INF), (.5, 2.), (.2, 5.), (0., 2.), (.9, 4.), (1e-3, 100.), (0., INF))]
    rows += [("J0", dict(dJ=dJ, dH=dH, beta=beta)) for dJ, dH, beta in (
        (.5, 0., 1.), (.5, .5, 2.), (1., 0., INF), (.3, .8, INF), (10., 3., 1.), (0., .5, 3.), (.5, .5, 0.))]
    return [dict(solve_for=name, J0=v.get("J0"), dJ=v.get("dJ"), dH=v.get("dH"), beta=v.get("beta"))
            for name, v in rows]


def critical_row(given):
    values = {k: v if v is None or v == INF else mpf(v) for k, v in given.items() if k != "solve_for"}
    root = solve_critical(given["solve_for"], values["J0"] if values["J0"] is not None else mpf(1),
                          values["dJ"], values["dH"], values["beta"])
    return dict(root="nan" if root is None else text(root))


# --- transient --------------------------------------------------------------------------------------

class Relaxing:
    """Synchronous relaxation from a random start, by nested equal-step quadrature.

    Unlike the steady state this uses the common part y and the private parts of two fields:
    F(c; a, b) = < E G(a + h + z) G(b + h +- z) >, G(y) = E tanh(y + s sqrt(1 - |c|) u), the sign that of c."""

    def __init__(self, beta, J0, dJ, dH, digits):
        self.beta, self.J0, self.dJ, self.dH = mpf(beta), mpf(J0), mpf(dJ), mpf(dH)
        self.s, self.eta, self.digits = self.beta * self.dJ, self.beta * self.dH, digits

    def field(self, m):
        return Field(self.beta * self.J0 * m, self.eta, self.s, self.digits)

    def normal(self, sd):
        """Equal-step nodes of normal(0, sd^2) fine enough for tanh."""
        log = self.digits * mp.log(10)
        h = min(mp.pi * mp.sqrt(2 / log), mp.pi ** 2 / (log * sd) if sd else mpf(1))
        n = int((mp.sqrt(2 * log) + 1) / h) + 1
        return [(sd * h * i, h * mp.exp(-(h * i) ** 2 / 2) / mp.sqrt(2 * mp.pi)) for i in range(-n, n + 1)]

    def uniform(self):
        if not self.eta:
            return [(mpf(0), mpf(1))]
        return [(self.eta * x, w / 2) for x, w in gauss_legendre(28, self.digits + 10)]  # eta <= 1

    def F(self, c, m1, m2):
        a, b = self.beta * self.J0 * m1, self.beta * self.J0 * m2
        shared, own = self.normal(self.s * mp.sqrt(abs(c))), self.normal(self.s * mp.sqrt(1 - abs(c)))
        sign, total = (1 if c >= 0 else -1), mpf(0)
        for h, v in self.uniform():
            for z, w in shared:
                first = sum(p * mp.tanh(a + h + z + u) for u, p in own)
                second = sum(p * mp.tanh(b + h + sign * z + u) for u, p in own)
                total += v * w * first * second
        return total

    def tilt(self, m):
        """<beta H tanh(beta(H + J0 m + dJ z))>."""
        return sum(v * h * w * mp.tanh(self.beta * self.J0 * m + h + z)
                   for h, v in self.uniform() for z, w in self.normal(self.s))

    def log_cosh(self, m):
        total = mpf(0)
        for h, v in self.uniform():
            for z, w in self.normal(self.s):
                x = abs(self.beta * self.J0 * m + h + z)
                total += v * w * (x + mp.log1p(mp.exp(-2 * x)))
        return total

    def run(self, m0, steps):
        m, L, k, tilt, lag2 = [mpf(m0)], [None], [None], [mpf(0)], [None, None]
        for t in range(1, steps + 1):
            L.append(self.log_cosh(m[-1]))
            k.append(self.field(m[-1]).averages()[1])
            tilt.append(self.tilt(m[-1]))
            m.append(sum(v * w * mp.tanh(self.beta * self.J0 * m[-1] + h + z)
                         for h, v in self.uniform() for z, w in self.normal(self.s)))
            if t >= 2:  # C(2, 0) = m_2 m_0: the start knows nothing of the fields
                lag2.append(m[2] * m[0] if t == 2 else self.F(lag2[-1], m[t - 1], m[t - 3]))
        L.append(self.log_cosh(m[-1]))
        out = dict(m=[], S=[], Sr=[], sigma=[], C_lag2=[])
        for t in range(1, steps + 1):
            S = L[t] - tilt[t] - self.beta * (self.J0 * m[t] * m[t - 1] + self.beta * self.dJ ** 2 * k[t])
            memory = k[t - 1] * lag2[t] if t >= 2 else mpf(0)
            Sr = L[t + 1] - tilt[t - 1] - self.beta * (
                self.J0 * m[t - 1] * m[t] + self.beta * self.dJ ** 2 * memory)
            for name, v in zip(out, (m[t], S, Sr, Sr - S, lag2[t])):
                out[name].append(v)
        return out


def transient_row(given):
    args = [given[k] for k in ("beta", "J0", "dJ", "dH")]
    results = []
    for digits in (18, 15):
        mp.dps = 30
        results.append(Relaxing(*args, digits).run(given["m0"], given["steps"]))
    first, second = results
    worst = max(abs(a - b) for n in first for a, b in zip(first[n], second[n]) if a is not None)
    row = {n: [None if v is None else text(v) for v in first[n]] for n in first}
    row["digits"] = min(17, int(-mp.log10(worst + mpf(10) ** -20)))
    return row


def transient_inputs():
    return [dict(beta=b, J0=J0, dJ=dJ, dH=dH, m0=m0, steps=12) for b, J0, dJ, dH, m0 in (
        (2.0, 1.0, .5, 0.0, 1.0), (2.0, 1.0, .5, .5, .3), (1.5, -1.0, .4, .3, .8), (4.0, 1.0, 1.0, 0.0, .3))]


# --- autocorrelation --------------------------------------------------------------------------------

def autocorrelation_row(given):
    args = [given[k] for k in ("beta", "J0", "dJ", "dH")]
    taus, tables = (.1, .5, 1.0, 2.0, 5.0, 10.0), []
    for nodes, digits in ((18, 20), (13, 17)):
        relaxation, _ = asynchronous(Point(*args), nodes, digits)
        tables.append([relaxation.correlation(t) for t in taus])
    worst = max(abs(a - b) for a, b in zip(*tables))
    return dict(tau=taus, C=[text(c) for c in tables[0]],
                digits=min(16, int(-mp.log10(worst + mpf(10) ** -20))))


def autocorrelation_inputs():
    return [dict(beta=b, J0=J0, dJ=dJ, dH=dH) for b, J0, dJ, dH in (
        (2.0, 1.0, .5, 0.0), (4.0, 1.0, 1.0, 0.0), (2.0, 1.0, .5, .5), (INF, 0.0, 1.0, 0.0),
        (5.0, -1.0, .2, .3))]


TABLES = {
    "theory": lambda: grow("theory_table.json", theory_points(), ("beta", "J0", "dJ", "dH"), theory_row),
    "transient": lambda: grow("transient_table.json", transient_inputs(),
                              ("beta", "J0", "dJ", "dH", "m0", "steps"), transient_row),
    "critical": lambda: grow("critical_table.json", critical_inputs(),
                             ("solve_for", "J0", "dJ", "dH", "beta"), critical_row),
    "autocorrelation": lambda: grow("autocorrelation_table.json", autocorrelation_inputs(),
                                    ("beta", "J0", "dJ", "dH"), autocorrelation_row),
}

if __name__ == "__main__":
    for which in sys.argv[1:] or TABLES:
        TABLES[which]()
