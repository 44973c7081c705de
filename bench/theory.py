#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The exact theory beside the numpy floor, in one run: bench/theory.py [BUILD] prints JSON.

Ratios are floor seconds over ours a point (medians), one thread each; the floor is bench/floor_theory.py, the
published procedure written leanly (and, as `leaner`, with q solved only after m). Next to the critical point it takes its 10 000 iterations and still has a
wrong m.
"""
import json
import os
import statistics
import subprocess
import sys

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is loaded: one thread against one thread

import floor_theory  # noqa: E402


def main(build):
    program = os.path.join(build, "bench", "bench_theory")
    # Its own thread counts are explicit, so the environment above must not bind it.
    env = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    ours = json.loads(subprocess.run([program], check=True, stdout=subprocess.PIPE, env=env).stdout)
    rows = []
    for point in ours["points"][:6]:
        at = (point["beta"], point["J0"], point["dJ"], 0.0)
        floor, lean = (floor_theory.timed(at, 5, together) for together in (True, False))
        rows.append(dict(point, floor_seconds=floor["seconds_median"], floor_m=floor["m"],
                         ratio=floor["seconds_median"] / point["sync_seconds"],
                         leaner_floor_seconds=lean["seconds_median"],
                         leaner_ratio=lean["seconds_median"] / point["sync_seconds"]))
    critical = floor_theory.timed(floor_theory.CRITICAL_POINT, 1)
    ours["points"] = rows
    ours["critical"] = {"floor_seconds": critical["seconds_median"], "floor_m": critical["m"],
                        "exact_m": 0.0}
    ours["ratio_median"] = statistics.median(r["ratio"] for r in rows)
    ours["ratio_smallest"] = min(r["ratio"] for r in rows)
    for name in ("", "leaner_"):
        ours[name + "ratio_of_means"] = (sum(r[name + "floor_seconds"] for r in rows) /
                                         sum(r["sync_seconds"] for r in rows))
    print(json.dumps(ours, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build")
