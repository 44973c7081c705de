# SPDX-License-Identifier: BSD-3-Clause
"""The slow simulation against all states of small networks, one by one. [sigma-net-sync]
[sigma-net-async] [matrix-free]

z-scores: seeds are fixed, so that what passes once passes always; with other seeds a comparison exceeds 4.5
with probability 7e-6, and there are about 150: a false alarm in 1000 changes of seed.
"""
import json
import os
import sys

import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "python"))

from kinising.reference import enumeration as enum, simulate as sim  # noqa: E402
from kinising.reference.transient import transient  # noqa: E402

with open(os.path.join(ROOT, "tests", "oracle", "reference_exact_n6.json"), encoding="utf-8") as f:
    N6 = json.load(f)


def network(N, seed, dH=0.3):
    return sim.draw_network(N, 1.0, 1.0, dH, np.random.default_rng(seed))


def mean(values):
    values = np.asarray(values)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def far(got, error, want=0.0, want_error=0.0):
    return np.abs((got - want) / np.hypot(error, want_error)).max() > 4.5


def test_states_and_laws():
    s = enum.all_states(3)
    assert s.shape == (8, 3) and len(np.unique(s, axis=0)) == 8 and (s[5] == (1, -1, 1)).all()
    H, J = network(4, 1)
    T, G = enum.transition_matrix(H, J, 0.8), enum.generator(H, J, 0.8)
    np.testing.assert_allclose(T.sum(axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(G.sum(axis=1), 0, atol=1e-14)
    p = enum.stationary(G)
    assert (p > 0).all()
    np.testing.assert_allclose(p @ G, 0, atol=1e-14)
    # one spin: P(+1) = e^x/(2 cosh x), x = H - J or H + J
    T = enum.transition_matrix(np.array([0.3]), np.array([[0.2]]), 1.0)
    np.testing.assert_allclose(T[:, 1], 1 / (1 + np.exp(-2 * np.array([0.1, 0.5]))))


@pytest.mark.parametrize("N, beta, seed", [(1, 1.3, 1), (2, 1.3, 2), (3, 0.4, 3), (5, 2.0, 4), (7, 1.0, 5)])
def test_estimators_have_the_right_means(N, beta, seed):
    """Summed over all steps, or all states, the estimators are the entropy flow of any law, and in the stationary
    law the entropy production, to rounding."""
    H, J = network(N, seed)
    s = enum.all_states(N)
    T = enum.transition_matrix(H, J, beta)
    laws = enum.stationary(T - np.eye(len(T))), np.random.default_rng(seed).dirichlet(np.ones(len(T)))
    steps = sim.synchronous_estimates(s[:, None], s[None], H, J, beta)
    for p in laws:
        flow = (p[:, None] * T * np.log(T / T.T)).sum() / N
        assert (p[:, None] * T * steps["sigma"]).sum() == pytest.approx(flow, abs=1e-13)
        assert p @ steps["m"][:, 0] == pytest.approx((p @ T @ s).mean(), abs=1e-13)
        assert p @ steps["S"][:, 0] == pytest.approx(-(p[:, None] * T * np.log(T)).sum() / N, abs=1e-13)
        assert p @ steps["q"][:, 0] == pytest.approx(np.einsum("a,ab,ai,bi", p, T, s, s) / N, abs=1e-13)
    want = enum.synchronous_entropy_production(H, J, beta)
    assert (laws[0][:, None] * T * steps["sigma"]).sum() == pytest.approx(want, abs=1e-13)
    assert laws[0] @ sim.synchronous_steady_sigma(s, H, J, beta) == pytest.approx(want, abs=1e-13)

    G = enum.generator(H, J, beta)
    laws = enum.stationary(G), laws[1]
    got = sim.asynchronous_estimates(s, s, H, J, beta)
    for p in laws:
        rate = np.where(G > 0, G, 1.0)
        flow = (p[:, None] * np.where(G > 0, G, 0.0) * np.log(rate / rate.T)).sum() / N
        assert p @ got["sigma"] == pytest.approx(flow, abs=1e-13)
        assert p @ got["activity"] == pytest.approx((p @ enum.flip_rates(s, H, J, beta)).mean(), abs=1e-13)
    want = enum.asynchronous_entropy_production(H, J, beta)
    assert laws[0] @ got["sigma"] == pytest.approx(want, abs=1e-13)
    assert laws[0] @ sim.asynchronous_steady_sigma(s, H, J, beta) == pytest.approx(want, abs=1e-13)


def test_self_couplings_count():
    H, J = network(5, 4)
    s = enum.all_states(5)
    p = enum.stationary(enum.generator(H, J, 1.3))
    t = np.tanh(1.3 * enum.fields(s, H, J))
    first = p @ sim.cross(t, s, J) * 1.3 / 10
    want = enum.asynchronous_entropy_production(H, J, 1.3)
    assert abs(first - want) > 0.02 * want
    np.fill_diagonal(J, 0)
    assert not sim.self_coupling_part(s, H, J, 1.3).any()


def test_six_spins_of_another_program():
    H, J, beta = np.array(N6["H"]), np.array(N6["J"]), N6["beta"]
    assert enum.synchronous_entropy_production(H, J, beta) == pytest.approx(N6["sync"]["sigma"], rel=1e-9)
    np.fill_diagonal(J, 0)
    want = N6["async_zero_diagonal"]
    assert enum.asynchronous_entropy_production(H, J, beta) == pytest.approx(want["sigma"], rel=1e-9)
    p, s = enum.stationary(enum.generator(H, J, beta)), enum.all_states(6)
    assert p @ sim.asynchronous_estimates(s, s, H, J, beta)["activity"] == pytest.approx(
        want["activity"], rel=1e-9)


@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_trajectories_follow_the_law(dynamics):
    """The law of the state after T = 3 steps, from all spins up; asynchronously N updates of spins chosen at
    random are the N-th power of 1 + G/N."""
    N, beta, R = 4, 1.1, 40000
    H, J = network(N, 6)
    one = (enum.transition_matrix(H, J, beta) if dynamics == "sync" else
           np.linalg.matrix_power(np.eye(2 ** N) + enum.generator(H, J, beta) / N, N))
    want = np.linalg.matrix_power(one, 3)[-1]
    s = sim.trajectories(H, J, beta, 3, np.random.default_rng(7), dynamics, R)
    assert s.shape == (4, R, N) and (s[0] == 1).all()
    number = ((s[-1] > 0) << np.arange(N)).sum(axis=1)
    count = np.bincount(number, minlength=2 ** N)
    assert not far(count / R, np.sqrt(want * (1 - want) / R), want)


@pytest.mark.parametrize("N, steps", [(8, 6), (5, 9)])
def test_matrix_free_has_the_law_of_the_matrix(N, steps):
    """Also where there are more steps than spins, so that states repeat and pivots vanish."""
    point, R = (1.5, 1.0, 1.0, 0.3), 2500
    want = sim.ensemble(N, *point, steps, R, np.random.default_rng(8))
    rng = np.random.default_rng(9)
    runs = [sim.matrix_free(N, *point, steps, rng) for _ in range(R)]
    for name, value in want.items():
        assert not far(*mean([r[name] for r in runs]), *value), name


def test_fields_without_matrix():
    """Covariance s(t-1).s(t'-1)/N, self-couplings included; nothing new along known states."""
    N, R, dJ = 4, 20000, 0.7
    states = np.array([[1, 1, 1, 1], [1, 1, 1, -1], [1, 1, 1, 1], [-1, 1, -1, 1]], dtype=float)
    rng = np.random.default_rng(10)
    g = np.empty((R, len(states), N))
    for r in range(R):
        fields = sim.FieldsWithoutMatrix(N, dJ, rng)
        g[r] = [fields.add(s) for s in states]
        assert len(fields.z) == 3
    np.testing.assert_allclose(g[:, 2], g[:, 0], atol=1e-12)
    K = dJ ** 2 * states @ states.T / N
    for i in range(N):
        for j in range(N):
            product = g[:, :, None, i] * g[:, None, :, j]
            assert not far(*mean(product), K if i == j else 0 * K)


def test_mean_along_other_vectors():
    """Given the fields of some states, the field along any vector has the mean of the least-squares J."""
    rng = np.random.default_rng(11)
    fields = sim.FieldsWithoutMatrix(6, 1.0, rng)
    states = np.where(rng.random((4, 6)) < 0.5, 1.0, -1.0)
    g = np.array([fields.add(s) for s in states])
    J = np.linalg.lstsq(states, g, rcond=None)[0].T  # rows of least norm
    v = rng.normal(size=6)
    np.testing.assert_allclose(fields.along(v), J @ v, atol=1e-12)


def test_two_forms_agree_after_relaxation():
    H, J = network(6, 12)
    s = sim.trajectories(H, J, 1.0, 15, np.random.default_rng(13), "async", 20000)
    want = enum.asynchronous_entropy_production(H, J, 1.0)
    assert not far(*mean(sim.asynchronous_estimates(s[-1], s[-8], H, J, 1.0)["sigma"]), want)
    assert not far(*mean(sim.asynchronous_steady_sigma(s[-1], H, J, 1.0)), want)


def test_flow_follows_the_transient():
    """Row T of the infinite network's relaxation, at N = 100 and with what is left of 1/N."""
    point, T = (1.5, 1.0, 1.0, 0.5), 2
    got = sim.ensemble(100, *point, T, 300, np.random.default_rng(14))
    row = transient(*point, m0=1.0, steps=T)
    for name in ("m", "S", "Sr", "sigma"):
        assert not far(*got[name], row[name][T - 1], 0.003), name
