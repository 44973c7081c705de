# SPDX-License-Identifier: BSD-3-Clause
"""Tests by surrogates: what they reject and what they do not, at fixed seeds. [surrogates]"""
import numpy as np
import pytest

from test_entropy import course


def test_bootstrap_and_shifts(ki):
    """40 strongly coupled reversible networks at 5 %: the bootstrap rejects at most 7 (chance of more 1e-3), shifts, which
    test "no coupling", far more; one that is not reversible is rejected by both."""
    rng, alarms = np.random.default_rng(3), np.zeros(2)
    for _ in range(40):
        J = rng.normal(size=(6, 6)) / 1.2
        r = ki.entropy_production(course(np.zeros(6), (J + J.T) / 2, 500, rng), axes="time,unit", surrogates=19,
                                  tests=["bootstrap", "shifts"])
        alarms += [r.bootstrap_p_value <= 0.05, r.shifts_p_value <= 0.05]
    assert alarms[0] <= 7 and alarms[1] > alarms[0], alarms
    raster = course(np.zeros(5), rng.normal(size=(5, 5)) / 3, 800, rng)
    r = ki.entropy_production(raster, axes="time,unit", tests=["bootstrap", "shifts"], surrogates=19, per="spin", unit="bits")
    assert r.bootstrap_p_value == r.shifts_p_value == 0.05
    for test in ("bootstrap", "shifts"):
        np.testing.assert_allclose(getattr(r, test), r.sigma - r.surrogates[test][0], rtol=1e-12)
        assert abs(r.surrogates[test][0]) < 5 * r.surrogates[test][1] < r.sigma


def driven(rng, trials, bins, coupling):
    """Units that follow a stimulus one after the other, the same in each trial; and act on each other."""
    wave = 1.2 * np.sin(2 * np.pi * (np.arange(bins)[:, None] / 8 - np.arange(4) / 4))
    out = np.ones((trials, bins, 4), dtype=np.int8)
    for trial in out:
        trial[0] = rng.choice([-1, 1], 4)
        for t in range(1, bins):
            h = wave[t] + coupling * np.roll(trial[t - 1], 1)
            trial[t] = np.where(rng.random(4) < 1 / (1 + np.exp(-2 * h)), 1, -1)
    return out


def test_shuffles(ki):
    """What a stimulus makes alone stays when trials are shuffled; what the units do beyond it does not."""
    rng = np.random.default_rng(8)
    ask = dict(axes="trial,time,unit", tests=["z", "shuffles"], surrogates=39)
    alone = ki.entropy_production(driven(rng, 25, 41, 0), **ask)
    assert alone.z_p_value < 1e-6 and abs(alone.shuffles) < 0.2 * alone.sigma
    assert abs(alone.shuffles) < 4 * alone.surrogates["shuffles"][1]
    more = ki.entropy_production(driven(rng, 25, 41, 0.7), **ask)
    assert more.shuffles_p_value == 1 / 40 and 0.1 * more.sigma < more.shuffles < more.sigma


def test_same_for_any_threads(ki):
    rng = np.random.default_rng(5)
    raster = course(np.zeros(4), rng.normal(size=(4, 4)) / 3, 60, rng, 6)
    found = [ki.entropy_production(raster, axes="trial,time,unit", tests=["bootstrap", "shifts", "shuffles"], surrogates=9,
                                   threads=threads).surrogates for threads in (1, 2, 3)]
    assert found[0] == found[1] == found[2] and len(set(found[0].values())) == 3
    other = ki.entropy_production(raster, axes="trial,time,unit", tests="shifts", surrogates=9, seed=2)
    assert other.surrogates["shifts"] != found[0]["shifts"] and list(other.surrogates) == ["shifts"]
    assert np.isnan(other.bootstrap) and np.isnan(other.shuffles_p_value) and np.isnan(other.z)


def test_refused(ki):
    raster = np.random.default_rng(1).integers(0, 2, (60, 3))
    with pytest.raises(ValueError, match="shuffles : no two trials have the same number of bins"):
        ki.entropy_production(raster, axes="time,unit", tests="shuffles")
    with pytest.raises(ValueError, match="tests"):
        ki.entropy_production(raster, axes="time,unit", tests="rotations")
    with pytest.raises(ValueError, match="tests : the list is empty"):
        ki.entropy_production(raster, axes="time,unit", tests=[])
    with pytest.raises(ValueError, match="surrogates"):
        ki.entropy_production(raster, axes="time,unit", tests="shifts", surrogates=0)


def test_reference(ki):
    """Numpy's surrogates keep the same things: rotated units, trials in another order, courses of a network. Means of sigma
    over 25 of each agree to 4 errors."""
    from kinising.reference import inference, thermo
    rng = np.random.default_rng(6)
    raster = course(np.zeros(4), rng.normal(size=(4, 4)) / 2, 100, rng, 8)
    r = ki.entropy_production(raster, axes="trial,time,unit", tests=["shifts", "shuffles", "bootstrap"], surrogates=80)
    for name, make in (("shifts", thermo.shifted), ("shuffles", thermo.shuffled), ("bootstrap", thermo.symmetric_course)):
        sigma = []
        for _ in range(25):
            other = make(raster, rng)
            plugin, biases, _ = thermo.entropy_production(other, inference.firth(other)[0])
            sigma.append(plugin - biases.sum())
        mean, deviation = r.surrogates[name]
        assert abs(np.mean(sigma) - mean) < 4 * np.hypot(deviation / np.sqrt(80), np.std(sigma) / np.sqrt(25)), name
