"""The model in models/deposit_beta finds the simulated bank's truth from its accounts alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.kinds._beta_export import law_from_tables
from behavior.kinds.base import ExportContext
from behavior.kinds.deposit_beta import KIND
from behavior.panel.split import split_panel
from behavior.simulator.bank import simulate
from behavior.simulator.settings import small_settings
from behavior.specs import parse_spec

SPEC = Path(__file__).resolve().parents[2] / "models" / "deposit_beta" / "spec.toml"


def half_life(share: float) -> float:
    return float(np.log(0.5) / np.log1p(-share))


@pytest.mark.slow
def test_target_speeds_and_the_unseen_cycle_are_the_banks_own():
    bank = simulate(small_settings())
    spec = parse_spec(SPEC.read_text(), "spec.toml")
    panel = KIND.build_panel(bank.deposits, bank.rate_history, spec)
    split = split_panel(panel, spec.split)
    fitted = KIND.fit(panel, split, spec)
    tables = KIND.export(fitted, ExportContext(pd.Timestamp(bank.simulator.as_of), panel, bank.rate_history))
    for segment in bank.truth.segments:
        law = law_from_tables(tables, (segment.product, segment.customer_type))
        true = segment.pass_through
        for low, high in ((0.0075, 0.05), (0.015, 0.0375)):
            found = float(law.target_change(low, high)) / (high - low)
            assert found == pytest.approx(float(true.target_change(low, high)) / (high - low), abs=0.03)
        for speed, share in ((law.up, true.up), (law.down, true.down)):
            wanted = half_life(share)
            assert abs(half_life(speed) - wanted) <= max(1.0, 0.15 * wanted)
        assert (law.delay_up, law.delay_down) == (true.delay_up, true.delay_down)
    test = KIND.predict(fitted, panel).table[split.test]
    model, table = test["predicted"], KIND.look_up(tables, fitted, panel).table[split.test]["predicted"]
    assert np.max(np.abs(model - table)) * 1e4 <= 1.0
    last = test.groupby("unit").tail(1)
    first = panel.table[~split.test].groupby("unit").tail(1).set_index("unit")
    moved = last["driver"].to_numpy() - first.loc[last["unit"], "short_rate"].to_numpy()
    assert np.all(np.abs(last["predicted"] - last["actual"]) / np.abs(moved) <= 0.03)
