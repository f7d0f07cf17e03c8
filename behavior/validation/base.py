"""What a check is and what it finds. One check a file; each docstring carries the five headings that reports print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from behavior.assumptions.set import AssumptionTable
from behavior.kinds.base import Exhibit, FittedModel, ModelKind, Predictions
from behavior.panel.base import CustomerHistory, Panel, PanelSplit


class Status(StrEnum):
    """Outcome of a check; DOES_NOT_APPLY is an answer, not a failure."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True)
class CheckInput:
    """Everything a check may look at.

    Parameters
    ----------
    predictions : champion, challenger and benchmark on every panel row (masks of `split` pick the part).
    tables : the draft tables as read back from disk. looked_up : those tables applied to the same rows.
    """

    kind: ModelKind
    fitted: FittedModel
    history: CustomerHistory
    panel: Panel
    split: PanelSplit
    predictions: Predictions
    tables: tuple[AssumptionTable, ...]
    looked_up: Predictions


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
    """

    check: str
    status: Status
    values: Mapping[str, float]
    in_words: str
    thresholds: Mapping[str, str] = field(default_factory=dict)
    exhibits: tuple[Exhibit, ...] = ()
    headings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Findings:
    """All findings of a run."""

    findings: tuple[Finding, ...]

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Findings whose gate failed: the version is registered without the champion alias."""
        return tuple(finding for finding in self.findings if finding.status is Status.FAIL and finding.thresholds)
