# SPDX-License-Identifier: BSD-3-Clause
"""A network, its mean fields by numpy, and names that the tests of mean fields share."""
import pathlib
import re
import sys

import numpy as np
import pytest

from conftest import parse_csv

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
sys.path.insert(0, str(ROOT / "python"))

import floor_meanfield as floor  # noqa: E402
from kinising.reference import meanfield as reference  # noqa: E402

LINE = re.compile(r"kinising: .+? : .+? : .+\n")
N, BETA = 12, 1.1
METHODS = ["naive", "plefka-t1t", "plefka-t", "plefka-t1", "plefka2-t"]
PARAMETERS = ["N", "beta", "dynamics", "m0", "t", "method"]
COLUMNS = [*PARAMETERS, "m_mean", "C_mean", "D_mean", "sigma", "status"]
COMPARED = [*PARAMETERS, "m_err", "C_err", "D_err", "sigma", "sigma_ref", "sigma_err", "seconds", "status"]
PAPER, CRITICAL = ROOT.parent / "shared" / "data" / "paper_network_n512.npz", 1.1108397534245904


def load(path):
    with np.load(path) as f:
        return {name: f[name] for name in f.files}


@pytest.fixture
def network(run, tmp_path):
    done = run("network", "draw", "--N", str(N), "--dJ", "0.5", "--dH", "0.4", "--beta", str(BETA), "-o", "w.npz")
    assert done.returncode == 0, done.stderr
    w = load(tmp_path / "w.npz")
    return BETA * w["H"], BETA * w["J"]


@pytest.fixture
def mean(run):
    """mean(*args) -> rows of `kinising meanfield --network w.npz *args`, which must end well."""

    def call(*args, status=0):
        done = run("meanfield", "--network", "w.npz", *args)
        assert done.returncode == status, done.stderr
        return parse_csv(done.stdout) if done.stdout else []

    return call


def step(method, H, J, m, C, D):
    after = reference.STEPS[method](H, J, dict(m=m, C=C, D=D))
    return after["m"], after["C"], after["D"]


def by_numpy(method, H, J, steps, m0=1.0):
    """(m, C, D) of t = 0, 1, ..., steps; D of the start is nan."""
    n = len(H)
    m = np.full(n, float(m0))
    path = [(m, np.diag(1 - m * m), np.full((n, n), np.nan))]
    for _ in range(steps):
        m, C, D = path[-1]
        path.append(step(method, H, J, m, C, np.nan_to_num(D)))
    return path


def sigma_of(J, D):
    return ((J - J.T) * D).sum() / len(J)


# --- values -----------------------------------------------------------------------------------------


def rows_of(rows, beta=None):
    return {r["method"]: r for r in rows if beta is None or abs(r["beta"] - beta) < 1e-9}
