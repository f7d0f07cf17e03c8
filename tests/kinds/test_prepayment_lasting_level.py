"""Payoffs that no column explains and that last widen the band of a curve: what went on for years may go on ahead."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.set import AssumptionTable
from behavior.kinds.base import ExportContext, FittedModel
from behavior.kinds.mortgage_prepayment import KIND
from behavior.months import month_number
from behavior.panel.split import nothing_held_back
from behavior.simulator import simulate
from behavior.simulator.settings import SimulatorSettings
from behavior.specs import parse_spec

WAVE = 0.5
"""Height of the level's wave in log; six years from one high to the next."""


@cache
def learnt(wave: float, family: str) -> tuple[FittedModel, AssumptionTable]:
    """Payoffs drawn anew from their law times a level by month; a loan that once paid off is censored there."""
    path = Path(__file__).resolve().parents[2] / "models" / "mortgage_prepayment" / "spec.toml"
    spec = parse_spec(path.read_text().replace('"best"', f'"{family}"'), path.name)
    bank = simulate(SimulatorSettings(loans=2_000, accounts=60, minimum_balance_paths=1), seed=3)
    panel = KIND.build_panel(bank.mortgages, bank.rate_history, spec)
    truth = bank.truth.loan_life.truth.rename(columns={"loan_id": "unit"})[["unit", "month", "payoff_hazard"]]
    rows = panel.table[["unit", "month"]].astype({"unit": str})
    hazard = rows.merge(truth.astype({"unit": str}), on=["unit", "month"], how="left")["payoff_hazard"].to_numpy()
    level = np.exp(wave * np.sin(month_number(rows["month"]) * 2.0 * np.pi / 72.0))
    event = pd.Series(np.random.default_rng(7).random(len(rows)) < hazard * level)
    units = panel.table["unit"].reset_index(drop=True)
    there = event.groupby(units, observed=True).cumsum() - event == 0
    table = panel.table.assign(payoff=event.to_numpy() * 1.0)[there.to_numpy()].reset_index(drop=True)
    panel = replace(panel, table=table)
    fitted = KIND.fit(panel, nothing_held_back(panel, spec.split, tuned=False), spec)
    context = ExportContext(pd.Timestamp(bank.simulator.as_of), panel, bank.rate_history, bank.book)
    return fitted, next(one for one in KIND.export(fitted, context) if one.cause == "payoff")


def half_width(table: AssumptionTable) -> float:
    """Of the log band of the largest curve, mean over the months that loans were seen in."""
    curve = max(table.curves, key=lambda one: float(np.asarray(one.exposure_months).sum()))
    assert curve.lower is not None and curve.upper is not None
    return float(np.average(0.5 * np.log(curve.upper / curve.lower), weights=curve.exposure_months))


@pytest.mark.parametrize("family", ["s_curve_hazard", "spline_hazard"])
def test_a_level_that_lasts_is_said_and_counted(family: str) -> None:
    even, waved = learnt(0.0, family), learnt(WAVE, family)
    size, lasts = "shock shared by a half-year, relative", "its correlation with the next half-year's"
    assert even[0].facts[size] < 0.12
    assert waved[0].facts[size] == pytest.approx(WAVE / np.sqrt(2), abs=0.15)
    assert waved[0].facts[lasts] >= 0.5
    assert half_width(waved[1]) > 1.645 * 0.2
    assert half_width(waved[1]) > half_width(even[1]) + 0.1
