#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds and runs the test suite; the last line is `N passed, N failed, N skipped`.

    tools/run_tests.py [--suite quick|full] [--werror true|false] [--only TEXT]

Every case of every program counts: TAP lines of the C programs, testcases of pytest's JUnit files, and
one each for programs that only have an exit status (77 = skipped). The full suite runs the C programs
twice more: built with address and undefined-behaviour sanitizers, and built by clang with everything
optional left out.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def tap_counts(text, status):
    """Cases of a TAP program; one that stops before its plan is through has failed once more."""
    passed = failed = skipped = 0
    planned = 0
    for line in text.splitlines():
        plan = re.match(r"1\.\.(\d+)", line)
        case = re.match(r"(not )?ok \d+(.*)", line)
        if plan:
            planned += int(plan.group(1))
        elif case and re.search(r"#\s*skip", case.group(2), re.I):
            skipped += 1
        elif case and case.group(1):
            failed += 1
        elif case:
            passed += 1
    if passed + failed + skipped < max(planned, 1) or (status != 0 and failed == 0):
        failed += 1
    return passed, failed, skipped


def junit_counts(path, status):
    try:
        suites = ET.parse(path).getroot().iter("testsuite")
    except (OSError, ET.ParseError):
        return 0, 1, 0
    passed = failed = skipped = 0
    for suite in suites:
        total, bad, missed = (int(suite.get(k, 0)) for k in ("tests", "failures", "skipped"))
        bad += int(suite.get("errors", 0))
        passed += total - bad - missed
        failed += bad
        skipped += missed
    if status not in (0, 5) and failed == 0:
        failed += 1
    return passed, failed, skipped


def configure(build, options, compiler=None):
    """Sets up or refreshes a build folder; a folder of another configuration is made anew."""
    path = os.path.join(ROOT, build)
    stamp = os.path.join(path, "options.json")
    try:
        with open(stamp) as f:
            same = json.load(f) == [compiler, options]
    except (OSError, ValueError):
        same = False
    if not same:
        shutil.rmtree(path, ignore_errors=True)
        run_or_stop(["meson", "setup", path] + options, {"CC": compiler} if compiler else {})
        with open(stamp, "w") as f:
            json.dump([compiler, options], f)
    run_or_stop(["ninja", "-C", path])
    return path


def run_or_stop(command, environment={}):
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ, **environment), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        print("run_tests: failed: " + " ".join(command))
        print("0 passed, 1 failed, 0 skipped")
        sys.exit(1)


def run_test(test, environment):
    """One entry of `meson introspect --tests`; returns its counts and its output."""
    command = list(test["cmd"])
    # Spinning threads take the cores from each other when the machine is busy with other things too.
    env = dict({"OMP_WAIT_POLICY": "passive"}, **os.environ)
    env.update(environment)
    env.update(test["env"])
    junit = None
    if "pytest" in command:
        junit = tempfile.mktemp(suffix=".xml")
        command.append("--junitxml=" + junit)
    try:
        done = subprocess.run(command, cwd=test.get("workdir") or ROOT, env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=4 * test["timeout"])
        status, text = done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        status, text = -1, (late.stdout or b"").decode(errors="replace") + "\ntimed out"
    if junit:
        counts = junit_counts(junit, status)
        if os.path.exists(junit):
            os.unlink(junit)
    elif test["protocol"] == "tap":
        counts = tap_counts(text, status)
    else:
        counts = (status == 0, status not in (0, 77), status == 77)
    return tuple(int(c) for c in counts), text


def run_folder(path, label, suites, only, environment, total):
    listing = subprocess.run(["meson", "introspect", "--tests", path], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    for test in json.loads(listing):
        wanted = {name.split(":")[-1] for name in test["suite"]}
        name = label + test["name"]
        if not wanted & suites or only not in name:
            continue
        start = time.monotonic()
        counts, text = run_test(test, environment)
        total.add(*counts)
        print("%-44s %4d passed %3d failed %3d skipped  %6.1f s"
              % ((name,) + counts + (time.monotonic() - start,)), flush=True)
        if counts[1]:
            print(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", choices=("quick", "full"), default="full")
    parser.add_argument("--werror", choices=("true", "false"), default="false")
    parser.add_argument("--only", default="", help="only tests whose name has this text")
    options = parser.parse_args()
    suites = {"quick"} if options.suite == "quick" else {"quick", "full"}
    total = Counts()
    path = configure("build-test", ["-Dtests=true", "-Dlibdir=lib", "-Dwerror=" + options.werror])
    run_folder(path, "", suites, options.only, {}, total)
    if options.suite == "full":
        path = configure("build-sanitize",
                         ["-Dtests=true", "-Dbuildtype=debugoptimized", "-Dwerror=false",
                          "-Db_sanitize=address,undefined", "-Db_lundef=false"])
        sanitizers = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1",
                      "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
        run_folder(path, "sanitized ", {"c", "fuzz"}, options.only, sanitizers, total)
        path = configure("build-minimal",
                         ["-Dtests=true", "-Dopenmp=disabled", "-Dhdf5=disabled",
                          "-Dmpi=disabled", "-Dwerror=" + options.werror],
                         "clang" if shutil.which("clang") else None)
        run_folder(path, "minimal ", {"c"}, options.only, {}, total)
    print("%d passed, %d failed, %d skipped" % (total.passed, total.failed, total.skipped))
    return 1 if total.failed or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
