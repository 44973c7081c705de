# SPDX-License-Identifier: BSD-3-Clause
"""ki.Raster from files and from what pynapple, neo and pandas have (small fakes of them)."""

from support import build, copy_package, find_build, run_script

SCRIPT = r'''
import numpy as np, kinising as ki
t = {0: [0.05, 0.31], 3: [0.12], 7: []}
def same(r):
    assert r.active.tolist() == [2, 1, 0] and r.bin == 0.1, (r, r.active)
    return r
r = same(ki.Raster.from_spikes(t, bin=0.1))
assert r.ids.tolist() == [0, 3, 7] and r.bins == 4
same(ki.Raster.from_spikes(list(t.values()), bin=0.1))
class Ts:
    def __init__(self, x): self.index = np.array(x)
class Group(dict):
    time_support = {"start": np.array([0.0, 0.3]), "end": np.array([0.2, 0.5])}
g = same(ki.Raster.from_spikes(Group({k: Ts(x) for k, x in t.items()}), bin=0.1))
assert (g.bins, g.trials) == (4, 2)
class Train:
    def __init__(self, x): self.magnitude = np.array(x) * 1000
    def rescale(self, unit):
        assert unit == "s"
        return Train(self.magnitude / 1e6)
class Segment:
    spiketrains = [Train(x) for x in t.values()]
same(ki.Raster.from_spikes(Segment(), bin=0.1))
class Frame(dict):
    columns = ["unit", "time"]
f = ki.Raster.from_spikes(Frame(unit=[0, 3, 0], time=[0.05, 0.12, 0.31]), bin=0.1)
assert f.ids.tolist() == [0, 3]
np.savez("r.npz", x=(g.to_array() > 0).T)
m = ki.Raster.read("r.npz", axes="unit,time", units=[0, 1], window=(0.0, 0.3), bin=0.1)
assert (m.units, m.bins, m.ids.tolist()) == (2, 3, [0, 1])
for wrong, error in [(dict(), ValueError), (dict(axes="time,unit,trial"), ValueError), (dict(axes="unit,time", key="y"), ValueError)]:
    try:
        ki.Raster.read("r.npz", **wrong)
    except error as e:
        assert str(e).count(" : ") >= 2
    else:
        assert False, wrong
print("done")
'''


def test_recordings(tmp_path):
    copy_package(tmp_path)
    done = build(find_build(), "--output", tmp_path / "kinising")
    assert done.returncode == 0, done.stderr
    (tmp_path / "s.py").write_text(f"import os\nos.chdir({str(tmp_path)!r})\n" + SCRIPT)
    done = run_script(tmp_path, tmp_path / "s.py")
    assert done.returncode == 0 and done.stdout == "done\n", done.stderr
