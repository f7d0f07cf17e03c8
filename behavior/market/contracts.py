"""Contracts of market data: curves, volatilities, exchange rates and past fixings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.columns import (
    LARGEST_USUAL_RATE,
    PERCENT_HINT,
    RATE_UNIT,
    Column,
    optional_column,
    rows_where,
    shown,
    unit_codes,
)
from behavior.contracts import ContractGroup, TableContract

DISCOUNT = "discount"
VOLATILITY_UNITS: Mapping[str, tuple[float, str, str]] = MappingProxyType(
    {
        "normal": (0.1, "a decimal a year (85 bp is 0.0085)", "Divide basis points by 10,000, percent by 100"),
        "lognormal": (5.0, "a share of the rate a year (25% is 0.25)", "Divide percent by 100"),
    }
)
"""Kind -> the largest volatility that is believed, what its unit is, and what to do with another."""


def no_index_in_percent(table: pd.DataFrame) -> Sequence[Breach]:
    """No index is in percent while others are decimals: each index's usual size is looked at on its own."""
    if not {"index", "value"}.issubset(table.columns):
        return []
    size = table["value"].abs()
    usual = size.where(size > 0).groupby(table["index"]).quantile(0.75)
    rule = f"expected {RATE_UNIT} (3.25% is 0.0325), this index looks like percent"
    return [
        Breach(rule, column="value", hint=PERCENT_HINT, value=f"{name}: {value:g}")
        for name, value in usual[usual > LARGEST_USUAL_RATE].items()
        if value <= 1.0
    ]


def one_discount_curve(table: pd.DataFrame) -> Sequence[Breach]:
    """Every currency has the index `discount`."""
    if not {"currency", "index"}.issubset(table.columns):
        return []
    currencies = sorted(set(table["currency"].dropna()))
    with_discount = set(table.loc[table["index"] == DISCOUNT, "currency"])
    return [
        Breach(
            f"expected an index `{DISCOUNT}` for every currency",
            None,
            "index",
            f"Give {currency} a curve of it",
            None,
            currency,
        )
        for currency in currencies
        if currency not in with_discount
    ]


def full_grid(table: pd.DataFrame) -> Sequence[Breach]:
    """Every expiry of a surface has every tenor, because values between are bilinear."""
    surface = [name for name in ("as_of", "currency", "index", "kind", "strike") if name in table]
    if not {"expiry_months", "tenor_months"}.issubset(table.columns):
        return []
    found: list[Breach] = []
    codes = unit_codes(table, surface)
    for code in np.unique(codes):
        part = table[codes == code]
        there = set(zip(part["expiry_months"], part["tenor_months"], strict=True))
        for expiry in sorted(set(part["expiry_months"].dropna())):
            for tenor in sorted(set(part["tenor_months"].dropna())):
                if (expiry, tenor) not in there:
                    name = ", ".join(word for column in surface if (word := shown(part[column].iloc[:1])[0]))
                    value = f"{name}: expiry {expiry:g}, no tenor {tenor:g}"
                    first = np.flatnonzero((codes == code) & (table["expiry_months"] == expiry).to_numpy())[:1]
                    rule = "tenor missing: expected every tenor at every expiry"
                    found.append(Breach(rule, first, "tenor_months", "Add its row", [value]))
    return found


def volatilities_in_unit(table: pd.DataFrame) -> Sequence[Breach]:
    """A volatility is a decimal a year: at most 0.1 (1,000 bp) where it is normal, at most 5 (500%) lognormal."""
    if not {"kind", "value"}.issubset(table.columns):
        return []
    found = []
    for kind, (largest, _, hint) in VOLATILITY_UNITS.items():
        high = (table["kind"].isin([kind]) & (table["value"] > largest)).to_numpy()
        if high.any():
            found.append(Breach(_unit_rule(kind), rows_where(high), "value", hint))
    return found


def _unit_rule(kind: str) -> str:
    """What is expected of a volatility that is too high to be believed."""
    largest, unit, _ = VOLATILITY_UNITS[kind]
    return f"expected {unit}, at most {largest:g} where it is {kind}; this looks like another unit"


RATES_TABLE = TableContract(
    "rate_history",
    1,
    "rates",
    "Observed values of indices. Settings give the indices their roles (`short`, `mortgage`, further ones).",
    (
        Column("date", "date", "Day of the fixing."),
        Column("index", "text", "FEDFUNDS, UST_2Y, MORTGAGE30, SNB_POLICY and so on."),
        Column("value", "number", "The rate.", RATE_UNIT),
    ),
    key=("index", "date"),
    rules=(no_index_in_percent,),
    unit=("index",),
    order="date",
)
CURVES_TABLE = TableContract(
    "curves",
    1,
    "curves",
    "Zero rates by tenor. One index `discount` a currency, further ones for projection; earlier as-of dates are curve "
    "history; today's value of a driver index is a row of tenor 0.",
    (
        Column("as_of", "date", "Date of the curve."),
        Column("currency", "text", "ISO currency."),
        Column("index", "text", "`discount`, or the index that the curve projects."),
        Column("months", "integer", "Tenor.", "months", minimum=0),
        Column("zero_rate", "number", "Zero rate, continuously compounded.", RATE_UNIT),
    ),
    key=("as_of", "currency", "index", "months"),
    rules=(one_discount_curve,),
)
VOLS_TABLE = TableContract(
    "vols",
    1,
    "vols",
    "Volatilities, bilinear in expiry and tenor, flat outside.",
    (
        Column("as_of", "date", "Date of the quotes."),
        Column("currency", "text", "ISO currency."),
        Column("index", "text", "Underlying index."),
        Column("expiry_months", "integer", "Expiry of the option.", "months", minimum=0),
        Column("tenor_months", "integer", "Tenor of the underlying.", "months", minimum=0),
        optional_column("strike", "number", "Strike; empty = at the money.", RATE_UNIT),
        Column("kind", "text", "Model of the quote.", allowed=("normal", "lognormal")),
        optional_column("shift", "number", "Shift of a lognormal quote.", "rate", 0),
        Column("value", "number", "Volatility a year: 0.0085 is 85 bp normal, 0.25 is 25% lognormal.", minimum=0),
    ),
    key=("as_of", "currency", "index", "kind", "strike", "expiry_months", "tenor_months"),
    rules=(full_grid, volatilities_in_unit),
)
FX_TABLE = TableContract(
    "fx",
    1,
    "fx",
    "Exchange rates; required as soon as a book has two currencies.",
    (
        Column("as_of", "date", "Date of the rate."),
        Column("currency", "text", "ISO currency."),
        Column("reporting_currency", "text", "ISO currency that the results are in."),
        Column("rate", "number", "Units of the reporting currency for one unit of the currency.", minimum=1e-12),
    ),
    key=("as_of", "currency", "reporting_currency"),
)

RATE_HISTORY = ContractGroup("rate_history", 1, (RATES_TABLE,))
CURVES = ContractGroup("curves", 1, (CURVES_TABLE,))
VOLS = ContractGroup("vols", 1, (VOLS_TABLE,))
FX = ContractGroup("fx", 1, (FX_TABLE,))
MARKET_CONTRACTS = (RATE_HISTORY, CURVES, VOLS, FX)
