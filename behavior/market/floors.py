"""Floors of rates after a shock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import MarketDataError
from behavior.market.regulation import parameters
from behavior.quantities import FloatArray


@dataclass(frozen=True)
class FloorRule:
    """A floor min(0, level + slope t) of the post-shock zero rate.

    Parameters
    ----------
    name : what results call it.
    level : floor at time 0, decimals; None = no floor.
    slope : decimals a year per year.
    observed : where the observed rate is already lower than the floor, the observed rate is the floor.
    source : act or page.

    Raises
    ------
    MarketDataError : a level above zero (BCBS d368: a floor is not above zero).
    """

    name: str
    level: float | None = None
    slope: float = 0.0
    observed: bool = False
    source: str = "No floor"

    def __post_init__(self) -> None:
        if self.level is not None and self.level > 0:
            raise MarketDataError(f"floor {self.name}: level {self.level} is above zero; a floor may not be.")

    def floor(self, times: ArrayLike) -> FloatArray:
        """The floor at times in years, same shape; -inf where there is none."""
        at = np.asarray(times, dtype=np.float64)
        if self.level is None:
            return np.full(at.shape, -np.inf)
        return np.asarray(np.minimum(0.0, self.level + self.slope * at))

    def apply(self, base: ArrayLike, shift: ArrayLike, times: ArrayLike) -> FloatArray:
        """Post-shock rates: max(base + shift, floor), the floor being the base where that is lower (`observed`).

        Shapes broadcast; rates are continuously compounded decimals.
        """
        observed = np.asarray(base, dtype=np.float64)
        floor = self.floor(times)
        if self.observed:
            floor = np.minimum(floor, observed)
        return np.asarray(np.maximum(observed + np.asarray(shift, dtype=np.float64), floor))


def floor_names() -> tuple[str, ...]:
    """Names of the rules that the package holds."""
    return tuple(parameters("floors").tables)


def floor_rule(name: str | float) -> FloorRule:
    """The rule of a name, or the same level at every tenor when a number is given.

    Raises
    ------
    MarketDataError : no such rule, or a level above zero.
    """
    if isinstance(name, (int, float)):
        return FloorRule(f"level {name:g}", float(name), source="Set by the user")
    if name not in floor_names():
        raise MarketDataError(f"floor: found {name!r}, expected a level ≤ 0 or one of {', '.join(floor_names())}.")
    table = parameters("floors")[name]
    values = table.values
    if "level" not in values:
        return FloorRule(name)
    return FloorRule(name, values["level"], values["slope"], values["observed"], table.provenance.source)
