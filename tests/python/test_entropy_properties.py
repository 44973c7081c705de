# SPDX-License-Identifier: BSD-3-Clause
"""What the entropy production of any recording must not depend on, and what time's arrow does to it: small random
recordings, also such as have constant units, one trial of two bins, or rows without a finite maximum. [sigma-data]
[mtur] [symmetric]"""
import numpy as np
from hypothesis import assume, given, settings, strategies as st

from test_entropy import course

few = settings(max_examples=40, deadline=None, database=None, derandomize=True)
ASK = dict(axes="trial,time,unit", estimator=["model", "plugin", "crossfit", "mtur"], folds=2, flips=19,
           tests=["z", "flips", "symmetric"], threads=1)


@st.composite
def recordings(draw, constant=True):
    """[trial,time,unit], -1 and 1: courses of networks, from weak to cold."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    units, trials, bins = draw(st.integers(2, 5)), draw(st.integers(1, 4)), draw(st.integers(6, 150))
    scale = draw(st.sampled_from([0, 0.2, 0.5, 1, 2]))
    x = course(rng.normal(size=units) * scale / 2, rng.normal(size=(units, units)) * scale, bins, rng, trials)
    if constant and draw(st.booleans()):
        x[:, :, draw(st.integers(0, units - 1))] = draw(st.sampled_from([-1, 1]))
    return x


def numbers(r):
    return np.array([*r.sigma, r.sigma_err[0], r.S, r.z, r.symmetric, r.symmetric_p_value])


def close(a, b, rtol=1e-5):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-7)


def regular(ki, x):
    """What ki says, if every row has a finite maximum (else places near infinity depend on the path to them)."""
    r = ki.entropy_production(x, **ASK)
    assume(r.separated == 0 and r.fitted == x.shape[2] and (r.status == "ok").all())
    return r


@few
@given(x=recordings())
def test_any_recording(ki, x):
    """Numbers or NaN with a status, never an error; errors and chances in their ranges; parts add up."""
    r = ki.entropy_production(x, **ASK)
    assert set(r.status) <= {"ok", "separated", "not-converged", "too-short"}
    for sigma, error, status in zip(r.sigma, r.sigma_err, r.status):
        assert np.isfinite(sigma) and error >= 0 or np.isnan(sigma) and status in ("not-converged", "too-short")
    for p in (r.z_p_value, r.flips_p_value, r.symmetric_p_value):
        assert np.isnan(p) or 0 <= p <= 1
    if r.status[0] in ("ok", "separated"):
        close(r.sigma_unit.sum(), r.sigma[0])
        assert not r.symmetric < -1e-6 or r.separated


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(seed=st.integers(0, 2**32), scale=st.sampled_from([0.2, 1, 3]), kind=st.sampled_from(["", "constant", "copy", "delay",
                                                                                            "sparse"]))
def test_maxent_of_any_recording(ki, seed, scale, kind):
    """Where hardly a transition runs backwards, or none on one part, the bound is low but no number without measure. [maxent]"""
    rng = np.random.default_rng(seed)
    units, trials = rng.integers(2, 6), rng.integers(1, 4)
    x = course(np.zeros(units), rng.normal(size=(units, units)) * scale, 320, rng, trials)
    if kind == "constant":
        x[:, :, 0] = 1
    elif kind == "copy":
        x[:, :, 1] = x[:, :, 0]
    elif kind == "delay":
        x[:, 1:, 1] = x[:, :-1, 0]
    elif kind == "sparse":
        x = np.where(rng.random(x.shape) < 0.01, 1, -1).astype(np.int8)
    r = ki.entropy_production(x, axes="trial,time,unit", estimator="maxent", tests="z", threads=1)
    assert -40 < r.sigma <= np.log(320 * trials / 3) and r.sigma_err >= 0 or r.status in ("too-short", "not-converged")


@few
@given(x=recordings(constant=False), seed=st.integers(0, 99))
def test_names_and_signs(ki, x, seed):
    """Units in another order; what is called active and what silent, for some units; 0 and 1."""
    rng, r = np.random.default_rng(seed), regular(ki, x)
    close(numbers(ki.entropy_production(x[:, :, rng.permutation(x.shape[2])], **ASK)), numbers(r))
    close(numbers(ki.entropy_production(x * rng.choice([-1, 1], x.shape[2]).astype(np.int8), **ASK)), numbers(r))
    close(numbers(ki.entropy_production(x > 0, **ASK)), numbers(r))


@few
@given(x=recordings(constant=False), place=st.integers(0, 5), state=st.sampled_from([-1, 1]))
def test_a_unit_that_never_changes(ki, x, place, state):
    r, place = regular(ki, x), min(place, x.shape[2])
    more = ki.entropy_production(np.insert(x, place, state, axis=2), **ASK)
    close(numbers(more), numbers(r))
    assert more.fitted == x.shape[2] and more.sigma_unit[place] == 0


@few
@given(x=recordings(constant=False), seed=st.integers(0, 99))
def test_trials_do_not_touch(ki, x, seed):
    """Trials in another order: no transition and no lead crosses a border, so what is no scatter of batches stays."""
    r, order = regular(ki, x), np.random.default_rng(seed).permutation(len(x))
    other = ki.entropy_production(x[order], **ASK)
    for k in (0, 1, 3):
        close(other.sigma[k], r.sigma[k])
    close([*other.bias[:2], other.S, other.symmetric], [*r.bias[:2], r.S, r.symmetric])
    close(other.sigma_unit, r.sigma_unit)


@few
@given(x=recordings(constant=False))
def test_backwards(ki, x):
    """Backwards in time the currents change sign: the plug-in of the same network does, the bound stays."""
    r, back = regular(ki, x), x[:, ::-1].copy()
    d = [ki.Raster(y, axes="trial,time,unit").moments()["d"] for y in (x, back)]
    forward, backward = ((r.J * (m - m.T)).sum() for m in d)
    close(backward, -forward, 1e-12)
    close(ki.entropy_production(back, **ASK).sigma[3], r.sigma[3])


def test_arrow_of_time(ki):
    """Courses of one network, long enough: the network of the course itself and the moments of the course backwards give minus
    sigma, to 4 errors; and a course backwards has an entropy production too."""
    rng = np.random.default_rng(2)
    J = rng.normal(size=(4, 4)) / 2
    x = course(np.zeros(4), J, 20001, rng)
    truth = 4 * ki.Network(np.zeros(4), J).exact().sigma
    back = x[::-1].copy()
    r, s = (ki.entropy_production(y, axes="time,unit") for y in (x, back))
    d = ki.Raster(back, axes="time,unit").moments()["d"]
    assert abs((J * (d - d.T)).sum() + truth) < 4 * r.sigma_err < 0.3 * truth
    assert s.sigma > 0 and s.flips_p_value == 1 / 2000 and abs(s.sigma_pair - s.sigma_pair.T)[0, 1] < 1e-12
