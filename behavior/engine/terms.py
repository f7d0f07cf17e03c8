"""Book rows resolved to schedules: contract terms become the arrays that the kernel knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from behavior.engine import layout
from behavior.engine.calendars import (
    COUNTS,
    MOVING_DAY,
    CalendarKeys,
    CalendarSet,
    Fixation,
    ResetSeries,
    accrued,
    build_calendars,
    day_in_month,
    first_month,
    next_resets,
    payment_day,
    regular_span,
    thirty,
    unique_keys,
)
from behavior.engine.contracts import RATE_TYPES
from behavior.engine.positions import CASH, Book, Groups, group_rows
from behavior.errors import ContractFault, Fault
from behavior.months import DateLike, as_days, month_number, months_between, payments_left, roll_months
from behavior.quantities import BoolArray, DateArray, FloatArray, IntArray

REPAYMENTS = ("bullet", "annuity", "linear", "schedule", "none", "overnight", "interest_only")
NOT_A_DATE = np.datetime64("NaT", "D")


@dataclass(frozen=True, eq=False)
class Fixings:
    """Columns of forward rates: which index fixes when.

    Parameters
    ----------
    currency, index : (groups,) of each kind of fixing. months, count : (groups,) tenor and day count by number.
    group, day : (columns,) kind and day offset of each fixing.
    """

    currency: tuple[str, ...]
    index: tuple[str, ...]
    months: IntArray
    count: IntArray
    group: IntArray
    day: IntArray


@dataclass(frozen=True, eq=False)
class SharedTerms:
    """What the rows of a book share, and all of its terms that a run still asks for once its positions are resolved."""

    as_of: DateArray
    book: Book
    groups: Groups
    calendars: CalendarSet
    fixings: Fixings


@dataclass(frozen=True, eq=False)
class Terms(SharedTerms):
    """Contract terms of a book as arrays, shape (rows,) in the book's order; behaviour is added later.

    Parameters
    ----------
    calendar : place in `calendars`. repayment : as in `layout`. day : payment day.
    original_term : completed months from origination to maturity, from as-of where origination is unknown.
    fixation : until when each row's rate is fixed.
    fixing : kind of fixing in `fixings`, -1 where the rate does not float.
    """

    calendar: IntArray
    fixing: IntArray
    repayment: IntArray
    rate_type: IntArray
    events: IntArray
    start: IntArray
    payment: IntArray
    carried: FloatArray
    amortises_from: IntArray
    level: IntArray
    day: IntArray
    count: IntArray
    age: IntArray
    original_term: IntArray
    reset_months: IntArray
    fixation: Fixation

    @property
    def shared(self) -> SharedTerms:
        """The terms without those of single rows, which a large book need not keep."""
        return SharedTerms(self.as_of, self.book, self.groups, self.calendars, self.fixings)


def _grid_events(as_of: DateArray, day: IntArray, dates: DateArray) -> IntArray:
    """How many events of a payment day lie after as-of and on or before a date (0 where the date is empty)."""
    found = np.zeros(len(dates), dtype=np.int64)
    rows = np.flatnonzero(~np.isnat(dates))
    month = month_number(dates[rows])
    late = day_in_month(month, day[rows]) > dates[rows]
    found[rows] = np.maximum(month - first_month(as_of, day[rows]) + 1 - late, 0)
    return found


@dataclass(frozen=True, eq=False)
class _Schedule:
    """What a row's dates say, shape (rows,).

    `once` : all interest is paid at maturity. `events` : months to the last event. `maturity` : as-of where open-ended.
    """

    now: DateArray
    open_ended: BoolArray
    once: BoolArray
    origination: DateArray
    maturity: DateArray
    day: IntArray
    count: IntArray
    payment: IntArray
    events: IntArray

    @property
    def step(self) -> IntArray:
        """Months from one payment to the next."""
        return np.maximum(self.payment, 1)


def resolve_terms(book: Book, as_of: DateLike, overnight: BoolArray | None = None) -> Terms:
    """Resolve a book of cash positions and swap legs.

    Parameters
    ----------
    overnight : rows whose balance goes to the first day (uncovered deposits), or None.

    Raises
    ------
    ContractFault : rows whose terms cannot be resolved, each named.
    """
    now = as_days(as_of)
    repayment, amortises_late = _repayment(book, overnight)
    schedule = _schedule(book, now, repayment >= layout.OPEN_ENDED)
    begins = book.dates("start_date")
    begins = np.where(np.isnat(begins), schedule.origination, begins)
    start = _grid_events(now, schedule.day, np.where((begins > now) & ~schedule.open_ended, begins, NOT_A_DATE))
    rate_type = book.codes("rate_type", RATE_TYPES, "fixed")
    reset, series, kinds, fixing, reset_months, fixation = _reset_series(book, schedule, rate_type, begins)
    keys, calendar = _calendar_keys(schedule, reset)
    calendars = build_calendars(now, keys, series)
    fixings = _number_fixings(calendars, keys, kinds)
    age, original_term = _ages(schedule)
    return Terms(
        as_of=now,
        book=book,
        groups=group_rows(book),
        calendars=calendars,
        calendar=_small(calendar),
        fixings=fixings,
        fixing=_small(fixing),
        repayment=_small(repayment),
        rate_type=_small(rate_type),
        events=_small(schedule.events),
        start=_small(np.minimum(start, schedule.events - 1)),
        payment=_small(schedule.payment),
        carried=_carried(schedule),
        amortises_from=_small(_amortises_from(book, schedule, amortises_late)),
        level=_small(_level(book, schedule)),
        day=_small(schedule.day),
        count=_small(schedule.count),
        age=_small(age),
        original_term=_small(original_term),
        reset_months=_small(reset_months),
        fixation=fixation,
    )


def _small(values: IntArray) -> IntArray:
    """Whole numbers in 32 bits, as the records hold them: a large book has a dozen columns of them."""
    half: Any = np.int32
    return np.asarray(values, dtype=half)


def _schedule(book: Book, now: DateArray, open_ended: BoolArray) -> _Schedule:
    """The rows' dates on their payment grids; refuses those that make no schedule."""
    origination = book.dates("origination_date")
    maturity = np.where(open_ended, now, book.dates("maturity_date"))
    payment = np.where(open_ended, 1, book.whole("payment_months"))
    _refuse(_schedule_faults(book, maturity, origination, payment, open_ended, now))
    left = payments_left(now, maturity, np.ones(len(book), dtype=np.int64))
    return _Schedule(
        now=now,
        open_ended=open_ended,
        once=(payment == 0) & ~open_ended,
        origination=origination,
        maturity=maturity,
        day=np.where(open_ended, payment_day(now), payment_day(maturity)),
        count=book.codes("day_count", COUNTS, "30/360"),
        payment=payment,
        events=np.where(open_ended, layout.OPEN_END_MONTHS, left),
    )


def _ages(schedule: _Schedule) -> tuple[IntArray, IntArray]:
    """Completed months from origination (as-of where it is unknown) to as-of, and to maturity: at least 1."""
    origination = np.where(np.isnat(schedule.origination), schedule.now, schedule.origination)
    age = months_between(origination, schedule.now)
    term = months_between(origination, schedule.maturity)
    return np.maximum(age, 0), np.maximum(np.where(schedule.open_ended, 0, term), 1)


def _repayment(book: Book, overnight: BoolArray | None) -> tuple[IntArray, BoolArray]:
    """Repayment by number, and where interest-only comes first."""
    found = book.codes("repayment", REPAYMENTS, "bullet")
    late = found == REPAYMENTS.index("interest_only")
    found = np.where(late, layout.ANNUITY, found)
    if overnight is not None:
        found = np.where(overnight, layout.OVERNIGHT, found)
    return found, np.asarray(late)


def term_faults(book: Book, as_of: DateLike) -> list[Fault]:
    """Every row of a book of cash positions and swap legs whose dates or periods cannot make a schedule."""
    now = as_days(as_of)
    repayment, _ = _repayment(book, None)
    open_ended = repayment >= layout.OPEN_ENDED
    maturity = np.where(open_ended, now, book.dates("maturity_date"))
    payment = np.where(open_ended, 1, book.whole("payment_months"))
    return _schedule_faults(book, maturity, book.dates("origination_date"), payment, open_ended, now)


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise ContractFault(faults)


def _schedule_faults(
    book: Book, maturity: DateArray, origination: DateArray, payment: IntArray, open_ended: BoolArray, now: DateArray
) -> list[Fault]:
    """All rows whose dates or periods cannot make a schedule."""
    missing = np.isnat(maturity) & ~open_ended
    past = ~missing & ~open_ended & (maturity <= now)
    unknown = (payment == 0) & np.isnat(origination) & ~open_ended
    over = book.whole("amortization_months")
    amortising = ~open_ended & ~book.is_word("repayment", "bullet", "") & ~book.is_word("repayment", "schedule", "")
    short = amortising & (over > 0) & (over < payment)
    owed = (book.instrument == CASH) & (book.numbers("balance", 0.0) > 0)
    begins = book.dates("start_date")
    today = f"expected a date on or before the as-of date {now}: `balance` is what is outstanding on it"
    hint = "Correct the date, leave out what is not paid out yet, or give it as `undrawn` with a balance of 0"
    return [
        *book.faults(owed & (origination > now), "origination_date", today, hint),
        *book.faults(owed & (begins > now), "start_date", today, hint),
        *book.faults(missing, "maturity_date", "a date is required for this repayment"),
        *book.faults(
            past, "maturity_date", f"expected a date after the as-of date {now}", "It has matured: leave it out"
        ),
        *book.faults(
            unknown, "origination_date", "a date is required where all interest is paid at maturity (payment_months 0)"
        ),
        *book.faults(
            short, "amortization_months", "expected at least payment_months", "Leave it empty to amortise to maturity"
        ),
    ]


def _calendar_keys(schedule: _Schedule, reset: IntArray) -> tuple[CalendarKeys, IntArray]:
    """Distinct calendars and each row's.

    ACT counts add up wherever a period begins, and so do 30/360 counts on payment days before 28: their intervals
    stand alone (step 1). Elsewhere the period is part of the key.
    """
    day, count, payment, events = schedule.day, schedule.count, schedule.payment, schedule.events
    origination, maturity, once = schedule.origination, schedule.maturity, schedule.once
    span = np.zeros(len(day), dtype=np.int64)
    span[once] = regular_span(origination[once], maturity[once])
    irregular = thirty(count) & once & ((day >= MOVING_DAY) | (span == 0))
    period = thirty(count) & (day >= MOVING_DAY) & ~once & (payment > 1)
    step = np.where(period, payment, 1)
    phase = np.where(period, events % schedule.step, 0)
    zero = np.datetime64(0, "D")
    columns = {
        "day": day,
        "count": count,
        "step": step,
        "phase": phase,
        "start": np.where(irregular, (origination - zero).astype(np.int64), 0),
        "end": np.where(irregular, (maturity - zero).astype(np.int64), 0),
        "reset": reset,
    }
    place, calendar = unique_keys(columns)
    length = np.zeros(len(place), dtype=np.int64)
    np.maximum.at(length, calendar, events)
    own = irregular[place]
    return CalendarKeys(
        day=day[place],
        count=count[place],
        step=step[place],
        phase=phase[place],
        start=np.where(own, origination[place], NOT_A_DATE),
        end=np.where(own, maturity[place], NOT_A_DATE),
        span=span[place],
        reset=reset[place],
        length=np.maximum(length, layout.NII_MONTHS + 1),
    ), calendar


def _carried(schedule: _Schedule) -> FloatArray:
    """Accrual from the running period's start to the event before as-of: the first flow is a full coupon."""
    result = np.zeros(len(schedule.day))
    rows = np.flatnonzero(~schedule.open_ended & (schedule.once | (schedule.payment > 1)))
    if not len(rows):
        return result
    last, step, once, events = schedule.maturity[rows], schedule.step[rows], schedule.once[rows], schedule.events[rows]
    ahead = (events - 1) // step * step
    close = np.where(once, last, roll_months(last, -ahead))
    begin = np.where(once, schedule.origination[rows], roll_months(last, -ahead - step))
    before = roll_months(last, -events)
    span = np.where(once, regular_span(begin, close), step)
    part = accrued(begin, close, np.maximum(before, begin), span, schedule.count[rows])
    result[rows] = np.where(before > begin, part, 0.0)
    return result


def _level(book: Book, schedule: _Schedule) -> IntArray:
    """Payments that the level payment runs over where `amortization_months` says so, else 0."""
    months = book.whole("amortization_months")
    return np.asarray(np.where((months > 0) & (schedule.payment > 0), months // schedule.step, 0), dtype=np.int64)


def _amortises_from(book: Book, schedule: _Schedule, late: BoolArray) -> IntArray:
    """First amortising payment as an event number; one past the last where interest-only lasts to maturity."""
    begin = book.dates("amortization_start_date")
    result = np.ones(len(book), dtype=np.int64)
    rows = np.flatnonzero(late)
    if not len(rows):
        return result
    now, step, events = schedule.now, schedule.step[rows], schedule.events[rows]
    given = begin[rows]
    before = _grid_events(now, schedule.day[rows], np.where(given > now, given - 1, NOT_A_DATE))
    first = before + 1 + step + (events - before - 1) % step
    result[rows] = np.where(np.isnat(given), events + 1, np.where(given <= now, 1, first))
    return result


def _reset_series(
    book: Book, schedule: _Schedule, rate_type: IntArray, begins: DateArray
) -> tuple[IntArray, ResetSeries, Fixings, IntArray, IntArray, Fixation]:
    """Reset series of floating rows (-1 elsewhere), their kinds of fixing, and until when each row's rate is fixed."""
    now, day = schedule.now, schedule.day
    maturity = np.where(schedule.open_ended, roll_months(now, layout.OPEN_END_MONTHS), schedule.maturity)
    rows = np.flatnonzero(rate_type == layout.FLOATING)
    reset = np.full(len(book), -1, dtype=np.int64)
    fixing = np.full(len(book), -1, dtype=np.int64)
    months = np.where(book.whole("reset_months") > 0, book.whole("reset_months"), schedule.step)
    fixed = Fixation(maturity, np.zeros(len(book), dtype=np.int64), day, maturity)
    empty = Fixings((), (), *(np.zeros(0, dtype=np.int64) for _ in range(4)))
    none = ResetSeries(np.zeros(0, dtype="datetime64[D]"), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    if not len(rows):
        return reset, none, empty, fixing, months, fixed
    given = book.dates("next_reset_date")[rows]
    last, step = maturity[rows], schedule.step[rows]
    first_payment = roll_months(last, -(payments_left(now, last, step) - 1) * step)
    default = np.where(begins[rows] > now, begins[rows], first_payment)
    given = np.where(np.isnat(given), default, given)
    given, reset_day = next_resets(now, given, last, months[rows], day[rows])
    until, every, turn = maturity.copy(), fixed.months.copy(), day.copy()
    until[rows], every[rows], turn[rows] = given, months[rows], reset_day
    fixed = Fixation(until, every, turn, maturity)
    currency, index = book.words("currency"), book.words("index")
    kind_columns = {
        "currency": np.asarray(currency.codes[rows], dtype=np.int64),
        "index": np.asarray(index.codes[rows], dtype=np.int64),
        "months": months[rows],
        "count": schedule.count[rows],
    }
    kind_place, kind = unique_keys(kind_columns)
    fixing[rows] = kind
    place, series = unique_keys(
        {"kind": kind, "day": reset_day, "next": (given - np.datetime64(0, "D")).astype(np.int64)}
    )
    reset[rows] = series
    kinds = Fixings(
        tuple(str(currency.categories[code]) for code in kind_columns["currency"][kind_place]),
        tuple(str(index.categories[code]) for code in kind_columns["index"][kind_place]),
        months[rows][kind_place],
        schedule.count[rows][kind_place],
        kind[place],
        np.zeros(0, dtype=np.int64),
    )
    return reset, ResetSeries(given[place], months[rows][place], reset_day[place]), kinds, fixing, months, fixed


def _number_fixings(calendars: CalendarSet, keys: CalendarKeys, kinds: Fixings) -> Fixings:
    """Number the fixings of all calendars: their `reset`, a day as laid out, becomes a column of forward rates."""
    columns = [calendars.records[name] for name in ("reset", "opening_reset")]
    if not len(kinds.group):
        return kinds
    of_calendar = np.where(keys.reset >= 0, kinds.group[keys.reset], 0)
    # Few intervals hold a reset: only those are looked at again.
    entries = [np.flatnonzero(column >= 0) for column in columns]
    found = [
        (of_calendar[calendars.holding(held)], column[held]) for column, held in zip(columns, entries, strict=True)
    ]
    table = np.zeros((int(kinds.group.max()) + 1, int(columns[0].max()) + 1), dtype=np.int32)
    for place in found:
        table[place] = 1
    group, day = np.nonzero(table)
    table[group, day] = np.arange(len(group))
    for column, held, place in zip(columns, entries, found, strict=True):
        column[held] = table[place]
    return Fixings(kinds.currency, kinds.index, kinds.months, kinds.count, group, day)
