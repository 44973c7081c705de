# SPDX-License-Identifier: BSD-3-Clause
"""One command at a time for a checkpoint, and no state is replaced by one with fewer realizations."""
import os
import shutil
import signal
import subprocess
import time

import pytest

from conftest import call, command, needs_mpi

RUN = ["simulate", "--N", "200", "--dJ", "0.5", "--steps", "40", "--threads", "1", "--quiet",
       "--checkpoint-every", "0.02"]
LONG = [*RUN, "--realizations", "10000000"]
ALL = 20000 # of a run that can end
REFUSED = ("kinising: {0} : another command is at work on this checkpoint : its end, or another "
           "--checkpoint\n")


def begin(folder, *args, ranks=0, wait_for="x.ck"):
    """A command at work, from the moment that its checkpoint is there."""
    process = subprocess.Popen([*command(ranks), *args], cwd=folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(3000):
        if (folder / wait_for).exists():
            return process
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.kill()
    raise AssertionError("no checkpoint came")


def realizations(folder):
    """How many the checkpoint holds."""
    header, row = call(folder, "merge", "x.ck", "--partial", "--quiet").stdout.splitlines()
    return int(dict(zip(header.split(","), row.split(",")))["realizations"])


def begin_and_halt(folder, *args):
    """A command halted in its work, with a checkpoint still to be written: on a busy machine it may have
    written its last one, or be writing, before we come to it."""
    for _ in range(50):
        process = begin(folder, *args)
        process.send_signal(signal.SIGSTOP)
        for _ in range(3000):
            with open("/proc/%d/stat" % process.pid) as f:
                state = f.read().rpartition(")")[2].split()[0]
            if state in "TZ":
                break
            time.sleep(0.01)
        if state == "T" and not list(folder.glob(".kinising-*")) and realizations(folder) < ALL // 2:
            return process
        process.kill()
        process.communicate()
        for left in ("x.ck", *folder.glob(".kinising-*")):
            (folder / left).unlink()
    raise AssertionError("it always ended too soon")


@pytest.mark.parametrize("ranks", [0, pytest.param(2, marks=needs_mpi)])
def test_a_second_command_is_refused(tmp_path, ranks):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link.ck").symlink_to("../x.ck")
    first = begin(tmp_path, *LONG, "--checkpoint", "x.ck", ranks=ranks)
    try:
        for name in ("x.ck", "./folder/../x.ck", "folder/link.ck"):
            second = call(tmp_path, *LONG, "--checkpoint", name, status=1)
            assert second.stderr == REFUSED.format(name)
        assert call(tmp_path, "merge", "x.ck", "--partial", "--quiet").stdout.count("\n") == 2
    finally:
        first.terminate()
        first.communicate(timeout=60)
    assert sorted(os.listdir(tmp_path)) == ["folder", "x.ck"]
    # Its end gives the checkpoint free.
    second = begin(tmp_path, *LONG, "--checkpoint", "x.ck", wait_for="x.ck.lock")
    second.terminate()
    second.communicate(timeout=60)


def test_a_killed_command_holds_no_lock(tmp_path):
    short = [*RUN, "--realizations", "50", "--checkpoint", "x.ck"]
    first = begin(tmp_path, *LONG, "--checkpoint", "x.ck")
    first.kill()
    first.communicate(timeout=60)
    (tmp_path / "x.ck").unlink()
    call(tmp_path, *short)
    assert os.listdir(tmp_path) == ["x.ck"]


def test_a_file_of_the_locks_name_is_left_alone(tmp_path):
    (tmp_path / "x.ck.lock").write_text("mine")
    call(tmp_path, *RUN, "--realizations", "50", "--checkpoint", "x.ck")
    assert (tmp_path / "x.ck.lock").read_text() == "mine"


@pytest.mark.parametrize("there", ["more of the same run", "another run", "no checkpoint"])
def test_more_is_not_replaced_by_less(tmp_path, there):
    """As where locks do not reach: another machine gets there first."""
    work = [*RUN, "--realizations", str(ALL)]
    if there == "no checkpoint":
        (tmp_path / "other.ck").write_text("something else")
    else:
        call(tmp_path, *work, "--seed", "1" if there.startswith("more") else "2", "--checkpoint",
             "other.ck")
    first = begin_and_halt(tmp_path, *work, "--checkpoint", "x.ck")
    shutil.copy(tmp_path / "other.ck", tmp_path / "new")
    (tmp_path / "new").rename(tmp_path / "x.ck")
    first.send_signal(signal.SIGCONT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 1
    assert (tmp_path / "x.ck").read_bytes() == (tmp_path / "other.ck").read_bytes()
    why, end = said.splitlines()
    assert why.startswith({"more of the same run": "kinising: x.ck : another command has put %d realizations" % ALL,
                           "another run": "kinising: x.ck, point 1, ",
                           "no checkpoint": "kinising: x.ck : is not a checkpoint"}[there])
    assert end == ("kinising: x.ck : the last checkpoint could not be written : the result is "
                   "complete")


def test_fewer_are_replaced(tmp_path):
    work = [*RUN, "--realizations", str(ALL)]
    first = begin(tmp_path, *work, "--checkpoint", "x.ck")
    shutil.copy(tmp_path / "x.ck", tmp_path / "old.ck")
    _, said = first.communicate(timeout=60)
    assert first.returncode == 0 and said == ""
    first = begin(tmp_path, *work, "--checkpoint", "y.ck", wait_for="y.ck")
    (tmp_path / "old.ck").rename(tmp_path / "y.ck")
    _, said = first.communicate(timeout=60)
    assert first.returncode == 0 and said == ""
    assert (tmp_path / "y.ck").stat().st_size == (tmp_path / "x.ck").stat().st_size
