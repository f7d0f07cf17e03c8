"""A model's card: the words that people wrote, with the figures of the run, so that they cannot go stale."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from behavior.kinds.base import Exhibit
from behavior.reporting.document import Document, Figure, Paragraph, Section, Table
from behavior.reporting.exhibits import blocks_of
from behavior.reporting.finding_blocks import gates, overview
from behavior.validation.base import Findings


def model_card(text: str, findings: Findings, exhibits: Sequence[Exhibit], facts: Mapping[str, Any]) -> Document:
    """The card of one registered version.

    Parameters
    ----------
    text : ``card.md``: headings, paragraphs and lists in plain Markdown.
    exhibits : the kind's pictures. facts : ``model``, ``model_version``, ``as_of``, ``owner``, ``validation_status``.
    """
    title, sections = parse_card(text)
    asked = gates(findings)
    tables: tuple[Paragraph | Table | Figure, ...] = (
        (overview(findings),) if asked is None else (asked, overview(findings))
    )
    made = (
        Section("What the last run found", tables),
        Section("The behaviour in pictures", blocks_of(exhibits)),
    )
    names = {
        "model": "Model",
        "model_version": "Version",
        "owner": "Owner",
        "as_of": "Valuation date",
        "validation_status": "Status",
    }
    shown = {words: str(facts[name]) for name, words in names.items() if facts.get(name)}
    status = str(facts.get("validation_status", "unvalidated"))
    stamp = "" if status == "validated" else status.upper()
    return Document(title or str(facts.get("model", "Model card")), "Model card", (*sections, *made), stamp, shown)


def parse_card(text: str) -> tuple[str, tuple[Section, ...]]:
    """Title and sections of a Markdown text; each list item becomes a paragraph with a dash."""
    title, name, lines = "", "", []
    sections: list[Section] = []
    for line in [*text.splitlines(), "## "]:
        heading = re.match(r"(#{1,6})\s*(.*)", line)
        if heading is None:
            lines.append(line)
            continue
        blocks = _paragraphs(lines)
        if blocks or name:
            sections.append(Section(name or "About", blocks))
        lines = []
        if len(heading.group(1)) == 1 and not title:
            title, name = heading.group(2).strip(), ""
        else:
            name = heading.group(2).strip()
    return title, tuple(sections)


def _paragraphs(lines: Sequence[str]) -> tuple[Paragraph, ...]:
    found: list[str] = []
    fresh = True
    for line in lines:
        words = line.strip()
        item = re.match(r"[-*]\s+(.*)", words)
        if not words:
            fresh = True
        elif item is not None:
            found.append(f"– {item.group(1)}")
            fresh = False
        elif fresh or not found:
            found.append(words)
            fresh = False
        else:
            found[-1] += f" {words}"
    return tuple(Paragraph(re.sub(r"[*_`]{1,2}([^*_`]+)[*_`]{1,2}", r"\1", one)) for one in found)
