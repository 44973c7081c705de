# SPDX-License-Identifier: BSD-3-Clause
"""Whatever its type, coding, order of axes and layout in memory, and whether from an array or a file, a recording
becomes the same bits: against plain numpy and whole numbers."""
import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

TYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">i2", ">i4", ">f4", ">f8"]
AXES = [",".join(order) for n in (2, 3) for names in itertools.combinations(("trial", "time", "unit"), n)
        if {"time", "unit"} <= set(names) for order in itertools.permutations(names)]
few = settings(max_examples=100, deadline=None, database=None, derandomize=True)


@st.composite
def recordings(draw, most=140, types=TYPES):
    """Bits [trial,time,unit], as an array with axes, in some type and layout."""
    units = draw(st.integers(1, 5))
    trials, bins = draw(st.integers(1, 4)), draw(st.integers(units, most))
    bits = np.random.default_rng(draw(st.integers(0, 2**32))).random((trials, bins, units)) < draw(st.floats(0, 1))
    axes = draw(st.sampled_from(AXES))
    names = axes.split(",")
    if "trial" not in names:
        bits = bits[:1]
    kind = np.dtype(draw(st.sampled_from(types)))
    x = bits.astype(kind)
    # All ones say nothing of their coding.
    if kind.kind in "if" and draw(st.booleans()):
        x = (2 * bits.astype("i1") - 1).astype(kind)
    x = x.transpose([("trial", "time", "unit").index(a) for a in names] + ([0] if len(names) == 2 else []))
    x = x[..., 0] if len(names) == 2 else x
    layout = draw(st.sampled_from(["C", "F", "reversed", "strided"]))
    if layout == "reversed":
        x = np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]
    elif layout == "strided":
        room = np.full([2 * n for n in x.shape], 77 if kind.kind != "b" else 1, kind)
        room[tuple(slice(None, None, 2) for _ in x.shape)] = x
        x = room[tuple(slice(None, None, 2) for _ in x.shape)]
    else:
        x = np.asarray(x, order=layout)
    return bits, x, axes


def test_axes_the_wrong_way_round(ki):
    """As the command has it: sigma of 400 units in 5 bins would be a number without a meaning."""
    x = np.random.default_rng(2).integers(0, 2, (400, 5))
    assert ki.Raster(x, "time,unit").units == 5 and ki.Raster(x.reshape(100, 4, 5), "trial,time,unit").units == 5
    for call in (ki.Raster, ki.fit, ki.entropy_production, ki.diagnose):
        with pytest.raises(ValueError, match="^axes : the raster has 400 units and 5 bins : use the other order; "):
            call(x, axes="unit,time")
    for axes in ("unit=400,time", ["unit=400", "time=5"]):
        r = ki.Raster(x, axes)
        assert (r.units, r.bins) == (400, 5) and (r.to_array() == 2 * x.T - 1).all()
    for axes, words in {"unit=5,time": "unit is 400 long, not 5", "unit,time=": "time is 5 long, not  :",
                        "unit,time=5": "the raster has 400 units", "=400,time": "use time and unit"}.items():
        with pytest.raises(ValueError, match=f"^axes : .*{words}"):
            ki.Raster(x, axes)


def spins(bits):
    return 2 * bits.reshape(-1, bits.shape[2]).astype(np.int8) - 1


@few
@given(data=recordings(), width=st.sampled_from([None, 0.5]), length=st.sampled_from([None, 1, 7, 64, 1000]))
def test_arrays(ki, data, width, length):
    bits, x, axes = data
    r = ki.Raster(x, axes=axes, bin=width, trial_length=length)
    each = length or bits.shape[1]
    trials = bits.shape[0] * -(-bits.shape[1] // each)
    assert (r.units, r.bins, r.trials) == (bits.shape[2], bits.shape[0] * bits.shape[1], trials)
    assert r.transitions == r.bins - trials
    assert (r.to_array() == spins(bits)).all() and r.active.tolist() == bits.sum((0, 1)).tolist()


@few
@given(data=recordings(most=100, types=[t for t in TYPES]), ending=st.sampled_from(["npy", "npz", "mat", "h5", "csv"]),
       window=st.tuples(st.integers(0, 60), st.integers(1, 60)), units=st.integers(1, 31))
def test_files(ki, tmp_path_factory, data, ending, window, units):
    bits, x, axes = data
    path = tmp_path_factory.mktemp("files") / f"r.{ending}"
    if ending == "csv" and x.ndim == 3 or ending == "mat" and x.dtype.str in ("<f2",):
        ending, path = "npy", path.with_suffix(".npy")
    if ending == "npy":
        np.save(path, x)
    elif ending == "npz":
        np.savez_compressed(path, x=x)
    elif ending == "mat":
        pytest.importorskip("scipy.io").savemat(path, {"x": x}, do_compression=bits[0, 0, 0])
    elif ending == "h5":
        with pytest.importorskip("h5py").File(path, "w") as f:
            f.create_dataset("x", data=x, chunks=tuple(-(-n // 2) for n in x.shape), compression="gzip", shuffle=True)
    else:
        np.savetxt(path, x, delimiter=",", fmt="%d")
    keep = [i for i in range(bits.shape[2]) if units >> i & 1] or [0]
    first = min(window[0], bits.shape[1] - 1)
    last = min(first + window[1], bits.shape[1])
    r = ki.Raster.read(path, axes=axes, bin=0.1, units=keep, window=(first * 0.1, last * 0.1))
    part = bits[:, first:last, keep]
    assert r.ids.tolist() == keep and r.trials == bits.shape[0]
    assert (r.to_array() == spins(part)).all()


@few
@given(data=recordings(), order=st.permutations(range(5)))
def test_moments(ki, data, order):
    """Transitions stay in their trial; coding and the order of units change nothing."""
    bits, x, axes = data
    y, s = (2.0 * b.reshape(-1, bits.shape[2]) - 1 for b in (bits[:, 1:], bits[:, :-1]))
    if not len(y):
        return
    r = ki.Raster(x, axes=axes).moments(threads=1)
    for name, want in dict(before=s.mean(0), after=y.mean(0), c=s.T @ s / len(s), d=y.T @ s / len(s)).items():
        np.testing.assert_allclose(r[name], want, rtol=1e-14, atol=1e-15)
    order = [i for i in order if i < bits.shape[2]]
    mixed = ki.Raster(bits[:, :, order], axes="trial,time,unit").moments(threads=1)
    assert (mixed["d"] == r["d"][np.ix_(order, order)]).all() and (mixed["before"] == r["before"][order]).all()


@st.composite
def windows(draw):
    """In 64ths of a second, in order, the one at the border of the other now and then."""
    ends = sorted(draw(st.lists(st.integers(-300, 900), min_size=2, max_size=8, unique=True)))
    ends = ends[:len(ends) // 2 * 2]
    spans = list(zip(ends[::2], ends[1::2]))
    if len(spans) > 1 and draw(st.booleans()):
        spans[1] = (spans[0][1], spans[1][1])
    return spans


@few
@given(spikes=st.lists(st.tuples(st.integers(-400, 1000), st.integers(0, 3)), min_size=1, max_size=60),
       spans=st.none() | windows(), width=st.integers(1, 100), length=st.sampled_from([None, 1, 3, 10]))
def test_spike_times(ki, spikes, spans, width, length):
    """[spike-bins] Times in 64ths of a second, which are exact, against whole numbers."""
    if spans is None:
        spikes = [(abs(t), u) for t, u in spikes]
    used = spans or [(0, (max(t for t, _ in spikes) // width + 1) * width)]
    want, lost = ki.reference.recording.spike_bins([[t for t, v in spikes if v == u] for u in range(4)], width, used)
    bins = [(b - a) // width for a, b in used]
    trials = sum(-(-n // (length or max(n, 1))) for n in bins)
    trains = {u + 10: [t / 64 for t, v in spikes if v == u] for u in range(4)}
    given_spans = None if spans is None else [(a / 64, b / 64) for a, b in spans]
    if not len(want):
        with pytest.raises(ValueError, match="longer than every window"):
            ki.Raster.from_spikes(trains, bin=width / 64, windows=given_spans)
        return
    r = ki.Raster.from_spikes(trains, bin=width / 64, windows=given_spans, trial_length=length)
    assert (r.to_array() == 2 * want - 1).all()
    assert r.lost.tolist() == lost.tolist() and r.ids.tolist() == [10, 11, 12, 13]
    assert r.trials == trials and r.transitions == len(want) - trials


@pytest.mark.parametrize("kind, copies", [("i1", 0), ("?", 0), ("i8", 0), ("f8", 0), ("f4", 2), ("u2", 4)])
@pytest.mark.parametrize("axes", ["time,unit", "unit,time"])
def test_no_copies(ki, kind, copies, axes):
    """int8, bool, int64 and float64 are read where they are, in any layout; others become one of them."""
    x = np.zeros((100000, 8), kind)
    x[::3] = 1
    for view in (x, x[::-1], x[::2, ::2]):
        view = view if axes == "time,unit" else view.T
        ki.Raster(view[:10, :10], axes=axes)
        tracemalloc.start()
        ki.Raster(view, axes=axes)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert used < 50000 + 1.1 * copies * view.nbytes
        assert not copies or used > view.nbytes
