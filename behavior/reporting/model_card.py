"""A model's card: the words that people wrote, with the figures of the run, so that they cannot go stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.reporting.document import Block, Blocks, Document, Paragraph, Section, Table
from behavior.reporting.exhibits import blocks_of
from behavior.reporting.finding_blocks import gates, overview
from behavior.validation.base import Findings

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode


def model_card(text: str, findings: Findings, exhibits: Sequence[Exhibit], facts: Mapping[str, Any]) -> Document:
    """The card of one registered version.

    Parameters
    ----------
    text : ``card.md``: headings, paragraphs and lists in plain Markdown.
    exhibits : the kind's pictures. facts : ``model``, ``model_version``, ``as_of``, ``owner``, ``validation_status``.
    """
    title, sections = parse_card(text)
    asked = gates(findings)
    tables: Blocks = (overview(findings),) if asked is None else (asked, overview(findings))
    made = (Section("What this run found", tables), Section("The behaviour in pictures", blocks_of(exhibits)))
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
    """Title and sections of a Markdown text: by heading, or by the bold words that a paragraph begins with.

    A list item becomes a paragraph with a dash, a table a table.
    """
    # Of the [fit] extra: cards are made where models are trained, and checking a profile needs neither.
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    title, name = "", ""
    sections: list[Section] = []
    blocks: list[Block] = []
    for node in SyntaxTreeNode(MarkdownIt().enable("table").parse(text)).children:
        if node.type == "heading" and node.tag == "h1" and not title:
            title = _words(node)
            continue
        lead = _words(node) if node.type == "heading" else _lead(node)
        if lead:
            sections += _section(name, blocks)
            name, blocks = lead.rstrip("."), []
        if node.type != "heading":
            blocks += _blocks(node)
    return title, (*sections, *_section(name, blocks))


def _section(name: str, blocks: Sequence[Block]) -> list[Section]:
    return [Section(name or "About", tuple(blocks))] if name or blocks else []


def _lead(node: SyntaxTreeNode) -> str:
    """Bold words that a paragraph begins with and that end in a full stop: a heading in all but form."""
    first = [one for one in node.children[0].children if _words(one)] if node.type == "paragraph" else []
    words = _words(first[0]) if first and first[0].type == "strong" else ""
    return words if words.endswith(".") else ""


def _blocks(node: SyntaxTreeNode) -> list[Block]:
    if node.type == "table":
        return [_table(node)]
    if node.type in ("bullet_list", "ordered_list"):
        return [Paragraph(f"– {_words(item)}") for item in node.children]
    words = _words(node).removeprefix(_lead(node)).strip()
    return [Paragraph(words)] if words else []


def _table(node: SyntaxTreeNode) -> Table:
    head, *rows = [[_words(cell) for cell in row.children] for part in node.children for row in part.children]
    return Table("", pd.DataFrame(rows, columns=head))


def _words(node: SyntaxTreeNode) -> str:
    """The words of a node without their marks; names in code keep every letter."""
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.type in ("text", "code_inline", "code_block", "fence"):
        return node.content
    return (" " if node.type in ("list_item", "blockquote") else "").join(_words(child) for child in node.children)
