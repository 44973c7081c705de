# SPDX-License-Identifier: BSD-3-Clause
"""Spike times as other packages keep them."""
from __future__ import annotations

import operator
from typing import Any, Optional

import numpy as np

from ._arguments import numbers

KINDS = "{unit: times}, a list with the times of each unit, a TsGroup, a neo Segment or a DataFrame"


def _unit(name: Any) -> int:
    """A unit's number; pandas has 3.0 for 3 where a column has gaps."""
    if isinstance(name, (float, np.floating)) and float(name).is_integer():
        name = int(name)
    try:
        number = operator.index(name)
    except TypeError:
        raise TypeError(f"spikes : unit {name!r} is no whole number : use whole numbers for units") from None
    if not -2**63 <= number < 2**63:
        raise ValueError(f"spikes : unit {name!r} is out of range : use whole numbers of 64 bits")
    return number


def _seconds(unit: Any, train: Any) -> np.ndarray:
    """Times of a neo SpikeTrain, a pynapple Ts or plain numbers."""
    if hasattr(train, "rescale"):
        train = train.rescale("s").magnitude
    elif hasattr(train, "time_support"):
        train = train.index
    times = numbers("spikes", train)
    if times.ndim != 1:
        raise TypeError(f"spikes : unit {unit} has {'one number' if not times.ndim else f'an array of shape {times.shape}'}"
                        " : use a list of times for each unit")
    return times


def _observed(trains: list) -> Optional[np.ndarray]:
    """What neo's SpikeTrains were recorded in, all of them."""
    if not trains or not all(hasattr(x, "t_start") and hasattr(x, "t_stop") for x in trains):
        return None
    start = max(float(x.t_start.rescale("s").magnitude) for x in trains)
    stop = min(float(x.t_stop.rescale("s").magnitude) for x in trains)
    if not start < stop:
        raise ValueError(f"spikes : no time is in all trains, which begin by {start:g} and end from {stop:g} s on : "
                         "use trains of one recording, or windows")
    return np.array([[start, stop]])


def _pairs(spikes: Any) -> tuple:
    """Units and trains."""
    if hasattr(spikes, "items"):
        return zip(*spikes.items()) if len(spikes) else ((), ())
    if isinstance(spikes, (str, bytes)) or not hasattr(spikes, "__iter__") or hasattr(spikes, "to_frame"):
        raise TypeError(f"spikes : {type(spikes).__name__} has no spike times of several units : use {KINDS}")
    trains = list(spikes)
    return range(len(trains)), trains


def _frame(spikes: Any) -> tuple:
    lacking = [name for name in ("unit", "time") if name not in spikes.columns]
    if lacking:
        raise ValueError(f"spikes : has no column {' and no column '.join(lacking)} : use a DataFrame with columns unit and "
                         "time")
    names, unit = np.unique(np.asarray(spikes["unit"]), return_inverse=True)
    return np.array([_unit(x) for x in names], dtype=np.int64), numbers("spikes", spikes["time"]), unit, None


def flatten(spikes: Any, windowed: bool) -> tuple:
    """Numbers of the units, times of all spikes and the place of each one's unit; [[from, to], ...] of the recording
    or None. Times are seconds. With `windowed` the caller has windows."""
    windows = None
    if hasattr(spikes, "columns") and not hasattr(spikes, "time_support"):
        found = _frame(spikes)
        if not found[0].size:
            raise ValueError("spikes : has no rows : use one for each spike")
        return found
    if hasattr(spikes, "segments"):
        raise TypeError(f"spikes : is a neo {type(spikes).__name__} of several segments : use one of them")
    if hasattr(spikes, "spiketrains"):
        spikes = list(spikes.spiketrains)
    if hasattr(spikes, "time_support") and hasattr(spikes, "items"):
        support = spikes.time_support
        windows = np.stack([np.asarray(support["start"]).ravel(), np.asarray(support["end"]).ravel()], axis=1)
    names, trains = _pairs(spikes)
    if windows is None and not windowed:
        windows = _observed(trains)
    ids = np.array([_unit(name) for name in names], dtype=np.int64)
    if not ids.size:
        raise ValueError(f"spikes : there is no unit : use {KINDS}")
    if np.unique(ids).size != ids.size:
        raise ValueError("spikes : two units have one number : use a number for each")
    times = [_seconds(name, train) for name, train in zip(names, trains)]
    return ids, np.concatenate(times), np.repeat(np.arange(ids.size), [x.size for x in times]), windows
