# SPDX-License-Identifier: BSD-3-Clause
"""ki.Raster.from_spikes: what pynapple, neo and pandas hand over, as classes with their interface and, where they are
installed, as their own; what is none of it is one sentence."""
import collections

import numpy as np
import pytest

TIMES = {0: [0.05, 0.31], 3: [0.12], 7: []}


class TsIndex(np.ndarray):
    """pynapple's times are a subclass of numpy's arrays."""


class Support:
    """pynapple's IntervalSet has its columns by name."""

    def __init__(self, start, end):
        self.values = np.stack([start, end], axis=1).astype(float)

    def __getitem__(self, key):
        return self.values[:, {"start": 0, "end": 1}[key]]


class Ts:
    def __init__(self, times):
        self.index, self.time_support = np.array(times, float).view(TsIndex), Support([0], [1])

    def __iter__(self):
        raise AssertionError("not by its elements")


class TsGroup(collections.UserDict):
    """Its keys() and items() are lists; attributes that it lacks are looked for among its metadata."""

    def __init__(self, data, support):
        super().__init__({k: Ts(x) for k, x in data.items()})
        self.time_support = support

    def keys(self):
        return list(self.data)

    def items(self):
        return list(self.data.items())

    def __getattr__(self, name):
        raise AttributeError(name)


class Quantity:
    """A number or an array in milliseconds, as those of the package quantities."""

    def __init__(self, magnitude, unit="ms"):
        self.magnitude, self.unit = np.array(magnitude, float), unit

    def rescale(self, unit):
        assert unit == "s"
        return Quantity(self.magnitude / 1000, "s")


class SpikeTrain(Quantity):
    def __init__(self, seconds, t_start=0, t_stop=400):
        super().__init__(np.array(seconds, float) * 1000)
        self.t_start, self.t_stop = Quantity(t_start), Quantity(t_stop)


class Segment:
    def __init__(self, trains):
        self.spiketrains = trains


def is_it(r, ids=(0, 1, 2), bins=4):
    assert r.active.tolist() == [2, 1, 0] and r.bin == 0.1 and r.bins == bins and r.ids.tolist() == list(ids)


def test_pynapple(ki):
    is_it(ki.Raster.from_spikes(TsGroup(TIMES, Support([0], [0.4])), bin=0.1), TIMES)
    r = ki.Raster.from_spikes(TsGroup(TIMES, Support([0, 0.3], [0.2, 0.5])), bin=0.1)
    assert (r.bins, r.trials, r.active.tolist()) == (4, 2, [2, 1, 0])
    r = ki.Raster.from_spikes(TsGroup(TIMES, Support([0], [0.4])), bin=0.1, windows=[(0.3, 0.4)])
    assert r.active.tolist() == [1, 0, 0] and r.bins == 1
    nap = pytest.importorskip("pynapple")
    group = nap.TsGroup({k: nap.Ts(np.array(x)) for k, x in TIMES.items()}, time_support=nap.IntervalSet(0, 0.4))
    is_it(ki.Raster.from_spikes(group, bin=0.1), TIMES)


def test_neo(ki):
    trains = [SpikeTrain(x) for x in TIMES.values()]
    for given in (Segment(trains), trains, tuple(trains), iter(trains)):
        is_it(ki.Raster.from_spikes(given, bin=0.1))
    # What a train was not recorded in is no silence.
    trains[2] = SpikeTrain([], t_stop=200)
    r = ki.Raster.from_spikes(trains, bin=0.1)
    assert (r.bins, r.active.tolist()) == (2, [1, 1, 0])
    r = ki.Raster.from_spikes(trains, bin=0.1, windows=[(0, 1)])
    assert (r.bins, r.active.tolist()) == (10, [2, 1, 0])
    r = ki.Raster.from_spikes([SpikeTrain([-0.05, 0.05], t_start=-100, t_stop=200)], bin=0.1)
    assert ((r.to_array() > 0).ravel().tolist()) == [True, True, False]
    with pytest.raises(ValueError, match="spikes : no time is in all trains"):
        ki.Raster.from_spikes([SpikeTrain([], t_stop=100), SpikeTrain([], t_start=100)], bin=0.1)
    neo, pq = pytest.importorskip("neo"), pytest.importorskip("quantities")
    real = neo.Segment()
    for x in TIMES.values():
        real.spiketrains.append(neo.SpikeTrain(np.array(x) * 1000 * pq.ms, t_stop=400 * pq.ms))
    is_it(ki.Raster.from_spikes(real, bin=0.1))
    is_it(ki.Raster.from_spikes(list(real.spiketrains), bin=0.1))


def test_pandas(ki):
    class Frame(dict):
        columns = ["unit", "time"]

    unit, time = np.array([3, 0, 0]), np.array([0.12, 0.05, 0.31])
    for kind in (int, float, "u1"):
        r = ki.Raster.from_spikes(Frame(unit=unit.astype(kind), time=time), bin=0.1)
        assert (r.ids.tolist(), r.active.tolist()) == ([0, 3], [2, 1])
    pd = pytest.importorskip("pandas")
    r = ki.Raster.from_spikes(pd.DataFrame({"time": time, "unit": unit, "name": list("abc")}, index=[5, 5, 9]), bin=0.1)
    assert (r.ids.tolist(), r.active.tolist()) == ([0, 3], [2, 1])
    assert ki.Raster.from_spikes([pd.Series([0.1, 0.2], index=[4, 7])], bin=0.1).active.tolist() == [2]


@pytest.mark.parametrize("spikes, error, words", [
    (None, TypeError, "spikes : NoneType has no spike times"), ("abc", TypeError, "spikes : str has"),
    (5, TypeError, "spikes : int has"), ([0.1, 0.2], TypeError, "spikes : unit 0 has one number"),
    ([[0.1], 3], TypeError, "spikes : unit 1 has one number"), ({0: [[1, 2]]}, TypeError, r"array of shape \(1, 2\)"),
    ({"a": [1]}, TypeError, "spikes : unit 'a' is no whole number"), ({0.5: [1]}, TypeError, "spikes : unit 0.5"),
    ({0: ["x"]}, TypeError, "real numbers"), ({0: [None]}, TypeError, "real numbers"),
    ({}, ValueError, "spikes : there is no unit"), ([], ValueError, "spikes : there is no unit"),
    ([[]], ValueError, "time : there is no spike"), ({0: [np.nan]}, ValueError, "spike 0 is at nan s"),
    ({0: [-1.0]}, ValueError, "before 0"),
    ({0: [1e300]}, MemoryError, "use a larger bin"),
])
def test_what_is_none(ki, spikes, error, words):
    with pytest.raises(error, match=words) as found:
        ki.Raster.from_spikes(spikes, bin=0.1)
    assert str(found.value).count(" : ") >= 2 and "\n" not in str(found.value)


def test_frames_that_are_none(ki):
    class Frame(dict):
        @property
        def columns(self):
            return list(self)

    for columns, words in [(dict(neuron=[1], time=[2]), "no column unit"), (dict(a=[1]), "no column unit and no column time"),
                           (dict(unit=["a"], time=[1]), "unit 'a' is no"), (dict(unit=[], time=[]), "has no rows")]:
        with pytest.raises((TypeError, ValueError), match=f"spikes : .*{words}"):
            ki.Raster.from_spikes(Frame(columns), bin=0.1)
    block = type("Block", (), {"segments": []})()
    with pytest.raises(TypeError, match="spikes : is a neo Block of several segments"):
        ki.Raster.from_spikes(block, bin=0.1)
