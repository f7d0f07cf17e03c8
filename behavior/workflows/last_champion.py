"""The stored last champion, read from its text and asked about the history that a newer version is judged on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.errors import BehaviorError
from behavior.kinds.base import FittedModel, ModelKind, Predictions
from behavior.panel.base import Panel
from behavior.panel.split import held_out_customers
from behavior.quantities import BoolArray
from behavior.specs import ModelSpec, parse_spec
from behavior.tracking.base import ModelRecord, Tracker
from behavior.validation.base import CheckInput, Findings, LastChampion
from behavior.workflows.learned import load
from behavior.workflows.panels import panel_of
from behavior.workflows.request import SPEC_FILE, TrainingRequest

COMPARED, GAIN, TESTED_FROM = "last_champion", "gain_on_last_champion", "tested_from"
"""Tags: the version's number, what the new one gains on it in words, and the first month of a version's own test."""
NOT_IN_PANELS = {"model", "estimator", "search", "gates", "export", "digest"}
"""Parts of a specification that no panel depends on."""


def champion_of(tracker: Tracker, name: str) -> int | None:
    """Number of the version that holds the alias ``champion``; None where none does."""
    return next((one.version for one in tracker.versions(name) if "champion" in one.aliases), None)


def compared_with(record: ModelRecord) -> int | None:
    """Number of the version that a registered one was compared with; None where its record names none."""
    number = record.tags.get(COMPARED, "")
    return int(number) if number else None


def beside_champion(given: CheckInput, request: TrainingRequest, tracker: Tracker, version: int | None) -> CheckInput:
    """What checks look at, with the answers of the version that was champion; unchanged where `version` is None.

    A version that cannot be read or asked is no reason to stop: the check says why, and a required gate fails.
    """
    if version is None:
        return given
    name = f"{request.name}@{version}"
    try:
        predictions = _asked(tracker.record(request.name, version), given, request)
    except BehaviorError as error:
        return replace(given, last_champion=LastChampion(name, None, str(error)))
    return replace(given, last_champion=LastChampion(name, predictions))


def tags_of(given: CheckInput, findings: Findings, version: int | None) -> dict[str, str]:
    """What a record keeps: from when on its version was tested, and how it stands to the last champion."""
    months = given.panel.table.loc[given.split.out_of_time, "month"]
    kept = {TESTED_FROM: str(months.min().date())} if len(months) else {}
    if version is None:
        return kept
    finding = findings.named("last_champion")
    values = finding.values if finding is not None else {}
    kept[COMPARED] = str(version)
    if "gain" in values:
        gain, low, high = (100 * values[one] for one in ("gain", "gain_lower", "gain_upper"))
        kept[GAIN] = f"{gain:+z.2f}% ({low:+z.2f}% to {high:+z.2f}%)"
    return kept


def _asked(record: ModelRecord, given: CheckInput, request: TrainingRequest) -> Predictions:
    """Predictions of the model that was judged, on the rows that it has not learned from."""
    spec = parse_spec(record.files[SPEC_FILE], f"{record.name}@{record.version}")
    files = {name: text for name, text in record.files.items() if name != SPEC_FILE}
    fitted = load(given.kind, spec, files).judged
    panel = _panel(given, request, spec)
    if given.kind.beside is not None:
        fitted = given.kind.beside(fitted, given.fitted)
    return _unseen(given.kind, fitted, panel, _not_learned_from(panel, spec, record))


def _panel(given: CheckInput, request: TrainingRequest, spec: ModelSpec) -> Panel:
    """The history as the last champion's specification reads it: often as the new one does."""
    if spec.model_dump(exclude=NOT_IN_PANELS) == request.spec.model_dump(exclude=NOT_IN_PANELS):
        return given.panel
    return panel_of(given.kind, request.history, request.rates, spec)


def _not_learned_from(panel: Panel, spec: ModelSpec, record: ModelRecord) -> BoolArray:
    """Mask over the panel's rows: out of time and of customers held out, as when the version was judged.

    A record that does not say from when on it was tested has learned from nothing after its as-of date.
    """
    months, tags = panel.table["month"], record.tags
    seen_to = pd.Timestamp(tags.get("as_of") or months.max())
    late = months >= pd.Timestamp(tags[TESTED_FROM]) if TESTED_FROM in tags else months > seen_to
    held_out = held_out_customers(panel.table["customer"], spec.split.customer_share, spec.split.seed)
    return np.asarray(late & (held_out | (spec.split.customer_share == 0.0)))


def _unseen(kind: ModelKind, fitted: FittedModel, panel: Panel, unseen: BoolArray) -> Predictions:
    keys = pd.MultiIndex.from_frame(panel.table.loc[unseen, ["unit", "month"]])

    def kept(predictions: Predictions) -> Predictions:
        table = predictions.table
        chosen = pd.MultiIndex.from_frame(table[["unit", "month"]]).isin(keys)
        return replace(predictions, table=table[chosen].reset_index(drop=True))

    found = kind.predict(fitted, panel)
    return replace(kept(found), event=None if found.event is None else kept(found.event))
