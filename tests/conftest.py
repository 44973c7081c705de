# SPDX-License-Identifier: BSD-3-Clause
"""For all Python tests: Ctrl-C works in what they start, and nothing that they start outlives them."""
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import processes  # noqa: E402

processes.hear_signals()
if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.default_int_handler) # some tests interrupt themselves
os.environ.setdefault(processes.MARK, f"pytest {os.getpid()}")


def is_helper(pid):
    """What multiprocessing keeps for the next test."""
    return b"multiprocessing" in processes.read(f"/proc/{pid}/cmdline")


@pytest.fixture(autouse=True)
def nothing_left_running():
    yield
    processes.end_processes(None, os.getpid(), spare=is_helper)


def pytest_unconfigure():
    processes.end_processes(os.environ[processes.MARK], os.getpid())
