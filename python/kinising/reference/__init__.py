# SPDX-License-Identifier: BSD-3-Clause
"""Slow, readable numpy version of every equation: the infinite network [model], and finite ones.

One function per equation, with the equation's tag in its docstring; the fast library carries the same
tags. Written to be understood and to check the library against: dense equal-step quadrature, bisection
and fixed-point iteration, nothing else. Needs numpy only.

Good to about 1e-11 for beta dJ up to 20 and beta dH up to 50 (1e-9 for the asynchronous quantities),
absolutely: it does not try to keep the digits of 1 - q in a cold ferromagnet.

    average        averages over the field
    order          m, q, k, S, sigma of the synchronous steady state
    relaxation     C(tau) and sigma of the asynchronous steady state
    transient      the way to the synchronous steady state
    zero           the limit beta -> infinity
    critical       the order-disorder boundary
    enumeration    a small network, exactly: all of its states
    simulate       finite networks, drawn and run; their estimators
    meanfield      a given network by Plefka's expansions
    recording      spike times in bins
    inference      a network from a recording
    evidence       the ensemble of a recording's network
    regime         which regime it is in, and whether the model fits
"""
from . import enumeration, evidence, inference, meanfield, recording, regime, simulate
from .average import average, correlation_map
from .critical import critical, order_slope
from .order import (autocorrelation, conditional_entropy, entropy_production, magnetization,
                    magnetization_map, mean_sech2, reverse_entropy, steady_state, susceptibility,
                    two_cycle)
from .relaxation import (Relaxation, asynchronous_entropy_production, asynchronous_relaxation,
                         asynchronous_reverse_entropy)
from .transient import transient
from .zero import zero_temperature

__all__ = [
    "average", "correlation_map", "critical", "order_slope", "autocorrelation", "conditional_entropy",
    "entropy_production", "magnetization", "magnetization_map", "mean_sech2", "reverse_entropy",
    "steady_state", "susceptibility", "two_cycle", "Relaxation", "asynchronous_entropy_production",
    "asynchronous_relaxation", "asynchronous_reverse_entropy", "transient", "zero_temperature",
    "enumeration", "evidence", "inference", "meanfield", "recording", "regime", "simulate",
]
