# SPDX-License-Identifier: BSD-3-Clause
"""Which regime a recording is in: a numpy layer over kinising/diagnose.h."""
from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from ._arguments import MISFITS, MOST_SEED, REGIMES, STATUSES, count, doubles, need_memory, number, one_of, text
from ._library import check, ffi, lib, need_library
from ._raster import as_raster
from ._results import Estimate, Result, words
from ._run import start_run

_kept: Any = weakref.WeakKeyDictionary()  # arrays that structs of C point into
_UNITS = {"nats": 1.0, "bits": 1 / float(np.log(2))}
_ESTIMATES = ("mu", "b", "g", "kappa", "sigma", "S", "r", "ratio", "autocorrelation", "branching")
_NUMBERS = ("fitted", "separated", "transitions", "rate", "n_eff", "g_more", "n_var_m", "q_minus_m2", "kurtosis", "mu_kbar",
            "repetition")
_DRAWS = ("mu", "b", "g", "r", "sigma", "S")
_CURVES = ("sigma", "S", "chi")
# Thresholds, and what they may be: above the first, up to the second.
_THRESHOLDS = {"probability": (0.5, 0.999999), "g_sd": (0, 1e6), "critical": (0, 1e6), "ordered": (0, 1e6),
               "deterministic": (0, 0.999999), "weak": (0, 0.999999), "misfit_z": (0, 1e6), "misfit_fraction": (0, 1e6),
               "kappa": (0, 1e6), "self_coupling": (0, 1e6), "shift": (0, 1e6)}


@dataclass(frozen=True, repr=False, eq=False)
class Diagnosis(Result):
    """See diagnose()."""
    verdict: str
    regime: str
    probability: np.ndarray
    doubts: np.ndarray
    reasons: np.ndarray
    notes: np.ndarray
    N: int
    beta: float
    fitted: int
    separated: int
    transitions: int
    rate: float
    n_eff: float
    mu: Estimate
    b: Estimate
    g: Estimate
    g_more: float
    kappa: Estimate
    fields: np.ndarray
    sigma: Estimate
    S: Estimate
    r: Estimate
    ratio: Estimate
    unit: str
    misfit: np.ndarray
    autocorrelation: Estimate
    branching: Estimate
    n_var_m: float
    q_minus_m2: float
    kurtosis: float
    mu_kbar: float
    repetition: float
    x: np.ndarray
    curve: np.ndarray
    draws: np.ndarray
    thresholds: np.ndarray
    cosines: int
    seed: int
    status: str

    def table(self) -> dict[str, np.ndarray]:
        """One row: the numbers and words by name; NAME_sd, NAME_low and NAME_high of those with an interval;
        p_REGIME; z_TEST and fraction_TEST of the misfit."""
        row = _flat(self)
        row |= {f"p_{_identifier(word)}": p for word, p in zip(_regimes(), self.probability)}
        row |= {f"{part}_{_identifier(test)}": x for test, pair in zip(MISFITS, self.misfit)
                for part, x in zip(("z", "fraction"), pair)}
        row["doubts"] = ", ".join(self.doubts)
        return {name: np.array([value]) for name, value in row.items()}

    def compare(self, other: "Diagnosis") -> "Change":
        """What changed from this recording to another one: whether entropy production rose, and along with what. [shares]

        Returns Change:
            rose           probability that sigma is larger in `other`; of that
            nearer, colder, both, neither  ... and only |ln g| fell (nearer to criticality), only r fell (more
                           deterministic), both did, neither did, by more than 0.05
            sigma, distance, r  changes of ln sigma, |ln g| and r, with .sd, .low and .high
            by_order, by_noise, by_rest  parts of the change of ln sigma: by g and by b in the infinite network, the rest
            doubts         why the model may not fit one of the recordings: then these numbers are in doubt
            draws, beta    pairs of draws; 1

        The same numbers as `kinising diagnose --compare`.
        """
        if not isinstance(other, Diagnosis):
            raise TypeError(f"other : is a {type(other).__name__} : use what diagnose() returns")
        keep = [_rebuilt(self), _rebuilt(other)]
        out = ffi.new("ki_comparison *")
        check(lib.ki_diagnose_compare(*keep[0], *keep[1], out))
        return Change(beta=1.0, draws=out.pairs, doubts=_doubt_words(out.doubts), **{name: getattr(out, name) for name in (
            "rose", "nearer", "colder", "both", "neither")}, **{name: _estimate(getattr(out, name), 1.0) for name in (
                "sigma", "distance", "r", "by_order", "by_noise", "by_rest")})


@dataclass(frozen=True, repr=False, eq=False)
class Change(Result):
    """See Diagnosis.compare()."""
    rose: float
    nearer: float
    colder: float
    both: float
    neither: float
    sigma: Estimate
    distance: Estimate
    r: Estimate
    by_order: Estimate
    by_noise: Estimate
    by_rest: Estimate
    doubts: np.ndarray
    draws: int
    beta: float

    def table(self) -> dict[str, np.ndarray]:
        """One row: the numbers by name; NAME_sd, NAME_low and NAME_high of those with an interval."""
        row = _flat(self)
        row["doubts"] = ", ".join(self.doubts)
        return {name: np.array([value]) for name, value in row.items()}


def _flat(result: Result) -> dict[str, Any]:
    """Numbers and words by name, intervals beside them."""
    row: dict[str, Any] = {}
    for name, value in result.items():
        if np.ndim(value) == 0:
            row[name] = value if isinstance(value, (str, int)) else float(value)
        if isinstance(value, Estimate):
            row |= {f"{name}_sd": value.sd, f"{name}_low": value.low, f"{name}_high": value.high}
    return row


def _rebuilt(d: Diagnosis) -> tuple[Any, Any]:
    """What the library compares of a diagnosis: it may have been stored in between."""
    made = ffi.new("ki_diagnosis *", {"rate": d.rate, "prior": {"field": d.fields[0], "field_sd": d.fields[1]},
                                      "options": {"draws": d.draws.shape[1]}})
    made.doubts = sum(1 << k for k in range(lib.KI_N_DOUBTS) if text(lib.ki_doubt_name(k)) in d.doubts)
    rows = [row / _UNITS[d.unit] if name in ("sigma", "S") else np.ascontiguousarray(row)
            for name, row in zip(_DRAWS, d.draws)]  # in nats, whatever it shows
    draws = ffi.new("ki_regime_draws *", {name: doubles(row) for name, row in zip(_DRAWS, rows)})
    _kept[draws] = rows
    return made, draws


def _doubt_words(bits: int) -> np.ndarray:
    return np.array([text(lib.ki_doubt_name(k)) for k in range(lib.KI_N_DOUBTS) if bits >> k & 1], dtype=str)


def _regimes() -> list[str]:
    return [word for word, k in REGIMES.items() if k != lib.KI_CANNOT_TELL]


def _identifier(word: str) -> str:
    return word.replace(" ", "_").replace("-", "_")


def _estimate(v: Any, scale: float) -> Estimate:
    return Estimate(v.value * scale, v.sd * scale, v.low * scale, v.high * scale)


def _member(threshold: str) -> str:
    return "self" if threshold == "self_coupling" else threshold


def _set_thresholds(options: Any, given: dict[str, Any]) -> None:
    for name, value in given.items():
        least, most = _THRESHOLDS[name]
        value = number(name, value)
        if not (least < value <= most or value == least == 0.5):
            raise ValueError(f"{name} : {value:.6g} is out of range : use a number above {least:g}, at most {most:g}")
        setattr(options, _member(name), value)
    for low, high in (("critical", "ordered"), ("deterministic", "weak")):
        if getattr(options, low) >= getattr(options, high):
            raise ValueError(f"{low} : {getattr(options, low):.6g}, and {high} is {getattr(options, high):.6g} : use one "
                             "below it")


def _curves(d: Any, scale: float) -> np.ndarray:
    """[3,points,4]: sigma, S and chi; low, median, high and exact."""
    values = [[(band.low, band.median, band.high, exact) for band, exact in (
        (getattr(d.curve[k], name), getattr(d.curve[k], f"exact_{name}")) for k in range(d.points))] for name in _CURVES]
    return np.array(values).reshape(len(_CURVES), d.points, 4) * np.reshape([scale, scale, 1.0], (3, 1, 1))


def diagnose(raster: Any, axes: Any = None, bin: Optional[float] = None, trial_length: Optional[int] = None,
             unit: str = "nats", probability: float = 0.9, g_sd: float = 0.15, critical: float = 0.9,
             ordered: float = 1.1, deterministic: float = 0.5, weak: float = 0.8, misfit_z: float = 5.0,
             misfit_fraction: float = 0.01, kappa: float = 0.3, self_coupling: float = 0.3, shift: float = 0.1,
             cosines: int = 10, draws: int = 2000, points: int = 0, seed: int = 1, threads: int = 0) -> Diagnosis:
    """Which regime a recording is in, or that it cannot be told, why, and what to try. [regime] [misfit] [evidence]

    Parameters:
        raster         a Raster, or what one is made of: then with
        axes, bin, trial_length  as for Raster
        unit           of entropies, 'nats' or 'bits'
        probability, g_sd  a verdict needs a regime at least as probable, and g known so well
        critical, ordered  g of the near-critical regime
        deterministic, weak  r = S/S_ind below and above which a disordered network is called so
        misfit_z, misfit_fraction  a test of the model withholds the verdict above both
        kappa, self_coupling, shift  largest |correlation of J_ij and J_ji|, self-coupling, change of g with twice the cosines
        cosines        slow waves that take up drift, 0 for none
        draws, points  of the posterior; of the curves (0 for none, at most 33)
        seed           of the draws
        threads        0 = all available; the values do not depend on it

    Returns Diagnosis:
        verdict        a regime, or 'cannot tell'
        regime, probability  the most probable one; [6] of 'ordered', 'near-critical', 'quasi-deterministic disordered',
                       'deterministic reversible', 'moderate disordered', 'weak', if the model is right
        doubts, reasons  [k] why there is no verdict: words; sentences, with what to try
        notes          [k] 'cold' (near-critical and nearly deterministic), 'sparse' (g is an extrapolation)
        mu, b          N times the mean and sqrt(N) times the deviation of the couplings of this network, beta = 1
        g, g_more      order index, 1 at the critical line; with twice the cosines
        kappa          correlation of J_ij and J_ji
        sigma, S, r, ratio  entropy production and path entropy per fitted unit and bin; S over that of independent units;
                       sigma/S. All of these are numbers with .sd, .low and .high (95 %)
        fields         [2] mean and deviation of the fields of the ensemble
        misfit         [k,2] z and share of the fit's gain of the tests of the model: 'lag-2', 'same-bin', 'drift',
                       'history'
        autocorrelation, branching, n_var_m, q_minus_m2, kurtosis, mu_kbar, repetition  shown, never judged by: of mean
                       activity at lag 1; branching ratio; N Var M; q - m^2; of the couplings; mu times the mean slope;
                       share of bins with a pattern seen before
        N, fitted, separated, transitions, rate, n_eff  units, those that change, those without a finite fit; pairs of
                       bins; share of active bins; effective transitions a parameter
        x, curve       [points] factors of all couplings and fields; [3,points,4] sigma, S and chi there: low, median and
                       high of posterior draws, exact for N -> infinity
        draws          [6,draws] mu, b, g, r, sigma, S
        unit, cosines, seed, thresholds  what was asked for, the last [11] in the order above
        status         whether the ensemble was found

    The same numbers as `kinising diagnose`. table() gives one row; compare() says what another recording has more of.

    Raises ValueError, TypeError, MemoryError (before anything runs). Ctrl-C stops it.

    >>> network = ki.Network.draw(20, beta=0.5, J0=0.3, dJ=0.6, seed=1)
    >>> raster = network.simulate(replicas=1, steps=4000, raster=True).raster
    >>> ki.diagnose(raster, axes="trial,time,unit").verdict
    'weak'
    """
    need_library()
    run, scale = start_run(threads), one_of("unit", unit, _UNITS)
    recording = as_raster("raster", raster, axes, bin, trial_length)
    n_draws, waves = count("draws", draws, 10**6, 100), count("cosines", cosines, 32, 0, " (none)")
    n_points = count("points", points, lib.KI_MOST_CURVE_POINTS, 0, " (none)")
    if n_points == 1:
        raise ValueError("points : 1 makes no curve : use 0 (none) or 2 and more")
    options = ffi.new("ki_diagnose_options *", {
        "draws": n_draws, "seed": count("seed", seed, MOST_SEED, 0), "cosines": waves or -1, "points": n_points})
    _set_thresholds(options, {
        "probability": probability, "g_sd": g_sd, "critical": critical, "ordered": ordered,
        "deterministic": deterministic, "weak": weak, "misfit_z": misfit_z, "misfit_fraction": misfit_fraction,
        "kappa": kappa, "self_coupling": self_coupling, "shift": shift})
    need = ffi.new("uint64_t *")
    check(lib.ki_diagnose_memory(recording.units, recording.bins, options, run.options.threads, need))
    need_memory(f"diagnose : N = {recording.units}", float(need[0]) + 48.0 * n_draws, "use fewer units or bins")
    drawn = np.empty((len(_DRAWS), n_draws))
    arrays = ffi.new("ki_regime_draws *", {name: doubles(array) for name, array in zip(_DRAWS, drawn)})
    d = ffi.new("ki_diagnosis *")
    check(lib.ki_diagnose(recording._raster, options, ffi.addressof(run, "options"), arrays, d))
    drawn[[_DRAWS.index(name) for name in ("sigma", "S")]] *= scale
    doubts = [k for k in range(lib.KI_N_DOUBTS) if d.doubts >> k & 1]
    prior = d.prior
    return Diagnosis(
        verdict=words(REGIMES, d.verdict), regime=words(REGIMES, d.regime),
        probability=np.array([d.probability[REGIMES[word]] for word in _regimes()]),
        doubts=_doubt_words(d.doubts),
        reasons=np.array([f"{text(lib.ki_doubt_reason(k))}: try {text(lib.ki_doubt_advice(k))}" for k in doubts], dtype=str),
        notes=np.array([word for word in ("cold", "sparse") if getattr(d, word)], dtype=str), N=d.units, beta=1.0, unit=unit,
        fields=np.array([prior.field, prior.field_sd]),
        misfit=np.array([(d.misfit[k].z, d.misfit[k].fraction) for k in MISFITS.values()]),
        x=np.array([d.curve[k].x for k in range(d.points)]), curve=_curves(d, scale), draws=drawn, cosines=waves,
        thresholds=np.array([getattr(options, _member(name)) for name in _THRESHOLDS]), seed=options.seed,
        status=words(STATUSES, prior.status),
        **{name: _estimate(getattr(d, name), scale if name in ("sigma", "S") else 1.0) for name in _ESTIMATES},
        **{name: getattr(d, name) for name in _NUMBERS})
