# SPDX-License-Identifier: BSD-3-Clause
"""ki.compare: the numbers of `kinising meanfield --compare`, and of their definition."""
import subprocess

import numpy as np
import pytest

from support import find_build, run_script, same_table

SETTINGS = [
    dict(steps=3), dict(steps=4, m0=0.3, method=["plefka-t1", "plefka2-t"]), dict(steady=True, tol=1e-8),
    dict(against="simulation", steps=5, replicas=80, seed=3),
    dict(against="simulation", steady=True, replicas=80, burn_in=20, window=5, method=["naive"]),
    dict(steady=True, dynamics="async", zero_diagonal=True),
]


@pytest.fixture(scope="module")
def network(ki):
    return ki.Network.draw(8, beta=0.6, dJ=0.6, dH=0.3, seed=5)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_command_line(ki, network, settings, tmp_path):
    network.write(tmp_path / "w.npz")
    command = [find_build() / "kinising", "meanfield", "--network", tmp_path / "w.npz", "--compare",
               settings.get("against", "exact"), "--beta", "0.6,0.8", "--quiet"]
    for name, value in settings.items():
        if name != "against":
            command.append("--" + name.replace("_", "-"))
            if value is not True:
                command.append(",".join(value) if isinstance(value, list) else str(value))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    got = ki.compare(network, beta=[0.6, 0.8], **settings)
    columns = got.table()
    columns.pop("seconds")
    same_table(columns, done.stdout, {"seconds"})
    one = ki.compare(network, **settings)
    for name, value in one.items():
        if name not in ("beta", "seconds"):
            many = got[name]
            many = many[0] if isinstance(many, np.ndarray) and name != "method" else many
            np.testing.assert_array_equal(many, value, name)


def test_definition(ki, network):
    got = ki.compare(network, "plefka-t", steady=True)
    truth, guess = network.exact(), network.meanfield("plefka-t", steady=True)

    def off(a, b):
        return np.sqrt(((a - b)**2).mean())
    assert got.method.tolist() == ["exact", "plefka-t"]
    assert got.m_err[1] == pytest.approx(off(guess.m, truth.m), rel=1e-9)
    assert got.C_err[1] == pytest.approx(off(guess.C, truth.C), rel=1e-9)
    assert got.D_err[1] == pytest.approx(off(guess.D, truth.D), rel=1e-9)
    assert got.sigma[1] == pytest.approx(guess.sigma, rel=1e-12) and got.sigma_ref[1] == got.sigma[0]
    assert got.sigma[0] == pytest.approx(truth.sigma, rel=1e-9)
    assert (got.m_err[0], got.replicas, got.burn_in, got.t) == (0, None, None, np.inf)


def test_defaults(ki, network):
    assert ki.compare(network, steps=1).method.tolist() == [
        "exact", "naive", "plefka-t1t", "plefka-t", "plefka-t1", "plefka2-t"]
    got = ki.compare(network, against="simulation", steps=2, replicas=10)
    assert (got.replicas, got.seed, got.window, got.t) == (10, 1, None, 2) and got.m_err[0] > 0


def net(ki, N=3):
    return ki.Network.draw(N)


WRONG = [
    (TypeError, "network : is of type list", lambda ki: ki.compare([1])),
    (ValueError, "method : 'best' is unknown : use 'naive'", lambda ki: ki.compare(net(ki), "best")),
    (ValueError, "method : 3 is unknown", lambda ki: ki.compare(net(ki), [3])),
    (ValueError, "against : 'truth' is unknown : use 'exact', 'simulation'", lambda ki: ki.compare(
        net(ki), against="truth")),
    (ValueError, "dynamics : 'async' is known in the steady state alone", lambda ki: ki.compare(
        net(ki), dynamics="async")),
    (ValueError, "plefka-t has no asynchronous form", lambda ki: ki.compare(
        net(ki), "plefka-t", dynamics="async", steady=True, zero_diagonal=True)),
    (ValueError, "J[0,0] : ", lambda ki: ki.compare(net(ki), dynamics="async", steady=True)),
    (ValueError, "steps : a steady state has none", lambda ki: ki.compare(net(ki), steady=True, steps=3)),
    (ValueError, "tol : is of steady states", lambda ki: ki.compare(net(ki), tol=1e-3)),
    (ValueError, "max_steps : is of steady states", lambda ki: ki.compare(net(ki), max_steps=3)),
    (ValueError, "replicas : is of a simulation", lambda ki: ki.compare(net(ki), replicas=3)),
    (ValueError, "window : is of steady states", lambda ki: ki.compare(net(ki), against="simulation", window=3)),
    (ValueError, "replicas : 1 is out of range : use 2 to", lambda ki: ki.compare(
        net(ki), against="simulation", replicas=1)),
    (ValueError, "m0 : ", lambda ki: ki.compare(net(ki), m0=2)),
    (ValueError, "m0 : ", lambda ki: ki.compare(net(ki), against="simulation", m0=0.5)),
    (ValueError, "beta : -1 is negative", lambda ki: ki.compare(net(ki), beta=[1, -1])),
    (ValueError, "beta : is an array of shape (1, 2)", lambda ki: ki.compare(net(ki), beta=[[1, 2]])),
    (ValueError, "15", lambda ki: ki.compare(net(ki, 15))),
    (ValueError, "steps : 0 is out of range", lambda ki: ki.compare(net(ki), steps=0)),
]


@pytest.mark.parametrize("kind, sentence, call", WRONG, ids=[s for _, s, _ in WRONG])
def test_wrong_use(ki, kind, sentence, call):
    with pytest.raises(kind) as caught:
        call(ki)
    assert sentence in str(caught.value)
    assert "ki_" not in str(caught.value)


def test_interrupt(package):
    script = """
import os, signal, threading, time
import kinising as ki

threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    ki.compare(ki.Network.draw(500), against="simulation", steps=10**5)
except KeyboardInterrupt:
    print("stopped")
"""
    assert run_script(package, script).stdout == "stopped\n"
