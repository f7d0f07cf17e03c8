"""What a report prints about the fit of a pass-through model: how it was learned, and a row a law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_laws import SegmentLaw
from behavior.estimators.pass_through_series import BASIS_POINTS
from behavior.kinds._segments import segment_name


def fit_facts(model: StructuralPassThrough) -> dict[str, Any]:
    """Months, what was too thin or did not converge, and the laws: those of segments, and those that pool them."""
    known = model.facts_
    own = [law for law in model.laws_ if "members" not in law.facts]
    pooled = [law for law in model.laws_ if "members" in law.facts]
    found: dict[str, Any] = {
        "trained to": str(np.datetime64(int(known["trained_to"]), "M")),
        "series too thin for a law of their own": list(known.get("thin", [])),
        "segments whose law did not converge": dict(known.get("not converged", {})),
        "laws of segments": {_name(law): _own(law.facts) for law in own},
    }
    if pooled:
        found["pooled laws, for what no segment's law covers"] = {_name(law): _pooled(law.facts) for law in pooled}
    return found


def _name(law: SegmentLaw) -> str:
    return segment_name(law.segment)


def _own(facts: Mapping[str, Any]) -> dict[str, Any]:
    unknown = float("nan")
    return {
        "months": facts.get("rows", unknown),
        "series": facts.get("series", unknown),
        "starts that end in the same law, %": 100.0 * facts.get("share of starts that agree", unknown),
        "smoothing": facts.get("smoothing", unknown),
        "share of an error corrected in a month": facts.get("gain", unknown),
        "posted in steps of, bp": BASIS_POINTS * facts.get("posted step", 0.0),
        "largest design effect": float(np.max(facts.get("design effect", [unknown]))),
        "passed on at once, up and down": ", ".join(f"{one:.3f}" for one in facts.get("impact", [])) or "nothing",
        "condition number": facts.get("condition", unknown),
    }


def _pooled(facts: Mapping[str, Any]) -> dict[str, Any]:
    spread = facts.get("spread between members", [float("nan")])
    return {"members": facts["members"], "largest spread between members": float(np.max(spread))}
