"""What a check is and what it finds. One check a file; each docstring carries the five headings that reports print."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np

from behavior.assumptions.set import AssumptionTable
from behavior.estimators.base import Attributions
from behavior.kinds.base import Exhibit, FittedModel, ModelKind, Predictions
from behavior.panel.base import CustomerHistory, Panel, PanelSplit
from behavior.quantities import BoolArray, FloatArray

EXPLAINED_ROWS = 2000


class Status(StrEnum):
    """Outcome of a check; DOES_NOT_APPLY is an answer, not a failure."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True)
class LastChampion:
    """The version that was champion before, put to the same history.

    Parameters
    ----------
    version : as ``mortgage_prepayment@3``.
    predictions : of the model that was judged, on the rows that it has not learned from; None where it cannot be asked.
    reason : why it cannot.
    """

    version: str
    predictions: Predictions | None
    reason: str = ""


@dataclass(frozen=True)
class CheckInput:
    """Everything a check may look at.

    Parameters
    ----------
    predictions : champion, challenger and benchmark on every panel row (masks of `split` pick the part).
    tables : the draft tables as read back from disk. looked_up : tables applied to the same rows.
    landmark_tables : tables of the judged model that later months are held against: for the book of the last month
        learned from, where curves speak of one book; None = the draft tables themselves.
    exported : the model that the draft tables come from, where it was learned again from everything; `fitted` is the
        one that checks judge. None = the same one.
    last_champion : the version that this one would replace or has replaced; None = there was none.
    """

    kind: ModelKind
    fitted: FittedModel
    history: CustomerHistory
    panel: Panel
    split: PanelSplit
    predictions: Predictions
    tables: tuple[AssumptionTable, ...]
    looked_up: Predictions
    landmark_tables: tuple[AssumptionTable, ...] | None = None
    exported: FittedModel | None = None
    last_champion: LastChampion | None = None

    @property
    def judged_tables(self) -> tuple[AssumptionTable, ...]:
        """The tables that are held against later months; `looked_up` comes from them."""
        return self.tables if self.landmark_tables is None else self.landmark_tables

    @property
    def seed(self) -> int:
        """Seed of every sample and bootstrap: the one of the specification's split."""
        return self.fitted.spec.split.seed

    @cached_property
    def explained_test(self) -> Mapping[str, Attributions]:
        """Attributions by estimator role on a seeded sample of the test rows."""
        return self._explained(self.split.test)

    @cached_property
    def explained_train(self) -> Mapping[str, Attributions]:
        """Attributions by estimator role on a seeded sample of the training rows."""
        return self._explained(self.split.train)

    @cached_property
    def explained_outcome(self) -> FloatArray:
        """Outcomes of the rows of `explained_test`, shape (rows,); empty where predictions are not one a panel row."""
        table = self.predictions.table
        if len(table) != len(self.split.test):
            return np.array([])
        return table["actual"].to_numpy(np.float64)[self._sampled(self.split.test)]

    def _sampled(self, mask: BoolArray) -> BoolArray:
        rows = np.flatnonzero(mask)
        if len(rows) > EXPLAINED_ROWS:
            rows = np.sort(np.random.default_rng(self.seed).choice(rows, EXPLAINED_ROWS, replace=False))
        chosen = np.zeros(len(mask), dtype=bool)
        chosen[rows] = True
        return chosen

    def _explained(self, mask: BoolArray) -> Mapping[str, Attributions]:
        return self.kind.explain(self.fitted, self.panel.rows(self._sampled(mask))) if mask.any() else {}


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    values : named figures; a gate of the specification names one as ``<check>`` or ``<check>.<value>``.
    thresholds : the gate's bounds in words, by value name; empty where the specification sets none.
    in_words : one or two sentences a validator can quote.
    exhibits : tables and pictures behind it.
    headings : purpose, mechanism, signs of high risk, strengths, limitations (from the check's docstring).
    meanings : every figure's meaning and unit. failed : figures outside their bounds.
    """

    check: str
    status: Status
    values: Mapping[str, float]
    in_words: str
    thresholds: Mapping[str, str] = field(default_factory=dict)
    exhibits: tuple[Exhibit, ...] = ()
    headings: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """All findings of a run."""

    findings: tuple[Finding, ...]

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Findings whose gate failed: the version is registered without the champion alias."""
        return tuple(finding for finding in self.findings if finding.status is Status.FAIL and finding.thresholds)

    def named(self, check: str) -> Finding | None:
        """The finding of one check, or None where it did not run."""
        return next((finding for finding in self.findings if finding.check == check), None)

    def metrics(self) -> Mapping[str, float]:
        """Every figure by ``<check>.<value>``, as an experiment store logs them."""
        return {f"{one.check}.{name}": value for one in self.findings for name, value in one.values.items()}


@dataclass(frozen=True)
class Check:
    """One question put to a model.

    Parameters
    ----------
    name : the file's name, which gates use.
    run : answers it; raises `DoesNotApply` where the question has no meaning.
    values : every figure it can give -> its meaning with its unit; the first is what a gate named ``<check>`` bounds.
    document : the module's docstring with the five headings.
    """

    name: str
    run: Callable[[CheckInput], Finding]
    values: Mapping[str, str]
    document: str

    @property
    def headings(self) -> Mapping[str, str]:
        """The five headings and their text."""
        return parse_headings(self.document)


def parse_headings(document: str) -> Mapping[str, str]:
    """Underlined headings of a docstring -> their text in one line each."""
    parts = re.split(r"^([^\n]+)\n-{3,}[ \t]*$", document, flags=re.MULTILINE)
    return {name.strip(): " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
