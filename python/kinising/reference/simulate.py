# SPDX-License-Identifier: BSD-3-Clause
"""Simulation of finite networks [model], and the estimators that the library uses.

Runs advance many independent copies at once, the rows of s [R,N]. `rng` is a numpy.random.Generator."""
import numpy as np

from .enumeration import fields, flip_rates, log_two_cosh


def draw_network(N, J0, dJ, dH, rng, zero_diagonal=False):
    """H [N], J [N,N] of the ensemble [model]."""
    H, J = rng.uniform(-dH, dH, N), rng.normal(J0 / N, dJ / np.sqrt(N), (N, N))
    if zero_diagonal:
        np.fill_diagonal(J, 0.0)
    return H, J


def synchronous_step(s, H, J, beta, rng):
    """All spins drawn anew: P(s_i' = 1) = (1 + tanh(beta h_i))/2."""
    up = 0.5 * (1.0 + np.tanh(beta * fields(s, H, J)))
    return np.where(rng.random(s.shape) < up, 1.0, -1.0)


def asynchronous_unit(s, H, J, beta, rng):
    """One unit of time: N updates of a spin chosen at random."""
    s = s.copy()
    R, N = s.shape
    row = np.arange(R)
    for _ in range(N):
        i = rng.integers(N, size=R)
        h = H[i] + (J[i] * s).sum(axis=1)
        up = 0.5 * (1.0 + np.tanh(beta * h))
        s[row, i] = np.where(rng.random(R) < up, 1.0, -1.0)
    return s


def trajectories(H, J, beta, steps, rng, dynamics="sync", replicas=1, start=None):
    """[steps+1,R,N] states of R copies; all up at first if no start [N] or [R,N] is given."""
    advance = {"sync": synchronous_step, "async": asynchronous_unit}[dynamics]
    s = [np.broadcast_to(1.0 if start is None else start, (replicas, len(H))).copy()]
    for _ in range(steps):
        s.append(advance(s[-1], H, J, beta, rng))
    return np.array(s)


def cross(t, s, J):
    """sum_ij (J_ij - J_ji) t_i s_j for each row."""
    return (t * (s @ J.T)).sum(axis=-1) - (s * (t @ J.T)).sum(axis=-1)


def conditional_entropy(x, t):
    """[S-sync] S = (1/N) sum_i ln 2cosh x_i - x_i tanh x_i, x = beta h."""
    return (log_two_cosh(x) - x * t).mean(axis=-1)


def synchronous_estimates(before, after, H, J, beta):
    """[sigma-t] What a step from s' to s, both [...,N], says, with t_i = tanh(beta h_i), h the field that s' makes,
    in place of s (its mean, given s') wherever that is exact:

    m = <t_i>,  q = <t_i s'_i>,  activity = (1 - q)/2,  S = <ln 2cosh(beta h_i) - beta h_i t_i>,
    Sr = <ln 2cosh(beta h^s_i) - tanh(beta h^t_i) beta (h^s_i - h^t_i) - beta h^t_i s'_i>,  sigma = Sr - S,

    with h^s and h^t the fields of s and t. Sr is the mean of -ln P(s'|s); the product in the middle has the mean 0
    given s', and takes out what ln 2cosh has of the noise of s to first order."""
    x, mean, then = (beta * fields(v, H, J) for v in (before, np.tanh(beta * fields(before, H, J)), after))
    t = np.tanh(x)
    q = (t * before).mean(axis=-1)
    S = conditional_entropy(x, t)
    Sr = (log_two_cosh(then) - np.tanh(mean) * (then - mean) - mean * before).mean(axis=-1)
    return dict(m=t.mean(axis=-1), q=q, S=S, Sr=Sr, sigma=Sr - S, activity=0.5 * (1.0 - q))


def synchronous_steady_sigma(before, H, J, beta):
    """[sigma-net-sync] (beta/N) sum_ij (J_ij - J_ji) t_i s'_j: the mean of sigma in the steady state alone."""
    return beta * cross(np.tanh(beta * fields(before, H, J)), before, J) / len(H)


def self_coupling_part(s, H, J, beta):
    """sum_i f_i ln[cosh(beta h_i) / cosh(beta h_i - 2 beta J_ii s_i)], f_i = (1 - s_i t_i)/2."""
    x = beta * fields(s, H, J)
    changed = x - 2.0 * beta * np.diag(J) * s
    return (flip_rates(s, H, J, beta) * (log_two_cosh(x) - log_two_cosh(changed))).sum(axis=-1)


def asynchronous_estimates(s, earlier, H, J, beta):
    """[sigma-t] From a state s [...,N], the field h it makes, t_i = tanh(beta h_i), and the state s' of
    T/2 earlier:

    m = <s_i>,  q = <s_i s'_i>,  activity = <f_i>,  f_i = (1 - s_i t_i)/2,
    sigma = (1/N) sum_i f_i ln[w_i(s)/w_i(s^i)]
          = (beta/N) sum_i (t_i - s_i)(h_i - J_ii s_i)
            - (1/N) sum_i f_i ln[cosh(beta h_i) / cosh(beta h_i - 2 beta J_ii s_i)]

    with w_i = f_i and s^i = s with spin i turned. (The library adds terms of mean 0, see ki_ensemble_run().)"""
    x = beta * fields(s, H, J)
    t = np.tanh(x)
    S = conditional_entropy(x, t)
    heat = ((t - s) * (x - beta * np.diag(J) * s)).sum(axis=-1)
    sigma = (heat - self_coupling_part(s, H, J, beta)) / len(H)
    return dict(m=s.mean(axis=-1), q=(s * earlier).mean(axis=-1), S=S, Sr=S + sigma, sigma=sigma,
                activity=(0.5 * (1.0 - s * t)).mean(axis=-1))


def asynchronous_steady_sigma(s, H, J, beta):
    """[sigma-net-async] (beta/2N) sum_ij (J_ij - J_ji) t_i s_j and the part of J_ii: the mean of sigma in the steady
    state alone."""
    t = np.tanh(beta * fields(s, H, J))
    return (0.5 * beta * cross(t, s, J) - self_coupling_part(s, H, J, beta)) / len(H)


class FieldsWithoutMatrix:
    """[matrix-free] The fields of a network of the ensemble, without its couplings.

    Rows of J are independent and normal. So, given the states s(0), s(1), ..., what the noise gives spin i,
        g_i(t) = sum_j (J_ij - J0/N) s_j(t-1),
    is normal, independent over i, with covariance dJ^2 K(t, t'), K(t, t') = s(t-1).s(t'-1)/N, between times.
    With K = L L^T (Cholesky), g(t) = dJ sum_k L_tk z_k, where z_k [N] are iid standard normal, one more for
    each state. A state in the span of earlier ones (the same one again, or any after N of them) has the
    pivot L_tt = 0: its fields are known, and no noise is new.

    That is the law of the fields of a coupling matrix with J_ii drawn like the others."""

    def __init__(self, N, dJ, rng):
        self.N, self.dJ, self.rng = N, dJ, rng
        self.states, self.L, self.z = [], [], []

    def row(self, v):
        """Coefficients of the field along v [N] on z_0, z_1, ..., and the square of the rest of v/sqrt N."""
        c = []
        for s, L in zip(self.states, self.L):
            c.append((v @ s / self.N - np.dot(L[:-1], c)) / L[-1])
        return np.array(c), v @ v / self.N - np.dot(c, c)

    def along(self, v):
        """Mean of the noise field along any v [N], given all fields so far."""
        c, _ = self.row(v)
        return self.dJ * sum((a * z for a, z in zip(c, self.z)), np.zeros(self.N))

    def add(self, s):
        """The noise field that the state s makes."""
        c, rest = self.row(s)
        if rest > 1e-10:
            self.states.append(s)
            self.L.append(np.append(c, np.sqrt(rest)))
            self.z.append(self.rng.normal(size=self.N))
        return self.along(s)


def matrix_free(N, beta, J0, dJ, dH, steps, rng):
    """[matrix-free] The synchronous estimates [sigma-t] of step T of one network of the ensemble, from all spins up.

    Sr needs the field along t = tanh(beta h) as well, before that along the state s drawn from it. With
    delta = t - s' it is h + J delta, and J delta is replaced by its mean given all fields so far: the rest has zero
    mean, whatever s' and delta are."""
    H = rng.uniform(-dH, dH, N)
    network = FieldsWithoutMatrix(N, dJ, rng)
    s = np.ones(N)
    for _ in range(steps):
        before = s
        x = beta * (H + J0 * s.mean() + network.add(s))
        t = np.tanh(x)
        s = np.where(rng.random(N) < 0.5 * (1.0 + t), 1.0, -1.0)
    delta = t - before
    mean = x + beta * (J0 * delta.mean() + network.along(delta))
    then = beta * (H + J0 * s.mean() + network.add(s))
    q, S = (t * before).mean(), conditional_entropy(x, t)
    Sr = (log_two_cosh(then) - np.tanh(mean) * (then - mean) - mean * before).mean()
    return dict(m=t.mean(), q=q, S=S, Sr=Sr, sigma=Sr - S, activity=0.5 * (1.0 - q))


def ensemble(N, beta, J0, dJ, dH, steps, realizations, rng, dynamics="sync", zero_diagonal=False):
    """Mean and standard error of each estimate over networks of the ensemble, from all spins up, measured
    as the library does: synchronously on the last step, asynchronously on the last state."""
    values = []
    for _ in range(realizations):
        H, J = draw_network(N, J0, dJ, dH, rng, zero_diagonal)
        s = trajectories(H, J, beta, steps, rng, dynamics)[:, 0]
        if dynamics == "sync":
            values.append(synchronous_estimates(s[-2], s[-1], H, J, beta))
        else:
            lag = max(1, steps // 2)
            values.append(asynchronous_estimates(s[-1], s[-1 - lag], H, J, beta))
    columns = {name: np.array([v[name] for v in values]) for name in values[0]}
    return {name: (x.mean(), x.std(ddof=1) / np.sqrt(realizations)) for name, x in columns.items()}
