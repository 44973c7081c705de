# SPDX-License-Identifier: BSD-3-Clause
"""What numpy, h5py and the csv module read from result files is what was written.

The files come from the program test_io_writer, named by the environment variable
KINISING_TEST_IO_WRITER or found in a build folder of this checkout.
"""

import csv
import io
import math
import os
import pathlib
import shutil
import subprocess
import zipfile

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCABULARY = ["ferromagnetic", "", "\u03b2 = \u221e", 'a,"b" \U0001f600']
SHAPES = {
    "scalar": (),
    "one": (1,),
    "vector": (7,),
    "matrix": (3, 5),
    "cube": (2, 3, 4),
    "four": (2, 3, 1, 2),
    "empty": (3, 0),
    "large": (1000, 300),
}
PROVENANCE = '{"version": "\u00e9",\n "seed": 1}'
SPECIAL = np.array([math.nan, math.inf, -math.inf, -0.0, 5e-324])


def find_writer():
    named = os.environ.get("KINISING_TEST_IO_WRITER")
    if named:
        return pathlib.Path(named)
    found = sorted(ROOT.glob("build*/tests/unit/test_io_writer"), key=lambda p: p.stat().st_mtime)
    return found[-1] if found else None


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    writer = find_writer()
    if writer is None:
        pytest.skip("test_io_writer is not built")
    folder = tmp_path_factory.mktemp("files")
    status = subprocess.run([writer, folder], check=False).returncode
    assert status in (0, 77), f"{writer} ended with status {status}"
    return folder


def expected(kind, shape):
    k = np.arange(math.prod(shape))
    if kind == "f":
        return (k / 3.0 - 5.0).reshape(shape)
    if kind == "i":
        return (k * 1000003 - 7).astype("<i8").reshape(shape)
    return np.array([VOCABULARY[i % 4] for i in k], dtype="<U21").reshape(shape)


def all_arrays():
    return {f"{kind}_{name}": (kind, shape) for name, shape in SHAPES.items() for kind in "fis"}


@pytest.mark.parametrize("name", ["all.npz", "zip64_all.npz", "zip64_some.npz"])
def test_npz(files, name):
    with np.load(files / name, allow_pickle=False) as got:
        assert set(got.files) == set(all_arrays()) | {"provenance"}
        for key, (kind, shape) in all_arrays().items():
            want = expected(kind, shape)
            assert got[key].shape == shape
            assert got[key].flags.c_contiguous
            assert got[key].dtype.kind == {"f": "f", "i": "i", "s": "U"}[kind]
            assert got[key].dtype.str[1:] in ("f8", "i8") or kind == "s"
            np.testing.assert_array_equal(got[key], want)
        assert got["provenance"].shape == ()
        assert str(got["provenance"]) == PROVENANCE


@pytest.mark.parametrize("name", ["all.npz", "zip64_all.npz", "zip64_some.npz"])
def test_npz_is_a_sound_zip(files, name):
    with zipfile.ZipFile(files / name) as archive:
        assert archive.testzip() is None
        for member in archive.infolist():
            assert member.compress_type == zipfile.ZIP_STORED
            assert member.external_attr >> 16 == 0o100644
            assert member.date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize("name", ["all.npz", "zip64_all.npz"])
def test_npz_with_unzip(files, name):
    if shutil.which("unzip") is None:
        pytest.skip("no unzip")
    subprocess.run(["unzip", "-tqq", files / name], check=True)


def test_npz_special_values(files):
    with np.load(files / "odd.npz", allow_pickle=False) as got:
        assert got.files == ["odd"]
        assert got["odd"].tobytes() == SPECIAL.tobytes()


def open_hdf5(files, name):
    h5py = pytest.importorskip("h5py")
    if not (files / name).exists():
        pytest.skip("built without HDF5")
    return h5py.File(files / name, "r")


def test_hdf5(files):
    with open_hdf5(files, "all.h5") as got:
        assert set(got) == set(all_arrays())
        for key, (kind, shape) in all_arrays().items():
            data = got[key].asstr()[()] if kind == "s" and math.prod(shape) else got[key][()]
            assert got[key].shape == shape
            if kind != "s":
                assert got[key].dtype == {"f": "<f8", "i": "<i8"}[kind]
            if math.prod(shape):
                np.testing.assert_array_equal(data, expected(kind, shape))
            assert (got[key].compression == "gzip") == (key[2:] == "large")
            assert got[key].shuffle == (key[2:] == "large")
        assert got.attrs["provenance"] == PROVENANCE


def test_hdf5_special_values(files):
    with open_hdf5(files, "odd.h5") as got:
        assert got["odd"][()].tobytes() == SPECIAL.tobytes()
        assert not got.attrs


def test_hdf5_labels(files):
    with open_hdf5(files, "map.h5") as got:
        assert got["m"].attrs["units"] == "\u03b2 \u00b7 nats"
        assert list(got["m"].attrs["axes"]) == ["dJ", "beta"]
        assert dict(got["beta"].attrs) == {"axes": np.array(["beta"], dtype=object)}
        assert list(got["status"].attrs["axes"]) == ["", "beta"]
        np.testing.assert_array_equal(got["m"][()], expected("f", (3, 5)))


def test_csv(files):
    text = (files / "table.csv").read_bytes().decode("utf-8")
    assert text.endswith("\n")
    assert (files / "table.csv.json").read_text("utf-8") == PROVENANCE + "\n"
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert rows[0] == ["x", "i", "s"]
    assert [float(row[0]) for row in rows[1:]] == list(expected("f", (1000,)))
    assert [int(row[1]) for row in rows[1:]] == list(expected("i", (1000,)))
    assert [row[2] for row in rows[1:]] == list(expected("s", (1000,)))


def test_csv_with_numpy(files):
    got = np.genfromtxt(files / "odd.csv", delimiter=",", names=True, encoding="utf-8")
    assert got.dtype.names == ("odd",)
    np.testing.assert_array_equal(got["odd"], SPECIAL)
    assert math.copysign(1.0, got["odd"][3]) == -1.0
