# SPDX-License-Identifier: BSD-3-Clause
"""kinising fit: the row, the network file, named units, penalties; refusals in one sentence. [mle]"""

import os
import re

import numpy as np
import pytest

from conftest import parse_csv

LINE = re.compile(r"kinising: .+? : .+? : .+\n")
COLUMNS = ("method,N,trials,transitions,dynamics,bin,step,ridge,l1,firth,beta,J0,dJ,log_likelihood,aic,bic,"
           "parameters,held_out,separated,constant,no_root,unfitted,status")
ORACLE = os.path.join(os.path.dirname(__file__), "..", "oracle")


def case(name):
    with np.load(os.path.join(ORACLE, "inference_%s.npz" % name)) as f:
        return {key: f[key] for key in f.files}


def load(path):
    with np.load(path) as f:
        return {key: f[key] for key in f.files}


@pytest.fixture
def rasters(tmp_path):
    c = case("asymmetric_n10")
    np.savez(tmp_path / "r.npz", raster=c["raster"])
    return c


def test_row(run, rasters):
    done = run("fit", "r.npz", "--axes", "time,unit", "--bin", "0.01")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == COLUMNS
    (row,) = parse_csv(done.stdout)
    assert (row["method"], row["N"], row["trials"], row["transitions"]) == ("mle", 10, 1, 3000)
    assert (row["dynamics"], row["bin"], row["firth"], row["beta"]) == ("sync", 0.01, "auto", 1)
    np.testing.assert_allclose([row["log_likelihood"], row["aic"], row["bic"]], rasters["ml_criteria"], rtol=1e-11)
    assert (row["parameters"], row["status"]) == (110, "ok") and np.isnan(row["held_out"])


@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_file_is_a_network(run, rasters, tmp_path, ending):
    if ending == "h5" and "HDF5: yes" not in run("info").stdout:
        pytest.skip("no HDF5")
    done = run("fit", "r.npz", "--axes", "time,unit", "--robust", "-o", "fit." + ending)
    assert done.returncode == 0 and done.stdout == "", done.stderr
    for command in (["network", "info", "fit." + ending], ["exact", "--network", "fit." + ending],
                    ["simulate", "--network", "fit." + ending, "--steps", "10", "--replicas", "2"],
                    ["meanfield", "--network", "fit." + ending, "--steps", "2"]):
        assert run(*command).returncode == 0
    if ending == "npz":
        f = load(tmp_path / "fit.npz")
        for name in ("H", "J", "H_err", "J_err"):
            np.testing.assert_allclose(f[name], rasters["ml_" + name], rtol=0, atol=1e-8)
        np.testing.assert_allclose(f["log_likelihood_unit"], rasters["ml_log_likelihood_unit"], rtol=1e-10)
        np.testing.assert_allclose(f["J_robust"], f["J_err"], rtol=0.2)
        assert f["beta"] == 1 and set(f["status_unit"]) == {"ok"} and (f["fitted"] == 1).all()


@pytest.mark.parametrize("axes, change", [
    ("unit,time", lambda r: r.T.copy()), ("time,unit", lambda r: r[None]),
    ("time,unit", lambda r: r > 0), ("time,unit", lambda r: (r + 1.0) / 2),
    ("unit,trial,time", lambda r: r.T[:, None, :].copy()), ("time,unit", lambda r: r.astype(">i2"))])
def test_layouts(run, rasters, tmp_path, axes, change):
    """Axes in any order, 0/1 and -1/+1 in any type: the same fit."""
    np.save(tmp_path / "other.npy", change(rasters["raster"]))
    done = run("fit", "other.npy", "--axes", axes)
    assert done.returncode == 0, done.stderr
    (row,) = parse_csv(done.stdout)
    assert abs(row["log_likelihood"] - rasters["ml_criteria"][0]) < 1e-7


def test_trials(run, tmp_path):
    """Three axes, or a length: no transition across a border."""
    c = case("trials_n10")
    np.savez(tmp_path / "t.npz", x=c["raster"])
    np.savez(tmp_path / "flat.npz", x=c["raster"].reshape(-1, 10))
    for args in (["t.npz", "--axes", "trial,time,unit"], ["flat.npz", "--axes", "time,unit", "--trial-length", "101"]):
        (row,) = parse_csv(run("fit", *args).stdout)
        assert (row["trials"], row["transitions"]) == (30, 3000)
        assert abs(row["log_likelihood"] - c["ml_criteria"][0]) < 1e-7


def test_named_units(run, tmp_path):
    for name in ("silent_n8", "separated_n10", "quasi_n20"):
        np.savez(tmp_path / (name + ".npz"), raster=case(name)["raster"])
    done = run("fit", "silent_n8.npz", "--axes", "time,unit", "-o", "f.npz")
    assert done.returncode == 0
    assert "1 unit never active" in done.stderr and "1 unit always active" in done.stderr
    f = load(tmp_path / "f.npz")
    assert list(np.flatnonzero(f["status_unit"] == "silent")) == [2]
    assert list(np.flatnonzero(f["status_unit"] == "saturated")) == [4]
    done = run("fit", "separated_n10.npz", "--axes", "time,unit")
    assert done.returncode == 0 and "8 units separated" in done.stderr and "0, 2, 3, 4, 5, 7, 8, 9" in done.stderr
    assert parse_csv(done.stdout)[0]["status"] == "separated"
    done = run("fit", "quasi_n20.npz", "--axes", "time,unit", "--method", "ms")
    assert done.returncode == 3 and "no root" in done.stderr
    assert parse_csv(done.stdout)[0]["status"] == "no-root"


def test_long_lists_of_units_are_cut(run, tmp_path):
    """Ten numbers and three dots, whatever the units are named for."""
    rng = np.random.default_rng(1)
    np.save(tmp_path / "silent.npy", np.hstack([rng.random((200, 2)) < 0.5, np.zeros((200, 12))]).astype(np.int8))
    np.save(tmp_path / "alike.npy", np.repeat(rng.random((200, 1)) < 0.5, 13, axis=1).astype(np.int8))
    for name, units in (("silent.npy", "2, 3, 4, 5, 6, 7, 8, 9, 10, 11 ..."), ("alike.npy", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ...")):
        done = run("fit", name, "--axes", "time,unit")
        assert done.returncode == 0, done.stderr
        assert re.search(r"12 units .*: %s\n" % re.escape(units), done.stderr), done.stderr


def test_penalty_is_chosen(run, rasters, tmp_path):
    done = run("fit", "r.npz", "--axes", "time,unit", "--l1", "0,5,20,1000", "--folds", "4", "-o", "l1.npz")
    assert done.returncode == 0, done.stderr
    f = load(tmp_path / "l1.npz")
    best = f["penalty"][np.argmax(f["held_out_of_penalty"])]
    assert f["l1"] == best and f["held_out"] == f["held_out_of_penalty"].max()
    assert list(f["penalty"]) == [0, 5, 20, 1000] and best < 1000
    one = run("fit", "r.npz", "--axes", "time,unit", "--holdout", "0.25")
    assert parse_csv(one.stdout)[0]["held_out"] > 0.1


def test_asynchronous(run, rasters, tmp_path):
    np.savez(tmp_path / "all.npz", updates=np.ones_like(rasters["raster"]))
    done = run("fit", "r.npz", "--axes", "time,unit", "--dynamics", "async", "--updates", "all.npz")
    assert done.returncode == 0, done.stderr
    assert abs(parse_csv(done.stdout)[0]["log_likelihood"] - rasters["ml_criteria"][0]) < 1e-7
    done = run("fit", "r.npz", "--axes", "time,unit", "--dynamics", "async", "--step", "2", "--method", "nmf")
    assert done.returncode == 0, done.stderr
    assert np.isnan(parse_csv(done.stdout)[0]["log_likelihood"])


def test_same_bytes(run, rasters, tmp_path):
    for threads in ("1", "2"):
        done = run("fit", "r.npz", "--axes", "time,unit", "--threads", threads, "--reproducible", "-o", "f.npz")
        assert done.returncode == 0
        os.rename(tmp_path / "f.npz", tmp_path / (threads + ".npz"))
    one, two = load(tmp_path / "1.npz"), load(tmp_path / "2.npz")
    for name in ("H", "J", "H_err", "J_err", "log_likelihood"):
        assert (one[name] == two[name]).all()


@pytest.mark.parametrize("args, words", [
    (["r.npz"], "holds raster of 3001 x 10 : --axes time,unit, if the longer one is time"),
    (["r.npz", "--axes", "time"], "--axes"),
    (["r.npz", "--axes", "time,time"], "--axes"),
    (["r.npz", "--axes", "trial,time,unit"], "one for each dimension"),
    (["r.npz", "--axes", "time,unit", "--trial-length", "1"], "at least one transition"),
    (["r.npz", "--axes", "unit,time"], "the other way round (time,unit)"),
    (["r.npz", "--axes", "time,unit", "--key", "spikes"], "one of raster"),
    (["none.npz", "--axes", "time,unit"], "none.npz"),
    (["r.npz", "--axes", "time,unit", "-o", "f.csv"], "holds no matrix"),
    (["r.npz", "--axes", "time,unit", "-o", "r.npz"], "another file"),
    (["r.npz", "--axes", "time,unit", "--ridge", "1,2"], "--holdout 0.2 or --folds 5"),
    (["r.npz", "--axes", "time,unit", "--ridge", "-1"], "--ridge"),
    (["r.npz", "--axes", "time,unit", "--holdout", "0.2", "--folds", "3"], "one of them"),
    (["r.npz", "--axes", "time,unit", "--holdout", "1e-6"], "at least one of each"),
    (["r.npz", "--axes", "time,unit", "--dynamics", "async"], "--updates FILE, or --step"),
    (["r.npz", "--axes", "time,unit", "--step", "1"], "--dynamics async"),
    (["r.npz", "--axes", "time,unit", "--updates", "r.npz"], "--dynamics async"),
    (["r.npz", "--axes", "time,unit", "--dynamics", "async", "--updates", "r.npz", "--min-rate", "0.1"], "--units with"),
    (["r.npz", "--axes", "time,unit", "--method", "ms", "--ridge", "1"], "no penalty"),
    (["r.npz", "--axes", "time,unit", "--firth", "all", "--l1", "1"], "without ridge and l1"),
    (["counts.npy", "--axes", "time,unit"], "counts"),
    (["mixed.npy", "--axes", "time,unit"], "all 0 or 1"),
    (["two.npz", "--axes", "time,unit"], "a, b : --key"),
])
def test_refusals(run, rasters, tmp_path, args, words):
    np.save(tmp_path / "counts.npy", np.array([[0, 1], [2, 0], [1, 1]]))
    np.save(tmp_path / "mixed.npy", np.array([[0, 1], [-1, 0], [1, 1]]))
    np.savez(tmp_path / "two.npz", a=np.ones((3, 2)), b=np.ones((3, 2)))
    done = run("fit", *args)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert LINE.fullmatch(done.stderr) and words in done.stderr, done.stderr
