"""A version registered in a plain folder is all that its validation needs: moved elsewhere, it says the same."""

from __future__ import annotations

import shutil
from pathlib import Path

from behavior.io.demo_project import write_demo
from behavior.io.profiles import load_profile
from behavior.simulator import SimulatorSettings, simulate
from behavior.tracking.folder import FolderTracker
from behavior.workflows.stages import Stages
from behavior.workflows.train import train
from behavior.workflows.validate import validate
from behavior.workflows.wiring import Project


def test_a_version_of_the_folder_reproduces_from_its_record(tmp_path: Path) -> None:
    bank = simulate(SimulatorSettings(loans=900, accounts=200, minimum_balance_paths=1), seed=11)
    project = Project(load_profile(write_demo(bank, tmp_path / "bank")))
    request = project.request("deposit_beta")
    made = train(request, FolderTracker(tmp_path / "first"), project.drafts(), Stages())
    shutil.move(tmp_path / "first", tmp_path / "second")
    moved = FolderTracker(tmp_path / "second")
    again = validate(moved.record("deposit_beta", 1), request, moved, project.drafts(), Stages())
    assert again.same_data
    before, after = made.findings.metrics(), again.findings.metrics()
    assert {name: repr(float(value)) for name, value in before.items()} == {
        name: repr(float(value)) for name, value in after.items()
    }
    assert [one.status for one in again.findings.findings] == [one.status for one in made.findings.findings]
