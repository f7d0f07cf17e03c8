"""What training saw of rates and ages: turns of a path, rates outside it, ages that nobody lived through."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from behavior.validation import regime_coverage
from behavior.validation.base import Status
from behavior.validation.regime_coverage import ages_ahead_unseen, turns


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ([0.0, 0.01, 0.02, 0.03], 0),
        ([0.0, 0.02, 0.0], 1),
        ([0.0, 0.02, 0.0, 0.02], 2),
        ([0.0, 0.003, 0.0, 0.003], 0),
        ([0.0, 0.004, -0.004, 0.004], 1),
        ([0.0, -0.004, 0.004, -0.004, 0.004], 2),
        ([0.0, 0.02, 0.018, 0.03, 0.01], 1),
        ([0.01] * 9, 0),
    ],
)
def test_turns_are_counted_from_the_middle_of_a_swing(path: list[float], count: int) -> None:
    assert turns(np.asarray(path), 0.005) == count
    assert turns(-np.asarray(path), 0.005) == count


def test_rates_that_training_never_saw_are_a_warning(fakes: ModuleType) -> None:
    given = fakes.make_input()
    assert regime_coverage.run(given).values["share_outside_training"] < 0.05
    table = given.predictions.table
    moved = table.assign(driver=table["driver"] + 0.06 * given.split.out_of_time)
    finding = regime_coverage.run(replace(given, predictions=replace(given.predictions, table=moved)))
    assert finding.status is Status.WARN
    assert finding.values["share_outside_training"] > 0.9


def test_ages_that_nobody_lived_through_are_counted_ahead() -> None:
    stood = np.repeat(np.concatenate([np.arange(31), np.arange(100, 301)]), 50)
    train = pd.DataFrame({"age_months": stood.astype(float)})

    def unseen(ages: list[float], balance: list[float]) -> float:
        return ages_ahead_unseen(train, pd.DataFrame({"age_months": ages, "weight": balance}))

    # Ages 37 to 93 are more than half a year from any that 50 unit-months stood at.
    assert unseen([30.0], [1.0]) == pytest.approx((90 - 36) / 60)
    assert unseen([120.0], [1.0]) == 0.0
    assert unseen([30.0, 120.0, np.nan], [1.0, 3.0, 5.0]) == pytest.approx(54 / 60 / 4)
    assert unseen([299.0], [1.0]) == pytest.approx((359 - 306) / 60)
    assert np.isnan(unseen([np.nan], [1.0]))
