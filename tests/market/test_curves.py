"""Curves, curve sets and rate histories: what they answer, and what they refuse."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from behavior.errors import MarketDataError
from behavior.market.curves import CurveSet, RateCurve, times_of
from behavior.market.history import RateHistory
from behavior.market.volatilities import VolatilitySet

AS_OF = date(2022, 3, 31)
MONTHS = np.array([0, 3, 6, 12, 24, 36, 60, 84, 120, 180, 240, 360], dtype=float)
ZEROS = np.array([4.30, 4.25, 4.15, 3.95, 3.75, 3.70, 3.80, 3.95, 4.15, 4.40, 4.50, 4.45]) / 100


def table(currency: str = "USD", index: str = "discount", as_of: str = "2022-03-31") -> pd.DataFrame:
    return pd.DataFrame(
        {"as_of": pd.Timestamp(as_of), "currency": currency, "index": index, "months": MONTHS, "zero_rate": ZEROS}
    )


def test_tenors_are_dates_months_on() -> None:
    curve = RateCurve(AS_OF, "USD", "discount", MONTHS, ZEROS)
    assert curve.times[3] == 365 / 365
    assert curve.times[4] == 731 / 365

    assert curve.times[5] == 1096 / 365


def test_month_grid_times_are_twelfths() -> None:
    curve = RateCurve(AS_OF, "USD", "discount", MONTHS, ZEROS, time="month_grid")
    np.testing.assert_array_equal(curve.times, MONTHS / 12)
    dates = ["2022-03-31", "2022-04-30", "2022-05-31", "2023-03-31", "2022-04-15"]
    np.testing.assert_allclose(times_of(AS_OF, dates, "month_grid"), [0, 1 / 12, 2 / 12, 1.0, 0.5 / 12])


def test_linear_zero_and_log_linear_factors_between_nodes() -> None:
    months, rates = [12, 36], [0.02, 0.04]
    linear = RateCurve(AS_OF, "USD", "discount", months, rates, "linear", "month_grid")
    assert float(linear.zero_rate(2.0)) == pytest.approx(0.03)
    assert float(linear.discount_factor(2.0)) == pytest.approx(np.exp(-0.06))
    log = RateCurve(AS_OF, "USD", "discount", months, rates, "log_linear", "month_grid")
    assert float(log.discount_factor(2.0)) == pytest.approx(np.sqrt(np.exp(-0.02) * np.exp(-0.12)))
    assert float(log.zero_rate(10.0)) == 0.04
    assert float(log.zero_rate(0.5)) == pytest.approx(0.02)
    begun = RateCurve(AS_OF, "USD", "discount", [0, 12], [0.01, 0.03], "log_linear", "month_grid")
    np.testing.assert_allclose(begun.zero_rate([0.0, 1e-9, 0.5]), 0.03)


def test_driver_forwards_do_not_saw() -> None:
    curve = RateCurve(AS_OF, "USD", "discount", MONTHS, ZEROS, "linear", "month_grid")
    start = np.arange(0, 120) / 12
    smooth = curve.forward_zero(start, start + 1 / 12)
    sawn = curve.simple_forward(start, start + 1 / 12, 1 / 12)
    assert np.abs(np.diff(smooth)).max() < 0.5 * np.abs(np.diff(sawn)).max()
    assert float(curve.forward_zero(0.0, 5.0)) == pytest.approx(0.038)
    assert float(curve.forward_zero(1.0, 1.0)) == pytest.approx(0.0395)


def test_simple_forward_by_hand() -> None:
    curve = RateCurve(AS_OF, "USD", "discount", [12], [0.05])
    expected = (np.exp(0.05 * 0.25) - 1) / 0.25
    assert float(curve.simple_forward(1.0, 1.25, 0.25)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("months", "rates", "message"),
    [
        ([], [], "at least one"),
        ([1, 2], [0.01], "2 tenors and 1 rates"),
        ([1, np.nan], [0.01, 0.02], "not finite"),
        ([1, 2], [0.01, np.inf], "not finite"),
        ([2, 1], [0.01, 0.02], "rise"),
        ([1, 1], [0.01, 0.02], "rise"),
        ([-1, 1], [0.01, 0.02], "≥ 0"),
    ],
)
def test_faulty_curves_are_refused(months: list[float], rates: list[float], message: str) -> None:
    with pytest.raises(MarketDataError, match=message):
        RateCurve(AS_OF, "USD", "discount", np.array(months), np.array(rates))


@pytest.mark.parametrize(("interpolation", "time"), [("cubic", "exact"), ("linear", "days")])
def test_unknown_conventions_are_refused(interpolation: str, time: str) -> None:
    with pytest.raises(MarketDataError, match="expected"):
        RateCurve(AS_OF, "USD", "discount", MONTHS, ZEROS, interpolation, time)  # type: ignore[arg-type]


def test_a_curve_does_not_change_with_the_array_it_came_from() -> None:
    rates = ZEROS.copy()
    curve = RateCurve(AS_OF, "USD", "discount", MONTHS, rates)
    rates[0] = 1.0
    assert curve.zero_rates[0] == ZEROS[0]
    with pytest.raises(ValueError, match="read-only"):
        curve.zero_rates[0] = 1.0


def test_curve_set_takes_one_date_of_a_table() -> None:
    rows = pd.concat([table(), table("CHF"), table(index="SOFR_3M"), table(as_of="2021-12-31")])
    curves = CurveSet.from_table(rows.sample(frac=1, random_state=1), "2022-03-31")
    assert curves.as_of == AS_OF
    assert curves.currencies == ("CHF", "USD")
    assert curves.indices("USD") == ("SOFR_3M", "discount")
    assert curves.has("USD", "SOFR_3M")
    assert not curves.has("CHF", "SOFR_3M")
    np.testing.assert_array_equal(curves.discounting("USD").zero_rates, ZEROS)
    assert CurveSet.from_table(rows).as_of == AS_OF
    assert CurveSet.from_table(rows, date(2021, 12, 31)).currencies == ("USD",)


def test_what_a_curve_set_lacks_is_named() -> None:
    curves = CurveSet.from_table(table())
    with pytest.raises(MarketDataError, match="no curve for EUR `discount`; held: USD discount"):
        curves.discounting("EUR")
    with pytest.raises(MarketDataError, match="no curve as of 2020-01-31; the table holds 1 dates from 2022-03-31"):
        CurveSet.from_table(table(), "2020-01-31")
    with pytest.raises(MarketDataError, match="empty"):
        CurveSet.from_table(table().iloc[:0])
    with pytest.raises(MarketDataError, match="occurs twice"):
        CurveSet.of([curves.discounting("USD"), curves.discounting("USD")])
    with pytest.raises(MarketDataError, match="rise without repeats"):
        CurveSet.from_table(pd.concat([table(), table()]))


def test_history_never_looks_ahead() -> None:
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(["2022-02-10", "2022-01-05", "2022-01-05", "2022-03-01"]),
            "index": ["FEDFUNDS", "FEDFUNDS", "MORTGAGE30", "FEDFUNDS"],
            "value": [0.02, 0.01, 0.05, np.nan],
        }
    )
    history = RateHistory.from_table(rows, {"short": "FEDFUNDS", "mortgage": "MORTGAGE30"})
    found = history.at("short", ["2022-01-04", "2022-01-05", "2022-02-09", "2022-02-10", "2030-01-01", "NaT"])
    np.testing.assert_array_equal(found, [np.nan, 0.01, 0.01, 0.02, 0.02, np.nan])
    np.testing.assert_array_equal(history.monthly("FEDFUNDS", ["2022-01-01", "2022-02-28"]), [0.01, 0.02])
    assert history.has("mortgage")
    assert not history.has("policy")
    with pytest.raises(MarketDataError, match="no index or role `policy`"):
        history.at("policy", ["2022-01-01"])


def test_a_value_within_a_stretch_is_none_where_nothing_was_quoted_in_it() -> None:
    rows = pd.DataFrame({"date": pd.to_datetime(["2022-01-31", "2022-02-10"]), "index": "A", "value": [0.01, 0.02]})
    history = RateHistory.from_table(rows)
    after = ["2022-01-30", "2022-01-31", "2022-02-09", "2022-02-10"]
    until = ["2022-01-31", "2022-02-09", "2022-03-31", "2022-03-31"]
    np.testing.assert_array_equal(history.within("A", after, until), [0.01, np.nan, 0.02, np.nan])


def test_a_value_is_as_old_as_the_months_since_it_was_quoted() -> None:
    rows = pd.DataFrame({"date": pd.to_datetime(["2022-01-31", "2022-02-10"]), "index": "A", "value": [0.01, 0.02]})
    history = RateHistory.from_table(rows)
    ends = ["2021-12-31", "2022-01-31", "2022-02-28", "2022-03-31", "2023-02-28"]
    np.testing.assert_array_equal(history.months_old("A", ends), [0, 0, 0, 1, 12])
    np.testing.assert_array_equal(RateHistory.from_table(rows[:1]).months_old("A", ends), [0, 0, 1, 2, 13])


def test_volatilities_on_their_nodes_whatever_the_day() -> None:
    nodes = pd.DataFrame([(m, t, 0.001 * m + 0.0001 * t) for m in (12, 24) for t in (12, 60)])
    quotes = nodes.set_axis(["expiry_months", "tenor_months", "value"], axis=1).assign(
        as_of=pd.Timestamp("2023-12-31"), currency="USD", index="SOFR", kind="normal"
    )
    surface = VolatilitySet.from_table(quotes).of("USD", "SOFR")
    # A year from here has 366 days: expiries lie on dates, tenors are months.
    found = surface.at([366 / 365, 366 / 365, 731 / 365], [1.0, 5.0, 1.0])
    np.testing.assert_allclose(found, [0.0132, 0.018, 0.0252], rtol=1e-12)


def test_history_refuses_two_values_on_one_date() -> None:
    rows = pd.DataFrame({"date": pd.to_datetime(["2022-01-05"] * 2), "index": "A", "value": [0.01, 0.02]})
    with pytest.raises(MarketDataError, match="2022-01-05"):
        RateHistory.from_table(rows)
