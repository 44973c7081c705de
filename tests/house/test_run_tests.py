# SPDX-License-Identifier: BSD-3-Clause
"""The test runner counts every case, and nothing that failed as passed; the set-up says what it needs."""
import os
import re
import subprocess
import sys
import textwrap

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import run_tests  # noqa: E402


@pytest.mark.parametrize("text,status,counts", [
    ("1..2\nok 1 - a\nok 2 - b\n", 0, (2, 0, 0)),
    ("1..2\nok 1 - a\nnot ok 2 - b\n", 1, (1, 1, 0)),
    ("1..2\nok 1 - a\nok 2 # SKIP b\n", 0, (1, 0, 1)),
    ("1..2\nok 1 - a\nnot ok 2 # SKIP b\n", 0, (1, 0, 1)),
    ("1..3\nok 1 - a\n", -11, (1, 1, 0)),          # died in the second
    ("1..1\nok 1 - a\n", 1, (1, 1, 0)),            # a leak found after the last
    ("1..2\nok 1 - a\nok 2 - b\n1..1\nok 1 - c\n", 0, (3, 0, 0)),
    ("", 0, (0, 1, 0)),
    ("", 127, (0, 1, 0)),
    ("# not ok - tests\n1..1\nok 1 - a\n", 0, (1, 0, 0)),
])
def test_tap(text, status, counts):
    assert run_tests.tap_counts(text, status) == counts


def suite(tests, failures, errors, skipped):
    return ('<testsuites><testsuite tests="%d" failures="%d" errors="%d" skipped="%d"/></testsuites>'
            % (tests, failures, errors, skipped))


@pytest.mark.parametrize("text,status,counts", [
    (suite(5, 0, 0, 0), 0, (5, 0, 0)),
    (suite(5, 1, 1, 1), 1, (2, 2, 1)),
    (suite(5, 0, 0, 0), 2, (5, 1, 0)),
    ("<testsui", 0, (0, 1, 0)),
])
def test_junit(text, status, counts, tmp_path):
    (tmp_path / "x.xml").write_text(text)
    assert run_tests.junit_counts(str(tmp_path / "x.xml"), status) == counts


def test_junit_that_was_never_written(tmp_path):
    assert run_tests.junit_counts(str(tmp_path / "none.xml"), 0) == (0, 1, 0)


@pytest.mark.parametrize("status,counts", [(0, (1, 0, 0)), (77, (0, 0, 1)), (3, (0, 1, 0))])
def test_exit_status(status, counts):
    test = {"cmd": ["sh", "-c", "exit %d" % status], "env": {}, "timeout": 10,
            "protocol": "exitcode"}
    assert run_tests.run_test(test, {})[0] == counts


def test_time_limit():
    test = {"cmd": ["sleep", "30"], "env": {}, "timeout": 0.05, "protocol": "exitcode"}
    assert run_tests.run_test(test, {})[0] == (0, 1, 0)


def status_of(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0]
    except OSError:
        return "ended"


LEAVES = """
import os, subprocess, sys
for new_session in (False, True):
    left = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; wait"], start_new_session=new_session, stdout=subprocess.PIPE)
    print(left.pid, left.stdout.readline().decode().strip(), flush=True)
os._exit(int(sys.argv[1])) if sys.argv[1] != "late" else left.wait()
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
@pytest.mark.parametrize("end,counts", [("0", (1, 0, 0)), ("3", (0, 1, 0)), ("late", (0, 1, 0))])
def test_what_a_test_starts_ends_with_it(end, counts):
    """Children and orphans, in its session and in others, however it ended."""
    test = {"cmd": [sys.executable, "-c", LEAVES, end], "env": {}, "timeout": 1 if end == "late" else 100,
            "protocol": "exitcode"}
    found, text = run_tests.run_test(test, {})
    pids = [int(n) for n in re.findall(r"^(\d+) (\d+)$", text, flags=re.M) for n in n]
    assert found == counts and len(pids) == 4
    assert [status_of(pid) for pid in pids if status_of(pid) not in ("ended", "Z")] == []


INTERRUPTED = """
import os, signal, sys
assert os.path.isdir("/proc/self")
import subprocess, time
child = subprocess.Popen(["sleep", "600"])
time.sleep(0.2)
child.send_signal(signal.SIGINT)
child.send_signal(signal.SIGHUP)
sys.exit(child.wait(60) != -signal.SIGINT)
"""


def test_signals_reach_what_tests_start_though_the_suite_ignores_them(tmp_path):
    """A background job of a script has SIGINT ignored, under nohup SIGHUP, and its children inherit that."""
    (tmp_path / "test_it.py").write_text("def test_it():\n" + textwrap.indent(INTERRUPTED.replace(
        "sys.exit(", "assert not (").lstrip(), "    "))
    (tmp_path / "conftest.py").write_text(open(os.path.join(ROOT, "tests", "conftest.py")).read().replace(
        "os.path.dirname(os.path.abspath(__file__))", repr(os.path.join(ROOT, "tests"))))
    program = """if True:
        import sys
        sys.path.insert(0, %r)
        import run_tests
        run_tests.processes.hear_signals()
        test = {"cmd": [sys.executable, "-c", %r], "env": {}, "timeout": 100, "protocol": "exitcode"}
        assert run_tests.run_test(test, {}) == ((1, 0, 0), "")
        """ % (os.path.join(ROOT, "tools"), INTERRUPTED)
    for command in ([sys.executable, "-B", "-c", program],
                    [sys.executable, "-B", "-m", "pytest", "-q", str(tmp_path / "test_it.py")]):
        done = subprocess.run(["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", *command],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("flags,taken,kernel", [
    ("fpu pni avx avx2 fma", "", "Prescott"), ("fpu pni avx avx2 fma", "Haswell", "Prescott"),
    ("fpu pni avx avx2 fma", "PRESCOTT", "Haswell"), ("fpu pni", "", None), ("fpu pni", "Prescott", None),
    ("", "", None),
])
def test_another_kernel_that_the_processor_can_run(flags, taken, kernel, tmp_path):
    (tmp_path / "cpuinfo").write_text("model name\t: x\nflags\t\t: %s\n" % flags if flags else "x\n")
    environment = {"OPENBLAS_CORETYPE": taken} if taken else {}
    assert run_tests.other_kernel(environment, str(tmp_path / "cpuinfo")) == kernel
    assert run_tests.other_kernel(environment, str(tmp_path / "none")) is None


def test_two_at_a_time_but_not_the_shy():
    """A test that is not to share the machine has it for itself."""
    running, most, order = set(), [], []

    class Fake:
        def __init__(self, test, environment):
            self.test, self.looks = test, 3
            running.add(test["name"])
            most.append(sorted(running))

        def has_ended(self):
            self.looks -= 1
            return self.looks < 0

        def seconds(self):
            return 0

        def end(self):
            running.remove(self.test["name"])
            return (1, 0, 0), ""

    tests = [({"name": n, "is_parallel": n != "alone"}, {}) for n in ("a", "b", "c", "alone", "d", "e")]
    real, run_tests.RunningTest = run_tests.RunningTest, Fake
    try:
        run_tests.run_tests(tests, 2, lambda test, counts, text, seconds: order.append(test["name"]))
    finally:
        run_tests.RunningTest = real
    assert sorted(order) == sorted(t["name"] for t, _ in tests)
    assert max(map(len, most)) == 2 and all(m == ["alone"] for m in most if "alone" in m)


def machine(folder, programs):
    """A PATH with these programs only."""
    for name in ("sh", "sed", "id", "tr", "env", "mktemp", "tail", "rm"):
        os.symlink("/usr/bin/" + name, str(folder / name))
    for name, text in programs.items():
        (folder / name).write_text("#!/bin/sh\n" + text)
        (folder / name).chmod(0o755)
    return dict(os.environ, PATH=str(folder), HERE=str(folder))


def set_up(target, env):
    return subprocess.run(["/bin/sh", os.path.join(ROOT, "tools", "setup.sh"), target], env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


HAVE_ALL = {"cc": "", "meson": "", "ninja": "", "python3": "", "pkg-config": ""}


def test_setup_without_apt_lists_what_is_needed(tmp_path):
    done = set_up("build", machine(tmp_path, {}))
    assert done.returncode == 1
    for word in ("C17 compiler", "Meson", "Ninja", "zlib", "gnuplot"):
        assert word in done.stderr


def test_setup_without_apt_goes_on_when_all_is_there(tmp_path):
    done = set_up("build", machine(tmp_path, HAVE_ALL))
    assert (done.returncode, done.stderr) == (0, "")


def test_setup_installs_only_what_is_missing(tmp_path):
    query = 'for last; do :; done; case $last in zlib1g-dev) ;; *) printf installed ;; esac\n'
    apt = 'echo "$DEBIAN_FRONTEND $*" >>"$HERE/calls"\n'
    env = machine(tmp_path, {"dpkg-query": query, "apt-get": apt, "sudo": 'exec "$@"\n'})
    assert set_up("build", env).returncode == 0
    assert (tmp_path / "calls").read_text().splitlines() == [
        "noninteractive -q update",
        "noninteractive -q install -y --no-install-recommends zlib1g-dev"]


def test_setup_calls_nothing_when_all_is_installed(tmp_path):
    env = machine(tmp_path, {"dpkg-query": "printf installed\n",
                             "apt-get": 'echo "$*" >>"$HERE/calls"\n'})
    done = set_up("test", env)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize("programs,status", [({}, 1), (HAVE_ALL, 0)])
def test_setup_survives_a_failing_apt_only_with_what_it_needs(programs, status, tmp_path):
    broken = {"dpkg-query": "exit 1\n", "apt-get": "echo no network; exit 100\n",
              "sudo": 'exec "$@"\n'}
    done = set_up("build", machine(tmp_path, dict(programs, **broken)))
    assert done.returncode == status
    assert "no network" in done.stderr


def test_setup_refuses_an_unknown_set(tmp_path):
    assert set_up("everything", machine(tmp_path, {})).returncode == 2
