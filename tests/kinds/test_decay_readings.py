"""What stands beside decay curves: lives and durations, core shares of cohorts, surge layers with their errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import AssumptionCurve, AverageLife
from behavior.assumptions.effects import Driver, View
from behavior.kinds._decay_core import (
    balances_by_month,
    beyond_the_model,
    carried,
    core_by_cohort,
    recent_rows,
    surge_layer,
    units_of,
)
from behavior.kinds._decay_lives import SegmentReading, _static_beta, core_path, effective_duration, lives_exhibit
from behavior.panel.landmarks import balance_grid


def reading(decay: float = 0.01, slope: float = 0.0, band: float = 0.0, beta: float = 0.0) -> SegmentReading:
    """One decay in every month, `slope` more per unit of spread, seen for 120 months."""
    months, spreads = np.array([1, 120, 360]), np.array([-0.02, 0.0, 0.02])
    values = np.clip(decay + slope * spreads[:, None] + np.zeros((3, 3)), 0.0, 1.0)
    seen = np.where(months <= 120, 50.0, 0.0) * np.ones((3, 1))
    curve = AssumptionCurve(
        ("checking",),
        months,
        {Driver.RATE_SPREAD: spreads},
        values,
        view=View.WITH_REDEPOSITS,
        lower=values - band,
        upper=values + band,
        exposure_months=seen,
    )
    return SegmentReading((curve,), 0.0, 0.02, 0.005, beta)


def test_average_life_of_a_constant_decay_is_that_of_the_specification() -> None:
    """Month ends without a horizon: 1 / (12 d) = 8.3333 years at 1%; the rest of month 480 is repaid there."""
    life = AverageLife.of(reading().survival(), 120)
    assert life.years == pytest.approx((1.0 - 0.99**480) / 0.12)
    assert life.share_beyond == pytest.approx((0.99**120 - 0.99**480) / (1.0 - 0.99**480))


def test_the_share_beyond_the_data_has_a_band_and_so_has_the_life() -> None:
    (row,) = lives_exhibit({"checking": reading(band=0.002)}).data.to_dict("records")
    assert row["fast end of its 90% band"] < row["average life, years"] < row["slow end"]
    assert row["at the fast end, %"] < row["beyond the data, % of life"] < row["at the slow end, %"]


def test_between_the_data_and_its_last_month_a_curve_is_its_own_and_the_tail_rule_speaks_after_it() -> None:
    """Nothing is stretched or replaced where exposure ends, and the words beside the life say no more than that."""
    plain = reading()
    curve = plain.curves[0]
    falling = replace(plain, curves=(replace(curve, values=curve.values * np.array([1.0, 1.0, 0.5])),))
    survival = falling.survival()
    hazard = 1.0 - survival[1:] / survival[:-1]
    assert falling.last_observed_month == 120
    assert hazard[238] == pytest.approx(0.0075), "month 240 lies half way from 1% to half of it"
    assert hazard[358] == pytest.approx(0.005) and hazard[360] == pytest.approx(0.01), "the mean of 24 observed months"
    note = lives_exhibit({"checking": falling}).note
    assert "carried on to its last month, and follow the set's tail rule after it" in note


def test_duration_is_shortened_by_beta_and_by_decay_that_answers() -> None:
    still, paying = reading(), reading(beta=0.4)
    answering = reading(slope=0.3)
    assert effective_duration(paying) < effective_duration(still)
    assert effective_duration(answering) < effective_duration(still)
    assert np.isnan(effective_duration(SegmentReading(still.curves, 0.0, 0.02, np.nan, 0.1)))


def test_what_never_decays_and_pays_the_market_has_no_duration() -> None:
    one = SegmentReading(reading(0.0).curves, 0.0, 0.02, 0.02, 1.0)
    assert effective_duration(one) == pytest.approx(0.0, abs=1e-9)


def test_life_duration_and_repricing_are_three_numbers() -> None:
    (row,) = lives_exhibit({"checking": reading(beta=0.25)}).data.to_dict("records")
    assert row["repricing maturity, years"] == pytest.approx(0.75 * row["average life, years"])
    assert row["effective duration, years"] < row["average life, years"]


def test_the_static_beta_is_that_of_the_money() -> None:
    """Nine small accounts are paid nothing, one that holds nine tenths follows the market: nine tenths reprice."""
    months = np.repeat(pd.date_range("2020-01-31", periods=24, freq="ME"), 10)
    market = np.repeat(np.linspace(0.0, 0.04, 24), 10)
    large = np.tile(np.arange(10) == 0, 24)
    paid, weight = np.where(large, market, 0.0), np.where(large, 81.0, 1.0)
    history = pd.DataFrame({"month": months, "market_rate": market, "rate_paid": paid, "weight": weight})
    assert _static_beta(history) == pytest.approx(0.9)
    assert np.isnan(_static_beta(history.assign(weight=0.0)))
    assert np.isnan(_static_beta(history.assign(market_rate=0.02)))


def test_core_by_the_lower_path_never_stands_above_what_the_model_expects() -> None:
    """However fast totals have grown by new accounts: they are no part of the cohort."""
    expected, calm = core_path(reading(band=0.0005), 12, -2.3263, 0.007)
    _, wild = core_path(reading(band=0.0005), 12, -2.3263, 0.07)
    assert expected == pytest.approx(0.99**12)
    assert wild < calm < expected


def judged(moved: np.ndarray) -> pd.DataFrame:
    """Predictions of 1% a month whose totals move by so much more, in logarithms."""
    months = pd.date_range("2015-01-31", periods=len(moved), freq="ME")
    actual = 1.0 - 0.99 * np.exp(moved)
    return pd.DataFrame({"month": months, "weight": 100.0, "actual": actual, "predicted": 0.01})


def test_what_totals_move_by_beyond_the_model_is_found() -> None:
    """Of 1% a month over a year: 3.5% where every step stays, 1.4% where each is undone in the month after."""
    shock = 0.01 * np.random.default_rng(2).standard_normal(601)
    stays, goes = judged(shock[1:]), judged(np.diff(shock))
    assert beyond_the_model(stays, 12) == pytest.approx(0.01 * np.sqrt(12.0), rel=0.15)
    assert beyond_the_model(goes, 12) == pytest.approx(0.01 * np.sqrt(2.0), rel=0.1)


def test_a_short_history_says_by_single_months_what_a_year_moves_by() -> None:
    shock = 0.01 * np.random.default_rng(2).standard_normal(35)
    assert beyond_the_model(judged(shock), 12) == pytest.approx(float(np.sqrt(12.0 * np.mean(shock**2))))
    assert np.isnan(beyond_the_model(judged(shock[:6]), 12))


def panel_table(growing: bool) -> pd.DataFrame:
    """Ten accounts that lose 1% a month; where `growing`, one more of three times their size opens every month."""
    months = pd.date_range("2020-01-31", periods=24, freq="ME")
    rows = []
    for number in range(10 + (23 if growing else 0)):
        first = 0 if number < 10 else number - 9
        start = 100.0 if number < 10 else 300.0
        for place in range(first, 24):
            before = start * 0.99 ** (place - first)
            rows.append((f"A{number}", months[place], before, 0.99 * before, 0.99 * before, 1.0, 0.0, 0.0))
    names = ["unit", "month", "weight", "balance_before_interest", "balance_end", "balance_known", "closed", "migrated"]
    return pd.DataFrame(rows, columns=names)


@pytest.mark.parametrize("growing", [False, True], ids=["closed book", "new accounts every month"])
def test_the_rolling_minimum_follows_a_cohort(growing: bool) -> None:
    table = panel_table(growing)
    assert core_of(table) == pytest.approx(0.99**12)
    assert np.isnan(core_of(table, 30))


def core_of(table: pd.DataFrame, months: int = 12) -> float:
    window = table[recent_rows(table, months)]
    return core_by_cohort(balance_grid(window), units_of(window, np.ones(len(window), dtype=bool)), months)


def test_an_old_account_counts_in_the_core_for_what_it_holds() -> None:
    """Half the money leaves at 2% a month, half stays: interest that was credited years before changes nothing."""
    months = pd.date_range("2015-01-31", periods=60, freq="ME")
    rows = []
    for name, rate, decay in (("leaves", 0.02, 0.02), ("stays", 0.0, 0.0)):
        held = 100.0 / (1.0 + rate) ** 48
        for place, month in enumerate(months):
            kept = held * (1.0 - (decay if place >= 48 else 0.0))
            end = kept * (1.0 + (rate if place < 48 else 0.0))
            rows.append((name, month, held, kept, end, 1.0, 0.0, 0.0))
            held = end
    names = ["unit", "month", "weight", "balance_before_interest", "balance_end", "balance_known", "closed", "migrated"]
    assert core_of(pd.DataFrame(rows, columns=names)) == pytest.approx(0.5 * (1.0 + 0.98**12))


def test_a_masked_balance_stands_at_the_last_known_one() -> None:
    table = panel_table(growing=False)
    masked = table["month"] == table["month"].unique()[5]
    table.loc[masked, ["balance_end", "balance_before_interest"]] = np.nan
    balances = balances_by_month(table, np.ones(len(table), dtype=bool))
    assert balances[5] == pytest.approx(balances[4])
    assert carried(np.array([[np.nan, 5.0, np.nan, 3.0]])).tolist() == [[0.0, 5.0, 5.0, 3.0]]
    missing = table[~masked]
    assert np.isnan(balances_by_month(missing, np.ones(len(missing), dtype=bool))[5])


def test_a_surge_is_found_with_its_own_decay() -> None:
    month = np.arange(120)
    old = 100.0 * 1.002**month
    layer = np.where(month < 80, 0.0, 40.0 * 0.97 ** (month - 80))
    found = surge_layer(old + layer, 48)
    assert found.share == pytest.approx(layer[-1] / (old + layer)[-1], rel=1e-6)
    assert found.decay == pytest.approx(0.03, abs=1e-9)
    assert found.error == pytest.approx(0.0, abs=1e-9)


def test_without_a_surge_there_is_no_layer() -> None:
    found = surge_layer(100.0 * 0.999 ** np.arange(100), 40)
    assert np.isnan(found.share) or found.share == pytest.approx(0.0, abs=1e-9)


def test_a_layer_that_is_gone_has_no_decay_today() -> None:
    """However long ago it went: of nothing left, the months since its peak say no speed."""
    old = 100.0 * 1.002 ** np.arange(120)
    old[60:] *= np.where(np.arange(60) < 10, 1.3, 0.9)
    found = surge_layer(old, 48)
    assert found.share == 0.0 and np.isnan(found.decay)


def test_a_trend_carried_on_for_years_says_how_unsure_it_is() -> None:
    """A walk without any surge: what lies above its old trend is mostly less than the trend's own error."""
    rng = np.random.default_rng(8)
    said = []
    for _ in range(100):
        found = surge_layer(100.0 * np.exp(np.cumsum(0.02 * rng.standard_normal(120))), 48)
        assert found.error > 0
        said.append(found.share > 0)
    assert np.mean(said) < 0.25


def test_a_missing_month_leaves_no_answer() -> None:
    balances = 100.0 * 1.001 ** np.arange(100)
    balances[50] = np.nan
    found = surge_layer(balances, 40)
    assert np.isnan(found.share) and np.isnan(found.decay)
