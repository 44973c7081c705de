# SPDX-License-Identifier: BSD-3-Clause
"""The package under test, built apart: python/build.py puts the extension into a private copy of the
package, from the build folder named by KINISING_TEST_BUILD or the newest one of this checkout."""
import contextlib
import csv
import io
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def find_build():
    named = os.environ.get("KINISING_TEST_BUILD")
    if named:
        return pathlib.Path(named)
    found = [p for p in ROOT.glob("build*/libkinising.a") if "sanitize" not in p.parent.name]
    if not found:
        pytest.skip("the library is not built")
    return max(found, key=lambda p: p.stat().st_mtime).parent


def copy_package(folder):
    shutil.copytree(ROOT / "python" / "kinising", folder / "kinising",
                    ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return folder


def build(*arguments):
    return subprocess.run([sys.executable, "-B", ROOT / "python" / "build.py", *arguments],
                          capture_output=True, text=True, check=False)


def same_table(columns, text, extra=()):
    """The columns of a result and the CSV of the command line, which may have `extra` ones."""
    rows = list(csv.DictReader(io.StringIO(text)))
    assert set(rows[0]) - set(columns) <= set(extra)
    assert {len(c) for c in columns.values()} == {len(rows)}
    for name in columns.keys() & rows[0].keys():
        kind = str if columns[name].dtype.kind == "U" else float
        np.testing.assert_array_equal(columns[name], [kind(row[name]) for row in rows], name)


def run_script(folder, script, seconds=60):
    """Python on a text, or on a file; whatever it has started ends with it."""
    command = [sys.executable, "-B", *(["-c", script] if isinstance(script, str) else [script])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                          env={**os.environ, "PYTHONPATH": str(folder)}) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, err)
