"""Speed of the dense core of panel building; run with --benchmark-only."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.panel.deposits import NEVER, AccountMonths, DepositPanelRules, decay_targets

ROWS_A_UNIT, UNITS = 100, 20_000


@pytest.mark.benchmark
def test_decay_targets_of_two_million_customer_months(benchmark) -> None:
    rng = np.random.default_rng(0)
    unit = np.repeat(np.arange(UNITS), ROWS_A_UNIT)
    month = np.tile(np.arange(ROWS_A_UNIT), UNITS) + 400
    balance = rng.uniform(100, 1_000, len(unit))
    rows = AccountMonths(
        unit,
        month,
        balance,
        np.ones(len(unit)),
        np.full(len(unit), 400),
        np.full(len(unit), NEVER),
        np.zeros(len(unit), dtype=bool),
    )
    found = benchmark(decay_targets, rows, rows.interest, DepositPanelRules())
    assert found.at_risk.sum() == UNITS * (ROWS_A_UNIT - 1)
    benchmark.extra_info["customer_months_a_second"] = len(unit) / benchmark.stats["mean"]
