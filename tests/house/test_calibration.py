# SPDX-License-Identifier: BSD-3-Clause
"""bench/calibration.py: an interrupted run that is gone on with ends in the same tables, whatever was cut off."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def calibrate(folder, *options):
    """Its tables: two kinds of run, of one row and of five."""
    command = [sys.executable, "-B", ROOT / "bench" / "calibration.py", os.environ["KINISING_BUILD"], "-o", folder,
               "--quick", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_interrupted(tmp_path):
    some = "--parts", "size,entropy", "--cases", "N 20"
    whole = calibrate(tmp_path, *some)
    assert "| N 20, T 3000 " in whole and "(its size)" in whole and "bias: model" in whole
    for part, missing in (("size", 1), ("entropy", 7), ("entropy", 150), ("size", 10**6)):
        path = tmp_path / f"{part}.csv"
        text = path.read_bytes()
        path.write_bytes(text[:-min(missing, len(text))])
        assert calibrate(tmp_path, *some, "--jobs", "2") == whole
        lines = path.read_text().splitlines()
        assert len(lines) == len(set(lines)) == 1 + {"size": 10, "entropy": 20}[part]
    assert calibrate(tmp_path, *some, "--tables") == whole
    assert calibrate(tmp_path, "--parts", "fit", "--minutes", "0") == ""
