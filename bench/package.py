#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the Python package costs before it computes: bench/package.py [BUILD] prints JSON.

Seconds of `import kinising` and of `import numpy` in it, each in a process of its own (medians, wall clock and
processor time), with the library of BUILD in a copy of the package.
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUNS = 15
CODE = """
import time
start = time.perf_counter(), time.process_time()
import %s
print(time.perf_counter() - start[0], time.process_time() - start[1])
"""


def seconds(module, env):
    run = [sys.executable, "-c", CODE % module]
    times = [subprocess.run(run, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
             for _ in range(RUNS + 1)][1:]  # the first fills the caches
    wall, processor = zip(*times)
    return {"seconds": statistics.median(map(float, wall)), "processor_seconds": statistics.median(map(float, processor))}


def main(build):
    with tempfile.TemporaryDirectory() as folder:
        package = pathlib.Path(folder) / "kinising"
        shutil.copytree(ROOT / "python" / "kinising", package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        subprocess.run([sys.executable, "-B", ROOT / "python" / "build.py", build, "--output", package], check=True,
                       stdout=subprocess.DEVNULL)
        env = {**os.environ, "PYTHONPATH": folder}
        print(json.dumps({"import_kinising": seconds("kinising", env), "import_numpy": seconds("numpy", env),
                          "aim_seconds": 0.15}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build")
