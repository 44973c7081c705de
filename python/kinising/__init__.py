# SPDX-License-Identifier: BSD-3-Clause
"""kinising: nonequilibrium thermodynamics of kinetic Ising networks."""

__version__ = "0.1.0"
