# SPDX-License-Identifier: BSD-3-Clause
"""One small network [model], all of its 2^N states one by one: what simulations are checked against.

A network is H [N], J [N,N] (row = target) and beta. States are rows of +-1; state number a has bit i set
where spin i is +1."""
import numpy as np


def all_states(N):
    """[2^N,N] every state, in the order of their numbers."""
    return 2.0 * (np.arange(2 ** N)[:, None] >> np.arange(N) & 1) - 1


def fields(s, H, J):
    """h_i = H_i + sum_j J_ij s_j for each row of s [...,N]."""
    return H + s @ J.T


def log_two_cosh(x):
    return np.abs(x) + np.log1p(np.exp(-2.0 * np.abs(x)))


def flip_rates(s, H, J, beta):
    """w_i(s) = (1 - s_i tanh(beta h_i))/2, the chance that an update of spin i flips it [...,N]."""
    return 0.5 * (1.0 - s * np.tanh(beta * fields(s, H, J)))


def transition_matrix(H, J, beta):
    """[2^N,2^N] T_ab = P(b given a) = prod_i exp(beta b_i h_i(a)) / (2 cosh(beta h_i(a)))."""
    s = all_states(len(H))
    x = beta * fields(s, H, J)
    return np.exp(x @ s.T - log_two_cosh(x).sum(axis=1)[:, None])


def generator(H, J, beta):
    """[2^N,2^N] of the asynchronous dynamics, each spin being updated at rate 1: for a != b the rate of
    a -> b, which is w_i(a) where b differs from a in spin i alone; rows have the sum 0."""
    N = len(H)
    w = flip_rates(all_states(N), H, J, beta)
    G = np.zeros((2 ** N, 2 ** N))
    a = np.arange(2 ** N)
    for i in range(N):
        G[a, a ^ (1 << i)] = w[:, i]
    return G - np.diag(w.sum(axis=1))


def stationary(G):
    """p with p G = 0, normalised; for a transition matrix give T - 1."""
    A = np.vstack([G.T, np.ones(len(G))])
    return np.linalg.lstsq(A, np.append(np.zeros(len(G)), 1.0), rcond=None)[0]


def synchronous_entropy_production(H, J, beta):
    """(1/N) sum_ab p_a T_ab ln(p_a T_ab / p_b T_ba) in the steady state, per spin and step."""
    T = transition_matrix(H, J, beta)
    p = stationary(T - np.eye(len(T)))
    flow = p[:, None] * T
    return (flow * np.log(flow / flow.T)).sum() / len(H)


def asynchronous_entropy_production(H, J, beta):
    """(1/N) sum_{a != b} p_a G_ab ln(p_a G_ab / p_b G_ba) in the steady state, per spin and unit time.
    A spin that flips changes its own field when J_ii != 0: here nothing need be said about that."""
    G = generator(H, J, beta)
    flow = stationary(G)[:, None] * G
    forth, back = flow[G > 0], flow.T[G > 0]
    return (forth * np.log(forth / back)).sum() / len(H)


def eliminate(T):
    """Stationary law of a transition matrix or generator by elimination of one state after the other, without a
    subtraction (Grassmann, Taksar, Heyman 1985): exact for each state, however small the gap. [exact]"""
    P = np.array(T, dtype=float)
    n = len(P)
    for k in range(n - 1, 0, -1):
        P[:k, k] /= P[k, :k].sum()
        P[:k, :k] += np.outer(P[:k, k], P[k, :k])
    p = np.ones(n)
    for k in range(1, n):
        p[k] = p[:k] @ P[:k, k]
    return p / p.sum()


def chain(H, J, beta, dynamics):
    """[2^N,2^N] the transition matrix, or 1 + G/N."""
    if dynamics == "sync":
        return transition_matrix(H, J, beta)
    return np.eye(2 ** len(H)) + generator(H, J, beta) / len(H)


def moments(p, H, J, beta, dynamics):
    """m, C, D, S, entropy and activity of a law, per spin, and the raw moments c and d. D and d are those of the
    step that follows, asynchronously of tanh(beta h_i). [exact]"""
    N = len(H)
    s = all_states(N)
    x = beta * fields(s, H, J)
    t = np.tanh(x)
    m, c, d = p @ s, s.T @ (p[:, None] * s), t.T @ (p[:, None] * s)
    some = p > 0
    return {"m": m, "c": c, "d": d, "C": c - np.outer(m, m), "D": d - np.outer(p @ t, m),
            "S": p @ (log_two_cosh(x) - x * t).sum(axis=1) / N,
            "entropy": -(p[some] * np.log(p[some])).sum() / N,
            "activity": p @ flip_rates(s, H, J, beta).sum(axis=1) / N}


def spectrum(H, J, beta, dynamics):
    """Gap and relaxation time: of the largest modulus but one of the transition matrix, or of the real part
    nearest to 0 but 0 of the generator. [exact]"""
    if dynamics == "sync":
        modulus = np.sort(np.abs(np.linalg.eigvals(transition_matrix(H, J, beta))))[-2]
        return 1.0 - modulus, -1.0 / np.log(modulus)
    gap = np.sort(-np.linalg.eigvals(generator(H, J, beta)).real)[1]
    return gap, 1.0 / gap


def autocorrelation(p, H, J, beta, steps):
    """Raw synchronous C(tau), tau = 0 .. steps, of the stationary law. [exact]"""
    s, T = all_states(len(H)), transition_matrix(H, J, beta)
    C, later = [], s
    for _ in range(steps + 1):
        C.append((p @ (s * later)).mean())
        later = T @ later
    return np.array(C)


def fluctuations(p, H, J, beta, dynamics):
    """Stochastic entropy production Sigma_ab = ln(p_a T_ab / p_b T_ba) of each transition and its probability,
    [2^N,2^N] each; asynchronously of each flip, with G for T. [exact]"""
    T = transition_matrix(H, J, beta) if dynamics == "sync" else generator(H, J, beta)
    flow = p[:, None] * np.where(T > 0, T, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.where(flow > 0, np.log(flow / flow.T), 0.0)
    return sigma, flow / flow.sum()
