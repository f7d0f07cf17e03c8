"""What one bank shows stands beside its bars; what takes many banks has its verdict from many banks alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from behavior.benchmark.results import Verdict
from behavior.simulator import simulate
from behavior.simulator.settings import SimulatorSettings
from behavior.validation.export_fidelity import SPEED_BAR, SURVIVAL_BAR, Bar
from behavior.workflows.benchmark_truth import judged
from behavior.workflows.truth_evidence import TruthEvidence, evidence_of
from behavior.workflows.truth_measures import held_by_bands, payoff_events
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


def test_one_bank_has_no_verdict_on_its_bands() -> None:
    bank = simulate(SimulatorSettings(loans=700, accounts=400, minimum_balance_paths=1), seed=3)
    shown = evidence_of(bank, "mortgage_prepayment", SPEC)
    cells = shown.tables["bands"]
    assert len(cells) >= 10 and (cells["lower"] < cells["upper"]).all()
    answer = judged([shown])
    row = _about(answer.verdicts, "90% bands")
    assert row.found == f"this bank alone: {held_by_bands(cells).mean():.0%} of {len(cells)} cells"
    assert row.verdict == "not measured"
    assert answer.figures["cells_held_by_bands"] == held_by_bands(cells).mean()
    assert f"{answer.figures['surface_error_cpr_points']:.2f}" == answer.verdicts[0].found
    assert "bank" not in answer.tables["events by age and incentive"]


def test_a_truth_outside_its_band_is_not_held() -> None:
    cells = pd.DataFrame({"true": [0.1, 0.2, 0.3], "lower": [0.0, 0.21, 0.3], "upper": [0.2, 0.3, 0.3]})
    assert held_by_bands(cells).tolist() == [True, False, True]
    assert _about(judged([_loans(1, cells)]).verdicts, "90% bands").found == "this bank alone: 67% of 3 cells"
    assert _about(judged([_loans(1, cells.iloc[:0])]).verdicts, "90% bands").found == "no cell"


@pytest.mark.parametrize(("banks", "held", "verdict"), [(20, 18, "met"), (20, 16, "missed"), (19, 18, "not measured")])
def test_many_banks_have_a_verdict_on_their_bands(banks: int, held: int, verdict: str) -> None:
    """Ten cells a bank, of which the first `held` banks' are all inside and the others' all outside."""
    inside = pd.DataFrame({"true": np.ones(10), "lower": np.zeros(10), "upper": np.full(10, 2.0)})
    shown = [_loans(seed, inside if seed < held else inside.assign(true=3.0)) for seed in range(banks)]
    row = _about(judged(shown).verdicts, "90% bands")
    assert row.verdict == verdict
    assert row.found == f"{held / banks:.0%} of {10 * banks} cells; 0% to 100% a bank"


def test_cells_of_banks_are_judged_together() -> None:
    """One cell of the second bank is missed; a cell of too few true events counts nowhere."""
    second = _loans(2)
    second.tables["events"].loc[0, "table"] = 150.0
    row = _about(judged([_loans(1), second]).verdicts, "true over expected")
    assert row.found == "75% of 4 cells" and row.verdict == "missed"
    assert _about(judged([_loans(1)]).verdicts, "true over expected").verdict == "met"
    tables = judged([_loans(1), second]).tables
    assert tables["events by age and incentive"]["bank"].tolist() == ["1", "1", "1", "2", "2", "2"]


def test_every_segment_of_one_bank_and_nine_in_ten_of_many_have_to_be_inside() -> None:
    one = judged([_deposits(1, [0.01] * 5 + [0.03])])
    assert _about(one.verdicts, "survival at").verdict == "missed"
    many = judged([_deposits(1, [0.01] * 5 + [0.03]), _deposits(2, [0.01] * 6)])
    assert _about(many.verdicts, "survival at").found == "worst 3.0 points; 11 of 12 inside"
    assert _about(many.verdicts, "survival at").verdict == "met"
    assert many.tables["survival error, points"].columns.tolist() == [
        "bank",
        "segment",
        "12 months",
        "36 months",
        "60 months",
    ]
    assert many.banks == 2


def test_cells_of_age_and_incentive_are_named_and_not_numbered() -> None:
    rows = pd.DataFrame({"age_months": [130, 3, 3, 8], "incentive": [0.035, -0.03, -0.03, 0.0]})
    events = payoff_events(rows.assign(true=1.0, table=2.0, model=1.0, best=1.0))
    assert events[["age", "incentive", "true"]].to_numpy().tolist() == [
        ["under 6 months", "under -2%", 2.0],
        ["6 to 12 months", "0 to 0.5%", 1.0],
        ["from 120 months", "from 3%", 1.0],
    ]


def _about(verdicts: tuple[Verdict, ...], words: str) -> Verdict:
    return next(one for one in verdicts if words in one.wanted)


def _evidence(kind: str, seed: int, bar: Bar, tables: Mapping[str, pd.DataFrame]) -> TruthEvidence:
    gaps = pd.DataFrame({"segment": ["a", "b"], "difference": [0.01, -0.02], "largest_cell": [0.1, 0.1]})
    return TruthEvidence(kind, kind, seed, bar, {**tables, "fidelity": gaps})


def _loans(seed: int, bands: pd.DataFrame | None = None) -> TruthEvidence:
    events = pd.DataFrame(
        {
            "age": ["0 to 6 months", "0 to 6 months", "6 to 12 months"],
            "incentive": ["under -2%", "0 to 1%", "0 to 1%"],
            "true": [100.0, 200.0, 20.0],
            "table": [101.0, 210.0, 90.0],
            "model": [100.0, 200.0, 20.0],
            "best": [100.0, 200.0, 20.0],
        }
    )
    cells = pd.DataFrame({"true": [1.0], "lower": [0.0], "upper": [2.0]}) if bands is None else bands
    tables = {"surface": pd.DataFrame({"cpr_points": [0.5]}), "events": events, "bands": cells}
    return _evidence("mortgage_prepayment", seed, SPEED_BAR, tables)


def _deposits(seed: int, errors: list[float]) -> TruthEvidence:
    survival = pd.DataFrame(
        {"segment": ["a"] * 3 + ["b"] * 3, "month": [12, 36, 60] * 2, "error": errors, "allowed": 0.02}
    )
    life = pd.DataFrame({"segment": ["a", "b"], "error": [0.01, -0.02]})
    bands = pd.DataFrame({"true": [0.5] * 6, "lower": [0.4] * 6, "upper": [0.6] * 6})
    return _evidence("nmd_decay", seed, SURVIVAL_BAR, {"survival": survival, "life": life, "bands": bands})
