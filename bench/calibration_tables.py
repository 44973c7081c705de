# SPDX-License-Identifier: BSD-3-Clause
"""Numbers of bench/calibration.py as text."""
import math

import numpy as np


def markdown(head, rows):
    """Lines of a table that is aligned as it is."""
    cells = [[str(x) for x in line] for line in [head, *rows]]
    widths = [max(len(line[k]) for line in cells) for k in range(len(head))]
    text = ["| " + " | ".join(x.ljust(w) for x, w in zip(line, widths)) + " |" for line in cells]
    return [text[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *text[1:]]


def rate(events):
    """A share in per cent, with the error of a count (of half an event where there is none)."""
    events = np.asarray(events, dtype=bool)
    n, k = events.size, int(events.sum())
    if n == 0:
        return "-"
    p = (k + 0.5) / (n + 1)
    return f"{100 * k / n:.1f} +- {100 * math.sqrt(p * (1 - p) / n):.1f}"


def mean_of(values, percent=False):
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)] * (100 if percent else 1)
    if values.size == 0:
        return "-"
    if values.size == 1:
        return f"{values[0]:.2f}"
    return f"{values.mean():.2f} +- {values.std(ddof=1) / math.sqrt(values.size):.2f}"
