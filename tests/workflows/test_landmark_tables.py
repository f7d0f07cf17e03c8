"""A table is held against its model on the book that it was made for, and segments do not make up for each other."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from behavior.kinds.base import all_kinds
from behavior.simulator import simulate
from behavior.simulator.settings import SimulatorSettings
from behavior.specs import parse_spec
from behavior.validation.export_fidelity import CHECK, bar_of, cells_of, survival_of
from behavior.workflows import benchmark_truth, truth_evidence
from behavior.workflows.landmark_tables import landmark_tables
from behavior.workflows.truth_measures import Learnt, learn

MODELS = Path(__file__).resolve().parents[2] / "models"


@cache
def bank():
    return simulate(SimulatorSettings(loans=60, accounts=1_500, minimum_balance_paths=1), seed=5)


@cache
def learnt() -> Learnt:
    text = (MODELS / "nmd_decay" / "spec.toml").read_text()
    spec = parse_spec(text.replace('family = "best"', 'family = "spline_hazard"'), "spec.toml")
    return learn(bank(), spec, bank().deposits)


def test_the_landmarks_tables_speak_of_the_accounts_open_there() -> None:
    one = learnt()
    seen: list[pd.Timestamp] = []

    def keep(tables, month_end):  # type: ignore[no-untyped-def]
        seen.append(month_end)
        return tables

    own = landmark_tables(one.kind, one.judged, one.panel, bank().rate_history, keep)
    assert own is not None
    learned = one.panel.table.loc[one.split.train | one.split.validate, "month"].max()
    assert seen == [learned]
    assert own[0].averaged_over["book"] != one.tables[0].averaged_over["book"]


def test_only_kinds_whose_curves_speak_of_one_book_have_tables_of_their_own_there() -> None:
    one = learnt()
    other = SimpleNamespace(landmark=None)
    assert landmark_tables(other, one.judged, one.panel, bank().rate_history) is None  # type: ignore[arg-type]


def test_the_check_reads_all_customers_later_on_and_the_landmarks_book_is_nearer() -> None:
    one = learnt()
    model = one.kind.predict(one.judged, one.panel)

    def figures(tables):  # type: ignore[no-untyped-def]
        looked = one.kind.look_up(tables, one.judged, one.panel)
        given = SimpleNamespace(kind=one.kind, panel=one.panel, split=one.split, predictions=model, looked_up=looked)
        return CHECK.run(given).values  # type: ignore[arg-type]

    own = landmark_tables(one.kind, one.judged, one.panel, bank().rate_history)
    today, then = figures(one.tables), figures(own)
    for nearer in ("worst_survival_difference", "mean_absolute_difference"):  # segments do not make up for each other
        assert then[nearer] < 0.5 * today[nearer], nearer
    assert abs(then["mean_difference"]) < 0.5


def test_segments_do_not_make_up_for_each_other_in_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a survival point too many in one segment and too few in another: not what the model says."""
    months = pd.date_range("2023-01-31", periods=12, freq="ME")
    rows = pd.DataFrame(
        {
            "segment": np.repeat(["a", "b"], 12),
            "month": np.tile(months, 2),
            "weight": 100.0,
            "model": 0.010,
            "table": np.repeat([0.0105, 0.0095], 12),
        }
    )
    left = survival_of(cells_of(rows, False)).set_index("segment")["difference, points"]
    assert left["a"] == pytest.approx(100 * (0.9895**12 - 0.99**12)) and left["b"] > 0.5
    monkeypatch.setattr(truth_evidence, "_paired", lambda bank, learnt: rows)
    for name in ("nmd_decay", "mortgage_prepayment"):
        bar = bar_of(all_kinds()[name])
        gaps = truth_evidence._fidelity(bank(), learnt(), bar)
        shown = truth_evidence.TruthEvidence(name, name, 5, bar, {})
        assert benchmark_truth._fidelity(shown, gaps, 1).verdict == "missed" and len(gaps) == 2
