"""Tie-out: is the history that was learned from the bank's own ledger, or only a part of it?

Purpose
-------
Wrong or insufficient source data is among the first causes of model risk in asset-liability management. The balance
that does not reconcile stands on page one of every report.

Mechanism
---------
Month-end balances and row counts of the history are summed by month and product and set against the ledger's
control totals. A line reconciles when the difference is within its own tolerance (an amount, 0 where none is given)
and, where the ledger counts rows, as many rows are there. A line without a product is the whole of its month. A
line of one side that the other has no counterpart for is unreconciled in full and named: a table or product that the
history does not know, a product that the ledger leaves out of a month it speaks of, and the history's last month
where the ledger ends before it. The unreconciled balance is the sum of absolute differences of the lines that do not
reconcile, in the latest month and over all months; its share is of the larger
of the two sides, line by line.

Signs of high risk
------------------
Any unreconciled balance in the latest month; lines that only one side has; a difference that grows; row counts that
agree while balances do not.

Strengths
---------
Compares with a figure that someone else signed.

Limitations
-----------
Says nothing about rates, dates or statuses; two errors of opposite sign inside one line cancel. Months of the
history before the ledger's first and between its own are not reconciled, and counted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.panel.base import CustomerHistory
from behavior.panel.control_totals import reconciled_words, tie_out
from behavior.validation.base import Check, CheckInput, Finding, Status

NAMED = 5
VALUES = {
    "unreconciled_share": "unreconciled balance over the larger of the two sides, line by line, all months",
    "unreconciled_balance": "unreconciled balance over all months, currency units",
    "unreconciled_latest": "unreconciled balance of the latest month, currency units",
    "unreconciled_latest_share": "the same over the balance of the larger side in that month",
    "lines": "lines of the ledger, and of the history where the ledger has none, that were compared",
    "lines_off": "lines that do not reconcile",
    "rows_off": "lines whose row count differs",
    "ledger_only": "lines of the ledger that the history has nothing for",
    "history_only": "lines of the history that the ledger should have and has not",
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
    unreconciled, share = _unreconciled(lines)
    late, late_share = _unreconciled(lines[lines["month"] == latest])
    values = {
        "unreconciled_share": share,
        "unreconciled_balance": unreconciled,
        "unreconciled_latest": late,
        "unreconciled_latest_share": late_share,
        "lines": float(len(lines)),
        "lines_off": float(len(off)),
        "rows_off": float((lines["rows difference"].fillna(0) != 0).sum()),
        "ledger_only": float((off["side"] == "ledger").sum()),
        "history_only": float((off["side"] == "history").sum()),
    }
    words = (
        f"{reconciled_words(_lines(given.history))}; unreconciled in the latest month "
        f"({latest:%Y-%m}): {late:,.0f}, over all months {unreconciled:,.0f} "
        f"({100 * share:.3f}% of the larger side).{_one_sided(off, 'ledger')}{_one_sided(off, 'history')}"
    )
    return Finding("tie_out", Status.WARN if len(off) else Status.PASS, values, words, exhibits=_exhibits(lines))


def _unreconciled(lines: pd.DataFrame) -> tuple[float, float]:
    """Unreconciled balance and its share of the larger side; a ledger of nothing reconciles nothing."""
    off = float(lines.loc[~lines["reconciled"], "difference"].abs().sum())
    larger = float(lines[["ledger", "history"]].abs().max(axis=1).sum())
    return off, off / larger if larger else 0.0


def _one_sided(off: pd.DataFrame, side: str) -> str:
    """The lines that only one side has, largest first, as a sentence; empty where there are none."""
    alone = off[off["side"] == side]
    if alone.empty:
        return ""
    alone = alone.reindex(alone["difference"].abs().sort_values(ascending=False, kind="stable").index)
    months = alone["month"].dt.strftime(" %Y-%m ")
    lines = (alone["table"].astype(str) + months + alone["product"].astype(str)).str.strip()
    named = [f"{line} ({gap:,.0f})" for line, gap in zip(lines, alone["difference"].abs(), strict=True)][:NAMED]
    more = f" and {len(alone) - NAMED} more" if len(alone) > NAMED else ""
    return f" Only in the {side}: {'; '.join(named)}{more}."


def reconcile(history: CustomerHistory) -> pd.DataFrame:
    """One row a line: table, month, product, side, ledger, history, difference, rows difference, reconciled."""
    lines = _lines(history)
    if lines.empty:
        return pd.DataFrame()
    result = lines[["table", "month", "product", "side"]].assign(ledger=lines["balance"], history=lines["held_balance"])
    result["difference"] = result["history"] - result["ledger"]
    counted = lines["rows"].astype(float) if "rows" in lines else pd.Series(np.nan, index=lines.index)
    result["rows difference"] = lines["held_rows"] - counted
    result["reconciled"] = lines["reconciled"].astype(bool)
    return result


def _lines(history: CustomerHistory) -> pd.DataFrame:
    """The ledger's lines beside the history's, as `tie_out` returns them; empty where no ledger was given."""
    ledger = history.control_totals
    if ledger is None:
        return pd.DataFrame()
    # Readers of files have compared already; the months of a streamed history are no longer there to be added up.
    return ledger if "side" in ledger else tie_out(ledger, history.tables)


def _exhibits(lines: pd.DataFrame) -> tuple[Exhibit, ...]:
    by_month = lines.groupby("month")[["ledger", "history"]].sum().reset_index()
    latest = _shown(lines[lines["month"] == lines["month"].max()])
    off = lines[~lines["reconciled"]].sort_values("month", ascending=False, kind="stable")
    return (
        Exhibit("tie_out_latest", "Ledger and history, latest month", "table", latest),
        *(
            [Exhibit("tie_out_off", "Lines that do not reconcile, latest first", "table", _shown(off))]
            if len(off)
            else []
        ),
        Exhibit("tie_out", "Ledger and history", "lines", by_month, "month", "balance, currency units"),
    )


def _shown(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines as a person reads them."""
    reconciled = np.where(lines["reconciled"], "yes", "no")
    return lines.assign(reconciled=reconciled, month=lines["month"].dt.strftime("%Y-%m")).reset_index(drop=True)


CHECK = Check("tie_out", run, VALUES, __doc__)
