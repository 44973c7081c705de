# SPDX-License-Identifier: BSD-3-Clause
"""ki.diagnose: the numbers of the command line, what a verdict needs, what is refused. [regime]"""
import json
import pickle
import re
import subprocess

import numpy as np
import pytest

from support import find_build

THRESHOLDS = {"probability": 0.8, "g_sd": 0.2, "critical": 0.8, "ordered": 1.2, "deterministic": 0.4, "weak": 0.7,
              "misfit_z": 4, "misfit_fraction": 0.02, "kappa": 0.4, "self": 0.5, "shift": 0.2}


@pytest.fixture(scope="module")
def spins(ki):
    """[2001,12] of a weak network."""
    network = ki.Network.draw(12, beta=0.5, J0=0.3, dJ=0.5, seed=2)
    return network.simulate(replicas=1, steps=2000, raster=True, moments=False).raster[0]


@pytest.mark.parametrize("given", [{}, {"unit": "bits", "cosines": 3, "seed": 7, "draws": 150, "points": 3, **THRESHOLDS}])
def test_numbers_of_the_command_line(ki, spins, tmp_path, given):
    np.save(tmp_path / "r.npy", spins)
    options = [x for name, value in given.items() for x in ("--" + name.replace("_", "-"), str(value))]
    subprocess.run([find_build() / "kinising", "diagnose", "r.npy", "--axes", "time,unit", "--report", "r.json", *options],
                   cwd=tmp_path, check=True, capture_output=True)
    want = json.loads((tmp_path / "r.json").read_text())
    r = ki.diagnose(spins, axes="time,unit", **{"self_coupling" if n == "self" else n: x for n, x in given.items()})
    assert (r.verdict, r.regime, r.N, r.fitted, r.transitions, r.seed) == (
        want["verdict"], want["regime"], want["units"], want["fitted"], want["transitions"], given.get("seed", 1))
    for name in ("mu", "b", "g", "kappa", "sigma", "S", "r", "ratio", "autocorrelation", "branching"):
        got = getattr(r, name)
        np.testing.assert_equal([float(got), got.sd, got.low, got.high], [
            np.nan if want[name][part] is None else want[name][part] for part in ("value", "sd", "low", "high")])
    for name in ("n_eff", "g_more", "n_var_m", "q_minus_m2", "kurtosis", "mu_kbar", "repetition"):
        np.testing.assert_equal(getattr(r, name), np.nan if want[name] is None else want[name])
    assert r.probability.tolist() == list(want["probability"].values()) and r.doubts.tolist() == [
        x["doubt"] for x in want["doubts"]]
    assert r.misfit.tolist() == [[x["z"], x["fraction"]] for x in want["misfit"].values()]
    for row, name in zip(r.draws, ("mu", "b", "g", "r", "sigma", "S")):
        assert row.tolist() == want["draws"][name]
    assert r.thresholds.tolist() == [want["options"][name] for name in THRESHOLDS]
    assert r.fields.tolist() == [want["prior"]["field"], want["prior"]["field_sd"]]


def test_cannot_tell(ki, spins):
    r = ki.diagnose(spins, axes="time,unit", g_sd=0.001, draws=200)
    assert (r.verdict, r.regime, r.doubts.tolist()) == ("cannot tell", "weak", ["spread"]) and ": try " in r.reasons[0]
    assert re.search(r"verdict +cannot tell", repr(r)) and "cannot tell" in r._repr_html_()
    row = r.table()
    assert row["g"] == r.g and row["g_low"] == r.g.low < row["g_high"] and row["doubts"] == "spread"
    assert row["p_weak"] == r.probability[5] and row["z_lag_2"] == r.misfit[0, 0]


def test_an_estimate_is_a_number(ki, spins):
    g = ki.diagnose(spins, axes="time,unit", draws=200).g
    assert isinstance(g, float) and g.low < g < g.high and g.sd > 0 and 2 * g == 2 * float(g) and repr(g).endswith("]")


@pytest.mark.parametrize("wrong, words", [
    ({"probability": 0.3}, "probability : 0.3 is out of range"), ({"weak": 1.5}, "weak : 1.5"), ({"g_sd": 0}, "g_sd : 0 is"),
    ({"critical": 1.2}, "critical : 1.2, and ordered is 1.1"), ({"deterministic": 0.9}, "deterministic : 0.9, and weak"),
    ({"misfit_z": np.nan}, "misfit_z : nan"), ({"draws": 99}, "draws : 99"), ({"cosines": 33}, "cosines : 33"),
    ({"points": 1}, "points : 1 makes no curve"), ({"points": 34}, "points : 34"), ({"unit": "bytes"}, "unit : 'bytes'"),
    ({"seed": -1}, "seed : -1"), ({"self_coupling": -1}, "self_coupling : -1"), ({"trial_length": 1}, "transition")])
def test_refusals(ki, spins, wrong, words):
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        ki.diagnose(spins, axes="time,unit", **wrong)


def test_data_that_say_nothing(ki):
    with pytest.raises(ValueError, match="axes"):
        ki.diagnose(np.ones((30, 4)))
    with pytest.raises(ValueError, match="change"):
        ki.diagnose(np.ones((30, 4)), axes="time,unit")


def test_what_the_machine_cannot_hold(ki):
    with pytest.raises(MemoryError, match="diagnose : N = 3000 : .* GiB of memory needed"):
        ki.diagnose(np.random.default_rng(1).integers(0, 2, (3000, 3000), np.int8), axes="time,unit")


def test_change(ki, spins, tmp_path):
    """From a weak to a cold network: the numbers of the command line, both ways, after pickling too."""
    cold = ki.Network.draw(12, beta=3, J0=0.2, dJ=1, seed=2).simulate(1, 2000, raster=True, moments=False).raster[0]
    for name, raster in (("a", spins), ("b", cold)):
        np.save(tmp_path / f"{name}.npy", raster)
    subprocess.run([find_build() / "kinising", "diagnose", "a.npy", "--compare", "b.npy", "--axes", "time,unit", "--report",
                    "r.json", "--unit", "bits"], cwd=tmp_path, check=True, capture_output=True)
    want = json.loads((tmp_path / "r.json").read_text())["change"]
    a, b = (ki.diagnose(raster, axes="time,unit") for raster in (spins, cold))
    change = pickle.loads(pickle.dumps(a)).compare(b)
    for name in ("rose", "nearer", "colder", "both", "neither"):
        assert getattr(change, name) == want[name]
    for name in ("sigma", "distance", "r", "by_order", "by_noise", "by_rest"):
        got = getattr(change, name)
        np.testing.assert_allclose([got, got.sd, got.low, got.high], list(want[name].values()), rtol=1e-9, atol=1e-12)
    assert change.rose > 0.999 and change.colder + change.both > 0.999 and want["verdict"].startswith("sigma rose")
    assert b.compare(a).rose < 0.001 and 0.3 < a.compare(a).rose < 0.7
    assert change.table()["sigma_low"] == change.sigma.low
    for one, other in (("bits", "nats"), ("nats", "bits"), ("bits", "bits")):
        mixed = ki.diagnose(spins, axes="time,unit", unit=one).compare(ki.diagnose(cold, axes="time,unit", unit=other))
        assert mixed.rose == change.rose
        np.testing.assert_allclose([mixed.sigma, mixed.sigma.sd], [change.sigma, change.sigma.sd], rtol=1e-9)
    with pytest.raises(TypeError, match="other : is a str"):
        a.compare("b")
