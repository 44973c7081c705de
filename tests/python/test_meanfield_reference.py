# SPDX-License-Identifier: BSD-3-Clause
"""The slow mean-field reference against published values, plain quadrature and sums over all states."""
import json
import os
import sys

import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "python"))

from kinising.reference import enumeration, meanfield  # noqa: E402

ORACLE = os.path.join(ROOT, "tests", "oracle")
PARTS = ("m", "C", "D")


@pytest.mark.parametrize("method, last, error", [
    ("naive", 40, 1e-12), ("plefka-t1t", 40, 1e-12), ("plefka-t", 40, 1e-12), ("plefka2-t", 40, 1e-12),
    ("plefka-t1", 1, 3e-4)])  # its published quadrature has 20 nodes between -4 and 4
def test_published_values(method, last, error):
    """[naive] [plefka-t1t] [plefka-t] [plefka-t1] [plefka2-t]"""
    with np.load(os.path.join(ORACLE, "reference_plefka_n32.npz")) as published:
        beta, times = float(published["beta"]), [int(t) for t in published["times"] if t <= last]
        states = meanfield.steps(method, beta * published["H"], beta * published["J"], published["s0"], times)
        prefix = method.replace("t1t", "t1_t").replace("-", "_")
        for k, state in enumerate(states):
            for part in PARTS:
                np.testing.assert_allclose(state[part], published[prefix + "_" + part][k], rtol=0, atol=error)


def test_plefka_t1_by_quadrature():
    """[plefka-t1] where Delta is not too large for equal steps."""
    with open(os.path.join(ORACLE, "plefka_table.json")) as f:
        rows = [r for r in json.load(f)["steps"] if r["beta"] <= 3]
    assert len(rows) >= 3
    for row in rows:
        N = row["N"]
        H, J = row["beta"] * np.array(row["H"]), row["beta"] * np.array(row["J"]).reshape(N, N)
        states = meanfield.steps("plefka-t1", H, J, row["m0"], range(1, row["steps"] + 1))
        for part in PARTS:
            want = np.array(row[part], float).reshape(row["steps"], *states[0][part].shape)
            np.testing.assert_allclose([s[part] for s in states], want, rtol=0, atol=1e-12)


def test_self_consistent():
    r, V = np.meshgrid(np.linspace(-5, 5, 41), [-30.0, -2.0, -1.0, -0.5, 0.0, 0.5, 3.0, 1e6])
    theta = meanfield.self_consistent(r, V)
    np.testing.assert_allclose(theta + V * np.tanh(theta), r, atol=1e-12 * (1 + abs(V).max()))
    assert np.all(theta * r >= 0)


@pytest.mark.parametrize("method, power", [("naive", 2), ("plefka-t1t", 3)])
def test_asynchronous_steady_state(method, power):
    """[naive] [plefka-t1t] [sigma-mf] errors fall with a power of the couplings, that of sigma with one more."""
    rng = np.random.default_rng(4)
    H, full = rng.uniform(-1, 1, 5), rng.normal(size=(5, 5)) / np.sqrt(5)
    np.fill_diagonal(full, 0.0)
    errors = []
    for scale in (0.1, 0.05):
        J, s = scale * full, enumeration.all_states(5)
        p = enumeration.stationary(enumeration.generator(H, J, 1.0))
        m, t = p @ s, np.tanh(enumeration.fields(s, H, J))
        exact = dict(m=m, C=(p * s.T) @ s - np.outer(m, m), D=(p * t.T) @ s - np.outer(p @ t, m))
        state = meanfield.asynchronous(method, H, J, np.zeros(5))
        sigma = enumeration.asynchronous_entropy_production(H, J, 1.0)
        errors.append([abs(state[part] - exact[part]).max() for part in PARTS]
                      + [abs(meanfield.entropy_production(J, state["D"], "async") - sigma)])
    powers = np.log2(np.divide(*errors))
    np.testing.assert_allclose(powers, [power, power, power, power + 1], atol=0.4)
