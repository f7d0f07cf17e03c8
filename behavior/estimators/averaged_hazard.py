"""The mean, in log-odds, of hazards of different forms fitted to the same rows.

Forms err differently: a parametric curve where the law is of another shape, a smooth one where the history happened to
be unlike its law. Their mean carries half of either. It is no further from the truth in log loss than the mean of its
members' losses, because log loss is convex in the log-odds.

Source: K. P. Burnham and D. R. Anderson, Model Selection and Multimodel Inference, 2nd ed. 2002, chapter 4.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from scipy.special import expit

from behavior.estimators.sampling import level_shift
from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray


@dataclass
class AveragedHazard:
    """Log-odds = mean of the members' log-odds.

    Parameters
    ----------
    members : family -> hazard with `score` and `contributions`. Their mean rises in the driver as they do.
    """

    members: Mapping[str, Any] = field(default_factory=dict)
    shift_: float = 0.0

    @property
    def facts_(self) -> dict[str, Any]:
        """What is to be said of each member's fit, by its family in words."""
        return {family.replace("_", " "): dict(member.facts_) for family, member in self.members.items()}

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Fit every member on the rows, then the level of their mean.

        Raises
        ------
        TooFewEvents, DidNotConverge.
        """
        for member in self.members.values():
            member.fit(matrix, event, weight)
        return self.level(matrix, event, weight)

    def level(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Set the level of the mean of members that are fitted already: the mean of two right levels is not quite."""
        self.shift_ = 0.0
        self.shift_ = level_shift(self.predict_hazard(matrix), event, weight)
        return self

    def score(self, matrix: FeatureMatrix) -> FloatArray:
        """Log-odds, shape (rows,)."""
        return np.asarray(np.mean([member.score(matrix) for member in self.members.values()], axis=0) + self.shift_)

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Monthly hazard in (0, 1), shape (rows,)."""
        return np.asarray(expit(self.score(matrix)))

    def contributions(self, matrix: FeatureMatrix) -> tuple[FloatArray, float]:
        """Mean of the members' additive attributions in log-odds, shape (rows, features), and of their base values."""
        parts, bases = zip(*(member.contributions(matrix) for member in self.members.values()), strict=True)
        return np.asarray(np.mean(parts, axis=0)), float(np.mean(bases)) + self.shift_

    def to_files(self) -> Mapping[str, str]:
        """Our own JSON, each member in files of its own."""
        held = {"family": "averaged_hazard", "members": list(self.members), "shift": self.shift_}
        files = {"model.json": json.dumps(held, indent=1)}
        for family, member in self.members.items():
            files |= {f"{family}-{name}": text for name, text in member.to_files().items()}
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, str], load: Callable[[Mapping[str, str]], Any]) -> AveragedHazard:
        """The model that `to_files` wrote; `load` reads a member from its files."""
        held = json.loads(files["model.json"])
        members = {}
        for family in held["members"]:
            start = f"{family}-"
            members[family] = load({n.removeprefix(start): text for n, text in files.items() if n.startswith(start)})
        return cls(members, held["shift"])
