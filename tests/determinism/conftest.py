# SPDX-License-Identifier: BSD-3-Clause
"""Running the program, alone and on several ranks, and reading back what it wrote."""
import os
import shutil
import signal
import subprocess

import pytest

KINISING = os.environ.get("KINISING", "kinising")
KINISING_MPI = os.environ.get("KINISING_MPI", "")
MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe"]

needs_mpi = pytest.mark.skipif(not KINISING_MPI or shutil.which("mpirun") is None,
                               reason="needs MPI and mpirun")


def command(ranks=0):
    return [*MPIRUN, "-n", str(ranks), KINISING_MPI] if ranks else [KINISING]


def default_signals():
    """For preexec_fn: signals that end the program do so, whoever started the tests."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def call(folder, *args, ranks=0, status=0, **options):
    done = subprocess.run([*command(ranks), *map(str, args)], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, **options)
    assert done.returncode == status, (args, done.stdout, done.stderr)
    return done


def written(folder, name, *args, **options):
    """The bytes of the file that a call with `-o name` writes."""
    call(folder, *args, "--reproducible", "--quiet", "-o", name, **options)
    return (folder / name).read_bytes()
