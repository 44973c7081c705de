# SPDX-License-Identifier: BSD-3-Clause
"""ki.entropy_production: against the slow reference and all states of small networks; sizes of the tests and coverage
of the error. [sigma-data] [flips]"""
import numpy as np
import pytest


def course(H, J, T, rng, trials=None):
    out = np.ones((trials or 1, T, len(H)), dtype=np.int8)
    for trial in out:
        trial[0] = rng.choice([-1, 1], len(H))
        for t in range(1, T):
            trial[t] = np.where(rng.random(len(H)) < 1 / (1 + np.exp(-2 * (H + J @ trial[t - 1]))), 1, -1)
    return out if trials else out[0]


@pytest.mark.parametrize("trials", [None, 7])
def test_reference(ki, trials):
    from kinising.reference import inference, thermo
    rng = np.random.default_rng(3)
    raster = course(rng.normal(size=5) / 5, rng.normal(size=(5, 5)) / 4, 601 if trials is None else 97, rng, trials)
    axes = "time,unit" if trials is None else "trial,time,unit"
    r = ki.entropy_production(raster, axes=axes)
    theta = inference.firth(raster)[0]
    plugin, biases, error = thermo.entropy_production(raster, theta)
    np.testing.assert_allclose([r.sigma, r.bias, r.sigma_err], [plugin - biases.sum(), biases.sum(), error], rtol=1e-7)
    np.testing.assert_allclose(r.flips, thermo.flips(raster, theta).sum(), rtol=1e-8)
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(r.sigma_pair_err[off], thermo.pair_errors(raster, theta)[off], rtol=1e-7)
    assert np.isnan(np.diag(r.sigma_pair_err)).all()
    both = ki.entropy_production(raster, axes=axes, estimator=["plugin", "model"])
    plugin, biases, error = thermo.entropy_production(raster, inference.maximum_likelihood(raster)[0], True)
    np.testing.assert_allclose([both.sigma[0], both.bias[0], both.sigma_err[0]], [plugin, biases.sum(), error],
                               rtol=1e-7)
    assert both.sigma[1] == r.sigma and list(both.table()["estimator"]) == ["plugin", "model"]


@pytest.mark.parametrize("trials", [None, 7])
def test_mtur(ki, trials):
    """The bound, its error and bias against numpy; the same of the course backwards; refused where pairs are many. [mtur]"""
    from kinising.reference import thermo
    rng = np.random.default_rng(4)
    raster = course(rng.normal(size=5) / 5, rng.normal(size=(5, 5)) / 3, 601 if trials is None else 97, rng, trials)
    axes = "time,unit" if trials is None else "trial,time,unit"
    r = ki.entropy_production(raster, axes=axes, estimator="mtur")
    np.testing.assert_allclose([r.sigma, r.sigma_err, r.bias], thermo.mtur(raster), rtol=1e-10)
    back = ki.entropy_production(raster[..., ::-1, :].copy(), axes=axes, estimator="mtur")
    np.testing.assert_allclose(back.sigma, r.sigma, rtol=1e-12)
    short = ki.entropy_production(raster.reshape(-1, 5)[:10], axes="time,unit", estimator=["mtur", "model"])
    assert np.isnan(short.sigma[0]) and short.status[0] == "too-short"


def test_mtur_error(ki):
    """80 courses of one network: below the truth, biased as said to 4 errors of the mean, and scattered as the error
    says, within 30 % (4 deviations of a sample deviation)."""
    rng = np.random.default_rng(9)
    J = rng.normal(size=(4, 4)) / 2
    found = np.array([(r.sigma, r.sigma_err, r.bias) for r in (ki.entropy_production(
        course(np.zeros(4), J, 1501, rng), axes="time,unit", estimator="mtur", flips=1, threads=1) for _ in range(80))])
    limit = ki.entropy_production(course(np.zeros(4), J, 100001, rng), axes="time,unit", estimator="mtur", flips=1)
    assert limit.sigma < 4 * ki.Network(np.zeros(4), J).exact().sigma
    scatter = found[:, 0].std(ddof=1)
    assert abs(found[:, 0].mean() - found[:, 2].mean() - limit.sigma) < 4 * np.hypot(scatter / np.sqrt(80), limit.sigma_err)
    assert 0.7 < found[:, 1].mean() / scatter < 1.3


@pytest.mark.parametrize("trials", [None, 9])
def test_maxent(ki, trials):
    """The bound, its error and bias against numpy; refused where sigma is large for so few transitions. [maxent]"""
    from kinising.reference import thermo
    rng = np.random.default_rng(14)
    raster = course(rng.normal(size=5) / 5, rng.normal(size=(5, 5)) / 4, 1001 if trials is None else 127, rng, trials)
    axes = "time,unit" if trials is None else "trial,time,unit"
    r = ki.entropy_production(raster, axes=axes, estimator="maxent", threads=2)
    np.testing.assert_allclose([r.sigma, r.sigma_err, r.bias], thermo.maxent(raster), rtol=1e-7)
    assert ki.entropy_production(raster, axes=axes, estimator="maxent", threads=1).sigma == r.sigma
    cold = course(np.zeros(8), rng.normal(size=(8, 8)), 500, rng)
    assert ki.entropy_production(cold, axes="time,unit", estimator="maxent").status == "too-short"


def test_bounds_are_below(ki):
    """Networks of which all states are known: both bounds below sigma, less their biases, by more than -3 errors, and maxent
    is the better one where it is given. Fixed seeds; a false alarm of another set of seeds is rarer than 0.02."""
    rng, found = np.random.default_rng(21), []
    for scale in (0.15, 0.3, 0.5, 0.8, 1.2):
        J = rng.normal(size=(6, 6)) * scale
        truth = 6 * ki.Network(np.zeros(6), J).exact().sigma
        r = ki.entropy_production(course(np.zeros(6), J, 8001, rng), axes="time,unit", estimator=["mtur", "maxent"])
        found.append((truth, *(r.sigma - r.bias), *r.sigma_err))
    truth, mtur, maxent, one, two = np.array(found).T
    assert (mtur < truth + 3 * one).all() and not (maxent > truth + 3 * two).any(), found
    assert np.isnan(maxent[truth > 6]).all() and not np.isnan(maxent[truth < 4]).any()
    assert (maxent > mtur)[(truth > 0.5) & (truth < 4)].all()


@pytest.mark.parametrize("trials", [None, 9])
def test_symmetric(ki, trials):
    """The likelihood ratio against numpy. [symmetric]"""
    from kinising.reference import thermo
    rng = np.random.default_rng(15)
    raster = course(rng.normal(size=5) / 5, rng.normal(size=(5, 5)) / 4, 601 if trials is None else 97, rng, trials)
    axes = "time,unit" if trials is None else "trial,time,unit"
    r = ki.entropy_production(raster, axes=axes, tests="symmetric")
    np.testing.assert_allclose(r.symmetric, thermo.symmetric_ratio(raster), rtol=1e-9)
    assert np.isnan(r.z) and np.isnan(r.flips_p_value) and 0 <= r.symmetric_p_value < 1e-3


def test_refit(ki):
    """Crossfit against numpy: the network of one half with the moments of the other."""
    from kinising.reference import inference
    rng = np.random.default_rng(7)
    raster = course(np.zeros(5), rng.normal(size=(5, 5)) / 3, 801, rng)
    found = ki.entropy_production(raster, axes="time,unit", estimator="crossfit", folds=2, refit=True)
    sigma = 0
    for one, other in ((raster[:401], raster[400:]), (raster[400:], raster[:401])):
        d = inference.moments(other)[3]
        sigma += (inference.maximum_likelihood(one)[0][:, 1:] * (d - d.T)).sum() / 2
    np.testing.assert_allclose(found.sigma, sigma, rtol=1e-9)


def test_errors_of_pairs(ki):
    """Shares of the pairs of 100 courses: the truth within 1.96 errors in at least 90 % of 600 (92 to 95 % is usual)."""
    rng = np.random.default_rng(31)
    J = rng.normal(size=(4, 4)) / 2
    D, upper = ki.Network(np.zeros(4), J).exact().D, np.triu_indices(4, 1)
    truth, inside = ((J - J.T) * (D - D.T))[upper], []
    for _ in range(100):
        r = ki.entropy_production(course(np.zeros(4), J, 801, rng), axes="time,unit", tests="z", threads=1)
        inside.append(abs(r.sigma_pair[upper] - truth) < 1.96 * r.sigma_pair_err[upper])
    assert 0.9 < np.mean(inside) < 0.99


def test_permuted_units_and_codes(ki):
    rng = np.random.default_rng(5)
    raster = course(np.zeros(6), rng.normal(size=(6, 6)) / 3, 800, rng)
    one, order = ki.entropy_production(raster, axes="time,unit"), [3, 1, 5, 0, 2, 4]
    for other in (raster[:, order], raster[:, order] > 0):
        two = ki.entropy_production(other, axes="time,unit")
        np.testing.assert_allclose([two.sigma, two.sigma_err, two.S], [one.sigma, one.sigma_err, one.S], rtol=1e-8)
        np.testing.assert_allclose(two.sigma_unit, one.sigma_unit[order], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(two.p_pair, one.p_pair[np.ix_(order, order)], rtol=1e-6, atol=1e-12)
    assert (one.unit, one.N, one.status) == ("nats/step", 6, "ok")


def test_window(ki):
    rng = np.random.default_rng(6)
    raster = course(np.zeros(4), rng.normal(size=(4, 4)) / 2, 900, rng)
    part = ki.entropy_production(raster, axes="time,unit", window=(300, 700))
    alone = ki.entropy_production(raster[300:700], axes="time,unit")
    np.testing.assert_allclose([part.sigma, part.sigma_err, part.flips], [alone.sigma, alone.sigma_err, alone.flips],
                               rtol=1e-9)


def test_sizes_and_coverage(ki):
    """At 5 %, 200 reversible recordings: false alarms of z, flips and symmetric in 0..20 (binomial chance of more below 1e-3);
    200 irreversible ones: the truth within 1.96 errors in 178 or more (chance of fewer below 1e-3), bias below
    4 errors of the mean."""
    rng = np.random.default_rng(11)
    symmetric = rng.normal(size=(4, 4)) / 2.5
    symmetric = (symmetric + symmetric.T) / 2
    alarms = np.zeros(3)
    for _ in range(200):
        r = ki.entropy_production(course(np.zeros(4), symmetric, 801, rng), axes="time,unit", flips=199,
                                  tests=["z", "flips", "symmetric"], threads=1)
        alarms += [r.z_p_value < 0.05, r.flips_p_value < 0.05, r.symmetric_p_value < 0.05]
    assert (alarms <= 20).all(), alarms
    J = rng.normal(size=(4, 4)) / 2
    truth = 4 * ki.Network(np.zeros(4), J).exact().sigma
    found = np.array([(r.sigma, r.sigma_err) for r in (ki.entropy_production(
        course(np.zeros(4), J, 801, rng), axes="time,unit", flips=1, threads=1) for _ in range(200))])
    assert (abs(found[:, 0] - truth) < 1.96 * found[:, 1]).sum() >= 178
    assert abs(found[:, 0].mean() - truth) < 4 * found[:, 0].std() / np.sqrt(200)


@pytest.mark.parametrize("arguments, words", [
    ({}, "axes"), (dict(axes="time,unit", estimator="best"), "estimator"), (dict(axes="time,unit", per="second"), "width"),
    (dict(axes="time,unit", window=(5, 5)), "window"), (dict(axes="time,unit", window=(0, 99)), "window"),
    (dict(axes="time,unit", estimator="crossfit", folds=100), "folds")])
def test_refusals(ki, arguments, words):
    raster = np.random.default_rng(1).integers(0, 2, (60, 3))
    with pytest.raises(ValueError, match=words):
        ki.entropy_production(raster, **arguments)


def test_adjusted(ki):
    """Benjamini and Hochberg, Holm: the plain definitions."""
    rng = np.random.default_rng(2)
    raster = course(np.zeros(5), rng.normal(size=(5, 5)) / 4, 400, rng)
    upper = np.triu_indices(5, 1)
    for how in ("bh", "holm"):
        r = ki.entropy_production(raster, axes="time,unit", adjust=how)
        p = np.sort(r.p_pair[upper])
        m = np.arange(1, 11)
        q = np.minimum.accumulate((p * 10 / m)[::-1])[::-1] if how == "bh" else np.maximum.accumulate(p * (11 - m))
        np.testing.assert_allclose(np.sort(r.q_pair[upper]), np.minimum(q, 1), rtol=1e-12)
