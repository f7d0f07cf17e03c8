"""Models that have no row in a table, in words: a row that is not there is said to be missing, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A model that gave no answer in a window, and why."""

    model: str
    window: str
    why: str


def words_of(error: Exception) -> str:
    """An error's message on one line."""
    return " ".join(str(error).split())


def absent_of(refused: Sequence[Refusal], windows: int) -> dict[str, str]:
    """Model -> in how many of the `windows` it gave no answer, and the words of the first."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(one.model for one in refused):
        own = [one for one in refused if one.model == name]
        found[name] = f"no answer in {len(own)} of {windows} windows and folds, the first {own[0].window}: {own[0].why}"
    return found


def missing_rows(absent: Mapping[str, Mapping[str, str]], words: Mapping[str, str]) -> tuple[str, ...]:
    """Notes on the models without a row, from cause -> model -> why; `words` say what a model is."""
    return tuple(
        f"{cause}, {model} ({words.get(model, model)}) has no row: {why}"
        for cause, own in absent.items()
        for model, why in own.items()
    )
