# SPDX-License-Identifier: BSD-3-Clause
"""Plefka's mean-field family on one given network: magnetizations and correlations, step by step.

beta is absorbed in H [N] and J [N,N] (row = target). A state is a dict of m [N], C [N,N] = Cov(s_i(t), s_k(t))
and D [N,N] = Cov(s_i(t), s_l(t-1)); primes in formulas are the time before, g = H + J m', a = 1 - m^2."""
import numpy as np


def independent(m):
    """The state to start from: independent spins with means m [N], no step before."""
    m = np.asarray(m, float)
    return dict(m=m, C=np.diag(1.0 - m ** 2), D=np.zeros((len(m), len(m))))


def field(H, J, m):
    """g = H + J m."""
    return H + J @ m


def self_consistent(r, V):
    """theta with theta + V tanh(theta) = r, elementwise, by bisection.

    For V >= -1 the left side rises and there is one root. For V < -1 there may be three; the one that has
    the sign of r is taken, of which there is one: on that side the left side falls from 0, then rises."""
    r, V = np.broadcast_arrays(np.asarray(r, float), V)
    low, high = np.zeros(r.shape), np.abs(r) + np.abs(V)
    for _ in range(120):
        theta = 0.5 * (low + high)
        above = theta + V * np.tanh(theta) > np.abs(r)
        low, high = np.where(above, low, theta), np.where(above, theta, high)
    return np.sign(r) * 0.5 * (low + high)


def with_diagonal(C, m):
    """C with 1 - m_i^2 on the diagonal, which is known."""
    C = C.copy()
    np.fill_diagonal(C, 1.0 - m ** 2)
    return C


def naive(H, J, before):
    """[naive] m = tanh g; C = diag(a); D_il = a_i J_il a'_l."""
    m = np.tanh(field(H, J, before["m"]))
    a, a_before = 1.0 - m ** 2, 1.0 - before["m"] ** 2
    return dict(m=m, C=np.diag(a), D=a[:, None] * J * a_before)


def plefka_t1t(H, J, before):
    """[plefka-t1t] m = tanh(g - m V), V_i = sum_j J_ij^2 a'_j; C_ik = a_i a_k sum_j J_ij J_kj a'_j;
    D_il = a_i J_il a'_l (1 + 2 m_i J_il m'_l)."""
    a_before = 1.0 - before["m"] ** 2
    m = np.tanh(self_consistent(field(H, J, before["m"]), J ** 2 @ a_before))
    a = 1.0 - m ** 2
    C = a[:, None] * (J * a_before @ J.T) * a
    D = a[:, None] * J * a_before * (1.0 + 2.0 * m[:, None] * J * before["m"])
    return dict(m=m, C=with_diagonal(C, m), D=D)


def plefka_t(H, J, before):
    """[plefka-t] m = tanh(g - m V), V_i = (J C' J^T)_ii; C = diag(a) J C' J^T diag(a);
    D = diag(a) J C' + 2 diag(m a) (J o (J C')) diag(m')."""
    JC = J @ before["C"]
    JCJ = JC @ J.T
    m = np.tanh(self_consistent(field(H, J, before["m"]), np.diag(JCJ)))
    a = 1.0 - m ** 2
    D = a[:, None] * JC + 2.0 * (m * a)[:, None] * J * JC * before["m"]
    return dict(m=m, C=with_diagonal(a[:, None] * JCJ * a, m), D=D)


def normal_nodes(n=400, reach=9.0):
    """Nodes and weights of the equal-step rule for a standard normal variable."""
    z = np.linspace(-reach, reach, 2 * n + 1)
    return z, np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * (z[1] - z[0])


def gaussian_pair(g1, s1, g2, s2, rho):
    """< tanh(g1 + s1 z1) tanh(g2 + s2 z2) > at correlation rho: two plain sums over independent normals."""
    z, w = normal_nodes()
    second = np.tanh(g2 + s2 * (rho * z[:, None] + np.sqrt(1.0 - rho ** 2) * z))
    return (w * np.tanh(g1 + s1 * z)) @ (second @ w)


def plefka_t1(H, J, before):
    """[plefka-t1] Fields x_i = g_i + sqrt(Delta_i) z, Delta_i = sum_j J_ij^2 a'_j, with correlations
    rho_ik = sum_j J_ij J_kj a'_j / sqrt(Delta_i Delta_k): m_i = < tanh x_i >,
    C_ik = < tanh x_i tanh x_k > - m_i m_k, D = diag(< sech^2 x_i >) J C'.

    Good to 1e-13 for Delta up to 100; above, tanh is too sharp for these nodes."""
    N = len(H)
    g, a_before = field(H, J, before["m"]), 1.0 - before["m"] ** 2
    P = J * a_before @ J.T
    s = np.sqrt(np.diag(P))
    scale = np.where(s > 0, s, 1.0)
    rho = np.clip(P / scale[:, None] / scale, -1.0, 1.0)
    z, w = normal_nodes()
    t = np.tanh(g[:, None] + s[:, None] * z)
    m, slope = t @ w, (1.0 - t ** 2) @ w
    C = np.zeros((N, N))
    for i in range(N):
        for k in range(i):
            C[i, k] = C[k, i] = gaussian_pair(g[i], s[i], g[k], s[k], rho[i, k]) - m[i] * m[k]
    return dict(m=m, C=with_diagonal(C, m), D=slope[:, None] * (J @ before["C"]))


def pair_averages(g, V, Delta, m_before):
    """theta + V tanh(theta) = g + Delta (s - m') for s = +-1, with P(s) = (1 + s m')/2:
    < tanh theta > and < (s - m') tanh theta >."""
    mean, cross = 0.0, 0.0
    for s in (1.0, -1.0):
        p = 0.5 * (1.0 + s * m_before)
        t = np.tanh(self_consistent(g + Delta * (s - m_before), V))
        mean, cross = mean + p * t, cross + p * (s - m_before) * t
    return mean, cross


def plefka2_t(H, J, before):
    """[plefka2-t] For each pair i, l of a spin and one of the time before, with W = J D' J^T,

        V_il = V_i - 2 J_il (J C')_il + J_il^2 C'_ll,  Delta_il = J_il + W_il - J_il sum_n J_ln D'_ln,
        theta + V_il tanh(theta) = g_i + Delta_il (s_l - m'_l) for s_l = +-1;

    m_i is the mean over l of < tanh theta >, D_il = < (s_l - m'_l) tanh theta >. C_ik is the same with
    Delta = J C' J^T and V = V_i, made symmetric."""
    m_before, C, D = before["m"], before["C"], before["D"]
    g = field(H, J, m_before)[:, None]
    JC, W = J @ C, J @ D @ J.T
    JCJ = JC @ J.T
    V = np.diag(JCJ)[:, None]
    rest = V - 2.0 * J * JC + J ** 2 * np.diag(C)
    mean, cross = pair_averages(g, rest, J + W - J * (J * D).sum(axis=1), m_before)
    m = mean.mean(axis=1)
    _, equal = pair_averages(g, V, JCJ, m_before)
    return dict(m=m, C=with_diagonal(0.5 * (equal + equal.T), m), D=cross)


STEPS = {"naive": naive, "plefka-t1t": plefka_t1t, "plefka-t": plefka_t, "plefka-t1": plefka_t1,
         "plefka2-t": plefka2_t}


def steps(method, H, J, m0, times):
    """States after so many steps from independent spins with means m0, as a list in the order of times."""
    state, states = independent(m0), []
    for t in range(max(times) + 1):
        if t in times:
            states.append(state)
        state = STEPS[method](H, J, state)
    return states


def asynchronous(method, H, J, m):
    """Steady state at which magnetizations iterated from m arrive, spins being updated one at a time; J_ii = 0.

    Magnetizations as in the synchronous steady state. D_il = Cov(tanh h_i, s_l):
    [naive] a_i J_il a_l;  [plefka-t1t] a_i J_il a_l (1 + 2 m_i J_il m_l) + (a_i a_l/2) sum_{k != l}
    J_ik a_k (J_kl + J_lk);  and C_il = (D_il + D_li)/2, which is exact between the two in a steady state."""
    state = independent(m)
    for _ in range(5000):
        state = STEPS[method](H, J, state)
    m = state["m"]
    a = 1.0 - m ** 2
    D = a[:, None] * J * a
    if method == "plefka-t1t":
        both = J + J.T
        second = J @ (a[:, None] * both) - J * a * np.diag(both)
        D = D * (1.0 + 2.0 * m[:, None] * J * m) + 0.5 * a[:, None] * second * a
    return dict(m=m, C=with_diagonal(0.5 * (D + D.T), m), D=D)


def entropy_production(J, D, dynamics="sync"):
    """[sigma-mf] sigma = (1/N) sum_ij (J_ij - J_ji) D_ij, half of it asynchronously."""
    return ((J - J.T) * D).sum() / len(J) * (0.5 if dynamics == "async" else 1.0)
