"""Contracts of positions: ``book/1`` and ``schedule/1``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.columns import FILL, MONEY_UNIT, RATE_UNIT, Column, optional_column, rows_where
from behavior.contracts import ContractGroup, Rule, TableContract, needed_when, not_before
from behavior.market.contracts import VOLATILITY_UNITS
from behavior.months import DAY_COUNTS

UNIT_HINT = "Divide basis points by 10,000, percent by 100"
CASH_SIDES = ("asset", "liability")
DERIVATIVE_SIDES = ("receive", "pay")
INSTRUMENTS = ("cash", "swap_leg", "cap", "floor", "swaption")
OPTIONS = INSTRUMENTS[2:]
RATE_TYPES = ("fixed", "floating", "administered")
REPAYMENTS = ("bullet", "annuity", "linear", "interest_only", "schedule", "none")
WITH_MATURITY = ("bullet", "annuity", "linear", "interest_only", "schedule")
ROUNDINGS = ("half_up", "half_even", "up", "none")


def sides_fit_instruments(table: pd.DataFrame) -> Sequence[Breach]:
    """Cash positions are `asset` or `liability`; derivatives are `receive` (bought) or `pay` (sold)."""
    if "side" not in table or not table["side"].isin([*CASH_SIDES, *DERIVATIVE_SIDES]).any():
        return []
    derivative = (
        table["instrument"].isin(INSTRUMENTS[1:]) if "instrument" in table else pd.Series(False, index=table.index)
    )
    wrong_cash = (~derivative & table["side"].isin(DERIVATIVE_SIDES)).to_numpy()
    wrong_derivative = (derivative & table["side"].isin(CASH_SIDES)).to_numpy()
    found = []
    if wrong_cash.any():
        rule = "expected `asset` or `liability` for instrument `cash`"
        found.append(Breach(rule, rows_where(wrong_cash), "side", "Name the derivative in `instrument`"))
    if wrong_derivative.any():
        rule = "expected `receive` or `pay` for a derivative"
        found.append(Breach(rule, rows_where(wrong_derivative), "side", "What is bought receives, what is sold pays"))
    return found


def cash_has_rate_terms(table: pd.DataFrame) -> Sequence[Breach]:
    """Everything but options needs `rate_type`, `rate`, `repayment` and `payment_months`."""
    option = table["instrument"].isin(OPTIONS) if "instrument" in table else pd.Series(False, index=table.index)
    found = []
    for name in ("rate_type", "rate", "repayment", "payment_months"):
        if name not in table:
            continue
        missing = (table[name].isna() & ~option).to_numpy()
        if missing.any():
            rule = "a value is required here for every instrument but options"
            found.append(Breach(rule, rows_where(missing), name, FILL, [""] * int(missing.sum())))
    return found


def cap_not_below_floor(table: pd.DataFrame) -> Sequence[Breach]:
    """`cap` is not below `floor`."""
    if not {"cap", "floor"}.issubset(table.columns):
        return []
    crossed = (table["cap"] < table["floor"]).to_numpy()
    if not crossed.any():
        return []
    return [Breach("must not be below `floor`", rows_where(crossed), "cap", "Correct the limits, or leave one empty")]


def payment_cap_has_annuity(table: pd.DataFrame) -> Sequence[Breach]:
    """`payment_cap` is given for level payments alone: `annuity`, or `interest_only` that turns into one."""
    if not {"payment_cap", "repayment"}.issubset(table.columns):
        return []
    level = table["repayment"].isin(["annuity"])
    if "amortization_start_date" in table:
        level |= table["repayment"].isin(["interest_only"]) & table["amortization_start_date"].notna()
    # An infinite cap bounds nothing, so nothing is lost where there is no level payment.
    wrong = (np.isfinite(table["payment_cap"]) & ~level).to_numpy()
    if not wrong.any():
        return []
    rule = "only a level payment can be capped: repayment `annuity`, or `interest_only` with `amortization_start_date`"
    return [Breach(rule, rows_where(wrong), "payment_cap", "Leave it empty, or correct `repayment`")]


def volatility_in_unit(table: pd.DataFrame) -> Sequence[Breach]:
    """`volatility` is a decimal a year: at most 5 whatever its kind; 0.1 where `vols/1` has no lognormal one."""
    if "volatility" not in table:
        return []
    high = (table["volatility"] > max(largest for largest, _, _ in VOLATILITY_UNITS.values())).to_numpy()
    if not high.any():
        return []
    units = " or ".join(f"{unit} where it is {kind}" for kind, (_, unit, _) in VOLATILITY_UNITS.items())
    return [Breach(f"expected {units}; this looks like another unit", rows_where(high), "volatility", UNIT_HINT)]


def of_swaptions(rule: Rule) -> Rule:
    """A rule over dates for swaptions alone: the expiry of a cap or floor means nothing."""

    def only(table: pd.DataFrame) -> Sequence[Breach]:
        if "instrument" not in table:
            return []
        mine = rows_where(table["instrument"].isin(["swaption"]).to_numpy())
        found = rule(table.iloc[mine]) if len(mine) else []
        return [replace(one, rows=mine[one.rows]) for one in found]

    only.__doc__ = f"Of a swaption, {rule.__doc__}"
    return only


BOOK_TABLE = TableContract(
    "book",
    1,
    "book",
    "One row a position or homogeneous pool. Further columns are kept; segment schemes may name them.",
    (
        Column("position_id", "text", "Name of the position.", personal_data=True),
        Column("product", "text", "Product."),
        Column("side", "text", "The side carries the sign.", allowed=(*CASH_SIDES, *DERIVATIVE_SIDES)),
        optional_column("trade_id", "text", "What the legs of one swap share."),
        optional_column("instrument", "text", "Instrument; empty = `cash`.", allowed=INSTRUMENTS),
        Column("currency", "text", "ISO currency."),
        Column("balance", "number", "Outstanding balance; notional for derivatives.", MONEY_UNIT, minimum=0.0),
        optional_column("undrawn", "number", "Committed and not drawn.", MONEY_UNIT, 0.0),
        Column("rate_type", "text", "Rate type.", nullable=True, allowed=RATE_TYPES),
        Column("rate", "number", "Current customer rate.", RATE_UNIT, nullable=True),
        optional_column("index", "text", "Index of a floating or adjustable position."),
        optional_column("spread", "number", "Spread over the index.", RATE_UNIT),
        optional_column("next_reset_date", "date", "Next reset."),
        optional_column("reset_months", "integer", "Months between resets.", "months", 0),
        optional_column("cap", "number", "Highest customer rate.", RATE_UNIT),
        optional_column("floor", "number", "Lowest customer rate.", RATE_UNIT),
        optional_column("periodic_cap", "number", "Largest change at a reset.", RATE_UNIT, 0.0),
        optional_column("payment_cap", "number", "Largest change of the payment.", "share (0.075 is 7.5%)", 0.0),
        optional_column("strike", "number", "Strike of an option.", RATE_UNIT),
        optional_column("start_date", "date", "Start of a forward-starting leg or of the underlying swap."),
        optional_column("expiry_date", "date", "Expiry of an option."),
        optional_column("option_type", "text", "Type of a swaption.", allowed=("payer", "receiver")),
        optional_column(
            "volatility",
            "number",
            "Volatility of this option, instead of `vols/1`; of the kind there, else normal (0.0085 is 85 bp).",
            "a year",
            0.0,
        ),
        Column("repayment", "text", "How principal is repaid.", nullable=True, allowed=REPAYMENTS),
        optional_column(
            "amortization_start_date", "date", "Where interest-only ends: begins the first amortising period."
        ),
        optional_column("amortization_months", "integer", "Longer than the term leaves a balloon.", "months", 1),
        Column(
            "origination_date",
            "date",
            "Day of origination; empty where unknown: age and term count from as-of.",
            nullable=True,
        ),
        Column("maturity_date", "date", "Contractual maturity; empty for repayment `none`.", nullable=True),
        Column(
            "payment_months",
            "integer",
            "Months between payments; 0 = all interest at maturity.",
            "months",
            True,
            True,
            0,
        ),
        optional_column("day_count", "text", "Day count; empty = `30/360`.", allowed=tuple(DAY_COUNTS)),
        optional_column("compounding_months", "integer", "Months between compoundings.", "months", 0),
        optional_column("rounding", "number", "0.01 for cent-exact schedules.", MONEY_UNIT, 0.0),
        optional_column(
            "payment_rounding", "text", "How instalments are rounded; empty = `half_up`.", allowed=ROUNDINGS
        ),
        optional_column("interest_rounding", "text", "How interest is rounded; empty = `half_up`.", allowed=ROUNDINGS),
        optional_column(
            "agreed_payment", "number", "Level payment until the next reset; empty = computed.", MONEY_UNIT, 0.0
        ),
        optional_column("behavioral", "flag", "false switches behaviour off."),
        optional_column("months_in_the_money", "integer", "Burnout so far; empty = 0 and counted.", "months", 0),
        optional_column("transfer_rate", "number", "Internal risk-free rate at inception.", RATE_UNIT),
        optional_column("servicing_cost", "number", "Yearly share of balance.", RATE_UNIT),
        optional_column("fee_income", "number", "Yearly share of balance.", RATE_UNIT),
        optional_column("accounting", "text", "Accounting class."),
        optional_column("hqla_class", "text", "Class of liquid assets."),
        optional_column("counterparty_class", "text", "Class of the counterparty."),
    ),
    key=("position_id",),
    compact=True,
    rules=(
        sides_fit_instruments,
        cash_has_rate_terms,
        not_before("maturity_date", "origination_date", strictly=True),
        not_before("maturity_date", "start_date", strictly=True),
        of_swaptions(not_before("maturity_date", "expiry_date", strictly=True)),
        of_swaptions(not_before("start_date", "expiry_date")),
        cap_not_below_floor,
        payment_cap_has_annuity,
        volatility_in_unit,
        needed_when("maturity_date", "repayment", WITH_MATURITY),
        needed_when("index", "rate_type", ("floating",)),
        needed_when("trade_id", "instrument", ("swap_leg",)),
        *(needed_when(name, "instrument", OPTIONS) for name in ("strike", "maturity_date", "index")),
        *(needed_when(name, "instrument", ("swaption",)) for name in ("expiry_date", "option_type")),
    ),
)
SCHEDULE_TABLE = TableContract(
    "schedule",
    1,
    "schedule",
    "Contractual principal of positions with repayment `schedule`.",
    (
        Column("position_id", "text", "Name of the position, in the book."),
        Column("date", "date", "Day of the payment."),
        Column("principal", "number", "Principal paid on the day.", MONEY_UNIT),
    ),
    key=("position_id", "date"),
)

BOOK = ContractGroup("book", 1, (BOOK_TABLE,))
SCHEDULE = ContractGroup("schedule", 1, (SCHEDULE_TABLE,))
POSITION_CONTRACTS = (BOOK, SCHEDULE)
