# SPDX-License-Identifier: BSD-3-Clause
"""Recordings from spike times, bin by bin. Exact for whole numbers and fractions; floats round where a border is."""
import numpy as np


def spike_bins(trains, width, windows):
    """[spike-bins] States 0 and 1 (bin, unit) of one window after another, and the spikes of each unit that were lost."""
    parts, lost = [np.zeros((0, len(trains)), dtype=int)], np.zeros(len(trains), dtype=int)
    for begin, end in windows:
        counts = np.zeros((int((end - begin) // width), len(trains)), dtype=int)
        for k in range(len(counts)):
            for i, train in enumerate(trains):
                counts[k, i] = sum(begin + k * width <= t < begin + (k + 1) * width for t in train)
        parts.append(np.minimum(counts, 1))
        lost += (counts - parts[-1]).sum(0)
    return np.concatenate(parts), lost
