"""Tie-out of a history to the ledger: what was read beside what the ledger holds, and the difference, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from behavior.panel.contracts import HISTORY_CONTRACTS

KEYS = {"loan_months": ("loans", "loan_id"), "account_months": ("accounts", "account_id")}
LINE = ["table", "month", "product"]
HELD = ["held_balance", "held_rows"]


def tie_out(ledger: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The control totals with what the history holds.

    Parameters
    ----------
    ledger : control_totals/1. tables : the history's tables by name.

    Returns
    -------
    The ledger's lines, and those of the history that the ledger has no counterpart for, with `held_balance` and
    `held_rows` (rows with a known balance), `difference` (held - ledger, currency units), `reconciled` (within
    the tolerance and, where the ledger counts rows, with as many) and `side`: ``both``, ``ledger`` (nothing in
    the history) or ``history`` (nothing in the ledger, its balance 0 here).

    A table of another history is left out, because one ledger may serve several; a name that no history's contract
    has is a line of the ledger alone. Of the history count the products that the ledger's month leaves out, where it
    has no line for all products, and the last month, where the ledger ends before it. Months between the ledger's
    own, or before its first, say nothing: a ledger may be quarterly.
    """
    return tied(ledger, held_by_month(ledger, tables), list(tables))


def held_by_month(ledger: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What tables that the ledger names hold: `table`, `month`, `product`, `held_balance`, `held_rows`."""
    named = [str(name) for name in ledger["table"].unique() if "balance" in tables.get(str(name), {})]
    return _together([_held(tables[name], name, tables) for name in named])


def added_up(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """What the parts of one history hold together."""
    held = _together(parts)
    return held.groupby(LINE, as_index=False)[HELD].sum()


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*LINE, *HELD])


def tied(ledger: pd.DataFrame, held: pd.DataFrame, tables: Sequence[str]) -> pd.DataFrame:
    """The control totals with what the history holds, as `tie_out` returns them; `tables` are the history's."""
    product = ledger["product"].fillna("").astype(str) if "product" in ledger else ""
    wanted = ledger.assign(product=product)[_concerns(ledger["table"], tables)]
    whole = held.groupby(["table", "month"], as_index=False)[HELD].sum().assign(product="")
    # A history without products has only the whole, which the rows by product would repeat.
    both = pd.concat([held[held["product"] != ""], whole], ignore_index=True)
    both["month"] = both["month"].astype(ledger["month"].dtype)
    joined = wanted.merge(both, how="left", on=LINE, indicator="side")
    joined["side"] = joined["side"].map({"both": "both", "left_only": "ledger"}).astype(str)
    missing = _without_counterpart(wanted, both).assign(balance=0.0, side="history")
    joined = pd.concat([joined, missing], ignore_index=True) if len(missing) else joined
    joined["held_balance"] = joined["held_balance"].astype(float).fillna(0.0)
    joined["held_rows"] = joined["held_rows"].astype(float).fillna(0.0).astype(int)
    joined["difference"] = joined["held_balance"] - joined["balance"]
    joined["reconciled"] = _reconciled(joined)
    return joined


def reconciled_words(lines: pd.DataFrame) -> str:
    """How many of the lines of `tie_out` do not reconcile, and how many of these because rows are counted otherwise."""
    off = lines[~lines["reconciled"].astype(bool)]
    counted = off["rows"] if "rows" in off else pd.Series(float("nan"), off.index)
    by_rows = int((counted.notna() & (counted != off["held_rows"])).sum())
    words = f"{len(off):,} of {len(lines):,} ledger lines do not reconcile"
    return words + (f", {by_rows:,} of them in the number of rows that have a balance" if by_rows else "")


def _concerns(named: pd.Series, tables: Sequence[str]) -> pd.Series:
    """Lines that speak of this history: of its tables, or of a table that no history has."""
    elsewhere = {table.table for group in HISTORY_CONTRACTS for table in group.tables} - set(tables)
    return ~named.isin(list(elsewhere))


def _without_counterpart(wanted: pd.DataFrame, both: pd.DataFrame) -> pd.DataFrame:
    """Lines of the history that the ledger should have and has not: products of its months, and the last month."""
    by_product = both.loc[both["product"] != "", "table"].unique()
    # By product where the history knows products: the whole would say the same balance twice.
    lines = both[(both["product"] != "") | ~both["table"].isin(by_product)]
    whole = wanted.assign(whole=wanted["product"] == "").groupby(["table", "month"], as_index=False)["whole"].any()
    asked = lines[["table", "month"]].merge(whole, how="left", on=["table", "month"])["whole"]
    told = pd.MultiIndex.from_frame(lines[LINE]).isin(pd.MultiIndex.from_frame(wanted[LINE]))
    left_out = asked.eq(False).to_numpy() & ~told  # what the ledger does not know is neither true nor false
    months = lines.groupby("table")["month"].transform("max")
    ended = lines["table"].map(wanted.groupby("table")["month"].max()) < months
    lacking = left_out | (ended & (lines["month"] == months)).to_numpy()
    return lines[lacking & (lines["held_balance"] != 0).to_numpy()]


def _reconciled(joined: pd.DataFrame) -> pd.Series:
    tolerance = joined["tolerance"].fillna(0.0) if "tolerance" in joined else 0.0
    counted = joined["rows"] if "rows" in joined else pd.Series(float("nan"), joined.index)
    same_rows = counted.isna() | (counted == joined["held_rows"])
    # Sums of many cents carry rounding of their own; a millionth of a unit is no difference a ledger can see.
    allowed = tolerance + 1e-6 + 1e-12 * joined["balance"].abs()
    return (joined["difference"].abs() <= allowed) & same_rows


def _held(table: pd.DataFrame, name: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Balances and rows with a balance, by month and product."""
    product = _product(table, name, tables)
    known = pd.DataFrame({"month": table["month"], "product": product, "balance": table["balance"]})
    known = known[known["balance"].notna()]
    grouped = known.groupby(["month", "product"], as_index=False)["balance"].agg(["sum", "count"])
    named = grouped.rename(columns={"sum": "held_balance", "count": "held_rows"})
    return named.assign(table=name)


def _product(table: pd.DataFrame, name: str, tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Each row's product: its own, else its unit's, else none."""
    of_row = table["product"] if "product" in table else pd.Series(pd.NA, table.index, dtype="str")
    units, key = KEYS.get(name, ("", ""))
    if units in tables and "product" in tables[units]:
        of_unit = table[key].map(tables[units].drop_duplicates(key).set_index(key)["product"])
        of_row = of_row.where(of_row.notna(), of_unit)
    return of_row.astype("str").fillna("")
