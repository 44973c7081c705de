# SPDX-License-Identifier: BSD-3-Clause
"""Running the program: every test gets an empty folder to run in."""

import os
import signal
import subprocess
import time

import pytest

KINISING = os.environ.get("KINISING", "kinising")


@pytest.fixture
def run(tmp_path):
    """run(*args) -> CompletedProcess of `kinising *args` in an empty folder."""

    def call(*args, env=None, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("timeout", 60)
        return subprocess.run(
            [KINISING, *args], cwd=tmp_path, text=True, env={**os.environ, **(env or {})}, **options
        )

    return call


@pytest.fixture
def table(run):
    """table(*args) -> list of dicts, one a row, numbers as float, words as str."""

    def call(*args):
        done = run(*args)
        assert done.returncode == 0, done.stderr
        return parse_csv(done.stdout)

    return call


THEORY_COLUMNS = (
    "beta,J0,dJ,dH,phase,m,q,k,S,Sr,sigma,Sr_async,sigma_async,"
    "sigma_over_beta,sigma_async_over_beta,chi,status"
)


def parse_csv(text):
    lines = text.splitlines()
    header = lines[0].split(",")
    rows = []
    for line in lines[1:]:
        cells = line.split(",")
        assert len(cells) == len(header)
        rows.append({name: number(cell) for name, cell in zip(header, cells)})
    return rows


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def default_signals():
    """For preexec_fn: signals that end the program do so, whoever started the tests."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def wait_until(what, seconds=60):
    """Until what() is true; a machine may be busy."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def is_alive(pid):
    """Whether a process runs; what is left of one that has ended does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False
