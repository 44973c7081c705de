#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The numpy floor of the mean-field methods: the formulas as published, to be timed beside ours.

Each sum of the publication (Aguilera, Moosavi, Shimazaki 2021) is one einsum with its optimizer on, which brings it to
products of matrices; scalar equations are solved by Newton's method on whole arrays until all corrections are below
1e-15, here at most 50 times (the publication has no such limit). The Gaussian integrals of Plefka[t-1] follow the
published rule: 20 equally spaced nodes on [-4, 4], for pairs of spins 20 x 20 of them along the two principal axes, one
pair after another, the nodes made anew for each as there. A leaner one makes them once.

    /usr/bin/python3 floor_meanfield.py METHOD N DJ     prints seconds of a step, of plefka-t1 those of C (plefka-t1-lean)
"""
import sys
import time

import numpy as np

NEWTON_STEPS, NEWTON_TOLERANCE = 50, 1e-15
NODES, RANGE = 20, 4.0
PAIRS = 2000  # of 130 816 at N = 512; the time is scaled


def einsum(subscripts, *operands):
    return np.einsum(subscripts, *operands, optimize=True)


def solve(g, V):
    """theta + V tanh(theta) = g, element by element."""
    theta = np.array(np.broadcast_to(g, np.broadcast_shapes(np.shape(g), np.shape(V))))
    for _ in range(NEWTON_STEPS):
        t = np.tanh(theta)
        change = (theta + V * t - g) / (1 + V * (1 - t * t))
        theta -= change
        if np.max(np.abs(change)) < NEWTON_TOLERANCE:
            break
    return theta


def with_diagonal(C, m):
    np.fill_diagonal(C, 1 - m * m)
    return C


def plefka_t1t(H, J, m_before, C_before=None, D_before=None):
    """TAP."""
    a_before = 1 - m_before ** 2
    g = H + J @ m_before
    V = einsum("ij,j->i", J ** 2, a_before)
    m = np.tanh(solve(g, V))
    a = 1 - m * m
    C = einsum("i,k,ij,kj,j->ik", a, a, J, J, a_before)
    D = einsum("i,il,l->il", a, J, a_before) * (1 + 2 * einsum("i,il,l->il", m, J, m_before))
    return m, with_diagonal(C, m), D


def plefka_t(H, J, m_before, C_before, D_before=None):
    g = H + J @ m_before
    V = einsum("ij,il,jl->i", J, J, C_before)
    m = np.tanh(solve(g, V))
    a = 1 - m * m
    C = einsum("i,k,ij,kl,jl->ik", a, a, J, J, C_before)
    D = einsum("i,ij,jl->il", a, J, C_before)
    D += 2 * einsum("i,il,ij,jl,l->il", a * m, J, J, C_before, m_before)
    return m, with_diagonal(C, m), D


def plefka2_t(H, J, m_before, C_before, D_before):
    g = H + J @ m_before
    V = einsum("ij,il,jl->i", J, J, C_before)
    V_pair = V[:, None] - 2 * J * einsum("ij,jl->il", J, C_before) + J ** 2 * np.diag(C_before)
    Delta = J + einsum("ij,jn,ln->il", J, D_before, J) - J * einsum("ln,ln->l", J, D_before)
    m, D = np.zeros(len(H)), np.zeros_like(J)
    for s in (1, -1):
        p = (1 + s * m_before) / 2
        t = np.tanh(solve(g[:, None] + Delta * (s - m_before), V_pair))
        m += einsum("il,l->i", t, p) / len(H)
        D += t * (p * (s - m_before))
    Delta = einsum("ij,jl,kl->ik", J, C_before, J)
    C = np.zeros_like(J)
    for s in (1, -1):
        t = np.tanh(solve(g[:, None] + Delta * (s - m_before), V[:, None]))
        C += t * ((1 + s * m_before) / 2 * (s - m_before))
    return m, with_diagonal((C + C.T) / 2, m), D


def nodes():
    z = np.linspace(-RANGE, RANGE, NODES)
    return z, np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])


def correlations_t1(H, J, m_before, pairs=None, lean=False):
    """C of Plefka[t-1], of the first so many pairs i < k or all; the rest stays 0."""
    z, w = nodes()
    a_before = 1 - m_before ** 2
    g, width = H + J @ m_before, np.sqrt(einsum("ij,j->i", J ** 2, a_before))
    rho = einsum("ij,kj,j->ik", J, J, a_before) / np.outer(width, width)
    m = np.tanh(g[:, None] + width[:, None] * z) @ w
    weight, (along, across) = np.outer(w, w), np.meshgrid(z, z)
    C, left = np.zeros_like(J), -1 if pairs is None else pairs
    for i in range(len(H)):
        for k in range(i + 1, len(H)):
            if left == 0:
                return C
            left -= 1
            if not lean:
                z = np.linspace(-RANGE, RANGE, NODES)
                along, across = np.meshgrid(z, np.linspace(-RANGE, RANGE, NODES))
                weight = np.exp(-(along ** 2 + across ** 2) / 2) / (2 * np.pi) * (z[1] - z[0]) ** 2
            p, q = np.sqrt((1 + rho[i, k]) / 2) * along, np.sqrt((1 - rho[i, k]) / 2) * across
            both = np.tanh(g[i] + width[i] * (p + q)) * np.tanh(g[k] + width[k] * (p - q))
            C[i, k] = C[k, i] = (both * weight).sum() - m[i] * m[k]
    return with_diagonal(C, m)


METHODS = {"plefka-t1t": plefka_t1t, "plefka-t": plefka_t, "plefka2-t": plefka2_t}


def draw(N, beta=1.0, J0=1.0, dJ=0.5, dH=0.5, seed=1):
    rng = np.random.default_rng(seed)
    return beta * rng.uniform(-dH, dH, N), beta * rng.normal(J0 / N, dJ / np.sqrt(N), (N, N))


def warm(H, J, steps=3):
    """Moments after some steps from all up, with none of the zeros of the start."""
    N = len(H)
    m, C, D = np.ones(N), np.zeros((N, N)), np.zeros((N, N))
    for _ in range(steps):
        m, C, D = plefka_t(H, J, m, C)
    return m, C, D


def seconds_of_step(method, H, J, moments):
    start = time.perf_counter()
    METHODS[method](H, J, *moments)
    return time.perf_counter() - start


def seconds_of_correlations(H, J, m_before, pairs, lean):
    """Of all pairs, scaled from so many."""
    N = len(H)
    pairs = min(pairs, N * (N - 1) // 2)
    start = time.perf_counter()
    correlations_t1(H, J, m_before, pairs, lean)
    return (time.perf_counter() - start) * (N * (N - 1) / 2) / pairs


def main(method, N, dJ):
    H, J = draw(N, dJ=dJ)
    moments = warm(H, J)
    if method.startswith("plefka-t1-lean") or method == "plefka-t1":
        return seconds_of_correlations(H, J, moments[0], PAIRS, method != "plefka-t1")
    return min(seconds_of_step(method, H, J, moments) for _ in range(2))  # the first one warms up


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
