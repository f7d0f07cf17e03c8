"""A constant balance sheet: what leaves is renewed at once, in the same product and original term."""

from __future__ import annotations

from typing import Any

from tests.engine.plain.dates import Day, in_month, index, is_thirty, later, month_after, whole_months, years
from tests.engine.plain.market import PlainWorld
from tests.engine.plain.rows import Row
from tests.engine.plain.walk import HORIZON


def original_term(world: PlainWorld, row: Row) -> int:
    """Whole months from origination, or from as-of where nobody knows it."""
    return max(whole_months(row.origin or world.as_of, row.maturity), 1)


def margin(world: PlainWorld, row: Row, given: dict[str, float]) -> float:
    """Over the zero rate of the renewal date: the product's, else the customer's at origination, else today's."""
    if row.product in given:
        return given[row.product]
    term = original_term(world, row)
    known = [day for day in world.earlier if row.origin is not None and day <= row.origin]
    day = max(known) if known else world.as_of
    curve = world.earlier[day].get(row.money) if known else None
    if curve is None:
        day, curve = world.as_of, world.curves[row.money, "discount"]
    return row.rate - curve.zero(term / 12 if world.grid else (later(day, term) - day).days / 365)


def renewed(world: PlainWorld, row: Row, s: int, gone: list[tuple[Day, float]], extra: float, income: Any) -> None:
    """Add what renewals earn by month to `income`."""
    horizon = later(world.as_of, HORIZON)
    for day, amount in gone:
        if amount and day <= horizon:
            _slice(world, row, s, day, amount, extra, income, horizon)


def _slice(
    world: PlainWorld, row: Row, s: int, day: Day, amount: float, extra: float, income: Any, horizon: Day
) -> None:
    floating = row.kind == "floating"
    term = row.reset_months if floating else original_term(world, row)
    end = in_month(index(day) + term, row.day)
    if floating:
        stop = later(day, term)
        accrual = term / 12 if is_thirty(row.count) else years(day, stop, row.count)
        rate = world.fixing(s, row.money, row.index, day, stop, accrual) + row.spread
        rate = min(max(rate, row.floor), row.cap)
    else:
        rate = world.term_zero(s, row.money, day, term) + extra
    step = min(row.step or term, term)
    at = day
    while at < end and at < horizon:
        close = in_month(index(at) + step, row.day)
        _accrue(world, row, at, min(close, end), close, step, amount * rate, income)
        at = close
    if end < horizon:
        _slice(world, row, s, end, amount, extra, income, horizon)


def _accrue(world: PlainWorld, row: Row, a: Day, b: Day, close: Day, step: int, yearly: float, income: Any) -> None:
    """Interest of a period by month."""
    for k in range(month_after(world.as_of, a), month_after(world.as_of, b) + 1):
        x, y = max(a, later(world.as_of, k - 1)), min(b, later(world.as_of, k))
        if y <= x or k > HORIZON:
            continue
        if is_thirty(row.count):
            whole = years(a, close, row.count)
            part = (years(a, y, row.count) - years(a, x, row.count)) * (step / 12) / whole
        else:
            part = years(x, y, row.count)
        income[k] += yearly * part
