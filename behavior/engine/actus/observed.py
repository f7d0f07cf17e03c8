"""What the outside world says of ACTUS contracts: index values and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from behavior.engine.actus.cycles import Moment
from behavior.errors import MarketDataError
from behavior.quantities import FloatArray


@dataclass(frozen=True)
class Observed:
    """What the outside world says: index values by market object code, and events that somebody decides.

    Parameters
    ----------
    times, values : code -> rising moments (datetime64[s]) and values, same shape.
    events : (moment, kind, value), e.g. a call of money (``XD``) or a point of analysis (``AD``).
    """

    times: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, FloatArray] = field(default_factory=dict)
    events: tuple[tuple[Moment, str, float], ...] = ()

    def at(self, code: str, moment: Moment) -> float:
        """Last value on or before a moment.

        Raises
        ------
        MarketDataError : no series of that code, or none so early.
        """
        if code not in self.times:
            raise MarketDataError(f"observed data: no series `{code}`; there are {sorted(self.times)}. Supply it.")
        position = int(np.searchsorted(self.times[code], moment, side="right")) - 1
        if position < 0:
            raise MarketDataError(f"observed data: `{code}` has no value on or before {moment}. Supply it.")
        return float(self.values[code][position])
