"""Find the checks, put them to a model and hold the figures against the gates of its specification."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from behavior.errors import DoesNotApply, Fault, SpecFault
from behavior.specs import Gate
from behavior.validation.base import Check, CheckInput, Finding, Findings, Status


def all_checks() -> Mapping[str, Check]:
    """Every check by name: the modules of this folder that end in ``CHECK = Check(...)``."""
    import behavior.validation as folder

    found: dict[str, Check] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        check = getattr(importlib.import_module(f"behavior.validation.{module.name}"), "CHECK", None)
        if isinstance(check, Check):
            found[check.name] = check
    return found


def gate_faults(
    gates: Mapping[str, Any], where: str = "spec.toml", checks: Mapping[str, Check] | None = None
) -> list[Fault]:
    """Gates that name no check or no figure of it, so that a misspelt gate is found before an hour of training."""
    known = all_checks() if checks is None else checks
    faults = []
    for name in gates:
        check, _, value = name.partition(".")
        if check not in known:
            rule = f"expected the name of a check: {', '.join(sorted(known))}"
        elif value and value not in known[check].values:
            rule = f"expected a figure of `{check}`: {', '.join(known[check].values)}"
        else:
            continue
        faults.append(Fault(where, rule, column=f"$.gates.{name}", value=name))
    return faults


def run_checks(
    given: CheckInput, gates: Mapping[str, Gate] | None = None, checks: Mapping[str, Check] | None = None
) -> Findings:
    """Put every check to a model.

    Parameters
    ----------
    gates : bounds by ``<check>`` (its first figure) or ``<check>.<figure>``.
    checks : None = all in this folder.

    Raises
    ------
    SpecFault : naming every gate that no check answers.
    """
    known = all_checks() if checks is None else checks
    bounds = dict(gates or {})
    faults = gate_faults(bounds, checks=known)
    if faults:
        raise SpecFault(faults)
    return Findings(tuple(_gated(check, _answer(check, given), bounds) for check in known.values()))


def _answer(check: Check, given: CheckInput) -> Finding:
    try:
        finding = check.run(given)
    except DoesNotApply as reason:
        finding = Finding(check.name, Status.DOES_NOT_APPLY, {}, f"Does not apply: {reason}")
    return replace(finding, headings=check.headings, meanings=check.values)


def _gated(check: Check, finding: Finding, gates: Mapping[str, Gate]) -> Finding:
    thresholds = dict(finding.thresholds)
    failed = list(finding.failed)
    reasons: list[str] = []
    unanswered: list[str] = []
    for name, gate in gates.items():
        owner, _, value = name.partition(".")
        if owner != check.name:
            continue
        value = value or next(iter(check.values))
        thresholds[value] = in_words(gate)
        if finding.status is Status.DOES_NOT_APPLY and not gate.required:
            unanswered.append(value)
            continue
        found = finding.values.get(value, math.nan)
        if not _inside(found, gate):
            failed.append(value)
            shown = f"{found:.4g}" if math.isfinite(found) else "no figure"
            reasons.append(f"{value} is {shown}, the gate asks for {in_words(gate)}")
    if unanswered:
        finding = replace(finding, in_words=f"{finding.in_words} Gate left open: {', '.join(unanswered)}.")
    if not reasons:
        return replace(finding, thresholds=thresholds)
    words = f"{finding.in_words} Gate failed: {'; '.join(reasons)}."
    return replace(finding, status=Status.FAIL, thresholds=thresholds, in_words=words, failed=tuple(failed))


def _inside(value: float, gate: Gate) -> bool:
    # A gate that cannot be answered has not been passed.
    if not math.isfinite(value):
        return False
    return (gate.min is None or value >= gate.min) and (gate.max is None or value <= gate.max)


def in_words(gate: Gate) -> str:
    """A gate's bounds as a reader sees them."""
    bounds = _bounds_in_words(gate)
    return f"{bounds}, required" if gate.required else bounds


def _bounds_in_words(gate: Gate) -> str:
    if gate.min is not None and gate.max is not None:
        return f"{gate.min:g} to {gate.max:g}"
    if gate.min is not None:
        return f"at least {gate.min:g}"
    return f"at most {gate.max:g}" if gate.max is not None else "any figure"
