# SPDX-License-Identifier: BSD-3-Clause
"""The parts of bench/calibration.py on `diagnose`: recordings of networks of a known regime, of networks of any, and
of what the model is not."""
import math

import numpy as np

from calibration_parts import case, split
from calibration_recordings import BURN_IN, course, draw, generator, margin, order_index, regime, truth
from calibration_tables import markdown, rate

REGIMES = {
    "weak": dict(mu=0.4, b=0.35, field=0.2),
    "moderate disordered": dict(mu=0.6, b=1.1, field=0.2),
    "quasi-deterministic disordered": dict(mu=0.7, b=4.0, field=0.2),
    "near-critical": dict(mu=1.4, b=0.7, field=0.1),
    "ordered": dict(mu=2.0, b=0.7, field=0.1),
}
KNOWN = [case(f"{word}, N {N}, T {T}", runs, quick, N=N, T=T, exact=True, **settings)
         for N, T, runs, quick in ((20, 1000, 40, 3), (20, 10000, 20, 2), (20, 100000, 6, 0), (40, 1000, 20, 1),
                                   (40, 10000, 12, 1), (40, 100000, 3, 0), (80, 1000, 8, 0), (80, 10000, 5, 0),
                                   (80, 100000, 1, 0))
         for word, settings in REGIMES.items()]
RANDOM = [case(f"N {N}, T {T}", runs, quick, N=N, T=T) for N, T, runs, quick in (
    (20, 1000, 120, 4), (20, 5000, 80, 2), (40, 1000, 80, 2), (40, 5000, 40, 0), (80, 5000, 12, 0))]
SHOWN = ("mu", "b", "g", "r", "sigma", "S", "ratio")


def stated(ki, raster, axes="trial,time,unit"):
    """What `diagnose` says, as a row."""
    found = ki.diagnose(raster, axes=axes, threads=1)
    row = {"verdict": found.verdict, "probable": found.regime, "p": float(found.probability.max()),
           "doubts": " ".join(found.doubts)}
    for name in SHOWN:
        value = getattr(found, name)
        row |= {name: float(value), name + "_sd": value.sd, name + "_low": value.low, name + "_high": value.high}
    for name, (z, fraction) in zip(("lag_2", "same_bin", "drift", "history"), found.misfit):
        row |= {name + "_z": float(z), name + "_fraction": float(fraction)}
    return dict(row, kappa=float(found.kappa), g_more=float(found.g_more),
                n_eff=found.n_eff, separated=found.separated)


def known(network, T, rng):
    """What is true of a network, per unit, and its regime."""
    true = order_index(network) | truth(network, T, rng)
    at = true["true_g"], true["true_r"], true["true_sigma"], true["true_S"]
    true |= {"true_ratio": at[2] / at[3], "true_sigma": at[2] / network.N, "true_S": at[3] / network.N}
    return dict(true, true=regime(*at), margin=margin(*at))


def run_known(ki, settings, index):
    (T,), rest = split(settings, "T")
    rng = generator("known", settings["name"], index)
    network = draw(ki, rng, **rest)
    return [known(network, min(T, 10000), rng) | stated(ki, course(network, rng, T))]


def run_random(ki, settings, index):
    """mu, b and fields as they come; a third of the recordings is sparse."""
    rng = generator("random", settings["name"], index)
    network = draw(ki, rng, settings["N"], mu=rng.uniform(0, 2.2), b=math.exp(rng.uniform(math.log(0.25), math.log(5))),
                   field=rng.uniform(0, 0.4), field_mean=-rng.uniform(0, 0.8) * (rng.random() < 1 / 3))
    return [known(network, settings["T"], rng) | stated(ki, course(network, rng, settings["T"]))]


# What the model is not

def unseen(network, rng, T):
    return course(network, rng, T)[:, :, :network.N // 2]


def wide_bins(network, rng, T):
    """Active in a bin of two steps is what is active in one of them."""
    seen = course(network, rng, 2 * T + 1)[:, :2 * T + 2]
    return np.maximum(seen[:, ::2], seen[:, 1::2])


def repeated(network, rng, T):
    return np.repeat(course(network, rng, T // 2), 2, axis=1)


def asynchronous(network, rng, T, bin):
    """The state every `bin` units of time, in each of which a unit is drawn once on average."""
    N, draws = network.N, rng.poisson(network.N * bin, T + 1 + math.ceil(200 / bin))
    order, luck = rng.integers(N, size=draws.sum()), rng.random(draws.sum())
    threshold, at, state, h, out = 0.5 * np.log(luck / (1 - luck)), 0, np.ones(N), network.H + network.J.sum(1), []
    for count in draws:
        for i, limit in zip(order[at:at + count].tolist(), threshold[at:at + count].tolist()):
            s = 1.0 if h[i] > limit else -1.0
            if s != state[i]:
                state[i] = s
                h += 2 * s * network.J[:, i]
        at += count
        out.append(state.astype(np.int8))
    return np.array(out)[None, -T - 1:]


def drifting(network, rng, T, amplitude, period):
    """A wave of the fields of all units, so many steps long."""
    phase, out, s = rng.uniform(0, 2 * math.pi), np.empty((BURN_IN + T + 1, network.N), np.int8), np.ones(network.N)
    for t, luck in enumerate(rng.random((BURN_IN + T + 1, network.N))):
        h = network.H + network.J @ s + amplitude * math.sin(2 * math.pi * t / period + phase)
        s = np.where(h > 0.5 * np.log(luck / (1 - luck)), 1.0, -1.0)
        out[t] = s
    return out[None, BURN_IN:]


VIOLATIONS = {
    "half of the units unseen": (dict(N=80), unseen),
    "bins of two steps": ({}, wide_bins),
    "frames repeated": ({}, repeated),
    "asynchronous, bin 0.5": ({}, lambda *a: asynchronous(*a, 0.5)),
    "asynchronous, bin 1": ({}, lambda *a: asynchronous(*a, 1)),
    "asynchronous, bin 2": ({}, lambda *a: asynchronous(*a, 2)),
    "symmetric couplings": (dict(angle=0), course),
    "one coupling in ten": (dict(density=0.1), course),
    "slow drift of fields": ({}, lambda n, rng, T: drifting(n, rng, T, 0.3, 1.3 * T)),
    "drift faster than the cosines": ({}, lambda n, rng, T: drifting(n, rng, T, 0.3, T / 20)),
    "none": ({}, course),
}
WRONG = [case(f"{what}; {word}", 4, int(k == n % len(REGIMES)), what=what,
              **dict(settings, N=40, T=20000, exact=True) | more)
         for n, (what, (more, _)) in enumerate(VIOLATIONS.items()) for k, (word, settings) in enumerate(REGIMES.items())]


def run_wrong(ki, settings, index):
    (T, what), rest = split(settings, "T", "what")
    rng = generator("violation", settings["name"], index)
    network = draw(ki, rng, **rest)
    true = order_index(network)
    return [dict(true, true=settings["name"].split("; ")[1]) | stated(ki, VIOLATIONS[what][1](network, rng, T))]


# Tables

def doubts_of(rows):
    counts = {}
    for word in (w for row in rows for w in str(row["doubts"]).split()):
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{word} {n}" for word, n in sorted(counts.items(), key=lambda x: -x[1])) or "-"


def tally(rows):
    """Recordings, verdicts that are right, wrong, withheld."""
    given = [row for row in rows if row["verdict"] != "cannot tell"]
    right = sum(row["verdict"] == row["true"] for row in given)
    return [len(rows), right, len(given) - right, len(rows) - len(given)]


def table_known(cases):
    rows = [dict(row, group=c["name"].split(", ", 1)[1]) for c in cases for row in c["rows"]]
    said = [*REGIMES, *sorted({row["verdict"] for row in rows} - {*REGIMES, "cannot tell"}), "cannot tell"]
    confusion = [[word, *(sum(row["true"] == word and row["verdict"] == v for row in rows) for v in said)]
                 for word in dict.fromkeys([*REGIMES, *(row["true"] for row in rows)])]
    groups = dict.fromkeys(row["group"] for row in rows)
    sizes = [[g, *tally(at), doubts_of([row for row in at if row["verdict"] == "cannot tell"])]
             for g in groups for at in [[row for row in rows if row["group"] == g]]]
    return ["Verdicts on networks well inside a regime (lines: what is true)", *markdown(["", *said], confusion), "",
            *markdown(["recordings of", "number", "right", "wrong", "cannot tell", "because of"], sizes), "",
            *table_coverage(rows)]


def table_coverage(rows):
    """Intervals of 95 %; r and sigma/S of disordered networks, since an ordered one changes its sign at times."""
    lines = []
    for group in dict.fromkeys(row["group"] for row in rows):
        at, line = [row for row in rows if row["group"] == group], [group]
        for name in SHOWN:
            use = [row for row in at if name in ("mu", "b", "g") or row["true_g"] < 0.9]
            line.append(rate([row[name + "_low"] <= row["true_" + name] <= row[name + "_high"] for row in use]))
        z = np.array([(row["g"] - row["true_g"]) / row["g_sd"] for row in at])
        lines.append([*line, f"{z.mean():.2f}", f"{z.std():.2f}"])
    return ["95 % intervals hold the truth (per cent); z = (g - true)/sd", *markdown(
        ["recordings of", *SHOWN[:-1], "sigma/S", "mean z", "its deviation"], lines)]


def table_gate(rows):
    """What other thresholds of probability and of sd(g) would have given, all other doubts as they are."""
    limits, lines = (0.05, 0.15, 0.5), []
    for least in (0.5, 0.8, 0.9, 0.95, 0.99):
        line = [f"P > {least:g}"]
        for limit in limits:
            given = [row for row in rows if row["p"] > least and row["g_sd"] < limit and
                     not set(str(row["doubts"]).split()) - {"probability", "spread"}]
            line.append(f"{len(given)}, {sum(row['probable'] != row['true'] for row in given)} wrong")
        lines.append(line)
    return ["Verdicts that other thresholds would have given (the defaults are P > 0.9 and sd(g) < 0.15)",
            *markdown(["", *(f"sd(g) < {limit:g}" for limit in limits)], lines)]


def table_random(cases):
    rows = [dict(row, group=c["name"]) for c in cases for row in c["rows"]]
    lines = []
    for c in cases:
        wrong = [row["margin"] for row in c["rows"] if row["verdict"] not in (row["true"], "cannot tell")]
        lines.append([c["name"], *tally(c["rows"]), f"{max(wrong):.3f}" if wrong else "-",
                      doubts_of([row for row in c["rows"] if row["verdict"] == "cannot tell"])])
    edges, bins = (0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01), []
    for low, high in zip(edges[:-1], edges[1:]):
        at = [row for row in rows if low <= row["p"] < high]
        if at:
            bins.append([f"{low:g} to {min(high, 1):g}", len(at), f"{100 * np.mean([row['p'] for row in at]):.1f}",
                         rate([row["probable"] == row["true"] for row in at])])
    return ["Verdicts on networks of random parameters, many of them near a border",
            *markdown(["recordings of", "number", "right", "wrong", "cannot tell", "farthest wrong one from its border",
                       "because of"], lines), "",
            "Reliability: the probability of the most probable regime, and how often it is the true one (per cent)",
            *markdown(["probability", "number", "mean", "true"], bins), "", *table_gate(rows), "", *table_coverage(rows)]


def table_wrong(cases):
    lines = []
    for what in dict.fromkeys(c["what"] for c in cases):
        rows = [row for c in cases if c["what"] == what for row in c["rows"]]
        drift = np.mean([row["g"] - row["true_g"] for row in rows])
        lines.append([what, *tally(rows), doubts_of(rows), f"{drift:+.2f}"])
    return ["Recordings that are none of the model, N = 40 seen (of 80 where half are unseen: 40), T = 20000; right: the "
            "regime of the network behind it", *markdown(["what is wrong", "number", "right", "wrong", "cannot tell",
                                                          "doubts", "g off by"], lines)]


PARTS = {"regimes": (KNOWN, run_known, table_known), "random": (RANDOM, run_random, table_random),
         "violations": (WRONG, run_wrong, table_wrong)}
