# SPDX-License-Identifier: BSD-3-Clause
"""All states of one small network: a numpy layer over kinising/exact.h, the method Network.exact."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import STATUSES, betas, count, doubles, need_memory, number, one_dynamics, text
from ._library import check, ffi, lib
from ._results import Counts, Numbers, Result, Words, plain, words
from ._run import start_run

_MOST_LAGS, _MOST_BINS = 10**6, 65536


@dataclass(frozen=True, repr=False, eq=False)
class Exact(Result):
    """See Network.exact()."""
    N: int
    beta: Numbers
    dynamics: str
    zero_diagonal: bool
    m_mean: Numbers
    q: Numbers
    S: Numbers
    Sr: Numbers
    sigma: Numbers
    entropy: Numbers
    gap: Numbers
    m: np.ndarray
    C: np.ndarray
    D: Optional[np.ndarray]
    c: np.ndarray
    d: np.ndarray
    sigma_spin: np.ndarray
    sigma_edge: np.ndarray
    p: np.ndarray
    relaxation_time: Numbers
    residual: Numbers
    gap_residual: Numbers
    law_error: Numbers
    gap_error: Numbers
    sigma_error: Numbers
    activity: Numbers
    products: Counts
    tau: Optional[np.ndarray]
    autocorrelation: Optional[np.ndarray]
    sigma_bins: Optional[np.ndarray]
    sigma_probability: Optional[np.ndarray]
    fluctuation: Numbers
    status: Words

    _columns = ("N", "beta", "dynamics", "m_mean", "m", "q", "S", "Sr", "sigma", "entropy", "gap", "status")
    _of_rows = {"m": "m_mean"}


_NUMBERS = ("m_mean", "q", "S", "Sr", "sigma", "entropy", "gap", "relaxation_time", "residual", "gap_residual",
            "law_error", "gap_error", "sigma_error", "activity", "products")


def _couplings(network: Any, flag: int, zero_diagonal: bool, keep_diagonal: bool) -> np.ndarray:
    if zero_diagonal and keep_diagonal:
        raise ValueError("zero_diagonal : excludes keep_diagonal : one of the two")
    J = network.J
    if zero_diagonal:
        J = J.copy()
        np.fill_diagonal(J, 0.0)
    own = np.flatnonzero(np.diagonal(J))
    if flag == lib.KI_ASYNC and own.size and not keep_diagonal:
        i = own[0]
        raise ValueError(f"J[{i},{i}] : is {J[i, i]:.6g}, and asynchronously a spin that flips would change its "
                         "own field : zero_diagonal=True for J_ii = 0, or keep_diagonal=True for the network as "
                         "it is")
    return J


def _lags(flag: int, tmax: Any, points: Any) -> Optional[np.ndarray]:
    if tmax is None:
        if points is not None:
            raise ValueError("points : there is no tmax : give it, or no points")
        return None
    tmax = number("tmax", tmax)
    most = _MOST_LAGS if flag == lib.KI_SYNC else np.finfo(float).max
    if not 0 <= tmax <= most:
        raise ValueError(f"tmax : {tmax:g} is out of range : use 0 to {most:g}")
    if flag == lib.KI_SYNC:
        if points is not None:
            raise ValueError("points : does not apply to dynamics 'sync' : use tmax, every whole lag up to it is "
                             "given")
        if tmax != int(tmax):
            raise ValueError(f"tmax : {tmax:g} is no number of steps : use a whole number")
        return np.arange(count("tmax", int(tmax), _MOST_LAGS, 0) + 1.0)
    return np.linspace(0.0, tmax, count("points", 100 if points is None else points, _MOST_LAGS) + 1)


def exact(self, dynamics: str = "sync", zero_diagonal: bool = False, keep_diagonal: bool = False,
          tol: float = 1e-14, tmax: Optional[float] = 10, points: Optional[int] = None, bins: int = 100,
          threads: int = 0, beta: Optional[ArrayLike] = None) -> Exact:
    """The steady state from all 2^N states: no sampling, no approximation. [exact] [sigma-net-sync]
    [sigma-net-async]

    Parameters:
        dynamics       'sync' (N up to 14) or 'async' (N up to 20)
        zero_diagonal  take J_ii as 0
        keep_diagonal  'async' with J_ii != 0: the chain as it is; else one of the two is needed
        tol            residual of the law wanted, sum of |pT - p|
        tmax, points   of the autocorrelation: largest lag, and 'async' number of intervals, 100 if not given;
                       tmax=None: none
        bins           of the histogram of the entropy production, an even number; 0: none
        threads        0 = all available; the values do not depend on it
        beta           instead of the network's: a number, or a list

    Returns Exact, with a first axis more in everything but tau if beta is a list:
        N, beta, dynamics, zero_diagonal  what was asked for
        q           mean of <s_i(t) s_i(t-1)>, 'async' of m_i^2: the autocorrelation of a long lag
        m_mean, S, Sr, sigma, entropy  mean of <s_i>, path entropies, entropy production, entropy of the system;
                    nats per spin (and step or unit of time)
        gap, relaxation_time  1 - |lambda_2| and -1/ln|lambda_2| of the transition matrix; 'async' -Re lambda_2
                    of the generator and its inverse
        m           [N] <s_i>
        C, D        [N,N] connected <s_i s_j> and <s_i(t) s_j(t-1)>; 'async' D is None
        c, d        [N,N] raw, d 'async' <tanh(beta h_i) s_j>
        sigma_spin, sigma_edge  [N], [N,N] beta (J_ij - J_ji) d_ij, 'async' half of it and on the diagonal the
                    part of J_ii; the sum over i and j is N sigma
        p           [2^N] the law; bit i of a state's number is set where spin i is +1
        residual, gap_residual, law_error, gap_error, sigma_error, products  how exact, and at what cost
        activity    probability that an update flips its spin
        status      'ok', or 'not-converged': the law depends on the start, or is not as exact as asked
        tau, autocorrelation  mean over spins of <s_i(t) s_i(t + tau)>
        sigma_bins, sigma_probability  [bins+1], [bins] of the entropy production of one step or flip, with the
                    part of the system, of the whole network
        fluctuation  <exp(-Sigma)>, 1

    The same numbers as `kinising exact`. table() gives its rows.

    Raises ValueError (too many spins, J_ii, out of range), TypeError, MemoryError (before anything runs).
    Ctrl-C stops it.

    >>> round(ki.Network(H=[0, 0], J=[[0, 1], [-1, 0]]).exact().sigma, 12)
    1.523188311912
    """
    flag, N = one_dynamics(dynamics), self.N
    run, bins, tol = start_run(threads), count("bins", bins, _MOST_BINS, 0), number("tol", tol)
    values, shape = betas(self, beta)
    J = _couplings(self, flag, zero_diagonal, keep_diagonal)
    need = ffi.new("uint64_t *")
    check(lib.ki_exact_memory(N, flag, need))
    tau = _lags(flag, tmax, points)
    lags = 0 if tau is None else tau.size
    need_memory(f"exact : N = {N}", need[0] + 128.0 * bins + 48.0 * lags + len(values) * 8.0 *
                (2**N + 5 * N**2 + 2 * N + 2 * bins + lags), "use fewer spins" + (" or betas" if shape else ""))
    square = (N, N)
    arrays: dict[str, Any] = {name: np.empty((*shape, *tail)) for name, tail in dict(
        p=(2**N,), m=(N,), C=square, D=square, c=square, d=square, sigma_spin=(N,), sigma_edge=square).items()}
    edges: Any = np.empty((*shape, bins + 1)) if bins else None
    probability: Any = np.empty((*shape, bins)) if bins else None
    autocorrelation: Any = np.empty((*shape, lags)) if lags else None
    numbers = {name: np.empty(shape, dtype=np.int64 if name in ("products", "status") else np.float64)
               for name in (*_NUMBERS, "fluctuation", "status")}
    options, r = ffi.addressof(run, "options"), ffi.new("ki_exact_result *")
    moments = ffi.new("ki_exact_fluctuation_result *")
    for at, value in zip(np.ndindex(shape), values):
        network = ffi.new("ki_network *", (N, doubles(self.H), doubles(J), value))
        check(lib.ki_exact(network, ffi.new("ki_exact_spec *", (flag, tol, 0)), options, r,
                           ffi.new("ki_exact_out *", {name: doubles(a[at]) for name, a in arrays.items()})))
        law = doubles(arrays["p"][at])
        check(lib.ki_exact_fluctuations(network, flag, law, bins, options, moments,
                                        *(doubles(a[at] if bins else None) for a in (edges, probability))))
        if lags:
            error = lib.ki_exact_autocorrelation(network, flag, law, lags, doubles(tau), options,
                                                 doubles(autocorrelation[at]))
            if error == lib.KI_ERR_ARGUMENT:  # about one of the times that tmax has made
                raise ValueError(f"tmax : {tau[-1]:g} is too long : {text(lib.ki_last_error()).rpartition(' : ')[2]}")
            check(error)
        for name in (*_NUMBERS, "status"):
            numbers[name][at] = getattr(r, name)
        numbers["fluctuation"][at] = moments.integral
    if flag == lib.KI_ASYNC:
        arrays["D"] = None
    status = words(STATUSES, plain(numbers.pop("status")))
    return Exact(N=N, beta=plain(np.array(values).reshape(shape)), dynamics=dynamics, zero_diagonal=bool(zero_diagonal),
                 **{name: plain(x) for name, x in numbers.items()}, **arrays, tau=tau, autocorrelation=autocorrelation,
                 sigma_bins=edges, sigma_probability=probability, status=status)


exact.__qualname__ = "Network.exact"
