# SPDX-License-Identifier: BSD-3-Clause
"""All states of one small network: a numpy layer over kinising/exact.h, the method Network.exact."""
from typing import Any, NamedTuple

import numpy as np

from ._arguments import count, doubles, need_memory, one_dynamics, text
from ._library import check, ffi, lib
from ._run import start_run

_MOST_LAGS, _MOST_BINS = 10**6, 65536


class Exact(NamedTuple):
    """See Network.exact()."""
    m_mean: float
    S: float
    Sr: float
    sigma: float
    entropy: float
    gap: float
    m: Any
    C: Any
    D: Any
    c: Any
    d: Any
    sigma_spin: Any
    sigma_edge: Any
    p: Any
    relaxation_time: float
    residual: float
    gap_residual: float
    law_error: float
    gap_error: float
    sigma_error: float
    activity: float
    products: int
    status: str
    tau: Any
    autocorrelation: Any
    sigma_bins: Any
    sigma_probability: Any
    fluctuation: float


def _couplings(network, flag, zero_diagonal, keep_diagonal):
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


def _lags(flag, tmax, points):
    if tmax is None:
        if points is not None:
            raise ValueError("points : there is no tmax : give it, or no points")
        return None
    if flag == lib.KI_SYNC:
        if points is not None:
            raise ValueError("points : does not apply to dynamics 'sync' : use tmax, every whole lag up to it is "
                             "given")
        if tmax != int(tmax):
            raise ValueError(f"tmax : {tmax} is no number of steps : use a whole number")
        return np.arange(count("tmax", int(tmax), _MOST_LAGS, 0) + 1.0)
    return np.linspace(0.0, float(tmax), count("points", 100 if points is None else points, _MOST_LAGS) + 1)


def exact(self, dynamics="sync", zero_diagonal=False, keep_diagonal=False, tol=1e-14, tmax=10, points=None,
          bins=100, threads=0):
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

    Returns Exact:
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

    The same numbers as `kinising exact`.

    Raises ValueError (too many spins, J_ii, out of range), TypeError, MemoryError (before anything runs).
    Ctrl-C stops it.

    >>> round(ki.Network(H=[0, 0], J=[[0, 1], [-1, 0]]).exact().sigma, 12)
    1.523188311912
    """
    flag, N = one_dynamics(dynamics), self.N
    run, bins = start_run(threads), count("bins", bins, _MOST_BINS, 0)
    J = _couplings(self, flag, zero_diagonal, keep_diagonal)
    need = ffi.new("uint64_t *")
    check(lib.ki_exact_memory(N, flag, need))
    tau = _lags(flag, tmax, points)
    need_memory(f"exact : N = {N}", need[0] + 8.0 * 2**N + 128.0 * bins, "use fewer spins")
    network = ffi.new("ki_network *", (N, doubles(self.H), doubles(J), self.beta))
    arrays = [np.empty(shape) for shape in (2**N, N, *[(N, N)] * 4, N, (N, N))]
    result = ffi.new("ki_exact_result *")
    options = ffi.addressof(run, "options")
    check(lib.ki_exact(network, ffi.new("ki_exact_spec *", (flag, tol, 0)), options, result,
                       ffi.new("ki_exact_out *", [doubles(a) for a in arrays])))
    p, m, C, D, c, d, spin, edge = arrays
    edges, probability = (np.empty(bins + 1), np.empty(bins)) if bins else (None, None)
    moments = ffi.new("ki_exact_fluctuation_result *")
    check(lib.ki_exact_fluctuations(network, flag, doubles(p), bins, options, moments, doubles(edges),
                                    doubles(probability)))
    lags = None if tau is None else np.empty(tau.size)
    if tau is not None:
        check(lib.ki_exact_autocorrelation(network, flag, doubles(p), tau.size, doubles(tau), options,
                                           doubles(lags)))
    r = result
    return Exact(r.m_mean, r.S, r.Sr, r.sigma, r.entropy, r.gap, m, C, D if flag == lib.KI_SYNC else None, c, d,
                 spin, edge, p, r.relaxation_time, r.residual, r.gap_residual, r.law_error, r.gap_error,
                 r.sigma_error, r.activity, r.products,
                 text(lib.ki_status_name(r.status)), tau, lags, edges,
                 probability, moments.integral)
