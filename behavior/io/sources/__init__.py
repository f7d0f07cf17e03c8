"""Readers of published layouts, by name; a profile's `layout` picks one."""

from __future__ import annotations

from pathlib import Path

from behavior.errors import Fault, SpecFault
from behavior.io.raw import RawTable


def read_layout(name: str, path: Path) -> RawTable:
    """A file in a published layout as a table with the publisher's field names.

    Raises
    ------
    SpecFault : when there is no such layout, naming those there are.
    """
    from behavior.io.sources.registry import LAYOUTS

    if name not in LAYOUTS:
        rule = f"expected a layout, one of {', '.join(sorted(LAYOUTS))}"
        raise SpecFault([Fault("profile", rule, column="layout", value=name)])
    return LAYOUTS[name](path)
