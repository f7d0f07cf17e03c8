"""Behavioural assumptions for bank asset-liability management: learned from customer history, spent by an engine.

The public names below are loaded when they are first used, so that importing the package costs nothing and treasury
never loads a learning library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from behavior.assumptions.compare import compare
    from behavior.assumptions.set import AssumptionSet
    from behavior.io.assumption_store import AssumptionStore, load_assumptions
    from behavior.io.profiles import load_profile
    from behavior.kinds.base import ModelKind, all_kinds
    from behavior.market.curves import CurveSet, RateCurve
    from behavior.market.history import RateHistory
    from behavior.market.scenarios import ScenarioSet, apply_scenarios, scenario_set
    from behavior.measures.result import IrrbbResult
    from behavior.simulator.bank import simulate
    from behavior.specs import ModelSpec, parse_spec
    from behavior.workflows.explain import explain
    from behavior.workflows.publish import publish
    from behavior.workflows.train import train
    from behavior.workflows.valuation import ValuationInputs, ValuationOptions
    from behavior.workflows.value import value

_PLACES = {
    "AssumptionSet": "behavior.assumptions.set",
    "AssumptionStore": "behavior.io.assumption_store",
    "CurveSet": "behavior.market.curves",
    "IrrbbResult": "behavior.measures.result",
    "ModelKind": "behavior.kinds.base",
    "ModelSpec": "behavior.specs",
    "RateCurve": "behavior.market.curves",
    "RateHistory": "behavior.market.history",
    "ScenarioSet": "behavior.market.scenarios",
    "ValuationInputs": "behavior.workflows.valuation",
    "ValuationOptions": "behavior.workflows.valuation",
    "all_kinds": "behavior.kinds.base",
    "apply_scenarios": "behavior.market.scenarios",
    "compare": "behavior.assumptions.compare",
    "explain": "behavior.workflows.explain",
    "load_assumptions": "behavior.io.assumption_store",
    "load_profile": "behavior.io.profiles",
    "parse_spec": "behavior.specs",
    "publish": "behavior.workflows.publish",
    "scenario_set": "behavior.market.scenarios",
    "simulate": "behavior.simulator.bank",
    "train": "behavior.workflows.train",
    "value": "behavior.workflows.value",
}

__all__ = [
    "AssumptionSet",
    "AssumptionStore",
    "CurveSet",
    "IrrbbResult",
    "ModelKind",
    "ModelSpec",
    "RateCurve",
    "RateHistory",
    "ScenarioSet",
    "ValuationInputs",
    "ValuationOptions",
    "all_kinds",
    "apply_scenarios",
    "compare",
    "explain",
    "load_assumptions",
    "load_profile",
    "parse_spec",
    "publish",
    "scenario_set",
    "simulate",
    "train",
    "value",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'behavior' has no attribute {name!r}; it has {', '.join(_PLACES)}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
