"""Histories of rates paid as a panel: one row a series and month, with the short rates that led there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.assumptions.effects import POOLED
from behavior.assumptions.segments import band_labels
from behavior.errors import Fault, FittingError, SpecFault
from behavior.estimators.pass_through_series import RateSeries
from behavior.kinds._beta_ladders import stopped, with_ladders
from behavior.market.history import RateHistory, role_in
from behavior.months import month_number
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.contracts import ACCOUNTS
from behavior.panel.dense import month_end_of
from behavior.panel.market_rates import currency_of_rows
from behavior.quantities import BoolArray, FloatArray, IntArray
from behavior.specs import ModelSpec

LAGS = 36
LONG_GAP = 12
SERIES_COLUMNS = ("institution", "region", "currency", "product")
SHORT_RATES = ("short_rate", *(f"short_rate_{lag}_months_before" for lag in range(1, LAGS + 1)))
PRODUCTS = "product_rate_history/1"


def build_beta_panel(history: CustomerHistory, rates: RateHistory, spec: ModelSpec) -> Panel:
    """Rates paid by series and month from accounts (balance weighted) or from product series.

    Raises
    ------
    SpecFault : a segment column that neither history nor contract has. FittingError : no rate paid in the window.
    """
    rows, dropped = _account_rows(history, spec) if history.contract == ACCOUNTS.id else _product_rows(history, spec)
    rows, outside = _window(rows, spec)
    index = str(spec.options.get("index", "short"))
    rows, stale = _with_short_rates(rows, rates, index)
    unknown = rows["short_rate"].isna() | stale
    dropped["rows outside the window of the specification"] = outside
    dropped["rows before or after the months in which the short rate is known"] = int(unknown.sum())
    rows = rows[~unknown]
    if rows.empty:
        raise FittingError(
            "deposit beta: no rate paid beside a known short rate. Check the window and the rate history."
        )
    lagged = rows[list(SHORT_RATES)].bfill(axis=1).ffill(axis=1)
    rows[list(SHORT_RATES)] = lagged
    if "ladders" in spec.options and len(indices := _index_by_currency(rows, rates, index)) == 1:
        rows = with_ladders(rows, rates, next(iter(indices.values())), str(spec.options["ladders"]))
    table = rows.sort_values(["unit", "month_number"], kind="stable").reset_index(drop=True)
    return Panel(table.drop(columns="month_number"), dropped)


def _with_short_rates(rows: pd.DataFrame, rates: RateHistory, index: str) -> tuple[pd.DataFrame, BoolArray]:
    """The rows with their currency's short rate in the month and before it, and where that rate had stopped."""
    months, stale = rows["month_number"].to_numpy(np.int64), np.zeros(len(rows), dtype=bool)
    known = np.full((len(rows), len(SHORT_RATES)), np.nan)
    currencies = currency_of_rows(rows)
    for currency, own in _index_by_currency(rows, rates, index).items():
        mine = currencies == currency
        known[mine] = np.column_stack(
            [rates.monthly(own, month_end_of(months[mine] - lag)) for lag in range(len(SHORT_RATES))]
        )
        stale[mine] = stopped(rates, own, months[mine])
    return rows.assign(**dict(zip(SHORT_RATES, known.T, strict=True))), stale


def _index_by_currency(rows: pd.DataFrame, rates: RateHistory, index: str) -> dict[str, str]:
    """Index that the rates paid in each currency follow: the currency's own role (``short_EUR``), else the role itself.

    Raises
    ------
    FittingError : two currencies would follow one short rate.
    """
    found = {str(one): rates.role_in(index, str(one)) for one in sorted(set(currency_of_rows(rows)))}
    if shared := rates.sharing(index, found):
        raise FittingError(
            f"deposit beta: rates paid in {' and '.join(shared)} would follow one short rate, `{index}`. Name each "
            f"currency's own in the settings (index_roles: `{role_in(index, shared[0])}` for {shared[0]}), or keep one "
            "currency with `where` in the profile and give each a model of its own."
        )
    return found


def _account_rows(history: CustomerHistory, spec: ModelSpec) -> tuple[pd.DataFrame, dict[str, int]]:
    """Balance-weighted mean of the rates of a segment's accounts, month by month."""
    months = history.tables["account_months"]
    accounts = history.tables["accounts"].drop_duplicates("account_id")
    extra = [name for name in accounts.columns if name == "account_id" or name not in months.columns]
    if "rate_paid" not in months.columns:
        raise FittingError("deposit beta: the accounts carry no `rate_paid`. Map it, or use product_rate_history/1.")
    if "product" in months.columns:
        months = months.assign(product=months["product"].where(months["product"].notna()))
    joined = months.merge(accounts[extra], on="account_id", how="left", validate="many_to_one")
    if "product" in months.columns and "product" in accounts.columns:
        opened = accounts.set_index("account_id")["product"]
        joined["product"] = joined["product"].fillna(joined["account_id"].map(opened))
    joined = _with_unknown_pooled(_with_bands(joined, spec), spec)
    _require_columns(joined, spec, ACCOUNTS.id)
    balance = joined["balance"].to_numpy(dtype=np.float64)
    rate = joined["rate_paid"].to_numpy(dtype=np.float64)
    known = np.isfinite(balance) & np.isfinite(rate) & (balance > 0)
    dropped = {
        "account-months without a rate paid": int(np.isnan(rate).sum()),
        "account-months without a positive balance": int((~(balance > 0)).sum()),
    }
    by = list(spec.segments.by)
    if len(set(currency_of_rows(joined[known]))) > 1:
        by = list(dict.fromkeys([*by, "currency"]))  # money of two currencies does not add up
    dropped |= _never_paid(joined, known, by)
    held = joined[known].assign(
        interest=balance[known] * rate[known], month_number=month_number(joined.loc[known, "month"])
    )
    for name in by:
        held[name] = held[name].astype(object).where(held[name].notna(), "")
    grouped = held.groupby([*by, "month_number"], sort=True, observed=True)
    rows = grouped.size().rename("exposure").reset_index()
    place = grouped.ngroup().to_numpy()
    rows["weight"] = _summed(place, held["balance"].to_numpy(dtype=np.float64))
    rows["rate_paid"] = _summed(place, held["interest"].to_numpy(dtype=np.float64)) / rows["weight"]
    rows["period_months"] = 1
    return _named(rows, spec), dropped


def _with_unknown_pooled(rows: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """The rows with `pooled` where a segment column that the contract leaves open is absent or says nothing."""
    optional = [name for name in spec.segments.by if (column := ACCOUNTS.column(name)) and not column.required]
    labels = {name: rows.get(name, pd.Series(np.nan, rows.index)).astype(object) for name in optional}
    return rows.assign(**{name: one.where(one.notna() & one.ne(""), POOLED) for name, one in labels.items()})


def _never_paid(joined: pd.DataFrame, known: BoolArray, by: Sequence[str]) -> dict[str, int]:
    """Account-months of segments of which no account carries a rate, by name: they have no law of their own."""
    held = joined["balance"].to_numpy(dtype=np.float64) > 0
    if not by or np.array_equal(held, known):
        return {}
    rows = joined.loc[held, list(by)]
    place = rows.groupby(list(by), dropna=False, observed=True).ngroup().to_numpy()
    silent = np.bincount(place, known[held])[place] == 0
    if not silent.any():
        return {}
    names = sorted(" / ".join(map(str, one)) for one in rows[silent].drop_duplicates().itertuples(index=False))
    words = f"account-months of segments without any rate paid, read from pooled laws: {', '.join(names)}"
    return {words: int(silent.sum())}


def _summed(place: IntArray, values: FloatArray) -> FloatArray:
    """Sum of the values of each place, shape (places,): added by size, so that the order of the file is not in it."""
    order = np.argsort(values)
    return np.asarray(np.bincount(place[order], values[order]), dtype=np.float64)


def _product_rows(history: CustomerHistory, spec: ModelSpec) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows of product series; an average over several months says so, an end-of-period rate is one month's."""
    table = history.tables.get("product_rates")
    rows = (next(iter(history.tables.values())) if table is None else table).copy()
    for name in SERIES_COLUMNS:
        if name in rows.columns:
            rows[name] = rows[name].astype(object).where(rows[name].notna(), "")
    _require_columns(rows, spec, PRODUCTS)
    missing = rows["rate_paid"].isna()
    rows = rows[~missing].copy()
    period = (
        pd.to_numeric(rows["period_months"]).fillna(1) if "period_months" in rows.columns else pd.Series(1, rows.index)
    )
    ends = rows["averaging"].eq("end") if "averaging" in rows.columns else pd.Series(False, rows.index)
    rows["period_months"] = np.where(ends, 1, np.maximum(period, 1)).astype(np.int64)
    rows["month_number"] = month_number(rows["month"])
    balance = pd.to_numeric(rows["balance"]) if "balance" in rows.columns else pd.Series(np.nan, rows.index)
    rows["weight"] = balance.where(balance > 0).fillna(1.0)
    rows["exposure"] = rows["period_months"]
    return _named(rows, spec), {"rows without a rate paid": int(missing.sum())}


def _named(rows: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """Unit, customer and month; what the split keeps together is the institution where there are several."""
    parts = [name for name in dict.fromkeys([*SERIES_COLUMNS, *spec.segments.by]) if name in rows.columns]
    rows["unit"] = rows[parts].astype(str).agg(" / ".join, axis=1) if parts else "all"
    rows["customer"] = rows["institution"] if "institution" in rows.columns else rows["unit"]
    rows["month"] = month_end_of(rows["month_number"].to_numpy())
    kept = ["unit", "customer", "month", "month_number", "weight", "exposure", "rate_paid", "period_months"]
    return rows[[*kept, *(name for name in parts if name not in kept)]].copy()


def _with_bands(rows: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    for name, band in spec.segments.bands.items():
        if band.column in rows.columns:
            labels = np.array(band_labels(band.edges), dtype=object)
            rows[name] = labels[np.searchsorted(band.edges, rows[band.column].to_numpy(np.float64), side="right")]
    return rows


def _require_columns(rows: pd.DataFrame, spec: ModelSpec, contract: str) -> None:
    missing = [name for name in spec.segments.by if name not in rows.columns]
    if missing:
        rule = f"expected a column of {contract}; there are {', '.join(sorted(map(str, rows.columns)))}"
        raise SpecFault([Fault("spec.toml", rule, column="$.segments.by", value=name) for name in missing])


def _window(rows: pd.DataFrame, spec: ModelSpec) -> tuple[pd.DataFrame, int]:
    window = spec.history.window
    keep = np.ones(len(rows), dtype=bool)
    number = rows["month_number"].to_numpy()
    if window.from_month is not None:
        keep &= number >= month_number(np.array([window.from_month], dtype="datetime64[D]"))[0]
    if window.to_month is not None:
        keep &= number <= month_number(np.array([window.to_month], dtype="datetime64[D]"))[0]
    return rows[keep].copy(), int((~keep).sum())


def series_of_panel(table: pd.DataFrame, by: Sequence[str]) -> list[RateSeries]:
    """The panel's series with an unbroken monthly short rate, in the order of their units."""
    return [_one_series(str(unit), part, by) for unit, part in table.groupby("unit", sort=True)]


def pieces_of_panel(table: pd.DataFrame, by: Sequence[str]) -> list[RateSeries]:
    """The same, cut where more than a year of rows is missing: no path is fitted across what was left out."""
    found = []
    for unit, part in table.groupby("unit", sort=True):
        rows = part.sort_values("month", kind="stable")
        months = month_number(rows["month"])
        gap = np.diff(months) - rows["period_months"].to_numpy(dtype=np.int64)[1:]
        piece = np.concatenate([[0], np.cumsum(gap >= LONG_GAP)])
        for number in range(int(piece[-1]) + 1):
            name = str(unit) if piece[-1] == 0 else f"{unit} ({number + 1})"
            found.append(replace(_one_series(name, rows[piece == number], by), source=str(unit)))
    return found


def _one_series(unit: str, part: pd.DataFrame, by: Sequence[str]) -> RateSeries:
    rows = part.sort_values("month", kind="stable")
    months: IntArray = month_number(rows["month"])
    first = int(months[0]) - LAGS
    levels = np.full(int(months[-1]) - first + 1, np.nan)
    known: FloatArray = rows[list(SHORT_RATES)].to_numpy(dtype=np.float64)
    for lag in range(LAGS, -1, -1):
        levels[months - lag - first] = known[:, lag]
    filled = pd.Series(levels).ffill().bfill().to_numpy(dtype=np.float64)
    return RateSeries(
        unit=unit,
        segment=tuple(str(rows[name].iloc[0]) for name in by),
        first_month=first,
        levels=filled,
        observed=months - first,
        periods=rows["period_months"].to_numpy(dtype=np.int64),
        rate_paid=rows["rate_paid"].to_numpy(dtype=np.float64),
        weight=rows["weight"].to_numpy(dtype=np.float64),
    )
