# SPDX-License-Identifier: BSD-3-Clause
"""kinising simulate --network: files, their shapes and how they hang together; refusals."""

import os
import re

import numpy as np
import pytest

from conftest import parse_csv

LINE = re.compile(r"kinising: .+? : .+? : .+\n")
N = 12


def load(path):
    with np.load(path) as f:
        return {name: f[name] for name in f.files}


@pytest.fixture
def network(run, tmp_path):
    done = run("network", "draw", "--N", str(N), "--dJ", "0.8", "--beta", "1.5", "-o", "w.npz")
    assert done.returncode == 0, done.stderr
    return load(tmp_path / "w.npz")


@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_moments_and_raster(dynamics, run, network, tmp_path):
    done = run("simulate", "--network", "w.npz", "--dynamics", dynamics, "--replicas", "70", "--steps", "9",
               "--start", "random", "--raster", "s.npz", "-o", "r.npz")
    assert done.returncode == 0, done.stderr
    f, spins = load(tmp_path / "r.npz"), load(tmp_path / "s.npz")
    s = spins.pop("raster").astype(float)
    assert set(spins) == {"N", "beta", "J0", "dJ", "dH", "dynamics", "realizations", "steps", "start", "average",
                          "burn_in", "zero_diagonal", "status", "provenance"}
    assert all(spins[name] == f[name] for name in set(spins) - {"provenance"}) and spins["start"] == ["random"]
    assert s.shape == (70, 10, N) and set(np.unique(s)) == {-1, 1}
    state = s[:, -2] if dynamics == "sync" else s[:, -1]
    t = np.tanh(1.5 * (network["H"] + state @ network["J"].T))
    d = t.T @ state / 70
    np.testing.assert_allclose(f["d"], d, atol=3e-6)
    np.testing.assert_allclose(f["m_before"], state.mean(0), atol=1e-9)
    own = t if dynamics == "sync" else state
    np.testing.assert_allclose(f["m"], own.mean(0), atol=3e-6)
    np.testing.assert_allclose(f["c"], own.T @ own / 70 * (1 - np.eye(N)) + np.eye(N), atol=3e-6)
    np.testing.assert_allclose(f["sigma_edge"].sum(1), f["sigma_spin"], atol=1e-12)
    np.testing.assert_allclose(f["sigma_spin"].sum() / N, f["sigma"], atol=1e-6)
    np.testing.assert_allclose(f["m"].mean(), f["m_mean"], atol=1e-6)
    assert f["dynamics"] == [dynamics] and f["realizations"] == 70 and f["beta"] == 1.5


def test_threads_and_seed(run, network, tmp_path):
    common = ["simulate", "--network=w.npz", "--replicas", "300", "--average", "--burn-in", "3",
              "--steps", "20", "--reproducible"]
    for name, more in ("a", ["--threads", "1"]), ("b", ["--threads", "2"]), ("c", ["--seed", "2"]):
        assert run(*common, *more, "-o", name + ".npz").returncode == 0
    a, b, c = (load(tmp_path / (name + ".npz")) for name in "abc")
    for key in a.keys() - {"seconds", "provenance"}:
        assert a[key].tobytes() == b[key].tobytes(), key
    assert a["m"].tobytes() != c["m"].tobytes()


def test_table_beta_and_unit(run, network):
    done = run("simulate", "--network", "w.npz", "--beta", "0.5")
    (nats,) = parse_csv(done.stdout)
    (bits,) = parse_csv(run("simulate", "--network", "w.npz", "--beta", "0.5", "--unit", "bits").stdout)
    assert nats["beta"] == 0.5 and nats["N"] == N and nats["realizations"] == 100
    assert abs(nats["S"] / np.log(2) - bits["S"]) < 1e-12 and nats["m"] == bits["m"] and nats["algorithm"] == "replicas"
    (ensemble,) = parse_csv(run("simulate", "--N", "3", "--realizations", "1").stdout)
    assert list(nats) == list(ensemble)
    assert (nats["start"], nats["average"], nats["burn_in"], nats["zero_diagonal"]) == ("up", 0, 0, 0)
    assert nats["steps"] == 127 and nats["status"] == "ok"
    (one,) = parse_csv(run("simulate", "--network", "w.npz", "--replicas", "1").stdout)
    assert np.isnan(one["sigma_err"]) and np.isfinite(one["sigma"])


@pytest.mark.parametrize("arguments,status,mention", [
    (["--network"], 2, "value is missing"),
    (["--network", "none.npz"], 2, "none.npz"),
    (["--network", "w.npz", "--replicas", "0"], 2, "--replicas"),
    (["--network", "w.npz", "--replicas", "-3"], 2, "--replicas"),
    (["--network", "w.npz", "--steps", "0"], 2, "--steps"),
    (["--network", "w.npz", "--start", "theory"], 2, "--start"),
    (["--network", "w.npz", "--beta", "nan"], 2, "--beta"),
    (["--network", "w.npz", "--burn-in", "3"], 2, "--average"),
    (["--network", "w.npz", "--average", "--steps", "5", "--burn-in", "5"], 2, "--burn-in"),
    (["--network", "w.npz", "--raster", "s.csv"], 2, "--raster"),
    (["--network", "w.npz", "--raster", "s.npz", "-o", "s.npz"], 2, "--raster"),
    (["--network", "w.npz", "-o", "w.npz"], 2, "another file"),
    (["--network", "w.npz", "--raster", "./w.npz"], 2, "another file"),
    (["--network", "w.npz", "-o", "link.npz"], 2, "another file"),
    (["--network", "w.npz", "--raster", "s.npz", "-o", "./s.npz"], 2, "another file"),
    (["--network", "w.npz", "--raster", "no/s.npz"], 1, "no"),
    (["--network", "w.npz", "--realizations", "3"], 2, "--realizations"),
    (["--network", "w.npz", "--replicas", "1000000000000", "--steps", "1000"], 1, "GiB"),
    (["--network", "w.npz", "--replicas", "1000000000000000", "--steps", "1000000"], 2, "2^61"),
    (["--network", "bad.npz"], 2, "J[1,2]"),
    (["--network", "text.npz"], None, "text.npz"),
])
def test_refused(arguments, status, mention, run, network, tmp_path):
    network["J"][1, 2] = np.nan
    np.savez(tmp_path / "bad.npz", H=network["H"], J=network["J"])
    (tmp_path / "text.npz").write_text("no network")
    (tmp_path / "link.npz").symlink_to("w.npz")
    before = (tmp_path / "w.npz").read_bytes()
    done = run("simulate", *arguments)
    assert done.returncode == status or (status is None and done.returncode in (1, 2)), done.stderr
    assert LINE.fullmatch(done.stderr) and mention in done.stderr, done.stderr
    assert done.stdout == "" and (tmp_path / "w.npz").read_bytes() == before


def test_a_raster_says_how_large_it_is(run, network, tmp_path):
    args = ["simulate", "--network", "w.npz", "--replicas", "100", "--steps", "9", "--raster", "s.npz"]
    assert "kinising: raster: 11.7 KiB will be written to s.npz\n" in run(*args).stderr
    assert run(*args, "--quiet").stderr == ""
    # More than the disk has left is refused before the run, whatever the memory.
    left = os.statvfs(tmp_path)
    steps = 2 * left.f_bavail * left.f_frsize // (N * 1000000)
    (tmp_path / "link.npz").symlink_to("s2.npz")
    done = run("simulate", "--network", "w.npz", "--replicas", "1000000", "--steps", str(steps), "--raster",
               "link.npz", timeout=20)
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(r"kinising: --raster : link.npz takes [0-9.]+ .iB, and its disk has [0-9.]+ .iB left : "
                        r"fewer replicas or steps\n", done.stderr)
    assert not (tmp_path / "s2.npz").exists()


def test_a_raster_of_a_network_drawn_here(run, tmp_path):
    model = ["--N", "7", "--beta", "1.5", "--J0", "0.5", "--dJ", "0.8", "--dH", "0.2", "--zero-diagonal", "--seed", "3"]
    run("network", "draw", *model, "-o", "drawn.npz", check=True)
    given = ["simulate", "--network", "drawn.npz", "--replicas", "2", "--steps", "5", "--seed", "3"]
    run(*given, "--raster", "given.npz", check=True)
    run("simulate", *model, "--replicas", "2", "--steps", "5", "--raster", "here.npz", check=True)
    with np.load(tmp_path / "given.npz") as given, np.load(tmp_path / "here.npz") as here:
        assert sorted(given) == sorted(here) and here["raster"].shape == (2, 6, 7)
        for key in set(given) - {"provenance"}:
            assert (given[key] == here[key]).all(), key
    run("simulate", "--N", "7", "--steps", "5", "--raster", "one.npz", check=True)  # a recording is one replica
    assert np.load(tmp_path / "one.npz")["raster"].shape == (1, 6, 7)
