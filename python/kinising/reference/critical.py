# SPDX-License-Identifier: BSD-3-Clause
"""Order-disorder boundary."""
import numpy as np

from .order import mean_sech2
from .zero import density_at_zero


def order_slope(beta, J0, dJ, dH):
    """[critical] beta J0 k(m = 0), the slope of the map of m at 0; 2 J0 p(0) at beta = inf. Order if > 1."""
    if np.isinf(beta):
        if dJ > 0:
            return 2.0 * J0 * density_at_zero(0.0, J0, dJ, dH)
        return J0 / dH if dH > 0 else np.inf
    return beta * J0 * mean_sech2(0.0, beta, J0, dJ, dH)


def critical(solve_for, beta=None, J0=None, dJ=None, dH=None):
    """[critical] The parameter named `solve_for` with order_slope = 1, nan without an ordered phase.

    The slope rises with beta and J0 and falls with dJ and dH, so there is one root at most and bisection
    finds it. The parameter solved for is given as None."""
    values = dict(beta=beta, J0=J0, dJ=dJ, dH=dH)
    if solve_for == "J0":
        slope = order_slope(beta, 1.0, dJ, dH)
        return 1.0 / slope if slope > 0 else np.nan
    if J0 <= 0:
        return np.nan

    def ordered(x):
        return order_slope(**dict(values, **{solve_for: x})) > 1.0

    rising = solve_for == "beta"
    if not ordered(np.inf if rising else 0.0):
        return np.nan
    low, high = 0.0, 1.0
    while ordered(high) != rising:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if ordered(middle) == rising else (middle, high)
    return 0.5 * (low + high)
