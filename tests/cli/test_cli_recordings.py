# SPDX-License-Identifier: BSD-3-Clause
"""Recordings that are not as they should be: one sentence that names the file, the place and what would be right."""
import os
import re

import numpy as np
import pytest

LINE = re.compile(r"kinising: [^\n]+ : [^\n]+ : [^\n]+\n")
BITS = (np.random.default_rng(5).random((60, 3)) < 0.3).astype(np.int8)
MATRIX = ("--axes", "time,unit")


def refuse(run, status, words, *args):
    done = run("raster", *args)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert LINE.fullmatch(done.stderr.splitlines(True)[-1]) and words in done.stderr, done.stderr


@pytest.mark.parametrize("text, words", [
    ("unit,time\n0,0.5\n1,abc\n", 's.csv : time of spike 1 is "abc" : numbers'),
    ("unit,time\nA,0.5\n1,1\n", 's.csv : unit of spike 0 is "A" : numbers'),
    ("unit;time\n0;0,5\n", 's.csv : time of spike 0 is "0,5" : numbers'),
    ("unit,time\n0,inf\n", "s.csv : spike 0 is at inf s"),
    ("unit,time\n0,1\n0,nan\n", "s.csv : spike 1 is at nan s"),
    ("unit,time\n0,1\n0,-2\n", "--window : s.csv has spike 1 at -2 s, before 0"),
    ("unit,time\n", "s.csv : has no units"),
    ("unit,time\n0.5,1\n", "unit has 0.5 at place 0"),
    ("unit,time\n0,1\n1\n", "line 3 has 1 cells"),
    ("", "is empty"),
    ("\0\1\2", "control character"),
])
def test_tables_of_spikes(run, tmp_path, text, words):
    (tmp_path / "s.csv").write_text(text)
    refuse(run, 2, words, "info", "s.csv", "--bin", "0.1")


@pytest.mark.parametrize("name, x, words", [
    ("cut", None, "cut.npy : array data is shorter or longer than its shape says : a whole file"),
    ("vector", BITS[:, 0], "holds no matrix"),
    ("scalar", 3, "holds no matrix"),
    ("text", np.array([["a", "b"]]), "holds no matrix"),
    ("four", BITS.reshape(3, 20, 3, 1), "four.npy is 3 x 20 x 3 x 1 : one for each dimension"),
    ("none", np.zeros((60, 0)), "at least one unit and bin"),
    ("two", BITS * 2, "two.npy : data: unit"),
    ("half", BITS * 0.5, "is 0.5 in bin"),
    ("complex", BITS + 0j, "complex numbers"),
    ("large", np.full((10, 2), 2**63, "u8"), "too large"),
])
def test_arrays(run, tmp_path, name, x, words):
    np.save(tmp_path / f"{name}.npy", BITS if x is None else x)
    if name == "cut":
        os.truncate(tmp_path / "cut.npy", 200)
    refuse(run, 2, words, "info", f"{name}.npy", *MATRIX)


def test_a_huge_claim(run, tmp_path):
    text = b"{'descr': '|i1', 'fortran_order': False, 'shape': (1000000000000, 1000000), }".ljust(117) + b"\n"
    (tmp_path / "huge.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    refuse(run, 2, "huge.npy : array data", "info", "huge.npy", *MATRIX)


def test_one_number_is_no_matrix_of_matlab(run, tmp_path):
    io = pytest.importorskip("scipy.io")
    io.savemat(tmp_path / "s.mat", {"spk": BITS, "bin_size": 0.05})
    assert run("raster", "info", "s.mat", *MATRIX).returncode == 0
    io.savemat(tmp_path / "s.mat", {"spk": BITS, "stim": BITS, "bin_size": 0.05})
    refuse(run, 2, "holds several matrices: spk, stim : --key", "info", "s.mat", *MATRIX)


def write_nwb(path, **more):
    data = dict(units__spike_times=[0.1, 0.2, 0.5], units__spike_times_index=np.array([1, 1, 3], "u1"),
                units__id=[4, 5, 6]) | more
    with pytest.importorskip("h5py").File(path, "w") as f:
        for name, x in data.items():
            if x is not None:
                f[name.replace("__", "/")] = x


@pytest.mark.parametrize("more, args, words", [
    (dict(units__spike_times_index=None), [], "has no units/spike_times_index"),
    (dict(units__spike_times_index=[2, 1, 3]), [], "units/spike_times_index[1] is 1"),
    (dict(units__spike_times_index=[1, 1, 2]), [], "ends at 2"),
    (dict(units__spike_times=[0.1, np.nan, 0.5]), [], "s.nwb : spike 1 is at nan s"),
    (dict(units__id=[4, 4, 6]), ["--units", "4"], "--units : 2 units of s.nwb have the number 4"),
    (dict(units__obs_intervals=[[0, 1], [2, 3], [5, 6]], units__obs_intervals_index=[1, 2, 3]), [],
     "has no time at which all units were observed"),
    (dict(units__obs_intervals=[[0, 1], [np.nan, 1], [0, 1]], units__obs_intervals_index=[1, 2, 3]), [],
     "s.nwb : has an interval from nan to 1 s"),
    (dict(intervals__trials__start_time=[np.nan], intervals__trials__stop_time=[0.5]),
     ["--intervals", "trials", "--window", "0:1"], "s.nwb : has an interval from nan to 0.5 s"),
    (dict(units__obs_intervals=[[0, 1, 2]] * 3, units__obs_intervals_index=[1, 2, 3]), [],
     "units/obs_intervals has not two columns"),
    (dict(units__obs_intervals=[0, 1, 0, 1, 0, 1], units__obs_intervals_index=[1, 2, 3]), [],
     "units/obs_intervals has not two columns"),
    (dict(intervals__trials__start_time=[0, 0.4], intervals__trials__stop_time=[0.5, 0.9]), ["--intervals", "trials"],
     "s.nwb : has an interval that begins at 0.4 s, before the end of the one before, 0.5 s : times in order"),
    (dict(intervals__trials__start_time=[1.0], intervals__trials__stop_time=[0.5]), ["--intervals", "trials"],
     "s.nwb : has an interval from 1 to 0.5 s"),
    ({}, ["--key", "x"], "without key"),
    ({}, ["--axes", "time,unit"], "without --axes"),
])
def test_nwb(run, tmp_path, more, args, words):
    write_nwb(tmp_path / "s.nwb", **more)
    refuse(run, 2, words, "info", "s.nwb", "--bin", "0.1", *args)


def test_quality_of_nwb(run, tmp_path):
    """Words of variable length, as pynwb writes them; of the others not even the times of observation count."""
    import h5py
    words = np.array(["good", "noise", "good"], dtype=object)
    observed = dict(units__obs_intervals=[[0, 1], [7, 8], [0.1, 0.7]], units__obs_intervals_index=[1, 2, 3])
    for name, column in {"a.nwb": "quality", "b.nwb": "group", "c.nwb": "KSLabel"}.items():
        write_nwb(tmp_path / name, **observed)
        with h5py.File(tmp_path / name, "r+") as f:
            f.create_dataset(f"units/{column}", data=words, dtype=h5py.string_dtype(), chunks=(2,), maxshape=(None,))
        done = run("raster", "bin", name, "--bin", "0.1", "--quality", "good", "-o", "o.npz")
        assert done.returncode == 0, done.stderr
        got = np.load(tmp_path / "o.npz")
        assert got["unit"].tolist() == [4, 6] and got["raster"].sum(0).tolist() == [1, 2] and len(got["raster"]) == 6
    refuse(run, 2, "--quality : a.nwb has no unit of the group best", "info", "a.nwb", "--bin", "1", "--quality", "best")
    write_nwb(tmp_path / "d.nwb", units__quality=[1, 2, 3])
    refuse(run, 2, "d.nwb : has no words in units/quality", "info", "d.nwb", "--bin", "1", "--quality", "good")
    write_nwb(tmp_path / "d.nwb", units__quality=words[:2].astype("S"))
    refuse(run, 2, "d.nwb : has 3 units and 2 of units/quality", "info", "d.nwb", "--bin", "1", "--quality", "good")


def write_phy(path, times=(100, 200, 300), clusters=(0, 1, 1), params="sample_rate = 100.\n"):
    path.mkdir()
    np.save(path / "spike_times.npy", np.array(times))
    np.save(path / "spike_clusters.npy", np.array(clusters))
    (path / "params.py").write_text(params)


@pytest.mark.parametrize("line, rate", [
    ("sample_rate = 30000.", 30000), ("sample_rate=2e4  # Hz", 20000), ("sample_rate\t= 29999.757\r", 29999.757),
    ("sample_rate = 25000;", 25000), ("sample_rate = 30_000", None), ("sample_rate = 1e", None),
    ("sample_rate = 2 * 15000", None), ("sample_rate = fs", None), ("sample_rate = -100", None),
    ("sample_rate = 0", None), ("sample_rate = 1e999", None), (" sample_rate = 3", None), ("", None),
])
def test_rates_of_phy(run, tmp_path, line, rate):
    """Python is not run: what is not one number is asked for, not read in part."""
    write_phy(tmp_path / "phy", params=f"n_channels_dat = 4\n{line}\nhp_filtered = False\n")
    if rate is None:
        refuse(run, 2, "--rate : phy has no params.py with a line sample_rate", "info", "phy", "--bin", "0.1")
        return
    done = run("raster", "bin", "phy", "--bin", repr(1 / rate), "-o", "o.npz")
    assert done.returncode == 0, done.stderr
    assert np.nonzero(np.load(tmp_path / "o.npz")["raster"].any(1))[0].tolist() == [100, 200, 300]


@pytest.mark.parametrize("what, words", [
    (dict(clusters=(0, 1)), "3 spike_times and 2 spike_clusters"),
    (dict(clusters=(0.5, 1, 1)), "0.5 at place 0"),
    (dict(times=(-5, 1, 2)), "--window : phy has spike 0 at -0.05 s"),
])
def test_phy(run, tmp_path, what, words):
    write_phy(tmp_path / "phy", **what)
    refuse(run, 2, words, "info", "phy", "--bin", "0.1")


def test_files_of_phy(run, tmp_path):
    write_phy(tmp_path / "phy")
    refuse(run, 2, "without --quality", "info", "phy", "--bin", "0.1", "--quality", "good")
    os.remove(tmp_path / "phy" / "spike_clusters.npy")
    refuse(run, 2, "phy : has no spike_clusters.npy", "info", "phy", "--bin", "0.1")
    os.symlink("loop", tmp_path / "phy" / "loop")
    os.symlink("loop", tmp_path / "phy" / "spike_clusters.npy")
    refuse(run, 1, "spike_clusters.npy : cannot be read: Too many levels", "info", "phy", "--bin", "0.1")


def test_places_to_read_and_write(run, tmp_path):
    np.save(tmp_path / "r.npy", BITS)
    os.mkfifo(tmp_path / "fifo")
    for name in ("fifo", "/dev/null"):
        refuse(run, 2, "is a device or pipe", "info", name, *MATRIX)
    for ending in ("npz", "h5"):
        os.symlink("/dev/full", tmp_path / f"full.{ending}")
        refuse(run, 1, "No space left", "convert", "r.npy", *MATRIX, "-o", f"full.{ending}", "--quiet")
        refuse(run, 1, "an existing folder", "convert", "r.npy", *MATRIX, "-o", f"nowhere/o.{ending}")
    refuse(run, 2, "--bin : 0 is too small : one number above 0", "info", "r.npy", *MATRIX, "--bin", "0")
    assert sorted(os.listdir(tmp_path)) == ["fifo", "full.h5", "full.npz", "r.npy"]


def test_units_of_one_number(run, tmp_path):
    """Also among those that a matrix of ours has beside it: the first would be a guess."""
    np.savez(tmp_path / "r.npz", raster=BITS, unit=[7] * BITS.shape[1])
    refuse(run, 2, f"--units : {BITS.shape[1]} units of r.npz have the number 7", "info", "r.npz", *MATRIX, "--units", "7")
    refuse(run, 2, "--units : r.npz has no unit 8", "info", "r.npz", *MATRIX, "--units", "8")


@pytest.mark.parametrize("keys, words", [([0, 2], "its keys have no unit 1"), ([1, 0], "its keys do not rise"),
                                         ([], "its keys have no unit 1")])
def test_keys_of_tsgroups(run, tmp_path, keys, words):
    np.savez(tmp_path / "t.npz", t=[0.1, 0.2, 0.3], index=[1, 0, 1], start=[0.0], end=[2.0], keys=np.array(keys, int))
    refuse(run, 2, "t.npz : " + words, "info", "t.npz", "--bin", "0.1")
