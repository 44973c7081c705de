# SPDX-License-Identifier: BSD-3-Clause
"""Processes that tests start: signals reach them, and none of them outlives its test.

A process belongs to a test if it descends from it, or carries its mark in the environment: those that a
dead parent left behind, and ranks that mpirun put into sessions of their own, are found by the mark.
"""
import os
import signal
import time

MARK = "KINISING_TEST"


def hear_signals():
    """A background job of a script ignores SIGINT, one under nohup SIGHUP, and so would all that it starts.
    What is handled here, be it by doing nothing, is at its default in every program started from here."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError: # it has just ended, or is another user's
        return b""


def processes_of(mark, ancestor=None):
    """Those that run (zombies do not) and carry the mark, unless it is None, or descend from `ancestor`;
    never this process and those it descends from. Empty where there is no /proc."""
    parents, marked = {}, set()
    line = f"{MARK}={mark}".encode()
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if not name.isdigit():
            continue
        status = read(f"/proc/{name}/stat").rpartition(b")")[2].split()
        if len(status) < 2 or status[0] in b"ZX":
            continue
        parents[int(name)] = int(status[1])
        if mark is not None and line in read(f"/proc/{name}/environ").split(b"\0"):
            marked.add(int(name))

    def line_of(pid):
        while pid in parents:
            yield pid
            pid = parents[pid]

    mine = set(line_of(os.getpid()))
    return {pid for pid in parents if pid not in mine
            and (pid in marked or ancestor is not None and ancestor in line_of(pid))}


def end_processes(mark, ancestor=None, spare=lambda pid: False):
    """Kills them, and those that they start meanwhile; returns the ids of those that were found."""
    found = set()
    for _ in range(100):
        now = {pid for pid in processes_of(mark, ancestor) if not spare(pid)}
        if not now:
            break
        found |= now
        for pid in now:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        time.sleep(0.01)
    return found
