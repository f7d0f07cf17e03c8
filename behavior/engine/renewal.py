"""Constant balance sheet: what leaves is renewed at once, in the same product and original term, at age 0.

Renewed slices keep their balance until their own maturity inside the horizon, then renew again. A slice begun at event
j earns (the rate of its start) x (accrual of each month); both are linear in the amount, so slices are added up by
renewal group before they are rolled forward.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.engine import layout
from behavior.engine.calendars import COUNTS, accrued, day_in_month, first_month, fractions, thirty, unique_keys
from behavior.engine.compiled import compiled
from behavior.engine.drivers import World
from behavior.engine.layout import NII_MONTHS
from behavior.engine.repricing import fixing, zero_at
from behavior.engine.terms import Terms
from behavior.market.curves import DISCOUNT, CurveSet
from behavior.months import as_date, as_days, month_number, roll_months, tenor_days
from behavior.quantities import AnyArray, BoolArray, DateArray, FloatArray, IntArray

EVENTS = NII_MONTHS + 1
LONG = EVENTS + 1
"""Terms longer than this never mature inside the horizon."""


@dataclass(frozen=True, eq=False)
class Renewals:
    """Renewal groups of a book.

    Parameters
    ----------
    of_row : (rows,), -1 = not renewed. margin : (rows,), over the rate of the renewal date, decimals a year.
    group : (renewals,), result group. term : (renewals,), events until a slice's rate is set anew. weight :
    (renewals,), place in `weights`. rate : (renewals,), place in `rates`. cap, floor : (renewals,), bounds of the
    customer rate.
    weights : (kinds, events + 1, months + 1), accrual in each month of a slice begun at each event.
    rates : (kinds, scenarios, events + 1). at_today : share of renewed balance whose margin is
    measured at today's zero rate.
    """

    of_row: IntArray
    margin: FloatArray
    group: IntArray
    term: IntArray
    weight: IntArray
    rate: IntArray
    cap: FloatArray
    floor: FloatArray
    weights: FloatArray
    rates: FloatArray
    at_today: float


def renewable(terms: Terms) -> BoolArray:
    """Cash positions with a maturity whose rate the market sets: administered balances stay, derivatives run off."""
    cash = terms.book.instrument == 0
    dated = terms.repayment < layout.OPEN_ENDED
    return np.asarray(cash & dated & (terms.rate_type != layout.ADMINISTERED))


def stays(terms: Terms) -> BoolArray:
    """Cash balances that stay as they are on a constant balance sheet."""
    return np.asarray((terms.book.instrument == 0) & ~renewable(terms))


def resolve_renewals(terms: Terms, world: World, margins: FloatArray, at_today: BoolArray) -> Renewals:
    """Renewal groups, their rates by scenario and date, and the accrual of slices.

    margins : (rows,), margin of each row; spread for floaters. at_today : rows measured at today's zero rate.
    """
    book = terms.book
    chosen = renewable(terms)
    rows = np.flatnonzero(chosen)
    of_row = np.full(len(book), -1, dtype=np.int64)
    balance = book.numbers("balance", 0.0)
    total = float(balance[rows].sum())
    share = float(balance[rows][at_today[rows]].sum() / total) if total > 0 else 0.0
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        empty = np.zeros((1, EVENTS + 1, NII_MONTHS + 1))
        rates = np.zeros((1, len(world.curves), EVENTS + 1))
        return Renewals(of_row, margins, none, none, none, none, margins[:0], margins[:0], empty, rates, 0.0)
    floating = terms.rate_type[rows] == layout.FLOATING
    cap = np.where(floating, book.numbers("cap", np.inf)[rows], np.inf)
    floor = np.where(floating, book.numbers("floor", -np.inf)[rows], -np.inf)
    bounded = floating & (np.isfinite(cap) | np.isfinite(floor))
    term = np.where(floating, terms.reset_months[rows], terms.original_term[rows])
    pays = np.where(terms.payment[rows] > 0, np.minimum(terms.payment[rows], term), np.minimum(term, 12 * 480))
    code = {
        "group": terms.groups.of_row[rows],
        "day": terms.day[rows],
        "count": terms.count[rows],
        "pays": pays,
        "term": term,
        "fixing": np.where(floating, terms.fixing[rows], -1),
        "cap": _labels(np.where(bounded, cap, 0.0)),
        "floor": _labels(np.where(bounded, floor, 0.0)),
        "spread": _labels(np.where(bounded, margins[rows], 0.0)),
    }
    place, number = unique_keys(code)
    of_row[rows] = number
    first = {name: values[place] for name, values in code.items()}
    weight_place, weight = unique_keys(
        {**{k: first[k] for k in ("day", "count", "pays")}, "term": np.minimum(first["term"], LONG)}
    )
    weights = slice_weights(
        terms.as_of,
        first["day"][weight_place],
        first["count"][weight_place],
        first["pays"][weight_place],
        np.minimum(first["term"][weight_place], LONG),
    )
    currencies = np.asarray(terms.groups.currency, dtype=object)[first["group"]]
    money = unique_labels(currencies)
    rate_place, rate = unique_keys(
        {"money": money, "day": first["day"], "term": first["term"], "fixing": first["fixing"]}
    )
    rates = slice_rates(
        terms,
        world,
        currencies[rate_place],
        first["day"][rate_place],
        first["term"][rate_place],
        first["fixing"][rate_place],
    )
    return Renewals(
        of_row,
        margins,
        first["group"],
        np.minimum(first["term"], LONG),
        weight,
        rate,
        cap[place],
        floor[place],
        weights,
        rates,
        share,
    )


def _labels(values: FloatArray) -> IntArray:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def unique_labels(words: AnyArray) -> IntArray:
    """Words as numbers, shape kept."""
    return np.asarray(np.unique(words.astype(str), return_inverse=True)[1], dtype=np.int64)


BATCH = 256
"""Kinds of slices that are worked out at once, to bound memory."""


def slice_weights(as_of: DateArray, day: IntArray, count: IntArray, pays: IntArray, term: IntArray) -> FloatArray:
    """Accrual fraction in each month of a slice begun at each event: shape (kinds, events + 1, months + 1).

    Parameters
    ----------
    day, count, pays, term : (kinds,), payment day, day count by number, months of a period, events to the slice's end.
    """
    found = np.zeros((len(day), EVENTS + 1, NII_MONTHS + 1))
    for at in range(0, len(day), BATCH):
        part = slice(at, at + BATCH)
        found[part] = _weights(as_of, day[part], count[part], pays[part], term[part])
    return found


def _weights(as_of: DateArray, day: IntArray, count: IntArray, pays: IntArray, term: IntArray) -> FloatArray:
    begin = first_month(as_of, day)[:, None] - 1 + np.arange(EVENTS + 1)[None, :]
    starts = day_in_month(begin, day[:, None])
    ends = day_in_month(begin + term[:, None], day[:, None])
    bounds = roll_months(as_of, np.arange(NII_MONTHS + 1))
    at = np.minimum(np.maximum(bounds[None, None, :], starts[:, :, None]), ends[:, :, None])
    days = np.broadcast_to(day[:, None, None], at.shape)
    # Events on or before a date, counted from the slice's own start.
    passed = month_number(at) - begin[:, :, None]
    passed = passed - (day_in_month(month_number(at), days) > at)
    step = pays[:, None, None]
    period = passed // step
    # The last day of a slice belongs to its last period.
    period = np.where((at == ends[:, :, None]) & (period * step >= term[:, None, None]), period - 1, period)
    opening = day_in_month(begin[:, :, None] + period * step, days)
    closing = day_in_month(begin[:, :, None] + (period + 1) * step, days)
    numbers = np.broadcast_to(count[:, None, None], at.shape)
    regular = np.broadcast_to(step, at.shape)
    earlier = period * (step / 12.0)
    acts = ~thirty(count)
    if acts.any():
        from_start = np.broadcast_to(starts[acts][:, :, None], opening[acts].shape)
        earlier = earlier.astype(np.float64)
        earlier[acts] = fractions(from_start, opening[acts], numbers[acts])
    cumulative = earlier + accrued(opening, closing, at, regular, numbers)
    found = np.zeros(at.shape)
    found[:, :, 1:] = np.diff(cumulative, axis=2)
    found[starts < as_of] = 0.0
    return found


def slice_rates(
    terms: Terms, world: World, currency: AnyArray, day: IntArray, term: IntArray, kind: IntArray
) -> FloatArray:
    """Rate of a slice begun at each event before its margin: shape (kinds, scenarios, events + 1).

    kind : (kinds,), fixing of floaters, -1 = the zero rate of the term.
    """
    start = day_in_month(first_month(terms.as_of, day)[:, None] + np.arange(EVENTS)[None, :], day[:, None])
    found = np.zeros((len(day), len(world.curves), EVENTS + 1))
    money = unique_labels(currency)
    for place in unique_keys({"money": money, "kind": kind})[0]:
        chosen = np.flatnonzero((money == money[place]) & (kind == kind[place]))
        dates = start[chosen].ravel()
        months = np.repeat(term[chosen], EVENTS)
        if kind[place] < 0:
            rates = zero_at(world, str(currency[place]), dates, months)
        else:
            number = int(kind[place])
            count = COUNTS[int(terms.fixings.count[number])]
            rates = fixing(world, str(currency[place]), terms.fixings.index[number], dates, int(term[place]), count)
        found[chosen, :, 1:] = np.moveaxis(rates.reshape(len(world.curves), len(chosen), EVENTS), 0, 1)
    return found


@compiled
def renew_chunk(
    first: int,
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
) -> None:
    """Roll renewed amounts of one chunk forward and add what they earn to `income` (scenarios, groups, months + 1).

    first : number of the chunk's first renewal group. groups : number of the chunk's first result group.
    """
    for s in range(renewed.shape[0]):
        for r in range(renewed.shape[1]):
            number = first + r
            amount, extra = renewed[s, r], renewed_margin[s, r]
            for j in range(1, amount.shape[0]):
                if amount[j] == 0.0:
                    continue
                later = j + term[number]
                if later < amount.shape[0]:
                    amount[later] += amount[j]
                    extra[later] += extra[j]
                if j >= weights.shape[1]:
                    continue
                own = extra[j] / amount[j]
                paid = min(max(rates[rate[number], s, j] + own, floor[number]), cap[number])
                for k in range(1, income.shape[2]):
                    income[s, group[number] - groups, k] += amount[j] * paid * weights[weight[number], j, k]


def margins_of(
    terms: Terms, world: World, history: dict[np.datetime64, CurveSet], own: dict[str, float]
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
    place = np.where(np.isnat(origination), -1, place)
    open_rows = renewable(terms) & np.isnan(given) & (terms.rate_type == layout.FIXED)
    money = book.words("currency")
    for currency_code, currency in enumerate(money.categories):
        mine = open_rows & (money.codes == currency_code)
        for number in np.unique(place[mine]):
            rows = np.flatnonzero(mine & (place == number))
            curves = world.curves.curves if number < 0 else history[days[number]]
            if number >= 0 and not curves.has(str(currency), DISCOUNT):
                curves = world.curves.curves
            zero[rows] = _zero_of_terms(curves, str(currency), terms.original_term[rows])
    margin = np.where(np.isnan(given), rate - zero, given)
    floating = terms.rate_type == layout.FLOATING
    return np.where(floating, spread, margin), np.asarray(open_rows & (place < 0))


def _zero_of_terms(curves: CurveSet, currency: str, months: IntArray) -> FloatArray:
    """Zero rates at tenors in months of the curves' own date."""
    curve = curves.discounting(currency)
    if curve.time == "month_grid":
        return curve.zero_rate(months / 12.0)
    return curve.zero_rate(tenor_days(curves.as_of, months) / 365.0)


def curve_dates(dates: DateArray, as_of: DateArray) -> list[np.datetime64]:
    """Distinct dates before as-of, rising."""
    days = np.unique(as_days(dates))
    return [day for day in days if as_date(day) < as_date(as_of)]
