"""A product of few loans has a payoff curve of its own, with a band as wide as its months are few."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import POOLED
from behavior.kinds.base import ExportContext, FittedModel
from behavior.kinds.mortgage_prepayment import KIND
from behavior.panel.base import Panel
from behavior.panel.split import nothing_held_back
from behavior.simulator import SimulatedBank, simulate
from behavior.simulator.settings import SimulatorSettings
from behavior.specs import parse_spec

FEW = 60


@cache
def bank() -> SimulatedBank:
    return simulate(SimulatorSettings(loans=800, accounts=60, minimum_balance_paths=1), seed=3)


@cache
def learnt() -> tuple[Panel, FittedModel]:
    """Loans of which some bear the label of a product of their own; half of these are gone after a year and a half."""
    path = Path(__file__).resolve().parents[2] / "models" / "mortgage_prepayment" / "spec.toml"
    spec = parse_spec(path.read_text().replace('"best"', '"s_curve_hazard"'), path.name)
    panel = KIND.build_panel(bank().mortgages, bank().rate_history, spec)
    table = panel.table
    small = table["unit"].isin(pd.unique(table["unit"])[:FEW]).to_numpy()
    early = small & (table.groupby("unit", observed=True).cumcount().to_numpy() >= 18)
    product = np.where(small, "niche", table["product"].astype(str))
    last = small & (table.groupby("unit", observed=True).cumcount().to_numpy() == 17)
    table = table.assign(product=pd.Categorical(product), payoff=np.where(last, 1.0, table["payoff"]))
    panel = replace(panel, table=table[~early].reset_index(drop=True))
    return panel, KIND.fit(panel, nothing_held_back(panel, spec.split, tuned=False), spec)


def curves(least: float | None = None) -> dict[str, AssumptionCurve]:
    """Payoff curves by product, products below `least` loan-months pooled; None = as specified."""
    panel, fitted = learnt()
    if least is not None:
        segments = fitted.spec.segments.model_copy(update={"minimum_exposure_months": least})
        fitted = replace(fitted, spec=fitted.spec.model_copy(update={"segments": segments}))
    context = ExportContext(pd.Timestamp(bank().simulator.as_of), panel, bank().rate_history, bank().book)
    table = next(one for one in KIND.export(fitted, context) if one.cause == "payoff")
    return {one.segment[0]: one for one in table.curves}


def mean(curve: AssumptionCurve, side: str = "values") -> float:
    """Mean hazard over two years, incentives and burnout."""
    hazard = np.asarray(getattr(curve, side))
    return float(hazard[..., curve.months <= 24].mean())


def test_few_loans_that_leave_fast_have_a_fast_curve_of_their_own() -> None:
    panel, _ = learnt()
    months = int((panel.table["product"] == "niche").sum())
    own, pooled = curves(), curves(5_000)
    assert months < 1_500
    assert POOLED not in own and "niche" in own and POOLED in pooled and "niche" not in pooled
    assert mean(own["niche"]) > 1.5 * mean(pooled[POOLED])
    width = {name: (mean(one, "upper") - mean(one, "lower")) / mean(one) for name, one in own.items()}
    assert all(width["niche"] > width[name] for name in width if name != "niche")


def test_curves_of_the_other_products_are_the_same_whoever_is_pooled() -> None:
    own, pooled = curves(), curves(1_500)
    others = sorted(set(own) & set(pooled))
    assert others and "niche" not in others
    for name in others:
        np.testing.assert_array_equal(own[name].values, pooled[name].values)
        np.testing.assert_array_equal(own[name].upper, pooled[name].upper)
