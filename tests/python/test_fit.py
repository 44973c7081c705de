# SPDX-License-Identifier: BSD-3-Clause
"""ki.Raster and ki.fit: against the slow reference, linear programming, the command line, and in the hands of people.
[mle] [firth] [nmf] [tap] [ms] [async-data] [moments-data]"""
import subprocess
import threading

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from support import find_build, run_script, same_table

few = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def course(N, T, seed, scale=0.8, trials=None):
    rng = np.random.default_rng(seed)
    H, J = 0.2 * scale * rng.normal(size=N), scale * rng.normal(size=(N, N)) / np.sqrt(N)
    out = np.ones((trials or 1, T, N), dtype=np.int8)
    for trial in out:
        for t in range(1, T):
            trial[t] = np.where(rng.random(N) < 1 / (1 + np.exp(-2 * (H + J @ trial[t - 1]))), 1, -1)
    return out if trials else out[0]


def stack(r, errors=""):
    return np.column_stack([r["H" + errors], r["J" + errors]])


# --- against the reference --------------------------------------------------------------------------


@few
@given(N=st.integers(1, 6), seed=st.integers(0, 10**6), scale=st.sampled_from([0.2, 0.7, 1.2]),
       ridge=st.sampled_from([0.0, 4.0]))
def test_maximum_likelihood(ki, N, seed, scale, ridge):
    raster = course(N, 400, seed, scale, trials=2)
    got = ki.fit(raster, axes="trial,time,unit", ridge=ridge, robust=ridge == 0)
    if got.status != "ok":
        return  # separated: below
    theta, errors = ki.reference.inference.maximum_likelihood(raster, ridge)
    np.testing.assert_allclose(stack(got), theta, atol=1e-8)
    np.testing.assert_allclose(stack(got, "_err"), errors, rtol=1e-8)
    total = ki.reference.inference.log_likelihood(theta, *ki.reference.inference.transitions(raster))
    np.testing.assert_allclose(got.log_likelihood_unit, total, rtol=1e-10)
    if ridge == 0:
        np.testing.assert_allclose(stack(got, "_robust"), ki.reference.inference.sandwich(theta, raster), rtol=1e-7)


def test_firth_and_closed_forms(ki):
    raster = course(5, 3000, 3, 0.3)
    inference = ki.reference.inference
    theta, errors = inference.firth(raster)
    got = ki.fit(raster, "time,unit", firth="all")
    np.testing.assert_allclose(stack(got), theta, atol=1e-9)
    np.testing.assert_allclose(stack(got, "_err"), errors, rtol=1e-9)
    for method, slow in (("nmf", inference.naive_mean_field), ("tap", inference.tap),
                         ("ms", inference.mezard_sakellariou)):
        got = ki.fit(raster, "time,unit", method=method)
        np.testing.assert_allclose(stack(got), np.column_stack(slow(raster)), atol=1e-9, err_msg=method)
    got = ki.fit(raster, "time,unit", dynamics="async", step=1.5)
    np.testing.assert_allclose(stack(got), inference.averaged_updates(raster, 1.5), atol=1e-8)
    moments = ki.Raster(raster, "time,unit").moments()
    for name, value in zip(("before", "after", "c", "d"), inference.moments(raster)):
        np.testing.assert_allclose(moments[name], value, atol=1e-14)


def test_unknown_update_times(ki):
    """Asynchronous in continuous time, seen every 0.3: units do not seem to keep their states, and fields are right."""
    rng, N, parts = np.random.default_rng(4), 4, 30
    H, J = rng.normal(0, 0.3, N), rng.normal(0, 0.2, (N, N))
    np.fill_diagonal(J, 0)
    state = np.ones((1000, N), dtype=np.int8)
    raster = np.empty((1000, 40, N), dtype=np.int8)
    for t in range(-10, 40):
        for _ in range(parts):
            drawn = rng.random(state.shape) < 0.3 / parts
            state = np.where(drawn, np.where(rng.random(state.shape) < 1 / (1 + np.exp(-2 * (H + state @ J.T))), 1, -1), state)
        raster[:, max(t, 0)] = state
    fit = ki.fit(raster, "trial,time,unit", dynamics="async", step=0.3)
    assert fit.status == "ok" and abs(np.diag(fit.J)).max() < 0.06
    assert 0.93 < fit.H @ H / (H @ H) < 1.07 and 0.75 < (fit.J * J).sum() / (J * J).sum() < 1


def test_firth_of_long_sparse_recordings(ki):
    """Few digits at the start leave no value behind that cannot be reached."""
    for seed in (3, 4):
        g = np.random.default_rng(seed)
        J = g.normal(0, 0.3 / 10**0.5, (10, 10))
        network = ki.Network(H=g.normal(-1.3, 0.2, 10), J=(J + J.T) / 2, beta=1.0)
        raster = network.simulate(1, 100000, seed=1, raster=True).raster[0]
        fit = ki.fit(raster, axes="time,unit", firth="all")
        assert set(fit.status_unit) == {"ok"}
        x = np.column_stack([np.ones(100000), raster[:-1]])
        for i in range(10):
            th = np.tanh(x @ np.r_[fit.H[i], fit.J[i]])
            inverse = np.linalg.inv((x * (1 - th**2)[:, None]).T @ x)
            q = np.einsum("ta,ab,tb->t", x, inverse, x)
            score = x.T @ (raster[1:, i] - th - th * (1 - th**2) * q)
            assert np.abs(inverse @ score).max() < 1e-8


def test_separation_by_linear_programming(ki):
    """A row is separated if and only if some direction never loses and once gains."""
    optimize = pytest.importorskip("scipy.optimize")
    found = rows = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        N, T = int(rng.integers(2, 9)), int(rng.choice([25, 70, 200, 500]))
        raster = course(N, T, seed, float(rng.choice([0.5, 1.5, 4.0, 8.0])))
        if rng.random() < 0.3:
            raster[:, N - 1] = -raster[:, 0]  # a column that says nothing new
        got = ki.fit(raster, axes="time,unit")
        x = np.hstack([np.ones((T - 1, 1)), raster[:-1]]).astype(float)
        for i in range(N):
            margins = raster[1:, i, None] * x
            if got.status_unit[i] in ("silent", "saturated"):
                assert abs(raster[1:, i].mean()) == 1
                continue
            best = optimize.linprog(-margins.sum(0), A_ub=-margins, b_ub=np.zeros(T - 1), bounds=[(-1, 1)] * (N + 1))
            assert got.status_unit[i] == ("separated" if -best.fun > 1e-6 else "ok"), (seed, i)
            found += got.status_unit[i] == "separated"
            rows += 1
        assert np.isfinite(got.J).all() and np.isfinite(got.J_err[:, got.fitted][got.J[:, got.fitted] != 0]).all()
    assert 50 < found < rows - 50


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_errors_cover(ki, scale):
    """95 % intervals hold the truth about as often; the errors fall like T^-1/2."""
    rng, N, inside, sizes = np.random.default_rng(8), 5, [], []
    H, J = 0.1 * rng.normal(size=N), scale * rng.normal(size=(N, N)) / np.sqrt(N)
    network = ki.Network(H, J)
    runs = network.simulate(replicas=40, steps=1600, seed=3, raster=True).raster
    for one in runs:
        got = ki.fit(one, axes="time,unit")
        inside.append(np.abs(got.J - J) < 1.96 * got.J_err)
        sizes.append(np.sqrt(np.mean((got.J - J) ** 2)))
    short = [np.sqrt(np.mean((ki.fit(one[:401], axes="time,unit").J - J) ** 2)) for one in runs]
    assert abs(np.mean(inside) - 0.95) < 0.03  # 1000 of them, sd .007
    assert 1.7 < np.mean(short) / np.mean(sizes) < 2.5


# --- as the command line does -----------------------------------------------------------------------


def test_command_line(ki, tmp_path):
    raster = course(6, 700, 5, trials=3)
    np.savez(tmp_path / "r.npz", raster=raster)
    done = subprocess.run([find_build() / "kinising", "fit", "r.npz", "--axes", "trial,time,unit", "--l1", "0,4,12",
                           "--folds", "3", "--bin", "0.02"], cwd=tmp_path, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=True)
    got = ki.fit(raster, axes="trial,time,unit", l1=[0, 4, 12], folds=3, bin=0.02)
    same_table(got.table(), done.stdout)
    assert got.l1 == got.penalty[np.argmax(got.held_out_of_penalty)] and got.held_out == got.held_out_of_penalty.max()
    assert got.network.exact().status == "ok"


# --- arrays of any kind -----------------------------------------------------------------------------


def test_layouts(ki):
    raster = course(4, 300, 6)
    want = ki.fit(raster, axes="time,unit")
    up = raster > 0
    for other, axes in [(up, "time,unit"), (up.T, "unit,time"), (np.asfortranarray(raster), "time,unit"),
                        (raster[::-1][::-1], ("time", "unit")), (up.astype(np.uint8), "time,unit"),
                        (raster.astype(">i2"), "time,unit"), (up.astype(np.float32), "time,unit"),
                        (raster[None], "time,unit"), (raster[None], "trial,time,unit"),
                        (up.T[:, None], "unit,trial,time"), (raster.tolist(), "time,unit")]:
        got = ki.fit(other, axes=axes)
        assert (got.J == want.J).all() and got.log_likelihood == want.log_likelihood
    recording = ki.Raster(raster, "time,unit", bin=0.5)
    assert (recording.to_array() == raster).all() and not recording.zero_one
    assert (recording.units, recording.bins, recording.trials, recording.transitions) == (4, 300, 1, 299)
    np.testing.assert_allclose(recording.rates, up.mean(0) / 0.5)
    assert "4 units, 300 bins" in repr(recording)
    # Trials of different lengths.
    parts = ki.Raster([raster[:100], raster[100:]], "time,unit")
    cut = ki.Raster(raster[:200], "time,unit", trial_length=100)
    assert (parts.trials, parts.transitions, cut.trials, cut.transitions) == (2, 298, 2, 198)


def test_no_copy(ki):
    """What an int8 array costs is its bits."""
    tracemalloc = pytest.importorskip("tracemalloc")
    raster = np.ones((100000, 64), dtype=np.int8)
    tracemalloc.start()
    try:
        ki.Raster(raster, "time,unit")
        ki.Raster(raster.T > 0, "unit,time")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.3 * raster.nbytes  # the comparison above makes one


def test_updates(ki):
    raster = course(4, 900, 7)
    updates = np.random.default_rng(1).random(raster.shape) < 0.7
    one = ki.fit(raster, "time,unit", dynamics="async", updates=updates)
    two = ki.fit(raster, "time,unit", dynamics="async", updates=ki.Raster(updates, "time,unit"))
    assert (one.J == two.J).all()
    everything = ki.fit(raster, "time,unit", dynamics="async", updates=np.ones_like(updates))
    np.testing.assert_allclose(everything.J, ki.fit(raster, "time,unit").J, atol=1e-9)


@pytest.mark.parametrize("kind, words, call", [
    (ValueError, "axes='time,unit'", lambda ki, r: ki.fit(r)),
    (ValueError, "axes='trial,unit,time'", lambda ki, r: ki.Raster(np.ones((2, 3, 5)))),
    (ValueError, "in the order of the dimensions", lambda ki, r: ki.fit(r, "time,neuron")),
    (ValueError, "one for each dimension", lambda ki, r: ki.fit(r, "trial,time,unit")),
    (ValueError, "has its own axes", lambda ki, r: ki.fit(ki.Raster(r, "time,unit"), "time,unit")),
    (TypeError, "of type <U1", lambda ki, r: ki.Raster([["a", "b"]], "time,unit")),
    (TypeError, "complex128", lambda ki, r: ki.Raster(r + 1j, "time,unit")),
    (ValueError, "at least one of each", lambda ki, r: ki.Raster(r[:0], "time,unit")),
    (ValueError, "the same units", lambda ki, r: ki.Raster([r, r[:, :2]], "time,unit")),
    (ValueError, "bin", lambda ki, r: ki.Raster(r, "time,unit", bin=-1)),
    (ValueError, "trial_length", lambda ki, r: ki.Raster(r, "time,unit", trial_length=0)),
    (RuntimeError, "values > 0 as 1", lambda ki, r: ki.Raster(r + 5, "time,unit")),
    (ValueError, "at least one transition", lambda ki, r: ki.fit(r[:1], "time,unit")),
    (ValueError, "'mle', 'nmf', 'tap', 'ms'", lambda ki, r: ki.fit(r, "time,unit", method="tap2")),
    (ValueError, "'auto', 'all', 'none'", lambda ki, r: ki.fit(r, "time,unit", firth=True)),
    (ValueError, "ridge : -1", lambda ki, r: ki.fit(r, "time,unit", ridge=-1)),
    (ValueError, "holdout=0.2 or folds=5", lambda ki, r: ki.fit(r, "time,unit", ridge=[1, 2])),
    (ValueError, "one of them", lambda ki, r: ki.fit(r, "time,unit", ridge=[1, 2], l1=[1, 2], folds=2)),
    (ValueError, "one of them", lambda ki, r: ki.fit(r, "time,unit", holdout=0.2, folds=2)),
    (ValueError, "shape (0,)", lambda ki, r: ki.fit(r, "time,unit", ridge=[], folds=2)),
    (ValueError, "share > 0 and < 1", lambda ki, r: ki.fit(r, "time,unit", holdout=1)),
    (ValueError, "step : 0", lambda ki, r: ki.fit(r, "time,unit", dynamics="async")),
    (ValueError, "no updates", lambda ki, r: ki.fit(r, "time,unit", step=1)),
    (ValueError, "dynamics async", lambda ki, r: ki.fit(r, "time,unit", updates=r)),
    (ValueError, "no penalty", lambda ki, r: ki.fit(r, "time,unit", method="ms", ridge=1)),
    (TypeError, "pickled", lambda ki, r: __import__("pickle").dumps(ki.Raster(r, "time,unit"))),
])
def test_refusals(ki, kind, words, call):
    with pytest.raises(kind) as refusal:
        call(ki, course(3, 40, 9))
    assert words in str(refusal.value) and (" : " in str(refusal.value))


def test_threads_share_a_raster(ki):
    raster, results = ki.Raster(course(6, 2000, 10), "time,unit"), []
    workers = [threading.Thread(target=lambda: results.append(ki.fit(raster, threads=1))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 4 and all((r.J == results[0].J).all() for r in results)


def test_interrupted(package):
    """Ctrl-C ends a long fit."""
    done = run_script(package, """
import os, signal, sys, threading, time
import numpy as np
import kinising as ki
signal.signal(signal.SIGINT, signal.default_int_handler)
raster = ki.Raster(np.random.default_rng(1).random((200000, 300)) < 0.5, "time,unit")
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    while True:
        ki.fit(raster, firth="all")
except KeyboardInterrupt:
    print("stopped")
""", 200)
    assert done.stdout == "stopped\n", done.stderr
