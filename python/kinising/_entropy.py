# SPDX-License-Identifier: BSD-3-Clause
"""Entropy production of recordings: a numpy layer over kinising/thermo.h."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence, Union

import numpy as np

from ._arguments import ESTIMATORS, MOST_SEED, STATUSES, TESTS, count, doubles, need_memory, one_of, pair
from ._library import check, ffi, lib, need_library
from ._raster import as_raster
from ._results import Numbers, Result, Words, plain, words
from ._run import start_run

_PER = {"step": 0, "spin": 1, "spike": 2, "second": 3}
_UNITS = {"nats": 0, "bits": 1}
_ADJUST = {"bh": 0, "holm": 1}


@dataclass(frozen=True, repr=False, eq=False)
class EntropyProduction(Result):
    """See entropy_production()."""
    estimator: Words
    sigma: Numbers
    sigma_err: Numbers
    bias: Numbers
    S: float
    Sr: Numbers
    z: float
    z_p_value: float
    flips: float
    flips_p_value: float
    symmetric: float
    symmetric_p_value: float
    bootstrap: float
    bootstrap_p_value: float
    shifts: float
    shifts_p_value: float
    shuffles: float
    shuffles_p_value: float
    surrogates: dict[str, tuple[float, float]]
    unit: str
    N: int
    beta: float
    fitted: int
    separated: int
    transitions: int
    seed: int
    H: np.ndarray
    J: np.ndarray
    sigma_unit: np.ndarray
    sigma_unit_err: np.ndarray
    p_unit: np.ndarray
    q_unit: np.ndarray
    sigma_pair: np.ndarray
    sigma_pair_err: np.ndarray
    p_pair: np.ndarray
    q_pair: np.ndarray
    status_unit: np.ndarray
    status: Words

    _columns = ("estimator", "sigma", "sigma_err", "bias", "S", "Sr", "z", "z_p_value", "flips", "flips_p_value",
                "symmetric", "symmetric_p_value", "bootstrap", "bootstrap_p_value", "shifts", "shifts_p_value", "shuffles",
                "shuffles_p_value", "unit",
                "N", "beta", "fitted", "separated", "transitions", "seed", "status")


def _adjusted(how: int, p: np.ndarray) -> np.ndarray:
    q = p.copy()
    check(lib.ki_adjust_p(how, q.size, doubles(q), doubles(q)))
    return q


def entropy_production(raster: Any, axes: Any = None, bin: Optional[float] = None, trial_length: Optional[int] = None,
                       estimator: Union[str, Sequence[str]] = "model", per: str = "step", unit: str = "nats",
                       tests: Sequence[str] = ("z", "flips"), folds: int = 10, refit: bool = False, flips: int = 1999, surrogates: int = 199, adjust: str = "bh", window: Optional[Sequence[int]] = None,
                       seed: int = 1, threads: int = 0) -> EntropyProduction:
    """Entropy production of a recording, with its bias, error and tests of reversibility. [sigma-data] [flips]

    Parameters:
        raster         a Raster, or what one is made of: then with
        axes, bin, trial_length  as for Raster
        estimator      'model' (of Firth's network, bias taken off), 'plugin' (of the likeliest network, bias left in),
                       'crossfit' (couplings of one part, moments of another), 'mtur', 'maxent' (lower bounds by the
                       thermodynamic uncertainty relation and by the process of largest entropy), or a list of them
        per, unit      'step' (whole network), 'spin', 'spike', 'second'; 'nats', 'bits'
        tests          some of 'z', 'flips', 'symmetric', 'bootstrap', 'shifts', 'shuffles'; the others are nan
        folds, refit   parts of crossfit; whether it fits anew without each part (else one step from the fit to all)
        flips          number of random flips of blocks in time
        surrogates     number of recordings of each of 'bootstrap', 'shifts' and 'shuffles'
        adjust         p-values of units and pairs: 'bh' (Benjamini, Hochberg) or 'holm'
        window         (first, end): these bins alone
        seed           of the flips and surrogates
        threads        0 = all available; the values do not depend on it

    Returns EntropyProduction:
        estimator, sigma, sigma_err, bias, Sr, status  of the estimator, arrays if it is a list; S the path entropy, Sr = S + sigma
        z, z_p_value   sigma of 'model' over its deviation where it is 0, one-sided
        flips, flips_p_value  needs no model: right for any stationary reversible process
        symmetric, symmetric_p_value  likelihood ratio of the network with J = J^T, chi-squared
        bootstrap, bootstrap_p_value  sigma of 'model' less its mean over courses of the likeliest network with J = J^T
        shifts, shifts_p_value  ... over recordings whose units are shifted in time: tests "no coupling", not reversibility
        shuffles, shuffles_p_value  ... whose trials are shuffled unit by unit: what is beyond the stimulus
        surrogates     mean and standard deviation of sigma over the surrogates, by the name of the test
        H, J           of the network of 'model', beta = 1
        unit, N, seed  of sigma and so on ('nats/step' ...); number of units; what was asked for
        sigma_unit, sigma_unit_err, p_unit, q_unit  [N] shares of units, p-values of flips, adjusted ones
        sigma_pair, sigma_pair_err, p_pair, q_pair  [N,N] shares of pairs, p-values of J_ij = J_ji, adjusted ones
        fitted, separated, transitions  units that change, units without a finite maximum, pairs of bins
        status_unit    [N] as in fit()

    The same numbers as `kinising entropy`. table() gives rows.

    Raises ValueError, TypeError, MemoryError (before anything runs). Ctrl-C stops it.

    >>> network = ki.Network(H=[0, 0], J=[[0, 0.5], [-0.5, 0]])
    >>> raster = network.simulate(replicas=1, steps=20000, raster=True).raster
    >>> r = ki.entropy_production(raster, axes="trial,time,unit")
    >>> abs(r.sigma - 2 * network.exact().sigma) < 5 * r.sigma_err
    True
    """
    need_library()
    run, several = start_run(threads), not isinstance(estimator, str)
    recording = as_raster("raster", raster, axes, bin, trial_length)
    chosen = [one_of("estimator", word, ESTIMATORS) for word in (estimator if several else [estimator])]
    if not chosen:
        raise ValueError("estimator : the list is empty : use some of " + ", ".join(ESTIMATORS))
    tested = [one_of("tests", word, TESTS) for word in ([tests] if isinstance(tests, str) else tests)]
    if not tested:
        raise ValueError("tests : the list is empty : use some of " + ", ".join(TESTS))
    first, end = (0, recording.bins) if window is None else (count("window", x, 2**40, 0) for x in pair("window", window))
    if end <= first:
        raise ValueError(f"window : from bin {first} to {end} : use a first bin below the end")
    spec = ffi.new("ki_entropy_spec *", {
        "estimators": sum(1 << k for k in set(chosen)), "tests": sum(1 << k for k in set(tested)), "folds": count("folds", folds, 2**40, 2),
        "refit": int(bool(refit)), "flips": count("flips", flips, 10**6), "surrogates": count("surrogates", surrogates, 10**6),
        "seed": count("seed", seed, MOST_SEED, 0), "first_bin": first,
        "bins": end - first})
    N, need, factor = recording.units, ffi.new("uint64_t *"), ffi.new("double *")
    how, adjusted = one_of("per", per, _PER), one_of("adjust", adjust, _ADJUST)
    check(lib.ki_entropy_scale(recording._raster, how, one_of("unit", unit, _UNITS), factor))
    check(lib.ki_entropy_memory(N, recording.bins, spec, run.options.threads, need))
    need_memory(f"entropy_production : N = {N}", need[0] + 40.0 * N * (N + 2), "use fewer units")
    r = ffi.new("ki_entropy_result *")
    arrays = {name: np.empty((N, N) if name in ("J", "pair", "pair_error", "pair_p") else N)
              for name in ("H", "unit", "unit_error", "unit_p", "J", "pair", "pair_error", "pair_p")}
    for name, array in arrays.items():
        setattr(r, name, doubles(array))
    statuses = np.empty(N, dtype=np.intc)
    r.unit_status = ffi.from_buffer("int[]", statuses)
    check(lib.ki_entropy_production(recording._raster, spec, ffi.addressof(run, "options"), r))
    scale, upper = factor[0], np.triu_indices(N, 1)
    rows = np.array([(v.sigma * scale, v.error * scale, v.bias * scale, v.status) for v in (r.value[k] for k in chosen)])
    shape = (len(chosen),) if several else ()
    sigma, error, bias = (rows[:, k].reshape(shape).copy() for k in range(3))
    pair_q = np.full((N, N), np.nan)
    pair_q[upper] = _adjusted(adjusted, arrays["pair_p"][upper])
    pair_q.T[upper] = pair_q[upper]
    names = [next(word for word, k in ESTIMATORS.items() if k == number) for number in chosen]
    outcomes, found = {}, {}
    for word, k in TESTS.items():
        by = scale if k >= lib.KI_TEST_BOOTSTRAP else 1
        outcomes[word], outcomes[word + "_p_value"] = r.test[k].statistic * by, r.test[k].p_value
        if k >= lib.KI_TEST_BOOTSTRAP and k in tested:
            found[word] = (r.test[k].mean * by, r.test[k].deviation * by)
    return EntropyProduction(
        estimator=np.array(names) if several else names[0], sigma=plain(sigma), sigma_err=plain(error), bias=plain(bias),
        S=r.S * scale, Sr=plain(r.S * scale + sigma), **outcomes, surrogates=found,
        unit=unit + {"step": "/step", "spin": "/spin/step", "spike": "/spike", "second": "/s"}[per], N=N,
        beta=1.0, fitted=r.fitted, separated=r.separated, transitions=r.transitions, seed=spec.seed, H=arrays["H"], J=arrays["J"],
        sigma_unit=arrays["unit"] * scale, sigma_unit_err=arrays["unit_error"] * scale, p_unit=arrays["unit_p"],
        q_unit=_adjusted(adjusted, arrays["unit_p"]), sigma_pair=arrays["pair"] * scale,
        sigma_pair_err=arrays["pair_error"] * scale, p_pair=arrays["pair_p"],
        q_pair=pair_q, status_unit=words(STATUSES, statuses),
        status=words(STATUSES, rows[:, 3].astype(np.int64).reshape(shape)))
