"""Positions that share a path are added up before it is walked; what they are worth one by one is the oracle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.engine.plan import Plan, ProjectionOptions
from behavior.engine.positions import Book
from behavior.engine.projection import prepare
from behavior.engine.run import cut_up, run
from tests.benchmarks.engine_books import AS_OF, behaviour, every_kind, world
from tests.engine.test_partitions import assert_same

OPEN_ENDED = "savings"


def book(seed: int) -> pd.DataFrame:
    """A book whose deposits are paid few rates, floored below or above them, and whose loans amortise early or late."""
    draw = np.random.default_rng(seed)
    table = every_kind(500, seed)
    deposits = (table["product"] == OPEN_ENDED).to_numpy()
    count = int(deposits.sum())
    table.loc[deposits, "rate"] = draw.choice([0.0, 0.01, 0.025], count)
    table.loc[deposits, "floor"] = draw.choice([0.0, 0.005], count)
    table["transfer_rate"] = draw.choice([0.01, 0.02], len(table))
    floats = (table["product"] == "floating loan").to_numpy()
    some = int(floats.sum())
    for name, choices in {
        "reset_months": [3, 6, 12],
        "payment_months": [1, 1, 3],
        "repayment": ["annuity", "linear", "bullet"],
        "periodic_cap": [0.01, 0.02],
        "next_reset_date": AS_OF + np.array([20, 40, 90]),
    }.items():
        table.loc[floats, name] = draw.choice(choices, some)
    late = (table["product"] == "loan").to_numpy() & (draw.random(len(table)) < 0.5)
    table.loc[late, "repayment"] = "interest_only"
    table.loc[late, "amortization_start_date"] = AS_OF + draw.integers(-400, 4000, int(late.sum()))
    return table


def plan_of(seed: int, each: bool, margins: str, by_incentive: bool) -> Plan:
    options = ProjectionOptions(threads=1, per_position=each, margins=margins)
    return cut_up(prepare(Book(book(seed)), world(), behaviour(by_incentive, True), options))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("margins", ["included", "excluded"])
@pytest.mark.parametrize("by_incentive", [False, True])
def test_positions_added_up_are_worth_what_each_of_them_is(seed: int, margins: str, by_incentive: bool) -> None:
    together, alone = (plan_of(seed, each, margins, by_incentive) for each in (False, True))
    assert together.tiles is not None and alone.tiles is not None
    assert len(together.tiles.begin) < len(alone.tiles.begin) == 500
    found, expected = run(together), run(alone)
    nothing = {"position_value": found.position_value, "position_income": found.position_income}
    assert_same(found, replace(expected, **nothing))
    assert expected.position_value.sum(axis=0) == pytest.approx(found.value.sum(axis=1), rel=1e-12)
    first_year = found.income[:, :, 1:13].sum(axis=(1, 2))
    assert expected.position_income.sum(axis=0) == pytest.approx(first_year, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("by_incentive", [False, True])
def test_tiles_and_the_kernel_that_walks_one_by_one_agree(
    seed: int, by_incentive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(plan_of(seed, False, "excluded", by_incentive))
    monkeypatch.setattr("behavior.engine.tiles.separable", lambda positions, pool: np.zeros(len(positions.group), bool))
    plan = plan_of(seed, False, "excluded", by_incentive)
    assert plan.tiles is not None and len(plan.tiles.rest) == 500
    assert_same(found, run(plan))
