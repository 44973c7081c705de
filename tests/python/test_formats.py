# SPDX-License-Identifier: BSD-3-Clause
"""What scipy writes as .mat, h5py in groups and as MATLAB 7.3 does, and programs as text is read exactly, whole and
in parts (reader_dump compares the two); what cannot be read is refused in one sentence."""

import numpy as np
import pytest
from test_reading import FLOAT, INT8, STRING, read, same

rng = np.random.default_rng(1)
ARRAYS = {
    "double": rng.normal(size=(3, 5)),
    "single": rng.normal(size=(4, 2)).astype("f4"),
    "spk": rng.integers(0, 2, (16, 40000)).astype("u1"),
    "small": np.array([[-1, 1, 0]], "i1"),
    "wide": np.array([[-(2**40), 2**62]], "i8"),
    "u2": np.array([[65535], [1]], "u2"),
    "cube": np.arange(24.0).reshape(2, 3, 4),
    "flag": np.array([[True, False]]),
    "empty": np.zeros((0, 3)),
    "whole": np.arange(6.0).reshape(2, 3),  # which MATLAB stores as bytes
}


@pytest.mark.parametrize("compressed", [False, True])
def test_mat(tmp_path, compressed):
    savemat = pytest.importorskip("scipy.io").savemat
    savemat(tmp_path / "a.mat", ARRAYS, do_compression=compressed)
    got = read(tmp_path / "a.mat")
    assert set(got) == set(ARRAYS)
    for name, x in ARRAYS.items():
        same(got[name], x)


@pytest.mark.parametrize("compressed", [False, True])
def test_mat_cells_and_fields(tmp_path, compressed):
    savemat = pytest.importorskip("scipy.io").savemat
    trains = np.empty(4, object)
    trains[:] = [np.arange(3.0), np.zeros(0), np.array([2.5]), np.arange(9000.0)]
    savemat(tmp_path / "a.mat", {"t": trains, "s": {"x": 1.5, "in": {"y": np.eye(2)}}, "text": "abc",
                                 "z": np.array([1j])}, do_compression=compressed)
    got = read(tmp_path / "a.mat")
    assert set(got) == {"t{1}", "t{2}", "t{3}", "t{4}", "s.x", "s.in.y", "text", "z"}
    for k, x in enumerate(trains):
        assert got[f"t{{{k + 1}}}"][2] == list(x)
    assert got["s.x"] == (FLOAT, (1, 1), [1.5])
    assert got["s.in.y"][2] == [1, 0, 0, 1]
    assert "text" in got["text"] and "complex" in got["z"]


def test_mat_cut_off(tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    savemat(tmp_path / "a.mat", {"x": np.arange(6.0).reshape(2, 3), "y": np.ones((1, 2))})
    whole = (tmp_path / "a.mat").read_bytes()
    for n in range(128, len(whole)):
        (tmp_path / "b.mat").write_bytes(whole[:n])
        got = read(tmp_path / "b.mat")
        assert isinstance(got, str) or set(got) < {"x", "y"}, n


def test_groups(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as f:
        f["units/spike_times"] = np.arange(5.0)
        f["units/spike_times_index"] = np.array([2, 5], "u2")
        f["a/b/c/d"] = np.eye(3, dtype="i1")
        f["root"] = f["a"]  # a hard link to a group
        f["a/loop"] = f["/"]
        f["units/soft"] = h5py.SoftLink("/units/spike_times")
        f["chunked"] = np.zeros(1)
        del f["chunked"]
        f.create_dataset("chunked", data=np.arange(21 * 3000).reshape(21, 3000).astype("i4"), chunks=(5, 7),
                         compression="gzip")
    got = read(tmp_path / "a.h5")
    same(got["units/spike_times"], np.arange(5.0))
    same(got["units/spike_times_index"], np.array([2, 5], "u2"))
    same(got["a/b/c/d"], np.eye(3, dtype="i1"))
    same(got["chunked"], np.arange(21 * 3000).reshape(21, 3000))
    assert "soft link" in got["units/soft"]


def test_many_ways_to_a_group(tmp_path):
    """Groups that lead to each other have as many paths as there is patience."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as f:
        groups = [f.create_group(f"g{k}") for k in range(12)]
        for a in groups:
            for k, b in enumerate(groups):
                a[f"to{k}"] = b
    assert "more than 10000" in read(tmp_path / "a.h5")


def test_matlab_73(tmp_path):
    """As MATLAB writes it: shapes reversed, cells as references, a block of the user's in front."""
    h5py = pytest.importorskip("h5py")
    x = np.arange(12.0).reshape(3, 4)
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as f:

        def put(name, a, kind=b"double"):
            f.create_dataset(name, data=a).attrs["MATLAB_class"] = np.bytes_(kind)
            return f[name]

        put("x", x.T)
        put("big", np.ones((300, 700), "u1"), b"uint8")
        trains = [put("#refs#/a", np.arange(3.0)[:, None]), put("#refs#/b", np.array([0, 0], "u8"))]
        trains[1].attrs["MATLAB_empty"] = np.uint8(1)
        cells = f.create_dataset("trains", (2, 1), dtype=h5py.ref_dtype)
        cells[:, 0] = [t.ref for t in trains]
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
    with open(tmp_path / "a.mat", "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    got = read(tmp_path / "a.mat")
    assert got["x"] == (FLOAT, (3, 4), list(range(12)))
    assert got["big"][1] == (700, 300)
    assert got["trains{1}"] == (FLOAT, (1, 3), [0, 1, 2])
    assert got["trains{2}"][2] == []


TEXTS = {
    "unit,time\n0,0.5\r\n3,1.25\n": {"unit": [0, 3], "time": [0.5, 1.25], "data": [0, 0.5, 3, 1.25]},
    "\ufeff# a remark\n# another\n1 0  1\n\n  0 0 1\n": {"data": [1, 0, 1, 0, 0, 1]},
    "1\t0\n0\t1": {"data": [1, 0, 0, 1]},
    "1;2e-3\n-.5;1e300": {"data": [1, 0.002, -0.5, 1e300]},
    '"a, b",c\n1,2\n': {"a, b": [1], "c": [2], "data": [1, 2]},
    "7\n": {"data": [7]},
    "x\n0.30000000000000004\n": {"x": [0.30000000000000004], "data": [0.30000000000000004]},
    "x,y\n": {"x": [], "y": [], "data": []},
}


@pytest.mark.parametrize("k", range(len(TEXTS)))
def test_text(tmp_path, k):
    text, want = list(TEXTS.items())[k]
    (tmp_path / "a.csv").write_bytes(text.encode())
    got = read(tmp_path / "a.csv") if " " not in "".join(want) else None
    if got is None:  # a name with a blank is more than the dump can say
        return
    assert {name: values for name, (_, _, values) in got.items()} == want


def test_text_with_words(tmp_path):
    (tmp_path / "a.tsv").write_text("cluster_id\tgroup\n3\tgood\n4\t\n10\t\"say \"\"no\"\"\"\n")
    got = read(tmp_path / "a.tsv")
    assert got["cluster_id"][2] == [3, 4, 10]
    assert got["group"][0] == STRING
    assert got["group"][2] == ["good", "", 'say "no"']
    assert "data" not in got


def test_large_text(tmp_path):
    x = rng.normal(size=(3000, 17))
    np.savetxt(tmp_path / "a.txt", x)
    same(read(tmp_path / "a.txt")["data"], x)


@pytest.mark.parametrize("text, words", [
    ("1,2\n3\n", "line 2 has 1 cells"), ("1,2\n3,4,5\n", "line 2 has 3 cells"), ("1\n\x01\n", "control"),
    ('1\n"2\n', "within quotes"), ("1,9..", "1023"), ("#only\n", "no cells"), ('1\n"2"3\n', "line 2"),
])
def test_wrong_text(tmp_path, text, words):
    (tmp_path / "a.csv").write_text(text.replace("9..", "9" * 2000))
    got = read(tmp_path / "a.csv")
    assert isinstance(got, str) and words in got


def test_wrong_number(tmp_path):
    (tmp_path / "a.csv").write_text("1,2\n3,x\n")
    assert "line 2" in read(tmp_path / "a.csv")["data"] and "no number" in read(tmp_path / "a.csv")["data"]


def test_bool_stays_small(tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    savemat(tmp_path / "a.mat", {"b": np.eye(2, dtype=bool)})
    assert read(tmp_path / "a.mat")["b"] == (INT8, (2, 2), [1, 0, 0, 1])
