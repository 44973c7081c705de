# SPDX-License-Identifier: BSD-3-Clause
"""Killed anywhere and started again, a run ends in the bytes of one that was left alone."""
import os
import random
import re
import signal
import subprocess
import time

import pytest

from conftest import call, command, default_signals, needs_mpi, written

# About half a second of work for one core, in pieces that are short beside the time between kills.
WORK = ["simulate", "--N", "128,256", "--beta", "1", "--dJ", "0.5", "--realizations", "3000",
        "--dynamics", "sync,async", "--steps", "40"]
SAVE = ["--checkpoint", "x.ck", "--checkpoint-every", "0.02", "--reproducible", "--quiet"]


def start(folder, *args, ranks=0):
    return subprocess.Popen([*command(ranks), *args], cwd=folder, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, start_new_session=True,
                            preexec_fn=default_signals)


def saved(folder):
    """Realizations in the checkpoint."""
    table = call(folder, "merge", "x.ck", "--partial", "--quiet").stdout.splitlines()
    column = table[0].split(",").index("realizations")
    return sum(int(row.split(",")[column]) for row in table[1:])


def test_killed_anywhere(tmp_path):
    whole = written(tmp_path, "whole.npz", *WORK)
    rng = random.Random(20240607)
    kills = before = grown = 0
    while kills < 60:
        process = start(tmp_path, *WORK, *SAVE, "-o", "x.npz", "--threads", str(rng.choice((1, 2, 3))))
        try:
            process.wait(rng.uniform(0.002, 0.09))
            assert process.returncode == 0
            (tmp_path / "x.ck").unlink()  # it got through: from the start again
            before = 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            if (tmp_path / "x.ck").exists():
                now = saved(tmp_path)
                assert now >= before
                grown += now > before
                before = now
        process.stderr.close()
        # Temporary files of writes that were cut off may lie about, half a checkpoint may not.
    assert grown >= 5
    assert whole == written(tmp_path, "x.npz", *WORK, "--checkpoint", "x.ck")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop(tmp_path, number):
    long = [*WORK[:7], "--realizations", "100000"]
    process = start(tmp_path, *long, *SAVE)
    for _ in range(3000):
        if (tmp_path / "x.ck").exists():
            break
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -number  # 130 or 143 for a shell
    found = re.fullmatch(r"kinising: simulate : stopped : (\d+) of 200000 realizations are saved in "
                         r"x\.ck, the same command goes on\n", said)
    assert found and int(found.group(1)) == saved(tmp_path) > 0
    assert os.listdir(tmp_path) == ["x.ck"]


def test_goes_on_after_a_stop(tmp_path):
    whole = written(tmp_path, "whole.npz", *WORK)
    process = start(tmp_path, *WORK, *SAVE, "-o", "x.npz")
    time.sleep(0.15)
    process.terminate()
    process.communicate()
    assert process.returncode in (0, -signal.SIGTERM)
    assert whole == written(tmp_path, "x.npz", *WORK, "--checkpoint", "x.ck")
    # Nothing is left to do: the finished checkpoint gives the result once more, and at once.
    assert whole == written(tmp_path, "y.npz", *WORK, "--checkpoint", "x.ck")
    assert whole == written(tmp_path, "z.npz", "merge", "x.ck")


def test_relative_error_survives_a_stop(tmp_path):
    args = ["simulate", "--N", "64,100", "--dJ", "0.5", "--rel-err", "0.004", "--steps", "40"]
    whole = written(tmp_path, "whole.npz", *args)
    rng = random.Random(7)
    for _ in range(12):
        process = start(tmp_path, *args, *SAVE)
        time.sleep(rng.uniform(0.01, 0.1))
        process.kill()
        process.communicate()
    assert whole == written(tmp_path, "x.npz", *args, "--checkpoint", "x.ck")


def test_more_realizations_go_on(tmp_path):
    args = ["simulate", "--N", "50", "--beta", "1,2", "--steps", "20"]
    more = written(tmp_path, "more.npz", *args, "--realizations", "300")
    written(tmp_path, "x.npz", *args, "--realizations", "100", "--checkpoint", "x.ck")
    assert more == written(tmp_path, "x.npz", *args, "--realizations", "300", "--checkpoint", "x.ck")
    done = call(tmp_path, *args, "--realizations", "200", "--checkpoint", "x.ck", status=2)
    assert "--realizations 300, not 200" in done.stderr


def test_a_second_signal_kills(tmp_path):
    """One long realization reports rarely; who is impatient is not made to wait for it."""
    process = start(tmp_path, "simulate", "--N", "20000", "--algorithm", "dense", "--steps", "2000",
                    "--checkpoint", "x.ck")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT


def test_without_a_checkpoint_signals_are_as_usual(tmp_path):
    process = start(tmp_path, "simulate", "--N", "500", "--realizations", "1000000")
    time.sleep(0.2)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM


def test_a_shell_sees_130(tmp_path):
    """As of every program that Ctrl-C ends, with and without a checkpoint."""
    for save in ([], ["--checkpoint", "x.ck"]):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            args = [*command(), *WORK[:7], "--realizations", "10000000", "--quiet", *save]
            # The inner shell becomes the program; its child sends the signal.
            inner = '(sleep 0.4; kill -%d $$) & exec "$@"' % number
            done = subprocess.run(["sh", "-c", 'sh -c "$0" sh "$@"; echo $?', inner, *args], cwd=tmp_path,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                                  preexec_fn=default_signals)
            assert done.stdout == "%d\n" % status


@needs_mpi
def test_ranks_stop_in_order(tmp_path):
    process = start(tmp_path, *WORK[:7], "--realizations", "10000000", *SAVE, ranks=2)
    time.sleep(1.5)
    with open("/proc/%d/task/%d/children" % (process.pid, process.pid)) as f:
        os.kill(int(f.read().split()[0]), signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "simulate : stopped : " in said


@needs_mpi
def test_ranks_may_change(tmp_path):
    """Stopped and killed on three ranks, continued on two, finished by one process."""
    whole = written(tmp_path, "whole.npz", *WORK)
    process = start(tmp_path, *WORK, *SAVE, ranks=3)
    time.sleep(1.0)
    with open("/proc/%d/task/%d/children" % (process.pid, process.pid)) as f:
        for pid in f.read().split():
            os.kill(int(pid), signal.SIGKILL)
    process.communicate(timeout=120)
    process = start(tmp_path, *WORK, *SAVE, ranks=2)
    time.sleep(0.8)
    process.terminate()
    process.communicate(timeout=120)
    assert whole == written(tmp_path, "x.npz", *WORK, "--checkpoint", "x.ck")
