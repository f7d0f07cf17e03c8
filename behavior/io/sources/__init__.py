"""Readers of published layouts, by name; a profile's `layout` picks one."""

from __future__ import annotations

from pathlib import Path

from behavior.io.raw import RawTable


def read_layout(name: str, path: Path) -> RawTable:
    """A file in a published layout as a table in the contract's columns.

    Raises
    ------
    SpecFault : no such layout. FaultyInput : the file is absent, empty or in another layout.
    """
    from behavior.io.sources.registry import read_whole

    return read_whole(name, path)
