"""One bank's count of cells inside their bands stands in the first table, without a verdict that takes many banks."""

from __future__ import annotations

import pandas as pd

from behavior.simulator import simulate
from behavior.simulator.settings import SimulatorSettings
from behavior.workflows import benchmark_truth
from behavior.workflows.truth_measures import Learnt, held_by_bands, learn, payoff_bands
from tests.spec_examples import PREPAYMENT, spec_of

SPEC = spec_of(
    *PREPAYMENT,
    family="s_curve_hazard",
    more="""
[segments]
by = ["product"]
[features]
use = ["incentive", "months_in_the_money", "age_months", "month_of_year"]
""",
)


def test_bands_of_the_exported_payoff_table_are_held_against_the_truth() -> None:
    bank = simulate(SimulatorSettings(loans=700, accounts=400, minimum_balance_paths=1), seed=3)
    learnt: Learnt = learn(bank, SPEC, bank.mortgages)
    cells = payoff_bands(bank, learnt)
    assert len(cells) >= 10 and (cells["lower"] < cells["upper"]).all()
    verdicts, _, figures = benchmark_truth._prepayment(bank, learnt)
    row = next(one for one in verdicts if "90% bands" in one.wanted)
    assert row.found == f"this bank alone: {held_by_bands(cells).mean():.0%} of {len(cells)} cells"
    assert row.verdict == "not measured"
    assert figures["cells_held_by_bands"] == held_by_bands(cells).mean()
    assert f"{figures['surface_error_cpr_points']:.2f}" == verdicts[0].found


def test_a_truth_outside_its_band_is_not_held() -> None:
    cells = pd.DataFrame({"true": [0.1, 0.2, 0.3], "lower": [0.0, 0.21, 0.3], "upper": [0.2, 0.3, 0.3]})
    assert held_by_bands(cells).tolist() == [True, False, True]
    assert benchmark_truth._bands("a bank", held_by_bands(cells)).found == "this bank alone: 67% of 3 cells"
    assert benchmark_truth._bands("a bank", held_by_bands(cells.iloc[:0])).found == "no cell"
