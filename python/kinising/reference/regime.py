# SPDX-License-Identifier: BSD-3-Clause
"""Which regime a recording is in, by the plainest means.

Rasters are +-1 of shape (time, unit) or (trial, time, unit); theta is (N, N + 1), fields first; beta is 1.
"""
import numpy as np

from .inference import log_likelihood, transitions


def index(mu, b, H):
    """[regime] g = mu <sech^2(b z + H)>, the slope of m at m = 0: mean over z and the fields."""
    z = np.linspace(-9, 9, 20001)
    weight = np.exp(-z**2 / 2) / np.exp(-z**2 / 2).sum()
    return mu * np.mean([weight @ np.cosh(b * z + h)**-2 for h in np.atleast_1d(H)])


def couplings(J):
    """[regime] (mu, b) of a network: N mean and sqrt(N Var) of J_ij, i != j."""
    N = len(J)
    others = J[~np.eye(N, dtype=bool)]
    return N * others.mean(), np.sqrt(N * others.var(ddof=1))


def rule(g, r, ratio, critical=0.9, ordered=1.1, deterministic=0.5, weak=0.8):
    """[regime] the regime of g, r = S/S_ind and ratio = sigma/S."""
    if g > ordered:
        return "ordered"
    if g >= critical:
        return "near-critical"
    if r > weak:
        return "weak"
    if r >= deterministic:
        return "moderate disordered"
    return "quasi-deterministic disordered" if ratio > 1 else "deterministic reversible"


def independent_entropy(raster):
    """S_ind: entropy of independent units of the same rates, nats per bin of all of them."""
    p = (1 + transitions(raster)[1].mean(0)) / 2
    return -(p * np.log(p) + (1 - p) * np.log(1 - p)).sum()


def two_before(raster):
    """States before transitions, those one bin earlier, and which transitions have them."""
    raster = np.asarray(raster, dtype=float)
    raster = raster[None] if raster.ndim == 2 else raster
    earlier = np.concatenate([np.zeros_like(raster[:, :1]), raster[:, :-2]], axis=1)
    there = np.ones(earlier.shape[:2], dtype=bool)
    there[:, 0] = False
    return earlier.reshape(-1, raster.shape[2]), there.ravel()


def without_waves(score, variance, cosines):
    """Sum of score^2/variance over parts less that of the best combination of slow cosines, and its dof."""
    kept = variance >= 5
    k = (np.arange(len(score)) + 0.5) / len(score)
    waves = np.cos(np.pi * np.outer(k, np.arange(1, cosines + 1)))[kept]
    score, variance = score[kept], variance[kept]
    if len(score) <= 2 * cosines:
        return 0.0, 0
    taken = waves.T @ score
    gone = taken @ np.linalg.solve((waves.T * variance) @ waves, taken) if cosines else 0
    return (score**2 / variance).sum() - gone, len(score) - cosines


def history(raster, cosines, bins=20, least=5):
    """Mean activity of the up to 20 bins before that of a transition, less its regression on x and slow cosines."""
    raster = np.asarray(raster, dtype=float)
    raster = raster[None] if raster.ndim == 2 else raster
    trials, length, units = raster.shape
    past = np.zeros((trials, length - 1))
    for t in range(least, length - 1):
        past[:, t] = raster[:, max(0, t - bins):t].mean((1, 2))
    bin_of = np.arange(trials)[:, None] * length + np.arange(length - 1)
    waves = np.cos(np.pi * np.multiply.outer((bin_of + 0.5) / (trials * length), np.arange(1, cosines + 1)))
    there = np.broadcast_to(np.arange(length - 1) >= least, past.shape)
    x = np.concatenate([np.ones((trials, length - 1, 1)), raster[:, :-1], waves], axis=2)[there]
    z = past[there]
    z = z - x @ np.linalg.lstsq(x, z, rcond=None)[0]
    full = np.zeros(past.shape)
    full[there] = z
    return full.ravel()


def misfit(raster, theta, cosines=10, batches=50):
    """[misfit] {test: (z, fraction, dof)} of the network theta, fitted with ridge 0.3; drift that so many cosines
    (20 at most) can take is none."""
    s, y = transitions(raster)
    x = np.hstack([np.ones((len(s), 1)), s])
    th = np.tanh(x @ theta.T)
    eps, w = y - th, 1 - th**2
    earlier, there = two_before(raster)
    past, now = earlier[there], x[there]
    z = past - now @ np.linalg.solve(now.T @ now, now.T @ past)
    pairs = np.tril_indices(s.shape[1], -1)
    parts = np.array_split(np.arange(len(s)), batches)
    cells = {
        "lag-2": (eps[there].T @ z, w[there].T @ z**2),
        "same-bin": ((eps.T @ eps)[pairs], (w.T @ w)[pairs]),
        "drift": (np.array([eps[p].sum(0) for p in parts]), np.array([w[p].sum(0) for p in parts])),
    }
    gain = log_likelihood(theta, s, y).sum() + len(s) * independent_entropy(raster)
    out = {}
    for name, (score, variance) in cells.items():
        if name == "drift":
            of_units = [without_waves(a, b, min(cosines, 20)) for a, b in zip(score.T, variance.T)]
        else:
            of_units = [without_waves(score.ravel(), variance.ravel(), 0)]
        dof = sum(n for _, n in of_units)
        excess = sum(x for x, _ in of_units) - dof
        out[name] = excess / np.sqrt(2 * dof), excess / 2 / gain, dof
    slow = history(raster, min(cosines, 20))
    z = eps.sum(1) @ slow / np.sqrt(w.sum(1) @ slow**2)
    out["history"] = z, (z**2 - 1) / 2 / gain, 1
    return out


def shares(L, a, b):
    """[shares] parts of L(b) - L(a), L = ln sigma(g, b), by g and by b: averages over the order of the steps."""
    (g, h), (u, v) = (a[0], b[0]), (a[1], b[1])
    return ((L(h, u) - L(g, u) + L(h, v) - L(g, v)) / 2, (L(g, v) - L(g, u) + L(h, v) - L(h, u)) / 2)
