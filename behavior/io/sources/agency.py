"""Agency loan performance files: Freddie Mac's origination and servicing files, Fannie Mae's combined layout of 2020.

Sources: Freddie Mac, Single-Family Loan-Level Dataset General User Guide; Fannie Mae, Single-Family Loan Performance
Data, file layout and glossary. The publishers' terms forbid passing the files on; readers take the user's own copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.contracts import Place, faults_at
from behavior.errors import Fault
from behavior.io.sources.base import Batch, Layout, dates, field_names, known, months, numbers, text_batches, words
from behavior.io.sources.lives import FirstRows, Lives, LoanMarks, Seen, marks_of
from behavior.months import month_number_or_nan
from behavior.quantities import BoolArray, IntArray

# Zero-balance codes: what the contracts call each. Repurchases, note sales and removals say nothing about the
# borrower's choice and are censored.
PAID = "01"
DEFAULTS = ("02", "03", "09")
REMOVED = ("06", "15", "16", "96", "97", "98")
CODES = (PAID, *DEFAULTS, *REMOVED)
OCCUPANCY = {"P": "owner", "I": "investor", "S": "second_home"}
CHANNEL = {"R": "retail", "B": "broker", "C": "correspondent", "T": "third_party"}
PURPOSE = {"P": "purchase", "C": "cash_out_refinance", "N": "refinance", "R": "refinance", "U": "refinance"}
PROPERTY = {"SF": "single_family", "CO": "condominium", "PU": "planned_unit", "MH": "manufactured", "CP": "cooperative"}
RATE_TYPE = {"FRM": "fixed", "ARM": "arm"}


FREDDIE_ORIGINATION = field_names("freddie_mac_origination")
FREDDIE_SERVICING = field_names("freddie_mac_servicing")
FANNIE = field_names("fannie_mae_2020")
# Fewest fields of a release; both publishers put new ones at the end.
ORIGINATION_COUNTS = (26, None)
SERVICING_COUNTS = (11, None)
FANNIE_COUNTS = (108, None)

COMMON_QUIRKS = (
    "code 01 is prepaid or matured: matured where no scheduled month is left, else prepaid; it does not tell refinance "
    "from sale",
    "codes 02, 03 and 09 are defaults; 06, 15, 16, 96, 97 and 98 (repurchase, note sale, removal) are censored; any "
    "other code is a fault",
    "rows after the exit (corrections, expenses of disposed property) are dropped and counted",
    "payoffs of a release's last month are reported late: the last month is dropped and counted",
    "the month of origination (age below 1) is no month at risk and is dropped and counted",
    "the flag of modified loans is kept as published in `modification`: Y, P (modified before), N or empty",
)


def freddie_loans(path: Path) -> Iterator[Batch]:
    """Origination file -> ``loans``; streamed."""
    for raw, lines, faults in text_batches(
        path, FREDDIE_ORIGINATION, "|", counts=ORIGINATION_COUNTS, digits="first_payment_date"
    ):
        figures, bad = _figures(path, raw, lines, ("credit_score", "upb", "ltv", "dti", "rate", "term"))
        first, bad_dates = dates(path, raw["first_payment_date"], "%Y%m", lines)
        table = pd.DataFrame(
            {
                "loan_id": raw["loan_sequence_number"],
                # The note month is not published: by custom interest runs from the month before the first payment's.
                "origination_date": (first - pd.DateOffset(months=1)).astype("datetime64[us]"),
                "original_balance": figures["upb"],
                "original_term_months": figures["term"],
                "original_rate": figures["rate"] / 100.0,
                **_loan_terms(
                    raw,
                    known(figures["credit_score"], (9999,)),
                    known(figures["ltv"], (999,)),
                    known(figures["dti"], (999,)),
                ),
            }
        )
        yield Batch(table, lines, (*faults, *bad, *bad_dates))


def freddie_months(path: Path) -> Iterator[Batch]:
    """Servicing file -> ``loan_months``; streamed, twice (the first pass finds last months and exits)."""
    lives = Lives.of(_freddie_seen(path))
    wanted = FREDDIE_SERVICING[:11]
    for raw, lines, faults in text_batches(path, FREDDIE_SERVICING, "|", counts=SERVICING_COUNTS, only=wanted):
        loans = marks_of(raw["loan_sequence_number"])
        names = ("current_upb", "loan_age", "remaining_months", "current_rate")
        figures, bad = _figures(path, raw, lines, names)
        month, bad_months = months(path, raw["reporting_period"], "%Y%m", lines)
        code, bad_codes = _codes(path, raw["zero_balance_code"], lines)
        table = pd.DataFrame(
            {
                "loan_id": raw["loan_sequence_number"],
                "month": month,
                "balance": known(figures["current_upb"], (0.0,)),
                "rate": figures["current_rate"] / 100.0,
                "age_months": lives.ages(loans, month, figures["loan_age"]),
                "status": _status(code, figures["remaining_months"]),
                "delinquency_status": _filled(raw["delinquency"]),
                "modification": _filled(raw["modification"]),
            }
        )
        yield _at_risk(table, lines, (*faults, *bad, *bad_months, *bad_codes), lives, loans)


def _freddie_seen(path: Path) -> Iterator[Seen]:
    wanted = ("loan_sequence_number", "reporting_period", "loan_age", "zero_balance_code")
    for raw, lines, _ in text_batches(
        path, FREDDIE_SERVICING, "|", counts=SERVICING_COUNTS, only=wanted, digits="reporting_period"
    ):
        month, _ = months(path, raw["reporting_period"], "%Y%m", lines)
        age, _ = numbers(path, raw["loan_age"], lines)
        yield Seen(raw["loan_sequence_number"], month, _left(raw["zero_balance_code"]), age.to_numpy())


def fannie_loans(path: Path) -> Iterator[Batch]:
    """Combined file -> ``loans``, one row at a loan's first row; streamed."""
    first = FirstRows()
    for raw, lines, faults in text_batches(path, FANNIE, "|", counts=FANNIE_COUNTS, digits="reporting_period"):
        new = first.of(marks_of(raw["loan_id"]))
        raw, lines = raw[new].reset_index(drop=True), lines[new]
        figures, bad = _figures(
            path, raw, lines, ("credit_score", "original_upb", "ltv", "dti", "original_rate", "original_term")
        )
        originated, bad_dates = dates(path, raw["origination_date"], "%m%Y", lines)
        table = pd.DataFrame(
            {
                "loan_id": raw["loan_id"],
                "origination_date": originated,
                "original_balance": figures["original_upb"],
                "original_term_months": figures["original_term"],
                "original_rate": figures["original_rate"] / 100.0,
                **_loan_terms(raw, figures["credit_score"], figures["ltv"], figures["dti"]),
            }
        )
        yield Batch(table, lines, (*faults, *bad, *bad_dates))


def fannie_months(path: Path) -> Iterator[Batch]:
    """Combined file -> ``loan_months``; streamed, twice (the first pass finds the last month and exits)."""
    lives = Lives.of(_fannie_seen(path))
    for raw, lines, faults in text_batches(path, FANNIE, "|", counts=FANNIE_COUNTS):
        loans = marks_of(raw["loan_id"])
        names = (
            "current_upb",
            "current_rate",
            "original_rate",
            "original_term",
            "remaining_months",
            "unscheduled_principal",
        )
        figures, bad = _figures(path, raw, lines, names)
        month, bad_months = months(path, raw["reporting_period"], "%m%Y", lines)
        originated, bad_dates = dates(path, raw["origination_date"], "%m%Y", lines)
        code, bad_codes = _codes(path, raw["zero_balance_code"], lines)
        age = month_number_or_nan(month) - month_number_or_nan(originated)
        # A modified loan leaves at its modified rate: at the original one its payoff would look like a refinancing.
        last = lives.last_rates(loans).where(code.notna())
        rate = figures["current_rate"].fillna(last).fillna(figures["original_rate"])
        # A modification may move the scheduled end, and the term counts from a payment up to two months after the note.
        remaining = lives.remaining(loans, month).fillna(figures["original_term"] - age)
        table = pd.DataFrame(
            {
                "loan_id": raw["loan_id"],
                "month": month,
                "balance": known(figures["current_upb"], (0.0,)),
                "rate": rate / 100.0,
                "age_months": age,
                "status": _status(code, remaining),
                "curtailment": figures["unscheduled_principal"].where(code.isna()).clip(lower=0.0),
                "delinquency_status": _filled(raw["delinquency"]),
                "modification": _filled(raw["modification"]),
            }
        )
        yield _at_risk(table, lines, (*faults, *bad, *bad_months, *bad_dates, *bad_codes), lives, loans)


def _fannie_seen(path: Path) -> Iterator[Seen]:
    wanted = ("loan_id", "reporting_period", "zero_balance_code", "current_rate", "remaining_months")
    for raw, lines, _ in text_batches(path, FANNIE, "|", counts=FANNIE_COUNTS, only=wanted, digits="reporting_period"):
        month, _ = months(path, raw["reporting_period"], "%m%Y", lines)
        rate, _ = numbers(path, raw["current_rate"], lines)
        remaining, _ = numbers(path, raw["remaining_months"], lines)
        left = _left(raw["zero_balance_code"])
        yield Seen(raw["loan_id"], month, left, rate=rate.to_numpy(), remaining=remaining.to_numpy())


def _loan_terms(raw: pd.DataFrame, score: pd.Series, ltv: pd.Series, dti: pd.Series) -> dict[str, object]:
    """Columns of a loan that both agencies publish alike; `ltv` and `dti` in percent."""
    return {
        "rate_type": words(raw["amortization_type"], RATE_TYPE),
        "currency": "USD",
        "purpose": words(raw["purpose"], PURPOSE),
        "occupancy": words(raw["occupancy"], OCCUPANCY),
        "property_type": words(raw["property_type"], PROPERTY),
        "credit_score": score,
        "ltv": ltv / 100.0,
        "dti": dti / 100.0,
        "region": raw["state"],
        "channel": words(raw["channel"], CHANNEL),
    }


def _figures(
    path: Path, raw: pd.DataFrame, lines: IntArray, names: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[Fault, ...]]:
    read = {name: numbers(path, raw[name], lines) for name in names}
    return pd.DataFrame({name: values for name, (values, _) in read.items()}), tuple(
        fault for _, faults in read.values() for fault in faults
    )


def _filled(cells: pd.Series) -> pd.Series:
    """Codes as published; older releases write spaces where there is none."""
    code = cells.str.strip()
    return code.mask(code == "")


def _left(code: pd.Series) -> BoolArray:
    """Rows with a zero-balance code; shape (rows,)."""
    return (code.notna() & code.str.strip().ne("")).to_numpy(dtype=bool)


def _codes(path: Path, cells: pd.Series, lines: IntArray) -> tuple[pd.Series, tuple[Fault, ...]]:
    """Zero-balance codes, empty where there is none, and those that no publisher uses: what they say is not guessed."""
    code = cells.str.strip().where(_left(cells))
    odd = np.flatnonzero((code.notna() & ~code.isin(CODES)).to_numpy(dtype=bool))
    if not odd.size:
        return code, ()
    rule = f"expected a zero-balance code, one of {', '.join(sorted(CODES))}"
    hint = "Keep the leading zero of codes such as 01"
    breach = Breach(rule, odd, str(cells.name), hint, code.iloc[odd].tolist())
    return code, tuple(faults_at(Place(path.name, lines), [breach]))


def _status(code: pd.Series, remaining: pd.Series) -> pd.Series:
    """Status of a month from its zero-balance code and the scheduled months left."""
    status = pd.Series("open", index=code.index, dtype=object)
    status = status.mask(code.notna(), "transferred").mask(code.isin(DEFAULTS), "default")
    status = status.mask(code == PAID, "prepaid").mask((code == PAID) & (remaining <= 0), "matured")
    return status.astype("str")


def _at_risk(table: pd.DataFrame, lines: IntArray, faults: tuple[Fault, ...], lives: Lives, loans: LoanMarks) -> Batch:
    """Months at risk only: not the release's last month, not before age 1, nothing after the exit; balance 0 there."""
    left = (table["status"] != "open").to_numpy()
    late = lives.late(table["month"])
    gone = lives.gone(loans, table["month"])
    young = (table["age_months"] < 1).to_numpy() & ~left
    keep = ~(gone | late | young)
    dropped = {
        "of the release's last month": int(late.sum()),
        "after the exit": int((gone & ~late).sum()),
        "before age 1": int((young & ~gone & ~late).sum()),
    }
    table = table.assign(balance=table["balance"].mask(left, 0.0))[keep].reset_index(drop=True)
    return Batch(table, lines[keep], faults, {reason: count for reason, count in dropped.items() if count})


LAYOUTS = (
    Layout(
        "freddie_mac_origination",
        "Freddie Mac, Single-Family Loan-Level Dataset",
        "mortgage_history/1:loans",
        (
            "9999 and 999 mean not available",
            "the note month is not published; origination is the month before the first payment's",
        ),
        freddie_loans,
    ),
    Layout(
        "freddie_mac_servicing",
        "Freddie Mac, Single-Family Loan-Level Dataset",
        "mortgage_history/1:loan_months",
        (
            "balances of a loan's first six months are rounded to thousands, or 0 in older releases, which counts as "
            "missing: no curtailment can be read from them",
            "the published age starts again at a modification: age is counted by the calendar from a loan's first row",
            *COMMON_QUIRKS,
        ),
        freddie_months,
    ),
    Layout(
        "fannie_mae_2020_loans",
        "Fannie Mae, Single-Family Loan Performance Data",
        "mortgage_history/1:loans",
        ("acquisition fields stand in every monthly row; the loan's first row is taken",),
        fannie_loans,
    ),
    Layout(
        "fannie_mae_2020_months",
        "Fannie Mae, Single-Family Loan Performance Data",
        "mortgage_history/1:loan_months",
        (
            "balances of a loan's first six months are masked as 0 and count as missing",
            "the rate of exit rows is empty: the loan's last published one counts, that of origination where none is",
            "scheduled months left are those to the end the loan published last, which a modification may have moved",
            "unscheduled principal below 0 (a correction) is no curtailment: 0",
            *COMMON_QUIRKS,
        ),
        fannie_months,
    ),
)
