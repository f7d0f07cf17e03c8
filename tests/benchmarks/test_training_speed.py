"""Speed of boosting on one binned data set shared by all trials; run with --benchmark-only."""

from __future__ import annotations

import time

import numpy as np
import pytest

from behavior.estimators.boosted_hazard import DEFAULTS
from behavior.estimators.boosting import BinnedData, TrainingRows, train_booster

ROWS, FEATURES, ROUNDS = 400_000, 14, 30


@pytest.mark.benchmark
def test_row_rounds_of_trials_on_one_binned_data_set(benchmark) -> None:
    """Rows times rounds a CPU-second, binning paid once: what a search of many trials runs at."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(ROWS, FEATURES))
    hazard = 1.0 / (1.0 + np.exp(4.0 - values[:, 0] - 0.5 * np.abs(values[:, 1])))
    event = (rng.random(ROWS) < hazard).astype(float)
    rows = TrainingRows(values, event, np.ones(ROWS), np.full(ROWS, -4.0))
    data = BinnedData(rows, None, [f"x{place}" for place in range(FEATURES)])
    signs = (1, *(0,) * (FEATURES - 1))
    spent: list[float] = []

    def trial(leaves: int) -> None:
        begun = time.process_time()
        made = train_booster(data, signs, {**DEFAULTS, "num_leaves": leaves, "seed": 0}, ROUNDS)
        spent.append(time.process_time() - begun)
        assert made.rounds == ROUNDS

    benchmark.pedantic(lambda: [trial(leaves) for leaves in (4, 15, 31)], rounds=1)
    benchmark.extra_info["row_rounds_a_cpu_second"] = len(spent) * ROWS * ROUNDS / sum(spent)
