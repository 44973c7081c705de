# SPDX-License-Identifier: BSD-3-Clause
"""The parts of bench/calibration.py on `fit` and `entropy`: cases, one run of each, and their tables."""
import math

import numpy as np

from calibration_recordings import course, draw, generator, truth
from calibration_tables import markdown, mean_of, rate

TWO_SIDED = 1.959964
BOUNDS_TO = 20  # units up to which bounds take part
DEAR_TO = 30000  # units times transitions up to which tests by surrogates do, in every
EACH_DEAR = 4  # fourth run


def case(name, runs, quick=0, **settings):
    """`runs` of the full form, `quick` of the other."""
    return dict(settings, name=name, runs=runs, quick=quick)


def split(settings, *names):
    """The settings of these names, and those of the network."""
    rest = {k: v for k, v in settings.items() if k not in ("name", "runs", "quick", *names)}
    return [settings.get(name) for name in names], rest


# entropy: estimates against the truth

ENTROPY = [
    case("N 5, T 1000", 400, 40, N=5, T=1000),
    case("N 10, weak, T 1000", 300, 20, N=10, b=0.5, T=1000),
    case("N 10, T 1000", 300, 20, N=10, T=1000),
    case("N 10, T 10000", 200, 10, N=10, T=10000),
    case("N 10, cold, T 3000", 300, 10, N=10, b=2.0, T=3000),
    case("N 10, sparse, T 10000", 200, 10, N=10, field_mean=-1.2, T=10000),
    case("N 10, cold, T 200 (separated)", 200, 10, N=10, b=2.0, T=200),
    case("N 20, T 3000", 40, 4, N=20, T=3000, recordings=5),
    case("N 40, weak, T 10000", 20, 1, N=40, b=0.5, T=10000, recordings=5),
    case("N 40, T 10000", 20, 1, N=40, T=10000, recordings=5),
    case("N 40, cold, T 10000", 20, 0, N=40, b=2.0, T=10000, recordings=5),
    case("N 80, T 10000", 12, 0, N=80, T=10000, recordings=5),
    case("N 80, T 100000", 3, 0, N=80, T=100000, recordings=4),
]


def estimators(ki, N):
    from kinising._arguments import ESTIMATORS
    always = ["model", "plugin", "crossfit"]
    return always + [word for word in ESTIMATORS if word not in always and N <= BOUNDS_TO], list(ESTIMATORS)


def run_entropy(ki, settings, index):
    (T, recordings), rest = split(settings, "T", "recordings")
    rng = generator("entropy", settings["name"], index)
    network = draw(ki, rng, **rest)
    true, (chosen, every) = truth(network, T, rng), estimators(ki, network.N)
    rows = []
    for _ in range(recordings or 1):
        found = ki.entropy_production(course(network, rng, T), axes="trial,time,unit", estimator=chosen, flips=199,
                                      threads=1)
        row = {"true": true["true_sigma"], "S": found.S, "true_S": true["true_S"], "separated": found.separated}
        for word in every:
            at = chosen.index(word) if word in chosen else None
            for name in ("sigma", "sigma_err", "bias"):
                row[f"{word}_{name}"] = math.nan if at is None else getattr(found, name)[at]
        rows.append(row)
    return rows


def table_entropy(cases):
    head = ["recordings of", "runs", "sigma, nats a step", "model: 95 % interval holds", "its error over its deviation",
            "bias: model", "crossfit", "plugin", "bias of S"]
    extra = sorted({k[:-6] for c in cases for k in c["rows"][0] if k.endswith("_sigma") and
                    k[:-6] not in ("true", "model", "crossfit", "plugin")})
    lines = []
    for c in cases:
        column = {k: np.array([row[k] for row in c["rows"]]) for k in c["rows"][0]}
        off = column["model_sigma"] - column["true"]
        inside = np.abs(off) < TWO_SIDED * column["model_sigma_err"]
        size = column["true"].mean()
        line = [c["name"], len(off), f"{size:.3g}", rate(inside),
                f"{math.sqrt((column['model_sigma_err']**2).mean() / off.var(ddof=1)) if len(off) > 2 else math.nan:.2f}"]
        line += [mean_of((column[word + "_sigma"] - column["true"]) / size, percent=True)
                 for word in ("model", "crossfit", "plugin")]
        line += [mean_of(column["S"] / column["true_S"] - 1, percent=True)]
        line += [mean_of((column[word + "_sigma"] - column["true"]) / size, percent=True) for word in extra]
        lines.append(line)
    return ["Entropy production against the truth (all states up to N = 10, long simulations above); relative bias",
            *markdown(head + [f"bias: {word}" for word in extra], lines)]


# reversible networks: sizes; nearly reversible ones: power

REVERSIBLE = [
    case("N 5, T 1000", 600, 20, N=5, b=0.8, angle=0, T=1000),
    case("N 10, T 1000", 400, 8, N=10, b=0.7, angle=0, T=1000),
    case("N 10, T 10000", 300, 10, N=10, b=0.7, angle=0, T=10000),
    case("N 10, sparse, T 10000", 300, 10, N=10, b=0.7, angle=0, field_mean=-1.2, T=10000),
    case("N 20, T 3000", 300, 10, N=20, b=0.7, angle=0, T=3000),
    case("N 40, T 3000", 200, 2, N=40, b=0.6, angle=0, T=3000),
    case("N 40, T 20000", 100, 0, N=40, b=0.6, angle=0, T=20000),
]
IRREVERSIBLE = [
    case("N 5, 8 degrees, T 1000", 300, 10, N=5, b=0.8, angle=8, T=1000),
    case("N 10, 4 degrees, T 3000", 200, 3, N=10, b=0.7, angle=4, T=3000),
    case("N 10, 6 degrees, T 3000", 100, 2, N=10, b=0.7, angle=6, T=3000),
    case("N 20, 4 degrees, T 5000", 200, 4, N=20, b=0.7, angle=4, T=5000),
    case("N 40, 3 degrees, T 20000", 60, 0, N=40, b=0.6, angle=3, T=20000),
]


def tested(ki, raster, index, dear, shuffles=False):
    """p-values of all tests that there are; those by surrogates where they are not too dear."""
    from kinising._arguments import TESTS
    words = [w for w in TESTS if w not in ("bootstrap", "shifts", "shuffles") or (shuffles if w == "shuffles" else dear)]
    more = {"surrogates": 99} if {"bootstrap", "shuffles"} & set(words) else {}
    found = ki.entropy_production(raster, axes="trial,time,unit", tests=words, flips=999, threads=1, seed=index, **more)
    return [dict({"p_" + w: getattr(found, w + "_p_value") for w in TESTS}, sigma=found.sigma, sigma_err=found.sigma_err)]


def run_reversible(ki, settings, index):
    (T,), rest = split(settings, "T")
    rng = generator("reversible", settings["name"], index)
    network = draw(ki, rng, **rest)
    return tested(ki, course(network, rng, T), index, network.N * T <= DEAR_TO and index % EACH_DEAR == 0)


def table_rejections(cases, title):
    tests = list(dict.fromkeys(k for c in cases for k in c["rows"][0] if k.startswith("p_")))
    tests = [k for k in tests if np.isfinite([row[k] for c in cases for row in c["rows"]]).any()]
    lines = []
    for c in cases:
        line = [c["name"], len(c["rows"])]
        for test in tests:
            p = np.array([row[test] for row in c["rows"]])
            p = p[np.isfinite(p)]
            few = f" of {p.size}" if 0 < p.size < len(c["rows"]) else ""
            line.append(rate(p <= 0.05) + few)
        z = np.array([abs(row["sigma"]) < TWO_SIDED * row["sigma_err"] for row in c["rows"]])
        lines.append(line + [rate(z)])
    return [title, *markdown(["recordings of", "runs", *(test[2:] for test in tests), "interval holds 0"], lines)]


# what the surrogates of other names test: no coupling, nothing beyond the stimulus

NULLS = [
    case("no coupling, N 10, T 2000", 200, 5, b=0.0),
    case("stimulus alone, N 8, 30 trials", 200, 4, b=0.0, stimulus=0.6),
    case("stimulus and couplings", 100, 4, b=0.7, stimulus=0.6),
    case("trials with couplings", 100, 4, b=0.7),
]


def run_null(ki, settings, index):
    """Units with self-couplings; with trials, fields that take the same course in each of them."""
    (b, stimulus), name = (settings["b"], settings.get("stimulus", 0)), settings["name"]
    rng = generator("null", name, index)
    trials, T, N = (1, 2000, 10) if "T 2000" in name else (30, 100, 8)
    network = draw(ki, rng, N, b=b)
    J, wave, t = network.J + 0.3 * np.eye(N), rng.normal(size=(3, N, 2)), np.arange(T + 1)
    fields = network.H + stimulus * sum(np.cos(2 * np.pi * (k + 1) * t / T)[:, None] * wave[k, :, 0] +
                                        np.sin(2 * np.pi * (k + 1) * t / T)[:, None] * wave[k, :, 1] for k in range(3)) / 2
    x, s = np.empty((trials, T + 1, N), np.int8), np.ones((trials, N))
    for step in range(-50, T + 1):
        h = (fields[max(step, 0)] + s @ J.T)
        s = np.where(rng.random((trials, N)) < 1 / (1 + np.exp(-2 * h)), 1.0, -1.0)
        x[:, max(step, 0)] = s
    return tested(ki, x, index, trials == 1, trials > 1)


# fit: errors of couplings and fields

FIT = [case(f"N {N}, T {T}", runs, quick, N=N, T=T) for N, T, runs, quick in (
    (10, 300, 150, 10), (10, 1000, 150, 10), (10, 3000, 100, 10), (10, 10000, 60, 10), (10, 30000, 40, 5),
    (40, 3000, 20, 2), (40, 10000, 15, 2), (40, 30000, 10, 1), (40, 100000, 6, 0), (80, 10000, 6, 1), (80, 100000, 2, 0))]
FIT += [case("N 10, cold, T 3000", 100, 10, N=10, b=2.0, T=3000),
        case("N 20, sparse, T 10000", 40, 3, N=20, field_mean=-1.2, T=10000)]


def run_fit(ki, settings, index):
    (T,), rest = split(settings, "T")
    rng = generator("fit", settings["name"], index)
    network = draw(ki, rng, **rest)
    raster, row = ki.Raster(course(network, rng, T), axes="trial,time,unit"), {}
    for word, firth in (("ml", "auto"), ("firth", "all")):
        found = ki.fit(raster, firth=firth, threads=1)
        use = found.status_unit == "ok" if word == "ml" else np.isin(found.status_unit, ("ok", "separated"))
        row[word + "_lost"] = (~np.isin(found.status_unit, ("ok", "separated"))).sum()
        J, off = network.J[use], (found.J - network.J)[use]
        row[word + "_J"] = (np.abs(off) < TWO_SIDED * found.J_err[use]).mean()
        row[word + "_H"] = (np.abs(found.H - network.H) < TWO_SIDED * found.H_err)[use].mean()
        row[word + "_slope"] = (found.J[use] * J).sum() / (J * J).sum()
        row[word + "_square"] = (off**2).mean()
    return [dict(row, separated=found.separated)]


def exponents(cases):
    """Of T in the root mean square error of J, by straight lines through the cases of one size."""
    said = []
    for N in (10, 40):
        at = [(c["T"], np.mean([row["firth_square"] for row in c["rows"]])) for c in cases
              if c["N"] == N and c["name"] == f"N {N}, T {c['T']}" and c["T"] >= 1000]
        if len(at) > 2:
            x, y = np.log(np.array(at)).T
            said.append(f"N = {N}: T^{np.polyfit(x, y / 2, 1)[0]:.3f}")
    return "Root mean square error of J (Firth) falls like " + "; ".join(said) if said else ""


def table_fit(cases):
    lines = []
    for c in cases:
        column = {k: np.array([row[k] for row in c["rows"]]) for k in c["rows"][0]}
        line = [c["name"], len(c["rows"]), f"{column['separated'].mean():.2g}",
                int(column["ml_lost"].sum() + column["firth_lost"].sum())]
        for word in ("ml", "firth"):
            line += [mean_of(column[word + "_J"], percent=True), mean_of(column[word + "_H"], percent=True),
                     mean_of(column[word + "_slope"] - 1, percent=True),
                     f"{math.sqrt(column[word + '_square'].mean()):.3g}"]
        lines.append(line)
    head = ["networks of", "networks", "separated units", "rows that failed"]
    head += [f"{word}: {what}" for word in ("likelihood", "Firth") for what in (
        "95 % intervals of J hold", "of H", "J too large by", "rms error of J")]
    return ["Couplings and fields (likelihood: rows that have a maximum)", *markdown(head, lines), "", exponents(cases)]


PARTS = {
    "fit": (FIT, run_fit, table_fit),
    "entropy": (ENTROPY, run_entropy, table_entropy),
    "size": (REVERSIBLE, run_reversible,
             lambda c: table_rejections(c, "Reversible networks: how often each test finds p <= 0.05 (its size)")),
    "power": (IRREVERSIBLE, run_reversible, lambda c: table_rejections(
        c, "Nearly reversible networks: how often each test finds p <= 0.05 (its power)")),
    "nulls": (NULLS, run_null, lambda c: table_rejections(
        c, "Surrogates under their names: shifts test that nothing is coupled, shuffles that nothing is beyond the "
        "stimulus. How often each test finds p <= 0.05")),
}
