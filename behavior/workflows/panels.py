"""From a history to the panel of a kind, whole or in a stream: the one place that knows which it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from behavior.errors import Fault, SpecFault
from behavior.estimators.sampling import SAMPLE_SHARE
from behavior.freed import give_back_freed, map_large_apart
from behavior.kinds.base import ModelKind, all_kinds
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel, PanelSplit, StreamedHistory
from behavior.panel.parts import CaseRules, kept_panel, sampled_panels
from behavior.panel.split import split_panel
from behavior.specs import ModelSpec

OWN_SEED = 1
"""Added to the split's seed: customers kept and customers held out must be drawn apart."""


@dataclass(frozen=True)
class Panels:
    """The panel that checks, curves and report are read from, and the one that a fit learns from: mostly the same.

    `split` is that of `learning`; a sampled one holds no rows that nothing learns from.
    """

    panel: Panel
    learning: Panel
    split: PanelSplit


def panel_of(kind: ModelKind, history: CustomerHistory, rates: RateHistory, spec: ModelSpec) -> Panel:
    """The panel of a history; a streamed one is read part by part, and of the share of customers that it says.

    Raises
    ------
    SpecFault : the kind needs the whole history at once. FittingError : nothing is left at risk.
    """
    if not isinstance(history, StreamedHistory):
        return kind.build_panel(history, rates, spec)
    return kept_panel(_streamed(kind, history, rates, spec), history.customers, spec.split.seed + OWN_SEED)


def panels_of(kind: ModelKind, history: CustomerHistory, rates: RateHistory, spec: ModelSpec) -> Panels:
    """Both panels of a history.

    They differ where a streamed history keeps a share of the customers only, and the kind can learn from a sample of
    cases. It then sees every event of every customer, and a share of the other months: `sample_share` of its
    specification.

    Raises
    ------
    SpecFault, FittingError : as `panel_of`; the panel cannot be split.
    """
    whole = not isinstance(history, StreamedHistory) or history.customers >= 1.0
    if whole or not kind.case_events:
        panel = panel_of(kind, history, rates, spec)
        return Panels(panel, panel, split_panel(panel, spec.split))
    assert isinstance(history, StreamedHistory)
    cases = CaseRules(kind.case_events, float(spec.estimator.fixed.get("sample_share", SAMPLE_SHARE)))
    parts = _streamed(kind, history, rates, spec)
    panel, learning = sampled_panels(parts, history.customers, spec.split.seed + OWN_SEED, cases)
    split = split_panel(learning, spec.split)
    if spec.export.refit:  # what is held back from the first fit is learned from by the second
        give_back_freed()
        return Panels(panel, learning, split)
    mask = split.train | split.validate
    none = np.zeros(int(mask.sum()), dtype=bool)
    learned = learning.rows(mask)
    del learning
    give_back_freed()
    return Panels(panel, learned, PanelSplit(split.train[mask], split.validate[mask], none, none, none))


def _streamed(kind: ModelKind, history: StreamedHistory, rates: RateHistory, spec: ModelSpec) -> Iterator[Panel]:
    require_whole_or_streaming(kind, history)
    map_large_apart()
    assert kind.panels is not None
    return kind.panels(history.parts, rates, spec)


def require_whole_or_streaming(kind: ModelKind, history: CustomerHistory) -> None:
    """Refuse a streamed history for a kind that reads it whole.

    Raises
    ------
    SpecFault : naming the kinds that can read a stream.
    """
    if not isinstance(history, StreamedHistory) or kind.panels is not None:
        return
    able = ", ".join(sorted(one.name for one in all_kinds().values() if one.panels is not None))
    rule = f"expected a history without `stream` for {kind.name}, which reads it whole; a stream is for {able}"
    hint = "Name the same files in a second history section, and give that one to the model"
    raise SpecFault([Fault("profile", rule, column="$.history", hint=hint)])
