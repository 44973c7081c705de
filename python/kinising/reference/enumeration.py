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
