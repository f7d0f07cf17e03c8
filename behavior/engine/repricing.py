"""Rates that move: fixings of indices at resets, and REPRICING of the rates that the bank sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect
from behavior.assumptions.matching import HOW, OWN, POOLED_MATCH
from behavior.assumptions.pass_through_path import (
    AT_FLOOR,
    PassThroughLaw,
    Pending,
    cumulative_target,
    nothing_pending,
    pending_at_floor,
    pending_from_history,
)
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine.calendars import COUNTS, thirty, unique_keys
from behavior.engine.drivers import World
from behavior.engine.layout import Repricing
from behavior.engine.positions import Book
from behavior.engine.runoff import Matching, match_table
from behavior.engine.terms import Fixings
from behavior.errors import AssumptionError, MarketDataError
from behavior.months import DateLike, as_days, roll_months, year_fraction
from behavior.quantities import MONTHS_PER_YEAR, DateArray, FloatArray, IntArray, Quantity


def forward_rates(world: World, fixings: Fixings, as_of: DateLike) -> FloatArray:
    """Simple forwards at every fixing: shape (scenarios, columns), at least one column.

    Raises
    ------
    MarketDataError : listing the projection curves that are missing.
    """
    curves = world.curves
    found = np.zeros((len(curves), max(len(fixings.day), 1)))
    missing = sorted(
        {
            f"{currency} `{index}`"
            for currency, index in zip(fixings.currency, fixings.index, strict=True)
            if not curves.curves.has(currency, index)
        }
    )
    if missing:
        held = ", ".join(f"{currency} {index}" for currency, index in sorted(curves.curves.curves))
        raise MarketDataError(
            f"projection curves missing for {', '.join(missing)}; curves/1 holds {held}. Add the rows of these indices."
        )
    now = as_days(as_of)
    for kind, (currency, index) in enumerate(zip(fixings.currency, fixings.index, strict=True)):
        columns = np.flatnonzero(fixings.group == kind)
        if not len(columns):
            continue
        start = now + fixings.day[columns].astype("timedelta64[D]")
        found[:, columns] = fixing(
            world, currency, index, start, int(fixings.months[kind]), COUNTS[int(fixings.count[kind])]
        )
    return found


def fixing(world: World, currency: str, index: str, start: DateArray, months: int, count: str) -> FloatArray:
    """Simple forward of an index from each date over some months on a day count: shape (scenarios, dates)."""
    curves = world.curves
    end = roll_months(start, months)
    accrual = np.full(len(start), months / MONTHS_PER_YEAR)
    if not thirty(np.asarray([COUNTS.index(count)]))[0]:
        accrual = year_fraction(start, end, count)
    return curves.simple_forward(currency, index, curves.curves.times_of(start), curves.curves.times_of(end), accrual)


def zero_at(world: World, currency: str, start: DateArray, months: IntArray) -> FloatArray:
    """The scenario's zero rate for a term on a date, continuously compounded: shape (scenarios, dates)."""
    curves = world.curves
    begin, end = curves.curves.times_of(start), curves.curves.times_of(roll_months(start, months))
    span = end - begin
    return np.asarray(np.log1p(curves.simple_forward(currency, "discount", begin, end, span) * span) / span)


@dataclass(frozen=True, eq=False)
class RepricingKeys:
    """REPRICING of a book.

    Parameters
    ----------
    arrays : what the kernel reads. of_row : (rows,) key of each administered row, -1 = rate stays.
    matchings : one a REPRICING target table. pending : key -> target minus rate paid today, decimals a year.
    unpaced : rows whose target lacks a speed, upwards or downwards: such a rate takes the whole of a move at once.
    """

    arrays: Repricing
    of_row: IntArray
    matchings: tuple[Matching, ...]
    pending: Mapping[int, float] = field(default_factory=dict)
    unpaced: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def resolve_repricing(
    world: World,
    book: Book,
    assumptions: AssumptionSet | None,
    currency: tuple[str, ...],
    row_currency: IntArray,
    short: FloatArray,
    pass_pending: bool = True,
) -> RepricingKeys:
    """Targets and speeds by key of (target curve, speed curves, currency).

    short : (currencies, scenarios, months + 1) level of the short rate.

    Raises
    ------
    AssumptionError : a speed without a target.
    """
    targets = _tables(assumptions, Quantity.MARGINAL_PASS_THROUGH)
    speeds = _tables(assumptions, Quantity.MONTHLY_ADJUSTMENT)
    none = np.full(len(book), -1, dtype=np.int64)
    if not targets:
        if speeds:
            names = ", ".join(table.name for table in speeds)
            raise AssumptionError(f"REPRICING: speeds without a target ({names}). Add a MARGINAL_PASS_THROUGH table.")
        return _without_paths(none, ())
    matchings = tuple(match_table(book, table) for table in targets)
    target_table, target = _first_of(matchings, len(book))
    up_table, up = _speed_of(book, speeds, Direction.UP)
    down_table, down = _speed_of(book, speeds, Direction.DOWN)
    rows = np.flatnonzero(target >= 0)
    held, held_rates = _held_at_floor(book, targets, target_table, target)
    chosen = (target_table, target, up_table, up, down_table, down, row_currency, held)
    columns = np.stack([column[rows] for column in chosen], axis=1)
    place, inverse = unique_keys({str(number): column for number, column in enumerate(columns.T)})
    present = columns[place]
    of_row = none.copy()
    of_row[rows] = inverse
    parts, owed = [], {}
    for key, row in enumerate(present):
        t, c, ut, uc, dt_, dc, money, at_floor = (int(value) for value in row)
        speed_up = (speeds[ut], speeds[ut].curves[uc]) if ut >= 0 else None
        speed_down = (speeds[dt_], speeds[dt_].curves[dc]) if dt_ >= 0 else None
        floored = float(held_rates[at_floor]) if at_floor >= 0 else None
        path, pending = _key_path(
            world,
            currency[money],
            targets[t],
            targets[t].curves[c],
            speed_up,
            speed_down,
            short[money],
            pass_pending,
            floored,
        )
        parts.append(path)
        owed[key] = pending
    if not parts:
        return _without_paths(none, matchings)
    stacked = Repricing(*(np.stack([part[i] for part in parts]) for i in range(4)))
    return RepricingKeys(stacked, of_row, matchings, owed, np.flatnonzero((target >= 0) & ((up < 0) | (down < 0))))


def _without_paths(of_row: IntArray, matchings: tuple[Matching, ...]) -> RepricingKeys:
    """No rate follows a target."""
    empty = np.zeros((1, 1, 1))
    return RepricingKeys(Repricing(empty, empty, empty, empty), of_row, matchings)


def _held_at_floor(
    book: Book, targets: Sequence[AssumptionTable], table: IntArray, curve: IntArray
) -> tuple[IntArray, FloatArray]:
    """Rows whose rate paid stands at its floor under a target whose level is known: position of the rate that holds
    them (the floor, or a rate paid below it) among the distinct ones, -1 for all others, shape (rows,); and those."""
    none, paid, floor = np.full(len(book), -1, dtype=np.int64), book.numbers("rate"), book.numbers("floor", 0.0)
    known = [np.array([one.segment in target.resting_rates for one in target.curves]) for target in targets]
    if not any(one.any() for one in known):
        return none, np.zeros(0)
    low = np.flatnonzero((table >= 0) & (paid <= floor + AT_FLOOR))
    low = low[np.array([known[t][c] for t, c in zip(table[low], curve[low], strict=True)], dtype=bool)]
    rates, place = np.unique(np.minimum(paid, floor)[low], return_inverse=True)
    none[low] = place
    return none, rates


def _tables(assumptions: AssumptionSet | None, quantity: Quantity) -> list[AssumptionTable]:
    if assumptions is None:
        return []
    return [table for table in assumptions.for_effect(Effect.REPRICING) if table.quantity is quantity]


def _first_of(matchings: Sequence[Matching], count: int) -> tuple[IntArray, IntArray]:
    """The first table that has a curve of each row's own, else the first with a pooled one; -1 where none has."""
    table, curve = np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    for how in (HOW.index(OWN), HOW.index(POOLED_MATCH)):
        for number, found in enumerate(matchings):
            if found.curve.strides == (0,):
                continue
            fresh = (table < 0) & (found.curve >= 0) & (found.match.how_code == how)
            table[fresh], curve[fresh] = number, found.curve[fresh]
    return table, curve


def _speed_of(book: Book, speeds: list[AssumptionTable], direction: Direction) -> tuple[IntArray, IntArray]:
    return _first_of([match_table(book, table, direction=direction) for table in speeds], len(book))


Speed = tuple[AssumptionTable, AssumptionCurve] | None


def _share(speed: Speed, levels: FloatArray) -> FloatArray:
    """Monthly adjustment along a path of the short rate; 1 (at once) where no speed is given."""
    if speed is None:
        return np.ones_like(levels)
    curve = speed[1]
    if Driver.RATE_LEVEL in curve.driver_grids:
        return curve.at(drivers={Driver.RATE_LEVEL: levels}).values
    return np.full_like(levels, float(np.ravel(curve.values)[0]))


def _delay(speed: Speed, direction: Direction) -> int:
    return 0 if speed is None else int(speed[0].delay_months.get(direction, 0))


def _grid(curve: AssumptionCurve) -> tuple[FloatArray, FloatArray]:
    """Levels and marginal pass-through of a target curve; a curve without an axis is the same at every level."""
    if Driver.RATE_LEVEL in curve.driver_grids:
        return np.asarray(curve.driver_grids[Driver.RATE_LEVEL], dtype=np.float64), np.ravel(curve.values)
    return np.zeros(1), np.ravel(curve.values)[:1]


def _key_path(
    world: World,
    currency: str,
    table: AssumptionTable,
    curve: AssumptionCurve,
    up: Speed,
    down: Speed,
    levels: FloatArray,
    pass_pending: bool,
    floored: float | None,
) -> tuple[tuple[FloatArray, FloatArray, FloatArray, FloatArray], float]:
    """Arrays of one key, each (scenarios, months + 1), and what is pending today; `floored`: the rate a floor holds."""
    grid, marginal = _grid(curve)
    today = levels[:1, :1]
    delay_up, delay_down = _delay(up, Direction.UP), _delay(down, Direction.DOWN)
    law = PassThroughLaw(
        grid, marginal, float(_share(up, today)[0, 0]), float(_share(down, today)[0, 0]), delay_up, delay_down
    )
    pending = _pending(world, currency, table, law) if pass_pending else nothing_pending()
    if floored is not None and pass_pending:
        resting = table.resting_rates.get(curve.segment)
        pending = pending_at_floor(pending, law, float(today[0, 0]), floored, floored, resting)
    gap = float(np.asarray(pending.gap))
    moved = cumulative_target(grid, marginal, levels) - cumulative_target(grid, marginal, today)
    return (
        _seen(moved, pending, delay_up) + gap,
        _seen(moved, pending, delay_down) + gap,
        _share(up, levels),
        _share(down, levels),
    ), gap


def _seen(moved: FloatArray, pending: Pending, delay: int) -> FloatArray:
    """Target (less today's) as a direction with a delay sees it in each month; before today, what history says."""
    if delay == 0:
        return moved
    earlier = np.atleast_1d(np.asarray(pending.earlier, dtype=np.float64)).ravel()
    held = earlier[-delay:] if len(earlier) else np.zeros(0)
    filled = np.concatenate([np.full(delay - len(held), held[0] if len(held) else 0.0), held])
    before = np.broadcast_to(filled, (moved.shape[0], delay))
    return np.concatenate([before, moved], axis=-1)[:, : moved.shape[1]]


def _pending(world: World, currency: str, table: AssumptionTable, law: PassThroughLaw) -> Pending:
    """What earlier moves of the currency's short rate still owe, run over the rate history; nothing without one."""
    history, name = world.history, world.past_short_index(currency, table.terms.index)
    if history is None or name is None:
        return nothing_pending()
    dates = history.dates[history.index_of(name)]
    now = as_days(world.curves.curves.as_of)
    held = dates[dates <= now]
    if not len(held):
        return nothing_pending()
    months = int((now - held[0]).astype(np.int64) // 28) + 1
    days = roll_months(now, -np.arange(months, -1, -1))
    levels = history.at(name, days)
    return pending_from_history(law, levels[~np.isnan(levels)])
