# SPDX-License-Identifier: BSD-3-Clause
"""The slow reference of fits against published-like tables, and against a network it should find."""
import os
import sys

import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "python"))

from kinising.reference import evidence, inference  # noqa: E402

ORACLE = os.path.join(ROOT, "tests", "oracle")


def case(name):
    with np.load(os.path.join(ORACLE, "inference_%s.npz" % name)) as f:
        return {key: f[key] for key in f.files}


def stack(c, prefix, suffix=""):
    return np.column_stack([c[prefix + "_H" + suffix], c[prefix + "_J" + suffix]])


@pytest.mark.parametrize("name", ["asymmetric_n10", "trials_n10"])
def test_maximum_likelihood(name):
    """[mle]"""
    c = case(name)
    theta, errors = inference.maximum_likelihood(c["raster"])
    np.testing.assert_allclose(theta, stack(c, "ml"), rtol=0, atol=1e-9)
    np.testing.assert_allclose(errors, stack(c, "ml", "_err"), rtol=0, atol=1e-9)
    total = inference.log_likelihood(theta, *inference.transitions(c["raster"]))
    np.testing.assert_allclose(total, c["ml_log_likelihood_unit"], rtol=1e-11)


@pytest.mark.parametrize("name", ["cold_n10", "separated_n10"])
def test_firth(name):
    """[firth]"""
    c = case(name)
    theta, errors = inference.firth(c["raster"])
    np.testing.assert_allclose(theta, stack(c, "firth"), rtol=0, atol=1e-7)
    np.testing.assert_allclose(errors, stack(c, "firth", "_err"), rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", ["weak_n20", "quasi_n20"])
@pytest.mark.parametrize("tag, method", [("nmf", inference.naive_mean_field), ("tap", inference.tap),
                                         ("ms", inference.mezard_sakellariou)])
def test_closed_forms(name, tag, method):
    """[nmf] [tap] [ms]; rows without a root are nan in both."""
    c = case(name)
    H, J = method(c["raster"])
    np.testing.assert_allclose(H, c[tag + "_H"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(J, c[tag + "_J"], rtol=0, atol=1e-9)


def test_unknown_update_times():
    """[async-data] a small asynchronous network, seen at intervals of 0.05."""
    rng = np.random.default_rng(5)
    N, T, step = 4, 200000, 0.05
    H, J = 0.2 * rng.standard_normal(N), 0.3 * rng.standard_normal((N, N))
    raster, state = np.empty((T, N)), np.ones(N)
    updates, uniform = rng.random((T, N)) < 1 - np.exp(-step), rng.random((T, N))
    for t in range(T):
        for i in np.flatnonzero(updates[t]):
            state[i] = 1 if uniform[t, i] < 1 / (1 + np.exp(-2 * (H[i] + J[i] @ state))) else -1
        raster[t] = state
    theta = inference.averaged_updates(raster, step)
    np.testing.assert_allclose(theta, np.column_stack([H, J]), rtol=0, atol=0.08)


@pytest.mark.parametrize("name, cosines, mu, b", [("asymmetric_n10", 0, 0.9848223302671604, 1.0894333631462743),
                                                  ("asymmetric_n10", 10, 0.9847123003765603, 1.0894712526236943),
                                                  ("cold_n10", 0, 2.3180254412744956, 1.9754684464865175)])
def test_evidence(name, cosines, mu, b):
    """[evidence] against another prototype; test_evidence.c holds the library to the same numbers."""
    assert evidence.evidence(case(name)["raster"], cosines)[:2] == pytest.approx((mu, b), rel=5e-4)
