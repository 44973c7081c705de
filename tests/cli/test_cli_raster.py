# SPDX-License-Identifier: BSD-3-Clause
"""kinising raster: every kind of recording, made by another program, becomes the same bits; mistakes are one sentence."""
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
from conftest import KINISING, default_signals, parse_csv, wait_until

LINE = re.compile(r"kinising: [^\n]+ : [^\n]+ : [^\n]+\n")
DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
rng = np.random.default_rng(3)
BITS = (rng.random((200, 5)) < 0.2).astype(np.int8)


def convert(run, tmp_path, *args):
    done = run("raster", "convert", *args, "-o", "out.npz")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as f:
        return dict(f)


def spikes():
    """Of BITS, in bins of 0.01 s: times and units, in no order."""
    bins, units = np.nonzero(BITS)
    order = rng.permutation(bins.size)
    return ((bins + rng.uniform(0.05, 0.95, bins.size)) * 0.01)[order], units[order]


@pytest.mark.parametrize("kind", ["int8", "uint8", "bool", "int64", "float32", "float64", "minus"])
@pytest.mark.parametrize("axes", ["time,unit", "unit,time"])
@pytest.mark.parametrize("ending", ["npy", "npz", "mat", "h5", "csv"])
def test_matrices(run, tmp_path, kind, axes, ending):
    x = (2.0 * BITS - 1) if kind == "minus" else BITS.astype(kind)
    x = x if axes == "time,unit" else x.T
    name = f"r.{ending}"
    if ending == "npy":
        np.save(tmp_path / name, x)
    elif ending == "npz":
        np.savez_compressed(tmp_path / name, x=x)
    elif ending == "mat":
        pytest.importorskip("scipy.io").savemat(tmp_path / name, {"x": x})
    elif ending == "h5":
        with pytest.importorskip("h5py").File(tmp_path / name, "w") as f:
            f.create_dataset("x", data=x, chunks=True)
    else:
        np.savetxt(tmp_path / name, x, delimiter=",", fmt="%g")
    got = convert(run, tmp_path, name, "--axes", axes, "--bin", "0.01")
    assert (got["raster"] == BITS).all() and got["raster"].dtype == np.int8
    assert got["bin"] == 0.01 and got["unit"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("axes", ["trial,time,unit", "unit,trial,time", "time,unit,trial"])
def test_trials(run, tmp_path, axes):
    cube = BITS.reshape(4, 50, 5)
    names = ["trial", "time", "unit"]
    np.save(tmp_path / "r.npy", cube.transpose([names.index(a) for a in axes.split(",")]))
    got = convert(run, tmp_path, "r.npy", "--axes", axes)
    assert (got["raster"] == cube).all()
    os.rename(tmp_path / "out.npz", tmp_path / "in.npz")
    got = convert(run, tmp_path, "in.npz", "--axes", "trial,time,unit", "--trial-length", "30")
    assert got["trial"].tolist() == [0, 30, 50, 80, 100, 130, 150, 180]
    os.rename(tmp_path / "out.npz", tmp_path / "in.npz")
    again = convert(run, tmp_path, "in.npz", "--axes", "time,unit")
    assert again["trial"].tolist() == got["trial"].tolist() and (again["raster"] == BITS).all()


def test_units_window_rate(run, tmp_path):
    np.save(tmp_path / "r.npy", BITS)
    args = ("r.npy", "--axes", "time,unit", "--bin", "0.01")
    got = convert(run, tmp_path, *args, "--units", "4,1", "--window", "0.5:1.25")
    assert (got["raster"] == BITS[50:125][:, [1, 4]]).all() and got["unit"].tolist() == [1, 4]
    rates = BITS.sum(0) / 2.0
    least = np.sort(rates)[2]
    got = convert(run, tmp_path, *args, "--min-rate", str(least))
    assert got["unit"].tolist() == np.nonzero(rates >= least)[0].tolist()
    assert (got["raster"] == BITS[:, rates >= least]).all()


def write_csv(path):
    times, units = spikes()
    path.write_text("unit,time\n" + "".join(f"{u},{t!r}\n" for t, u in zip(times.tolist(), units)))


def write_nwb(path, index="u2", **more):
    h5py = pytest.importorskip("h5py")
    times, units = spikes()
    order = np.lexsort((times, units))
    with h5py.File(path, "w") as f:
        f["units/spike_times"] = times[order]
        f["units/spike_times_index"] = np.cumsum(np.bincount(units)).astype(index)
        f["units/id"] = np.arange(5)
        for name, x in more.items():
            f[name.replace("__", "/")] = x


def write_tsgroup(path):
    times, units = spikes()
    np.savez(path, t=times, index=units, start=[0.0], end=[2.0], keys=np.arange(5), type=np.array(["TsGroup"]))


def write_cells(path):
    times, units = spikes()
    cells = np.empty(5, object)
    cells[:] = [times[units == k] for k in range(5)]
    pytest.importorskip("scipy.io").savemat(path, {"trains": cells}, do_compression=True)


def write_phy(path):
    times, units = spikes()
    path.mkdir()
    np.save(path / "spike_times.npy", (times * 30000).astype("u8")[:, None])
    np.save(path / "spike_clusters.npy", units.astype("i4"))
    (path / "params.py").write_text("dat_path = 'x'\nsample_rate = 30000.\n")
    (path / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n1\tmua\n2\tgood\n3\tnoise\n4\tgood\n")


WRITERS = {"s.csv": write_csv, "s.nwb": write_nwb, "s.npz": write_tsgroup, "s.mat": write_cells, "phy": write_phy}


@pytest.mark.parametrize("name", list(WRITERS))
def test_spike_times(run, tmp_path, name):
    WRITERS[name](tmp_path / name)
    got = convert(run, tmp_path, name, "--bin", "0.01", "--window", "0:2")
    assert (got["raster"] == BITS).all()
    assert got["unit"].tolist() == [0, 1, 2, 3, 4] and (got["lost"] == 0).all()
    done = run("raster", "bin", name, "--bin", "0.01", "--units", "1:3:2", "-o", "b.npz")
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "b.npz")["unit"].tolist() == [1, 3]
    done = run("raster", "info", name)
    assert done.returncode == 2 and "--bin : " in done.stderr and LINE.fullmatch(done.stderr)


def test_phy_quality_and_rate(run, tmp_path):
    write_phy(tmp_path / "phy")
    got = convert(run, tmp_path, "phy", "--bin", "0.01", "--window", "0:2", "--quality", "good")
    assert got["unit"].tolist() == [0, 2, 4] and (got["raster"] == BITS[:, ::2]).all()
    (tmp_path / "phy" / "params.py").unlink()
    done = run("raster", "info", "phy", "--bin", "0.01")
    assert done.returncode == 2 and "--rate : " in done.stderr
    assert (convert(run, tmp_path, "phy", "--bin", "0.01", "--rate", "30000", "--window", "0:2")["raster"] == BITS).all()
    done = run("raster", "info", "phy", "--bin", "0.01", "--rate", "30000", "--quality", "best")
    assert done.returncode == 2 and "best" in done.stderr


@pytest.mark.parametrize("name", list(WRITERS))
def test_rates_of_some_units_are_those_of_all(run, tmp_path, name, monkeypatch):
    """A recording lasts until its last spike, of whichever unit: unit 3 has none in the second half here."""
    fewer = BITS.copy()
    fewer[len(fewer) // 2:, 3] = 0
    monkeypatch.setattr(sys.modules[__name__], "BITS", fewer)
    WRITERS[name](tmp_path / name)
    whole = run("raster", "info", name, "--bin", "0.01")
    some = run("raster", "info", name, "--bin", "0.01", "--units", "3")
    assert (whole.returncode, some.returncode) == (0, 0), some.stderr
    assert parse_csv(some.stdout) == [row for row in parse_csv(whole.stdout) if row["unit"] == 3]
    if name == "phy":
        some = run("raster", "info", name, "--bin", "0.01", "--quality", "noise")
        assert parse_csv(some.stdout) == [row for row in parse_csv(whole.stdout) if row["unit"] == 3]


@pytest.mark.parametrize("index", ["u1", "u2", "u4", "u8", "i8"])
def test_nwb_index(run, tmp_path, index):
    write_nwb(tmp_path / "s.nwb", index)
    assert (convert(run, tmp_path, "s.nwb", "--bin", "0.01", "--window", "0:2")["raster"] == BITS).all()


def test_nwb_intervals(run, tmp_path):
    write_nwb(tmp_path / "s.nwb", intervals__trials__start_time=[1.0, 0.1], intervals__trials__stop_time=[1.5, 0.4],
              units__obs_intervals=np.array([[0.0, 2.0]] * 4 + [[0.2, 0.5], [0.8, 1.8]]),
              units__obs_intervals_index=np.array([1, 2, 3, 4, 6], "u1"))
    got = convert(run, tmp_path, "s.nwb", "--bin", "0.01", "--intervals", "trials")
    assert got["trial"].tolist() == [0, 30] and (got["raster"] == np.vstack([BITS[10:40], BITS[100:150]])).all()
    got = convert(run, tmp_path, "s.nwb", "--bin", "0.01")
    assert (got["raster"] == np.vstack([BITS[20:50], BITS[80:180]])).all()
    got = convert(run, tmp_path, "s.nwb", "--bin", "0.01", "--units", "0,1", "--window", "0:1")
    assert (got["raster"] == BITS[:100, :2]).all()
    done = run("raster", "info", "s.nwb", "--bin", "0.01", "--intervals", "runs")
    assert done.returncode == 2 and "trials" in done.stderr


def test_half_open_bins_and_lost(run, tmp_path):
    """A time on a border opens its bin, rounded or not; the second spike of a bin is lost."""
    times = [k * 0.1 for k in range(100)] + [0.05, 0.06]
    (tmp_path / "s.csv").write_text("unit,time\n" + "".join(f"0,{t!r}\n" for t in times))
    done = run("raster", "info", "s.csv", "--bin", "0.1")
    assert done.stdout.splitlines()[0] == "unit,spikes,rate,lost,status"
    row, = parse_csv(done.stdout)
    assert (row["spikes"], row["lost"], row["status"]) == (102, 2, "saturated")
    assert row["rate"] == pytest.approx(10.2)
    assert "warning" not in done.stderr
    done = run("raster", "info", "s.csv", "--bin", "0.2")
    assert "warning: 51.0 %" in done.stderr
    assert run("raster", "info", "s.csv", "--bin", "0.2", "--quiet").stderr == ""


def test_lost_spikes_are_in_the_file(run, tmp_path):
    """What is known of a recording after a conversion is what was known before."""
    (tmp_path / "s.csv").write_text("unit,time\n" + "".join(f"{u},{0.1 * k * u!r}\n" for k in range(30) for u in (1, 2, 5)))
    before = run("raster", "info", "s.csv", "--bin", "0.3")
    rows = parse_csv(before.stdout)
    assert sum(row["lost"] for row in rows) > 10
    for out in ("o.npz", "o.h5"):
        assert run("raster", "bin", "s.csv", "--bin", "0.3", "-o", out).returncode == 0
        assert run("raster", "info", out, "--axes", "time,unit").stdout == before.stdout
        some = parse_csv(run("raster", "info", out, "--axes", "time,unit", "--units", "1,5").stdout)
        assert some == [rows[0], rows[2]]
        part = parse_csv(run("raster", "info", out, "--axes", "time,unit", "--window", "0:3").stdout)
        assert [row["lost"] for row in part] == [0, 0, 0]
    for wrong, words in ([1, 2], "3 units and 2 of lost"), ([1, 2, -1], "lost has -1 at place 2"):
        np.savez(tmp_path / "w.npz", raster=np.zeros((4, 3)), lost=wrong)
        done = run("raster", "info", "w.npz", "--axes", "time,unit")
        assert done.returncode == 2 and words in done.stderr and LINE.fullmatch(done.stderr)


def test_negative_times_need_a_window(run, tmp_path):
    (tmp_path / "s.csv").write_text("unit,time\n0,-0.5\n1,0.2\n")
    done = run("raster", "info", "s.csv", "--bin", "0.1")
    assert done.returncode == 2 and "before 0" in done.stderr
    assert run("raster", "info", "s.csv", "--bin", "0.1", "--window", "-1:1").returncode == 0


@pytest.mark.parametrize("axes", ["unit=200,time", "unit=200,time=5"])
def test_fewer_bins_than_units(run, tmp_path, axes):
    """Where it is said how many units there are, nothing is taken for the wrong way round."""
    np.save(tmp_path / "r.npy", BITS)
    got = convert(run, tmp_path, "r.npy", "--axes", axes)
    assert (got["raster"] == BITS.T).all() and got["raster"].shape == (5, 200)
    np.save(tmp_path / "r.npy", BITS.reshape(5, 50, 4))
    got = convert(run, tmp_path, "r.npy", "--axes", "time=5,unit=50,trial=4")
    assert (got["raster"] == BITS.reshape(5, 50, 4).transpose(2, 0, 1)).all()


@pytest.mark.parametrize("args, words", [
    (["r.npy"], "data of 200 x 5 : --axes time,unit, if the longer one is time"),
    (["r.npy", "--axes", "unit,time"], "200 units and 5 bins : the other way round (time,unit)? If not, unit=200"),
    (["r.npy", "--axes", "unit=5,time"], "--axes : unit is 200 long in data of r.npy, not 5 : other axes, or unit=200"),
    (["r.npy", "--axes", "time=20,unit"], "time is 200 long in data of r.npy, not 20 :"),
    (["r.npy", "--axes", "time,unit=5x"], "unit is 5 long in data of r.npy, not 5x :"),
    (["r.npy", "--axes", "time,unit="], "unit is 5 long in data of r.npy, not  :"),
    (["r.npy", "--axes", "time,unit=5=5"], "not 5=5 :"),
    (["r.npy", "--axes", "unit,time=5"], "the other way round (time,unit)"),
    (["r.npy", "--axes", "time,=5"], '"time,=5" : time and unit'),
    (["r.npy", "--axes", "trial,time,unit"], "one for each dimension"),
    (["r.npy", "--axes", "time,neuron"], "--axes"),
    (["r.npy", "--axes", "time,unit", "--key", "x"], "one of data"),
    (["r.npy", "--axes", "time,unit", "--units", "9"], "--units"),
    (["r.npy", "--axes", "time,unit", "--window", "0:1"], "--bin too"),
    (["r.npy", "--axes", "time,unit", "--window", "1:0"], "--window"),
    (["r.npy", "--axes", "time,unit", "--min-rate", "2"], "--min-rate"),
    (["r.npy", "--axes", "time,unit", "--quality", "good"], "--quality"),
    (["r.npy", "--axes", "time,unit", "--intervals", "x"], "--intervals"),
    (["two.npz", "--axes", "time,unit"], "a, b"),
    (["count.npy", "--axes", "time,unit"], "unit 1 is 3 in bin 2"),
    (["mixed.npy", "--axes", "time,unit"], "unit 0 is -1 in bin 1"),
    (["nan.npy", "--axes", "time,unit"], "unit 1 is nan in bin 1"),
    (["empty.npy", "--axes", "time,unit"], "at least one unit and bin"),
    (["words.csv", "--axes", "time,unit"], "line 2"),
    (["nan.csv", "--bin", "1"], "spike 1"),
    (["half.csv", "--bin", "1"], "whole numbers"),
    (["far.csv", "--bin", "1e-3"], "too many bins"),
    (["beyond.nwb", "--bin", "1"], "spike_times_index"),
    (["cut.npy", "--axes", "time,unit"], "cut.npy"),
    (["nothing.npz", "--axes", "time,unit"], "No such file"),
    (["folder", "--bin", "1"], "spike_times.npy"),
    (["r.npy", "--axes", "time,unit", "--rate", "3"], "--rate"),
])
def test_refusals(run, tmp_path, args, words):
    np.save(tmp_path / "r.npy", BITS)
    np.savez(tmp_path / "two.npz", a=BITS, b=BITS)
    np.save(tmp_path / "count.npy", [[0, 1], [1, 0], [0, 3]])
    np.save(tmp_path / "mixed.npy", [[0, 1], [-1, 0], [1, 1]])
    np.save(tmp_path / "nan.npy", [[0, 1], [1, np.nan], [1, 1]])
    np.save(tmp_path / "empty.npy", np.zeros((0, 3)))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "r.npy").read_bytes()[:-10])
    (tmp_path / "words.csv").write_text("1,0\n0,x\n1,1\n")
    (tmp_path / "nan.csv").write_text("unit,time\n0,1\n0,nan\n")
    (tmp_path / "half.csv").write_text("unit,time\n0.5,1\n")
    (tmp_path / "far.csv").write_text("unit,time\n0,1e300\n")
    (tmp_path / "folder").mkdir()
    if args[0] == "beyond.nwb":
        write_nwb(tmp_path / "beyond.nwb")
        import h5py
        with h5py.File(tmp_path / "beyond.nwb", "r+") as f:
            f["units/spike_times_index"][4] = 60000
    done = run("raster", "info", *args)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert LINE.fullmatch(done.stderr) and words in done.stderr, done.stderr


@pytest.mark.parametrize("args, words", [
    ([], "info, convert or bin"), (["inform"], "unknown command"), (["convert", "r.npy", "--axes", "time,unit"], "-o FILE"),
    (["bin", "r.npy", "--axes", "time,unit", "-o", "o.npz"], "raster convert"),
    (["convert", "r.npy", "--axes", "time,unit", "-o", "o.csv"], ".npz or .h5"),
])
def test_wrong_commands(run, tmp_path, args, words):
    np.save(tmp_path / "r.npy", BITS)
    done = run("raster", *args)
    assert done.returncode == 2 and words in done.stderr and LINE.fullmatch(done.stderr)


def test_constant_memory(run, tmp_path):
    """10^6 bins of 64 units: 512 MB as float64, 8 MB as bits, read within 200 MB of address space."""
    x = np.lib.format.open_memmap(tmp_path / "r.npy", "w+", dtype="f8", shape=(1000000, 64))
    x[::1000] = 1
    del x
    limit = (200 << 20, 200 << 20)
    done = run("raster", "info", "r.npy", "--axes", "time,unit", "--threads", "1",
               env={"OPENBLAS_NUM_THREADS": "1"}, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
    assert done.returncode == 0, done.stderr
    assert all(row["spikes"] == 1000 for row in parse_csv(done.stdout))


def peak(run_in, *args):
    """KiB that `kinising ARGS` had at most. Its parent is small: what that has counts too."""
    code = ("import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)")
    done = subprocess.run([sys.executable, "-S", "-c", code, KINISING, *args], cwd=run_in, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("out", ["o.npz", "o.h5"])
def test_writing_takes_no_memory(tmp_path, out):
    """10^6 bins of 64 units are 64 MB as int8 and 8 MB as bits; .h5 has its compressed image besides, twice."""
    x = np.zeros((1000000, 64), dtype=np.int8)
    x[rng.integers(0, 1000000, 60000), rng.integers(0, 64, 60000)] = 1
    np.save(tmp_path / "big.npy", x)
    np.save(tmp_path / "small.npy", x[:1000])
    used = {name: peak(tmp_path, "raster", "convert", f"{name}.npy", "--axes", "time,unit", "--threads", "1", "-o", out)
            for name in ("small", "big")}
    assert used["big"] - used["small"] < 25 << 10, used
    done = subprocess.run([KINISING, "raster", "info", out, "--axes", "time,unit"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=60)
    assert [row["spikes"] for row in parse_csv(done.stdout)] == x.sum(0).tolist(), done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_long_write(tmp_path, number):
    """Not only after hundreds of megabytes; nothing stays, neither a part nor a temporary file."""
    np.lib.format.open_memmap(tmp_path / "r.npy", "w+", dtype="i1", shape=(4000000, 100)).flush()
    with subprocess.Popen([KINISING, "raster", "convert", "r.npy", "--axes", "time,unit", "-o", "o.npz", "--quiet"],
                          cwd=tmp_path, preexec_fn=default_signals) as process:
        try:
            wait_until(lambda: any(p.stat().st_size for p in tmp_path.glob(".kinising-*")) or process.poll() is not None)
            process.send_signal(number)
            assert process.wait(60) == -number
        finally:
            process.kill()
    assert os.listdir(tmp_path) == ["r.npy"]


@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings here")
def test_real_recordings(run, tmp_path):
    done = run("raster", "info", str(DATA / "units_phy_3x21354.nwb"), "--bin", "0.01")
    assert done.returncode == 0, done.stderr
    assert sum(row["spikes"] for row in parse_csv(done.stdout)) == 21354
    done = run("raster", "info", str(DATA / "a1_cortex_16x104000.mat"), "--axes", "unit,time", "--bin", "0.005",
               "--key", "spk")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 17 and "104000 bins" in done.stderr
    done = run("raster", "info", str(DATA / "culture_16x178919.npz"), "--axes", "unit,time", "--bin", "0.02")
    assert done.returncode == 0 and "178919 bins" in done.stderr
    assert run("raster", "info", str(DATA / "a1_cortex_16x104000.mat")).returncode == 2
