"""A model learned twice: what is judged has not seen the last months, and what is exported has seen everything.

Checks need months and customers that a model did not learn from; curves for today should not leave out the months that
are most like today. With `[export] refit = true` the specification is fitted again, in the family that was chosen, on
every month and customer; evidence stays that of the first fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from behavior.errors import Fault, SpecFault
from behavior.freed import give_back_freed
from behavior.kinds.base import FittedModel, ModelKind
from behavior.panel.base import Panel, PanelSplit
from behavior.panel.split import nothing_held_back
from behavior.specs import ModelSpec

JUDGED = "judged/"
"""Where a version keeps the files of the model that was judged, if it is not the exported one."""
TUNED = ("best", "boosted_hazard")
"""Families that choose by the validation months."""
REPEATED = (
    "rows learned from",
    "closures learned from",
    "payoffs learned from",
    "defaults learned from",
    "curtailments learned from",
    "moves into other products learned from",
    "form",
    "trained to",
    "series too thin for a law of their own",
    "segments whose law did not converge",
    "laws of segments",
)
"""Facts that are said of both models."""


@dataclass(frozen=True)
class Learned:
    """The model that checks judge and the one whose curves are exported: one model where nothing is learned again."""

    judged: FittedModel
    exported: FittedModel

    @property
    def refitted(self) -> bool:
        """Whether they are two."""
        return self.exported is not self.judged

    def files(self) -> Mapping[str, str]:
        """Text files of both, as a version keeps them."""
        if not self.refitted:
            return self.judged.files()
        return {**self.exported.files(), **{JUDGED + name: text for name, text in self.judged.files().items()}}

    def facts(self) -> Mapping[str, Any]:
        """Facts of the judged fit, and how much more the exported one has seen."""
        if not self.refitted:
            return self.judged.facts
        seen = self.exported.facts
        return {**self.judged.facts, **{f"{name}, exported model": seen[name] for name in REPEATED if name in seen}}


def learn(kind: ModelKind, panel: Panel, split: PanelSplit, spec: ModelSpec) -> Learned:
    """Fit what is judged, and what is exported where the specification asks for that.

    Raises
    ------
    SpecFault : `refit` of a kind that has no such thing. FittingError : the history cannot carry the model.
    """
    refuse_refit(kind, spec)
    judged = kind.fit(panel, split, spec)
    give_back_freed()
    return Learned(judged, _refit(kind, judged, panel, spec) if spec.export.refit else judged)


def _refit(kind: ModelKind, judged: FittedModel, panel: Panel, spec: ModelSpec) -> FittedModel:
    """The same specification learned from every month and customer, in the family that the judged model has."""
    known = str(judged.facts.get("form", ""))
    family = known if known in kind.families else spec.estimator.family
    asked = spec.model_copy(update={"estimator": spec.estimator.model_copy(update={"family": family})})
    assert kind.refit is not None
    found = kind.refit(judged, panel, nothing_held_back(panel, spec.split, tuned=family in TUNED), asked)
    return replace(found, spec=judged.spec)


def load(kind: ModelKind, spec: ModelSpec, files: Mapping[str, str]) -> Learned:
    """Both models of a version from its text files; of one registered with one model, that one."""
    apart = {name.removeprefix(JUDGED): text for name, text in files.items() if name.startswith(JUDGED)}
    exported = kind.load(spec, {name: text for name, text in files.items() if not name.startswith(JUDGED)})
    return Learned(kind.load(spec, apart), exported) if apart else Learned(exported, exported)


def refuse_refit(kind: ModelKind, spec: ModelSpec) -> None:
    """Refuse `refit` of a kind whose model is not learned twice.

    Raises
    ------
    SpecFault : it is asked for.
    """
    if spec.export.refit and kind.refit is None:
        rule = f"expected false: a {kind.name} model is exported as it was judged"
        raise SpecFault([Fault("spec.toml", rule, column="$.export.refit", value="true")])
