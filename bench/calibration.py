#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whether what `fit`, `entropy` and `diagnose` state is true: bench/calibration.py [BUILD] -o FOLDER.

Networks whose truth is known are simulated, and the recordings handed to the package: how often intervals hold the
truth, how large biases are, how often tests reject, how often verdicts are right. Tables go to stdout.

    --quick        few runs of the small cases: under two minutes
    --jobs N       processes (default 1); the tables do not depend on it
    --parts A,B    only these: fit entropy size power nulls regimes random violations
    --cases TEXT   only those with TEXT in their name
    --minutes M    begin no run after so long
    --tables       only print what FOLDER holds
    --document F   and put the tables of each part where F says <!-- PART --> ... <!-- end -->

Each finished run is a row of FOLDER/PART.csv. What is there is not done again: an interrupted command goes on where it
was, with the same copy of the package (FOLDER/package); take a new folder after a change. Runs take turns, so that a
calibration that is stopped has fewer runs of each case, not fewer cases. Random numbers hang on the names of case and
run alone.
"""
import argparse
import csv
import multiprocessing
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded: processes, not threads

import calibration_parts  # noqa: E402
import calibration_regimes  # noqa: E402
from calibration_tables import markdown  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]


def package(build, folder):
    """The package with the library of `build`, in a copy that stays as it is."""
    at = folder / "package"
    if not at.exists():
        new = folder / f"package.{os.getpid()}"
        shutil.copytree(ROOT / "python" / "kinising", new / "kinising",
                        ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        subprocess.run([sys.executable, "-B", ROOT / "python" / "build.py", build, "--output", new / "kinising"],
                       check=True, stdout=subprocess.DEVNULL)
        new.rename(at)
    return at


def parsed(text):
    try:
        return float(text)
    except ValueError:
        return text


class Part:
    """A part: its cases, and the rows that its file holds."""

    def __init__(self, name, folder, quick, text):
        cases, self.run, self.table = PARTS[name]
        cases = [c for c in cases if text in c["name"]]
        self.name, self.path = name, folder / f"{name}.csv"
        self.cases = {c["name"]: dict(c, wanted=c["quick" if quick else "runs"], rows=[]) for c in cases}
        self.done = set()
        if self.path.exists() and self.path.stat().st_size > 0:
            self.read()

    def read(self):
        """Runs that are whole; the rest of an interrupted one is taken out of the file."""
        with open(self.path, newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        if head[-1:] != ["last"]:  # cut off before its first run
            self.path.unlink()
            return
        runs = {}
        for row in rows:
            if len(row) == len(head):
                runs.setdefault((row[0], int(row[1])), []).append(row)
        whole = {at: lines for at, lines in runs.items() if lines[-1][-1] == "1"}
        with open(self.path.with_suffix(".new"), "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *(row for x in whole.values() for row in x)])
        os.replace(self.path.with_suffix(".new"), self.path)
        for (name, run), lines in sorted(whole.items()):
            if name in self.cases:
                self.done.add((name, run))
                self.cases[name]["rows"] += [dict(zip(head[2:-1], map(parsed, row[2:-1]))) for row in lines]

    def keep(self, name, run, rows):
        self.done.add((name, run))
        self.cases[name]["rows"] += rows
        new = not self.path.exists() or self.path.stat().st_size == 0
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            if new:
                out.writerow(["case", "run", *rows[0], "last"])
            for k, row in enumerate(rows):
                out.writerow([name, run, *row.values(), int(k + 1 == len(rows))])

    def to_do(self):
        return [(run, name) for name, c in self.cases.items() for run in range(c["wanted"])
                if (name, run) not in self.done]


PARTS = calibration_parts.PARTS | calibration_regimes.PARTS


def start_worker(at):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.insert(0, str(at))


def work(job):
    import kinising
    part, settings, run = job
    begin = time.perf_counter()
    rows = PARTS[part][1](kinising, settings, run)
    return part, settings["name"], run, rows, time.perf_counter() - begin


def measure(parts, at, jobs, minutes):
    end = time.monotonic() + 60 * minutes
    cases = {(part, name): c for part in parts for name, c in parts[part].cases.items()}
    # The first run of each case, the cheapest first; then each as far as the others.
    todo = sorted((run / cases[part, name]["wanted"], cases[part, name].get("N", 0)**2 * cases[part, name].get("T", 0),
                   part, name, run) for part in parts for run, name in parts[part].to_do())
    settings = {part: {c: {k: v for k, v in s.items() if k not in ("rows", "wanted")} for c, s in parts[part].cases.items()}
                for part in parts}
    queue = ((part, settings[part][name], run) for _, _, part, name, run in todo if time.monotonic() < end)
    # One at a time beyond what is being worked at: what is queued cannot be called off.
    context, seconds = multiprocessing.get_context("spawn"), {}
    with context.Pool(jobs, start_worker, (at,)) as pool:
        pending, queue = [], iter(queue)
        while True:
            while len(pending) < jobs and (job := next(queue, None)) is not None:
                pending.append(pool.apply_async(work, (job,)))
            if not pending:
                break
            ready = [r for r in pending if r.ready()] or [pending[0]]
            ready[0].wait(0.05)
            for result in [r for r in pending if r.ready()]:
                part, name, run, rows, took = result.get()
                parts[part].keep(name, run, rows)
                seconds[part, name] = seconds.get((part, name), 0) + took
                pending.remove(result)
            if sys.stderr.isatty():
                print(f"\r{sum(len(p.done) for p in parts.values())} runs", end="", file=sys.stderr)
    return seconds


def print_tables(parts):
    for part in parts.values():
        cases = [c for c in part.cases.values() if c["rows"]]
        if cases:
            print("\n".join(part.table(cases)) + "\n", flush=True)


def document(path, parts):
    """Tables in the place of those that a page has."""
    text = path.read_text(encoding="utf-8")
    for name, part in parts.items():
        cases = [c for c in part.cases.values() if c["rows"]]
        begin, found, rest = text.partition(f"<!-- {name} -->\n")
        if cases and found:
            # What a table is about is a line in bold above it.
            lines = [f"**{line}**\n" if line and line[0] != "|" else line for line in part.table(cases)]
            text = begin + found + "\n".join(lines).rstrip() + "\n<!-- end -->" + rest.partition("<!-- end -->")[2]
    path.write_text(text, encoding="utf-8")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("build", nargs="?", default="build", type=pathlib.Path)
    p.add_argument("-o", "--output", required=True, type=pathlib.Path)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("--parts", default=",".join(PARTS))
    p.add_argument("--cases", default="")
    p.add_argument("--minutes", type=float, default=float("inf"))
    p.add_argument("--tables", action="store_true")
    p.add_argument("--document", type=pathlib.Path)
    a = p.parse_args()
    unknown = set(a.parts.split(",")) - set(PARTS)
    if unknown:
        p.error(f"--parts : {sorted(unknown)[0]} is none : use some of {','.join(PARTS)}")
    if a.jobs < 1:
        p.error(f"--jobs : {a.jobs} processes do nothing : 1 or more")
    if not a.tables and not (a.build / "libkinising.a").exists():
        p.error(f"{a.build} : holds no libkinising.a : a folder of `meson setup`, built")
    if a.document and not os.access(a.document, os.W_OK):
        p.error(f"--document : {a.document} : cannot be written : a page such as docs/calibration.md")
    try:
        a.output.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        p.error(f"-o : {a.output} : {e.strerror} : a folder that there is or that can be made")
    parts = {name: Part(name, a.output, a.quick, a.cases) for name in a.parts.split(",")}
    if not any(part.cases for part in parts.values()):
        p.error(f"--cases : {a.cases} : is in no name of these parts : such as \"N 20\"")
    seconds = {} if a.tables else measure(parts, package(a.build, a.output), a.jobs, a.minutes)
    print_tables(parts)
    if a.document:
        document(a.document, parts)
    if seconds:
        print(f"seconds {sum(seconds.values()):.0f}; the longest cases:", file=sys.stderr)
        longest = sorted(seconds.items(), key=lambda x: -x[1])[:8]
        print("\n".join(markdown(["part", "case", "seconds"], [(*k, f"{v:.1f}") for k, v in longest])), file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted : the same command goes on from here")
