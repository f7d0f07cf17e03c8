"""One finding as a section: words, figures with meaning and gate, evidence, and the five headings beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from behavior.reporting.document import Block, Paragraph, Section, Table
from behavior.reporting.exhibits import blocks_of
from behavior.reporting.tables import number, spoken, titled
from behavior.validation.base import Finding, Findings, Status

# What a figure is for and how it is made stands before it, how far to trust it after.
BEFORE = ("Purpose", "Mechanism")
TONES = {Status.FAIL: "stamp", Status.WARN: "warning", Status.PASS: "plain", Status.DOES_NOT_APPLY: "note"}


def finding_section(finding: Finding, title: str = "") -> Section:
    """A section about one check; figures, exhibits, and how to read them."""
    blocks: list[Block] = [_verdict(finding)]
    blocks += [Paragraph(text, "note", f"{name}.") for name, text in finding.headings.items() if name in BEFORE]
    if finding.values:
        blocks.append(figures_table(finding))
    blocks += blocks_of(finding.exhibits)
    blocks += [Paragraph(text, "note", f"{name}.") for name, text in finding.headings.items() if name not in BEFORE]
    return Section(title or titled(finding.check), tuple(blocks))


def _verdict(finding: Finding) -> Paragraph:
    outcome = {"pass": "Pass.", "warn": "Look closer.", "fail": "Fail.", "does not apply": ""}[finding.status.value]
    return Paragraph(finding.in_words, TONES[finding.status], outcome)


def figures_table(finding: Finding) -> Table:
    """Every figure of a finding with its meaning and, where the specification sets one, its gate."""
    rows = [
        {
            "figure": name,
            "value": figure_text(value),
            "gate": finding.thresholds.get(name, ""),
            "meaning": finding.meanings.get(name, ""),
        }
        for name, value in finding.values.items()
    ]
    table = pd.DataFrame(rows)
    return Table("Figures", table if finding.thresholds else table.drop(columns="gate"))


def figure_text(value: float) -> str:
    """A figure with the decimals that its size asks for."""
    if not math.isfinite(value):
        return number(value, "")
    if abs(value) >= 1000 or (value == round(value) and abs(value) < 1e15):
        return number(value, ",.0f")
    return number(value, ",.2f" if abs(value) >= 10 else ".4g" if abs(value) >= 1e-4 else ".1e")


def unreconciled(findings: Findings) -> str:
    """What of the history's balance the ledger does not explain, for page one of every report."""
    finding = findings.named("tie_out")
    if finding is None or not finding.values:  # where a gate asks for it, a finding without figures has failed
        return "not known: no control totals of the ledger were given"
    return (
        f"{finding.values['unreconciled_latest']:,.0f} in the latest month "
        f"({100 * finding.values['unreconciled_latest_share']:.3f}% of the larger of ledger and history), "
        f"{finding.values['unreconciled_balance']:,.0f} over all months"
    )


def overview(findings: Findings) -> Table:
    """One row a check: outcome and the words a reader would quote."""
    rows = [
        {"check": spoken(one.check), "outcome": one.status.value, "in words": one.in_words} for one in findings.findings
    ]
    return Table("Findings", pd.DataFrame(rows, columns=["check", "outcome", "in words"]))


def gates(findings: Findings) -> Table | None:
    """One row a gate, or None where the specification sets none."""
    rows = [
        {
            "gate": f"{one.check}.{name}",
            "found": figure_text(one.values.get(name, math.nan)),
            "asked for": asked,
            "outcome": _gate_outcome(one, name),
        }
        for one in findings.findings
        for name, asked in one.thresholds.items()
    ]
    return Table("Gates", pd.DataFrame(rows)) if rows else None


def _gate_outcome(finding: Finding, value: str) -> str:
    if value in finding.failed:
        return "fail"
    return "open: does not apply" if finding.status is Status.DOES_NOT_APPLY else "pass"


def sections_of(findings: Findings, checks: Iterable[str]) -> tuple[Section, ...]:
    """Sections of the named checks that ran, in the order asked for."""
    found = (findings.named(check) for check in checks)
    return tuple(finding_section(one) for one in found if one is not None)
