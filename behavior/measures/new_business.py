"""What a unit of new business earns by month, at the terms that a row of ``plan/1`` or ``mix_shift/1`` gives."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from behavior.engine.calendars import COUNTS, payment_day
from behavior.engine.drivers import World
from behavior.engine.layout import NII_MONTHS
from behavior.engine.repricing import fixing
from behavior.engine.slices import share_keys, share_rows, zero_rates
from behavior.months import DEFAULT_DAY_COUNT, roll_months
from behavior.quantities import FloatArray, IntArray

NEVER = NII_MONTHS + 1


@dataclass(frozen=True)
class Business:
    """One piece of new business; rates decimals a year, NaN where the row has none.

    Parameters
    ----------
    group : number of its result group. month : k, it begins at as-of + k months. term : months, 0 = none given.
    payment : months between payments. count : day count by number. renews : whether it begins anew after its term.
    """

    group: int
    currency: str
    month: int
    volume: float
    growth: float
    term: int
    payment: int
    count: int
    rate: float
    margin: float
    index: str
    spread: float
    reset: int
    renews: bool = False

    @classmethod
    def of(cls, row: pd.Series, group: int, month: int) -> Business:
        """A row of either table."""
        term, reset = int(_number(row, "term_months", 0.0)), int(_number(row, "reset_months", 0.0))
        payment = int(_number(row, "payment_months", 0.0)) or term or reset or 1
        return cls(
            group=group,
            currency=str(row["currency"]),
            month=month,
            volume=_number(row, "volume", np.nan),
            growth=_number(row, "growth", np.nan),
            term=term,
            payment=min(payment, term or payment),
            count=COUNTS.index(_word(row, "day_count") or DEFAULT_DAY_COUNT),
            rate=_number(row, "rate", np.nan),
            margin=_number(row, "margin", np.nan),
            index=_word(row, "index"),
            spread=_number(row, "spread", 0.0),
            reset=reset,
        )

    @property
    def end(self) -> int:
        """Month at whose end it is repaid; one past the horizon where that is later."""
        return NEVER if self.renews or not self.term else min(self.month + self.term, NEVER)

    @property
    def priced(self) -> bool:
        """Whether it has a rate of its own."""
        return bool(self.index) or not (np.isnan(self.rate) and np.isnan(self.margin))


def _number(row: pd.Series, name: str, default: float) -> float:
    return default if name not in row or pd.isna(row[name]) else float(row[name])


def _word(row: pd.Series, name: str) -> str:
    return "" if name not in row or pd.isna(row[name]) else str(row[name])


@dataclass(frozen=True, eq=False)
class Pricing:
    """Interest of units of new business.

    Parameters
    ----------
    constant : (scenarios, groups, 61), interest on the constant balance sheet. balance : (groups,), as-of.
    """

    world: World
    constant: FloatArray
    balance: FloatArray
    _known: dict[tuple[object, ...], FloatArray] = field(default_factory=dict)

    def interest(self, one: Business) -> FloatArray:
        """Interest of one unit by month: shape (scenarios, 61); 0 up to the month that it begins at the end of."""
        found = np.zeros((len(self.world.curves), NII_MONTHS + 1))
        held = np.arange(one.month, min(one.end, NII_MONTHS))
        if not len(held):
            return found
        if one.priced:
            found[:, held + 1] = self._rates(one, held) * self._accrual(one, held)
        else:
            found[:, held + 1] = self.constant[:, one.group, held + 1] / self.balance[one.group]
        return found

    def _begins(self, one: Business, held: IntArray) -> IntArray:
        """The month at whose end the running term began."""
        if not (one.renews and one.term):
            return np.full_like(held, one.month)
        return one.month + (held - one.month) // one.term * one.term

    def _accrual(self, one: Business, held: IntArray) -> FloatArray:
        """Accrual of the month after each bound, years."""
        as_of = self._as_of
        day = np.atleast_1d(payment_day(as_of)).astype(np.int64)
        first, phases, columns = share_keys(day, np.asarray([one.count]), np.asarray([one.payment]))
        rows = share_rows(as_of, columns).sum(axis=1)
        return np.asarray(rows[first[0] + self._begins(one, held) % phases[0], held])

    def _rates(self, one: Business, held: IntArray) -> FloatArray:
        """Customer rate of the month after each bound: (scenarios, months)."""
        if one.index:
            reset = one.month + (held - one.month) // one.reset * one.reset
            return np.asarray(self._fixings(one)[:, reset - 1] + one.spread)
        if not np.isnan(one.rate):
            return np.full((len(self.world.curves), len(held)), one.rate)
        return np.asarray(self._zeros(one)[:, self._begins(one, held) - 1] + one.margin)

    def _zeros(self, one: Business) -> FloatArray:
        """Zero rates of the term at each bound from the first: (scenarios, bounds)."""
        key = ("zero", one.currency, one.term)
        if key not in self._known:
            day = np.atleast_1d(payment_day(self._as_of)).astype(np.int64)
            self._known[key] = zero_rates(self.world, one.currency, self._as_of, day, np.asarray([one.term]))[:, 0]
        return self._known[key]

    def _fixings(self, one: Business) -> FloatArray:
        key = ("index", one.currency, one.index, one.reset, one.count)
        if key not in self._known:
            dates = roll_months(self._as_of, np.arange(1, NII_MONTHS + 1))
            self._known[key] = fixing(self.world, one.currency, one.index, dates, one.reset, COUNTS[one.count])
        return self._known[key]

    @property
    def _as_of(self) -> np.ndarray:
        return np.asarray(self.world.curves.curves.as_of, dtype="datetime64[D]")


class MarginPricing(Pricing):
    """Commercial margin of units of new business: what their rates lie above the market's.

    `constant` is the margin on the constant balance sheet there.
    """

    def _rates(self, one: Business, held: IntArray) -> FloatArray:
        """Margin of the month after each bound: (scenarios, months)."""
        scenarios = len(self.world.curves)
        if one.index:
            return np.full((scenarios, len(held)), one.spread)
        if np.isnan(one.rate):
            return np.full((scenarios, len(held)), one.margin)
        return np.asarray(one.rate - self._zeros(one)[:, self._begins(one, held) - 1])
