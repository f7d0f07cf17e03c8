"""A small segment's curve is its own: drawn to the others where few months speak, to its own closures where many do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import POOLED, View
from behavior.estimators.balance_decay import BalanceDecay
from behavior.estimators.decay_cells import sum_cells
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_closure import ClosureHazard
from behavior.kinds.base import ExportContext, FittedModel
from behavior.kinds.nmd_decay import KIND
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.split import nothing_held_back
from behavior.specs import ModelSpec, parse_spec

LARGE = (0.006, 0.009, 0.012, 0.02)
OWN = 0.05
MONTHS, ACCOUNTS, FEW = 60, 900, 25
CLOSING = {"retail": 0.006, "firm": 0.012, "club": 0.05}


def matrix_of(product: np.ndarray, age: np.ndarray) -> FeatureMatrix:
    names, levels = ("age_months", "product"), {"product": ("a", "b", "c", "d", "e")}
    return FeatureMatrix(names, np.column_stack([age, product]), (0, 0), levels)


def closing(exposure: int, order: tuple[int, ...] = (0, 1, 2, 3, 4)) -> np.ndarray:
    """Fitted hazards of four segments of 20,000 months and a fifth, of closures five times the usual, of `exposure`;
    `order` is the code that each of the five has."""
    rng = np.random.default_rng(1)
    product, age, event = [], [], []
    for place, (rate, count) in enumerate(zip((*LARGE, OWN), (*[20_000] * 4, exposure), strict=True)):
        product.append(np.full(count, order[place]))
        age.append(rng.integers(1, 120, count))
        happened = np.zeros(count)
        happened[: round(rate * count)] = 1.0  # as many as expected: the noise of one history is no part of these laws
        event.append(rng.permutation(happened))
    codes, ages, closed = np.concatenate(product), np.concatenate(age).astype(float), np.concatenate(event)
    model = ClosureHazard("", interacts=("product",), learns_smoothness=True, sample_share=1.0)
    model.fit(matrix_of(codes, ages), closed, np.ones(len(closed)))
    grid = np.arange(1.0, 120.0)
    each = [model.predict_hazard(matrix_of(np.full(len(grid), order[place]), grid)).mean() for place in range(5)]
    return np.asarray(each)


def test_a_segment_goes_from_the_others_to_its_own_as_its_months_grow() -> None:
    found = np.array([closing(count) for count in (20, 100, 500, 2_500, 20_000)])
    usual = np.exp(np.log(LARGE).mean())
    assert (np.diff(found[:, 4]) > 0).all()
    assert found[0, 4] < 2.0 * usual and found[-1, 4] == pytest.approx(OWN, rel=0.05)
    assert np.abs(found[:, :4] / np.array(LARGE) - 1.0).max() < 0.05  # and draws the large ones nowhere


def test_segments_are_told_apart_by_what_they_did_not_by_their_place() -> None:
    np.testing.assert_allclose(closing(500, (4, 2, 0, 1, 3)), closing(500), rtol=2e-3)


def cells(newcomer: float, months: int) -> BalanceDecay:
    """Balances of three segments over ten years that come and go, and of one opened `months` ago that drains."""
    rng, parts = np.random.default_rng(3), []
    for segment, (count, length) in enumerate([(60, 120)] * 3 + [(20, months)]):
        month = np.tile(np.arange(120 - length, 120), count)
        drift = -newcomer * (segment == 3) * np.tile(np.arange(length + 1), (count, 1))
        path = np.exp(8.0 + drift + 0.2 * rng.standard_normal((count, length + 1)) + rng.normal(0, 0.8, (count, 1)))
        who = np.repeat(np.arange(count), length) + 1000 * segment
        parts.append((month, np.full(len(month), segment), path[:, :-1].ravel(), path[:, 1:].ravel(), who))
    month, code, before, after, who = (np.concatenate(column) for column in zip(*parts, strict=True))
    columns = np.column_stack([code.astype(float), np.full(len(month), 30.0)])
    table = sum_cells(code * 1000 + month, columns, ("segment", "age_months"), before, after, month // 6, who)
    return BalanceDecay("", 4, ("age_months",)).fit(table)


def level(model: BalanceDecay) -> np.ndarray:
    columns = np.column_stack([np.arange(4.0), np.full(4, 30.0)])
    return model.log_decay(FeatureMatrix(("segment", "age_months"), columns, (0, 0)))


@pytest.mark.parametrize("drain", [0.0, 0.05])
def test_balances_of_a_segment_opened_lately_move_no_other_segments(drain: float) -> None:
    """Its months lie in one year: how sure they are of what they show is not to be read off their differing."""
    assert np.abs(level(cells(drain, 5))[:3] - level(cells(0.0, 120))[:3]).max() < 3e-4


def history() -> CustomerHistory:
    """Accounts of one product and three types, the third of few customers who close fast; balances stay as they are."""
    rng, months = np.random.default_rng(5), pd.date_range("2019-01-31", periods=MONTHS, freq="ME")
    accounts, rows = [], []
    for number in range(ACCOUNTS):
        name, kind = f"A{number:04d}", "club" if number < FEW else ("retail", "firm")[number % 2]
        begins, balance = int(rng.integers(0, MONTHS - 6)), round(float(np.exp(rng.normal(8.0, 0.5))), 2)
        begins = 0 if number % 2 else begins
        lasts = int(rng.geometric(CLOSING[kind]))
        ends = begins + lasts
        rows += [(name, one, balance, 0.0) for one in months[begins : min(ends, MONTHS)]]
        closes = months[ends] - pd.Timedelta(days=3) if ends < MONTHS else pd.NaT
        rows += [(name, months[ends], 0.0, 0.0)] if ends < MONTHS else []
        accounts.append((name, name, "checking", kind, months[begins] - pd.Timedelta(days=20), closes))
    account_names = ["account_id", "customer_id", "product", "customer_type", "open_date", "close_date"]
    month_names = ["account_id", "month", "balance", "interest_credited"]
    return CustomerHistory(
        "deposit_history/1",
        {
            "accounts": pd.DataFrame(accounts, columns=account_names),
            "account_months": pd.DataFrame(rows, columns=month_names),
        },
    )


@cache
def learnt() -> tuple[ModelSpec, Panel, FittedModel]:
    path = Path(__file__).resolve().parents[2] / "models" / "nmd_decay" / "spec.toml"
    spec = parse_spec(path.read_text().replace('"best"', '"spline_hazard"'), path.name)
    panel = KIND.build_panel(history(), RateHistory({}, {}), spec)
    return spec, panel, KIND.fit(panel, nothing_held_back(panel, spec.split, tuned=False), spec)


def curves(least: float | None = None) -> dict[str, AssumptionCurve]:
    """Exported curves by customer type, segments below `least` account-months pooled; None = as specified."""
    spec, panel, fitted = learnt()
    if least is not None:
        segments = spec.segments.model_copy(update={"minimum_exposure_months": least})
        fitted = replace(fitted, spec=spec.model_copy(update={"segments": segments}))
    table = KIND.export(fitted, ExportContext(panel.table["month"].max(), panel, RateHistory({}, {})))[0]
    return {one.segment[1]: one for one in table.curves if one.view is View.WITH_REDEPOSITS}


def left(curve: AssumptionCurve, side: str = "values") -> float:
    """Survival at 24 months."""
    hazard = np.interp(np.arange(1, 25), curve.months, getattr(curve, side))
    return float(np.prod(1.0 - hazard))


def test_a_small_segment_has_a_curve_of_its_own_with_a_band_as_wide_as_its_months_are_few() -> None:
    own, pooled = curves(), curves(5_000)
    assert set(own) == set(CLOSING) and POOLED in pooled and "club" not in pooled
    true = (1.0 - CLOSING["club"]) ** 24
    assert left(pooled[POOLED]) - true > 0.35
    assert abs(left(own["club"]) - true) < 0.15
    assert left(own["club"], "upper") < true < left(own["club"], "lower")
    width = {name: left(one, "lower") - left(one, "upper") for name, one in own.items()}
    assert width["club"] > 2.0 * max(width["retail"], width["firm"])


def test_curves_of_large_segments_are_the_same_whoever_is_pooled() -> None:
    own, pooled = curves(), curves(5_000)
    for name in set(own) & set(pooled):
        np.testing.assert_array_equal(own[name].values, pooled[name].values)
        np.testing.assert_array_equal(own[name].upper, pooled[name].upper)


def test_segments_that_lean_on_the_others_are_named() -> None:
    said = next(value for name, value in learnt()[2].facts.items() if name.startswith("segments whose curves lean"))
    assert "checking / club" in said and "checking / firm" not in said


def test_balances_that_never_move_are_an_answer() -> None:
    """Accounts that close and else stand still: no difference of sums and logarithms to be sure of."""
    still = learnt()[2].estimators["balance"]
    assert np.abs(still.facts_["level moved towards sums, share a month"]).max() == 0.0
