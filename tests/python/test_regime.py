# SPDX-License-Identifier: BSD-3-Clause
"""ki.diagnose against the slow reference: [regime], [misfit] and [shares]."""
import os

import numpy as np
import pytest

ORACLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "oracle")


def raster_of(name):
    with np.load(os.path.join(ORACLE, "inference_%s.npz" % name)) as f:
        return f["raster"]


@pytest.mark.parametrize("name", ["weak_n20", "quasi_n20", "trials_n10"])
def test_misfit_and_entropies(ki, name):
    raster = raster_of(name)
    reference, axes = ki.reference.regime, "time,unit" if raster.ndim == 2 else "trial,time,unit"
    r = ki.diagnose(raster, axes=axes, draws=200)
    theta, _ = ki.reference.inference.maximum_likelihood(raster, ridge=0.3)
    want = reference.misfit(raster, theta)
    for test, (z, fraction) in zip(("lag-2", "same-bin", "drift", "history"), r.misfit):
        assert z == pytest.approx(want[test][0], rel=1e-5, abs=1e-6), test
        assert fraction == pytest.approx(want[test][1], rel=1e-5, abs=1e-8), test
    S_ind = reference.independent_entropy(raster) / raster.shape[-1]
    assert r.S / r.r == pytest.approx(S_ind, rel=1e-9)


def test_verdict_of_draws(ki):
    """Each draw falls under the rule, and probabilities are their shares."""
    r = ki.diagnose(raster_of("critical_n20"), axes="time,unit", draws=400)
    mu, b, g, ratio, sigma, S = r.draws
    words = [ki.reference.regime.rule(*x) for x in zip(g, ratio, sigma / S)]
    assert words.count("ordered") / 400 == pytest.approx(r.probability[0], abs=1e-9)
    assert words.count("near-critical") / 400 == pytest.approx(r.probability[1], abs=1e-9)


def test_index(ki):
    """g of a point is that of the theory's critical line."""
    reference = ki.reference.regime
    J0 = ki.critical("J0", beta=1, dJ=0.7)
    assert reference.index(J0, 0.7, 0) == pytest.approx(1, rel=1e-9)
    J = np.arange(9.0).reshape(3, 3)
    assert reference.couplings(J) == pytest.approx((12.0, np.sqrt(3) * np.std([1, 2, 3, 5, 6, 7], ddof=1)))


def test_shares(ki):
    """Their sum is the whole change; a function of one number alone has one share."""
    shares = ki.reference.regime.shares
    L = lambda g, b: g * b**2 + np.sin(g)  # noqa: E731
    assert sum(shares(L, (0.3, 1.0), (0.9, 2.5))) == pytest.approx(L(0.9, 2.5) - L(0.3, 1.0))
    assert shares(lambda g, b: b, (0.3, 1.0), (0.9, 2.5)) == pytest.approx((0, 1.5))
