"""Contracts of balance sheets that move: ``plan/1`` (new business) and ``mix_shift/1`` (moves between products)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.columns import MONEY_UNIT, RATE_UNIT, Column, optional_column, rows_where
from behavior.contracts import ContractGroup, TableContract
from behavior.engine.contracts import CASH_SIDES
from behavior.months import DAY_COUNTS
from behavior.quantities import BoolArray

PRICES = ("rate", "margin", "index")
SHARE = "share (0.02 is 2%)"


def _given(table: pd.DataFrame, name: str) -> BoolArray:
    cells = table[name].notna() if name in table else pd.Series(False, index=table.index)
    return cells.to_numpy(dtype=bool)


def one_amount(table: pd.DataFrame) -> Sequence[Breach]:
    """A row has a `volume` or a `growth`, not both."""
    volume, growth = _given(table, "volume"), _given(table, "growth")
    found = []
    if (volume & growth).any():
        rule = "a row has a `volume` or a `growth`, not both"
        found.append(Breach(rule, rows_where(volume & growth), "growth", "Leave one of them empty"))
    none = ~volume & ~growth
    if none.any():
        count = int(none.sum())
        rule = "a `volume` or a `growth` is required"
        found.append(Breach(rule, rows_where(none), "volume", "Write 0 for a month without", [""] * count))
    return found


def growth_stands_alone(table: pd.DataFrame) -> Sequence[Breach]:
    """A `growth` is the only row of its scenario, product, currency, side and month: it says the whole balance."""
    keys = [name for name in ("scenario", "product", "currency", "side", "month") if name in table]
    if not {"product", "month"}.issubset(table.columns):
        return []
    shared = table.duplicated(keys, keep=False).to_numpy() & _given(table, "growth")
    if not shared.any():
        return []
    rule = "a `growth` is the only row of its product and month"
    return [Breach(rule, rows_where(shared), "growth", "Plan volumes by term instead, or keep one row")]


def one_price(table: pd.DataFrame) -> Sequence[Breach]:
    """A row has at most one of `rate`, `margin` and `index`."""
    several = np.sum([_given(table, name) for name in PRICES], axis=0) > 1
    if not several.any():
        return []
    rule = "at most one of `rate`, `margin` and `index` prices a row"
    first = next(name for name in PRICES if name in table)
    return [Breach(rule, rows_where(several), first, "Leave the others empty")]


def index_resets(table: pd.DataFrame) -> Sequence[Breach]:
    """`reset_months` is filled where `index` is."""
    missing = _given(table, "index") & ~_given(table, "reset_months")
    if not missing.any():
        return []
    count = int(missing.sum())
    return [Breach("required where `index` is given", rows_where(missing), "reset_months", "Fill it in", [""] * count)]


def margin_has_term(table: pd.DataFrame) -> Sequence[Breach]:
    """`term_months` is filled where a `rate` or a `margin` is."""
    missing = (_given(table, "margin") | _given(table, "rate")) & ~_given(table, "term_months")
    if not missing.any():
        return []
    count = int(missing.sum())
    rule = "required where `rate` or `margin` is given"
    return [Breach(rule, rows_where(missing), "term_months", "Fill it in", [""] * count)]


def two_products(table: pd.DataFrame) -> Sequence[Breach]:
    """`from_product` and `to_product` differ."""
    if not {"from_product", "to_product"}.issubset(table.columns):
        return []
    same = (table["from_product"] == table["to_product"]).to_numpy()
    rule, hint = "expected another product than `from_product`", "Leave the row out: what stays needs none"
    return [Breach(rule, rows_where(same), "to_product", hint)] if same.any() else []


def no_more_than_all(table: pd.DataFrame) -> Sequence[Breach]:
    """The shares that leave one product of a currency add up to 1 at most, in every scenario."""
    if not {"from_product", "currency", "share"}.issubset(table.columns):
        return []
    named = table["scenario"] if "scenario" in table else pd.Series(pd.NA, index=table.index, dtype="str")
    over = pd.Series(False, index=table.index)
    for name in [None, *named.dropna().unique()]:
        acting = named.isna() if name is None else named.isna() | (named == name)
        part = table[acting]
        total = part.groupby(["from_product", "currency"])["share"].transform("sum")
        over |= (total > 1.0 + 1e-12).reindex(table.index, fill_value=False)
    if not over.any():
        return []
    rule = "the shares that leave this product add up to more than 1"
    return [Breach(rule, rows_where(over.to_numpy()), "share", "Lower them to 1 together")]


PRICING = (
    optional_column(
        "payment_months", "integer", "Months between payments; empty or 0 = at the end of the term.", "months", 0
    ),
    optional_column("day_count", "text", "Day count; empty = `30/360`.", allowed=tuple(DAY_COUNTS)),
    optional_column("rate", "number", "Customer rate, the same in every scenario.", RATE_UNIT),
    optional_column("margin", "number", "Over the scenario's zero rate for `term_months` on the day.", RATE_UNIT),
    optional_column("index", "text", "Index of a floating rate."),
    optional_column("spread", "number", "Over the index; empty = 0.", RATE_UNIT),
    optional_column("reset_months", "integer", "Months between resets.", "months", 1),
)
SCENARIO = optional_column("scenario", "text", "Scenario that the row is for; empty = every one.")

PLAN_TABLE = TableContract(
    "plan",
    1,
    "plan",
    "Growth and new business of the balance sheet `dynamic`, with its pricing.",
    (
        SCENARIO,
        Column("product", "text", "Product; one that the book lacks needs a price of its own."),
        Column("currency", "text", "ISO currency."),
        Column("side", "text", "Side of the balance sheet.", allowed=CASH_SIDES),
        Column("month", "date", "Any day of the month after as-of at whose end the business is taken up."),
        optional_column("volume", "number", "Amount taken up.", MONEY_UNIT, 0.0),
        Column("growth", "number", "Growth of the product's balance over the month.", SHARE, False, True, minimum=-1.0),
        Column("term_months", "integer", "Months until the new business is repaid.", "months", minimum=1),
        *PRICING,
    ),
    key=("scenario", "product", "currency", "side", "month", "term_months"),
    rules=(one_amount, growth_stands_alone, one_price, index_resets),
)
MIX_SHIFT_TABLE = TableContract(
    "mix_shift",
    1,
    "mix_shift",
    "Balances that move between products on the balance sheet `constant`, whose constancy would hide migration.",
    (
        SCENARIO,
        Column("currency", "text", "ISO currency."),
        Column("from_product", "text", "Product that the balance leaves."),
        Column("to_product", "text", "Product that it moves into; one that the book lacks needs a price of its own."),
        Column("month", "date", "Any day of the month after as-of at whose end the balance moves."),
        Column("share", "number", "Share of the product's as-of balance.", SHARE, minimum=0.0, maximum=1.0),
        optional_column("term_months", "integer", "Months for which a rate is set.", "months", 1),
        *PRICING,
    ),
    key=("scenario", "currency", "from_product", "to_product", "month", "term_months"),
    rules=(one_price, index_resets, margin_has_term, two_products, no_more_than_all),
)

WHEN = (
    "Month k after as-of is (as-of + k - 1 months, as-of + k months]. A row acts at the end of the month that holds "
    "its `month`: on the day as-of + k months, k = 1 to 60 (month ends where as-of is one). It earns from that day on."
)
SCENARIO_ROWS = (
    "Rows that name a scenario take the place, in that scenario, of the rows without one for the same {}; a scenario "
    "that no row names has the rows without one."
)
EARNING = (
    "What has no price (`rate`, `margin`, `index` all empty) earns, in each month and scenario, what a unit of the "
    "product's as-of balance earns in that month on the constant balance sheet before any mix shift: the product's "
    "interest there over its balance of cash positions on as-of. So new deposits whose rate the bank sets follow their "
    "product's own pass-through when they are planned without a price; a renewed or priced one follows the market in "
    "full, as its `margin` or `index` says."
)
ACCRUAL = (
    "Interest accrues on `day_count` in periods of `payment_months` counted from the day it begins (one period of the "
    "term where that is empty or 0; of `reset_months` without a term): ACT counts by days; a period under 30/360 "
    "accrues months / 12, spread in proportion to the count. A zero rate plus margin is used as the customer rate "
    "without conversion, as renewals use it."
)
FLOATING_WORDS = (
    "`index`: the simple forward of the index over `reset_months` on the row's day count plus `spread`, on the day it "
    "begins and every `reset_months` after."
)
PLAN = ContractGroup(
    "plan",
    1,
    (PLAN_TABLE,),
    notes=(
        "The dynamic balance sheet is the run-off balance sheet (positions with their behaviour, derivatives included) "
        "and the new business of this table beside it.",
        WHEN,
        "New business keeps its balance for `term_months` and is then repaid: it does not amortise, no behaviour acts "
        "on it and nothing renews it. What is to be renewed is planned, most simply by `growth`.",
        "`growth` g at the end of month k takes up max(0, (1 + g) B - A), scenario by scenario: B is the product's "
        "whole balance at the end of month k - 1 (the closing balance of its cash positions in run-off, on as-of their "
        "balance, plus new business), A is what is left of that at the end of month k (run-off closing balance, plus "
        "earlier new business whose term ends later). g = 0 keeps the balance.",
        "`rate` is the same in every scenario; `margin` is over the scenario's zero rate, from the day it begins for "
        "`term_months`, as seen on that day. " + FLOATING_WORDS,
        EARNING,
        ACCRUAL,
        SCENARIO_ROWS.format("product, currency, side and month"),
    ),
)
MIX_SHIFT = ContractGroup(
    "mix_shift",
    1,
    (MIX_SHIFT_TABLE,),
    notes=(
        WHEN,
        "The amount is `share` x the as-of balance of the cash positions of `from_product` in the currency, in every "
        "scenario; both products are on one side. From that day on the interest of `from_product` on the constant "
        "balance sheet is multiplied by 1 - the shares that have left it; money that moved in does not move on.",
        "The amount earns as `to_product` to the end of the horizon. `rate` is the same in every scenario; `margin` is "
        "over the scenario's zero rate for `term_months`, set on the day it moves and anew every `term_months` after. "
        + FLOATING_WORDS,
        EARNING,
        ACCRUAL,
        SCENARIO_ROWS.format("currency, from_product and month"),
        "The NII outlier test stays on balances that do not move.",
    ),
)
SHEET_CONTRACTS = (PLAN, MIX_SHIFT)
