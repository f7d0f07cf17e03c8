"""A refreshed model against the champion that it would replace: who holds the alias, and what the record keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from behavior.cli.models import _row
from behavior.io.demo_project import write_demo
from behavior.io.profiles import load_profile
from behavior.simulator import SimulatorSettings, simulate
from behavior.specs import Gate, ModelSpec
from behavior.tracking.folder import FolderTracker
from behavior.workflows.request import TrainingRequest
from behavior.workflows.stages import Stages
from behavior.workflows.train import TrainedModel, train
from behavior.workflows.validate import validate
from behavior.workflows.wiring import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    bank = simulate(SimulatorSettings(loans=900, accounts=200, minimum_balance_paths=1), seed=11)
    return Project(load_profile(write_demo(bank, tmp_path_factory.mktemp("champion") / "bank")))


def asked(request: TrainingRequest, **parts: object) -> TrainingRequest:
    """The request with parts of its specification changed; the text that is registered says so too."""
    spec: ModelSpec = request.spec.model_copy(update=parts)
    return replace(request, spec=spec)


def told(made: TrainedModel) -> dict[str, float]:
    finding = made.findings.named("last_champion")
    assert finding is not None
    return dict(finding.values)


def test_refreshed_versions_are_held_against_the_last_champion(project: Project, tmp_path: Path) -> None:
    request, tracker = project.request("deposit_beta"), FolderTracker(tmp_path)
    months = project.history("deposits").tables["account_months"]["month"]
    late = pd.Timestamp(months.max()) - pd.DateOffset(months=11) + pd.offsets.MonthEnd(0)
    split = request.spec.split.model_copy(update={"test_from": late.date()})
    first = train(asked(request, split=split), tracker, project.drafts(), Stages())
    assert first.champion and not told(first) and "last_champion" not in first.record.tags
    assert first.record.tags["tested_from"] == str(late.date())

    # The second is tested from earlier on, on months that the first has learned from: these do not count.
    second = train(request, tracker, project.drafts(), Stages())
    assert second.champion and second.record.tags["last_champion"] == "1"
    assert second.record.tags["tested_from"] < str(late.date())
    assert told(second)["rows"] == 12 * second.fitted.facts["series"]
    assert "deposit_beta@1" in second.report

    strict = {**request.spec.gates, "last_champion.gain": Gate(min=0.5)}
    third = train(asked(request, gates=strict), tracker, project.drafts(), Stages())
    assert [told(third)[name] for name in ("gain_lower", "gain", "gain_upper")] == [0, 0, 0], "the same model again"
    assert third.record.tags["gain_on_last_champion"] == "+0.00% (+0.00% to +0.00%)"
    assert _row(third.record)["against_last_champion"] == "@2: +0.00% (+0.00% to +0.00%)"
    assert _row(first.record)["against_last_champion"] == ""
    assert not third.champion and third.record.aliases == ("challenger",)
    assert third.record.tags["gates"] == "failed: last_champion"
    assert tracker.record("deposit_beta").version == 2, "the last champion keeps the alias"

    done = validate(third.record, request, tracker, project.drafts(), Stages())
    assert done.findings.metrics() == third.findings.metrics(), "compared with the version that its record names"

    file = next((tmp_path / "registry" / "deposit_beta" / "000002" / "files").rglob("*.json"))
    file.write_text(file.read_text() + " ")
    fourth = validate(third.record, request, tracker, project.drafts(), Stages())
    finding = fourth.findings.named("last_champion")
    assert finding is not None and "deposit_beta@2 cannot be asked" in finding.in_words
    assert file.name in finding.in_words and "Gate left open" in finding.in_words
