"""Every vector is read by a test, or named as not applicable."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_vector_is_read_or_named_as_not_applicable(vectors: Path) -> None:
    sources = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    part = (TESTS / "oracles" / "README.md").read_text().split("## Not applicable")[1]
    apart = set(re.findall(r"`quantitative/` (\d\d)", part))
    given = {path.name[:2] for path in (vectors / "quantitative").iterdir() if path.name[:2].isdigit()}
    read = {number for number in given if re.search(rf"[\"'/]{number}_[a-z]", sources)}
    assert given - read == apart
    folders = {path.name for path in vectors.iterdir() if path.is_dir()}
    assert [name for name in folders if f'"{name}"' not in sources] == []
    cases = [path.stem for path in (vectors / "nmd_decay_mpa").glob("*.json")]
    assert [name for name in cases if name not in sources] == []
