"""The page that says how a set is written by hand: its example loads, and it names every key and word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from behavior.assumptions.effects import Driver, Effect, MonthMeaning, View
from behavior.assumptions.manifest import KNOWN, KNOWN_OF_CURVES, MANIFEST
from behavior.assumptions.table_text import KEPT_WORDS
from behavior.digests import sha256_of
from behavior.io.assumption_store import load_assumptions

PAGE = Path(__file__).resolve().parents[2] / "data" / "assumptions" / "README.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


def test_the_example_loads_as_printed(tmp_path: Path) -> None:
    (manifest,), (table,) = blocks("toml"), blocks("csv")
    (tmp_path / "decay.csv").write_text(table)
    (tmp_path / MANIFEST).write_text(manifest.replace("…", sha256_of(table.encode())), encoding="utf-8")
    found = load_assumptions(tmp_path, allow_draft=True)
    assert found.stamp == "DRAFT"
    curve = found.tables[0].curve(("retail", "0-100000"))
    assert curve.at(1, {Driver.RATE_SPREAD: 0.015}).values == pytest.approx(0.013)


def test_every_key_and_word_is_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    words = [*KNOWN, *KNOWN_OF_CURVES, *KEPT_WORDS, *Effect, *Driver, *View]
    words += [MonthMeaning.SINCE_AS_OF, MonthMeaning.SINCE_ORIGINATION]
    assert [word for word in words if word not in text] == []
