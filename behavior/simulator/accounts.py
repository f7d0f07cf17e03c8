"""The life of deposit accounts, month by month for all at once: deposit_history/1 and the truth of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.quantities import MONTHS_PER_YEAR, DateArray, FloatArray, IntArray
from behavior.simulator.account_book import Accounts, Held
from behavior.simulator.deposit_law import CHANNELS, DepositSegment
from behavior.simulator.laws import DepositLaw
from behavior.simulator.rates import REGIONS, RatePaths, as_timestamps
from behavior.simulator.rows import RowBook, labels, unit_names
from behavior.simulator.settings import SimulatorSettings

OVERSAMPLE = 1.30
NOISE_MEMORY = 0.7
RENEWAL_SHARE = 0.0008
OVERDRAFT_SHARE = 0.06
OVERDRAWN_MONTHS = 0.003
NOBODY = -1
STAYS, CLOSES, MOVES, RENEWS = range(4)


@dataclass(frozen=True)
class AccountLife:
    """What happened: the tables, the truth of every row, and the state of the accounts open at as-of.

    Parameters
    ----------
    truth : one row a row of `account_months`, in its order: the law's inputs and expectations of that month.
        `event` is -1 in the opening month, 0 stays, 1 closes, 2 moves to another product, 3 renewed as the same one;
        `decay` = 1 - (1 - closure)(1 - migration)(1 + growth), what leaves on average before credited interest.
    open_accounts : positions in `book` open at as-of, with `trend` (balance without its passing noise) and `noise`.
    """

    book: Accounts
    accounts: pd.DataFrame
    account_months: pd.DataFrame
    truth: pd.DataFrame
    open_accounts: IntArray
    balance: FloatArray
    trend: FloatArray
    noise: FloatArray


def simulate_accounts(
    settings: SimulatorSettings,
    paths: RatePaths,
    segments: Sequence[DepositSegment],
    law: DepositLaw,
    paid: FloatArray,
    rng: np.random.Generator,
) -> AccountLife:
    """Open, grow, credit interest, migrate and close accounts over the whole rate path.

    A balance is trend x exp(noise - variance / 2); the trend grows by the law's growth and by the interest credited,
    the noise is a stationary first-order autoregression that no expectation depends on.
    """
    book = _open_accounts(settings, paths, segments, rng)
    rows = RowBook()
    sigma = np.array([one.noise for one in segments])
    held = Held(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0))
    by_opening = np.argsort(book.opened, kind="stable")
    starts = np.searchsorted(book.opened[by_opening], np.arange(paths.months + 1))
    for month in range(1, paths.months):
        event, held = _live_a_month(book, held, month, paths, law, paid, sigma, rows, rng)
        book, moved = _move(book, held, month, event, segments, rng)
        gone = event != STAYS
        book.closed[held.accounts[gone]] = month
        new = by_opening[starts[month] : starts[month + 1]]
        opened = Held.starting(new, book.opening_balance[new], sigma[book.segment[new]] * rng.standard_normal(new.size))
        entering = Held.joined(moved, opened).with_balance(sigma[book.segment])
        _record_openings(rows, entering, month, paths, paid[month][book.segment[entering.accounts]])
        held = Held.joined(held.kept(~gone), entering)
    return _tables(settings, paths, segments, book, rows, held, rng)


def _live_a_month(
    book: Accounts,
    held: Held,
    month: int,
    paths: RatePaths,
    law: DepositLaw,
    paid: FloatArray,
    sigma: FloatArray,
    rows: RowBook,
    rng: np.random.Generator,
) -> tuple[IntArray, Held]:
    """One month of every open account: what happened to each, and trend, noise and balance at the month's end."""
    state = book.state(held.accounts, month, paths, paths.short[month - 1], paid[month - 1])
    closure, migration, growth = law.closure(state), law.migration(state), law.growth(state)
    draws = rng.random((3, held.accounts.size))
    event = np.where(draws[2] < RENEWAL_SHARE, RENEWS, STAYS)
    event = np.where(draws[1] < migration, MOVES, event)
    event = np.where(draws[0] < closure, CLOSES, event)
    gone = event != STAYS
    rate = paid[month][state.segment]
    interest = np.where(gone, 0.0, np.round(rate / MONTHS_PER_YEAR * np.maximum(held.balance, 0), 2))
    shocks = np.sqrt(1 - NOISE_MEMORY**2) * sigma[state.segment] * rng.standard_normal(held.accounts.size)
    trend = held.trend * (1.0 + growth + rate / MONTHS_PER_YEAR)
    after = Held.starting(held.accounts, trend, NOISE_MEMORY * held.noise + shocks).with_balance(sigma[book.segment])
    limit = book.overdraft_limit[held.accounts]
    overdrawn = (limit > 0) & (rng.random(held.accounts.size) < OVERDRAWN_MONTHS) & (month < paths.months - 1)
    shown = np.where(gone, 0.0, np.where(overdrawn, -np.round(limit * draws[2], 2), after.balance))
    rows.add(
        np.full(held.accounts.size, month >= paths.first),
        unit=held.accounts,
        month=np.full(held.accounts.size, month),
        balance=shown,
        opening_balance=held.balance,
        rate_paid=rate,
        interest=interest,
        spread=state.spread,
        level=state.level,
        closure=closure,
        migration=migration,
        growth=growth,
        opening_trend=held.trend,
        event=event,
    )
    return event, replace(after, balance=shown)


def _open_accounts(
    settings: SimulatorSettings, paths: RatePaths, segments: Sequence[DepositSegment], rng: np.random.Generator
) -> Accounts:
    count = int(settings.accounts * OVERSAMPLE) + 40
    months = np.arange(1, paths.months - 1)
    weight = np.where(months < paths.first, 0.6, 1.0)
    shares = np.array([one.share for one in segments])
    segment = rng.choice(len(segments), size=count, p=shares / shares.sum())
    opened = rng.choice(months, size=count, p=weight / weight.sum())
    kinds = sorted({one.customer_type for one in segments})
    kind = np.array([kinds.index(one.customer_type) for one in segments])[segment]
    # About 1.5 accounts a customer: customers are numbered inside their type and drawn with replacement.
    customer = kind * count + rng.integers(
        0, np.maximum((np.bincount(kind, minlength=len(kinds)) * 0.9).astype(int), 1)[kind]
    )
    spread = np.array([one.balance_spread for one in segments])[segment]
    size = spread * rng.standard_normal(count)
    median = np.array([one.median_balance for one in segments])[segment]
    limited = (np.array([one.product == "checking" for one in segments])[segment]) & (
        rng.random(count) < OVERDRAFT_SHARE
    )
    return Accounts(
        segment=segment,
        customer=customer,
        region=rng.choice(len(REGIONS), size=count, p=[0.3, 0.3, 0.2, 0.2]),
        channel=(rng.random(count) < 0.35).astype(np.int64),
        opened=opened,
        opened_day=rng.integers(1, 29, count),
        entered=opened.copy(),
        closed=np.full(count, NOBODY),
        successor=np.full(count, NOBODY),
        size=size,
        latent=rng.random(count),
        opening_balance=np.round(median * np.exp(size), 2),
        overdraft_limit=np.where(limited, np.round(0.1 * median, -2), 0.0),
    )


def _move(
    book: Accounts,
    held: Held,
    month: int,
    event: IntArray,
    segments: Sequence[DepositSegment],
    rng: np.random.Generator,
) -> tuple[Accounts, Held]:
    """Successors of migrated accounts: another product with a new open date, or the same one with the old date."""
    goes = np.flatnonzero((event == MOVES) | (event == RENEWS))
    if goes.size == 0:
        return book, Held.starting(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    old, same, trend = held.accounts[goes], event[goes] == RENEWS, held.trend[goes]
    target = destinations(segments)[book.segment[old]]
    new = book.count + np.arange(goes.size)
    book.successor[old] = new
    extended = book.extended(
        segment=np.where(same, book.segment[old], target),
        customer=book.customer[old],
        region=book.region[old],
        channel=book.channel[old],
        opened=np.where(same, book.opened[old], month),
        opened_day=np.where(same, book.opened_day[old], rng.integers(1, 29, goes.size)),
        entered=np.full(goes.size, month),
        closed=np.full(goes.size, NOBODY),
        successor=np.full(goes.size, NOBODY),
        size=book.size[old],
        latent=book.latent[old],
        opening_balance=trend,
        overdraft_limit=np.where(same, book.overdraft_limit[old], 0.0),
    )
    return extended, Held.starting(new, trend, np.where(same, held.noise[goes], 0.0))


def destinations(segments: Sequence[DepositSegment]) -> IntArray:
    """Segment into which each segment's accounts migrate: the named product, of the same customer type where the bank
    has it, else its first; its own position where it names none. Shape (segments,)."""
    found = []
    for position, one in enumerate(segments):
        of_product = [k for k, other in enumerate(segments) if other.product == one.migrates_to]
        same_type = [k for k in of_product if segments[k].customer_type == one.customer_type]
        found.append((same_type or of_product or [position])[0])
    return np.array(found)


def _record_openings(rows: RowBook, entering: Held, month: int, paths: RatePaths, rate: FloatArray) -> None:
    nothing, unknown = np.zeros(entering.accounts.size), np.full(entering.accounts.size, np.nan)
    rows.add(
        np.full(entering.accounts.size, month >= paths.first),
        unit=entering.accounts,
        month=np.full(entering.accounts.size, month),
        balance=entering.balance,
        opening_balance=nothing,
        rate_paid=rate,
        interest=nothing,
        spread=unknown,
        level=unknown,
        closure=nothing,
        migration=nothing,
        growth=nothing,
        opening_trend=nothing,
        event=np.full(entering.accounts.size, NOBODY),
    )


def _tables(
    settings: SimulatorSettings,
    paths: RatePaths,
    segments: Sequence[DepositSegment],
    book: Accounts,
    rows: RowBook,
    held: Held,
    rng: np.random.Generator,
) -> AccountLife:
    columns = rows.sorted_by_unit()
    unit, month = columns["unit"], columns["month"]
    names = unit_names("A", book.count)
    dates = as_timestamps(paths.month_ends)
    flow = np.round(columns["balance"] - columns["opening_balance"] - columns["interest"], 2)
    busy = np.round(0.3 * np.maximum(columns["opening_balance"], 0.0) * rng.random(unit.size), 2)
    busy[columns["event"] != 0] = 0.0
    masked = (rng.random(unit.size) < settings.masked_share) & (paths.month_of_year[month] % 3 != 0)
    masked &= columns["event"] == 0
    account_months = pd.DataFrame(
        {
            "account_id": names.take(unit),
            "month": dates.take(month),
            "balance": np.where(masked, np.nan, columns["balance"]),
            "rate_paid": np.round(columns["rate_paid"], 10),
            "interest_credited": columns["interest"],
            "credits": np.round(np.maximum(flow, 0.0) + busy, 2),
            "debits": np.round(np.maximum(-flow, 0.0) + busy, 2),
            "overdraft_limit": book.overdraft_limit[unit],
        }
    )
    hazards = {name: columns[name] for name in ("spread", "level", "closure", "migration", "growth", "event")}
    truth = pd.DataFrame(
        {
            "account_id": account_months["account_id"],
            "month": account_months["month"],
            "segment": columns_of(segments, book.segment[unit]),
            "age_months": month - book.opened[unit],
            "opening_balance": columns["opening_balance"],
            "opening_trend": columns["opening_trend"],
            **hazards,
            "decay": 1.0 - (1.0 - columns["closure"]) * (1.0 - columns["migration"]) * (1.0 + columns["growth"]),
        }
    )
    accounts = _account_table(settings, paths, segments, book, np.unique(unit), names)
    return AccountLife(book, accounts, account_months, truth, held.accounts, held.balance, held.trend, held.noise)


def columns_of(segments: Sequence[DepositSegment], codes: IntArray) -> pd.Index:
    """Segment names `product/customer_type` by position, shape (rows,)."""
    return labels([f"{one.product}/{one.customer_type}" for one in segments], codes)


def _account_table(
    settings: SimulatorSettings,
    paths: RatePaths,
    segments: Sequence[DepositSegment],
    book: Accounts,
    which: IntArray,
    names: pd.Index,
) -> pd.DataFrame:
    successor = pd.Series(names.take(np.maximum(book.successor[which], 0)), dtype="str")
    closed = _dates(paths, np.maximum(book.closed[which], 0), 28)
    return pd.DataFrame(
        {
            "account_id": names.take(which),
            "customer_id": labels(unit_names("C", int(book.customer.max()) + 1), book.customer[which]),
            "product": labels([one.product for one in segments], book.segment[which]),
            "customer_type": labels([one.customer_type for one in segments], book.segment[which]),
            "open_date": as_timestamps(_dates(paths, book.opened[which], book.opened_day[which])),
            "close_date": pd.Series(as_timestamps(closed)).where(book.closed[which] >= 0),
            "successor_id": successor.where(book.successor[which] >= 0),
            "currency": settings.currency,
            "region": labels(REGIONS, book.region[which]),
            "channel": labels(CHANNELS, book.channel[which]),
        }
    )


def _dates(paths: RatePaths, months: IntArray, day: IntArray | int) -> DateArray:
    first = paths.month_ends[months].astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(first + (np.asarray(day) - 1).astype("timedelta64[D]"))
