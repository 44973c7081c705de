# SPDX-License-Identifier: BSD-3-Clause
"""ki.Raster from files, beside times in lists."""

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
np.savez("r.npz", x=(ki.Raster.from_spikes(t, bin=0.1).to_array() > 0).T)
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
