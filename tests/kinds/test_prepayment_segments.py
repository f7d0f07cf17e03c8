"""Which segments a history of mortgages gets, and which curve a book's rows find: by what is said of their rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.assumptions.matching import match_segments
from behavior.assumptions.set import AssumptionTable
from behavior.benchmark.hazard_run import rows_judged
from behavior.benchmark.protocols import Protocol
from behavior.estimators.champion import Roles
from behavior.features.base import FeatureMatrix
from behavior.kinds._prepayment_export import macros_in_words
from behavior.kinds._prepayment_resets import Resets, resets_matter, without_resets
from behavior.kinds._prepayment_segments import curves_by_rate, of_assets, segments_found
from behavior.kinds._prepayment_words import currencies_in_words
from behavior.kinds._segments import scheme_of
from behavior.panel.base import Panel
from behavior.panel.resets import PERIODS, PHASES, phases_of
from behavior.quantities import Quantity
from behavior.specs import ModelSpec
from tests.spec_examples import PREPAYMENT, spec_of


def spec(by: str = '["product"]', least: int = 10) -> ModelSpec:
    more = f"""
[segments]
by = {by}
minimum_exposure_months = {least}
[options]
segments_otherwise = ["rate_type", "fixation_months"]
"""
    return spec_of(*PREPAYMENT, "best", more)


def panel(**columns: object) -> pd.DataFrame:
    """Forty months: fixed for life, five and ten years fixed, and two of an odd fixation."""
    base = {
        "rate_type": pd.Categorical(["fixed"] * 15 + ["arm"] * 25),
        "fixation_months": np.repeat([0.0, 60.0, 120.0, 84.0], [15, 12, 11, 2]),
        "weight": 1.0,
    }
    return pd.DataFrame(base).assign(**columns)


def curve(segment: tuple[str, ...]) -> AssumptionCurve:
    return AssumptionCurve(segment, np.array([1, 120]), {}, np.array([0.01, 0.01]))


def exported(table: pd.DataFrame, found: ModelSpec) -> AssumptionTable:
    scheme, curves = of_assets(scheme_of(found), tuple(curve(one) for one, _ in curves_by_rate(table, found)))
    return AssumptionTable(
        "payoff", Effect.RUNOFF, Quantity.MONTHLY_HAZARD, scheme, curves, "payoff", MonthMeaning.SINCE_ORIGINATION
    )


def test_without_the_columns_named_rates_divide_a_history_and_it_is_said() -> None:
    found = segments_found(spec(), panel())
    assert found.spec.segments.by == ("rate_type", "fixation_months")
    assert found.words.startswith("the history has no product, so that rate_type and fixation_months divide it: ")
    assert "floating / 60" in found.words and "arm" not in found.words


@pytest.mark.parametrize(
    "columns",
    [{"product": "mortgage"}, {"rate_type": "fixed", "fixation_months": 0.0}],
    ids=["the bank's own columns", "one kind of rate"],
)
def test_what_the_bank_names_or_one_kind_of_rate_stays_as_it_was(columns: dict[str, object]) -> None:
    assert segments_found(spec(), panel(**columns)).spec == spec()


def test_a_benchmark_judges_by_the_segments_that_the_model_has() -> None:
    table = panel(unit="U", customer="C", month=pd.Timestamp("2020-01-31"), age_months=np.arange(40.0), payoff=0.0)
    rows = rows_judged(Panel(table, {}), spec(), Protocol(), "payoff", np.arange(20), 12.0)
    assert set(rows.buckets["segment"]) == {"fixed / 0", "floating / 60"}
    pooled = rows_judged(Panel(table, {}), spec(least=30), Protocol(), "payoff", np.arange(20), 12.0)
    assert "segment" not in pooled.buckets


def test_too_few_loans_of_another_kind_are_pooled_and_it_is_said() -> None:
    found = segments_found(spec(least=30), panel())
    assert found.spec == spec(least=30) and "too few" in found.words


def test_rows_of_a_book_find_their_own_curve_or_a_wider_one_and_deposits_none() -> None:
    table = exported(panel(), segments_found(spec(), panel()).spec)
    assert [one.segment for one in table.curves] == [
        ("asset", "floating", "120"),
        ("asset", "floating", "60"),
        ("asset", "fixed", "pooled"),
        ("asset", "floating", "pooled"),
        ("asset", "pooled", "pooled"),
    ]
    book = pd.DataFrame(
        {
            "side": ["asset"] * 5 + ["liability"],
            "rate_type": ["fixed", "floating", "floating", "floating", "administered", "fixed"],
            "fixation_months": [0.0, 60.0, 84.0, np.nan, np.nan, np.nan],
        }
    )
    assert match_segments(book, table).curve_index.tolist() == [2, 1, 3, 3, 4, -1]
    plain = match_segments(book.drop(columns="fixation_months"), table)
    assert plain.curve_index.tolist() == [2, 3, 3, 3, 4, -1]


def test_a_segment_by_rate_needs_the_months_that_its_option_names_whatever_others_need() -> None:
    named = spec(least=1)
    asking = named.model_copy(update={"options": {**named.options, "segments_otherwise_months": 12}})
    found = segments_found(asking, panel()).spec
    narrow = [one for one, _ in curves_by_rate(panel(), found) if one[1] != "pooled"]
    assert narrow == [("floating", "60")]
    few = asking.model_copy(update={"options": {**asking.options, "segments_otherwise_months": 26}})
    assert segments_found(few, panel()).spec == few


def test_one_column_alone_divides_as_well() -> None:
    table = panel().drop(columns="fixation_months")
    found = segments_found(spec(), table).spec
    assert [one for one, _ in curves_by_rate(table, found)] == [("fixed",), ("floating",), ("pooled",)]


def test_the_grid_shows_each_reset_and_loans_stand_at_a_node_as_their_fixation_says() -> None:
    table = panel().assign(resets_strayed=0.0)
    mask = (table["rate_type"] == "arm").to_numpy()
    resets = Resets.of(table, mask, mask)
    assert resets.shown == (60, 84, 120)
    ages = resets.ages(130)
    assert {57, 58, 60, 61, 63, 64, 66, 67, 81, 87, 117, 121, 127} <= set(ages.tolist()) and 72 not in ages
    levels = {"reset_phase": tuple(sorted(PHASES)), "fixed_period": PERIODS}
    matrix = FeatureMatrix((), np.empty((0, 0)), (), levels)
    codes = resets.codes(matrix, np.array([0, 12]), 61.0)
    assert codes["reset_phase"][0] == levels["reset_phase"].index("+1") and np.isnan(codes["reset_phase"][1])
    assert codes["fixed_period"].tolist() == [PERIODS.index("after"), PERIODS.index("first")]


def test_loans_that_stray_have_one_reset_on_the_grid() -> None:
    table = panel().assign(resets_strayed=1.0)
    mask = (table["fixation_months"] == 60.0).to_numpy()
    assert Resets.of(table, mask, mask).ages(360).max() == 67


@pytest.mark.parametrize("peak", [1.0, 6.0])
def test_features_of_resets_are_kept_where_payoffs_ask_for_them(peak: float) -> None:
    rng = np.random.default_rng(5)
    age = rng.integers(1, 120, 60_000).astype(np.float64)
    phase = phases_of(age, np.full(age.size, 60.0), np.zeros(age.size, dtype=bool)).astype(np.float64)
    phase[phase < 0] = np.nan
    happened = (rng.random(age.size) < 0.01 * np.where(phase == PHASES.index("+1"), peak, 1.0)).astype(np.float64)
    matrix = FeatureMatrix(
        ("age_months", "reset_phase"),
        np.column_stack([age, phase]),
        (0, 0),
        {"reset_phase": PHASES},
    )
    assert without_resets(matrix).names == ("age_months",)
    assert resets_matter(matrix, happened, np.ones(age.size), Roles("", "age_months", "")) == (peak > 1.0)


def test_a_step_at_the_end_of_a_fixed_period_is_found_though_a_smooth_age_hides_most_of_it() -> None:
    rng = np.random.default_rng(7)
    age = rng.integers(1, 120, 120_000).astype(np.float64)
    passed = (age > 60).astype(np.float64)
    happened = (rng.random(age.size) < 0.01 * np.where(passed > 0, 2.0, 1.0)).astype(np.float64)
    matrix = FeatureMatrix(
        ("age_months", "fixed_period"),
        np.column_stack([age, passed]),
        (0, 0),
        {"fixed_period": PERIODS},
    )
    assert resets_matter(matrix, happened, np.ones(age.size), Roles("", "age_months", ""))


def test_loans_in_several_currencies_on_one_market_rate_are_said() -> None:
    table = panel(currency=pd.Categorical(["USD"] * 30 + ["EUR"] * 10))
    words = currencies_in_words(Panel(table), spec())
    assert "EUR, USD" in words and "`mortgage`" in words and "market_rate" in words
    assert not currencies_in_words(Panel(table[:30]), spec()) and not currencies_in_words(Panel(panel()), spec())
    for nothing in ("", None):
        silent = panel(currency=pd.Categorical(["USD"] * 30 + [nothing] * 10))
        assert "USD and 10 loan-months that name no currency" in currencies_in_words(Panel(silent), spec())


def test_a_table_says_at_what_value_a_macro_is_held_and_what_a_point_more_would_do() -> None:
    class Falling:
        def predict_hazard(self, matrix: FeatureMatrix) -> np.ndarray:
            return 0.01 * np.exp(-10.0 * (matrix.values[:, 0] - 0.05))

    matrix = FeatureMatrix(("unemployment_rate",), np.full((4, 1), 0.05))
    last = np.array([False, False, True, True])
    words = macros_in_words(Falling(), matrix, np.array([1.0, 1.0, 2.0, 3.0]), last)
    said = "unemployment_rate 0.05, of which 0.01 more multiplies the hazard by 0.905"
    assert words == f"held at their last values; {said}"
    assert macros_in_words(Falling(), FeatureMatrix(("other",), matrix.values), np.ones(4), last) == (
        "held at their last values"
    )
