# SPDX-License-Identifier: BSD-3-Clause
"""Mean fields of one network: a numpy layer over kinising/meanfield.h, the method Network.meanfield."""
from typing import Any, NamedTuple

import numpy as np

from ._arguments import count, doubles, need_memory, numbers, one_dynamics, one_of, text
from ._library import check, ffi, lib
from ._run import start_run

METHODS = () if lib is None else tuple(text(lib.ki_method_name(i)) for i in range(lib.KI_N_METHODS))


class MeanField(NamedTuple):
    """See Network.meanfield()."""
    m: Any
    C: Any
    D: Any
    sigma: float
    sigma_spin: Any
    sigma_edge: Any
    t: Any
    m_mean: Any
    C_mean: Any
    D_mean: Any
    sigma_t: Any
    residual: float
    change: float
    steps: int
    unphysical: int
    status: str


class _Path:
    """What is kept of the steps: means, and the moments and the entropy production of spins and edges of
    the last or, with `path`, of all."""

    def __init__(self, mf, N, times, path):
        self.mf, self.path = mf, path
        self.means = np.empty((4, times))
        self.moments = [np.empty((times if path else 1, *shape)) for shape in ((N,), (N, N), (N, N))]
        self.sigma = [np.empty_like(self.moments[0]), np.empty_like(self.moments[1])]

    def keep(self, row):
        state = ffi.new("ki_meanfield_state *")
        check(lib.ki_meanfield_get(self.mf, state))
        self.means[:, row] = state.m_mean, state.C_mean, state.D_mean, state.sigma
        if self.path or row == self.means.shape[1] - 1:
            at = row if self.path else 0
            for to, source in zip(self.moments, (state.m, state.C, state.D)):
                ffi.memmove(doubles(to[at]), source, to[at].nbytes)
            if np.isnan(state.D_mean):  # a start has none
                for x in self.moments[2], *self.sigma:
                    x[at] = np.nan
            else:
                check(lib.ki_meanfield_sigma(self.mf, *(doubles(x[at]) for x in self.sigma)))

    def result(self, arrays):
        return [x if self.path else x[0] for x in arrays]


def _start(N, m0, C0, D0):
    m = np.broadcast_to(numbers("m0", m0), (N,)) if np.ndim(m0) == 0 else numbers("m0", m0)
    C, D = (None if x is None else numbers(name, x) for name, x in (("C0", C0), ("D0", D0)))
    for name, x, shape in (("m0", m, (N,)), ("C0", C, (N, N)), ("D0", D, (N, N))):
        if x is not None and x.shape != shape:
            raise ValueError(f"{name} : is of shape {x.shape} : use {shape}, or one number for m0")
    return np.ascontiguousarray(m), C, D


def _couplings(network, zero_diagonal, async_):
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


def _settle(mf, tol, most, run, kept):
    info = ffi.new("ki_meanfield_info *")
    check(lib.ki_meanfield_steady(mf, tol, most, ffi.addressof(run, "options"), info))
    kept.keep(0)
    return info.residual, info.change, info.steps, info.unphysical, text(lib.ki_status_name(info.status))


def _advance(mf, steps, run, kept):
    info, status, residual = ffi.new("ki_meanfield_info *"), 0, 0.0
    kept.keep(0)
    for t in range(1, steps + 1):
        check(lib.ki_meanfield_step(mf, ffi.addressof(run, "options"), info))
        status, residual = max(status, info.status), max(residual, info.residual)
        kept.keep(t)
    return residual, info.change, info.steps, info.unphysical, text(lib.ki_status_name(status))


def mean_field(self, method=None, steps=None, steady=False, dynamics="sync", m0=1.0, C0=None, D0=None,
               tol=None, max_steps=None, path=False, zero_diagonal=False, threads=0):
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

    Returns MeanField:
        m           [N] magnetizations
        C           [N,N] Cov(s_i(t), s_j(t))
        D           [N,N] Cov(s_i(t), s_j(t-1)); 'async' Cov(tanh(beta h_i), s_j)
                    of the last step; with path [T+1,N] and [T+1,N,N], from the start on
        sigma       entropy production, nats per spin and step (unit of time)
        sigma_spin  [N] sigma_edge summed over j
        sigma_edge  [N,N] beta (J_ij - J_ji) D_ij, 'async' half of it; the sum over i and j is N sigma;
                    with path of every step too
        t, m_mean, C_mean, D_mean, sigma_t  [T+1] of every step: time, means over all elements, entropy
                    production; steady: [1], t is inf
        residual    largest error left in a scalar equation, of any step
        change      largest change of a moment in the last step
        steps       how many
        unphysical  pairs whose correlation no distribution has: the method is out of its range
        status      'ok', 'unsolved' (a residual above 1e-12), 'not-steady', or 'unstable' (a steady
                        state that the least deviation leaves)

    The same numbers as `kinising meanfield`.

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
    tol = 1e-12 if tol is None else float(tol)
    most = 0 if max_steps is None else count("max_steps", max_steps, 10**9)
    if not 0 < tol <= 1:
        raise ValueError(f"tol : {tol} is out of range : use a number in (0, 1]")
    N, run = self.N, start_run(threads)
    spec = ffi.new("ki_meanfield_spec *", (which, flag, int(steady)))
    need = ffi.new("uint64_t *")
    check(lib.ki_meanfield_memory(N, spec, need))
    need_memory(f"meanfield : N = {N}, T = {T}",
                need[0] + 8.0 * ((3.0 * N * N + 2.0 * N) * (T + 1 if path else 1) + N * N * bool(zero_diagonal) +
                                 5.0 * (T + 1)),
                "use a smaller network" + (", or not path" if path else ""))
    start = _start(N, m0, C0, D0)
    J = _couplings(self, zero_diagonal, flag == lib.KI_ASYNC)
    out = ffi.new("ki_meanfield **")
    check(lib.ki_meanfield_create(ffi.new("ki_network *", (N, doubles(self.H), doubles(J), self.beta)), spec,
                                  run.options.threads, out))
    mf = ffi.gc(out[0], lib.ki_meanfield_free)
    check(lib.ki_meanfield_start(mf, *map(doubles, start)))
    kept = _Path(mf, N, T + 1, path)
    ended = _settle(mf, tol, most, run, kept) if steady else _advance(mf, T, run, kept)
    times = np.array([np.inf]) if steady else np.arange(T + 1.0)
    return MeanField(*kept.result(kept.moments), float(kept.means[3, -1]), *kept.result(kept.sigma), times, *kept.means,
                     *ended)
