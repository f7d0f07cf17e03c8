"""Tie-out: is the history that was learned from the bank's own ledger, or only a part of it?

Purpose
-------
Wrong or insufficient source data is among the first causes of model risk in asset-liability management. The balance
that does not reconcile stands on page one of every report.

Mechanism
---------
Month-end balances and row counts of the history are summed by month and product and set against the ledger's
control totals. A line reconciles when the difference is within its own tolerance (a share of the ledger balance
where below 1, an amount otherwise; one part in a million where none is given). The unreconciled balance is the sum
of absolute differences of the lines that do not, in the latest month and over all months.

Signs of high risk
------------------
Any unreconciled balance in the latest month; a difference that grows; row counts that agree while balances do not.

Strengths
---------
Compares with a figure that someone else signed.

Limitations
-----------
Says nothing about rates, dates or statuses; two errors of opposite sign inside one line cancel.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.panel.base import CustomerHistory
from behavior.validation.base import Check, CheckInput, Finding, Status

DEFAULT_TOLERANCE = 1e-6
VALUES = {
    "unreconciled_share": "unreconciled balance over ledger balance, all months",
    "unreconciled_balance": "unreconciled balance over all months, currency units",
    "unreconciled_latest": "unreconciled balance of the latest month, currency units",
    "unreconciled_latest_share": "the same over the ledger balance of that month",
    "lines": "lines of the ledger that were compared",
    "lines_off": "lines that do not reconcile",
    "rows_off": "lines whose row count differs",
}


def run(given: CheckInput) -> Finding:
    """Compare the history with the ledger's control totals."""
    ledger = given.history.control_totals
    if ledger is None or ledger.empty:
        raise DoesNotApply("no control totals were given, so the history is not reconciled to any ledger.")
    lines = reconcile(given.history)
    if lines.empty:
        raise DoesNotApply("no control total names a table and month of this history, so nothing is reconciled.")
    off = lines[~lines["reconciled"]]
    latest = lines["month"].max()
    total, late = lines["ledger"].abs().sum(), lines.loc[lines["month"] == latest, "ledger"].abs().sum()
    off_late = float(off.loc[off["month"] == latest, "difference"].abs().sum())
    values = {
        "unreconciled_share": float(off["difference"].abs().sum() / total) if total else 0.0,
        "unreconciled_balance": float(off["difference"].abs().sum()),
        "unreconciled_latest": off_late,
        "unreconciled_latest_share": off_late / float(late) if late else 0.0,
        "lines": float(len(lines)),
        "lines_off": float(len(off)),
        "rows_off": float((lines["rows difference"].fillna(0) != 0).sum()),
    }
    words = (
        f"{len(off):,} of {len(lines):,} ledger lines do not reconcile; unreconciled in the latest month "
        f"({latest:%Y-%m}): {off_late:,.0f}, over all months {values['unreconciled_balance']:,.0f} "
        f"({100 * values['unreconciled_share']:.3f}% of the ledger)."
    )
    return Finding("tie_out", Status.WARN if len(off) else Status.PASS, values, words, exhibits=_exhibits(lines))


def reconcile(history: CustomerHistory) -> pd.DataFrame:
    """One row a ledger line: table, month, product, history, ledger, difference, rows difference, reconciled."""
    ledger = history.control_totals
    assert ledger is not None
    found = []
    for name, asked in ledger.groupby("table"):
        if name not in history.tables or "balance" not in history.tables[str(name)]:
            continue
        rows = _with_product(history, str(name), asked)
        sums = rows.groupby(["month", "product"], dropna=False)["balance"].agg(["sum", "size"]).reset_index()
        lines = (
            asked.assign(product=asked["product"].fillna("").astype(str))
            if "product" in asked
            else asked.assign(product="")
        )
        found.append(lines.merge(sums, on=["month", "product"], how="left").assign(table=name))
    if not found:
        return pd.DataFrame()
    lines = pd.concat(found, ignore_index=True)
    result = lines[["table", "month", "product"]].copy()
    result["ledger"], result["history"] = lines["balance"], lines["sum"].fillna(0.0)
    result["difference"] = result["history"] - result["ledger"]
    result["rows difference"] = lines["size"].fillna(0) - lines["rows"] if "rows" in lines else np.nan
    given = lines["tolerance"] if "tolerance" in lines else pd.Series(np.nan, index=lines.index)
    tolerance = given.fillna(DEFAULT_TOLERANCE)
    allowed = np.where(tolerance < 1, tolerance * result["ledger"].abs(), tolerance)
    result["reconciled"] = result["difference"].abs() <= np.maximum(allowed, 0.005)
    return result


def _with_product(history: CustomerHistory, name: str, asked: pd.DataFrame) -> pd.DataFrame:
    """Rows of a monthly table with the product that the ledger speaks of; one product is every row's."""
    rows = history.tables[name]
    products = set(asked["product"].dropna().astype(str)) if "product" in asked else {""}
    known: pd.Series | None
    if "product" in rows and rows["product"].notna().all():
        known = rows["product"].astype(str)
    else:
        known = _from_units(history, rows)
        if "product" in rows:
            known = rows["product"].where(rows["product"].notna(), known)
    if known is None or not products & set(known.unique()):
        # A ledger of one line a month speaks of the whole table.
        known = pd.Series(next(iter(products)) if len(products) == 1 else "", index=rows.index)
    return rows[["month", "balance"]].assign(product=known)


def _from_units(history: CustomerHistory, rows: pd.DataFrame) -> pd.Series | None:
    for table in history.tables.values():
        key = next((column for column in ("account_id", "loan_id") if column in table and column in rows), None)
        if key is not None and "product" in table and "month" not in table:
            return rows[key].map(table.set_index(key)["product"]).astype(str)
    return None


def _exhibits(lines: pd.DataFrame) -> tuple[Exhibit, ...]:
    by_month = lines.groupby("month")[["ledger", "history"]].sum().reset_index()
    latest = lines[lines["month"] == lines["month"].max()].assign(
        reconciled=lambda table: np.where(table["reconciled"], "yes", "no"),
        month=lambda table: table["month"].dt.strftime("%Y-%m"),
    )
    return (
        Exhibit("tie_out_latest", "Ledger and history, latest month", "table", latest.reset_index(drop=True)),
        Exhibit("tie_out", "Ledger and history", "lines", by_month, "month", "balance, currency units"),
    )


CHECK = Check("tie_out", run, VALUES, __doc__)
