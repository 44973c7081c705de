# SPDX-License-Identifier: BSD-3-Clause
"""kinising entropy: rows, units, windows, files, recordings; refusals in one sentence. [sigma-data] [flips]"""

import os
import re
import signal
import subprocess

import numpy as np
import pytest

from conftest import KINISING, default_signals, parse_csv

LINE = re.compile(r"kinising: .+? : .+? : .+\n")
ORACLE = os.path.join(os.path.dirname(__file__), "..", "oracle")
DATA = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "data")
COLUMNS = ("estimator,sigma,sigma_err,bias,S,Sr,test,hypothesis,statistic,p_value,unit,N,fitted,separated,transitions,"
           "from,to,seed,status")


def case(name):
    with np.load(os.path.join(ORACLE, "inference_%s.npz" % name)) as f:
        return {key: f[key] for key in f.files}


@pytest.fixture
def rasters(tmp_path):
    c = case("asymmetric_n10")
    np.savez(tmp_path / "r.npz", raster=c["raster"])
    return c


def rows(done):
    assert done.returncode == 0, done.stderr
    return {row["estimator"]: row for row in parse_csv(done.stdout)}


def test_rows(run, rasters):
    done = run("entropy", "r.npz", "--axes", "time,unit", "--estimator", "model,plugin,crossfit")
    assert done.stdout.splitlines()[0] == COLUMNS
    found, firth, ml = rows(done), rasters["entropy_firth"], rasters["entropy_ml"]
    model = found["model"]
    np.testing.assert_allclose([model["sigma"], model["sigma_err"], model["S"]], [firth[8], firth[11], rasters["S"]],
                               rtol=1e-8)
    np.testing.assert_allclose(model["bias"], firth[0] - firth[8], rtol=1e-6)
    np.testing.assert_allclose(model["Sr"], model["S"] + model["sigma"], rtol=1e-12)
    np.testing.assert_allclose(model["statistic"], firth[8] / np.sqrt(firth[10]), rtol=1e-8)
    np.testing.assert_allclose([found["plugin"]["sigma"], found["crossfit"]["sigma"]], [ml[0], ml[12]], rtol=1e-8)
    assert (model["test"], model["hypothesis"], model["unit"], model["status"]) == ("z", "reversible", "nats/step", "ok")
    assert found["none"]["test"] == "flips" and found["none"]["p_value"] == 1 / 2000


def test_refit(run, rasters):
    for folds, right in ((2, rasters["bounds"][1]), (10, rasters["bounds"][2])):
        found = rows(run("entropy", "r.npz", "--axes", "time,unit", "--estimator", "crossfit", "--refit", "--folds", str(folds)))
        np.testing.assert_allclose(found["crossfit"]["sigma"], right, rtol=1e-8)


def test_tests(run, tmp_path):
    right = case("symmetric_n10")
    np.savez(tmp_path / "r.npz", raster=right["raster"])
    done = run("entropy", "r.npz", "--axes", "time,unit", "--tests", "symmetric,flips")
    table = parse_csv(done.stdout)
    assert [(row["estimator"], row["test"], row["hypothesis"]) for row in table] == [
        ("model", "none", "none"), ("none", "flips", "reversible"), ("none", "symmetric", "reversible")]
    np.testing.assert_allclose([table[2]["statistic"], table[2]["p_value"]], [right["symmetric"][1], 0.42980896747],
                               rtol=1e-8)


def test_z_without_model(run, rasters):
    """Where no row of the model can have it, the test that was asked for has one of its own."""
    model, *_ = parse_csv(run("entropy", "r.npz", "--axes", "time,unit", "--tests", "z").stdout)
    for tests in ([], ["--tests", "z,flips"]):
        table = parse_csv(run("entropy", "r.npz", "--axes", "time,unit", "--estimator", "plugin", *tests).stdout)
        assert [(row["estimator"], row["test"]) for row in table] == [("plugin", "none"), ("none", "z"), ("none", "flips")]
        assert all(table[1][name] == model[name] for name in ("statistic", "p_value", "hypothesis", "transitions", "status"))
        assert np.isnan(table[1]["sigma"])


def test_symmetric_of_few_transitions(run, tmp_path):
    raster = case("weak_n20")["raster"]
    for bins, said in ((700, True), (900, False)):
        np.savez(tmp_path / "r.npz", raster=raster[:bins])
        done = run("entropy", "r.npz", "--axes", "time,unit", "--tests", "symmetric")
        assert done.returncode == 0 and ("rejects too often" in done.stderr) == said
        assert "rejects" not in run("entropy", "r.npz", "--axes", "time,unit").stderr


def test_surrogates(run, tmp_path):
    np.savez(tmp_path / "r.npz", raster=case("trials_n10")["raster"])
    done = run("entropy", "r.npz", "--axes", "trial,time,unit", "--tests", "bootstrap,shifts,shuffles", "--surrogates", "9",
               "--unit", "bits")
    model, *table = parse_csv(done.stdout)
    assert [(row["test"], row["hypothesis"]) for row in table] == [
        ("bootstrap", "reversible"), ("shifts", "no coupling"), ("shuffles", "nothing beyond the stimulus")]
    for row in table:
        np.testing.assert_allclose(row["statistic"], model["sigma"] - row["sigma"], rtol=1e-12)
        assert row["p_value"] == 0.1 and row["status"] == "ok" and 0 < row["sigma_err"] < 0.1
    again = run("entropy", "r.npz", "--axes", "trial,time,unit", "--tests", "bootstrap,shifts,shuffles", "--surrogates", "9",
                "--unit", "bits", "--threads", "2")
    assert again.stdout == done.stdout


@pytest.mark.parametrize("test", ["bootstrap", "flips"])
def test_stopped(tmp_path, test):
    """Ctrl-C in the middle: the signal ends it, and no file is written."""
    np.save(tmp_path / "r.npy", (np.random.default_rng(1).random((150000, 130)) < 0.5).astype(np.int8))
    process = subprocess.Popen([KINISING, "entropy", "r.npy", "--axes", "time,unit", "--tests", test, "-o", "e.npz",
                                "--surrogates", "10000", "--estimator", "model,mtur"], cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, preexec_fn=default_signals)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.7)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGINT and out == b""
    finally:
        process.kill()
        process.wait()
    assert os.listdir(tmp_path) == ["r.npy"]


def test_maxent(run, tmp_path):
    np.savez(tmp_path / "r.npz", raster=case("critical_n20")["raster"])
    found = rows(run("entropy", "r.npz", "--axes", "time,unit", "--estimator", "model,mtur,maxent"))
    assert found["mtur"]["sigma"] < found["maxent"]["sigma"] < found["model"]["sigma"]
    np.savez(tmp_path / "r.npz", raster=case("quasi_n20")["raster"])
    done = run("entropy", "r.npz", "--axes", "time,unit", "--estimator", "maxent")
    assert done.returncode == 3 and "too-short" in done.stdout and LINE.search(done.stderr)


def test_bounds(run, rasters, tmp_path):
    found = rows(run("entropy", "r.npz", "--axes", "time,unit", "--estimator", "model,mtur"))["mtur"]
    np.testing.assert_allclose(found["sigma"], rasters["bounds"][0], rtol=1e-9)
    assert (found["test"], found["status"]) == ("none", "ok") and 0 < found["bias"] < found["sigma_err"] < 0.1
    np.save(tmp_path / "short.npy", rasters["raster"][:40])
    done = run("entropy", "short.npy", "--axes", "time,unit", "--estimator", "mtur")
    assert done.returncode == 3 and "too-short" in done.stdout and LINE.search(done.stderr)


def test_reversible(run, tmp_path):
    np.savez(tmp_path / "r.npz", raster=case("symmetric_n10")["raster"])
    found = rows(run("entropy", "r.npz", "--axes", "time,unit"))
    assert found["model"]["p_value"] > 0.01 and found["none"]["p_value"] > 0.01


@pytest.mark.parametrize("axes, change", [("unit,time", lambda r: r.T.copy()), ("time,unit", lambda r: r > 0),
                                          ("time,unit", lambda r: r[:, ::-1].copy())])
def test_layouts(run, rasters, tmp_path, axes, change):
    np.save(tmp_path / "o.npy", change(rasters["raster"]))
    found = rows(run("entropy", "o.npy", "--axes", axes))
    np.testing.assert_allclose(found["model"]["sigma"], rasters["entropy_firth"][8], rtol=1e-8)
    np.testing.assert_allclose(found["model"]["sigma_err"], rasters["entropy_firth"][11], rtol=1e-8)


def test_units(run, rasters):
    base = rows(run("entropy", "r.npz", "--axes", "time,unit"))["model"]["sigma"]
    spikes = (rasters["raster"] > 0).sum() / len(rasters["raster"])
    for args, by in ((["--per", "spin"], 10), (["--per", "spike"], spikes), (["--unit", "bits"], np.log(2)),
                     (["--per", "second", "--bin", "0.02"], 0.02)):
        found = rows(run("entropy", "r.npz", "--axes", "time,unit", *args))["model"]["sigma"]
        np.testing.assert_allclose(found, base / by, rtol=1e-12)


def test_one_unit_changes(run, tmp_path):
    """No test that was not made is called ok."""
    spins = np.where(np.random.default_rng(3).random((400, 3)) < 0.4, 1, 0)
    spins[:, 1:] = 1
    np.savez(tmp_path / "r.npz", raster=spins)
    done = run("entropy", "r.npz", "--axes", "time,unit", "--tests", "z,flips,symmetric,shifts", "--surrogates", "9")
    assert done.returncode == 3 and "units left out: 0 never active, 2 always active" in done.stderr
    found = parse_csv(done.stdout)
    assert [row["test"] for row in found] == ["z", "flips", "symmetric", "shifts"]
    assert all(row["status"] == "not-converged" and np.isnan(row["p_value"]) for row in found)


def test_windows_and_file(run, rasters, tmp_path):
    done = run("entropy", "r.npz", "--axes", "time,unit", "--windows", "3", "--tests", "z", "-o", "w.csv")
    assert done.returncode == 0, done.stderr
    table = parse_csv((tmp_path / "w.csv").read_text())
    assert [(row["from"], row["to"]) for row in table] == [(0, 3001), (0, 1000), (1000, 2000), (2000, 3001)]
    np.save(tmp_path / "part.npy", rasters["raster"][1000:2000])
    part = rows(run("entropy", "part.npy", "--axes", "time,unit"))["model"]
    np.testing.assert_allclose(table[2]["sigma"], part["sigma"], rtol=1e-9)
    assert run("entropy", "r.npz", "--axes", "time,unit", "-o", "e.npz").returncode == 0
    with np.load(tmp_path / "e.npz") as f:
        np.testing.assert_allclose(f["sigma_unit"].sum(), rasters["entropy_firth"][8], rtol=1e-8)
        np.testing.assert_allclose(f["J"], rasters["firth_J"], rtol=0, atol=1e-8)
        upper = np.triu_indices(10, 1)
        assert (f["q_pair"][upper] >= f["p_pair"][upper]).all() and (f["p_unit"] <= f["q_unit"]).all()


def test_same_for_any_threads(run, rasters):
    out = [run("entropy", "r.npz", "--axes", "time,unit", "--threads", k).stdout for k in ("1", "2")]
    assert out[0] == out[1]


def test_warnings(run, tmp_path):
    for name, words in (("separated_n10", "most units (8 of 10) are separated"), ("silent_n8", "units left out: 1 never active, 1 always")):
        np.save(tmp_path / "r.npy", case(name)["raster"])
        done = run("entropy", "r.npy", "--axes", "time,unit")
        assert done.returncode == 0 and words in done.stderr


@pytest.mark.parametrize("name, key, axes, low, high", [
    ("culture_16x178919.npz", "X", "unit,time", 0.00148, 0.00168), ("a1_cortex_16x104000.mat", "spk", "unit,time", 0.0083,
                                                                 0.0093)])
def test_recordings(run, name, key, axes, low, high):
    path = os.path.abspath(os.path.join(DATA, name))
    if not os.path.exists(path):
        pytest.skip("no recordings here")
    done = run("entropy", path, "--axes", axes, "--key", key, "--estimator", "model,crossfit,mtur,maxent", "--tests",
               "flips,symmetric")
    if done.returncode and "matio" in done.stderr:
        pytest.skip("no matio")
    found = rows(done)
    model, mtur, maxent = found["model"], found["mtur"], found["maxent"]
    assert low < model["sigma"] < high and abs(found["crossfit"]["sigma"] - model["sigma"]) < model["sigma_err"]
    assert 0 < mtur["sigma"] - mtur["bias"] < model["sigma"] and 0 < maxent["sigma"] < model["sigma"]
    tests = {row["test"]: row["p_value"] for row in parse_csv(done.stdout)}
    assert tests["flips"] == 1 / 2000 and tests["symmetric"] < 1e-10


@pytest.mark.parametrize("args, words", [
    (["r.npz"], "--axes"), (["r.npz", "--axes", "time,unit", "--estimator", "best"], "--estimator"),
    (["r.npz", "--axes", "time,unit", "--per", "second"], "--per second : the bins of r.npz have no width"),
    (["r.npz", "--axes", "time,unit", "--windows", "2000"], "at least two bins"),
    (["r.npz", "--axes", "time,unit", "--estimator", "crossfit", "--folds", "4000"], "folds"),
    (["r.npz", "--axes", "time,unit", "--tests", "shuffles"], "no two trials"),
    (["r.npz", "--axes", "time,unit", "--trial-length", "1"], "r.npz : no trial has two bins")])
def test_refusals(run, rasters, args, words):
    done = run("entropy", *args)
    assert done.returncode == 2 and LINE.fullmatch(done.stderr) and words in done.stderr, done.stderr
