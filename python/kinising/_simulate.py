# SPDX-License-Identifier: BSD-3-Clause
"""Finite networks averaged over disorder: a numpy layer over ki_ensemble_* of kinising/simulate.h."""
from typing import Any, NamedTuple

import numpy as np

from ._arguments import (GIB, count, machine_memory, one_dynamics, one_of, text, window)
from ._library import check, ffi, lib, need_library
from ._run import start_run

STARTS = ("up", "random", "theory")
_ALGORITHMS = ("auto", "dense", "matrix-free")
_MOST_SPINS, _MOST_STEPS, _MOST_REALIZATIONS, MOST_SEED = 2**31 - 1, 10**15, 2**56, 2**64 - 1


class Simulation(NamedTuple):
    """Averages over disorder, see simulate(). Each field is a number or str, or an array of the broadcast
    shape."""
    realizations: Any
    m: Any
    m_err: Any
    q: Any
    q_err: Any
    S: Any
    S_err: Any
    Sr: Any
    Sr_err: Any
    sigma: Any
    sigma_err: Any
    activity: Any
    activity_err: Any
    flips: Any
    algorithm: Any
    status: Any


AVERAGES = Simulation._fields[1:-2]


def averages(result):
    """The numbers of a ki_ensemble_result."""
    return [getattr(result, name) for name in AVERAGES]


def _sizes(N):
    sizes = np.asarray(N)
    if sizes.size and sizes.dtype.kind not in "iu":
        raise TypeError(f"N : {N!r} is not of whole numbers : use 1 to {_MOST_SPINS}")
    wrong = sizes[(sizes < 1) | (sizes > _MOST_SPINS)]
    if wrong.size:
        raise ValueError(f"N : {wrong.flat[0]} is out of range : use 1 to {_MOST_SPINS}")
    return sizes.astype(np.int64)


def _limits(realizations, rel_err, max_realizations):
    """How many realizations at first, and at most."""
    realizations = count("realizations", realizations, _MOST_REALIZATIONS)
    if rel_err is None:
        if max_realizations is not None:
            raise ValueError("max_realizations : limits rel_err, which is not given : use realizations")
        return realizations, realizations
    if not 0 < rel_err <= 1:
        raise ValueError(f"rel_err : {rel_err} is out of range : use a number in (0, 1], or None")
    most = count("max_realizations", 10**7 if max_realizations is None else max_realizations,
                 _MOST_REALIZATIONS)
    if most < realizations:
        raise ValueError(f"max_realizations : {most} is fewer than realizations {realizations} : use at "
                         "least as many")
    return realizations, most


def _create(spec):
    out = ffi.new("ki_ensemble **")
    check(lib.ki_ensemble_create(spec, out))
    return ffi.gc(out[0], lib.ki_ensemble_free)


def _need_memory(spec, threads, realizations):
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


def _run(ensemble, realizations, most, rel_err, run):
    """Averages and algorithm of one point, and whether rel_err was reached."""
    result, target, status = ffi.new("ki_ensemble_result *"), realizations, "ok"
    while True:
        check(lib.ki_ensemble_run(ensemble, 0, target, ffi.addressof(run, "options")))
        check(lib.ki_ensemble_result_of(ensemble, result))
        following = target
        if rel_err is not None:
            following = lib.ki_ensemble_target(ensemble, rel_err, target, realizations, most)
            missed = lib.ki_ensemble_target(ensemble, rel_err, target, 1, 2**64 - 1) > target
            status = "not-converged" if missed and following == target else "ok"
        if following == target:
            algorithm = lib.ki_ensemble_get_spec(ensemble).algorithm
            return (result.realizations, *averages(result), text(lib.ki_algorithm_name(algorithm)), status)
        target = following


def simulate(N, beta, J0=1.0, dJ=1.0, dH=0.0, dynamics="sync", realizations=100, steps=127, average=False,
             burn_in=0, start="up", algorithm="auto", zero_diagonal=False, rel_err=None,
             max_realizations=None, seed=1, threads=0):
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
        status                      'ok', or 'not-converged' if rel_err was not reached

    The same numbers as `kinising simulate` with the same settings, to the last bit on one machine.

    Raises ValueError (nan, out of range, not possible together), TypeError, MemoryError (before anything
    runs), ImportError (library not built). Ctrl-C stops it; what was done is then lost.

    >>> ki.simulate(N=[32, 64], beta=0, realizations=10).q
    array([0., 0.])
    """
    need_library()
    sizes = _sizes(N)
    columns = np.broadcast_arrays(sizes, *(np.asarray(x, dtype=np.float64) for x in (beta, J0, dJ, dH)))
    shape = columns[0].shape
    realizations, most = _limits(realizations, rel_err, max_realizations)
    flag, burn_in = window(average, burn_in)
    common = dict(dynamics=one_dynamics(dynamics), steps=count("steps", steps, _MOST_STEPS), average=flag,
                  burn_in=burn_in, start=one_of("start", start, STARTS),
                  algorithm=one_of("algorithm", algorithm, _ALGORITHMS),
                  zero_diagonal=int(bool(zero_diagonal)), seed=count("seed", seed, MOST_SEED, 0))
    run = start_run(threads)
    ensembles = []
    for n, *point in zip(*(c.reshape(-1).tolist() for c in columns)):  # all are checked before one runs
        spec = ffi.new("ki_ensemble_spec *", dict(common, n=n, p=point))
        ensembles.append(_create(spec))
        _need_memory(spec, run.options.threads, realizations)
    rows = [_run(e, realizations, most, rel_err, run) for e in ensembles]
    if not shape:
        return Simulation._make(rows[0])
    kinds = [np.int64, *[np.float64] * len(AVERAGES), "U11", "U13"]
    return Simulation._make(np.array([row[i] for row in rows], dtype=kind).reshape(shape)
                            for i, kind in enumerate(kinds))
