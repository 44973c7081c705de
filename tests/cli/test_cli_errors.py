# SPDX-License-Identifier: BSD-3-Clause
"""Wrong use and failing machines: status, exactly one line, and existing files as they were."""

import json
import os
import random
import re
import shutil
import subprocess
import time

import pytest

LINE = re.compile(r"kinising: .+? : .+? : .+\n")
OLD = b"what was there before"

# arguments -> what the line must mention. All end with status 2.
WRONG_USE = [
    # commands
    ([], "command"),
    (["thoery"], "did you mean theory?"),
    (["frobnicate"], "kinising help"),
    (["--verson"], "unknown option"),
    (["version", "1"], "kinising version alone"),
    (["help", "network", "drw"], "did you mean draw?"),
    (["help", "network", "draw", "info"], "unexpected argument"),
    ([""], "unknown command"),
    (["help", "thoery"], "did you mean theory?"),
    (["help", "theory", "critical"], "unexpected argument"),
    # options
    (["theory", "--bta", "1"], "did you mean --beta?"),
    (["theory", "--j0", "1"], "did you mean --J0?"),
    (["theory", "--dyn", "sync"], "did you mean --dynamics?"),
    (["theory", "--nonsense"], "unknown option"),
    # options of the other mode of a command, and the library's names of options
    (["simulate", "--replicas", "5"], "with --network FILE"),
    (["simulate", "--raster=x.npz", "--N", "4,5"], "is not a whole number"),
    (["simulate", "--raster", "x.npz", "--shard", "1/2"], "without --network and --raster"),
    (["simulate", "--network", "n.npz", "--N", "5"], "without --network"),
    (["simulate", "--network", "n.npz", "--realizations", "5"], "without --network"),
    (["simulate", "--network", "n.npz", "--checkpoint", "x.ck"], "without --network"),
    (["simulate", "--network", "n.npz", "--plot", "x.png"], "-o FILE.npz"),
    (["simulate", "--zero-diagonal", "--algorithm", "matrix-free"], "--zero-diagonal : not possible"),
    (["theory", "-z"], "unknown option"),
    (["theory", "-1"], "unknown option"),
    (["theory", "--", "junk"], "unexpected argument"),
    (["theory", "--", "--beta", "1"], "unexpected argument"),
    (["network", "info", "--", "-n.npz", "m.npz"], "unexpected argument"),
    (["theory", "-"], "unexpected argument"),
    (["theory", "junk"], "unexpected argument"),
    (["theory", "--beta", "1", "2"], "unexpected argument"),
    (["info", "junk"], "unexpected argument"),
    (["info", "-o", "x.csv"], "unknown option"),
    (["theory", "--beta"], "missing"),
    (["theory", "--beta", "--dJ", "1"], "missing"),
    (["theory", "--dJ", "1", "-o"], "missing"),
    (["theory", "--beta", "1", "--beta", "2"], "twice"),
    (["theory", "--beta=1", "--beta", "1"], "twice"),
    (["theory", "-o", "a.csv", "--output", "b.csv"], "twice"),
    (["theory", "--quiet", "--quiet"], "twice"),
    (["theory", "--quiet=1"], "takes no value"),
    # lists
    (["theory", "--beta", ""], "empty"),
    (["theory", "--beta="], "empty"),
    (["theory", "--beta", ","], "empty"),
    (["theory", "--beta", "1,"], "empty item"),
    (["theory", "--beta", "1,,2"], "empty item"),
    (["theory", "--beta", "abc"], "not a number"),
    (["theory", "--beta", "1x"], "not a number"),
    (["theory", "--beta", "0x10"], "not a number"),
    (["theory", "--beta", " 1"], "not a number"),
    (["theory", "--beta", "1 2"], "not a number"),
    (["theory", "--beta", "1e"], "not a number"),
    (["theory", "--beta", "1\n2"], "not a number"),
    (["theory", "--beta", "nan"], "not a number"),
    (["theory", "--beta", "-nan"], "not a number"),
    (["theory", "--beta", "1e999"], "too large"),
    (["theory", "--beta", "2:1:5"], "reversed"),
    (["theory", "--beta", "0:1:0"], "no values"),
    (["theory", "--beta", "0:1:1"], "at least 2"),
    (["theory", "--beta", "0:1"], "start:stop:count"),
    (["theory", "--beta", "0:1:2:3"], "start:stop:count"),
    (["theory", "--beta", "0::3"], "start:stop:count"),
    (["theory", "--beta", ":1:3"], "start:stop:count"),
    (["theory", "--beta", "0:1:"], "start:stop:count"),
    (["theory", "--beta", "0:1:2.5"], "whole number"),
    (["theory", "--beta", "0:1:-3"], "whole number"),
    (["theory", "--beta", "0:1:99999999999999999999"], "too large"),
    (["theory", "--beta", "0:inf:3"], "infinite end"),
    (["theory", "--J0", "-1e308:1e308:3"], "too wide"),
    (["theory", "--beta", "0:1:3000000000"], "2147483647"),
    (["theory", "--beta", "0:1:100000", "--dJ", "0:1:100000"], "2147483647"),
    (["theory", "--beta", "0:1:18446744073709551615", "--dJ", "0:1:18446744073709551615"], "points"),
    # ranges of values
    (["theory", "--beta", "-1"], "negative"),
    (["theory", "--beta=-0.1:1:3"], "negative"),
    (["theory", "--beta", "-inf"], "negative"),
    (["theory", "--dJ", "-0.5"], "negative"),
    (["theory", "--dJ", "0.5,-1"], "negative"),
    (["theory", "--dJ", "inf"], "finite"),
    (["theory", "--dH", "-2"], "negative"),
    (["theory", "--dH", "inf"], "finite"),
    (["theory", "--J0", "inf"], "finite"),
    (["theory", "--J0", "-inf"], "finite"),
    # words and counts
    (["theory", "--dynamics", "both"], "sync or async"),
    (["theory", "--dynamics", "sync,sync"], "twice"),
    (["theory", "--dynamics", "sync,"], "unknown"),
    (["theory", "--dynamics", ""], "unknown"),
    (["theory", "--unit", "bit"], "nats or bits"),
    (["theory", "--unit", "nats,bits"], "nats or bits"),
    (["theory", "--threads", "-1"], "whole number"),
    (["theory", "--threads", "1.5"], "whole number"),
    (["theory", "--threads", "4097"], "too large"),
    (["theory", "--seed", "-1"], "whole number"),
    (["theory", "--seed", "18446744073709551616"], "too large"),
    # transient
    (["transient", "--m0", "0.5,2"], "-1 to 1"),
    (["transient", "--beta", "0:1:100000", "--m0", "0:1:100000"], "points"),
    (["transient", "--beta", "0:1:9", "--plot", "old.png"], "at most 8"),
    (["autocorrelation", "--beta", "0:1:9", "--plot", "old.png"], "at most 8"),
    (["transient", "--beta", "inf"], "finite"),
    (["transient", "--m0", "1.5"], "-1 to 1"),
    (["transient", "--m0", "-1.01"], "-1 to 1"),
    (["transient", "--steps", "0"], "from 1"),
    (["transient", "--steps", "10000001"], "too large"),
    (["transient", "--dynamics", "sync,async"], "sync or async"),
    (["transient", "--tmax", "5"], "--dynamics async"),
    (["transient", "--points", "5"], "--dynamics async"),
    (["transient", "--tol", "1e-6"], "--dynamics async"),
    (["transient", "--dynamics", "async", "--steps", "5"], "--tmax"),
    (["transient", "--dynamics", "async", "--tmax", "0"], "too small"),
    (["transient", "--dynamics", "async", "--tmax", "inf"], "finite"),
    (["transient", "--dynamics", "async", "--points", "0"], "from 1"),
    (["transient", "--dynamics", "async", "--tol", "0"], "from 1e-12"),
    (["transient", "--lag", "0"], "too small"),
    (["transient", "--lag", "1.5"], "multiple"),
    (["transient", "--lag", "51"], "at most 50"),
    (["transient", "--dynamics", "async", "--lag", "0.15"], "multiple"),
    (["transient", "--two-time"], "-o FILE.npz"),
    (["transient", "--two-time", "-o", "x.csv"], "-o FILE.npz"),
    (["transient", "--two-time", "--steps", "10001", "-o", "x.npz"], "10000"),
    # autocorrelation
    (["autocorrelation", "--beta", "inf"], "finite"),
    (["autocorrelation", "--tmax", "-1"], "negative"),
    (["autocorrelation", "--dynamics", "sync", "--tmax", "2.5"], "whole number"),
    (["autocorrelation", "--dynamics", "sync", "--points", "5"], "--tmax"),
    # critical
    (["critical", "--solve-for", "q"], "beta, J0, dJ or dH"),
    (["critical", "--beta", "1"], "--solve-for beta"),
    (["critical", "--solve-for", "dJ", "--dJ", "0.5"], "--solve-for dJ"),
    # files
    (["theory", "-o", "x.xyz"], ".npz"),
    (["theory", "-o", "x"], ".npz"),
    (["theory", "-o", ""], "empty"),
    (["network", "draw", "-o", "-"], "-o FILE.npz"),
    (["transient", "--two-time", "-o", "-"], "-o FILE.npz"),
    (["simulate", "--shard", "1/2", "-o", "-"], "-o FILE.npz"),
    (["simulate", "--checkpoint", "-"], "--checkpoint FILE"),
    (["simulate", "--network", "n.npz", "--raster", "-"], ".npz"),
    (["theory", "--plot", "x.gif"], ".svg"),
    (["theory", "--plot", "x"], ".svg"),
    (["theory", "--plot", "folder.png/x"], ".svg"),
]


def check_line(text, mention):
    assert LINE.fullmatch(text), text
    assert mention in text, text


@pytest.mark.parametrize("args,mention", WRONG_USE, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_wrong_use(run, tmp_path, args, mention):
    done = run(*args)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    check_line(done.stderr, mention)
    assert os.listdir(tmp_path) == []


needs_gnuplot = pytest.mark.skipif(shutil.which("gnuplot") is None, reason="needs gnuplot")

# With a plot wanted, or an existing file in danger.
WRONG_WITH_FILES = [
    (["theory", "--beta", "1", "--plot", "old.png"], "varying|list for one parameter"),
    (["theory", "--beta", "1:2:3", "--J0", "1:2:3", "--dJ", "1:2:3", "--plot", "old.png"], "3 parameters"),
    (["theory", "--beta", "1,1", "--plot", "old.png"], "different"),
    (["critical", "--dJ", "0:1:20", "--dH", "0:1:20", "--plot", "old.png"], "at most 8"),
    (["theory", "--beta", "-1", "--plot", "old.png", "-o", "old.csv"], "negative"),
    (["theory", "--dJ", "nan", "-o", "old.csv"], "not a number"),
    (["transient", "--lag", "99", "-o", "old.csv"], "at most"),
]


@needs_gnuplot
@pytest.mark.parametrize("args,mention", WRONG_WITH_FILES, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_existing_files_survive_wrong_use(run, tmp_path, args, mention):
    for name in ("old.png", "old.csv"):
        (tmp_path / name).write_bytes(OLD)
    done = run(*args)
    assert done.returncode == 2 and done.stdout == ""
    assert LINE.fullmatch(done.stderr) and re.search(mention, done.stderr), done.stderr
    assert sorted(os.listdir(tmp_path)) == ["old.csv", "old.png"]
    for name in ("old.png", "old.csv"):
        assert (tmp_path / name).read_bytes() == OLD


@pytest.mark.parametrize("option", ["-o", "--plot"])
@pytest.mark.parametrize("place", ["missing/x", "file/x", "folder", "x" * 300])
def test_unwritable_targets_are_found_before_the_work(run, tmp_path, option, place):
    if option == "--plot" and shutil.which("gnuplot") is None:
        pytest.skip("needs gnuplot")
    ending = ".csv" if option == "-o" else ".png"
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / ("folder" + ending)).mkdir()
    # Minutes of work, so that the time limit shows a late check.
    done = run("theory", "--beta", "0:4:1000", "--dJ", "0:1:2000", option, place + ending, timeout=20)
    assert done.returncode == 1
    assert done.stdout == ""
    check_line(done.stderr, place[:20])
    assert sorted(os.listdir(tmp_path)) == ["file", "folder" + ending]
    assert os.listdir(tmp_path / ("folder" + ending)) == []


def test_full_disk_on_stdout(run):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    for args in (["critical"], ["info"], ["theory", "--help"], ["--version"], ["theory", "--beta", "0:4:2000"]):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = run(*args, stdout=full)
        assert done.returncode == 1
        check_line(done.stderr, "No space left")


@needs_gnuplot
def test_full_disk_for_files(run, tmp_path):
    """A limit on the size of files stands for the full disk: writing stops half way."""
    for name in ("old.png", "old.csv"):
        (tmp_path / name).write_bytes(OLD)

    def no_room():
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    for args in (["-o", "old.csv"], ["--plot", "old.png"]):
        done = run("critical", "--dJ", "0.1:0.7:200", *args, preexec_fn=no_room)
        assert done.returncode == 1
        check_line(done.stderr, args[1])
        assert sorted(os.listdir(tmp_path)) == ["old.csv", "old.png"]
        assert (tmp_path / args[1]).read_bytes() == OLD


def test_missing_gnuplot(run, tmp_path):
    done = run("theory", "--beta", "0:4:9", "--plot", "x.png", env={"PATH": "/nonexistent"})
    assert done.returncode == 1 and done.stdout == ""
    check_line(done.stderr, "install")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("body,mention", [
    ("cat >/dev/null; echo partial; echo 'line 0: no cairo here' >&2; exit 1", "no cairo here"),
    ("echo half a picture; kill -9 $$", "gnuplot failed"),
    ("exec </dev/null; exit 0", "gnuplot failed"),
])
def test_gnuplot_that_fails(run, tmp_path, body, mention):
    """Half a picture never replaces a whole one, and the data is printed all the same."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = bin_folder / "gnuplot"
    program.write_text("#!/bin/sh\n" + body + "\n")
    program.chmod(0o755)
    (tmp_path / "old.png").write_bytes(OLD)
    done = run("theory", "--beta", "0:4:500", "--dynamics", "sync", "--plot", "old.png",
               env={"PATH": f"{bin_folder}:{os.environ['PATH']}"})
    assert done.returncode == 1
    check_line(done.stderr, mention)
    assert len(done.stdout.splitlines()) == 501
    assert sorted(os.listdir(tmp_path)) == ["bin", "old.png"]
    assert (tmp_path / "old.png").read_bytes() == OLD


def test_too_little_memory(run):
    """600 GB are refused at once, not taken piece by piece."""
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") > 5e11:
        pytest.skip("this machine has them")
    done = run("theory", "--beta", "0:1:2147483647", timeout=10)
    assert done.returncode == 1
    check_line(done.stderr, "GiB")


@pytest.mark.parametrize("args", [
    ["simulate", "--beta", "0:4:300000000"],
    ["simulate", "--N", "1:300000000:300000000"],
    ["simulate", "--dynamics", "sync,async", "--N", "1:1000:1000", "--beta", "0:1:1000", "--dJ", "0:1:1000"],
    ["transient", "--beta", "0:4:300000000"],
    ["transient", "--m0", "0:1:300000000"],
    ["autocorrelation", "--beta", "0:4:300000000"],
], ids=" ".join)
def test_long_lists_are_refused_before_they_are_written_out(run, args):
    """Under a limit of 1 GB, which the list alone would exceed: the sentence is about the machine."""
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") > 5e11:
        pytest.skip("this machine may have room for it")

    def limit():
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (10**9, 10**9))

    done = run(*args, "--threads", "1", timeout=60, preexec_fn=limit)
    assert done.returncode == 1 and done.stdout == ""
    check_line(done.stderr, "GiB of memory needed")
    assert float(re.search(r": ([0-9.e+]+) GiB", done.stderr).group(1)) > 500


def test_control_characters_do_not_reach_the_terminal(run):
    done = run("theory", "--beta", "\033[31m\r\n")
    assert done.returncode == 2
    check_line(done.stderr, "not a number")
    assert done.stderr[:-1].isprintable()


def test_random_arguments(run, tmp_path):
    """Whatever is typed: a status of the list, one line if it is refused, no file but those asked for."""
    rng = random.Random(20240229)
    pieces = [
        "--beta", "--J0", "--dJ", "--dH", "--dynamics", "--unit", "--quiet", "--threads", "--seed", "--steps",
        "--m0", "--lag", "--solve-for", "--tmax", "--points", "0.5", "1,2", "0:1:3", "2:1:3", "-1", "inf",
        "nan", "", "sync", "async", "bits", "dJ", "beta", "-o", "x.csv", "x.foo", "--help", "-x", "--=", "é",
    ]
    for _ in range(200):
        command = rng.choice(["theory", "transient", "autocorrelation", "critical", "info", "help", "x"])
        args = [command] + [rng.choice(pieces) for _ in range(rng.randrange(6))]
        done = run(*args)
        assert done.returncode in (0, 2), (args, done.stderr)
        if done.returncode == 2:
            assert LINE.fullmatch(done.stderr), (args, done.stderr)
            assert done.stdout == ""
        assert set(os.listdir(tmp_path)) <= {"x.csv", "x.csv.json"}


def test_file_size_limit_is_one_sentence(tmp_path):
    """A file that may not grow is a full disk: status 1, nothing left behind."""
    command = 'ulimit -f 8; exec "$0" theory --beta 0:4:3000 --dynamics sync -o big.csv'
    done = subprocess.run(["bash", "-c", command, os.environ.get("KINISING", "kinising")],
                          cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("kinising: big.csv : ")
    assert os.listdir(tmp_path) == []


def test_terminated_while_writing_leaves_whole_files_only(tmp_path):
    """SIGTERM at twenty moments: the old file or the new one, and no temporary."""
    kinising = os.environ.get("KINISING", "kinising")
    target = tmp_path / "x.csv"
    for k in range(20):
        process = subprocess.Popen([kinising, "theory", "--beta", "0:4:40000", "--dynamics", "sync",
                                    "-o", "x.csv", "--quiet"], cwd=tmp_path)
        time.sleep(0.01 + 0.012 * k)
        process.terminate()
        process.wait()
        assert set(os.listdir(tmp_path)) <= {"x.csv", "x.csv.json"}
        if target.exists():
            assert len(target.read_text().splitlines()) == 40001
            json.loads((tmp_path / "x.csv.json").read_text())
            target.unlink()
