# SPDX-License-Identifier: BSD-3-Clause
"""Network.exact: against the slow reference, scipy, closed forms, the command line, and in the hands of people.
[exact] [sigma-net-sync] [sigma-net-async]"""
import json
import subprocess

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings, strategies as st

from support import ROOT, find_build, run_script, same_table

few = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def network(N, seed, zero_diagonal=False, J0=0.5):
    rng = np.random.default_rng(seed)
    J = rng.normal(J0 / N, 1 / np.sqrt(N), (N, N))
    return 0.3 * rng.normal(size=N), J - np.diag(J.diagonal()) * zero_diagonal


# --- the reference itself ---------------------------------------------------------------------------


def test_reference_against_the_table(ki):
    """Moments, spectrum and elimination of the slow version against values of other code."""
    enum = ki.reference.enumeration
    with open(ROOT / "tests" / "oracle" / "reference_exact_n6.json", encoding="utf-8") as f:
        table = json.load(f)
    H, J, beta = np.array(table["H"]), np.array(table["J"]), table["beta"]
    p = enum.eliminate(enum.transition_matrix(H, J, beta))
    np.testing.assert_allclose(p, enum.stationary(enum.transition_matrix(H, J, beta) - np.eye(64)), atol=1e-14)
    got = enum.moments(p, H, J, beta, "sync")
    for name in ("m", "C", "D", "S", "entropy"):
        np.testing.assert_allclose(got[name], table["sync"][name], atol=1e-12, err_msg=name)
    J = J - np.diag(J.diagonal())
    got = enum.moments(enum.eliminate(enum.generator(H, J, beta)), H, J, beta, "async")
    want = table["async_zero_diagonal"]
    for name, value in (("m", want["m"]), ("C", want["C"]), ("d", want["E"]), ("entropy", want["entropy"]),
                        ("activity", want["activity"])):
        np.testing.assert_allclose(got[name], value, atol=1e-12, err_msg=name)


# --- the library against it -------------------------------------------------------------------------


def compare(ki, N, seed, beta, dynamics, zero_diagonal, tmax=3):
    enum = ki.reference.enumeration
    H, J = network(N, seed, zero_diagonal)
    got = ki.Network(H, J, beta).exact(dynamics, keep_diagonal=dynamics == "async" and not zero_diagonal,
                                       tmax=tmax, points=6 if dynamics == "async" else None, bins=10)
    p = enum.eliminate(enum.chain(H, J, beta, dynamics))
    np.testing.assert_allclose(got.p, p, rtol=1e-10)
    want = enum.moments(p, H, J, beta, dynamics)
    for name in ("m", "c", "d", "C", "S", "entropy", "activity") + (("D",) if dynamics == "sync" else ()):
        np.testing.assert_allclose(getattr(got, name), want[name], atol=1e-12, err_msg=name)
    # sigma by its definition, sums over all pairs of states.
    slow = enum.synchronous_entropy_production if dynamics == "sync" else enum.asynchronous_entropy_production
    assert abs(got.sigma - slow(H, J, beta)) < 1e-11
    gap, time = enum.spectrum(H, J, beta, dynamics)
    assert abs(got.gap - gap) < 1e-10 and abs(got.relaxation_time / time - 1) < 1e-8
    if dynamics == "sync":
        lags = enum.autocorrelation(p, H, J, beta, tmax)
    else:
        s, G = enum.all_states(N), enum.generator(H, J, beta)
        lags = [(p @ (s * (scipy.linalg.expm(t * G) @ s))).mean() for t in got.tau]
    np.testing.assert_allclose(got.autocorrelation, lags, atol=1e-12)
    assert got.tau[-1] == tmax and got.status == "ok" and got.residual < 1e-14
    sigma, probability = enum.fluctuations(p, H, J, beta, dynamics)
    counted = np.histogram(sigma, bins=got.sigma_bins, weights=probability)[0]
    middle = np.abs(sigma) < 1e-9  # shared by the two bins at 0
    counted[5] -= probability[middle & (sigma >= 0)].sum()
    counted[4] -= probability[middle & (sigma < 0)].sum()
    half = probability[middle].sum() / 2
    counted[4:6] += half
    on_edge = np.abs(np.abs(sigma)[..., None] - got.sigma_bins[6:]).min(axis=-1) < 1e-9
    slack = probability[on_edge].sum() + 1e-12
    assert np.abs(counted - got.sigma_probability).max() <= slack + 2 * half * (dynamics == "async")
    assert abs(got.fluctuation - 1) < 1e-10
    return got


@pytest.mark.parametrize("dynamics", ["sync", "async"])
@pytest.mark.parametrize("N, beta, zero_diagonal", [(1, 0.7, False), (2, 1.0, True), (3, 0.0, False), (5, 1.5, False),
                                                    (8, 0.8, True)])
def test_against_the_reference(ki, dynamics, N, beta, zero_diagonal):
    if N == 1 and dynamics == "async":
        zero_diagonal = True
    if beta == 0:
        pytest.importorskip("scipy")
        got = ki.Network(*network(N, 1), beta).exact(dynamics, keep_diagonal=dynamics == "async")
        assert got.gap == pytest.approx(1, abs=1e-10) and got.sigma == 0
        return
    compare(ki, N, N, beta, dynamics, zero_diagonal)


def test_ten_spins(ki):
    """Found by iteration, not by elimination."""
    compare(ki, 10, 10, 1.2, "sync", False, tmax=2)


@few
@given(N=st.integers(2, 6), seed=st.integers(0, 10**6), beta=st.floats(0.05, 1.5),
       dynamics=st.sampled_from(["sync", "async"]), zero_diagonal=st.booleans())
def test_random_networks(ki, N, seed, beta, dynamics, zero_diagonal):
    compare(ki, N, seed, beta, dynamics, zero_diagonal)


@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_gap_of_complex_pairs(ki, dynamics):
    """A frustrated ring in one direction: the slowest modes turn."""
    N = 5
    J = -1.5 * np.roll(np.eye(N), 1, axis=0)
    w = ki.Network(np.zeros(N), J, 1.0)
    values = np.linalg.eigvals(ki.reference.enumeration.chain(w.H, J, 1.0, dynamics))
    decay = np.abs(values) if dynamics == "sync" else values.real
    slowest = np.sort(decay)[-2]
    # Several share the modulus, and rounding says which of them would be sorted first.
    assert max(abs(values.imag[np.isclose(decay, slowest, rtol=1e-9)])) > 0.01
    want = 1 - slowest if dynamics == "sync" else N * (1 - slowest)
    got = w.exact(dynamics)
    assert abs(got.gap - want) < 1e-10 and got.gap_residual < 1e-10


def test_cold_law_is_right_to_each_state(ki):
    """Gaps far below rounding: lstsq and eigenvectors know nothing here, elimination does."""
    enum = ki.reference.enumeration
    H, J = network(7, 3, J0=3.0)
    for beta in (4.0, 8.0):
        got = ki.Network(H, J, beta).exact(tmax=None, bins=0)
        want = enum.eliminate(enum.transition_matrix(H, J, beta))
        np.testing.assert_allclose(got.p, want, rtol=1e-11)
        assert want.min() < 1e-16 and got.tau is None and got.sigma_bins is None


@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_evolution(ki, dynamics):
    """ki_exact_evolve against powers and scipy's expm."""
    from kinising._library import check, ffi, lib
    enum = ki.reference.enumeration
    N, beta, (H, J) = 6, 0.9, network(6, 9)
    m0 = np.linspace(-0.9, 1.0, N)
    start = np.prod((1 + enum.all_states(N) * m0) / 2, axis=1)
    flag = lib.KI_SYNC if dynamics == "sync" else lib.KI_ASYNC
    pointer = lambda a: ffi.from_buffer("double[]", a)
    for time in (0, 1, 4) if dynamics == "sync" else (0.0, 0.3, 2.5, 40.0):
        if dynamics == "sync":
            want = start @ np.linalg.matrix_power(enum.transition_matrix(H, J, beta), time)
        else:
            want = start @ scipy.linalg.expm(time * enum.generator(H, J, beta))
        p, result = np.empty(2**N), ffi.new("ki_exact_result *")
        w = ffi.new("ki_network *", (N, pointer(H), pointer(np.ascontiguousarray(J)), beta))
        check(lib.ki_exact_evolve(w, flag, pointer(m0), time, ffi.NULL, result, ffi.new("ki_exact_out *", [pointer(p)])))
        np.testing.assert_allclose(p, want, atol=1e-13)
        entropy = -(want[want > 0] * np.log(want[want > 0])).sum() / N
        assert abs(result.entropy - entropy) < 1e-12


# --- the hands of people ----------------------------------------------------------------------------


@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_the_command_line_has_the_same_numbers(ki, dynamics, tmp_path):
    w = ki.Network.draw(9, beta=1.1, dH=0.2, seed=4)
    w.write(tmp_path / "w.npz")
    run = [find_build() / "kinising", "exact", "--network", "w.npz", "--dynamics", dynamics, "--zero-diagonal", "-o",
           "e.npz", "--tmax", "3"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
    got = w.exact(dynamics, zero_diagonal=True, tmax=3)
    with np.load(tmp_path / "e.npz") as f:
        for name, value in got.items():
            if name == "zero_diagonal":
                continue
            if name == "D" and dynamics == "async":
                assert value is None and name not in f
                continue
            if name in ("tau", "autocorrelation"):  # numpy divides an interval in another order
                np.testing.assert_allclose(f[name], value, rtol=1e-14, atol=1e-15)
                continue
            np.testing.assert_array_equal(f[name].squeeze(), value, err_msg=name)


def test_threads(ki):
    w = ki.Network.draw(11, beta=1.3)
    one, two = w.exact(threads=1), w.exact(threads=2)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_refusals(ki):
    w = ki.Network.draw(5, beta=1.0)
    for sentence, call in (
            (r"15 spins", lambda: ki.Network.draw(15).exact()),
            (r"21 spins", lambda: ki.Network.draw(21).exact("async", zero_diagonal=True)),
            (r"J\[0,0\].*zero_diagonal=True.*keep_diagonal=True", lambda: w.exact("async")),
            (r"one of the two", lambda: w.exact("async", zero_diagonal=True, keep_diagonal=True)),
            (r"dynamics", lambda: w.exact("both")),
            (r"bins : 7 is odd", lambda: w.exact(bins=7)),
            (r"bins", lambda: w.exact(bins=10**9)),
            (r"tmax", lambda: w.exact(tmax=0.5)),
            (r"tmax", lambda: w.exact(tmax=-1)),
            (r"tmax : -1 is out of range", lambda: w.exact("async", zero_diagonal=True, tmax=-1.0)),
            (r"tmax : 1e.09 is too long : 0 to", lambda: w.exact("async", zero_diagonal=True, tmax=1e9)),
            (r"tmax : 1e.300 is out of range : use 0 to 1e.06", lambda: w.exact(tmax=1e300)),
            (r"points", lambda: w.exact(points=3)),
            (r"points", lambda: w.exact("async", zero_diagonal=True, tmax=None, points=3)),
            (r"tol", lambda: w.exact(tol=float("nan"))),
            (r"threads", lambda: w.exact(threads=-1))):
        with pytest.raises(ValueError, match=sentence) as caught:
            call()
        assert str(caught.value).count(" : ") >= 2


def test_frozen(ki):
    got = ki.Network.draw(8, beta=1e300, dJ=1).exact()
    assert got.status == "not-converged" and got.gap == 0 and np.isinf(got.relaxation_time)
    assert abs(got.p.sum() - 1) < 1e-12 and np.isfinite(got.sigma)


@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_a_list_of_betas(ki, dynamics):
    w = ki.Network.draw(6, beta=7, dH=0.2, zero_diagonal=True)
    got = w.exact(dynamics, beta=[0.5, 0, 1.2], tmax=2, bins=4)
    for k, beta in enumerate([0.5, 0, 1.2]):
        one = ki.Network(w.H, w.J, beta).exact(dynamics, tmax=2, bins=4)
        for name, value in one.items():
            many = got[name]
            if name not in ("N", "dynamics", "zero_diagonal", "tau") and many is not None:
                many = many[k]
            np.testing.assert_array_equal(many, value, err_msg=name)
    assert list(got.beta) == [0.5, 0, 1.2] and got.p.shape == (3, 64) and w.exact(dynamics).beta == 7
    assert type(w.exact(dynamics, beta=1).sigma) is float and w.exact(dynamics, beta=[]).m.shape == (0, 6)


def test_the_table_is_the_one_of_the_command_line(ki, tmp_path):
    w = ki.Network.draw(5, beta=1.1, dH=0.2)
    w.write(tmp_path / "w.npz")
    done = subprocess.run([find_build() / "kinising", "exact", "--network", "w.npz", "--beta", "0.5,1"], cwd=tmp_path,
                          check=True, capture_output=True, text=True)
    same_table(w.exact(beta=[0.5, 1]).table(), done.stdout)


def test_interrupt(package):
    script = """
import os, signal, threading, time
import kinising as ki

w = ki.Network.draw(17, beta=1.0, zero_diagonal=True)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
try:
    w.exact("async", tmax=1000.0)
except KeyboardInterrupt:
    assert time.monotonic() - start < 20
    print("ok")
"""
    done = run_script(package, script, 120)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
