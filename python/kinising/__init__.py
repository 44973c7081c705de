# SPDX-License-Identifier: BSD-3-Clause
"""kinising: nonequilibrium thermodynamics of kinetic Ising networks.

    import kinising as ki
    ki.theory(beta=2, dJ=0.5).sigma           # exact, N -> infinity
    ki.critical(solve_for="beta", dJ=0.5)     # the order-disorder boundary
    ki.simulate(N=128, beta=2, dJ=0.5).sigma  # finite N, averaged over networks
    ki.Network.draw(100, beta=2).simulate().d # one network
    ki.fit(spikes, axes="time,unit").J        # a network from a recording
    ki.entropy_production(spikes, axes="time,unit").sigma   # how far it is from reversible
    ki.diagnose(spikes, axes="time,unit").verdict           # which regime it is in, or why that cannot be told
    ki.compare(ki.Network.draw(10)).table()   # mean fields against all of its states

Everything is per spin and in nats. `make python` builds the library into this package; without it the
package imports, `kinising.reference` (slow, readable numpy) works and the functions say what to do.
"""

import dataclasses
import typing

__version__ = "0.1.0"

from ._compare import Comparison, compare
from ._diagnose import Change, Diagnosis, diagnose
from ._entropy import EntropyProduction, entropy_production
from ._exact import Exact
from ._fit import Fit, fit
from ._library import KinisingError
from ._meanfield import MeanField
from ._network import Network, NetworkSummary, Replicas
from ._raster import Raster
from ._results import Estimate
from ._simulate import Simulation, simulate
from ._theory import Theory, Transient, autocorrelation, critical, info, theory, transient

__all__ = ["Change", "Comparison", "Diagnosis", "EntropyProduction", "Estimate", "Exact", "Fit", "KinisingError", "MeanField",
           "Network", "NetworkSummary", "Raster", "Replicas", "Simulation", "Theory", "Transient",
           "autocorrelation", "compare", "critical", "diagnose", "entropy_production", "fit", "info", "simulate",
           "theory", "transient"]


def _name_as_called():
    """In help() and tracebacks things are called what users call them."""
    for name in __all__:
        thing = globals()[name]
        for part in (thing, *vars(thing).values()) if isinstance(thing, type) else (thing,):
            part = getattr(part, "__func__", part)
            if isinstance(part, type) and dataclasses.is_dataclass(part):
                # Names in them are of the module they were written in.
                part.__annotations__ = {n: h for n, h in typing.get_type_hints(part).items() if n in vars(part).get(
                    "__annotations__", ())}
            if callable(part):
                part.__module__ = __name__


_name_as_called()
del _name_as_called
