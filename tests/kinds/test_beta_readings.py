"""Readings of a fitted law: betas by cycle, rolling windows and the replicating portfolio."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.pass_through_path import PassThroughLaw
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_fit import FitOptions
from behavior.kinds._beta_ladders import ladder_indices, ladders_of, tenor_months, with_ladders
from behavior.kinds._beta_paths import law_path
from behavior.kinds._beta_readings import cycle_readings, replication_exhibit, rolling_exhibits
from behavior.market.history import RateHistory
from tests.estimators.pass_through_cases import Truth, constant, series_of

MONTHS = 160
ENDS = pd.date_range("2008-01-31", periods=MONTHS, freq="ME")
NUMBERS = 456 + np.arange(MONTHS)


def history(names: tuple[str, ...], seed: int = 3) -> RateHistory:
    generator = np.random.default_rng(seed)
    walks = 0.03 + np.cumsum(0.001 * generator.standard_normal((MONTHS, len(names))), axis=0)
    parts = [pd.DataFrame({"date": ENDS, "index": name, "value": walks[:, at]}) for at, name in enumerate(names)]
    return RateHistory.from_table(pd.concat(parts), {"short": names[0]})


def rows_of(numbers: np.ndarray, period: int = 1) -> pd.DataFrame:
    return pd.DataFrame({"month_number": numbers, "period_months": period})


def test_tenors_are_read_from_names_and_nothing_is_guessed():
    assert [tenor_months(name) for name in ("UST_3M", "SWAP_10Y", "FEDFUNDS", "MORTGAGE30", "GS10")] == [
        3,
        120,
        None,
        None,
        None,
    ]
    rates = history(("FEDFUNDS", "SWAP_2Y", "SWAP_5Y", "UST_2Y", "UST_30Y", "MORTGAGE30"))
    assert ladder_indices(rates, "short", "SWAP") == {1: "FEDFUNDS", 24: "SWAP_2Y", 60: "SWAP_5Y"}
    assert ladder_indices(rates, "short", "UST") == {1: "FEDFUNDS", 24: "UST_2Y"}
    assert ladder_indices(rates, "short", "GILT") == {1: "FEDFUNDS"}
    assert ladder_indices(rates, "UST_2Y", "UST") == {24: "UST_2Y"}


def test_a_ladder_pays_the_mean_of_the_months_it_was_bought_in():
    rates = history(("SHORT", "SWAP_1Y"))
    rows = with_ladders(rows_of(NUMBERS), rates, "short", "SWAP")
    assert list(ladders_of(list(rows.columns))) == [1, 12]
    year = rows["ladder_12_months_SWAP_1Y"].to_numpy()
    assert np.isnan(year[:11]).all() and np.isfinite(year[11:]).all()
    assert year[30] == pytest.approx(rates.values["SWAP_1Y"][19:31].mean())
    # A quarter's average gets the ladder's average over the quarter.
    quarters = with_ladders(rows_of(NUMBERS[32::3], 3), rates, "short", "SWAP")["ladder_12_months_SWAP_1Y"].to_numpy()
    assert quarters[1] == pytest.approx(year[33:36].mean())


def test_a_rate_that_is_no_longer_quoted_fills_no_ladder():
    rates = history(("SHORT", "SWAP_1Y"))
    short = RateHistory(
        {"SHORT": rates.dates["SHORT"], "SWAP_1Y": rates.dates["SWAP_1Y"][:100]},
        {"SHORT": rates.values["SHORT"], "SWAP_1Y": rates.values["SWAP_1Y"][:100]},
        rates.roles,
    )
    rows = with_ladders(rows_of(NUMBERS), short, "short", "SWAP")
    assert rows["ladder_12_months_SWAP_1Y"].notna().sum() == 100 - 11 + 2


def table_of(paid: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": "one",
            "segment": "one",
            "weight": 1.0,
            "actual": paid,
            "predicted": np.where(NUMBERS > 456, paid, np.nan),
        }
    )


def test_the_replicating_portfolio_finds_the_ladders_that_were_mixed():
    panel = with_ladders(rows_of(NUMBERS), history(("SHORT", "SWAP_1Y", "SWAP_3Y", "SWAP_10Y")), "short", "SWAP")
    paid = (
        (0.3 * panel["ladder_1_months_SHORT"] + 0.7 * panel["ladder_36_months_SWAP_3Y"] - 0.004).fillna(0.01).to_numpy()
    )
    shown = replication_exhibit(panel, table_of(paid), "SWAP")
    assert "1 SHORT, 12 SWAP_1Y, 36 SWAP_3Y, 120 SWAP_10Y" in shown.note
    found = shown.data.set_index("of")
    row = found.loc["rate paid"]
    # The ladder of ten years is filled in a quarter of the months only, and is left out.
    assert row["months"] == MONTHS - 35 and np.isnan(row["120M, %"])
    assert row[["1M, %", "12M, %", "36M, %"]].tolist() == pytest.approx([30.0, 0.0, 70.0], abs=1e-6)
    assert row["margin, bp"] == pytest.approx(40.0, abs=1e-6)
    assert row["duration, years"] == pytest.approx((0.3 * 1 + 0.7 * 36) / 24)
    assert found.loc["the law's path", "36M, %"] == pytest.approx(70.0, abs=1e-6)


def test_without_rates_of_several_tenors_no_portfolio_is_invented():
    panel = with_ladders(rows_of(NUMBERS), history(("SHORT", "MORTGAGE30")), "short", "SWAP")
    found = replication_exhibit(panel, table_of(np.full(MONTHS, 0.01)), "SWAP")
    assert "no market rates named SWAP" in found.note
    assert list(found.data.columns) == ["segment", "ladders"]


def test_ladders_of_another_market_are_not_used_unasked():
    panel = rows_of(NUMBERS)
    found = replication_exhibit(panel, table_of(np.full(MONTHS, 0.01)), None)
    assert "names no market rates" in found.note and "`ladders`" in found.note


def test_series_that_share_a_segment_are_told_apart():
    levels = 0.03 + 0.02 * np.sin(np.arange(80) / 9.0)
    series = [replace(series_of(levels, 0.4 * levels, name), segment=("savings",)) for name in ("bank a", "bank b")]
    assert set(rolling_exhibits(series)[0].data["segment"]) == {"bank a", "bank b"}


def test_betas_by_cycle_are_read_at_the_last_step_and_where_the_rate_paid_settles():
    levels = np.concatenate([np.full(6, 0.01), np.linspace(0.01, 0.05, 17), np.full(40, 0.05), np.full(40, 0.02)])
    truth = Truth(constant(0.5), 0.1, 0.3)
    one = series_of(levels, truth.simulate(levels))
    model = StructuralPassThrough(FitOptions(replicates=0, largest_delay=0)).fit([one])
    shown = cycle_readings(model, law_path(model.law, 0.0, lambda _: None), [one], 10_000).data
    up, down = (shown.iloc[place] for place in (0, 1))
    paid = one.rate_paid
    assert up["move, bp"] == pytest.approx(400.0) and down["move, bp"] == pytest.approx(-300.0)
    assert up["interim, paid"] == pytest.approx((paid[22] - paid[5]) / 0.04)
    assert up["terminal, paid"] == pytest.approx((paid[62] - paid[5]) / 0.04)
    assert up["last step"] == str(np.datetime64(360 + 22, "M"))
    assert up["interim, law"] == pytest.approx(up["interim, paid"], abs=0.005)
    assert up["terminal, law"] == pytest.approx(up["terminal, paid"], abs=0.005)
    assert up["long-run, law"] == pytest.approx(0.5, abs=0.01)
    assert up["interim, paid"] < up["terminal, paid"] < up["long-run, law"]
    assert down["settled"].endswith("so far") and not up["settled"].endswith("so far")


def test_a_short_rate_that_never_turned_has_no_cycle_and_says_so():
    levels = np.linspace(0.01, 0.015, 60)
    one = series_of(levels, 0.5 * levels)
    law = PassThroughLaw(np.array([0.01]), np.array([0.5]), 0.2, 0.2)
    model = StructuralPassThrough(FitOptions(replicates=0, largest_delay=0)).fit([one])
    assert (
        "no move"
        in cycle_readings(model, law_path(lambda _: law, 0.0, lambda _: None), [one], 10_000).data.loc[0, "betas"]
    )


def test_rolling_windows_show_a_beta_that_changed():
    levels = 0.03 + 0.02 * np.sin(np.arange(200) / 9.0)
    paid = np.concatenate([0.2 * levels[:100], 0.2 * levels[100] + 0.6 * (levels[100:] - levels[100])])
    table, picture = rolling_exhibits([series_of(levels, paid)])
    row = table.data.iloc[0]
    assert row["window, months"] == 60 and row["windows"] == 141
    assert picture.data["one"].iloc[0] == pytest.approx(0.2) and row["last window"] == pytest.approx(0.6)
    assert row["lowest"] < float(str(row["all months"]).split()[0]) < row["highest"]
    assert len(picture.data) == 141
    still = rolling_exhibits([series_of(np.full(60, 0.01), np.full(60, 0.01))])
    assert len(still) == 1 and still[0].data.loc[0, "all months"] == "not told"
