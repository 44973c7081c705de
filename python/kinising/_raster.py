# SPDX-License-Identifier: BSD-3-Clause
"""Recordings: a numpy layer over kinising/raster.h."""
from __future__ import annotations

import math
import os
from typing import Any, Optional

import numpy as np

from ._arguments import MOST_SPINS, as_array, c_text, count, doubles, file_name, need_memory, number, numbers, pair
from ._library import check, ffi, lib, need_library
from ._run import start_run
from ._spikes import flatten

_AXES = ("trial", "time", "unit")
_TYPES = {"int8": "KI_INT8", "bool": "KI_INT8", "int64": "KI_INT64", "float64": "KI_FLOAT64"}


_AXES_WANTED = "use time and unit, perhaps trial, in the order of the dimensions, such as 'time,unit'"


def _names(axes: Any) -> list[str]:
    """Of axes as one text or as a list."""
    try:
        return [part.strip() for part in (axes.split(",") if isinstance(axes, str) else axes)]
    except (AttributeError, TypeError):
        raise TypeError(f"axes : {axes!r} is no text : {_AXES_WANTED}") from None


def _axes_of(axes: Any, array: np.ndarray) -> list[str]:
    """Names of the dimensions; never guessed, the sentence proposes the likely ones."""
    if axes is None:
        shape = " x ".join(map(str, array.shape))
        last = "time,unit" if array.ndim >= 2 and array.shape[-2] >= array.shape[-1] else "unit,time"
        raise ValueError(f"axes : the raster is {shape} : use axes={('trial,' if array.ndim > 2 else '') + last!r}, "
                         "if the longer one is time")
    names = [name.partition("=")[0] for name in _names(axes)]
    if len(set(names)) != len(names) or not {"time", "unit"} <= set(names) <= set(_AXES):
        raise ValueError(f"axes : {axes!r} : {_AXES_WANTED}")
    return names


def _in_order(values: Any, axes: Any) -> np.ndarray:
    """A view (trial, time, unit) of elements that the library reads in place; a copy of other types."""
    array = as_array("raster", values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"raster : is of type {array.dtype} : use numbers 0 and 1, or -1 and 1")
    names = _axes_of(axes, array)
    while array.ndim > len(names) and array.shape[0] == 1:
        array = array[0]
    if array.ndim != len(names):
        raise ValueError(f"axes : {len(names)} are named, and the raster is "
                         f"{' x '.join(map(str, array.shape))} : use one for each dimension")
    for said, extent in zip(_names(axes), array.shape):
        name, equals, number = said.partition("=")
        if equals and number != str(extent):
            raise ValueError(f"axes : {name} is {extent} long, not {number} : use other axes, or {name}={extent}")
    if "trial" not in names:
        array, names = array[None], ["trial", *names]
    array = array.transpose([names.index(name) for name in _AXES])
    if 0 in array.shape:
        raise ValueError(f"raster : is of {array.shape} trials, bins and units : use at least one of each")
    if array.dtype.name not in _TYPES or not array.dtype.isnative:
        whole = array.dtype.kind != "f" and array.dtype.name != "uint64"  # which has numbers beyond int64
        array = array.astype(np.int64 if whole else np.float64)
    return array


class Raster:
    """A recording, packed to one bit a unit and bin: which units were active (1) or silent (0 or -1) in which bin.

    Parameters:
        values        array of 0 and 1, or of -1 and 1, of any real type and layout (int8, bool, int64 and float64
                      are read in place); or a list of such arrays of time and unit, one a trial
        axes          of its dimensions: "time,unit", "unit,time", "trial,time,unit", ... in their order; required.
                      Fewer bins than units are refused as axes the wrong way round unless "unit=1000" says how many
        bin           seconds a bin, if known
        trial_length  a new trial begins after so many bins

    Transitions never lead from one trial into the next.

    Attributes:
        units, trials, bins, transitions  numbers of them
        bin        seconds, or None
        zero_one   whether the values were 0 and 1
        active     [units] active bins of each unit
        ids, lost  [units] what the file calls the units; spikes that are the second or later in their bin
        rates      [units] their share of the bins, per second if `bin` is known

    >>> raster = ki.Raster([[1, 0], [1, 1], [0, 1]], axes="time,unit")
    >>> raster.units, raster.transitions, raster.active.tolist()
    (2, 2, [2, 2])
    """

    def __init__(self, values: Any, axes: Any = None, bin: Optional[float] = None,
                 trial_length: Optional[int] = None):
        need_library()
        width = math.nan if bin is None else number("bin", bin)
        if isinstance(values, (list, tuple)) and values and all(np.ndim(x) == 2 for x in values):
            parts = [_in_order(x, axes) for x in values]
        else:
            parts = [_in_order(values, axes)]
        if len({part.shape[2] for part in parts}) != 1:
            raise ValueError(f"raster : trials of {sorted({part.shape[2] for part in parts})} units : use the same "
                             "units in all")
        length = None if trial_length is None else count("trial_length", trial_length, 2**40)
        lengths = [min(length or bins, bins - first) for part in parts for _ in range(part.shape[0])
                   for bins in [part.shape[1]] for first in range(0, bins, length or bins)]
        units = count("units", parts[0].shape[2], MOST_SPINS)
        said = any(name.startswith("unit=") for name in _names(axes))
        if units > sum(lengths) > 1 and not said:  # of one bin there is nothing to be fitted anyway
            raise ValueError(f"axes : the raster has {units} units and {sum(lengths)} bins : use the other order; if it "
                             f"is right, unit={units} for unit")
        need_memory("raster", units * sum(lengths) / 8.0, "use fewer bins or units")
        self._fill(units, lengths, width, parts)

    def _fill(self, units: int, lengths: list[int], width: float, parts: list[np.ndarray]) -> None:
        out = ffi.new("ki_raster **")
        check(lib.ki_raster_create(units, len(lengths), ffi.new("uint64_t[]", lengths), width, out))
        self._raster = ffi.gc(out[0], lib.ki_raster_free)
        first = 0
        for part in parts:
            kind = getattr(lib, _TYPES[part.dtype.name])
            for trial in part:
                at = ffi.cast("void *", trial.__array_interface__["data"][0])
                values = ffi.new("ki_raster_values *", (at, kind, *trial.strides))
                check(lib.ki_raster_fill(self._raster, first, trial.shape[0], values))
                first += trial.shape[0]
        self._look()

    @classmethod
    def _own(cls, raster: Any) -> "Raster":
        self = cls.__new__(cls)
        self._raster = ffi.gc(raster, lib.ki_raster_free)
        self._look()
        return self

    def _look(self) -> None:
        summary = ffi.new("ki_raster_summary *")
        check(lib.ki_raster_summarize(self._raster, summary, ffi.NULL))
        units, width = summary.units, summary.width
        active, self.ids, lost = np.empty(units, np.uint64), np.empty(units, np.int64), np.empty(units, np.uint64)
        check(lib.ki_raster_names(self._raster, ffi.from_buffer("int64_t[]", self.ids),
                                  ffi.from_buffer("uint64_t[]", lost)))
        self.lost = lost.astype(np.int64)
        check(lib.ki_raster_summarize(self._raster, summary, ffi.from_buffer("uint64_t[]", active)))
        self.units, self.trials, self.bins = units, summary.trials, summary.bins
        self.transitions, self.zero_one = summary.transitions, bool(summary.zero_one)
        self.bin = None if math.isnan(width) else width
        self.active = active.astype(np.int64)
        self.rates = self.active / (self.bins * (self.bin or 1.0))

    @classmethod
    def read(cls, path: Any, axes: Optional[str] = None, key: Optional[str] = None, bin: Optional[float] = None,
             rate: Optional[float] = None, trial_length: Optional[int] = None, units: Any = None,
             min_rate: float = 0.0, window: Any = None, intervals: Optional[str] = None,
             quality: Optional[str] = None) -> "Raster":
        """A recording from a file or folder, as `kinising raster` reads it: matrices with `axes`, spike times with
        `bin` (.csv, NWB, TsGroup, cell arrays, Phy). `window` = (from, to) seconds; `units` numbers of the file;
        the others are the options of the same names.

        Raises KinisingError (what the file holds), ValueError (an option), OSError, MemoryError."""
        need_library()
        keep = {name: c_text(name, value) for name, value in dict(
            axes=None if axes is None else ",".join(_names(axes)), key=key, intervals=intervals,
            quality=quality).items() if value is not None}
        options = ffi.new("ki_recording_options *", dict(
            keep, bin=0.0 if bin is None else number("bin", bin), rate=0.0 if rate is None else number("rate", rate),
            min_rate=number("min_rate", min_rate),
            trial_length=0 if trial_length is None else count("trial_length", trial_length, 2**40)))
        if window is not None:
            first, end = pair("window", window)
            options.has_window, options.to = 1, number("window", end)
            setattr(options, "from", number("window", first))
        if units is not None:
            wanted = ffi.new("int64_t[]", [count("units", unit, 2**53, 0) for unit in as_array("units", units).flat])
            if not len(wanted):
                raise ValueError("units : is empty : use some, or None for all")
            options.units, options.n_units = wanted, len(wanted)
        out, run, name = ffi.new("ki_raster **"), start_run(0), file_name(os.fspath(path))
        check(lib.ki_recording_read(name, options, ffi.addressof(run, "options"), ffi.NULL, out), name)
        return cls._own(out[0])

    @classmethod
    def from_spikes(cls, spikes: Any, bin: float, windows: Any = None,
                    trial_length: Optional[int] = None) -> "Raster":
        """A recording from spike times in seconds, in half-open bins [t, t + bin).

        Parameters:
            spikes   {unit: times}; a list with the times of each unit; a pynapple TsGroup (whose time support are the
                     windows); a neo Segment or a list of SpikeTrains (from the last t_start to the first t_stop); a
                     pandas DataFrame with columns unit and time
            windows  [(from, to), ...] seconds, in order; else those of the recording, or from 0 to the last spike

        >>> ki.Raster.from_spikes([[0.01, 0.25], [0.12]], bin=0.1).active.tolist()
        [2, 1]
        """
        need_library()
        ids, time, unit, found = flatten(spikes, windows is not None)
        windows = found if windows is None else windows
        view = ffi.new("ki_spikes *", dict(
            units=ids.size, count=time.size, time=doubles(time), unit=ffi.from_buffer("int64_t[]", unit),
            ids=ffi.from_buffer("int64_t[]", ids)))
        spans = numbers("windows", [] if windows is None else windows)
        if spans.size and (spans.ndim > 2 or spans.shape[-1:] != (2,)):
            raise TypeError(f"windows : is of shape {spans.shape} : use a list of pairs, such as [(0, 10), (20, 30)]")
        ends = np.ascontiguousarray(spans.reshape(-1, 2).T)
        cut = ffi.new("ki_windows *", dict(
            count=ends.shape[1], to=doubles(ends[1]),
            trial_length=0 if trial_length is None else count("trial_length", trial_length, 2**40)))
        setattr(cut, "from", doubles(ends[0]))
        width = number("bin", bin)
        if width > 0 and ids.size:
            seconds = (ends[1] - ends[0]).sum() if ends.size else max(time.max(initial=0.0), 0.0)
            need_memory("from_spikes", float(ids.size) * seconds / width / 8, "use a larger bin, or windows")
        out = ffi.new("ki_raster **")
        check(lib.ki_raster_bin(view, width, cut, ffi.NULL, out))
        return cls._own(out[0])

    def __repr__(self) -> str:
        bin = "" if self.bin is None else f", bin {self.bin:.6g} s"
        return f"<kinising.Raster of {self.units} units, {self.bins} bins, {self.trials} trials{bin}>"

    def __reduce__(self) -> Any:
        raise TypeError("Raster : cannot be pickled : use to_array(), and Raster() of it")

    def to_array(self) -> np.ndarray:
        """-1 and +1 as int8 [bins,units], trials one after another."""
        need_memory("to_array", float(self.units) * self.bins, "use a part of the recording")
        out = np.empty((self.bins, self.units), dtype=np.int8)
        check(lib.ki_raster_unpack(self._raster, 0, self.bins, ffi.from_buffer("int8_t[]", out)))
        return out

    def moments(self, threads: int = 0) -> dict[str, np.ndarray]:
        """Raw moments over the transitions [moments-data]: "before" and "after" [units], c = <s_i s_j> and
        d = <y_i s_j> [units,units], y the state after a transition and s the one before."""
        run, n = start_run(threads), self.units
        need_memory("moments", 16.0 * n * n, "use fewer units")
        out = {name: np.empty(shape) for name, shape in dict(before=n, after=n, c=(n, n), d=(n, n)).items()}
        check(lib.ki_raster_moments(self._raster, ffi.addressof(run, "options"), *map(doubles, out.values())))
        return out


def as_raster(name: str, values: Any, axes: Any, bin: Any, trial_length: Any) -> Raster:
    """What a function is given: a Raster, or what one is made of."""
    if not isinstance(values, Raster):
        return Raster(values, axes, bin, trial_length)
    if not (axes is None and bin is None and trial_length is None):
        raise ValueError(f"axes : {name} is a Raster, which has its own axes, bin and trials : use them there")
    return values
