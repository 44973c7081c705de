# SPDX-License-Identifier: BSD-3-Clause
"""Strings of variable length that h5py writes, as NWB has them: read exactly in every layout; in damaged files refused,
for their heaps are read by our own code."""
import ctypes
import os

import numpy as np
import pytest
from test_reading import STRING, read

h5py = pytest.importorskip("h5py")
WORDS = ["good", "", "mua", "β = ∞ 😀", "a" * 5000, "x"] * 40
LAYOUTS = {"contiguous": {}, "chunks": dict(chunks=(7,), maxshape=(None,)), "one": dict(chunks=(1000,), maxshape=(None,)),
           "gzip": dict(chunks=(64,), compression="gzip"), "shuffle": dict(chunks=(50,), compression="gzip", shuffle=True),
           "shuffled": dict(chunks=(9,), shuffle=True)}


def there(path):
    got = read(path)
    if isinstance(got, str) and "no HDF5" in got:
        pytest.skip("no HDF5")
    return got


def words(count=len(WORDS)):
    return np.array(WORDS[:count], dtype=object)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_layouts(tmp_path, libver):
    kind = h5py.string_dtype()
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as f:
        for name, options in LAYOUTS.items():
            f.create_dataset(name, data=words(), dtype=kind, **options)
        f.create_dataset("ascii", data=words(3), dtype=h5py.string_dtype("ascii"))
        f.create_dataset("matrix", data=words(12).reshape(3, 4), dtype=kind)
        f.create_dataset("never", shape=(5,), dtype=kind)
        part = f.create_dataset("part", shape=(9,), dtype=kind, chunks=(2,))
        part[3], part[8] = "abc", "z"
        again = f.create_dataset("again", data=words(), dtype=kind)
        again[5:100] = "Z" * 300
        f.create_dataset("none", shape=(0,), dtype=kind)
        f["scalar"] = "hello"
        f["group/quality"] = ["good", "noise"]
    got = there(tmp_path / "a.h5")
    for name in LAYOUTS:
        assert got.pop(name) == (STRING, (len(WORDS),), WORDS)
    want = {"ascii": WORDS[:3], "matrix": WORDS[:12], "never": [""] * 5, "none": [], "scalar": ["hello"],
            "part": [""] * 3 + ["abc"] + [""] * 4 + ["z"], "again": WORDS[:5] + ["Z" * 300] * 95 + WORDS[100:],
            "group/quality": ["good", "noise"]}
    assert {name: x[2] for name, x in got.items()} == want and got["matrix"][1] == (3, 4)


def test_refused(tmp_path):
    kind = h5py.string_dtype()
    with h5py.File(tmp_path / "a.h5", "w") as f:
        f.create_dataset("tiles", data=words(12).reshape(3, 4), dtype=kind, chunks=(2, 2))
        f.create_dataset("bytes", data=np.array([b"\xff\xfe", b"a"], dtype=object), dtype=kind)
        f.create_dataset("ragged", data=np.array([np.arange(2), np.arange(3)], dtype=object), dtype=h5py.vlen_dtype("i4"))
        f["good"] = "x"
    with h5py.File(tmp_path / "b.h5", "w", userblock_size=512) as f:
        f["words"] = ["a", "b"]
    got = there(tmp_path / "a.h5")
    assert "one dimension of them" in got["tiles"] and "not UTF-8" in got["bytes"] and "no number" in got["ragged"]
    assert got["good"][2] == ["x"]
    assert "variable length in an unusual file" in there(tmp_path / "b.h5")["words"]


def damage(path, change):
    """The sentence of a file of six words of which bytes are changed: {"heap" or "element": {place: bytes}}."""
    with h5py.File(path, "w") as f:
        f.create_dataset("words", data=words(6), dtype=h5py.string_dtype())
        element = f["words"].id.get_offset()
    whole = bytearray(path.read_bytes())
    place = {"element": element, "heap": whole.index(b"GCOL")}
    for where, edits in change.items():
        for at, new in edits.items():
            whole[place[where] + at:place[where] + at + len(new)] = new
    path.write_bytes(whole)
    return there(path)["words"]


@pytest.mark.parametrize("change", [
    {"heap": {0: b"GCOX"}}, {"heap": {4: b"\2"}}, {"heap": {8: b"\0" * 8}}, {"heap": {8: b"\xff" * 8}},
    {"heap": {16: b"\7\0"}}, {"heap": {24: b"\xff" * 8}}, {"heap": {24: b"\3" + b"\0" * 7}}, {"heap": {16: b"\0\0"}},
    {"element": {0: b"\5\0\0\0"}}, {"element": {0: b"\xff\xff\xff\xff"}}, {"element": {4: b"\xff" * 8}},
    {"element": {4: b"\1" + b"\0" * 7}}, {"element": {4: b"\0\0\0\0\0\0\0\x7f"}}, {"element": {12: b"\xff\xff\0\0"}},
    {"element": {12: b"\0\0\1\0"}}, {"element": {12: b"\0\0\0\0"}},
])
def test_damaged_heaps(tmp_path, change):
    sentence = damage(tmp_path / "a.h5", change)
    assert isinstance(sentence, str) and ("is damaged" in sentence or "ends too early" in sentence), sentence


def test_undamaged(tmp_path):
    assert damage(tmp_path / "a.h5", {})[2] == WORDS[:6]
    # A text may be shorter than the room it has; no place is no text.
    assert damage(tmp_path / "a.h5", {"element": {0: b"\2\0\0\0"}})[2] == ["go", *WORDS[1:6]]
    assert damage(tmp_path / "a.h5", {"element": {4: b"\0" * 8}})[2] == ["", *WORDS[1:6]]


def test_one_text_many_times(tmp_path):
    """Elements that all point to one long text would take more memory than the file has bytes."""
    with h5py.File(tmp_path / "a.h5", "w") as f:
        f.create_dataset("words", data=np.array(["y" * 60000] + ["n"] * 999, dtype=object), dtype=h5py.string_dtype())
        element = f["words"].id.get_offset()
    whole = bytearray((tmp_path / "a.h5").read_bytes())
    whole[element:element + 16000] = whole[element:element + 16] * 1000
    (tmp_path / "a.h5").write_bytes(whole)
    assert "claims to be larger than its file can hold" in there(tmp_path / "a.h5")["words"]


class Array(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("type", ctypes.c_int), ("ndim", ctypes.c_int), ("shape", ctypes.c_size_t * 4),
                ("data", ctypes.POINTER(ctypes.c_char_p))]


@pytest.mark.skipif("KINISING_TEST_LIBRARY" not in os.environ, reason="KINISING_TEST_LIBRARY names no shared library")
def test_what_h5py_has_not_written_yet(tmp_path):
    """In this very process, which holds the file open with all of it in its caches."""
    library = ctypes.CDLL(os.environ["KINISING_TEST_LIBRARY"])
    library.ki_last_error.restype = ctypes.c_char_p
    with h5py.File(tmp_path / "a.h5", "w") as f:
        f.flush()
        f.create_dataset("words", data=words(), dtype=h5py.string_dtype(), chunks=(7,))
        reader, got = ctypes.c_void_p(), Array()
        error = library.ki_reader_open(os.fsencode(tmp_path / "a.h5"), ctypes.byref(reader))
        if b"no HDF5" in library.ki_last_error():
            pytest.skip("no HDF5")
        assert error == 0, library.ki_last_error()
        assert library.ki_reader_read(reader, ctypes.c_size_t(0), ctypes.byref(got)) == 0, library.ki_last_error()
        assert [got.data[i].decode() for i in range(len(WORDS))] == WORDS
        library.ki_array_free(ctypes.byref(got))
        library.ki_reader_close(reader)
        assert f["words"][2] == b"mua"
