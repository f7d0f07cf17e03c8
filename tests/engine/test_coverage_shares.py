"""How much of a balance was read at a grid's end or beyond the data, against the same count written out by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver
from behavior.assumptions.set import AssumptionSet
from behavior.engine.plan import ProjectionOptions
from behavior.engine.positions import Book
from behavior.engine.projection import project
from behavior.market.shifts import Shift
from tests.engine.simple import flat_world, loan, runoff, table

HAZARD, SEEN, LAST = 0.05, 12, 24
AGES = (0, 5)


def counted(age: int, since_origination: bool) -> tuple[float, float]:
    """Balance-months looked up for a bullet, and those of them beyond the data: its last month is its contract's."""
    looked = [(1 - HAZARD) ** (month - 1) for month in range(1, LAST)]
    beyond = [one for month, one in enumerate(looked, 1) if month + age * since_origination > SEEN]
    return sum(looked), sum(beyond)


def bullets() -> Book:
    days = (dt.date(2025, 12, 31), dt.date(2025, 7, 31))
    return Book(table(*(loan(LAST, 0.03, repayment="bullet", origination_date=day) for day in days)))


@pytest.mark.parametrize("convention", ["pool", "opening_balance"])
@pytest.mark.parametrize("since_origination", [False, True])
def test_months_beyond_the_data_are_counted_by_balance(convention: str, since_origination: bool) -> None:
    curves = runoff("loan", np.full(SEEN, HAZARD), since_origination=since_origination)
    found = project(bullets(), flat_world(), curves, ProjectionOptions(runoff_convention=convention))
    looked, beyond = (sum(part) for part in zip(*(counted(age, since_origination) for age in AGES), strict=True))
    row = found.coverage[found.coverage["product"] == "loan"].iloc[0]
    assert row["share_extrapolated"] == pytest.approx(beyond / looked, rel=1e-12)
    assert row["share_clamped"] == 0.0


def by_level(low: float, high: float) -> AssumptionSet:
    made = runoff("loan", np.full(SEEN, HAZARD))
    values = np.full((2, 48), HAZARD)
    curve = AssumptionCurve(("loan",), np.arange(1, 49), {Driver.RATE_LEVEL: np.asarray([low, high])}, values)
    return replace(made, tables=(replace(made.tables[0], curves=(curve,), drivers=(Driver.RATE_LEVEL,)),))


@pytest.mark.parametrize("convention", ["pool", "opening_balance"])
@pytest.mark.parametrize(
    ("low", "high", "share"), [(0.0, 0.1, 0.0), (0.0, 0.04, 0.5), (0.04, 0.1, 0.5), (0.0, 0.02, 1.0)]
)
def test_rates_beyond_either_end_of_the_grid_are_counted(
    convention: str, low: float, high: float, share: float
) -> None:
    """The rate is 3% in base and 5% in the other scenario."""
    world = flat_world(shifts={"up": Shift(parallel=0.02)})
    found = project(bullets(), world, by_level(low, high), ProjectionOptions(runoff_convention=convention))
    row = found.coverage[found.coverage["product"] == "loan"].iloc[0]
    assert row["share_clamped"] == pytest.approx(share, abs=1e-12)
    assert row["share_extrapolated"] == 0.0
