# SPDX-License-Identifier: BSD-3-Clause
"""Methods against the network itself: a numpy layer over kinising/compare.h."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Optional, Sequence, Union

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import METHODS, MOST_SEED, STATUSES, betas, count, doubles, need_memory, number, one_dynamics, one_of
from ._library import check, ffi, lib, need_library
from ._meanfield import couplings
from ._network import Network
from ._results import Numbers, Result, plain, words
from ._run import start_run

_AGAINST = {} if lib is None else {"exact": lib.KI_COMPARE_EXACT, "simulation": lib.KI_COMPARE_SIMULATION}
_NUMBERS = ("m_err", "C_err", "D_err", "sigma", "sigma_ref", "sigma_err", "seconds")


@dataclass(frozen=True, repr=False, eq=False)
class Comparison(Result):
    """See compare()."""
    N: int
    beta: Numbers
    dynamics: str
    against: str
    m0: float
    t: float
    zero_diagonal: bool
    replicas: Optional[int]
    burn_in: Optional[int]
    window: Optional[int]
    seed: Optional[int]
    method: np.ndarray
    m_err: np.ndarray
    C_err: np.ndarray
    D_err: np.ndarray
    sigma: np.ndarray
    sigma_ref: np.ndarray
    sigma_err: np.ndarray
    seconds: np.ndarray
    status: np.ndarray

    _columns = ("N", "beta", "dynamics", "m0", "t", "method", *_NUMBERS, "status")
    _along = ("method",)


def _methods(method: Any, N: int, flag: int, steady: bool) -> tuple:
    """Numbers of the methods, all that there are if none is given, and the most memory that one takes."""
    need, most = ffi.new("uint64_t *"), 0
    chosen: list[int] = []
    given = [method] if isinstance(method, str) else method
    for word in METHODS if given is None else given:
        spec = ffi.new("ki_meanfield_spec *", (one_of("method", word, METHODS), flag, steady))
        error = lib.ki_meanfield_memory(N, spec, need)
        if error and given is None:
            continue  # not for these dynamics
        check(error)
        most, chosen = max(most, need[0]), [*chosen, METHODS[word]]
    return chosen, most


def _settings(N: int, against: str, flag: int, steady: bool, steps: Any, m0: Any, tol: Any, max_steps: Any,
              simulation: dict) -> dict:
    """Of a ki_compare_spec."""
    if steady and steps is not None:
        raise ValueError("steps : a steady state has none : use max_steps, or steady=False")
    if not steady and (tol is not None or max_steps is not None):
        raise ValueError(f"{'max_steps' if tol is None else 'tol'} : is of steady states : use steady=True")
    for name, value in simulation.items():
        if value is not None and against != "simulation":
            raise ValueError(f"{name} : is of a simulation : use against='simulation'")
        if value is not None and not steady and name in ("burn_in", "window"):
            raise ValueError(f"{name} : is of steady states : use steady=True")
    usual = {"replicas": 1000, "burn_in": 500, "window": 100, "seed": 1}
    given = {name: usual[name] if value is None else value for name, value in simulation.items()}
    tol = 0.0 if tol is None else number("tol", tol)
    if tol and not 0 < tol <= 1:
        raise ValueError(f"tol : {tol:g} is out of range : use a number in (0, 1]")
    return dict(against=_AGAINST[against], dynamics=flag, steady=int(steady), m0=number("m0", m0), tol=tol,
                steps=0 if steady else count("steps", 127 if steps is None else steps, 10**7),
                max_steps=0 if max_steps is None else count("max_steps", max_steps, 10**9),
                replicas=count("replicas", given["replicas"], 2**56, 2),
                burn_in=count("burn_in", given["burn_in"], 10**15, 0), window=count("window", given["window"], 10**15),
                seed=count("seed", given["seed"], MOST_SEED, 0))


def _rows(network: Any, spec: Any, chosen: list, options: Any) -> list:
    """The reference and the methods at one beta: numbers and statuses."""
    out, begun = ffi.new("ki_compare **"), time.perf_counter()
    check(lib.ki_compare_create(network, spec, options, out))
    reference, r, found = ffi.gc(out[0], lib.ki_compare_free), ffi.new("ki_compare_reference *"), ffi.new(
        "ki_compare_result *")
    check(lib.ki_compare_get(reference, r))
    rows: list[tuple] = [(r.m_err, r.C_err, r.D_err, r.sigma, r.sigma, r.sigma_err, time.perf_counter() - begun,
                          r.status)]
    for method in chosen:
        begun = time.perf_counter()
        check(lib.ki_compare_method(reference, method, options, found))
        rows.append((*(getattr(found, name) for name in _NUMBERS[:-1]), time.perf_counter() - begun, found.status))
    ffi.release(reference)
    return rows


def compare(network: Network, method: Union[str, Sequence[str], None] = None, against: str = "exact",
            steps: Optional[int] = None, steady: bool = False, dynamics: str = "sync", m0: float = 1.0,
            beta: Optional[ArrayLike] = None, tol: Optional[float] = None, max_steps: Optional[int] = None,
            replicas: Optional[int] = None, burn_in: Optional[int] = None, window: Optional[int] = None,
            seed: Optional[int] = None, zero_diagonal: bool = False, threads: int = 0) -> Comparison:
    """How wrong mean fields are: their m, C, D and entropy production against those of the network itself, from
    all of its states or from a simulation.

    Parameters:
        network    a Network
        method     one of Network.meanfield(), or a list; None: all that there are
        against    'exact' (all states: N up to 14, 'async' 20) or 'simulation'
        steps      T, updates of all spins after which they are compared; 127 if not given
        steady     compare steady states instead; 'async' needs it
        dynamics   'sync' or 'async'
        m0         mean of the independent spins of the start, -1 to 1; of a simulation 0 or 1
        beta       instead of the network's: a number, or a list
        tol, max_steps  as in Network.meanfield()
        replicas   of the simulation, in two halves; 1000 if not given
        burn_in, window  steady: steps before its average, 500, and steps of the average, 100
        seed       of the simulation; 1 if not given
        zero_diagonal   take J_ii as 0, which 'async' needs
        threads    0 = all available

    Returns Comparison, of arrays with an element for the reference, which is first, and for each method; with a
    first axis more in all but method if beta is a list:
        N, beta, dynamics, against, m0, zero_diagonal, replicas, burn_in, window, seed  what was asked for; None if
                   it is not of this comparison
        t          T, or inf if steady
        method     'exact' or 'simulation', then the methods
        m_err, C_err, D_err  root mean square differences of all elements; of the reference its own sampling errors
        sigma      entropy production, nats per spin and step (unit of time)
        sigma_ref  that of the reference
        sigma_err  the size of the difference; of the reference its standard error
        seconds    it took
        status     as in Network.meanfield(); of the reference 'ok' or 'not-converged'

    The same numbers as `kinising meanfield --compare`. table() gives its rows.

    Raises ValueError (out of range, not possible together), TypeError, MemoryError (before anything runs),
    ImportError (library not built). Ctrl-C stops it.

    >>> ki.compare(ki.Network(H=[0, 0], J=[[0, 1], [-1, 0]]), ["naive", "plefka-t1"], steps=1).method.tolist()
    ['exact', 'naive', 'plefka-t1']
    """
    need_library()
    if not isinstance(network, Network):
        raise TypeError(f"network : is of type {type(network).__name__} : use a Network")
    flag, steady, N, run = one_dynamics(dynamics), bool(steady), network.N, start_run(threads)
    one_of("against", against, _AGAINST)
    if flag == lib.KI_ASYNC and not steady:
        raise ValueError("dynamics : 'async' is known in the steady state alone : use steady=True")
    simulation = dict(replicas=replicas, burn_in=burn_in, window=window, seed=seed)
    settings = _settings(N, against, flag, steady, steps, m0, tol, max_steps, simulation)
    chosen, most = _methods(method, N, flag, steady)
    spec, kept, work = ffi.new("ki_compare_spec *", settings), ffi.new("uint64_t *"), ffi.new("uint64_t *")
    check(lib.ki_compare_memory(N, spec, run.options.threads, kept, work))
    need_memory(f"compare : N = {N}", float(kept[0]) + max(most, work[0]) + 8.0 * N * N * bool(zero_diagonal),
                "use a smaller network")
    J, (values, shape) = couplings(network, zero_diagonal, flag == lib.KI_ASYNC), betas(network, beta)
    rows = [_rows(ffi.new("ki_network *", (N, doubles(network.H), doubles(J), value)), spec, chosen,
                  ffi.addressof(run, "options")) for value in values]
    table = np.array(rows, dtype=np.float64).reshape(*shape, 1 + len(chosen), len(_NUMBERS) + 1)
    used = () if against == "exact" else simulation if steady else ("replicas", "seed")
    asked: dict[str, Any] = {name: settings[name] if name in used else None for name in simulation}
    asked.update((name, table[..., i].copy()) for i, name in enumerate(_NUMBERS))
    return Comparison(
        N=N, beta=plain(np.array(values).reshape(shape)), dynamics=dynamics, against=against, m0=settings["m0"],
        t=float("inf") if steady else float(settings["steps"]), zero_diagonal=bool(zero_diagonal), **asked,
        method=np.array([against, *(next(w for w, i in METHODS.items() if i == n) for n in chosen)]),
        status=words(STATUSES, table[..., -1].astype(np.int64)))
