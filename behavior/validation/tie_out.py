"""Tie-out: is the history that was learned from the bank's own ledger, or only a part of it?

Purpose
-------
Wrong or insufficient source data is among the first causes of model risk in asset-liability management. The balance
that does not reconcile stands on page one of every report.

Mechanism
---------
Month-end balances and row counts of the history are summed by month and product and set against the ledger's
control totals. A line reconciles when the difference is within its own tolerance (an amount, 0 where none is given)
and, where the ledger counts rows, as many rows are there. A line without a product is the whole of its month. The
unreconciled balance is the sum of absolute differences of the lines that do not reconcile, in the latest month and
over all months.

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
from behavior.panel.base import CustomerHistory, StreamedHistory
from behavior.validation.base import Check, CheckInput, Finding, Status

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
    """One row a ledger line: table, month, product, ledger, history, difference, rows difference, reconciled."""
    ledger = history.control_totals
    if ledger is None:
        return pd.DataFrame()
    named = ledger["product"].fillna("").astype(str) if "product" in ledger else ""
    asked = ledger.assign(product=named)
    lines = _streamed(asked) if isinstance(history, StreamedHistory) else _compared(asked, history)
    if lines.empty:
        return pd.DataFrame()
    result = lines[["table", "month", "product"]].assign(ledger=lines["balance"], history=lines["held"].fillna(0.0))
    result["difference"] = result["history"] - result["ledger"]
    counted = lines["rows"] if "rows" in lines else pd.Series(np.nan, index=lines.index)
    result["rows difference"] = lines["count"].fillna(0.0) - counted
    tolerance = lines["tolerance"].fillna(0.0) if "tolerance" in lines else 0.0
    # Sums of many cents carry rounding of their own.
    allowed = tolerance + 1e-6 + 1e-12 * result["ledger"].abs()
    same_rows = result["rows difference"].isna() | (result["rows difference"] == 0)
    result["reconciled"] = (result["difference"].abs() <= allowed) & same_rows
    return result


def _streamed(asked: pd.DataFrame) -> pd.DataFrame:
    """The ledger's lines with what the stream held of each, counted when it was read."""
    return asked.assign(held=asked["held_balance"], count=asked["held_rows"])


def _compared(asked: pd.DataFrame, history: CustomerHistory) -> pd.DataFrame:
    """The ledger's lines with what the history's tables hold of each."""
    tables = [str(name) for name in asked["table"].unique() if "balance" in history.tables.get(str(name), {})]
    if not tables:
        return pd.DataFrame()
    held = pd.concat([_held(history, name) for name in tables], ignore_index=True)
    return asked[asked["table"].isin(tables)].merge(held, on=["table", "month", "product"], how="left")


def _held(history: CustomerHistory, name: str) -> pd.DataFrame:
    """Balances and rows with a balance by month and product, and once more for all products together (``""``)."""
    rows = history.tables[name]
    known = rows.loc[rows["balance"].notna(), ["month", "balance"]].assign(table=name)
    product = _products(history, rows)
    figures = {"held": ("balance", "sum"), "count": ("balance", "count")}
    whole: pd.DataFrame = known.groupby(["table", "month"], as_index=False).agg(**figures)
    whole["product"] = ""
    if product is None:
        return whole
    known["product"] = product[known.index]
    parts: pd.DataFrame = known.groupby(["table", "month", "product"], as_index=False).agg(**figures)
    return pd.concat([whole, parts[parts["product"] != ""]], ignore_index=True)


def _products(history: CustomerHistory, rows: pd.DataFrame) -> pd.Series | None:
    """Each row's product: its own, else its unit's; None where the history knows no products."""
    own: pd.Series | None = rows.get("product")
    if own is not None and own.notna().all():
        return own
    for table in history.tables.values():
        key = next((column for column in ("account_id", "loan_id") if column in table and column in rows), None)
        if key is not None and "product" in table and "month" not in table:
            of_unit = rows[key].map(table.drop_duplicates(key).set_index(key)["product"])
            return (of_unit if own is None else own.where(own.notna(), of_unit)).fillna("")
    return None if own is None else own.fillna("")


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
