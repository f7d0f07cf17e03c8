"""From a history to the panel of a kind, whole or in a stream: the one place that knows which it is."""

from __future__ import annotations

from dataclasses import dataclass

from behavior.errors import Fault, SpecFault
from behavior.kinds.base import ModelKind, all_kinds
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel, StreamedHistory
from behavior.panel.parts import CaseRules, kept_panel, sampled_panels
from behavior.specs import ModelSpec

OWN_SEED = 1
"""Added to the split's seed: customers kept and customers held out must be drawn apart."""


@dataclass(frozen=True)
class Panels:
    """The panel that checks, curves and report are read from, and the one that a fit learns from: mostly the same."""

    panel: Panel
    learning: Panel


def panels_of(
    kind: ModelKind, history: CustomerHistory, rates: RateHistory, spec: ModelSpec, fit: bool = True
) -> Panels:
    """Both panels of a history; a streamed one is read part by part and, where it says so, sampled on the way.

    A kind that can learn from a sample of cases then sees every event of every customer, and of the other months the
    share that its specification names as `sample_share`. `fit` says whether anything is to be learnt.

    Raises
    ------
    SpecFault : the kind needs the whole history at once. FittingError : nothing is left at risk.
    """
    if not isinstance(history, StreamedHistory):
        panel = kind.build_panel(history, rates, spec)
        return Panels(panel, panel)
    require_whole_or_streaming(kind, history)
    assert kind.panels is not None
    seed = spec.split.seed + OWN_SEED
    parts = kind.panels(history.parts, rates, spec)
    if history.customers >= 1.0 or not fit:
        panel = kept_panel(parts, history.customers, seed)
        return Panels(panel, panel)
    share = float(spec.estimator.fixed.get("sample_share", 0.2))
    cases = CaseRules(kind.case_events, share) if kind.case_events else None
    return Panels(*sampled_panels(parts, history.customers, seed, cases))


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
