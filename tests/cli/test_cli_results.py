# SPDX-License-Identifier: BSD-3-Clause
"""What a result is written as: .csv, .npz and .h5, maps, labels, provenance."""
import json
import os
import re
import shlex
import subprocess

import numpy as np
import pytest

from conftest import KINISING, THEORY_COLUMNS, parse_csv

ARGS = ["theory", "--beta", "0.5,2,inf", "--dJ", "0.5"]


def check_provenance(text, command_line):
    origin = json.loads(text)
    assert origin["program"] == "kinising" and origin["seed"] is None
    assert shlex.split(origin["command_line"]) == ["kinising", *command_line]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", origin["date"])
    assert origin["threads"] >= 1 and origin["seconds"] >= 0
    for key in ("version", "commit", "cpu_features", "kernels", "compiler", "unit"):
        assert isinstance(origin[key], str)


def test_csv_file(run, tmp_path):
    printed = run(*ARGS).stdout
    done = run(*ARGS, "-o", "out.csv")
    assert done.stdout == "" and done.stderr.startswith("kinising: wrote out.csv")
    assert (tmp_path / "out.csv").read_text() == printed
    check_provenance((tmp_path / "out.csv.json").read_text(), [*ARGS, "-o", "out.csv"])
    assert run(*ARGS, "--output=out.csv", "--quiet").stderr == ""


def test_npz_file(run, tmp_path):
    expected = parse_csv(run(*ARGS).stdout)
    assert run(*ARGS, "-o", "out.npz").returncode == 0
    with np.load(tmp_path / "out.npz") as data:
        assert set(data) == set(THEORY_COLUMNS.split(",")) | {"provenance"}
        for name in THEORY_COLUMNS.split(","):
            column = [row[name] for row in expected]
            np.testing.assert_array_equal(data[name], column)
        check_provenance(str(data["provenance"]), [*ARGS, "-o", "out.npz"])


def test_h5_file(run, tmp_path):
    h5py = pytest.importorskip("h5py")
    if "HDF5: yes" not in run("info").stdout:
        pytest.skip("built without HDF5")
    expected = parse_csv(run(*ARGS).stdout)
    assert run(*ARGS, "-o", "out.h5").returncode == 0
    with h5py.File(tmp_path / "out.h5") as data:
        for name in THEORY_COLUMNS.split(","):
            column = data[name].asstr()[:] if name in ("phase", "status") else data[name][:]
            np.testing.assert_array_equal(column, [row[name] for row in expected])
        origin = data.attrs["provenance"]
        check_provenance(origin.decode() if isinstance(origin, bytes) else origin, [*ARGS, "-o", "out.h5"])


def load(path):
    with np.load(path) as data:
        return {name: data[name] for name in data.files}


MAPS = [
    (["theory", "--beta", "0.5,1,2", "--dJ", "0.5,1"], ["dJ", "beta"], (2, 3)),
    (["theory", "--beta", "0.5,1,2", "--dJ", "0.5,1", "--tidy"], ["dynamics", "dJ", "beta"], (2, 2, 3)),
    (["theory", "--beta", "1,2", "--J0", "0,1", "--dJ", "0.5,1", "--dH", "0:1:3"], ["dH", "dJ", "J0", "beta"],
     (3, 2, 2, 2)),
    (["critical", "--dJ", "0.1,0.2,0.3", "--dH", "0,0.1"], ["dH", "dJ"], (2, 3)),
    (["transient", "--m0", "0,0.5,1", "--dJ", "0.5,1", "--steps", "4"], ["m0", "dJ", "t"], (3, 2, 5)),
    (["autocorrelation", "--beta", "1,2", "--points", "6"], ["beta", "tau"], (2, 7)),
    (["simulate", "--N", "3,4,5", "--beta", "1,2", "--dynamics", "sync,async", "--realizations", "2", "--steps", "2",
      "--reproducible"], ["dynamics", "N", "beta"], (2, 3, 2)),
]


@pytest.mark.parametrize("args,axes,shape", MAPS, ids=[f"{a[0]} {' '.join(x)}" for a, x, _ in MAPS])
def test_maps_keep_the_shape_of_their_grid(run, tmp_path, args, axes, shape):
    """A file has arrays shaped as the lists and each list as axis_NAME; flattened they are the table."""
    table = parse_csv(run(*args, "--quiet").stdout)
    assert run(*args, "--quiet", "-o", "map.npz").returncode == 0
    data = load(tmp_path / "map.npz")
    assert list(data["axes"]) == axes
    for name in table[0]:
        assert data[name].shape == shape
        np.testing.assert_array_equal(data[name].ravel(), [row[name] for row in table], err_msg=name)
    for d, name in enumerate(axes):
        values = data["axis_" + name]
        assert values.shape == (shape[d],)
        along = np.moveaxis(data[name], d, -1)
        np.testing.assert_array_equal(along, np.broadcast_to(values, along.shape))
    assert set(data) == {*table[0], "axes", "provenance", *("axis_" + name for name in axes)}
    assert run(*args, "--quiet", "-o", "map.csv").returncode == 0
    assert [str(row) for row in parse_csv((tmp_path / "map.csv").read_text())] == [str(row) for row in table]


def test_one_list_and_one_point_stay_columns(run, tmp_path):
    for args, rows in ((["theory", "--beta", "1,2,3"], 3), (["theory"], 1), (["transient", "--steps", "4"], 5)):
        run(*args, "-o", "x.npz")
        data = load(tmp_path / "x.npz")
        assert "axes" not in data and all(data[name].shape == (rows,) for name in set(data) - {"provenance"})


def test_labels_of_h5(run, tmp_path):
    h5py = pytest.importorskip("h5py")
    if "HDF5: yes" not in run("info").stdout:
        pytest.skip("built without HDF5")
    run("theory", "--beta", "1,2,3", "--dJ", "0.5,1", "--unit", "bits", "-o", "x.h5")
    with h5py.File(tmp_path / "x.h5") as data:
        assert list(data["m"].attrs["axes"]) == ["dJ", "beta"] and "units" not in data["m"].attrs
        assert data["sigma"].attrs["units"] == "bits/spin/step"
        assert data["sigma_async"].attrs["units"] == "bits/spin/unit time"
        assert list(data["axis_dJ"][:]) == [0.5, 1] and list(data["axis_dJ"].attrs["axes"]) == ["dJ"]
    run("transient", "--m0", "0,1", "--steps", "4", "--two-time", "-o", "y.h5")
    with h5py.File(tmp_path / "y.h5") as data:
        assert list(data["C"].attrs["axes"]) == ["m0", "t", "other_t"]
        assert data["t"].attrs["units"] == "steps"


def test_provenance_of_odd_names(run, tmp_path):
    """The command line survives as JSON whatever bytes it holds."""
    name = 'a b\'"\\\t$é😀.csv'
    assert run("critical", "-o", name, "--seed", "7").returncode == 0
    text = (tmp_path / (name + ".json")).read_text()
    assert text.isascii()
    origin = json.loads(text)
    assert shlex.split(origin["command_line"]) == ["kinising", "critical", "-o", name, "--seed", "7"]
    assert origin["seed"] == 7
    done = subprocess.run([KINISING.encode(), b"critical", b"-o", b"\xff.csv"], cwd=tmp_path, check=False,
                          capture_output=True)
    assert done.returncode == 0
    json.loads((tmp_path / os.fsdecode(b"\xff.csv.json")).read_text())
