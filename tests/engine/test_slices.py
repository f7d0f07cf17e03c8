"""Slices of renewed balance against dates one by one: their accrual by month, and the rate they begin at."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.engine.calendars import COUNTS, accrued, day_in_month, first_month
from behavior.engine.drivers import World
from behavior.engine.repricing import zero_at
from behavior.engine.slices import EVENTS, adds_up, share_keys, share_rows, zero_rates
from behavior.market.curves import CurveSet
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios, ramp
from behavior.market.shifts import Shift
from behavior.months import roll_months

DATES = st.dates(dt.date(2023, 1, 1), dt.date(2027, 12, 31))
DAYS = st.integers(1, 31)


@settings(max_examples=60, deadline=None)
@given(DATES, DAYS, st.integers(0, len(COUNTS) - 1), st.sampled_from([1, 2, 3, 6, 7, 12, 60, 84]), st.integers(1, 55))
def test_a_slice_accrues_by_month_as_its_periods_do(
    today: dt.date, day: int, count: int, period: int, begins: int
) -> None:
    as_of = np.datetime64(today, "D")
    one = [np.atleast_1d(np.int64(value)) for value in (day, count, period)]
    first, phases, columns = share_keys(*one)
    tail, head = share_rows(as_of, columns)[first[0] + begins % phases[0]]
    months = np.zeros(EVENTS + 2)
    months[begins : EVENTS + 1] += tail[begins : EVENTS + 1]
    months[begins + 1 : EVENTS + 2] += head[begins : EVENTS + 1]
    event = first_month(as_of, one[0])[0] - 1 + np.arange(begins, EVENTS + 2)
    dates = day_in_month(event, np.int64(day))
    bounds = roll_months(as_of, np.arange(EVENTS + 1))
    # Whole periods from the slice's own start, cut at the months' bounds.
    opens = np.arange(0, EVENTS + 1 - begins, period)
    start, close = dates[opens], day_in_month(event[0] + opens + period, np.int64(day))
    at = np.clip(bounds[None, :], start[:, None], close[:, None])
    spans = [np.full(at.shape, value) for value in (period, count)]
    edges = [np.broadcast_to(values[:, None], at.shape) for values in (start, close)]
    grown = accrued(*edges, at, *spans).sum(axis=0)
    np.testing.assert_allclose(months[begins:EVENTS], np.diff(grown)[begins - 1 : EVENTS - 1], atol=1e-12)


def world(today: dt.date, ramped: bool = False, rate_path: str = "forward") -> World:
    zeros = [0.01, 0.03, 0.02, 0.035]
    rows = [
        {"as_of": today, "currency": "USD", "index": "discount", "months": m, "zero_rate": z}
        for m, z in zip((0, 18, 60, 360), zeros, strict=True)
    ]
    found = [Scenario("base"), Scenario("up", {"USD": (Shift(parallel=0.02),)})]
    found.append(Scenario("twist", {"USD": (Shift(short=-0.02, long=0.015, decay_years=4.0),)}))
    if ramped:
        found.append(Scenario("ramp", {"USD": ramp(Shift(parallel=0.02), 12)}))
    curves = CurveSet.from_table(pd.DataFrame(rows))
    return World(apply_scenarios(curves, ScenarioSet(tuple(found)), rate_path=rate_path))  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(DATES, st.lists(st.tuples(DAYS, st.integers(1, 360)), min_size=1, max_size=6))
def test_zero_rates_from_the_table_are_those_date_by_date(today: dt.date, kinds: list[tuple[int, int]]) -> None:
    seen = world(today)
    assert adds_up(seen, "USD")
    day, term = (np.asarray(values, dtype=np.int64) for values in zip(*kinds, strict=True))
    as_of = np.datetime64(today, "D")
    found = zero_rates(seen, "USD", as_of, day, term)
    starts = day_in_month(first_month(as_of, day)[:, None] + np.arange(EVENTS)[None, :], day[:, None])
    slow = zero_at(seen, "USD", starts.ravel(), np.repeat(term, EVENTS)).reshape(found.shape)
    np.testing.assert_allclose(found, slow, atol=1e-12)


@pytest.mark.parametrize(("ramped", "path"), [(True, "forward"), (False, "constant")])
def test_rates_that_do_not_add_up_are_asked_date_by_date(ramped: bool, path: str) -> None:
    seen = world(dt.date(2025, 12, 31), ramped, path)
    assert not adds_up(seen, "USD")
    found = zero_rates(seen, "USD", np.datetime64("2025-12-31"), np.asarray([31]), np.asarray([12]))
    assert found.shape == (len(seen.curves), 1, EVENTS)
    assert np.isfinite(found).all()
