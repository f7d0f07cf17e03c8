"""Contracts of customer histories: what models learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.columns import (
    MONEY_UNIT,
    RATE_UNIT,
    Column,
    day_numbers,
    optional_column,
    rows_where,
    sorted_within,
    unit_codes,
)
from behavior.contracts import ContractGroup, Reference, TableContract, not_before
from behavior.months import month_number_or_nan

EXITS = ("prepaid", "matured", "default", "transferred")
STATUSES = ("open", *EXITS)
SET_ASIDE = "set the row aside with `where` in the profile"
MONTHS_APART = 3
"""That an age may be from the months since origination: some publishers count from the first payment."""


def nothing_after_exit(table: pd.DataFrame) -> Sequence[Breach]:
    """No row follows the month in which a loan left (`prepaid`, `matured`, `default`, `transferred`)."""
    if not {"loan_id", "month", "status"}.issubset(table.columns):
        return []
    codes = unit_codes(table, ("loan_id",))
    left = table["status"].isin(EXITS).to_numpy()
    order = sorted_within(codes, day_numbers(table["month"]))
    if not left.any():
        return []
    codes, exits = codes[order], np.cumsum(left[order])
    first = np.r_[0, np.flatnonzero(np.diff(codes)) + 1]
    before_unit = np.repeat(np.r_[0, exits[first[1:] - 1]], np.diff(np.r_[first, codes.size]))
    after = (exits - left[order] - before_unit) > 0
    if not after.any():
        return []
    hint = "Drop the rows after the exit, or set `drop_after_exit = true` in the profile"
    return [Breach("no month may follow the month of a loan's exit", np.sort(order[after]), "month", hint)]


def nothing_left_at_exit(table: pd.DataFrame) -> Sequence[Breach]:
    """The exit month carries balance 0."""
    if not {"balance", "status"}.issubset(table.columns):
        return []
    rest = (table["status"].isin(EXITS) & (table["balance"].fillna(0.0) != 0.0)).to_numpy()
    hint = "Set the balance of the exit month to 0, or `balance_zero_at_exit = true` in the profile"
    return [Breach("expected balance 0 in the month of exit", rows_where(rest), "balance", hint)] if rest.any() else []


def _row_dates(
    tables: Mapping[str, pd.DataFrame], rows: str, units: str, key: str, column: str
) -> tuple[pd.Series, pd.Series] | None:
    """Month of each row beside a date of its unit; None where a column is missing."""
    left, right = tables.get(rows), tables.get(units)
    if left is None or right is None or not {key, "month"}.issubset(left) or not {key, column}.issubset(right):
        return None
    dates = right.drop_duplicates(key).set_index(key)[column]
    codes = dates.index.get_indexer(pd.Index(left[key]))
    of_unit = pd.Series(dates.to_numpy()[codes], left.index).mask(codes < 0)
    return left["month"], of_unit


def loans_start_first(tables: Mapping[str, pd.DataFrame]) -> Mapping[str, Sequence[Breach]]:
    """No loan month lies before the month of origination."""
    found = _row_dates(tables, "loan_months", "loans", "loan_id", "origination_date")
    early = None if found is None else month_number_or_nan(found[0]) < month_number_or_nan(found[1])
    if early is None or not early.any():
        return {}
    rule = "dates out of order: a loan has no month before its `origination_date`"
    return {"loan_months": [Breach(rule, rows_where(early), "month", f"Correct the date, or {SET_ASIDE}")]}


def ages_count_from_origination(tables: Mapping[str, pd.DataFrame]) -> Mapping[str, Sequence[Breach]]:
    """A loan's age is the months since its origination, give or take what publishers count from another day."""
    found = _row_dates(tables, "loan_months", "loans", "loan_id", "origination_date")
    if found is None or "age_months" not in tables["loan_months"]:
        return {}
    age = pd.to_numeric(tables["loan_months"]["age_months"], errors="coerce").to_numpy(dtype=np.float64)
    since = month_number_or_nan(found[0]) - month_number_or_nan(found[1])
    # A month before origination has a fault of its own; what is empty is compared with nothing.
    apart = (np.abs(age - since) > MONTHS_APART) & (since >= 0)
    if not apart.any():
        return {}
    rule = f"expected months since `origination_date`, give or take {MONTHS_APART}"
    hint = (
        "Correct the date or the age, or derive the age in the profile: "
        '`age_months = { months_between = ["origination_date", "month"] }`'
    )
    return {"loan_months": [Breach(rule, rows_where(apart), "age_months", hint)]}


def accounts_frame_their_months(tables: Mapping[str, pd.DataFrame]) -> Mapping[str, Sequence[Breach]]:
    """No account month lies before the opening month or after the closing month."""
    breaches: list[Breach] = []
    opened = _row_dates(tables, "account_months", "accounts", "account_id", "open_date")
    if opened is not None:
        early = month_number_or_nan(opened[0]) < month_number_or_nan(opened[1])
        if early.any():
            rule = "dates out of order: an account has no month before its `open_date`"
            breaches.append(Breach(rule, rows_where(early), "month", f"Correct the date, or {SET_ASIDE}"))
    closed = _row_dates(tables, "account_months", "accounts", "account_id", "close_date")
    if closed is not None:
        late = month_number_or_nan(closed[0]) > month_number_or_nan(closed[1])
        if late.any():
            rule = "no month may follow the month of an account's `close_date`"
            hint = (
                "Drop the rows after the closing month; of an account that was opened again, leave `close_date` empty "
                "until it closes for good"
            )
            breaches.append(Breach(rule, rows_where(late), "month", hint))
    return {"account_months": breaches} if breaches else {}


LOANS = TableContract(
    "mortgage_history",
    1,
    "loans",
    "One row a loan.",
    (
        Column("loan_id", "text", "Name of the loan.", personal_data=True),
        Column("origination_date", "date", "Day or first day of the month of origination."),
        Column("original_balance", "number", "Balance at origination.", MONEY_UNIT, minimum=0.0),
        Column("original_term_months", "integer", "Term at origination.", "months", minimum=1),
        Column("original_rate", "number", "Customer rate at origination.", RATE_UNIT),
        optional_column("rate_type", "text", "Rate type.", allowed=("fixed", "arm")),
        optional_column("fixation_months", "integer", "Months of fixed rate; 0 = fixed for life.", "months", 0),
        optional_column("currency", "text", "ISO currency."),
        optional_column("purpose", "text", "Purchase, refinance and so on."),
        optional_column("occupancy", "text", "Owner, investor, second home."),
        optional_column("property_type", "text", "Type of the property."),
        optional_column("credit_score", "number", "Score at origination.", "points", 0),
        optional_column("ltv", "number", "Loan to value at origination.", "share (0.8 is 80%)", 0),
        optional_column("dti", "number", "Debt service to income at origination.", "share (0.4 is 40%)", 0),
        optional_column("region", "text", "Region of the property."),
        optional_column("channel", "text", "Channel of origination."),
    ),
    key=("loan_id",),
)

LOAN_MONTHS = TableContract(
    "mortgage_history",
    1,
    "loan_months",
    "One row a loan and month at risk: what happened during the month and where it ended. The first row is the month "
    "after origination or, for late entries, the first full month held. The exit month has balance 0 and is the last.",
    (
        Column("loan_id", "text", "Name of the loan, in `loans`.", personal_data=True),
        Column("month", "month", "Last day of the month."),
        Column(
            "balance", "number", "End of month, 0 when gone; empty = masked or missing.", MONEY_UNIT, True, True, 0.0
        ),
        Column("rate", "number", "Customer rate in force during the month.", RATE_UNIT),
        Column(
            "age_months",
            "integer",
            f"Completed months since origination, give or take {MONTHS_APART}; 1 in the first.",
            "months",
            minimum=0,
        ),
        Column("status", "text", "What the loan was at the month's end.", allowed=STATUSES),
        optional_column("curtailment", "number", "Unscheduled principal paid in the month.", MONEY_UNIT, 0),
        optional_column("house_price_index", "number", "House prices where the property is.", "index", 0),
        optional_column("unemployment_rate", "number", "Unemployment where the property is.", "share (0.05 is 5%)", 0),
    ),
    key=("loan_id", "month"),
    rules=(nothing_after_exit, nothing_left_at_exit),
    unit=("loan_id",),
    order="month",
)

ACCOUNTS = TableContract(
    "deposit_history",
    1,
    "accounts",
    "One row a deposit account.",
    (
        Column("account_id", "text", "Name of the account.", personal_data=True),
        Column("customer_id", "text", "Its customer.", required=False, nullable=True, personal_data=True),
        Column("product", "text", "Product at opening."),
        optional_column(
            "customer_type", "text", "retail_transactional, retail_non_transactional, wholesale and so on."
        ),
        Column("open_date", "date", "Day of opening."),
        Column("close_date", "date", "Day of closing; empty while open.", nullable=True),
        optional_column("successor_id", "text", "The account it migrated into."),
        optional_column("currency", "text", "ISO currency."),
        optional_column("region", "text", "Region of the customer."),
        optional_column("channel", "text", "Channel of opening."),
    ),
    key=("account_id",),
    rules=(not_before("close_date", "open_date"),),
)

ACCOUNT_MONTHS = TableContract(
    "deposit_history",
    1,
    "account_months",
    "One row an account and month, from the opening to the closing month. A negative balance is an overdraft.",
    (
        Column("account_id", "text", "Name of the account, in `accounts`.", personal_data=True),
        Column("month", "month", "Last day of the month."),
        Column("balance", "number", "End of month; empty = masked or missing.", MONEY_UNIT, nullable=True),
        optional_column("rate_paid", "number", "Customer rate in force during the month.", RATE_UNIT),
        optional_column(
            "interest_credited", "number", "Interest credited in the month, not part of `credits`.", MONEY_UNIT
        ),
        optional_column("credits", "number", "Paid in during the month.", MONEY_UNIT, 0),
        optional_column("debits", "number", "Paid out during the month.", MONEY_UNIT, 0),
        optional_column("overdraft_limit", "number", "Agreed overdraft.", MONEY_UNIT, 0),
        optional_column("product", "text", "Product, where it changes within an account."),
    ),
    key=("account_id", "month"),
    unit=("account_id",),
    order="month",
)

PRODUCT_RATES = TableContract(
    "product_rate_history",
    1,
    "product_rates",
    "Offered or average rate of a product, where single accounts are not known.",
    (
        Column("product", "text", "Product."),
        Column("month", "month", "Last day of the (last) month of the period."),
        Column("rate_paid", "number", "Customer rate.", RATE_UNIT),
        optional_column("period_months", "integer", "Length of the period; 1 when absent.", "months", 1),
        Column(
            "averaging", "text", "Rate at the period's end or its average.", "", False, True, allowed=("end", "average")
        ),
        optional_column("balance", "number", "Balance that the rate was paid on.", MONEY_UNIT, 0),
        optional_column("institution", "text", "Bank."),
        optional_column("region", "text", "Country or region."),
        optional_column("currency", "text", "ISO currency."),
    ),
    key=("institution", "region", "currency", "product", "month"),
    unit=("institution", "region", "currency", "product"),
    order="month",
)

EXPOSURES_TABLE = TableContract(
    "exposure_history",
    1,
    "exposures",
    "One row a unit and stretch of time at risk, for histories that say how long rather than month by month: a loan "
    "with the month it ended in, or a survey that asks once a year. Further columns are covariates, known when the "
    "stretch begins.",
    (
        Column("unit_id", "text", "Name of the loan or account.", personal_data=True),
        Column("customer_id", "text", "Its customer.", required=False, nullable=True, personal_data=True),
        Column("month", "month", "Last day of the stretch's last month."),
        Column("from_months", "integer", "Age when the stretch begins.", "months", minimum=0),
        Column("to_months", "integer", "Age when it ends.", "months", minimum=1),
        optional_column("period_months", "integer", "How closely its end is known; 1 when absent.", "months", 1),
        Column("status", "text", "How the stretch ended.", allowed=STATUSES),
        optional_column("weight", "number", "Weight of the unit in a survey.", "units", 0),
        optional_column("balance", "number", "Balance when the stretch begins.", MONEY_UNIT, 0),
    ),
    key=("unit_id", "month"),
    unit=("unit_id",),
    order="month",
)

CONTROL_TOTALS_TABLE = TableContract(
    "control_totals",
    1,
    "control_totals",
    "The ledger's figures, to which the history is tied out.",
    (
        Column("table", "text", "Table of the history, `loan_months`, `account_months` ..."),
        Column("month", "month", "Last day of the month."),
        Column("product", "text", "Product; empty = all.", nullable=True),
        Column("balance", "number", "Balance in the ledger.", MONEY_UNIT),
        Column("rows", "integer", "Rows with a balance in the ledger; empty = not known.", "rows", True, True, 0),
        optional_column("tolerance", "number", "Largest difference taken as reconciled; 0 when absent.", MONEY_UNIT, 0),
    ),
    key=("table", "month", "product"),
)

MORTGAGE_HISTORY = ContractGroup(
    "mortgage_history",
    1,
    (LOANS, LOAN_MONTHS),
    (Reference("loan_months", "loan_id", "loans", "loan_id"),),
    (loans_start_first, ages_count_from_origination),
)
DEPOSIT_HISTORY = ContractGroup(
    "deposit_history",
    1,
    (ACCOUNTS, ACCOUNT_MONTHS),
    (Reference("account_months", "account_id", "accounts", "account_id"),),
    (accounts_frame_their_months,),
)
PRODUCT_RATE_HISTORY = ContractGroup("product_rate_history", 1, (PRODUCT_RATES,))
EXPOSURE_HISTORY = ContractGroup("exposure_history", 1, (EXPOSURES_TABLE,))
CONTROL_TOTALS = ContractGroup("control_totals", 1, (CONTROL_TOTALS_TABLE,))
HISTORY_CONTRACTS = (MORTGAGE_HISTORY, DEPOSIT_HISTORY, PRODUCT_RATE_HISTORY, EXPOSURE_HISTORY, CONTROL_TOTALS)
