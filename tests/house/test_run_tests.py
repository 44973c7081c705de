# SPDX-License-Identifier: BSD-3-Clause
"""The test runner counts every case, and nothing that failed as passed; the set-up says what it needs."""
import os
import subprocess
import sys

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
