"""The report that a validator signs or refuses: identity, data, evidence, limits and how to get the same again."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.beyond_data import beyond_data_warnings
from behavior.assumptions.seen_incentives import one_sided_warnings
from behavior.assumptions.set import AssumptionTable
from behavior.estimators.base import Attributions
from behavior.kinds.base import Exhibit
from behavior.reporting.document import Block, Blocks, Document, Paragraph, Section, Table
from behavior.reporting.exhibits import blocks_of
from behavior.reporting.finding_blocks import finding_section, gates, overview, sections_of, unreconciled
from behavior.reporting.signature import signature
from behavior.reporting.tables import spoken, titled
from behavior.reporting.validation_subject import data_read, identity, split_table
from behavior.validation.base import CheckInput, Findings, Status
from behavior.validation.shap_summary import exhibits_of

# Report section -> the checks whose findings it holds; what no section names is printed at the end.
PLACES: Mapping[str, tuple[str, ...]] = {
    "Split and regimes": ("leakage", "regime_coverage"),
    "Calibration": ("calibration",),
    "Discrimination": ("discrimination",),
    "Back-test": ("backtest", "band_coverage"),
    "Benchmark": ("benchmark", "last_champion"),
    "Export fidelity": ("export_fidelity", "refit"),
    "Direction and sensitivity": ("monotonicity", "sensitivity"),
    "Stability": ("stability",),
}
REFITTED = (
    "Two models: the evidence is of one that has not seen the test months and customers; the exported curves are of "
    "the same specification learned again from everything. How far the two differ stands under Export fidelity."
)
ELSEWHERE = ("tie_out", "shap_summary")


def validation_report(
    given: CheckInput,
    findings: Findings,
    exhibits: Sequence[Exhibit],
    attributions: Mapping[str, Attributions],
    facts: Mapping[str, Any],
) -> Document:
    """Everything a validator asks about one fitted model.

    Parameters
    ----------
    exhibits : the kind's own pictures (S-curve, run-off, pass-through) against what was realised.
    attributions : by estimator role; printed where the finding on attributions has no pictures of its own.
    facts : who, when and from what: ``model``, ``model_version``, ``owner``, ``developer``, ``as_of``,
        ``transferred``, ``validation_status``, ``validated_by``, ``validated_at``, ``validation_note``,
        ``spec_digest``, ``data_digest``, ``registered_data_digest`` and ``same_data`` (of a version checked again),
        ``code_version``, ``code_digest``, ``libraries`` (mapping), ``fit`` (mapping), ``run``, ``limitations``
        (sequence), ``command``. Missing ones are left out.
    """
    spec = given.fitted.spec
    named = {title: sections_of(findings, checks) for title, checks in PLACES.items()}
    pictures = (Paragraph("What the model says the behaviour is, against what customers did."), *blocks_of(exhibits))
    sections = [
        Section("Summary", _summary(given, findings, facts)),
        Section("Identity and scope", identity(given)),
        Section("Data", data_read(given, facts), sections_of(findings, ("tie_out",))),
        Section("Split and regimes", (split_table(given),), named["Split and regimes"]),
        Section("The behaviour in pictures", pictures) if exhibits else None,
        *(_one(title, named[title]) for title in ("Calibration", "Discrimination", "Back-test", "Benchmark")),
        _explanation(findings, attributions),
        *(_one(title, named[title]) for title in ("Direction and sensitivity", "Stability", "Export fidelity")),
        _further(findings),
        Section("Limitations", _limitations(given, findings, facts)),
        Section("Reproduction", _reproduction(given, facts)),
        _guidance(),
    ]
    kept = tuple(section for section in sections if section is not None)
    name = str(facts.get("model") or spec.model.name or spec.model.kind)
    subtitle = f"Validation report · {spec.model.kind}, specification version {spec.model.version}"
    first = _first_facts(given, findings, facts)
    return Document(titled(name), subtitle, kept, _stamp(findings, facts), first, signature(facts))


def _stamp(findings: Findings, facts: Mapping[str, Any]) -> str:
    status = str(facts.get("validation_status", "unvalidated"))
    words = [] if status == "validated" else [status.upper()]
    if findings.blocking:
        words.append("GATE FAILED")
    return " · ".join(words)


def _first_facts(given: CheckInput, findings: Findings, facts: Mapping[str, Any]) -> Mapping[str, str]:
    version = facts.get("model_version")
    shown = {
        "Model": str(facts.get("model", given.fitted.spec.model.name)) + (f", version {version}" if version else ""),
        "Purpose": given.fitted.spec.model.purpose,
        "Owner": str(facts.get("owner") or given.fitted.spec.model.owner),
        "Developer": facts.get("developer"),
        "Valuation date": facts.get("as_of"),
        "Unreconciled balance": unreconciled(findings),
        "Transferred": facts.get("transferred"),
    }
    return {name: str(value) for name, value in shown.items() if value not in (None, "")}


def _summary(given: CheckInput, findings: Findings, facts: Mapping[str, Any]) -> Blocks:
    counts = {status: sum(one.status is status for one in findings.findings) for status in Status}
    words = (
        f"{len(findings.findings)} checks. Passed: {counts[Status.PASS]}; to be looked at more closely: "
        f"{counts[Status.WARN]}; failed: {counts[Status.FAIL]}; not applicable: {counts[Status.DOES_NOT_APPLY]}."
    )
    blocks: list[Block] = [Paragraph(words)]
    if findings.blocking:
        names = ", ".join(spoken(one.check) for one in findings.blocking)
        blocks.append(
            Paragraph(f"Gates failed: {names}. The version is registered without the champion alias.", "stamp")
        )
    if facts.get("transferred"):
        blocks.append(Paragraph(f"Transferred behaviour: {facts['transferred']}", "warning"))
    if given.exported is not None and given.exported is not given.fitted:
        blocks.append(Paragraph(REFITTED, "note"))
    warned = (*one_sided_warnings(given.tables), *beyond_data_warnings(given.tables))
    blocks += [Paragraph(words, "warning") for words in warned]
    asked = gates(findings)
    blocks += [asked] if asked is not None else [Paragraph("The specification sets no gate.", "note")]
    return (*blocks, overview(findings))


MOST_SIGNS = 600
"""Length after which the entries of one list are counted instead of written."""


def _listed(words: Sequence[str]) -> str:
    """Entries in words, whole ones; those that a cell of a table has no room for are counted."""
    ends = np.cumsum([len(one) + 2 for one in words])
    shown = max(int(np.searchsorted(ends, MOST_SIGNS, side="right")), 1)
    left = len(words) - shown
    return ", ".join(words[:shown]) + (f" and {left:,} more" if left > 0 else "")


def _plain(value: object) -> str:
    """A setting as a specification writes it: a seed has no thousands."""
    if isinstance(value, Mapping):
        return _listed([f"{name} {_plain(one)}" for name, one in value.items()])
    if isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        return f"{len(value):,} entries, kept with the run"
    if isinstance(value, list | tuple):
        return _listed([_plain(one) for one in value])
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _one(title: str, found: tuple[Section, ...]) -> Section | None:
    """A report section of one finding is that finding; of several, they are its sub-sections."""
    if not found:
        return None
    return Section(title, found[0].blocks) if len(found) == 1 else Section(title, (), found)


def _explanation(findings: Findings, attributions: Mapping[str, Attributions]) -> Section | None:
    finding = findings.named("shap_summary")
    if finding is not None and (finding.exhibits or not attributions):
        return finding_section(finding, "Explanation")
    blocks: list[Block] = []
    for role, one in attributions.items():
        blocks += blocks_of(exhibits_of(role, one))
    return Section("Explanation", tuple(blocks)) if blocks else None


def _further(findings: Findings) -> Section | None:
    placed = {check for checks in PLACES.values() for check in checks} | set(ELSEWHERE)
    found = tuple(finding_section(one) for one in findings.findings if one.check not in placed)
    return Section("Further checks", (), found) if found else None


def _limitations(given: CheckInput, findings: Findings, facts: Mapping[str, Any]) -> Blocks:
    lines = [str(line) for line in facts.get("limitations", ())]
    if facts.get("transferred"):
        lines.append(f"Transferred: {facts['transferred']}")
    lines += _averaged(given.tables)
    lines += [one.in_words for one in findings.findings if one.status in (Status.WARN, Status.FAIL)]
    lines += [
        f"{titled(one.check)} {_lower(one.in_words)}"
        for one in findings.findings
        if one.status is Status.DOES_NOT_APPLY
    ]
    return tuple(Paragraph(line) for line in dict.fromkeys(lines)) or (Paragraph("No check asks for a closer look."),)


def _averaged(tables: Sequence[AssumptionTable]) -> list[str]:
    """What covariates off the axes were averaged over, said once of the tables that share it."""
    shared: dict[str, list[str]] = {}
    for table in tables:
        words = "; ".join(f"{name}: {one}" for name, one in table.averaged_over.items())
        if words:
            shared.setdefault(words, []).append(table.name)
    return [
        f"Covariates that are no axis of {', '.join(names)} were averaged. {words[:1].upper()}{words[1:]}."
        for words, names in shared.items()
    ]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _reproduction(given: CheckInput, facts: Mapping[str, Any]) -> Blocks:
    names = (
        "run",
        "model_version",
        "code_version",
        "code_digest",
        "spec_digest",
        "data_digest",
        "registered_data_digest",
        "rates_digest",
        "book_digest",
        "trees_grown_on",
        "command",
    )
    rows = [{"what": titled(name), "value": str(facts[name])} for name in names if facts.get(name)]
    if not facts.get("command"):
        version = facts.get("model_version", "VERSION")
        again = f"behavior validate {facts.get('model', given.fitted.spec.model.name)}@{version} --profile PROFILE"
        rows.append({"what": "Rebuilt and checked again by", "value": again})
    rows.append({"what": "Seed of split, samples and bootstrap", "value": str(given.seed)})
    rows.append({"what": "Seed of search", "value": str(given.fitted.spec.search.seed)})
    files = [
        {"what": f"Model file {name}", "value": f"{len(text):,} characters"}
        for name, text in given.fitted.files().items()
    ]
    blocks: list[Block] = [Table("Digests, versions and seeds", pd.DataFrame([*rows, *files]))]
    if facts.get("same_data") is False:
        other = facts.get("made_with_other")
        words = f"These checks were rerun with other inputs than the version was made with ({other})"
        if facts.get("data_digest") != facts.get("registered_data_digest"):
            words = "These checks were rerun on another history than the version learned from"
        words += ": their figures are not its own."
        blocks.insert(0, Paragraph(words, "warning"))
    libraries = facts.get("libraries") or {}
    if libraries:
        table = pd.DataFrame({"library": list(libraries), "version": [str(one) for one in libraries.values()]})
        blocks.append(Table("Libraries", table))
    spec = json.loads(given.fitted.spec.model_dump_json(by_alias=True, exclude={"digest"}))
    flat = [{"setting": name, "value": text} for name, text in _flat(spec)]
    blocks.append(Table("The specification", pd.DataFrame(flat)))
    return tuple(blocks)


def _flat(value: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, one in value.items():
        if isinstance(one, Mapping) and one:
            found += _flat(one, f"{path}{name}.")
        elif one not in (None, "", [], {}):
            found.append((f"{path}{name}", _plain(one)))
    return found


def _guidance() -> Section:
    text = resources.files("behavior.reporting").joinpath("parameters/guidance.toml").read_text(encoding="utf-8")
    words = tomllib.loads(text)
    rows = [
        {"theme": one["theme"], "earlier word": one["earlier"], "where in this report": ", ".join(one["sections"])}
        for one in words["themes"]
    ]
    lines = (
        Paragraph(
            f"{words['title']}, {words['effective']:%d %B %Y}; it replaces {words['replaces']}. {words['scope']}"
        ),
        Table("Where the evidence stands", pd.DataFrame(rows)),
        Paragraph(f"Source: {words['source']}. Certainty: {words['certainty']}.", "note"),
        Paragraph("This table helps a reader to find evidence; it asserts no compliance with any guidance.", "note"),
    )
    return Section(f"Guidance: {words['name']}", lines)
