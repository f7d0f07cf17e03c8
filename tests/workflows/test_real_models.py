"""The rates that the public data sets hold carry the laws that the run on them asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.io.profiles import load_profile
from behavior.panel.split import split_panel
from behavior.workflows.panels import panel_of
from behavior.workflows.train import kind_of
from behavior.workflows.wiring import Project

PROFILES = Path(__file__).resolve().parents[2] / "pipelines" / "profiles"


@pytest.mark.shared
@pytest.mark.parametrize("name", ["deposit_beta_snb", "deposit_beta_us_banks"])
def test_a_model_of_the_real_run_is_not_refused(name: str, real_data: Path) -> None:
    """One model whose fit refuses its history stops the whole cycle."""
    assert real_data.is_dir()
    project = Project(load_profile(PROFILES / "real.toml"))
    request = project.request(project.model_named(name))
    kind, spec = kind_of(request.spec), request.spec
    few = spec.estimator.model_copy(update={"fixed": {**spec.estimator.fixed, "replicates": 2}})
    panel = panel_of(kind, request.history, request.rates, spec)
    split = split_panel(panel, spec.split)
    assert split.test.any()
    assert kind.fit(panel, split, spec.model_copy(update={"estimator": few})).estimators
