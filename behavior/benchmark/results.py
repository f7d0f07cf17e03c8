"""What a benchmark gives: figures with intervals in one long table, bars with a verdict, pictures as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from behavior.kinds.base import Exhibit

MET, MISSED, OPEN = "met", "missed", "not measured"


@dataclass(frozen=True)
class Verdict:
    """One bar with what was found.

    Parameters
    ----------
    found : the figure in words, with its interval. wanted : the bar in words. verdict : `met`, `missed` or
        `not measured`.
    """

    data: str
    wanted: str
    found: str
    verdict: str

    def as_row(self) -> dict[str, str]:
        """For a table."""
        return {"data": self.data, "must": self.wanted, "found": self.found, "bar": self.verdict}


@dataclass(frozen=True)
class Answer:
    """A benchmark of one model folder on one history under one protocol.

    Parameters
    ----------
    name : of the question in its profile, or of the simulated bank's. scores : one row a figure: cause, model, score,
        weighting, slice, bucket, value, low, high (90% interval), rows, events.
    summary : one row a model for printing, ours first. winner : words on who won on the first score that matters.
    notes : what the data can say, and which models have no row and why.
    """

    name: str
    title: str
    kind: str
    protocol: str
    scores: pd.DataFrame
    summary: pd.DataFrame
    verdicts: tuple[Verdict, ...]
    winner: str
    exhibits: tuple[Exhibit, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


def figure(value: float, low: float, high: float, form: str = ".3f") -> str:
    """A figure with its interval in words."""
    if low != low:
        return f"{value:{form}}"
    return f"{value:{form}} ({low:{form}} to {high:{form}})"
