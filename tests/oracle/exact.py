# SPDX-License-Identifier: BSD-3-Clause
"""High-precision evaluation of the infinite-network theory, for the tables of this folder.

The method shares nothing with the library or with the slow reference.  Two correlated fields are
turned into half their sum and half their difference,

    beta h = a + d,  beta h' = a - d,   sd(a) = s sqrt((1 + c)/2),  sd(d) = s sqrt((1 - c)/2),

which are independent, and

    1 - tanh(a + d) tanh(a - d) = coth(2d) [tanh(a + d) - tanh(a - d)] = 2 cosh 2d / (cosh 2a + cosh 2d)

leaves 1 - F(c) as two nested integrals of positive smooth functions: no digit of 1 - F is lost however
small it is.  Equal-step rules converge exponentially here: tanh has its poles at +-i pi/2, so a step h
leaves exp(-pi^2/h).  When the noise is much wider than tanh, tanh'(v) itself becomes the weight of a
Gauss rule (its orthogonal polynomials have the recurrence n^4 pi^2 / (4 (4 n^2 - 1))).

All lengths are in units of 1/beta (in units of fields at zero temperature).
"""
from functools import lru_cache
from operator import mul

from mpmath import mp, mpf


@lru_cache(maxsize=None)
def gauss_legendre(n, dps):
    """Nodes and weights on [-1, 1]."""
    with mp.workdps(dps + 10):
        rule = []
        for i in range(n):
            x = mp.cos(mp.pi * (i + mpf(3) / 4) / (n + mpf(1) / 2))
            for _ in range(60):
                p0, p1 = mpf(1), x
                for k in range(2, n + 1):
                    p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k
                slope = n * (x * p1 - p0) / (x * x - 1)
                step = p1 / slope
                x -= step
                if abs(step) < mpf(10) ** (-dps - 5):
                    break
            rule.append((x, 2 / ((1 - x * x) * slope * slope)))
        return tuple(rule)


@lru_cache(maxsize=None)
def gauss_logistic(n, dps):
    """Nodes and weights for the density sech^2(v)/2."""
    with mp.workdps(dps + 10):
        matrix = mp.zeros(n)
        for i in range(1, n):
            matrix[i, i - 1] = matrix[i - 1, i] = mp.pi * i * i / (2 * mp.sqrt(4 * i * i - 1))
        values, vectors = mp.eigsy(matrix)
        return tuple((values[i], vectors[0, i] ** 2) for i in range(n))


def log1p(x):
    return mp.log1p(x)


def entropy_of(a):
    """ln 2cosh a - a tanh a, without cancellation."""
    a = abs(a)
    return log1p(mp.exp(-2 * a)) + 2 * a / (1 + mp.exp(2 * a))


class Field:
    """Law of beta h = mean + uniform(-eta, eta) + normal(0, s^2); `digits` wanted in every average."""

    def __init__(self, mean, eta, sd, digits=24):
        self.mean, self.eta, self.sd, self.digits = mpf(mean), mpf(eta), mpf(sd), digits
        # merging the two laws and differences over the width eta both cancel digits
        extra = 16
        if self.eta > 0 and self.sd > 0:
            extra += max(0, int(mp.log10(self.sd / self.eta)) + 2)
        if self.sd > 0:
            extra += int(2 * mp.log10(2 + abs(self.mean) / self.sd))
        self.dps = digits + extra
        self.step = mp.pi ** 2 / (digits * mp.log(10))
        self.reach = mp.sqrt(2 * digits * mp.log(10)) + 1
        self.kind = "narrow" if self.sd < mpf("0.3") else "lattice" if self.sd < 8 else "wide"
        self._tanh = {}

    # --- the law itself -------------------------------------------------------------------------
    def density(self, x, sd):
        x = x - self.mean
        if not self.eta:
            return mp.exp(-x * x / (2 * sd * sd)) / (sd * mp.sqrt(2 * mp.pi))
        x, root = abs(x), sd * mp.sqrt(2)
        return (mp.erfc((x - self.eta) / root) - mp.erfc((x + self.eta) / root)) / (4 * self.eta)

    def below(self, x, sd):
        """Probability of a value below x, relative accuracy in the lower tail."""
        x, root = x - self.mean, sd * mp.sqrt(2)
        if not self.eta:
            return mp.erfc(-x / root) / 2

        def integral(y):
            return y * mp.erfc(-y / root) / 2 + sd * mp.exp(-(y / root) ** 2) / mp.sqrt(2 * mp.pi)

        return (integral(x + self.eta) - integral(x - self.eta)) / (2 * self.eta)

    # --- nodes ----------------------------------------------------------------------------------
    def narrow_nodes(self, sd):
        """(a, weight): Gauss-Legendre panels in the uniform part, equal steps in the normal part."""
        fields = [(mpf(0), mpf(1))]
        if self.eta:
            panels = int(mp.ceil(2 * self.eta))
            order = 8 + self.digits // 2
            half = self.eta / panels
            fields = [(-self.eta + half * (2 * k + 1) + half * x, w / (2 * panels))
                      for k in range(panels) for x, w in gauss_legendre(order, self.dps)]
        noise = [(mpf(0), mpf(1))]
        if sd:
            # a tilt exp(+-2a) moves the centre by 2 sd^2, which `reach` covers for sd < 0.3
            h = mp.pi * mp.sqrt(2 / (self.digits * mp.log(10)))
            n = int(self.reach / h) + 2
            noise = [(sd * h * i, h * mp.exp(-(h * i) ** 2 / 2) / mp.sqrt(2 * mp.pi))
                     for i in range(-n, n + 1)]
        return [(self.mean + f + z, v * w) for f, v in fields for z, w in noise]

    def lattice_step(self):
        # the smaller sd/sqrt(2) of the two rotated fields must be resolved as well
        return min(self.step, self.sd * mp.pi / mp.sqrt(self.digits * mp.log(10)))

    def lattice_bounds(self):
        h = self.lattice_step()
        low = min(mpf(0), self.mean - self.eta) - self.reach * self.sd
        high = max(mpf(0), self.mean + self.eta) + self.reach * self.sd
        return int(mp.floor(low / h)), int(mp.ceil(high / h))

    def nodes(self, sd):
        if self.kind == "narrow":
            return self.narrow_nodes(sd)
        h = self.lattice_step()
        low, high = self.lattice_bounds()
        return [(i * h, h * self.density(i * h, sd)) for i in range(low, high + 1)]

    def logistic_rule(self, sd):
        """Gauss rule for sech^2/2 against functions smooth on the scale sd (>= 5)."""
        n = 4
        while n < 40:
            error = 2 * n * mp.log(mp.pi / (4 * sd)) + 2 * mp.loggamma(n + 1) - mp.loggamma(2 * n + 1) / 2
            if error < -(self.digits + 2) * mp.log(10):
                break
            n += 2
        return gauss_logistic(n, self.dps)

    # --- averages -------------------------------------------------------------------------------
    def averages(self):
        """(1 - E tanh, E sech^2, E[ln 2cosh - x tanh]), each with relative accuracy."""
        with mp.workdps(self.dps):
            if self.kind != "wide":
                defect = k = entropy = mpf(0)
                for a, w in self.nodes(self.sd):
                    t = mp.exp(-2 * abs(a))
                    defect += w * 2 * (t if a > 0 else 1) / (1 + t)
                    k += w * 4 * t / (1 + t) ** 2
                    entropy += w * entropy_of(a)
                return defect, k, entropy
            rule = self.logistic_rule(self.sd)
            defect = 2 * sum(w * self.below(v, self.sd) for v, w in rule)
            k = 2 * sum(w * self.density(v, self.sd) for v, w in rule)
            entropy = 2 * sum(w * v * (self.below(v, self.sd) - self.below(-v, self.sd))
                              for v, w in rule if v > 0)
            return defect, k, entropy

    def one_minus_F(self, gap):
        """1 - F(1 - gap), relative accuracy, 0 <= gap <= 1."""
        with mp.workdps(self.dps):
            gap = mpf(gap)
            if not gap or not self.sd:
                return self.averages()[1]  # the two fields are the same: 1 - tanh^2
            sum_sd, half_sd = self.sd * mp.sqrt(1 - gap / 2), self.sd * mp.sqrt(gap / 2)
            if self.kind == "lattice" and half_sd >= mpf("0.3"):
                return self._lattice(sum_sd, half_sd)
            if self.kind == "wide":
                return self._wide(sum_sd, half_sd)
            total = mpf(0)
            doubled = [(mp.cosh(2 * a), w) for a, w in self.nodes(sum_sd)]
            for d, v in self._half_line(half_sd):
                e = mp.cosh(2 * d)
                total += v * 2 * e * sum(w / (c + e) for c, w in doubled)
            return total

    def _half_line(self, sd):
        """Equal-step nodes d >= 0 of normal(0, sd^2), sd small, folded."""
        h = mp.pi * mp.sqrt(2 / (self.digits * mp.log(10)))
        if sd > mpf("0.05"):
            h = min(h, self.step / sd)
        n = int((self.reach + 2 * sd) / h) + 1
        return [(sd * h * i, (2 if i else 1) * h * mp.exp(-(h * i) ** 2 / 2) / mp.sqrt(2 * mp.pi))
                for i in range(n + 1)]

    def _lattice(self, sum_sd, half_sd):
        h = min(self.lattice_step(), half_sd * mp.pi * mp.sqrt(2 / (self.digits * mp.log(10))))
        low, high = int(mp.floor(self.lattice_bounds()[0] * self.lattice_step() / h)), \
            int(mp.ceil(self.lattice_bounds()[1] * self.lattice_step() / h))
        n = int((self.reach * half_sd + 2 * half_sd ** 2) / h) + 1
        scale = self.averages()[1]
        bits = int((self.digits + 8) * 3.33 - min(0, mp.log(scale, 2))) + 40
        with mp.workprec(bits + 30):
            one = mpf(2) ** bits
            width = max(-low, high) + n + 1
            key = (h, bits)
            table = self._tanh.get(key, [0])
            for i in range(len(table), width + 1):
                table.append(int(mp.tanh(i * h) * one))
            self._tanh[key] = table
            tanh = [-t for t in table[width:0:-1]] + table[:width + 1]
            weight = [int(h * self.density(i * h, sum_sd) * one) for i in range(low, high + 1)]
            size = len(weight)
            k = sum(w * (one * one - mpf(t) ** 2) for w, t in
                    zip(weight, tanh[width + low:width + low + size])) / one ** 3
            total = h / (half_sd * mp.sqrt(2 * mp.pi)) * k
            for j in range(1, n + 1):
                plus, minus = width + low + j, width + low - j
                difference = sum(map(mul, weight, tanh[plus:plus + size])) - \
                    sum(map(mul, weight, tanh[minus:minus + size]))
                d = j * h
                total += 2 * h * mp.exp(-(d / half_sd) ** 2 / 2) / (half_sd * mp.sqrt(2 * mp.pi)) * \
                    mp.coth(2 * d) * (mpf(difference) / (one * one))
        return total

    def _wide(self, sum_sd, half_sd):
        if half_sd < 1:
            nodes = self._half_line(half_sd)
        else:
            nodes = [(x, w * 2 * mp.exp(-(x / half_sd) ** 2 / 2) / (half_sd * mp.sqrt(2 * mp.pi)))
                     for x, w in self._panels(half_sd)]
        lost = int(mp.log10(2 + sum_sd / half_sd)) + 4
        rule = self.logistic_rule(sum_sd)
        total = mpf(0)
        with mp.workdps(self.dps + lost):
            for d, v in nodes:
                if not d:
                    total += v * 2 * sum(w * self.density(x, sum_sd) for x, w in rule)
                    continue
                if not self.mean:
                    rise = 4 * sum(w * (self.below(x + d, sum_sd) - self.below(x - d, sum_sd))
                                   for x, w in rule if x > 0)
                else:
                    rise = 2 * sum(w * (self.below(x + d, sum_sd) - self.below(x - d, sum_sd))
                                   for x, w in rule)
                total += v * mp.coth(2 * d) * rise
        return total

    def _panels(self, sd):
        """Gauss-Legendre nodes on (0, reach sd), graded towards the poles of coth at +-i pi/2."""
        end = self.reach * sd
        cuts = [mpf(c) for c in (0, 1, 2, 4, 8, 16) if c < mpf("0.8") * end]
        first = cuts[-1]
        pieces = int(mp.ceil((end - first) / (mpf("1.6") * sd)))
        cuts += [first + (end - first) * (i + 1) / pieces for i in range(pieces)]
        order = max(12, int(self.digits * 0.72))
        return [((b + a) / 2 + (b - a) / 2 * x, (b - a) / 2 * w)
                for a, b in zip(cuts, cuts[1:]) for x, w in gauss_legendre(order, self.dps)]


class ColdField(Field):
    """The same at zero temperature: tanh becomes sign, lengths are in units of fields."""

    def __init__(self, mean, eta, sd, digits=24):
        super().__init__(mean, eta, sd, digits)
        self.kind = "cold"
        if self.eta > 0:
            self.dps += 10

    def averages(self):
        """(1 - E sign, 2 p(0), 0): k stands for lim beta E sech^2."""
        with mp.workdps(self.dps):
            return 2 * self.below(mpf(0), self.sd), 2 * self.density(mpf(0), self.sd), mpf(0)

    def one_minus_F(self, gap):
        with mp.workdps(self.dps):
            gap = mpf(gap)
            if not gap:
                return mpf(0)
            sum_sd, half_sd = self.sd * mp.sqrt(1 - gap / 2), self.sd * mp.sqrt(gap / 2)
            lost = int(mp.log10(2 + sum_sd / half_sd)) + 4
            order, pieces = max(12, int(self.digits * 0.72)), 8
            cuts = [self.reach * half_sd * i / pieces for i in range(pieces + 1)]
            total = mpf(0)
            with mp.workdps(self.dps + lost):
                for a, b in zip(cuts, cuts[1:]):
                    for x, w in gauss_legendre(order, self.dps):
                        d = (b + a) / 2 + (b - a) / 2 * x
                        total += (b - a) / 2 * w * mp.exp(-(d / half_sd) ** 2 / 2) * \
                            (self.below(d, sum_sd) - self.below(-d, sum_sd))
            return 4 / (half_sd * mp.sqrt(2 * mp.pi)) * total
