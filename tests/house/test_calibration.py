# SPDX-License-Identifier: BSD-3-Clause
"""bench/calibration.py: an interrupted run that is gone on with ends in the same tables, whatever was cut off."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def start(*arguments):
    command = [sys.executable, "-B", ROOT / "bench" / "calibration.py", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def calibrate(folder, *options):
    """Its tables: two kinds of run, of one row and of five."""
    done = start(os.environ["KINISING_BUILD"], "-o", folder, "--quick", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_interrupted(tmp_path):
    some = "--parts", "size,entropy", "--cases", "N 20"
    whole = calibrate(tmp_path, *some)
    assert "| N 20, T 3000 " in whole and "(its size)" in whole and "bias: model" in whole
    for part, end in (("size", -1), ("entropy", -7), ("entropy", -150), ("size", 0), ("size", 10)):
        path = tmp_path / f"{part}.csv"
        path.write_bytes(path.read_bytes()[:end])
        assert calibrate(tmp_path, *some, "--jobs", "2") == whole
        lines = path.read_text().splitlines()
        assert len(lines) == len(set(lines)) == 1 + {"size": 10, "entropy": 20}[part]
    assert calibrate(tmp_path, *some, "--tables") == whole
    assert calibrate(tmp_path, "--parts", "fit", "--minutes", "0") == ""


def test_wrong_use_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    build, folder = os.environ["KINISING_BUILD"], tmp_path / "made"
    for arguments in ((tmp_path, "-o", folder), (build, "-o", folder, "--jobs", "0"), (build, "-o", folder, "--cases", "no such"),
                      (build, "-o", tmp_path / "file"), (build, "-o", folder, "--document", tmp_path / "no.md")):
        done = start(*arguments)
        assert done.returncode == 2 and done.stderr.splitlines()[-1].count(" : ") >= 1, done.stderr
        assert "Traceback" not in done.stderr and not (folder / "package").exists()
