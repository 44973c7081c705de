# SPDX-License-Identifier: BSD-3-Clause
"""kinising meanfield: values, files, starts, steady states; refusals and failures.
[naive] [plefka-t1t] [plefka-t] [plefka-t1] [plefka2-t] [sigma-mf]"""
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import zipfile

import numpy as np
import pytest

from conftest import KINISING, parse_csv
from meanfield_cases import (BETA, COLUMNS, LINE, METHODS, N, by_numpy, floor, load, mean, network,  # noqa: F401
                             reference, rows_of, sigma_of, step)


@pytest.mark.parametrize("method", METHODS)
def test_values(method, network, mean, tmp_path):
    H, J = network
    rows = mean("--method", method, "--steps", "4", "--m0", "0.4")
    path = by_numpy(method, H, J, 4, 0.4)
    assert list(rows[0]) == COLUMNS and [r["t"] for r in rows] == list(range(5))
    assert {r["method"] for r in rows} == {method} and np.isnan([rows[0]["D_mean"], rows[0]["sigma"]]).all()
    for row, (m, C, D) in zip(rows, path):
        np.testing.assert_allclose([row["m_mean"], row["C_mean"]], [m.mean(), C.mean()], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose([row["D_mean"], row["sigma"]], [D.mean(), sigma_of(J, D)], rtol=1e-9, atol=1e-12)
    assert mean("--method", method, "--steps", "4", "--m0", "0.4", "--path", "-o", "p.npz") == []
    f = load(tmp_path / "p.npz")
    for name, want in zip("mCD", zip(*path)):
        np.testing.assert_allclose(f[name], np.array(want), rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("method", list(floor.METHODS))
def test_the_floor_of_the_benchmark_computes_the_same(method, network):
    H, J = network
    for (m, C, D), after in zip(by_numpy(method, H, J, 3, 0.4), by_numpy(method, H, J, 3, 0.4)[1:]):
        got = floor.METHODS[method](H, J, m, C, np.nan_to_num(D))
        for have, want in zip(got, after):
            np.testing.assert_allclose(have, want, rtol=1e-9, atol=1e-12)


def test_the_floor_of_pair_correlations(network):
    """20 x 20 nodes on a square are good to some 1e-4."""
    H, J = network
    m = np.full(N, 0.4)
    _, C, _ = step("plefka-t1", H, J, m, np.diag(1 - m * m), np.zeros((N, N)))
    got = floor.correlations_t1(H, J, m)
    assert 1e-9 < np.abs(got - C).max() < 1e-3 < np.abs(C - np.diag(np.diag(C))).max()


def test_file(network, mean, tmp_path):
    _, J = network
    mean("--method", "plefka-t", "--steps", "5", "-o", "r.npz")
    mean("--method", "plefka-t", "--steps", "5", "--path", "-o", "p.npz")
    f, p = load(tmp_path / "r.npz"), load(tmp_path / "p.npz")
    rows = mean("--method", "plefka-t", "--steps", "5")
    for name in COLUMNS:
        np.testing.assert_array_equal(f[name], [r[name] for r in rows], err_msg=name)
    for name, shape in dict(m=(N,), C=(N, N), D=(N, N), sigma_spin=(N,), sigma_edge=(N, N)).items():
        assert f[name].shape == shape and f[name].dtype == np.float64
        assert p[name].shape == (6, *shape)
        np.testing.assert_array_equal(p[name][-1], f[name])
    np.testing.assert_allclose(p["sigma_edge"], (J - J.T) * p["D"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(p["sigma_spin"].mean(1), p["sigma"], rtol=1e-12, atol=1e-15)
    assert np.isnan(p["sigma_spin"][0]).all() and not np.isnan(p["sigma_spin"][1:]).any()
    assert set(f) == set(p) == {*COLUMNS, "m", "C", "D", "sigma_spin", "sigma_edge", "residual", "change", "steps",
                                "unphysical", "unphysical_D", "provenance"}
    np.testing.assert_allclose(f["sigma_edge"], (J - J.T) * f["D"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(f["sigma_edge"].sum(1), f["sigma_spin"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(f["sigma_spin"].mean(), f["sigma"][-1], rtol=1e-12)
    np.testing.assert_array_equal(np.diag(f["C"]), (1 - f["m"]) * (1 + f["m"]))
    assert set(f["status"]) == {"ok"} and f["steps"] == 5 and 0 <= f["residual"] < 1e-12 and f["change"] > 1e-9
    mean("--method", "plefka-t", "--steps", "5", "--unit", "bits", "-o", "b.npz")
    b = load(tmp_path / "b.npz")
    for name in ("sigma", "sigma_spin", "sigma_edge"):
        np.testing.assert_allclose(b[name], f[name] / np.log(2), rtol=1e-14)


def test_several_methods_beta_and_threads(network, mean, tmp_path):
    rows = mean("--method", "plefka2-t,naive", "--steps", "3", "--beta", "0.3", "--threads", "1")
    assert [r["method"] for r in rows] == ["naive"] * 4 + ["plefka2-t"] * 4
    H, J = (0.3 / BETA * x for x in network)
    for k, method in enumerate(("naive", "plefka2-t")):
        assert rows[4 * k + 3]["m_mean"] == pytest.approx(by_numpy(method, H, J, 3)[-1][0].mean(), rel=1e-9)
    again = mean("--method", "plefka2-t,naive", "--steps", "3", "--beta", "0.3", "--threads", "2")
    assert mean("--method", "plefka2-t,naive", "--steps", "3", "--beta", "0.3", "-o", "t.csv") == []
    for name in COLUMNS:
        for other in again, parse_csv((tmp_path / "t.csv").read_text()):
            np.testing.assert_array_equal([r[name] for r in other], [r[name] for r in rows])


def test_defaults(network, mean):
    rows = mean()
    assert len(rows) == 128 and {r["method"] for r in rows} == {"plefka2-t"} and rows[0]["m_mean"] == 1
    (row,) = mean("--dynamics", "async", "--steady", "--zero-diagonal")
    assert row["method"] == "plefka-t1t"


@pytest.mark.parametrize("how", [["--steps", "3"], ["--steps", "3", "--path"], ["--steady"]])
def test_several_betas(how, network, mean, tmp_path):
    """Rows and arrays of each beta alone, to the bit, beta first."""
    betas = ["0.3", "0.7", "0.5"]
    mean("--beta", ",".join(betas), *how, "-o", "all.npz")
    f, length = load(tmp_path / "all.npz"), 1 if how == ["--steady"] else 4
    grid = [(b, x) for b in (0.3, 0.7, 0.5) for x in range(length)]
    assert list(f["beta"].flat) == [b for b, _ in grid] and f["beta"].shape == ((3, 4) if length > 1 else (3,))
    assert length == 1 or (list(f["axes"]) == ["beta", "t"] and list(f["axis_t"]) == [0, 1, 2, 3])
    for k, beta in enumerate(betas):
        mean("--beta", beta, *how, "-o", "one.npz")
        one = load(tmp_path / "one.npz")
        assert one.keys() == f.keys() - {"axes", "axis_beta", "axis_t"}
        for name in one.keys() - {"provenance"}:
            single = one[name].shape == (1,) # a number of each run
            np.testing.assert_array_equal(f[name][k:k + 1] if single else f[name][k], one[name], err_msg=name)
    if "--path" not in how:
        rows = mean("--beta", ",".join(betas), *how)
        for name in COLUMNS:
            np.testing.assert_array_equal([r[name] for r in rows], f[name].flat, err_msg=name)
        methods = mean("--beta", ",".join(betas), *how, "--method", "naive,plefka-t1")
        assert [(r["beta"], r["method"]) for r in methods[::length]] == [
            (float(b), m) for b in betas for m in ("naive", "plefka-t1")]


def test_units_and_axes(network, mean, run, tmp_path):
    if "HDF5: yes" not in run("info").stdout:
        pytest.skip("built without HDF5")
    h5py = pytest.importorskip("h5py")
    mean("--beta", "0.3,0.5", "--steps", "3", "--path", "--unit", "bits", "-o", "a.h5")
    with h5py.File(tmp_path / "a.h5") as h:
        assert list(h["C"].attrs["axes"]) == ["beta", "t", "spin", "from_spin"] and "units" not in h["C"].attrs
        assert h["sigma_edge"].attrs["units"] == h["sigma"].attrs["units"] == "bits/spin/step"
        assert list(h["sigma"].attrs["axes"]) == ["beta", "t"] and h["t"].attrs["units"] == "steps"
    mean("--steady", "-o", "b.h5")
    with h5py.File(tmp_path / "b.h5") as h:
        assert list(h["m"].attrs["axes"]) == ["spin"] and h["m"].shape == (N,)
    mean("--compare", "exact", "--beta", "0.3,0.5", "--steps", "3", "-o", "c.h5")
    with h5py.File(tmp_path / "c.h5") as h:
        assert h["m_err"].shape == (2, 6) and list(h["m_err"].attrs["axes"]) == ["beta", "method"]


def test_several_betas_that_end_badly(run):
    assert run("network", "draw", "--N", "12", "--dJ", "1", "-o", "w.npz").returncode == 0
    done = run("meanfield", "--network", "w.npz", "--beta", "0.5,1.5,2", "--method", "plefka-t")
    said = done.stderr.splitlines()[-1]
    assert done.returncode == 3 and "2 of 3 runs" in said and "beta = 1.5" in said and LINE.fullmatch(said + "\n")
    assert {r["status"] for r in parse_csv(done.stdout) if r["beta"] == 0.5} == {"ok"}
    last = {r["beta"]: r["status"] for r in parse_csv(done.stdout)}
    assert last == {0.5: "ok", 1.5: "unphysical", 2: "unphysical"}


# --- starts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_a_run_goes_on(ending, network, mean, run, tmp_path):
    """plefka2-t reads m, C and D: all three must come through the file."""
    if ending == "h5" and "HDF5: yes" not in run("info").stdout:
        pytest.skip("built without HDF5")
    mean("--steps", "7", "-o", "whole.npz")
    mean("--steps", "4", "-o", "part." + ending)
    mean("--steps", "4", "--path", "-o", "path." + ending)
    whole = load(tmp_path / "whole.npz")
    for start in ("part.", "path."):
        mean("--steps", "3", "--start", start + ending, "-o", "rest.npz")
        rest = load(tmp_path / "rest.npz")
        for name in ("m", "C", "D", "sigma_edge"):
            np.testing.assert_array_equal(rest[name], whole[name], err_msg=name)
        np.testing.assert_array_equal(rest["sigma"], whole["sigma"][4:])


def test_start_of_magnetizations_alone(network, mean, run, tmp_path):
    np.savez(tmp_path / "m.npz", m=np.where(np.arange(N) % 3 == 0, -1, 1))
    done = run("meanfield", "--network", "w.npz", "--start", "m.npz", "--method", "naive", "--steps", "1")
    assert done.returncode == 0 and "independent" in done.stderr
    H, J = network
    want = np.tanh(H + J @ np.where(np.arange(N) % 3 == 0, -1, 1)).mean()
    assert parse_csv(done.stdout)[1]["m_mean"] == pytest.approx(want, rel=1e-12)


# --- steady states ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_steady(method, network, mean, run, tmp_path):
    H, J = network
    done = run("meanfield", "--network", "w.npz", "--beta", "0.8", "--method", method, "--steady", "-o", "s.npz")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"{method}: steady after \d+ steps, residual \S+, change \S+", done.stderr)
    f = load(tmp_path / "s.npz")
    assert f["status"] == ["ok"] and f["t"] == np.inf and f["change"] <= 1e-12 and f["steps"] > 3
    H, J = (0.8 / BETA * x for x in (H, J))
    after = step(method, H, J, f["m"], f["C"], f["D"])
    for have, want in zip((f["m"], f["C"], f["D"]), after):
        np.testing.assert_allclose(have, want, atol=1e-11)
    assert f["sigma"] == pytest.approx(sigma_of(J, f["D"]), rel=1e-9)
    long = mean("--beta", "0.8", "--method", method, "--steps", "400")[-1]
    np.testing.assert_allclose([long["m_mean"], long["sigma"]], [f["m"].mean(), f["sigma"][0]], rtol=1e-8)


def test_steady_asynchronous(network, mean, tmp_path):
    H, J = network
    J = J * (1 - np.eye(N))
    for method in ("naive", "plefka-t1t"):
        mean("--method", method, "--steady", "--dynamics", "async", "--zero-diagonal", "-o", "a.npz")
        f, want = load(tmp_path / "a.npz"), reference.asynchronous(method, H, J, np.ones(N))
        for name in "mCD":
            np.testing.assert_allclose(f[name], want[name], atol=1e-10, err_msg=name)
        assert f["sigma"] == pytest.approx(sigma_of(J, want["D"]) / 2, rel=1e-8) and f["sigma"] > 0.01


def test_every_failure_has_its_sentence(run, tmp_path):
    done = run("network", "draw", "--N", "12", "--dJ", "1", "--J0", "0", "--beta", "4", "-o", "cold.npz")
    assert done.returncode == 0
    done = run("meanfield", "--network", "cold.npz", "--steady", "--method", "naive,plefka-t", "--max-steps", "50", "--quiet")
    said = done.stderr.splitlines()
    assert done.returncode == 3 and len(parse_csv(done.stdout)) == 2
    assert [line.split()[3] for line in said] == ["naive", "plefka-t"], said


def test_what_means_nothing_is_not_ok(run, tmp_path):
    """Correlations of 1e48 at the least; alone, in the steady state and in a comparison."""
    assert run("network", "draw", "--N", "12", "--dJ", "1", "--beta", "1.5", "-o", "w.npz").returncode == 0
    done = run("meanfield", "--network", "w.npz", "--compare", "exact")
    assert done.returncode == 3 and LINE.fullmatch(done.stderr.splitlines(True)[-1])
    assert re.search(r"a status other than ok in [1-5] of 6 rows : ", done.stderr), done.stderr
    rows = rows_of(parse_csv(done.stdout))
    assert rows["plefka-t"]["status"] == "unphysical" and rows["plefka-t"]["C_err"] > 1
    assert rows["exact"]["status"] == "ok"
    assert all(r["status"] == "unphysical" for r in rows.values() if r["C_err"] > 1 or abs(r["sigma"]) > 10)
    for how in ["--steps", "127"], ["--steady"]:
        done = run("meanfield", "--network", "w.npz", "--method", "plefka-t", *how, "-o", "f.npz")
        assert done.returncode == 3 and "that no distribution has" in done.stderr
        f = load(tmp_path / "f.npz")
        assert f["status"][-1] == "unphysical" and f["unphysical"] > 0 and f["unphysical_D"] > 0


def test_unstable(run, tmp_path):
    """m = 0 of a ferromagnet without fields: a fixed point that nothing but symmetry keeps."""
    np.savez(tmp_path / "w.npz", H=np.zeros(5), J=np.full((5, 5), 0.4), beta=1.0)
    done = run("meanfield", "--network", "w.npz", "--method", "naive", "--steady", "--m0", "0", "-o", "u.npz")
    assert done.returncode == 3 and LINE.fullmatch(done.stderr.splitlines(True)[-1])
    f = load(tmp_path / "u.npz")
    assert f["status"] == ["unstable"] and abs(f["m"]).max() == 0
    done = run("meanfield", "--network", "w.npz", "--method", "naive", "--steady")
    assert done.returncode == 0 and abs(float(parse_csv(done.stdout)[0]["m_mean"]) - 0.957504) < 1e-6


def test_not_steady(network, mean, run, tmp_path):
    done = run("meanfield", "--network", "w.npz", "--steady", "--max-steps", "3", "-o", "s.npz")
    assert done.returncode == 3 and "not steady after 3 steps" in done.stderr and "--max-steps" in done.stderr
    f = load(tmp_path / "s.npz")
    assert f["status"] == ["not-steady"] and f["steps"] == 3 and f["change"] > 1e-6 and np.isfinite(f["m"]).all()
    (row,) = mean("--steady", "--max-steps", "3", status=3)
    assert row["t"] == np.inf
    (loose,) = mean("--steady", "--tol", "0.01", "--max-steps", "100")
    (tight,) = mean("--steady")
    assert 1e-9 < abs(loose["m_mean"] - tight["m_mean"]) < 0.1


# --- pictures ---------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("gnuplot") is None, reason="needs gnuplot")
def test_pictures(network, mean, tmp_path):
    mean("--method", "naive,plefka2-t", "--steps", "9", "--plot", "steps.svg")
    text = (tmp_path / "steps.svg").read_text()
    for word in ("naive", "plefka2-t", "mean C", "N = 12"):
        assert word in text
    mean("--method", "naive,plefka-t1", "--steady", "--beta", "0.2:0.8:4", "--plot", "b.svg")
    text = (tmp_path / "b.svg").read_text()
    for word in ("naive", "plefka-t1", "mean D", "inverse temperature", "nats/spin/step"):
        assert word in text
    mean("--dynamics", "async", "--zero-diagonal", "--steady", "--beta", "0.2:0.8:4", "--plot", "b.svg")
    assert "nats/spin/unit time" in (tmp_path / "b.svg").read_text()
    mean("--compare", "simulation", "--replicas", "60", "--steps", "9", "--beta", "0.4:0.8:3", "--plot", "e.svg")
    text = (tmp_path / "e.svg").read_text()
    for word in (*METHODS, "simulation", "error of D"):
        assert word in text
    mean("--method", "naive", "--steps", "2", "--plot", "one.png", "-o", "one.npz")
    assert (tmp_path / "one.png").read_bytes()[:4] == b"\x89PNG" and (tmp_path / "one.npz").exists()


@pytest.mark.skipif(shutil.which("gnuplot") is None, reason="needs gnuplot")
@pytest.mark.parametrize("args", [["--compare", "exact", "--steps", "60", "--beta", "1.5,2"], ["--beta", "1.5,2"],
                                  ["--steps", "60"], ["--steady", "--beta", "0.3,1.5,2"]])
def test_pictures_without_what_means_nothing(args, run, tmp_path):
    """A picture is drawn even if nothing is left for it, and no axis goes to 1e40."""
    assert run("network", "draw", "--N", "12", "--dJ", "1", "--beta", "1.5", "-o", "w.npz").returncode == 0
    done = run("meanfield", "--network", "w.npz", "--method", "plefka-t", *args, "--plot", "p.svg")
    assert done.returncode == 3 and "drew p.svg" in done.stderr, done.stderr
    assert not re.search(r"e\+\d\d", (tmp_path / "p.svg").read_text())


# --- refusals and failures --------------------------------------------------------------------------

ASYNC = ["--dynamics", "async", "--steady"]
WRONG = [
    ([], "--network : is missing"),
    (["--network", "none.npz"], "none.npz"),
    (["--network", "text.npz"], "text.npz"),
    (["--network", "wide.npz"], "3 x 4"),
    (["--network", "long.npz"], "H has 4 elements and J is 3 x 3"),
    (["--network", "keys.npz"], "has no array J"),
    (["--network", "nan.npz"], "J[1,2]"),
    (["--network", "huge.npz"], "J[1,2]"),
    (["--beta", "-1"], "negative"),
    (["--beta", "nan"], "--beta"),
    (["--beta", "inf"], "finite"),
    (["--beta", "0.5,x"], "--beta"),
    (["--beta", "0:1:2000000000"], "too many"),
    (["--method", "tap"], "naive, plefka-t1t"),
    (["--method", "naive,naive"], "twice"),
    (["--method", "naive,plefka-t", "-o", "x.npz"], "one --method"),
    (["--method", "naive,plefka-t", "-o", "x.h5"], "one --method"),
    (["--steps", "0"], "--steps"),
    (["--steps", "-1"], "--steps"),
    (["--steps", "1.5"], "whole number"),
    (["--steps", "5", "--steady"], "--max-steps"),
    (["--path"], "-o FILE.npz"),
    (["--path", "-o", "x.csv"], "-o FILE.npz"),
    (["--path", "--steady", "-o", "x.npz"], "--path"),
    (["--tol", "1e-9"], "with --steady"),
    (["--max-steps", "9"], "with --steady"),
    (["--steady", "--tol", "0"], "--tol"),
    (["--steady", "--max-steps", "0"], "--max-steps"),
    (["--m0", "1.5"], "-1 to 1"),
    (["--m0", "nan"], "--m0"),
    (["--m0", "0", "--start", "m.npz"], "one of both"),
    (["--start", "none.npz"], "none.npz"),
    (["--start", "w.npz"], "has no array m"),
    (["--start", "m13.npz"], "N = 12"),
    (["--start", "C13.npz"], "C is not"),
    (["--start", "words.npz"], "m is not"),
    (["--start", "m2.npz"], "m[3]"),
    (["--start", "mnan.npz"], "m[3]"),
    (["--start", "Cbad.npz"], "C["),
    (["--start", "Cdiagonal.npz"], "C["),
    (["--dynamics", "async"], "with --steady"),
    ([*ASYNC], "--zero-diagonal"),
    ([*ASYNC, "--zero-diagonal", "--method", "plefka-t"], "naive or plefka-t1t"),
    ([*ASYNC, "--zero-diagonal", "--method", "naive,plefka2-t"], "naive or plefka-t1t"),
    (["--dynamics", "sync,async"], "sync or async"),
    (["--compare", "paper"], "exact or simulation"),
    (["--compare", "simulation", "--m0", "0.5"], "1 or 0"),
    (["--compare", "simulation", "--start", "m.npz"], "--m0"),
    (["--compare", "exact", "--path", "-o", "x.npz"], "--path"),
    (["--compare", "simulation", "--replicas", "9"], "--replicas"),
    (["--compare", "simulation", "--burn-in", "5"], "--steady"),
    (["--compare", "exact", "--steady", "--window", "5"], "--compare simulation"),
    (["--compare", "exact", "--replicas", "50"], "--compare simulation"),
    (["--replicas", "50"], "--compare simulation"),
    (["--network", "w30.npz", "--compare", "exact"], "30"),
    (["-o", "w.npz"], "another file"),
    (["-o", "link.npz"], "another file"),
    (["--start", "m.npz", "-o", "./m.npz"], "another file"),
    (["-o", "x.txt"], ".npz"),
]
PLOTS = [
    (["--steady", "--plot", "x.png"], "single point"),
    (["--compare", "simulation", "--plot", "x.png"], "--beta"),
    (["--compare", "simulation", "--beta", "0.5", "--plot", "x.png"], "--beta"),
    (["--plot", "x.gif"], ".svg"),
]


@pytest.mark.parametrize("arguments, mention", WRONG + PLOTS, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_refused(arguments, mention, run, network, tmp_path):
    if "--plot" in arguments and shutil.which("gnuplot") is None:
        pytest.skip("needs gnuplot")
    H, J = np.zeros(3), np.zeros((3, 3))
    bad, huge = J.copy(), J.copy()
    bad[1, 2], huge[1, 2] = np.nan, 1e300
    m, C = np.full(N, 0.5), np.diag(np.full(N, 0.75))
    m2, mnan, Cbad, Cdiagonal = m.copy(), m.copy(), C.copy(), C.copy()
    m2[3], mnan[3], Cbad[2, 4], Cdiagonal[5, 5] = 2, np.nan, 0.1, 0.9
    for name, arrays in {
        "wide": dict(H=H, J=np.zeros((3, 4))), "long": dict(H=np.zeros(4), J=J), "keys": dict(H=H, W=J),
        "nan": dict(H=H, J=bad), "huge": dict(H=H, J=huge), "m": dict(m=m), "m13": dict(m=np.zeros(13)),
        "C13": dict(m=m, C=np.zeros((13, 13))), "words": dict(m=np.array(["up"] * N)), "m2": dict(m=m2),
        "mnan": dict(m=mnan), "Cbad": dict(m=m, C=Cbad), "Cdiagonal": dict(m=m, C=Cdiagonal),
        "w30": dict(H=np.zeros(30), J=np.zeros((30, 30))),
    }.items():
        np.savez(tmp_path / (name + ".npz"), **arrays)
    (tmp_path / "text.npz").write_text("no network")
    (tmp_path / "link.npz").symlink_to("w.npz")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    if arguments and "--network" not in arguments:
        arguments = ["--network", "w.npz", *arguments]
    done = run("meanfield", "--quiet", *arguments)
    assert done.returncode == 2 and done.stdout == "", done
    assert LINE.fullmatch(done.stderr) and mention in done.stderr, done.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_memory_comes_first(network, run, tmp_path):
    done = run("meanfield", "--network", "w.npz", "--steps", "1")
    assert re.match(r"kinising: N = 12: [\d.]+ KiB of memory for plefka2-t\n", done.stderr), done.stderr
    done = run("meanfield", "--network", "w.npz", "--steps", "1", "--method", "naive,plefka2-t", "--quiet")
    assert done.stderr == ""
    run("network", "draw", "--N", "300", "-o", "w.npz")
    if 1e7 * 2 * 300**2 * 8 < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE"):
        pytest.skip("this machine has room for it")
    done = run("meanfield", "--network", "w.npz", "--steps", "10000000", "--path", "-o", "x.npz")
    assert done.returncode == 1 and LINE.fullmatch(done.stderr) and "GiB" in done.stderr and "--path" in done.stderr
    assert 0 < int(re.search(r"N up to (\d+)", done.stderr)[1]) < 300


def test_too_large_a_network(run, tmp_path):
    """40 000 spins: the file holds zeros, deflated; nothing of it is read."""
    n = 40000
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
        for name, shape, count in ("H", f"({n},)", 1), ("J", f"({n}, {n})", n):
            header = f"{{'descr': '|i1', 'fortran_order': False, 'shape': {shape}, }}"
            header += " " * (-(len(header) + 11) % 64) + "\n"
            with z.open(name + ".npy", "w") as f:
                f.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
                for _ in range(count):
                    f.write(bytes(n))
    here = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    if here > 5 * 8 * n * n:
        pytest.skip("this machine has room for it")
    done = run("meanfield", "--network", "w.npz", timeout=20)
    assert done.returncode == 1 and LINE.fullmatch(done.stderr), done.stderr
    assert "N = 40000 needs" in done.stderr and "plefka2-t" in done.stderr
    fits = int(re.search(r"N up to (\d+)", done.stderr)[1])
    assert 0.5 * here < 8 * 15 * fits**2 and 5 * 8 * fits**2 < here


def test_full_disk(network, run):
    with open("/dev/full", "w") as full:
        done = run("meanfield", "--network", "w.npz", "--steps", "3", "--quiet", stdout=full)
    assert done.returncode == 1 and LINE.fullmatch(done.stderr) and "standard output" in done.stderr
    done = run("meanfield", "--network", "w.npz", "-o", "no/x.npz", "--quiet")
    assert done.returncode == 1 and LINE.fullmatch(done.stderr) and "no" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_folder(network, run, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    done = run("meanfield", "--network", "w.npz", "-o", "locked/x.npz", "--quiet")
    folder.chmod(0o700)
    assert done.returncode == 1 and LINE.fullmatch(done.stderr) and not list(folder.iterdir())


def test_interrupted(network, tmp_path):
    running = subprocess.Popen([KINISING, "meanfield", "--network", "w.npz", "--steps", "9000000", "--threads", "1", "-o",
                                "x.npz"], cwd=tmp_path, stderr=subprocess.PIPE)
    running.stderr.readline()
    before = set(os.listdir(tmp_path))
    time.sleep(0.3)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=10) == -signal.SIGINT and before == set(os.listdir(tmp_path)) == {"w.npz"}
    running.stderr.close()


def test_help_and_its_examples(run):
    page = run("meanfield", "--help").stdout
    for word in (*METHODS, "--compare", "--zero-diagonal", "sigma_edge", "not-steady"):
        assert word in page
    assert max(map(len, page.splitlines())) <= 120
    for example in page.split("example:\n")[1].splitlines():
        program, *args = shlex.split(example)
        done = run(*args)
        assert program == "kinising" and done.returncode == 0, (example, done.stderr)
