# SPDX-License-Identifier: BSD-3-Clause
"""Network.meanfield: values of the reference and of the command line, starts, errors, Ctrl-C."""
import importlib
import math
import os
import subprocess

import numpy as np
import pytest

from support import find_build, run_script, same_table

METHODS = ("naive", "plefka-t1t", "plefka-t", "plefka-t1", "plefka2-t")
BETA = 1.1


@pytest.fixture(scope="module")
def network(ki):
    return ki.Network.draw(10, BETA, dJ=0.5, dH=0.4)


@pytest.mark.parametrize("method", METHODS)
def test_reference(ki, network, method):
    reference = importlib.import_module("kinising.reference.meanfield")
    H, J = BETA * network.H, BETA * network.J
    got = network.meanfield(method, steps=3, m0=0.4, path=True)
    want = reference.steps(method, H, J, np.full(10, 0.4), [0, 1, 2, 3])
    for t, state in enumerate(want):
        for name in "mCD":
            if t or name != "D":
                np.testing.assert_allclose(getattr(got, name)[t], state[name], atol=1e-11, err_msg=name)
        if t:
            assert got.sigma_t[t] == pytest.approx(reference.entropy_production(J, state["D"]), abs=1e-12)
            assert got.D_mean[t] == pytest.approx(state["D"].mean(), abs=1e-12)
        assert got.m_mean[t] == pytest.approx(state["m"].mean(), abs=1e-12)
        assert got.C_mean[t] == pytest.approx(state["C"].mean(), abs=1e-12)
    assert got.m.shape == (4, 10) and got.C.shape == got.D.shape == (4, 10, 10)
    assert np.isnan(got.D[0]).all() and math.isnan(got.sigma_t[0]) and math.isnan(got.D_mean[0])
    assert got.status == "ok" and got.steps == 3 and list(got.t) == [0, 1, 2, 3] and got.residual < 1e-12


@pytest.mark.parametrize("settings", [
    dict(steps=4), dict(method="plefka-t", steps=4, path=True, m0=0.2), dict(method="plefka2-t", steady=True),
    dict(method="plefka-t1t", steady=True, dynamics="async", zero_diagonal=True),
    dict(method="plefka-t1", steady=True, tol=1e-6, zero_diagonal=True)], ids=str)
def test_command_line(ki, network, settings, tmp_path):
    words, files = [], [str(tmp_path / name) for name in ("w.npz", "f.npz")]
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        words += [option] if value is True else [option, str(value)]
    network.write(files[0])
    done = subprocess.run([find_build() / "kinising", "meanfield", "--network", files[0], "-o", files[1], *words],
                          capture_output=True, text=True, check=False)
    got = network.meanfield(**settings)
    assert done.returncode == (0 if got.status == "ok" else 3), done.stderr
    assert (got.status == "unphysical") == (settings.get("method") == "plefka-t")
    with np.load(files[1]) as f:
        assert set(got) - set(f) == {"sigma_t", "status_t", "zero_diagonal"}
        for name, value in got.items():
            if name == "zero_diagonal":
                continue
            if name in ("sigma", "status", "N", "beta", "dynamics", "method", "m0"):
                assert value == f[name][-1]
            else:
                np.testing.assert_array_equal(value, f[name.removesuffix("_t")].reshape(np.shape(value)),
                                              name)


def test_a_run_goes_on(network):
    whole, first = network.meanfield(steps=6), network.meanfield(steps=2)
    rest = network.meanfield(steps=4, m0=first.m, C0=first.C, D0=first.D)
    for name in ("m", "C", "D", "sigma_edge"):
        np.testing.assert_array_equal(getattr(rest, name), getattr(whole, name), name)
    assert rest.sigma_t[0] == first.sigma and rest.sigma == whole.sigma
    assert abs(network.meanfield(steps=4, m0=first.m, C0=first.C).C - whole.C).max() > 1e-9


def test_edges_steady_and_threads(network):
    r = network.meanfield(steady=True)
    J = BETA * network.J
    np.testing.assert_allclose(r.sigma_edge, (J - J.T) * r.D, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(r.sigma_edge.sum(axis=1), r.sigma_spin, rtol=1e-12, atol=1e-14)
    assert r.sigma_spin.mean() == pytest.approx(r.sigma, rel=1e-12) and r.sigma > 1e-3
    assert list(r.t) == [math.inf] and r.status == "ok" and r.change <= 1e-12 and len(r.sigma_t) == 1
    for threads in (1, 3):
        np.testing.assert_array_equal(network.meanfield(steady=True, threads=threads).D, r.D)
    short = network.meanfield(steady=True, max_steps=3)
    assert short.status == "not-steady" and short.steps == 3 and short.change > 1e-6
    assert network.meanfield("naive").t[-1] == 127
    assert network.J[0, 0] != 0 and (network.meanfield(steps=1, zero_diagonal=True).m != network.meanfield(
        steps=1).m).any()


def test_a_list_of_betas(ki, network):
    for settings in (dict(steps=2), dict(steps=2, path=True), dict(method="naive", steady=True)):
        got = network.meanfield(beta=[0.5, 0.9], **settings)
        for k, beta in enumerate([0.5, 0.9]):
            one = ki.Network(network.H, network.J, beta).meanfield(**settings)
            for name, value in one.items():
                shared = ("N", "dynamics", "method", "m0", "zero_diagonal", "t")
                np.testing.assert_array_equal(got[name] if name in shared else got[name][k], value, err_msg=name)
    assert network.meanfield(steps=1, beta=0.3).beta == 0.3


def test_the_table_is_the_one_of_the_command_line(ki, network, tmp_path):
    network.write(tmp_path / "w.npz")
    done = subprocess.run([find_build() / "kinising", "meanfield", "--network", "w.npz", "--beta", "0.5,0.8", "--steps",
                           "3"], cwd=tmp_path, check=True, capture_output=True, text=True)
    same_table(network.meanfield(beta=[0.5, 0.8], steps=3).table(), done.stdout)


ASYNC = dict(dynamics="async", steady=True)
WRONG = [
    (ValueError, "method : 'tap' is unknown : use 'naive'", dict(method="tap")),
    (ValueError, "steps : 0 ", dict(steps=0)),
    (TypeError, "", dict(steps=1.5)),
    (ValueError, "steps : a steady state has none", dict(steps=5, steady=True)),
    (ValueError, "path : a steady state has none", dict(path=True, steady=True)),
    (ValueError, "tol : is of steady states", dict(tol=1e-6)),
    (ValueError, "max_steps : is of steady states", dict(max_steps=6)),
    (ValueError, "tol : 0.0 ", dict(tol=0, steady=True)),
    (ValueError, "tol : nan ", dict(tol=math.nan, steady=True)),
    (ValueError, "max_steps : 0 ", dict(max_steps=0, steady=True)),
    (ValueError, "dynamics : 'x' is unknown", dict(dynamics="x")),
    (ValueError, "dynamics : 'async' is known in the steady state alone", dict(dynamics="async")),
    (ValueError, "naive or plefka-t1t", dict(ASYNC, method="plefka-t", zero_diagonal=True)),
    (ValueError, "zero_diagonal=True", dict(ASYNC, method="naive")),
    (ValueError, "m0[0] : 2", dict(m0=2)),
    (ValueError, "m0[3] : nan", dict(m0=[0, 0, 0, math.nan, 0, 0, 0, 0, 0, 0])),
    (ValueError, "m0 : is of shape (3,) : use (10,)", dict(m0=[1, 1, 1])),
    (ValueError, "m0 : is of shape (10, 10)", dict(m0=np.ones((10, 10)))),
    (TypeError, "m0 : is of type complex128", dict(m0=1j)),
    (ValueError, "C0 : is of shape (10,)", dict(C0=np.ones(10))),
    (ValueError, "D0 : is of shape (3, 3)", dict(D0=np.ones((3, 3)))),
    (ValueError, "C0[0,0]", dict(m0=0.5, C0=np.eye(10))),
    (ValueError, "threads : 5000 ", dict(threads=5000)),
    (MemoryError, "meanfield : N = 10, T = 10000000 : ", None),
]


@pytest.mark.parametrize("kind, sentence, settings", WRONG, ids=[s or "type" for _, s, _ in WRONG])
def test_wrong_use(network, kind, sentence, settings, monkeypatch, ki):
    if settings is None:  # memory that no machine has
        arguments = importlib.import_module("kinising._arguments")
        monkeypatch.setattr(arguments, "machine_memory", lambda: 2.0 ** 30)
        settings = dict(steps=10**7, path=True)
    with pytest.raises(kind) as caught:
        network.meanfield(**settings)
    assert sentence in str(caught.value)


def test_interrupt(package):
    script = """
import os, signal, threading, time
import kinising as ki

w = ki.Network.draw(400, 1.1, dJ=0.5)
small = ki.Network.draw(5)
for call in (lambda: w.meanfield(steps=10**5), lambda: small.meanfield(steps=3 * 10**6),
             lambda: w.meanfield(steady=True, tol=1e-300, max_steps=10**9)):
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    try:
        call()
    except KeyboardInterrupt:
        assert time.monotonic() - start < 20
    else:
        raise AssertionError("not interrupted")
assert w.meanfield(steps=1).status == "ok"
print("ok")
"""
    done = run_script(package, script, 120)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    assert os.path.exists(package)
