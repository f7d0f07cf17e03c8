"""Tie-out of a history to the ledger: what was read beside what the ledger holds, and the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

KEYS = {"loan_months": ("loans", "loan_id"), "account_months": ("accounts", "account_id")}


def tie_out(ledger: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The control totals with what the history holds.

    Parameters
    ----------
    ledger : control_totals/1. tables : the history's tables by name.

    Returns
    -------
    The ledger's rows plus `held_balance` and `held_rows` (rows with a known balance), `difference` (held - ledger,
    currency units), `reconciled` (within the tolerance and, where the ledger counts rows, with as many).
    """
    return tied(ledger, held_by_month(ledger, tables), list(tables))


def held_by_month(ledger: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What tables that the ledger names hold: `table`, `month`, `product`, `held_balance`, `held_rows`."""
    parts = [_held(tables[str(name)], str(name), tables) for name in ledger["table"].unique() if str(name) in tables]
    return _together(parts)


def added_up(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """What the parts of one history hold together."""
    held = _together(parts)
    return held.groupby(["table", "month", "product"], as_index=False)[["held_balance", "held_rows"]].sum()


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    columns = ["table", "month", "product", "held_balance", "held_rows"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def tied(ledger: pd.DataFrame, held: pd.DataFrame, tables: Sequence[str]) -> pd.DataFrame:
    """The control totals with what the history holds, as `tie_out` returns them; `tables` are the history's."""
    whole = held.groupby(["table", "month"], as_index=False)[["held_balance", "held_rows"]].sum().assign(product="")
    # A history without products has only the whole, which the rows by product would repeat.
    both = pd.concat([held[held["product"] != ""], whole], ignore_index=True)
    wanted = ledger[ledger["table"].isin(list(tables))].assign(product=ledger["product"].fillna(""))
    joined = wanted.merge(both, how="left", on=["table", "month", "product"])
    joined["held_balance"] = joined["held_balance"].astype(float).fillna(0.0)
    joined["held_rows"] = joined["held_rows"].astype(float).fillna(0.0).astype(int)
    joined["difference"] = joined["held_balance"] - joined["balance"]
    tolerance = joined["tolerance"].fillna(0.0) if "tolerance" in joined else 0.0
    same_rows = joined["rows"].isna() | (joined["rows"] == joined["held_rows"])
    # Sums of many cents carry rounding of their own; a millionth of a unit is no difference a ledger can see.
    joined["reconciled"] = (joined["difference"].abs() <= tolerance + 1e-6) & same_rows
    return joined


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
