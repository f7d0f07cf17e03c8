"""A report as a value: sections of paragraphs, tables and figures; rendering is someone else's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Paragraph:
    """Words; `tone` is ``plain``, ``note``, ``warning`` or ``stamp``; `lead` stands before them in bold."""

    text: str
    tone: str = "plain"
    lead: str = ""


@dataclass(frozen=True)
class Table:
    """Numbers with their unit in each column heading; `formats` maps a column to a Python format spec."""

    title: str
    data: pd.DataFrame
    note: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A picture as SVG text, with words for those who cannot see it."""

    title: str
    svg: str
    alt: str
    note: str = ""


Block = Paragraph | Table | Figure
Blocks = tuple[Block, ...]


@dataclass(frozen=True)
class Section:
    """A heading with its blocks and sub-sections."""

    title: str
    blocks: Blocks = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole report; `stamp` (``DRAFT``, ``NOT IN FORCE``, ``UNVALIDATED``) is printed on top of every page.

    `facts` stand under the title; `status` after them: what may be said anew of a page once it is written, see
    `behavior.reporting.html.restate`.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    stamp: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, str] = field(default_factory=dict)
