# SPDX-License-Identifier: BSD-3-Clause
"""Entropy production of recordings, by the plainest means: nats per step of the whole network.

Rasters are +-1 of shape (time, unit) or (trial, time, unit); theta is (N, N + 1), fields first.
"""
import numpy as np

from .inference import firth, log_likelihood, maximum_likelihood, row_information, transitions


def entropy_production(raster, theta, likelihood=False):
    """[sigma-data] plug-in, biases (instantaneous, leads 1..5, Cox and Snell) and error of the network theta."""
    s, y = transitions(raster)
    count, units = s.shape
    trial = np.repeat(np.arange(count // (np.shape(raster)[-2] - 1)), np.shape(raster)[-2] - 1)
    x = np.hstack([np.ones((count, 1)), s])
    th, J, d = np.tanh(x @ theta.T), theta[:, 1:], y.T @ s / count
    current, eps = d - d.T, y - th
    psi, leads, cox_snell = (y * (s @ (J - J.T).T)).sum(1), np.zeros(5), 0.0
    for i in range(units):
        inverse = np.linalg.inv(row_information(theta[i], x))
        response = (x @ inverse)[:, 1:] * eps[:, i:i + 1]
        psi += count * response @ current[i]
        for lead in range(1, 6):
            later = y[lead:, i:i + 1] * s[lead:] - y[lead:] * s[lead:, i:i + 1]
            leads[lead - 1] += (response[:-lead] * later)[trial[lead:] == trial[:-lead]].sum() / count
        leverage = np.einsum("ta,ab,tb->t", x, inverse, x)
        c = inverse @ (x.T @ (th[:, i] * (1 - th[:, i]**2) * leverage))
        cox_snell += c[1:] @ current[i] if likelihood else 0.0
    batches = np.array([part.mean() for part in np.array_split(psi, 50)])
    v, second = batches.var(ddof=1) / 50, 4 * units * (units - 1) / count**2
    biases = np.array([units * (units - 1) / count, *leads, cox_snell])
    return (J * current).sum(), biases, np.sqrt(max(v - second, second))


def pair_errors(raster, theta, batches=50):
    """[sigma-data] errors of the shares A dD of pairs, A = J_ij - J_ji: both numbers have noise, of covariance 2/T."""
    s, y = transitions(raster)
    count = len(s)
    x = np.hstack([np.ones((count, 1)), s])
    A, d = theta[:, 1:] - theta[:, 1:].T, y.T @ s / count
    variance = np.array([np.diag(np.linalg.inv(row_information(row, x)))[1:] for row in theta])
    v = variance + variance.T
    parts = [(b.T @ a - a.T @ b) / len(a) for a, b in zip(np.array_split(s, batches), np.array_split(y, batches))]
    w = np.var(parts, axis=0, ddof=1) / batches
    first = (d - d.T)**2 * v + A**2 * w + 4 * A * (d - d.T) / count
    return np.sqrt(np.maximum(first, 0) + v * w + 4 / count**2)


def flips(raster, theta, blocks=60):
    """[flips] G_kl = sum_i K^k_i . F_i^-1 K^l_i: its sum is held against s.G s of random signs."""
    s, y = transitions(raster)
    x = np.hstack([np.ones((len(s), 1)), s])
    edges = np.floor(np.linspace(0, len(s), blocks + 1)).astype(int)
    K = np.array([y[a:b].T @ s[a:b] - s[a:b].T @ y[a:b] for a, b in zip(edges[:-1], edges[1:])])
    return sum(K[:, i] @ np.linalg.inv(row_information(row, x))[1:, 1:] @ K[:, i].T for i, row in enumerate(theta))


def currents(raster):
    """y_i s_j - y_j s_i of the pairs i < j, (T, pairs)."""
    s, y = transitions(raster)
    i, j = np.triu_indices(s.shape[1], 1)
    return y[:, i] * s[:, j] - y[:, j] * s[:, i]


def mtur(raster, batches=50):
    """[mtur] ln(1 + 2 c.K^-1 c), its error and bias."""
    c = currents(raster)
    count, pairs = c.shape
    mean, K = c.mean(0), np.cov(c.T)
    q = mean @ np.linalg.solve(K, mean)
    w, f = (c - mean) @ np.linalg.solve(K, mean), 2 / (1 + 2 * q)
    psi = np.array([part.mean() for part in np.array_split(f * (2 * w - w**2 + q), batches)])
    parts = np.array([part.mean(0) - mean for part in np.array_split(c, batches)])
    e = np.einsum("bp,bp->", parts, np.linalg.solve(K, parts.T).T) / (batches * (batches - 1))
    v, second = psi.var(ddof=1) / batches, 2 * f**2 * e**2 / pairs
    return np.log1p(2 * q), np.sqrt(max(v - second, second)), f * (e + q * (pairs + 1) / count) - v / 2


def _objective(x, u, unseen=0.0):
    """<v> - ln <exp(-v)>, v = u x: value, slope, curvature and effective number of terms. With `unseen` that share of all terms
    is taken to have the other sign, without having been seen."""
    v = u @ x
    with np.errstate(divide="ignore"):
        down, up = np.log1p(-unseen) - v, np.log(unseen) + v
    most = max(down.max(), up.max())
    down, up = np.exp(down - most), np.exp(up - most)
    w = down + up
    tilted = (down - up) @ u / w.sum()
    curvature = (u * w[:, None]).T @ u / w.sum() - np.outer(tilted, tilted)
    return v.mean() - most - np.log(w.mean()), u.mean(0) + tilted, curvature, w.sum()**2 / (w @ w)


def _climb(u, everywhere):
    """Newton's steps to the maximum, halved where they would leave fewer than 30 effective terms, or |v| above 4 ln n anywhere."""
    x = np.zeros(2)
    for _ in range(100):
        value, slope, curvature, _ = _objective(x, u, 1 / len(u))
        step = np.linalg.solve(curvature, slope)
        share, gain = 1.0, step @ slope
        while share > 1e-6:
            other, _, _, effective = _objective(x + share * step, u, 1 / len(u))
            largest = abs(everywhere @ (x + share * step)).max()
            if effective >= 30 and largest <= 4 * np.log(len(u)) and other > value + 1e-4 * share * gain:
                break
            share /= 2
        if gain <= 1e-13 or share <= 1e-6:
            break
        x = x + share * step
    return x


def maxent(raster, batches=50):
    """[maxent] a.<c> - ln <exp(-a.c)>: directions, couplings and value of a third of 30 blocks each, in turn; error, bias."""
    s, y = transitions(raster)
    c, count, units = currents(raster), len(s), s.shape[1]
    edges = np.arange(31) * count // 30
    third = np.repeat(np.arange(30) % 3, np.diff(edges))
    sigma = bias = 0.0
    psi = np.zeros(count)
    for turn in range(3):
        a, b, last = ((third == (turn + k) % 3) for k in range(3))
        J = firth(np.stack([s[a], y[a]], axis=1))[0][:, 1:]
        mean = c[a].mean(0)
        rest = search = 2 * mean
        gradient = np.zeros(len(mean))
        for _ in range(4):  # conjugate gradients
            image = (c[a] @ search) @ c[a] / a.sum() - mean * (mean @ search)
            step = rest @ rest / (search @ image)
            gradient, after = gradient + step * search, rest - step * image
            rest, search = after, after + after @ after / (rest @ rest) * search
        u = c @ np.array([(J - J.T)[np.triu_indices(units, 1)], gradient]).T
        x = _climb(u[b], u)
        v = u[last] @ x
        e = np.exp(-v) / np.exp(-v).mean() - 1
        psi[last] = v - v.mean() - e
        sigma += last.mean() * min(_objective(x, u[last])[0], np.log(last.sum()))
        bias += last.mean() * e.var() / (2 * last.sum())
    parts = np.array([part.mean() for part in np.array_split(psi, batches)])
    return sigma, np.sqrt(parts.var(ddof=1) / batches), bias


def likeliest_symmetric(raster):
    """theta (N, N + 1) of the likeliest network with J = J^T, by Newton's method on all its parameters together."""
    s, y = transitions(raster)
    units = s.shape[1]
    x = np.hstack([np.ones((len(s), 1)), s])
    number = np.zeros((units, units + 1), dtype=int)  # of the parameter that an element is
    number[:, 0] = range(units)
    i, j = np.triu_indices(units)
    number[i, j + 1] = number[j, i + 1] = units + np.arange(len(i))
    theta = np.zeros(units + len(i))
    for _ in range(100):
        slope, curvature = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for row, own in zip(y.T, number):
            np.add.at(slope, own, x.T @ (row - np.tanh(x @ theta[own])))
            curvature[np.ix_(own, own)] += row_information(theta[own], x)
        step = np.linalg.solve(curvature, slope)
        theta += step
        if abs(step).max() < 1e-11:
            break
    return theta[number]


def symmetric_ratio(raster):
    """[symmetric] twice the log-likelihood ratio of the likeliest network and the likeliest one with J = J^T."""
    s, y = transitions(raster)
    return 2 * (log_likelihood(maximum_likelihood(raster)[0], s, y) - log_likelihood(likeliest_symmetric(raster), s, y)).sum()


def shifted(raster, rng):
    """[surrogates] each unit rotated in time by a number of its own in each trial: no coupling is left."""
    out = np.array(raster)
    for trial in out.reshape(-1, *out.shape[-2:]):
        for i in range(trial.shape[1]):
            trial[:, i] = np.roll(trial[:, i], rng.integers(len(trial)))
    return out


def shuffled(raster, rng):
    """[surrogates] the trials of each unit in an order of their own: what all trials have in common is left."""
    out = np.array(raster)
    for i in range(out.shape[2]):
        out[:, :, i] = out[rng.permutation(len(out)), :, i]
    return out


def symmetric_course(raster, rng):
    """[surrogates] a course of the likeliest network with J = J^T from the first states of the trials: reversible."""
    theta, out = likeliest_symmetric(raster), np.array(raster)
    for trial in out.reshape(-1, *out.shape[-2:]):
        for t in range(1, len(trial)):
            h = theta[:, 0] + theta[:, 1:] @ trial[t - 1]
            trial[t] = np.where(rng.random(len(h)) < 1 / (1 + np.exp(-2 * h)), 1, -1)
    return out
