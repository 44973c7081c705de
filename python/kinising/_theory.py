# SPDX-License-Identifier: BSD-3-Clause
"""Exact theory of the infinite network: a numpy layer over kinising/theory.h."""
from typing import Any, NamedTuple

import numpy as np

from ._arguments import count, dynamics_flags, one_dynamics, text
from ._library import check, ffi, lib, need_library
from ._run import start_run

# The arrays are made before the library can refuse a length: no room is asked for beyond its limits.
_MOST_STEPS, _MOST_MATRIX_STEPS, _MOST_POINTS = 10**7, 10**4, 1600


class Theory(NamedTuple):
    """Steady state, see theory(). Each field is a float or str, or an array of the broadcast shape."""
    m: Any
    q: Any
    k: Any
    S: Any
    Sr: Any
    sigma: Any
    Sr_async: Any
    sigma_async: Any
    sigma_over_beta: Any
    sigma_async_over_beta: Any
    chi: Any
    phase: Any
    status: Any


class Transient(NamedTuple):
    """Relaxation, see transient(). Columns are float arrays [n+1]; C is [n+1,n+1] or None."""
    t: np.ndarray
    m: np.ndarray
    q: np.ndarray
    S: np.ndarray
    Sr: np.ndarray
    sigma: np.ndarray
    C: Any
    error: float
    status: str


def _record(name):
    """The numpy dtype of a C struct of numbers."""
    kinds = {"double": "f8", "int": "i4"}
    struct = ffi.typeof(name)
    return np.dtype({"names": [n for n, _ in struct.fields],
                     "formats": [kinds[f.type.cname] for _, f in struct.fields],
                     "offsets": [f.offset for _, f in struct.fields],
                     "itemsize": ffi.sizeof(struct)})


def _points(*parameters):
    """The broadcast shape and the points as ki_theory_params [shape, 4]."""
    columns = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in parameters))
    return columns[0].shape, np.stack(columns, axis=-1)


def _names(name_of, numbers):
    names = np.array([text(name_of(i)) for i in range(3)])
    return names[numbers]


def theory(beta, J0=1.0, dJ=1.0, dH=0.0, dynamics="sync,async", threads=0):
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
        m, q, k   magnetization >= 0, autocorrelation at lag >= 1, mean of sech^2(beta h)
        S, Sr     path entropy and reverse path entropy, nats per spin and step
        sigma     entropy production, (beta dJ)^2 (1 - q) k, nats per spin and step
        Sr_async, sigma_async                   the same per unit time, asynchronous dynamics; its Sr is
                  S + sigma_async with S of the asynchronous state
        sigma_over_beta, sigma_async_over_beta  finite at beta = inf
        chi       susceptibility to a uniform field, inf on the critical line
        phase     'ferromagnetic', 'paramagnetic' or 'two-cycle' (synchronous, J0 < 0)
        status    'ok' or 'not-converged'
    With 'async' alone m, q, k, S, chi and phase are the asynchronous state's.

    Raises ValueError (nan, out of range, shapes that do not broadcast), MemoryError, ImportError
    (library not built). Ctrl-C stops it.

    >>> ki.theory(beta=[0.5, 1, 2], dJ=0.5).phase
    array(['paramagnetic', 'paramagnetic', 'ferromagnetic'], dtype='<U13')
    """
    need_library()
    flags = dynamics_flags(dynamics)
    shape, points = _points(beta, J0, dJ, dH)
    records = np.empty(shape, dtype=_record("ki_theory_result"))
    run = start_run(threads)
    if records.size:
        check(lib.ki_theory_map(records.size, ffi.from_buffer("ki_theory_params[]", points), flags,
                                ffi.addressof(run, "options"),
                                ffi.from_buffer("ki_theory_result[]", records)))
    values = [records[name] for name in Theory._fields[:-2]]
    values.append(_names(lib.ki_phase_name, records["phase"]))
    values.append(_names(lib.ki_status_name, records["status"]))
    return Theory._make(v if shape else v.item() for v in values)


def critical(solve_for="beta", beta=None, J0=1.0, dJ=1.0, dH=0.0):
    """Order-disorder boundary beta J0 k(m = 0) = 1, solved for one parameter. [critical]

    Parameters: solve_for is 'beta', 'J0', 'dJ' or 'dH'; the parameter of that name is ignored, the
    others are as in theory() and broadcast.

    Returns a float, or an array of the broadcast shape: the value of that parameter on the boundary,
    nan where there is no ordered phase.

    Raises ValueError (unknown name, nan, out of range), TypeError (beta is needed and not given),
    ImportError (library not built).

    >>> ki.critical(dJ=[0.5, 1])
    array([1.34849996,        nan])
    """
    need_library()
    names = ["beta", "J0", "dJ", "dH"]
    if solve_for not in names:
        raise ValueError(f"solve_for : {solve_for!r} is unknown : use 'beta', 'J0', 'dJ' or 'dH'")
    if beta is None and solve_for != "beta":
        raise TypeError("beta : is not given : give it, or solve_for='beta'")
    unknown = names.index(solve_for)
    given = [0.0 if i == unknown else x for i, x in enumerate((beta, J0, dJ, dH))]
    shape, points = _points(*given)
    roots = np.empty(shape)
    point = ffi.cast("ki_theory_params *", ffi.from_buffer(points))
    root, status, flat = ffi.new("double *"), ffi.new("int *"), roots.reshape(-1)
    for i in range(flat.size):
        check(lib.ki_critical(point + i, unknown, root, status))
        flat[i] = root[0]
    return roots if shape else roots.item()


def autocorrelation(tau, beta, J0=1.0, dJ=1.0, dH=0.0, dynamics="async"):
    """Autocorrelation C(tau) of the steady state. [C-async] [C-sync]

    Parameters: tau >= 0 and finite, of any shape (whole numbers of steps with 'sync', else time in
    updates per spin); the others are scalars as in theory(); dynamics is 'sync' or 'async'.

    Returns a float, or an array of the shape of tau.

    Raises ValueError (nan, out of range), ImportError (library not built).

    >>> ki.autocorrelation([0, 1, 2], beta=1, dJ=0.5, dynamics="sync")
    array([1., 0., 0.])
    """
    need_library()
    chosen = one_dynamics(dynamics)
    tau = np.asarray(tau, dtype=np.float64, order="C")
    C = np.empty(tau.shape)
    check(lib.ki_autocorrelation(ffi.new("ki_theory_params *", (beta, J0, dJ, dH)), chosen, tau.size,
                                 ffi.cast("double *", ffi.from_buffer(tau)),
                                 ffi.cast("double *", ffi.from_buffer(C))))
    return C if tau.shape else C.item()


def _length(dynamics, steps, tmax, points, two_time):
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
    return n, 10.0 if tmax is None else tmax


def transient(beta, J0=1.0, dJ=1.0, dH=0.0, m0=1.0, steps=None, tmax=None, points=None, lag=1,
              dynamics="sync", tol=1e-6, two_time=False, threads=0):
    """Relaxation from a random start with mean m0. [m-sync] [C-sync] [sigma-t] [C-async]

    Parameters: scalars; beta (finite), J0, dJ, dH as in theory().
        m0        magnetization of the start, -1 to 1
        steps     'sync': number of steps n, default 50, at most 10^7 (10^4 with two_time)
        tmax      'async': last time, default 10, at most about 400
        points    'async': number of output intervals n, default 100, at most 1600
        lag       of q, in steps or output intervals, >= 1
        dynamics  'sync' or 'async'
        tol       'async': absolute error wanted, 1e-12 to 1e-2
        two_time  also return C(t, t')
        threads   0 = all available

    Returns Transient:
        t, m      [n+1] time and magnetization
        q         [n+1] C(t, t - lag); nan while t < lag
        S, Sr     [n+1] path entropies, nats per spin and step (or unit time); 'sync': nan at t = 0
        sigma     [n+1] entropy flow to the bath, Sr - S
        C         [n+1,n+1] symmetric, or None
        error     'async': estimated largest absolute error; 'sync': nan
        status    'ok', or 'not-converged' if that is above tol

    Raises ValueError (nan, out of range), TypeError (a length of the other dynamics), MemoryError,
    ImportError (library not built). Ctrl-C stops it.

    >>> ki.transient(beta=2, dJ=0.5, steps=2).m
    array([1.        , 0.86466472, 0.80529998])
    """
    need_library()
    chosen = one_dynamics(dynamics)
    n, tmax = _length(chosen, steps, tmax, points, two_time)
    lag = count("lag", lag)
    arrays = [np.empty(n + 1) for _ in range(6)] + [np.empty((n + 1, n + 1)) if two_time else None]
    views = [ffi.NULL if a is None else ffi.from_buffer("double[]", a) for a in arrays]
    out = ffi.new("ki_transient *", views)
    point = ffi.new("ki_theory_params *", (beta, J0, dJ, dH))
    run = start_run(threads)
    options = ffi.addressof(run, "options")
    error, status = float("nan"), lib.KI_CONVERGED
    if chosen == lib.KI_SYNC:
        check(lib.ki_transient_sync(point, m0, n, lag, options, out))
    else:
        outcome = ffi.new("ki_transient_info *")
        check(lib.ki_transient_async(point, m0, tmax, n, lag, tol, options, out, outcome))
        error, status = outcome.error, outcome.status
    return Transient(*arrays, error, text(lib.ki_status_name(status)))


def info():
    """Facts about the library and this machine: a dict with version, commit, compiler, build_type,
    cpu_features, kernels, blas, have_threads, have_hdf5, max_threads.

    Raises ImportError (library not built).

    >>> ki.info()["version"]
    '0.1.0'
    """
    need_library()
    facts = ffi.new("ki_build_info *")
    check(lib.ki_get_build_info(facts))
    texts = {name: text(getattr(facts, name)) for name in
             ("version", "commit", "compiler", "build_type", "cpu_features", "kernels", "blas")}
    return {**texts, "have_threads": bool(facts.have_threads), "have_hdf5": bool(facts.have_hdf5),
            "max_threads": facts.max_threads}
