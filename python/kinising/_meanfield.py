# SPDX-License-Identifier: BSD-3-Clause
"""Mean fields of one network: a numpy layer over kinising/meanfield.h, the method Network.meanfield."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import (METHODS, STATUSES, betas, count, doubles, need_memory, number, numbers, one_dynamics,
                         one_of, renamed)
from ._library import check, ffi, lib
from ._results import Counts, Numbers, Result, Words, plain, words
from ._run import start_run


@dataclass(frozen=True, repr=False, eq=False)
class MeanField(Result):
    """See Network.meanfield()."""
    N: int
    beta: Numbers
    dynamics: str
    method: str
    m0: float
    zero_diagonal: bool
    m: np.ndarray
    C: np.ndarray
    D: np.ndarray
    sigma: Numbers
    sigma_spin: np.ndarray
    sigma_edge: np.ndarray
    t: np.ndarray
    m_mean: np.ndarray
    C_mean: np.ndarray
    D_mean: np.ndarray
    sigma_t: np.ndarray
    status_t: np.ndarray
    residual: Numbers
    change: Numbers
    steps: Counts
    unphysical: Counts
    unphysical_D: Counts
    status: Words

    _columns = ("N", "beta", "dynamics", "m0", "t", "method", "m_mean", "C_mean", "D_mean", "sigma", "status")
    _along = ("t",)
    _of_rows = {"sigma": "sigma_t", "status": "status_t"}


_INFO = ("residual", "change", "steps", "unphysical", "unphysical_D", "status")


class _Kept:
    """What is kept of the steps of each beta: means, and the moments and the entropy production of spins and
    edges of the last or, with `path`, of all."""

    def __init__(self, N: int, shape: tuple, times: int, path: bool) -> None:
        inner = (*shape, times) if path else shape
        self.path, self.times = path, times
        self.means = [np.empty((*shape, times)) for _ in range(4)]
        self.status = np.zeros((*shape, times), dtype=np.int64)
        self.moments = [np.empty((*inner, *tail)) for tail in ((N,), (N, N), (N, N))]
        self.sigma = [np.empty_like(self.moments[0]), np.empty_like(self.moments[1])]
        self.info = {name: np.zeros(shape, dtype=np.float64 if name in _INFO[:2] else np.int64) for name in _INFO}

    def keep(self, mf: Any, at: tuple, t: int, status: int = 0) -> None:
        state = ffi.new("ki_meanfield_state *")
        check(lib.ki_meanfield_get(mf, state))
        for to, value in zip(self.means, (state.m_mean, state.C_mean, state.D_mean, state.sigma)):
            to[at + (t,)] = value
        self.status[at + (t,)] = status
        if not self.path and t < self.times - 1:
            return
        here = at + (t,) if self.path else at
        for to, source in zip(self.moments, (state.m, state.C, state.D)):
            ffi.memmove(doubles(to[here]), source, to[here].nbytes)
        if np.isnan(state.D_mean):  # a start has none
            for x in self.moments[2], *self.sigma:
                x[here] = np.nan
        else:
            check(lib.ki_meanfield_sigma(mf, *(doubles(x[here]) for x in self.sigma)))


def _start(N: int, m0: Any, C0: Any, D0: Any) -> tuple:
    m = np.broadcast_to(numbers("m0", m0), (N,)) if np.ndim(m0) == 0 else numbers("m0", m0)
    C, D = (None if x is None else numbers(name, x) for name, x in (("C0", C0), ("D0", D0)))
    for name, x, shape in (("m0", m, (N,)), ("C0", C, (N, N)), ("D0", D, (N, N))):
        if x is not None and x.shape != shape:
            raise ValueError(f"{name} : is of shape {x.shape} : use {shape}, or one number for m0")
    return np.ascontiguousarray(m), C, D


def couplings(network: Any, zero_diagonal: bool, async_: bool) -> np.ndarray:
    J = network.J
    if zero_diagonal:
        J = J.copy()
        np.fill_diagonal(J, 0.0)
    own = np.flatnonzero(np.diagonal(J))
    if async_ and own.size:
        i = own[0]
        raise ValueError(f"J[{i},{i}] : is {J[i, i]:.6g}, and asynchronous mean fields are those of spins that "
                         "do not act on themselves : use zero_diagonal=True, which takes J_ii as 0")
    return J


def _settle(mf: Any, tol: float, most: int, options: Any, kept: _Kept, at: tuple) -> None:
    info = ffi.new("ki_meanfield_info *")
    check(lib.ki_meanfield_steady(mf, tol, most, options, info))
    kept.keep(mf, at, 0, info.status)
    for name in _INFO:
        kept.info[name][at] = getattr(info, name)


def _advance(mf: Any, steps: int, options: Any, kept: _Kept, at: tuple) -> None:
    info, status, residual = ffi.new("ki_meanfield_info *"), 0, 0.0
    kept.keep(mf, at, 0)
    for t in range(1, steps + 1):
        check(lib.ki_meanfield_step(mf, options, info))
        status, residual = max(status, info.status), max(residual, info.residual)
        kept.keep(mf, at, t, info.status)
    for name in _INFO:
        kept.info[name][at] = getattr(info, name)
    kept.info["residual"][at], kept.info["status"][at] = residual, status


def meanfield(self, method: Optional[str] = None, steps: Optional[int] = None, steady: bool = False,
              dynamics: str = "sync", m0: ArrayLike = 1.0, C0: Optional[ArrayLike] = None,
              D0: Optional[ArrayLike] = None, tol: Optional[float] = None, max_steps: Optional[int] = None,
              path: bool = False, zero_diagonal: bool = False, threads: int = 0,
              beta: Optional[ArrayLike] = None) -> MeanField:
    """Mean fields: magnetizations, correlations and entropy production, in time or in the steady state.
    [naive] [plefka-t1t] [plefka-t] [plefka-t1] [plefka2-t] [sigma-mf]

    Parameters:
        method     'naive', 'plefka-t1t' (TAP), 'plefka-t', 'plefka-t1' or 'plefka2-t'; None: the last, or
                   'plefka-t1t' if asynchronous
        steps      T, updates of all spins; 127 if not given
        steady     go to the steady state that the start leads to, instead
        dynamics   'sync'; 'async' for the steady state of 'naive' and 'plefka-t1t', with J_ii = 0
        m0         mean of each spin at the start: a number, or [N]
        C0, D0     [N,N] correlations of the start, 1 - m0^2 on the diagonal of C0; independent spins if not
                   given. With m, C and D of a result a run goes on
        tol        steady: largest change of a moment in a step; 1e-12 if not given
        max_steps  steady: where it gives up; 10 000 if not given, 1000 for 'plefka-t' and 'plefka2-t'
        path       m, C, D, sigma_spin and sigma_edge of every step are wanted
        zero_diagonal  take J_ii as 0
        threads    0 = all available
        beta       instead of the network's: a number, or a list

    Returns MeanField, with a first axis more in everything but t if beta is a list:
        N, beta, dynamics, method, m0, zero_diagonal  what was asked for; m0 as mean over spins
        m           [N] magnetizations
        C           [N,N] Cov(s_i(t), s_j(t))
        D           [N,N] Cov(s_i(t), s_j(t-1)); 'async' Cov(tanh(beta h_i), s_j)
                    of the last step; with path [T+1,N] and [T+1,N,N], from the start on
        sigma       entropy production, nats per spin and step (unit of time)
        sigma_spin  [N] sigma_edge summed over j
        sigma_edge  [N,N] beta (J_ij - J_ji) D_ij, 'async' half of it; the sum over i and j is N sigma;
                    with path of every step too
        t, m_mean, C_mean, D_mean, sigma_t, status_t  [T+1] of every step: time, means over all elements, entropy
                    production, status; steady: [1], t is inf
        residual    largest error left in a scalar equation, of any step
        change      largest change of a moment in the last step
        steps       how many
        unphysical, unphysical_D  elements of C above the diagonal, and of D, that no distribution has: the
                    method is out of its range
        status      'ok', 'unsolved' (a residual above 1e-12), 'not-steady', 'unstable' (a steady state that the
                    least deviation leaves), or 'unphysical'; the worst of any step

    The same numbers as `kinising meanfield`. table() gives its rows.

    Raises ValueError (out of range, not possible together), TypeError, MemoryError (before anything runs).
    Ctrl-C stops it.

    >>> ki.Network(H=[0, 0], J=[[0, 1], [-1, 0]]).meanfield("naive", steps=1, m0=0).sigma
    2.0
    """
    flag, steady, path = one_dynamics(dynamics), bool(steady), bool(path)
    if method is None:
        method = "plefka2-t" if flag == lib.KI_SYNC else "plefka-t1t"
    which = one_of("method", method, METHODS)
    if flag == lib.KI_ASYNC and not steady:
        raise ValueError("dynamics : 'async' is known in the steady state alone : use steady=True")
    if steady and (steps is not None or path):
        name = "path" if path else "steps"
        raise ValueError(f"{name} : a steady state has none : use max_steps, or steady=False")
    if not steady and (tol is not None or max_steps is not None):
        name = "max_steps" if tol is None else "tol"
        raise ValueError(f"{name} : is of steady states : use steady=True")
    T = 0 if steady else count("steps", 127 if steps is None else steps, 10**7)
    tol = 1e-12 if tol is None else number("tol", tol)
    most = 0 if max_steps is None else count("max_steps", max_steps, 10**9)
    if not 0 < tol <= 1:
        raise ValueError(f"tol : {tol} is out of range : use a number in (0, 1]")
    N, run, (values, shape) = self.N, start_run(threads), betas(self, beta)
    spec = ffi.new("ki_meanfield_spec *", (which, flag, int(steady)))
    need = ffi.new("uint64_t *")
    check(lib.ki_meanfield_memory(N, spec, need))
    need_memory(f"meanfield : N = {N}, T = {T}",
                need[0] + 8.0 * N * N * bool(zero_diagonal) + 8.0 * len(values) * (
                    (3.0 * N * N + 2.0 * N) * (T + 1 if path else 1) + 6.0 * (T + 1)),
                "use a smaller network" + (", or not path" if path else "") + (", or fewer betas" if shape else ""))
    start = _start(N, m0, C0, D0)
    J = couplings(self, zero_diagonal, flag == lib.KI_ASYNC)
    kept, options, out = _Kept(N, shape, T + 1, path), ffi.addressof(run, "options"), ffi.new("ki_meanfield **")
    for at, value in zip(np.ndindex(shape), values):
        check(lib.ki_meanfield_create(ffi.new("ki_network *", (N, doubles(self.H), doubles(J), value)), spec,
                                      run.options.threads, out))
        mf = ffi.gc(out[0], lib.ki_meanfield_free)
        with renamed({"m[": "m0[", "C[": "C0[", "D[": "D0["}):
            check(lib.ki_meanfield_start(mf, *map(doubles, start)))
        if steady:
            _settle(mf, tol, most, options, kept, at)
        else:
            _advance(mf, T, options, kept, at)
        ffi.release(mf)
    status = words(STATUSES, plain(kept.info.pop("status")))
    return MeanField(
        N=N, beta=plain(np.array(values).reshape(shape)), dynamics=dynamics, method=method, m0=float(start[0].mean()),
        zero_diagonal=bool(zero_diagonal), **dict(zip(("m", "C", "D"), kept.moments)),
        sigma=plain(kept.means[3][..., -1].copy()), sigma_spin=kept.sigma[0], sigma_edge=kept.sigma[1],
        t=np.array([np.inf]) if steady else np.arange(T + 1.0),
        **dict(zip(("m_mean", "C_mean", "D_mean", "sigma_t"), kept.means)), status_t=words(STATUSES, kept.status),
        **{name: plain(x) for name, x in kept.info.items()}, status=status)


meanfield.__qualname__ = "Network.meanfield"
