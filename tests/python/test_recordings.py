# SPDX-License-Identifier: BSD-3-Clause
"""ki.Raster from files, beside times in lists; what is no recording, and what no option."""
import numpy as np
import pytest

TIMES = {0: [0.05, 0.31], 3: [0.12], 7: []}
BITS = np.random.default_rng(3).integers(0, 2, (50, 3))


def test_recordings(ki, tmp_path):
    for spikes in (TIMES, list(TIMES.values())):
        r = ki.Raster.from_spikes(spikes, bin=0.1)
        assert r.active.tolist() == [2, 1, 0] and r.bin == 0.1 and r.bins == 4
        assert r.ids.tolist() == (list(spikes) if spikes is TIMES else [0, 1, 2])
    np.savez(tmp_path / "r.npz", x=(r.to_array() > 0).T)
    for axes in ("unit,time", "unit, time", ["unit", "time"]):
        m = ki.Raster.read(tmp_path / "r.npz", axes=axes, units=[0, 1], window=(0.0, 0.3), bin=0.1)
        assert (m.units, m.bins, m.ids.tolist()) == (2, 3, [0, 1])
    assert ki.Raster.read(tmp_path / "r.npz", axes=axes, units=1).ids.tolist() == [1]


@pytest.mark.parametrize("options, error, words", [
    ({"axes": None}, ValueError, "axes"), ({"axes": "time,unit,trial"}, ValueError, "axes"),
    ({"axes": 5}, TypeError, "axes : 5 is no text"), ({"axes": ["time", ["unit"]]}, TypeError, "axes : .* is no text"),
    ({"axes": "time,unit\0x"}, ValueError, "axes : .* holds a NUL"), ({"key": "y"}, ValueError, "key"),
    ({"key": 5}, TypeError, "key : 5 is no text"), ({"quality": b"good"}, TypeError, "quality : b'good' is no text"),
    ({"key": "\udc80"}, ValueError, "key : .* is not in"),
    ({"units": []}, ValueError, "units : is empty"), ({"units": [1.0]}, TypeError, "units : .* is no whole number"),
    ({"window": (1,)}, TypeError, "window : .* is no pair"), ({"window": 5}, TypeError, "window : 5 is no pair"),
    ({"window": (1, 2, 3)}, TypeError, "window : .* is no pair"), ({"window": (np.nan, 2)}, ValueError, "window : nan"),
])
def test_wrong_options(ki, tmp_path, options, error, words):
    np.save(tmp_path / "r.npy", BITS)
    with pytest.raises(error, match=words) as found:
        ki.Raster.read(tmp_path / "r.npy", **{"axes": "time,unit", "bin": 0.1} | options)
    assert str(found.value).count(" : ") >= 2


@pytest.mark.parametrize("values, error, words", [
    (np.ma.masked_array(BITS, mask=BITS > 0), TypeError, "raster : has masked elements"),
    ([np.ma.masked_array(BITS, mask=BITS > 0)], TypeError, "raster : has masked elements"),
    (np.array([[2**64 - 1, 1]] * 3, np.uint64), RuntimeError, "raster : unit 0 is 1.84467e.19 in bin 0"),
    ([[1, 0], [1]], ValueError, "raster : is no array"), ([], ValueError, "axes"), (None, TypeError, "raster"),
    (BITS * np.nan, RuntimeError, "raster : unit 0 is nan in bin 0"), (BITS * 1j, TypeError, "raster : is of type complex"),
])
def test_wrong_arrays(ki, values, error, words):
    with pytest.raises(ki.KinisingError if error is RuntimeError else error, match=words) as found:
        ki.Raster(values, axes="time,unit")
    assert str(found.value).count(" : ") >= 2


@pytest.mark.parametrize("windows", [[0, 1, 2], [[0, 10, 20], [5, 15, 25]], 5, "ab", [(0, 1), (2,)], [(0, None)],
                                     [[[0, 1]]]])
def test_wrong_windows(ki, windows):
    with pytest.raises((TypeError, ValueError), match="^windows : .* : use|^windows : .*None"):
        ki.Raster.from_spikes(TIMES, bin=0.1, windows=windows)


def test_wrong_numbers_of_units(ki):
    with pytest.raises(ValueError, match="spikes : unit .* is out of range"):
        ki.Raster.from_spikes({2**70: [1.0]}, bin=0.1)


@pytest.mark.parametrize("window", [(5,), 5, (0, 10, 20)])
def test_wrong_windows_of_entropy(ki, window):
    with pytest.raises(TypeError, match="window : .* is no pair : use"):
        ki.entropy_production(BITS, axes="time,unit", window=window)
