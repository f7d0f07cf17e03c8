"""Drivers along each scenario's path: the short rate and the rates that incentives are measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from behavior.assumptions.effects import Driver
from behavior.assumptions.set import AssumptionTable, DriverTerms
from behavior.engine.calendars import Fixation
from behavior.engine.runoff import Matching
from behavior.errors import MarketDataError
from behavior.market.contracts import DISCOUNT
from behavior.market.history import RateHistory, role_in
from behavior.market.scenarios import ScenarioCurves
from behavior.months import roll_months
from behavior.quantities import AnyArray, DateArray, FloatArray, IntArray

SHORT, MORTGAGE = "short", "mortgage"
REMAINING_FIXATION = "remaining_fixation"
DEFAULT_TENOR = 120


@dataclass(frozen=True, eq=False)
class World:
    """What the engine may know of the market.

    Parameters
    ----------
    curves : every curve under every scenario. history : past fixings, or None. roles : role -> index name, a role
        perhaps one currency's own (``short_EUR``).
    home : currency whose rates the roles without a currency are taken to be.
    """

    curves: ScenarioCurves
    history: RateHistory | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    home: str = ""

    def short_index(self, currency: str) -> str:
        """The curve that RATE_LEVEL reads: that of the role `short`, else the discount curve."""
        names = (self.roles.get(role_in(SHORT, currency), ""), self.roles.get(SHORT, ""))
        return next((name for name in names if name and self.curves.curves.has(currency, name)), DISCOUNT)

    def told_short(self, currency: str) -> str:
        """The index whose values by month, where a scenario gives any, are the currency's short rate, curve or none."""
        common = self.roles.get(SHORT, "") if currency == self.home else self.short_index(currency)
        return self.roles.get(role_in(SHORT, currency), common)

    def past_short_index(self, currency: str, learned: str | None = None) -> str | None:
        """Index of the rate history that stands for a currency's short rate before as-of; None where it has none.

        Parameters
        ----------
        learned : index that the assumption was learned beside, where it was not that of the role.
        """
        usual = self.roles.get(SHORT, SHORT)
        own = self.roles.get(role_in(SHORT, currency), usual)
        name = own if learned in (None, SHORT, usual) else str(learned)
        return name if self.history is not None and self.history.has(name) else None

    def borrows(self, currency: str, index: str) -> bool:
        """Whether a past short rate is the common one, and nothing says that it is that currency's."""
        common = index == self.roles.get(SHORT, SHORT) and role_in(SHORT, currency) not in self.roles
        return common and currency != self.home and not self.curves.curves.has(currency, index)


def short_paths(world: World, currencies: Sequence[str], months: int) -> FloatArray:
    """RATE_LEVEL by currency, scenario and month: shape (currencies, scenarios, months + 1); month 0 today."""
    found = np.zeros((len(currencies), len(world.curves), months + 1))
    for number, currency in enumerate(currencies):
        path = world.curves.short_rate(currency, months, world.short_index(currency))
        begins = world.curves.month_bounds(months)[:-1]
        path = world.curves.with_index_values(world.told_short(currency), begins, path)
        found[number, :, 1:] = path
        found[number, :, 0] = path[0, 0]
    return found


def index_of(world: World, terms: DriverTerms) -> str:
    """Name of the index that a table's incentive is measured against."""
    name = terms.index or MORTGAGE
    return world.roles.get(name, name)


def todays_value(world: World, currency: str, index: str) -> float:
    """Today's value of a driver index: its curves/1 row of tenor 0, else the rate history on the as-of date.

    A fixing is in force for a month at most: a series that ended earlier says nothing of today.

    Raises
    ------
    MarketDataError : neither is there.
    """
    curves = world.curves.curves
    for held_currency in (currency, *curves.currencies):
        if curves.has(held_currency, index):
            curve = curves.projecting(held_currency, index)
            if curve.months[0] == 0:
                return float(curve.zero_rates[0])
    value = _in_force_today(world, index)
    if np.isfinite(value):
        return value
    last = ended_on(world, index)
    known = "" if last is None else f" nor in the month before: its last in the rate history is of {last}"
    raise MarketDataError(
        f"driver index `{index}`: no value on {curves.as_of}{known}. Add a row of tenor 0 to curves/1 (index {index}), "
        "or its series to the rate history (--rates), or name its role in the settings."
    )


def ended_on(world: World, index: str) -> str | None:
    """Day of an index' last fixing by as-of, where that is more than a month before; else None."""
    if world.history is None or not world.history.has(index) or np.isfinite(_in_force_today(world, index)):
        return None
    held = world.history.dates[world.history.index_of(index)]
    held = held[held <= np.datetime64(world.curves.curves.as_of, "D")]
    return str(held[-1]) if len(held) else None


def _in_force_today(world: World, index: str) -> float:
    """Last fixing of the month up to as-of; NaN where it has none."""
    if world.history is None or not world.history.has(index):
        return float("nan")
    as_of = world.curves.curves.as_of
    return float(world.history.within(index, roll_months(as_of, -1), as_of))


def mortgage_path(
    world: World, currency: str, terms: DriverTerms, end: Callable[[DateArray], DateArray] | None, months: int
) -> FloatArray:
    """The driver rate that behaviour of month k sees, lag applied: shape (scenarios, months + 1).

    end : the end of the fixation that runs on each of some days, for the tenor `remaining_fixation`. That tenor is the
        days from the month's start to then; the rate moves with the scenario's forward zero rate over those days
        against today's base zero rate for as long.
    """
    index = index_of(world, terms)
    today = todays_value(world, currency, index)
    curves = world.curves
    if end is None:
        path = curves.driver_rate(currency, index, today, float(terms.tenor_months or DEFAULT_TENOR), months)
    else:
        starts = roll_months(curves.curves.as_of, np.arange(months))
        begin, close = curves.curves.times_of(starts), curves.curves.times_of(end(starts))
        now = curves.curves.discounting(currency).driver_zero(close - begin)
        change = curves.forward_zero(currency, DISCOUNT, begin, close) - now
        path = curves.with_index_values(index, begin, today + change)
    lag = terms.lag_months
    found = np.zeros((len(curves), months + 1))
    found[:, 1:] = path
    if lag > 0:
        found[:, 1 + lag :] = path[:, : max(months - lag, 0)]
        found[:, 1 : 1 + lag] = _before(world, index, today, lag)[:months]
    return found


def _before(world: World, index: str, today: float, lag: int) -> FloatArray:
    """Values seen from the starts of the `lag` months before month 1, oldest first; today's where history is silent."""
    if world.history is None or not world.history.has(index):
        return np.full(lag, today)
    starts = roll_months(world.curves.curves.as_of, -np.arange(lag, 0, -1))
    values = world.history.at(index, starts)
    return np.where(np.isnan(values), today, values)


def needs_mortgage(table: AssumptionTable) -> bool:
    """Whether any of a table's curves asks for the rate incentive or months in the money."""
    asked = {driver for curve in table.curves for driver in curve.driver_grids}
    return bool(asked & {Driver.RATE_INCENTIVE, Driver.MONTHS_IN_THE_MONEY})


def mortgage_paths(
    world: World,
    matchings: Sequence[Matching],
    currency: Sequence[str],
    row_currency: IntArray,
    fixation: Fixation,
    months: int,
) -> tuple[FloatArray, AnyArray]:
    """Driver rates by key, (keys, scenarios, months + 1), and the key of each row and table (-1 = not needed)."""
    key = np.full((len(row_currency), max(len(matchings), 1)), -1, dtype=np.int32)
    found: list[FloatArray] = []
    for number, matching in enumerate(matchings):
        terms = matching.table.terms
        if not needs_mortgage(matching.table):
            continue
        rows = np.flatnonzero(matching.curve >= 0)
        remaining = terms.tenor_months == REMAINING_FIXATION
        place, fixed = fixation.keys(rows) if remaining else (rows[:1], np.zeros(len(rows), dtype=np.int64))
        present, inverse = np.unique(row_currency[rows] * (len(place) + 1) + fixed, return_inverse=True)
        key[rows, number] = len(found) + inverse
        for code in present:
            money, kind = divmod(int(code), len(place) + 1)
            end = partial(fixation.end, int(place[kind])) if remaining else None
            found.append(mortgage_path(world, currency[money], terms, end, months))
    empty = np.zeros((1, len(world.curves), months + 1))
    return (np.stack(found) if found else empty), key
