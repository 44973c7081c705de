#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds and runs the test suite; the last line is `N passed, N failed, N skipped`.

    tools/run_tests.py [--suite quick|full] [--werror true|false] [--only TEXT]

Every case of every program counts: TAP lines of the C programs, testcases of pytest's JUnit files, and
one each for programs that only have an exit status (77 = skipped). The full suite runs what
hangs on linear algebra once more with another kernel of OpenBLAS, and the C programs twice more: built with address and undefined-behaviour sanitizers, and built by clang with everything
optional left out.
"""
import argparse
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
sys.dont_write_bytecode = True

import processes  # noqa: E402


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


class RunningTest:
    """One entry of `meson introspect --tests` at work, in a session of its own. When it ends, by itself or
    at its time limit, everything that it started ends with it."""

    def __init__(self, test, environment):
        self.test = test
        self.mark = "%d %s" % (os.getpid(), secrets.token_hex(8))
        self.folder = tempfile.TemporaryDirectory(prefix="kinising-test-")
        self.junit = None
        command = list(test["cmd"])
        if "pytest" in command:
            self.junit = os.path.join(self.folder.name, "junit.xml")
            command.append("--junitxml=" + self.junit)
        env = dict(os.environ)
        env.update(environment)
        env.update(test["env"])
        env[processes.MARK] = self.mark
        self.output = open(os.path.join(self.folder.name, "output"), "w+b")
        self.start = time.monotonic()
        self.process = subprocess.Popen(command, cwd=test.get("workdir") or ROOT, env=env,
                                        stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT, start_new_session=True)

    def has_ended(self):
        late = time.monotonic() - self.start > 4 * self.test["timeout"]
        return self.process.poll() is not None or late

    def seconds(self):
        return time.monotonic() - self.start

    def end(self):
        """Ends it, if it still runs, and what it has left; returns its counts and its output."""
        status = self.process.poll()
        late = status is None
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process.wait()
        processes.end_processes(self.mark)
        self.output.seek(0)
        text = self.output.read().decode(errors="replace")
        self.output.close()
        if late:
            status, text = -1, text + "\ntimed out"
        if self.junit:
            counts = junit_counts(self.junit, status)
        elif self.test["protocol"] == "tap":
            counts = tap_counts(text, status)
        else:
            counts = (status == 0, status not in (0, 77), status == 77)
        self.folder.cleanup()
        return tuple(int(c) for c in counts), text


def run_test(test, environment):
    """Runs one test alone; returns its counts and its output."""
    running = RunningTest(test, environment)
    try:
        while not running.has_ended():
            time.sleep(0.01)
    finally:
        result = running.end()
    return result


def run_tests(tests, jobs, done):
    """Runs pairs (test, environment), `jobs` at a time; one that is not `is_parallel` has the machine for
    itself. Calls done(test, counts, text, seconds) for each as it ends."""
    waiting, running = list(tests), []
    try:
        while waiting or running:
            while waiting and len(running) < jobs and not any(
                    not t.test.get("is_parallel", True) for t in running):
                alone = not waiting[0][0].get("is_parallel", True)
                if alone and running:
                    break
                running.append(RunningTest(*waiting.pop(0)))
            for one in [t for t in running if t.has_ended()]:
                running.remove(one)
                seconds = one.seconds()
                done(one.test, *one.end(), seconds)
            time.sleep(0.01)
    finally:
        for one in running:
            one.end()


def other_kernel(environment=os.environ, cpuinfo="/proc/cpuinfo"):
    """A kernel of OpenBLAS that this processor can run and that it does not take by itself; None if there
    is none to choose from. The last bits differ, and with them what hangs on a tie."""
    try:
        with open(cpuinfo) as f:
            flags = set(re.search(r"^flags\s*:(.*)", f.read(), flags=re.M).group(1).split())
    except (OSError, AttributeError):
        return None
    taken = environment.get("OPENBLAS_CORETYPE", "").lower()
    for name, needs in (("Prescott", {"pni"}), ("Haswell", {"avx2", "fma"})):
        if needs <= flags and name.lower() != taken and (taken or "avx" in flags or name != "Prescott"):
            return name
    return None


def run_folder(path, label, suites, only, environment, total):
    listing = subprocess.run(["meson", "introspect", "--tests", path], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    tests = []
    for test in json.loads(listing):
        wanted = {name.split(":")[-1] for name in test["suite"]}
        if wanted & suites and only in label + test["name"]:
            tests.append((test, environment))

    def done(test, counts, text, seconds):
        total.add(*counts)
        print("%-44s %4d passed %3d failed %3d skipped  %6.1f s"
              % ((label + test["name"],) + counts + (seconds,)), flush=True)
        if counts[1]:
            print(text, flush=True)

    run_tests(tests, 2, done)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", choices=("quick", "full"), default="full")
    parser.add_argument("--werror", choices=("true", "false"), default="false")
    parser.add_argument("--only", default="", help="only tests whose name has this text")
    options = parser.parse_args()
    processes.hear_signals()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL: # as Ctrl-C: what runs is ended first
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    suites = {"quick"} if options.suite == "quick" else {"quick", "full"}
    total = Counts()
    path = configure("build-test", ["-Dtests=true", "-Dlibdir=lib", "-Dwerror=" + options.werror])
    run_folder(path, "", suites, options.only, {}, total)
    kernel = other_kernel()
    if kernel and options.suite == "full":
        run_folder(path, kernel + " ", {"blas"}, options.only, {"OPENBLAS_CORETYPE": kernel}, total)
    if options.suite == "full":
        path = configure("build-sanitize",
                         ["-Dtests=true", "-Dbuildtype=debugoptimized", "-Dwerror=false",
                          "-Db_sanitize=address,undefined", "-Db_lundef=false"])
        sanitizers = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1",
                      "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
        run_folder(path, "sanitized ", {"c"}, options.only, sanitizers, total)
        path = configure("build-minimal",
                         ["-Dtests=true", "-Dthreads=disabled", "-Dhdf5=disabled",
                          "-Dmpi=disabled", "-Dwerror=" + options.werror],
                         "clang" if shutil.which("clang") else None)
        run_folder(path, "minimal ", {"c"}, options.only, {}, total)
    print("%d passed, %d failed, %d skipped" % (total.passed, total.failed, total.skipped))
    return 1 if total.failed or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
