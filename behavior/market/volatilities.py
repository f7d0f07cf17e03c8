"""Implied volatilities of options on rates: bilinear in expiry and tenor, linear in strike, flat outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.interpolate import RegularGridInterpolator

from behavior.errors import MarketDataError
from behavior.market.curves import TimeConvention, tenor_times
from behavior.months import DateLike, as_date, as_days
from behavior.quantities import MONTHS_PER_YEAR, FloatArray


@dataclass(frozen=True, eq=False)
class VolatilitySurface:
    """Volatilities of one currency and index.

    Parameters
    ----------
    currency, index : what the options are on.
    kind : ``normal`` (decimals a year) or ``lognormal`` (relative a year).
    shift : of shifted lognormal volatilities, decimals.
    expiries : years to the date of the expiry, rising, shape (expiries,). tenors : months / 12 of what the option is
        on, which no as-of date changes, rising, shape (tenors,).
    strikes : decimals, rising; empty where volatility does not depend on strike.
    values : (expiries, tenors) or (expiries, tenors, strikes).

    Raises
    ------
    MarketDataError : an unknown kind, or a value that is missing or negative.
    """

    currency: str
    index: str
    kind: str
    shift: float
    expiries: FloatArray
    tenors: FloatArray
    strikes: FloatArray
    values: FloatArray

    def __post_init__(self) -> None:
        where = f"volatilities {self.currency} {self.index}"
        if self.kind not in ("normal", "lognormal"):
            raise MarketDataError(f"{where}: kind {self.kind!r}, expected normal or lognormal.")
        if not (np.isfinite(self.values).all() and (self.values >= 0).all()):
            raise MarketDataError(
                f"{where}: the grid of expiries, tenors and strikes has a missing or negative value. "
                "Supply every combination."
            )

    def at(self, expiry: ArrayLike, tenor: ArrayLike, strike: ArrayLike = 0.0) -> FloatArray:
        """Volatility at expiries and tenors in years and strikes in decimals; shapes broadcast."""
        axes = [(self.expiries, expiry), (self.tenors, tenor)]
        if self.strikes.size:
            axes.append((self.strikes, strike))
        asked = np.broadcast_arrays(*(np.asarray(point, dtype=np.float64) for _, point in axes))
        held = [(nodes, point) for (nodes, _), point in zip(axes, asked, strict=True) if nodes.size > 1]
        values = self.values.reshape([nodes.size for nodes, _ in axes]).squeeze()
        if not held:
            return np.full(asked[0].shape, float(values.item()))
        points = np.stack([np.clip(point, nodes[0], nodes[-1]) for nodes, point in held], axis=-1)
        found = RegularGridInterpolator([nodes for nodes, _ in held], values)(points)
        return np.asarray(found).reshape(asked[0].shape)


@dataclass(frozen=True, eq=False)
class VolatilitySet:
    """All surfaces of one date: (currency, index) -> surface."""

    as_of: date
    surfaces: Mapping[tuple[str, str], VolatilitySurface]

    @classmethod
    def from_table(
        cls, table: pd.DataFrame, as_of: DateLike | None = None, *, time: TimeConvention = "exact"
    ) -> VolatilitySet:
        """Surfaces of one date from a vols/1 table; None takes the latest.

        Raises
        ------
        MarketDataError : no row of that date, a grid with holes, or several kinds or shifts of one index.
        """
        dates = as_days(table["as_of"])
        wanted = dates.max() if as_of is None and dates.size else as_days("NaT" if as_of is None else as_of)
        rows = table[dates == wanted]
        if rows.empty:
            raise MarketDataError(f"volatilities: no row as of {wanted}. Add the rows of the as-of date to vols/1.")
        day = as_date(wanted)
        surfaces = {}
        for (currency, index), held in rows.groupby(["currency", "index"], sort=True):
            surfaces[str(currency), str(index)] = _surface(str(currency), str(index), held, day, time)
        return cls(day, surfaces)

    def of(self, currency: str, index: str) -> VolatilitySurface:
        """The surface of an index.

        Raises
        ------
        MarketDataError : naming what the set holds.
        """
        found = self.surfaces.get((currency, index))
        if found is None:
            held = ", ".join(f"{c} {i}" for c, i in sorted(self.surfaces))
            raise MarketDataError(
                f"volatilities: none for {currency} `{index}`; held: {held or 'none'}. Add its rows to vols/1 or a "
                "`volatility` to the positions."
            )
        return found


def _surface(currency: str, index: str, rows: pd.DataFrame, as_of: date, time: TimeConvention) -> VolatilitySurface:
    where = f"volatilities {currency} {index}"
    shifts = rows["shift"].fillna(0.0).unique() if "shift" in rows else np.array([0.0])
    kinds = rows["kind"].unique()
    if len(kinds) > 1 or len(shifts) > 1:
        raise MarketDataError(f"{where}: kinds {list(kinds)}, shifts {list(shifts)}; expected one of each an index.")
    keys = ["expiry_months", "tenor_months"]
    if "strike" in rows and rows["strike"].notna().any():
        keys.append("strike")
    if rows.duplicated(keys).any() or rows[keys].isna().any(axis=None):
        raise MarketDataError(f"{where}: a row occurs twice or lacks one of {', '.join(keys)}.")
    axes = [np.unique(rows[key].to_numpy(dtype=np.float64)) for key in keys]
    grid = np.full([axis.size for axis in axes], np.nan)
    places = tuple(
        np.searchsorted(axis, rows[key].to_numpy(dtype=np.float64)) for axis, key in zip(axes, keys, strict=True)
    )
    grid[places] = rows["value"].to_numpy(dtype=np.float64)
    return VolatilitySurface(
        currency,
        index,
        str(kinds[0]),
        float(shifts[0]),
        tenor_times(as_of, axes[0], time),
        axes[1] / MONTHS_PER_YEAR,
        axes[2] if len(axes) > 2 else np.empty(0),
        grid,
    )
