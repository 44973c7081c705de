# SPDX-License-Identifier: BSD-3-Clause
"""Finite networks averaged over disorder: a numpy layer over ki_ensemble_* of kinising/simulate.h."""
from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import (ALGORITHMS, GIB, MOST_SEED, STARTS, STATUSES, broadcast, count, machine_memory, number,
                         numbers, one_dynamics, one_of, sizes, window)
from ._library import check, ffi, lib, need_library
from ._results import Counts, Numbers, Result, Words, plain, words
from ._run import start_run

_MOST_STEPS, _MOST_REALIZATIONS = 10**15, 2**56
_PARAMETERS = ("N", "beta", "J0", "dJ", "dH")


@dataclass(frozen=True, repr=False, eq=False)
class Simulation(Result):
    """Averages over disorder, see simulate(). Parameters and averages are numbers or str, or arrays of the
    broadcast shape."""
    N: Counts
    beta: Numbers
    J0: Numbers
    dJ: Numbers
    dH: Numbers
    dynamics: str
    realizations: Counts
    steps: int
    start: str
    average: bool
    burn_in: int
    zero_diagonal: bool
    seed: int
    m: Numbers
    m_err: Numbers
    q: Numbers
    q_err: Numbers
    S: Numbers
    S_err: Numbers
    Sr: Numbers
    Sr_err: Numbers
    sigma: Numbers
    sigma_err: Numbers
    activity: Numbers
    activity_err: Numbers
    flips: Counts
    algorithm: Words
    status: Words

    _columns = (*_PARAMETERS, "dynamics", "realizations", "steps", "start", "average", "burn_in", "zero_diagonal",
                "m", "m_err", "q", "q_err", "S", "S_err", "Sr", "Sr_err", "sigma", "sigma_err", "activity",
                "activity_err", "flips", "algorithm", "status")


AVERAGES = Simulation._columns[12:-2]


def averages(result: Any) -> list:
    """The numbers of a ki_ensemble_result."""
    return [getattr(result, name) for name in AVERAGES]


def _limits(realizations: Any, rel_err: Any, max_realizations: Any) -> tuple:
    """How many realizations at first, and at most."""
    realizations = count("realizations", realizations, _MOST_REALIZATIONS)
    if rel_err is None:
        if max_realizations is not None:
            raise ValueError("max_realizations : limits rel_err, which is not given : use realizations")
        return realizations, realizations
    rel_err = number("rel_err", rel_err)
    if not 0 < rel_err <= 1:
        raise ValueError(f"rel_err : {rel_err:g} is out of range : use a number in (0, 1], or None")
    most = count("max_realizations", 10**7 if max_realizations is None else max_realizations,
                 _MOST_REALIZATIONS)
    if most < realizations:
        raise ValueError(f"max_realizations : {most} is fewer than realizations {realizations} : use at "
                         "least as many")
    return realizations, most


def _create(spec: Any) -> Any:
    out = ffi.new("ki_ensemble **")
    check(lib.ki_ensemble_create(spec, out))
    return ffi.gc(out[0], lib.ki_ensemble_free)


def _need_memory(spec: Any, threads: int, realizations: int) -> None:
    need, facts = ffi.new("uint64_t *"), ffi.new("ki_build_info *")
    check(lib.ki_ensemble_memory(spec, need))
    check(lib.ki_get_build_info(facts))
    here, each = machine_memory(), need[0]
    threads = min(threads if threads > 0 else facts.max_threads, realizations)
    if each * threads > here:
        free = "" if spec.algorithm == lib.KI_ALGORITHM_MATRIX_FREE else ", or algorithm='matrix-free'"
        raise MemoryError(f"simulate : N = {spec.n} needs {each * threads / GIB:.3g} GiB, {each / GIB:.3g} "
                          f"GiB for each of {threads} threads, and this machine has {here / GIB:.3g} GiB : "
                          f"use fewer threads, a smaller N{free}")


def _row(ensemble: Any, status: int) -> list:
    """What is done of one point."""
    found = ffi.new("ki_ensemble_result *")
    check(lib.ki_ensemble_result_of(ensemble, found))
    status = status or lib.ki_ensemble_status(found)
    return [found.realizations, *averages(found), lib.ki_ensemble_get_spec(ensemble).algorithm, status]


def _run(ensemble: Any, realizations: int, most: int, rel_err: Any, run: Any) -> list:
    """One point, until there are enough realizations."""
    target, status = realizations, lib.KI_CONVERGED
    while True:
        check(lib.ki_ensemble_run(ensemble, 0, target, ffi.addressof(run, "options")))
        following = target
        if rel_err is not None:
            following = lib.ki_ensemble_target(ensemble, rel_err, target, realizations, most)
            missed = lib.ki_ensemble_target(ensemble, rel_err, target, 1, 2**64 - 1) > target
            status = lib.KI_NOT_CONVERGED if missed and following == target else lib.KI_CONVERGED
        if following == target:
            return _row(ensemble, status)
        target = following


def _gather(rows: list, inputs: dict) -> Simulation:
    shape = np.shape(inputs["beta"])
    names = ("realizations", *AVERAGES, "algorithm", "status")
    values = {}
    for i, name in enumerate(names):
        kind = np.float64 if name in AVERAGES and name != "flips" else np.int64
        values[name] = plain(np.array([row[i] for row in rows], dtype=kind).reshape(shape))
    values.update(algorithm=words(ALGORITHMS, values["algorithm"]), status=words(STATUSES, values["status"]))
    return Simulation(**{name: plain(x) if isinstance(x, np.ndarray) else x for name, x in inputs.items()}, **values)


def simulate(N: ArrayLike, beta: ArrayLike, J0: ArrayLike = 1.0, dJ: ArrayLike = 1.0, dH: ArrayLike = 0.0,
             dynamics: str = "sync", realizations: int = 100, steps: int = 127, average: bool = False,
             burn_in: int = 0, start: str = "up", algorithm: str = "auto", zero_diagonal: bool = False,
             rel_err: Optional[float] = None, max_realizations: Optional[int] = None, seed: int = 1,
             threads: int = 0) -> Simulation:
    """Exact simulation of finite networks, averaged over disorder. [model] [sigma-t] [sigma-net-sync]
    [sigma-net-async] [matrix-free]

    Every realization draws its own couplings J_ij ~ Normal(J0/N, dJ^2/N) and fields H_i ~ Uniform(-dH, dH).

    Parameters: N, beta, J0, dJ, dH of any shapes that broadcast.
        N             number of spins, 1 to 2^31 - 1
        beta          inverse temperature, >= 0 and finite
        J0, dJ, dH    as in theory()
        dynamics      'sync' or 'async'
        realizations  networks drawn at each point
        steps         updates of all spins ('sync'), or units of time ('async')
        average       measure at each step after burn_in, instead of on the last one alone
        start         'up', 'random', or 'theory': with the magnetization of the infinite network
        algorithm     'auto' (the faster), 'dense' or 'matrix-free'; all have the same distribution
        zero_diagonal no spin acts on itself ('dense')
        rel_err       more realizations until sigma's relative error is this, or max_realizations (default
                      10^7) are reached
        seed          of the random numbers, 0 to 2^64 - 1
        threads       0 = all available; the values do not depend on it

    Returns Simulation, of numbers and strings if all five parameters are scalars, else of arrays:
        N, beta, J0, dJ, dH         of each point; with dynamics, steps, start, average, burn_in, zero_diagonal
                                    and seed what was asked for
        realizations                how many are in the averages
        m, q                        magnetization; autocorrelation at lag 1 ('sync'), T/2 ('async')
        S, Sr                       path entropy and reverse path entropy, nats per spin and step (unit time)
        sigma                       entropy flow to the bath in the last step (at the last time), as in row `steps` of
                                    transient(); in the steady state the entropy production
        activity                    probability that an update flips its spin
        m_err, ..., activity_err    standard errors over realizations; nan for a single one
        flips                       spins seen to flip in the measured steps, in all: below 100 not even the
                                    errors are to be trusted, since what is rarer was never seen
        algorithm                   the one that was used
        status                      'ok'; 'not-converged' if rel_err was not reached; 'few-flips' where less than a tenth
                                    of the updates flipped a spin, and fewer than 100 did

    The same numbers as `kinising simulate` with the same settings, to the last bit on one machine.

    Raises ValueError (nan, out of range, not possible together), TypeError, MemoryError (before anything
    runs), ImportError (library not built). Ctrl-C stops it; KeyboardInterrupt then has a `partial`, the
    Simulation of the realizations that were finished (sys.last_value.partial in a session): status
    'not-converged' where there are fewer than wanted, nan and 0 realizations where there is none.

    >>> ki.simulate(N=[32, 64], beta=0, realizations=10).q
    array([0., 0.])
    """
    need_library()
    parameters = {name: numbers(name, x) for name, x in dict(beta=beta, J0=J0, dJ=dJ, dH=dH).items()}
    columns = broadcast(N=sizes(N), **parameters)
    realizations, most = _limits(realizations, rel_err, max_realizations)
    steps = count("steps", steps, _MOST_STEPS)
    flag, burn_in = window(average, burn_in, steps)
    common = dict(dynamics=one_dynamics(dynamics), steps=steps, average=flag, burn_in=burn_in,
                  start=one_of("start", start, STARTS), algorithm=one_of("algorithm", algorithm, ALGORITHMS),
                  zero_diagonal=int(bool(zero_diagonal)), seed=count("seed", seed, MOST_SEED, 0))
    run = start_run(threads)
    ensembles = []
    for n, *point in zip(*(c.reshape(-1).tolist() for c in columns)):  # all are checked before one runs
        spec = ffi.new("ki_ensemble_spec *", dict(common, n=n, p=point))
        ensembles.append(_create(spec))
        _need_memory(spec, run.options.threads, realizations)
    inputs = dict(zip(_PARAMETERS, map(np.array, columns)), dynamics=dynamics, steps=steps, start=start,
                  average=bool(flag), burn_in=burn_in, zero_diagonal=bool(zero_diagonal), seed=common["seed"])
    rows = []
    try:
        for ensemble in ensembles:
            rows.append(_run(ensemble, realizations, most, rel_err, run))
    except BaseException as stop:  # whatever a signal handler raises
        rest = [_row(ensemble, lib.KI_NOT_CONVERGED) for ensemble in ensembles[len(rows):]]
        with contextlib.suppress(AttributeError):
            setattr(stop, "partial", _gather(rows + rest, inputs))
            stop.add_note("What was finished is in the exception's `partial`: sys.last_value.partial in a session.")
        raise
    return _gather(rows, inputs)
