"""The life of a loan book, month by month for all loans at once: mortgage_history/1 and the truth of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.quantities import MONTHS_PER_YEAR, BoolArray, FloatArray, IntArray
from behavior.simulator.laws import OCCUPANCIES, PRODUCTS, PURPOSES, LoanLaw, LoanState
from behavior.simulator.rates import REGIONS, RatePaths, as_timestamps, one_year_rate
from behavior.simulator.rows import RowBook, labels, unit_names
from behavior.simulator.settings import SimulatorSettings

STATUSES = ("open", "prepaid", "matured", "default", "transferred")
OPEN, PREPAID, MATURED, DEFAULT, TRANSFERRED = range(5)
TERMS = np.array([360, 180, 360])
FIXATIONS = np.array([0, 0, 60])
ARM_MARGIN = 0.0225
TRANSFER_SHARE = 0.0006
OVERSAMPLE = 1.22


@dataclass(frozen=True)
class LoanBook:
    """All loans ever made, one array entry a loan; nothing here changes over time.

    Parameters
    ----------
    origin : position of the origination month on the rate path. origin_day : day of that month, 1 to 28.
    entry : position of the first month held in the history. rate : note rate, decimal a year.
    """

    product: IntArray
    purpose: IntArray
    occupancy: IntArray
    region: IntArray
    origin: IntArray
    origin_day: IntArray
    entry: IntArray
    term: IntArray
    rate: FloatArray
    original_balance: FloatArray
    credit_score: FloatArray
    ltv: FloatArray
    latent: FloatArray
    online: BoolArray

    def state(
        self, loans: IntArray, month: int, incentive: FloatArray, in_the_money: IntArray, paths: RatePaths
    ) -> LoanState:
        """The law's inputs of `loans` at the start of the month at position `month`."""
        return LoanState(
            product=self.product[loans],
            purpose=self.purpose[loans],
            occupancy=self.occupancy[loans],
            region=self.region[loans],
            age_months=month - self.origin[loans],
            month_of_year=np.full(loans.size, paths.month_of_year[month]),
            incentive=incentive,
            months_in_the_money=in_the_money,
            credit_score=self.credit_score[loans],
            ltv=self.ltv[loans],
            original_balance=self.original_balance[loans],
            unemployment=np.full(loans.size, paths.unemployment[month - 1]),
            latent=self.latent[loans],
        )


@dataclass(frozen=True)
class LoanLife:
    """What happened: the tables, the truth of every row, and the state of the loans open at as-of.

    Parameters
    ----------
    truth : one row a row of `loan_months`, in its order: the law's inputs and true hazards of that month.
    open_loans : positions in `book` of the loans open at as-of, with their balance, rate in force and the months in
        the money up to and including the last month.
    """

    book: LoanBook
    loans: pd.DataFrame
    loan_months: pd.DataFrame
    truth: pd.DataFrame
    open_loans: IntArray
    balance: FloatArray
    rate: FloatArray
    in_the_money: IntArray


def simulate_loans(settings: SimulatorSettings, paths: RatePaths, law: LoanLaw, rng: np.random.Generator) -> LoanLife:
    """Originate, age, refix, curtail and end loans over the rate path; rows are kept from each loan's entry on."""
    book = _originate(settings, paths, law, rng)
    rows = RowBook()
    resets = one_year_rate(paths)
    balance, rate = book.original_balance.copy(), book.rate.copy()
    in_the_money = np.zeros(balance.size, dtype=np.int64)
    alive = np.zeros(0, dtype=np.int64)
    by_origin = np.argsort(book.origin, kind="stable")
    starts = np.searchsorted(book.origin[by_origin], np.arange(paths.months + 1))
    for month in range(int(book.origin.min()) + 1, paths.months):
        alive = np.concatenate([alive, by_origin[starts[month - 1] : starts[month]]])
        refix(book, alive, month, resets, rate)
        incentive = rate[alive] - paths.mortgage[month - 1 - law.lag_months]
        state = book.state(alive, month, incentive, in_the_money[alive], paths)
        payoff, default = law.payoff(state), law.default(state)
        chance, share = law.curtailment(state)
        opening = balance[alive]
        scheduled = _scheduled(opening, rate[alive], book.term[alive] - state.age_months + 1)
        draws = rng.random((4, alive.size))
        curtailed = np.where(draws[1] < chance, 2.0 * share * draws[2], 0.0) * (opening - scheduled)
        status = _statuses(book.term[alive] - state.age_months, payoff, default, draws[0], draws[3])
        gone = status != OPEN
        curtailed[gone] = 0.0
        closing = np.where(gone, 0.0, np.round(opening - scheduled - curtailed, 2))
        kept = book.entry[alive] <= month
        rows.add(
            kept,
            unit=alive,
            month=np.full(alive.size, month),
            balance=closing,
            rate=rate[alive],
            status=status,
            curtailment=np.round(curtailed, 2),
            incentive=incentive,
            months_in_the_money=state.months_in_the_money,
            opening_balance=opening,
            payoff_hazard=payoff,
            default_hazard=default,
            curtailment_hazard=chance * share,
        )
        balance[alive] = closing
        in_the_money[alive] += incentive > law.in_the_money_above
        alive = alive[~gone]
    return _tables(settings, paths, book, rows, alive, balance, rate, in_the_money)


def _originate(settings: SimulatorSettings, paths: RatePaths, law: LoanLaw, rng: np.random.Generator) -> LoanBook:
    count = int(settings.loans * OVERSAMPLE) + 40
    first = law.lag_months + 2
    months = np.arange(first, paths.months - 1)
    # More is lent when rates are low, and the bank has grown; early loans are mostly gone by the first month held.
    weight = np.exp(-25.0 * (paths.mortgage[months] - paths.mortgage[months].mean())) * np.where(
        months < paths.first, 0.55, 1.0
    )
    origin = rng.choice(months, size=count, p=weight / weight.sum())
    product = rng.choice(3, size=count, p=[0.52, 0.22, 0.26])
    credit_score = np.clip(np.round(740 + 48 * rng.standard_normal(count)), 560, 850)
    ltv = np.asarray(np.round(np.clip(0.74 + 0.14 * rng.standard_normal(count), 0.2, 0.97), 3), dtype=np.float64)
    slope = np.array([0.0, -0.0055, -0.0070])[product]
    note = paths.mortgage[origin] + slope - 0.00004 * (credit_score - 740) + 0.0025 * rng.standard_normal(count)
    bought = rng.random(count) < settings.acquired_share
    held = np.where(bought, origin + rng.integers(6, 61, count), origin + 1)
    size = 170_000 * np.exp(0.5 * rng.standard_normal(count)) * np.array([1.0, 0.75, 1.2])[product]
    return LoanBook(
        product=product,
        purpose=rng.choice(3, size=count, p=[0.55, 0.30, 0.15]),
        occupancy=rng.choice(3, size=count, p=[0.84, 0.06, 0.10]),
        region=rng.choice(len(REGIONS), size=count, p=[0.3, 0.3, 0.2, 0.2]),
        origin=origin,
        origin_day=rng.integers(1, 29, count),
        entry=np.maximum(held, paths.first),
        term=TERMS[product],
        rate=np.maximum(np.round(note * 800) / 800, 0.01),
        original_balance=np.round(np.clip(size, 30_000, 1_500_000), -3),
        credit_score=credit_score,
        ltv=ltv,
        latent=rng.random(count),
        online=rng.random(count) < 0.4,
    )


def refix(book: LoanBook, alive: IntArray, month: int, resets: FloatArray, rate: FloatArray) -> None:
    """Adjustable loans: after the fixation, each year the one-year rate of the month before plus the margin."""
    since = month - 1 - book.origin[alive] - FIXATIONS[book.product[alive]]
    due = alive[(FIXATIONS[book.product[alive]] > 0) & (since >= 0) & (since % MONTHS_PER_YEAR == 0)]
    rate[due] = np.round(resets[month - 1] + ARM_MARGIN, 6)


def _scheduled(opening: FloatArray, rate: FloatArray, payments: IntArray) -> FloatArray:
    """Principal in the next of `payments` level payments, currency units, shape (loans,)."""
    monthly = rate / MONTHS_PER_YEAR
    return np.asarray(opening * monthly / np.expm1(payments * np.log1p(monthly)))


def _statuses(
    left: IntArray, payoff: FloatArray, default: FloatArray, cause: FloatArray, transfer: FloatArray
) -> IntArray:
    """Transfer at the month's start, else maturity, else one draw shared out between payoff and default."""
    status = np.full(left.size, OPEN)
    status[cause < payoff + default] = DEFAULT
    status[cause < payoff] = PREPAID
    status[left == 0] = MATURED
    status[transfer < TRANSFER_SHARE] = TRANSFERRED
    return status


def _tables(
    settings: SimulatorSettings,
    paths: RatePaths,
    book: LoanBook,
    rows: RowBook,
    alive: IntArray,
    balance: FloatArray,
    rate: FloatArray,
    in_the_money: IntArray,
) -> LoanLife:
    columns = rows.sorted_by_unit()
    unit, month = columns["unit"], columns["month"]
    names = unit_names("L", book.origin.size)
    dates = as_timestamps(paths.month_ends)
    age = month - book.origin[unit]
    loan_months = pd.DataFrame(
        {
            "loan_id": names.take(unit),
            "month": dates.take(month),
            "balance": columns["balance"],
            "rate": columns["rate"],
            "age_months": age,
            "status": labels(STATUSES, columns["status"]),
            "curtailment": columns["curtailment"],
            "house_price_index": np.round(paths.house_prices[month, book.region[unit]], 5),
            "unemployment_rate": np.round(paths.unemployment[month], 5),
        }
    )
    truth = pd.DataFrame(
        {
            "loan_id": loan_months["loan_id"],
            "month": loan_months["month"],
            "product": labels(PRODUCTS, book.product[unit]),
            "age_months": age,
            **{
                name: columns[name]
                for name in (
                    "incentive",
                    "months_in_the_money",
                    "opening_balance",
                    "payoff_hazard",
                    "default_hazard",
                    "curtailment_hazard",
                )
            },
        }
    )
    seen = np.unique(unit)
    loans = loan_table(settings, paths, book, seen, names)
    held = alive[book.entry[alive] < paths.months]
    return LoanLife(book, loans, loan_months, truth, held, balance[held], rate[held], in_the_money[held])


def loan_table(
    settings: SimulatorSettings, paths: RatePaths, book: LoanBook, which: IntArray, names: pd.Index
) -> pd.DataFrame:
    """The `loans` table of some loans, in the contract's columns."""
    return pd.DataFrame(
        {
            "loan_id": names.take(which),
            "origination_date": origination_dates(paths, book, which),
            "original_balance": book.original_balance[which],
            "original_term_months": book.term[which],
            "original_rate": book.rate[which],
            "rate_type": labels(("fixed", "arm"), (FIXATIONS[book.product[which]] > 0).astype(np.int64)),
            "fixation_months": FIXATIONS[book.product[which]],
            "currency": settings.currency,
            "purpose": labels(PURPOSES, book.purpose[which]),
            "occupancy": labels(OCCUPANCIES, book.occupancy[which]),
            "property_type": "single_family",
            "credit_score": book.credit_score[which],
            "ltv": book.ltv[which],
            "region": labels(REGIONS, book.region[which]),
            "channel": labels(("branch", "online"), book.online[which].astype(np.int64)),
            "product": labels(PRODUCTS, book.product[which]),
        }
    )


def origination_dates(paths: RatePaths, book: LoanBook, which: IntArray) -> pd.DatetimeIndex:
    """Origination dates of some loans."""
    first = paths.month_ends[book.origin[which]].astype("datetime64[M]").astype("datetime64[D]")
    return as_timestamps(first + (book.origin_day[which] - 1).astype("timedelta64[D]"))
