"""Day counts and curves against QuantLib."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.market.curves import RateCurve
from behavior.months import add_months, roll_months, year_fraction
from tests.quantlib_dates import ql, quantlib_date

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
COUNTERS = {
    "30/360": ql.Thirty360(ql.Thirty360.BondBasis),
    "30/360 US": ql.Thirty360(ql.Thirty360.USA),
    "30E/360": ql.Thirty360(ql.Thirty360.EurobondBasis),
    "ACT/360": ql.Actual360(),
    "ACT/365F": ql.Actual365Fixed(),
    "ACT/ACT": ql.ActualActual(ql.ActualActual.ISDA),
}


@given(days, days, st.sampled_from(sorted(COUNTERS)))
def test_day_counts(first: date, second: date, day_count: str) -> None:
    start, end = sorted((first, second))
    expected = COUNTERS[day_count].yearFraction(quantlib_date(start), quantlib_date(end))
    assert float(year_fraction(start, end, day_count)) == pytest.approx(expected, abs=1e-11)


@given(days, st.integers(-240, 240))
def test_months_on(start: date, months: int) -> None:
    period = ql.Period(months, ql.Months)
    plain = ql.NullCalendar().advance(quantlib_date(start), period, ql.Unadjusted, False)
    ends = ql.NullCalendar().advance(quantlib_date(start), period, ql.Unadjusted, True)
    assert str(add_months(start, months)) == plain.ISO()
    assert str(roll_months(start, months)) == ends.ISO()


@given(days, st.data(), st.sampled_from(["linear", "log_linear"]))
def test_curves(as_of: date, data: st.DataObject, interpolation: str) -> None:
    tenors = sorted(data.draw(st.sets(st.integers(1, 360), min_size=2, max_size=8)))
    zeros = data.draw(st.lists(st.floats(-0.02, 0.12), min_size=len(tenors), max_size=len(tenors)))
    curve = RateCurve(as_of, "USD", "discount", np.array(tenors), np.array(zeros), interpolation)  # type: ignore[arg-type]
    start = quantlib_date(as_of)
    dates = [start + round(365 * time) for time in curve.times]
    if interpolation == "linear":
        oracle = ql.ZeroCurve([start, *dates], [zeros[0], *zeros], ql.Actual365Fixed())
    else:
        factors = curve.discount_factor(curve.times).tolist()
        oracle = ql.DiscountCurve([start, *dates], [1.0, *factors], ql.Actual365Fixed())
    inside = np.linspace(curve.times[0], curve.times[-1], 23)
    expected = [oracle.discount(float(time)) for time in inside]
    np.testing.assert_allclose(curve.discount_factor(inside), expected, rtol=1e-11)
    starts = inside[inside + 0.01 <= curve.times[-1]]
    forward = [oracle.forwardRate(float(time), float(time) + 0.01, ql.Simple).rate() for time in starts]
    np.testing.assert_allclose(curve.simple_forward(starts, starts + 0.01, 0.01), forward, atol=1e-10)
