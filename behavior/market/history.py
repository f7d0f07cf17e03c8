"""Past fixings of indices, for features, lags and pending pass-through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from behavior.errors import MarketDataError
from behavior.months import DateLike, as_days, month_end
from behavior.quantities import DateArray, FloatArray, IntArray


def role_in(role: str, currency: str) -> str:
    """Name of a role in one currency: ``short_EUR``."""
    return f"{role}_{currency}"


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

    @classmethod
    def from_table(cls, table: pd.DataFrame, roles: Mapping[str, str] | None = None) -> RateHistory:
        """Series from a rate_history/1 table (date, index, value); rows without a value are left out.

        Raises
        ------
        MarketDataError : an index has two values on one date.
        """
        held = table.dropna(subset=["value"]).sort_values("date", kind="stable")
        dates: dict[str, DateArray] = {}
        values: dict[str, FloatArray] = {}
        for index, rows in held.groupby("index", sort=True):
            name = str(index)
            dates[name] = as_days(rows["date"])
            values[name] = rows["value"].to_numpy(dtype=np.float64)
            repeated = np.flatnonzero(np.diff(dates[name]) == np.timedelta64(0, "D"))
            if repeated.size:
                days = sorted({str(day) for day in dates[name][repeated]})
                raise MarketDataError(f"rate history: `{name}` has several values on {days}; expected one a date.")
        return cls(dates, values, dict(roles or {}))

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

    def role_in(self, role: str, currency: str) -> str:
        """A role as one currency has it (``short_EUR``) where it is named so, else the role itself."""
        own = role_in(role, currency)
        return own if own in self.roles else role

    def sharing(self, role: str, currencies: Iterable[str]) -> list[str]:
        """Of several currencies those without a role of their own, if two or more: one rate cannot be that of both."""
        named = sorted(currencies, key=lambda one: (not one, one))
        found = [one or "no currency" for one in named if self.role_in(role, one) == role]
        return found if len(found) > 1 else []

    def has(self, role_or_index: str) -> bool:
        """Whether a role or index can be answered."""
        return self.roles.get(role_or_index, role_or_index) in self.values

    def at(self, role_or_index: str, dates: DateLike) -> FloatArray:
        """Last value on or before each date, same shape; NaN before the first, never a later value.

        Raises
        ------
        MarketDataError : no such role or index.
        """
        name = self.index_of(role_or_index)
        wanted = as_days(dates)
        position = np.searchsorted(self.dates[name], wanted, side="right") - 1
        found = self.values[name][np.maximum(position, 0)]
        return np.asarray(np.where((position >= 0) & ~np.isnat(wanted), found, np.nan))

    def within(self, role_or_index: str, after: DateLike, until: DateLike) -> FloatArray:
        """Last value later than `after` and on or before `until`, same shape; NaN where there is none.

        Raises
        ------
        MarketDataError : no such role or index.
        """
        held = self.dates[self.index_of(role_or_index)]
        first, beyond = (np.searchsorted(held, as_days(day), side="right") for day in (after, until))
        return np.where(beyond > first, self.at(role_or_index, until), np.nan)

    def monthly(self, role_or_index: str, month_ends: DateLike) -> FloatArray:
        """Value in force at the end of each date's month: the last on or before it; NaN before the first."""
        return self.at(role_or_index, month_end(month_ends))

    def months_old(self, role_or_index: str, month_ends: DateLike) -> IntArray:
        """Months that the value in force at the end of each date's month is old; 0 where it is of that month, or none.

        Raises
        ------
        MarketDataError : no such role or index.
        """
        held = self.dates[self.index_of(role_or_index)]
        wanted = month_end(month_ends)
        position = np.searchsorted(held, wanted, side="right") - 1
        months = wanted.astype("datetime64[M]") - held[np.maximum(position, 0)].astype("datetime64[M]")
        return np.where(position >= 0, months.astype(np.int64), 0)
