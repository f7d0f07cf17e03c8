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
from tests.benchmarks.engine_books import behaviour, every_kind, world
from tests.engine.test_partitions import assert_same

OPEN_ENDED = "savings"


def book(seed: int) -> pd.DataFrame:
    """A book whose deposits are paid few rates, some floored below or above what they are paid today."""
    draw = np.random.default_rng(seed)
    table = every_kind(500, seed)
    deposits = (table["product"] == OPEN_ENDED).to_numpy()
    count = int(deposits.sum())
    table.loc[deposits, "rate"] = draw.choice([0.0, 0.01, 0.025], count)
    table.loc[deposits, "floor"] = draw.choice([0.0, 0.005], count)
    table["transfer_rate"] = draw.choice([0.01, 0.02], len(table))
    return table


def plan_of(seed: int, each: bool, margins: str) -> Plan:
    options = ProjectionOptions(threads=1, per_position=each, margins=margins)
    return cut_up(prepare(Book(book(seed)), world(), behaviour(True, True), options))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("margins", ["included", "excluded"])
def test_deposits_at_one_rate_are_worth_what_each_of_them_is(seed: int, margins: str) -> None:
    together, alone = plan_of(seed, False, margins), plan_of(seed, True, margins)
    assert together.tiles is not None and alone.tiles is not None
    assert len(together.tiles.begin) < len(alone.tiles.begin) == 500
    found, expected = run(together), run(alone)
    nothing = {"position_value": found.position_value, "position_income": found.position_income}
    assert_same(found, replace(expected, **nothing))
    assert expected.position_value.sum(axis=0) == pytest.approx(found.value.sum(axis=1), rel=1e-12)
