"""Past fixings of indices, for features, lags and pending pass-through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from behavior.errors import MarketDataError
from behavior.quantities import DateArray, FloatArray


@dataclass(frozen=True)
class RateHistory:
    """Observed index values by name.

    Parameters
    ----------
    dates : index name -> rising dates (datetime64[D]), shape (n,).
    values : index name -> values, decimals a year, shape (n,).
    roles : role (``short``, ``mortgage``, further ones) -> index name.
    """

    dates: Mapping[str, DateArray]
    values: Mapping[str, FloatArray]
    roles: Mapping[str, str] = field(default_factory=dict)

    def index_of(self, role_or_index: str) -> str:
        """The index that plays a role; an index name answers for itself.

        Raises
        ------
        MarketDataError : naming the roles and indices there are.
        """
        name = self.roles.get(role_or_index, role_or_index)
        if name not in self.values:
            raise MarketDataError(
                f"rate history: no index or role `{role_or_index}`; indices: {sorted(self.values)}, "
                f"roles: {dict(self.roles)}. Add the series to the rate history or name its role in the settings."
            )
        return name
