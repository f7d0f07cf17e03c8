"""Constant balance sheet: what leaves is renewed at once, in the same product and original term, at age 0.

Renewed slices keep their balance until their own maturity inside the horizon, then renew again. A slice begun at event
j earns (the rate of its start) x (accrual of each month); both are linear in the amount, so slices are added up by
renewal group before they are rolled forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from behavior.engine import layout
from behavior.engine.calendars import unique_keys
from behavior.engine.compiled import compiled
from behavior.engine.drivers import World
from behavior.engine.positions import CASH, SWAP_LEG
from behavior.engine.slices import EVENTS, share_keys, share_rows, slice_rates
from behavior.engine.terms import Terms
from behavior.market.contracts import DISCOUNT
from behavior.market.curves import CurveSet
from behavior.months import months_between, tenor_days
from behavior.quantities import BoolArray, FloatArray, IntArray

LONG = EVENTS + 1
"""Terms longer than this never mature inside the horizon."""

LONGEST_PERIOD = 12 * 480
TODAY = -1


@dataclass(frozen=True, eq=False)
class Renewals:
    """Renewal groups of a book.

    Parameters
    ----------
    group : (renewals,), result group. term : (renewals,), events until a slice's rate is set anew. weight :
    (renewals, 2), first row in `weights` and how many rows its slices take turns in. rate : (renewals,), place in
    `rates`. cap, floor : (renewals,), bounds of the customer rate.
    weights : (rows, 2, events + 1), tail and head of the accrual of each interval. rates : (kinds, scenarios,
    events + 1). at_today : share of renewed balance whose margin is measured at today's zero rate.
    """

    group: IntArray
    term: IntArray
    weight: IntArray
    rate: IntArray
    cap: FloatArray
    floor: FloatArray
    weights: FloatArray
    rates: FloatArray
    at_today: float


def renewable(terms: Terms, derivatives: bool = False) -> BoolArray:
    """Positions with a maturity whose rate the market sets: administered balances stay, derivatives run off.

    derivatives : whether swap legs are renewed too.
    """
    held = terms.book.instrument <= (SWAP_LEG if derivatives else CASH)
    dated = terms.repayment < layout.OPEN_ENDED
    return np.asarray(held & dated & (terms.rate_type != layout.ADMINISTERED))


def stays(terms: Terms) -> BoolArray:
    """Cash balances that stay as they are on a constant balance sheet."""
    return np.asarray((terms.book.instrument == CASH) & ~renewable(terms))


def renewal_term(terms: Terms) -> IntArray:
    """Months of a renewed slice: the original term, that of a forward-starting leg from its start."""
    starts, maturity = terms.book.dates("start_date"), terms.book.dates("maturity_date")
    forward = (terms.book.instrument == SWAP_LEG) & ~np.isnat(starts) & ~np.isnat(maturity)
    found = terms.original_term.copy()
    found[forward] = np.maximum(months_between(starts[forward], maturity[forward]), 1)
    return found


def resolve_renewals(
    terms: Terms, world: World, margins: FloatArray, at_today: BoolArray, derivatives: bool = False
) -> tuple[Renewals, IntArray]:
    """Renewal groups, their rates by scenario and date, and the accrual of slices; and each row's group, -1 = none.

    margins : (rows,), margin of each row; spread for floaters. at_today : rows measured at today's zero rate.
    """
    book = terms.book
    rows = np.flatnonzero(renewable(terms, derivatives))
    of_row = np.full(len(book), -1, dtype=np.int64)
    if not len(rows):
        return _nothing(len(world.curves)), of_row
    balance = book.numbers("balance", 0.0)[rows]
    total = float(balance.sum())
    share = float(balance[at_today[rows]].sum() / total) if total > 0 else 0.0
    code, cap, floor = _keys(terms, rows, margins)
    place, number = unique_keys(code)
    of_row[rows] = number
    first = {name: values[place].astype(np.int64) for name, values in code.items()}
    weight, weights = _weights(terms, first)
    rate, rates = _rates(terms, world, first)
    term = np.minimum(first["term"], LONG)
    return Renewals(first["group"], term, weight, rate, cap[place], floor[place], weights, rates, share), of_row


def _nothing(scenarios: int) -> Renewals:
    none, empty = np.zeros(0, dtype=np.int64), np.zeros(0)
    pairs, shares = np.zeros((0, 2), dtype=np.int64), np.zeros((1, 2, EVENTS + 1))
    rates = np.zeros((1, scenarios, EVENTS + 1))
    return Renewals(none, none, pairs, none, empty, empty, shares, rates, 0.0)


def _keys(terms: Terms, rows: IntArray, margins: FloatArray) -> tuple[dict[str, IntArray], FloatArray, FloatArray]:
    """What slices of one renewal group share, as integers, and the bounds of their customer rate."""
    book = terms.book
    floating = terms.rate_type[rows] == layout.FLOATING
    cap = np.where(floating, book.numbers("cap", np.inf)[rows], np.inf)
    floor = np.where(floating, book.numbers("floor", -np.inf)[rows], -np.inf)
    bounded = floating & (np.isfinite(cap) | np.isfinite(floor))
    term = np.where(floating, terms.reset_months[rows], renewal_term(terms)[rows])
    payment = terms.payment[rows]
    code = {
        "group": terms.groups.of_row[rows],
        "day": terms.day[rows],
        "count": terms.count[rows],
        "pays": np.where(payment > 0, np.minimum(payment, term), np.minimum(term, LONGEST_PERIOD)),
        "term": term,
        "fixing": np.where(floating, terms.fixing[rows], -1),
        "cap": _labels(cap, bounded),
        "floor": _labels(floor, bounded),
        "spread": _labels(margins[rows], bounded),
    }
    return code, cap, floor


def _weights(terms: Terms, first: dict[str, IntArray]) -> tuple[IntArray, FloatArray]:
    """Rows of accrual shares, and which of them each group's slices take turns in: (groups, 2)."""
    begin, phases, columns = share_keys(first["day"], first["count"], first["pays"])
    return np.stack([begin, phases], axis=1), share_rows(terms.as_of, columns)


def _rates(terms: Terms, world: World, first: dict[str, IntArray]) -> tuple[IntArray, FloatArray]:
    """Rates by kind, and the kind of each group."""
    names = np.asarray(terms.groups.currency, dtype=object)
    money = np.unique(names.astype(str), return_inverse=True)[1][first["group"]].astype(np.int64)
    keys = {"money": money, **{name: first[name] for name in ("day", "term", "fixing")}}
    place, rate = unique_keys(keys)
    day, term, kind = (first[name][place] for name in ("day", "term", "fixing"))
    return rate, slice_rates(terms, world, names[first["group"][place]], day, term, kind)


def _labels(values: FloatArray, chosen: BoolArray) -> IntArray:
    """Places of the chosen values in their rising list, in which all others are 0."""
    places = np.unique(np.append(values[chosen], 0.0), return_inverse=True)[1]
    found = np.full(len(values), places[-1], dtype=np.int64)
    found[chosen] = places[:-1]
    return found


@compiled
def roll_forward(amount: FloatArray, extra: FloatArray, term: int) -> None:
    """What matures inside the horizon begins anew, at the same margin."""
    for j in range(1, amount.shape[0] - term):
        if amount[j] != 0.0:
            amount[j + term] += amount[j]
            extra[j + term] += extra[j]


@compiled
def price(
    amount: FloatArray, margin: FloatArray, rates: FloatArray, floor: float, cap: float, earned: FloatArray
) -> None:
    """What a year of each slice earns. margin : amount times margin."""
    for j in range(1, rates.shape[0]):
        earned[j] = 0.0
        if amount[j] != 0.0:
            earned[j] = amount[j] * min(max(rates[j] + margin[j] / amount[j], floor), cap)


@compiled
def accrue_alike(earned: FloatArray, term: int, weights: FloatArray, out: FloatArray) -> None:
    """Add what slices earn where all accrue alike: the sum of those alive is carried from event to event."""
    months, alive = out.shape[0] - 1, 0.0
    for i in range(1, months + 1):
        alive += earned[i]
        if i > term:
            alive -= earned[i - term]
        out[i] += alive * weights[0, i]
        if i < months:
            out[i + 1] += alive * weights[1, i]


@compiled
def accrue_by_phase(earned: FloatArray, term: int, row: int, phases: int, weights: FloatArray, out: FloatArray) -> None:
    """Add what slices earn where accrual depends on where a slice's periods begin."""
    months = out.shape[0] - 1
    for j in range(1, months + 1):
        if earned[j] == 0.0:
            continue
        share = weights[row + j % phases]
        for i in range(j, min(j + term, months + 1)):
            out[i] += earned[j] * share[0, i]
            if i < months:
                out[i + 1] += earned[j] * share[1, i]


@compiled
def renew_chunk(
    groups: int,
    renewed: FloatArray,
    renewed_margin: FloatArray,
    group: IntArray,
    term: IntArray,
    weight: IntArray,
    rate: IntArray,
    cap: FloatArray,
    floor: FloatArray,
    weights: FloatArray,
    rates: FloatArray,
    income: FloatArray,
    earned: FloatArray,
) -> None:
    """Roll renewed amounts of one chunk forward and add what they earn to `income` (scenarios, groups, months + 1).

    groups : number of the chunk's first result group. `renewed` and `renewed_margin`, of one path or of one a scenario,
    are written on. earned : workspace, (events,).
    """
    for path in range(renewed.shape[0]):
        for r in range(renewed.shape[1]):
            roll_forward(renewed[path, r], renewed_margin[path, r], term[r])
    for s in range(income.shape[0]):
        path = min(s, renewed.shape[0] - 1)
        for r in range(renewed.shape[1]):
            price(renewed[path, r], renewed_margin[path, r], rates[rate[r], s], floor[r], cap[r], earned)
            row, phases = weight[r, 0], weight[r, 1]
            out = income[s, group[r] - groups]
            if phases == 1:
                accrue_alike(earned, term[r], weights[row], out)
            else:
                accrue_by_phase(earned, term[r], row, phases, weights, out)


def margins_of(
    terms: Terms,
    world: World,
    history: Mapping[np.datetime64, CurveSet],
    own: Mapping[str, float],
    derivatives: bool = False,
) -> tuple[FloatArray, BoolArray]:
    """Margin of each row over the renewal rate, and the rows measured at today's zero rate.

    The product's new-business margin, else customer rate less the zero rate at the original term on the origination
    date (last curve on or before it), else less today's. Floaters renew at their spread.

    Parameters
    ----------
    history : as-of dates before today -> curves. own : product -> new-business margin, decimals a year.
    """
    book = terms.book
    rate = book.numbers("rate", 0.0)
    spread = book.numbers("spread", 0.0)
    products = book.words("product")
    given = np.asarray([own.get(str(name), np.nan) for name in products.categories])[products.codes]
    zero = np.zeros(len(book))
    origination = book.dates("origination_date")
    days = np.asarray(sorted(history), dtype="datetime64[D]")
    place = np.searchsorted(days, origination, side="right") - 1
    place = np.where(np.isnat(origination), TODAY, place)
    open_rows = renewable(terms, derivatives) & np.isnan(given) & (terms.rate_type == layout.FIXED)
    money, term = book.words("currency"), renewal_term(terms)
    for currency_code, currency in enumerate(money.categories):
        mine = open_rows & (money.codes == currency_code)
        for number in np.unique(place[mine]):
            rows = np.flatnonzero(mine & (place == number))
            curves = world.curves.curves if number < 0 else history[days[number]]
            if number >= 0 and not curves.has(str(currency), DISCOUNT):
                curves, place[rows] = world.curves.curves, TODAY
            zero[rows] = _zero_of_terms(curves, str(currency), term[rows])
    margin = np.where(np.isnan(given), rate - zero, given)
    floating = terms.rate_type == layout.FLOATING
    return np.where(floating, spread, margin), np.asarray(open_rows & (place == TODAY))


def _zero_of_terms(curves: CurveSet, currency: str, months: IntArray) -> FloatArray:
    """Zero rates at tenors in whole months of the curves' own date."""
    curve = curves.discounting(currency)
    tenors = np.arange(int(months.max(initial=0)) + 1)
    years = tenors / 12.0 if curve.time == "month_grid" else tenor_days(curves.as_of, tenors) / 365.0
    return np.asarray(curve.zero_rate(years)[months])
