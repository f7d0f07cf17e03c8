"""What every kind owes the platform, over all kinds that discovery finds."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from behavior.assumptions.effects import Effect
from behavior.kinds.base import ModelKind, all_kinds
from behavior.specs import parse_spec

MODELS = Path(__file__).resolve().parents[2] / "models"
KINDS = list(all_kinds().values())
FUNCTIONS = ("build_panel", "fit", "predict", "export", "look_up", "load", "exhibits", "explain")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_declares_itself(kind: ModelKind) -> None:
    assert kind.name == kind.name.lower() and kind.summary.endswith(".")
    assert isinstance(kind.effect, Effect)
    assert all("/" in contract for contract in kind.histories)
    assert kind.families
    for name in FUNCTIONS:
        function = getattr(kind, name)
        assert callable(function)
        assert inspect.getdoc(function), f"{kind.name}.{name} has no words"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_has_a_specification_that_names_known_features_and_families(kind: ModelKind) -> None:
    folders = [path for path in MODELS.glob("*/spec.toml") if f'kind = "{kind.name}"' in path.read_text()]
    assert folders, f"no model folder is of kind {kind.name}"
    for path in folders:
        spec = parse_spec(path.read_text(), str(path))
        assert spec.history.contract
        assert spec.estimator.family in kind.families, path
        known = {feature.name for feature in kind.features}
        extra = set(spec.segments.by)
        # A history in another contract than the kind's own brings covariates of its own, and is only benchmarked.
        assert set(spec.features.use) <= known | extra or spec.history.contract != kind.history_contract, path


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_feature_names_are_unique_and_name_no_outcome(kind: ModelKind) -> None:
    names = [feature.name for feature in kind.features]
    assert len(names) == len(set(names))
    for feature in kind.features:
        assert not {"payoff", "default", "closed", "migrated", "status", "balance_end", "unit", "customer"} & {
            *feature.inputs
        }
