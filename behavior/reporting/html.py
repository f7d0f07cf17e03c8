"""A Document as one HTML file that needs nothing outside itself, now or in ten years."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from behavior.errors import BehaviorError
from behavior.reporting.document import Block, Document, Figure, Paragraph, Section
from behavior.reporting.tables import cells, is_number

LONG_TABLE = 30
RESTATED = {"page stamp": "/* {} */", "stamp": "<!-- {} -->", "status": "<!-- {} -->"}
"""Parts of a page that may be said anew: template -> the mark around it."""


@dataclass(frozen=True)
class Numbered:
    """A section with its number, its depth and its blocks as the template reads them."""

    number: str
    depth: int
    title: str
    blocks: tuple[Any, ...]

    @property
    def anchor(self) -> str:
        """Target of the table of contents."""
        return "s" + self.number.replace(".", "-")


def render(document: Document) -> str:
    """HTML text of a document: styles and pictures inside, no script, nothing outside, the same bytes each time."""
    counter = iter(range(1, 100_000))
    sections = list(_numbered(document.sections, "", 2, counter))
    said = _said(document.stamp, document.status)
    return _environment().get_template("report.html.j2").render(document=document, sections=sections, **said)


def restate(page: str, stamp: str, status: Mapping[str, str]) -> str:
    """A page that `render` made, with another stamp and status: a signature comes after what it is put under.

    Raises
    ------
    BehaviorError : the text is no such page.
    """
    environment, said = _environment(), _said(stamp, status)
    for name, mark in RESTATED.items():
        begin, end = mark.format(name), mark.format(f"end of {name}")
        if page.count(begin) != 1 or page.count(end) != 1:
            raise BehaviorError(f"report: found no single {begin!r}; only a page that `render` made can be restated.")
        before, rest = page.split(begin)
        text = environment.get_template(f"{name.replace(' ', '_')}.j2").render(**said)
        page = f"{before}{begin}\n{text}{end}{rest.split(end)[1]}"
    return page


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("behavior.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _said(stamp: str, status: Mapping[str, str]) -> dict[str, Any]:
    # The margin of printed pages is written in a style sheet, where only plain words are safe.
    return {"stamp": stamp, "page_stamp": re.sub(r"[^\w ·,-]", "", stamp), "status": status}


def _numbered(sections: tuple[Section, ...], prefix: str, depth: int, counter: Iterator[int]) -> Iterator[Numbered]:
    for place, section in enumerate(sections, start=1):
        number = f"{prefix}{place}"
        yield Numbered(number, depth, section.title, tuple(_block(block, counter) for block in section.blocks))
        yield from _numbered(section.sections, f"{number}.", min(depth + 1, 4), counter)


def _block(block: Block, counter: Iterator[int]) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"form": "paragraph", "text": block.text, "tone": block.tone, "lead": block.lead}
    if isinstance(block, Figure):
        drawing = Markup(_own_names(block.svg, f"f{next(counter)}-", block.alt))
        return {"form": "figure", "title": block.title, "svg": drawing, "note": block.note}
    return {
        "form": "table",
        "title": block.title,
        "heads": [str(name) for name in block.data.columns],
        "right": [is_number(block.data[name]) for name in block.data.columns],
        "rows": cells(block.data, block.formats),
        "note": block.note,
        "long": len(block.data) > LONG_TABLE,
    }


def _own_names(svg: str, prefix: str, alt: str) -> str:
    """Names inside a drawing made unique in the page, and words for those who cannot see it."""
    text = re.sub(r'\bid="', f'id="{prefix}', svg)
    text = re.sub(r'(href="|url\()#', rf"\1#{prefix}", text)
    words = str(Markup.escape(alt))
    return text.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1)
