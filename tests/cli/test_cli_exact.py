# SPDX-License-Identifier: BSD-3-Clause
"""kinising exact: the row, the file, the picture; refusals in one sentence. [exact]"""

import json
import math
import os
import re

import numpy as np
import pytest

from conftest import parse_csv

LINE = re.compile(r"kinising: .+? : .+? : .+\n")
COLUMNS = ["N", "beta", "dynamics", "m_mean", "m", "q", "S", "Sr", "sigma", "entropy", "gap", "status"]
IN_FILES = [name for name in COLUMNS if name != "m"]  # where m is that of every spin
TABLE = os.path.join(os.path.dirname(__file__), "..", "oracle", "reference_exact_n6.json")


def load(path):
    with np.load(path) as f:
        return {name: f[name] for name in f.files}


@pytest.fixture
def six(tmp_path):
    """The network of the table, as six.npz; without its diagonal as hollow.npz."""
    with open(TABLE, encoding="utf-8") as f:
        table = json.load(f)
    J = np.array(table["J"])
    np.savez(tmp_path / "six.npz", H=table["H"], J=J, beta=table["beta"])
    np.savez(tmp_path / "hollow.npz", H=table["H"], J=J - np.diag(J.diagonal()), beta=table["beta"])
    return table


def test_row(run, six):
    done = run("exact", "--network", "six.npz")
    assert done.returncode == 0
    header, line = done.stdout.splitlines()
    assert header == ",".join(COLUMNS)
    assert all(x in ("sync", "ok") or f"{float(x):.17g}" == x for x in line.split(","))
    (row,) = parse_csv(done.stdout)
    want = six["sync"]
    assert (row["N"], row["beta"], row["dynamics"], row["status"]) == (6, six["beta"], "sync", "ok")
    assert row["m"] == row["m_mean"] and abs(row["q"] - np.trace(np.array(want["D"])) / 6
                                             - np.mean(np.square(want["m"]))) < 1e-12
    for name in ("S", "Sr", "sigma", "entropy"):
        assert abs(row[name] - want[name]) < 1e-12, name
    assert abs(row["m_mean"] - np.mean(want["m"])) < 1e-12
    first, second = done.stderr.splitlines()
    assert re.fullmatch(r"kinising: N = 6: 64 states, [\d.]+ MiB of memory", first)
    match = re.fullmatch(r"kinising: residual (\S+), relaxation time (\S+) steps, <exp\(-Sigma\)> = (\S+)", second)
    assert float(match.group(1)) < 1e-14 and abs(float(match.group(3)) - 1) < 1e-10
    assert float(match.group(2)) == pytest.approx(-1 / math.log(1 - row["gap"]), rel=1e-5)


def test_row_async(run, six):
    want = six["async_zero_diagonal"]
    for args in (["six.npz", "--zero-diagonal"], ["hollow.npz"]):
        done = run("exact", "--network", *args, "--dynamics", "async", "--quiet")
        assert done.returncode == 0 and done.stderr == ""
        (row,) = parse_csv(done.stdout)
        assert abs(row["sigma"] - want["sigma"]) < 1e-12 and abs(row["entropy"] - want["entropy"]) < 1e-12
        assert row["dynamics"] == "async" and abs(row["q"] - np.mean(np.square(want["m"]))) < 1e-12
    done = run("exact", "--network", "six.npz", "--dynamics", "async")
    assert done.returncode == 2 and done.stdout == "" and LINE.fullmatch(done.stderr)
    assert all(x in done.stderr for x in ("J[0,0]", "--zero-diagonal", "--keep-diagonal"))
    (kept,) = parse_csv(run("exact", "--network", "six.npz", "--dynamics", "async", "--keep-diagonal").stdout)
    assert abs(kept["sigma"] - want["sigma"]) > 1e-5
    # Synchronously the diagonal stays unless it is to go.
    (with_it,) = parse_csv(run("exact", "--network", "six.npz").stdout)
    (without,) = parse_csv(run("exact", "--network", "six.npz", "--zero-diagonal").stdout)
    assert abs(with_it["S"] - without["S"]) > 1e-3


def slowest_rate(H, J, beta):
    """Gap of the generator: numpy's eigenvectors, and the Rayleigh quotient of both of them in long doubles, whose
    error is the square of theirs."""
    N = len(H)
    s = 2.0 * (np.arange(2**N)[:, None] >> np.arange(N) & 1) - 1
    flip = 1 / (1 + np.exp(2 * s.astype(np.longdouble) * (beta * (H + s @ J.T))))
    G = -np.diag(flip.sum(1))
    for i in range(N):
        G[np.arange(2**N), np.arange(2**N) ^ 1 << i] = flip[:, i]
    values, right = np.linalg.eig(G.astype(float))
    slowest = np.argsort(-values.real)[1]
    x, y = right[:, slowest].astype(np.clongdouble), np.linalg.inv(right)[slowest].astype(np.clongdouble)
    return float(-(y @ G @ x / (y @ x)).real)


def test_gap_to_twelve_digits(run, tmp_path):
    """Self-couplings make left and right eigenvectors differ: a small residual alone was 5e-12 off here."""
    for seed in (18, 32, 104, 143, 166):
        rng = np.random.default_rng(seed)
        J, H = rng.normal(0.5 / 6, 1 / np.sqrt(6), (6, 6)), 0.3 * rng.normal(size=6)
        J += np.diag(rng.normal(size=6)) * (seed % 2)
        np.savez(tmp_path / "six.npz", H=H, J=J, beta=1.5)
        done = run("exact", "--network", "six.npz", "--dynamics", "async", "--keep-diagonal", "--quiet")
        assert done.returncode == 0
        (row,) = parse_csv(done.stdout)
        assert abs(row["gap"] - slowest_rate(H, J, 1.5)) < 5e-13, seed


def test_beta_and_unit(run, six, tmp_path):
    (nats,) = parse_csv(run("exact", "--network", "six.npz", "--beta", "0.5").stdout)
    done = run("exact", "--network", "six.npz", "--beta", "0.5", "--unit", "bits", "-o", "bits.npz")
    assert done.returncode == 0 and done.stdout == ""
    run("exact", "--network", "six.npz", "--beta", "0.5", "-o", "nats.npz")
    a, b = load(tmp_path / "nats.npz"), load(tmp_path / "bits.npz")
    for name in ("S", "Sr", "sigma", "entropy", "sigma_spin", "sigma_edge", "sigma_bins"):
        np.testing.assert_allclose(b[name] * math.log(2), a[name], rtol=1e-13, atol=1e-15, err_msg=name)
    assert a["sigma_error"] > 0 and b["sigma_error"] * math.log(2) == pytest.approx(a["sigma_error"], rel=1e-12)
    for name in ("m_mean", "gap", "C", "D", "p", "sigma_probability", "autocorrelation"):
        assert a[name].tobytes() == b[name].tobytes(), name
    assert a["sigma"][0] == nats["sigma"] < 0.143
    np.savez(tmp_path / "bare.npz", H=six["H"], J=six["J"])
    done = run("exact", "--network", "bare.npz")
    assert done.returncode == 0 and "no beta" in done.stderr


@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_several_betas(dynamics, run, six, tmp_path):
    """The rows and arrays of each beta alone, to the bit, beta first."""
    betas = ["0.3", "0.9", "1e300", "0"]
    args = ["exact", "--network", "hollow.npz", "--dynamics", dynamics, "--bins", "10", "--tmax", "2"]
    done = run(*args, "--beta", ",".join(betas), "-o", "all.npz")
    assert done.returncode == 3 and "1 of 4 rows" in done.stderr and "1e+300" in done.stderr.splitlines()[-1]
    f = load(tmp_path / "all.npz")
    table = parse_csv(run("exact", "--network", "hollow.npz", "--dynamics", dynamics, "--beta", ",".join(betas)).stdout)
    assert [r["status"] for r in table] == ["ok", "ok", "not-converged", "ok"] == list(f["status"])
    assert [r["beta"] for r in table] == [float(b) for b in betas]
    for k, beta in enumerate(betas):
        run(*args, "--beta", beta, "-o", "one.npz")
        one = load(tmp_path / "one.npz")
        assert one.keys() == f.keys()
        for name in f.keys() - {"provenance", "tau"}:
            alone = one[name][0] if name in COLUMNS and name != "m" else one[name]
            assert f[name].shape == (4, *alone.shape), name
            np.testing.assert_array_equal(f[name][k], alone, err_msg=name)
            if name in COLUMNS and name != "m":
                np.testing.assert_array_equal(table[k][name], alone, err_msg=name)
    np.testing.assert_array_equal(f["tau"], one["tau"])


def test_joins_with_simulate(run, six):
    """The same names for the same things: a simulation of the network is near, column by column."""
    (exact,) = parse_csv(run("exact", "--network", "six.npz").stdout)
    (drawn,) = parse_csv(run("simulate", "--network", "six.npz", "--replicas", "500", "--steps", "300", "--average",
                             "--burn-in", "50").stdout)
    assert (exact["N"], exact["beta"], exact["dynamics"]) == (drawn["N"], drawn["beta"], drawn["dynamics"])
    for name in ("m", "q", "S", "Sr", "sigma"):
        assert abs(exact[name] - drawn[name]) < 6 * drawn[name + "_err"] + 1e-3, name


@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_file(dynamics, run, six, tmp_path):
    args = ["--tmax", "4", "--bins", "20"] + (["--points", "8"] if dynamics == "async" else [])
    done = run("exact", "--network", "hollow.npz", "--dynamics", dynamics, *args, "-o", "e.npz")
    assert done.returncode == 0 and done.stdout == "" and "wrote e.npz" in done.stderr
    f = load(tmp_path / "e.npz")
    (row,) = parse_csv(run("exact", "--network", "hollow.npz", "--dynamics", dynamics).stdout)
    assert all(f[name].shape == (1,) and f[name][0] == row[name] for name in IN_FILES)
    scalars = {"relaxation_time", "residual", "gap_residual", "law_error", "gap_error", "sigma_error", "activity",
               "products", "fluctuation"}
    arrays = {"p": (64,), "m": (6,), "C": (6, 6), "c": (6, 6), "d": (6, 6), "sigma_spin": (6,),
              "sigma_edge": (6, 6), "tau": (9 if dynamics == "async" else 5,), "sigma_bins": (21,),
              "sigma_probability": (20,)}
    arrays["autocorrelation"] = arrays["tau"]
    if dynamics == "sync":
        arrays["D"] = (6, 6)
    assert f.keys() == {*IN_FILES, *scalars, *arrays, "provenance"}
    assert all(f[k].shape == () for k in scalars) and all(f[k].shape == v for k, v in arrays.items())
    assert f["status"] == "ok" and abs(f["fluctuation"] - 1) < 1e-10
    # How the arrays hang together.
    s = 2.0 * (np.arange(64)[:, None] >> np.arange(6) & 1) - 1
    np.testing.assert_allclose(f["p"] @ s, f["m"], atol=1e-14)
    np.testing.assert_allclose(s.T @ (f["p"][:, None] * s), f["c"], atol=1e-14)
    np.testing.assert_allclose(f["C"], f["c"] - np.outer(f["m"], f["m"]), atol=1e-14)
    x = np.tanh(six["beta"] * (np.array(six["H"]) + s @ np.load(tmp_path / "hollow.npz")["J"].T))
    np.testing.assert_allclose(x.T @ (f["p"][:, None] * s), f["d"], atol=1e-14)
    np.testing.assert_allclose(f["sigma_edge"].sum(1), f["sigma_spin"], atol=1e-13)
    np.testing.assert_allclose(f["sigma_spin"].sum() / 6, f["sigma"][0], atol=1e-12)
    np.testing.assert_allclose(f["sigma_probability"].sum(), 1, atol=1e-12)
    np.testing.assert_allclose(f["tau"], np.linspace(0, 4, f["tau"].size))
    assert abs(f["autocorrelation"][0] - 1) < 1e-14
    if dynamics == "sync":
        np.testing.assert_allclose(f["autocorrelation"][1], f["d"].trace() / 6, atol=1e-13)
        np.testing.assert_allclose(f["D"], six_D(f), atol=1e-13)


def six_D(f):
    return f["d"] - np.outer(f["m"], f["m"])


def test_other_files(run, six, tmp_path):
    done = run("exact", "--network", "six.npz", "-o", "e.csv")
    assert done.returncode == 0
    (row,) = parse_csv((tmp_path / "e.csv").read_text())
    assert list(row) == COLUMNS
    if "HDF5: yes" not in run("info").stdout:
        pytest.skip("no HDF5")
    h5py = pytest.importorskip("h5py")
    assert run("exact", "--network", "six.npz", "-o", "e.h5").returncode == 0
    assert run("exact", "--network", "six.npz", "-o", "e.npz").returncode == 0
    with h5py.File(tmp_path / "e.h5") as h:
        for name, value in load(tmp_path / "e.npz").items():
            if value.dtype.kind == "f":
                assert np.array_equal(h[name][()], value), name
        assert list(h["C"].attrs["axes"]) == ["spin", "from_spin"] and h["sigma_bins"].attrs["units"] == "nats"
        assert h["sigma_edge"].attrs["units"] == h["S"].attrs["units"] == "nats/spin/step"
        assert h["tau"].attrs["units"] == "steps" and "units" not in h["gap"].attrs
    assert run("exact", "--network", "six.npz", "--beta", "0.3,0.5", "-o", "e.h5").returncode == 0
    with h5py.File(tmp_path / "e.h5") as h:
        assert list(h["p"].attrs["axes"]) == ["beta", "state"] and h["residual"].attrs["axes"][0] == "beta"


def test_reproducible_and_threads(run, six, tmp_path):
    for name, threads in (("a", "1"), ("b", "2"), ("c", "1")):
        done = run("exact", "--network", "six.npz", "--threads", threads, "--reproducible", "-o", f"{name}.npz")
        assert done.returncode == 0
    a, b = load(tmp_path / "a.npz"), load(tmp_path / "b.npz")
    assert all(a[k].tobytes() == b[k].tobytes() for k in a.keys() - {"provenance"})
    assert "seconds" not in json.loads(str(a["provenance"]))


def have_gnuplot(run):
    return "gnuplot: no" not in run("info").stdout


@pytest.mark.parametrize("args", [[], ["--dynamics", "async", "--zero-diagonal", "--unit", "bits"], ["--beta", "0"],
                                  ["--beta", "1e300"]])
def test_plot(args, run, six, tmp_path):
    if not have_gnuplot(run):
        pytest.skip("no gnuplot")
    done = run("exact", "--network", "six.npz", *args, "--plot", "e.svg")
    assert done.returncode == (3 if "1e300" in args else 0), done.stderr
    text = (tmp_path / "e.svg").read_text()
    assert "drew e.svg" in done.stderr and text.count("P(") >= 2 and "C(" in text and "NaN" not in text
    assert parse_csv(done.stdout)[0].keys() == set(COLUMNS)


def test_plot_of_several_betas(run, six, tmp_path):
    if not have_gnuplot(run):
        pytest.skip("no gnuplot")
    done = run("exact", "--network", "six.npz", "--beta", "0.2:1:5", "--plot", "b.svg")
    text = (tmp_path / "b.svg").read_text()
    assert done.returncode == 0 and len(parse_csv(done.stdout)) == 5 and "spectral gap" in text and "NaN" not in text


def test_frozen(run, six, tmp_path):
    done = run("exact", "--network", "six.npz", "--beta", "1e300", "-o", "e.npz")
    assert done.returncode == 3
    lines = done.stderr.splitlines(keepends=True)
    assert LINE.fullmatch(lines[-1]) and "does not decay" in lines[-1]
    f = load(tmp_path / "e.npz")
    assert f["status"] == "not-converged" and f["gap"] == 0 and np.isinf(f["relaxation_time"])
    assert all(np.isfinite(f[k]).all() for k in ("p", "m", "C", "sigma", "autocorrelation", "sigma_bins"))
    quiet = run("exact", "--network", "six.npz", "--beta", "1e300", "--quiet")
    assert quiet.returncode == 3 and LINE.fullmatch(quiet.stderr) and quiet.stdout.startswith("N,beta,")


def test_twelve_spins_are_quick(run):
    import time
    run("network", "draw", "--N", "12", "--dJ", "1", "--beta", "1.2", "-o", "w.npz")
    start = time.monotonic()
    done = run("exact", "--network", "w.npz")
    assert done.returncode == 0 and time.monotonic() - start < 2 * 10  # 0.2 s; sanitizers and busy machines


BAD = {
    "square": dict(H=np.zeros(3), J=np.zeros((3, 4))),
    "nan": dict(H=np.zeros(2), J=np.array([[0, np.nan], [0, 0]])),
    "key": dict(H=np.zeros(2), K=np.zeros((2, 2))),
    "many": dict(H=np.zeros(15), J=np.zeros((15, 15))),
    "more": dict(H=np.zeros(21), J=np.zeros((21, 21))),
    "own": dict(H=np.zeros(2), J=np.diag([0, 0.25])),
    "good": dict(H=np.zeros(2), J=np.zeros((2, 2)), beta=1.0),
    "hot": dict(H=np.zeros(2), J=np.full((2, 2), 1e200), beta=1.0),
}


@pytest.mark.parametrize("args, mentions", [
    ([], ["--network FILE"]),
    (["good.npz"], ["unexpected argument"]),
    (["--network"], ["--network"]),
    (["--network", "none.npz"], ["none.npz", "No such file"]),
    (["--network", "square.npz"], ["3 x 4"]),
    (["--network", "nan.npz"], ["J[0,1]", "nan"]),
    (["--network", "key.npz"], ["no array J"]),
    (["--network", "text.npz"], ["text.npz"]),
    (["--network", "empty.npz"], ["empty.npz"]),
    (["--network", "many.npz"], ["15", "at most 14", "async", "20", "kinising simulate --network", "meanfield"]),
    (["--network", "more.npz", "--dynamics", "async"], ["21", "at most 20", "kinising simulate --network"]),
    (["--network", "more.npz"], ["21", "at most 14", "20"]),
    (["--network", "own.npz", "--dynamics", "async"], ["J[1,1]", "0.25", "--zero-diagonal", "--keep-diagonal"]),
    (["--network", "own.npz", "--zero-diagonal", "--keep-diagonal"], ["one of the two"]),
    (["--network", "good.npz", "--beta", "nan"], ["--beta"]),
    (["--network", "good.npz", "--beta", "inf"], ["--beta"]),
    (["--network", "good.npz", "--beta", "0.5,x"], ["--beta"]),
    (["--network", "good.npz", "--beta", "0:1:2000000000"], ["--beta", "too many"]),
    (["--network", "good.npz", "--beta", "1,2", "--bins", "4", "--plot", "x.png"], ["--bins"]),
    (["--network", "good.npz", "--beta", "-1"], ["--beta", "negative"]),
    (["--network", "hot.npz", "--beta", "1e200"], ["beta", "at most"]),
    (["--network", "good.npz", "--dynamics", "both"], ["--dynamics"]),
    (["--network", "good.npz", "--bins", "7", "-o", "x.npz"], ["--bins", "odd"]),
    (["--network", "good.npz", "--bins", "0", "-o", "x.npz"], ["--bins"]),
    (["--network", "good.npz", "--bins", "4"], ["--bins", "-o FILE.npz"]),
    (["--network", "good.npz", "--tmax", "4", "-o", "x.csv"], ["--tmax", "-o FILE.npz"]),
    (["--network", "good.npz", "--tmax", "1.5", "-o", "x.npz"], ["--tmax", "whole"]),
    (["--network", "good.npz", "--tmax", "-1", "-o", "x.npz"], ["--tmax"]),
    (["--network", "good.npz", "--points", "5", "-o", "x.npz"], ["--points", "sync"]),
    (["--network", "good.npz", "--tol", "0"], ["--tol"]),
    (["--network", "good.npz", "-o", "x.foo"], ["x.foo"]),
    (["--network", "good.npz", "-o", "good.npz"], ["another file"]),
    (["--network", "good.npz", "--netwrk", "x"], ["did you mean --network"]),
])
def test_refused(args, mentions, run, tmp_path):
    for name, arrays in BAD.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
    (tmp_path / "text.npz").write_text("H = 0, J = 1\n")
    (tmp_path / "empty.npz").touch()
    before = {p: (tmp_path / p).read_bytes() for p in os.listdir(tmp_path)}
    done = run("exact", *args)
    assert done.returncode == 2 and done.stdout == "", done.stderr
    *before_it, line = done.stderr.splitlines(keepends=True)
    assert LINE.fullmatch(line) and all(m in line for m in mentions), done.stderr
    # What the fields add up to is looked at after memory has been spoken of.
    assert len(before_it) == ("hot.npz" in args), done.stderr
    assert {p: (tmp_path / p).read_bytes() for p in os.listdir(tmp_path)} == before


def test_folder_that_cannot_be_written(run, tmp_path):
    np.savez(tmp_path / "good.npz", **BAD["good"])
    done = run("exact", "--network", "good.npz", "-o", "no/such/x.npz")
    assert done.returncode == 1 and LINE.fullmatch(done.stderr) and done.stdout == ""
    (tmp_path / "shut").mkdir(mode=0o555)
    if os.access(tmp_path / "shut", os.W_OK):
        return  # a superuser writes anywhere
    done = run("exact", "--network", "good.npz", "-o", "shut/x.npz")
    assert done.returncode == 1 and LINE.fullmatch(done.stderr)


def test_help(run):
    text = run("exact", "--help").stdout
    assert "--zero-diagonal" in text and "example:" in text
    assert re.search(r"^  exact +\S", run("help").stdout, flags=re.M)
