# SPDX-License-Identifier: BSD-3-Clause
"""One given network: a numpy layer over kinising/network.h and ki_replicas()."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import (MOST_SEED, MOST_SPINS, STARTS, count, doubles, file_name, need_memory, number, numbers,
                         one_dynamics, one_of, text, window)
from ._exact import exact
from ._library import check, ffi, lib, need_library
from ._meanfield import meanfield
from ._results import Result
from ._run import start_run
from ._simulate import AVERAGES, averages

_MOST_STEPS, _MOST_REPLICAS = 10**15, 2**56


@dataclass(frozen=True, repr=False, eq=False)
class NetworkSummary(Result):
    """The ensemble a network looks like, see Network.summary()."""
    N: int
    beta: float
    J0: float
    dJ: float
    H_mean: float
    H_min: float
    H_max: float
    dH: float
    asymmetry: float
    diagonal: float
    density: float

    _columns = ("N", "beta", "J0", "dJ", "H_mean", "H_min", "H_max", "dH", "asymmetry", "diagonal", "density")
    _rows = "J0"


@dataclass(frozen=True, repr=False, eq=False)
class Replicas(Result):
    """Copies of one network, see Network.simulate(). Arrays, or None if not asked for; then numbers."""
    N: int
    beta: float
    J0: float
    dJ: float
    dH: float
    dynamics: str
    realizations: int
    steps: int
    start: str
    average: bool
    burn_in: int
    seed: int
    m: Optional[np.ndarray]
    c: Optional[np.ndarray]
    d: Optional[np.ndarray]
    sigma_spin: Optional[np.ndarray]
    sigma_edge: Optional[np.ndarray]
    raster: Optional[np.ndarray]
    m_before: Optional[np.ndarray]
    m_mean: float
    m_mean_err: float
    q: float
    q_err: float
    S: float
    S_err: float
    Sr: float
    Sr_err: float
    sigma: float
    sigma_err: float
    activity: float
    activity_err: float
    flips: int

    _columns = ("N", "beta", "J0", "dJ", "dH", "dynamics", "realizations", "steps", "start", "average", "burn_in",
                *AVERAGES)
    _of_rows = {"m": "m_mean", "m_err": "m_mean_err"}


def _provenance() -> bytes:
    facts = ffi.new("ki_build_info *")
    check(lib.ki_get_build_info(facts))
    return json.dumps({"program": "kinising (Python)", "version": text(facts.version),
                       "commit": text(facts.commit)}).encode()


class Network:
    """A network [model]: H [N] fields, J [N,N] couplings (J[i,j] acts from j on i), beta.

    Parameters: H and J are copied, and cannot be changed afterwards; beta >= 0 and finite multiplies both.

    Attributes: N, H, J, beta.

    Raises ValueError (shapes that do not fit; nan and infinities, with their indices), TypeError, ImportError
    (library not built).

    >>> ki.Network(H=[0, 0.1], J=[[0, 1], [-1, 0]])
    <kinising.Network of 2 spins, beta = 1>
    """

    def __init__(self, H: ArrayLike, J: ArrayLike, beta: float = 1.0) -> None:
        need_library()
        self._take(numbers("H", H), numbers("J", J), number("beta", beta))

    def _take(self, H: np.ndarray, J: np.ndarray, beta: float) -> None:
        if H.ndim != 1 or J.shape != (H.size, H.size):
            raise ValueError(f"network : the shape of H is {H.shape} and that of J is {J.shape} : use H (N) "
                             "and J (N,N)")
        self._H, self._J, self._beta = H, J, beta
        check(lib.ki_network_check(self._view()))

    def _view(self) -> Any:
        """What the library sees, as long as self lives."""
        return ffi.new("ki_network *", (self.N, doubles(self._H), doubles(self._J), self._beta))

    def __repr__(self) -> str:
        return f"<kinising.Network of {self.N} spins, beta = {self._beta:g}>"

    def __reduce__(self) -> tuple:
        return Network, (self._H, self._J, self._beta)

    @property
    def N(self) -> int:
        return self._H.size

    @property
    def H(self) -> np.ndarray:
        return self._H

    @property
    def J(self) -> np.ndarray:
        return self._J

    @property
    def beta(self) -> float:
        return self._beta

    @classmethod
    def draw(cls, N: int, beta: float = 1.0, J0: float = 1.0, dJ: float = 1.0, dH: float = 0.0,
             zero_diagonal: bool = False, seed: int = 1, threads: int = 0) -> Network:
        """A network of the ensemble [model]: J_ij ~ Normal(J0/N, dJ^2/N), H_i ~ Uniform(-dH, dH).

        The random numbers depend on seed and N alone. The same network as `kinising network draw`, for any
        number of threads (0 = all available).

        Raises ValueError (out of range), MemoryError, ImportError. Ctrl-C stops it.

        >>> ki.Network.draw(3, dJ=0, dH=0).J
        array([[0.33333333, 0.33333333, 0.33333333],
               [0.33333333, 0.33333333, 0.33333333],
               [0.33333333, 0.33333333, 0.33333333]])
        """
        need_library()
        N = count("N", N, MOST_SPINS)
        seed = count("seed", seed, MOST_SEED, 0)
        beta, *others = (number(name, x) for name, x in dict(beta=beta, J0=J0, dJ=dJ, dH=dH).items())
        need_memory(f"network : N = {N}", 8.0 * N * N, "use a smaller N")
        run = start_run(threads)
        H, J = np.empty(N), np.empty((N, N))
        point = ffi.new("ki_theory_params *", (beta, *others))
        check(lib.ki_network_draw(N, point, int(bool(zero_diagonal)), seed, ffi.addressof(run, "options"),
                                  doubles(H), doubles(J)))
        return cls._own(H, J, beta)

    @classmethod
    def read(cls, path: Union[str, bytes, os.PathLike]) -> Network:
        """A network from `.npz` or `.h5`: H (N), J (N,N), beta (1 if it is missing).

        Raises FileNotFoundError, PermissionError and other OSErrors, KinisingError (no network, damaged),
        ValueError (nan, a NUL in the name), MemoryError, ImportError."""
        need_library()
        out = ffi.new("ki_network_file **")
        name = file_name(path)
        check(lib.ki_network_read(name, out), name)
        file = ffi.gc(out[0], lib.ki_network_file_free)
        n = file.view.n
        H, J = np.empty(n), np.empty((n, n))
        ffi.memmove(doubles(H), file.view.H, H.nbytes)
        ffi.memmove(doubles(J), file.view.J, J.nbytes)
        return cls._own(H, J, file.view.beta)

    @classmethod
    def _own(cls, H: np.ndarray, J: np.ndarray, beta: float) -> Network:
        """Without another copy."""
        self = cls.__new__(cls)
        H.setflags(write=False)
        J.setflags(write=False)
        self._take(H, J, beta)
        return self

    def write(self, path: Union[str, bytes, os.PathLike]) -> None:
        """Writes H, J and beta to `.npz` or `.h5`; the file appears under its name only when it is complete.

        Raises KinisingError (unknown ending, .h5 without HDF5), FileNotFoundError (no such folder),
        PermissionError and other OSErrors, ValueError (a NUL in the name), MemoryError."""
        name = file_name(path)
        check(lib.ki_network_write(name, self._view(), _provenance()), name)

    def summary(self) -> NetworkSummary:
        """NetworkSummary: N and beta; the ensemble parameters J0, dJ, dH that the network looks like; H_mean, H_min,
        H_max; asymmetry, the correlation of J_ij and J_ji (1: symmetric); diagonal, the largest |J_ii|;
        density, the share of couplings that are not 0. nan where N is too small."""
        out = ffi.new("ki_network_summary *")
        check(lib.ki_network_summarize(self._view(), out))
        return NetworkSummary(N=self.N, beta=self.beta,
                              **{name: getattr(out, name) for name in NetworkSummary._columns[2:]})

    def simulate(self, replicas: int = 100, steps: int = 127, dynamics: str = "sync", average: bool = False,
                 burn_in: int = 0, start: str = "up", seed: int = 1, threads: int = 0, moments: bool = True,
                 raster: bool = False) -> Replicas:
        """Independent copies of the network, run together. [sigma-t] [sigma-net-sync] [sigma-net-async]

        Parameters:
            replicas  R, number of copies
            steps     T, updates of all spins ('sync'), or units of time ('async')
            dynamics  'sync' or 'async'
            average   measure at each step after burn_in, instead of on the last one alone
            start     'up' or 'random'
            seed      of the random numbers, 0 to 2^64 - 1
            threads   0 = all available; the values do not depend on it
            moments   m, c, d, sigma_spin, sigma_edge and m_before are wanted
            raster    the spins are wanted

        Returns Replicas:
            N, beta, J0, dJ, dH  of the network, the last three as summary() has them
            dynamics, steps, start, average, burn_in, seed  what was asked for
            m           [N] <s_i>
            c           [N,N] raw <s_i s_j>
            d           [N,N] raw <s_i(t) s_j(t-1)> ('sync'), <tanh(beta h_i) s_j> ('async')
            sigma_spin  [N] sigma_edge summed over j
            sigma_edge  [N,N] beta (J_ij - J_ji) d_ij, 'async': half of it; on the diagonal what flows to the bath
                        by the spin's own change, 0 in the steady state but for the part of J_ii ('async').
                        The sum over i and j is N sigma
            raster      [R,T+1,N] int8, spins +-1 of every step or unit of time
            m_before    [N] <s_j> of the states that d is made with; d_ij - m_i m_before_j is connected
            realizations  R
            m_mean, q, S, Sr, sigma, activity and their _err: averages over spins and standard errors over
                        replicas; flips, the spins seen to flip: as in kinising.simulate()

        The same numbers as `kinising simulate --network`, to the last bit on one machine.

        Raises ValueError (out of range, not possible together), TypeError, MemoryError (before anything
        runs). Ctrl-C stops it.

        >>> ki.Network.draw(50, beta=0).simulate(steps=1, replicas=2, raster=True).raster.shape
        (2, 2, 50)
        """
        N, R, T = self.N, count("replicas", replicas, _MOST_REPLICAS), count("steps", steps, _MOST_STEPS)
        flag, burn_in = window(average, burn_in, T)
        if one_of("start", start, STARTS) == lib.KI_START_THEORY:
            raise ValueError(f"start : {start!r} is not possible for one network : use 'up' or 'random'")
        seed = count("seed", seed, MOST_SEED, 0)
        run = start_run(threads)
        spec = ffi.new("ki_replicas_spec *", dict(
            dynamics=one_dynamics(dynamics), replicas=R, steps=T, average=flag, burn_in=burn_in,
            start=STARTS[start], seed=seed))
        need = ffi.new("uint64_t *")
        check(lib.ki_replicas_memory(N, spec, int(bool(moments)), run.options.threads, need))
        need_memory(f"simulate : N = {N}, R = {R}, T = {T}",
                    need[0] + 24.0 * N * N * bool(moments) + float(R) * (T + 1) * N * bool(raster),
                    "use fewer replicas or threads, or neither moments nor raster")
        shapes: list[Any] = [N, (N, N), (N, N), N, (N, N), N]
        arrays = [np.empty(shape) if moments else None for shape in shapes]
        spins = np.empty((R, T + 1, N), dtype=np.int8) if raster else None
        out = ffi.new("ki_replicas_out *", [
            *map(doubles, arrays[:-1]), ffi.from_buffer("int8_t[]", spins) if raster else ffi.NULL,
            doubles(arrays[-1])])
        found = ffi.new("ki_ensemble_result *")
        check(lib.ki_replicas(self._view(), spec, ffi.addressof(run, "options"), found, out))
        looks, numbers = self.summary(), dict(zip(AVERAGES, averages(found)))
        numbers["m_mean"], numbers["m_mean_err"] = numbers.pop("m"), numbers.pop("m_err")
        numbers.update(zip(("m", "c", "d", "sigma_spin", "sigma_edge", "m_before"), arrays))
        return Replicas(N=N, beta=self.beta, J0=looks.J0, dJ=looks.dJ, dH=looks.dH, dynamics=dynamics,
                        realizations=found.realizations, steps=T, start=start, average=bool(flag), burn_in=burn_in,
                        seed=seed, raster=spins, **numbers)

    meanfield = meanfield
    exact = exact
