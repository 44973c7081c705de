# SPDX-License-Identifier: BSD-3-Clause
"""How a long call runs: its threads, Ctrl-C, and life after a fork."""
import os
import threading

from ._arguments import count
from ._library import ffi, lib

_MOST_THREADS = 4096
_forked = False


def start_run(threads):
    """Options of a long call: checked threads, and an ear for Ctrl-C in Python's main thread. Every function
    that takes `threads` hands them to the library from here (run.options.threads) and in no other way. Keep
    the result alive during the call and pass `&result.options`."""
    threads = count("threads", threads, _MOST_THREADS, 0, " (all)")
    run = ffi.new("python_run *")
    lib.python_run_start(run, threads or int(_forked),
                         threading.current_thread() is threading.main_thread())
    return run


def _after_fork():
    # Children of a pool share the processors: one thread each, with the same bits, unless they are told how
    # many. The library itself makes new threads in a child.
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
