"""What a fitted kind must remember besides its estimators: the features in order and their learned levels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from behavior.estimators.champion import load_hazard
from behavior.features.base import Feature, FeatureMatrix, compute_features
from behavior.kinds.base import CHALLENGER
from behavior.panel.base import Panel


@dataclass(frozen=True)
class ModelInputs:
    """Names of the features in the matrix's order, levels of the categorical ones, and further plain values."""

    names: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    derived: Callable[[FeatureMatrix, Panel], FeatureMatrix] | None = None
    """Adds columns that are read from another estimator of the kind; stored with that, not here."""

    def matrix(self, panel: Panel, features: Sequence[Feature]) -> FeatureMatrix:
        """What the estimators read of a panel: features in the learned order and levels, and what is derived."""
        plain = self.plain(panel, features)
        return plain if self.derived is None else self.derived(plain, panel)

    def plain(self, panel: Panel, features: Sequence[Feature]) -> FeatureMatrix:
        """The features alone."""
        return compute_features(panel, features, self.names, self.levels)

    def to_files(self) -> Mapping[str, str]:
        """As JSON."""
        held = {
            "names": list(self.names),
            "levels": {name: list(one) for name, one in self.levels.items()},
            "extra": self.extra,
        }
        return {"inputs.json": json.dumps(held, indent=1)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> ModelInputs:
        """What `to_files` wrote."""
        held = json.loads(files["inputs.json"])
        levels = {name: tuple(one) for name, one in held["levels"].items()}
        return cls(tuple(held["names"]), levels, held["extra"])


def files_of_role(files: Mapping[str, str], role: str) -> dict[str, str]:
    """Files of one role, without the role's folder."""
    return {name.split("/", 1)[1]: text for name, text in files.items() if name.split("/", 1)[0] == role}


def estimators_of(
    files: Mapping[str, str], readers: Mapping[str, Callable[[Mapping[str, str]], Any]]
) -> dict[str, Any]:
    """A stored model's inputs and estimators by role: hazards, but where `readers` name a reader for a role."""
    known: dict[str, Callable[[Mapping[str, str]], Any]] = {"inputs": ModelInputs.from_files, **readers}
    roles = sorted({name.split("/", 1)[0] for name in files if not name.startswith(CHALLENGER)})
    return {role: known.get(role, load_hazard)(files_of_role(files, role)) for role in roles}


def challengers_of(files: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Stored challengers, name -> role -> hazard."""
    found: dict[str, dict[str, Any]] = {}
    for folder in sorted({name.split("/", 1)[0] for name in files if name.startswith(CHALLENGER)}):
        name, role = folder.removeprefix(CHALLENGER).split(".", 1)
        found.setdefault(name, {})[role] = load_hazard(files_of_role(files, folder))
    return found
