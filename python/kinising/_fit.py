# SPDX-License-Identifier: BSD-3-Clause
"""Networks from recordings: a numpy layer over kinising/infer.h."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import FIRTHS, FITS, STATUSES, count, doubles, need_memory, number, numbers, one_dynamics, one_of
from ._library import check, ffi, lib, need_library
from ._network import Network
from ._raster import as_raster
from ._results import Result, words
from ._run import start_run


@dataclass(frozen=True, repr=False, eq=False)
class Fit(Result):
    """See fit()."""
    method: str
    N: int
    trials: int
    transitions: int
    dynamics: str
    bin: float
    step: float
    ridge: float
    l1: float
    firth: str
    beta: float
    J0: float
    dJ: float
    H: np.ndarray
    J: np.ndarray
    H_err: np.ndarray
    J_err: np.ndarray
    H_robust: Optional[np.ndarray]
    J_robust: Optional[np.ndarray]
    log_likelihood: float
    log_likelihood_unit: np.ndarray
    aic: float
    bic: float
    parameters: int
    held_out: float
    penalty: Optional[np.ndarray]
    held_out_of_penalty: Optional[np.ndarray]
    separated: int
    constant: int
    no_root: int
    unfitted: int
    fitted: np.ndarray
    status_unit: np.ndarray
    status: str

    _columns = ("method", "N", "trials", "transitions", "dynamics", "bin", "step", "ridge", "l1", "firth", "beta", "J0",
                "dJ", "log_likelihood", "aic", "bic", "parameters", "held_out", "separated", "constant", "no_root",
                "unfitted", "status")
    _rows = "log_likelihood"

    @property
    def network(self) -> Network:
        """The network, for exact(), meanfield() and simulate(). Rows without a root are none: ValueError."""
        return Network(self.H, self.J, 1.0)


def _penalties(ridge: Any, l1: Any, held: bool) -> tuple[str, np.ndarray]:
    """The penalty of which there are several values, and these."""
    lists = {"ridge": numbers("ridge", ridge), "l1": numbers("l1", l1)}
    for name, values in lists.items():
        if values.ndim > 1 or values.size == 0:
            raise ValueError(f"{name} : is an array of shape {values.shape} : use a number or a list of numbers")
    several = [name for name, values in lists.items() if values.ndim]
    if len(several) > 1:
        raise ValueError("l1 : is a list, and ridge is one too : use several values of one of them")
    if several and not held:
        raise ValueError(f"{several[0]} : several values, and nothing says which is best : use holdout=0.2 or folds=5")
    return (several[0], lists[several[0]]) if several else ("", np.zeros(1))


def _choose(raster: Any, spec: Any, name: str, values: np.ndarray, share: float, folds: int,
            options: Any) -> np.ndarray:
    """Bits per spike held out with each penalty; the best one is set."""
    worth, held = np.empty(values.size), ffi.new("ki_held_out *")
    for k, value in enumerate(values):
        if name:
            setattr(spec, name, value)
        check(lib.ki_fit_holdout(raster._raster, spec, share, folds, options, held))
        worth[k] = held.bits
    if name:
        setattr(spec, name, values[np.argmax(np.where(np.isnan(worth), -np.inf, worth))])
    return worth


def _summary(status: np.ndarray) -> str:
    for word in ("not-converged", "no-root", "separated"):
        if (status == word).any():
            return word
    return "ok"


def _ensemble(H: np.ndarray, J: np.ndarray) -> tuple[float, float]:
    if not (np.isfinite(H).all() and np.isfinite(J).all()):
        return np.nan, np.nan
    summary = Network(H, J, 1.0).summary()
    return summary.J0, summary.dJ


def _run_fit(raster: Any, spec: Any, options: Any, robust: bool) -> tuple[Any, dict[str, Any]]:
    N, result = raster.units, ffi.new("ki_fit_result *")
    matrices = ("J", "J_err") + (("J_robust",) if robust else ())
    arrays: dict[str, Any] = {name: np.empty((N, N)) for name in matrices}
    arrays |= {name.replace("J", "H"): np.empty(N) for name in matrices}
    arrays["log_likelihood"] = np.empty(N)
    for name, array in arrays.items():
        setattr(result, name, doubles(array))
    arrays["status"], arrays["column"] = np.empty(N, dtype=np.intc), np.empty(N, dtype=np.int8)
    result.status = ffi.from_buffer("int[]", arrays["status"])
    result.column = ffi.from_buffer("int8_t[]", arrays["column"])
    check(lib.ki_fit(raster._raster, spec, options, result))
    return result, arrays


def fit(raster: Any, axes: Any = None, bin: Optional[float] = None, trial_length: Optional[int] = None,
        method: str = "mle", firth: str = "auto", ridge: ArrayLike = 0.0, l1: ArrayLike = 0.0,
        holdout: Optional[float] = None, folds: Optional[int] = None, dynamics: str = "sync", updates: Any = None,
        step: Optional[float] = None, robust: bool = False, threads: int = 0) -> Fit:
    """The network of which a recording is a likely course. [mle] [firth] [nmf] [tap] [ms] [async-data]

    Parameters:
        raster         a Raster, or what one is made of: then with
        axes, bin, trial_length  as for Raster
        method         'mle' (maximum likelihood), 'nmf', 'tap', 'ms' (closed forms of mean fields)
        firth          'auto' (rows whose likelihood has no finite maximum), 'all', 'none'
        ridge, l1      penalties (ridge/2) sum_j J_ij^2 and l1 sum_j |J_ij| of each row, nats; one of them may be a
                       list, of which the value that predicts best is taken
        holdout, folds  predict the last share of each trial from the rest, or each of so many parts from the others
        dynamics       'sync', or 'async' with
        updates        Raster or array like the recording's, 1 where a unit was drawn in a bin; or, not known,
        step           mean number of times that a unit was drawn per bin
        robust         also sandwich errors
        threads        0 = all available; the values do not depend on it

    Returns Fit, with network (a Network), and:
        N, trials, transitions, bin, method, dynamics, step, firth, ridge, l1  of the recording, and what was asked for
        H [N], J [N,N], H_err, J_err, H_robust, J_robust  with beta = 1; J[i,j] acts from j on i
        log_likelihood, log_likelihood_unit, aic, bic, parameters  nats; of all rows and of each
        held_out       bits per spike over independent units, nan without holdout and folds
        penalty, held_out_of_penalty  what was tried
        status_unit    [N] 'ok', 'separated' (no finite maximum: Firth's penalty), 'silent' and 'saturated' (constants,
                       J_i = 0), 'no-root' (the row is nan), 'not-converged'
        fitted         [N] False: couplings from this unit cannot be told
        J0, dJ         N times the mean and sqrt(N) times the deviation of J_ij, i != j
        separated, constant, no_root, unfitted  numbers of units
        status         the worst of the rows

    The same numbers as `kinising fit`. table() gives its row.

    Raises ValueError, TypeError, MemoryError (before anything runs). Ctrl-C stops it.

    >>> network = ki.Network(H=[0.2, 0], J=[[0, 0.5], [-0.5, 0]])
    >>> raster = network.simulate(replicas=1, steps=20000, raster=True).raster
    >>> abs(ki.fit(raster, axes="trial,time,unit").J - network.J).max() < 0.05
    True
    """
    need_library()
    flag, run = one_dynamics(dynamics), start_run(threads)
    recording = as_raster("raster", raster, axes, bin, trial_length)
    if holdout is not None and folds is not None:
        raise ValueError("folds : holdout is another way : use one of them")
    share = 0.0 if holdout is None else number("holdout", holdout)
    parts = 0 if folds is None else count("folds", folds, 2**62, 2)
    held = holdout is not None or folds is not None
    name, values = _penalties(ridge, l1, held)
    if updates is not None:
        updates = as_raster("updates", updates, None if hasattr(updates, "_raster") else axes, None,
                            None if hasattr(updates, "_raster") else trial_length)
    if step is not None and (flag != lib.KI_ASYNC or updates is not None):
        raise ValueError("step : is of asynchronous data without update times : use dynamics='async' and no updates")
    spec = ffi.new("ki_fit_spec *", {
        "method": one_of("method", method, FITS), "firth": one_of("firth", firth, FIRTHS), "dynamics": flag,
        "ridge": 0.0 if name == "ridge" else number("ridge", ridge), "l1": 0.0 if name == "l1" else number("l1", l1),
        "updates": ffi.NULL if updates is None else updates._raster, "step": 0.0 if step is None else number("step", step)})
    N, need, options = recording.units, ffi.new("uint64_t *"), ffi.addressof(run, "options")
    check(lib.ki_fit_memory(N, spec, run.options.threads, need))
    need_memory(f"fit : N = {N}", need[0] + 24.0 * N * (N + 2), "use fewer units")
    worth = _choose(recording, spec, name, values, share, parts, options) if held else np.full(1, np.nan)
    r, arrays = _run_fit(recording, spec, options, bool(robust))
    status = words(STATUSES, arrays["status"])
    constant = np.isin(status, ("silent", "saturated"))
    fitted = arrays["column"] != 0
    J0, dJ = _ensemble(arrays["H"], arrays["J"])
    return Fit(method=method, N=N, trials=recording.trials, transitions=r.transitions, dynamics=dynamics,
               bin=np.nan if recording.bin is None else recording.bin, step=np.nan if step is None else spec.step,
               ridge=spec.ridge, l1=spec.l1, firth=firth, beta=1.0, J0=J0, dJ=dJ, H=arrays["H"], J=arrays["J"], H_err=arrays["H_err"], J_err=arrays["J_err"],
               H_robust=arrays.get("H_robust"), J_robust=arrays.get("J_robust"), log_likelihood=r.total,
               log_likelihood_unit=arrays["log_likelihood"], aic=r.aic, bic=r.bic, parameters=r.parameters,
               held_out=float(np.nanmax(worth)) if held and not np.isnan(worth).all() else np.nan,
               penalty=values if name else None, held_out_of_penalty=worth if name else None,
               separated=int((status == "separated").sum()), constant=int(constant.sum()),
               no_root=int((status == "no-root").sum()), unfitted=int((~fitted & ~constant).sum()), fitted=fitted,
               status_unit=status, status=_summary(status))
