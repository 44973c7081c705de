# SPDX-License-Identifier: BSD-3-Clause
"""Exact theory of the infinite network: a numpy layer over kinising/theory.h."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Optional, Union

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import (DYNAMICS, PHASES, STATUSES, broadcast, count, dynamics_flags, need_memory, number, numbers,
                         one_dynamics, text)
from ._library import check, ffi, lib, need_library
from ._results import Numbers, Result, Words, plain, words
from ._run import start_run

# The arrays are made before the library can refuse a length: no room is asked for beyond its limits.
_MOST_STEPS, _MOST_MATRIX_STEPS, _MOST_POINTS = 10**7, 10**4, 1600
_PARAMETERS = ("beta", "J0", "dJ", "dH")


@dataclass(frozen=True, repr=False, eq=False)
class Theory(Result):
    """Steady state, see theory(). Each value but `dynamics` is a float or str, or an array of the broadcast
    shape."""
    beta: Numbers
    J0: Numbers
    dJ: Numbers
    dH: Numbers
    dynamics: str
    phase: Words
    m: Numbers
    q: Numbers
    k: Numbers
    S: Numbers
    Sr: Numbers
    sigma: Numbers
    Sr_async: Numbers
    sigma_async: Numbers
    sigma_over_beta: Numbers
    sigma_async_over_beta: Numbers
    chi: Numbers
    status: Words

    _columns = (*_PARAMETERS, "phase", "m", "q", "k", "S", "Sr", "sigma", "Sr_async", "sigma_async",
                "sigma_over_beta", "sigma_async_over_beta", "chi", "status")

    def tidy(self) -> dict[str, np.ndarray]:
        """As table(), with a row for each point and dynamics and the names that simulate(), transient() and the
        rest use, so that a join needs no renaming: beta, J0, dJ, dH, dynamics, phase, m, q, k, S, Sr, sigma,
        sigma_over_beta, chi, status. As `kinising theory --tidy`; the asynchronous state is computed for it."""
        parts = []
        for word in self.dynamics.split(","):
            other = word != self.dynamics and word == text(lib.ki_dynamics_name(lib.KI_ASYNC))
            columns = (theory(self.beta, self.J0, self.dJ, self.dH, word) if other else self).table()
            columns["dynamics"] = np.full(columns["m"].shape, word)
            if DYNAMICS[word] == lib.KI_ASYNC:
                columns.update(Sr=columns["Sr_async"], sigma=columns["sigma_async"],
                               sigma_over_beta=columns["sigma_async_over_beta"])
            parts.append(columns)
        names = [*_PARAMETERS, "dynamics", *(n for n in self._columns[4:] if "async" not in n)]
        return {name: np.concatenate([part[name] for part in parts]) for name in names}


@dataclass(frozen=True, repr=False, eq=False)
class Transient(Result):
    """Relaxation, see transient(). With shape () for scalar parameters, else the broadcast shape: columns are
    arrays of shape + [n+1], C of shape + [n+1,n+1] or None; t is [n+1]."""
    beta: Numbers
    J0: Numbers
    dJ: Numbers
    dH: Numbers
    dynamics: str
    m0: Numbers
    lag: int
    t: np.ndarray
    m: np.ndarray
    q: np.ndarray
    S: np.ndarray
    Sr: np.ndarray
    sigma: np.ndarray
    C: Optional[np.ndarray]
    error: Numbers
    status: Words

    _columns = (*_PARAMETERS, "dynamics", "m0", "lag", "t", "m", "q", "S", "Sr", "sigma", "status")
    _along = ("t",)

    def table(self) -> dict[str, np.ndarray]:
        """As of every result; lag is a time here, as t is."""
        columns = super().table()
        columns["lag"] = columns["lag"] * self.t[-1] / (self.t.size - 1)
        return columns


def _record(name: str) -> np.dtype:
    """The numpy dtype of a C struct of numbers."""
    kinds = {"double": "f8", "int": "i4"}
    struct = ffi.typeof(name)
    return np.dtype({"names": [n for n, _ in struct.fields],
                     "formats": [kinds[f.type.cname] for _, f in struct.fields],
                     "offsets": [f.offset for _, f in struct.fields],
                     "itemsize": ffi.sizeof(struct)})


def _points(**parameters: Any) -> np.ndarray:
    """Of the broadcast shape, as ki_theory_params [shape, 4]."""
    return np.stack(broadcast(**{name: numbers(name, x) for name, x in parameters.items()}), axis=-1)


def _at(points: np.ndarray) -> Any:
    """The points as the library sees them, as long as they live."""
    return ffi.cast("ki_theory_params *", ffi.from_buffer(points))


def theory(beta: ArrayLike, J0: ArrayLike = 1.0, dJ: ArrayLike = 1.0, dH: ArrayLike = 0.0,
           dynamics: Union[str, Iterable[str]] = "sync,async", threads: int = 0) -> Theory:
    """Exact steady state of the infinite network. [m-sync] [q-sync] [k] [S-sync] [Sr-sync]
    [sigma-sync] [sigma-async] [Sr-async] [chi] [two-cycle] [T0]

    h_i = H_i + sum_j J_ij s_j with J_ij ~ Normal(J0/N, dJ^2/N) and H_i ~ Uniform(-dH, dH).

    Parameters: any shapes that broadcast.
        beta      inverse temperature, 0 to inf (inf is the limit itself)
        J0        mean coupling times N, finite
        dJ        sd of the couplings times sqrt(N), finite, >= 0
        dH        half-width of the fields, finite, >= 0
        dynamics  'sync', 'async' or 'sync,async'; what is not asked for is nan
        threads   0 = all available; the values do not depend on it

    Returns Theory, of floats and strings if all parameters are scalars, else of arrays:
        beta, J0, dJ, dH, dynamics  what was asked for
        m, q, k   magnetization >= 0, autocorrelation at lag >= 1, mean of sech^2(beta h)
        S, Sr     path entropy and reverse path entropy, nats per spin and step
        sigma     entropy production, (beta dJ)^2 (1 - q) k, nats per spin and step
        Sr_async, sigma_async                   the same per unit time, asynchronous dynamics; its Sr is
                  S + sigma_async with S of the asynchronous state
        sigma_over_beta, sigma_async_over_beta  finite at beta = inf
        chi       susceptibility to a uniform field, inf on the critical line
        phase     'ferromagnetic', 'paramagnetic' or 'two-cycle' (synchronous, J0 < 0)
        status    'ok' or 'not-converged'
    With 'async' alone m, q, k, S, chi and phase are the asynchronous state's. table() gives a row for each
    point, tidy() one for each point and dynamics, for pandas.DataFrame.

    Raises ValueError (nan, out of range, shapes that do not broadcast), TypeError (no numbers), MemoryError,
    ImportError (library not built). Ctrl-C stops it.

    >>> ki.theory(beta=[0.5, 1, 2], dJ=0.5).phase.tolist()
    ['paramagnetic', 'paramagnetic', 'ferromagnetic']
    """
    need_library()
    flags = dynamics_flags(dynamics)
    points = _points(beta=beta, J0=J0, dJ=dJ, dH=dH)
    records = np.empty(points.shape[:-1], dtype=_record("ki_theory_result"))
    run = start_run(threads)
    if records.size:
        check(lib.ki_theory_map(records.size, _at(points), flags, ffi.addressof(run, "options"),
                                ffi.from_buffer("ki_theory_result[]", records)))
    values = {name: plain(points[..., i].copy()) for i, name in enumerate(_PARAMETERS)}
    values.update((name, plain(records[name])) for name in Theory._columns[5:-1])
    return Theory(**values, dynamics=",".join(w for w, flag in DYNAMICS.items() if flags & flag),
                  phase=words(PHASES, plain(records["phase"])), status=words(STATUSES, plain(records["status"])))


def critical(solve_for: str = "beta", beta: Optional[ArrayLike] = None, J0: Optional[ArrayLike] = None,
             dJ: Optional[ArrayLike] = None, dH: Optional[ArrayLike] = None) -> Numbers:
    """Order-disorder boundary beta J0 k(m = 0) = 1, solved for one parameter. [critical]

    Parameters: solve_for is 'beta', 'J0', 'dJ' or 'dH', and the parameter of that name is not given; the
    others are as in theory() and broadcast. J0 and dJ are 1 and dH is 0 if not given.

    Returns a float, or an array of the broadcast shape: the value of that parameter on the boundary,
    nan where there is no ordered phase.

    Raises ValueError (unknown name, nan, out of range), TypeError (beta is needed and not given, what is
    solved for is given), ImportError (library not built).

    >>> ki.critical(dJ=[0.5, 1])
    array([1.34849996,        nan])
    """
    need_library()
    given = {"beta": beta, "J0": J0, "dJ": dJ, "dH": dH}
    if not isinstance(solve_for, str) or solve_for not in given:
        raise ValueError(f"solve_for : {solve_for!r} is unknown : use {', '.join(map(repr, given))}")
    if given[solve_for] is not None:
        raise TypeError(f"{solve_for} : is what is solved for : do not give it, or choose another solve_for")
    if beta is None and solve_for != "beta":
        raise TypeError("beta : is not given : give it, or solve_for='beta'")
    fallback = {"beta": 0.0, "J0": 1.0, "dJ": 1.0, "dH": 0.0, solve_for: 0.0}
    points = _points(**{name: fallback[name] if x is None else x for name, x in given.items()})
    roots = np.empty(points.shape[:-1])
    root, status, flat = ffi.new("double *"), ffi.new("int *"), roots.reshape(-1)
    for i in range(flat.size):
        check(lib.ki_critical(_at(points) + i, _PARAMETERS.index(solve_for), root, status))
        flat[i] = root[0]
    return plain(roots)


def autocorrelation(tau: ArrayLike, beta: ArrayLike, J0: ArrayLike = 1.0, dJ: ArrayLike = 1.0, dH: ArrayLike = 0.0,
                    dynamics: str = "async") -> Numbers:
    """Autocorrelation C(tau) of the steady state. [C-async] [C-sync]

    Parameters: any shapes that broadcast; tau >= 0 and finite (whole numbers of steps with 'sync', else time
    in updates per spin), the others as in theory(); dynamics is 'sync' or 'async'.

    Returns a float, or an array of the broadcast shape.

    Raises ValueError (nan, out of range), TypeError (no numbers), ImportError (library not built).

    >>> ki.autocorrelation([0, 1, 2], beta=1, dJ=0.5, dynamics="sync")
    array([1., 0., 0.])
    """
    need_library()
    chosen = one_dynamics(dynamics)
    tau = numbers("tau", tau)
    fine = np.isfinite(tau) & (tau >= 0) & ((chosen == lib.KI_ASYNC) | (tau == np.floor(tau)))
    if not fine.all():
        first = np.unravel_index(np.argmin(fine), tau.shape)
        at = f" at {', '.join(map(str, first))}" if tau.ndim else ""
        kind = "time" if chosen == lib.KI_ASYNC else "whole number of steps"
        raise ValueError(f"tau : {tau[first]:g}{at} is no lag : use a finite {kind} >= 0")
    columns = _points(tau=tau, beta=beta, J0=J0, dJ=dJ, dH=dH)
    C = np.empty(columns.shape[:-1])
    flat, rows = C.reshape(-1), columns.reshape(-1, 5)
    # All times of a point in one call.
    points, which = np.unique(rows[:, 1:], axis=0, return_inverse=True)
    for i, point in enumerate(points):
        at = np.flatnonzero(which.reshape(-1) == i)
        times, found = np.ascontiguousarray(rows[at, 0]), np.empty(at.size)
        check(lib.ki_autocorrelation(_at(point), chosen, at.size, ffi.from_buffer("double[]", times),
                                     ffi.from_buffer("double[]", found)))
        flat[at] = found
    return plain(C)


def _length(dynamics: int, steps: Any, tmax: Any, points: Any, two_time: bool) -> tuple:
    """Number of intervals and last time; a length of the other dynamics is a misunderstanding."""
    if dynamics == lib.KI_SYNC:
        for name, value in (("tmax", tmax), ("points", points)):
            if value is not None:
                raise TypeError(f"{name} : does not apply to dynamics 'sync' : use steps")
        most = _MOST_MATRIX_STEPS if two_time else _MOST_STEPS
        return count("steps", 50 if steps is None else steps, most), None
    if steps is not None:
        raise TypeError("steps : does not apply to dynamics 'async' : use tmax and points")
    n = count("points", 100 if points is None else points, _MOST_POINTS)
    return n, 10.0 if tmax is None else number("tmax", tmax)


def transient(beta: ArrayLike, J0: ArrayLike = 1.0, dJ: ArrayLike = 1.0, dH: ArrayLike = 0.0, m0: ArrayLike = 1.0,
              steps: Optional[int] = None, tmax: Optional[float] = None, points: Optional[int] = None, lag: int = 1,
              dynamics: str = "sync", tol: float = 1e-6, two_time: bool = False, threads: int = 0) -> Transient:
    """Relaxation from a random start with mean m0. [m-sync] [C-sync] [sigma-t] [C-async]

    Parameters: beta (finite), J0, dJ, dH as in theory() and m0, of any shapes that broadcast; scalars.
        m0        magnetization of the start, -1 to 1
        steps     'sync': number of steps n, default 50, at most 10^7 (10^4 with two_time)
        tmax      'async': last time, default 10, at most about 400
        points    'async': number of output intervals n, default 100, at most 1600
        lag       of q, in steps or output intervals, >= 1
        dynamics  'sync' or 'async'
        tol       'async': absolute error wanted, 1e-12 to 1e-2
        two_time  also return C(t, t')
        threads   0 = all available

    Returns Transient, of arrays whose last axis is time; before it are the axes that the parameters have:
        t, m      [n+1] time (this one axis alone) and magnetization
        q         [n+1] C(t, t - lag); nan while t < lag
        S, Sr     [n+1] path entropies, nats per spin and step (or unit time); 'sync': nan at t = 0
        sigma     [n+1] entropy flow to the bath, Sr - S
        C         [n+1,n+1] symmetric, or None
        error     'async': estimated largest absolute error; 'sync': nan
        status    'ok', or 'not-converged' if that is above tol
        beta, J0, dJ, dH, m0, lag, dynamics  what was asked for

    Raises ValueError (nan, out of range), TypeError (a length of the other dynamics), MemoryError,
    ImportError (library not built). Ctrl-C stops it.

    >>> ki.transient(beta=2, dJ=0.5, steps=2).m
    array([1.        , 0.86466472, 0.80529998])
    >>> ki.transient(beta=[1, 2], dJ=0.5, steps=2).m.shape
    (2, 3)
    """
    need_library()
    chosen = one_dynamics(dynamics)
    n, tmax = _length(chosen, steps, tmax, points, two_time)
    lag, tol, two_time = count("lag", lag), number("tol", tol), bool(two_time)
    columns = _points(beta=beta, J0=J0, dJ=dJ, dH=dH, m0=m0)
    shape = columns.shape[:-1]
    run = start_run(threads)
    options = ffi.addressof(run, "options")
    need_memory(f"transient : {columns.size // 5} x {n + 1} times",
                8.0 * (columns.size // 5) * (n + 1) * (n + 7 if two_time else 6), "use fewer points or steps")
    arrays: list[Any] = [np.empty((*shape, n + 1)) for _ in range(6)]
    arrays.append(np.empty((*shape, n + 1, n + 1)) if two_time else None)
    error, status = np.full(shape, np.nan), np.full(shape, lib.KI_CONVERGED)
    for at in np.ndindex(shape):
        *point, start = columns[at].tolist()
        p = ffi.new("ki_theory_params *", point)
        out = ffi.new("ki_transient *", [ffi.NULL if a is None else ffi.from_buffer("double[]", a[at]) for a in arrays])
        if chosen == lib.KI_SYNC:
            check(lib.ki_transient_sync(p, start, n, lag, options, out))
        else:
            outcome = ffi.new("ki_transient_info *")
            check(lib.ki_transient_async(p, start, tmax, n, lag, tol, options, out, outcome))
            error[at], status[at] = outcome.error, outcome.status
    t = arrays[0].reshape(-1, n + 1)
    # Every point has the same times; without a point there are none to copy.
    t = t[0].copy() if len(t) else np.arange(n + 1) * (1.0 if tmax is None else tmax / n)
    values = {name: plain(columns[..., i].copy()) for i, name in enumerate((*_PARAMETERS, "m0"))}
    return Transient(**values, **dict(zip(("m", "q", "S", "Sr", "sigma", "C"), arrays[1:])), dynamics=dynamics, lag=lag,
                     t=t, error=plain(error), status=words(STATUSES, plain(status)))


def info() -> dict[str, Any]:
    """Facts about the library and this machine: a dict with version, commit, compiler, build_type,
    cpu_features, kernels, blas, have_threads, have_hdf5, max_threads.

    Raises ImportError (library not built).

    >>> ki.info()["version"] == ki.__version__
    True
    """
    need_library()
    facts = ffi.new("ki_build_info *")
    check(lib.ki_get_build_info(facts))
    texts = {name: text(getattr(facts, name)) for name in
             ("version", "commit", "compiler", "build_type", "cpu_features", "kernels", "blas")}
    return {**texts, "have_threads": bool(facts.have_threads), "have_hdf5": bool(facts.have_hdf5),
            "max_threads": facts.max_threads}
