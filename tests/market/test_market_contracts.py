"""Market data at the door: curves, surfaces, exchange rates and fixings."""

from __future__ import annotations

import pandas as pd

from behavior.contracts import check
from behavior.market.contracts import CURVES_TABLE, FX_TABLE, RATES_TABLE, VOLS_TABLE

DAY = pd.Timestamp("2022-03-31")


def _curve(**changes: object) -> pd.DataFrame:
    table = pd.DataFrame(
        {"as_of": DAY, "currency": "USD", "index": "discount", "months": [3, 12], "zero_rate": [0.01, 0.02]}
    )
    return table.assign(**changes)  # type: ignore[arg-type]


def test_a_good_curve_passes_with_a_driver_at_tenor_zero() -> None:
    driver = _curve(index="MORTGAGE30", months=[0, 1])
    assert check(pd.concat([_curve(), driver], ignore_index=True), CURVES_TABLE) == []


def test_every_currency_needs_a_discount_curve() -> None:
    table = pd.concat([_curve(), _curve(currency="EUR", index="EURIBOR")], ignore_index=True)
    assert [(one.column, one.value, one.rule) for one in check(table, CURVES_TABLE)] == [
        ("index", "EUR", "expected an index `discount` for every currency")
    ]


def test_missing_and_repeated_tenors() -> None:
    faults = check(_curve(months=[3.0, float("nan")]), CURVES_TABLE)
    assert [(one.where, one.column, one.rule) for one in faults] == [
        ("curves, row 2", "months", "a value is required here")
    ]
    (again,) = check(_curve(months=[3, 3]), CURVES_TABLE)
    assert again.rule.startswith("duplicate key")


def test_zero_rates_in_percent_are_refused_not_converted() -> None:
    faults = check(_curve(zero_rate=[1.5, 2.0]), CURVES_TABLE)
    assert [(one.where, one.value) for one in faults] == [("curves, row 1", "1.5"), ("curves, row 2", "2")]
    assert check(_curve(zero_rate=[1.5, 2.0]), CURVES_TABLE, declared=("zero_rate",)) == []
    (column,) = check(_curve(zero_rate=[0.5, 0.9]), CURVES_TABLE)
    assert column.where == "curves" and "looks like percent" in column.rule


def test_one_index_in_percent_among_decimals_is_found() -> None:
    dates = pd.date_range("2020-01-31", periods=12, freq="ME")
    good = pd.DataFrame({"date": dates, "index": "MORTGAGE30", "value": 0.03})
    percent = pd.DataFrame({"date": dates, "index": "FEDFUNDS", "value": 0.65}).iloc[:2]
    faults = check(pd.concat([good, percent], ignore_index=True), RATES_TABLE)
    assert [one.value for one in faults if one.value is not None] == ["FEDFUNDS: 0.65"]


def test_fixings_rise_within_an_index() -> None:
    table = pd.DataFrame(
        {"date": pd.to_datetime(["2020-02-29", "2020-01-31", "2020-01-31"]), "index": ["A", "A", "B"], "value": 0.01}
    )
    (fault,) = check(table, RATES_TABLE)
    assert fault.where == "rates, row 2"
    assert "dates out of order" in fault.rule


def test_a_surface_without_one_of_its_nodes() -> None:
    table = pd.DataFrame(
        {
            "as_of": DAY,
            "currency": "USD",
            "index": "SOFR",
            "expiry_months": [12, 12, 60],
            "tenor_months": [12, 60, 12],
            "kind": "normal",
            "value": 0.008,
        }
    )
    (fault,) = check(table, VOLS_TABLE)
    assert fault.column == "tenor_months"
    assert str(fault.value).endswith("expiry 60, no tenor 60")
    assert check(table.iloc[:2], VOLS_TABLE) == []


def test_exchange_rates_are_above_zero() -> None:
    table = pd.DataFrame({"as_of": DAY, "currency": "EUR", "reporting_currency": "USD", "rate": [0.0]})
    assert [one.column for one in check(table, FX_TABLE)] == ["rate"]
