# SPDX-License-Identifier: BSD-3-Clause
"""Files of one command that are one file by another name, and targets that are no ordinary files."""
import os
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest

from conftest import KINISING, default_signals

SIMULATE = ["simulate", "--N", "8", "--realizations", "4", "--steps", "3"]
REPLICAS = ["simulate", "--network", "n.npz", "--replicas", "3", "--steps", "4"]
THEORY = ["theory", "--beta", "1:2:3", "--dynamics", "sync"]

# Two files of a command, the first of which is a link, and the name that both end up at.
TWICE = {
    "raster": ([*REPLICAS, "--raster", "link.npz", "-o", "new.npz"], "link.npz", "new.npz"),
    "result": ([*REPLICAS, "-o", "link.npz", "--raster", "new.npz"], "link.npz", "new.npz"),
    "checkpoint": ([*SIMULATE, "--checkpoint", "link.npz", "-o", "new.npz"], "link.npz", "new.npz"),
    "provenance": ([*SIMULATE, "--checkpoint", "link", "-o", "new.csv"], "link", "new.csv.json"),
    "picture": ([*THEORY, "--plot", "link.png", "-o", "new.csv"], "link.png", "new.csv"),
    "picture of simulate": ([*SIMULATE[:1], "--N", "8,9", "--beta", "1,2", "--plot", "link.png",
                             "--checkpoint", "new.ck"], "link.png", "new.ck"),
}
# An input that would be written over.
OVER_INPUT = {
    "replicas": [*REPLICAS, "-o", "link.npz"],
    "raster": [*REPLICAS, "--raster", "link.npz"],
    "exact": ["exact", "--network", "n.npz", "-o", "link.npz"],
    "exact's picture": ["exact", "--network", "n.npz", "--plot", "link.png"],
    "meanfield": ["meanfield", "--network", "n.npz", "-o", "link.npz"],
    "meanfield's picture": ["meanfield", "--network", "n.npz", "--plot", "link.png"],
    "info": ["network", "info", "n.npz", "-o", "link.npz"],
    "merge": ["merge", "n.npz", "-o", "link.npz"],
}


@pytest.fixture
def network(run):
    assert run("network", "draw", "--N", "5", "-o", "n.npz").returncode == 0


@pytest.mark.parametrize("place", ["target", "folder/target", "two links", "linked folder"])
@pytest.mark.parametrize("name", TWICE)
def test_one_file_twice(run, tmp_path, network, name, place):
    """The link leads to what is not there yet, so that names alone differ."""
    args, link, target = TWICE[name]
    if ".png" in link and shutil.which("gnuplot") is None:
        pytest.skip("needs gnuplot")
    if place == "folder/target":
        (tmp_path / "folder").mkdir()
        (tmp_path / link).symlink_to("folder/../" + target)
    elif place == "two links":
        (tmp_path / link).symlink_to("middle")
        (tmp_path / "middle").symlink_to(tmp_path / target)
    elif place == "linked folder":
        (tmp_path / "here").symlink_to(".")
        (tmp_path / link).symlink_to("here/" + target)
    else:
        (tmp_path / link).symlink_to(target)
    before = sorted(os.listdir(tmp_path))
    done = run(*args)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and " : is the file of -" in done.stderr, done.stderr
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("name", OVER_INPUT)
def test_an_input_is_not_overwritten(run, tmp_path, network, name):
    args = OVER_INPUT[name]
    if "--plot" in args and shutil.which("gnuplot") is None:
        pytest.skip("needs gnuplot")
    (tmp_path / args[-1]).symlink_to("n.npz")
    whole = (tmp_path / "n.npz").read_bytes()
    done = run(*args)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and " : is the file of " in done.stderr, done.stderr
    assert (tmp_path / "n.npz").read_bytes() == whole


def test_links_to_different_files_are_two(run, tmp_path, network):
    (tmp_path / "a.npz").symlink_to("x.npz")
    (tmp_path / "b.npz").symlink_to("y.npz")
    assert run(*REPLICAS, "--raster", "a.npz", "-o", "b.npz").returncode == 0
    assert "raster" in np.load(tmp_path / "x.npz") and "sigma" in np.load(tmp_path / "y.npz")
    assert (tmp_path / "a.npz").is_symlink() and (tmp_path / "b.npz").is_symlink()


def test_a_network_is_converted_in_place(run, tmp_path, network):
    before = np.load(tmp_path / "n.npz")["beta"]
    assert run("network", "convert", "n.npz", "--rescale", "2", "-o", "./n.npz").returncode == 0
    assert np.load(tmp_path / "n.npz")["beta"] == 2 * before


# --- targets that are no ordinary files ----------------------------------------------------------

BLOCKING = {
    "table": ["theory", "--beta", "0:4:3000", "--dynamics", "sync", "-o", "fifo.csv"],
    "matrix": ["network", "draw", "--N", "200", "-o", "fifo.npz"],
    "raster": [*REPLICAS[:4], "1000", "--steps", "100", "--raster", "fifo.npz"],
    "stdout": ["theory", "--beta", "0:4:3000", "--dynamics", "sync"],
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("reader", ["that never comes", "that reads nothing"])
@pytest.mark.parametrize("name", BLOCKING)
def test_signals_end_a_write_that_blocks(tmp_path, network, name, reader, number):
    args, end = BLOCKING[name], None
    for fifo in ("fifo.csv", "fifo.npz"):
        os.mkfifo(tmp_path / fifo)
    if reader == "that reads nothing":
        end = os.open(tmp_path / args[-1], os.O_RDONLY | os.O_NONBLOCK) if name != "stdout" else None
    process = subprocess.Popen([KINISING, *args], cwd=tmp_path, preexec_fn=default_signals,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.25)  # until it stands still; sooner, the signal would end it as well
        process.send_signal(number)
        assert process.wait(60) == -number
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if end is not None:
            os.close(end)
    assert [name for name in os.listdir(tmp_path) if "tmp" in name] == []


def test_a_fifo_is_written(tmp_path, network):
    os.mkfifo(tmp_path / "fifo.csv")
    args = [*THEORY, "--quiet", "-o", "fifo.csv"]
    process = subprocess.Popen([KINISING, *args], cwd=tmp_path)
    with open(tmp_path / "fifo.csv", encoding="ascii") as fifo:
        assert len(fifo.readlines()) == 4
    assert process.wait(60) == 0


def test_what_is_not_provenance_is_not_overwritten(tmp_path):
    def run(*args):
        return subprocess.run([KINISING, *THEORY, "--quiet", *args], cwd=tmp_path, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    (tmp_path / "x.csv.json").write_text('{"mine": 1}')
    (tmp_path / "link.csv").symlink_to("x.csv")
    for name, there in (("x.csv", 0), ("link.csv", 0), ("link.csv", 1)): # where the link leads may be nothing yet
        if there:
            (tmp_path / "x.csv").touch()
        done = run("-o", name)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
        assert "x.csv.json : is in the way of the provenance of %s" % name in done.stderr
        assert (tmp_path / "x.csv.json").read_text() == '{"mine": 1}'
    (tmp_path / "x.csv.json").unlink()
    for _ in range(2): # ours, and empty ones
        assert run("-o", "x.csv").returncode == 0
    (tmp_path / "x.csv.json").write_text("")
    assert run("-o", "x.csv").returncode == 0
